//! What can be wrong with a dock, by name.

/// Every fault of a dock: name, value it takes (empty for none), and what it does.
pub const DOCK_FAULTS: [(&str, &str, &str); 11] = [
    ("lid_stuck", "", "the lid does not move when it is told to open"),
    (
        "lid_stuck_on_return",
        "",
        "the lid does not move when it is told to open while the vehicle is in the air",
    ),
    ("lid_half", "", "the lid stops half open"),
    ("slow_lid", "", "the lid takes five times as long"),
    (
        "dock_offline",
        "SECONDS",
        "the dock drops off its broker for good, SECONDS (default 0) after the start, without a goodbye",
    ),
    (
        "dock_offline_in_flight",
        "SECONDS",
        "the dock drops off its broker for good, SECONDS of city time after take-off, without a goodbye",
    ),
    (
        "wind",
        "M_PER_S",
        "the mast reports this mean wind, gusts a third stronger",
    ),
    (
        "rain",
        "LEVEL",
        "the gauge reports this level: 0 none, 1 light, 2 moderate, 3 heavy",
    ),
    (
        "emergency_stop",
        "",
        "the emergency stop is pressed: lid and charger refuse",
    ),
    (
        "no_vehicle",
        "",
        "the dock stands empty and no vehicle is on the air",
    ),
    ("dock_mute", "", "the dock hears commands and never answers them"),
];

/// Faults of one dock; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DockFaults {
    /// The lid does not leave its seat.
    pub lid_stuck: bool,
    /// The lid does not leave its seat while the vehicle is in the air.
    pub lid_stuck_on_return: bool,
    /// The lid stops half way up.
    pub lid_half: bool,
    /// The lid takes five times as long.
    pub slow_lid: bool,
    /// Wall seconds after the start at which the dock drops off its broker for good.
    pub offline_after_s: Option<f64>,
    /// City seconds after the vehicle's take-off at which the dock drops off its broker for good.
    pub offline_in_flight_s: Option<f64>,
    /// City seconds after the vehicle's take-off at which the mast sees a gust; a fault of vehicle and dock.
    pub gust_at_s: Option<f64>,
    /// Mean wind that the mast reports, metres per second.
    pub wind_ms: Option<f64>,
    /// Rain level that the gauge reports, 0 to 3.
    pub rain_level: Option<u8>,
    /// The emergency stop is pressed.
    pub emergency_stop: bool,
    /// No vehicle stands in the dock, and none is simulated for it.
    pub no_vehicle: bool,
    /// Commands are heard and never answered.
    pub mute: bool,
}

/// Why a fault could not be set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FaultProblem {
    /// No dock fault has this name.
    #[error("'{name}' is no fault of a dock")]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The value is missing, superfluous or out of range.
    #[error("fault '{name}' {wanted}, found {found:?}")]
    Value {
        /// The fault.
        name: String,
        /// What it takes.
        wanted: &'static str,
        /// What was given.
        found: String,
    },
}

impl DockFaults {
    /// Sets the fault `name`, with the text after `=` if there was one.
    ///
    /// # Errors
    /// [`FaultProblem`] when the name is unknown or the value does not fit.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultProblem> {
        match name {
            "dock_offline" => {
                self.offline_after_s = Some(match value {
                    None => 0.0,
                    Some(_) => number_above(name, value, 0.0)?,
                });
                return Ok(());
            }
            "dock_offline_in_flight" => self.offline_in_flight_s = Some(number_above(name, value, 0.0)?),
            "wind" => self.wind_ms = Some(number_above(name, value, 0.0)?),
            "rain" => self.rain_level = Some(rain_level(name, value)?),
            _ => return self.set_switch(name, value),
        }
        Ok(())
    }

    fn set_switch(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultProblem> {
        let switch = match name {
            "lid_stuck" => &mut self.lid_stuck,
            "lid_stuck_on_return" => &mut self.lid_stuck_on_return,
            "lid_half" => &mut self.lid_half,
            "slow_lid" => &mut self.slow_lid,
            "emergency_stop" => &mut self.emergency_stop,
            "no_vehicle" => &mut self.no_vehicle,
            "dock_mute" => &mut self.mute,
            _ => {
                return Err(FaultProblem::Unknown {
                    name: name.to_owned(),
                });
            }
        };
        if value.is_some() {
            return Err(wrong(name, "takes no value", value));
        }
        *switch = true;
        Ok(())
    }
}

/// A finite number of at least `least` for the fault `name`.
///
/// # Errors
/// [`FaultProblem::Value`] when it is missing or no such number.
pub fn number_above(name: &str, value: Option<&str>, least: f64) -> Result<f64, FaultProblem> {
    value
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite() && *number >= least)
        .ok_or_else(|| wrong(name, "takes a number, not negative", value))
}

/// A whole number of at least `least` for the fault `name`.
///
/// # Errors
/// [`FaultProblem::Value`] when it is missing or no such number.
pub fn whole_above(name: &str, value: Option<&str>, least: u32) -> Result<u32, FaultProblem> {
    value
        .and_then(|text| text.parse::<u32>().ok())
        .filter(|number| *number >= least)
        .ok_or_else(|| wrong(name, "takes a whole number, 1 or more", value))
}

fn rain_level(name: &str, value: Option<&str>) -> Result<u8, FaultProblem> {
    value
        .and_then(|text| text.parse::<u8>().ok())
        .filter(|level| *level <= 3)
        .ok_or_else(|| wrong(name, "takes a level of 0, 1, 2 or 3", value))
}

fn wrong(name: &str, wanted: &'static str, value: Option<&str>) -> FaultProblem {
    FaultProblem::Value {
        name: name.to_owned(),
        wanted,
        found: value.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_fault_can_be_set() {
        for (name, takes, _) in DOCK_FAULTS {
            let mut faults = DockFaults::default();
            let value = (!takes.is_empty()).then_some("3");
            faults.set(name, value).unwrap();
            assert_ne!(faults, DockFaults::default(), "{name} does something");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        let mut faults = DockFaults::default();
        let cases = [
            ("rain", Some("4")),
            ("wind", None),
            ("wind", Some("-1")),
            ("wind", Some("NaN")),
            ("lid_half", Some("2")),
            ("dock_offline", Some("soon")),
            ("gremlins", None),
        ];
        for (name, value) in cases {
            let problem = faults.set(name, value).unwrap_err().to_string();
            assert!(problem.contains(name), "{problem}");
        }
        assert_eq!(faults, DockFaults::default());
    }
}
