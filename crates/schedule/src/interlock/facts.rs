//! What the rules look at. `None` means nobody said, or what was said is too old to count.

use survey::geodesy::Wgs84;

/// What a dock is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockWork {
    /// Ready.
    Idle,
    /// At a command or a sortie.
    Busy,
    /// People work on it.
    Debug,
    /// It changes its own software.
    Upgrading,
}

/// What is known about a dock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DockFacts {
    /// Whether it answers.
    pub online: Option<bool>,
    /// Whether the lid is fully open.
    pub lid_open: Option<bool>,
    /// Whether a vehicle stands in it.
    pub vehicle_present: Option<bool>,
    /// Whether its emergency stop is pressed.
    pub emergency_stop: Option<bool>,
    /// What it is at.
    pub work: Option<DockWork>,
    /// Mean wind, m/s.
    pub wind_ms: Option<f64>,
    /// Gusts, m/s.
    pub gust_ms: Option<f64>,
    /// 0 none, 1 light, 2 moderate, 3 heavy.
    pub rain_level: Option<u8>,
    /// Air temperature outside, °C.
    pub temperature_c: Option<f64>,
    /// Where it stands.
    pub position: Option<Wgs84>,
    /// Time since its last status, s.
    pub status_age_s: Option<f64>,
    /// Time since its last telemetry, s.
    pub telemetry_age_s: Option<f64>,
}

/// How long ago the vehicle told the parts of [`VehicleFacts`], seconds of the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct VehicleAges {
    /// Charge and voltage.
    pub battery_s: Option<f64>,
    /// Whether the position estimate is in use.
    pub estimator_s: Option<f64>,
    /// Satellite fix.
    pub gps_s: Option<f64>,
    /// Position.
    pub position_s: Option<f64>,
    /// Health of its sensors, and its own checks before arming.
    pub system_s: Option<f64>,
}

/// What is known about the vehicle in the dock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VehicleFacts {
    /// Charge, percent.
    pub battery_percent: Option<f64>,
    /// Voltage of the whole battery, V.
    pub battery_v: Option<f64>,
    /// Voltage of each cell, V, where single cells are told.
    pub cells_v: Vec<f64>,
    /// What is wrong with the battery by its own word; an empty text is "nothing".
    pub battery_fault: Option<String>,
    /// Whether the vehicle flies on its position estimate (the PREARM bit alone does not say so).
    pub position_estimate_in_use: Option<bool>,
    /// Kind of satellite fix as MAVLink counts it: 3 is three-dimensional, 5 and 6 are RTK.
    pub gps_fix: Option<u8>,
    /// Satellites in view.
    pub satellites: Option<u8>,
    /// Where it says it is.
    pub position: Option<Wgs84>,
    /// Where it would return to.
    pub home: Option<Wgs84>,
    /// Its own checks before arming.
    pub prearm_ok: Option<bool>,
    /// What it says is in the way of arming, in its own words, newest last.
    pub prearm_words: Vec<String>,
    /// Sensors it has switched on and calls unhealthy; without them it must not fly.
    pub sensors_unhealthy: Option<Vec<&'static str>>,
    /// Since how long one of those is unhealthy without a break, s.
    pub unhealthy_for_s: Option<f64>,
    /// The same for sensors it can fly without.
    pub others_unhealthy: Vec<&'static str>,
    /// Vehicle UTC minus the city's clock, s.
    pub clock_off_s: Option<f64>,
    /// System id of the ground station it listens to for its failsafe, and ours.
    pub ground_station: Option<GroundStations>,
    /// How old all this is.
    pub ages: VehicleAges,
}

/// Ground stations by their MAVLink system ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroundStations {
    /// The one whose heartbeats hold off the vehicle's failsafe.
    pub expected: u8,
    /// Ours.
    pub ours: u8,
}

