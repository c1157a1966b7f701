//! The edges of a ring in a tree of boxes round runs of edges that follow each other: two runs are only looked into
//! where their boxes meet. Rings of a million vertices are asked in seconds, long thin ones too, where a sweep along
//! one axis would compare nearly every edge with nearly every other.

use geo::{Coord, Line};

use super::crossing::meeting;

/// Edges in a run that is not divided further.
const SHORTEST: usize = 8;

/// The edges and the boxes of their runs.
pub(super) struct Runs<'a> {
    edges: &'a [Line],
    /// Node 0 is the whole ring, 2i + 1 and 2i + 2 are the halves of node i.
    boxes: Vec<Bounds>,
}

#[derive(Clone, Copy)]
struct Bounds {
    low: Coord,
    high: Coord,
}

/// A node and the edges it stands for.
#[derive(Clone, Copy)]
struct Run {
    node: usize,
    from: usize,
    to: usize,
}

impl<'a> Runs<'a> {
    pub(super) fn over(edges: &'a [Line]) -> Self {
        let leaves = edges.len().div_ceil(SHORTEST).next_power_of_two();
        let nothing = Bounds {
            low: Coord {
                x: f64::INFINITY,
                y: f64::INFINITY,
            },
            high: Coord {
                x: f64::NEG_INFINITY,
                y: f64::NEG_INFINITY,
            },
        };
        let mut runs = Self {
            edges,
            boxes: vec![nothing; 4 * leaves],
        };
        runs.bound(runs.whole());
        runs
    }

    /// Where two edges meet that should not, if any do.
    pub(super) fn meeting(&self) -> Option<Coord> {
        self.within(self.whole())
    }

    fn whole(&self) -> Run {
        Run {
            node: 0,
            from: 0,
            to: self.edges.len(),
        }
    }

    fn bound(&mut self, run: Run) -> Bounds {
        let bounds = match run.halves() {
            Some([first, second]) => self.bound(first).with(self.bound(second)),
            None => self.edges[run.from..run.to]
                .iter()
                .fold(self.boxes[run.node], |bounds, edge| bounds.with(Bounds::of(edge))),
        };
        self.boxes[run.node] = bounds;
        bounds
    }

    fn within(&self, run: Run) -> Option<Coord> {
        match run.halves() {
            Some([first, second]) => self
                .within(first)
                .or_else(|| self.within(second))
                .or_else(|| self.between(first, second)),
            None => (run.from..run.to).find_map(|edge| self.edge_meets(edge, edge + 1, run.to)),
        }
    }

    fn between(&self, one: Run, other: Run) -> Option<Coord> {
        if !self.boxes[one.node].meets(self.boxes[other.node]) {
            return None;
        }
        let (larger, smaller) = if one.length() >= other.length() {
            (one, other)
        } else {
            (other, one)
        };
        match larger.halves() {
            Some([first, second]) => self
                .between(first, smaller)
                .or_else(|| self.between(second, smaller)),
            None => (one.from..one.to).find_map(|edge| self.edge_meets(edge, other.from, other.to)),
        }
    }

    fn edge_meets(&self, edge: usize, from: usize, to: usize) -> Option<Coord> {
        let bounds = Bounds::of(&self.edges[edge]);
        (from..to).find_map(|other| {
            if !bounds.meets(Bounds::of(&self.edges[other])) {
                return None;
            }
            let apart = edge.abs_diff(other);
            let neighbours = apart == 1 || apart == self.edges.len() - 1;
            meeting(&self.edges[edge], &self.edges[other], neighbours)
        })
    }
}

impl Run {
    fn length(self) -> usize {
        self.to - self.from
    }

    fn halves(self) -> Option<[Self; 2]> {
        if self.length() <= SHORTEST {
            return None;
        }
        let middle = self.from.midpoint(self.to);
        let half = |step: usize, from: usize, to: usize| Self {
            node: 2 * self.node + step,
            from,
            to,
        };
        Some([half(1, self.from, middle), half(2, middle, self.to)])
    }
}

impl Bounds {
    fn of(edge: &Line) -> Self {
        let (a, b) = (edge.start, edge.end);
        Self {
            low: Coord {
                x: a.x.min(b.x),
                y: a.y.min(b.y),
            },
            high: Coord {
                x: a.x.max(b.x),
                y: a.y.max(b.y),
            },
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            low: Coord {
                x: self.low.x.min(other.low.x),
                y: self.low.y.min(other.low.y),
            },
            high: Coord {
                x: self.high.x.max(other.high.x),
                y: self.high.y.max(other.high.y),
            },
        }
    }

    fn meets(self, other: Self) -> bool {
        self.low.x <= other.high.x
            && other.low.x <= self.high.x
            && self.low.y <= other.high.y
            && other.low.y <= self.high.y
    }
}
