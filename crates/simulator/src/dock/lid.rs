//! The lid of a dock: a motor that needs its time, and may fail on the way. Works on city time given from outside.

use serde::Serialize;

use crate::dock::faults::DockFaults;

/// Time from closed to open, city seconds.
pub const LID_TRAVEL_S: f64 = 8.0;
/// How many times longer a slow lid takes.
const SLOW_FACTOR: f64 = 5.0;
/// The motor of a stuck lid is switched off after this multiple of the travelling time.
const STALL_FACTOR: f64 = 1.5;

/// The lid as a dock reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LidWord {
    /// Shut.
    Closed,
    /// On its way up.
    Opening,
    /// Fully open.
    Open,
    /// On its way down.
    Closing,
    /// Stands still somewhere between.
    Half,
    /// The motor failed; where the lid stands is not known to the dock.
    Fault,
}

/// What became of a moving lid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LidMoment {
    /// It stands still.
    Resting,
    /// On its way; percent of this motion.
    Moving(u8),
    /// It has just arrived.
    Arrived,
    /// It has just failed, at this percent of the motion; the step that failed.
    Failed(u8, &'static str),
}

#[derive(Clone, Copy, Debug)]
struct Motion {
    opening: bool,
    from: f64,
    since_us: i64,
}

/// A lid.
#[derive(Clone, Debug)]
pub struct Lid {
    openness: f64,
    motion: Option<Motion>,
    motor_failed: bool,
    travel_us: f64,
    stuck: bool,
    stops_half: bool,
}

impl Lid {
    /// A closed lid with the given faults.
    pub fn closed(faults: &DockFaults) -> Self {
        let factor = if faults.slow_lid { SLOW_FACTOR } else { 1.0 };
        Self {
            openness: 0.0,
            motion: None,
            motor_failed: false,
            travel_us: LID_TRAVEL_S * factor * 1e6,
            stuck: faults.lid_stuck,
            stops_half: faults.lid_half,
        }
    }

    /// Starts the motor. `false` when the lid is there already.
    pub fn drive(&mut self, opening: bool, now_us: i64) -> bool {
        let goal = if opening { 1.0 } else { 0.0 };
        self.motor_failed = false;
        if self.openness == goal {
            self.motion = None;
            return false;
        }
        self.motion = Some(Motion {
            opening,
            from: self.openness,
            since_us: now_us,
        });
        true
    }

    /// Something blocks the lid from now on.
    pub fn jam(&mut self) {
        self.stuck = true;
    }

    /// Stops the motor where the lid stands.
    pub fn halt(&mut self) {
        self.motion = None;
    }

    /// Whether the motor runs.
    pub fn is_moving(&self) -> bool {
        self.motion.is_some()
    }

    /// Lets the motor run until `now_us` (city time).
    pub fn advance(&mut self, now_us: i64) -> LidMoment {
        let Some(motion) = self.motion else {
            return LidMoment::Resting;
        };
        let run = ((now_us - motion.since_us).max(0) as f64) / self.travel_us;
        if self.stuck {
            return self.advance_stuck(run);
        }
        let goal = if motion.opening { 1.0 } else { 0.0 };
        let barrier: f64 = if motion.opening && self.stops_half {
            0.5
        } else {
            goal
        };
        let reached = if motion.opening {
            (motion.from + run).min(barrier.max(motion.from))
        } else {
            (motion.from - run).max(0.0)
        };
        self.openness = reached;
        let percent = percent_of(reached - motion.from, goal - motion.from);
        if reached == goal {
            self.motion = None;
            return LidMoment::Arrived;
        }
        if motion.opening && reached >= barrier {
            self.motion = None;
            return LidMoment::Failed(percent, "lid_stopped_half_open");
        }
        LidMoment::Moving(percent)
    }

