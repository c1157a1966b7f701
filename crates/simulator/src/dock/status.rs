//! What a dock tells about itself unasked: its status on each change, and its telemetry once a second.

use serde::Serialize;

use crate::dock::lid::LidWord;
use crate::dock::weather::Weather;

/// What a dock is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing.
    Idle,
    /// It has a sortie, or its lid moves.
    Busy,
}

/// Retained message on topic `status`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Version of the message.
    pub v: u64,
    /// Whose status.
    pub dock_id: String,
    /// `true` in everything but the farewell.
    pub online: bool,
    /// Wall time, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Counts the dock's status messages.
    pub seq: u64,
    /// The lid.
    pub lid: LidWord,
    /// Whether the vehicle stands in the dock.
    pub vehicle_present: bool,
    /// MAVLink system id of the dock's vehicle.
    pub system_id: u8,
    /// What it is doing.
    pub mode: Mode,
    /// Whether the emergency stop is pressed.
    pub emergency_stop: bool,
    /// The sortie under which the vehicle's photos go.
    pub sortie_id: Option<String>,
}

/// Message on topic `telemetry`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Telemetry {
    /// Version of the message.
    pub v: u64,
    /// Whose telemetry.
    pub dock_id: String,
    /// Wall time, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Counts the dock's telemetry messages.
    pub seq: u64,
    /// The charger.
    pub charge: Charge,
    /// The mast.
    pub weather: WeatherReport,
    /// Whether the dock's own position is fixed.
    pub rtk_fixed: bool,
    /// The dock's own battery.
    pub backup_battery_percent: f64,
    /// Where the dock is.
    pub position: Position,
    /// Where to land when the dock cannot be used.
    pub alternate_landing: AlternateLanding,
    /// Photos that are not yet with the service.
    pub media_waiting: u32,
}

/// The charger.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Charge {
    /// What it does.
    pub state: ChargeState,
    /// Charge of the vehicle's battery, percent; nothing when no vehicle is there.
    pub percent: Option<f64>,
}

/// What a charger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChargeState {
    /// Nothing, or there is no vehicle.
    Idle,
    /// Charging.
    Charging,
    /// The battery is full.
    Full,
}

/// Weather on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WeatherReport {
    /// Mean wind, metres per second.
    pub wind_ms: f64,
    /// Strongest gust, metres per second.
    pub gust_ms: f64,
    /// 0 to 3.
    pub rain_level: u8,
    /// Degrees Celsius.
    pub temperature_c: f64,
    /// Percent.
    pub humidity_percent: f64,
}

/// A WGS-84 place with a height.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Position {
    /// Degrees east.
    pub longitude_deg: f64,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Metres above the sea.
    pub height_amsl_m: f64,
}

/// Where to land instead of the dock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AlternateLanding {
    /// Degrees east.
    pub longitude_deg: f64,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Height above the dock at which the way there is clear, metres.
    pub safe_height_m: f64,
}

impl From<Weather> for WeatherReport {
    fn from(weather: Weather) -> Self {
        Self {
            wind_ms: weather.wind_ms,
            gust_ms: weather.gust_ms,
            rain_level: weather.rain_level,
            temperature_c: weather.temperature_c,
            humidity_percent: weather.humidity_percent,
        }
    }
}

impl Status {
    /// The last will and the farewell of a dock: what is known of it once it is gone.
    pub fn offline_json(dock_id: &str) -> String {
        serde_json::json!({"v": 1, "dock_id": dock_id, "online": false}).to_string()
    }
}
