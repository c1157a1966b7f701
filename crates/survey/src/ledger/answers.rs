//! What a ledger answers of areas: everywhere, by label, in areas of one's own, by dock, and of single cells.

use super::frames::DockIndex;
use super::labels::{LabelRow, Size, cell_mm2};
use super::parameters::{GSD_CLASSES, LedgerError};
use super::query::{
    CellSeen, DockFigures, Filter, ImagedFigures, LedgerQuery, LengthSeen, Share, TownFigures,
};
use super::tile::Tile;
use super::{Ledger, tile_and_cell};
use crate::area::Layer;
use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};
use crate::raster::Lattice;
use crate::time::CivilDay;

/// A place to ask about, as cells and with its exact area: a target, a district, a river reach.
#[derive(Debug, Clone)]
pub struct MeasuredArea {
    cells: CellSet,
    size: Size,
}

impl MeasuredArea {
    /// Paints an area for a ledger of this grid and lattice and measures it exactly.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn new(grid: &WorkingGrid, lattice: Lattice, area: &Layer) -> Result<Self, GridError> {
        let cells = CellSet::of_polygons(grid.clone(), lattice, &area.polygons)?;
        let in_mm2 = cells
            .tiles()
            .iter()
            .map(|(key, bits)| count(bits) * cell_mm2(grid, lattice, *key));
        let size = Size::new(area.area_m2(grid)?, in_mm2.sum());
        Ok(Self { cells, size })
    }

    /// The cells whose sample points lie inside.
    #[must_use]
    pub fn cells(&self) -> &CellSet {
        &self.cells
    }

    /// Exact area of its polygons, true m².
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.size.share(0).area_m2
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }
}

