//! The lattice of ground cells: polygons to bits, in tiles of 64 × 64 cells.

use std::collections::BTreeMap;

use crate::grid::GridPoint;

mod convex;
mod painter;

pub(crate) use painter::{Painter, Span, push_bits, push_span, sample_point};

/// Row and column of a tile, in tiles from the grid's origin.
pub type TileKey = (i32, i32);
/// One tile's cells: a word per row, a bit per column.
pub type Bits = Box<[u64; 64]>;

/// Cells along a tile's side.
pub const TILE_CELLS: i32 = 64;
/// The lattice is turned against the grid by atan(0.382): outlines tend to follow meridians and parallels, and an edge
/// that is not in step with the cells is measured best.
const TURN_SIN: f64 = 0.356_849_798_007_271_46;
const TURN_COS: f64 = 0.934_161_774_888_145_1;

/// Square cells over the working grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    cell_m: f64,
}

impl Lattice {
    /// Cells of `cell_m` metres.
    #[must_use]
    pub fn new(cell_m: f64) -> Self {
        Self { cell_m }
    }

    /// Side of a cell, m.
    #[must_use]
    pub fn cell_m(self) -> f64 {
        self.cell_m
    }

    /// Area of a cell on the grid, m².
    #[must_use]
    pub fn cell_m2(self) -> f64 {
        self.cell_m * self.cell_m
    }

    /// The grid point in the middle of a tile.
    #[must_use]
    pub fn tile_centre(self, key: TileKey) -> GridPoint {
        let middle = |tile: i32| (f64::from(tile) + 0.5) * f64::from(TILE_CELLS);
        self.point([middle(key.1), middle(key.0)])
    }

    /// The grid point at a column and row, in cells; whole numbers are corners of cells.
    #[must_use]
    pub fn point(self, [column, row]: [f64; 2]) -> GridPoint {
        let (down, along) = (row * self.cell_m, column * self.cell_m);
        GridPoint {
            easting_m: TURN_COS * along - TURN_SIN * down,
            northing_m: TURN_SIN * along + TURN_COS * down,
        }
    }

    /// The cells whose sample points lie inside the rings (even-odd, so that holes may run either way), each tile
    /// once, in order of its key.
    #[must_use]
    pub fn paint(self, rings: &[Vec<GridPoint>]) -> Vec<(TileKey, Bits)> {
        let in_cells = |ring: &Vec<GridPoint>| ring.iter().map(|point| self.in_cells(*point)).collect();
        let in_cells: Vec<Vec<[f64; 2]>> = rings.iter().map(in_cells).collect();
        let mut spans = Vec::new();
        Painter::default().paint(&in_cells, &mut spans);
        let mut canvas = Canvas {
            band: 0,
            row_of_tiles: BTreeMap::new(),
            done: Vec::new(),
        };
        for span in spans {
            canvas.paint_run(span.row, span.from, span.to);
        }
        canvas.finish_band();
        canvas.done
    }

    /// Column and row of a grid point, in cells.
    #[must_use]
    pub fn in_cells(self, point: GridPoint) -> [f64; 2] {
        self.on_axes(point).map(|m| m / self.cell_m)
    }

    /// A grid point on the lattice's own axes, m: along the rows, and across them. The same for every size of cell.
    #[must_use]
    pub fn on_axes(self, point: GridPoint) -> [f64; 2] {
        let GridPoint {
            easting_m,
            northing_m,
        } = point;
        [
            TURN_COS * easting_m + TURN_SIN * northing_m,
            TURN_COS * northing_m - TURN_SIN * easting_m,
        ]
    }

    /// The grid point in the middle of the cell of a row and column, counted from the grid's origin.
    #[must_use]
    pub fn cell_centre(self, row: i32, column: i32) -> GridPoint {
        self.point([column, row].map(|cell| f64::from(cell) + 0.5))
    }
}

/// Adds one tile's cells to another's.
pub fn merge_into(sum: &mut Bits, more: &Bits) {
    sum.iter_mut().zip(more.iter()).for_each(|(row, add)| *row |= add);
}

/// How many cells are set in both.
#[must_use]
pub fn overlap_cells(a: &Bits, b: &Bits) -> u32 {
    a.iter()
        .zip(b.iter())
        .map(|(left, right)| (left & right).count_ones())
        .sum()
}

/// Takes runs of cells row by row and hands out finished tiles.
struct Canvas {
    /// Row of tiles being painted.
    band: i32,
    /// Its tiles by column.
    row_of_tiles: BTreeMap<i32, Bits>,
    done: Vec<(TileKey, Bits)>,
}

impl Canvas {
    /// Sets the cells `first..end` of one row; rows come in ascending order.
    fn paint_run(&mut self, row: i32, first: i32, end: i32) {
        let band = row.div_euclid(TILE_CELLS);
        if band != self.band {
            self.finish_band();
            self.band = band;
        }
        let mut column = first;
        while column < end {
            let tile = column.div_euclid(TILE_CELLS);
            let width = end.min((tile + 1) * TILE_CELLS) - column;
            let run = if width == TILE_CELLS {
                u64::MAX
            } else {
                ((1_u64 << width) - 1) << column.rem_euclid(TILE_CELLS)
            };
            let bits = self.row_of_tiles.entry(tile).or_insert_with(|| Box::new([0; 64]));
            bits[row.rem_euclid(TILE_CELLS) as usize] |= run;
            column += width;
        }
    }

    fn finish_band(&mut self) {
        let band = self.band;
        self.done.extend(
            std::mem::take(&mut self.row_of_tiles)
                .into_iter()
                .map(|(tile, bits)| ((band, tile), bits)),
        );
    }
}
