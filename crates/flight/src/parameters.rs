//! Parameters by name, read and set, with a reading back. The two firmwares carry integers differently inside the one
//! float of the message: PX4 puts the bits of the integer there, ArduPilot its value.

use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{
    MavMessage, MavParamType, PARAM_REQUEST_READ_DATA, PARAM_SET_DATA, PARAM_VALUE_DATA,
};
use thiserror::Error;
use tokio::sync::broadcast::Receiver;

pub mod bulk;

use crate::telemetry::Autopilot;
use crate::vehicle::{SendError, Turn, Vehicle, VehicleMessage};

const AUTOPILOT_COMPONENT: u8 = 1;
/// Longest name, bytes.
const NAME_BYTES: usize = 16;
/// Wait for one answer, and how often to ask.
const PATIENCE: Duration = Duration::from_millis(1000);
const TRIES: u32 = 6;
/// A value that differs is read so often before it counts: the line may bring an old one late.
const LOOKS: u32 = 3;
/// Between two looks. Wall.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Single precision noise, relative.
const NOISE: f64 = 1e-6;

/// Why a parameter could not be read or set.
#[derive(Debug, Error)]
pub enum ParameterError {
    /// Empty, too long, or not ASCII.
    #[error("`{name}` is no parameter name: 1 to 16 characters of ASCII")]
    BadName {
        /// As given.
        name: String,
    },
    /// No answer; vehicles stay silent about names they do not have.
    #[error("vehicle {system_id} does not answer for parameter {name}; it may not have it")]
    NoAnswer {
        /// The vehicle.
        system_id: u8,
        /// The parameter.
        name: String,
    },
    /// The value does not fit the parameter's type.
    #[error("{value} cannot be set: parameter {name} is {kind:?}")]
    DoesNotFit {
        /// The parameter.
        name: String,
        /// What was to be set.
        value: f64,
        /// Its type.
        kind: MavParamType,
    },
    /// Read back, it is not what was set.
    #[error("vehicle {system_id} keeps {name} at {found} instead of {wanted}")]
    Differs {
        /// The vehicle.
        system_id: u8,
        /// The parameter.
        name: String,
        /// What was to be set.
        wanted: f64,
        /// What it is.
        found: f64,
    },
    /// Two vehicles share one number.
    #[error("two vehicles use the number {system_id}: no parameter is set before one of them is renumbered")]
    TwoVehicles {
        /// The number.
        system_id: u8,
    },
    /// It could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
}

impl Vehicle {
    /// The value of a parameter.
    ///
    /// # Errors
    /// [`ParameterError`].
    pub async fn parameter(&self, name: &str) -> Result<f64, ParameterError> {
        check_name(name)?;
        let lock = self.turn(Turn::Parameters);
        let _turn = lock.lock().await;
        let (value, kind) = self.read_parameter(name).await?;
        Ok(decoded(value, kind, self.telemetry().autopilot))
    }

    /// Sets a parameter and reads it back; the value as the vehicle keeps it.
    ///
    /// # Errors
    /// [`ParameterError`]; after `Differs` and `NoAnswer` the parameter may have either value.
    pub async fn set_parameter(&self, name: &str, value: f64) -> Result<f64, ParameterError> {
        check_name(name)?;
        let system_id = self.system_id();
        if self.conflict() {
            return Err(ParameterError::TwoVehicles { system_id });
        }
        let lock = self.turn(Turn::Parameters);
        let _turn = lock.lock().await;
        let autopilot = self.telemetry().autopilot;
        let (_before, kind) = self.read_parameter(name).await?;
        let param_value = encoded(value, kind, autopilot).ok_or_else(|| ParameterError::DoesNotFit {
            name: name.to_owned(),
            value,
            kind,
        })?;
        let message = MavMessage::PARAM_SET(PARAM_SET_DATA {
            param_value,
            target_system: system_id,
            target_component: AUTOPILOT_COMPONENT,
            param_id: name.into(),
            param_type: kind,
        });
        // The vehicle answers with the value it keeps; reading proves it whether or not that answer came.
        let _echo = self.ask(name, &message).await?;
        let mut found = value;
        for _look in 0..LOOKS {
            let (told, kind) = self.read_parameter(name).await?;
            found = decoded(told, kind, autopilot);
            if same(found, value) {
                return Ok(found);
            }
            // What was heard may be a late copy of an answer from before; what the vehicle keeps, it says again.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(ParameterError::Differs {
            system_id,
            name: name.to_owned(),
            wanted: value,
            found,
        })
    }

    async fn read_parameter(&self, name: &str) -> Result<(f32, MavParamType), ParameterError> {
        let message = MavMessage::PARAM_REQUEST_READ(PARAM_REQUEST_READ_DATA {
            param_index: -1,
            target_system: self.system_id(),
            target_component: AUTOPILOT_COMPONENT,
            param_id: name.into(),
        });
        self.ask(name, &message).await
    }

    async fn ask(&self, name: &str, message: &MavMessage) -> Result<(f32, MavParamType), ParameterError> {
        let mut messages = self.subscribe();
        for _try in 0..TRIES {
            self.send(message).await?;
            if let Some(data) = value_of(&mut messages, name, Instant::now() + PATIENCE).await {
                return Ok((data.param_value, data.param_type));
            }
        }
        Err(ParameterError::NoAnswer {
            system_id: self.system_id(),
            name: name.to_owned(),
        })
    }
}

