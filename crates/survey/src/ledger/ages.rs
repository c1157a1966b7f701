//! How long ago ground was last seen: by label, in areas of one's own, along lines, and cell by cell.

use std::collections::BTreeMap;

use super::answers::MeasuredArea;
use super::labels::Size;
use super::parameters::LedgerError;
use super::query::{AgeFigures, Ages, Filter, LedgerQuery};
use super::tile::{CELLS, Tile};
use super::{Ledger, tile_and_cell};
use crate::cells::CellSet;
use crate::grid::GridPoint;
use crate::raster::{Bits, TileKey};
use crate::time::CivilDay;

/// The last day of each cell of some ground.
#[derive(Debug, Clone, Default)]
pub struct LastDays {
    tiles: BTreeMap<TileKey, Box<[Option<u16>]>>,
}

impl LastDays {
    /// The day on which the cell at a row and column of the lattice was last seen; `None` where it never was or nobody
    /// asked.
    #[must_use]
    pub fn at(&self, row: i32, column: i32) -> Option<CivilDay> {
        let (key, cell) = super::tile_of(row, column);
        let days = self.tiles.get(&key)?;
        days[cell].map(|day| CivilDay(day.into()))
    }
}

/// Ground by label row and last-seen day, mm².
type ByDay = Vec<Vec<(u16, u64)>>;

impl Ledger {
    /// How long before `as_of` the ground was last seen. Photos after `as_of` do not count.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn ages(&self, query: &LedgerQuery<'_>, as_of: CivilDay) -> Result<AgeFigures, LedgerError> {
        let filter = self.filter_until(query, as_of)?;
        let by_day = if filter.is_since(self.newest_day()) {
            self.days_since(&filter)
        } else {
            self.days_in(&filter)
        };
        let flyable = self.labels.has_flyable();
        let of_town = |index: usize, whole: Size, part: Size| {
            let (beside, inside) = (&by_day[2 * index + 2], &by_day[2 * index + 3]);
            if flyable {
                percentiles(&[inside], part, as_of)
            } else {
                percentiles(&[beside, inside], whole, as_of)
            }
        };
        let towns = self.labels.sizes().enumerate();
        let all_rows: Vec<_> = if flyable {
            by_day.iter().skip(1).step_by(2).collect()
        } else {
            // Without any label, everywhere.
            let outside = if by_day.len() > 2 { 2 } else { 0 };
            by_day.iter().skip(outside).collect()
        };
        let all_size = self.labels.flyable().unwrap_or_else(|| self.labels.all_towns());
        Ok(AgeFigures {
            all: percentiles(&all_rows, all_size, as_of),
            towns: towns
                .map(|(index, (name, whole, part))| (name.to_owned(), of_town(index, whole, part)))
                .collect(),
        })
    }

    /// The same of areas of one's own, in their order: from the last day of each of their cells.
    ///
    /// # Errors
    /// As [`Ledger::imaged_in`].
    pub fn ages_in(
        &self,
        query: &LedgerQuery<'_>,
        as_of: CivilDay,
        areas: &[MeasuredArea],
    ) -> Result<Vec<Ages>, LedgerError> {
        let filter = self.filter_until(query, as_of)?;
        let ages = |area: &MeasuredArea| {
            self.check_cells(area.cells())?;
            let mut by_day = Vec::new();
            for (key, within) in area.cells().tiles() {
                let Some(tile) = self.tile(*key) else { continue };
                for_days(tile, &filter, Some(within), |day, cells| {
                    let count: u64 = cells.iter().map(|word| u64::from(word.count_ones())).sum();
                    if count > 0 {
                        by_day.push((day, count * tile.cell_mm2));
                    }
                });
            }
            Ok(percentiles(&[&by_day], area.size(), as_of))
        };
        areas.iter().map(ages).collect()
    }

    /// The same along a line, given as the middles of its pieces and their lengths in m. Shares are of length; pieces
    /// outside the working area were never seen.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn ages_along(
        &self,
        query: &LedgerQuery<'_>,
        as_of: CivilDay,
        pieces: &[(GridPoint, f64)],
    ) -> Result<Ages, LedgerError> {
        let filter = self.filter_until(query, as_of)?;
        let in_mm = |length_m: f64| (1000.0 * length_m).round() as u64;
        let last_day = |middle: GridPoint| {
            let (key, cell) = tile_and_cell(self.lattice, middle);
            let mut strata = self.tile(key)?.strata_in(&filter).rev();
            let last = strata.find(|(_, bits)| bits[cell / 64] >> (cell % 64) & 1 == 1);
            last.map(|(stratum, _)| stratum.day)
        };
        let by_day = pieces
            .iter()
            .filter_map(|(middle, length_m)| Some((last_day(*middle)?, in_mm(*length_m))))
            .collect();
        let all_mm = pieces.iter().map(|(_, length_m)| in_mm(*length_m)).sum::<u64>();
        Ok(percentiles(&[&by_day], Size::new(all_mm as f64, all_mm), as_of))
    }

    /// The last day of each cell of a set, to be looked up cell by cell.
    ///
    /// # Errors
    /// As [`Ledger::imaged_in`].
    pub fn last_days(&self, query: &LedgerQuery<'_>, within: &CellSet) -> Result<LastDays, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        self.check_cells(within)?;
        let mut days = LastDays::default();
        for (key, bits) in within.tiles() {
            let Some(tile) = self.tile(*key) else { continue };
            for_days(tile, &filter, Some(bits), |day, cells| {
                let days = days
                    .tiles
                    .entry(*key)
                    .or_insert_with(|| vec![None; CELLS].into_boxed_slice());
                for (row, word) in cells.iter().enumerate() {
                    let mut left = *word;
                    while left != 0 {
                        days[row * 64 + left.trailing_zeros() as usize] = Some(day);
                        left &= left - 1;
                    }
                }
            });
        }
        Ok(days)
    }

    /// How many photos of a query were taken on each day.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn days_of_photos(&self, query: &LedgerQuery<'_>) -> Result<BTreeMap<CivilDay, u64>, LedgerError> {
        let filter = query.filter(self.limits, &self.frames)?;
        let mut by_day = BTreeMap::new();
        for (stratum, photos) in self.frames.counts() {
            if filter.takes(stratum) {
                *by_day.entry(CivilDay(stratum.day.into())).or_default() += photos;
            }
        }
        Ok(by_day)
    }

    /// The photos of a query up to a day.
    fn filter_until(&self, query: &LedgerQuery<'_>, as_of: CivilDay) -> Result<Filter, LedgerError> {
        let mut filter = query.filter(self.limits, &self.frames)?;
        match u16::try_from(as_of.0) {
            Ok(day) => filter.last_day = filter.last_day.min(day),
            Err(_) if as_of.0 < 0 => (filter.first_day, filter.last_day) = (1, 0),
            Err(_beyond_all_days) => {}
        }
        Ok(filter)
    }

    fn days_since(&self, filter: &Filter) -> ByDay {
        (0..self.labels.rows())
            .map(|row| {
                let days = self.histogram.by_day(row, filter.last_class);
                days.filter(|(day, area)| *day >= filter.first_day && *area > 0)
                    .collect()
            })
            .collect()
    }

    pub(super) fn days_in(&self, filter: &Filter) -> ByDay {
        let mut by_day = vec![Vec::new(); self.labels.rows()];
        for tile in &self.tiles {
            for_days(tile, filter, None, |day, fresh| {
                tile.labels.count(fresh, |row, cells| {
                    if cells > 0 {
                        by_day[row as usize].push((day, cells * tile.cell_mm2));
                    }
                });
            });
        }
        by_day
    }
}

