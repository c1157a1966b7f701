//! The clock of the simulated city: starts at a given instant and runs a given number of times faster than the
//! wall clock. Docks and weather live by it; deadlines of messages go by the wall clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// City time, shared by all docks of a run.
#[derive(Clone, Copy, Debug)]
pub struct CityClock {
    start_unix_us: i64,
    speed: f64,
    began: Instant,
}

impl CityClock {
    /// A clock that shows `start_unix_us` (microseconds since 1970 UTC) now and runs `speed` times as fast as the
    /// wall clock from here on.
    pub fn starting_now(start_unix_us: i64, speed: f64) -> Self {
        Self {
            start_unix_us,
            speed,
            began: Instant::now(),
        }
    }

    /// City time, microseconds since 1970 UTC.
    pub fn now_us(&self) -> i64 {
        self.start_unix_us + (self.began.elapsed().as_secs_f64() * self.speed * 1e6) as i64
    }

    /// When the city began, microseconds since 1970 UTC.
    pub fn start_unix_us(&self) -> i64 {
        self.start_unix_us
    }

    /// City seconds per wall second.
    pub fn speed(&self) -> f64 {
        self.speed
    }
}

/// Wall time in milliseconds since 1970 UTC; 0 on a machine whose clock stands before 1970.
pub fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_city_runs_faster_than_the_wall() {
        let clock = CityClock::starting_now(1_000_000, 100.0);
        std::thread::sleep(Duration::from_millis(20));
        let passed_us = clock.now_us() - 1_000_000;
        assert!((2_000_000..20_000_000).contains(&passed_us), "{passed_us}");
    }
}
