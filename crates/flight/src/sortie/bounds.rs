//! Fence and rally points of a flight, settled before anything arms. The plan's go onto the vehicle and are read back;
//! where the plan has none, the vehicle's own stay, and a mission that they would end elsewhere is refused on the
//! ground. What an earlier flight left behind is told from the vehicle's own by what was written down then.

use std::pin::pin;
use std::time::Duration;

use schedule::interlock::ListFact;
use schedule::mission::{Fence, RallyPoint, takes_return};
use schedule::refusal::RefusalCode;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::event::{FlightEvent, Step};
use super::fencing::{check_own_fence, lay_parameters, upload_fence, wanted_parameters};
use super::found::Found;
use super::laid::{Bounds, Exchange, Laid};
use super::pilot::{Broken, Pilot};
use super::prepare::{NotFlown, code_of};
use super::put_back::{put_fence, put_rally};
use crate::mission_transfer::{
    FenceTransferError, MissionTransferError, RallyTransferError, is_from_fence, is_from_rally,
};
use crate::profile::Profile;

/// Reading a list of a vehicle in the air may take so long. Wall.
const VERIFIED_WITHIN: Duration = Duration::from_secs(8);

/// Settles fence and rally points before anything arms.
pub(super) async fn settle_bounds(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let owed = pilot.order.owed.clone().unwrap_or_default();
    let (fence, rally) = (find_fence(pilot).await?, find_rally(pilot).await?);
    let stale_fence = stale(owed.fence, &fence, is_from_fence)?;
    let stale_rally = stale(owed.rally, &rally, |found, ours| is_from_rally(found, ours))?;
    let (plans_fence, plans_rally) = (&pilot.order.fence, &pilot.order.rally);
    let exchange_fence = (!plans_fence.is_empty()).then(|| Exchange {
        before: match &stale_fence {
            Some(stale) => stale.before.clone(),
            None => fence.list(),
        },
        ours: plans_fence.clone(),
    });
    let exchange_rally = (!plans_rally.is_empty()).then(|| Exchange {
        before: match &stale_rally {
            Some(stale) => stale.before.clone(),
            None => rally.list(),
        },
        ours: plans_rally.clone(),
    });
    let parameters = wanted_parameters(pilot, exchange_fence.is_some(), &owed.parameters).await?;
    // What is taken back now still has to be known if this flight ends before it is done.
    let laid = Laid {
        fence: exchange_fence.clone().or(stale_fence.clone()),
        rally: exchange_rally.clone().or(stale_rally.clone()),
        parameters: parameters.laid.clone(),
    };
    write_down(pilot, laid).await?;
    let fence = match (exchange_fence, stale_fence) {
        (Some(_), _) => upload_fence(pilot).await?,
        (None, Some(stale)) => Found::List(take_back_fence(pilot, stale).await?),
        (None, None) => fence,
    };
    let rally = match (exchange_rally, stale_rally) {
        (Some(_), _) => upload_rally(pilot).await?,
        (None, Some(stale)) => Found::List(take_back_rally(pilot, stale).await?),
        (None, None) => rally,
    };
    lay_parameters(pilot, parameters).await?;
    let bounds = Bounds {
        fence: fence_on_board(pilot, &fence).await?,
        rally: rally_on_board(pilot, &rally)?,
    };
    keep_only_what_is_ours(pilot).await?;
    pilot.outbox.tell(FlightEvent::Bounds(bounds));
    Ok(())
}

/// What an earlier flight left, if that is what was found. While a list cannot be read nobody knows, and nothing flies.
fn stale<T>(
    owed: Option<Exchange<T>>,
    found: &Found<T>,
    is_ours: impl Fn(&T, &T) -> bool,
) -> Result<Option<Exchange<T>>, NotFlown> {
    let Some(owed) = owed else {
        return Ok(None);
    };
    match found {
        Found::List(found) => Ok(is_ours(found, &owed.ours).then_some(owed)),
        Found::NotSupported => Ok(None),
        Found::Unreadable(error) => {
            let text =
                format!("whether the vehicle still has what an earlier flight left is not known: {error}");
            Err(NotFlown::refused(RefusalCode::UploadFailed, text))
        }
    }
}

