//! Gaps of coverage: connected pieces of ground that should have been seen and were not, as polygons with how long
//! nobody saw them, for whoever plans the next flights.

use thiserror::Error;

use crate::area::Polygon;
use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint};
use crate::raster::Lattice;
use crate::time::CivilDay;

mod flights;
mod simplify;
mod trace;

pub use flights::{GapPiece, SHARE_FOR_STRAIGHT_WAYS, pieces_for};
pub use trace::{Part, Run, parts};

/// Corners of a gap's outline lie no farther from the edges of its cells than this, in cells. A straight edge's cells
/// reach up to one beyond it on either side, because their sample points lie anywhere in them.
const OUTLINE_TOLERANCE_CELLS: f64 = 2.0;

/// Why gaps cannot be told.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GapError {
    /// The smallest gap is no area.
    #[error("the smallest gap must be 0 m² or more, not {smallest_m2}")]
    SmallestArea {
        /// m².
        smallest_m2: f64,
    },
    /// A corner lies outside the working area.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// What makes a gap, and how old ground is that was never seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapRules {
    /// The day on which it is asked.
    pub today: CivilDay,
    /// Gaps below this area are only summed up, m².
    pub smallest_m2: f64,
    /// The age that ground counts as which was never seen, days.
    pub never_seen_days: u32,
}

/// When the ground of a gap was last seen; shares of its area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapAge {
    /// Mean over its cells, days; ground never seen counts as [`GapRules::never_seen_days`].
    pub mean_days: f64,
    /// The last day on which any of it was seen; none where no cell ever was.
    pub last_seen: Option<CivilDay>,
    /// Share that was never seen, 0 to 1.
    pub never_seen_share: f64,
}

/// A piece of ground that should have been seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Its outline on WGS-84, simplified by at most one and a half cells.
    pub polygon: Polygon,
    /// The same rings on the working grid, the outer one first.
    pub rings: Vec<Vec<GridPoint>>,
    /// Its cells.
    pub cells: Vec<Run>,
    /// True area of its cells, m².
    pub area_m2: f64,
    /// When it was last seen.
    pub age: GapAge,
    /// A point of it, in the middle of its longest row of cells.
    pub inside: Wgs84,
}

/// Gaps, the largest first, and what was too small.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gaps {
    /// Those of at least the smallest area.
    pub gaps: Vec<Gap>,
    /// How many were smaller.
    pub small: u64,
    /// Their area, m².
    pub small_m2: f64,
}

/// The connected pieces of `unseen`. `last_seen` tells when a cell (row, column) was last seen well enough.
///
/// # Errors
/// [`GapError`].
pub fn gaps(
    unseen: &CellSet,
    rules: &GapRules,
    last_seen: impl Fn(i32, i32) -> Option<CivilDay>,
) -> Result<Gaps, GapError> {
    let smallest_m2 = rules.smallest_m2;
    if !(smallest_m2 >= 0.0 && smallest_m2.is_finite()) {
        return Err(GapError::SmallestArea { smallest_m2 });
    }
    let mut found = Gaps::default();
    for part in parts(unseen) {
        let area_m2 = area_m2(unseen, &part);
        if area_m2 < smallest_m2 {
            found.small += 1;
            found.small_m2 += area_m2;
        } else {
            found.gaps.push(gap(unseen, part, area_m2, rules, &last_seen)?);
        }
    }
    found.gaps.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2));
    Ok(found)
}

/// The rings of a part on the grid, the outer one first, simplified by at most `tolerance_cells`.
#[must_use]
pub fn outline_of(part: &Part, tolerance_cells: f64, lattice: Lattice) -> Vec<Vec<GridPoint>> {
    let on_grid = |ring: Vec<[i32; 2]>| {
        ring.iter()
            .map(|corner| lattice.point(corner.map(f64::from)))
            .collect()
    };
    simplify::simplified(&part.rings, tolerance_cells)
        .into_iter()
        .map(on_grid)
        .collect()
}

/// True area of a part's cells, m²: each run weighed by the grid's areal scale at its middle.
fn area_m2(set: &CellSet, part: &Part) -> f64 {
    let lattice = set.lattice();
    let of_run = |run: &Run| {
        let middle = lattice.point([f64::from(run.start + run.end) / 2.0, f64::from(run.row) + 0.5]);
        f64::from(run.end - run.start) * lattice.cell_m2() / set.grid().areal_scale(middle)
    };
    part.runs.iter().map(of_run).sum()
}

