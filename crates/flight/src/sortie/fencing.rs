//! The fence of a flight on the vehicle, and the parameters that make it count; or the vehicle's own fence, which the
//! mission has to stay within.
//!
//! ArduPilot: FENCE_ENABLE, FENCE_TYPE (bit 2 is polygons and circles; the others are a ceiling and a circle round
//! home, whose defaults of 100 m and 300 m would end most missions, so they stay as they were), FENCE_ACTION. PX4:
//! GF_ACTION. A breach of the plan's fence has to end in a landing without anybody: actions that only tell, hold in
//! the air or stop the motors are set to "return".

use schedule::mission::{Fence, MissionProblemCode, check_fence};
use schedule::refusal::RefusalCode;

use super::event::Step;
use super::found::{Found, Parameters};
use super::laid::ParameterLaid;
use super::pilot::{Broken, Pilot};
use super::prepare::{NotFlown, code_of};
use crate::mission_transfer::FenceTransferError;
use crate::parameters::bulk::{Alternatives, ParameterValue};
use crate::parameters::same;
use crate::profile::Profile;

/// FENCE_TYPE: polygons and circles that were uploaded.
const AREAS: u32 = 4;
/// FENCE_ACTION of ArduCopter: return, and land where that is not possible; and those that land or return already (land,
/// two kinds of SmartRTL). The others tell (0) or brake (4).
const COPTER_RETURNS: f64 = 1.0;
const COPTER_COMES_DOWN: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
/// GF_ACTION of PX4: return; and land. The others do nothing (0), warn (1), hold (2) or stop the motors (4).
const PX4_RETURNS: f64 = 3.0;
const PX4_COMES_DOWN: [f64; 2] = [3.0, 5.0];

/// Brings the fence of the plan on board.
pub(super) async fn upload_fence(pilot: &mut Pilot<'_>) -> Result<Found<Fence>, NotFlown> {
    let (vehicle, order) = (pilot.vehicle.clone(), pilot.order);
    match pilot.through(vehicle.upload_fence(&order.fence)).await? {
        Ok(report) => {
            let areas = order.fence.areas.len();
            let text = format!("{areas} areas, {} items read back equal", report.items);
            pilot.outbox.step(Step::FenceSet, text);
            Ok(Found::List(order.fence.clone()))
        }
        Err(FenceTransferError::Fence(error)) => {
            Err(NotFlown::refused(RefusalCode::PlanInvalid, error.to_string()))
        }
        Err(FenceTransferError::Transfer(error)) => {
            Err(NotFlown::refused(code_of(&error), format!("the fence: {error}")))
        }
    }
}

fn names(profile: Profile) -> &'static [Alternatives<'static>] {
    match profile {
        Profile::ArduCopter => &[&["FENCE_ENABLE"], &["FENCE_TYPE"], &["FENCE_ACTION"]],
        Profile::Px4 => &[&["GF_ACTION"]],
        Profile::Generic => &[],
    }
}

/// What the parameters of the fence have to be: as the plan's fence needs them, or as they were before a flight that
/// left its own. `owed`: what that flight had set.
pub(super) async fn wanted_parameters(
    pilot: &mut Pilot<'_>,
    has_fence: bool,
    owed: &[ParameterLaid],
) -> Result<Parameters, NotFlown> {
    if !has_fence && owed.is_empty() {
        return Ok(Parameters::default());
    }
    let vehicle = pilot.vehicle.clone();
    let read = pilot.through(vehicle.parameters(names(pilot.profile))).await?;
    let read = read.map_err(|error| not_switched(&error))?;
    let found: Vec<ParameterValue> = read.into_iter().flatten().collect();
    if has_fence && found.len() < names(pilot.profile).len() {
        return Err(not_switched(&"the vehicle does not answer for its parameters"));
    }
    let before = |parameter: &ParameterValue| {
        let ours = owed
            .iter()
            .find(|owed| owed.name == parameter.name && same(owed.ours, parameter.value));
        ours.map_or(parameter.value, |owed| owed.before)
    };
    let own_is_on = found
        .iter()
        .any(|parameter| parameter.name == "FENCE_ENABLE" && before(parameter) != 0.0);
    let mut parameters = Parameters::default();
    for parameter in found {
        let before = before(&parameter);
        let wanted = if has_fence {
            wanted(&parameter.name, before, own_is_on)
        } else {
            before
        };
        if !same(wanted, before) || !same(parameter.value, before) {
            parameters.laid.push(ParameterLaid {
                name: parameter.name.clone(),
                before,
                ours: wanted,
            });
        }
        if !same(wanted, parameter.value) {
            parameters.set.push((parameter, wanted));
        }
    }
    Ok(parameters)
}

/// The value that the plan's fence needs where `before` was.
fn wanted(name: &str, before: f64, own_is_on: bool) -> f64 {
    match name {
        "FENCE_ENABLE" => 1.0,
        // Kinds that were switched off with the fence stay off.
        "FENCE_TYPE" if own_is_on => f64::from(before as u32 | AREAS),
        "FENCE_TYPE" => f64::from(AREAS),
        "FENCE_ACTION" if !COPTER_COMES_DOWN.contains(&before) => COPTER_RETURNS,
        "GF_ACTION" if !PX4_COMES_DOWN.contains(&before) => PX4_RETURNS,
        _others => before,
    }
}

