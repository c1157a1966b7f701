//! Tests on one ring in degrees: distinct points, turning sense, self-crossing.

use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Area, Coord, Line, LineString};

use super::runs::Runs;
use crate::geodesy::{WGS84_ECCENTRICITY_SQUARED, WGS84_SEMI_MAJOR_M, Wgs84};

/// Drops vertices that repeat the one before, across the closing edge too.
pub(super) fn drop_repeated(points: &mut Vec<Wgs84>) {
    points.dedup();
    while points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
}

/// What [`drop_spikes`] took away.
pub(super) struct Spikes {
    /// Vertices dropped.
    pub(super) dropped: usize,
    /// The first tip.
    pub(super) tip: Option<Wgs84>,
}

/// Drops vertices at which the ring turns back upon itself: out to a tip and back along the same line. They enclose
/// nothing. Repeated vertices were dropped before.
pub(super) fn drop_spikes(points: &mut Vec<Wgs84>) -> Spikes {
    let mut spikes = Spikes {
        dropped: 0,
        tip: None,
    };
    let mut kept: std::collections::VecDeque<Wgs84> = std::collections::VecDeque::with_capacity(points.len());
    for point in points.drain(..) {
        // A tip that goes makes new neighbours, which may be a spike themselves.
        while let [.., before, tip] = kept.make_contiguous()[..]
            && turns_back(before, tip, point)
        {
            kept.pop_back();
            spikes.drop(tip);
        }
        if kept.back() == Some(&point) {
            spikes.dropped += 1;
        } else {
            kept.push_back(point);
        }
    }
    // Across the closing edge.
    while let [first, second, .., before, last] = kept.make_contiguous()[..] {
        if first == last {
            kept.pop_back();
            spikes.dropped += 1;
        } else if turns_back(before, last, first) {
            kept.pop_back();
            spikes.drop(last);
        } else if turns_back(last, first, second) {
            kept.pop_front();
            spikes.drop(first);
        } else {
            break;
        }
    }
    points.extend(kept);
    spikes
}

impl Spikes {
    fn drop(&mut self, tip: Wgs84) {
        self.dropped += 1;
        self.tip.get_or_insert(tip);
    }
}

fn turns_back(before: Wgs84, tip: Wgs84, after: Wgs84) -> bool {
    let at = |point: Wgs84| Coord {
        x: point.longitude_deg,
        y: point.latitude_deg,
    };
    let (a, b, c) = (at(before), at(tip), at(after));
    let back = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) < 0.0;
    back && robust_line_up(a, b, c)
}

fn robust_line_up(a: Coord, b: Coord, c: Coord) -> bool {
    use geo::kernels::{Kernel, RobustKernel};
    RobustKernel::orient2d(a, b, c) == geo::Orientation::Collinear
}

/// The ring as a list that is the same wherever it begins and whichever way it runs.
pub(super) fn round_trip(ring: &[Wgs84]) -> Vec<[u64; 2]> {
    let key = |point: &Wgs84| [point.longitude_deg.to_bits(), point.latitude_deg.to_bits()];
    let keys: Vec<[u64; 2]> = ring.iter().map(key).collect();
    let Some(first) = keys
        .iter()
        .enumerate()
        .min_by_key(|(_, key)| **key)
        .map(|(at, _)| at)
    else {
        return keys;
    };
    let count = keys.len();
    let forward: Vec<_> = (0..count).map(|step| keys[(first + step) % count]).collect();
    let backward: Vec<_> = (0..count)
        .map(|step| keys[(first + count - step) % count])
        .collect();
    forward.min(backward)
}

