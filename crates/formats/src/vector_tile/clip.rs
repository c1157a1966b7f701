//! Cuts lines and rings at the tile's edges, the buffer included.

use super::{BUFFER, EXTENT};

const LOW: f64 = -BUFFER;
const HIGH: f64 = EXTENT as f64 + BUFFER;

/// Whether a place lies in the tile or its buffer.
pub(super) fn is_inside(at: [f64; 2]) -> bool {
    at.iter().all(|unit| (LOW..=HIGH).contains(unit))
}

/// The four edges: axis, where, and whether the inside is above.
const EDGES: [(usize, f64, bool); 4] = [(0, LOW, true), (0, HIGH, false), (1, LOW, true), (1, HIGH, false)];

fn is_within(at: [f64; 2], (axis, edge, above): (usize, f64, bool)) -> bool {
    if above { at[axis] >= edge } else { at[axis] <= edge }
}

fn crossing(a: [f64; 2], b: [f64; 2], (axis, edge, _): (usize, f64, bool)) -> [f64; 2] {
    let share = (edge - a[axis]) / (b[axis] - a[axis]);
    let other = 1 - axis;
    let mut at = [edge; 2];
    at[other] = a[other] + share * (b[other] - a[other]);
    at
}

/// A ring cut edge by edge (Sutherland and Hodgman 1974). Where it leaves the tile and comes back, parts are joined
/// along the edge, outside what is shown.
pub(super) fn ring(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut cut = ring.to_vec();
    for edge in EDGES {
        let whole = std::mem::take(&mut cut);
        for (at, here) in whole.iter().enumerate() {
            let next = whole[(at + 1) % whole.len()];
            let (inside, next_inside) = (is_within(*here, edge), is_within(next, edge));
            if inside {
                cut.push(*here);
            }
            if inside != next_inside {
                cut.push(crossing(*here, next, edge));
            }
        }
    }
    cut
}

/// The pieces of a line inside.
pub(super) fn line(line: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let mut pieces: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut is_open = false;
    for pair in line.windows(2) {
        let Some((from, to)) = segment(pair[0], pair[1]) else {
            is_open = false;
            continue;
        };
        match pieces.last_mut().filter(|_| is_open && from == pair[0]) {
            Some(piece) => piece.push(to),
            None => pieces.push(vec![from, to]),
        }
        is_open = to == pair[1];
    }
    pieces
}

fn segment(from: [f64; 2], to: [f64; 2]) -> Option<([f64; 2], [f64; 2])> {
    let (mut from, mut to) = (from, to);
    for edge in EDGES {
        match (is_within(from, edge), is_within(to, edge)) {
            (true, true) => {}
            (false, false) => return None,
            (true, false) => to = crossing(from, to, edge),
            (false, true) => from = crossing(from, to, edge),
        }
    }
    Some((from, to))
}