async fn value_of(
    messages: &mut Receiver<VehicleMessage>,
    name: &str,
    until: Instant,
) -> Option<PARAM_VALUE_DATA> {
    loop {
        let received = tokio::time::timeout_at(until.into(), messages.recv())
            .await
            .ok()?;
        // Lost messages are asked for again like those that the line lost.
        let Ok(message) = received else {
            continue;
        };
        if message.header.component_id != AUTOPILOT_COMPONENT {
            continue;
        }
        if let MavMessage::PARAM_VALUE(data) = message.message.as_ref()
            && data.param_id.to_str() == Ok(name)
        {
            return Some(data.clone());
        }
    }
}

/// Whether two values are one in single precision.
pub(crate) fn same(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= NOISE * wanted.abs().max(1e-3)
}

fn check_name(name: &str) -> Result<(), ParameterError> {
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ParameterError::BadName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

fn carries_bits(kind: MavParamType, autopilot: Autopilot) -> bool {
    autopilot == Autopilot::Px4 && kind != MavParamType::MAV_PARAM_TYPE_REAL32
}

/// <https://mavlink.io/en/services/parameter.html#parameter_encoding>
fn decoded(value: f32, kind: MavParamType, autopilot: Autopilot) -> f64 {
    if !carries_bits(kind, autopilot) {
        return f64::from(value);
    }
    let bits = value.to_bits();
    let [low, second, ..] = bits.to_le_bytes();
    match kind {
        MavParamType::MAV_PARAM_TYPE_UINT8 => f64::from(low),
        MavParamType::MAV_PARAM_TYPE_INT8 => f64::from(low.cast_signed()),
        MavParamType::MAV_PARAM_TYPE_UINT16 => f64::from(u16::from_le_bytes([low, second])),
        MavParamType::MAV_PARAM_TYPE_INT16 => f64::from(i16::from_le_bytes([low, second])),
        MavParamType::MAV_PARAM_TYPE_UINT32 => f64::from(bits),
        MavParamType::MAV_PARAM_TYPE_INT32 => f64::from(bits.cast_signed()),
        _ => f64::from(value),
    }
}

/// None for values that the parameter's type cannot hold.
fn encoded(value: f64, kind: MavParamType, autopilot: Autopilot) -> Option<f32> {
    let (least, most) = match kind {
        MavParamType::MAV_PARAM_TYPE_UINT8 => (0.0, f64::from(u8::MAX)),
        MavParamType::MAV_PARAM_TYPE_INT8 => (f64::from(i8::MIN), f64::from(i8::MAX)),
        MavParamType::MAV_PARAM_TYPE_UINT16 => (0.0, f64::from(u16::MAX)),
        MavParamType::MAV_PARAM_TYPE_INT16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
        MavParamType::MAV_PARAM_TYPE_UINT32 => (0.0, f64::from(u32::MAX)),
        MavParamType::MAV_PARAM_TYPE_INT32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => return value.is_finite().then_some(value as f32),
    };
    if value.fract() != 0.0 || !(least..=most).contains(&value) {
        return None;
    }
    if !carries_bits(kind, autopilot) {
        return Some(value as f32);
    }
    // The range was checked: the lowest bytes of the wide integer are those of the narrow one.
    Some(f32::from_bits((value as i64) as u32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INT32: MavParamType = MavParamType::MAV_PARAM_TYPE_INT32;

    #[test]
    fn integers_are_bits_to_px4_and_values_to_ardupilot() {
        assert_eq!(encoded(5.0, INT32, Autopilot::ArduPilot), Some(5.0));
        assert_eq!(encoded(5.0, INT32, Autopilot::Px4).unwrap().to_bits(), 5);
        assert_eq!(decoded(f32::from_bits(5), INT32, Autopilot::Px4), 5.0);
        assert_eq!(decoded(5.0, INT32, Autopilot::ArduPilot), 5.0);
        assert_eq!(
            encoded(0.5, MavParamType::MAV_PARAM_TYPE_REAL32, Autopilot::Px4),
            Some(0.5)
        );
    }

    #[test]
    fn values_that_do_not_fit_are_not_sent() {
        assert_eq!(encoded(1.5, INT32, Autopilot::ArduPilot), None);
        assert_eq!(
            encoded(300.0, MavParamType::MAV_PARAM_TYPE_UINT8, Autopilot::Px4),
            None
        );
        assert_eq!(
            encoded(f64::NAN, MavParamType::MAV_PARAM_TYPE_REAL32, Autopilot::Px4),
            None
        );
        assert!(check_name("FS_GCS_ENABLE").is_ok());
        assert!(check_name("").is_err());
        assert!(check_name("SEVENTEEN_LETTERS").is_err());
    }

    proptest! {
        #[test]
        fn every_integer_survives_px4(value in any::<i32>(), narrow in any::<i8>(), wide in any::<u32>()) {
            for (value, kind) in [
                (f64::from(value), INT32),
                (f64::from(narrow), MavParamType::MAV_PARAM_TYPE_INT8),
                (f64::from(wide), MavParamType::MAV_PARAM_TYPE_UINT32),
            ] {
                let sent = encoded(value, kind, Autopilot::Px4).unwrap();
                prop_assert_eq!(decoded(sent, kind, Autopilot::Px4), value);
            }
        }
    }
}
