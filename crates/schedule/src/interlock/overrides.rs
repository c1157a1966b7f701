//! Overrides: a named person takes it upon himself that a check is not in order, for one sortie or one dock and for a
//! limited time. What keeps people and other aircraft from harm cannot be overridden by anybody.

use survey::time::UtcMicros;

use super::check::{Check, OverrideGiven, Scope, Verdict};

/// Checks that a person may override, by their names. Never: emergency stop, lid, presence and contact of the dock,
/// two vehicles under one number, the position estimate and its fix, the mission, fence and rally points read back, the ground stop.
pub const OVERRIDABLE: [&str; 20] = [
    "dock_mode",
    "wind",
    "gust",
    "rain",
    "temperature",
    "battery",
    "battery_voltage",
    "battery_cells",
    "battery_health",
    "satellites",
    "not_at_dock",
    "home_at_dock",
    "prearm",
    "sensors",
    "clock_off",
    "ground_station",
    "policy_not_kept",
    "flight_time",
    "storage_full",
    "fence_outdated",
];

/// Whether a person may override the check of this name.
#[must_use]
pub fn may_be_overridden(check: &str) -> bool {
    OVERRIDABLE.contains(&check)
}

/// Who overrides the check of this name for a dock and a sortie, if somebody does and may. `now` is the city's clock.
#[must_use]
pub fn overriding<'g>(
    given: &'g [OverrideGiven],
    check: &str,
    (dock, sortie): (&str, Option<&str>),
    now: UtcMicros,
) -> Option<&'g OverrideGiven> {
    let holds = |one: &&OverrideGiven| {
        let meant = match &one.scope {
            Scope::Dock(id) => id == dock,
            Scope::Sortie(id) => Some(id.as_str()) == sortie,
        };
        meant && one.check == check && now < one.until
    };
    given.iter().find(holds).filter(|_| may_be_overridden(check))
}

/// Notes on every check that is not in order who overrides it. The verdict, the value and the limit stay as they are.
#[must_use]
pub fn apply_overrides(
    checks: Vec<Check>,
    given: &[OverrideGiven],
    place: (&str, Option<&str>),
    now: UtcMicros,
) -> Vec<Check> {
    let noted = |check: Check| {
        let wanted = check.verdict != Verdict::Pass;
        let found = overriding(given, check.name, place, now).filter(|_| wanted);
        Check {
            overridden: found.cloned(),
            ..check
        }
    };
    checks.into_iter().map(noted).collect()
}
