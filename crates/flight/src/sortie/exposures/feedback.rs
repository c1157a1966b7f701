//! CAMERA_FEEDBACK of ArduPilot. It tells of a trigger; only with a feedback pin (CAM1_FEEDBAK_PIN) of an exposure, and
//! then `completed_captures` counts those while `img_idx` counts triggers: where the first runs on by one and the second
//! by more, the camera misfired in between. It cannot be asked for by number, but the last one is repeated on request
//! until the next trigger (libraries/AP_Camera/AP_Camera_Backend.cpp; the place and time are those of the trigger,
//! `img_idx` is what it is when the message leaves).

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use mavlink::dialects::ardupilotmega::CAMERA_FEEDBACK_DATA;
use survey::time::UtcMicros;

/// Intervals between triggers that are remembered.
const KEPT: usize = 9;
/// Silence of so many usual intervals makes a lost report likely.
const OVERDUE: f64 = 1.25;
/// Between two requests, usual intervals.
const AGAIN: f64 = 0.3;
/// One silence is asked about so often.
const ASKS: u8 = 3;
/// More triggers than this between two reports are no row of misfires but a counter that jumped.
const MOST_MISFIRES: u32 = 20;

/// What a report is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A trigger not heard of before.
    New,
    /// What was told already, under the same number or a newer one.
    Echo,
    /// Another camera of the same vehicle; its number.
    OtherCamera(u8),
}

/// A trigger after which the feedback pin did not move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Misfire {
    /// Its number.
    pub number: u32,
    /// Where it was between the exposures before and after, 0 to 1.
    pub share: f64,
}

/// The reports of one flight.
#[derive(Debug, Default)]
pub(super) struct Feedback {
    camera: Option<u8>,
    stamps: BTreeSet<u64>,
    last: Option<CAMERA_FEEDBACK_DATA>,
    intervals_us: VecDeque<u64>,
    newest_at: Option<UtcMicros>,
    heard_at: Option<Duration>,
    asked_at: Option<Duration>,
    asks: u8,
}

impl Feedback {
    /// The autopilot started again: its counters began anew.
    pub fn restart(&mut self) {
        *self = Self {
            camera: self.camera,
            ..Self::default()
        };
    }

    /// Takes a report in that came at `now`, vehicle time.
    pub fn take(&mut self, data: &CAMERA_FEEDBACK_DATA, now: Duration) -> Heard {
        // Several cameras are triggered together; the first one is the one whose photos are brought.
        let camera = *self.camera.get_or_insert(data.cam_idx);
        if data.cam_idx > camera {
            return Heard::OtherCamera(data.cam_idx);
        }
        self.camera = Some(data.cam_idx);
        // Asked for before the first trigger it is empty.
        let is_empty = data.img_idx == 0 && data.time_usec == 0;
        if is_empty || (data.time_usec > 0 && !self.stamps.insert(data.time_usec)) {
            return Heard::Echo;
        }
        self.heard_at = Some(now);
        self.asks = 0;
        Heard::New
    }

    /// The misfires between the newest report before and this one, which becomes the newest.
    pub fn misfires_before(&mut self, data: &CAMERA_FEEDBACK_DATA) -> Vec<Misfire> {
        let Some(last) = &self.last else {
            self.last = Some(data.clone());
            return Vec::new();
        };
        let triggers = u32::from(data.img_idx).saturating_sub(u32::from(last.img_idx));
        if triggers == 0 {
            return Vec::new();
        }
        let exposures = data.completed_captures.checked_sub(last.completed_captures);
        let since_us = data.time_usec.saturating_sub(last.time_usec);
        if since_us > 0 {
            self.intervals_us.push_back(since_us / u64::from(triggers));
            while self.intervals_us.len() > KEPT {
                self.intervals_us.pop_front();
            }
        }
        let from = u32::from(last.img_idx);
        self.last = Some(data.clone());
        if exposures != Some(1) || triggers > MOST_MISFIRES {
            return Vec::new();
        }
        let misfire = |nth: u32| Misfire {
            number: from + nth,
            share: f64::from(nth) / f64::from(triggers),
        };
        (1..triggers).map(misfire).collect()
    }

    /// When the newest exposure was, in the flight's time.
    pub fn newest_at(&self) -> Option<UtcMicros> {
        self.newest_at
    }

    /// Notes that.
    pub fn set_newest_at(&mut self, at: UtcMicros) {
        self.newest_at = Some(at);
    }

