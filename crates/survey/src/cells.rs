//! Sets of ground cells: what polygons, reach, gaps and labels have in common. A set is sparse, knows its lattice and
//! grid, and can be joined, cut and measured; sets of different lattices do not mix.

use std::collections::BTreeMap;

use crate::area::Polygon;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};
use crate::raster::{Bits, Lattice, TILE_CELLS, TileKey, merge_into};

/// Cells of one lattice on one working grid. Tiles without a cell are not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSet {
    grid: WorkingGrid,
    lattice: Lattice,
    tiles: BTreeMap<TileKey, Bits>,
}

impl CellSet {
    /// No cell.
    #[must_use]
    pub fn empty(grid: WorkingGrid, lattice: Lattice) -> Self {
        Self {
            grid,
            lattice,
            tiles: BTreeMap::new(),
        }
    }

    /// The cells whose sample points lie inside any of the polygons.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn of_polygons(grid: WorkingGrid, lattice: Lattice, polygons: &[Polygon]) -> Result<Self, GridError> {
        let mut set = Self::empty(grid, lattice);
        for polygon in polygons {
            let rings = std::iter::once(&polygon.exterior).chain(&polygon.holes);
            let on_grid = rings
                .map(|ring| set.ring_on_grid(ring))
                .collect::<Result<Vec<_>, GridError>>()?;
            set.paint(&on_grid);
        }
        Ok(set)
    }

    /// Cells given tile by tile.
    #[must_use]
    pub fn of_tiles(
        grid: WorkingGrid,
        lattice: Lattice,
        tiles: impl IntoIterator<Item = (TileKey, Bits)>,
    ) -> Self {
        let mut set = Self::empty(grid, lattice);
        tiles.into_iter().for_each(|(key, bits)| set.insert(key, &bits));
        set
    }

    /// The tiles that have cells, by key.
    #[must_use]
    pub fn into_tiles(self) -> Vec<(TileKey, Bits)> {
        self.tiles.into_iter().collect()
    }

    /// Adds the cells whose sample points lie inside the rings (even-odd), in grid metres.
    pub fn paint(&mut self, rings: &[Vec<GridPoint>]) {
        for (key, bits) in self.lattice.paint(rings) {
            self.insert(key, &bits);
        }
    }

    /// Adds one tile's cells.
    pub fn insert(&mut self, key: TileKey, bits: &Bits) {
        if bits.iter().any(|row| *row != 0) {
            merge_into(self.tiles.entry(key).or_insert_with(|| Box::new([0; 64])), bits);
        }
    }

    /// Cells in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        other.tiles.iter().for_each(|(key, bits)| sum.insert(*key, bits));
        sum
    }

    /// Cells in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combined(other, |own, others| others.map_or(0, |others| own & others))
    }

    /// Cells of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combined(other, |own, others| own & !others.unwrap_or(0))
    }

    fn combined(&self, other: &Self, row: impl Fn(u64, Option<u64>) -> u64) -> Self {
        debug_assert_eq!(self.lattice, other.lattice, "sets of one lattice");
        let mut result = Self::empty(self.grid.clone(), self.lattice);
        for (key, own) in &self.tiles {
            let others = other.tiles.get(key);
            let mut bits: Bits = Box::new([0; 64]);
            for (at, word) in bits.iter_mut().enumerate() {
                *word = row(own[at], others.map(|others| others[at]));
            }
            result.insert(*key, &bits);
        }
        result
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// Number of cells.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiles.values().map(count).sum()
    }

    /// True area, m²: cells weighed by the grid's areal scale at their tile.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        let cell_m2 = self.lattice.cell_m2();
        let of_tile = |(key, bits): (&TileKey, &Bits)| {
            count(bits) as f64 * cell_m2 / self.grid.areal_scale(self.lattice.tile_centre(*key))
        };
        self.tiles.iter().map(of_tile).sum()
    }

    /// Whether the cell that a point lies in is one of them.
    #[must_use]
    pub fn contains(&self, point: GridPoint) -> bool {
        let [column, row] = self.lattice.in_cells(point).map(|at| at.floor() as i32);
        let key = (row.div_euclid(TILE_CELLS), column.div_euclid(TILE_CELLS));
        let bits = self.tiles.get(&key);
        bits.is_some_and(|bits| {
            bits[row.rem_euclid(TILE_CELLS) as usize] >> column.rem_euclid(TILE_CELLS) & 1 == 1
        })
    }

    /// Whether any cell of a row, from a column up to another, is one of them.
    #[must_use]
    pub fn has_any(&self, row: i32, columns: std::ops::Range<i32>) -> bool {
        let (band, line) = (row.div_euclid(TILE_CELLS), row.rem_euclid(TILE_CELLS) as usize);
        let mut from = columns.start;
        while from < columns.end {
            let tile = from.div_euclid(TILE_CELLS);
            let first = from.rem_euclid(TILE_CELLS);
            let count = (columns.end - from).min(TILE_CELLS - first);
            let wanted = u64::MAX >> (TILE_CELLS - count) << first;
            let bits = self.tiles.get(&(band, tile));
            if bits.is_some_and(|bits| bits[line] & wanted != 0) {
                return true;
            }
            from += count;
        }
        false
    }

    /// What is left when every cell beside a cell outside is taken away, `steps` times over.
    #[must_use]
    pub fn shrunk(&self, steps: u32) -> Self {
        (0..steps).fold(self.clone(), |set, _step| set.without_edge())
    }

    /// The cells whose four neighbours are in the set, too.
    fn without_edge(&self) -> Self {
        const LAST: usize = TILE_CELLS as usize - 1;
        let mut inner = Self::empty(self.grid.clone(), self.lattice);
        for ((band, column), bits) in &self.tiles {
            let beside = |down: i32, along: i32| self.tiles.get(&(band + down, column + along));
            let line = |tile: Option<&Bits>, row: usize| tile.map_or(0, |bits| bits[row]);
            let (left, right) = (beside(0, -1), beside(0, 1));
            let mut kept: Bits = Box::new([0; 64]);
            for (row, word) in kept.iter_mut().enumerate() {
                let own = bits[row];
                let before = (own << 1) | (line(left, row) >> LAST);
                let behind = (own >> 1) | (line(right, row) << LAST);
                let below = if row > 0 {
                    bits[row - 1]
                } else {
                    line(beside(-1, 0), LAST)
                };
                let above = if row < LAST {
                    bits[row + 1]
                } else {
                    line(beside(1, 0), 0)
                };
                *word = own & before & behind & below & above;
            }
            inner.insert((*band, *column), &kept);
        }
        inner
    }

    /// The same ground in cells of a lattice `factor` times as fine.
    #[must_use]
    pub fn refined(&self, factor: u32) -> Self {
        let factor = factor.max(1) as i32;
        let mut fine = Self::empty(
            self.grid.clone(),
            Lattice::new(self.lattice.cell_m() / f64::from(factor)),
        );
        for ((band, column), bits) in &self.tiles {
            for part in 0..factor * factor {
                let (down, along) = (part / factor, part % factor);
                let mut finer: Bits = Box::new([0; 64]);
                for (row, word) in finer.iter_mut().enumerate() {
                    let coarse = bits[((down * TILE_CELLS + row as i32) / factor) as usize];
                    if coarse == 0 {
                        continue;
                    }
                    for bit in 0..TILE_CELLS {
                        *word |= (coarse >> ((along * TILE_CELLS + bit) / factor) & 1) << bit;
                    }
                }
                fine.insert((band * factor + down, column * factor + along), &finer);
            }
        }
        fine
    }

    /// The tiles that have cells, by key.
    #[must_use]
    pub fn tiles(&self) -> &BTreeMap<TileKey, Bits> {
        &self.tiles
    }

    /// The lattice the cells lie on.
    #[must_use]
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The grid the lattice lies on.
    #[must_use]
    pub fn grid(&self) -> &WorkingGrid {
        &self.grid
    }

    /// A ring in grid metres.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn ring_on_grid(&self, ring: &[Wgs84]) -> Result<Vec<GridPoint>, GridError> {
        ring.iter()
            .map(|point| self.grid.grid_from_wgs84(*point))
            .collect()
    }
}