/// Sets the parameters and believes them when read back.
pub(super) async fn lay_parameters(pilot: &mut Pilot<'_>, parameters: Parameters) -> Result<(), NotFlown> {
    if parameters.set.is_empty() {
        return Ok(());
    }
    // The kinds and the action before the switch: nothing acts by an old setting in between.
    let mut set = parameters.set;
    set.sort_by_key(|(parameter, _)| parameter.name == "FENCE_ENABLE");
    let told: Vec<String> = set
        .iter()
        .map(|(it, now)| format!("{} {} → {now}", it.name, it.value))
        .collect();
    match keep(pilot, &set).await? {
        Ok(()) => {
            let text = format!("parameters of the fence: {}", told.join(", "));
            pilot.outbox.step(Step::Notice, text);
            Ok(())
        }
        Err(error) => Err(not_switched(&error)),
    }
}

/// Sets back what is still as the flight had set it; the problems that came up.
pub(super) async fn set_back_parameters(
    pilot: &mut Pilot<'_>,
    laid: &[ParameterLaid],
) -> Result<Vec<String>, Broken> {
    if laid.is_empty() {
        return Ok(Vec::new());
    }
    let vehicle = pilot.vehicle.clone();
    let names: Vec<[&str; 1]> = laid.iter().map(|it| [it.name.as_str()]).collect();
    let groups: Vec<Alternatives<'_>> = names.iter().map(<[&str; 1]>::as_slice).collect();
    let found = match pilot.through(vehicle.parameters(&groups)).await? {
        Ok(found) => found,
        Err(error) => return Ok(vec![error.to_string()]),
    };
    let mut set = Vec::new();
    let mut problems = Vec::new();
    for (laid, found) in laid.iter().zip(found) {
        match found {
            // Somebody else has set it since.
            Some(found) if !same(found.value, laid.ours) => {}
            Some(found) => set.push((found, laid.before)),
            None => problems.push(format!("{} does not answer", laid.name)),
        }
    }
    problems.extend(keep(pilot, &set).await?.err());
    Ok(problems)
}

async fn keep(pilot: &mut Pilot<'_>, set: &[(ParameterValue, f64)]) -> Result<Result<(), String>, Broken> {
    let vehicle = pilot.vehicle.clone();
    let kept = match pilot.through(vehicle.set_parameters(set)).await? {
        Ok(kept) => kept,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let lost = set
        .iter()
        .zip(kept)
        .find(|((_, wanted), kept)| kept.is_none_or(|kept| !same(kept, *wanted)));
    Ok(match lost {
        None => Ok(()),
        Some(((parameter, wanted), Some(kept))) => {
            Err(format!("{} stays {kept} instead of {wanted}", parameter.name))
        }
        Some(((parameter, _), None)) => Err(format!("{} does not answer any more", parameter.name)),
    })
}

fn not_switched(error: &dyn std::fmt::Display) -> NotFlown {
    let text = format!("the fence is not switched on: {error}");
    NotFlown::refused(RefusalCode::PolicyNotKept, text)
}

/// The vehicle's own fence stays. A mission that would leave it is refused, if the vehicle acts on a breach.
pub(super) async fn check_own_fence(pilot: &mut Pilot<'_>, fence: &Fence) -> Result<(), NotFlown> {
    let obeyed = obeys(pilot).await?;
    let home = pilot.seen.home.map(|(home, _)| home);
    let problems = check_fence(&pilot.order.items, fence, home);
    let leaves = |code| problems.iter().any(|problem| problem.code == code);
    let outside = leaves(MissionProblemCode::LeavesFence) || leaves(MissionProblemCode::DockOutsideFence);
    let areas = fence.areas.len();
    if outside && obeyed {
        let text = format!("the mission leaves the {areas} areas of the fence that is on the vehicle");
        return Err(NotFlown::refused(RefusalCode::LeavesFence, text));
    }
    let text = if obeyed {
        format!("the plan has no fence; the vehicle's own of {areas} areas stays")
    } else {
        format!("the plan has no fence; the vehicle's own of {areas} areas is switched off")
    };
    pilot.outbox.step(Step::Notice, text);
    if obeyed && pilot.order.alternate.is_some_and(|to| !fence.allows(to)) {
        let text =
            "the other landing place is outside the vehicle's own fence: ArduPilot refuses to fly there";
        pilot.outbox.step(Step::Notice, text);
    }
    Ok(())
}

/// Whether the vehicle acts on a breach; where it does not say so, it may.
async fn obeys(pilot: &mut Pilot<'_>) -> Result<bool, Broken> {
    let name = match pilot.profile {
        Profile::ArduCopter => "FENCE_ENABLE",
        Profile::Px4 => "GF_ACTION",
        Profile::Generic => return Ok(true),
    };
    let vehicle = pilot.vehicle.clone();
    let value = pilot.through(vehicle.parameter(name)).await?;
    Ok(value.map_or(true, |value| value != 0.0))
}
