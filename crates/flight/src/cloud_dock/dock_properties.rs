//! The properties of a dock, merged from its `osd` and `state` messages, and what they mean for us.
//!
//! Docks send their properties in several messages, each with a part of them; what a message does not name keeps its
//! last value.

use serde_json::{Map, Value};
use survey::geodesy::Wgs84;

use super::property::{at, flag, text, whole, within};
use crate::dock::{AlternateLanding, Charge, ChargeState, DockMode, DockPosition, DockState, Lid, Weather};

/// A dock has some seventy properties; one that sends ever new names may not fill the memory.
const MOST: usize = 256;

/// Names that are read here or known to mean nothing to us. Everything else is kept as unknown.
const KNOWN: &[&str] = &[
    "acc_time",
    "activation_time",
    "air_conditioner",
    "air_conditioner_mode",
    "alarm_state",
    "alternate_land_point",
    "backup_battery",
    "battery_store_mode",
    "compatible_status",
    "cover_state",
    "deployment_mode",
    "dongle_infos",
    "drc_state",
    "drone_battery_maintenance_info",
    "drone_charge_state",
    "drone_in_dock",
    "electric_supply_voltage",
    "emergency_stop_state",
    "environment_temperature",
    "first_power_on",
    "firmware_upgrade_status",
    "firmware_version",
    "flighttask_prepare_capacity",
    "flighttask_step_code",
    "heading",
    "height",
    "home_position_is_valid",
    "humidity",
    "job_number",
    "latitude",
    "live_capacity",
    "live_status",
    "longitude",
    "maintain_status",
    "media_file_detail",
    "mode_code",
    "network_state",
    "position_state",
    "putter_state",
    "rainfall",
    "relative_alternate_land_point",
    "rtcm_info",
    "self_converge_coordinate",
    "silent_mode",
    "storage",
    "sub_device",
    "supplement_light_state",
    "temperature",
    "user_experience_improvement",
    "wind_speed",
    "wireless_link",
    "wireless_link_topo",
    "working_current",
    "working_voltage",
    "wpmz_version",
];

/// What the dock does with a flight task (`flighttask_step_code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStage {
    /// It gets ready.
    Preparing,
    /// Its aircraft is in the air.
    InFlight,
    /// The flight is over, the dock tidies up.
    Recovering,
    /// Nothing to do.
    Idle,
    /// A number that we do not know, or a stage that is none of a flight.
    Other(i64),
}

/// What one message has that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Strange {
    /// Names.
    pub(super) fields: u64,
    /// Values of known names.
    pub(super) values: u64,
}

impl Strange {
    /// Of a message's data.
    pub(super) fn of(data: &Value) -> Self {
        let mut properties = DockProperties::default();
        properties.merge(data.clone());
        let unknown = properties.unknown();
        let (values, fields): (Vec<_>, Vec<_>) =
            unknown.keys().partition(|name| KNOWN.contains(&name.as_str()));
        Self {
            fields: fields.len() as u64,
            values: values.len() as u64,
        }
    }
}

/// The properties heard so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DockProperties {
    heard: Value,
}

impl DockProperties {
    /// Takes over what a message names; false when it is no object.
    pub(super) fn merge(&mut self, data: Value) -> bool {
        let Value::Object(new) = data else {
            return false;
        };
        if !self.heard.is_object() {
            self.heard = Value::Object(Map::new());
        }
        if let Some(heard) = self.heard.as_object_mut() {
            for (name, value) in new {
                if heard.len() < MOST || heard.contains_key(&name) {
                    heard.insert(name, value);
                }
            }
        }
        true
    }

    /// Writes what is known into a dock's state.
    pub(super) fn tell(&self, state: &mut DockState) {
        let heard = &self.heard;
        state.lid = match whole(heard, &["cover_state"]) {
            Some(0) => Lid::Closed,
            Some(1) => Lid::Open,
            Some(2) => Lid::Half,
            Some(3) => Lid::Fault,
            _ => Lid::Unknown,
        };
        state.mode = self.mode();
        state.vehicle_present = self.vehicle_present();
        state.emergency_stop = flag(heard, &["emergency_stop_state"]);
        state.charge = self.charge();
        state.weather = Some(Weather {
            wind_ms: within(heard, &["wind_speed"], 0.0, 100.0),
            gust_ms: None,
            rain_level: whole(heard, &["rainfall"])
                .and_then(|level| u8::try_from(level).ok())
                .filter(|level| *level <= 3),
            temperature_c: within(heard, &["environment_temperature"], -90.0, 90.0),
            // `humidity` is that inside the dock.
            humidity_percent: None,
        })
        .filter(|weather| *weather != Weather::default());
        state.rtk_fixed = whole(heard, &["position_state", "is_fixed"]).map(|fixed| fixed == 2);
        state.position = place(heard, &[]).map(|place| DockPosition {
            place,
            height_amsl_m: None,
        });
        state.alternate_landing = self.alternate();
        state.media_waiting = whole(heard, &["media_file_detail", "remain_upload"])
            .and_then(|waiting| u64::try_from(waiting).ok());
        state.unknown = self.unknown();
    }

