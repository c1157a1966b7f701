//! How long to wait before asking again: measured round trips, as TCP does it (RFC 6298), never so short that a slow
//! radio gets everything twice. Time is the span since the transfer began.

use std::time::Duration;

/// Shortest wait for an answer once round trips are measured.
const FLOOR: Duration = Duration::from_millis(120);
/// Least room above the mean round trip: an autopilot looks at its messages some tens of times a second.
const LEAST_ROOM_S: f64 = 0.04;
/// Longest wait.
const CEILING: Duration = Duration::from_secs(3);
/// Waits grow by this.
const GROWTH: f64 = 1.5;
/// A line that loses at random is not helped by waiting; only where so many repeats in a row bring nothing do waits
/// grow further, as for a line that is full.
const STEADY_REPEATS: u32 = 9;

/// Follows what is being waited for.
#[derive(Debug)]
pub struct Pace {
    first_wait: Duration,
    smoothed_s: Option<f64>,
    variation_s: f64,
    asked_at: Duration,
    repeats: u32,
}

impl Pace {
    /// `first_wait` holds until a round trip was measured.
    pub fn new(first_wait: Duration) -> Self {
        Self {
            first_wait,
            smoothed_s: None,
            variation_s: 0.0,
            asked_at: Duration::ZERO,
            repeats: 0,
        }
    }

    /// The wait for something new begins.
    pub fn ask(&mut self, now: Duration) {
        self.asked_at = now;
        self.repeats = 0;
    }

    /// The same goes out again.
    pub fn ask_again(&mut self, now: Duration) {
        self.asked_at = now;
        self.repeats += 1;
    }

    /// The other side asked for the same thing again, and was answered: the wait begins anew.
    pub fn prolong(&mut self, now: Duration) {
        self.asked_at = now;
    }

    /// How often it went out again without an answer.
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// An answer came to something that went out at `sent_at` and only once (Karn: otherwise the answer may belong to
    /// any of several).
    pub fn measured(&mut self, sent_at: Duration, now: Duration) {
        let trip_s = now.saturating_sub(sent_at).as_secs_f64();
        match self.smoothed_s.filter(|smoothed_s| 2.0 * trip_s >= *smoothed_s) {
            // A vehicle asks again on its own where its request was lost, up to a second later: what was measured so is
            // no round trip, and waits made of it would let the vehicle be the first to ask again every time.
            None => {
                self.smoothed_s = Some(trip_s);
                self.variation_s = trip_s / 2.0;
            }
            Some(smoothed_s) => {
                self.variation_s = 0.75 * self.variation_s + 0.25 * (smoothed_s - trip_s).abs();
                self.smoothed_s = Some(0.875 * smoothed_s + 0.125 * trip_s);
            }
        }
    }

    /// Whether what went out at `sent_at` can have been answered by now, as far as is known.
    pub fn is_due(&self, sent_at: Duration, now: Duration) -> bool {
        let trip_s = self.smoothed_s.unwrap_or(0.0);
        now.saturating_sub(sent_at).as_secs_f64() >= 0.9 * trip_s
    }

    /// How long to wait for an answer.
    pub fn wait(&self) -> Duration {
        let wait = match self.smoothed_s {
            None => self.first_wait,
            Some(smoothed_s) => {
                let room_s = (4.0 * self.variation_s).max(LEAST_ROOM_S);
                Duration::from_secs_f64(smoothed_s + room_s).max(FLOOR)
            }
        };
        let steps = match self.repeats {
            0 | 1 => 0,
            2..STEADY_REPEATS => 1,
            more => (more - STEADY_REPEATS + 2).min(12),
        };
        wait.mul_f64(GROWTH.powi(steps as i32)).min(CEILING)
    }

    /// When to ask again.
    pub fn deadline(&self) -> Duration {
        self.asked_at + self.wait()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn waits_follow_the_measured_round_trip_and_its_variation() {
        let mut pace = Pace::new(MS(1500));
        pace.ask(MS(0));
        assert_eq!(pace.deadline(), MS(1500));
        pace.measured(MS(0), MS(400));
        pace.ask(MS(1000));
        assert_eq!(pace.deadline(), MS(1000) + MS(400 + 4 * 200));
        for turn in 0..40 {
            pace.measured(MS(2000 + turn * 100), MS(2010 + turn * 100));
        }
        pace.ask(MS(9000));
        assert!(pace.deadline() <= MS(9180), "{:?}", pace.deadline());
        assert!(pace.deadline() >= MS(9120));
    }

    #[test]
    fn one_fast_answer_outweighs_slow_ones() {
        let mut pace = Pace::new(MS(1500));
        for turn in 0..6 {
            pace.measured(MS(turn * 2000), MS(turn * 2000 + 1080));
        }
        pace.measured(MS(20_000), MS(20_080));
        assert_eq!(pace.wait(), MS(240));
    }

    #[test]
    fn repeats_wait_longer_up_to_a_limit() {
        let mut pace = Pace::new(MS(1000));
        pace.ask(MS(0));
        pace.ask_again(MS(1000));
        assert_eq!(pace.deadline(), MS(2000));
        pace.ask_again(MS(2000));
        assert_eq!(pace.deadline(), MS(3500));
        pace.ask(MS(4000));
        assert_eq!(pace.deadline(), MS(5000));
        for turn in 0..20 {
            pace.ask_again(MS(turn));
        }
        assert_eq!(pace.deadline(), MS(19) + CEILING);
    }
}
