//! Ground to be reached, cell by cell, with what each cell weighs.

use std::collections::BTreeMap;

use anyhow::Result;
use survey::cells::CellSet;
use survey::raster::{Bits, Lattice, TILE_CELLS, TileKey};
use survey::targets::Target;

use crate::coverage::figures::target_ground;

/// Results are measured, and targets weighed, in cells of this size or a little other that divides those of demand, m.
const FINE_CELL_M: f64 = 25.0;

/// How many fine cells lie along a cell of the lattice.
pub fn fine_factor(lattice: Lattice) -> u32 {
    (lattice.cell_m() / FINE_CELL_M).round().max(1.0) as u32
}

/// The lattice so many times finer.
pub fn fine_lattice(lattice: Lattice) -> Lattice {
    Lattice::new(lattice.cell_m() / f64::from(fine_factor(lattice)))
}

/// Ground that counts by its targets: the fine cells of each weight.
#[derive(Debug, Clone, Default)]
pub struct Weighing(Vec<(f64, CellSet)>);

impl Weighing {
    /// Ground of `targets` in the fine cells of `demand`; where several lie, the greatest weight counts, as in gaps.
    ///
    /// # Errors
    /// A target outside the working area.
    pub fn of(targets: &[Target], demand: &CellSet) -> Result<Self> {
        let lattice = fine_lattice(demand.lattice());
        // Weights are 0 or more, so their bits sort as they do.
        let mut grounds: BTreeMap<u64, CellSet> = BTreeMap::new();
        for target in targets {
            let polygons = target_ground(target, demand.grid())?;
            let cells = CellSet::of_polygons(demand.grid().clone(), lattice, &polygons)?;
            grounds
                .entry(target.weight.to_bits())
                .and_modify(|known| *known = known.union(&cells))
                .or_insert(cells);
        }
        let mut taken = CellSet::empty(demand.grid().clone(), lattice);
        let mut weighed = Vec::new();
        for (bits, cells) in grounds.into_iter().rev() {
            let own = cells.difference(&taken);
            taken = taken.union(&cells);
            weighed.push((f64::from_bits(bits), own));
        }
        Ok(Self(weighed))
    }
}

/// The cells of demand by number.
pub struct DemandCells {
    numbers: BTreeMap<TileKey, Vec<(usize, u32)>>,
    /// Ground of each, m².
    pub ground_m2: Vec<f64>,
    /// What each counts, m² times the weight of its targets.
    pub weights: Vec<f64>,
}

impl DemandCells {
    /// The cells of a set; ground without targets counts once.
    pub fn of(demand: &CellSet, weighing: Option<&Weighing>) -> Self {
        let lattice = demand.lattice();
        let (mut numbers, mut ground_m2) = (BTreeMap::new(), Vec::new());
        for (key, bits) in demand.tiles() {
            let mut of_tile = Vec::new();
            for (row, column) in set_bits(bits.as_slice()) {
                let centre = lattice.cell_centre(
                    key.0 * TILE_CELLS + row as i32,
                    key.1 * TILE_CELLS + column as i32,
                );
                of_tile.push((row * 64 + column, ground_m2.len() as u32));
                ground_m2.push(lattice.cell_m2() / demand.grid().areal_scale(centre));
            }
            numbers.insert(*key, of_tile);
        }
        let mut cells = Self {
            numbers,
            weights: ground_m2.clone(),
            ground_m2,
        };
        for (weight, ground) in weighing.iter().flat_map(|weighing| &weighing.0) {
            cells.weigh(*weight, ground, fine_factor(lattice) as i32);
        }
        cells
    }

    /// Lets fine cells count `weight` times instead of once.
    fn weigh(&mut self, weight: f64, ground: &CellSet, factor: i32) {
        let share = (weight - 1.0) / f64::from(factor * factor);
        for (key, bits) in ground.tiles() {
            for (row, column) in set_bits(bits.as_slice()) {
                let coarse = |tile: i32, at: usize| (tile * TILE_CELLS + at as i32).div_euclid(factor);
                if let Some(number) = self.number(coarse(key.0, row), coarse(key.1, column)) {
                    self.weights[number] += share * self.ground_m2[number];
                }
            }
        }
        // Sums of shares may miss 0 by a rounding.
        self.weights
            .iter_mut()
            .for_each(|weight| *weight = weight.max(0.0));
    }

