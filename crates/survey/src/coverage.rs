//! Which ground was imaged when, and how sharply: a ledger of ground cells, not a union of polygons. A cell
//! counts when its centre lies inside a footprint; ground under several photos counts once.
//!
//! The ledger keeps one bit per cell, civil day and GSD class, in sparse tiles of 64 × 64 cells. Any window of
//! days is therefore exact; a last-seen day alone would forget a cell seen both inside and after the window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::area::Layer;
use crate::cells::CellSet;
use crate::geodesy::{GeodesyError, LocalTangent, Wgs84};
use crate::grid::{GridError, GridPoint, WorkingGrid};
use crate::occlusion::HiddenGround;
use crate::raster::{Bits, Lattice, TileKey, merge_into, overlap_cells};
use crate::time::CivilDay;

#[cfg(test)]
mod tests;

/// Upper limits of the GSD classes, cm per pixel; a photo belongs to the first class whose limit its GSD does
/// not exceed, and to the open class beyond the last limit otherwise.
pub const GSD_CLASS_LIMITS_CM: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 12.0, 20.0, 50.0];
/// Smallest and largest cell, m.
pub const CELL_RANGE_M: [f64; 2] = [0.5, 100.0];
/// Widest footprint accepted, m; more is a wrong height or a wrong place.
pub const WIDEST_FOOTPRINT_M: f64 = 20_000.0;

/// Why the ledger cannot take or answer something.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CoverageError {
    /// The cell size is outside [`CELL_RANGE_M`].
    #[error("cells of {cell_m} m are not possible; use 0.5 to 100 m")]
    CellSize {
        /// m.
        cell_m: f64,
    },
    /// The footprint has fewer than three points.
    #[error("a footprint needs three points, this one has {points}")]
    TooFewPoints {
        /// Points given.
        points: usize,
    },
    /// The footprint is wider than [`WIDEST_FOOTPRINT_M`].
    #[error("the footprint is {width_m:.0} m wide; no photo shows that much ground")]
    TooWide {
        /// m.
        width_m: f64,
    },
    /// A ground sampling distance is not a positive number.
    #[error("ground sampling distance {gsd_cm} cm per pixel is impossible")]
    ImpossibleGsd {
        /// cm.
        gsd_cm: f64,
    },
    /// The query asks for photos sharper than the sharpest class the ledger tells apart.
    #[error("the ledger tells photos apart down to 1 cm per pixel; {max_gsd_cm} cm is below that")]
    GsdBelowClasses {
        /// cm.
        max_gsd_cm: f64,
    },
    /// `since` is later than `until`.
    #[error("the window ends before it begins: {since} to {until}")]
    WindowReversed {
        /// First day.
        since: CivilDay,
        /// Last day.
        until: CivilDay,
    },
    /// A footprint's point is no place on Earth.
    #[error(transparent)]
    Place(#[from] GeodesyError),
    /// A place lies outside the working area.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// What a coverage number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CoverageQuery<'a> {
    /// Count only inside this layer, and give the percentage of it.
    pub layer: Option<&'a Layer>,
    /// First day that counts.
    pub since: Option<CivilDay>,
    /// Last day that counts.
    pub until: Option<CivilDay>,
    /// Coarsest GSD that counts, cm; lowered to the next limit in [`GSD_CLASS_LIMITS_CM`].
    pub max_gsd_cm: Option<f64>,
}

/// A coverage number with what it depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageFigure {
    /// Imaged ground, km²; inside the layer when one is given.
    pub imaged_km2: f64,
    /// Imaged ground inside or outside the layer, km².
    pub imaged_total_km2: f64,
    /// Area of the layer, km², from its exact outline and not from cells.
    pub layer_km2: Option<f64>,
    /// Imaged share of the layer, 0 to 100.
    pub percent: Option<f64>,
    /// Photos in the window that are sharp enough, wherever they lie.
    pub photos: u64,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// The GSD limit that was applied after lowering to a class limit, cm.
    pub max_gsd_applied_cm: Option<f64>,
}

/// One day's cells of one GSD class within one tile.
#[derive(Debug, Clone, PartialEq)]
struct DayBits {
    day: CivilDay,
    class: usize,
    bits: Bits,
}

/// The ledger of imaged ground. Rebuilt from the stored footprints at start; only they are kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    grid: WorkingGrid,
    lattice: Lattice,
    /// Entries of a tile are sorted by day and class.
    tiles: BTreeMap<TileKey, Vec<DayBits>>,
    photos: BTreeMap<(CivilDay, usize), u64>,
}