/// Square metres in a square degree at a place, by the radii of curvature there; good for areas of some kilometres.
pub(super) fn square_metres_per_square_degree(place: Wgs84) -> f64 {
    let (sin, cos) = place.latitude_deg.to_radians().sin_cos();
    let flat = 1.0 - WGS84_ECCENTRICITY_SQUARED * sin * sin;
    let radii = WGS84_SEMI_MAJOR_M * WGS84_SEMI_MAJOR_M * (1.0 - WGS84_ECCENTRICITY_SQUARED) / (flat * flat);
    radii * cos * 1.0_f64.to_radians().powi(2)
}

/// How many different points the ring has, counted up to three.
pub(super) fn distinct_points(ring: &[Wgs84]) -> usize {
    let Some(first) = ring.first() else {
        return 0;
    };
    let Some(second) = ring.iter().find(|point| *point != first) else {
        return 1;
    };
    if ring.iter().any(|point| point != first && point != second) {
        3
    } else {
        2
    }
}

/// Signed area in square degrees; positive runs counter-clockwise. Taken around the first
/// vertex, so that small rings far from 0°N 0°E keep their digits.
pub(super) fn signed_area(ring: &[Wgs84]) -> f64 {
    let Some(first) = ring.first() else {
        return 0.0;
    };
    let from_first = |point: &Wgs84| {
        (
            point.longitude_deg - first.longitude_deg,
            point.latitude_deg - first.latitude_deg,
        )
    };
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| (from_first(a), from_first(b)))
        .map(|(a, b)| a.0 * b.1 - b.0 * a.1)
        .sum::<f64>()
        / 2.0
}

/// A place where the ring crosses itself or runs along itself, if any. A ring that only touches itself at a
/// point is let pass, as long as it goes around all its parts the same way.
pub(super) fn self_crossing(ring: &[Wgs84]) -> Option<Wgs84> {
    crossing_edges(ring).or_else(|| twisted_at_a_vertex(ring))
}

/// A repeated vertex of a ring whose parts run against each other (a figure of eight that meets at a vertex):
/// its ring integral is then smaller than the ground it encloses.
fn twisted_at_a_vertex(ring: &[Wgs84]) -> Option<Wgs84> {
    let mut sorted: Vec<&Wgs84> = ring.iter().collect();
    sorted.sort_by(|a, b| {
        a.longitude_deg
            .total_cmp(&b.longitude_deg)
            .then(a.latitude_deg.total_cmp(&b.latitude_deg))
    });
    let repeated = sorted.windows(2).find(|pair| pair[0] == pair[1])?[0];
    let outline: LineString = ring
        .iter()
        .map(|point| (point.longitude_deg, point.latitude_deg))
        .collect();
    let enclosed = geo::BooleanOps::union(
        &geo::Polygon::new(outline, Vec::new()),
        &geo::MultiPolygon::new(Vec::new()),
    );
    let twisted = signed_area(ring).abs() < enclosed.unsigned_area() * (1.0 - super::AREA_AGREEMENT);
    twisted.then_some(*repeated)
}

fn crossing_edges(ring: &[Wgs84]) -> Option<Wgs84> {
    let corner = |point: &Wgs84| Coord {
        x: point.longitude_deg,
        y: point.latitude_deg,
    };
    let next = ring.iter().cycle().skip(1);
    let edges: Vec<Line> = ring
        .iter()
        .zip(next)
        .map(|(a, b)| Line::new(corner(a), corner(b)))
        .collect();
    let found = Runs::over(&edges).meeting()?;
    Some(Wgs84 {
        latitude_deg: found.y,
        longitude_deg: found.x,
    })
}

/// Where two edges cross or run along each other; that neighbours share a corner is no crossing.
pub(super) fn meeting(edge: &Line, other: &Line, neighbours: bool) -> Option<Coord> {
    match line_intersection(*edge, *other)? {
        LineIntersection::SinglePoint {
            intersection,
            is_proper: true,
        } if !neighbours => Some(intersection),
        LineIntersection::SinglePoint { .. } => None,
        LineIntersection::Collinear { intersection } => {
            (intersection.start != intersection.end).then_some(intersection.start)
        }
    }
}
