//! The quick way for what nearly every photo shows: a convex ring of three or four corners.

use super::painter::{Span, WORD, floor, offset_fixed, push_bits};

/// Widest ring, columns.
const WIDEST: usize = u128::BITS as usize;

/// Paints convex rings; keeps its working memory between them.
#[derive(Debug, Clone, Default)]
pub(super) struct ConvexPainter {
    rows: Vec<Row>,
    columns: Vec<[i32; 2]>,
}

/// What the steep edges leave of a row, in columns from the first; columns that begin or end here by the level edges.
#[derive(Debug, Clone, Copy)]
struct Row {
    from: i32,
    to: i32,
    turns: u128,
}

impl ConvexPainter {
    /// The cells on the inner side of every edge. An edge asks a point of the cell of its own: a steep one the row's
    /// point at half height, a level one the column's at half width. So each edge's points fill the cell evenly along
    /// it, and no other direction has to be reckoned with. Returns whether the ring was one that this can paint.
    pub fn paint(&mut self, ring: &[[f64; 2]], spans: &mut Vec<Span>) -> bool {
        let Some(is_left_turning) = turns_left(ring) else {
            return false;
        };
        let ([west, south], [east, north]) = extent(ring);
        let (first, left) = (floor(south), floor(west));
        let (height, width) = (
            (floor(north) - first + 1) as usize,
            (floor(east) - left + 1) as usize,
        );
        if width > WIDEST {
            return false;
        }
        self.rows.clear();
        self.rows.resize(
            height,
            Row {
                from: 0,
                to: width as i32,
                turns: 0,
            },
        );
        self.columns.clear();
        self.columns.resize(width, [0, height as i32]);
        let mut before = ring[ring.len() - 1];
        for corner in ring {
            let (from, to) = if is_left_turning {
                (before, *corner)
            } else {
                (*corner, before)
            };
            let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
            let corner_here = [from[0] - f64::from(left), from[1] - f64::from(first)];
            if dy.abs() >= dx.abs() {
                self.steep(first, corner_here, dx / dy, dy > 0.0);
            } else {
                self.level(left, corner_here, dy / dx, dx > 0.0);
            }
            before = *corner;
        }
        self.finish(first, left, spans);
        true
    }

    /// Inside is left of an edge that goes up.
    fn steep(&mut self, first: i32, [x, y]: [f64; 2], slope: f64, is_upwards: bool) {
        let (mut edge, step) = (fixed(x + (0.5 - y) * slope), fixed(slope));
        for (row, number) in self.rows.iter_mut().zip(first..) {
            let column = column_after(edge - offset_fixed(number));
            if is_upwards {
                row.to = row.to.min(column);
            } else {
                row.from = row.from.max(column);
            }
            edge += step;
        }
    }

    /// Inside is above an edge that goes east.
    fn level(&mut self, left: i32, [x, y]: [f64; 2], slope: f64, is_eastwards: bool) {
        let (mut edge, step) = (fixed(y + (0.5 - x) * slope), fixed(slope));
        for ([from, to], number) in self.columns.iter_mut().zip(left..) {
            let row = column_after(edge - offset_fixed(number));
            if is_eastwards {
                *from = row.max(*from);
            } else {
                *to = row.min(*to);
            }
            edge += step;
        }
    }

    fn finish(&mut self, first: i32, left: i32, spans: &mut Vec<Span>) {
        for (index, [from, to]) in self.columns.iter().enumerate() {
            if from < to {
                self.rows[*from as usize].turns ^= 1 << index;
                if let Some(row) = self.rows.get_mut(*to as usize) {
                    row.turns ^= 1 << index;
                }
            }
        }
        let mut open = 0;
        for (row, number) in self.rows.iter().zip(first..) {
            open ^= row.turns;
            let beyond = |column: i32| u128::MAX.unbounded_shl(column.max(0) as u32);
            let bits = open & beyond(row.from) & !beyond(row.to);
            push_bits(spans, number, left, bits as u64);
            push_bits(spans, number, left + WORD, (bits >> WORD) as u64);
        }
    }
}

/// A length in cells, in steps of 2⁻³² cell: conversions to and from floating point would take most of the time.
fn fixed(cells: f64) -> i64 {
    (cells * 2_f64.powi(32)) as i64
}

/// The first whole column whose distance from the origin is greater.
fn column_after(fixed: i64) -> i32 {
    (fixed >> 32) as i32 + 1
}

