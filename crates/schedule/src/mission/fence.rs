//! Where a flight may be and may not be, places to land instead of at home, and whether a mission stays within its
//! own fence.

use serde::{Deserialize, Serialize};
use survey::geodesy::{LocalTangent, Wgs84};

use crate::mission::{MissionItem, MissionProblem, MissionProblemCode};

/// Return to launch.
const RETURN: u16 = 20;
/// Loiter for ever, for turns, for a time: parameter 3 is the radius, m.
const LOITERS: [u16; 3] = [17, 18, 19];

/// Areas of a fence. A place is within it if it is inside every inclusion area (ArduPilot; PX4 is content with one)
/// and outside every exclusion area.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fence {
    /// The areas.
    pub areas: Vec<FenceArea>,
    /// Where an aeroplane goes after a breach; multicopters do not read it.
    #[serde(default)]
    pub return_point: Option<Wgs84>,
}

/// An area of a fence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FenceArea {
    /// True: stay inside. False: stay outside.
    pub inclusion: bool,
    /// Its outline.
    pub shape: FenceShape,
}

/// Outline of an area of a fence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FenceShape {
    /// Corners in order, not closed.
    Polygon(Vec<Wgs84>),
    /// A circle.
    Circle {
        /// Its middle.
        centre: Wgs84,
        /// Its radius, m.
        radius_m: f64,
    },
}

/// A place to land instead of at home.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RallyPoint {
    /// Where.
    pub position: Wgs84,
    /// Height on the way there, m above home.
    pub height_above_home_m: f64,
}

impl Fence {
    /// Whether it bounds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty() && self.return_point.is_none()
    }
}

/// What is wrong between a mission and its own fence: an area that is none, a start outside, legs that leave it.
/// Legs are straight lines between the places of the mission, from home and, for a return, back to it. `home` None
/// leaves home out.
#[must_use]
pub fn check_fence(items: &[MissionItem], fence: &Fence, home: Option<Wgs84>) -> Vec<MissionProblem> {
    let whole = |code| MissionProblem { item: None, code };
    if !fence.areas.iter().all(is_area) {
        return vec![whole(MissionProblemCode::BadFence)];
    }
    let Some(origin) = home.or_else(|| items.iter().find_map(MissionItem::place)) else {
        return Vec::new();
    };
    let tangent = LocalTangent::at(origin);
    let areas: Vec<Area> = fence.areas.iter().map(|area| Area::on(&tangent, area)).collect();
    let mut problems = Vec::new();
    if home.is_some() && !areas.iter().all(|area| area.holds([0.0; 2], [0.0; 2], 0.0)) {
        problems.push(whole(MissionProblemCode::DockOutsideFence));
    }
    let mut at = home.map(|_| [0.0; 2]);
    for (number, item) in items.iter().enumerate() {
        let to = match item.place() {
            Some(place) => tangent.enu_from_wgs84(place),
            None if item.command == RETURN && home.is_some() => [0.0; 2],
            None => continue,
        };
        let from = at.replace(to).unwrap_or(to);
        let around_m = around_m(item);
        if !areas.iter().all(|area| area.holds(from, to, around_m)) {
            problems.push(MissionProblem {
                item: Some(number),
                code: MissionProblemCode::LeavesFence,
            });
        }
    }
    problems
}

/// How far around its place an item flies, m.
fn around_m(item: &MissionItem) -> f64 {
    let radius_m = f64::from(item.params[2]).abs();
    if LOITERS.contains(&item.command) && radius_m.is_finite() {
        radius_m
    } else {
        0.0
    }
}

