//! One sortie over a piece of a gap as a flight plan: items, a fence along flyable ground, and the check that every plan
//! passes before it may fly.

use anyhow::Result;
use formats::plan::{FenceArea, FenceOutline, Plan, PlanHome, PlanItem, write_plan};
use survey::cells::CellSet;
use survey::flight_lines::{Place, Sortie, SortieRules};
use survey::gaps::{outline_of, parts};
use survey::geodesy::Wgs84;
use survey::grid::{GridPoint, WorkingGrid};

use crate::config::roster::{DockEntry, Roster};
use crate::config::settings::Settings;
use crate::fleet::order::checked;
use crate::fleet::start_place::StartPlace;
use crate::fleet_plan::mission_of;
use crate::lang::Words;

/// The fence reaches so far beyond the way, m.
const FENCE_MARGIN_M: f64 = 400.0;
/// Corners that a vehicle stores of a fence.
const MOST_FENCE_CORNERS: usize = 84;
/// Outlines of fences are simplified step by step, m. The way keeps a few cells inside, so that the first two never cut it.
const FENCE_TOLERANCES_M: [f64; 6] = [6.0, 12.0, 25.0, 50.0, 100.0, 200.0];

/// A plan that may fly.
#[derive(Debug, Clone)]
pub struct SortiePlan {
    /// The file.
    pub text: String,
    /// Photos that it takes.
    pub photos: usize,
    /// Corners of its fence; 0 where no flyable layer says where it may be.
    pub fence_corners: usize,
    /// How far the fence's outline lies from that of the flyable ground at most, m.
    pub fence_tolerance_m: f64,
}

/// From where sorties fly, over which ground, and how.
pub struct Flight<'a> {
    /// The dock.
    pub dock: &'a DockEntry,
    /// Where it stands on the grid.
    pub start: Place,
    /// Ground that may be flown over; `None` where no layer says.
    pub allowed: Option<&'a CellSet>,
    /// The grid.
    pub grid: &'a WorkingGrid,
    /// The fleet's camera.
    pub roster: &'a Roster,
    /// Height, overlaps, limits of plans.
    pub settings: &'a Settings,
    /// Speed.
    pub rules: SortieRules,
}

impl Flight<'_> {
    /// The plan of a sortie, checked as before a flight; in words why it may not fly.
    ///
    /// # Errors
    /// Places outside the working area.
    pub fn plan(&self, sortie: &Sortie, name: &str) -> Result<Result<SortiePlan, Words>> {
        let items = self.items(sortie)?;
        let start = StartPlace::of_dock(self.dock);
        let mut why = "no fence that a vehicle stores bounds this ground".to_owned();
        for (tolerance_m, fence) in self.fences(sortie)? {
            let corners = fence.iter().map(corner_count).sum();
            let text = write_plan(&Plan {
                items: items.clone(),
                home: Some(PlanHome {
                    longitude_deg: self.dock.position.longitude_deg,
                    latitude_deg: self.dock.position.latitude_deg,
                    altitude_amsl_m: Some(self.dock.height_amsl_m),
                }),
                hover_speed_ms: Some(self.rules.lines.speed_ms),
                cruise_speed_ms: None,
                fence,
                fence_return: None,
                rally: Vec::new(),
            });
            let mission = mission_of(name.to_owned(), &text)?;
            match checked(mission, &self.settings.fleet, start) {
                Ok(checked) => {
                    return Ok(Ok(SortiePlan {
                        text,
                        photos: checked.shots.len(),
                        fence_corners: corners,
                        fence_tolerance_m: tolerance_m,
                    }));
                }
                Err(error) => why = error.to_string(),
            }
        }
        Ok(Err(Words::new(
            format!("航线未通过检查:{why}"),
            format!("the plan does not pass its check: {why}"),
        )))
    }

    /// Fences from the closest to the flyable ground to the simplest that a vehicle stores; none without such a layer.
    fn fences(&self, sortie: &Sortie) -> Result<Vec<(f64, Vec<FenceArea>)>> {
        let Some(allowed) = self.allowed else {
            return Ok(vec![(0.0, Vec::new())]);
        };
        let near = allowed.intersection(&surroundings(allowed, self.start, sortie));
        let lattice = allowed.lattice();
        let [column, row] = lattice
            .in_cells(GridPoint {
                easting_m: self.start[0],
                northing_m: self.start[1],
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
                    let place = self.grid.wgs84_from_grid(*point)?;
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

    fn items(&self, sortie: &Sortie) -> Result<Vec<PlanItem>> {
        let flights = &self.settings.coverage.gap_flights;
        let camera = &self.roster.camera;
        let height_m = flights.height_agl_m - self.dock.height_above_ground_m;
        let photo_length_m = f64::from(camera.height_px) / camera.focal_px * flights.height_agl_m;
        let every_m = photo_length_m * (1.0 - flights.front_overlap_percent / 100.0);
        let at = |place: Place| {
            let point = GridPoint {
                easting_m: place[0],
                northing_m: place[1],
            };
            self.grid.wgs84_from_grid(point)
        };
        let mut items = vec![
            placed(TAKEOFF, self.dock.position, height_m),
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
