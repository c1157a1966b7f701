//! The vehicle's clocks against ours, out of TIMESYNC answers and SYSTEM_TIME. ArduPilot answers TIMESYNC with time
//! since its start while it stamps photos with UTC, so both offsets are kept.

use std::collections::VecDeque;
use std::time::Duration;

/// Answers that are kept.
const KEPT: usize = 16;
/// Questions that may be open; older ones are forgotten.
const OPEN: usize = 8;
/// Earliest time that a clock which was set can show: 2020-01-01, µs.
const FIRST_UTC_US: i64 = 1_577_836_800_000_000;
/// Asked so often at first, at [`QUICK`], then at [`SLOW`].
const QUICK_ANSWERS: u32 = 8;
const QUICK: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_secs(10);
/// A clock that runs more than this faster or slower than ours is in time lapse: old answers say nothing.
const SAME_SPEED: f64 = 0.02;

/// The vehicle's clocks minus ours, µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// Vehicle UTC minus our UTC; None while the vehicle's clock is not set.
    pub utc_us: Option<i64>,
    /// Vehicle time since start minus our UTC; None while TIMESYNC was not answered.
    pub boot_us: Option<i64>,
    /// Vehicle UTC minus vehicle time since start; None while its clock is not set.
    pub boot_to_utc_us: Option<i64>,
    /// Round trip of the best answer; half of it bounds the error. None without an answer.
    pub round_trip: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    offset_us: i64,
    round_trip_us: i64,
    is_utc: bool,
}

/// Gathers answers. All times of ours are UTC µs.
#[derive(Debug, Default)]
pub struct ClockEstimate {
    asked: VecDeque<i64>,
    answers: VecDeque<Answer>,
    answered: u32,
    boot_to_utc_us: Option<i64>,
    one_way_us: Option<i64>,
}

impl ClockEstimate {
    /// How long to wait between questions now.
    pub fn interval(&self) -> Duration {
        if self.answered < QUICK_ANSWERS {
            QUICK
        } else {
            SLOW
        }
    }

    /// Notes a question that is sent now: `ts1` in nanoseconds, as TIMESYNC carries it.
    pub fn ask(&mut self, now_us: i64) -> i64 {
        self.asked.push_back(now_us);
        while self.asked.len() > OPEN {
            self.asked.pop_front();
        }
        now_us.saturating_mul(1000)
    }

    /// Takes an answer in: `ts1` and `tc1` of TIMESYNC, ns. Answers to others' questions, repeated ones and
    /// nonsense are left out.
    pub fn answer(&mut self, ts1_ns: i64, tc1_ns: i64, now_us: i64) {
        let asked_us = ts1_ns / 1000;
        let Some(at) = self.asked.iter().position(|asked| *asked == asked_us) else {
            return;
        };
        self.asked.remove(at);
        let vehicle_us = tc1_ns / 1000;
        if vehicle_us <= 0 || now_us < asked_us {
            return;
        }
        let middle_us = asked_us + (now_us - asked_us) / 2;
        self.answers.push_back(Answer {
            offset_us: vehicle_us - middle_us,
            round_trip_us: now_us - asked_us,
            is_utc: vehicle_us >= FIRST_UTC_US,
        });
        while self.answers.len() > KEPT {
            self.answers.pop_front();
        }
        self.answered += 1;
    }

    /// Takes SYSTEM_TIME in.
    pub fn system_time(&mut self, unix_us: u64, boot_ms: u32, now_us: i64) {
        let Ok(unix_us) = i64::try_from(unix_us) else {
            return;
        };
        if unix_us < FIRST_UTC_US {
            return;
        }
        self.boot_to_utc_us = Some(unix_us - i64::from(boot_ms) * 1000);
        self.one_way_us = Some(unix_us - now_us);
    }

    /// The vehicle started again: all that was known of its clocks is void.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// The offsets: the median over the half of the answers with the shortest round trips; in time lapse
    /// (`speed_factor` not 1) the latest answer alone. Without answers, SYSTEM_TIME as it came.
    #[must_use]
    pub fn offset(&self, speed_factor: f64) -> Option<ClockOffset> {
        let chosen = self.chosen((speed_factor - 1.0).abs() > SAME_SPEED);
        let Some((median_us, best_us, is_utc)) = chosen else {
            return self.one_way_us.map(|one_way_us| ClockOffset {
                utc_us: Some(one_way_us),
                boot_us: self
                    .boot_to_utc_us
                    .map(|boot_to_utc_us| one_way_us - boot_to_utc_us),
                boot_to_utc_us: self.boot_to_utc_us,
                round_trip: None,
            });
        };
        let shift = self.boot_to_utc_us;
        let (utc_us, boot_us) = if is_utc {
            (Some(median_us), shift.map(|shift| median_us - shift))
        } else {
            (shift.map(|shift| median_us + shift), Some(median_us))
        };
        let round_trip = Some(Duration::from_micros(best_us.unsigned_abs()));
        Some(ClockOffset {
            utc_us,
            boot_us,
            boot_to_utc_us: shift,
            round_trip,
        })
    }

