//! What can be made to go wrong with a vehicle, by name: the values of `--fault`.

mod camera;
mod flight;
mod line;
mod protocol;

use std::str::FromStr;

use thiserror::Error;

pub use camera::{CAMERA_FAULTS, CameraFaults};
pub use flight::{FLIGHT_FAULTS, FlightFaults};
pub(crate) use flight::{GUST_MS, GUST_S, SAG_PERCENT_PER_S, SAG_TO_PERCENT, STRAY_MS};
pub use line::{LINE_FAULTS, LineFaults};
pub use protocol::{PROTOCOL_FAULTS, ProtocolFaults};

/// Everything that may go wrong; the default is a vehicle without faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VehicleFaults {
    /// `silent`: the radio is dead; nothing is sent and nothing heard.
    pub silent: bool,
    /// `late=1500`: every answer leaves that many milliseconds (wall clock) late; streams do not.
    pub late_ms: Option<u64>,
    /// `refuse_arming`: arming is refused with "Arm: Compass not healthy".
    pub refuse_arming: bool,
    /// `drop=0.2`: that part of all frames is lost, each way, by a seeded die.
    pub drop: Option<f64>,
    /// `reboot_at=60`: that many vehicle seconds after the start the autopilot restarts in flight: no link for
    /// 3 s, boot clock from zero, motors off, and the vehicle falls where it is.
    pub reboot_at_s: Option<f64>,
    /// `same_system_id=1`: speaks under another vehicle's system id.
    pub same_system_id: Option<u8>,
    /// `clock_off=3600`: the vehicle's UTC is that many seconds fast (negative: slow).
    pub clock_off_s: Option<f64>,
    /// `misfire=5`: every 5th trigger is reported but takes no picture.
    pub misfire: Option<u32>,
    /// `silent_capture=5`: every 5th picture is taken but its report never leaves the vehicle.
    pub silent_capture: Option<u32>,
    /// `lose_final_ack`: the first MISSION_ACK that ends an upload is lost.
    pub lose_final_ack: bool,
    /// `late_gps=60`: the position estimate needs that many vehicle seconds after boot; arming is refused until then.
    pub late_gps_s: Option<f64>,
    /// `low_battery=28`: the battery starts at that many percent.
    pub low_battery_percent: Option<f64>,
    /// `gps_jump=8`: from 40 vehicle seconds after the start the believed position is that many metres east of the true one.
    pub gps_jump_m: Option<f64>,
    /// `lost_link_at=50`: from that many vehicle seconds after the start the radio is dead for good, both ways.
    pub lost_link_at_s: Option<f64>,
    /// `refuse_upload`: every mission upload ends with MISSION_ACK NO_SPACE.
    pub refuse_upload: bool,
    /// `altered_item=3`: the item with that sequence number is kept 5 m higher than it was sent.
    pub altered_item: Option<u16>,
    /// `no_takeoff`: arms, accepts the start and stays on the ground until it disarms itself.
    pub no_takeoff: bool,
    /// `new_parameter_names`: has the parameter names of ArduCopter 4.7 (MAV_GCS_SYSID, RTL_ALT_M).
    pub new_parameter_names: bool,
    /// `stubborn_parameters`: repeats every parameter that is set as if it had kept it, and keeps the old value.
    pub stubborn_parameters: bool,
    /// `asks_authorisation`: asks the ground station for leave before it arms.
    pub asks_authorisation: bool,
    /// `events_only`: says by EVENT, without words, why it does not arm.
    pub events_only: bool,
    /// `signing_key=HEX`: the vehicle has that MAVLink 2 signing key (64 hexadecimal digits) from the start.
    pub signing_key: Option<[u8; 32]>,
    /// `signing_ignored_setup`: SETUP_SIGNING has no effect.
    pub signing_ignored_setup: bool,
    /// What the line does to frames.
    pub line: LineFaults,
    /// What it gets wrong in the protocols.
    pub protocol: ProtocolFaults,
    /// What goes wrong with the machine.
    pub flight: FlightFaults,
    /// What is wrong with the reports of exposures.
    pub camera: CameraFaults,
}

/// A fault nobody knows, or a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// No fault of that name.
    #[error("unknown vehicle fault {0:?}")]
    Unknown(String),
    /// The fault needs a number behind `=`.
    #[error("vehicle fault {name:?} needs a value, as in {name}={example}; got {value:?}")]
    Value {
        /// Fault.
        name: String,
        /// What was given.
        value: String,
        /// A value that would do.
        example: &'static str,
    },
}

