//! One tile of the ledger: the last photo of every cell at each GSD limit, one bit per cell and stratum, and the
//! photos that touch it.

use super::frames::{Frames, Slot, Stratum};
use super::histogram::Histogram;
use super::labels::{LabelRow, TileLabels};
use super::parameters::GSD_CLASSES;
use super::query::Filter;
use super::spans::{Run, runs_in, unpack};
use crate::raster::{Bits, TileKey};

/// Cells of a tile.
pub(super) const CELLS: usize = 64 * 64;
/// For every cell the photo that gave it, as 1 + its index in the tile's givers; 0 where there is none.
type Givers = [u16; CELLS];

/// The last photos of one class and the sharper ones.
#[derive(Debug, Clone)]
struct Plane {
    givers: Box<Givers>,
    /// The last day there is, and the cells that were seen on it: most cells of a photo were seen by the one before
    /// it, and here a word tells of 64.
    last_day: u16,
    seen_on_it: [u64; 64],
}

/// A photo that gave a cell, and its day.
#[derive(Debug, Clone, Copy)]
struct Giver {
    slot: Slot,
    day: u16,
}

/// Cells that changed their last day: label row, day before, how many. Working memory, kept between photos.
pub(super) type Moved = Vec<(LabelRow, Option<u16>, u64)>;

#[derive(Debug, Clone)]
pub(super) struct Tile {
    pub key: TileKey,
    /// True area of a cell, mm².
    pub cell_mm2: u64,
    pub labels: TileLabels,
    /// All photos that touch the tile, in [`Frames::order`].
    frames: Vec<Slot>,
    /// Those that gave a cell, and some whose cells later ones took; in the same order, so that the later of two is
    /// the one with the greater index.
    givers: Vec<Giver>,
    /// For each GSD class the last photo of this class or a sharper one. A class of which no photo touches the tile
    /// has no plane: its last photos are those of the next sharper plane.
    planes: [Option<Box<Plane>>; GSD_CLASSES],
    /// Sorted.
    strata: Vec<(Stratum, Bits)>,
}

impl Tile {
    pub fn new(key: TileKey, cell_mm2: u64, labels: TileLabels) -> Self {
        Self {
            key,
            cell_mm2,
            labels,
            frames: Vec::new(),
            givers: Vec::new(),
            planes: [const { None }; GSD_CLASSES],
            strata: Vec::new(),
        }
    }

    /// Enters a photo whose cells in this tile are `runs`.
    pub fn enter(
        &mut self,
        slot: Slot,
        frames: &Frames,
        runs: &[Run],
        moved: &mut Moved,
        histogram: &mut Histogram,
    ) {
        let place = frames.place_in(&self.frames, slot, |one| *one);
        self.frames.insert(place, slot);
        self.paint(slot, frames, runs, moved, Some(histogram));
    }

    /// Paints the tile again from those of its photos that are still there. Returns whether any is.
    pub fn rebuild(&mut self, farthest: i32, frames: &Frames, histogram: &mut Histogram) -> bool {
        let (mut spans, mut runs) = (Vec::new(), Vec::new());
        self.count(|row, class, day, area_mm2| histogram.take(row, class, day, area_mm2));
        self.frames.retain(|slot| frames.get(*slot).is_some());
        self.givers.clear();
        self.strata.clear();
        self.planes = [const { None }; GSD_CLASSES];
        for index in 0..self.frames.len() {
            let slot = self.frames[index];
            if let Some(frame) = frames.get(slot)
                && unpack(frame.cells(), farthest, &mut spans).is_some()
            {
                runs_in(&spans, self.key, &mut runs);
                self.paint(slot, frames, &runs, &mut Vec::new(), None);
            }
        }
        self.count(|row, class, day, area_mm2| histogram.add(row, class, day, area_mm2));
        !self.frames.is_empty()
    }

