//! The vehicle's time since start against our clock: how fast it runs, and whether it started again.

use std::time::{Duration, Instant};

/// Messages overtake each other by less than this of our time; a clock that goes back further was started again.
const REORDERED_MS: u32 = 1_500;
/// Shortest time over which the speed is measured.
const WINDOW: Duration = Duration::from_secs(2);
/// Windows longer than this say nothing about the speed now: the line was silent in between.
const STALE: Duration = Duration::from_secs(10);
/// Speeds beyond this are a clock that jumped.
const FASTEST: f64 = 1_000.0;

/// Follows `time_boot_ms`.
#[derive(Debug, Default)]
pub struct BootClock {
    latest_ms: Option<u32>,
    window_start: Option<(u32, Instant)>,
    factor: Option<f64>,
}

impl BootClock {
    /// Takes a time since start in, which came at `now`; true when the vehicle started again before it.
    pub fn note(&mut self, boot_ms: u32, now: Instant) -> bool {
        let Some(latest) = self.latest_ms else {
            self.latest_ms = Some(boot_ms);
            self.window_start = Some((boot_ms, now));
            return false;
        };
        // After 49.7 days the counter runs over; that is no restart.
        let ran_over = latest > u32::MAX - 600_000 && boot_ms < 600_000;
        // In time-lapse, what is a moment on the line is long for the vehicle.
        let reordered_ms = f64::from(REORDERED_MS) * self.factor.unwrap_or(1.0).max(1.0);
        if ran_over || f64::from(boot_ms) + reordered_ms < f64::from(latest) {
            self.latest_ms = Some(boot_ms);
            self.window_start = Some((boot_ms, now));
            return !ran_over;
        }
        if boot_ms <= latest {
            return false;
        }
        self.latest_ms = Some(boot_ms);
        self.measure(boot_ms, now);
        false
    }

    /// Vehicle seconds per second of ours; None until measured over two seconds.
    pub fn speed_factor(&self) -> Option<f64> {
        self.factor
    }

    fn measure(&mut self, boot_ms: u32, now: Instant) {
        let Some((start_ms, start)) = self.window_start else {
            return;
        };
        let ours = now.saturating_duration_since(start);
        if ours < WINDOW {
            return;
        }
        self.window_start = Some((boot_ms, now));
        let factor = f64::from(boot_ms - start_ms) / 1e3 / ours.as_secs_f64();
        if ours <= STALE && factor <= FASTEST {
            self.factor = Some(factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_measured_over_two_seconds_and_follows_changes() {
        let (mut clock, start) = (BootClock::default(), Instant::now());
        for step in 0..20_u32 {
            clock.note(
                1_000 + step * 800,
                start + Duration::from_millis(u64::from(step) * 100),
            );
        }
        assert_eq!(clock.speed_factor(), None);
        clock.note(17_000, start + Duration::from_secs(2));
        assert!((clock.speed_factor().unwrap() - 8.0).abs() < 1e-9);
        clock.note(19_000, start + Duration::from_secs(4));
        assert!((clock.speed_factor().unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_silent_line_is_no_measurement() {
        let (mut clock, start) = (BootClock::default(), Instant::now());
        clock.note(1_000, start);
        clock.note(31_000, start + Duration::from_secs(60));
        assert_eq!(clock.speed_factor(), None);
    }

    #[test]
    fn in_time_lapse_messages_overtake_each_other_by_more_of_the_vehicle_s_time() {
        let (mut clock, start) = (BootClock::default(), Instant::now());
        for tick in 0..40_u32 {
            let now = start + Duration::from_millis(u64::from(tick) * 100);
            clock.note(20_000 + tick * 1_600, now);
        }
        let now = start + Duration::from_secs(4);
        assert!(!clock.note(82_400 - 15_000, now));
        assert!(clock.note(3_000, now));
    }

    #[test]
    fn only_a_clock_far_back_is_a_restart() {
        let (mut clock, now) = (BootClock::default(), Instant::now());
        assert!(!clock.note(100_000, now));
        assert!(!clock.note(99_000, now));
        assert!(clock.note(2_000, now));
        assert!(!clock.note(2_100, now));
        assert!(!clock.note(u32::MAX - 10, now));
        assert!(!clock.note(300, now));
    }
}
