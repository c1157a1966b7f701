//! One direction of the line between vehicle and ground station: losses, delay, jitter, doubles and overtaking, by a
//! seeded die. What is not meant to be overtaken arrives in the order in which it was sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::faults::LineFaults;
use crate::random::Dice;

/// How long a frame that is overtaken is held back.
const HELD_BACK: Duration = Duration::from_millis(80);

/// What one direction does to frames.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WayFaults {
    drop: f64,
    delay: Duration,
    jitter: Duration,
    duplicate: f64,
    reorder: f64,
}

impl WayFaults {
    /// `drop` is the share lost each way, `drop_here` the share lost only this way; a frame has to survive both.
    pub(super) fn new(drop: Option<f64>, drop_here: Option<f64>, line: &LineFaults) -> Self {
        let ms = |given: Option<f64>| Duration::from_secs_f64(given.unwrap_or(0.0) / 1e3);
        let survives = (1.0 - drop.unwrap_or(0.0)) * (1.0 - drop_here.unwrap_or(0.0));
        Self {
            drop: 1.0 - survives,
            delay: ms(line.delay_ms),
            jitter: ms(line.jitter_ms),
            duplicate: line.duplicate.unwrap_or(0.0),
            reorder: line.reorder.unwrap_or(0.0),
        }
    }
}

/// Frames on their way.
#[derive(Debug)]
pub(super) struct Way<T> {
    faults: WayFaults,
    dice: Dice,
    under_way: BTreeMap<(Instant, u64), T>,
    sent: u64,
    last_due: Option<Instant>,
}

impl<T: Clone> Way<T> {
    pub(super) fn new(faults: WayFaults, seed: u64, stream: u64) -> Self {
        Self {
            faults,
            dice: Dice::new(seed, stream),
            under_way: BTreeMap::new(),
            sent: 0,
            last_due: None,
        }
    }

    /// Sends a frame, `held` later than the line itself would bring it (others pass it then).
    pub(super) fn send(&mut self, frame: T, now: Instant, held: Duration) {
        if self.happens(self.faults.drop) {
            return;
        }
        let twice = self.happens(self.faults.duplicate);
        let overtaken = self.happens(self.faults.reorder);
        let jitter = match self.faults.jitter.is_zero() {
            true => Duration::ZERO,
            false => self.faults.jitter.mul_f64(self.dice.unit()),
        };
        let in_turn = self
            .last_due
            .map_or(now, |last| last.max(now))
            .max(now + self.faults.delay + jitter);
        self.last_due = Some(in_turn);
        let due = match overtaken {
            true => in_turn + held + HELD_BACK,
            false => in_turn + held,
        };
        if twice {
            self.put(due, frame.clone());
        }
        self.put(due, frame);
    }

    /// The next frame that has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<T> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// When the next frame arrives.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(due, _)| *due)
    }

    fn put(&mut self, due: Instant, frame: T) {
        self.sent += 1;
        self.under_way.insert((due, self.sent), frame);
    }

    /// The die is only thrown for what may happen, so that a fault more does not change the others' luck.
    fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.dice.chance(share)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn way(faults: &str) -> Way<u32> {
        let faults: super::super::VehicleFaults = faults.parse().unwrap();
        Way::new(WayFaults::new(faults.drop, None, &faults.line), 7, 1)
    }

    /// Frames sent 10 ms apart, in the order and at the millisecond at which they arrive.
    fn carried(mut way: Way<u32>, frames: u32) -> Vec<(u32, u64)> {
        let start = Instant::now();
        let mut arrived = Vec::new();
        for ms in 0..u64::from(frames) * 10 + 5000 {
            let now = start + Duration::from_millis(ms);
            if ms % 10 == 0 && ms / 10 < u64::from(frames) {
                way.send((ms / 10) as u32, now, Duration::ZERO);
            }
            while let Some(frame) = way.arrived(now) {
                arrived.push((frame, ms));
            }
        }
        assert_eq!(way.next_at(), None, "nothing stays under way");
        arrived
    }

    fn in_order(arrived: &[(u32, u64)]) -> bool {
        arrived.windows(2).all(|pair| pair[0].0 <= pair[1].0)
    }

    #[test]
    fn a_good_line_brings_everything_at_once() {
        let arrived = carried(way(""), 100);
        assert!(arrived.iter().all(|(frame, ms)| u64::from(*frame) * 10 == *ms));
        assert_eq!(arrived.len(), 100);
    }

    #[test]
    fn delay_and_jitter_keep_the_order() {
        let arrived = carried(way("delay=150,jitter=50"), 300);
        assert!(in_order(&arrived) && arrived.len() == 300);
        let late: Vec<u64> = arrived
            .iter()
            .map(|(frame, ms)| ms - u64::from(*frame) * 10)
            .collect();
        assert!(late.iter().all(|ms| (150..=201).contains(ms)), "{late:?}");
        assert!(late.iter().max() > late.iter().min());
    }

    #[test]
    fn shares_are_kept() {
        let lost = 2000 - carried(way("drop=0.3"), 2000).len();
        assert!((500..700).contains(&lost), "{lost}");
        let doubles = carried(way("duplicate=0.1"), 2000).len() - 2000;
        assert!((150..250).contains(&doubles), "{doubles}");
        let arrived = carried(way("reorder=0.1"), 2000);
        let overtaken = arrived.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
        assert!(
            arrived.len() == 2000 && (120..280).contains(&overtaken),
            "{overtaken}"
        );
    }

    proptest! {
        #[test]
        fn without_loss_everything_arrives_and_only_overtaking_mixes(
            delay in 0u32..300, jitter in 0u32..300, twice: bool, mixed: bool,
        ) {
            let mut faults = format!("delay={delay},jitter={jitter}");
            if twice { faults.push_str(",duplicate=0.3"); }
            if mixed { faults.push_str(",reorder=0.3"); }
            let arrived = carried(way(&faults), 60);
            let mut seen: Vec<u32> = arrived.iter().map(|(frame, _)| *frame).collect();
            prop_assert!(mixed || in_order(&arrived));
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), 60);
            prop_assert!(twice || arrived.len() == 60);
        }
    }
}
