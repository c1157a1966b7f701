//! The planned number (计划): what the planned photos of the calendar's missions show.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use schedule::calendar::{Entry, slots_between};
use schedule::mission::planned_shots;
use survey::cells::CellSet;
use survey::footprint::footprint;
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};
use survey::time::CivilDay;

use crate::config::calendar;
use crate::config::roster::{DockEntry, Roster};
use crate::coverage::answer::MissionUse;
use crate::coverage::basis::Basis;
use crate::fleet_plan::read_mission;
use crate::flight_log::day_bounds;
use crate::lang::Words;
use crate::workplace::Workplace;

/// What the calendar's missions plan to show, in cells of the basis.
#[derive(Debug, Clone)]
pub struct Planned {
    /// All of it.
    pub all: CellSet,
    /// By dock.
    pub docks: BTreeMap<String, CellSet>,
    /// Mission by mission.
    pub missions: Vec<MissionUse>,
    /// Which days of the calendar.
    pub span: Words,
}

impl Planned {
    /// The missions that are due from a day on, `within_days` days long. `None` where there is no calendar.
    ///
    /// # Errors
    /// A calendar that cannot be read. A plan that cannot is named in its mission.
    pub fn of(
        workplace: &Workplace,
        basis: &Basis,
        first: CivilDay,
        within_days: u32,
    ) -> Result<Option<Self>> {
        let settings = &workplace.config.settings;
        let plans = settings.fleet.plans_path(&settings.data_folder);
        let file = plans.join(calendar::FILE);
        if !file.is_file() {
            return Ok(None);
        }
        let entries = calendar::load(&file, &basis.all_docks)?;
        let last = CivilDay(first.0 + within_days as i32 - 1);
        let (from, until) = (day_bounds(workplace, first)?.0, day_bounds(workplace, last)?.1);
        let due = slots_between(&entries, &workplace.zone, from, until);
        // A dock that does not stand there that day flies nothing.
        let is_due = |entry: &&Entry| {
            basis.roster.dock(&entry.dock_id).is_some()
                && due.iter().any(|slot| slot.mission == entry.mission)
        };
        let mut planned = Self {
            all: CellSet::empty(basis.grid.clone(), basis.lattice),
            docks: BTreeMap::new(),
            missions: Vec::new(),
            span: Words::new(
                format!("日历中 {first} 至 {last} 到期的任务"),
                format!("missions of the calendar that are due from {first} to {last}"),
            ),
        };
        for entry in entries.iter().filter(is_due) {
            planned.add(entry, &plans, basis);
        }
        Ok(Some(planned))
    }

    fn add(&mut self, entry: &Entry, plans: &Path, basis: &Basis) {
        let mut mission = MissionUse {
            mission: entry.mission.clone(),
            dock_id: entry.dock_id.clone(),
            plan: entry.plan.clone(),
            photos: None,
            problem: None,
        };
        match shown(entry, plans, basis) {
            Ok((photos, cells)) => {
                self.all = self.all.union(&cells);
                let of_dock = self.docks.entry(entry.dock_id.clone());
                let sum = of_dock.or_insert_with(|| CellSet::empty(basis.grid.clone(), basis.lattice));
                *sum = sum.union(&cells);
                mission.photos = Some(photos);
            }
            Err(error) => mission.problem = Some(format!("{error:#}")),
        }
        self.missions.push(mission);
    }
}

/// Planned photos of a mission and the ground they show.
fn shown(entry: &Entry, plans: &Path, basis: &Basis) -> Result<(u64, CellSet)> {
    let mission = read_mission(&plans.join(&entry.plan))?;
    let dock = basis.roster.dock(&entry.dock_id);
    let home = dock.map(|dock| dock.position).or(mission.home);
    let shots = planned_shots(&mission.items, home);
    let places: Vec<(Wgs84, f64)> = shots
        .iter()
        .map(|shot| (shot.position, shot.height_above_home_m + dock.map_or(0.0, roof_m)))
        .collect();
    let mut cells = CellSet::empty(basis.grid.clone(), basis.lattice);
    for outline in planned_outlines(&basis.roster, &places) {
        let ring = cells.ring_on_grid(&outline)?;
        cells.paint(&[ring]);
    }
    Ok((shots.len() as u64, cells))
}

/// A plan's heights count from the dock's pad.
fn roof_m(dock: &DockEntry) -> f64 {
    dock.height_above_ground_m
}

/// What photos planned at these places and heights above the ground show: straight down, the top of the picture along
/// the flight.
pub fn planned_outlines(roster: &Roster, places: &[(Wgs84, f64)]) -> Vec<Vec<Wgs84>> {
    let mut outlines = Vec::new();
    for (index, (position, height_m)) in places.iter().enumerate() {
        let ahead = places
            .get(index + 1)
            .or_else(|| index.checked_sub(1).and_then(|before| places.get(before)));
        let Some((ahead, _)) = ahead else { continue };
        let [east_m, north_m] = LocalTangent::at(*position).enu_from_wgs84(*ahead);
        let pose = Pose {
            position: *position,
            altitude_agl_m: AltitudeAglM(*height_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude {
                yaw_rad: east_m.atan2(north_m),
                pitch_rad: -std::f64::consts::FRAC_PI_2,
                roll_rad: 0.0,
            },
            sigmas: PoseSigmas::consumer_gnss(),
        };
        // A height at or below the ground shows nothing.
        if let Ok(shown) = footprint(&pose, &roster.camera) {
            outlines.push(shown.outline);
        }
    }
    outlines
}
