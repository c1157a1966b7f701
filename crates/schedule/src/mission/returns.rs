//! The ways of a flight that no item draws: home from anywhere (a lost link, a low battery, a breach), to another
//! landing place, and to rally points, which both autopilots prefer to home where they are nearer.

use survey::geodesy::{LocalTangent, Wgs84, geodesic_distance_m};

use super::fence::legs;
use super::fence_area::{Area, distance_m, is_area};
use crate::mission::{Fence, MissionItem, MissionProblem, MissionProblemCode, MissionRules, RallyPoint};

const RETURN: u16 = 20;
/// Commands below this number move the vehicle (MAVLink `common.xml`: NAV_LAST).
const NAV_LAST: u16 = 95;
/// A rally point is taken for nearer than home if it is not farther by more than this, m: where a return begins is not
/// known to the metre.
const NEARER_BY_M: f64 = 15.0;

/// What is wrong with the ways home and to `alternate` within a fence whose own check found nothing wrong: an alternate
/// landing place outside, to which ArduPilot refuses to fly, and legs from which a straight return would leave the fence.
#[must_use]
pub fn check_returns(
    items: &[MissionItem],
    fence: &Fence,
    home: Option<Wgs84>,
    alternate: Option<Wgs84>,
) -> Vec<MissionProblem> {
    let Some(home) = home.filter(|_| fence.areas.iter().all(is_area)) else {
        return Vec::new();
    };
    let tangent = LocalTangent::at(home);
    let areas: Vec<Area> = fence.areas.iter().map(|area| Area::on(&tangent, area)).collect();
    let holds = |from, to| areas.iter().all(|area| area.holds(from, to, 0.0));
    let mut problems = Vec::new();
    let mut add = |item, code| problems.push(MissionProblem { item, code });
    if let Some(at) = alternate.map(|place| tangent.enu_from_wgs84(place)) {
        if !holds(at, at) {
            add(None, MissionProblemCode::AlternateOutsideFence);
        } else if !holds([0.0; 2], at) {
            add(None, MissionProblemCode::DivertLeavesFence);
        }
    }
    for leg in legs(items, &tangent, true) {
        let swept = [[0.0; 2], leg.from, leg.to];
        let clear = holds(leg.to, [0.0; 2]) && !areas.iter().any(|area| area.is_enclosed_by(&swept));
        if !leg.is_return && !clear {
            add(Some(leg.item), MissionProblemCode::ReturnLeavesFence);
        }
    }
    problems
}

/// What is wrong with rally points, each kind once: outside the fence, out of reach, too high on the way there, or so
/// near to where the mission turns home that the vehicle would land there and not at home.
#[must_use]
pub fn check_rally(
    items: &[MissionItem],
    rally: &[RallyPoint],
    fence: &Fence,
    rules: &MissionRules,
) -> Vec<MissionProblem> {
    use MissionProblemCode as Code;
    let mut codes = Vec::new();
    let Some(home) = rules.home else {
        return Vec::new();
    };
    let tangent = LocalTangent::at(home);
    let is_fence = fence.areas.iter().all(is_area);
    let areas: Vec<Area> = fence
        .areas
        .iter()
        .filter(|_| is_fence)
        .map(|area| Area::on(&tangent, area))
        .collect();
    for point in rally {
        let at = tangent.enu_from_wgs84(point.position);
        let height_agl_m = point.height_above_home_m + rules.home_height_agl_m;
        let found = [
            (
                Code::RallyOutsideFence,
                !areas.iter().all(|area| area.holds(at, at, 0.0)),
            ),
            (
                Code::RallyBeyondReach,
                geodesic_distance_m(home, point.position) > rules.reach_m,
            ),
            (
                Code::RallyHeight,
                !(0.0..=rules.ceiling_agl_m).contains(&height_agl_m),
            ),
        ];
        codes.extend(found.iter().filter(|(_, wrong)| *wrong).map(|(code, _)| *code));
    }
    if takes_return(items, rally, home) {
        codes.push(Code::RallyTakesReturn);
    }
    codes.sort_unstable();
    codes.dedup();
    codes
        .into_iter()
        .map(|code| MissionProblem { item: None, code })
        .collect()
}

