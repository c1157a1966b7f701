//! Exposures of one flight: each index once, and which reports are missing.
//!
//! Reports get lost on the way, and a missing one shows as a gap between two others. Counters that run on over
//! several flights are told apart by time: what was taken before this flight does not belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use survey::time::UtcMicros;

/// A report is asked for so often.
const ASKS: u8 = 6;
/// A gap wider than this is a counter that jumped, not lost reports.
const WIDEST_GAP: u32 = 500;
/// Slack between the take-off as we saw it and the vehicle's own clock, µs.
const START_SLACK_US: i64 = 10_000_000;

/// The exposures that were reported.
#[derive(Debug, Default)]
pub(in crate::sortie) struct Book {
    seen: BTreeSet<u32>,
    /// Exposures before the counter began anew.
    before_restart: u32,
    asked: BTreeMap<u32, u8>,
    /// Take-off by the vehicle's clock.
    since: Option<UtcMicros>,
    /// No index at or below this one belongs to this flight.
    floor: Option<u32>,
    /// The vehicle says that it counted this far.
    counted: Option<u32>,
}

impl Book {
    /// A flight that took off at `since` by the vehicle's clock, seen by an earlier run of the program.
    pub fn of_flight_since(since: Option<UtcMicros>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// Notes a report that came `aloft` after take-off, if that was seen. False: known already, or the answer to
    /// a question that turned out to be of an earlier flight.
    ///
    /// A report that nobody asked for is of this flight, and tells when it began on the vehicle's clock. A clock
    /// read before take-off would not do: clocks are set when a flight starts.
    pub fn note(&mut self, index: u32, at_utc: UtcMicros, aloft: Option<Duration>) -> bool {
        let at_us = at_utc.0;
        let asked_for = self.asked.contains_key(&index);
        if asked_for && at_us > 0 && self.since.is_some_and(|since| at_us < since.0 - START_SLACK_US) {
            self.floor = Some(self.floor.map_or(index, |floor| floor.max(index)));
            return false;
        }
        if let (None, false, true, Some(aloft)) = (self.since, asked_for, at_us > 0, aloft) {
            let aloft_us = i64::try_from(aloft.as_micros()).unwrap_or(i64::MAX);
            self.since = Some(UtcMicros(at_us.saturating_sub(aloft_us)));
        }
        self.seen.insert(index)
    }

    /// Takes in the vehicle's own count of exposures. Whether it counts from 0 or from 1, the last is not above.
    pub fn counted(&mut self, count: u32) {
        self.counted = Some(count);
    }

    /// How many the vehicle told that it counted.
    pub fn count_of_vehicle(&self) -> Option<u32> {
        self.counted
    }

    /// The counter began anew: its numbers come once more.
    pub fn restart(&mut self) {
        *self = Self {
            before_restart: self.count(),
            since: self.since,
            ..Self::default()
        };
    }

    /// Whether an index lies beyond the last one seen, so that it may never have been taken.
    pub fn is_beyond(&self, index: u32) -> bool {
        self.seen.last().is_none_or(|last| index > *last)
    }

    /// Distinct exposures so far.
    pub fn count(&self) -> u32 {
        let seen = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        seen.saturating_add(self.before_restart)
    }

    /// Numbers worth asking for, at most `most`: gaps, the one before the first, and with `ends` what the vehicle
    /// counted beyond the last, or the one after it. Each is given a limited number of times.
    pub fn missing(&mut self, ends: bool, most: usize) -> Vec<u32> {
        let mut wanted = Vec::new();
        if let Some(before) = self.seen.first().and_then(|first| first.checked_sub(1)) {
            wanted.push(before);
        }
        for (&low, &high) in self.seen.iter().zip(self.seen.iter().skip(1)) {
            if high - low <= WIDEST_GAP {
                wanted.extend(low + 1..high);
            }
        }
        if ends {
            wanted.extend(self.beyond());
        }
        let floor = self.floor;
        wanted.retain(|index| {
            let tired = self.asked.get(index).is_some_and(|asks| *asks >= ASKS);
            !tired && floor.is_none_or(|floor| *index > floor)
        });
        wanted.truncate(most);
        for number in &mut wanted {
            let asks = self.asked.entry(*number).or_default();
            // Reports are numbered from 1 here; on the wire some are asked for from 1 and some from 0.
            *number = number.saturating_sub(u32::from(*asks % 2));
            *asks += 1;
        }
        wanted
    }

    /// Beyond the last one seen, the newest first: an answer from before this flight ends the asking.
    fn beyond(&self) -> Vec<u32> {
        let last = self.seen.last().copied();
        let Some(counted) = self.counted else {
            return last.and_then(|last| last.checked_add(1)).into_iter().collect();
        };
        let from = last
            .map_or(0, |last| last.saturating_add(1))
            .max(counted.saturating_sub(WIDEST_GAP));
        (from..=counted).rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> UtcMicros {
        UtcMicros((1_800_000_000 + second) * 1_000_000)
    }

    #[test]
    fn a_repeat_counts_once_and_gaps_are_asked_for() {
        let mut book = Book::default();
        for index in [2, 3, 3, 6] {
            book.note(index, at(0), None);
        }
        assert_eq!(book.count(), 3);
        assert_eq!(book.missing(false, 10), [1, 4, 5]);
        assert_eq!(book.missing(true, 10), [0, 3, 4, 7]);
        assert!(book.note(4, at(0), None));
        assert_eq!(book.missing(false, 10), [1, 5]);
    }

    #[test]
    fn nobody_is_asked_for_ever() {
        let mut book = Book::default();
        book.note(1, at(0), None);
        book.note(3, at(0), None);
        let asked = (0..50).filter(|_| !book.missing(true, 10).is_empty()).count();
        assert_eq!(asked, usize::from(ASKS));
    }

    #[test]
    fn a_counter_that_runs_on_ends_at_the_flight_before() {
        let mut book = Book::default();
        assert!(book.note(42, at(120), Some(Duration::from_secs(20))));
        assert_eq!(book.missing(false, 10), [41]);
        assert!(!book.note(41, at(10), None));
        assert!(book.missing(false, 10).is_empty());
        assert_eq!(book.count(), 1);
    }

    #[test]
    fn what_the_vehicle_counted_is_asked_for_from_the_newest_down_to_the_flight_before() {
        let mut book = Book::of_flight_since(Some(at(100)));
        book.counted(9);
        assert_eq!(book.missing(true, 4), [9, 8, 7, 6]);
        assert!(book.note(8, at(130), None));
        assert!(book.note(7, at(120), None));
        assert!(!book.note(6, at(20), None));
        assert_eq!(book.missing(true, 9), [8]);
        assert_eq!(book.count(), 2);
    }

    #[test]
    fn a_counter_that_began_anew_repeats_nothing() {
        let mut book = Book::default();
        assert!(book.note(1, at(0), None) && book.note(2, at(2), None));
        book.restart();
        assert!(book.note(1, at(9), None));
        assert_eq!(book.count(), 3);
    }

    proptest! {
        #[test]
        fn answering_what_is_asked_closes_every_gap(lost in prop::collection::btree_set(2_u32..80, 0..40)) {
            let mut book = Book::default();
            for index in (0..=80).filter(|index| !lost.contains(index)) {
                book.note(index, at(0), None);
            }
            loop {
                let missing = book.missing(false, 16);
                if missing.is_empty() {
                    break;
                }
                for index in missing {
                    book.note(index, at(0), None);
                }
            }
            prop_assert_eq!(book.count(), 81);
        }
    }
}