    /// Whether the last one is to be asked for again now, vehicle time; counts as asked then.
    pub fn is_due(&mut self, now: Duration) -> bool {
        let (Some(heard_at), Some(usual)) = (self.heard_at, self.usual_interval()) else {
            return false;
        };
        let silent = now.saturating_sub(heard_at) > usual.mul_f64(OVERDUE);
        let rested = self
            .asked_at
            .is_none_or(|at| now.saturating_sub(at) > usual.mul_f64(AGAIN));
        let due = silent && rested && self.asks < ASKS;
        if due {
            self.asks += 1;
            self.asked_at = Some(now);
        }
        due
    }

    fn usual_interval(&self) -> Option<Duration> {
        let mut sorted: Vec<u64> = self.intervals_us.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|us| Duration::from_micros(*us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_US: u64 = 1_772_416_800_000_000;

    fn report(number: u16, second: u64, completed: u16) -> CAMERA_FEEDBACK_DATA {
        CAMERA_FEEDBACK_DATA {
            time_usec: START_US + second * 1_000_000,
            img_idx: number,
            completed_captures: completed,
            ..Default::default()
        }
    }

    fn hear(feedback: &mut Feedback, data: &CAMERA_FEEDBACK_DATA, second: u64) -> (Heard, Vec<u32>) {
        let heard = feedback.take(data, Duration::from_secs(second));
        let misfires = match heard {
            Heard::New => feedback.misfires_before(data),
            _ => Vec::new(),
        };
        (heard, misfires.iter().map(|misfire| misfire.number).collect())
    }

    #[test]
    fn what_is_repeated_is_an_echo_even_under_the_next_number() {
        let mut feedback = Feedback::default();
        assert_eq!(
            feedback.take(&CAMERA_FEEDBACK_DATA::default(), Duration::ZERO),
            Heard::Echo
        );
        assert_eq!(hear(&mut feedback, &report(1, 2, 0), 2).0, Heard::New);
        assert_eq!(hear(&mut feedback, &report(1, 2, 0), 3).0, Heard::Echo);
        assert_eq!(hear(&mut feedback, &report(2, 2, 0), 4).0, Heard::Echo);
        assert_eq!(hear(&mut feedback, &report(2, 4, 0), 4).0, Heard::New);
    }

    #[test]
    fn a_pin_that_did_not_move_is_a_misfire_and_a_lost_report_is_none() {
        let mut feedback = Feedback::default();
        assert!(hear(&mut feedback, &report(1, 2, 1), 2).1.is_empty());
        assert_eq!(hear(&mut feedback, &report(4, 8, 2), 8).1, [2, 3]);
        assert!(
            hear(&mut feedback, &report(6, 12, 4), 12).1.is_empty(),
            "one lost"
        );
        assert!(hear(&mut feedback, &report(8, 16, 5), 16).1 == [7]);
        // Without a pin nothing is counted, and nothing can be told.
        let mut blind = Feedback::default();
        hear(&mut blind, &report(1, 2, 0), 2);
        assert!(hear(&mut blind, &report(4, 8, 0), 8).1.is_empty());
    }

    #[test]
    fn the_first_camera_counts() {
        let mut feedback = Feedback::default();
        let second = |number| CAMERA_FEEDBACK_DATA {
            cam_idx: 1,
            ..report(number, 9, 0)
        };
        assert_eq!(hear(&mut feedback, &report(1, 2, 0), 2).0, Heard::New);
        assert_eq!(hear(&mut feedback, &second(1), 2).0, Heard::OtherCamera(1));
    }

    #[test]
    fn an_overdue_report_is_asked_for_and_not_for_ever() {
        let mut feedback = Feedback::default();
        for number in 1..=4 {
            hear(
                &mut feedback,
                &report(number, u64::from(number) * 2, 0),
                u64::from(number) * 2,
            );
        }
        let asked = |feedback: &mut Feedback, from_ms: u64, to_ms: u64| {
            let moments = (from_ms..to_ms).step_by(40).map(Duration::from_millis);
            moments.filter(|now| feedback.is_due(*now)).count()
        };
        assert_eq!(asked(&mut feedback, 8_000, 10_400), 0);
        assert_eq!(asked(&mut feedback, 10_400, 60_000), 3);
        hear(&mut feedback, &report(5, 60, 0), 60);
        assert_eq!(asked(&mut feedback, 63_000, 64_000), 2);
    }
}
