//! After the landing the vehicle gets back what it had before the flight: fence, rally points and the parameters that
//! made the plan's count. What cannot be put back is named, and the next flight finds it written down.

use std::time::Duration;

use schedule::mission::{Fence, RallyPoint};

use super::event::{FlightEvent, Step};
use super::fencing::set_back_parameters;
use super::laid::Laid;
use super::pilot::{Broken, Pilot};

/// All of it may take so long. Wall.
const PATIENCE: Duration = Duration::from_secs(45);

/// Puts back what the flight laid, on the ground with motors off.
pub(super) async fn put_back(pilot: &mut Pilot<'_>) {
    let laid = std::mem::take(&mut pilot.laid);
    if laid.is_empty() {
        return;
    }
    if pilot.stopped || !pilot.is_heard() || pilot.seen.armed || !pilot.is_on_ground() {
        if !pilot.stopped {
            let text = "fence and rally points of this flight are still on the vehicle: it was not seen on the ground with motors off";
            pilot.outbox.step(Step::Notice, text);
        }
        return;
    }
    // What a person says now concerns a vehicle that is down already.
    pilot.instruction = None;
    let done = tokio::time::timeout(PATIENCE, put_all(pilot, &laid)).await;
    match done {
        Ok(Ok(problems)) if problems.is_empty() => {
            pilot.outbox.step(Step::PutBack, text_of(&laid));
            pilot.outbox.tell(FlightEvent::PutBack);
        }
        Ok(Ok(problems)) => {
            let text = format!(
                "not everything was put back on the vehicle, the next flight tries again: {}",
                problems.join("; ")
            );
            pilot.outbox.step(Step::Notice, text);
        }
        Ok(Err(_)) | Err(_) => {
            let text = "fence and rally points of this flight were not taken back in time; the next flight tries again";
            pilot.outbox.step(Step::Notice, text);
        }
    }
}

async fn put_all(pilot: &mut Pilot<'_>, laid: &Laid) -> Result<Vec<String>, Broken> {
    let mut problems = Vec::new();
    if let Some(rally) = &laid.rally {
        let before = rally.before.clone().unwrap_or_default();
        problems.extend(put_rally(pilot, &before).await?.err());
    }
    if let Some(fence) = &laid.fence {
        let before = fence.before.clone().unwrap_or_default();
        problems.extend(put_fence(pilot, &before).await?.err());
    }
    problems.extend(set_back_parameters(pilot, &laid.parameters).await?);
    Ok(problems)
}

/// Makes the fence on the vehicle this one, or none.
pub(super) async fn put_fence(pilot: &mut Pilot<'_>, fence: &Fence) -> Result<Result<(), String>, Broken> {
    let vehicle = pilot.vehicle.clone();
    if fence.is_empty() {
        let cleared = pilot.through(vehicle.clear_fence()).await?;
        return Ok(cleared.map(|_| ()).map_err(|error| format!("the fence: {error}")));
    }
    let put = pilot.through(vehicle.upload_fence(fence)).await?;
    Ok(put.map(|_| ()).map_err(|error| error.to_string()))
}

/// Makes the rally points on the vehicle these, or none.
pub(super) async fn put_rally(
    pilot: &mut Pilot<'_>,
    points: &[RallyPoint],
) -> Result<Result<(), String>, Broken> {
    let vehicle = pilot.vehicle.clone();
    if points.is_empty() {
        let cleared = pilot.through(vehicle.clear_rally()).await?;
        return Ok(cleared
            .map(|_| ())
            .map_err(|error| format!("the rally points: {error}")));
    }
    let put = pilot.through(vehicle.upload_rally(points)).await?;
    Ok(put.map(|_| ()).map_err(|error| error.to_string()))
}

/// `the vehicle's own fence of 2 areas, no rally points, FENCE_ENABLE 1 → 0`
fn text_of(laid: &Laid) -> String {
    let mut parts = Vec::new();
    if let Some(fence) = &laid.fence {
        parts.push(match &fence.before {
            Some(own) if !own.is_empty() => format!("the vehicle's own fence of {} areas", own.areas.len()),
            Some(_none) => "no fence".to_owned(),
            None => "no fence (what was there could not be read)".to_owned(),
        });
    }
    if let Some(rally) = &laid.rally {
        parts.push(match &rally.before {
            Some(own) if !own.is_empty() => format!("{} rally points of its own", own.len()),
            Some(_none) => "no rally points".to_owned(),
            None => "no rally points (what was there could not be read)".to_owned(),
        });
    }
    let told = laid
        .parameters
        .iter()
        .map(|it| format!("{} {} → {}", it.name, it.ours, it.before));
    parts.extend(told);
    parts.join(", ")
}