/// How it stands with what the vehicle does by itself on a lost link or a low battery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyFact {
    /// As configured, read back from the vehicle; in words.
    Kept(String),
    /// Otherwise than configured; in words.
    NotKept(String),
    /// Nothing is configured; what the vehicle has is told in words, and whether it does anything at all on a lost
    /// ground station (`None`: not known).
    OnlyRead {
        /// In words.
        text: String,
        /// Whether it does anything on a lost ground station.
        acts: Option<bool>,
    },
}

/// How it stands with a list of the vehicle (fence, rally points) when it is about to arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFact {
    /// There is none.
    Empty,
    /// So many of the vehicle's own; the plan has none.
    Own(usize),
    /// The plan's, so many read back equal.
    ReadBack(usize),
    /// Whether there is one is not known.
    Unknown,
}

/// Fence and rally points of a sortie.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BoundsFacts {
    /// Corners and circles of the plan's fence.
    pub fence_items: usize,
    /// Rally points of the plan.
    pub rally_points: usize,
    /// Since the plan's fence was read from its file, h.
    pub fence_age_h: Option<f64>,
    /// Fence and rally points as they are on board; none: not settled yet.
    pub on_board: Option<(ListFact, ListFact)>,
}

/// What this program itself knows of a sortie and of its own machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProgramFacts {
    /// Who stopped all flights, if somebody did.
    pub ground_stop_by: Option<String>,
    /// Whether the mission was read back from the vehicle and is the one that was meant; with details.
    pub read_back: Option<(bool, String)>,
    /// What the vehicle does by itself.
    pub policy: Option<PolicyFact>,
    /// Fence and rally points.
    pub bounds: BoundsFacts,
    /// Time the mission is estimated to need from take-off to landing, s.
    pub needs_s: Option<f64>,
    /// Time the vehicle can fly down to its reserve, s.
    pub can_fly_s: Option<f64>,
    /// Free room for photos, GB (10⁹ bytes).
    pub free_gb: Option<f64>,
}

/// What is done about a vehicle whose clock differs from ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockRule {
    /// It is shown; photos are matched with the measured difference.
    Shown,
    /// Beyond the limit it does not fly.
    Refused,
}

/// Limits of dock and vehicle; a value on the limit is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Greatest mean wind, m/s.
    pub wind_ms: f64,
    /// Greatest gust, m/s.
    pub gust_ms: f64,
    /// Heaviest rain, 0 to 3.
    pub rain_level: u8,
    /// Coldest air, °C.
    pub temperature_min_c: f64,
    /// Warmest air, °C.
    pub temperature_max_c: f64,
    /// Lowest charge, percent.
    pub battery_percent: f64,
    /// Lowest voltage of the battery at rest, V; none where no limit is known.
    pub battery_v: Option<f64>,
    /// Lowest voltage of a cell at rest, V, where cells are told.
    pub cell_v: f64,
    /// Fewest satellites.
    pub satellites: u8,
    /// Greatest distance between the dock and where the vehicle says it stands, m.
    pub home_within_m: f64,
    /// Greatest difference of the vehicle's clock, s.
    pub clock_off_s: f64,
    /// What is done beyond it.
    pub clock_rule: ClockRule,
    /// Least free room for photos, GB.
    pub free_gb: f64,
}

impl Default for Limits {
    /// Limits of a common dock: landing wind and battery gate as its maker gives them. A resting lithium cell below
    /// 3.5 V is empty or damaged whatever the counted charge says; six satellites is the least that the estimators of
    /// ArduPilot and PX4 (`EKF2_REQ_NSATS`) take by default.
    fn default() -> Self {
        Limits {
            wind_ms: 8.0,
            gust_ms: 10.0,
            rain_level: 1,
            temperature_min_c: -20.0,
            temperature_max_c: 45.0,
            battery_percent: 30.0,
            battery_v: None,
            cell_v: 3.5,
            satellites: 6,
            home_within_m: 3.0,
            clock_off_s: 60.0,
            clock_rule: ClockRule::Shown,
            free_gb: 1.0,
        }
    }
}
