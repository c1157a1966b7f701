//! A square of lattice cells about a dock as rows of bits: discs, polygons, cones and shadows are runs of cells in a
//! row. Coordinates are metres from the dock on the lattice's axes.

use std::collections::BTreeMap;

use crate::raster::{Bits, Lattice, TILE_CELLS, TileKey};

/// Where a window lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    cell_m: f64,
    /// First row and column of cells.
    first: [i32; 2],
    /// Rows and columns.
    side: usize,
    /// The dock on the lattice's axes, m: along, down.
    dock: [f64; 2],
}

impl Frame {
    /// Holds every cell whose centre is within `radius_m` of the dock, which is given on the lattice's axes.
    pub(super) fn about(lattice: Lattice, dock: [f64; 2], radius_m: f64) -> Self {
        let cell_m = lattice.cell_m();
        let first = [dock[1], dock[0]].map(|at| ((at - radius_m) / cell_m).floor() as i32);
        Self {
            cell_m,
            first,
            side: (2.0 * radius_m / cell_m).ceil() as usize + 2,
            dock,
        }
    }

    /// Rows, and columns.
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// Centre of the first column, m.
    pub(super) fn x(&self, column: usize) -> f64 {
        (f64::from(self.first[1]) + column as f64 + 0.5) * self.cell_m - self.dock[0]
    }

    /// Centre of a row, m.
    pub(super) fn y(&self, row: usize) -> f64 {
        (f64::from(self.first[0]) + row as f64 + 0.5) * self.cell_m - self.dock[1]
    }

    /// Rows whose centres lie in a span.
    fn rows(&self, from_y: f64, to_y: f64) -> std::ops::Range<usize> {
        self.span(from_y, to_y, self.first[0], self.dock[1])
    }

    /// Columns whose centres lie in a span.
    fn columns(&self, from_x: f64, to_x: f64) -> std::ops::Range<usize> {
        self.span(from_x, to_x, self.first[1], self.dock[0])
    }

    fn span(&self, from: f64, to: f64, first: i32, dock: f64) -> std::ops::Range<usize> {
        let index = |at: f64| {
            let cell = ((at + dock) / self.cell_m - 0.5 - f64::from(first)).ceil();
            cell.clamp(0.0, self.side as f64) as usize
        };
        let (start, end) = (index(from), index(to));
        start..end.max(start)
    }

    /// Row and column of the cell that a point lies in, if the window holds it.
    pub(super) fn cell_at(&self, point: [f64; 2]) -> Option<[usize; 2]> {
        let index = |at: f64, dock: f64, first: i32| {
            let cell = ((at + dock) / self.cell_m).floor() - f64::from(first);
            (cell >= 0.0 && cell < self.side as f64).then_some(cell as usize)
        };
        Some([
            index(point[1], self.dock[1], self.first[0])?,
            index(point[0], self.dock[0], self.first[1])?,
        ])
    }
}

/// A straight limit: the points with `a·x + b·y ≥ c`.
#[derive(Debug, Clone, Copy)]
pub(super) struct HalfPlane {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
}

impl HalfPlane {
    /// What lies left of the line through `from` along `direction`, the line included.
    pub(super) fn left_of(from: [f64; 2], direction: [f64; 2]) -> Self {
        let (a, b) = (-direction[1], direction[0]);
        Self {
            a,
            b,
            c: a * from[0] + b * from[1],
        }
    }

    /// Whether a point is inside.
    pub(super) fn holds(&self, point: [f64; 2]) -> bool {
        self.a * point[0] + self.b * point[1] >= self.c
    }

    /// The part of a row inside, as least and greatest x.
    fn cut(&self, y: f64, span: &mut [f64; 2]) {
        let rest = self.c - self.b * y;
        if self.a > 0.0 {
            span[0] = span[0].max(rest / self.a);
        } else if self.a < 0.0 {
            span[1] = span[1].min(rest / self.a);
        } else if rest > 0.0 {
            span[1] = f64::NEG_INFINITY;
        }
    }
}

/// Cells of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    pub(super) frame: Frame,
    words: usize,
    bits: Vec<u64>,
}

impl Cells {
    /// No cell.
    pub(super) fn none(frame: Frame) -> Self {
        let words = frame.side.div_ceil(64);
        Self {
            frame,
            words,
            bits: vec![0; words * frame.side],
        }
    }

    /// The cells whose centres are within `radius_m` of the dock.
    pub(super) fn disc(frame: Frame, radius_m: f64) -> Self {
        let mut cells = Self::none(frame);
        for row in frame.rows(-radius_m, radius_m) {
            let y = frame.y(row);
            let half = (radius_m * radius_m - y * y).max(0.0).sqrt();
            cells.set_run(row, -half, half);
        }
        cells
    }

    /// Adds the cells of a row whose centres lie from one x to another.
    pub(super) fn set_run(&mut self, row: usize, from_x: f64, to_x: f64) {
        self.run(row, self.frame.columns(from_x, to_x), |word, mask| *word |= mask);
    }