    /// What the dock is doing.
    pub(super) fn mode(&self) -> DockMode {
        match whole(&self.heard, &["mode_code"]) {
            Some(0) => DockMode::Idle,
            Some(1 | 2) => DockMode::Debug,
            Some(3) => DockMode::Upgrading,
            Some(4) => DockMode::Busy,
            _ => DockMode::Unknown,
        }
    }

    /// Whether the aircraft is inside.
    pub(super) fn vehicle_present(&self) -> Option<bool> {
        flag(&self.heard, &["drone_in_dock"])
    }

    /// What it does with a flight task.
    pub(super) fn stage(&self) -> Option<TaskStage> {
        Some(match whole(&self.heard, &["flighttask_step_code"])? {
            0 => TaskStage::Preparing,
            1 => TaskStage::InFlight,
            2 => TaskStage::Recovering,
            5 | 255 => TaskStage::Idle,
            other => TaskStage::Other(other),
        })
    }

    /// Whether a human opened it to remote debugging (`mode_code` 2).
    pub(super) fn is_remote_debugging(&self) -> bool {
        whole(&self.heard, &["mode_code"]) == Some(2)
    }

    /// Free storage, per cent.
    pub(super) fn free_storage_percent(&self) -> Option<f64> {
        let total = within(&self.heard, &["storage", "total"], 1.0, f64::MAX)?;
        let used = within(&self.heard, &["storage", "used"], 0.0, f64::MAX)?;
        Some(((total - used) / total * 100.0).clamp(0.0, 100.0))
    }

    /// Serial number of the aircraft that belongs to it.
    pub(super) fn aircraft_sn(&self) -> Option<String> {
        text(&self.heard, &["sub_device", "device_sn"]).filter(|sn| !sn.is_empty())
    }

    /// Type and subtype of that aircraft, out of `0-91-0`.
    pub(super) fn aircraft_model(&self) -> Option<(u32, u32)> {
        let key = text(&self.heard, &["sub_device", "device_model_key"])
            .or_else(|| text(&self.heard, &["sub_device", "product_type"]))?;
        let mut parts = key.split('-').map(|part| part.parse::<u32>().ok());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Some(0)), Some(Some(model)), Some(Some(sub))) => Some((model, sub)),
            _ => None,
        }
    }

    fn charge(&self) -> Option<Charge> {
        let heard = &self.heard;
        at(heard, &["drone_charge_state"])?;
        let percent = within(heard, &["drone_charge_state", "capacity_percent"], 0.0, 100.0);
        let state = match whole(heard, &["drone_charge_state", "state"]) {
            Some(0) if percent.is_some_and(|percent| percent >= 100.0) => ChargeState::Full,
            Some(0) => ChargeState::Idle,
            Some(1) => ChargeState::Charging,
            _ => ChargeState::Unknown,
        };
        Some(Charge { state, percent })
    }

    fn alternate(&self) -> Option<AlternateLanding> {
        let path = ["alternate_land_point"];
        let configured = whole(&self.heard, &[path[0], "is_configured"]);
        if configured == Some(0) {
            return None;
        }
        Some(AlternateLanding {
            place: place(&self.heard, &path)?,
            safe_height_m: within(&self.heard, &[path[0], "safe_land_height"], 0.0, 1000.0),
        })
    }

    /// Fields nobody here knows, and values of known fields that mean nothing here.
    fn unknown(&self) -> Map<String, Value> {
        let mut unknown = Map::new();
        let Some(heard) = self.heard.as_object() else {
            return unknown;
        };
        for (name, value) in heard {
            let is_strange = match name.as_str() {
                "cover_state" => whole(&self.heard, &["cover_state"]).is_none_or(|n| !(0..=3).contains(&n)),
                "mode_code" => self.mode() == DockMode::Unknown,
                "drone_in_dock" => self.vehicle_present().is_none(),
                "emergency_stop_state" => flag(&self.heard, &["emergency_stop_state"]).is_none(),
                "flighttask_step_code" => {
                    matches!(self.stage(), None | Some(TaskStage::Other(6..=254 | 257..)))
                }
                known => !KNOWN.contains(&known),
            };
            if is_strange {
                unknown.insert(name.clone(), value.clone());
            }
        }
        unknown
    }
}

