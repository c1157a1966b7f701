//! The fence of a flight: the plan's goes onto the vehicle and is switched on; where the plan has none, the vehicle's
//! own stays, and a mission that would leave it is refused on the ground instead of being broken off in the air.
//!
//! ArduPilot: FENCE_ENABLE, FENCE_TYPE (bit 2 is polygons and circles; the others are a ceiling and a circle round
//! home, whose defaults of 100 m and 300 m would end most missions, so they stay as they were), FENCE_ACTION 1 returns.
//! PX4: GF_ACTION 3 returns.

use schedule::mission::{MissionProblemCode, check_fence};
use schedule::refusal::RefusalCode;

use super::event::Step;
use super::pilot::{Broken, Pilot};
use super::prepare::{NotFlown, code_of};
use crate::mission_transfer::{FenceTransferError, MissionTransferError};
use crate::parameters::ParameterError;
use crate::profile::Profile;

/// FENCE_TYPE: polygons and circles that were uploaded.
const AREAS: u32 = 4;
/// FENCE_ACTION of ArduPilot: return, and land where that is not possible.
const COPTER_RETURNS: f64 = 1.0;
/// GF_ACTION of PX4: return.
const PX4_RETURNS: f64 = 3.0;
/// GF_ACTION of PX4 up to which a breach is only told.
const PX4_WARNS: f64 = 1.0;

/// Settles the fence before anything arms.
pub(super) async fn settle_fence(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    if pilot.order.fence.is_empty() {
        return keep_within_its_own(pilot).await;
    }
    let (vehicle, order) = (pilot.vehicle.clone(), pilot.order);
    match pilot.through(vehicle.upload_fence(&order.fence)).await? {
        Ok(report) => {
            let areas = order.fence.areas.len();
            let text = format!("{areas} areas, {} items read back equal", report.items);
            pilot.outbox.step(Step::FenceSet, text);
        }
        Err(FenceTransferError::Fence(error)) => {
            return Err(NotFlown::refused(RefusalCode::PlanInvalid, error.to_string()));
        }
        Err(FenceTransferError::Transfer(error)) => {
            return Err(NotFlown::refused(code_of(&error), format!("the fence: {error}")));
        }
    }
    switch_on(pilot).await
}

async fn switch_on(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let vehicle = pilot.vehicle.clone();
    let profile = pilot.profile;
    let switched = pilot
        .through(async {
            match profile {
                Profile::ArduCopter => {
                    let enabled = vehicle.parameter("FENCE_ENABLE").await? != 0.0;
                    let before = if enabled {
                        vehicle.parameter("FENCE_TYPE").await?
                    } else {
                        0.0
                    };
                    let kinds = f64::from(before as u32 | AREAS);
                    vehicle.set_parameter("FENCE_TYPE", kinds).await?;
                    if vehicle.parameter("FENCE_ACTION").await? == 0.0 {
                        vehicle.set_parameter("FENCE_ACTION", COPTER_RETURNS).await?;
                    }
                    vehicle.set_parameter("FENCE_ENABLE", 1.0).await?;
                }
                Profile::Px4 => {
                    if vehicle.parameter("GF_ACTION").await? <= PX4_WARNS {
                        vehicle.set_parameter("GF_ACTION", PX4_RETURNS).await?;
                    }
                }
                Profile::Generic => {}
            }
            Ok::<(), ParameterError>(())
        })
        .await?;
    match switched {
        Ok(()) => Ok(()),
        Err(error) => {
            let text = format!("the fence is not switched on: {error}");
            Err(NotFlown::refused(RefusalCode::PolicyNotKept, text))
        }
    }
}

/// A plan without a fence takes none off the vehicle: somebody put it there.
async fn keep_within_its_own(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let vehicle = pilot.vehicle.clone();
    let fence = match pilot.through(vehicle.download_fence()).await? {
        Ok(fence) if fence.is_empty() => return Ok(()),
        Ok(fence) => fence,
        Err(FenceTransferError::Transfer(MissionTransferError::NotSupported { .. })) => return Ok(()),
        Err(error) => {
            let text = format!("whether the vehicle has a fence of its own is not known: {error}");
            pilot.outbox.step(Step::Notice, text);
            return Ok(());
        }
    };
    let obeyed = obeys(pilot).await?;
    let home = pilot.seen.home.map(|(home, _)| home);
    let problems = check_fence(&pilot.order.items, &fence, home);
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
