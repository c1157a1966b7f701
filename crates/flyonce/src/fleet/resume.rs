//! Flying on where a mission broke off: a sortie of its own that takes the photos that are missing and no others. When
//! a person says so, or by itself where the calendar says `resume = "auto"`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use flight::cloud_dock::BreakPoint;
use schedule::calendar::{Entry, ResumePolicy};
use schedule::mission::{MissionItem, Remainder, remainder};
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use serde_json::json;
use store::flights::{FlightFilter, FlightRow, MissionPhoto, NewFlight};
use store::rows::Actor;

use crate::config::roster::DockEntry;
use crate::fleet::bounds::PlanBounds;
use crate::fleet::cloud::break_point;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::order::{check_items, order, shot_plan};
use crate::fleet::orders::Refusal;
use crate::fleet::service::Fleet;
use crate::fleet::sortie_run::{SortieRun, TakeUp};
use crate::fleet::start_place::StartPlace;
use crate::lang::Words;

/// How often it is looked whether something can be flown on.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Flights that are looked through for it, newest first.
const LOOKED_THROUGH: u32 = 200;
/// Steps of sorties that a person ended.
const ENDED_BY_PEOPLE: [&str; 3] = ["recall", "order_land", "order_divert"];
/// Who flies on by itself.
const BY_ITSELF: &str = "resume = auto";

/// A mission with all sorties that flew for it.
pub struct MissionSoFar {
    /// Its first sortie.
    pub first: FlightRow,
    /// The others, oldest first.
    pub follow_ups: Vec<FlightRow>,
    /// Every planned photo.
    pub photos: Vec<MissionPhoto>,
}

/// A sortie that flies the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FliesOn {
    /// It.
    pub sortie_id: String,
    /// The first sortie of its mission.
    pub continues: String,
    /// Photos it is to take.
    pub photos: usize,
}

impl MissionSoFar {
    /// Of the mission that `sortie` flew for.
    ///
    /// # Errors
    /// No such sortie, the database.
    pub async fn of(fleet: &Fleet, sortie: &str) -> Result<Self> {
        let store = &fleet.workplace().store;
        let flight = store.flight(sortie).await?;
        let first = match flight.continues_sortie.clone() {
            Some(first) => store.flight(&first).await?,
            None => flight,
        };
        Ok(Self {
            follow_ups: store.follow_ups(&first.sortie_id).await?,
            photos: store.mission_photos(&first.sortie_id).await?,
            first,
        })
    }

    /// The sortie that flew last for it.
    pub fn last(&self) -> &FlightRow {
        self.follow_ups.last().unwrap_or(&self.first)
    }

    /// Planned photos that nobody has taken.
    pub fn missing(&self) -> usize {
        self.photos.iter().filter(|photo| !photo.is_there()).count()
    }
}

/// Flies the rest of the mission of `sortie` now.
///
/// # Errors
/// Inside: why it cannot be, in words. Outside: no such sortie, the database.
pub async fn fly_on(fleet: &Fleet, sortie: &str, actor: &Actor) -> Result<Result<FliesOn, Refusal>> {
    let mission = MissionSoFar::of(fleet, sortie).await?;
    let (dock, rest, from) = match plan(fleet, &mission)? {
        Ok(planned) => planned,
        Err(refused) => return Ok(Err(refused)),
    };
    let id = next_id(&mission)?;
    let row = NewFlight {
        sortie_id: id.clone(),
        kind: mission.first.kind,
        mission_name: mission.first.mission_name.clone(),
        plan_sha256: mission.first.plan_sha256.clone(),
        mission_json: serde_json::to_string(&rest.items)?,
        bounds_json: mission.first.bounds_json.clone(),
        dock_id: Some(dock.dock_id.clone()),
        system_id: dock.system_id,
        link: dock.link_text(),
        slot_at: None,
        shots: rest.photos.iter().map(|(shot, _)| shot_plan(shot)).collect(),
        actor: actor.clone(),
    };
    let photos: Vec<(u32, u32)> = rest
        .photos
        .iter()
        .filter_map(|(shot, of)| Some((shot.index, (*of)?)))
        .collect();
    let first = mission.first.sortie_id.clone();
    let store = &fleet.workplace().store;
    store
        .create_follow_up(&row, &first, &photos, fleet.clock().now())
        .await?;
    let record = FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), id.clone());
    let text = format!(
        "the rest of {first}, {} photos, ordered by {}",
        photos.len(),
        actor.name
    );
    let mut order = order(id.clone(), rest.items, Some(&dock), fleet.settings());
    PlanBounds::of(&mission.first)?.put_into(&mut order);
    let detail = json!({
        "text": text,
        "actor": actor.name,
        "continues": first,
        "break_point": from.map(|point| point.to_json()),
    });
    record.step_with(break_point::FLIES_ON, detail).await?;
    let run = SortieRun {
        order,
        fleet: fleet.clone(),
        dock,
        paused: Arc::default(),
    };
    fleet.tasks().spawn(run.run(TakeUp::Fly));
    Ok(Ok(FliesOn {
        sortie_id: id.to_string(),
        continues: first,
        photos: photos.len(),
    }))
}

