//! What the machine makes of the dock's reports, and of what it finds after a restart.

use std::time::Duration;

use schedule::refusal::RefusalCode;

use super::super::super::progress::{Progress, TaskStatus};
use super::super::super::words::step_words;
use super::{Action, Call, Machine, Now, Phase};
use crate::dock::DockMode;
use crate::sortie::Step;

impl Machine {
    pub(super) fn report(&mut self, progress: &Progress, now: Now) {
        if !progress.is_of(&self.flight_id) {
            return;
        }
        let is_late = match (progress.timestamp_ms, self.last_report_ms) {
            (Some(at), Some(last)) => at < last,
            _ => false,
        };
        if is_late && !progress.status.is_final() {
            return;
        }
        self.last_report_ms = progress.timestamp_ms.max(self.last_report_ms);
        self.heard(now);
        self.count(progress);
        if matches!(self.phase, Phase::Executing | Phase::Launching) && shows_flight(progress) {
            self.aloft(now);
        }
        if self.phase == Phase::Aloft {
            self.follow(progress, now);
        }
        if progress.status.is_final() {
            self.ended(progress, now);
        }
    }

    /// Photos, waypoints and the dock's own steps.
    fn count(&mut self, progress: &Progress) {
        self.end.captures = progress.media_count.unwrap_or(0).max(self.end.captures);
        if let Some(point) = progress.break_point {
            self.end.break_point = Some(point);
        }
        if progress.mission_state == Some(9) {
            self.end.flown = true;
        }
        if let Some(step) = progress.step
            && self.last_step != Some(step)
        {
            self.last_step = Some(step);
            let words = step_words(step).map_or("a step that is not known here", |[_, en]| en);
            self.actions
                .push(Action::Text(format!("dock step {step}: {words}")));
        }
    }

    fn follow(&mut self, progress: &Progress, now: Now) {
        match progress.status {
            TaskStatus::Paused if !self.paused => {
                self.paused = true;
                self.hovers(now, "the aircraft hovers");
            }
            TaskStatus::InProgress if self.paused => {
                self.paused = false;
                self.held = None;
                self.step(Step::Continued, "it flies on");
            }
            _ => {}
        }
        // The index is that of the waypoint it is at or flies to; only those before it are surely behind it.
        let reached = progress
            .waypoint_index
            .and_then(|index| usize::try_from(index).ok())
            .filter(|_| matches!(progress.mission_state, None | Some(6..=9)));
        let item = reached.and_then(|index| self.waypoint_items.get(index)).copied();
        if let (Some(index), Some(item)) = (reached, item)
            && item > self.end.items_reached
        {
            self.end.items_reached = item;
            let text = format!("waypoint {} of {}", index + 1, self.waypoint_items.len());
            self.step(Step::ItemReached, &text);
        }
    }

    /// The task is over by the dock's word. The aircraft may still be in the air.
    fn ended(&mut self, progress: &Progress, now: Now) {
        self.end.status = Some((progress.status.clone(), progress.result));
        match self.phase {
            Phase::Aloft => {
                self.coming_down_since.get_or_insert(now.elapsed);
                if self.sight.in_dock == Some(true) {
                    self.down(now);
                }
            }
            Phase::Down => self.conclude(),
            Phase::Finding => {
                self.end.took_off = self.end.launched_at.is_some() || shows_flight(progress);
                self.end.landed = self.end.took_off;
                self.conclude();
            }
            Phase::Preparing { .. } | Phase::Asking | Phase::Executing | Phase::Launching => {
                if progress.status == TaskStatus::Ok {
                    // It was in the air and nobody saw it.
                    self.end.took_off = true;
                    self.end.landed = true;
                    self.end.landed_at = Some(now.utc);
                }
                if self.is_stopped && progress.status != TaskStatus::Ok {
                    self.taken_back();
                } else {
                    self.conclude();
                }
            }
            Phase::Over => {}
        }
    }

    /// After a restart: where is it?
    pub(super) fn find(&mut self, now: Now, waited: Duration) {
        let sight = self.sight;
        if !sight.is_online {
            if waited > self.deadlines.found {
                self.end.took_off = self.end.launched_at.is_some();
                self.end.lost = true;
                self.conclude();
            }
            return;
        }
        if sight.is_aloft() {
            self.found_aloft(now);
        } else if waited > self.deadlines.listen {
            let launched = self.end.launched_at.is_some();
            match sight.mode {
                DockMode::Busy if launched && sight.in_dock == Some(true) => {
                    self.end.took_off = true;
                    self.down(now);
                }
                DockMode::Busy => {
                    self.enter(Phase::Launching, now);
                    if self.recall.is_some() {
                        self.actions.push(Action::Call(Call::Undo));
                    }
                }
                _ if launched => {
                    self.end.took_off = true;
                    self.end.landed = sight.is_down();
                    self.end.beside = sight.is_beside();
                    self.conclude();
                }
                _ => {
                    let text = "the dock is idle and its aircraft never left it".to_owned();
                    self.refuse((RefusalCode::NoTakeoff, text));
                }
            }
        }
    }

    fn found_aloft(&mut self, now: Now) {
        if self.end.launched_at.is_some() {
            self.end.took_off = true;
            self.enter(Phase::Aloft, now);
            self.tell_home(now);
        } else {
            self.aloft(now);
        }
    }
}

/// Whether a report can only come from the air. The numbers of the dock's steps do not tell: they changed with the
/// firmware (23 was "landing in the dock" and is "setting the home point").
fn shows_flight(progress: &Progress) -> bool {
    let goes_on =
        !progress.status.is_final() || matches!(progress.status, TaskStatus::Ok | TaskStatus::PartiallyDone);
    goes_on && matches!(progress.mission_state, Some(5 | 6 | 8 | 9))
}
