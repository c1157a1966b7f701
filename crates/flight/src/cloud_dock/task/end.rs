//! What was seen of a task, and how it is called in the end.

use std::time::Duration;

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::super::progress::{BreakPoint, TaskStatus};
use super::super::words::{break_reason_words, refusal_text};
use crate::sortie::{BY_VEHICLE, FailureCode, FlightReport, Outcome};

/// An order to come home.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recall {
    /// Who said so.
    pub(super) by: String,
    /// It shows in what the aircraft does.
    pub(super) shows: bool,
    /// How often it was given.
    pub(super) tries: u8,
    /// When it was given last.
    pub(super) told_at: Option<Duration>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct End {
    pub(super) took_off: bool,
    pub(super) landing: bool,
    pub(super) landed: bool,
    /// On the ground outside the dock.
    pub(super) beside: bool,
    /// The last waypoint was flown.
    pub(super) flown: bool,
    /// Nobody is heard any more.
    pub(super) lost: bool,
    /// The dock's last word, with its result code.
    pub(super) status: Option<(TaskStatus, i64)>,
    pub(super) break_point: Option<BreakPoint>,
    pub(super) items_reached: u16,
    pub(super) captures: u32,
    pub(super) launched_at: Option<UtcMicros>,
    pub(super) landed_at: Option<UtcMicros>,
    pub(super) outcome: Option<Outcome>,
}

impl End {
    /// How it ended, from what was seen and nothing else.
    pub(super) fn outcome(&self, recall: Option<&Recall>) -> Outcome {
        let failed = |code, text: &str| Outcome::Failed {
            code,
            text: text.to_owned(),
        };
        if self.lost {
            return failed(
                FailureCode::LinkLost,
                "neither dock nor aircraft was heard any more",
            );
        }
        if !self.took_off {
            let (code, text) = self.why_not();
            return Outcome::Refused { code, text };
        }
        if !self.landed {
            return failed(
                FailureCode::NotLanded,
                "the task is over and the aircraft was not seen to land",
            );
        }
        if self.beside {
            return Outcome::Diverted;
        }
        let is_done = match &self.status {
            Some((status, _)) => *status == TaskStatus::Ok,
            None => self.flown,
        };
        match recall {
            Some(recall) if recall.shows || !is_done => Outcome::Returned {
                by: recall.by.clone(),
            },
            Some(_) => failed(
                FailureCode::RecalledNoEffect,
                "it was called home and flew its wayline to the end",
            ),
            None if is_done => Outcome::Completed,
            None => Outcome::Returned {
                by: BY_VEHICLE.to_owned(),
            },
        }
    }

    /// Why it was left or ended, in words; empty when nothing was wrong.
    pub(super) fn why(&self) -> String {
        let reason = self
            .break_point
            .and_then(|point| point.reason)
            .filter(|reason| *reason != 0);
        if let Some(reason) = reason {
            let words = break_reason_words(reason);
            let en = words.map_or("a reason that is not known here", |words| words.en);
            return format!("{en} (DJI break reason {reason})");
        }
        match &self.status {
            Some((_, code)) if *code != 0 => refusal_text(*code).1,
            _ => String::new(),
        }
    }

    fn why_not(&self) -> (RefusalCode, String) {
        let Some((status, code)) = &self.status else {
            return (
                RefusalCode::NoTakeoff,
                "the aircraft was not seen in the air".to_owned(),
            );
        };
        if *code != 0 {
            return refusal_text(*code);
        }
        if let Some(words) = self
            .break_point
            .and_then(|point| point.reason)
            .and_then(break_reason_words)
        {
            let [_, remedy] = words.kind.remedy();
            return (words.kind.refusal(), format!("{}; {remedy}", words.en));
        }
        let text = format!("the dock ended the task before take-off: {}", status.as_str());
        match status {
            TaskStatus::Canceled => (RefusalCode::Recalled, text),
            _ => (RefusalCode::DockRefused, text),
        }
    }

    /// The report.
    pub(super) fn report(&self) -> FlightReport {
        let outcome = self.outcome.clone().unwrap_or_else(|| self.outcome(None));
        FlightReport {
            outcome,
            took_off: self.took_off,
            landed: self.landed,
            items_reached: self.items_reached,
            captures: self.captures,
            launched_at: self.launched_at,
            landed_at: self.landed_at,
            clock_offset_us: None,
        }
    }
}