/// Of a flight that is picked up in the air: whether the fence and the rally points on board are those of the plan. What
/// is not is told; nothing is uploaded under a vehicle that flies.
pub(super) async fn verify_bounds(pilot: &mut Pilot<'_>) {
    let (vehicle, order) = (pilot.vehicle.clone(), pilot.order);
    if !order.fence.is_empty() {
        let Some(found) = read_on(pilot, vehicle.download_fence()).await else {
            return;
        };
        let equal = found.is_ok_and(|found| !found.is_empty() && is_from_fence(&found, &order.fence));
        let texts = [
            "the fence on board is that of the plan",
            "the fence on board could not be read or is not that of the plan",
        ];
        tell_equal(pilot, Step::FenceSet, texts, equal);
    }
    if !order.rally.is_empty() {
        let Some(found) = read_on(pilot, vehicle.download_rally()).await else {
            return;
        };
        let all =
            |found: Vec<RallyPoint>| found.len() == order.rally.len() && is_from_rally(&found, &order.rally);
        let equal = found.is_ok_and(all);
        let texts = [
            "the rally points on board are those of the plan",
            "the rally points on board could not be read or are not those of the plan",
        ];
        tell_equal(pilot, Step::RallySet, texts, equal);
    }
}

/// Goes on watching while something is read, unless somebody wants something.
async fn read_on<F: Future>(pilot: &mut Pilot<'_>, work: F) -> Option<F::Output> {
    let mut work = pin!(timeout(VERIFIED_WITHIN, work));
    loop {
        tokio::select! {
            biased;
            output = &mut work => return output.ok(),
            () = pilot.pump() => {}
        }
        if pilot.stopped || pilot.instruction.is_some() {
            return None;
        }
    }
}

fn tell_equal(pilot: &mut Pilot<'_>, step: Step, [same, other]: [&str; 2], equal: bool) {
    let (step, text) = if equal {
        (step, same)
    } else {
        (Step::Notice, other)
    };
    pilot.outbox.step(step, text);
}

/// After a take-back nothing is laid any more but what this flight put there.
async fn keep_only_what_is_ours(pilot: &mut Pilot<'_>) -> Result<(), Broken> {
    let mut laid = pilot.laid.clone();
    if pilot.order.fence.is_empty() {
        laid.fence = None;
    }
    if pilot.order.rally.is_empty() {
        laid.rally = None;
    }
    laid.parameters
        .retain(|parameter| parameter.before != parameter.ours);
    if laid == pilot.laid {
        return Ok(());
    }
    write_down(pilot, laid).await
}

/// Has it written down what is laid, before it is. Without anybody who writes the flight goes on.
async fn write_down(pilot: &mut Pilot<'_>, laid: Laid) -> Result<(), Broken> {
    let nothing_known = pilot.order.owed.is_none() && pilot.laid.is_empty();
    if laid.is_empty() && nothing_known {
        return Ok(());
    }
    pilot.laid = laid.clone();
    let (written, answer) = oneshot::channel();
    pilot.outbox.tell(FlightEvent::Laid { laid, written });
    let _nobody_writes = pilot.through(answer).await?;
    Ok(())
}

pub(super) async fn find_fence(pilot: &mut Pilot<'_>) -> Result<Found<Fence>, Broken> {
    let vehicle = pilot.vehicle.clone();
    Ok(match pilot.through(vehicle.download_fence()).await? {
        Ok(fence) => Found::List(fence),
        Err(FenceTransferError::Transfer(MissionTransferError::NotSupported { .. })) => Found::NotSupported,
        Err(error) => Found::Unreadable(error.to_string()),
    })
}

pub(super) async fn find_rally(pilot: &mut Pilot<'_>) -> Result<Found<Vec<RallyPoint>>, Broken> {
    let vehicle = pilot.vehicle.clone();
    Ok(match pilot.through(vehicle.download_rally()).await? {
        Ok(rally) => Found::List(rally),
        Err(RallyTransferError::Transfer(MissionTransferError::NotSupported { .. })) => Found::NotSupported,
        Err(error) => Found::Unreadable(error.to_string()),
    })
}

async fn upload_rally(pilot: &mut Pilot<'_>) -> Result<Found<Vec<RallyPoint>>, NotFlown> {
    let (vehicle, order) = (pilot.vehicle.clone(), pilot.order);
    match pilot.through(vehicle.upload_rally(&order.rally)).await? {
        Ok(report) => {
            let text = format!("{} rally points read back equal", report.items);
            pilot.outbox.step(Step::RallySet, text);
            tell_unreachable(pilot).await?;
            Ok(Found::List(order.rally.clone()))
        }
        Err(RallyTransferError::Rally(error)) => {
            Err(NotFlown::refused(RefusalCode::PlanInvalid, error.to_string()))
        }
        Err(RallyTransferError::Transfer(error)) => Err(NotFlown::refused(
            code_of(&error),
            format!("the rally points: {error}"),
        )),
    }
}

