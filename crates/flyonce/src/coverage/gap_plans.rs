//! Gaps as flight plans ready to fly: lines over the gap, one `.plan` file per sortie, kept above flyable ground and
//! fenced in, checked as every plan is before it may fly.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use formats::plan::{FenceArea, FenceOutline, Plan, PlanHome, PlanItem, write_plan};
use survey::cells::CellSet;
use survey::flight_lines::{ClearGround, Place, Sortie, SortieRules, lines_over, split};
use survey::gaps::{outline_of, parts};
use survey::geodesy::Wgs84;
use survey::grid::{GridPoint, WorkingGrid};

use crate::config::roster::DockEntry;
use crate::config::settings::Settings;
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps};
use crate::fleet::order::checked_mission;
use crate::fleet::start_place::StartPlace;
use crate::lang::Words;
use crate::whole_file::write_whole;

/// A dock stands in the open: its surroundings may be flown over to get away from it, m.
const DOCK_CLEARING_M: f64 = 60.0;
/// The fence reaches so far beyond the way, m.
const FENCE_MARGIN_M: f64 = 400.0;
/// Corners that a vehicle stores of a fence.
const MOST_FENCE_CORNERS: usize = 84;
/// Outlines of fences are simplified step by step, m. The way keeps [`EDGE_M`] inside, so that the first two never cut it.
const FENCE_TOLERANCES_M: [f64; 6] = [6.0, 12.0, 25.0, 50.0, 100.0, 200.0];
/// The way keeps so far from the edge of flyable ground, m.
const EDGE_M: f64 = 20.0;

/// A plan that was written.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WrittenPlan {
    /// Its file.
    pub file: PathBuf,
    /// The gap.
    pub gap: String,
    /// The dock.
    pub dock_id: String,
    /// Lines in it.
    pub lines: usize,
    /// Minutes from take-off to touch-down.
    pub minutes: f64,
    /// Corners of its fence; 0 where no flyable layer says where it may be.
    pub fence_corners: usize,
    /// How far the fence's outline lies from that of the flyable ground at most, m.
    pub fence_tolerance_m: f64,
}

/// Plans that were written, and gaps that none could be made for.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct WrittenPlans {
    /// The plans.
    pub plans: Vec<WrittenPlan>,
    /// Gaps without plans, each with the reason.
    pub left_out: Vec<(String, Words)>,
    /// Length of lines that no sortie from the dock can fly, m.
    pub left_out_m: f64,
}

/// Writes plans for the most urgent gaps into a folder, at most `most` gaps.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_plans(
    figures: &Figures<'_>,
    found: &FoundGaps,
    settings: &Settings,
    (folder, most): (&Path, usize),
) -> Result<WrittenPlans> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let planner = GapPlanner {
        figures,
        settings,
        rules: found.rules,
        folder,
    };
    let mut written = WrittenPlans::default();
    // What no dock reaches has no plan, however urgent it is.
    let flown = found
        .gaps
        .iter()
        .filter(|gap| gap.answer.flight_minutes.is_some());
    for gap in flown.take(most) {
        if let Err(words) = planner.write(gap, &mut written)? {
            written.left_out.push((gap.answer.name.clone(), words));
        }
    }
    Ok(written)
}

struct GapPlanner<'a> {
    figures: &'a Figures<'a>,
    settings: &'a Settings,
    rules: SortieRules,
    folder: &'a Path,
}

/// One sortie as it is written: from where, over which ground.
struct Flight<'a> {
    dock: &'a DockEntry,
    start: Place,
    allowed: Option<&'a CellSet>,
    grid: &'a WorkingGrid,
}

