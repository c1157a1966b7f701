//! One order for all lines of an area, each flown either way: the nearest next, then pieces of the tour turned round as
//! long as that makes it shorter (2-opt).

use super::{Line, Place, distance_m};

/// Pieces of a tour that are turned round are no longer than this, so that thousands of lines stay quick.
const LONGEST_PIECE: usize = 120;
/// Improving ends after so many rounds.
const MOST_ROUNDS: usize = 40;
/// Metres that count as an improvement.
const WORTHWHILE_M: f64 = 1e-6;

/// The lines in an order that begins near `start`.
pub(super) fn ordered(lines: Vec<Line>, start: Place) -> Vec<Line> {
    let mut tour = nearest_next(lines, start);
    for _round in 0..MOST_ROUNDS {
        if !turn_pieces(&mut tour, start) {
            break;
        }
    }
    tour
}

fn nearest_next(mut open: Vec<Line>, start: Place) -> Vec<Line> {
    let mut tour = Vec::with_capacity(open.len());
    let mut at = start;
    while !open.is_empty() {
        let way_m = |line: &Line| distance_m(at, line.from).min(distance_m(at, line.to));
        let nearest = (0..open.len()).min_by(|a, b| way_m(&open[*a]).total_cmp(&way_m(&open[*b])));
        let line = open.swap_remove(nearest.unwrap_or(0));
        let line = if distance_m(at, line.from) <= distance_m(at, line.to) {
            line
        } else {
            line.turned()
        };
        at = line.to;
        tour.push(line);
    }
    tour
}

/// Turns every piece round whose turning makes the tour from `start` shorter; whether any did.
fn turn_pieces(tour: &mut [Line], start: Place) -> bool {
    let mut better = false;
    for first in 0..tour.len() {
        let before = if first == 0 { start } else { tour[first - 1].to };
        for last in first..tour.len().min(first + LONGEST_PIECE) {
            let after = tour.get(last + 1).map(|line| line.from);
            let way_m = |from: Place, to: Option<Place>| to.map_or(0.0, |to| distance_m(from, to));
            let now_m = distance_m(before, tour[first].from) + way_m(tour[last].to, after);
            let then_m = distance_m(before, tour[last].to) + way_m(tour[first].from, after);
            if then_m < now_m - WORTHWHILE_M {
                let piece = &mut tour[first..=last];
                piece.reverse();
                piece.iter_mut().for_each(|line| *line = line.turned());
                better = true;
            }
        }
    }
    better
}