/// Whether the return at the end of a mission would land at one of these points instead of at home.
#[must_use]
pub fn takes_return(items: &[MissionItem], rally: &[RallyPoint], home: Wgs84) -> bool {
    let moves = |item: &&MissionItem| item.command < NAV_LAST;
    if items
        .iter()
        .rev()
        .find(moves)
        .is_none_or(|last| last.command != RETURN)
    {
        return false;
    }
    let tangent = LocalTangent::at(home);
    let turns = items.iter().rev().find_map(MissionItem::place);
    let at = turns.map_or([0.0; 2], |place| tangent.enu_from_wgs84(place));
    rally.iter().any(|point| {
        let off_m = distance_m(tangent.enu_from_wgs84(point.position), at);
        off_m < distance_m(at, [0.0; 2]) + NEARER_BY_M
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::made::{at, home, item, mission};
    use crate::mission::{FenceArea, FenceShape};
    use MissionProblemCode as Code;

    fn polygon(inclusion: bool, corners: &[(f64, f64)]) -> FenceArea {
        let corners = corners.iter().map(|(east, north)| at(*east, *north)).collect();
        FenceArea {
            inclusion,
            shape: FenceShape::Polygon(corners),
        }
    }

    fn fence(areas: Vec<FenceArea>) -> Fence {
        Fence {
            areas,
            return_point: None,
        }
    }

    /// Two arms that meet at home.
    fn bent() -> FenceArea {
        polygon(
            true,
            &[
                (-10.0, -10.0),
                (300.0, -10.0),
                (300.0, 50.0),
                (50.0, 50.0),
                (50.0, 300.0),
                (-10.0, 300.0),
            ],
        )
    }

    fn returns(
        items: &[MissionItem],
        areas: Vec<FenceArea>,
        alternate: Option<Wgs84>,
    ) -> Vec<(Option<usize>, Code)> {
        check_returns(items, &fence(areas), Some(home()), alternate)
            .into_iter()
            .map(|problem| (problem.item, problem.code))
            .collect()
    }

    #[test]
    fn a_return_from_anywhere_and_a_divert_have_to_stay_inside() {
        let hooked = polygon(
            true,
            &[
                (-10.0, -10.0),
                (200.0, -10.0),
                (200.0, 200.0),
                (-10.0, 200.0),
                (-10.0, 150.0),
                (150.0, 150.0),
                (150.0, 40.0),
                (-10.0, 40.0),
            ],
        );
        let items = mission(&[
            (180.0, 0.0),
            (180.0, 170.0),
            (20.0, 170.0),
            (180.0, 170.0),
            (180.0, 0.0),
        ]);
        let wrong = |item| (Some(item), Code::ReturnLeavesFence);
        assert_eq!(
            returns(&items, vec![hooked.clone()], None),
            [wrong(2), wrong(3), wrong(4)]
        );
        assert_eq!(returns(&items, Vec::new(), Some(at(900.0, 0.0))), []);
        let straight = mission(&[(250.0, 0.0), (0.0, 0.0), (0.0, 250.0)]);
        assert_eq!(returns(&straight, vec![bent()], Some(at(40.0, 40.0))), []);
        assert_eq!(
            returns(&straight, vec![bent()], Some(at(90.0, 90.0))),
            [(None, Code::AlternateOutsideFence)]
        );
        assert_eq!(
            returns(&[], vec![hooked], Some(at(0.0, 170.0))),
            [(None, Code::DivertLeavesFence)]
        );
    }

    #[test]
    fn what_lies_between_a_leg_and_home_counts() {
        let pond = polygon(false, &[(60.0, 60.0), (70.0, 60.0), (70.0, 70.0)]);
        let around = mission(&[(150.0, 0.0), (0.0, 150.0)]);
        assert_eq!(
            returns(&around, vec![pond], None),
            [(Some(2), Code::ReturnLeavesFence)]
        );
    }

    #[test]
    fn rally_points_are_inside_in_reach_and_do_not_take_the_return() {
        let rules = MissionRules {
            home: Some(home()),
            reach_m: 400.0,
            ..MissionRules::default()
        };
        let items = mission(&[(200.0, 0.0), (20.0, 0.0)]);
        let point = |east_m, north_m, height_above_home_m| RallyPoint {
            position: at(east_m, north_m),
            height_above_home_m,
        };
        let found = |points: &[RallyPoint]| -> Vec<Code> {
            check_rally(&items, points, &fence(vec![bent()]), &rules)
                .iter()
                .map(|problem| problem.code)
                .collect()
        };
        assert_eq!(found(&[point(200.0, 20.0, 40.0)]), []);
        assert_eq!(found(&[point(120.0, 120.0, 40.0)]), [Code::RallyOutsideFence]);
        assert_eq!(
            found(&[point(500.0, 0.0, 40.0), point(501.0, 0.0, 200.0)]),
            [Code::RallyOutsideFence, Code::RallyBeyondReach, Code::RallyHeight]
        );
        assert_eq!(found(&[point(40.0, 0.0, 40.0)]), [Code::RallyTakesReturn]);
        let lands = [items[0].clone(), items[1].clone(), item(21, None)];
        assert!(!takes_return(&lands, &[point(200.0, 0.0, 40.0)], home()));
    }
}