impl Ledger {
    /// Imaged ground, everywhere, of the flyable area, of each town. Exact for any window. Where everything since a
    /// day counts (no end, all view classes, all docks), the histograms answer in microseconds.
    ///
    /// # Errors
    /// [`LedgerError::WindowReversed`], [`LedgerError::ImpossibleGsd`], [`LedgerError::GsdBelowClasses`].
    pub fn imaged(&self, query: &LedgerQuery<'_>) -> Result<ImagedFigures, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let by_row = if filter.is_since(self.newest_day()) {
            self.rows_since(&filter)
        } else {
            self.rows_in(&filter)
        };
        let labels = self.labels();
        let town = |(index, (name, whole, flyable)): (usize, (&str, Size, Size))| {
            let (beside, inside) = (by_row[2 * index + 2], by_row[2 * index + 3]);
            TownFigures {
                name: name.to_owned(),
                whole: whole.share(beside + inside),
                flyable: labels.has_flyable().then(|| flyable.share(inside)),
            }
        };
        Ok(ImagedFigures {
            imaged_m2: in_m2(by_row.iter().sum()),
            flyable: labels
                .flyable()
                .map(|size| size.share(by_row.iter().skip(1).step_by(2).sum())),
            towns: labels.sizes().enumerate().map(town).collect(),
            photos: self.photos(&filter),
            cell_m: self.lattice.cell_m(),
            max_gsd_applied_cm: self.limits.cm()[filter.last_class],
        })
    }

    /// Imaged ground by label row, mm², off the histograms.
    fn rows_since(&self, filter: &Filter) -> Vec<u64> {
        (0..self.labels.rows())
            .map(|row| self.histogram.since(row, filter.last_class, filter.first_day))
            .collect()
    }

    /// Imaged ground by label row, mm², off the strata.
    pub(super) fn rows_in(&self, filter: &Filter) -> Vec<u64> {
        let mut by_row = vec![0; self.labels.rows()];
        for tile in &self.tiles {
            if let Some(seen) = tile.seen(filter) {
                tile.labels
                    .count(&seen, |row, cells| by_row[row as usize] += cells * tile.cell_mm2);
            }
        }
        by_row
    }

    /// Imaged ground inside areas of one's own, in their order.
    ///
    /// # Errors
    /// As [`Ledger::imaged`]; [`LedgerError::OtherCells`] when an area was painted for another grid or lattice.
    pub fn imaged_in(
        &self,
        query: &LedgerQuery<'_>,
        areas: &[MeasuredArea],
    ) -> Result<Vec<Share>, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let share = |area: &MeasuredArea| {
            self.check_cells(&area.cells)?;
            let in_mm2 = area.cells.tiles().iter().filter_map(|(key, bits)| {
                let tile = self.tile(*key)?;
                let seen = tile.seen(&filter)?;
                let both = seen
                    .iter()
                    .zip(bits.iter())
                    .map(|(a, b)| u64::from((a & b).count_ones()));
                Some(both.sum::<u64>() * tile.cell_mm2)
            });
            Ok(area.size.share(in_mm2.sum()))
        };
        areas.iter().map(share).collect()
    }

    /// # Errors
    /// [`LedgerError::OtherCells`].
    pub(super) fn check_cells(&self, cells: &CellSet) -> Result<(), LedgerError> {
        if *cells.grid() != self.grid || cells.lattice() != self.lattice {
            return Err(LedgerError::OtherCells);
        }
        Ok(())
    }

    /// The imaged cells.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn imaged_cells(&self, query: &LedgerQuery<'_>) -> Result<CellSet, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let mut set = CellSet::empty(self.grid.clone(), self.lattice);
        for tile in &self.tiles {
            if let Some(seen) = tile.seen(&filter) {
                set.insert(tile.key, &Box::new(seen));
            }
        }
        Ok(set)
    }

    /// What each dock's photos show, and what no other dock's do; by name, photos without a dock first.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn docks(&self, query: &LedgerQuery<'_>) -> Result<Vec<DockFigures>, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let mut by_dock: Vec<DockSum> = Vec::new();
        for tile in &self.tiles {
            add_docks(tile, &filter, &mut by_dock);
        }
        for (stratum, photos) in self.frames.counts() {
            if filter.takes(stratum) {
                sum_of(&mut by_dock, stratum.dock).photos += photos;
            }
        }
        let figures = |sum: &DockSum| DockFigures {
            dock: self.frames.dock_name(sum.dock).map(str::to_owned),
            imaged_m2: in_m2(sum.imaged[0]),
            alone_m2: in_m2(sum.alone[0]),
            flyable_m2: self
                .labels
                .has_flyable()
                .then(|| [in_m2(sum.imaged[1]), in_m2(sum.alone[1])]),
            photos: sum.photos,
        };
        let mut figures: Vec<DockFigures> = by_dock.iter().map(figures).collect();
        figures.sort_by(|a, b| a.dock.cmp(&b.dock));
        Ok(figures)
    }

    /// What is known of the cell at a place.
    ///
    /// # Errors
    /// [`LedgerError::Grid`] outside the working area.
    pub fn at(&self, place: Wgs84) -> Result<CellSeen, LedgerError> {
        let (key, cell) = tile_and_cell(self.lattice, self.grid.grid_from_wgs84(place)?);
        let mut last = [const { None }; GSD_CLASSES];
        if let Some(tile) = self.tile(key) {
            for (class, last) in last.iter_mut().enumerate() {
                let frame = tile.last(class, cell).and_then(|slot| self.frames.get(slot));
                *last = frame.map(|frame| (CivilDay(frame.stratum.day.into()), frame.name().to_owned()));
            }
        }
        let row: LabelRow = self.labels.of_cell(key, cell);
        let town = (row as usize / 2).checked_sub(1);
        Ok(CellSeen {
            last,
            town: town
                .and_then(|town| self.labels.towns().nth(town))
                .map(str::to_owned),
            flyable: self.labels.has_flyable().then_some(row & 1 == 1),
        })
    }

    pub(super) fn photos(&self, filter: &Filter) -> u64 {
        let counts = self.frames.counts().iter();
        counts
            .filter(|(stratum, _)| filter.takes(stratum))
            .map(|(_, photos)| photos)
            .sum()
    }

    pub(super) fn newest_day(&self) -> Option<u16> {
        self.frames
            .counts()
            .last_key_value()
            .map(|(stratum, _)| stratum.day)
    }
}