fn is_area(area: &FenceArea) -> bool {
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
struct Area {
    inclusion: bool,
    outline: Outline,
}

enum Outline {
    Polygon(Vec<[f64; 2]>),
    Circle([f64; 2], f64),
}

impl Area {
    fn on(tangent: &LocalTangent, area: &FenceArea) -> Self {
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
    fn holds(&self, from: [f64; 2], to: [f64; 2], around_m: f64) -> bool {
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
}

fn edges(corners: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + '_ {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(a, b)| (*a, *b))
}

fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// From a point to the nearest point of the line from `a` to `b`.
fn distance_to_line_m(point: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
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
fn is_inside(corners: &[[f64; 2]], point: [f64; 2]) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use MissionProblemCode as Code;

    fn home() -> Wgs84 {
        Wgs84::new(31.2, 121.5).unwrap()
    }

    fn at(east_m: f64, north_m: f64) -> Wgs84 {
        LocalTangent::at(home()).wgs84_from_enu(east_m, north_m)
    }

    fn item(command: u16, place: Option<Wgs84>) -> MissionItem {
        let units = |degrees: f64| (degrees * 1e7).round() as i32;
        MissionItem {
            frame: 3,
            command,
            params: [0.0; 4],
            x: place.map_or(0, |place| units(place.latitude_deg)),
            y: place.map_or(0, |place| units(place.longitude_deg)),
            z: 50.0,
            auto_continue: true,
        }
    }

    fn mission(places: &[(f64, f64)]) -> Vec<MissionItem> {
        let places = places
            .iter()
            .map(|(east, north)| item(16, Some(at(*east, *north))));
        std::iter::once(item(22, None))
            .chain(places)
            .chain([item(20, None)])
            .collect()
    }

    fn polygon(inclusion: bool, corners: &[(f64, f64)]) -> FenceArea {
        FenceArea {
            inclusion,
            shape: FenceShape::Polygon(corners.iter().map(|(east, north)| at(*east, *north)).collect()),
        }
    }

    fn square(inclusion: bool, half_m: f64) -> FenceArea {
        polygon(
            inclusion,
            &[
                (-half_m, -half_m),
                (half_m, -half_m),
                (half_m, half_m),
                (-half_m, half_m),
            ],
        )
    }

    fn circle(inclusion: bool, (east, north): (f64, f64), radius_m: f64) -> FenceArea {
        let centre = at(east, north);
        FenceArea {
            inclusion,
            shape: FenceShape::Circle { centre, radius_m },
        }
    }

    fn codes(items: &[MissionItem], areas: Vec<FenceArea>) -> Vec<(Option<usize>, Code)> {
        let fence = Fence {
            areas,
            return_point: None,
        };
        let problems = check_fence(items, &fence, Some(home()));
        problems
            .into_iter()
            .map(|problem| (problem.item, problem.code))
            .collect()
    }

    #[test]
    fn a_mission_inside_its_fence_has_no_problem() {
        let items = mission(&[(100.0, 0.0), (100.0, 150.0), (-180.0, 180.0)]);
        assert_eq!(
            codes(
                &items,
                vec![square(true, 200.0), circle(false, (50.0, 80.0), 20.0)]
            ),
            []
        );
        assert_eq!(codes(&items, Vec::new()), []);
    }

    #[test]
    fn legs_that_leave_are_named_by_the_item_they_lead_to() {
        let items = mission(&[(100.0, 0.0), (250.0, 0.0), (100.0, 100.0)]);
        let left = |item| (Some(item), Code::LeavesFence);
        assert_eq!(codes(&items, vec![square(true, 200.0)]), [left(2), left(3)]);
        // Both ends are inside, the way between them cuts the corner of an L.
        let bent = polygon(
            true,
            &[
                (-10.0, -10.0),
                (300.0, -10.0),
                (300.0, 50.0),
                (50.0, 50.0),
                (50.0, 300.0),
                (-10.0, 300.0),
            ],
        );
        let items = mission(&[(280.0, 0.0), (0.0, 280.0)]);
        assert_eq!(codes(&items, vec![bent]), [left(2)]);
        // The way home crosses what must not be flown over.
        let items = mission(&[(0.0, 100.0), (100.0, 100.0)]);
        assert_eq!(codes(&items, vec![circle(false, (50.0, 50.0), 10.0)]), [left(3)]);
        assert_eq!(
            codes(&items, vec![circle(true, (0.0, 0.0), 120.0)]),
            [left(2), left(3)]
        );
    }

    #[test]
    fn circles_flown_around_a_place_count() {
        let mut items = mission(&[(150.0, 0.0)]);
        items[1].command = 18;
        items[1].params[2] = 60.0;
        assert_eq!(
            codes(&items, vec![square(true, 200.0)]),
            [(Some(1), Code::LeavesFence)]
        );
        items[1].params[2] = 40.0;
        assert_eq!(codes(&items, vec![square(true, 200.0)]), []);
    }

    #[test]
    fn a_dock_outside_and_areas_that_are_none_are_named() {
        let items = mission(&[(100.0, 0.0)]);
        let found = codes(&items, vec![circle(false, (0.0, 5.0), 20.0)]);
        assert_eq!(found[0], (None, Code::DockOutsideFence));
        let flat = polygon(true, &[(0.0, 0.0), (100.0, 0.0), (50.0, 0.0)]);
        for bad in [
            flat,
            polygon(true, &[(0.0, 0.0), (9.0, 9.0)]),
            circle(true, (0.0, 0.0), f64::NAN),
        ] {
            assert_eq!(codes(&items, vec![bad]), [(None, Code::BadFence)]);
        }
    }

    proptest! {
        /// Sampled points of every leg that is called good are inside the polygon and outside the circle.
        #[test]
        fn what_is_called_good_stays_inside(
            corners in prop::collection::vec((-400.0..400.0_f64, -400.0..400.0_f64), 3..8),
            places in prop::collection::vec((-300.0..300.0_f64, -300.0..300.0_f64), 1..6),
            (east, north, radius_m) in (-200.0..200.0_f64, -200.0..200.0_f64, 1.0..150.0_f64),
        ) {
            let areas = vec![polygon(true, &corners), circle(false, (east, north), radius_m)];
            if codes(&mission(&places), areas).is_empty() {
                let flat: Vec<[f64; 2]> = corners.iter().map(|(e, n)| [*e, *n]).collect();
                let all = [(0.0, 0.0)].into_iter().chain(places.iter().copied()).chain([(0.0, 0.0)]);
                let all: Vec<(f64, f64)> = all.collect();
                for pair in all.windows(2) {
                    for part in [0.03, 0.31, 0.5, 0.77, 0.97] {
                        let point = [
                            pair[0].0 + part * (pair[1].0 - pair[0].0),
                            pair[0].1 + part * (pair[1].1 - pair[0].1),
                        ];
                        let edge_m = edges(&flat).map(|(a, b)| distance_to_line_m(point, a, b)).fold(f64::MAX, f64::min);
                        prop_assert!(is_inside(&flat, point) || edge_m < 0.1);
                        prop_assert!(distance_m(point, [east, north]) > radius_m - 0.1);
                    }
                }
            }
        }
    }
}