    fn paint(
        &mut self,
        slot: Slot,
        frames: &Frames,
        runs: &[Run],
        moved: &mut Moved,
        mut histogram: Option<&mut Histogram>,
    ) {
        let Some(stratum) = frames.get(slot).map(|frame| frame.stratum) else {
            return;
        };
        self.mark(stratum, runs);
        let giver = self.add_giver(slot, stratum.day, frames);
        let class = usize::from(stratum.class);
        if self.planes[class].is_none() {
            self.planes[class] = Some(
                self.plane(class)
                    .map_or_else(Plane::new, |sharper| Box::new(sharper.clone())),
            );
        }
        let first_of_day = 1 + self.givers.partition_point(|giver| giver.day < stratum.day) as u16;
        let Self {
            planes,
            givers,
            labels,
            cell_mm2,
            ..
        } = self;
        for class in class..GSD_CLASSES {
            let shared = 1 + planes[class + 1..]
                .iter()
                .take_while(|plane| plane.is_none())
                .count();
            let Some(plane) = &mut planes[class] else { continue };
            plane.turn_to(stratum.day);
            if let Some(histogram) = histogram.as_deref_mut() {
                moved.clear();
                for run in runs {
                    let unseen = plane.not_seen_on_last_day(*run);
                    labels.for_row(usize::from(run.row), unseen, |label, cells| {
                        plane.tally(run.row, cells, stratum.day, first_of_day, |before, cells| {
                            let before = usize::from(before).checked_sub(1).map(|giver| givers[giver].day);
                            count_in(moved, label, before, cells);
                        });
                    });
                }
                for (row, before, cells) in moved.iter() {
                    for class in class..class + shared {
                        let area_mm2 = cells * *cell_mm2;
                        if let Some(before) = before {
                            histogram.take(*row as usize, class, *before, area_mm2);
                        }
                        histogram.add(*row as usize, class, stratum.day, area_mm2);
                    }
                }
            }
            plane.give(runs, giver, usize::from(giver) == givers.len(), stratum.day);
        }
    }

    fn mark(&mut self, stratum: Stratum, runs: &[Run]) {
        let place = match self.strata.last() {
            Some((last, _)) if *last == stratum => Ok(self.strata.len() - 1),
            Some((last, _)) if *last < stratum => Err(self.strata.len()),
            _ => self
                .strata
                .binary_search_by_key(&stratum, |(stratum, _)| *stratum),
        };
        let place = place.unwrap_or_else(|place| {
            self.strata.insert(place, (stratum, Box::new([0; 64])));
            place
        });
        let bits = &mut self.strata[place].1;
        runs.iter()
            .for_each(|run| bits[usize::from(run.row)] |= run.bits());
    }

    /// Puts a photo among the givers and returns what stands for it in a plane.
    fn add_giver(&mut self, slot: Slot, day: u16, frames: &Frames) -> u16 {
        if self.givers.len() >= usize::from(u16::MAX) {
            self.forget_idle_givers();
        }
        let place = match self.givers.last() {
            // The last of all photos is the last of the givers.
            Some(last) if last.day >= day && self.frames.last() != Some(&slot) => {
                frames.place_in(&self.givers, slot, |giver| giver.slot)
            }
            _ => self.givers.len(),
        };
        if place < self.givers.len() {
            let shift = |giver: &mut u16| *giver += u16::from(usize::from(*giver) > place);
            self.planes
                .iter_mut()
                .flatten()
                .for_each(|plane| plane.givers.iter_mut().for_each(shift));
        }
        self.givers.insert(place, Giver { slot, day });
        place as u16 + 1
    }

    /// Drops givers that no cell names any more: at most 4 × 4,096 are left.
    fn forget_idle_givers(&mut self) {
        let mut stands_for = vec![0_u16; self.givers.len() + 1];
        for giver in self.planes.iter().flatten().flat_map(|plane| plane.givers.iter()) {
            stands_for[usize::from(*giver)] = 1;
        }
        stands_for[0] = 0;
        let mut used = stands_for
            .iter()
            .skip(1)
            .map(|used| *used == 1)
            .collect::<Vec<_>>()
            .into_iter();
        self.givers.retain(|_| used.next().unwrap_or(false));
        let mut next = 0;
        for stands in stands_for.iter_mut().filter(|stands| **stands == 1) {
            next += 1;
            *stands = next;
        }
        for giver in self
            .planes
            .iter_mut()
            .flatten()
            .flat_map(|plane| plane.givers.iter_mut())
        {
            *giver = stands_for[usize::from(*giver)];
        }
    }

    /// The plane that answers for a class.
    fn plane(&self, class: usize) -> Option<&Plane> {
        self.planes[..=class]
            .iter()
            .rev()
            .flatten()
            .next()
            .map(AsRef::as_ref)
    }

    /// Last photo of a cell at a class limit.
    pub fn last(&self, class: usize, cell: usize) -> Option<Slot> {
        let giver = usize::from(self.plane(class)?.givers[cell]).checked_sub(1)?;
        self.givers.get(giver).map(|giver| giver.slot)
    }

