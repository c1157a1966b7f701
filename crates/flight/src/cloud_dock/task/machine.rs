//! The life of one task, pure: what was heard goes in, what to do comes out. Every step is believed when it is seen;
//! answers only say that a message came. Events may come late, twice, out of order or not at all.

use std::time::Duration;

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::super::progress::Progress;
use super::super::words::refusal_text;
use super::end::{End, Recall};
use super::order::TaskDeadlines;
use super::sight::Sight;
use crate::dock::DockMode;
use crate::sortie::{GateAnswer, Outcome, PauseLimits, Step};

mod hearing;
mod orders;

use orders::{Held, OnTheWayHome};

/// A task is handed over so often; the dock knows it by its number.
const PREPARE_TRIES: u8 = 3;

/// Something that was heard, or that time went on.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Time.
    Tick,
    /// Dock and aircraft as they are now.
    Sight(Sight),
    /// A report of a task, maybe of another one.
    Progress(Progress),
    /// The answer to a command, `None` when there was none in time.
    Replied(Call, Option<i64>),
    /// The aircraft is on its way home.
    Homing,
    /// It gave up its way home; why.
    HomingStopped(String),
    /// The caller's answer.
    Gate(GateAnswer),
    /// Come home; who says so.
    Return(String),
    /// Hover, or fly on; who says so.
    Hold(bool, String),
    /// Stop watching.
    Stop,
}

/// A command to the dock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Prepare,
    Execute,
    Undo,
    Stop,
    ReturnHome,
    CancelHome,
    Pause,
    Recovery,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Call(Call),
    AskGate,
    Step(Step, String),
    Text(String),
}

/// Now, on the wall clock since the machine began and on the city's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Now {
    pub(super) elapsed: Duration,
    pub(super) utc: UtcMicros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// After a restart: what is it doing?
    Finding,
    /// Handed over, not yet answered.
    Preparing { tries: u8 },
    /// The caller is asked.
    Asking,
    /// Told to start, not yet answered.
    Executing,
    /// Started, not yet seen in the air.
    Launching,
    /// In the air.
    Aloft,
    /// On the ground again.
    Down,
    /// Nothing follows.
    Over,
}

/// The life of one task.
#[derive(Debug)]
pub(super) struct Machine {
    flight_id: String,
    waypoint_items: Vec<u16>,
    deadlines: TaskDeadlines,
    phase: Phase,
    since: Duration,
    heard_at: Duration,
    link_lost: bool,
    sight: Sight,
    left_dock: bool,
    paused: bool,
    /// Taken back before take-off by the dock's word; what it then does tells.
    is_stopped: bool,
    way_home: OnTheWayHome,
    held: Option<Held>,
    pause: PauseLimits,
    last_report_ms: Option<i64>,
    last_step: Option<i64>,
    coming_down_since: Option<Duration>,
    pub(super) recall: Option<Recall>,
    pub(super) end: End,
    actions: Vec<Action>,
}

impl Machine {
    /// A task to be handed over.
    pub(super) fn begin(
        flight_id: &str,
        waypoint_items: Vec<u16>,
        deadlines: TaskDeadlines,
        launched_at: Option<UtcMicros>,
    ) -> Self {
        Self {
            flight_id: flight_id.to_owned(),
            waypoint_items,
            deadlines,
            phase: Phase::Preparing { tries: 0 },
            since: Duration::ZERO,
            heard_at: Duration::ZERO,
            link_lost: false,
            sight: Sight::default(),
            left_dock: false,
            paused: false,
            is_stopped: false,
            way_home: OnTheWayHome::Flies,
            held: None,
            pause: PauseLimits::default(),
            last_report_ms: None,
            last_step: None,
            coming_down_since: None,
            recall: None,
            end: End {
                launched_at,
                ..End::default()
            },
            actions: Vec::new(),
        }
    }

    /// A task that an earlier run of the program handed over.
    pub(super) fn resume(
        flight_id: &str,
        waypoint_items: Vec<u16>,
        deadlines: TaskDeadlines,
        launched_at: Option<UtcMicros>,
    ) -> Self {
        Self {
            phase: Phase::Finding,
            ..Self::begin(flight_id, waypoint_items, deadlines, launched_at)
        }
    }

