//! How long ago ground was last seen.

use super::Ledger;
use super::labels::Size;
use super::parameters::LedgerError;
use super::query::{AgeFigures, Ages, Filter, LedgerQuery};
use crate::time::CivilDay;

/// Ground by label row and last-seen day, mm².
type ByDay = Vec<Vec<(u16, u64)>>;

impl Ledger {
    /// How long before `as_of` the ground was last seen. Photos after `as_of` do not count.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn ages(&self, query: &LedgerQuery<'_>, as_of: CivilDay) -> Result<AgeFigures, LedgerError> {
        let mut filter = query.filter(self.limits, &self.frames)?;
        match u16::try_from(as_of.0) {
            Ok(day) => filter.last_day = filter.last_day.min(day),
            Err(_) if as_of.0 < 0 => (filter.first_day, filter.last_day) = (1, 0),
            Err(_beyond_all_days) => {}
        }
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

    fn days_since(&self, filter: &Filter) -> ByDay {
        (0..self.labels.rows())
            .map(|row| {
                let days = self.histogram.by_day(row, filter.last_class);
                days.filter(|(day, area)| *day >= filter.first_day && *area > 0)
                    .collect()
            })
            .collect()
    }

    /// From the last day backwards: what a stratum shows and no later one did.
    pub(super) fn days_in(&self, filter: &Filter) -> ByDay {
        let mut by_day = vec![Vec::new(); self.labels.rows()];
        for tile in &self.tiles {
            let mut seen = [0_u64; 64];
            for (stratum, bits) in tile.strata_in(filter).rev() {
                let fresh: [u64; 64] = std::array::from_fn(|row| bits[row] & !seen[row]);
                seen.iter_mut()
                    .zip(&fresh)
                    .for_each(|(seen, fresh)| *seen |= fresh);
                tile.labels.count(&fresh, |row, cells| {
                    if cells > 0 {
                        by_day[row as usize].push((stratum.day, cells * tile.cell_mm2));
                    }
                });
            }
        }
        by_day
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
