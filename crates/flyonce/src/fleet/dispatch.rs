//! The calendar at work: what is due in a minute starts together, each slot once and by one program only, and
//! what cannot start is refused with a code.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use schedule::calendar::{Entry, MissedPolicy, Slot, SlotDecision, decide, slots_between};
use schedule::photo_ledger::SortieId;
use schedule::refusal::RefusalCode;
use store::flights::{SlotEnd, SlotState};
use store::rows::SortieKind;
use survey::time::UtcMicros;

use crate::clock;
use crate::config::roster::DockEntry;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::order::{CheckedMission, StartPlace, checked_mission, order, stamp};
use crate::fleet::service::Fleet;
use crate::fleet::sortie_run::{SortieRun, TakeUp};

/// How often the calendar is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Slots older than this are not looked for any more; every missed-slot policy is shorter.
const LOOK_BACK_US: i64 = 24 * 3600 * 1_000_000;

/// Dispatches until the fleet stops.
pub async fn dispatch(fleet: Fleet) {
    loop {
        if let Err(error) = dispatch_due(&fleet).await {
            tracing::error!(error = %format!("{error:#}"), "the calendar could not be followed");
        }
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn dispatch_due(fleet: &Fleet) -> Result<()> {
    let now = fleet.clock().now();
    let zone = &fleet.workplace().zone;
    let from = UtcMicros(now.0 - LOOK_BACK_US);
    for slot in slots_between(fleet.calendar(), zone, from, UtcMicros(now.0 + 1)) {
        let Some(entry) = fleet
            .calendar()
            .iter()
            .find(|entry| entry.mission == slot.mission)
        else {
            continue;
        };
        match decide(&slot, now, entry.if_missed) {
            SlotDecision::NotYet => {}
            SlotDecision::Launch => launch_once(fleet, &slot).await?,
            SlotDecision::Missed => miss_once(fleet, &slot, entry).await?,
        }
    }
    Ok(())
}

/// Slots from before this service first ran are nobody's fault and leave no row.
async fn miss_once(fleet: &Fleet, slot: &Slot, entry: &Entry) -> Result<()> {
    if slot.at < fleet.started_at() && entry.if_missed == MissedPolicy::Skip {
        return Ok(());
    }
    let store = &fleet.workplace().store;
    if store
        .claim_slot(&slot.mission, slot.at, &slot.dock_id, clock::now())
        .await?
    {
        settle(
            fleet,
            slot,
            SlotState::Missed,
            Some(RefusalCode::SlotMissed),
            None,
        )
        .await?;
    }
    Ok(())
}

async fn launch_once(fleet: &Fleet, slot: &Slot) -> Result<()> {
    let store = &fleet.workplace().store;
    if store
        .claim_slot(&slot.mission, slot.at, &slot.dock_id, clock::now())
        .await?
    {
        launch(fleet, slot).await?;
    }
    Ok(())
}

/// Makes a sortie of a claimed slot and starts its task. A plan that may not fly makes a refused sortie, so that
/// "why did dock 7 not fly" always has an answer.
///
/// # Errors
/// The database.
pub async fn launch(fleet: &Fleet, slot: &Slot) -> Result<()> {
    let sortie = sortie_id(fleet, slot)?;
    let Some(dock) = fleet.roster().dock(&slot.dock_id).cloned() else {
        return settle(
            fleet,
            slot,
            SlotState::Refused,
            Some(RefusalCode::DockUnknown),
            None,
        )
        .await;
    };
    let path = fleet.plans().join(&slot.plan);
    let (settings, start) = (fleet.settings().clone(), StartPlace::of_dock(&dock));
    let checked = tokio::task::spawn_blocking(move || checked_mission(&path, &settings, start)).await?;
    match checked {
        Ok(mission) => {
            create(fleet, slot, (&sortie, &dock), &mission).await?;
            settle(fleet, slot, SlotState::Launched, None, Some(&sortie)).await?;
            let order = order(sortie, mission.items, Some(&dock), fleet.settings());
            let run = SortieRun {
                fleet: fleet.clone(),
                dock,
                order,
                paused: Arc::default(),
            };
            fleet.tasks().spawn(run.run(TakeUp::Fly));
            Ok(())
        }
        Err(error) => {
            let empty = CheckedMission::refused(&slot.mission);
            create(fleet, slot, (&sortie, &dock), &empty).await?;
            let code = RefusalCode::PlanInvalid;
            FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie.clone())
                .refuse(code.as_str(), &error.to_string())
                .await?;
            settle(fleet, slot, SlotState::Refused, Some(code), Some(&sortie)).await
        }
    }
}

async fn create(
    fleet: &Fleet,
    slot: &Slot,
    (sortie, dock): (&SortieId, &DockEntry),
    mission: &CheckedMission,
) -> Result<()> {
    let kind = if fleet.clock().is_simulated() {
        SortieKind::Simulated
    } else {
        SortieKind::Flight
    };
    let whom = (Some(dock.dock_id.as_str()), dock.system_id, dock.link.to_string());
    let mut row = mission.new_flight((sortie.clone(), kind), whom, Some(slot.at))?;
    row.mission_name.clone_from(&slot.mission);
    fleet
        .workplace()
        .store
        .create_flight(&row, fleet.clock().now())
        .await?;
    Ok(())
}

async fn settle(
    fleet: &Fleet,
    slot: &Slot,
    state: SlotState,
    code: Option<RefusalCode>,
    sortie: Option<&SortieId>,
) -> Result<()> {
    let end = SlotEnd {
        state,
        code: code.map(|code| code.as_str().to_owned()),
        sortie_id: sortie.cloned(),
    };
    let store = &fleet.workplace().store;
    store
        .settle_slot(&slot.mission, slot.at, &end, clock::now())
        .await?;
    Ok(())
}

/// `20260302-1000-D07`: the minute in the city's zone and the dock, which flies once a minute at most.
fn sortie_id(fleet: &Fleet, slot: &Slot) -> Result<SortieId> {
    let minute = stamp(&fleet.workplace().zone, slot.at, 12)?;
    Ok(format!("{minute}-{}", slot.dock_id).parse()?)
}
