//! The fleet as people see it: docks with their weather and checks, vehicles, sorties under way, the day's tally.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::checks::CheckAnswer;
use crate::answers::flights::FlightSummary;
use crate::fleet::hands::{Hand, HandView};
use crate::fleet::link_view::LinkView;
use crate::lang::Words;

/// Everything at one glance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FleetView {
    /// City time, RFC 3339.
    pub city_time: String,
    /// City seconds per second.
    pub city_speed: f64,
    /// Whether the city's clock is simulated.
    pub simulated: bool,
    /// Whether nothing may take off.
    pub ground_stop: bool,
    /// Who ordered that.
    pub ground_stop_by: Option<String>,
    /// The docks, in the order of the roster.
    pub docks: Vec<DockView>,
    /// Slots of the city's day.
    pub today: Tally,
    /// The MAVLink links, with what was read, sent and lost on each.
    pub links: Vec<LinkView>,
    /// What came in from docks of the Cloud API, which have no MAVLink link; `null` where there are none.
    pub cloud: Option<CloudLineView>,
}

/// Messages of docks of the Cloud API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CloudLineView {
    /// Of docks of the roster.
    pub messages: u64,
    /// That did not count: no JSON, no object, too large, an unknown topic.
    pub bad_messages: u64,
    /// Of devices that are not in the roster.
    pub strangers: u64,
    /// Events and questions that are not known here.
    pub unknown_methods: u64,
    /// Properties whose name is not known here.
    pub unknown_fields: u64,
    /// Values that mean nothing here.
    pub unknown_values: u64,
}

/// Slots of a day by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tally {
    /// Sorties started.
    pub launched: usize,
    /// Refused, with a reason each.
    pub refused: usize,
    /// Nobody was there to start them.
    pub missed: usize,
    /// Still to come.
    pub due: usize,
}

/// One dock.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DockView {
    /// Its name on the broker.
    pub dock_id: String,
    /// Name people use.
    pub name: String,
    /// Degrees east, WGS-84.
    pub longitude_deg: f64,
    /// Degrees north, WGS-84.
    pub latitude_deg: f64,
    /// Whether it answers; `null` when not known.
    pub online: Option<bool>,
    /// closed, opening, open, closing, half, fault or unknown.
    pub lid: String,
    /// Whether the vehicle is inside; `null` when not known.
    pub vehicle_present: Option<bool>,
    /// idle, busy, debug, upgrading or unknown.
    pub mode: String,
    /// The charger.
    pub charge: Option<ChargeView>,
    /// The weather at the dock.
    pub weather: Option<WeatherView>,
    /// Where its vehicle lands when the dock cannot take it.
    pub alternate_landing: Option<PlaceView>,
    /// The interlocks as they stand now, as if it were to arm.
    pub checks: Vec<CheckAnswer>,
    /// Health alarms of dock and vehicle that stand; only docks of the Cloud API tell them.
    pub health: Vec<HealthView>,
    /// What people can have it do by hand.
    pub hand_commands: Vec<Hand>,
    /// The last of these orders since the program began.
    pub by_hand: Option<HandView>,
    /// Its vehicle.
    pub vehicle: Option<VehicleView>,
    /// The sortie under way, or the last one of the day.
    pub sortie: Option<FlightSummary>,
    /// Whether that sortie holds in the air now because a person paused it.
    pub paused: bool,
    /// Photos of that sortie's mission that are missing and can be flown now; 0 while it is under way.
    pub photos_to_fly: usize,
}

/// A point on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct PlaceView {
    /// Degrees east, WGS-84.
    pub longitude_deg: f64,
    /// Degrees north, WGS-84.
    pub latitude_deg: f64,
}

/// A charger.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChargeView {
    /// idle, charging, full, fault or unknown.
    pub state: String,
    /// Percent.
    pub percent: Option<f64>,
}

/// Weather as the dock measures it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WeatherView {
    /// Metres per second.
    pub wind_ms: Option<f64>,
    /// Metres per second.
    pub gust_ms: Option<f64>,
    /// 0 none to 3 heavy.
    pub rain_level: Option<u8>,
    /// Degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Percent.
    pub humidity_percent: Option<f64>,
}

/// One health alarm.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HealthView {
    /// The maker's number, such as `0x16100083`.
    pub code: String,
    /// 0 a note, 1 a reminder, 2 a warning.
    pub level: Option<i64>,
    /// What is wrong; `null` for a number that is not known here.
    pub words: Option<Words>,
    /// What to do.
    pub remedy: Words,
}

/// One vehicle.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VehicleView {
    /// MAVLink system id; `null` for the aircraft of a dock of the Cloud API, which has none.
    pub system_id: Option<u8>,
    /// Address of its link.
    pub link: String,
    /// Whether it was heard in the last seconds.
    pub heard: bool,
    /// Seconds since it was heard.
    pub last_heard_s: Option<f64>,
    /// Flight mode.
    pub mode: String,
    /// Motors on.
    pub armed: bool,
    /// on_ground, taking_off, in_air, landing; `null` when not known.
    pub landed: Option<String>,
    /// Percent.
    pub battery_percent: Option<f64>,
    /// Degrees east, WGS-84.
    pub longitude_deg: Option<f64>,
    /// Degrees north, WGS-84.
    pub latitude_deg: Option<f64>,
    /// Metres above its home.
    pub height_above_home_m: Option<f64>,
    /// 0 to 360 from true north.
    pub heading_deg: Option<f64>,
    /// Metres per second.
    pub ground_speed_ms: Option<f64>,
    /// Item it is on.
    pub mission_current: Option<u16>,
    /// Items of its mission.
    pub mission_total: Option<u16>,
}
