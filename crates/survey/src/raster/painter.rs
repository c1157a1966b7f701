//! Polygons to cells, row by row.
//!
//! A cell belongs to a polygon when its **sample point** lies inside. Sample points are not the centres: a straight
//! edge that runs along the rows or columns would round the same way for its whole length, and one flight's strips in
//! step with the lattice were enough to put a town of 4 km² wrong by 0.03 percentage points. Each row's points are
//! shifted along it, each column's across it, in steps near the golden ratio, so that the points beside any edge fill
//! the cell evenly: van der Corput's idea in two directions (Niederreiter 1992, ch. 3).

use super::TILE_CELLS;
use super::convex::ConvexPainter;

/// Columns `from..to` of one row of the lattice. A polygon's spans are in order of row and column; spans of one row do
/// not touch, so that one set of cells has one list of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub row: i32,
    pub from: i32,
    pub to: i32,
}

/// Where in the cell the sample point lies, by row for columns and by column for rows: each of 64 places once in 64
/// steps of 39/64, which is as near to the golden ratio as odd 64ths come.
const OFFSETS: [f64; WORD as usize] = {
    let mut offsets = [0.0; WORD as usize];
    let mut index = 0;
    while index < offsets.len() {
        offsets[index] = (place(index) as f64 + 0.5) / WORD as f64;
        index += 1;
    }
    offsets
};

/// Of the columns of a word, those whose sample points lie in the places from an index on.
const FROM_PLACE: [u64; WORD as usize + 1] = {
    let mut masks = [0; WORD as usize + 1];
    let mut index = 0;
    while index < WORD as usize {
        let mut from = 0;
        while from <= place(index) {
            masks[from] |= 1 << index;
            from += 1;
        }
        index += 1;
    }
    masks
};

/// Columns of a word, rows of a band: those of a tile.
pub(super) const WORD: i32 = TILE_CELLS;

const fn place(index: usize) -> usize {
    index * 39 % WORD as usize
}

/// How far a row's sample points are shifted along it, a column's across it, in cells.
fn offset(index: i32) -> f64 {
    OFFSETS[(index & (WORD - 1)) as usize]
}

/// The same in steps of 2⁻³² cell.
pub(super) fn offset_fixed(index: i32) -> i64 {
    (2 * place((index & (WORD - 1)) as usize) as i64 + 1) << 25
}

/// The sample point of a cell, in columns and rows.
pub(crate) fn sample_point(row: i32, column: i32) -> [f64; 2] {
    [f64::from(column) + offset(row), f64::from(row) + offset(column)]
}

/// Paints rings; keeps its working memory between polygons.
#[derive(Debug, Clone, Default)]
pub(crate) struct Painter {
    convex: ConvexPainter,
    /// By their first rows.
    edges: Vec<Edge>,
    /// Those of `edges` that reach into the band and were met before it.
    open: Vec<Edge>,
    /// The band's rows, word by word from `base` on.
    band: Vec<Word>,
}

/// A straight piece of a ring, upwards; level ones tell nothing.
#[derive(Debug, Clone, Copy)]
struct Edge {
    low: [f64; 2],
    high: [f64; 2],
    /// Columns per row.
    slope: f64,
    first_row: i32,
    last_row: i32,
}

/// 64 cells of a row: those that an odd number of edges lies left of.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    /// Of the edges that pass through the word.
    here: u64,
    /// Of the edges that lie left of this word and not of the one before; they lie left of all that follow, too.
    onwards: u64,
}

impl Edge {
    fn new(a: [f64; 2], b: [f64; 2]) -> Option<Self> {
        let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
        (low[1] < high[1]).then(|| Self {
            low,
            high,
            slope: (high[0] - low[0]) / (high[1] - low[1]),
            first_row: floor(low[1]),
            last_row: floor(high[1]),
        })
    }

