//! Whether dock, weather and vehicle allow arming, and whether the dock allows landing: one check per rule, each
//! with the measured value and the limit, so that a refusal can be shown with its numbers.

use survey::geodesy::{Wgs84, geodesic_distance_m};

use crate::refusal::RefusalCode;

/// What is known about a dock; `None` means nobody said, or what was said is too old to count.
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
}

/// What is known about the vehicle in the dock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VehicleFacts {
    /// Charge, percent.
    pub battery_percent: Option<f64>,
    /// Whether the vehicle flies on its position estimate (the PREARM bit alone does not say so).
    pub position_estimate_in_use: Option<bool>,
    /// Where it says it is.
    pub position: Option<Wgs84>,
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
    /// Greatest distance between the dock and where the vehicle says it stands, m.
    pub home_within_m: f64,
}

impl Default for Limits {
    /// Limits of a common dock: landing wind and battery gate as its maker gives them.
    fn default() -> Self {
        Limits {
            wind_ms: 8.0,
            gust_ms: 10.0,
            rain_level: 1,
            temperature_min_c: -20.0,
            temperature_max_c: 45.0,
            battery_percent: 30.0,
            home_within_m: 3.0,
        }
    }
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit.
    Pass,
    /// Beyond the limit.
    Fail,
    /// Cannot be said for lack of data.
    Unknown,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One rule, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The refusal it leads to.
    pub code: RefusalCode,
    /// What it says.
    pub verdict: Verdict,
    /// The measured value, where the rule has a number and somebody measured.
    pub value: Option<f64>,
    /// The limit that counted, where the rule has a number.
    pub limit: Option<f64>,
    /// Unit of both, empty where the rule has no number.
    pub unit: &'static str,
}

/// Everything that must hold before a vehicle is armed. One [`Verdict::Fail`] or [`Verdict::Unknown`] forbids it
/// ([`forbids_arming`]).
#[must_use]
pub fn before_arming(dock: &DockFacts, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    let distance_m = dock
        .position
        .zip(vehicle.position)
        .map(|(dock, vehicle)| geodesic_distance_m(dock, vehicle));
    let mut checks = vec![
        flag(RefusalCode::DockOffline, dock.online),
        flag(
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        flag(RefusalCode::LidNotOpen, dock.lid_open),
        flag(RefusalCode::VehicleAbsent, dock.vehicle_present),
    ];
    checks.extend(wind(dock, limits));
    checks.extend([
        at_most(
            RefusalCode::Rain,
            dock.rain_level.map(f64::from),
            f64::from(limits.rain_level),
            "level",
        ),
        temperature(dock, limits),
        at_least(
            RefusalCode::Battery,
            vehicle.battery_percent,
            limits.battery_percent,
            "%",
        ),
        flag(RefusalCode::NoPosition, vehicle.position_estimate_in_use),
        at_most(RefusalCode::NotAtDock, distance_m, limits.home_within_m, "m"),
    ]);
    checks
}

/// Everything that should hold before a vehicle comes down into the dock. What forbids it says
/// [`forbids_landing`]; a dock that went silent after its lid was seen open still takes a vehicle.
#[must_use]
pub fn before_landing(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = vec![
        flag(
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        flag(RefusalCode::LidNotOpen, dock.lid_open),
        flag(
            RefusalCode::DockBusy,
            dock.vehicle_present.map(|present| !present),
        ),
    ];
    checks.extend(wind(dock, limits));
    checks
}

/// The first of these checks that forbids arming: anything but a pass does.
#[must_use]
pub fn forbids_arming(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| check.verdict != Verdict::Pass)
}

/// The first of these checks that forbids landing in the dock: a failure, or a lid nobody knows open. Other
/// gaps in what is known do not, because a vehicle in the air has to come down somewhere.
#[must_use]
pub fn forbids_landing(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| match check.verdict {
        Verdict::Pass => false,
        Verdict::Fail => true,
        Verdict::Unknown => check.code == RefusalCode::LidNotOpen,
    })
}

fn wind(dock: &DockFacts, limits: &Limits) -> [Check; 2] {
    [
        at_most(RefusalCode::Wind, dock.wind_ms, limits.wind_ms, "m/s"),
        at_most(RefusalCode::Gust, dock.gust_ms, limits.gust_ms, "m/s"),
    ]
}

fn temperature(dock: &DockFacts, limits: &Limits) -> Check {
    let too_cold = dock.temperature_c.is_some_and(|t| t < limits.temperature_min_c);
    if too_cold {
        at_least(
            RefusalCode::Temperature,
            dock.temperature_c,
            limits.temperature_min_c,
            "°C",
        )
    } else {
        at_most(
            RefusalCode::Temperature,
            dock.temperature_c,
            limits.temperature_max_c,
            "°C",
        )
    }
}

fn flag(code: RefusalCode, as_wanted: Option<bool>) -> Check {
    Check {
        code,
        verdict: verdict(as_wanted),
        value: None,
        limit: None,
        unit: "",
    }
}

fn at_most(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Check {
    measured(code, value, (limit, unit), |value| value <= limit)
}

fn at_least(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Check {
    measured(code, value, (limit, unit), |value| value >= limit)
}

fn measured(
    code: RefusalCode,
    value: Option<f64>,
    (limit, unit): (f64, &'static str),
    within: impl Fn(f64) -> bool,
) -> Check {
    // A sensor that says "not a number" says nothing.
    let value = value.filter(|value| value.is_finite());
    Check {
        code,
        verdict: verdict(value.map(within)),
        value,
        limit: Some(limit),
        unit,
    }
}

fn verdict(holds: Option<bool>) -> Verdict {
    match holds {
        Some(true) => Verdict::Pass,
        Some(false) => Verdict::Fail,
        None => Verdict::Unknown,
    }
}