impl Ledger {
    /// An empty ledger with square cells of `cell_m`.
    ///
    /// # Errors
    /// [`CoverageError::CellSize`].
    pub fn new(grid: WorkingGrid, cell_m: f64) -> Result<Self, CoverageError> {
        if !(CELL_RANGE_M[0]..=CELL_RANGE_M[1]).contains(&cell_m) {
            return Err(CoverageError::CellSize { cell_m });
        }
        Ok(Self {
            grid,
            lattice: Lattice::new(cell_m),
            tiles: BTreeMap::new(),
            photos: BTreeMap::new(),
        })
    }

    /// Enters one photo's footprint: its outline (any winding, first point not repeated), the civil day it
    /// was taken, its GSD. Returns how many cells lie inside. Entering a photo twice counts it twice as a
    /// photo and once as ground.
    ///
    /// # Errors
    /// [`CoverageError`]; the ledger is unchanged then.
    pub fn enter(&mut self, outline: &[Wgs84], day: CivilDay, gsd_cm: f64) -> Result<u64, CoverageError> {
        self.enter_seen((outline, None), day, gsd_cm)
    }

    /// As [`Self::enter`], less the cells that are hidden behind buildings, where a surface model tells.
    ///
    /// # Errors
    /// As [`Self::enter`].
    pub fn enter_seen(
        &mut self,
        (outline, hidden): (&[Wgs84], Option<&HiddenGround>),
        day: CivilDay,
        gsd_cm: f64,
    ) -> Result<u64, CoverageError> {
        let class = class_of(gsd_cm)?;
        let ring = self.footprint_on_grid(outline)?;
        let mut painted = self.lattice.paint(&[ring]);
        if let Some(hidden) = hidden {
            let seen = hidden.seen_of(&CellSet::of_tiles(self.grid.clone(), self.lattice, painted));
            painted = seen.into_tiles();
        }
        let mut cells = 0;
        for (key, bits) in painted {
            cells += bits.iter().map(|row| u64::from(row.count_ones())).sum::<u64>();
            let entries = self.tiles.entry(key).or_default();
            match entries.binary_search_by_key(&(day, class), |entry| (entry.day, entry.class)) {
                Ok(at) => merge_into(&mut entries[at].bits, &bits),
                Err(at) => entries.insert(at, DayBits { day, class, bits }),
            }
        }
        *self.photos.entry((day, class)).or_default() += 1;
        Ok(cells)
    }

    /// How much ground was imaged. Cells are weighed by the grid's areal scale at their tile; the layer's own
    /// area comes from its exact outline, and cells along its edge can at most fill it.
    ///
    /// # Errors
    /// [`CoverageError::WindowReversed`], [`CoverageError::ImpossibleGsd`],
    /// [`CoverageError::GsdBelowClasses`], [`CoverageError::Grid`] when the layer leaves the working area.
    pub fn imaged(&self, query: &CoverageQuery<'_>) -> Result<CoverageFigure, CoverageError> {
        let window = Window::of(query)?;
        let layer = query.layer.map(|layer| self.measured_layer(layer)).transpose()?;
        let (mut total_m2, mut inside_m2) = (0.0, 0.0);
        for (key, entries) in &self.tiles {
            let mut seen: Bits = Box::new([0; 64]);
            entries
                .iter()
                .filter(|entry| window.holds(entry.day, entry.class))
                .for_each(|entry| merge_into(&mut seen, &entry.bits));
            let cell_m2 = self.lattice.cell_m2() / self.grid.areal_scale(self.lattice.tile_centre(*key));
            total_m2 += overlap_cells(&seen, &seen) as f64 * cell_m2;
            if let Some(mask) = layer.as_ref().and_then(|(mask, _)| mask.get(key)) {
                inside_m2 += overlap_cells(&seen, mask) as f64 * cell_m2;
            }
        }
        let layer_km2 = layer.map(|(_, area_m2)| area_m2 / 1e6);
        let imaged_total_km2 = total_m2 / 1e6;
        let imaged_km2 = layer_km2.map_or(imaged_total_km2, |most| (inside_m2 / 1e6).min(most));
        let counted = self
            .photos
            .iter()
            .filter(|((day, class), _)| window.holds(*day, *class));
        Ok(CoverageFigure {
            imaged_km2,
            imaged_total_km2,
            layer_km2,
            percent: layer_km2.map(|whole| 100.0 * imaged_km2 / whole),
            photos: counted.map(|(_, photos)| *photos).sum(),
            cell_m: self.lattice.cell_m(),
            max_gsd_applied_cm: window.max_gsd_applied_cm(),
        })
    }

