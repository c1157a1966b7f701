//! Last-seen days and best GSD as pixels.

use std::collections::HashMap;

use super::frames::{Fixed, Stratum};
use super::parameters::LedgerError;
use super::projector::Projector;
use super::query::{Filter, GroundRaster, LedgerQuery, RasterFrame};
use super::tile::{CELLS, Tile};
use super::{Ledger, tile_and_cell};
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint};
use crate::raster::TileKey;

/// Most pixels of a raster.
const MOST_PIXELS: usize = 1 << 28;

/// Last day and sharpest class of a tile's cells; nothing where no counting photo shows a cell.
type TileView = Vec<Option<(u16, u8)>>;

impl Ledger {
    /// Last-seen days and best GSD as pixels, for pictures and files. A pixel outside the working area was never seen.
    ///
    /// # Errors
    /// As [`Ledger::imaged`]; [`LedgerError::RasterSize`].
    pub fn raster(&self, query: &LedgerQuery<'_>, frame: &RasterFrame) -> Result<GroundRaster, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let (columns, rows) = frame.checked_size()?;
        let mut raster = GroundRaster {
            columns,
            rows,
            last_seen_day: vec![GroundRaster::NEVER; columns * rows],
            best_gsd_cm: vec![f32::NAN; columns * rows],
        };
        let mut projector = Projector::new(self.grid.clone());
        let mut views: HashMap<TileKey, Option<TileView>, Fixed> = HashMap::default();
        for row in 0..rows {
            for column in 0..columns {
                let Ok(point) = frame.middle(column, row, &mut projector) else {
                    continue;
                };
                let (key, cell) = tile_and_cell(self.lattice, point);
                let view = views
                    .entry(key)
                    .or_insert_with(|| self.tile(key).map(|tile| view_of(tile, &filter)));
                if let Some((day, class)) = view.as_ref().and_then(|view| view[cell]) {
                    let pixel = row * columns + column;
                    raster.last_seen_day[pixel] = i32::from(day);
                    raster.best_gsd_cm[pixel] = self.limits.cm()[usize::from(class)] as f32;
                }
            }
        }
        Ok(raster)
    }
}

fn view_of(tile: &Tile, filter: &Filter) -> TileView {
    let mut view = vec![None; CELLS];
    each_cell(tile, filter, |cell, stratum| {
        let cell: &mut Option<(u16, u8)> = &mut view[cell];
        let sharpest = cell.map_or(stratum.class, |(_, class)| stratum.class.min(class));
        // Strata come by day: this one is the last so far.
        *cell = Some((stratum.day, sharpest));
    });
    view
}

/// Every cell of every stratum that counts, by day.
fn each_cell(tile: &Tile, filter: &Filter, mut take: impl FnMut(usize, &Stratum)) {
    for (stratum, bits) in tile.strata_in(filter) {
        for (row, word) in bits.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                take(row * 64 + left.trailing_zeros() as usize, stratum);
                left &= left - 1;
            }
        }
    }
}

impl RasterFrame {
    fn checked_size(&self) -> Result<(usize, usize), LedgerError> {
        let (columns, rows, steps) = match *self {
            Self::Degrees {
                columns,
                rows,
                step_deg,
                ..
            } => (columns, rows, step_deg),
            Self::Grid {
                columns,
                rows,
                step_m,
                ..
            } => (columns, rows, [step_m; 2]),
        };
        let pixels = columns.saturating_mul(rows);
        let real = steps.iter().all(|step| step.is_finite() && *step > 0.0);
        if real && (1..=MOST_PIXELS).contains(&pixels) {
            Ok((columns, rows))
        } else {
            Err(LedgerError::RasterSize { columns, rows })
        }
    }

    fn middle(&self, column: usize, row: usize, projector: &mut Projector) -> Result<GridPoint, GridError> {
        let (column, row) = (column as f64 + 0.5, row as f64 + 0.5);
        match *self {
            Self::Degrees {
                west_deg,
                north_deg,
                step_deg,
                ..
            } => projector.grid_from_wgs84(Wgs84 {
                latitude_deg: north_deg - row * step_deg[1],
                longitude_deg: west_deg + column * step_deg[0],
            }),
            Self::Grid {
                west_m,
                north_m,
                step_m,
                ..
            } => Ok(GridPoint {
                easting_m: west_m + column * step_m,
                northing_m: north_m - row * step_m,
            }),
        }
    }
}
