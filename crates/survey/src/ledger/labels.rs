//! Which town a cell lies in and whether it is flyable, with the exact areas of both.

use std::collections::HashMap;

use super::frames::Fixed;
use super::query::Share;
use crate::area::Layer;
use crate::cells::CellSet;
use crate::grid::{GridError, WorkingGrid};
use crate::raster::{Bits, Lattice, TileKey};

/// Towns and the flyable area as cells, with their exact areas. A cell belongs to the first town that has its sample point.
#[derive(Debug, Clone)]
pub struct Labels {
    grid: WorkingGrid,
    lattice: Lattice,
    towns: Vec<Town>,
    /// Size of the flyable area, where there is such a layer.
    flyable: Option<Size>,
    tiles: HashMap<TileKey, TileLabels, Fixed>,
}

#[derive(Debug, Clone)]
struct Town {
    name: String,
    whole: Size,
    flyable: Size,
}

/// The exact size of an area, m², and the true area of its cells, mm².
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    exact_m2: f64,
    cells_mm2: u64,
}

impl Size {
    pub fn new(exact_m2: f64, cells_mm2: u64) -> Self {
        Self { exact_m2, cells_mm2 }
    }

    /// Imaged ground out of the area. Cells along the edge are on the whole right by chance only: scaled to the exact
    /// area, they can fill it and no more.
    pub fn share(self, imaged_mm2: u64) -> Share {
        let filled = if self.cells_mm2 == 0 {
            0.0
        } else {
            imaged_mm2 as f64 / self.cells_mm2 as f64
        };
        Share {
            imaged_m2: filled * self.exact_m2,
            area_m2: self.exact_m2,
        }
    }
}

/// A label row is twice the town's number, counted from 1, plus 1 where flyable; row 0 is ground without a label.
pub(super) type LabelRow = u32;

/// The label rows of one tile's cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TileLabels {
    /// All cells have one.
    One(LabelRow),
    /// Each cell is in exactly one of the parts.
    Parts(Box<[(LabelRow, Bits)]>),
}

impl TileLabels {
    /// The label row of a cell, counted row by row.
    pub fn of_cell(&self, cell: usize) -> LabelRow {
        match self {
            Self::One(row) => *row,
            Self::Parts(parts) => parts
                .iter()
                .find(|(_, bits)| bits[cell / 64] >> (cell % 64) & 1 == 1)
                .map_or(0, |(row, _)| *row),
        }
    }

    /// Calls `part` with each label row and its cells.
    pub fn for_parts(&self, mut part: impl FnMut(LabelRow, &[u64; 64])) {
        match self {
            Self::One(row) => part(*row, &[u64::MAX; 64]),
            Self::Parts(parts) => parts.iter().for_each(|(row, bits)| part(*row, bits)),
        }
    }

    /// Calls `part` with each label row that has some of `cells` of one row of the tile, and which.
    pub fn for_row(&self, row: usize, cells: u64, mut part: impl FnMut(LabelRow, u64)) {
        match self {
            _ if cells == 0 => {}
            Self::One(label) => part(*label, cells),
            Self::Parts(parts) => {
                for (label, bits) in parts {
                    let both = bits[row] & cells;
                    if both != 0 {
                        part(*label, both);
                    }
                }
            }
        }
    }

    /// Calls `part` with each label row that has some of `cells`, and how many.
    pub fn count(&self, cells: &[u64; 64], mut part: impl FnMut(LabelRow, u64)) {
        match self {
            Self::One(row) => part(*row, cells.iter().map(|word| u64::from(word.count_ones())).sum()),
            Self::Parts(parts) => parts.iter().for_each(|(row, bits)| {
                let both = bits
                    .iter()
                    .zip(cells)
                    .map(|(a, b)| u64::from((a & b).count_ones()));
                part(*row, both.sum());
            }),
        }
    }
}