/// A dock's ground, mm²: everywhere and flyable.
struct DockSum {
    dock: DockIndex,
    imaged: [u64; 2],
    alone: [u64; 2],
    photos: u64,
}

fn sum_of(sums: &mut Vec<DockSum>, dock: DockIndex) -> &mut DockSum {
    let at = sums.iter().position(|sum| sum.dock == dock).unwrap_or_else(|| {
        sums.push(DockSum {
            dock,
            imaged: [0; 2],
            alone: [0; 2],
            photos: 0,
        });
        sums.len() - 1
    });
    &mut sums[at]
}

fn add_docks(tile: &Tile, filter: &Filter, sums: &mut Vec<DockSum>) {
    let mut docks: Vec<(DockIndex, [u64; 64])> = Vec::new();
    for (stratum, bits) in tile.strata_in(filter) {
        let at = docks
            .iter()
            .position(|(dock, _)| *dock == stratum.dock)
            .unwrap_or_else(|| {
                docks.push((stratum.dock, [0; 64]));
                docks.len() - 1
            });
        docks[at]
            .1
            .iter_mut()
            .zip(bits.iter())
            .for_each(|(word, more)| *word |= more);
    }
    let (mut once, mut twice) = ([0; 64], [0; 64]);
    for (_, seen) in &docks {
        for ((once, twice), word) in once.iter_mut().zip(&mut twice).zip(seen) {
            *twice |= *once & word;
            *once |= word;
        }
    }
    for (dock, seen) in &docks {
        let alone: [u64; 64] = std::array::from_fn(|row| seen[row] & !twice[row]);
        let sum = sum_of(sums, *dock);
        for (cells, areas) in [(seen, &mut sum.imaged), (&alone, &mut sum.alone)] {
            tile.labels.count(cells, |row, cells| {
                areas[0] += cells * tile.cell_mm2;
                areas[1] += u64::from(row & 1) * cells * tile.cell_mm2;
            });
        }
    }
}

/// How much of a line lies in `seen`, looked up in the middle of every step of about `step_m`. A step of half a cell
/// loses nothing.
///
/// # Errors
/// [`LedgerError::Step`], [`LedgerError::Grid`].
pub fn length_seen(seen: &CellSet, line: &[Wgs84], step_m: f64) -> Result<LengthSeen, LedgerError> {
    if !(step_m.is_finite() && step_m >= 0.01) {
        return Err(LedgerError::Step { step_m });
    }
    let line = seen.ring_on_grid(line)?;
    let mut sum = LengthSeen {
        length_m: 0.0,
        seen_m: 0.0,
    };
    for [from, to] in line.array_windows() {
        let (east_m, north_m) = (to.easting_m - from.easting_m, to.northing_m - from.northing_m);
        let on_grid_m = east_m.hypot(north_m);
        let steps = (on_grid_m / step_m).ceil();
        for step in 0..steps as u64 {
            let along = (step as f64 + 0.5) / steps;
            let middle = GridPoint {
                easting_m: from.easting_m + along * east_m,
                northing_m: from.northing_m + along * north_m,
            };
            // Lengths are stretched by the root of what areas are.
            let step_m = on_grid_m / steps / seen.grid().areal_scale(middle).sqrt();
            let (key, cell) = tile_and_cell(seen.lattice(), middle);
            let here = seen
                .tiles()
                .get(&key)
                .is_some_and(|bits| bits[cell / 64] >> (cell % 64) & 1 == 1);
            sum.length_m += step_m;
            sum.seen_m += if here { step_m } else { 0.0 };
        }
    }
    Ok(sum)
}

fn count(bits: &[u64; 64]) -> u64 {
    bits.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn in_m2(area_mm2: u64) -> f64 {
    area_mm2 as f64 / 1e6
}