/// Whether a convex ring turns left all the way round; none of another ring.
fn turns_left(ring: &[[f64; 2]]) -> Option<bool> {
    if !(3..=4).contains(&ring.len()) {
        return None;
    }
    let mut turns = [false; 2];
    for index in 0..ring.len() {
        let [a, b, c] = [0, 1, 2].map(|next| ring[(index + next) % ring.len()]);
        let turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
        turns[usize::from(turn > 0.0)] |= turn != 0.0;
    }
    // Four turns of less than half a circle, all one way, cannot go round twice.
    (turns[0] != turns[1]).then_some(turns[1])
}

fn extent(ring: &[[f64; 2]]) -> ([f64; 2], [f64; 2]) {
    ring.iter()
        .fold(([f64::MAX; 2], [f64::MIN; 2]), |(low, high), [x, y]| {
            (
                [low[0].min(*x), low[1].min(*y)],
                [high[0].max(*x), high[1].max(*y)],
            )
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(ring: &[[f64; 2]]) -> Option<Vec<[i32; 2]>> {
        let mut spans = Vec::new();
        ConvexPainter::default().paint(ring, &mut spans).then(|| {
            let columns = |span: Span| (span.from..span.to).map(move |column| [span.row, column]);
            spans.into_iter().flat_map(columns).collect()
        })
    }

    fn quad([x, y]: [f64; 2], [width, height]: [f64; 2], turn: f64, skew: f64) -> Vec<[f64; 2]> {
        let (sin, cos) = turn.sin_cos();
        let corner = |[along, across]: [f64; 2]| {
            let along = along * (1.0 + skew * across);
            [
                x + width * along * cos - height * across * sin,
                y + width * along * sin + height * across * cos,
            ]
        };
        [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
            .map(corner)
            .to_vec()
    }

    fn area(ring: &[[f64; 2]]) -> f64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum::<f64>()
            / 2.0
    }

    proptest! {
        #[test]
        fn what_lies_inside_is_painted_and_nothing_beside(
            middle in (-50.0..50.0_f64, -50.0..50.0_f64), size in (2.0..60.0_f64, 2.0..60.0_f64),
            turn in 0.0..7.0_f64, skew in -0.9..0.9_f64, backwards: bool,
        ) {
            let mut ring = quad([middle.0, middle.1], [size.0, size.1], turn, skew);
            // How far inside of the nearest edge a point is, in cells.
            let inside = |ring: &[[f64; 2]], [x, y]: [f64; 2]| {
                let edges = ring.iter().zip(ring.iter().cycle().skip(1));
                let deep = edges.map(|(a, b)| {
                    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
                    (dx * (y - a[1]) - dy * (x - a[0])) / dx.hypot(dy)
                });
                deep.fold(f64::MAX, f64::min)
            };
            let shape = ring.clone();
            if backwards {
                ring.reverse();
            }
            let painted = cells(&ring).unwrap();
            for row in -110..110 {
                for column in -110..110 {
                    let deep = inside(&shape, [f64::from(column) + 0.5, f64::from(row) + 0.5]);
                    let is_painted = painted.binary_search(&[row, column]).is_ok();
                    prop_assert!(if is_painted { deep > -0.71 } else { deep < 0.71 }, "{row} {column} {deep}");
                }
            }
        }
    }

    #[test]
    fn many_footprints_have_their_area_on_the_whole() {
        let (mut painted, mut exact) = (0.0, 0.0);
        for index in 0..4_000 {
            let at = |step: f64| (f64::from(index) * step).fract() * 64.0;
            let ring = quad([at(0.618_034), at(0.414_214)], [24.0, 18.0], at(0.732_051), 0.3);
            painted += cells(&ring).unwrap().len() as f64;
            exact += area(&ring);
        }
        assert!(
            (painted / exact - 1.0).abs() < 1e-4,
            "{painted} cells for {exact}"
        );
    }

    #[test]
    fn other_rings_are_left_to_the_other_painter() {
        let bow_tie = [[0.0, 0.0], [9.0, 9.0], [9.0, 0.0], [0.0, 9.0]];
        let arrow = [[0.0, 0.0], [9.0, 0.0], [2.0, 2.0], [0.0, 9.0]];
        let flat = [[0.0, 0.0], [4.0, 0.0], [9.0, 0.0]];
        let wide = [[0.0, 0.0], [300.0, 0.0], [300.0, 9.0], [0.0, 9.0]];
        for ring in [&bow_tie[..], &arrow, &flat, &wide] {
            assert_eq!(cells(ring), None);
        }
    }
}
