//! The properties of the aircraft of a dock, from its own `osd` and `state` messages.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

use super::property::{at, text, whole, within};

/// An aircraft has some sixty properties; one that sends ever new names may not fill the memory.
const MOST: usize = 256;

/// What is known of an aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct AircraftState {
    /// When it was last heard.
    pub heard_at: Instant,
    /// The time it gave with that, Unix microseconds.
    pub at: Option<UtcMicros>,
    /// `mode_code`: 0 standby, 4 taking off, 5 on a wayline, 9 returning, 10 landing and so on.
    pub mode_code: Option<i64>,
    /// Where it is.
    pub position: Option<Wgs84>,
    /// Height above the take-off point, m.
    pub height_above_home_m: Option<f64>,
    /// Height above the ellipsoid, m.
    pub height_ellipsoid_m: Option<f64>,
    /// Where its nose points, 0 to 360 from true north.
    pub heading_deg: Option<f64>,
    /// Speed over the ground, m/s.
    pub ground_speed_ms: Option<f64>,
    /// Battery left, percent.
    pub battery_percent: Option<f64>,
    /// Its position is RTK fixed.
    pub rtk_fixed: Option<bool>,
    /// Type, subtype and place of its first payload, out of `80-0-0`.
    pub payload: Option<(u32, u32, u32)>,
    /// All properties as they came.
    pub properties: Map<String, Value>,
}

impl AircraftState {
    /// Nothing known yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard_at: now,
            at: None,
            mode_code: None,
            position: None,
            height_above_home_m: None,
            height_ellipsoid_m: None,
            heading_deg: None,
            ground_speed_ms: None,
            battery_percent: None,
            rtk_fixed: None,
            payload: None,
            properties: Map::new(),
        }
    }

    /// Takes over what a message names; false when it is no object.
    pub(super) fn merge(&mut self, data: Value, timestamp_ms: Option<i64>, now: Instant) -> bool {
        let Value::Object(new) = data else {
            return false;
        };
        for (name, value) in new {
            if self.properties.len() < MOST || self.properties.contains_key(&name) {
                self.properties.insert(name, value);
            }
        }
        self.heard_at = now;
        self.at = timestamp_ms.and_then(|ms| ms.checked_mul(1000)).map(UtcMicros);
        self.read();
        true
    }

    /// In words: the mode as DJI calls it.
    #[must_use]
    pub fn mode_name(&self) -> &'static str {
        match self.mode_code {
            Some(0) => "standby",
            Some(1) => "takeoff_preparation",
            Some(2) => "takeoff_ready",
            Some(3) => "manual",
            Some(4) => "takeoff",
            Some(5) => "wayline",
            Some(6) => "panorama",
            Some(7) => "tracking",
            Some(8) => "adsb_avoidance",
            Some(9) => "returning",
            Some(10) => "landing",
            Some(11) => "forced_landing",
            Some(12) => "three_blade_landing",
            Some(13) => "upgrading",
            Some(14) => "not_connected",
            Some(15) => "apas",
            Some(16) => "virtual_stick",
            Some(17) => "live_flight",
            Some(18) => "airborne_rtk_fixing",
            Some(19) => "dock_selecting",
            Some(20) => "poi",
            _ => "unknown",
        }
    }

    /// Whether its motors turn by what it says: anything between take-off and landing.
    #[must_use]
    pub fn is_flying(&self) -> bool {
        matches!(self.mode_code, Some(3..=12 | 15..=20))
    }

    /// Whether it was heard within `patience`.
    #[must_use]
    pub fn is_heard(&self, now: Instant, patience: Duration) -> bool {
        now.saturating_duration_since(self.heard_at) <= patience
    }

    fn read(&mut self) {
        let all = Value::Object(std::mem::take(&mut self.properties));
        self.mode_code = whole(&all, &["mode_code"]);
        self.position = place(&all);
        self.height_above_home_m = within(&all, &["elevation"], -1000.0, 10_000.0);
        self.height_ellipsoid_m = within(&all, &["height"], -1000.0, 20_000.0);
        self.heading_deg =
            within(&all, &["attitude_head"], -360.0, 360.0).map(|angle| angle.rem_euclid(360.0));
        self.ground_speed_ms = within(&all, &["horizontal_speed"], 0.0, 100.0);
        self.battery_percent = within(&all, &["battery", "capacity_percent"], 0.0, 100.0);
        self.rtk_fixed = whole(&all, &["position_state", "is_fixed"]).map(|fixed| fixed == 2);
        self.payload = payload(&all);
        if let Value::Object(all) = all {
            self.properties = all;
        }
    }
}

fn place(all: &Value) -> Option<Wgs84> {
    let longitude_deg = within(all, &["longitude"], -180.0, 180.0)?;
    let latitude_deg = within(all, &["latitude"], -90.0, 90.0)?;
    if longitude_deg == 0.0 && latitude_deg == 0.0 {
        return None;
    }
    Wgs84::new(latitude_deg, longitude_deg).ok()
}

fn payload(all: &Value) -> Option<(u32, u32, u32)> {
    let first = at(all, &["cameras"])?.get(0)?;
    let index = text(first, &["payload_index"])?;
    let mut parts = index.split('-').map(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Some(model)), Some(Some(sub)), Some(Some(gimbal))) => Some((model, sub, gimbal)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_aircraft_in_the_air_is_read() {
        let mut state = AircraftState::new(Instant::now());
        let osd = json!({"mode_code": 5, "longitude": 121.5, "latitude": 31.2, "height": 52.5, "elevation": 40.1,
            "attitude_head": -90, "horizontal_speed": 11.2, "battery": {"capacity_percent": 78},
            "position_state": {"is_fixed": 2}, "cameras": [{"payload_index": "80-0-0"}], "new_thing": 1});
        assert!(state.merge(osd, Some(1_772_416_800_000), Instant::now()));
        assert_eq!((state.mode_name(), state.is_flying()), ("wayline", true));
        assert_eq!(state.heading_deg, Some(270.0));
        assert_eq!(state.height_above_home_m, Some(40.1));
        assert_eq!(state.payload, Some((80, 0, 0)));
        assert_eq!(state.at, Some(UtcMicros(1_772_416_800_000_000)));
        assert_eq!(state.properties["new_thing"], 1);
        assert!(!state.merge(json!("nothing"), None, Instant::now()));
    }
}
