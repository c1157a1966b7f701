//! Rules about the dock and the weather over it.

use super::check::Check;
use super::facts::{DockFacts, DockWork, Limits};
use crate::refusal::RefusalCode;

const STATUS: &str = "dock status";
const TELEMETRY: &str = "dock telemetry";

pub(super) fn before_arming(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = vec![
        status(dock, RefusalCode::DockOffline, dock.online),
        status(
            dock,
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        work(dock),
        status(dock, RefusalCode::LidNotOpen, dock.lid_open),
        status(dock, RefusalCode::VehicleAbsent, dock.vehicle_present),
    ];
    checks.extend(wind(dock, limits));
    checks.extend([rain(dock, limits), temperature(dock, limits)]);
    checks
}

pub(super) fn before_landing(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = vec![
        status(
            dock,
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        status(dock, RefusalCode::LidNotOpen, dock.lid_open),
        status(
            dock,
            RefusalCode::DockBusy,
            dock.vehicle_present.map(|present| !present),
        ),
    ];
    checks.extend(wind(dock, limits));
    checks
}

fn status(dock: &DockFacts, code: RefusalCode, as_wanted: Option<bool>) -> Check {
    Check::flag(code, as_wanted).said_by(STATUS, dock.status_age_s)
}

/// A dock that opens its lid for us is busy with us; one that people work on is not ours.
fn work(dock: &DockFacts) -> Check {
    let ours = dock
        .work
        .map(|work| matches!(work, DockWork::Idle | DockWork::Busy));
    let text = match dock.work {
        Some(DockWork::Debug) => Some("people work on it (debug mode)".to_owned()),
        Some(DockWork::Upgrading) => Some("it is upgrading itself".to_owned()),
        _fine_or_not_told => None,
    };
    status(dock, RefusalCode::DockBusy, ours)
        .named("dock_mode")
        .with_text(text)
}

fn wind(dock: &DockFacts, limits: &Limits) -> [Check; 2] {
    [
        Check::at_most(RefusalCode::Wind, dock.wind_ms, limits.wind_ms, "m/s"),
        Check::at_most(RefusalCode::Gust, dock.gust_ms, limits.gust_ms, "m/s"),
    ]
    .map(|check| check.said_by(TELEMETRY, dock.telemetry_age_s))
}

fn rain(dock: &DockFacts, limits: &Limits) -> Check {
    Check::at_most(
        RefusalCode::Rain,
        dock.rain_level.map(f64::from),
        f64::from(limits.rain_level),
        "level",
    )
    .said_by(TELEMETRY, dock.telemetry_age_s)
}

fn temperature(dock: &DockFacts, limits: &Limits) -> Check {
    let value = dock.temperature_c;
    let too_cold = value.is_some_and(|t| t < limits.temperature_min_c);
    let check = if too_cold {
        Check::at_least(RefusalCode::Temperature, value, limits.temperature_min_c, "°C")
    } else {
        Check::at_most(RefusalCode::Temperature, value, limits.temperature_max_c, "°C")
    };
    check.said_by(TELEMETRY, dock.telemetry_age_s)
}
