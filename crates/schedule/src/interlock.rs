//! Whether dock, weather, vehicle and program allow arming, and whether the dock allows landing: one check per rule,
//! each with the measured value, the limit, who said so and how long ago, so that a refusal can be shown with its
//! numbers. Everything is evaluated, also behind the first refusal.

mod check;
mod dock_rules;
mod facts;
mod overrides;
mod program_rules;
#[cfg(test)]
mod tests;
mod vehicle_rules;

pub use check::{Check, Need, OverrideGiven, Scope, Verdict};
pub use facts::{
    BoundsFacts, ClockRule, DockFacts, DockWork, GroundStations, Limits, ListFact, PolicyFact, ProgramFacts,
    VehicleAges, VehicleFacts,
};
pub use overrides::{OVERRIDABLE, apply_overrides, may_be_overridden, overriding};
pub use program_rules::of_the_program;

use crate::refusal::RefusalCode;

/// What must hold of dock and vehicle before the vehicle is armed. What this program itself has to answer for says
/// [`of_the_program`].
#[must_use]
pub fn before_arming(dock: &DockFacts, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = dock_rules::before_arming(dock, limits);
    checks.extend(vehicle_rules::before_arming(dock.position, vehicle, limits));
    checks
}

/// Everything that should hold before a vehicle comes down into the dock. What forbids it says
/// [`forbids_landing`]; a dock that went silent after its lid was seen open still takes a vehicle.
#[must_use]
pub fn before_landing(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    dock_rules::before_landing(dock, limits)
}

/// The first of these checks that forbids arming.
#[must_use]
pub fn forbids_arming(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| check.forbids())
}

/// The first of these checks that forbids landing in the dock: a failure, or a lid nobody knows open. Other
/// gaps in what is known do not, because a vehicle in the air has to come down somewhere; nor does what a person
/// overrides.
#[must_use]
pub fn forbids_landing(checks: &[Check]) -> Option<&Check> {
    let objects = |check: &&Check| match check.verdict {
        Verdict::Pass => false,
        Verdict::Fail => true,
        Verdict::Unknown => check.code == RefusalCode::LidNotOpen,
    };
    let mut left = checks.iter().filter(|check| check.overridden.is_none());
    left.find(objects)
}
