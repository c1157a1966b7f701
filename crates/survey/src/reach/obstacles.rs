//! The edges and corners of forbidden ground near one dock, in metres from the dock on the lattice's axes.

use super::free_space::FreeSpace;
use super::window::{Cells, Frame, HalfPlane};
use crate::grid::GridPoint;

/// Ways bend this far off a corner, m: so that no test has to decide whether a way touches an edge.
const OFF_CORNER_M: f64 = 1e-3;
/// The sector in which a way may go on past a corner is widened by this, rad: far more than rounding and
/// [`OFF_CORNER_M`] turn a direction. What it lets through beyond need is tested like everything else.
const SECTOR_SLACK_RAD: f64 = 0.02;

/// A point, or the way from one to another, m.
pub(super) type Xy = [f64; 2];

/// A corner that ways can bend round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corner {
    /// Just off the corner, on the free side.
    pub(super) at: Xy,
    /// Along the edge that ends here, backwards.
    before: Xy,
    /// Along the edge that begins here.
    after: Xy,
}

/// Forbidden ground near a dock; it lies on the left of every edge.
#[derive(Debug)]
pub(super) struct Obstacles {
    /// Edges that come within the radius.
    edges: Vec<[Xy; 2]>,
    /// Corners within the radius.
    pub(super) corners: Vec<Corner>,
    /// Ground where nothing flies.
    pub(super) solid: Cells,
}

impl Obstacles {
    /// What of `space` matters within `radius_m` of the dock; `local` gives a grid point in metres from the dock.
    pub(super) fn near(
        space: &FreeSpace,
        frame: Frame,
        radius_m: f64,
        local: impl Fn(&GridPoint) -> Xy,
    ) -> Self {
        let (mut all, mut edges, mut corners) = (Vec::new(), Vec::new(), Vec::new());
        for ring in space.rings() {
            let points: Vec<Xy> = ring.iter().map(&local).collect();
            let ahead = points.iter().cycle().skip(1);
            let further = points.iter().cycle().skip(2);
            for ((a, b), c) in points.iter().zip(ahead).zip(further) {
                all.push([*a, *b]);
                if distance_to_origin(*a, *b) <= radius_m {
                    edges.push([*a, *b]);
                }
                if length(*b) <= radius_m {
                    corners.extend(corner(*a, *b, *c));
                }
            }
        }
        Self {
            edges,
            corners,
            solid: Cells::inside(frame, &all, space.confined()),
        }
    }

    /// Whether no edge lies across the straight way between two free points.
    pub(super) fn clear(&self, from: Xy, to: Xy) -> bool {
        let low = [from[0].min(to[0]), from[1].min(to[1])];
        let high = [from[0].max(to[0]), from[1].max(to[1])];
        let apart = |a: &Xy, b: &Xy, axis: usize| {
            (a[axis] < low[axis] && b[axis] < low[axis]) || (a[axis] > high[axis] && b[axis] > high[axis])
        };
        let along = minus(to, from);
        !self.edges.iter().any(|[a, b]| {
            !apart(a, b, 0)
                && !apart(a, b, 1)
                && (cross(along, minus(*a, from)) >= 0.0) != (cross(along, minus(*b, from)) >= 0.0)
                && (cross(minus(*b, *a), minus(from, *a)) >= 0.0)
                    != (cross(minus(*b, *a), minus(to, *a)) >= 0.0)
        })
    }

    /// Takes out of `seen` what edges hide from `eye`, a free point. All of `seen` lies within the limits.
    pub(super) fn hide(&self, seen: &mut Cells, eye: Xy, limits: &[HalfPlane]) {
        let Some([lowest, highest]) = seen.span_y() else {
            return;
        };
        for [a, b] in &self.edges {
            // Limits meet in the eye or lie about it, so that what is behind an edge outside one is outside it too.
            let outside = limits.iter().any(|limit| !limit.holds(*a) && !limit.holds(*b));
            // Only edges that face the eye: what lies behind the others lies behind one of these too.
            if outside || cross(minus(*b, *a), minus(eye, *a)) >= 0.0 {
                continue;
            }
            let behind = [
                HalfPlane::left_of(*a, minus(*b, *a)),
                HalfPlane::left_of(eye, minus(eye, *a)),
                HalfPlane::left_of(eye, minus(*b, eye)),
            ];
            let (from_y, to_y) = match (a[1] >= eye[1], b[1] >= eye[1]) {
                (true, true) => (a[1].min(b[1]), f64::INFINITY),
                (false, false) => (f64::NEG_INFINITY, a[1].max(b[1])),
                _ => (f64::NEG_INFINITY, f64::INFINITY),
            };
            seen.clear_within(&behind, from_y.max(lowest), to_y.min(highest));
        }
    }
}

impl Corner {
    /// Where a shortest way that comes here along `along` may go on: it bends towards the forbidden ground, no
    /// farther than along its edge. `None` when a shortest way does not bend here.
    pub(super) fn onward(&self, along: Xy) -> Option<[HalfPlane; 2]> {
        let slack = SECTOR_SLACK_RAD.sin() * length(along);
        let left = |edge: Xy| cross(along, edge) >= -slack * length(edge);
        let right = |edge: Xy| cross(along, edge) <= slack * length(edge);
        let (first, last) = if left(self.before) && left(self.after) {
            (along, self.after)
        } else if right(self.before) && right(self.after) {
            (self.before, along)
        } else {
            return None;
        };
        Some([
            HalfPlane::left_of(self.at, turned(first, -SECTOR_SLACK_RAD)),
            HalfPlane::left_of(self.at, turned([-last[0], -last[1]], SECTOR_SLACK_RAD)),
        ])
    }
}

/// The corner at `b`, if the forbidden ground is narrower than half a turn there.
fn corner(a: Xy, b: Xy, c: Xy) -> Option<Corner> {
    let (into, out) = (minus(b, a), minus(c, b));
    if cross(into, out) <= 0.0 {
        return None;
    }
    let away = |edge: Xy| [edge[1] / length(edge), -edge[0] / length(edge)];
    let (one, other) = (away(into), away(out));
    let sum = [one[0] + other[0], one[1] + other[1]];
    // A needle's point would be thrown far out; a tenth is enough to be off both edges.
    let reach = OFF_CORNER_M / (length(sum) / 2.0).max(0.1) / length(sum).max(1e-9);
    Some(Corner {
        at: [b[0] + sum[0] * reach, b[1] + sum[1] * reach],
        before: [-into[0], -into[1]],
        after: out,
    })
}

fn turned(along: Xy, by_rad: f64) -> Xy {
    let (sin, cos) = by_rad.sin_cos();
    [along[0] * cos - along[1] * sin, along[0] * sin + along[1] * cos]
}

fn distance_to_origin(a: Xy, b: Xy) -> f64 {
    let along = minus(b, a);
    let share = -(a[0] * along[0] + a[1] * along[1]) / (along[0] * along[0] + along[1] * along[1]);
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    length([a[0] + share * along[0], a[1] + share * along[1]])
}

pub(super) fn minus(a: Xy, b: Xy) -> Xy {
    [a[0] - b[0], a[1] - b[1]]
}

fn cross(a: Xy, b: Xy) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(super) fn length(a: Xy) -> f64 {
    a[0].hypot(a[1])
}
