//! Which ground a dock's vehicle can reach, work over and come back from: by battery and wind, round no-fly areas,
//! within the range of its link. Never in place of what was planned or imaged.
//!
//! Ways are exact on the working grid: straight lines that bend at corners of no-fly areas, a millimetre off them.
//! What is approximate: cells count by their centres, the grid stretches lengths by at most 0.03 ‰ within 50 km of its
//! origin, margins are up to 1.6 % wider than stated, and vehicles turn and change speed at once.

use serde::{Deserialize, Serialize};

use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint};
use crate::raster::Lattice;

mod field;
mod fleet;
mod free_space;
mod obstacles;
#[cfg(test)]
mod tests;
mod vehicle;
mod window;

pub use fleet::FleetReach;
pub use free_space::FreeSpace;
pub use vehicle::{Grounded, Vehicle, Wind};

use field::{Direction, Field};
use obstacles::Obstacles;
use vehicle::Pace;
use window::{Cells, Frame};

/// How far a vehicle gets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ReachRule {
    /// By battery and wind, round no-fly areas.
    Flown {
        /// The vehicle.
        vehicle: Vehicle,
        /// The wind.
        wind: Wind,
        /// Farthest straight distance from the dock at any time, m: range of the radio link, or of the rules.
        link_range_m: Option<f64>,
    },
    /// Everything within a radius but no-fly areas: no wind, no battery, no detours.
    Disc {
        /// The radius, m.
        radius_m: f64,
    },
}

impl ReachRule {
    /// Farthest distance from the dock that anything can be reached at, m.
    ///
    /// # Errors
    /// Why nothing can be.
    pub fn radius_m(&self) -> Result<f64, Grounded> {
        match self {
            Self::Disc { radius_m } => Ok(*radius_m),
            Self::Flown {
                vehicle,
                wind,
                link_range_m,
            } => {
                let (out, back) = Pace::of(vehicle, wind, |towards| [towards.easting_m, towards.northing_m])?;
                let budget_s = vehicle.travel_budget_s();
                if budget_s < 0.0 {
                    return Err(Grounded::Battery { lacking_s: -budget_s });
                }
                // There and back straight across the wind, which is where it costs least.
                let flown_m = budget_s * (out.slowest_ms() * back.fastest_ms()).sqrt() / 2.0;
                Ok(link_range_m.map_or(flown_m, |range_m| range_m.min(flown_m)))
            }
        }
    }
}

/// What one dock reaches.
#[derive(Debug, Clone)]
pub struct DockReach {
    cells: CellSet,
    grounded: Option<Grounded>,
    lattice: Lattice,
    /// The dock on the lattice's axes, m.
    dock: [f64; 2],
    /// Cell by cell of the window, by what cells are compared between docks: s of the way out, m for a disc.
    cost: Option<(Cells, Vec<f32>)>,
    climb_s: f64,
    is_timed: bool,
}

impl DockReach {
    /// What a dock at `dock` reaches by `rule` through `space`, in cells of `lattice`.
    ///
    /// # Errors
    /// [`GridError`] when the dock lies outside the working area.
    pub fn of(dock: Wgs84, rule: &ReachRule, space: &FreeSpace, lattice: Lattice) -> Result<Self, GridError> {
        let on_grid = space.grid().grid_from_wgs84(dock)?;
        let centre = lattice.on_axes(on_grid);
        let mut reach = Self {
            cells: CellSet::empty(space.grid().clone(), lattice),
            grounded: None,
            lattice,
            dock: centre,
            cost: None,
            climb_s: 0.0,
            is_timed: matches!(rule, ReachRule::Flown { .. }),
        };
        match reached(on_grid, rule, space, lattice) {
            Ok(window) => {
                for (key, bits) in window.cells.tiles() {
                    reach.cells.insert(key, &bits);
                }
                reach.climb_s = window.climb_s;
                reach.cost = Some((window.cells, window.cost));
            }
            Err(grounded) => reach.grounded = Some(grounded),
        }
        Ok(reach)
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &CellSet {
        &self.cells
    }

    /// Why nothing is reachable, if nothing is.
    #[must_use]
    pub fn grounded(&self) -> Option<Grounded> {
        self.grounded
    }

    /// Whether the cell that a point lies in is reached.
    #[must_use]
    pub fn holds(&self, point: GridPoint) -> bool {
        self.cost_at(point).is_some()
    }

    /// Time from take-off to the cell that a point lies in, climb included, s; `None` where it is not reached, and for
    /// discs, which know no time.
    #[must_use]
    pub fn arrival_s(&self, point: GridPoint) -> Option<f64> {
        let way_s = self.cost_at(point).filter(|_| self.is_timed)?;
        Some(self.climb_s + way_s)
    }

    /// What cells are compared by between docks: s of the way out, or m for a disc.
    fn cost_at(&self, point: GridPoint) -> Option<f64> {
        let (cells, cost) = self.cost.as_ref()?;
        let [x, y] = self.lattice.on_axes(point);
        let [row, column] = cells.frame.cell_at([x - self.dock[0], y - self.dock[1]])?;
        cells
            .has(row, column)
            .then(|| f64::from(cost[row * cells.frame.side() + column]))
    }
}

/// The reached cells of the window about a dock.
struct Window {
    cells: Cells,
    cost: Vec<f32>,
    climb_s: f64,
}

fn reached(
    dock: GridPoint,
    rule: &ReachRule,
    space: &FreeSpace,
    lattice: Lattice,
) -> Result<Window, Grounded> {
    let radius_m = rule.radius_m()?;
    if !space.is_free(dock) {
        return Err(Grounded::DockInNoFly);
    }
    let centre = lattice.on_axes(dock);
    let frame = Frame::about(lattice, centre, radius_m);
    let obstacles = Obstacles::near(space, frame, radius_m, |point| {
        obstacles::minus(lattice.on_axes(*point), centre)
    });
    let mut cells = Cells::disc(frame, radius_m);
    cells.subtract(&obstacles.solid);
    match rule {
        ReachRule::Disc { .. } => Ok(Window {
            cost: cells.values(|row, column| obstacles::length([frame.x(column), frame.y(row)]) as f32),
            cells,
            climb_s: 0.0,
        }),
        ReachRule::Flown { vehicle, wind, .. } => {
            let (out, back) = Pace::of(vehicle, wind, |towards| lattice.on_axes(towards))?;
            let budget_s = vehicle.travel_budget_s();
            let field = |pace: &Pace, other: &Pace| {
                let direction = Direction {
                    pace,
                    other,
                    budget_s,
                };
                Field::of(&direction, &obstacles, &cells)
            };
            let outwards = field(&out, &back);
            let homewards = (out != back).then(|| field(&back, &out));
            let mut reached = cells.clone();
            for (row, column) in cells.iter() {
                let out_s = outwards.seconds(row, column);
                let back_s = homewards.as_ref().map_or(out_s, |home| home.seconds(row, column));
                if out_s + back_s > budget_s {
                    reached.remove(row, column);
                }
            }
            Ok(Window {
                cost: reached.values(|row, column| outwards.seconds(row, column) as f32),
                cells: reached,
                climb_s: vehicle.climb_s(),
            })
        }
    }
}