/// 0/0 is what a receiver without a fix says, and no dock stands in the Gulf of Guinea.
fn place(value: &Value, path: &[&str]) -> Option<Wgs84> {
    let value = at(value, path)?;
    let longitude_deg = within(value, &["longitude"], -180.0, 180.0)?;
    let latitude_deg = within(value, &["latitude"], -90.0, 90.0)?;
    if longitude_deg == 0.0 && latitude_deg == 0.0 {
        return None;
    }
    Wgs84::new(latitude_deg, longitude_deg).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(messages: Vec<Value>) -> (DockProperties, DockState) {
        let mut properties = DockProperties::default();
        for message in messages {
            assert!(properties.merge(message));
        }
        let mut state = DockState::unheard("D01");
        properties.tell(&mut state);
        (properties, state)
    }

    /// The messages of the documentation's own example (topic definition, osd).
    #[test]
    fn the_documents_example_becomes_a_state() {
        let (properties, state) = heard(vec![
            json!({"job_number": 492, "backup_battery": {"voltage": 26631, "switch": 1}}),
            json!({"flighttask_step_code": 255, "media_file_detail": {"remain_upload": 3}}),
            json!({"drone_charge_state": {"state": 0, "capacity_percent": 100}, "drone_in_dock": 1, "rainfall": 0,
                "wind_speed": 1.5, "environment_temperature": 24, "latitude": 22.907809968, "longitude": 113.703482143,
                "alternate_land_point": {"latitude": 22.9078, "longitude": 113.7034, "safe_land_height": 0,
                    "is_configured": 1},
                "position_state": {"is_fixed": 2}, "storage": {"total": 82045336, "used": 51772}, "mode_code": 0,
                "cover_state": 0, "emergency_stop_state": 0,
                "sub_device": {"device_sn": "1581F5BKD225D00BP891", "device_model_key": "0-67-0"}}),
        ]);
        assert_eq!((state.lid, state.mode), (Lid::Closed, DockMode::Idle));
        assert_eq!(state.vehicle_present, Some(true));
        assert_eq!(state.charge.unwrap().state, ChargeState::Full);
        assert_eq!(state.weather.unwrap().wind_ms, Some(1.5));
        assert_eq!((state.rtk_fixed, state.media_waiting), (Some(true), Some(3)));
        assert_eq!(state.alternate_landing.unwrap().place.latitude_deg, 22.9078);
        assert_eq!(properties.aircraft_model(), Some((67, 0)));
        assert_eq!(properties.stage(), Some(TaskStage::Idle));
        assert!(properties.free_storage_percent().unwrap() > 99.0);
        assert!(state.unknown.is_empty(), "{:?}", state.unknown);
    }

    #[test]
    fn new_firmware_is_kept_and_not_fatal() {
        let (_, state) = heard(vec![
            json!({"cover_state": 7, "mode_code": "hyper", "wind_speed": "3.5", "gust": {"a": 1}, "drone_in_dock": []}),
        ]);
        assert_eq!((state.lid, state.mode), (Lid::Unknown, DockMode::Unknown));
        assert_eq!(state.weather.unwrap().wind_ms, Some(3.5));
        let kept: Vec<_> = state.unknown.keys().map(String::as_str).collect();
        assert_eq!(kept, ["cover_state", "drone_in_dock", "gust", "mode_code"]);
        assert!(!DockProperties::default().merge(json!([1])));
    }

    #[test]
    fn names_without_end_do_not_fill_the_memory() {
        let mut properties = DockProperties::default();
        for number in 0..2 * MOST {
            properties.merge(json!({ format!("new_{number}"): number }));
        }
        properties.merge(json!({"new_0": "again"}));
        let mut state = DockState::unheard("D01");
        properties.tell(&mut state);
        assert_eq!(state.unknown.len(), MOST);
        assert_eq!(state.unknown["new_0"], "again");
    }
}