impl GapPlanner<'_> {
    /// Plans of one gap; in words why there are none.
    fn write(&self, found: &FoundGap, written: &mut WrittenPlans) -> Result<Result<(), Words>> {
        let basis = &self.figures.scene.basis;
        let dock = found
            .answer
            .dock_id
            .as_deref()
            .and_then(|dock_id| basis.roster.dock(dock_id));
        let Some(dock) = dock else {
            return Ok(Err(Words::new("没有机场", "there is no dock")));
        };
        let on_grid = basis.grid.grid_from_wgs84(dock.position)?;
        let start = [on_grid.easting_m, on_grid.northing_m];
        let allowed = basis.flyable.is_some().then(|| self.allowed(on_grid));
        let edge_cells = (EDGE_M / basis.lattice.cell_m()).ceil() as u32;
        let near = self.within_reach(on_grid);
        let inner = allowed.as_ref().map_or_else(
            || near.clone(),
            |allowed| allowed.shrunk(edge_cells).intersection(&near),
        );
        let clear = Some(ClearGround::new(&inner));
        let rings = places(&found.gap.rings);
        let plan = lines_over(&rings, &self.rules.lines, start, clear.as_ref());
        let split = split(&plan.lines, start, &self.rules, clear.as_ref());
        written.left_out_m += split.left_out_m;
        if split.sorties.is_empty() {
            return Ok(Err(Words::new(
                format!("从机场 {} 出发,一块电池飞不到或没有可飞的路径", dock.dock_id),
                format!(
                    "no battery or no clear way leads there from dock {}",
                    dock.dock_id
                ),
            )));
        }
        let flight = Flight {
            dock,
            start,
            allowed: allowed.as_ref(),
            grid: &basis.grid,
        };
        for (index, sortie) in split.sorties.iter().enumerate() {
            let name = format!("{}-{}.plan", found.answer.name, index + 1);
            match self.write_sortie(&flight, sortie, &self.folder.join(name))? {
                Ok((fence_corners, fence_tolerance_m)) => written.plans.push(WrittenPlan {
                    file: self
                        .folder
                        .join(format!("{}-{}.plan", found.answer.name, index + 1)),
                    gap: found.answer.name.clone(),
                    dock_id: dock.dock_id.clone(),
                    lines: sortie.lines.len(),
                    minutes: (sortie.time_s / 6.0).round() / 10.0,
                    fence_corners,
                    fence_tolerance_m,
                }),
                Err(words) => return Ok(Err(words)),
            }
        }
        Ok(Ok(()))
    }

    /// Ground that a mission may go to from a dock.
    fn within_reach(&self, dock: GridPoint) -> CellSet {
        self.disc(dock, self.settings.fleet.reach_m - EDGE_M)
    }

    fn disc(&self, middle: GridPoint, radius_m: f64) -> CellSet {
        let basis = &self.figures.scene.basis;
        let mut disc = CellSet::empty(basis.grid.clone(), basis.lattice);
        let corner = |step: u32| {
            let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 90.0).sin_cos();
            GridPoint {
                easting_m: middle.easting_m + radius_m * cos,
                northing_m: middle.northing_m + radius_m * sin,
            }
        };
        disc.paint(&[(0..90).map(corner).collect()]);
        disc
    }

    /// Ground that may be flown over, the dock's surroundings among it, closed ground not.
    fn allowed(&self, dock: GridPoint) -> CellSet {
        let basis = &self.figures.scene.basis;
        let clearing = self.disc(dock, DOCK_CLEARING_M);
        // Closed ground outside the working area closes nothing here.
        let closed = basis
            .cells(&basis.closed)
            .unwrap_or_else(|_| CellSet::empty(basis.grid.clone(), basis.lattice));
        basis.flyable_cells.union(&clearing).difference(&closed)
    }

    /// Writes one plan and has it checked as before a flight; corners and tolerance of its fence, or in words why it may
    /// not fly.
    fn write_sortie(
        &self,
        flight: &Flight<'_>,
        sortie: &Sortie,
        file: &Path,
    ) -> Result<Result<(usize, f64), Words>> {
        let items = self.items(flight, sortie)?;
        let start = StartPlace::of_dock(flight.dock);
        let mut why = "no fence that a vehicle stores bounds this ground".to_owned();
        for (tolerance_m, fence) in self.fences(flight, sortie)? {
            let corners = fence.iter().map(corner_count).sum();
            let plan = Plan {
                items: items.clone(),
                home: Some(PlanHome {
                    longitude_deg: flight.dock.position.longitude_deg,
                    latitude_deg: flight.dock.position.latitude_deg,
                    altitude_amsl_m: Some(flight.dock.height_amsl_m),
                }),
                hover_speed_ms: Some(self.rules.lines.speed_ms),
                cruise_speed_ms: None,
                fence,
                fence_return: None,
                rally: Vec::new(),
            };
            write_whole(file, write_plan(&plan).as_bytes())?;
            match checked_mission(file, &self.settings.fleet, start) {
                Ok(_) => return Ok(Ok((corners, tolerance_m))),
                Err(error) => why = error.to_string(),
            }
        }
        // A plan that may not fly is not left lying among those that may.
        if file.exists() {
            std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        Ok(Err(Words::new(
            format!("航线未通过检查:{why}"),
            format!("the plan does not pass its check: {why}"),
        )))
    }

    /// Fences from the closest to the flyable ground to the simplest that a vehicle stores; none without such a layer.
    fn fences(&self, flight: &Flight<'_>, sortie: &Sortie) -> Result<Vec<(f64, Vec<FenceArea>)>> {
        let Some(allowed) = flight.allowed else {
            return Ok(vec![(0.0, Vec::new())]);
        };
        let near = allowed.intersection(&surroundings(allowed, flight.start, sortie));
        let lattice = allowed.lattice();
        let [column, row] = lattice
            .in_cells(GridPoint {
                easting_m: flight.start[0],
                northing_m: flight.start[1],
            })
            .map(|at| at.floor() as i32);
        let holds = |part: &survey::gaps::Part| {
            part.runs
                .iter()
                .any(|run| run.row == row && (run.start..run.end).contains(&column))
        };
        let Some(part) = parts(&near).into_iter().find(holds) else {
            return Ok(Vec::new());
        };
        let mut fences = Vec::new();
        for tolerance_m in FENCE_TOLERANCES_M {
            let mut fence = Vec::new();
            for (index, ring) in outline_of(&part, tolerance_m / lattice.cell_m(), lattice)
                .iter()
                .enumerate()
            {
                let corner = |point: &GridPoint| {
                    let place = flight.grid.wgs84_from_grid(*point)?;
                    Ok([place.longitude_deg, place.latitude_deg])
                };
                fence.push(FenceArea {
                    inclusion: index == 0,
                    outline: FenceOutline::Polygon(ring.iter().map(corner).collect::<Result<_>>()?),
                });
            }
            if fence.iter().map(corner_count).sum::<usize>() <= MOST_FENCE_CORNERS {
                fences.push((tolerance_m, fence));
            }
        }
        Ok(fences)
    }

    fn items(&self, flight: &Flight<'_>, sortie: &Sortie) -> Result<Vec<PlanItem>> {
        let flights = &self.settings.coverage.gap_flights;
        let camera = &self.figures.scene.basis.roster.camera;
        let height_m = flights.height_agl_m - flight.dock.height_above_ground_m;
        let photo_length_m = f64::from(camera.height_px) / camera.focal_px * flights.height_agl_m;
        let every_m = photo_length_m * (1.0 - flights.front_overlap_percent / 100.0);
        let at = |place: Place| {
            let point = GridPoint {
                easting_m: place[0],
                northing_m: place[1],
            };
            flight.grid.wgs84_from_grid(point)
        };
        let mut items = vec![
            placed(TAKEOFF, flight.dock.position, height_m),
            command(
                CHANGE_SPEED,
                [1.0, self.rules.lines.speed_ms, -1.0, 0.0, 0.0, 0.0, 0.0],
            ),
            command(GIMBAL, [-90.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]),
        ];
        for (way, line) in sortie.ways.iter().zip(&sortie.lines) {
            for corner in way {
                items.push(placed(WAYPOINT, at(*corner)?, height_m));
            }
            items.push(placed(WAYPOINT, at(line.from)?, height_m));
            items.push(command(TRIGGER_DISTANCE, [every_m, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
            items.push(placed(WAYPOINT, at(line.to)?, height_m));
            items.push(command(TRIGGER_DISTANCE, [0.0; 7]));
        }
        for corner in &sortie.way_back {
            items.push(placed(WAYPOINT, at(*corner)?, height_m));
        }
        items.push(command(RETURN, [0.0; 7]));
        Ok(items)
    }
}

fn places(rings: &[Vec<GridPoint>]) -> Vec<Vec<Place>> {
    let ring = |ring: &Vec<GridPoint>| {
        ring.iter()
            .map(|point| [point.easting_m, point.northing_m])
            .collect()
    };
    rings.iter().map(ring).collect()
}

/// `MAV_CMD` of what gap flights are made of.
const WAYPOINT: u16 = 16;
const RETURN: u16 = 20;
const TAKEOFF: u16 = 22;
const CHANGE_SPEED: u16 = 178;
const GIMBAL: u16 = 205;
const TRIGGER_DISTANCE: u16 = 206;

fn placed(command: u16, place: Wgs84, height_m: f64) -> PlanItem {
    PlanItem {
        frame: 3,
        command,
        params: [
            0.0,
            0.0,
            0.0,
            f64::NAN,
            place.latitude_deg,
            place.longitude_deg,
            height_m,
        ],
        auto_continue: true,
        origin: String::new(),
    }
}

fn command(command: u16, params: [f64; 7]) -> PlanItem {
    PlanItem {
        frame: 2,
        command,
        params,
        auto_continue: true,
        origin: String::new(),
    }
}

fn corner_count(area: &FenceArea) -> usize {
    match &area.outline {
        FenceOutline::Polygon(corners) => corners.len(),
        FenceOutline::Circle { .. } => 1,
    }
}

/// Everything within the margin of the box that a sortie stays in.
fn surroundings(allowed: &CellSet, start: Place, sortie: &Sortie) -> CellSet {
    let lines = sortie.lines.iter().flat_map(|line| [line.from, line.to]);
    let ways = sortie.ways.iter().flatten().chain(&sortie.way_back).copied();
    let (mut low, mut high) = (start, start);
    for place in lines.chain(ways) {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let corner = |x: f64, y: f64| GridPoint {
        easting_m: x,
        northing_m: y,
    };
    let [west, south] = low.map(|at| at - FENCE_MARGIN_M);
    let [east, north] = high.map(|at| at + FENCE_MARGIN_M);
    let mut set = CellSet::empty(allowed.grid().clone(), allowed.lattice());
    set.paint(&[vec![
        corner(west, south),
        corner(east, south),
        corner(east, north),
        corner(west, north),
    ]]);
    set
}