    /// The grid the cells lie on; store its definition with every number.
    #[must_use]
    pub fn grid(&self) -> &WorkingGrid {
        &self.grid
    }

    /// A layer's cells and its exact area, m².
    fn measured_layer(&self, layer: &Layer) -> Result<(BTreeMap<TileKey, Bits>, f64), CoverageError> {
        let mut mask = BTreeMap::new();
        for polygon in &layer.polygons {
            let rings = std::iter::once(&polygon.exterior).chain(&polygon.holes);
            let on_grid = rings
                .map(|ring| {
                    ring.iter()
                        .map(|point| self.grid.grid_from_wgs84(*point))
                        .collect()
                })
                .collect::<Result<Vec<Vec<GridPoint>>, GridError>>()?;
            for (key, bits) in self.lattice.paint(&on_grid) {
                merge_into(mask.entry(key).or_insert_with(|| Box::new([0; 64])), &bits);
            }
        }
        Ok((mask, layer.area_m2(&self.grid)?))
    }

    /// Projects two points and turns the rest along with them: within [`WIDEST_FOOTPRINT_M`] the grid is the
    /// local plane up to a turn and a scale, and this is six times as fast as projecting every point.
    fn footprint_on_grid(&self, outline: &[Wgs84]) -> Result<Vec<GridPoint>, CoverageError> {
        let [first, _, _, ..] = outline else {
            return Err(CoverageError::TooFewPoints {
                points: outline.len(),
            });
        };
        for point in outline {
            Wgs84::new(point.latitude_deg, point.longitude_deg)?;
        }
        let plane = LocalTangent::at(*first);
        let offsets: Vec<[f64; 2]> = outline.iter().map(|point| plane.enu_from_wgs84(*point)).collect();
        let width_m = offsets
            .iter()
            .map(|[east, north]| east.hypot(*north))
            .fold(0.0, f64::max);
        if width_m > WIDEST_FOOTPRINT_M {
            return Err(CoverageError::TooWide { width_m });
        }
        let origin = self.grid.grid_from_wgs84(*first)?;
        let step_m = 100.0;
        let north = self.grid.grid_from_wgs84(plane.wgs84_from_enu(0.0, step_m))?;
        let (sin, cos) = (
            (north.easting_m - origin.easting_m) / step_m,
            (north.northing_m - origin.northing_m) / step_m,
        );
        let turned = |[east, north]: &[f64; 2]| GridPoint {
            easting_m: origin.easting_m + cos * east + sin * north,
            northing_m: origin.northing_m - sin * east + cos * north,
        };
        Ok(offsets.iter().map(turned).collect())
    }
}

struct Window {
    since: Option<CivilDay>,
    until: Option<CivilDay>,
    /// Classes below this one count.
    classes: usize,
    limited: bool,
}

impl Window {
    fn of(query: &CoverageQuery<'_>) -> Result<Self, CoverageError> {
        let &CoverageQuery {
            since,
            until,
            max_gsd_cm,
            ..
        } = query;
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            return Err(CoverageError::WindowReversed { since, until });
        }
        let Some(max_gsd_cm) = max_gsd_cm else {
            return Ok(Self {
                since,
                until,
                classes: GSD_CLASS_LIMITS_CM.len() + 1,
                limited: false,
            });
        };
        class_of(max_gsd_cm)?;
        let classes = GSD_CLASS_LIMITS_CM
            .iter()
            .filter(|limit| **limit <= max_gsd_cm)
            .count();
        if classes == 0 {
            return Err(CoverageError::GsdBelowClasses { max_gsd_cm });
        }
        Ok(Self {
            since,
            until,
            classes,
            limited: true,
        })
    }

    fn holds(&self, day: CivilDay, class: usize) -> bool {
        self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
            && class < self.classes
    }

    fn max_gsd_applied_cm(&self) -> Option<f64> {
        self.limited.then(|| GSD_CLASS_LIMITS_CM[self.classes - 1])
    }
}

fn class_of(gsd_cm: f64) -> Result<usize, CoverageError> {
    if !(gsd_cm.is_finite() && gsd_cm > 0.0) {
        return Err(CoverageError::ImpossibleGsd { gsd_cm });
    }
    Ok(GSD_CLASS_LIMITS_CM
        .iter()
        .take_while(|limit| gsd_cm > **limit)
        .count())
}
