//! The search for the fewest tiles: sweeps over the ground from several sides, each giving the first wanted cell the
//! tile that brings the most; then tiles that turned out to be needless are taken out again.

use std::cmp::Reverse;

use crate::tile_choice::cells::{Cells, contains, middle, safe_parts};
use crate::tile_choice::sweep::{Sweep, nearness};
use crate::tile_choice::view::{SeenCell, Stop, View};
use crate::tile_choice::{ChoiceRules, ChosenTile, Pass};
use crate::tiles::TileRect;

/// Work of opening a photo, in tiles: decoding 12 megapixels beside one run of the model.
const WORK_OF_OPENING: f64 = 0.4;

/// Widest squares of the lattices that are tried, cells; a tile's safe part is 48 cells wide.
const LATTICES: [f64; 4] = [48.0, 46.0, 44.0, 42.0];

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
        (done, next_after): (&[bool], Option<u32>),
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
            let places = all.map(|id| sweep.place(self.cells.place_of(id))).collect();
            let mut state = self.sweep(&ids, &sweep, places);
            self.prune(&mut state);
            let work = self.work(&state);
            if best.as_ref().is_none_or(|(least, _)| work < *least) {
                best = Some((work, state));
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
            is_opened: vec![false; self.views.len()],
        }
    }

    fn sweep(&self, ids: &[u32], sweep: &Sweep, places: Vec<[i32; 2]>) -> State {
        let mut state = self.start();
        let mut sums = Sums::default();
        for id in ids {
            while state.looks[*id as usize] < self.wanted[*id as usize] {
                let Some(put) = self.best_put(&state, (sweep, &places, *id), &mut sums) else {
                    break;
                };
                self.put(&mut state, put);
            }
        }
        state
    }

    /// The tile over a cell that brings the most wanted ground for its work.
    fn best_put(
        &self,
        state: &State,
        (sweep, places, id): (&Sweep, &[[i32; 2]], u32),
        sums: &mut Sums,
    ) -> Option<Put> {
        let mut best: Option<(f64, Put)> = None;
        let front = places[id as usize];
        for view in self.candidates(state, id) {
            let [x_px, y_px] = self.pixel_in(view, id)?;
            let [column, row] = self.views[view].bin_of(x_px, y_px);
            let work = if state.is_opened[view] {
                1.0
            } else {
                1.0 + WORK_OF_OPENING
            };
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

    /// Open views that show a cell and do not look at it yet; only the next one in capture order where that is asked
    /// for.
    fn candidates(&self, state: &State, id: u32) -> Vec<usize> {
        let place_m = self.cells.middle_m(id);
        let shows = |index: &usize| {
            let view = &self.views[*index];
            let [west, south, east, north] = view.bounds_m;
            view.photo.open
                && (west..=east).contains(&place_m[0])
                && (south..=north).contains(&place_m[1])
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

    /// Takes out tiles whose every cell is looked at often enough without them, the least useful first.
    fn prune(&self, state: &mut State) {
        let mut order: Vec<usize> = (0..state.puts.len()).collect();
        order.sort_by_key(|index| (self.needed(state, *index), Reverse(*index)));
        let mut is_out = vec![false; state.puts.len()];
        for index in order {
            if self.needed(state, index) > 0 {
                continue;
            }
            is_out[index] = true;
            let put = state.puts[index];
            // Kept in place until all are judged; a tile without extent looks at nothing.
            state.puts[index].across.to_bin = 0;
            for (at, cell) in self.views[put.view].cells.iter().enumerate() {
                if self.is_inside(&put, cell.x_px, cell.y_px) && !self.is_looked(state, put.view, at) {
                    state.looked[put.view][at] = false;
                    state.looks[cell.id as usize] -= 1;
                }
            }
        }
        let mut index = 0;
        state.puts.retain(|_| {
            index += 1;
            !is_out[index - 1]
        });
        for view in 0..self.views.len() {
            state.is_opened[view] = state.puts.iter().any(|put| put.view == view);
        }
    }

    /// Number of cells that would be looked at too seldom without a tile.
    fn needed(&self, state: &State, index: usize) -> usize {
        let put = state.puts[index];
        let view = &self.views[put.view];
        let others: Vec<&Put> = state
            .puts
            .iter()
            .enumerate()
            .filter(|(other, of)| *other != index && of.view == put.view)
            .map(|(_, of)| of)
            .collect();
        let is_needed = |(at, cell): &(usize, &SeenCell)| {
            self.is_inside(&put, cell.x_px, cell.y_px)
                && !self.fixed[put.view][*at]
                && state.looks[cell.id as usize] <= self.wanted[cell.id as usize]
                && !others
                    .iter()
                    .any(|other| self.is_inside(other, cell.x_px, cell.y_px))
        };
        view.cells.iter().enumerate().filter(is_needed).count()
    }

    fn is_looked(&self, state: &State, view: usize, at: usize) -> bool {
        let cell = self.views[view].cells[at];
        let mut puts = state.puts.iter().filter(|put| put.view == view);
        self.fixed[view][at] || puts.any(|put| self.is_inside(put, cell.x_px, cell.y_px))
    }

    fn work(&self, state: &State) -> f64 {
        let opened = state.is_opened.iter().filter(|is_opened| **is_opened).count();
        state.puts.len() as f64 + WORK_OF_OPENING * opened as f64
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