    /// Turns over the cells right of the edge in those of its own rows that the band has; `top` is the band's first row,
    /// and it has `width` words a row from column `base` on.
    fn mark(&self, top: i32, base: i32, width: usize, band: &mut [Word]) {
        let rows = (band.len() / width) as i32;
        let (from, to) = (self.first_row.max(top), self.last_row.min(top + rows - 1));
        let mut below = if from == self.first_row {
            self.low[0]
        } else {
            self.column_at(f64::from(from))
        };
        let lines = band.chunks_exact_mut(width).skip((from - top) as usize);
        for (row, words) in (from..=to).zip(lines) {
            let bottom = f64::from(row);
            let above = if row == self.last_row {
                self.high[0]
            } else {
                self.column_at(bottom + 1.0)
            };
            let mut beside = u64::MAX;
            if row == self.first_row {
                beside &= FROM_PLACE[first_place(self.low[1] - bottom)];
            }
            if row == self.last_row {
                beside &= !FROM_PLACE[first_place(self.high[1] - bottom)];
            }
            let (west, east) = if self.slope < 0.0 {
                (above, below)
            } else {
                (below, above)
            };
            // Where the edge would be if the row's points were the cells' western corners.
            let edge = self.low[0] + (bottom - self.low[1]) * self.slope - offset(row);
            let is_right = |column: i32| u64::from(f64::from(column) >= edge + offset(column) * self.slope);
            let (mut left, right) = (floor(west), floor(east));
            while right - left >= WORD {
                let bits = (0..WORD).fold(0, |bits, next| bits | is_right(left + next) << next);
                turn_over(words, left - base, bits, beside);
                left += WORD;
            }
            // Looking at a cell more than the edge passes through changes nothing, and a fixed number is quick.
            let bits = if right - left < 3 {
                is_right(left) | is_right(left + 1) << 1 | is_right(left + 2) << 2 | u64::MAX << 3
            } else {
                let looked_at = (0..=right - left).fold(0, |bits, next| bits | is_right(left + next) << next);
                looked_at | (u64::MAX << (right - left)) << 1
            };
            turn_over(words, left - base, bits, beside);
            turn_over_from(words, left - base + WORD, beside);
            below = above;
        }
    }

    /// The column at a row, between the ends: rounding must not carry it beyond them.
    fn column_at(&self, row: f64) -> f64 {
        let column = self.low[0] + (row - self.low[1]) * self.slope;
        let (west, east) = if self.slope < 0.0 {
            (self.high[0], self.low[0])
        } else {
            (self.low[0], self.high[0])
        };
        column.max(west).min(east)
    }
}

/// Turns over 64 cells from `at` on, as `bits` say, where `beside` has their columns.
fn turn_over(words: &mut [Word], at: i32, bits: u64, beside: u64) {
    let (word, step) = ((at / WORD) as usize, (at % WORD) as u32);
    words[word].here ^= bits << step & beside;
    words[word + 1].here ^= bits.unbounded_shr(64 - step) & beside;
}

/// Turns over all cells from `at` on.
fn turn_over_from(words: &mut [Word], at: i32, beside: u64) {
    let (word, step) = ((at / WORD) as usize, (at % WORD) as u32);
    words[word].onwards ^= beside;
    words[word].here ^= !(u64::MAX << step) & beside;
}

/// Index of the first place that is not below `share` of a cell.
fn first_place(share: f64) -> usize {
    (-floor(0.5 - share * f64::from(WORD))).clamp(0, WORD) as usize
}

impl Painter {
    /// The cells whose sample points lie inside the rings (even-odd, so that holes may run either way), of corners in
    /// columns and rows.
    /// A convex ring of up to four corners is painted by [`ConvexPainter`], whose edges have points of their own.
    pub fn paint(&mut self, rings: &[Vec<[f64; 2]>], spans: &mut Vec<Span>) {
        spans.clear();
        if let [ring] = rings
            && self.convex.paint(ring, spans)
        {
            return;
        }
        self.paint_any(rings, spans);
    }

    fn paint_any(&mut self, rings: &[Vec<[f64; 2]>], spans: &mut Vec<Span>) {
        self.edges.clear();
        self.open.clear();
        let (mut west, mut east) = (f64::MAX, f64::MIN);
        for ring in rings {
            let before = ring.last().into_iter().chain(ring);
            self.edges
                .extend(before.zip(ring).filter_map(|(a, b)| Edge::new(*a, *b)));
            for corner in ring {
                (west, east) = (west.min(corner[0]), east.max(corner[0]));
            }
        }
        if self.edges.is_empty() {
            return;
        }
        self.edges.sort_unstable_by_key(|edge| edge.first_row);
        let base = floor(west).div_euclid(WORD) * WORD;
        let width = ((floor(east) - base) / WORD) as usize + 3;
        let mut next = 0;
        while let Some(edge) = self.edges.get(next) {
            let mut top = edge.first_row;
            loop {
                self.gather(&mut next, top);
                if self.open.is_empty() {
                    break;
                }
                self.paint_band(top, base, width, spans);
                top += WORD;
            }
        }
    }

    /// Brings the edges that reach into the band from `top` on into `open`.
    fn gather(&mut self, next: &mut usize, top: i32) {
        self.open.retain(|edge| edge.last_row >= top);
        let new = self.edges[*next..]
            .iter()
            .take_while(|edge| edge.first_row < top + WORD);
        self.open.extend(new);
        *next += self.edges[*next..].partition_point(|edge| edge.first_row < top + WORD);
    }