/// ArduPilot leaves points out that are farther away than RALLY_LIMIT_KM.
async fn tell_unreachable(pilot: &mut Pilot<'_>) -> Result<(), Broken> {
    if pilot.profile != Profile::ArduCopter {
        return Ok(());
    }
    let vehicle = pilot.vehicle.clone();
    let read = pilot.through(vehicle.parameters(&[&["RALLY_LIMIT_KM"]])).await?;
    let limit_km = read.ok().and_then(|read| read.into_iter().next().flatten());
    let Some(limit_m) = limit_km
        .map(|limit| 1000.0 * limit.value)
        .filter(|limit| *limit > 0.0)
    else {
        return Ok(());
    };
    let home = pilot.seen.home.map(|(home, _)| home);
    let places: Vec<_> = pilot
        .order
        .items
        .iter()
        .filter_map(|item| item.place())
        .chain(home)
        .collect();
    let too_far = |point: &&RallyPoint| {
        let off_m = |place| survey::geodesy::geodesic_distance_m(place, point.position);
        places.iter().all(|place| off_m(*place) > limit_m)
    };
    let far = pilot.order.rally.iter().filter(too_far).count();
    if far > 0 {
        let text = format!(
            "{far} rally points are farther than RALLY_LIMIT_KM ({limit_m:.0} m) from the whole mission: the vehicle will not use them"
        );
        pilot.outbox.step(Step::Notice, text);
    }
    Ok(())
}

async fn take_back_fence(pilot: &mut Pilot<'_>, stale: Exchange<Fence>) -> Result<Fence, NotFlown> {
    let before = stale.before.unwrap_or_default();
    match put_fence(pilot, &before).await? {
        Ok(()) => {
            let text = "a fence that an earlier flight had left on the vehicle was taken back";
            pilot.outbox.step(Step::Notice, text);
            Ok(before)
        }
        Err(error) => Err(NotFlown::refused(
            RefusalCode::UploadFailed,
            format!("the fence of an earlier flight is still on the vehicle: {error}"),
        )),
    }
}

async fn take_back_rally(
    pilot: &mut Pilot<'_>,
    stale: Exchange<Vec<RallyPoint>>,
) -> Result<Vec<RallyPoint>, NotFlown> {
    let before = stale.before.unwrap_or_default();
    match put_rally(pilot, &before).await? {
        Ok(()) => {
            let text = "rally points that an earlier flight had left on the vehicle were taken back";
            pilot.outbox.step(Step::Notice, text);
            Ok(before)
        }
        Err(error) => Err(NotFlown::refused(
            RefusalCode::RallyPoint,
            format!("rally points of an earlier flight are still on the vehicle: {error}"),
        )),
    }
}

/// A plan without a fence takes none off the vehicle: somebody put it there.
async fn fence_on_board(pilot: &mut Pilot<'_>, found: &Found<Fence>) -> Result<ListFact, NotFlown> {
    if !pilot.order.fence.is_empty() {
        return Ok(ListFact::ReadBack(pilot.order.fence.item_count()));
    }
    match found {
        Found::List(fence) if fence.is_empty() => Ok(ListFact::Empty),
        Found::NotSupported => Ok(ListFact::Empty),
        Found::List(fence) => {
            check_own_fence(pilot, fence).await?;
            Ok(ListFact::Own(fence.areas.len()))
        }
        Found::Unreadable(error) => {
            let text = format!("whether the vehicle has a fence of its own is not known: {error}");
            pilot.outbox.step(Step::Notice, text);
            Ok(ListFact::Unknown)
        }
    }
}

/// Rally points of the vehicle's own stay as well, unless they would take the return at the end of the mission, or lie
/// outside the fence of the plan.
fn rally_on_board(pilot: &mut Pilot<'_>, found: &Found<Vec<RallyPoint>>) -> Result<ListFact, NotFlown> {
    if !pilot.order.rally.is_empty() {
        return Ok(ListFact::ReadBack(pilot.order.rally.len()));
    }
    let points = match found {
        Found::List(points) if points.is_empty() => return Ok(ListFact::Empty),
        Found::NotSupported => return Ok(ListFact::Empty),
        Found::List(points) => points,
        Found::Unreadable(error) => {
            let text = format!("whether the vehicle has rally points of its own is not known: {error}");
            pilot.outbox.step(Step::Notice, text);
            return Ok(ListFact::Unknown);
        }
    };
    let count = points.len();
    let refused = |text: String| Err(NotFlown::refused(RefusalCode::RallyPoint, text));
    let home = pilot.seen.home.map(|(home, _)| home);
    if home.is_some_and(|home| takes_return(&pilot.order.items, points, home)) {
        return refused(format!(
            "{count} rally points of its own are on the vehicle, and at the end of the mission it would land at one of them instead of at home"
        ));
    }
    if points
        .iter()
        .any(|point| !pilot.order.fence.allows(point.position))
    {
        return refused(format!(
            "of {count} rally points of its own on the vehicle some are outside the fence of the plan"
        ));
    }
    let text = format!(
        "the plan has no rally points; {count} of the vehicle's own stay, and a return in need may lead to one that is nearer than home"
    );
    pilot.outbox.step(Step::Notice, text);
    Ok(ListFact::Own(count))
}
