//! Ground above which a vehicle may be, as cells: what part of a line lies over it, and a way round what does not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::{Line, Place, distance_m};
use crate::cells::CellSet;
use crate::grid::GridPoint;

/// Nodes of the search for a way round.
const MOST_NODES: i64 = 160_000;
/// A way round may lead so far beyond the box of its ends, m.
const AROUND_M: f64 = 3000.0;
/// Smallest step of the search, m.
const SMALLEST_STEP_M: f64 = 20.0;

/// Where a vehicle may be.
#[derive(Debug, Clone, Copy)]
pub struct ClearGround<'a> {
    allowed: &'a CellSet,
}

impl<'a> ClearGround<'a> {
    /// Above these cells.
    #[must_use]
    pub fn new(allowed: &'a CellSet) -> Self {
        Self { allowed }
    }

    /// Whether a place lies over it.
    #[must_use]
    pub fn holds(&self, [easting_m, northing_m]: Place) -> bool {
        self.allowed.contains(GridPoint {
            easting_m,
            northing_m,
        })
    }

    /// Whether all of a straight leg lies over it, looked at every half cell.
    #[must_use]
    pub fn leg_is_clear(&self, from: Place, to: Place) -> bool {
        self.samples(from, to).all(|place| self.holds(place))
    }

    /// The parts of a line that lie over it, in its direction.
    #[must_use]
    pub fn clear_parts(&self, line: &Line) -> Vec<Line> {
        let mut parts: Vec<Line> = Vec::new();
        let mut open: Option<Line> = None;
        for place in self.samples(line.from, line.to) {
            match (&mut open, self.holds(place)) {
                (Some(part), true) => part.to = place,
                (None, true) => {
                    open = Some(Line {
                        from: place,
                        to: place,
                    })
                }
                (_, false) => parts.extend(open.take()),
            }
        }
        parts.extend(open);
        parts.retain(|part| part.length_m() >= self.allowed.lattice().cell_m());
        parts
    }

    /// The corners of a way from one place to another, both ends among them: the straight one where it is clear, else
    /// one found on a square mesh and pulled straight. `None` where there is none within 3 km of the box of its ends.
    #[must_use]
    pub fn way(&self, from: Place, to: Place) -> Option<Vec<Place>> {
        if self.leg_is_clear(from, to) {
            return Some(vec![from, to]);
        }
        if !self.holds(from) || !self.holds(to) {
            return None;
        }
        let span = |axis: usize| (from[axis] - to[axis]).abs() + 2.0 * AROUND_M;
        let step_m = (span(0) * span(1) / MOST_NODES as f64)
            .sqrt()
            .max(SMALLEST_STEP_M);
        let mesh = Mesh {
            clear: self,
            from,
            to,
            step_m,
        };
        mesh.search().map(|way| self.pulled_straight(&way))
    }

    fn samples(&self, from: Place, to: Place) -> impl Iterator<Item = Place> + use<> {
        let steps = (distance_m(from, to) / (0.5 * self.allowed.lattice().cell_m()))
            .ceil()
            .max(1.0);
        (0..=steps as u32).map(move |step| {
            let along = f64::from(step) / steps;
            [
                from[0] + along * (to[0] - from[0]),
                from[1] + along * (to[1] - from[1]),
            ]
        })
    }

    fn pulled_straight(&self, way: &[Place]) -> Vec<Place> {
        let mut corners = vec![way[0]];
        let mut at = 0;
        while at + 1 < way.len() {
            let farthest = (at + 1..way.len())
                .rev()
                .find(|next| self.leg_is_clear(way[at], way[*next]));
            at = farthest.unwrap_or(at + 1);
            corners.push(way[at]);
        }
        corners
    }
}

type Node = (i32, i32);

/// A square mesh around the straight leg; node 0, 0 is where it begins.
struct Mesh<'a> {
    clear: &'a ClearGround<'a>,
    from: Place,
    to: Place,
    step_m: f64,
}

impl Mesh<'_> {
    fn place(&self, (x, y): Node) -> Place {
        [
            self.from[0] + f64::from(x) * self.step_m,
            self.from[1] + f64::from(y) * self.step_m,
        ]
    }

    fn is_near(&self, place: Place) -> bool {
        let near = |axis: usize| {
            let (low, high) = (
                self.from[axis].min(self.to[axis]),
                self.from[axis].max(self.to[axis]),
            );
            (low - AROUND_M..=high + AROUND_M).contains(&place[axis])
        };
        near(0) && near(1)
    }

    /// A*: the first node from which the end is one clear step of the mesh away.
    fn search(&self) -> Option<Vec<Place>> {
        let millimetres = |m: f64| (m * 1000.0) as u64;
        let mut best: HashMap<Node, (f64, Node)> = HashMap::from([((0, 0), (0.0, (0, 0)))]);
        let mut open = BinaryHeap::from([Reverse((millimetres(distance_m(self.from, self.to)), (0, 0)))]);
        while let Some(Reverse((_, node))) = open.pop() {
            let here = self.place(node);
            if distance_m(here, self.to) <= 1.5 * self.step_m && self.clear.leg_is_clear(here, self.to) {
                return Some(self.traced(&best, node));
            }
            let so_far_m = best.get(&node).map_or(f64::INFINITY, |found| found.0);
            for (dx, dy) in [
                (1, 0),
                (-1, 0),
                (0, 1),
                (0, -1),
                (1, 1),
                (1, -1),
                (-1, 1),
                (-1, -1),
            ] {
                let next = (node.0 + dx, node.1 + dy);
                let place = self.place(next);
                let way_m = so_far_m + distance_m(here, place);
                let known_m = best.get(&next).map_or(f64::INFINITY, |found| found.0);
                if way_m + 1e-6 < known_m && self.is_near(place) && self.clear.leg_is_clear(here, place) {
                    best.insert(next, (way_m, node));
                    open.push(Reverse((millimetres(way_m + distance_m(place, self.to)), next)));
                }
            }
        }
        None
    }

    fn traced(&self, best: &HashMap<Node, (f64, Node)>, last: Node) -> Vec<Place> {
        let mut way = vec![self.to];
        let mut node = last;
        loop {
            way.push(self.place(node));
            match best.get(&node) {
                Some((_, before)) if *before != node => node = *before,
                _ => break,
            }
        }
        way.reverse();
        way
    }
}
