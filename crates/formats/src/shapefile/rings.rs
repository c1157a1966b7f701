//! Which rings of a polygon record are outlines and which are holes. The standard says it by their turn (outlines
//! clockwise), and many files break it; where a ring lies says it too: a ring inside an odd number of others is a hole.

use std::collections::BTreeMap;

use crate::features::FileArea;

/// How many rings were read as holes though they turn like outlines, and where the first stands.
pub(super) type TurnedHoles = Option<(usize, String)>;

struct Ring {
    points: Vec<[f64; 2]>,
    /// West, south, east, north.
    bounds: [f64; 4],
    area: f64,
    /// Indices of the rings it lies in.
    inside: Vec<usize>,
}

/// Outlines with their holes, in file order.
pub(super) fn areas(rings: Vec<Vec<[f64; 2]>>, record: usize, turned: &mut TurnedHoles) -> Vec<FileArea> {
    if rings.len() == 1 {
        let alone = |exterior| FileArea {
            exterior,
            holes: Vec::new(),
        };
        return rings.into_iter().map(alone).collect();
    }
    let mut rings: Vec<Ring> = rings.into_iter().map(Ring::new).collect();
    nest(&mut rings);
    let parent = |ring: &Ring| {
        let around = ring.inside.iter().copied();
        around.min_by(|a, b| rings[*a].area.abs().total_cmp(&rings[*b].area.abs()))
    };
    let (mut holes, mut outlines) = (Vec::new(), BTreeMap::new());
    for (at, ring) in rings.iter().enumerate() {
        if ring.inside.len().is_multiple_of(2) {
            outlines.insert(at, Vec::new());
        } else if let Some(parent) = parent(ring) {
            if (ring.area > 0.0) == (rings[parent].area > 0.0) {
                let place = || format!("record {record}, ring {}", at + 1);
                turned.get_or_insert_with(|| (0, place())).0 += 1;
            }
            holes.push((at, parent));
        }
    }
    let mut take = |at: usize| std::mem::take(&mut rings[at].points);
    for (at, parent) in holes {
        if let Some(own) = outlines.get_mut(&parent) {
            own.push(take(at));
        }
    }
    outlines
        .into_iter()
        .map(|(at, holes)| FileArea {
            exterior: take(at),
            holes,
        })
        .collect()
}

/// Finds which rings each ring lies in: a sweep from west to east, in which only rings that still reach on are asked.
fn nest(rings: &mut [Ring]) {
    let mut order: Vec<usize> = (0..rings.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&rings[*a], &rings[*b]);
        a.bounds[0]
            .total_cmp(&b.bounds[0])
            .then(b.area.abs().total_cmp(&a.area.abs()))
    });
    let mut open: Vec<usize> = Vec::new();
    for at in order {
        let ring = &rings[at];
        open.retain(|other| rings[*other].bounds[2] >= ring.bounds[0]);
        let inside = open
            .iter()
            .copied()
            .filter(|other| rings[*other].holds(ring))
            .collect();
        rings[at].inside = inside;
        open.push(at);
    }
}

impl Ring {
    fn new(points: Vec<[f64; 2]>) -> Self {
        let first = points.first().copied().unwrap_or_default();
        let mut bounds = [first[0], first[1], first[0], first[1]];
        for [x, y] in &points {
            bounds = [
                bounds[0].min(*x),
                bounds[1].min(*y),
                bounds[2].max(*x),
                bounds[3].max(*y),
            ];
        }
        let next = points.iter().cycle().skip(1);
        let from_first = |point: &[f64; 2]| [point[0] - first[0], point[1] - first[1]];
        let area = points
            .iter()
            .zip(next)
            .map(|(a, b)| (from_first(a), from_first(b)))
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum::<f64>();
        Self {
            points,
            bounds,
            area,
            inside: Vec::new(),
        }
    }

    /// Whether the other ring lies in this one. Of rings that cross, the larger holds the smaller if its first point
    /// that is not on the line is inside.
    fn holds(&self, other: &Self) -> bool {
        let [west, south, east, north] = self.bounds;
        let within = other.bounds[0] >= west
            && other.bounds[1] >= south
            && other.bounds[2] <= east
            && other.bounds[3] <= north;
        let smaller = other.area.abs() < self.area.abs();
        within
            && smaller
            && other
                .points
                .iter()
                .find_map(|point| self.side(*point))
                .unwrap_or(false)
    }

    /// Inside, outside, or `None` on the line (ray casting towards east).
    fn side(&self, [x, y]: [f64; 2]) -> Option<bool> {
        let mut inside = false;
        for (a, b) in self.points.iter().zip(self.points.iter().cycle().skip(1)) {
            let turn = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
            let spans = |low: f64, high: f64, at: f64| low.min(high) <= at && at <= low.max(high);
            if turn == 0.0 && spans(a[0], b[0], x) && spans(a[1], b[1], y) {
                return None;
            }
            if (a[1] > y) != (b[1] > y) && (turn > 0.0) == (b[1] > a[1]) {
                inside = !inside;
            }
        }
        Some(inside)
    }
}
