//! `hms`: what dock and aircraft say of their own health.

use serde_json::Value;

use super::property::{at, flag, text, whole};

/// Most alarms that are looked at in one message; the documentation allows 20.
const MOST: usize = 40;

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its number, such as `0x16100083`, in lower case.
    pub code: String,
    /// 0 a note, 1 a reminder, 2 a warning.
    pub level: Option<i64>,
    /// Whether it is raised in flight.
    pub in_the_sky: bool,
    /// Whether it goes away by itself.
    pub imminent: bool,
    /// Domain, type and subtype of the device it is about, such as `3-2-0`.
    pub device_type: Option<String>,
    /// Which part of several, from 0.
    pub component_index: Option<i64>,
    /// Which sensor of several, from 0.
    pub sensor_index: Option<i64>,
}

impl Alarm {
    /// Whether it is about the dock (domain 3) and not about the aircraft.
    #[must_use]
    pub fn is_of_dock(&self) -> bool {
        match &self.device_type {
            Some(key) => key.starts_with("3-"),
            None => self.code.starts_with("0x12") || self.code.starts_with("0x1911"),
        }
    }

    /// Those in a message; alarms without a code are left out.
    pub(super) fn all_in(data: &Value) -> Option<Vec<Self>> {
        let list = at(data, &["list"])?.as_array()?;
        Some(list.iter().take(MOST).filter_map(Self::of).collect())
    }

    fn of(value: &Value) -> Option<Self> {
        let code = text(value, &["code"])?.trim().to_ascii_lowercase();
        if code.is_empty() || code.len() > 64 {
            return None;
        }
        Some(Self {
            code,
            level: whole(value, &["level"]),
            in_the_sky: flag(value, &["in_the_sky"]).unwrap_or(false),
            imminent: flag(value, &["imminent"]).unwrap_or(false),
            device_type: text(value, &["device_type"]),
            component_index: whole(value, &["args", "component_index"]),
            sensor_index: whole(value, &["args", "sensor_index"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn alarms_are_read_and_nameless_ones_left_out() {
        let data = json!({"list": [
            {"code": "0x16100083", "level": 2, "in_the_sky": 0, "imminent": 1, "device_type": "0-67-0",
             "args": {"component_index": 0, "sensor_index": 0}, "module": 3},
            {"code": "0X12040000", "device_type": "3-1-0"}, {"level": 1}, 7]});
        let alarms = Alarm::all_in(&data).unwrap();
        assert_eq!(alarms.len(), 2);
        assert!(!alarms[0].is_of_dock() && alarms[1].is_of_dock());
        assert_eq!(alarms[1].code, "0x12040000");
        assert_eq!(Alarm::all_in(&json!({"list": 3})), None);
    }
}