    fn chosen(&self, only_latest: bool) -> Option<(i64, i64, bool)> {
        let latest = self.answers.back()?;
        if only_latest {
            return Some((latest.offset_us, latest.round_trip_us, latest.is_utc));
        }
        let mut answers: Vec<&Answer> = self
            .answers
            .iter()
            .filter(|answer| answer.is_utc == latest.is_utc)
            .collect();
        answers.sort_by_key(|answer| answer.round_trip_us);
        let best_us = answers[0].round_trip_us;
        answers.truncate(answers.len().div_ceil(2));
        answers.sort_by_key(|answer| answer.offset_us);
        Some((answers[answers.len() / 2].offset_us, best_us, latest.is_utc))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_US: i64 = 1_772_416_800_000_000;

    fn ask_and_answer(estimate: &mut ClockEstimate, at_us: i64, there_us: i64, back_us: i64, offset_us: i64) {
        let ts1 = estimate.ask(at_us);
        estimate.answer(
            ts1,
            (at_us + there_us + offset_us) * 1000,
            at_us + there_us + back_us,
        );
    }

    #[test]
    fn boot_and_utc_offsets_are_apart() {
        let mut estimate = ClockEstimate::default();
        let boot_offset = 60_000_000 - NOW_US;
        ask_and_answer(&mut estimate, NOW_US, 3_000, 3_000, boot_offset);
        assert_eq!(estimate.offset(1.0).unwrap().utc_us, None);
        estimate.system_time((NOW_US + 250_000) as u64, 60_000, NOW_US);
        let offset = estimate.offset(1.0).unwrap();
        assert_eq!(offset.boot_us, Some(boot_offset));
        assert_eq!(offset.utc_us, Some(250_000));
        assert_eq!(offset.round_trip, Some(Duration::from_millis(6)));
    }

    #[test]
    fn slow_round_trips_do_not_count() {
        let mut estimate = ClockEstimate::default();
        let offset = 5_000_000 - NOW_US;
        for second in 0..4 {
            ask_and_answer(&mut estimate, NOW_US + second * 1_000_000, 2_000, 2_000, offset);
            ask_and_answer(
                &mut estimate,
                NOW_US + second * 1_000_000 + 500,
                900_000,
                2_000,
                offset,
            );
        }
        assert_eq!(estimate.offset(1.0).unwrap().boot_us, Some(offset));
    }

    #[test]
    fn repeated_and_foreign_answers_are_left_out() {
        let mut estimate = ClockEstimate::default();
        estimate.answer(NOW_US * 1000, 1_000_000, NOW_US + 10);
        assert_eq!(estimate.offset(1.0), None);
        let ts1 = estimate.ask(NOW_US);
        estimate.answer(ts1, 9_000_000_000, NOW_US + 2_000);
        let once = estimate.offset(1.0);
        estimate.answer(ts1, 1_000, NOW_US + 900_000);
        assert_eq!(estimate.offset(1.0), once);
    }

    #[test]
    fn in_time_lapse_only_the_latest_answer_counts() {
        let mut estimate = ClockEstimate::default();
        for second in 0..5 {
            ask_and_answer(
                &mut estimate,
                NOW_US + second * 1_000_000,
                1_000,
                1_000,
                second * 7_000_000 - NOW_US,
            );
        }
        assert_eq!(estimate.offset(8.0).unwrap().boot_us, Some(28_000_000 - NOW_US));
    }

    #[test]
    fn system_time_alone_gives_a_coarse_offset() {
        let mut estimate = ClockEstimate::default();
        estimate.system_time(30_000_000, 30_000, NOW_US);
        assert_eq!(estimate.offset(1.0), None);
        estimate.system_time((NOW_US - 1_000_000) as u64, 60_000, NOW_US);
        let offset = estimate.offset(1.0).unwrap();
        assert_eq!((offset.utc_us, offset.round_trip), (Some(-1_000_000), None));
    }

    proptest! {
        #[test]
        fn the_error_stays_within_half_the_best_round_trip(
            trips in prop::collection::vec((0_i64..400_000, 0_i64..400_000), 1..16),
            offset in -1_000_000_000_i64..1_000_000_000,
        ) {
            let mut estimate = ClockEstimate::default();
            let offset = offset + 2_000_000_000 - NOW_US;
            for (turn, (there, back)) in trips.iter().enumerate() {
                ask_and_answer(&mut estimate, NOW_US + turn as i64 * 1_000_000, *there, *back, offset);
            }
            let found = estimate.offset(1.0).unwrap();
            let mut rounds: Vec<i64> = trips.iter().map(|(there, back)| there + back).collect();
            rounds.sort_unstable();
            let worst_kept = rounds[rounds.len().div_ceil(2) - 1];
            prop_assert!((found.boot_us.unwrap() - offset).abs() <= worst_kept / 2 + 1);
        }
    }
}
