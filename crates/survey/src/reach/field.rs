//! Least times from the dock to every cell round obstacles. A shortest way is straight between corners of forbidden
//! ground, in steady wind too (time along a line is a norm), so that times are those of the visibility graph: exact
//! but for the millimetre that ways keep off corners.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::obstacles::{Obstacles, Xy, length, minus};
use super::vehicle::Pace;
use super::window::{Cells, HalfPlane};

/// Times from the dock in one direction, s, cell by cell; infinite where nothing comes.
pub(super) struct Field {
    seconds: Vec<f64>,
    side: usize,
}

/// One direction of the way: how fast, and how fast the other direction is at best.
pub(super) struct Direction<'a> {
    pub(super) pace: &'a Pace,
    pub(super) other: &'a Pace,
    pub(super) budget_s: f64,
}

impl Direction<'_> {
    /// Whether a way through a point that takes `seconds` to get there can lead back in time.
    fn worth(&self, at: Xy, seconds: f64) -> bool {
        seconds + self.other.seconds(at) <= self.budget_s
    }
}

/// A source of ways: the dock, or a corner.
struct Source {
    at: Xy,
    seconds: f64,
    /// Where ways may go on; everywhere from the dock.
    sector: Option<[HalfPlane; 2]>,
}

/// A time that can be put in order.
#[derive(PartialEq)]
struct Seconds(f64);

impl Eq for Seconds {}

impl PartialOrd for Seconds {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Seconds {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Field {
    /// Times to the cells of `wanted`, which holds no solid one. Shortest corners first (Dijkstra).
    pub(super) fn of(direction: &Direction<'_>, obstacles: &Obstacles, wanted: &Cells) -> Self {
        let side = wanted.frame.side();
        let mut field = Self {
            seconds: vec![f64::INFINITY; side * side],
            side,
        };
        let mut least = vec![f64::INFINITY; obstacles.corners.len()];
        let mut parents: Vec<Xy> = vec![[0.0; 2]; obstacles.corners.len()];
        let mut queue = BinaryHeap::new();
        let dock = Source {
            at: [0.0; 2],
            seconds: 0.0,
            sector: None,
        };
        let mut next = Some(dock);
        while let Some(source) = next {
            field.paint(direction, obstacles, wanted, &source);
            for (index, corner) in obstacles.corners.iter().enumerate() {
                let along = minus(corner.at, source.at);
                let seconds = source.seconds + direction.pace.seconds(along);
                let better = seconds < least[index]
                    && direction.worth(corner.at, seconds)
                    && source.goes_on_to(corner.at)
                    && corner.onward(along).is_some()
                    && obstacles.clear(source.at, corner.at);
                if better {
                    least[index] = seconds;
                    parents[index] = source.at;
                    queue.push(Reverse((Seconds(seconds), index)));
                }
            }
            next = std::iter::from_fn(|| queue.pop()).find_map(|Reverse((Seconds(seconds), index))| {
                let at = obstacles.corners[index].at;
                (seconds == least[index]).then(|| Source {
                    at,
                    seconds,
                    sector: obstacles.corners[index].onward(minus(at, parents[index])),
                })
            });
        }
        field
    }

    /// Enters the times to all cells that are seen from a source.
    fn paint(&mut self, direction: &Direction<'_>, obstacles: &Obstacles, wanted: &Cells, source: &Source) {
        let mut seen = wanted.clone();
        let within_m = (direction.budget_s - source.seconds) * direction.pace.fastest_ms();
        let [x, y] = source.at;
        let plane = |a: f64, b: f64, c: f64| HalfPlane { a, b, c };
        let mut limits = vec![
            plane(1.0, 0.0, x - within_m),
            plane(-1.0, 0.0, -x - within_m),
            plane(0.0, 1.0, y - within_m),
            plane(0.0, -1.0, -y - within_m),
        ];
        limits.extend(source.sector.iter().flatten());
        seen.keep_within(&limits);
        obstacles.hide(&mut seen, source.at, &limits);
        for (row, column) in seen.iter() {
            let at = [wanted.frame.x(column), wanted.frame.y(row)];
            let seconds = source.seconds + direction.pace.seconds(minus(at, source.at));
            let least = &mut self.seconds[row * self.side + column];
            *least = least.min(seconds);
        }
    }

    /// Time to a cell, s.
    pub(super) fn seconds(&self, row: usize, column: usize) -> f64 {
        self.seconds[row * self.side + column]
    }
}

impl Source {
    fn goes_on_to(&self, point: Xy) -> bool {
        let apart = length(minus(point, self.at));
        // A corner never leads to itself.
        apart > 0.0 && self.sector.iter().flatten().all(|limit| limit.holds(point))
    }
}
