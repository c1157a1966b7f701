//! Which rings of a polygon record are outlines and which are holes. The standard says it by their turn (outlines
//! clockwise), and many files break it; where a ring lies says it too: a ring inside an odd number of others is a hole.

use crate::features::FileArea;

struct Ring {
    points: Vec<[f64; 2]>,
    /// West, south, east, north.
    bounds: [f64; 4],
    area: f64,
    /// Indices of the rings it lies in.
    inside: Vec<usize>,
}

/// Outlines with their holes, in file order.
pub(super) fn areas(rings: Vec<Vec<[f64; 2]>>, record: usize, notes: &mut Vec<String>) -> Vec<FileArea> {
    if rings.len() == 1 {
        let alone = |exterior| FileArea {
            exterior,
            holes: Vec::new(),
        };
        return rings.into_iter().map(alone).collect();
    }
    let mut rings: Vec<Ring> = rings.into_iter().map(Ring::new).collect();
    for at in 0..rings.len() {
        let ring = &rings[at];
        let holds = |(other, outer): (usize, &Ring)| (other != at && outer.holds(ring)).then_some(other);
        let inside = rings.iter().enumerate().filter_map(holds).collect();
        rings[at].inside = inside;
    }
    let is_hole = |ring: &Ring| ring.inside.len() % 2 == 1;
    let parent = |ring: &Ring| {
        let around = ring.inside.iter().copied();
        around.min_by(|a, b| rings[*a].area.abs().total_cmp(&rings[*b].area.abs()))
    };
    let mut areas: Vec<(usize, FileArea)> = Vec::new();
    for (at, ring) in rings.iter().enumerate().filter(|(_, ring)| !is_hole(ring)) {
        let exterior = ring.points.clone();
        areas.push((
            at,
            FileArea {
                exterior,
                holes: Vec::new(),
            },
        ));
    }
    for (at, ring) in rings.iter().enumerate().filter(|(_, ring)| is_hole(ring)) {
        let Some(parent) = parent(ring) else { continue };
        if (ring.area > 0.0) == (rings[parent].area > 0.0) {
            notes.push(format!(
                "record {record}: ring {} lies inside ring {} and turns the same way; it was read as a hole",
                at + 1,
                parent + 1
            ));
        }
        if let Some((_, area)) = areas.iter_mut().find(|(outer, _)| *outer == parent) {
            area.holes.push(ring.points.clone());
        }
    }
    areas.into_iter().map(|(_, area)| area).collect()
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