impl VehicleFaults {
    /// Adds one fault, `name` or `name=value`.
    ///
    /// # Errors
    /// An unknown name, or a value that is missing or no number in range.
    pub fn add(&mut self, text: &str) -> Result<(), FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), value.trim()),
            None => (text.trim(), ""),
        };
        let given = Given { name, value };
        match name {
            "silent" => self.silent = true,
            "refuse_arming" => self.refuse_arming = true,
            "lose_final_ack" => self.lose_final_ack = true,
            "refuse_upload" => self.refuse_upload = true,
            "no_takeoff" => self.no_takeoff = true,
            "new_parameter_names" => self.new_parameter_names = true,
            "asks_authorisation" => self.asks_authorisation = true,
            "events_only" => self.events_only = true,
            "stubborn_parameters" => self.stubborn_parameters = true,
            "signing_ignored_setup" => self.signing_ignored_setup = true,
            "signing_key" => self.signing_key = Some(given.key()?),
            "late" => self.late_ms = Some(given.number("1500", 0.0, 600_000.0)? as u64),
            "drop" => self.drop = Some(given.number("0.2", 0.0, 1.0)?),
            "reboot_at" => self.reboot_at_s = Some(given.number("60", 0.0, 86_400.0)?),
            "same_system_id" => self.same_system_id = Some(given.number("1", 1.0, 255.0)? as u8),
            "clock_off" => self.clock_off_s = Some(given.number("3600", -1e9, 1e9)?),
            "misfire" => self.misfire = Some(given.number("5", 1.0, 1e6)? as u32),
            "silent_capture" => self.silent_capture = Some(given.number("5", 1.0, 1e6)? as u32),
            "late_gps" => self.late_gps_s = Some(given.number("60", 0.0, 86_400.0)?),
            "low_battery" => self.low_battery_percent = Some(given.number("28", 0.0, 100.0)?),
            "gps_jump" => self.gps_jump_m = Some(given.number("8", -1e4, 1e4)?),
            "lost_link_at" => self.lost_link_at_s = Some(given.number("50", 0.0, 86_400.0)?),
            "altered_item" => self.altered_item = Some(given.number("3", 0.0, 65_535.0)? as u16),
            _ => return self.add_to_a_group(&given),
        }
        Ok(())
    }

    fn add_to_a_group(&mut self, given: &Given<'_>) -> Result<(), FaultError> {
        let known = self.line.add(given)?
            || self.protocol.add(given)?
            || self.flight.add(given)?
            || self.camera.add(given)?;
        match known {
            true => Ok(()),
            false => Err(FaultError::Unknown(given.name.to_owned())),
        }
    }
}

impl FromStr for VehicleFaults {
    type Err = FaultError;

    /// One fault, or several with commas between; an empty text has none.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = Self::default();
        let mut whole = String::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            // A number on its own is the second value of the fault before it.
            if part.trim().parse::<f64>().is_ok() && !whole.is_empty() {
                whole.push(',');
                whole.push_str(part);
                continue;
            }
            if !whole.is_empty() {
                faults.add(&whole)?;
            }
            part.clone_into(&mut whole);
        }
        if !whole.is_empty() {
            faults.add(&whole)?;
        }
        Ok(faults)
    }
}

/// One `name=value`.
struct Given<'a> {
    name: &'a str,
    value: &'a str,
}

impl Given<'_> {
    fn number(&self, example: &'static str, low: f64, high: f64) -> Result<f64, FaultError> {
        match self.value.parse::<f64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(FaultError::Value {
                name: self.name.to_owned(),
                value: self.value.to_owned(),
                example,
            }),
        }
    }
}

impl Given<'_> {
    fn key(&self) -> Result<[u8; 32], FaultError> {
        let mut key = [0; 32];
        match hex::decode_to_slice(self.value, &mut key) {
            Ok(()) => Ok(key),
            Err(_no_key) => Err(FaultError::Value {
                name: self.name.to_owned(),
                value: self.value.to_owned(),
                example: "00112233…(64 hexadecimal digits)",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_values_are_read() {
        let faults: VehicleFaults = "drop=0.2,refuse_arming, late=1500".parse().unwrap();
        assert_eq!(faults.drop, Some(0.2));
        assert!(faults.refuse_arming);
        assert_eq!(faults.late_ms, Some(1500));
        assert_eq!("".parse::<VehicleFaults>().unwrap(), VehicleFaults::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        assert_eq!(
            "droop=1".parse::<VehicleFaults>(),
            Err(FaultError::Unknown("droop".to_owned()))
        );
        for bad in [
            "drop",
            "drop=2",
            "late=-1",
            "late=soon",
            "same_system_id=0",
            "misfire=0",
            "drop=NaN",
            "signing_key=abc",
        ] {
            assert!(
                matches!(bad.parse::<VehicleFaults>(), Err(FaultError::Value { .. })),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = text.parse::<VehicleFaults>();
        }
    }
}