    /// Takes the cells inside all limits out; only rows from `from_y` to `to_y` are looked at.
    pub(super) fn clear_within(&mut self, limits: &[HalfPlane; 3], from_y: f64, to_y: f64) {
        for row in self.frame.rows(from_y, to_y) {
            let y = self.frame.y(row);
            let mut span = [f64::NEG_INFINITY, f64::INFINITY];
            limits.iter().for_each(|limit| limit.cut(y, &mut span));
            if span[0] < span[1] {
                self.run(row, self.frame.columns(span[0], span[1]), |word, mask| {
                    *word &= !mask
                });
            }
        }
    }

    /// From below the first row that has cells to above the last; `None` without cells.
    pub(super) fn span_y(&self) -> Option<[f64; 2]> {
        let first = self.bits.iter().position(|word| *word != 0)? / self.words;
        let last = self.bits.iter().rposition(|word| *word != 0)? / self.words;
        let half_m = self.frame.cell_m / 2.0;
        Some([self.frame.y(first) - half_m, self.frame.y(last) + half_m])
    }

    /// Keeps only the cells inside all limits, in one span a row.
    pub(super) fn keep_within(&mut self, limits: &[HalfPlane]) {
        for row in 0..self.frame.side {
            let y = self.frame.y(row);
            let mut span = [f64::NEG_INFINITY, f64::INFINITY];
            limits.iter().for_each(|limit| limit.cut(y, &mut span));
            let kept = self.frame.columns(span[0], span[1]);
            self.run(row, 0..kept.start, |word, mask| *word &= !mask);
            self.run(row, kept.end..self.frame.side, |word, mask| *word &= !mask);
        }
    }

    fn run(&mut self, row: usize, columns: std::ops::Range<usize>, change: impl Fn(&mut u64, u64)) {
        if columns.is_empty() {
            return;
        }
        let (first, last) = (columns.start / 64, (columns.end - 1) / 64);
        for word in first..=last {
            let from = columns.start.max(word * 64) - word * 64;
            let to = columns.end.min((word + 1) * 64) - word * 64;
            let mask = (u64::MAX >> (64 - (to - from))) << from;
            change(&mut self.bits[row * self.words + word], mask);
        }
    }

    /// Takes out what another set of the same frame has.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.bits
            .iter_mut()
            .zip(&other.bits)
            .for_each(|(own, others)| *own &= !others);
    }

    /// Whether a cell is in.
    pub(super) fn has(&self, row: usize, column: usize) -> bool {
        self.bits[row * self.words + column / 64] >> (column % 64) & 1 == 1
    }

    /// Takes a cell out.
    pub(super) fn remove(&mut self, row: usize, column: usize) {
        self.bits[row * self.words + column / 64] &= !(1 << (column % 64));
    }

    /// Every cell, by row and column.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.bits.iter().enumerate().flat_map(|(at, word)| {
            let (row, first) = (at / self.words, at % self.words * 64);
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some((row, first + bit))
            })
        })
    }

    /// A value for every cell of the window; 0 for those that are not in.
    pub(super) fn values(&self, of: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        let mut values = vec![0.0; self.frame.side * self.frame.side];
        for (row, column) in self.iter() {
            values[row * self.frame.side + column] = of(row, column);
        }
        values
    }

    /// The cells inside rings (even-odd); `inverted`: those outside instead.
    pub(super) fn inside(frame: Frame, edges: &[[[f64; 2]; 2]], inverted: bool) -> Self {
        let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); frame.side];
        for [a, b] in edges {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            let slope = (high[0] - low[0]) / (high[1] - low[1]);
            for row in frame.rows(low[1], high[1]) {
                crossings[row].push(low[0] + (frame.y(row) - low[1]) * slope);
            }
        }
        let mut cells = Self::none(frame);
        for (row, xs) in crossings.iter_mut().enumerate() {
            xs.sort_unstable_by(f64::total_cmp);
            if inverted {
                xs.insert(0, f64::NEG_INFINITY);
                xs.push(f64::INFINITY);
            }
            for [from, to] in xs.as_chunks::<2>().0 {
                cells.set_run(row, *from, *to);
            }
        }
        cells
    }

    /// The cells as tiles of the lattice.
    pub(super) fn tiles(&self) -> BTreeMap<TileKey, Bits> {
        let mut tiles: BTreeMap<TileKey, Bits> = BTreeMap::new();
        for (row, column) in self.iter() {
            let [row, column] = [
                self.frame.first[0] + row as i32,
                self.frame.first[1] + column as i32,
            ];
            let key = (row.div_euclid(TILE_CELLS), column.div_euclid(TILE_CELLS));
            let bits = tiles.entry(key).or_insert_with(|| Box::new([0; 64]));
            bits[row.rem_euclid(TILE_CELLS) as usize] |= 1 << column.rem_euclid(TILE_CELLS);
        }
        tiles
    }
}
