//! An area of a fence in metres on a plane, and whether lines are as it wants them.

use survey::geodesy::{LocalTangent, Wgs84};

use crate::mission::{FenceArea, FenceShape};

/// Whether it bounds anything.
pub(super) fn is_area(area: &FenceArea) -> bool {
    match &area.shape {
        FenceShape::Circle { radius_m, .. } => radius_m.is_finite() && *radius_m > 0.0,
        FenceShape::Polygon(corners) => corners.len() >= 3 && doubled_area_m2(corners) > 1.0,
    }
}

fn doubled_area_m2(corners: &[Wgs84]) -> f64 {
    let tangent = LocalTangent::at(corners[0]);
    let flat: Vec<[f64; 2]> = corners
        .iter()
        .map(|corner| tangent.enu_from_wgs84(*corner))
        .collect();
    edges(&flat)
        .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
        .sum::<f64>()
        .abs()
}

/// An area in metres east and north of the origin.
pub(super) struct Area {
    inclusion: bool,
    outline: Outline,
}

enum Outline {
    Polygon(Vec<[f64; 2]>),
    Circle([f64; 2], f64),
}

impl Area {
    pub(super) fn on(tangent: &LocalTangent, area: &FenceArea) -> Self {
        let flat = |place: &Wgs84| tangent.enu_from_wgs84(*place);
        let outline = match &area.shape {
            FenceShape::Polygon(corners) => Outline::Polygon(corners.iter().map(flat).collect()),
            FenceShape::Circle { centre, radius_m } => Outline::Circle(flat(centre), *radius_m),
        };
        Self {
            inclusion: area.inclusion,
            outline,
        }
    }

    /// Whether the line from `from` to `to` and a circle of `around_m` about its end are as this area wants them.
    pub(super) fn holds(&self, from: [f64; 2], to: [f64; 2], around_m: f64) -> bool {
        match &self.outline {
            Outline::Circle(centre, radius_m) if self.inclusion => {
                distance_m(from, *centre) <= *radius_m && distance_m(to, *centre) + around_m <= *radius_m
            }
            Outline::Circle(centre, radius_m) => {
                distance_to_line_m(*centre, from, to) >= *radius_m
                    && distance_m(to, *centre) >= radius_m + around_m
            }
            Outline::Polygon(corners) => {
                is_inside(corners, from) == self.inclusion
                    && is_inside(corners, to) == self.inclusion
                    && edges(corners)
                        .all(|(a, b)| !cross(from, to, a, b) && distance_to_line_m(to, a, b) >= around_m)
            }
        }
    }

    /// Whether everything so near to the line from `from` to `to` is as this area wants it, where the line itself is.
    pub(super) fn holds_aside(&self, from: [f64; 2], to: [f64; 2], aside_m: f64) -> bool {
        if aside_m <= 0.0 {
            return true;
        }
        match &self.outline {
            Outline::Circle(centre, radius_m) if self.inclusion => {
                distance_m(from, *centre).max(distance_m(to, *centre)) + aside_m <= *radius_m
            }
            Outline::Circle(centre, radius_m) => distance_to_line_m(*centre, from, to) >= radius_m + aside_m,
            Outline::Polygon(corners) => edges(corners).all(|(a, b)| {
                let ends = [
                    distance_to_line_m(from, a, b),
                    distance_to_line_m(to, a, b),
                    distance_to_line_m(a, from, to),
                    distance_to_line_m(b, from, to),
                ];
                ends.iter().all(|off_m| *off_m >= aside_m)
            }),
        }
    }

    /// Whether some of what is to be kept out of lies within a triangle whose sides are clear of it.
    pub(super) fn is_enclosed_by(&self, triangle: &[[f64; 2]; 3]) -> bool {
        let inner = match &self.outline {
            Outline::Circle(centre, _) => *centre,
            Outline::Polygon(corners) => corners[0],
        };
        !self.inclusion && is_inside(triangle, inner)
    }
}

pub(super) fn edges(corners: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + '_ {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(a, b)| (*a, *b))
}

pub(super) fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// From a point to the nearest point of the line from `a` to `b`.
pub(super) fn distance_to_line_m(point: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 {
        (((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    distance_m(point, [a[0] + along * dx, a[1] + along * dy])
}

/// Even-odd rule.
pub(super) fn is_inside(corners: &[[f64; 2]], point: [f64; 2]) -> bool {
    let crossings = edges(corners).filter(|(a, b)| {
        let above = |corner: &[f64; 2]| corner[1] > point[1];
        above(a) != above(b) && point[0] < a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    });
    crossings.count() % 2 == 1
}

/// Whether two lines cross properly; lines that only touch do not.
fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let side =
        |p: [f64; 2], q: [f64; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}
