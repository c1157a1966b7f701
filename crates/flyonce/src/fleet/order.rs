//! From a plan and a dock to an order: the plan is read and checked against the rules of the place it starts from,
//! and the photos it will take are written down before anything moves.

use std::path::Path;

use anyhow::Context;
use flight::sortie::{FlightOrder, PolicyOrder};
use schedule::mission::{MissionItem, MissionProblem, PlannedShot, Severity, check, planned_shots};
use schedule::photo_ledger::SortieId;
use sha2::{Digest, Sha256};
use store::flights::{NewFlight, ShotPlan};
use store::rows::SortieKind;
use survey::time::{CityZone, UtcMicros};

use crate::config::fleet::FleetSettings;
use crate::config::roster::DockEntry;
use crate::fleet::bounds::PlanBounds;
use crate::fleet::flight_record::actor;
use crate::fleet::plan_words::plan_problem_words;
use crate::fleet::start_place::StartPlace;
use crate::fleet_plan::{Mission, read_mission};

/// A plan that may be flown, with what it came from.
#[derive(Debug, Clone)]
pub struct CheckedMission {
    /// Name of the plan.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// What is flown.
    pub items: Vec<MissionItem>,
    /// Its fence and rally points.
    pub bounds: PlanBounds,
    /// What it will photograph, counted from 1.
    pub shots: Vec<ShotPlan>,
    /// What people should know although it may fly.
    pub warnings: Vec<MissionProblem>,
}

/// Why a plan may not be flown.
#[derive(Debug, thiserror::Error)]
pub enum PlanRefused {
    /// It cannot be read.
    #[error("{0:#}")]
    Unreadable(anyhow::Error),
    /// It breaks a rule.
    #[error("{}", .0.iter().map(|problem| plan_problem_words(problem).en).collect::<Vec<_>>().join("; "))]
    Breaks(Vec<MissionProblem>),
}

/// Reads the plan at `path` and checks it for a start at `start`; without a known start the plan's own home is taken.
///
/// # Errors
/// Every rule it breaks, by item.
pub fn checked_mission(
    path: &Path,
    settings: &FleetSettings,
    start: StartPlace,
) -> Result<CheckedMission, PlanRefused> {
    checked(
        read_mission(path).map_err(PlanRefused::Unreadable)?,
        settings,
        start,
    )
}

/// As [`checked_mission`], of a plan that was read already.
///
/// # Errors
/// Every rule it breaks, by item.
pub fn checked(
    mission: Mission,
    settings: &FleetSettings,
    start: StartPlace,
) -> Result<CheckedMission, PlanRefused> {
    let home = start.home.or(mission.home);
    let start = StartPlace {
        home,
        home_amsl_m: start
            .home_amsl_m
            .or(mission.plan.home.and_then(|home| home.altitude_amsl_m)),
        ..start
    };
    let bounds = PlanBounds {
        fence: mission.fence,
        rally: mission.rally,
    };
    let warnings = check_items(&mission.items, &bounds, settings, start)?;
    let shots = planned_shots(&mission.items, home)
        .iter()
        .map(shot_plan)
        .collect();
    Ok(CheckedMission {
        name: mission.name,
        sha256: mission.sha256,
        items: mission.items,
        bounds,
        shots,
        warnings,
    })
}

/// Holds a mission, its fence and rally points to the rules of the place it starts from. Answers what people should know although it may fly.
///
/// # Errors
/// Every rule it breaks, by item.
pub fn check_items(
    items: &[MissionItem],
    bounds: &PlanBounds,
    settings: &FleetSettings,
    start: StartPlace,
) -> Result<Vec<MissionProblem>, PlanRefused> {
    let (warnings, breaks): (Vec<_>, Vec<_>) = check(items, &start.rules(settings))
        .into_iter()
        .chain(bounds.problems(items, settings, &start))
        .partition(|problem| problem.code.severity() == Severity::Warning);
    if breaks.is_empty() {
        Ok(warnings)
    } else {
        Err(PlanRefused::Breaks(breaks))
    }
}

impl CheckedMission {
    /// The flight's first row.
    ///
    /// # Errors
    /// Items that cannot be written as JSON.
    pub fn new_flight(
        &self,
        (sortie_id, kind): (SortieId, SortieKind),
        (dock_id, system_id, link): (Option<&str>, u8, String),
        slot_at: Option<UtcMicros>,
    ) -> anyhow::Result<NewFlight> {
        Ok(NewFlight {
            sortie_id,
            kind,
            mission_name: self.name.clone(),
            plan_sha256: self.sha256.clone(),
            mission_json: serde_json::to_string(&self.items)?,
            bounds_json: self.bounds.to_json()?,
            dock_id: dock_id.map(str::to_owned),
            system_id,
            link,
            slot_at,
            shots: self.shots.clone(),
            actor: actor(),
        })
    }
}

/// A planned photo as it is written down.
pub fn shot_plan(shot: &PlannedShot) -> ShotPlan {
    ShotPlan {
        shot_index: shot.index,
        longitude_deg: shot.position.longitude_deg,
        latitude_deg: shot.position.latitude_deg,
        height_above_home_m: shot.height_above_home_m,
    }
}

/// An instant in the city's zone as sorties are named by it: `20260302-1000` of 12 digits, `20260302-100005` of 14.
///
/// # Errors
/// An instant beyond the calendar.
pub fn stamp(zone: &CityZone, at: UtcMicros, digits: usize) -> anyhow::Result<String> {
    let local = zone.local_text(at);
    let kept: String = local.chars().filter(char::is_ascii_digit).take(digits).collect();
    let (day, time) = kept
        .split_at_checked(8)
        .with_context(|| format!("{local} is no time of the calendar"))?;
    Ok(format!("{day}-{time}"))
}

/// What the flight core is asked for.
pub fn order(
    sortie_id: SortieId,
    items: Vec<MissionItem>,
    dock: Option<&DockEntry>,
    settings: &FleetSettings,
) -> FlightOrder {
    let mut order = FlightOrder::new(sortie_id, items);
    order.pause = settings.pause.clone();
    order.min_battery_percent = Some(settings.limits.battery_percent);
    let own = dock.and_then(|dock| dock.failsafe.as_ref());
    order.policy = match own.or(settings.failsafe.as_ref()) {
        Some(policy) => PolicyOrder::Keep {
            policy: policy.clone(),
            required: true,
        },
        None => PolicyOrder::Read,
    };
    if let Some(dock) = dock {
        order.home_expected = Some((dock.position, settings.limits.home_within_m));
        order.alternate = dock.alternate_landing;
    }
    order
}

impl CheckedMission {
    /// Stands for a plan that may not be flown: its sortie has a row, a reason, and nothing to photograph.
    pub fn refused(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sha256: hex::encode(Sha256::digest(b"")),
            items: Vec::new(),
            bounds: PlanBounds::default(),
            shots: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