/// What is flown from which dock, and where it begins if not at its beginning.
type Planned = (DockEntry, Remainder, Option<BreakPoint>);

/// What would be flown, and from where.
fn plan(fleet: &Fleet, mission: &MissionSoFar) -> Result<Result<Planned, Refusal>> {
    let all = std::iter::once(&mission.first).chain(&mission.follow_ups);
    if let Some(open) = all.clone().find(|flight| !flight.state.is_final()) {
        let id = &open.sortie_id;
        return Ok(Err(refused(
            "not_over",
            format!("架次 {id} 尚未结束"),
            format!("sortie {id} is not over yet"),
        )));
    }
    let first = &mission.first;
    let dock_id = first.dock_id.as_deref().unwrap_or_default();
    let Some(dock) = fleet.roster().dock(dock_id).cloned() else {
        return Ok(Err(refused(
            "dock_unknown",
            format!("架次 {} 的机场不在清单中", first.sortie_id),
            format!("the dock of sortie {} is not in the roster", first.sortie_id),
        )));
    };
    let busy = fleet
        .under_way()
        .into_iter()
        .find(|(_, one)| one.dock_id == dock.dock_id);
    if let Some((other, _)) = busy {
        return Ok(Err(refused(
            "still_flying",
            format!("机场正在执行架次 {other}"),
            format!("the dock is busy with sortie {other}"),
        )));
    }
    let items: Vec<MissionItem> =
        serde_json::from_str(&first.mission_json).context("the mission's row cannot be read")?;
    let there = mission.photos.iter().filter(|photo| photo.is_there());
    let done: BTreeSet<u32> = there.map(|photo| photo.shot_index).collect();
    let gone_on = match &dock.cloud {
        Some(_) => break_point::go_on((first, mission.last()), &items, &dock, &done),
        None => None,
    };
    if let Some((rest, point)) = gone_on {
        return Ok(Ok((dock, rest, Some(point))));
    }
    let rest = match remainder(&items, Some(dock.position), &done) {
        Ok(rest) => rest,
        Err(none) => {
            return Ok(Err(refused(
                "nothing_to_fly",
                "没有可以补飞的照片".to_owned(),
                format!("there is nothing to fly on: {none}"),
            )));
        }
    };
    let bounds = PlanBounds::of(first)?;
    let start = StartPlace::of_dock(&dock);
    if let Err(breaks) = check_items(&rest.items, &bounds, fleet.settings(), start) {
        return Ok(Err(refused(
            "plan_invalid",
            format!("剩余航线不符合规则:{breaks}"),
            format!("the rest breaks a rule: {breaks}"),
        )));
    }
    Ok(Ok((dock, rest, None)))
}

fn next_id(mission: &MissionSoFar) -> Result<SortieId> {
    let number = mission.follow_ups.len() + 1;
    Ok(format!("{}-R{number}", mission.first.sortie_id).parse()?)
}

