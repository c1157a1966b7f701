//! Ages of ground as polygons of one vector tile. They are sampled from the ledger, so that a tile costs the same at every
//! zoom: 256 × 256 pixels.

use std::collections::BTreeMap;

use anyhow::Result;
use formats::placed::{Feature, Shape, Value};
use formats::vector_tile::TileAddress;
use survey::cells::CellSet;
use survey::gaps::{Part, parts};
use survey::geodesy::Wgs84;
use survey::grid::{GridPoint, WorkingGrid};
use survey::ledger::{GroundRaster, RasterFrame};
use survey::raster::{Bits, Lattice, TILE_CELLS, TileKey};

use crate::answers::place::rounded;
use crate::coverage::age_map::{AGE_CLASSES, shown_ground};
use crate::coverage::figures::Figures;
use crate::map_picture::bounds_m;

/// Tiles beyond are stretched ones of this zoom, whose pixels of 2 m are finer than the cells of a ledger.
pub const DEEPEST_ZOOM: u8 = 16;
/// Pixels along a tile's side that ages are sampled at.
const SIDE: usize = 256;
/// Pixels beyond each edge, so that outlines run on under the neighbours: more than the tile's buffer.
const BEYOND: usize = 5;
const ACROSS: usize = SIDE + 2 * BEYOND;

/// One feature for each class of age that the tile shows: its ground as polygons, with `class` (0 the newest), `seen`
/// (false: flyable, never seen), `from_days` and, but for the oldest, `to_days`.
///
/// # Errors
/// Parameters that a ledger cannot answer.
pub fn ages(figures: &Figures<'_>, address: TileAddress) -> Result<Vec<Feature>> {
    let pixels = Pixels::of(address);
    let raster = figures.ledger.raster(&figures.ever(), &pixels.frame())?;
    let basis = &figures.scene.basis;
    // A place beyond the working area is not flyable ground.
    let is_flyable = |index: usize| {
        let place = basis.grid.grid_from_wgs84(pixels.middle(index));
        place.is_ok_and(|point| basis.flyable_cells.contains(point))
    };
    let never = AGE_CLASSES.len();
    let classes: Vec<Option<usize>> = raster
        .last_seen_day
        .iter()
        .enumerate()
        .map(|(index, day)| {
            if basis.flyable.is_some() && !is_flyable(index) {
                return None;
            }
            if *day == GroundRaster::NEVER {
                return basis.flyable.is_some().then_some(never);
            }
            let age_days = figures.until.0 - day;
            AGE_CLASSES.iter().position(|(to, _)| age_days <= *to)
        })
        .collect();
    let mut features = Vec::new();
    for class in 0..=never {
        let polygons = pixels.polygons(&basis.grid, |index| classes[index] == Some(class));
        if !polygons.is_empty() {
            features.push(Feature {
                shape: Shape::Polygons(polygons),
                values: class_values(class),
            });
        }
    }
    Ok(features)
}

fn class_values(class: usize) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::from([
        ("class".to_owned(), Value::Whole(class as i64)),
        ("seen".to_owned(), Value::Truth(class < AGE_CLASSES.len())),
    ]);
    if let Some((to, _)) = AGE_CLASSES.get(class) {
        let from = class.checked_sub(1).map_or(0, |before| AGE_CLASSES[before].0 + 1);
        values.insert("from_days".to_owned(), Value::Whole(i64::from(from)));
        if *to != i32::MAX {
            values.insert("to_days".to_owned(), Value::Whole(i64::from(*to)));
        }
    }
    values
}

/// The pixels of a tile and a little beyond, in even steps of degrees, which neighbouring tiles share along their edge.
struct Pixels {
    west_deg: f64,
    north_deg: f64,
    step_deg: [f64; 2],
}

impl Pixels {
    fn of(address: TileAddress) -> Self {
        let [west, south, east, north] = address.bounds_deg();
        let step_deg = [(east - west) / SIDE as f64, (north - south) / SIDE as f64];
        Self {
            west_deg: west - step_deg[0] * BEYOND as f64,
            north_deg: north + step_deg[1] * BEYOND as f64,
            step_deg,
        }
    }

    fn frame(&self) -> RasterFrame {
        RasterFrame::Degrees {
            west_deg: self.west_deg,
            north_deg: self.north_deg,
            step_deg: self.step_deg,
            columns: ACROSS,
            rows: ACROSS,
        }
    }

    fn place(&self, [column, row]: [f64; 2]) -> [f64; 2] {
        [
            (self.west_deg + column * self.step_deg[0]).clamp(-180.0, 180.0),
            (self.north_deg - row * self.step_deg[1]).clamp(-90.0, 90.0),
        ]
    }