impl Labels {
    /// Paints the labels for a ledger of this grid and lattice: `towns` in the order that figures will have, `flyable`
    /// where there is such a layer. Exact areas come from the polygons, also those of the flyable part of each town.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn new(
        grid: &WorkingGrid,
        lattice: Lattice,
        towns: &[Layer],
        flyable: Option<&Layer>,
    ) -> Result<Self, GridError> {
        let mut parts: HashMap<TileKey, Vec<(LabelRow, Bits)>, Fixed> = HashMap::default();
        let paint = |layer: &Layer| CellSet::of_polygons(grid.clone(), lattice, &layer.polygons);
        for (index, town) in towns.iter().enumerate() {
            let row = 2 * (index as LabelRow + 1);
            for (key, bits) in paint(town)?.tiles() {
                take_cells(
                    parts.entry(*key).or_insert_with(unlabelled),
                    bits,
                    |_| row,
                    |row| row == 0,
                );
            }
        }
        if let Some(flyable) = flyable {
            for (key, bits) in paint(flyable)?.tiles() {
                take_cells(
                    parts.entry(*key).or_insert_with(unlabelled),
                    bits,
                    |row| row | 1,
                    |row| row & 1 == 0,
                );
            }
        }
        let tiles = parts
            .into_iter()
            .map(|(key, parts)| (key, joined(parts)))
            .collect();
        let mut labels = Self {
            grid: grid.clone(),
            lattice,
            towns: Vec::with_capacity(towns.len()),
            flyable: None,
            tiles,
        };
        labels.measure(towns, flyable)?;
        Ok(labels)
    }

    /// No town and no flyable layer.
    pub(super) fn none(grid: &WorkingGrid, lattice: Lattice) -> Self {
        Self {
            grid: grid.clone(),
            lattice,
            towns: Vec::new(),
            flyable: None,
            tiles: HashMap::default(),
        }
    }

    fn measure(&mut self, towns: &[Layer], flyable: Option<&Layer>) -> Result<(), GridError> {
        let mut cells_mm2 = vec![0; 2 * (towns.len() + 1)];
        for (key, labels) in &self.tiles {
            let cell_mm2 = cell_mm2(&self.grid, self.lattice, *key);
            labels.count(&[u64::MAX; 64], |row, cells| {
                cells_mm2[row as usize] += cells * cell_mm2
            });
        }
        let flyable_m2 = flyable.map(|layer| layer.area_m2(&self.grid)).transpose()?;
        self.flyable = flyable_m2.map(|exact_m2| Size {
            exact_m2,
            cells_mm2: cells_mm2.iter().skip(1).step_by(2).sum(),
        });
        for (town, cells) in towns.iter().zip(cells_mm2.chunks_exact(2).skip(1)) {
            let exact_m2 = town.area_m2(&self.grid)?;
            let mut both_m2 = 0.0;
            if let (Some(flyable), Some(flyable_m2)) = (flyable, flyable_m2) {
                // |A ∩ B| = |A| + |B| − |A ∪ B|.
                let either = Layer {
                    polygons: [town.polygons.as_slice(), &flyable.polygons].concat(),
                    ..flyable.clone()
                };
                both_m2 = (exact_m2 + flyable_m2 - either.area_m2(&self.grid)?).max(0.0);
            }
            self.towns.push(Town {
                name: town.name.clone(),
                whole: Size {
                    exact_m2,
                    cells_mm2: cells[0] + cells[1],
                },
                flyable: Size {
                    exact_m2: both_m2,
                    cells_mm2: cells[1],
                },
            });
        }
        Ok(())
    }

    /// The towns' names.
    pub fn towns(&self) -> impl Iterator<Item = &str> {
        self.towns.iter().map(|town| town.name.as_str())
    }

    /// Whether there is a flyable layer.
    #[must_use]
    pub fn has_flyable(&self) -> bool {
        self.flyable.is_some()
    }

    pub(super) fn fit(&self, grid: &WorkingGrid, lattice: Lattice) -> bool {
        self.grid == *grid && self.lattice == lattice
    }

    pub(super) fn rows(&self) -> usize {
        2 * (self.towns.len() + 1)
    }

    pub(super) fn of_tile(&self, key: TileKey) -> TileLabels {
        self.tiles.get(&key).cloned().unwrap_or(TileLabels::One(0))
    }

    /// The label row of a cell of a tile.
    pub(super) fn of_cell(&self, key: TileKey, cell: usize) -> LabelRow {
        self.tiles.get(&key).map_or(0, |labels| labels.of_cell(cell))
    }

    pub(super) fn flyable(&self) -> Option<Size> {
        self.flyable
    }

    /// All towns together.
    pub(super) fn all_towns(&self) -> Size {
        let sum = |size: Size, town: &Town| Size {
            exact_m2: size.exact_m2 + town.whole.exact_m2,
            cells_mm2: size.cells_mm2 + town.whole.cells_mm2,
        };
        self.towns.iter().fold(Size::default(), sum)
    }

    /// Name, whole size and flyable size of each town.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&str, Size, Size)> {
        self.towns
            .iter()
            .map(|town| (town.name.as_str(), town.whole, town.flyable))
    }
}

/// True area of one cell of a tile, mm².
pub(super) fn cell_mm2(grid: &WorkingGrid, lattice: Lattice, key: TileKey) -> u64 {
    (lattice.cell_m2() / grid.areal_scale(lattice.tile_centre(key)) * 1e6).round() as u64
}

fn unlabelled() -> Vec<(LabelRow, Bits)> {
    vec![(0, Box::new([u64::MAX; 64]))]
}

/// Moves those of `cells` that lie in parts which `open` lets go into the parts that `to` names.
fn take_cells(
    parts: &mut Vec<(LabelRow, Bits)>,
    cells: &Bits,
    to: impl Fn(LabelRow) -> LabelRow,
    open: impl Fn(LabelRow) -> bool,
) {
    for index in 0..parts.len() {
        let row = parts[index].0;
        if !open(row) {
            continue;
        }
        let mut taken: Bits = Box::new([0; 64]);
        for ((left, taken), cells) in parts[index].1.iter_mut().zip(taken.iter_mut()).zip(cells.iter()) {
            *taken = *left & cells;
            *left &= !cells;
        }
        match parts.iter_mut().find(|(row_of, _)| *row_of == to(row)) {
            Some((_, bits)) => crate::raster::merge_into(bits, &taken),
            None => parts.push((to(row), taken)),
        }
    }
}

fn joined(mut parts: Vec<(LabelRow, Bits)>) -> TileLabels {
    parts.retain(|(_, bits)| bits.iter().any(|word| *word != 0));
    parts.sort_unstable_by_key(|(row, _)| *row);
    match parts.as_slice() {
        [(row, _)] => TileLabels::One(*row),
        _ => TileLabels::Parts(parts.into_boxed_slice()),
    }
}
