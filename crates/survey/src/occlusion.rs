//! Which ground of a footprint is hidden behind what stands on it, by a surface model (heights with buildings and
//! trees).
//!
//! The rule: a cell is seen when the *top* of what stands at its middle is seen, that is when the line from there to
//! the camera runs clear of the surface. A roof that is seen counts as seen ground of its cell; the street behind the
//! house does not. Where the surface model has no height nothing is taken as hidden, and how much ground that concerns
//! is said beside it.
//!
//! The surface is the bilinear one between the middles of the raster's cells. Along a line of sight it is a parabola
//! between two grid lines, whose least clearance is exact, so that no wall slips between samples.

use nalgebra::Vector2;
use serde::{Deserialize, Serialize};

use crate::area::Polygon;
use crate::cells::CellSet;
use crate::geodesy::{LocalTangent, Wgs84};
use crate::grid::{GridError, WorkingGrid};
use crate::raster::{Bits, Lattice, TILE_CELLS, TileKey, sample_point};
use crate::terrain::{Surroundings, Terrain};

#[cfg(test)]
mod tests;

/// What rises above the line of sight by less is the surface model's noise, m.
const CLEAR_M: f64 = 0.2;
/// Finest cells that are judged, m; the audited ledger has none finer.
const FINEST_CELL_M: f64 = 2.0;
/// About so many cells are judged of a photo: far views get larger cells.
const CELLS_OF_A_PHOTO: f64 = 10_000.0;

/// Hidden ground of one photo: square cells around the camera's foot, north up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HiddenGround {
    /// Name and version of the surface model.
    pub surface: [String; 2],
    /// The camera's foot, which offsets count from.
    pub origin: Wgs84,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// South-west corner of the first cell, m east and north of the origin.
    pub corner_m: [f64; 2],
    /// Columns and rows.
    pub size: [u32; 2],
    /// Numbers of cells, row by row from the south-west: not hidden, hidden, not hidden, …
    pub runs: Vec<u32>,
    /// Ground of the footprint that nothing is known of, since the surface model has no height there or on the way, m².
    pub unknown_m2: f64,
}

/// What came of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Seen,
    Hidden,
    Unknown,
}

/// Judges the ground inside an outline. The camera stands at `camera_m` in the surface model's datum. `None` where the
/// model does not reach the camera's foot.
#[must_use]
pub fn hidden_ground(
    outline: &[Wgs84],
    (position, camera_m): (Wgs84, f64),
    surface: &Terrain,
) -> Option<HiddenGround> {
    let around = surface.around(position)?;
    around.height_m(Vector2::zeros())?;
    let plane = LocalTangent::at(position);
    let ring: Vec<[f64; 2]> = outline.iter().map(|place| plane.enu_from_wgs84(*place)).collect();
    let (low, high) = bounds(&ring)?;
    let area_m2 = (high[0] - low[0]) * (high[1] - low[1]);
    let cell_m = (area_m2 / CELLS_OF_A_PHOTO).sqrt().max(FINEST_CELL_M);
    let size = [0, 1].map(|axis| ((high[axis] - low[axis]) / cell_m).ceil().max(1.0) as u32);
    let highest_m = around.highest_m(low.map(|side| side.min(0.0)), high.map(|side| side.max(0.0)));
    let (mut runs, mut is_hidden, mut unknown) = (vec![0], false, 0_u32);
    for row in 0..size[1] {
        let north_m = low[1] + (f64::from(row) + 0.5) * cell_m;
        let crossings = crossings(&ring, north_m);
        for column in 0..size[0] {
            let east_m = low[0] + (f64::from(column) + 0.5) * cell_m;
            let inside = crossings.iter().filter(|crossing| **crossing <= east_m).count() % 2 == 1;
            let verdict = match inside {
                true => line_of_sight(&around, Vector2::new(east_m, north_m), (camera_m, highest_m)),
                false => Verdict::Seen,
            };
            unknown += u32::from(verdict == Verdict::Unknown);
            if (verdict == Verdict::Hidden) != is_hidden {
                is_hidden = !is_hidden;
                runs.push(0);
            }
            if let Some(run) = runs.last_mut() {
                *run += 1;
            }
        }
    }
    Some(HiddenGround {
        surface: [surface.name.clone(), surface.version.clone()],
        origin: position,
        cell_m,
        corner_m: low,
        size,
        runs,
        unknown_m2: f64::from(unknown) * cell_m * cell_m,
    })
}