fn count(bits: &Bits) -> u64 {
    bits.iter().map(|row| u64::from(row.count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square(west_m: f64, south_m: f64, side_m: f64) -> CellSet {
        let origin = Wgs84::new(31.2, 121.6).unwrap();
        let grid = WorkingGrid::centred(origin).unwrap();
        let mut set = CellSet::empty(grid, Lattice::new(5.0));
        let corner = |east_m: f64, north_m: f64| GridPoint {
            easting_m: west_m + east_m,
            northing_m: south_m + north_m,
        };
        set.paint(&[vec![
            corner(0.0, 0.0),
            corner(side_m, 0.0),
            corner(side_m, side_m),
            corner(0.0, side_m),
        ]]);
        set
    }

    proptest! {
        #[test]
        fn counts_of_two_sets_add_up(west in -900.0..900.0_f64, south in -900.0..900.0_f64, side in 10.0..1500.0_f64) {
            let (a, b) = (square(0.0, 0.0, 1000.0), square(west, south, side));
            let (both, either) = (a.intersection(&b), a.union(&b));
            prop_assert_eq!(both.count() + either.count(), a.count() + b.count());
            prop_assert_eq!(a.difference(&b).count(), a.count() - both.count());
            prop_assert!(a.difference(&a).is_empty());
            prop_assert!((a.area_m2() / 1e6 - 1.0).abs() < 5e-4, "{}", a.area_m2());
        }

        /// Against the plain definition, cell by cell.
        #[test]
        fn a_stretch_of_a_row_has_any_where_one_of_its_cells_is_in(
            side in 5.0..900.0_f64, row in -250..250_i32, start in -250..250_i32, length in 0..200_i32,
        ) {
            let set = square(-300.0, -200.0, side);
            let columns = start..start + length;
            let plain = columns.clone().any(|column| set.contains(set.lattice().cell_centre(row, column)));
            prop_assert_eq!(set.has_any(row, columns), plain);
        }

        /// Against the plain definition, cell by cell.
        #[test]
        fn shrunk_ground_has_its_neighbours(west in -900.0..900.0_f64, south in -900.0..900.0_f64, side in 5.0..500.0_f64) {
            let set = square(west, south, side).union(&square(west + side / 2.0, south + side / 3.0, side));
            let inner = set.shrunk(1);
            let lattice = set.lattice();
            let mut count = 0;
            for ((band, column), bits) in set.tiles() {
                for row in 0..TILE_CELLS {
                    for bit in (0..TILE_CELLS).filter(|bit| bits[row as usize] >> bit & 1 == 1) {
                        let (row, column) = (band * TILE_CELLS + row, column * TILE_CELLS + bit);
                        let near = [(0, 1), (0, -1), (1, 0), (-1, 0)];
                        let whole = near.iter().all(|(down, along)| {
                            set.contains(lattice.cell_centre(row + down, column + along))
                        });
                        prop_assert_eq!(whole, inner.contains(lattice.cell_centre(row, column)));
                        count += u64::from(whole);
                    }
                }
            }
            prop_assert_eq!(count, inner.count());
            prop_assert!(set.shrunk(3).difference(&inner).is_empty());
        }

        #[test]
        fn refined_ground_is_the_same_ground(west in -900.0..900.0_f64, side in 10.0..700.0_f64, factor in 1..6_u32) {
            let coarse = square(west, -0.4 * west, side);
            let fine = coarse.refined(factor);
            prop_assert_eq!(fine.count(), coarse.count() * u64::from(factor * factor));
            prop_assert!((fine.area_m2() - coarse.area_m2()).abs() < 1e-3 * side);
            for step in 0..200 {
                let point = GridPoint {
                    easting_m: west + f64::from(step % 20) * side / 10.0 - side / 2.0,
                    northing_m: -0.4 * west + f64::from(step / 20) * side / 5.0 - side / 2.0,
                };
                prop_assert_eq!(coarse.contains(point), fine.contains(point));
            }
        }
    }
}
