//! The city's clock: what the calendar, rules and people go by. In service it is the wall clock; for a simulated
//! day it starts anywhere and may run faster. Protocol timers never use it.

use std::time::Duration;

use survey::time::UtcMicros;

use crate::clock;

/// The present of the city.
#[derive(Debug, Clone, Copy)]
pub enum CityClock {
    /// The wall clock.
    Wall,
    /// A simulated day.
    Simulated {
        /// City time at the anchor.
        from: UtcMicros,
        /// Wall time when it was `from`; a restarted program that is told the same three goes on in the same day.
        anchor: UtcMicros,
        /// City seconds per second.
        speed: f64,
    },
}

impl CityClock {
    /// A clock that shows `from` now and runs at `speed`.
    pub fn simulated(from: UtcMicros, speed: f64) -> Self {
        Self::Simulated {
            from,
            anchor: clock::now(),
            speed,
        }
    }

    /// City time now.
    pub fn now(&self) -> UtcMicros {
        match self {
            Self::Wall => clock::now(),
            Self::Simulated { from, anchor, speed } => {
                // Far below 2^53 microseconds, where f64 is exact.
                UtcMicros(from.0 + ((clock::now().0 - anchor.0) as f64 * speed) as i64)
            }
        }
    }

    /// City seconds per second.
    pub fn speed(&self) -> f64 {
        match self {
            Self::Wall => 1.0,
            Self::Simulated { speed, .. } => *speed,
        }
    }

    /// Whether this is not the real time.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated { .. })
    }

    /// How long `city_s` seconds of the city take on the wall.
    pub fn wall_time(&self, city_s: f64) -> Duration {
        Duration::from_secs_f64((city_s / self.speed()).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_starts_where_it_is_told_and_runs_as_fast_as_it_is_told() {
        let clock = CityClock::simulated(UtcMicros(1_000_000_000), 1000.0);
        std::thread::sleep(Duration::from_millis(20));
        let passed = clock.now().0 - 1_000_000_000;
        assert!(passed >= 20_000_000, "{passed}");
        assert_eq!(clock.wall_time(8000.0), Duration::from_secs(8));
    }
}
