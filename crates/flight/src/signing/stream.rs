//! Replay protection of one stream (link id, system, component): every timestamp counts once. The guide wants them
//! to rise; UDP reorders, so a few that come late are taken as long as none was taken twice.

use std::collections::BTreeSet;

/// Timestamps that are remembered: a frame may come this many frames late.
const WINDOW: usize = 64;
/// A stream that begins may be this much behind our own timestamp: one minute, in units of 10 µs.
const NEW_STREAM_UNITS: u64 = 60 * 100_000;
/// A frame of a standing stream may be this much behind its newest: two seconds.
const LATE_UNITS: u64 = 2 * 100_000;

/// What the timestamps of one stream allow.
#[derive(Debug, Default)]
pub(super) struct Stream {
    taken: BTreeSet<u64>,
}

/// Whether a stream that is not known yet may begin at `timestamp` when ours is `ours`.
pub(super) fn may_begin(timestamp: u64, ours: u64) -> bool {
    timestamp.saturating_add(NEW_STREAM_UNITS) >= ours
}

impl Stream {
    /// Takes a timestamp; `false` when it was taken before or is too old to tell.
    pub(super) fn take(&mut self, timestamp: u64) -> bool {
        let newest = self.taken.last().copied();
        let oldest = self.taken.first().copied();
        if let (Some(newest), Some(oldest)) = (newest, oldest)
            && timestamp <= newest
        {
            let forgotten = self.taken.len() >= WINDOW && timestamp < oldest;
            if forgotten || timestamp.saturating_add(LATE_UNITS) < newest || self.taken.contains(&timestamp) {
                return false;
            }
        }
        self.taken.insert(timestamp);
        if self.taken.len() > WINDOW {
            self.taken.pop_first();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_swap_is_taken_a_repeat_is_not() {
        let mut stream = Stream::default();
        assert!(stream.take(100) && stream.take(103) && stream.take(101));
        assert!(!stream.take(101) && !stream.take(103));
        assert!(stream.take(500_000));
        assert!(!stream.take(104));
    }

    #[test]
    fn a_stream_begins_within_a_minute() {
        assert!(may_begin(10_000_000, 16_000_000));
        assert!(!may_begin(10_000_000, 16_000_001));
        assert!(may_begin(u64::MAX, 5));
    }

    proptest! {
        /// An attacker who plays back anything in any order is never heard twice.
        #[test]
        fn no_timestamp_is_taken_twice(timestamps in prop::collection::vec(0_u64..400, 0..600)) {
            let mut stream = Stream::default();
            let mut heard = BTreeSet::new();
            for timestamp in timestamps {
                if stream.take(timestamp * 1_000) {
                    prop_assert!(heard.insert(timestamp));
                }
            }
        }

        #[test]
        fn frames_that_overtook_each_other_by_a_few_all_arrive(swaps in prop::collection::vec(0_usize..30, 200)) {
            let mut order: Vec<u64> = (0..200).collect();
            for (at, by) in swaps.into_iter().enumerate() {
                let other = (at + by).min(199);
                // Nobody moves more than 30 places from where it belongs.
                if order[at].abs_diff(other as u64) < 30 && order[other].abs_diff(at as u64) < 30 {
                    order.swap(at, other);
                }
            }
            let mut stream = Stream::default();
            prop_assert!(order.into_iter().all(|timestamp| stream.take(1_000_000 + timestamp)));
        }
    }
}
