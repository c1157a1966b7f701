//! After a restart: every sortie that was not over is taken up again from what the store and the vehicle say.

use std::sync::Arc;

use anyhow::{Context, Result};
use schedule::calendar::Slot;
use schedule::mission::MissionItem;
use schedule::photo_ledger::SortieId;
use schedule::refusal::RefusalCode;
use schedule::sortie::SortieState;
use store::flights::{FlightRow, SlotState};

use crate::fleet::bounds::PlanBounds;
use crate::fleet::dispatch;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::order::order;
use crate::fleet::orders::standing;
use crate::fleet::service::Fleet;
use crate::fleet::settle::settle_when_quiet;
use crate::fleet::sortie_run::{SortieRun, TakeUp};

/// A launch that was cut off is made good within this time of its slot, not later: weather and airspace may have
/// changed.
const LAUNCH_STILL_WITHIN_S: i64 = 600;
/// Up, one leg and down again take longer than this, city seconds.
const SHORTEST_FLIGHT_S: i64 = 60;

/// Takes up what was under way and what was claimed from the calendar but not begun.
///
/// # Errors
/// The database.
pub async fn recover(fleet: &Fleet) -> Result<()> {
    for flight in fleet.workplace().store.open_flights().await? {
        let sortie: SortieId = flight.sortie_id.parse()?;
        if let Err(error) = take_up(fleet, flight).await {
            tracing::error!(sortie.id = %sortie, error = %format!("{error:#}"), "sortie cannot be taken up");
            FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie)
                .refuse(RefusalCode::Internal.as_str(), &format!("{error:#}"))
                .await?;
        }
    }
    claimed_slots(fleet).await
}

async fn take_up(fleet: &Fleet, flight: FlightRow) -> Result<()> {
    let sortie: SortieId = flight.sortie_id.parse()?;
    if flight.state == SortieState::Landed {
        let (fleet_of_task, sortie) = (fleet.clone(), sortie);
        fleet
            .tasks()
            .spawn(async move { settle_when_quiet(&fleet_of_task, &sortie).await });
        return Ok(());
    }
    let on_ground = matches!(flight.state, SortieState::Due | SortieState::Preparing);
    let may_start = !is_late(fleet, &flight) && !may_have_flown(fleet, &flight).await?;
    if on_ground && !may_start {
        let text = "the service was away when it should have started";
        return record(fleet, &sortie)
            .refuse(RefusalCode::SlotMissed.as_str(), text)
            .await;
    }
    let dock_id = flight.dock_id.as_deref().unwrap_or_default();
    let dock = fleet
        .roster()
        .dock(dock_id)
        .filter(|dock| dock.system_id == flight.system_id)
        .with_context(|| {
            format!(
                "no dock {dock_id} with vehicle {} in the roster",
                flight.system_id
            )
        })?
        .clone();
    let items: Vec<MissionItem> =
        serde_json::from_str(&flight.mission_json).context("the mission's row cannot be read")?;
    let mut order = order(sortie, items, Some(&dock), fleet.settings());
    PlanBounds::of(&flight)?.put_into(&mut order);
    order.launched_at = flight.launched_at;
    if flight.launched_at.is_some() {
        let steps = fleet.workplace().store.steps(&flight.sortie_id).await?;
        order.standing = standing(&steps, dock.alternate_landing, fleet.clock().now());
    }
    let run = SortieRun {
        fleet: fleet.clone(),
        dock,
        order,
        paused: Arc::default(),
    };
    let how = if on_ground {
        TakeUp::Fly
    } else {
        TakeUp::Resume { may_start }
    };
    fleet.tasks().spawn(run.run(how));
    Ok(())
}

/// It was told to arm, and since then nobody has watched for as long as the shortest flight takes: found on the ground,
/// it may have been in the air.
async fn may_have_flown(fleet: &Fleet, flight: &FlightRow) -> Result<bool> {
    if flight.state != SortieState::Launching {
        return Ok(false);
    }
    let steps = fleet.workplace().store.steps(&flight.sortie_id).await?;
    let watched_until = steps.last().map_or(flight.created_at, |step| step.at);
    Ok(fleet.clock().now().0 - watched_until.0 > SHORTEST_FLIGHT_S * 1_000_000)
}

fn is_late(fleet: &Fleet, flight: &FlightRow) -> bool {
    let since = flight.slot_at.unwrap_or(flight.created_at);
    fleet.clock().now().0 - since.0 > LAUNCH_STILL_WITHIN_S * 1_000_000
}

fn record(fleet: &Fleet, sortie: &SortieId) -> FlightRecord {
    FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie.clone())
}

/// Killed between claiming a slot and writing its sortie.
async fn claimed_slots(fleet: &Fleet) -> Result<()> {
    let now = fleet.clock().now();
    let from = survey::time::UtcMicros(now.0 - LAUNCH_STILL_WITHIN_S * 1_000_000);
    for row in fleet.workplace().store.slots_between(from, now).await? {
        let entry = fleet.calendar().iter().find(|entry| entry.mission == row.mission);
        if let Some(entry) = entry
            && row.state == SlotState::Due
        {
            let slot = Slot {
                mission: row.mission,
                dock_id: row.dock_id,
                plan: entry.plan.clone(),
                at: row.slot_at,
            };
            dispatch::launch(fleet, &slot).await?;
        }
    }
    Ok(())
}
