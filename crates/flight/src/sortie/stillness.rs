//! Whether a flight goes on: a vehicle that neither moves nor gets on with its mission is stuck.

use std::time::Duration;

use survey::geodesy::{Wgs84, geodesic_distance_m};

/// Movement over the ground that is more than hovering in gusts, m.
const MOVED_M: f64 = 4.0;
/// Change of height that is more than hovering, m.
const CLIMBED_M: f64 = 2.0;

/// What counts as getting on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// The item it is at, by the vehicle's number.
    pub current: Option<u16>,
    /// The item it reached, by the vehicle's number.
    pub reached: Option<u16>,
    /// Exposures so far.
    pub captures: u32,
    pub position: Option<Wgs84>,
    pub height_above_home_m: Option<f64>,
}

/// Remembers the last sign of progress.
#[derive(Debug)]
pub(super) struct Stillness {
    mark: Progress,
    since: Duration,
}

impl Stillness {
    pub fn new(now: Duration) -> Self {
        Self {
            mark: Progress::default(),
            since: now,
        }
    }

    /// Takes in what is seen at `now` (vehicle time) and gives for how long nothing has changed.
    pub fn observe(&mut self, now: Duration, seen: Progress) -> Duration {
        if self.differs(&seen) {
            self.mark = seen;
            self.since = now;
        }
        now.saturating_sub(self.since)
    }

    /// Begins anew, after a time in which nothing could be seen.
    pub fn restart(&mut self, now: Duration) {
        self.since = now;
    }

    fn differs(&self, seen: &Progress) -> bool {
        let mark = &self.mark;
        if (seen.current, seen.reached, seen.captures) != (mark.current, mark.reached, mark.captures) {
            return true;
        }
        let moved = match (mark.position, seen.position) {
            (Some(a), Some(b)) => geodesic_distance_m(a, b) > MOVED_M,
            (None, Some(_first)) => true,
            _unknown => false,
        };
        let heights = mark.height_above_home_m.zip(seen.height_above_home_m);
        moved || heights.is_some_and(|(a, b)| (a - b).abs() > CLIMBED_M)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(value: u64) -> Duration {
        Duration::from_secs(value)
    }

    fn seen(current: u16, north_m: f64, height_m: f64) -> Progress {
        Progress {
            current: Some(current),
            position: Wgs84::new(31.0 + north_m / 111_000.0, 121.0).ok(),
            height_above_home_m: Some(height_m),
            ..Progress::default()
        }
    }

    #[test]
    fn hovering_in_gusts_is_standing_still() {
        let mut stillness = Stillness::new(secs(0));
        for second in 0..100 {
            let gust_m = if second % 2 == 0 { 1.5 } else { -1.5 };
            stillness.observe(secs(second), seen(3, gust_m, 40.0));
        }
        assert_eq!(stillness.observe(secs(100), seen(3, 0.0, 40.5)), secs(100));
    }

    #[test]
    fn slow_flight_climb_and_items_are_progress() {
        let mut stillness = Stillness::new(secs(0));
        for second in 0..100 {
            let still = stillness.observe(secs(second), seen(3, second as f64 * 0.5, 40.0));
            assert!(still < secs(12));
        }
        assert_eq!(stillness.observe(secs(100), seen(3, 50.0, 45.0)), secs(0));
        assert_eq!(stillness.observe(secs(150), seen(4, 50.0, 45.0)), secs(0));
        assert_eq!(stillness.observe(secs(160), seen(4, 50.0, 45.0)), secs(10));
        stillness.restart(secs(170));
        assert_eq!(stillness.observe(secs(175), seen(4, 50.0, 45.0)), secs(5));
    }
}