    fn paint_band(&mut self, top: i32, base: i32, width: usize, spans: &mut Vec<Span>) {
        let last = self
            .open
            .iter()
            .map(|edge| edge.last_row)
            .max()
            .unwrap_or(top)
            .min(top + WORD - 1);
        self.band.clear();
        self.band
            .resize((last - top + 1) as usize * width, Word::default());
        for edge in &self.open {
            edge.mark(top, base, width, &mut self.band);
        }
        for (row, words) in (top..).zip(self.band.chunks_exact(width)) {
            let mut left_of_all = 0;
            for (column, word) in (base..).step_by(WORD as usize).zip(words) {
                left_of_all ^= word.onwards;
                push_bits(spans, row, column, word.here ^ left_of_all);
            }
        }
    }
}

/// Adds the cells that `bits` stand for, from a column on.
pub(crate) fn push_bits(spans: &mut Vec<Span>, row: i32, column: i32, mut bits: u64) {
    while bits != 0 {
        let from = bits.trailing_zeros();
        let width = (bits >> from).trailing_ones();
        bits &= u64::MAX.checked_shl(from + width).unwrap_or(0);
        let from = column + from as i32;
        push_span(
            spans,
            Span {
                row,
                from,
                to: from + width as i32,
            },
        );
    }
}

/// Adds a span behind the others; touching ones are joined.
pub(crate) fn push_span(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last) if last.row == span.row && span.from <= last.to => last.to = last.to.max(span.to),
        _ => spans.push(span),
    }
}

/// `f64::floor` is a call on plain x86-64; two conversions are not.
pub(super) fn floor(value: f64) -> i32 {
    let cut = value as i32;
    cut - i32::from(f64::from(cut) > value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(rings: &[Vec<[f64; 2]>]) -> Vec<[i32; 2]> {
        let mut spans = Vec::new();
        Painter::default().paint_any(rings, &mut spans);
        for [one, next] in spans.array_windows() {
            assert!(
                (one.row, one.to) < (next.row, next.from),
                "{one:?} and {next:?} touch or are out of order"
            );
        }
        spans
            .iter()
            .flat_map(|span| (span.from..span.to).map(|column| [span.row, column]))
            .collect()
    }

    /// Even-odd by the crossings of a ray to the right, over all edges.
    fn is_inside(rings: &[Vec<[f64; 2]>], [x, y]: [f64; 2]) -> bool {
        let edges = rings
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
        let crossed = edges.filter(|(a, b)| {
            (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        });
        crossed.count() % 2 == 1
    }

    fn is_on_an_edge(rings: &[Vec<[f64; 2]>], [x, y]: [f64; 2]) -> bool {
        let mut edges = rings
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
        edges.any(|(a, b)| {
            let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
            (dx * (y - a[1]) - dy * (x - a[0])).abs() < 1e-9 * dx.hypot(dy)
        })
    }

    prop_compose! {
        /// Corners anywhere, and some on the lines between cells.
        fn corner()(x in -30.0..30.0_f64, y in -30.0..30.0_f64, snap in 0..4_u8) -> [f64; 2] {
            [if snap & 1 == 1 { x.round() } else { x }, if snap & 2 == 2 { y.round() } else { y }]
        }
    }

    proptest! {
        #[test]
        fn a_cell_is_painted_when_its_sample_point_is_inside(
            rings in prop::collection::vec(prop::collection::vec(corner(), 3..9), 1..4),
        ) {
            let painted = cells(&rings);
            for [row, column] in (-32..32).flat_map(|row| (-32..32).map(move |column| [row, column])) {
                let point = sample_point(row, column);
                let is_painted = painted.binary_search(&[row, column]).is_ok();
                // On an edge, rounding decides.
                prop_assert!(is_painted == is_inside(&rings, point) || is_on_an_edge(&rings, point), "{row} {column}");
            }
        }
    }

    #[test]
    fn an_edge_along_the_cells_does_not_round_one_way() {
        for across in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let level = vec![
                [0.0, 0.0],
                [640.0, 0.0],
                [640.0, 10.0 + across],
                [0.0, 10.0 + across],
            ];
            let upright = level.iter().map(|[x, y]| [*y, *x]).collect();
            for ring in [level, upright] {
                let off = cells(&[ring]).len() as f64 - 640.0 * (10.0 + across);
                assert!(off.abs() <= 640.0 / 64.0, "{off} cells of 640 along the edge");
            }
        }
    }
}
