//! What must hold before a dock of the Cloud API is given a task, and before it may start: the rules of all docks, less
//! those that are the dock's own business (the lid during a task) or that it cannot measure (gusts).

use std::time::Instant;

use schedule::interlock::{self, Check, VehicleFacts, Verdict};
use schedule::refusal::RefusalCode;

use crate::config::roster::DockEntry;
use crate::fleet::dock_side::{Refused, check_text};
use crate::fleet::service::Fleet;

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
    };
    let limits = &fleet.settings().limits;
    let mut checks: Vec<Check> = interlock::before_arming(&facts, &vehicle, limits)
        .into_iter()
        .filter(|check| !matches!(check.code, RefusalCode::LidNotOpen | RefusalCode::Gust))
        .collect();
    let mode = state
        .as_ref()
        .filter(|state| state.online == Some(true))
        .map(|state| state.mode);
    checks.push(idle(mode));
    checks.push(own_aircraft(fleet, dock));
    checks.push(storage(fleet, dock));
    checks
}

/// May the dock be given its task?
///
/// # Errors
/// The first rule that fails or lacks data.
pub fn may_start(fleet: &Fleet, dock: &DockEntry) -> Result<(), Refused> {
    let checks = checks(fleet, dock);
    match interlock::forbids_arming(&checks) {
        Some(check) => Err((check.code, check_text(check))),
        None => Ok(()),
    }
}

/// The same when the dock has the task already and works on it.
///
/// # Errors
/// The first rule that fails or lacks data.
pub fn may_go_on(fleet: &Fleet, dock: &DockEntry) -> Result<(), Refused> {
    let checks: Vec<Check> = checks(fleet, dock)
        .into_iter()
        .filter(|check| check.code != RefusalCode::DockBusy)
        .collect();
    match interlock::forbids_arming(&checks) {
        Some(check) => Err((check.code, check_text(check))),
        None => Ok(()),
    }
}

fn idle(mode: Option<flight::dock::DockMode>) -> Check {
    use flight::dock::DockMode;
    let verdict = match mode {
        Some(DockMode::Idle) => Verdict::Pass,
        Some(DockMode::Busy | DockMode::Debug | DockMode::Upgrading) => Verdict::Fail,
        Some(DockMode::Unknown) | None => Verdict::Unknown,
    };
    flag(RefusalCode::DockBusy, verdict)
}

/// A dock that names no aircraft is believed; one that names another is not.
fn own_aircraft(fleet: &Fleet, dock: &DockEntry) -> Check {
    let named = fleet
        .cloud()
        .and_then(|cloud| cloud.desk.named_aircraft_sn(&dock.dock_id));
    let expected = dock.cloud.as_ref().map(|cloud| cloud.aircraft_sn.as_str());
    let is_other = named.as_deref().is_some_and(|named| Some(named) != expected);
    flag(
        RefusalCode::WrongVehicle,
        if is_other { Verdict::Fail } else { Verdict::Pass },
    )
}

/// A dock that does not tell its storage is believed to have some: it refuses by itself when it has none.
fn storage(fleet: &Fleet, dock: &DockEntry) -> Check {
    let value = fleet
        .cloud()
        .and_then(|cloud| cloud.desk.free_storage_percent(&dock.dock_id));
    let limit = fleet.settings().cloud.min_free_storage_percent;
    Check {
        code: RefusalCode::StorageFull,
        verdict: match value {
            Some(free) if free < limit => Verdict::Fail,
            _ => Verdict::Pass,
        },
        value,
        limit: Some(limit),
        unit: "%",
    }
}

fn flag(code: RefusalCode, verdict: Verdict) -> Check {
    Check {
        code,
        verdict,
        value: None,
        limit: None,
        unit: "",
    }
}
