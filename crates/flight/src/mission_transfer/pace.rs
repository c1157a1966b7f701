//! How long to wait before asking again: measured round trips, as TCP does it (RFC 6298), never so short that a slow
//! radio gets everything twice. Time is the span since the transfer began.

use std::time::Duration;

/// Shortest wait for an answer once round trips are measured.
const FLOOR: Duration = Duration::from_millis(250);
/// Longest wait.
const CEILING: Duration = Duration::from_secs(3);

/// Follows one question at a time.
#[derive(Debug)]
pub struct Pace {
    first_wait: Duration,
    smoothed_s: Option<f64>,
    variation_s: f64,
    asked_at: Duration,
    repeats: u32,
    is_ambiguous: bool,
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
            is_ambiguous: false,
        }
    }

    /// A new question goes out.
    pub fn ask(&mut self, now: Duration) {
        self.asked_at = now;
        self.repeats = 0;
        self.is_ambiguous = false;
    }

    /// The same question goes out again.
    pub fn ask_again(&mut self, now: Duration) {
        self.prolong(now);
        self.repeats += 1;
    }

    /// The other side asked for the same thing again, and was answered: the wait begins anew.
    pub fn prolong(&mut self, now: Duration) {
        self.asked_at = now;
        self.is_ambiguous = true;
    }

    /// How often it went out again without an answer.
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// The answer came. Only questions that went out once measure the round trip (Karn): the answer may belong to
    /// any of several.
    pub fn answered(&mut self, now: Duration) {
        if self.is_ambiguous {
            return;
        }
        let trip_s = now.saturating_sub(self.asked_at).as_secs_f64();
        match self.smoothed_s {
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

    /// When to ask again.
    pub fn deadline(&self) -> Duration {
        let wait = match self.smoothed_s {
            None => self.first_wait,
            Some(smoothed_s) => Duration::from_secs_f64(smoothed_s + 4.0 * self.variation_s).max(FLOOR),
        };
        let backed_off = wait.mul_f64(1.5_f64.powi(self.repeats.min(8) as i32));
        self.asked_at + backed_off.min(CEILING)
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
        pace.answered(MS(400));
        pace.ask(MS(1000));
        assert_eq!(pace.deadline(), MS(1000) + MS(400 + 4 * 200));
        for turn in 0..40 {
            pace.ask(MS(2000 + turn * 100));
            pace.answered(MS(2010 + turn * 100));
        }
        pace.ask(MS(9000));
        assert!(pace.deadline() <= MS(9300), "{:?}", pace.deadline());
        assert!(pace.deadline() >= MS(9250));
    }

    #[test]
    fn repeats_wait_longer_and_measure_nothing() {
        let mut pace = Pace::new(MS(1000));
        pace.ask(MS(0));
        pace.ask_again(MS(1000));
        assert_eq!(pace.deadline(), MS(2500));
        pace.answered(MS(1001));
        pace.ask(MS(2000));
        assert_eq!(pace.deadline(), MS(3000));
        for turn in 0..20 {
            pace.ask_again(MS(turn));
        }
        assert_eq!(pace.deadline(), MS(19) + CEILING);
    }
}
