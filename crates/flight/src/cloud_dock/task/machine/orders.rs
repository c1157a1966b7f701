//! Orders of people to one task: come home, hover, fly on, do not start at all. Each shows in what the dock then does.

use std::time::Duration;

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::super::super::words::refusal_text;
use super::super::end::Recall;
use super::{Action, Call, Machine, Now, Phase};
use crate::sortie::{PauseLimits, Step};

/// Who holds it when none of us did.
const PILOT: &str = "pilot";
/// An order to come home is given so often.
const RETURN_TRIES: u8 = 6;

/// What people let it do on its way home. A wayline can be paused; the way home can only be given up, and begun again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum OnTheWayHome {
    /// Nobody holds it up.
    Flies,
    /// Told to hover, not yet seen to.
    Stopping,
    /// It hovers.
    Hovers,
    /// Told to fly on, so often and at this time last, not yet seen to.
    Leaving { tries: u8, told_at: Duration },
}

/// Who wants it to hover.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    by: String,
    /// Since when it is seen to, on the city's clock.
    since: Option<UtcMicros>,
}

impl Machine {
    /// How long people may hold it in the air.
    pub(in super::super) fn with_pause(mut self, limits: PauseLimits) -> Self {
        self.pause = limits;
        self
    }

    pub(super) fn call_home(&mut self, by: String, now: Now) {
        match self.phase {
            Phase::Preparing { .. } | Phase::Asking => {
                self.actions.push(Action::Call(Call::Undo));
                self.refuse((
                    RefusalCode::Recalled,
                    format!("called back by {by} before take-off"),
                ));
            }
            Phase::Finding | Phase::Executing | Phase::Launching | Phase::Aloft => {
                let shows = self.coming_down_since.is_some() && self.way_home == OnTheWayHome::Flies;
                self.recall = Some(Recall {
                    by,
                    shows,
                    tries: 0,
                    told_at: None,
                });
                match self.phase {
                    Phase::Launching => self.actions.push(Action::Call(Call::Undo)),
                    Phase::Aloft => {
                        if self.way_home != OnTheWayHome::Flies {
                            self.leave_for_home(0, now);
                        } else {
                            self.tell_home(now);
                        }
                    }
                    _ => {}
                }
            }
            Phase::Down | Phase::Over => {}
        }
    }

    pub(super) fn hold(&mut self, hold: bool, by: &str, now: Now) {
        let word = if hold { "hover" } else { "fly on" };
        if self.phase != Phase::Aloft || self.end.landing {
            let text = format!("{by} wants it to {word}, which cannot be done now");
            self.actions.push(Action::Text(text));
            return;
        }
        if hold {
            let by = by.to_owned();
            self.held.get_or_insert(Held { by, since: None });
        }
        let is_coming_down = self.coming_down_since.is_some();
        match (is_coming_down, hold, self.way_home) {
            (false, true, _) => self.actions.push(Action::Call(Call::Pause)),
            (false, false, _) => self.actions.push(Action::Call(Call::Recovery)),
            (true, true, _) => {
                self.way_home = OnTheWayHome::Stopping;
                self.actions.push(Action::Call(Call::CancelHome));
            }
            (true, false, OnTheWayHome::Flies) => {
                let text = format!("{by} wants it to fly on, which it does already");
                self.actions.push(Action::Text(text));
            }
            (true, false, _) => self.leave_for_home(0, now),
        }
    }

    pub(super) fn tell_home(&mut self, now: Now) {
        if let Some(recall) = &mut self.recall
            && !recall.shows
            && recall.tries < RETURN_TRIES
        {
            recall.tries += 1;
            recall.told_at = Some(now.elapsed);
            self.actions.push(Action::Call(Call::ReturnHome));
        }
    }

    /// What was ordered and does not show is ordered again.
    pub(super) fn insist(&mut self, now: Now) {
        let is_due = |at: Duration, machine: &Self| now.elapsed.saturating_sub(at) > machine.deadlines.effect;
        match self.way_home {
            OnTheWayHome::Flies => {
                let told_at = self.recall.as_ref().and_then(|recall| recall.told_at);
                if told_at.is_none_or(|at| is_due(at, self)) {
                    self.tell_home(now);
                }
            }
            OnTheWayHome::Leaving { tries, told_at } if tries < RETURN_TRIES && is_due(told_at, self) => {
                self.leave_for_home(tries, now);
            }
            _ => {}
        }
    }

    fn leave_for_home(&mut self, tries: u8, now: Now) {
        self.way_home = OnTheWayHome::Leaving {
            tries: tries + 1,
            told_at: now.elapsed,
        };
        self.actions.push(Action::Call(Call::ReturnHome));
    }

    /// It is seen to fly, and neither home nor down.
    pub(super) fn hovers_on_the_way_home(&mut self, now: Now) {
        if self.way_home == OnTheWayHome::Stopping {
            self.way_home = OnTheWayHome::Hovers;
            self.hovers(now, "the aircraft hovers on its way home");
        }
    }