/// The cells that a photo shows: those inside the outline, less the hidden ones.
///
/// # Errors
/// [`GridError`] when the outline leaves the working area.
pub fn seen_cells(
    outline: &[Wgs84],
    hidden: &HiddenGround,
    (grid, lattice): (&WorkingGrid, Lattice),
) -> Result<CellSet, GridError> {
    let mut shown = CellSet::empty(grid.clone(), lattice);
    let ring = shown.ring_on_grid(outline)?;
    shown.paint(&[ring]);
    Ok(hidden.seen_of(&shown))
}

fn bounds(ring: &[[f64; 2]]) -> Option<([f64; 2], [f64; 2])> {
    let first = *ring.first()?;
    let pick = |choose: fn(f64, f64) -> f64| {
        ring.iter()
            .fold(first, |sum, at| [choose(sum[0], at[0]), choose(sum[1], at[1])])
    };
    Some((pick(f64::min), pick(f64::max)))
}

/// East of where a ring crosses a parallel, m.
fn crossings(ring: &[[f64; 2]], north_m: f64) -> Vec<f64> {
    let sides = ring.iter().zip(ring.iter().cycle().skip(1));
    let crossed = sides.filter(|(a, b)| (a[1] <= north_m) != (b[1] <= north_m));
    crossed
        .map(|(a, b)| a[0] + (north_m - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
        .collect()
}

/// Whether the line from the top of a place to the camera is clear. Above `highest_m` nothing stands.
fn line_of_sight(
    around: &Surroundings<'_>,
    place: Vector2<f64>,
    (camera_m, highest_m): (f64, f64),
) -> Verdict {
    let (start, end) = (around.cell_at(place), around.cell_at(Vector2::zeros()));
    let Some(top_m) = around.height_of_cell(start) else {
        return Verdict::Unknown;
    };
    if top_m >= camera_m {
        return Verdict::Hidden;
    }
    let way = end - start;
    let clearance_m = |share: f64| {
        let surface_m = around.height_of_cell(start + way * share)?;
        Some(top_m + share * (camera_m - top_m) - surface_m)
    };
    let mut lines = GridLines::along(start, way);
    let (mut before, mut before_m, mut unknown) = (0.0, Some(0.0), false);
    while before < 1.0 && top_m + before * (camera_m - top_m) <= highest_m {
        let next = lines.next_share();
        let (middle_m, next_m) = (clearance_m(f64::midpoint(before, next)), clearance_m(next));
        match (before_m, middle_m, next_m) {
            (Some(from_m), Some(middle_m), Some(to_m)) if least([from_m, middle_m, to_m]) < -CLEAR_M => {
                return Verdict::Hidden;
            }
            (Some(_), Some(_), Some(_)) => {}
            _ => unknown = true,
        }
        (before, before_m) = (next, next_m);
    }
    if unknown { Verdict::Unknown } else { Verdict::Seen }
}

/// The least value between the ends of the parabola through begin, middle and end.
fn least([begin, middle, end]: [f64; 3]) -> f64 {
    let (slope, bend) = (
        4.0 * middle - 3.0 * begin - end,
        2.0 * (begin - 2.0 * middle + end),
    );
    let at = -slope / (2.0 * bend);
    let of_ends = begin.min(end);
    if bend > 0.0 && at > 0.0 && at < 1.0 {
        of_ends.min(begin - slope * slope / (4.0 * bend))
    } else {
        of_ends
    }
}

/// The shares of a way at which it crosses lines through the middles of cells, ascending, 1 after the last.
struct GridLines {
    /// Share of the next crossing, and from one to the next, along columns and rows.
    axes: [(f64, f64); 2],
}

impl GridLines {
    fn along(start: Vector2<f64>, way: Vector2<f64>) -> Self {
        let axis = |at: f64, along: f64| {
            if along == 0.0 {
                return (f64::INFINITY, f64::INFINITY);
            }
            let to_next = if along > 0.0 {
                at.floor() + 1.0 - at
            } else {
                at - (at.ceil() - 1.0)
            };
            (to_next / along.abs(), 1.0 / along.abs())
        };
        Self {
            axes: [axis(start.x, way.x), axis(start.y, way.y)],
        }
    }

    fn next_share(&mut self) -> f64 {
        let share = self.axes[0].0.min(self.axes[1].0);
        for (next, step) in &mut self.axes {
            if *next <= share {
                *next += *step;
            }
        }
        share.min(1.0)
    }
}

impl HiddenGround {
    /// Area of the hidden cells, m².
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        let cells: u64 = self
            .runs
            .iter()
            .skip(1)
            .step_by(2)
            .map(|run| u64::from(*run))
            .sum();
        cells as f64 * self.cell_m * self.cell_m
    }

    /// The cells of a set that are not hidden: those of a painted outline that the photo really shows. Each cell goes
    /// by its middle.
    #[must_use]
    pub fn seen_of(&self, shown: &CellSet) -> CellSet {
        let mask = self.mask();
        let mut seen = CellSet::empty(shown.grid().clone(), shown.lattice());
        for (key, bits) in shown.tiles() {
            let kept = self.seen_of_tile(&mask, shown, (*key, bits));
            seen.insert(*key, kept.as_ref().unwrap_or(bits));
        }
        seen
    }

    /// The outline less the hidden cells, as exact polygons.
    #[must_use]
    pub fn seen_polygons(&self, outline: &[Wgs84]) -> Vec<Polygon> {
        let plane = LocalTangent::at(self.origin);
        let ring: geo::LineString = outline
            .iter()
            .map(|place| <(f64, f64)>::from(plane.enu_from_wgs84(*place)))
            .collect();
        let shown = geo::Polygon::new(ring, Vec::new());
        let hidden = geo::unary_union(&self.hidden_strips());
        let seen = geo::BooleanOps::difference(&shown, &hidden);
        let places = |ring: &geo::LineString| -> Vec<Wgs84> {
            let corners = ring.0.iter().skip(1);
            corners.map(|at| plane.wgs84_from_enu(at.x, at.y)).collect()
        };
        let polygons = seen.iter().map(|polygon| Polygon {
            exterior: places(polygon.exterior()),
            holes: polygon.interiors().iter().map(places).collect(),
        });
        polygons.collect()
    }

    /// The hidden cells of each row, neighbours joined.
    fn hidden_strips(&self) -> Vec<geo::Polygon> {
        let mask = self.mask();
        let columns = self.size[0] as usize;
        let mut strips = Vec::new();
        for (row, cells) in mask.chunks(columns.max(1)).enumerate() {
            let south_m = self.corner_m[1] + row as f64 * self.cell_m;
            let mut column = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                let west_m = self.corner_m[0] + column as f64 * self.cell_m;
                column += run.len();
                if run[0] {
                    let east_m = self.corner_m[0] + column as f64 * self.cell_m;
                    let north_m = south_m + self.cell_m;
                    strips.push(geo::Rect::new((west_m, south_m), (east_m, north_m)).to_polygon());
                }
            }
        }
        strips
    }

    fn mask(&self) -> Vec<bool> {
        let runs = self.runs.iter().enumerate();
        runs.flat_map(|(number, run)| std::iter::repeat_n(number % 2 == 1, *run as usize))
            .collect()
    }

    /// Within a tile offsets from the origin are linear in column and row, to millimetres.
    fn seen_of_tile(&self, mask: &[bool], shown: &CellSet, (key, bits): (TileKey, &Bits)) -> Option<Bits> {
        let plane = LocalTangent::at(self.origin);
        let offset = |column: f64, row: f64| {
            let place = shown.lattice().point([column, row]);
            let place = shown.grid().wgs84_from_grid(place).ok()?;
            Some(Vector2::from(plane.enu_from_wgs84(place)))
        };
        let side = f64::from(TILE_CELLS);
        let [row_0, column_0] = [key.0, key.1].map(|tile| f64::from(tile) * side);
        let first = offset(column_0, row_0)?;
        let across = (offset(column_0 + side, row_0)? - first) / side;
        let up = (offset(column_0, row_0 + side)? - first) / side;
        let mut kept = bits.clone();
        for (row, word) in kept.iter_mut().enumerate() {
            let mut left = *word;
            while left != 0 {
                let column = left.trailing_zeros();
                left &= left - 1;
                let [along, across_rows] = sample_point(row as i32, column as i32);
                if self.is_hidden(mask, first + across * along + up * across_rows) {
                    *word &= !(1 << column);
                }
            }
        }
        Some(kept)
    }

    fn is_hidden(&self, mask: &[bool], offset_m: Vector2<f64>) -> bool {
        let at = [0, 1].map(|axis| ((offset_m[axis] - self.corner_m[axis]) / self.cell_m).floor());
        let inside = |axis: usize| at[axis] >= 0.0 && at[axis] < f64::from(self.size[axis]);
        let place = || at[1] as usize * self.size[0] as usize + at[0] as usize;
        inside(0) && inside(1) && mask.get(place()).copied().unwrap_or(false)
    }
}
