//! The vehicle's time. In a time-lapse it runs faster than ours, so waits about what a vehicle does are measured
//! by its clock since boot; a machine that is slow for a moment then makes nothing late.

use std::time::Duration;

use tokio::time::Instant;

/// Silence after which the wall clock stands in for the vehicle's.
const STAND_IN_AFTER: Duration = Duration::from_secs(2);
/// A clock that goes back by more has begun anew; less is a late datagram.
const REBOOT_STEP_MS: u32 = 1000;
/// No wait in vehicle time is over before this much wall time: commands need time for a round trip.
const LEAST_WALL: Duration = Duration::from_secs(1);
/// Speeds of a time-lapse that are believed.
const SPEEDS: (f64, f64) = (0.1, 100.0);

/// Vehicle time since the watch began; never goes back.
#[derive(Debug)]
pub(super) struct Pace {
    elapsed: Duration,
    anchor: Option<Anchor>,
    heard_at: Instant,
    observed_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    boot_ms: u32,
    elapsed: Duration,
    latest_ms: u32,
}

/// The end of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    vehicle: Duration,
    wall: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self {
            elapsed: Duration::ZERO,
            anchor: None,
            heard_at: now,
            observed_at: now,
        }
    }

    /// Takes in the vehicle's clock since boot, the speed at which it runs, and ours.
    pub fn observe(&mut self, boot_ms: Option<u32>, speed: f64, now: Instant) {
        if let Some(boot_ms) = boot_ms {
            self.take(boot_ms, now);
        }
        if now.duration_since(self.heard_at) > STAND_IN_AFTER {
            let speed = if speed.is_finite() {
                speed.clamp(SPEEDS.0, SPEEDS.1)
            } else {
                1.0
            };
            self.elapsed += now.duration_since(self.observed_at).mul_f64(speed);
        }
        self.observed_at = now;
    }

    /// Vehicle time since the watch began.
    pub fn now(&self) -> Duration {
        self.elapsed
    }

    /// A wait of `duration` in vehicle time.
    pub fn limit(&self, duration: Duration) -> Limit {
        Limit {
            vehicle: self.elapsed + duration,
            wall: self.observed_at + LEAST_WALL.min(duration),
        }
    }

    /// A wait of `duration` on our clock.
    pub fn wall_limit(&self, duration: Duration) -> Limit {
        Limit {
            vehicle: Duration::ZERO,
            wall: self.observed_at + duration,
        }
    }

    /// Whether a wait is over.
    pub fn is_over(&self, limit: Limit) -> bool {
        self.elapsed >= limit.vehicle && self.observed_at >= limit.wall
    }

    fn take(&mut self, boot_ms: u32, now: Instant) {
        let rebooted = |anchor: &Anchor| boot_ms.saturating_add(REBOOT_STEP_MS) < anchor.latest_ms;
        let Some(anchor) = self.anchor.filter(|anchor| !rebooted(anchor)) else {
            self.anchor = Some(Anchor {
                boot_ms,
                elapsed: self.elapsed,
                latest_ms: boot_ms,
            });
            self.heard_at = now;
            return;
        };
        if boot_ms <= anchor.latest_ms {
            return;
        }
        self.anchor = Some(Anchor {
            latest_ms: boot_ms,
            ..anchor
        });
        self.heard_at = now;
        let since_ms = u64::from(boot_ms.saturating_sub(anchor.boot_ms));
        self.elapsed = self.elapsed.max(anchor.elapsed + Duration::from_millis(since_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn the_vehicle_clock_leads_while_it_is_heard() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.observe(Some(50_000), 20.0, start);
        pace.observe(Some(70_000), 20.0, start + ms(1000));
        assert_eq!(pace.now(), ms(20_000));
        // A late datagram takes nothing back.
        pace.observe(Some(69_900), 20.0, start + ms(1010));
        assert_eq!(pace.now(), ms(20_000));
    }

    #[test]
    fn in_silence_the_wall_clock_times_the_speed_stands_in() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.observe(Some(1000), 8.0, start);
        for step in 1..=50 {
            pace.observe(Some(1000), 8.0, start + ms(step * 100));
        }
        // 3 s beyond the first two, eight times as fast.
        assert_eq!(pace.now(), ms(24_000));
        // Heard again after 5 s of its time times eight: nothing is counted twice.
        pace.observe(Some(41_000), 8.0, start + ms(5001));
        assert_eq!(pace.now(), ms(40_000));
    }

    #[test]
    fn a_reboot_begins_a_new_count_on_top() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.observe(Some(100_000), 1.0, start);
        pace.observe(Some(110_000), 1.0, start + ms(10));
        pace.observe(Some(500), 1.0, start + ms(20));
        pace.observe(Some(1500), 1.0, start + ms(30));
        assert_eq!(pace.now(), ms(11_000));
    }

    #[test]
    fn a_fast_clock_leaves_a_second_for_the_round_trip() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.observe(Some(0), 20.0, start);
        let limit = pace.limit(ms(5000));
        pace.observe(Some(6000), 20.0, start + ms(300));
        assert!(!pace.is_over(limit));
        pace.observe(Some(20_000), 20.0, start + ms(1000));
        assert!(pace.is_over(limit));
    }

    proptest! {
        #[test]
        fn time_never_goes_back(clocks in prop::collection::vec((0_u32..500_000, 1_u64..4000), 1..60), speed in -1.0..200.0_f64) {
            let start = Instant::now();
            let mut pace = Pace::new(start);
            let mut wall = start;
            let mut last = Duration::ZERO;
            for (boot_ms, step) in clocks {
                wall += ms(step);
                pace.observe(Some(boot_ms), speed, wall);
                prop_assert!(pace.now() >= last);
                last = pace.now();
            }
        }
    }
}
