//! What all docks reach together, and which of them is quickest where.

use super::{DockReach, FreeSpace, ReachRule};
use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint};
use crate::raster::{Bits, Lattice, TILE_CELLS};

/// The reach of several docks by one rule.
#[derive(Debug, Clone)]
pub struct FleetReach {
    /// Dock by dock, in the order given.
    pub docks: Vec<DockReach>,
    /// What any of them reaches.
    pub union: CellSet,
}

impl FleetReach {
    /// What docks at `docks` reach.
    ///
    /// # Errors
    /// [`GridError`] when a dock lies outside the working area.
    pub fn of(
        docks: &[Wgs84],
        rule: &ReachRule,
        space: &FreeSpace,
        lattice: Lattice,
    ) -> Result<Self, GridError> {
        let docks = docks
            .iter()
            .map(|dock| DockReach::of(*dock, rule, space, lattice))
            .collect::<Result<Vec<_>, _>>()?;
        let mut union = CellSet::empty(space.grid().clone(), lattice);
        for (key, bits) in docks.iter().flat_map(|dock| dock.cells().tiles()) {
            union.insert(*key, bits);
        }
        Ok(Self { docks, union })
    }

    /// The dock that is first at a point, by its place in [`FleetReach::docks`]: the least time of the way out, or the
    /// least distance where reach is a disc; of equals the first.
    #[must_use]
    pub fn quickest(&self, point: GridPoint) -> Option<usize> {
        let costs = self
            .docks
            .iter()
            .enumerate()
            .filter_map(|(index, dock)| Some((index, dock.cost_at(point)?)));
        costs.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    }

    /// The cells where each dock is first; every reached cell belongs to one.
    #[must_use]
    pub fn quickest_cells(&self) -> Vec<CellSet> {
        let lattice = self.union.lattice();
        let mut sets = vec![CellSet::empty(self.union.grid().clone(), lattice); self.docks.len()];
        for (key, bits) in self.union.tiles() {
            let mut of_docks: Vec<Option<Bits>> = vec![None; self.docks.len()];
            for (row, word) in bits.iter().enumerate() {
                let mut left = *word;
                while left != 0 {
                    let column = left.trailing_zeros();
                    left &= left - 1;
                    let centre = lattice.cell_centre(
                        key.0 * TILE_CELLS + row as i32,
                        key.1 * TILE_CELLS + column as i32,
                    );
                    if let Some(dock) = self.quickest(centre) {
                        of_docks[dock].get_or_insert_with(|| Box::new([0; 64]))[row] |= 1 << column;
                    }
                }
            }
            for (set, bits) in sets.iter_mut().zip(&of_docks) {
                bits.iter().for_each(|bits| set.insert(*key, bits));
            }
        }
        sets
    }
}