    /// Calls `add` with label row, class, last-seen day and true area, mm², for all cells that were seen.
    pub fn count(&self, mut add: impl FnMut(usize, usize, u16, u64)) {
        let mut cells_of = vec![0_u64; self.givers.len() + 1];
        for class in 0..GSD_CLASSES {
            let Some(plane) = &self.planes[class] else {
                continue;
            };
            let shared = 1 + self.planes[class + 1..]
                .iter()
                .take_while(|plane| plane.is_none())
                .count();
            self.labels.for_parts(|row, bits| {
                cells_of.fill(0);
                for (cell, giver) in plane.givers.iter().enumerate() {
                    cells_of[usize::from(*giver)] += bits[cell / 64] >> (cell % 64) & 1;
                }
                let seen = self
                    .givers
                    .iter()
                    .zip(&cells_of[1..])
                    .filter(|(_, cells)| **cells > 0);
                for (giver, cells) in seen {
                    (class..class + shared)
                        .for_each(|class| add(row as usize, class, giver.day, cells * self.cell_mm2));
                }
            });
        }
    }

    /// The cells that photos of the filter show; nothing where there is none.
    pub fn seen(&self, filter: &Filter) -> Option<[u64; 64]> {
        let mut seen = [0; 64];
        let mut any = false;
        for (_, bits) in self.strata_in(filter) {
            any = true;
            seen.iter_mut()
                .zip(bits.iter())
                .for_each(|(word, more)| *word |= more);
        }
        any.then_some(seen)
    }

    /// The strata of the filter, earliest day first.
    pub fn strata_in(&self, filter: &Filter) -> impl DoubleEndedIterator<Item = &(Stratum, Bits)> {
        let first = self
            .strata
            .partition_point(|(stratum, _)| stratum.day < filter.first_day);
        let end = self
            .strata
            .partition_point(|(stratum, _)| stratum.day <= filter.last_day);
        self.strata
            .get(first..end)
            .unwrap_or_default()
            .iter()
            .filter(|(stratum, _)| filter.takes(stratum))
    }

    /// Planes that this tile has, by class, each cell as the slot of its photo.
    pub fn planes(&self) -> impl Iterator<Item = (usize, impl Iterator<Item = Option<Slot>>)> {
        let slot = |giver: &u16| {
            let giver = self.givers.get(usize::from(*giver).checked_sub(1)?)?;
            Some(giver.slot)
        };
        let planes = self.planes.iter().enumerate();
        planes.filter_map(move |(class, plane)| Some((class, plane.as_ref()?.givers.iter().map(slot))))
    }

    pub fn strata(&self) -> &[(Stratum, Bits)] {
        &self.strata
    }
}

impl Plane {
    fn new() -> Box<Self> {
        Box::new(Self {
            givers: Box::new([0; CELLS]),
            last_day: 0,
            seen_on_it: [0; 64],
        })
    }

    /// Notes that there is a photo of a day.
    fn turn_to(&mut self, day: u16) {
        if day > self.last_day {
            self.last_day = day;
            self.seen_on_it = [0; 64];
        }
    }

    fn not_seen_on_last_day(&self, run: Run) -> u64 {
        run.bits() & !self.seen_on_it[usize::from(run.row)]
    }

    /// Of cells of a row that were not seen on the last day, those that were not seen on `day` or later: calls `part`
    /// with what gave them before and how many in a row that one gave.
    fn tally(&self, row: u8, cells: u64, day: u16, first_of_day: u16, mut part: impl FnMut(u16, u64)) {
        let givers = &self.givers[usize::from(row) * 64..][..64];
        let (mut left, mut before, mut count) = (cells, 0, 0);
        while left != 0 {
            let giver = givers[left.trailing_zeros() as usize];
            left &= left - 1;
            // On the last day, what was not seen on it was seen before it.
            if day < self.last_day && giver >= first_of_day {
                continue;
            }
            if giver != before && count > 0 {
                part(before, count);
                count = 0;
            }
            before = giver;
            count += 1;
        }
        if count > 0 {
            part(before, count);
        }
    }

    /// Lets a photo give the cells of `runs`, but for those that later ones gave.
    fn give(&mut self, runs: &[Run], giver: u16, is_last: bool, day: u16) {
        for run in runs {
            let cells = &mut self.givers[run.cells()];
            if is_last {
                cells.fill(giver);
            } else {
                cells.iter_mut().for_each(|cell| *cell = giver.max(*cell));
            }
        }
        if day == self.last_day {
            for run in runs {
                self.seen_on_it[usize::from(run.row)] |= run.bits();
            }
        }
    }
}

fn count_in(moved: &mut Moved, row: LabelRow, before: Option<u16>, cells: u64) {
    match moved
        .iter_mut()
        .rev()
        .find(|(of, day, _)| *of == row && *day == before)
    {
        Some((_, _, count)) => *count += cells,
        None => moved.push((row, before, cells)),
    }
}