    fn middle(&self, index: usize) -> Wgs84 {
        let [longitude_deg, latitude_deg] =
            self.place([(index % ACROSS) as f64 + 0.5, (index / ACROSS) as f64 + 0.5]);
        Wgs84 {
            latitude_deg,
            longitude_deg,
        }
    }

    /// Outlines of connected pixels, along their edges.
    fn polygons(&self, grid: &WorkingGrid, is_inside: impl Fn(usize) -> bool) -> Vec<Vec<Vec<[f64; 2]>>> {
        // Tracing asks for cells of a lattice; only their rows and columns count.
        let mut cells = CellSet::empty(grid.clone(), Lattice::new(1.0));
        let side = ACROSS.div_ceil(TILE_CELLS as usize);
        for key in (0..side * side).map(|tile| [tile / side, tile % side]) {
            let mut bits: Bits = Box::new([0; 64]);
            for (line, word) in bits.iter_mut().enumerate() {
                let row = key[0] * 64 + line;
                for column in (key[1] * 64..ACROSS.min(key[1] * 64 + 64)).filter(|_| row < ACROSS) {
                    *word |= u64::from(is_inside(row * ACROSS + column)) << (column % 64);
                }
            }
            let key: TileKey = (key[0] as i32, key[1] as i32);
            cells.insert(key, &bits);
        }
        let ring = |ring: Vec<[i32; 2]>| ring.into_iter().map(|at| self.place(at.map(f64::from))).collect();
        let part = |part: Part| part.rings.into_iter().map(ring).collect();
        parts(&cells).into_iter().map(part).collect()
    }
}

/// West, south, east and north of what tiles show, degrees; `None` where there is nothing to show.
///
/// # Errors
/// Parameters that a ledger cannot answer.
pub fn bounds_deg(figures: &Figures<'_>) -> Result<Option<[f64; 4]>> {
    let Some([west, north, east, south]) = bounds_m(&shown_ground(figures)?) else {
        return Ok(None);
    };
    let grid = &figures.scene.basis.grid;
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for (easting_m, northing_m) in [(west, north), (east, north), (east, south), (west, south)] {
        let corner = grid.wgs84_from_grid(GridPoint {
            easting_m,
            northing_m,
        })?;
        for (axis, at) in [corner.longitude_deg, corner.latitude_deg]
            .into_iter()
            .enumerate()
        {
            bounds[axis] = bounds[axis].min(at);
            bounds[axis + 2] = bounds[axis + 2].max(at);
        }
    }
    Ok(Some(bounds.map(|at| rounded(at, 6))))
}

/// The docks as points, with `dock_id`.
pub fn docks(figures: &Figures<'_>) -> Vec<Feature> {
    let docks = figures.scene.basis.roster.docks.iter();
    docks
        .map(|dock| Feature {
            shape: Shape::Point([dock.position.longitude_deg, dock.position.latitude_deg]),
            values: BTreeMap::from([("dock_id".to_owned(), Value::Text(dock.dock_id.clone()))]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_of_pixels_keep_their_holes_and_lie_in_the_tile() {
        let address = TileAddress::new(14, 13730, 6693).unwrap();
        let pixels = Pixels::of(address);
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        // A frame 40 pixels wide with a hole of 20, and one pixel for itself.
        let inside = |index: usize| {
            let (column, row) = (index % ACROSS, index / ACROSS);
            let within = |from: usize, to: usize| (from..to).contains(&column) && (from..to).contains(&row);
            within(60, 100) && !within(70, 90) || (column, row) == (200, 5)
        };
        let polygons = pixels.polygons(&grid, inside);
        let counts: Vec<Vec<usize>> = polygons
            .iter()
            .map(|rings| rings.iter().map(Vec::len).collect())
            .collect();
        assert_eq!(counts, [vec![4], vec![4, 4]]);
        let [west, south, east, north] = address.bounds_deg();
        let outer = &polygons[1][0];
        let step = (east - west) / SIDE as f64;
        let lowest = outer.iter().map(|at| at[0]).fold(f64::INFINITY, f64::min);
        assert!((lowest - (west + 55.0 * step)).abs() < 1e-9);
        assert!(outer.iter().all(|at| at[1] > south && at[1] < north));
    }

    #[test]
    fn classes_say_their_days() {
        let values = class_values(1);
        assert_eq!(
            (&values["from_days"], &values["to_days"]),
            (&Value::Whole(8), &Value::Whole(14))
        );
        assert_eq!(class_values(AGE_CLASSES.len())["seen"], Value::Truth(false));
        assert!(!class_values(AGE_CLASSES.len() - 1).contains_key("to_days"));
    }
}