/// Calls `told` with the cells of a tile, or of a part of it, that were last seen on a day; from the last day
/// backwards: what a stratum shows and no later one did.
fn for_days(tile: &Tile, filter: &Filter, within: Option<&Bits>, mut told: impl FnMut(u16, &[u64; 64])) {
    let mut open: [u64; 64] = within.map_or([u64::MAX; 64], |within| **within);
    for (stratum, bits) in tile.strata_in(filter).rev() {
        let fresh: [u64; 64] = std::array::from_fn(|row| bits[row] & open[row]);
        open.iter_mut()
            .zip(&fresh)
            .for_each(|(open, fresh)| *open &= !fresh);
        told(stratum.day, &fresh);
    }
}

fn percentiles(parts: &[&Vec<(u16, u64)>], size: Size, as_of: CivilDay) -> Ages {
    let mut days: Vec<(u16, u64)> = parts.iter().flat_map(|part| part.iter().copied()).collect();
    days.sort_unstable_by(|a, b| b.cmp(a));
    let seen: u64 = days.iter().map(|(_, area)| area).sum();
    let age_of = |percent: u64| {
        let mut so_far = 0;
        let day = days.iter().find(|(_, area)| {
            so_far += area;
            u128::from(so_far) * 100 >= u128::from(seen) * u128::from(percent)
        });
        day.map(|(day, _)| as_of.0.abs_diff(i32::from(*day)))
    };
    let share = size.share(seen);
    Ages {
        p50_days: age_of(50),
        p90_days: age_of(90),
        max_days: age_of(100),
        never_share: share.percent().map(|percent| (1.0 - percent / 100.0).max(0.0)),
    }
}
