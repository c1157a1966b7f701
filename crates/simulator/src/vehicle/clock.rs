//! The vehicle's clocks: time since boot, time since the start of the flight, and the date the flight happens on.

use super::body::STEP_S;

/// Microseconds of one step.
const STEP_US: i64 = (STEP_S * 1e6) as i64;
/// Microseconds between the starts of two flights.
const BETWEEN_STARTS_US: i64 = 30 * 60 * 1_000_000;
/// The date stands still this long before a start that has not happened yet.
const BEFORE_START_US: i64 = 1_000_000;
/// How long before the first start the vehicle is switched on.
const BOOT_BEFORE_START_US: i64 = 60 * 1_000_000;

/// Counts steps; dates follow from them, never from the wall clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct VehicleClock {
    boot_steps: u64,
    flight_steps: u64,
    flight_number: u32,
    start_unix_us: i64,
}

impl VehicleClock {
    /// A vehicle that has just been switched on.
    pub(super) fn new(start_unix_us: i64) -> Self {
        Self {
            boot_steps: 0,
            flight_steps: 0,
            flight_number: 0,
            start_unix_us,
        }
    }

    /// One step later.
    pub(super) fn step(&mut self) {
        self.boot_steps += 1;
        self.flight_steps += 1;
    }

    /// The vehicle leaves the ground for the next time.
    pub(super) fn start_flight(&mut self) {
        self.flight_number += 1;
        self.flight_steps = 0;
    }

    /// The autopilot restarts; the flight goes on without it.
    pub(super) fn reboot(&mut self) {
        self.boot_steps = 0;
    }

    /// Starts from the ground so far.
    pub(super) fn flight_number(&self) -> u32 {
        self.flight_number
    }

    /// Steps since boot.
    pub(super) fn boot_steps(&self) -> u64 {
        self.boot_steps
    }

    /// Seconds since boot.
    pub(super) fn boot_s(&self) -> f64 {
        self.boot_steps as f64 * STEP_S
    }

    /// Milliseconds since boot, as MAVLink counts them.
    pub(super) fn boot_ms(&self) -> u32 {
        (self.boot_steps * (STEP_US / 1000) as u64) as u32
    }

    /// Seconds since the last start (since boot before the first).
    pub(super) fn flight_s(&self) -> f64 {
        self.flight_steps as f64 * STEP_S
    }

    /// The date, microseconds since 1970. It stands still shortly before the next start, however long that takes to
    /// come, so that it never runs backwards.
    pub(super) fn unix_us(&self) -> i64 {
        let since = self.flight_steps as i64 * STEP_US;
        if self.flight_number == 0 {
            return self.start_unix_us - BOOT_BEFORE_START_US
                + since.min(BOOT_BEFORE_START_US - BEFORE_START_US);
        }
        let start = self.start_unix_us + i64::from(self.flight_number - 1) * BETWEEN_STARTS_US;
        start + since.min(BETWEEN_STARTS_US - BEFORE_START_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_happen_on_the_half_hour_and_the_date_never_runs_backwards() {
        let mut clock = VehicleClock::new(1_000_000_000_000);
        let mut last = 0;
        for step in 0..400_000u32 {
            if step == 10_000 || step == 150_000 {
                clock.start_flight();
                assert_eq!((clock.unix_us() - 1_000_000_000_000) % BETWEEN_STARTS_US, 0);
            }
            assert!(clock.unix_us() >= last);
            last = clock.unix_us();
            clock.step();
        }
        assert_eq!(clock.flight_number(), 2);
    }
}
