//! The search for the fewest tiles: sweeps over the ground from several sides, each giving the first wanted cell the
//! tile that brings the most; then tiles that turned out to be needless are taken out again.

use crate::tile_choice::cells::{Cells, contains, middle, safe_parts};
use crate::tile_choice::frame::BINS_PER_TILE;
use crate::tile_choice::sweep::{Sweep, nearness};
use crate::tile_choice::view::{Stop, View};
use crate::tile_choice::{ChoiceRules, ChosenTile, Pass};
use crate::tiles::TileRect;

mod prune;

/// Work of opening a photo, in runs of the model for each million pixels: reading, decoding and judging 12 megapixels
/// takes 0.15 s of a processor where the model takes 0.1 s for a tile.
const WORK_OF_OPENING_MILLION: f64 = 0.12;

/// Widest squares of the lattices that are tried, cells.
const LATTICES: [f64; 4] = [
    BINS_PER_TILE,
    0.96 * BINS_PER_TILE,
    0.92 * BINS_PER_TILE,
    0.88 * BINS_PER_TILE,
];

/// A photo is looked at whole where that brings at least this share of its ground: the rest is slivers between photos,
/// where large things are nearly whole in the neighbours.
const LEAST_WHOLE_SHARE: f64 = 0.25;

/// How much of the work of opening a photo counts while tiles are put: all of it keeps to few photos, less of it lays
/// tiles better. All of it counts when the ways are compared.
const THRIFTS: [f64; 2] = [0.3, 1.0];

/// A way to do it: the order of the ground, where each cell lies in it, and one of [`THRIFTS`].
type Way<'w> = (&'w Sweep, &'w [[i32; 2]], f64);

/// Where a tile is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Put {
    view: usize,
    across: Stop,
    down: Stop,
}

/// What is wanted, and where tiles may be put for it.
pub struct Search<'s, 'p> {
    views: &'s [View<'p>],
    /// Places for tiles across and down of each view.
    stops: Vec<[&'s [Stop]; 2]>,
    cells: &'s Cells,
    /// Photos each cell is to be looked at in.
    wanted: Vec<u8>,
    /// Which of its cells each view looks at from the start.
    fixed: Vec<Vec<bool>>,
    /// Views that are opened anyway.
    opened: Vec<bool>,
    /// A tile that would bring a smaller share of its ground than this is not worth its work.
    least_share: f64,
    /// A tile that is needed for no more than this share of its ground is left out where neighbours nearly show that.
    sliver_share: f64,
    next_after: Option<u32>,
    nearness: Vec<u32>,
}

/// One way to do it.
struct State {
    puts: Vec<Put>,
    /// Photos that look at each cell.
    looks: Vec<u8>,
    /// Which of its cells each view looks at.
    looked: Vec<Vec<bool>>,
    is_opened: Vec<bool>,
}

