//! What may go wrong with a vehicle as a machine: estimator, arming, clock, battery, wind.

use super::{FaultError, Given};

/// Every fault of the machine: name, value it takes (empty for none), and what it does.
pub const FLIGHT_FAULTS: &[(&str, &str, &str)] = &[
    (
        "prearm_lies",
        "S",
        "the pre-arm bit is healthy at once, the position estimate in use only S vehicle seconds after boot",
    ),
    (
        "auto_disarm",
        "S",
        "armed for the first time it ignores a start and disarms itself after S vehicle seconds",
    ),
    (
        "clock_jump_at",
        "S,DELTA",
        "S vehicle seconds after the start its UTC jumps by DELTA seconds (default 3600)",
    ),
    (
        "battery_sag_at",
        "S",
        "S vehicle seconds after the start the battery falls by 8 percent a second, down to 15 percent",
    ),
    (
        "gust_at",
        "S",
        "for 20 s, from S city seconds after take-off, a gust of 14 m/s more pushes the vehicle; the mast sees it",
    ),
    (
        "strays_at",
        "S",
        "for 10 s, from S vehicle seconds after the start, the vehicle is carried to the east at 9 m/s",
    ),
];

/// Length of the gust, seconds.
pub(crate) const GUST_S: f64 = 20.0;
/// How much stronger the wind is in the gust, m/s.
pub(crate) const GUST_MS: f64 = 14.0;
/// How long the vehicle strays, seconds.
pub(crate) const STRAY_S: f64 = 10.0;
/// How fast it strays, m/s.
pub(crate) const STRAY_MS: f64 = 9.0;
/// How fast a sagging battery falls, percent per second.
pub(crate) const SAG_PERCENT_PER_S: f64 = 8.0;
/// How far a sagging battery falls, percent.
pub(crate) const SAG_TO_PERCENT: f64 = 15.0;
/// How far the clock jumps if nothing is said, seconds.
const JUMP_S: f64 = 3600.0;

/// Faults of the machine; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlightFaults {
    /// `prearm_lies=40`: vehicle seconds from boot to the position estimate, with a healthy pre-arm bit before.
    pub prearm_lies_s: Option<f64>,
    /// `auto_disarm=2`: vehicle seconds after which it disarms itself when armed for the first time.
    pub auto_disarm_s: Option<f64>,
    /// `clock_jump_at=30,3600`: vehicle seconds after the start, and by how many seconds its UTC jumps.
    pub clock_jump: Option<(f64, f64)>,
    /// `battery_sag_at=30`: vehicle seconds after the start from which the battery falls.
    pub battery_sag_at_s: Option<f64>,
    /// `gust_at=20`: vehicle seconds after the start at which the gust begins.
    pub gust_at_s: Option<f64>,
    /// `strays_at=30`: vehicle seconds after the start at which it is carried to the east.
    pub strays_at_s: Option<f64>,
}

impl FlightFaults {
    /// Sets the fault if it is one of these; `false` if not.
    pub(super) fn add(&mut self, given: &Given<'_>) -> Result<bool, FaultError> {
        match given.name {
            "prearm_lies" => self.prearm_lies_s = Some(given.number("40", 0.0, 86_400.0)?),
            "auto_disarm" => self.auto_disarm_s = Some(given.number("2", 0.0, 86_400.0)?),
            "clock_jump_at" => self.clock_jump = Some(jump(given)?),
            "battery_sag_at" => self.battery_sag_at_s = Some(given.number("30", 0.0, 86_400.0)?),
            "gust_at" => self.gust_at_s = Some(given.number("20", 0.0, 86_400.0)?),
            "strays_at" => self.strays_at_s = Some(given.number("30", 0.0, 86_400.0)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the vehicle strays at this many seconds after the start.
    pub(crate) fn strays(&self, flight_s: f64) -> bool {
        self.strays_at_s
            .is_some_and(|at| (at..at + STRAY_S).contains(&flight_s))
    }

    /// Whether the gust blows at this many seconds after the start.
    pub(crate) fn is_gusty(&self, flight_s: f64) -> bool {
        self.gust_at_s
            .is_some_and(|at| (at..at + GUST_S).contains(&flight_s))
    }
}

fn jump(given: &Given<'_>) -> Result<(f64, f64), FaultError> {
    let (at, delta) = match given.value.split_once(',') {
        Some((at, delta)) => (at.trim(), Some(delta.trim())),
        None => (given.value, None),
    };
    let part = |value| Given {
        name: given.name,
        value,
    };
    let delta_s = delta.map(|delta| part(delta).number("30,3600", -1e9, 1e9));
    Ok((
        part(at).number("30,3600", 0.0, 86_400.0)?,
        delta_s.transpose()?.unwrap_or(JUMP_S),
    ))
}

#[cfg(test)]
mod tests {
    use crate::vehicle::VehicleFaults;

    #[test]
    fn a_jump_has_a_moment_and_perhaps_a_size() {
        let faults: VehicleFaults = "drop=0.1,clock_jump_at=30,-7,misfire=2".parse().unwrap();
        assert_eq!(faults.flight.clock_jump, Some((30.0, -7.0)));
        assert_eq!((faults.drop, faults.misfire), (Some(0.1), Some(2)));
        let faults: VehicleFaults = "clock_jump_at=12".parse().unwrap();
        assert_eq!(faults.flight.clock_jump, Some((12.0, 3600.0)));
        assert!("clock_jump_at=1,soon".parse::<VehicleFaults>().is_err());
    }
}
