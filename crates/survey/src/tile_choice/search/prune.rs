//! Takes tiles out again that later ones made needless, and those that bring next to nothing.

use std::cmp::Reverse;

use super::{Put, Search, State};

/// Slivers between tiles, or at the rim of the sortie where no photo shows a thing whole, are up to this share of a
/// tile's ground.
pub const SLIVER_SHARE: f64 = 0.05;

impl Search<'_, '_> {
    /// Takes out tiles that are not needed, the least useful first: those whose every cell is looked at often enough
    /// without them, and those that bring only slivers which neighbouring tiles show with less room around.
    pub(super) fn prune(&self, state: &mut State) {
        let mut order: Vec<usize> = (0..state.puts.len()).collect();
        order.sort_by_key(|index| (self.needed(state, *index).len(), Reverse(*index)));
        let mut is_out = vec![false; state.puts.len()];
        let mut is_leant_on = vec![false; state.puts.len()];
        for index in order {
            if is_leant_on[index] {
                continue;
            }
            let Some(leant_on) = self.sliver(state, index, &self.needed(state, index)) else {
                continue;
            };
            leant_on.into_iter().for_each(|other| is_leant_on[other] = true);
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
            state.is_opened[view] = self.opened[view] || state.puts.iter().any(|put| put.view == view);
        }
    }

    /// The cells that would be looked at too seldom without a tile, by their place in its view's list.
    fn needed(&self, state: &State, index: usize) -> Vec<usize> {
        let put = state.puts[index];
        let view = &self.views[put.view];
        let others: Vec<&Put> = state
            .puts
            .iter()
            .enumerate()
            .filter(|(other, of)| *other != index && of.view == put.view)
            .map(|(_, of)| of)
            .collect();
        let is_needed = |at: &usize| {
            let cell = view.cells[*at];
            self.is_inside(&put, cell.x_px, cell.y_px)
                && !self.fixed[put.view][*at]
                && state.looks[cell.id as usize] <= self.wanted[cell.id as usize]
                && !others
                    .iter()
                    .any(|other| self.is_inside(other, cell.x_px, cell.y_px))
        };
        (0..view.cells.len()).filter(is_needed).collect()
    }

    /// The tiles that show what a tile is needed for with half the room around, where that is nothing or no more than a
    /// sliver.
    fn sliver(&self, state: &State, index: usize, needed: &[usize]) -> Option<Vec<usize>> {
        let put = state.puts[index];
        let view = &self.views[put.view];
        let safe = (put.across.to_bin - put.across.from_bin) * (put.down.to_bin - put.down.from_bin);
        if needed.len() as f64 > self.sliver_share * safe as f64 {
            return None;
        }
        let mut leant_on = Vec::new();
        for at in needed {
            let id = view.cells[*at].id;
            if self.cells.is_whole[id as usize] {
                let nearly = |other: &usize| *other != index && self.nearly_shows(state, *other, id);
                leant_on.push((0..state.puts.len()).find(nearly)?);
            }
        }
        leant_on.sort_unstable();
        leant_on.dedup();
        Some(leant_on)
    }

    /// Whether a tile shows a cell that it does not count for, with half the room around.
    fn nearly_shows(&self, state: &State, index: usize, id: u32) -> bool {
        let put = state.puts[index];
        let view = &self.views[put.view];
        let place_m = self.cells.middle_m(id);
        if !view.may_show(place_m) {
            return false;
        }
        let is_counted = self
            .index_in(put.view, id)
            .is_some_and(|at| state.looked[put.view][at]);
        if is_counted || put.across.to_bin == 0 {
            return false;
        }
        let [width_px, height_px] = [view.photo.camera.width_px, view.photo.camera.height_px];
        let room_px = view.margin_px / 2.0;
        let is_clear = |at_px: f64, start_px: u32, length_px: u32| {
            let end_px = start_px.saturating_add(view.side_px).min(length_px);
            at_px >= f64::from(start_px) + room_px && at_px <= f64::from(end_px) - room_px
        };
        let pixel = view.pixel_of(place_m);
        pixel.is_some_and(|[x_px, y_px]| {
            is_clear(x_px, put.across.start_px, width_px) && is_clear(y_px, put.down.start_px, height_px)
        })
    }

    fn is_looked(&self, state: &State, view: usize, at: usize) -> bool {
        let cell = self.views[view].cells[at];
        let mut puts = state.puts.iter().filter(|put| put.view == view);
        self.fixed[view][at] || puts.any(|put| self.is_inside(put, cell.x_px, cell.y_px))
    }
}
