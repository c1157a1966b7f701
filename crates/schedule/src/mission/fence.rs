//! Where a flight may be and may not be, places to land instead of at home, and whether a mission stays within its
//! own fence.

use serde::{Deserialize, Serialize};
use survey::geodesy::{LocalTangent, Wgs84};

use super::fence_area::{Area, distance_m, is_area};
use crate::mission::{MissionItem, MissionProblem, MissionProblemCode};

/// Return to launch.
const RETURN: u16 = 20;
/// Loiter for ever, for turns, for a time: parameter 3 is the radius, m.
const LOITERS: [u16; 3] = [17, 18, 19];
/// A waypoint that is reached on a curve.
const SPLINE: u16 = 82;

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

    /// Corners and circles, as a vehicle stores them one by one.
    #[must_use]
    pub fn item_count(&self) -> usize {
        let items = |area: &FenceArea| match &area.shape {
            FenceShape::Polygon(corners) => corners.len(),
            FenceShape::Circle { .. } => 1,
        };
        self.areas.iter().map(items).sum::<usize>() + usize::from(self.return_point.is_some())
    }

    /// Whether a place is within it. Areas that bound nothing allow everything.
    #[must_use]
    pub fn allows(&self, place: Wgs84) -> bool {
        let tangent = LocalTangent::at(place);
        let real = self.areas.iter().filter(|area| is_area(area));
        real.map(|area| Area::on(&tangent, area))
            .all(|area| area.holds([0.0; 2], [0.0; 2], 0.0))
    }
}

/// What is wrong between a mission and its own fence: an area that is none, a start outside, legs that leave it.
/// Legs are straight lines between the places of the mission, from home and, for a return, back to it; a leg on a curve
/// is as broad as the curve may be. `home` None leaves home out.
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
    for leg in legs(items, &tangent, home.is_some()) {
        let holds = |area: &Area| {
            area.holds(leg.from, leg.to, leg.around_m) && area.holds_aside(leg.from, leg.to, leg.aside_m)
        };
        if !areas.iter().all(holds) {
            problems.push(MissionProblem {
                item: Some(leg.item),
                code: MissionProblemCode::LeavesFence,
            });
        }
    }
    problems
}

/// A way that a mission flies, metres east and north of the origin.
pub(super) struct Leg {
    /// The item it leads to.
    pub item: usize,
    pub from: [f64; 2],
    pub to: [f64; 2],
    /// How far around its end it flies, m.
    around_m: f64,
    /// How far from the straight line it may be, m.
    aside_m: f64,
    /// The way back to home.
    pub is_return: bool,
}

/// The legs of a mission; `from_home`: it starts at the origin and returns there.
pub(super) fn legs(items: &[MissionItem], tangent: &LocalTangent, from_home: bool) -> Vec<Leg> {
    let place = |item: &MissionItem| match item.place() {
        Some(place) => Some(tangent.enu_from_wgs84(place)),
        None => (item.command == RETURN && from_home).then_some([0.0; 2]),
    };
    let numbered = items.iter().enumerate();
    let places: Vec<(usize, &MissionItem, [f64; 2])> = numbered
        .filter_map(|(number, item)| Some((number, item, place(item)?)))
        .collect();
    let start = from_home.then_some([0.0; 2]);
    let at = |index: Option<usize>| index.and_then(|index| places.get(index)).map(|(.., at)| *at);
    let leg = |(index, (number, item, to)): (usize, &(usize, &MissionItem, [f64; 2]))| {
        let from = at(index.checked_sub(1)).or(start).unwrap_or(*to);
        let before = at(index.checked_sub(2)).or(start).unwrap_or(from);
        let next = at(Some(index + 1)).unwrap_or(*to);
        Leg {
            item: *number,
            from,
            to: *to,
            around_m: around_m(item),
            aside_m: if item.command == SPLINE {
                curve_aside_m([before, from, *to, next])
            } else {
                0.0
            },
            is_return: item.command == RETURN,
        }
    };
    places.iter().enumerate().map(leg).collect()
}

/// How far a curve from the second to the third of four places may be from the straight line, m. ArduCopter flies a
/// cubic Hermite curve (`SplineCurve.cpp`) whose end velocities are at most the ways between the places around; each
/// of its velocity terms is at most 4/27 of the velocity.
fn curve_aside_m([before, from, to, next]: [[f64; 2]; 4]) -> f64 {
    let first = distance_m(before, to).max(distance_m(before, from));
    let last = distance_m(from, next).max(distance_m(to, next));
    4.0 / 27.0 * (first + last)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mission::fence_area::{distance_to_line_m, edges, is_inside};
    use crate::mission::made::{at, home, mission};
    use MissionProblemCode as Code;

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
    fn a_leg_on_a_curve_is_as_broad_as_the_curve() {
        let mut items = mission(&[(100.0, 0.0), (190.0, 0.0), (190.0, 100.0), (0.0, 100.0)]);
        assert_eq!(codes(&items, vec![square(true, 200.0)]), []);
        // Around the second place the curve swings out: ArduCopter's own curve leaves this square by 9 m.
        items[2].command = 82;
        items[3].command = 82;
        let left = |item| (Some(item), Code::LeavesFence);
        assert_eq!(codes(&items, vec![square(true, 200.0)]), [left(2), left(3)]);
        assert_eq!(codes(&items, vec![square(true, 260.0)]), []);
    }

    proptest! {
        /// No point of the curve is further from the straight line than said.
        #[test]
        fn a_curve_stays_as_near_as_said(
            places in prop::array::uniform4((-200.0..200.0_f64, -200.0..200.0_f64)),
            (straight_before, straight_after) in (any::<bool>(), any::<bool>()),
        ) {
            let [before, from, to, next] = places.map(|(east, north)| [east, north]);
            let way = |a: [f64; 2], b: [f64; 2]| [b[0] - a[0], b[1] - a[1]];
            let mut first = if straight_before { way(before, from) } else { way(before, to) };
            let mut last = if straight_after { way(to, next) } else { way(from, next) };
            let sum = (first[0] + last[0]).hypot(first[1] + last[1]);
            let most = 4.0 * distance_m(from, to);
            if sum > most {
                first = first.map(|v| v * most / sum);
                last = last.map(|v| v * most / sum);
            }
            for step in 0..=40 {
                let t = f64::from(step) / 40.0;
                let (t2, t3) = (t * t, t * t * t);
                let at = [0, 1].map(|axis| {
                    from[axis] * (2.0 * t3 - 3.0 * t2 + 1.0)
                        + first[axis] * (t3 - 2.0 * t2 + t)
                        + to[axis] * (3.0 * t2 - 2.0 * t3)
                        + last[axis] * (t3 - t2)
                });
                let off_m = distance_to_line_m(at, from, to);
                prop_assert!(off_m <= curve_aside_m([before, from, to, next]) + 1e-6);
            }
        }
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
