//! What must hold before a dock of the Cloud API is given a task, and before it may start: the rules of all docks, less
//! those that are the dock's own business (the lid during a task), that it cannot measure (gusts), or that only an
//! autopilot tells.

use std::time::Instant;

use flight::dock::DockMode;
use schedule::interlock::{self, Check, Need, VehicleFacts, Verdict};
use schedule::refusal::RefusalCode;

use crate::config::roster::DockEntry;
use crate::fleet::service::Fleet;

/// Rules of all docks that count here, too, by name.
const COUNT_HERE: &[&str] = &[
    "dock_offline",
    "emergency_stop",
    "vehicle_absent",
    "wind",
    "rain",
    "temperature",
    "battery",
    "no_position",
    "not_at_dock",
];
/// Where the dock's own properties come from.
const SOURCE: &str = "osd";

/// Every check as it stands now.
pub fn checks(fleet: &Fleet, dock: &DockEntry) -> Vec<Check> {
    let Some(cloud) = fleet.cloud() else {
        return Vec::new();
    };
    let state = fleet.docks().dock(&dock.dock_id);
    let mut facts = state
        .as_ref()
        .map(|state| state.facts(Instant::now()))
        .unwrap_or_default();
    facts.position = Some(dock.position);
    let aircraft = cloud.desk.aircraft(&dock.dock_id);
    let charge = state
        .as_ref()
        .and_then(|state| state.charge)
        .and_then(|charge| charge.percent);
    let is_inside = facts.vehicle_present == Some(true);
    let vehicle = VehicleFacts {
        battery_percent: charge.or_else(|| aircraft.as_ref().and_then(|aircraft| aircraft.battery_percent)),
        // Aircraft are off in their dock; what flights start from is the dock's own place.
        position_estimate_in_use: state.as_ref().and_then(|state| state.rtk_fixed),
        position: is_inside.then_some(dock.position),
        ..VehicleFacts::default()
    };
    let age_s = facts.telemetry_age_s;
    let mut checks: Vec<Check> = interlock::before_arming(&facts, &vehicle, &fleet.settings().limits)
        .into_iter()
        .filter(|check| COUNT_HERE.contains(&check.name))
        .collect();
    let mode = state
        .as_ref()
        .filter(|state| state.online == Some(true))
        .map(|state| state.mode);
    checks.extend([
        idle(mode, age_s),
        own_aircraft(fleet, dock),
        storage(fleet, dock, age_s),
    ]);
    checks
}

/// The same when the dock has the task already and may be at work on it.
pub fn checks_of_task(fleet: &Fleet, dock: &DockEntry) -> Vec<Check> {
    let mut checks = checks(fleet, dock);
    checks.retain(|check| check.code != RefusalCode::DockBusy);
    checks
}

fn idle(mode: Option<DockMode>, age_s: Option<f64>) -> Check {
    let verdict = match mode {
        Some(DockMode::Idle) => Verdict::Pass,
        Some(DockMode::Busy | DockMode::Debug | DockMode::Upgrading) => Verdict::Fail,
        Some(DockMode::Unknown) | None => Verdict::Unknown,
    };
    Check {
        text: mode.map(|mode| mode.as_str().to_owned()),
        age_s,
        ..check("dock_mode", RefusalCode::DockBusy, verdict)
    }
}

/// A dock that names no aircraft is believed; one that names another is not.
fn own_aircraft(fleet: &Fleet, dock: &DockEntry) -> Check {
    let named = fleet
        .cloud()
        .and_then(|cloud| cloud.desk.named_aircraft_sn(&dock.dock_id));
    let expected = dock.cloud.as_ref().map(|cloud| cloud.aircraft_sn.as_str());
    let is_other = named.as_deref().is_some_and(|named| Some(named) != expected);
    let verdict = if is_other { Verdict::Fail } else { Verdict::Pass };
    Check {
        text: named,
        ..check("wrong_vehicle", RefusalCode::WrongVehicle, verdict)
    }
}

/// A dock that does not tell its storage is believed to have some: it refuses by itself when it has none.
fn storage(fleet: &Fleet, dock: &DockEntry, age_s: Option<f64>) -> Check {
    let value = fleet
        .cloud()
        .and_then(|cloud| cloud.desk.free_storage_percent(&dock.dock_id));
    let limit = fleet.settings().cloud.min_free_storage_percent;
    let verdict = match value {
        Some(free) if free < limit => Verdict::Fail,
        Some(_) => Verdict::Pass,
        None => Verdict::Unknown,
    };
    Check {
        need: Need::WhereTold,
        value,
        limit: Some(limit),
        unit: "%",
        age_s,
        ..check("dock_storage", RefusalCode::StorageFull, verdict)
    }
}

fn check(name: &'static str, code: RefusalCode, verdict: Verdict) -> Check {
    Check {
        name,
        code,
        verdict,
        need: Need::Must,
        value: None,
        limit: None,
        unit: "",
        source: SOURCE,
        age_s: None,
        text: None,
        overridden: None,
    }
}