fn gap(
    set: &CellSet,
    part: Part,
    area_m2: f64,
    rules: &GapRules,
    last_seen: &impl Fn(i32, i32) -> Option<CivilDay>,
) -> Result<Gap, GridError> {
    let (lattice, grid) = (set.lattice(), set.grid());
    let rings = outline_of(&part, OUTLINE_TOLERANCE_CELLS, lattice);
    let mut on_earth = rings
        .iter()
        .map(|ring| ring.iter().map(|point| grid.wgs84_from_grid(*point)).collect())
        .collect::<Result<Vec<Vec<Wgs84>>, _>>()?
        .into_iter();
    let longest = part.runs.iter().max_by_key(|run| run.end - run.start);
    let middle = longest.map_or([0.0; 2], |run| {
        [f64::from(run.start + run.end) / 2.0, f64::from(run.row) + 0.5]
    });
    Ok(Gap {
        polygon: Polygon {
            exterior: on_earth.next().unwrap_or_default(),
            holes: on_earth.collect(),
        },
        rings,
        area_m2,
        age: age(&part.runs, rules, last_seen),
        inside: grid.wgs84_from_grid(lattice.point(middle))?,
        cells: part.runs,
    })
}

fn age(runs: &[Run], rules: &GapRules, last_seen: &impl Fn(i32, i32) -> Option<CivilDay>) -> GapAge {
    let (mut cells, mut never, mut days) = (0_u64, 0_u64, 0.0);
    let mut newest: Option<CivilDay> = None;
    for run in runs {
        for column in run.start..run.end {
            cells += 1;
            match last_seen(run.row, column) {
                None => {
                    never += 1;
                    days += f64::from(rules.never_seen_days);
                }
                Some(day) => {
                    newest = newest.max(Some(day));
                    days += f64::from(rules.today.0 - day.0).max(0.0);
                }
            }
        }
    }
    let all = cells.max(1) as f64;
    GapAge {
        mean_days: days / all,
        last_seen: newest,
        never_seen_share: never as f64 / all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::WorkingGrid;

    fn rectangle(west_m: f64, south_m: f64, width_m: f64, height_m: f64) -> Vec<GridPoint> {
        [(0.0, 0.0), (width_m, 0.0), (width_m, height_m), (0.0, height_m)]
            .iter()
            .map(|(east, north)| GridPoint {
                easting_m: west_m + east,
                northing_m: south_m + north,
            })
            .collect()
    }

    #[test]
    fn gaps_have_area_age_and_holes_and_small_ones_are_summed_up() {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        let mut unseen = CellSet::empty(grid.clone(), Lattice::new(5.0));
        unseen.paint(&[
            rectangle(0.0, 0.0, 400.0, 300.0),
            rectangle(100.0, 100.0, 100.0, 100.0),
        ]);
        unseen.paint(&[rectangle(1000.0, 0.0, 20.0, 20.0)]);
        let rules = GapRules {
            today: CivilDay(100),
            smallest_m2: 1000.0,
            never_seen_days: 60,
        };
        // The hole's surroundings west of 100 m were seen on day 90, the rest never.
        let lattice = unseen.lattice();
        let last_seen = |row: i32, column: i32| {
            let centre = lattice.point([f64::from(column) + 0.5, f64::from(row) + 0.5]);
            (centre.easting_m < 100.0).then_some(CivilDay(90))
        };
        let found = gaps(&unseen, &rules, last_seen).unwrap();
        assert_eq!((found.gaps.len(), found.small), (1, 1));
        assert!((found.small_m2 - 400.0).abs() < 150.0, "{}", found.small_m2);
        let gap = &found.gaps[0];
        assert!((gap.area_m2 - 110_000.0).abs() < 600.0, "{}", gap.area_m2);
        assert_eq!((gap.polygon.holes.len(), gap.rings.len()), (1, 2));
        assert_eq!(gap.age.last_seen, Some(CivilDay(90)));
        assert!((gap.age.never_seen_share - 8.0 / 11.0).abs() < 0.01);
        assert!((gap.age.mean_days - (3.0 * 10.0 + 8.0 * 60.0) / 11.0).abs() < 0.5);
        let total: f64 = found.gaps.iter().map(|gap| gap.area_m2).sum::<f64>() + found.small_m2;
        assert!((total - unseen.area_m2()).abs() < 0.01);
        let layer_area = {
            let layer = crate::area::Layer {
                name: "gap".to_owned(),
                version: "1".to_owned(),
                datum: crate::geodesy::Datum::Wgs84,
                polygons: vec![gap.polygon.clone()],
                source: String::new(),
            };
            layer.area_m2(&grid).unwrap()
        };
        assert!(
            (layer_area / gap.area_m2 - 1.0).abs() < 0.02,
            "{layer_area} {}",
            gap.area_m2
        );
    }

    #[test]
    fn no_gap_is_no_error_and_a_bad_limit_is() {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        let none = CellSet::empty(grid, Lattice::new(5.0));
        let rules = |smallest_m2| GapRules {
            today: CivilDay(0),
            smallest_m2,
            never_seen_days: 1,
        };
        assert_eq!(gaps(&none, &rules(0.0), |_, _| None).unwrap(), Gaps::default());
        assert!(gaps(&none, &rules(f64::NAN), |_, _| None).is_err());
    }
}
