//! The calendar at work: what is due in a minute starts together, each slot once and by one program only, and
//! what cannot start is refused with a code. Every slot has a task of its own, so that none waits for another's plan,
//! dock or trouble.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use schedule::calendar::{MissedPolicy, Slot, SlotDecision, decide, slots_between};
use schedule::photo_ledger::SortieId;
use schedule::refusal::RefusalCode;
use store::flights::{Created, SlotEnd, SlotState};
use store::rows::SortieKind;
use survey::time::UtcMicros;

use crate::clock;
use crate::config::roster::DockEntry;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::order::{CheckedMission, checked_mission, order, stamp};
use crate::fleet::service::Fleet;
use crate::fleet::sortie_run::{SortieRun, TakeUp};
use crate::fleet::start_place::StartPlace;
use crate::fleet::watched::Watched;

/// How often the calendar is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// When the store cannot be asked, it is asked again after this.
const CLAIM_AGAIN: Duration = Duration::from_secs(1);
/// Slots older than this are not looked for any more; every missed-slot policy is shorter.
const LOOK_BACK_US: i64 = 24 * 3600 * 1_000_000;

/// Dispatches until the fleet stops.
pub async fn dispatch(fleet: Fleet) {
    let mut watched = Watched::of(&fleet.workplace().config.settings.data_folder);
    let since = watched
        .until()
        .unwrap_or(fleet.started_at())
        .min(fleet.started_at());
    let mut taken = Taken::default();
    loop {
        let now = fleet.clock().now();
        take_due(&fleet, &mut taken, since, now);
        watched.note(now);
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Slots that this program has taken on; each is asked of the store only once.
#[derive(Default)]
struct Taken(BTreeSet<(UtcMicros, String)>);

impl Taken {
    /// Whether a slot is new.
    fn note(&mut self, slot: &Slot) -> bool {
        self.0.insert((slot.at, slot.mission.clone()))
    }

    /// Forgets what is not looked for any more.
    fn forget_before(&mut self, from: UtcMicros) {
        self.0 = self.0.split_off(&(from, String::new()));
    }
}

/// Starts a task for every slot that is due. Those from before `since` are of a time in which nobody followed this
/// calendar: they are nobody's fault and leave no row.
fn take_due(fleet: &Fleet, taken: &mut Taken, since: UtcMicros, now: UtcMicros) {
    let zone = &fleet.workplace().zone;
    let from = UtcMicros(now.0 - LOOK_BACK_US);
    taken.forget_before(from);
    for slot in slots_between(fleet.calendar(), zone, from, UtcMicros(now.0 + 1)) {
        let entry = fleet
            .calendar()
            .iter()
            .find(|entry| entry.mission == slot.mission);
        let Some(entry) = entry else { continue };
        let decision = decide(&slot, now, entry.if_missed);
        let nobodys =
            slot.at < since && decision == SlotDecision::Missed && entry.if_missed == MissedPolicy::Skip;
        if decision == SlotDecision::NotYet || nobodys || !taken.note(&slot) {
            continue;
        }
        let fleet = fleet.clone();
        fleet
            .tasks()
            .clone()
            .spawn(async move { take_on(&fleet, &slot, decision).await });
    }
}

/// Takes one slot on, if nobody else has it, until its sortie has a task or a reason why not.
async fn take_on(fleet: &Fleet, slot: &Slot, decision: SlotDecision) {
    loop {
        match claim(fleet, slot).await {
            Ok(false) => return,
            Ok(true) => break,
            Err(error) => tell(slot, "could not be taken on", &error),
        }
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            () = tokio::time::sleep(CLAIM_AGAIN) => {}
        }
    }
    let taken = match decision {
        SlotDecision::Missed => {
            let (state, code) = (SlotState::Missed, RefusalCode::SlotMissed);
            settle(fleet, slot, state, Some(code), None).await
        }
        _due => launch(fleet, slot).await,
    };
    if let Err(error) = taken {
        tell(slot, "could not be flown", &error);
        let (state, code) = (SlotState::Refused, RefusalCode::Internal);
        if let Err(error) = settle(fleet, slot, state, Some(code), None).await {
            tell(slot, "could not be settled", &error);
        }
    }
}

async fn claim(fleet: &Fleet, slot: &Slot) -> Result<bool> {
    let store = &fleet.workplace().store;
    Ok(store
        .claim_slot(&slot.mission, slot.at, &slot.dock_id, clock::now())
        .await?)
}

fn tell(slot: &Slot, what: &str, error: &anyhow::Error) {
    tracing::error!(slot.mission = %slot.mission, slot.at = %slot.at, error = %format!("{error:#}"),
        "a slot of the calendar {what}");
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
            if !create(fleet, slot, (&sortie, &dock), &mission).await? {
                let (state, code) = (SlotState::Refused, RefusalCode::DockBusy);
                return settle(fleet, slot, state, Some(code), None).await;
            }
            settle(fleet, slot, SlotState::Launched, None, Some(&sortie)).await?;
            let mut order = order(sortie, mission.items, Some(&dock), fleet.settings());
            mission.bounds.put_into(&mut order);
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
            if !create(fleet, slot, (&sortie, &dock), &empty).await? {
                let (state, code) = (SlotState::Refused, RefusalCode::DockBusy);
                return settle(fleet, slot, state, Some(code), None).await;
            }
            let code = RefusalCode::PlanInvalid;
            FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie.clone())
                .refuse(code.as_str(), &error.to_string())
                .await?;
            settle(fleet, slot, SlotState::Refused, Some(code), Some(&sortie)).await
        }
    }
}

/// Writes the sortie down. False when the dock has another mission in this minute, whose sortie it is.
async fn create(
    fleet: &Fleet,
    slot: &Slot,
    (sortie, dock): (&SortieId, &DockEntry),
    mission: &CheckedMission,
) -> Result<bool> {
    let kind = if fleet.clock().is_simulated() {
        SortieKind::Simulated
    } else {
        SortieKind::Flight
    };
    let whom = (Some(dock.dock_id.as_str()), dock.system_id, dock.link_text());
    let mut row = mission.new_flight((sortie.clone(), kind), whom, Some(slot.at))?;
    row.mission_name.clone_from(&slot.mission);
    let store = &fleet.workplace().store;
    Ok(match store.create_flight(&row, fleet.clock().now()).await? {
        Created::New => true,
        Created::Known => store.flight(sortie.as_str()).await?.mission_name == slot.mission,
    })
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