impl<'s, 'p> Search<'s, 'p> {
    /// The search for tiles of the ground pass.
    pub fn for_ground(views: &'s [View<'p>], cells: &'s Cells, rules: &ChoiceRules, overlap_px: u32) -> Self {
        let fixed: Vec<Vec<bool>> = views
            .iter()
            .map(|view| {
                let parts = safe_parts(view, &view.photo.fixed, overlap_px);
                let is_fixed = |pixel: [f64; 2]| parts.iter().any(|part| contains(part, pixel));
                view.cells.iter().map(|cell| is_fixed(middle(cell))).collect()
            })
            .collect();
        let stops = views
            .iter()
            .map(|view| [&view.stops[0][..], &view.stops[1][..]])
            .collect();
        let mut able = cells.open_views.clone();
        for (view, fixed) in views.iter().zip(&fixed).filter(|(view, _)| !view.photo.open) {
            for (cell, _) in view.cells.iter().zip(fixed).filter(|(_, is_fixed)| **is_fixed) {
                able[cell.id as usize] = able[cell.id as usize].saturating_add(1);
            }
        }
        let most = u8::try_from(rules.looks_per_cell).unwrap_or(u8::MAX);
        Self {
            views,
            stops,
            cells,
            wanted: able.into_iter().map(|able| able.min(most)).collect(),
            fixed,
            opened: vec![false; views.len()],
            least_share: 0.0,
            sliver_share: prune::SLIVER_SHARE,
            next_after: rules.next_after,
            nearness: nearness(),
        }
    }

    /// The search for photos to look at whole: one place in each view that has one, and cells that are wanted once
    /// where any such place holds them. `done` says which views are looked at whole already.
    pub fn for_whole(
        views: &'s [View<'p>],
        cells: &'s Cells,
        stops: Vec<[&'s [Stop]; 2]>,
        (done, opened, next_after): (&[bool], &[bool], Option<u32>),
    ) -> Self {
        let mut wanted = vec![0_u8; cells.len()];
        let mut fixed = Vec::new();
        for ((view, stops), is_done) in views.iter().zip(&stops).zip(done) {
            let is_inside = |axis: usize, bin: usize| {
                stops[axis]
                    .iter()
                    .any(|stop| (stop.from_bin..stop.to_bin).contains(&bin))
            };
            let held: Vec<bool> = view
                .cells
                .iter()
                .map(|cell| {
                    let [column, row] = view.bin_of(cell.x_px, cell.y_px);
                    is_inside(0, column) && is_inside(1, row)
                })
                .collect();
            for (cell, _) in view.cells.iter().zip(&held).filter(|(_, is_held)| **is_held) {
                wanted[cell.id as usize] |= u8::from(view.photo.open || *is_done);
            }
            fixed.push(held.into_iter().map(|is_held| is_held && *is_done).collect());
        }
        Self {
            views,
            stops,
            cells,
            wanted,
            fixed,
            opened: opened.to_vec(),
            least_share: LEAST_WHOLE_SHARE,
            sliver_share: 0.0,
            next_after,
            nearness: nearness(),
        }
    }

    /// The tiles of every view, from the sweep that needs the least work.
    pub fn best(&self) -> Vec<Vec<ChosenTile>> {
        let mut tiles = vec![Vec::new(); self.views.len()];
        for put in self.best_puts() {
            tiles[put.view].push(self.tile(&put));
        }
        for tiles in &mut tiles {
            tiles.sort_by_key(|tile: &ChosenTile| (tile.rect.y_px, tile.rect.x_px));
        }
        tiles
    }

    /// The views that are given a tile.
    pub fn best_views(&self) -> Vec<usize> {
        let mut views: Vec<usize> = self.best_puts().iter().map(|put| put.view).collect();
        views.sort_unstable();
        views
    }

    fn best_puts(&self) -> Vec<Put> {
        let mut ids: Vec<u32> = self.first_wanted();
        let mut best: Option<(f64, State)> = None;
        for sweep in self.sweeps(&ids) {
            ids.sort_by_cached_key(|id| sweep.key(self.cells.place_of(*id)));
            let all = 0..u32::try_from(self.wanted.len()).unwrap_or(u32::MAX);
            let places: Vec<[i32; 2]> = all.map(|id| sweep.place(self.cells.place_of(id))).collect();
            for thrift in THRIFTS {
                let mut state = self.sweep(&ids, (&sweep, &places, thrift));
                self.prune(&mut state);
                let work = self.work(&state);
                if best.as_ref().is_none_or(|(least, _)| work < *least) {
                    best = Some((work, state));
                }
            }
        }
        best.map_or_else(Vec::new, |(_, state)| state.puts)
    }

    fn sweeps(&self, ids: &[u32]) -> Vec<Sweep> {
        let lines = |along_second: bool, sign: i32| Sweep::Lines {
            along_second,
            signs: [sign, sign],
        };
        if self.next_after.is_some() {
            return vec![lines(false, 1)];
        }
        let mut ends = [[i32::MAX, i32::MIN]; 2];
        for place in ids.iter().map(|id| self.cells.place_of(*id)) {
            for axis in 0..2 {
                ends[axis] = [ends[axis][0].min(place[axis]), ends[axis][1].max(place[axis])];
            }
        }
        let mut sweeps = vec![lines(false, 1), lines(true, -1)];
        if ids.is_empty() {
            return sweeps;
        }
        for widest in LATTICES {
            // Evenly spread, the outer squares flush with the ground.
            let pitch = ends.map(|[first, last]| {
                let length = f64::from(last - first + 1);
                length / (length / widest).ceil()
            });
            let squares = Sweep::Squares {
                first: ends.map(|[first, _]| first),
                pitch,
            };
            if sweeps.last() != Some(&squares) {
                sweeps.push(squares);
            }
        }
        sweeps
    }

    /// Cells that are wanted more often than they are looked at from the start.
    fn first_wanted(&self) -> Vec<u32> {
        let start = self.start();
        let ids = 0..u32::try_from(self.wanted.len()).unwrap_or(u32::MAX);
        ids.filter(|id| start.looks[*id as usize] < self.wanted[*id as usize])
            .collect()
    }

    fn start(&self) -> State {
        let mut looks = vec![0_u8; self.wanted.len()];
        for (view, fixed) in self.views.iter().zip(&self.fixed) {
            for (cell, _) in view.cells.iter().zip(fixed).filter(|(_, is_fixed)| **is_fixed) {
                looks[cell.id as usize] = looks[cell.id as usize].saturating_add(1);
            }
        }
        State {
            puts: Vec::new(),
            looks,
            looked: self.fixed.clone(),
            is_opened: self.opened.clone(),
        }
    }

    fn sweep(&self, ids: &[u32], way: Way<'_>) -> State {
        let mut state = self.start();
        let mut sums = Sums::default();
        for id in ids {
            while state.looks[*id as usize] < self.wanted[*id as usize] {
                let Some(put) = self.best_put(&state, (way, *id), &mut sums) else {
                    break;
                };
                if self.least_share > 0.0 && self.share_brought(&state, &put) < self.least_share {
                    break;
                }
                self.put(&mut state, put);
            }
        }
        state
    }

    /// The tile over a cell that brings the most wanted ground for its work.
    fn best_put(
        &self,
        state: &State,
        ((sweep, places, thrift), id): (Way<'_>, u32),
        sums: &mut Sums,
    ) -> Option<Put> {
        let mut best: Option<(f64, Put)> = None;
        let front = places[id as usize];
        for view in self.candidates(state, id) {
            let [x_px, y_px] = self.pixel_in(view, id)?;
            let [column, row] = self.views[view].bin_of(x_px, y_px);
            let opening = if state.is_opened[view] {
                0.0
            } else {
                self.work_of_opening(view)
            };
            let work = 1.0 + thrift * opening;
            sums.of(&self.views[view], |index, other| {
                let is_wanted =
                    !state.looked[view][index] && state.looks[other as usize] < self.wanted[other as usize];
                if is_wanted {
                    sweep.weight(front, places[other as usize], &self.nearness)
                } else {
                    0
                }
            });
            let over = |stop: &&Stop, bin: usize| (stop.from_bin..stop.to_bin).contains(&bin);
            for down in self.stops[view][1].iter().filter(|stop| over(stop, row)) {
                for across in self.stops[view][0].iter().filter(|stop| over(stop, column)) {
                    let worth = sums.within(across, down) as f64 / work;
                    if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                        best = Some((
                            worth,
                            Put {
                                view,
                                across: *across,
                                down: *down,
                            },
                        ));
                    }
                }
            }
        }
        best.map(|(_, put)| put)
    }

    /// Which share of the cells in a tile it would bring.
    fn share_brought(&self, state: &State, put: &Put) -> f64 {
        let (mut all, mut brought) = (0_u32, 0_u32);
        for (at, cell) in self.views[put.view].cells.iter().enumerate() {
            if self.is_inside(put, cell.x_px, cell.y_px) {
                let id = cell.id as usize;
                all += 1;
                brought += u32::from(!state.looked[put.view][at] && state.looks[id] < self.wanted[id]);
            }
        }
        f64::from(brought) / f64::from(all.max(1))
    }

    /// Open views that show a cell and do not look at it yet; only the next one in capture order where that is asked
    /// for.
    fn candidates(&self, state: &State, id: u32) -> Vec<usize> {
        let place_m = self.cells.middle_m(id);
        let shows = |index: &usize| {
            let view = &self.views[*index];
            view.photo.open
                && view.may_show(place_m)
                && self
                    .index_in(*index, id)
                    .is_some_and(|at| !state.looked[*index][at])
        };
        let mut found: Vec<usize> = (0..self.views.len()).filter(shows).collect();
        if let Some(after) = self.next_after {
            let order = |index: &usize| self.views[*index].photo.order;
            found.sort_by_key(|index| (order(index) <= after, order(index)));
            found.truncate(1);
        }
        found
    }

    /// Where a cell stands in the list of a view.
    fn index_in(&self, view: usize, id: u32) -> Option<usize> {
        let cells = &self.views[view].cells;
        cells.binary_search_by_key(&id, |cell| cell.id).ok()
    }

    fn pixel_in(&self, view: usize, id: u32) -> Option<[u16; 2]> {
        let cell = self.views[view].cells[self.index_in(view, id)?];
        Some([cell.x_px, cell.y_px])
    }

    fn put(&self, state: &mut State, put: Put) {
        let view = &self.views[put.view];
        for (index, cell) in view.cells.iter().enumerate() {
            if !state.looked[put.view][index] && self.is_inside(&put, cell.x_px, cell.y_px) {
                state.looked[put.view][index] = true;
                state.looks[cell.id as usize] = state.looks[cell.id as usize].saturating_add(1);
            }
        }
        state.is_opened[put.view] = true;
        state.puts.push(put);
    }

    fn is_inside(&self, put: &Put, x_px: u16, y_px: u16) -> bool {
        let [column, row] = self.views[put.view].bin_of(x_px, y_px);
        (put.across.from_bin..put.across.to_bin).contains(&column)
            && (put.down.from_bin..put.down.to_bin).contains(&row)
    }

    fn work(&self, state: &State) -> f64 {
        let newly = (0..self.views.len()).filter(|view| state.is_opened[*view] && !self.opened[*view]);
        state.puts.len() as f64 + newly.map(|view| self.work_of_opening(view)).sum::<f64>()
    }

    fn work_of_opening(&self, view: usize) -> f64 {
        let camera = &self.views[view].photo.camera;
        WORK_OF_OPENING_MILLION * f64::from(camera.width_px) * f64::from(camera.height_px) / 1e6
    }

    fn tile(&self, put: &Put) -> ChosenTile {
        let view = &self.views[put.view];
        ChosenTile {
            rect: TileRect {
                x_px: put.across.start_px,
                y_px: put.down.start_px,
                width_px: view.side_px,
                height_px: view.side_px,
            },
            scale: view.scale,
            pass: Pass::Ground,
        }
    }
}