    pub(super) fn hovers(&mut self, now: Now, text: &str) {
        let held = self.held.get_or_insert(Held {
            by: PILOT.to_owned(),
            since: None,
        });
        held.since.get_or_insert(now.utc);
        self.step(Step::Paused, text);
    }

    /// Held for too long, or with too little battery, it comes home.
    pub(super) fn watch_pause(&mut self, now: Now) {
        let Some(Held {
            by,
            since: Some(since),
        }) = self.held.clone()
        else {
            return;
        };
        let held_us = u64::try_from(now.utc.0.saturating_sub(since.0)).unwrap_or(0);
        let held_for = Duration::from_micros(held_us);
        let limits = &self.pause;
        let battery = self.sight.battery_percent;
        let text = match battery.filter(|percent| *percent < limits.battery_percent) {
            _ if held_for >= limits.longest => {
                format!(
                    "paused for {} s, the longest that is allowed; it comes home",
                    held_for.as_secs()
                )
            }
            Some(percent) => format!(
                "battery at {percent:.0} % while paused, the limit is {:.0} %; it comes home",
                limits.battery_percent
            ),
            None => return,
        };
        self.actions.push(Action::Text(text));
        self.held = None;
        self.call_home(by, now);
    }

    pub(super) fn homing(&mut self, now: Now, text: &str) {
        if self.phase != Phase::Aloft || self.way_home == OnTheWayHome::Stopping {
            return;
        }
        if self.way_home != OnTheWayHome::Flies {
            // By our order or by its own, for its battery.
            self.way_home = OnTheWayHome::Flies;
            self.coming_down_since = Some(now.elapsed);
            self.held = None;
            self.step(Step::Continued, "it is on its way home again");
        }
        if let Some(recall) = &mut self.recall {
            recall.shows = true;
        }
        if self.coming_down_since.is_none() {
            self.paused = false;
            self.held = None;
            self.coming_down_since = Some(now.elapsed);
            self.step(Step::Returning, text);
        }
    }

    /// It hovers somewhere: left alone it stays there until its battery is empty.
    pub(super) fn homing_stopped(&mut self, why: &str, now: Now) {
        match self.way_home {
            _ if self.phase != Phase::Aloft => {}
            OnTheWayHome::Stopping => self.hovers_on_the_way_home(now),
            OnTheWayHome::Hovers => {}
            OnTheWayHome::Flies | OnTheWayHome::Leaving { .. } => {
                let text = format!("it gave up its way home: {why}; told again");
                self.actions.push(Action::Text(text));
                self.actions.push(Action::Call(Call::ReturnHome));
            }
        }
    }

    /// The answer to an order that people gave, or that stands for one.
    pub(super) fn order_answered(&mut self, call: Call, result: Option<i64>) {
        match (call, self.phase, result) {
            (Call::Undo, Phase::Launching, Some(0)) => self.taken_back(),
            // Docks take back what lies with them; what they are at they have to be told to stop.
            (Call::Undo, Phase::Launching, _) => self.actions.push(Action::Call(Call::Stop)),
            (Call::Stop, Phase::Launching, Some(0)) => {
                self.is_stopped = true;
                let text = "the dock ends the task before take-off".to_owned();
                self.actions.push(Action::Text(text));
            }
            (Call::Stop, Phase::Launching, _) => {
                let text = "the task cannot be taken back any more".to_owned();
                self.actions.push(Action::Text(text));
            }
            (Call::ReturnHome | Call::CancelHome | Call::Pause | Call::Recovery, Phase::Aloft, _) => {
                self.answered_aloft(call, result);
            }
            _ => {}
        }
    }

    fn answered_aloft(&mut self, call: Call, result: Option<i64>) {
        let order = match call {
            Call::Pause | Call::CancelHome => "to hover",
            Call::Recovery => "to fly on",
            _ => "to come home",
        };
        let text = match result {
            Some(0) => return,
            Some(code) => format!("the order {order} is refused: {}", refusal_text(code).1),
            None => format!("the dock did not answer the order {order}"),
        };
        if call == Call::CancelHome && result.is_some() && self.way_home == OnTheWayHome::Stopping {
            self.way_home = OnTheWayHome::Flies;
        }
        if result.is_some() && matches!(call, Call::CancelHome | Call::Pause) && !self.paused {
            self.held = None;
        }
        self.actions.push(Action::Text(text));
    }

    /// It does not start, by the dock's word.
    pub(super) fn taken_back(&mut self) {
        let (code, text) = match &self.recall {
            Some(recall) => (
                RefusalCode::Recalled,
                format!("called back by {} before take-off", recall.by),
            ),
            None => (
                RefusalCode::NoTakeoff,
                "the dock was told to start and its aircraft did not take off".to_owned(),
            ),
        };
        self.refuse((code, text));
    }
}