    fn advance_stuck(&mut self, run: f64) -> LidMoment {
        if run < STALL_FACTOR {
            return LidMoment::Moving(0);
        }
        self.motion = None;
        self.motor_failed = true;
        LidMoment::Failed(0, "lid_motor_stalled")
    }

    /// What the dock reports.
    pub fn word(&self) -> LidWord {
        match self.motion {
            Some(motion) if motion.opening => LidWord::Opening,
            Some(_) => LidWord::Closing,
            None if self.motor_failed => LidWord::Fault,
            None if self.openness == 0.0 => LidWord::Closed,
            None if self.openness == 1.0 => LidWord::Open,
            None => LidWord::Half,
        }
    }
}

fn percent_of(done: f64, whole: f64) -> u8 {
    (done / whole * 100.0).clamp(0.0, 99.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_good_lid_opens_in_eight_seconds_and_closes_again() {
        let mut lid = Lid::closed(&DockFaults::default());
        assert!(lid.drive(true, 0));
        assert_eq!(lid.advance(4 * SECOND), LidMoment::Moving(50));
        assert_eq!(lid.word(), LidWord::Opening);
        assert_eq!(lid.advance(8 * SECOND), LidMoment::Arrived);
        assert_eq!(lid.word(), LidWord::Open);
        assert!(!lid.drive(true, 9 * SECOND), "open already");
        assert!(lid.drive(false, 9 * SECOND));
        assert_eq!(lid.advance(13 * SECOND), LidMoment::Moving(50));
        assert_eq!(lid.advance(18 * SECOND), LidMoment::Arrived);
        assert_eq!(lid.word(), LidWord::Closed);
    }

    #[test]
    fn faulty_lids_fail_in_their_own_way() {
        let stuck = DockFaults {
            lid_stuck: true,
            ..DockFaults::default()
        };
        let mut lid = Lid::closed(&stuck);
        lid.drive(true, 0);
        assert_eq!(lid.advance(11 * SECOND), LidMoment::Moving(0));
        assert_eq!(
            lid.advance(12 * SECOND),
            LidMoment::Failed(0, "lid_motor_stalled")
        );
        assert_eq!(lid.word(), LidWord::Fault);

        let half = DockFaults {
            lid_half: true,
            ..DockFaults::default()
        };
        let mut lid = Lid::closed(&half);
        lid.drive(true, 0);
        assert_eq!(
            lid.advance(5 * SECOND),
            LidMoment::Failed(50, "lid_stopped_half_open")
        );
        assert_eq!(lid.word(), LidWord::Half);
        lid.drive(false, 10 * SECOND);
        assert_eq!(
            lid.advance(14 * SECOND),
            LidMoment::Arrived,
            "closing still works"
        );

        let slow = DockFaults {
            slow_lid: true,
            ..DockFaults::default()
        };
        let mut lid = Lid::closed(&slow);
        lid.drive(true, 0);
        assert_eq!(lid.advance(39 * SECOND), LidMoment::Moving(97));
        assert_eq!(lid.advance(40 * SECOND), LidMoment::Arrived);
    }

    proptest! {
        #[test]
        fn a_lid_left_alone_always_comes_to_rest(
            stuck: bool, half: bool, slow: bool,
            orders in prop::collection::vec((any::<Option<bool>>(), 0i64..20), 1..20),
        ) {
            let faults = DockFaults { lid_stuck: stuck, lid_half: half, slow_lid: slow, ..DockFaults::default() };
            let mut lid = Lid::closed(&faults);
            let mut now_us = 0;
            for (order, wait_s) in orders {
                match order {
                    Some(opening) => { lid.drive(opening, now_us); }
                    None => lid.halt(),
                }
                now_us += wait_s * SECOND;
                lid.advance(now_us);
                prop_assert!((0.0..=1.0).contains(&lid.openness));
            }
            lid.advance(now_us + 100 * SECOND);
            prop_assert!(!lid.is_moving());
            prop_assert!(!matches!(lid.word(), LidWord::Opening | LidWord::Closing));
        }
    }
}