    fn number(&self, row: i32, column: i32) -> Option<usize> {
        let key = (row.div_euclid(TILE_CELLS), column.div_euclid(TILE_CELLS));
        let bit = (row.rem_euclid(TILE_CELLS) * TILE_CELLS + column.rem_euclid(TILE_CELLS)) as usize;
        let of_tile = self.numbers.get(&key)?;
        let at = of_tile.binary_search_by_key(&bit, |(bit, _)| *bit).ok()?;
        Some(of_tile[at].1 as usize)
    }

    /// Numbers of the demand cells of a set on the same lattice, ascending.
    pub fn within(&self, cells: &CellSet) -> Vec<u32> {
        let mut within = Vec::new();
        for (key, bits) in cells.tiles() {
            let of_tile = self.numbers.get(key).into_iter().flatten();
            let inside = of_tile.filter(|(bit, _)| bits[bit / 64] >> (bit % 64) & 1 == 1);
            within.extend(inside.map(|(_, number)| *number));
        }
        within
    }

    /// Demand cells by their numbers, as a set.
    pub fn painted(&self, numbers: &[u32], demand: &CellSet) -> CellSet {
        let mut set = CellSet::empty(demand.grid().clone(), demand.lattice());
        for (key, of_tile) in &self.numbers {
            let mut bits: Bits = Box::new([0; 64]);
            for (bit, number) in of_tile {
                if numbers.binary_search(number).is_ok() {
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
            set.insert(*key, &bits);
        }
        set
    }
}

/// Row and column of every set bit.
fn set_bits(rows: &[u64]) -> impl Iterator<Item = (usize, usize)> {
    rows.iter().enumerate().flat_map(|(row, word)| {
        (0..64)
            .filter(move |column| word >> column & 1 == 1)
            .map(move |column| (row, column))
    })
}

#[cfg(test)]
mod tests {
    use survey::geodesy::Wgs84;
    use survey::grid::{GridPoint, WorkingGrid};

    use super::*;

    fn square(lattice: Lattice, west: f64, south: f64, side: f64) -> CellSet {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.5).unwrap()).unwrap();
        let corner = |x: f64, y: f64| GridPoint {
            easting_m: west + x * side,
            northing_m: south + y * side,
        };
        let mut set = CellSet::empty(grid, lattice);
        set.paint(&[vec![
            corner(0.0, 0.0),
            corner(1.0, 0.0),
            corner(1.0, 1.0),
            corner(0.0, 1.0),
        ]]);
        set
    }

    #[test]
    fn ground_counts_as_many_times_as_its_targets_weigh() {
        let demand = square(Lattice::new(200.0), -3000.0, -2000.0, 4000.0);
        let fine = fine_lattice(demand.lattice());
        let weighing = Weighing(vec![
            (5.0, square(fine, -1010.0, 510.0, 300.0)),
            (0.0, square(fine, -2000.0, -1500.0, 1000.0)),
        ]);
        let plain = DemandCells::of(&demand, None);
        assert_eq!(plain.weights, plain.ground_m2);
        let weighed = DemandCells::of(&demand, Some(&weighing));
        let sum = |weights: &[f64]| weights.iter().sum::<f64>();
        let more = 4.0 * weighing.0[0].1.area_m2() - weighing.0[1].1.area_m2();
        let found = sum(&weighed.weights) - sum(&plain.weights);
        assert!((found / more - 1.0).abs() < 1e-3, "{found} {more}");
        assert!(weighed.weights.iter().all(|weight| *weight >= 0.0));
    }

    #[test]
    fn cells_by_number_are_the_cells() {
        let demand = square(Lattice::new(200.0), -900.0, 7000.0, 5000.0);
        let part = square(Lattice::new(200.0), 300.0, 8000.0, 9000.0);
        let cells = DemandCells::of(&demand, None);
        let numbers = cells.within(&part);
        assert!(numbers.is_sorted());
        assert_eq!(cells.painted(&numbers, &demand), demand.intersection(&part));
    }
}