fn refused(code: &'static str, zh: String, en: String) -> Refusal {
    Refusal {
        code,
        words: Words::new(zh, en),
    }
}

/// Flies on by itself until the fleet stops.
pub async fn fly_on_by_itself(fleet: Fleet) {
    let wanted = |entry: &&Entry| entry.resume == ResumePolicy::Auto;
    if fleet.calendar().iter().filter(wanted).count() == 0 {
        return;
    }
    loop {
        if let Err(error) = look_through(&fleet).await {
            tracing::error!(error = %format!("{error:#}"), "missions could not be flown on");
        }
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look_through(fleet: &Fleet) -> Result<()> {
    if fleet.ground_stop().order().is_some() {
        return Ok(());
    }
    let now = fleet.clock().now();
    let zone = &fleet.workplace().zone;
    let filter = FlightFilter {
        limit: LOOKED_THROUGH,
        ..FlightFilter::default()
    };
    for flight in fleet.workplace().store.list_flights(&filter).await? {
        let entry = fleet
            .calendar()
            .iter()
            .find(|entry| entry.mission == flight.mission_name);
        let wanted = entry.is_some_and(|entry| entry.resume == ResumePolicy::Auto);
        let today = zone.civil_day(flight.slot_at.unwrap_or(flight.created_at)) == zone.civil_day(now);
        let over = flight.state == SortieState::Closed && flight.state_code.as_deref() != Some("diverted");
        let first = flight.continues_sortie.is_none() && flight.slot_at.is_some();
        if wanted && today && over && first {
            fly_on_if_ready(fleet, &flight).await?;
        }
    }
    Ok(())
}

/// Of a first sortie that landed in its dock: something is missing, nobody flies, and the battery is charged.
async fn fly_on_if_ready(fleet: &Fleet, first: &FlightRow) -> Result<()> {
    let mission = MissionSoFar::of(fleet, &first.sortie_id).await?;
    let last = mission.last();
    let tried = u32::try_from(mission.follow_ups.len()).unwrap_or(u32::MAX);
    let at_home = last.state.is_final()
        && last.state != SortieState::Failed
        && last.state_code.as_deref() != Some("diverted");
    if mission.missing() == 0 || tried >= fleet.settings().resume_at_most || !at_home {
        return Ok(());
    }
    let Some(dock) = first
        .dock_id
        .as_deref()
        .and_then(|dock_id| fleet.roster().dock(dock_id))
    else {
        return Ok(());
    };
    // What a person brought down is for a person to send up again.
    let steps = fleet.workplace().store.steps(&last.sortie_id).await?;
    if steps
        .iter()
        .any(|step| ENDED_BY_PEOPLE.contains(&step.code.as_str()))
    {
        return Ok(());
    }
    let state = fleet.docks().dock(&dock.dock_id);
    let is_in = state
        .as_ref()
        .is_some_and(|state| state.online == Some(true) && state.vehicle_present == Some(true));
    let (battery_percent, armed) = match &dock.link {
        Some(link) => {
            let telemetry = fleet.links().vehicle(link, dock.system_id).await?.telemetry();
            (telemetry.battery_percent, telemetry.armed)
        }
        // Its aircraft is off in the dock; the charge is the dock's word.
        None => {
            let charge = state.as_ref().and_then(|state| state.charge);
            (charge.and_then(|charge| charge.percent), false)
        }
    };
    let limit = fleet.settings().limits.battery_percent;
    let charged = battery_percent.is_some_and(|percent| percent >= limit);
    if !is_in || !charged || armed {
        return Ok(());
    }
    let actor = Actor {
        name: BY_ITSELF.to_owned(),
        role: "dispatcher".to_owned(),
    };
    match fly_on(fleet, &first.sortie_id, &actor).await? {
        Ok(on) => tracing::info!(sortie.id = on.sortie_id, photos = on.photos, "flies on by itself"),
        Err(why) => tracing::debug!(
            sortie.id = first.sortie_id,
            why = why.words.en,
            "not flown on yet"
        ),
    }
    Ok(())
}