/// Sums of weighted wanted cells over all rectangles of bins that start at the top left (a summed-area table).
#[derive(Default)]
struct Sums {
    sums: Vec<u64>,
    columns: usize,
}

impl Sums {
    /// Of the cells of a view, each with its worth by place in the list and number.
    fn of(&mut self, view: &View<'_>, worth: impl Fn(usize, u32) -> u32) {
        let [columns, rows] = view.bins;
        self.columns = columns + 1;
        self.sums.clear();
        self.sums.resize((columns + 1) * (rows + 1), 0);
        for (index, cell) in view.cells.iter().enumerate() {
            let worth = worth(index, cell.id);
            if worth > 0 {
                let [column, row] = view.bin_of(cell.x_px, cell.y_px);
                self.sums[(row + 1) * self.columns + column + 1] +=
                    u64::from(worth) * u64::from(view.weight(column, row));
            }
        }
        for row in 1..=rows {
            let mut along = 0;
            for column in 1..=columns {
                along += self.sums[row * self.columns + column];
                self.sums[row * self.columns + column] = along + self.sums[(row - 1) * self.columns + column];
            }
        }
    }

    fn within(&self, across: &Stop, down: &Stop) -> u64 {
        let at = |column: usize, row: usize| self.sums[row * self.columns + column];
        at(across.to_bin, down.to_bin) + at(across.from_bin, down.from_bin)
            - at(across.from_bin, down.to_bin)
            - at(across.to_bin, down.from_bin)
    }
}