    /// Somebody called it home before.
    pub(super) fn called_home(mut self, by: Option<String>) -> Self {
        self.recall = by.map(|by| Recall {
            by,
            shows: false,
            tries: 0,
            told_at: None,
        });
        self
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes something in; answers what to do. After the end nothing is done any more.
    pub(super) fn take(&mut self, input: Input, now: Now) -> Vec<Action> {
        if self.is_over() {
            return Vec::new();
        }
        match input {
            Input::Tick => {}
            Input::Sight(sight) => self.see(sight, now),
            Input::Progress(progress) => self.report(&progress, now),
            Input::Replied(call, result) => self.replied(call, result, now),
            Input::Homing => self.homing(now, "the dock shows the way home"),
            Input::HomingStopped(why) => self.homing_stopped(&why, now),
            Input::Gate(answer) => self.gate(answer, now),
            Input::Return(by) => self.call_home(by, now),
            Input::Hold(hold, by) => self.hold(hold, &by, now),
            Input::Stop => self.over(Outcome::Failed {
                code: crate::sortie::FailureCode::Stopped,
                text: "the program stopped watching; the dock goes on with its task".to_owned(),
            }),
        }
        if !self.is_over() {
            self.watch(now);
        }
        std::mem::take(&mut self.actions)
    }

    fn see(&mut self, sight: Sight, now: Now) {
        self.sight = sight;
        if sight.is_online || sight.is_flying.is_some() {
            self.heard(now);
        }
        let started = matches!(self.phase, Phase::Executing | Phase::Launching);
        let flies = started || matches!(self.phase, Phase::Finding | Phase::Aloft);
        self.left_dock |= flies && sight.in_dock == Some(false);
        if started && sight.is_aloft() {
            self.aloft(now);
        }
        if self.phase == Phase::Launching && self.is_stopped && sight.is_put_away() {
            self.taken_back();
        }
        if self.phase == Phase::Aloft {
            if sight.is_landing {
                self.landing(now);
            } else if sight.is_homing {
                self.homing(now, "the aircraft is on its way home");
            } else if sight.is_flying == Some(true) {
                self.hovers_on_the_way_home(now);
            }
            // Docks tell every two seconds: one that was not yet seen to let it out has not taken it in either.
            let is_in = sight.in_dock == Some(true) && (self.left_dock || sight.mode == DockMode::Idle);
            if is_in || (sight.is_beside() && self.coming_down_since.is_some()) {
                self.down(now);
            }
        }
    }

    fn replied(&mut self, call: Call, result: Option<i64>, now: Now) {
        match (call, self.phase) {
            (Call::Prepare, Phase::Preparing { tries }) => match result {
                Some(0) => {
                    self.enter(Phase::Asking, now);
                    self.step(Step::Ready, "the dock has the task and its wayline's fingerprint");
                    self.actions.push(Action::AskGate);
                }
                Some(code) => self.refuse(refusal_text(code)),
                None if tries < PREPARE_TRIES => self.prepare(now),
                None => {
                    self.actions.push(Action::Call(Call::Undo));
                    let text = "the dock did not answer when the task was handed over".to_owned();
                    self.refuse((RefusalCode::DockOffline, text));
                }
            },
            (Call::Execute, Phase::Executing) => match result {
                Some(0) => {
                    self.enter(Phase::Launching, now);
                    self.step(Step::Starting, "the dock opens and starts its aircraft");
                }
                Some(code) => self.refuse(refusal_text(code)),
                // It may have begun all the same: what it then does tells.
                None => {
                    self.enter(Phase::Launching, now);
                    self.step(
                        Step::Starting,
                        "no answer to the order to start; watching what the dock does",
                    );
                }
            },
            _ => self.order_answered(call, result),
        }
    }

    fn gate(&mut self, answer: GateAnswer, now: Now) {
        if self.phase != Phase::Asking {
            return;
        }
        match answer {
            GateAnswer::Go => {
                self.enter(Phase::Executing, now);
                self.step(Step::Arming, "told to start");
                self.actions.push(Action::Call(Call::Execute));
            }
            GateAnswer::Refuse { code, text } => {
                self.actions.push(Action::Call(Call::Undo));
                self.refuse((code, text));
            }
        }
    }

    /// What time brings.
    fn watch(&mut self, now: Now) {
        let waited = now.elapsed.saturating_sub(self.since);
        self.watch_link(now);
        match self.phase {
            Phase::Preparing { tries: 0 } => self.prepare(now),
            Phase::Finding => self.find(now, waited),
            Phase::Asking if waited > self.deadlines.gate => {
                self.actions.push(Action::Call(Call::Undo));
                let text = "nobody answered whether it may start".to_owned();
                self.refuse((RefusalCode::Internal, text));
            }
            Phase::Launching if waited > self.deadlines.start => {
                // Asked once per deadline: a dock that cannot take it back any more is followed on.
                self.since = now.elapsed;
                self.actions.push(Action::Call(Call::Undo));
                self.actions
                    .push(Action::Text("it did not take off in time".to_owned()));
            }
            Phase::Aloft => self.watch_aloft(now),
            Phase::Down if self.end.status.is_some() || waited > self.deadlines.closing => self.conclude(),
            _ => {}
        }
    }

    fn watch_aloft(&mut self, now: Now) {
        self.watch_pause(now);
        self.insist(now);
        let coming_down = self.way_home == OnTheWayHome::Flies
            && self
                .coming_down_since
                .is_some_and(|since| now.elapsed.saturating_sub(since) > self.deadlines.landing);
        if coming_down && !self.link_lost {
            self.conclude();
        }
    }

    fn watch_link(&mut self, now: Now) {
        let silent = now.elapsed.saturating_sub(self.heard_at);
        let flies = matches!(self.phase, Phase::Launching | Phase::Aloft);
        if flies && silent > self.deadlines.silence && !self.link_lost {
            self.link_lost = true;
            self.step(Step::LinkLost, "neither dock nor aircraft is heard");
        }
        if flies && silent > self.deadlines.lost_for_good {
            self.end.lost = true;
            self.conclude();
        }
    }

    fn prepare(&mut self, now: Now) {
        let tries = match self.phase {
            Phase::Preparing { tries } => tries + 1,
            _ => 1,
        };
        if tries == 1 {
            self.step(Step::Uploading, "the dock gets the task and where its wayline is");
        }
        self.enter(Phase::Preparing { tries }, now);
        self.actions.push(Action::Call(Call::Prepare));
    }

    fn aloft(&mut self, now: Now) {
        self.end.took_off = true;
        self.end.launched_at.get_or_insert(now.utc);
        self.enter(Phase::Aloft, now);
        self.step(Step::TookOff, "seen in the air");
        self.tell_home(now);
    }

    fn landing(&mut self, now: Now) {
        self.homing(now, "it comes down");
        if self.phase == Phase::Aloft && !self.end.landing {
            self.end.landing = true;
            self.step(Step::Landing, "coming down");
        }
    }

    fn down(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Aloft | Phase::Finding) {
            return;
        }
        self.end.landed = true;
        self.end.landed_at = Some(now.utc);
        self.end.beside = self.sight.is_beside();
        self.enter(Phase::Down, now);
        let place = ["in the dock", "on the ground outside the dock"][usize::from(self.end.beside)];
        self.step(Step::Landed, place);
        self.step(Step::Disarmed, "its motors are off");
        if self.end.status.is_some() {
            self.conclude();
        }
    }

    fn heard(&mut self, now: Now) {
        self.heard_at = now.elapsed;
        if self.link_lost {
            self.link_lost = false;
            self.step(Step::LinkBack, "heard again");
        }
    }

    fn refuse(&mut self, (code, text): (RefusalCode, String)) {
        self.over(Outcome::Refused { code, text });
    }

    fn conclude(&mut self) {
        let outcome = self.end.outcome(self.recall.as_ref());
        self.over(outcome);
    }

    fn over(&mut self, outcome: Outcome) {
        self.end.outcome = Some(outcome);
        self.phase = Phase::Over;
    }

    fn enter(&mut self, phase: Phase, now: Now) {
        self.phase = phase;
        self.since = now.elapsed;
    }

    fn step(&mut self, step: Step, text: &str) {
        self.actions.push(Action::Step(step, text.to_owned()));
    }
}
