//! What people read about what is wrong with a plan.

use schedule::mission::MissionProblem;

use crate::fleet::words::named;
use crate::lang::Words;

/// What can be wrong with a plan.
const PLAN_PROBLEMS: &[(&str, [&str; 2])] = &[
    ("empty", ["航线为空", "the plan is empty"]),
    (
        "too_many_items",
        ["航点项过多", "more items than a vehicle stores"],
    ),
    ("no_takeoff", ["没有起飞项", "there is no take-off"]),
    (
        "takeoff_not_first",
        ["起飞之前还有航点", "something is flown before the take-off"],
    ),
    (
        "unknown_command",
        [
            "不认识或不适用的指令",
            "a command that is not known or not fit for a photo flight",
        ],
    ),
    (
        "bad_position",
        ["位置或高度无效", "a place or height that cannot be"],
    ),
    (
        "beyond_reach",
        ["超出可达半径", "further from home than the vehicle may go"],
    ),
    (
        "above_ceiling",
        [
            "真高超过限高(默认 120 m)",
            "above the ceiling in true height (120 m unless set otherwise)",
        ],
    ),
    (
        "height_unknown",
        [
            "使用海拔高度,但起飞点海拔未知",
            "an absolute height, and the height of home is not known",
        ],
    ),
    ("too_many_photos", ["拍照过多", "more photos than can be planned"]),
    (
        "no_way_home",
        ["末尾没有返航或降落", "neither a return nor a landing at the end"],
    ),
    (
        "leaves_fence",
        ["航线越出围栏", "the way there leaves the fence of the plan"],
    ),
    (
        "dock_outside_fence",
        ["起飞点在围栏之外", "the start is outside the fence of the plan"],
    ),
    (
        "bad_fence",
        ["围栏中有无效区域", "an area of the fence bounds nothing"],
    ),
    (
        "alternate_outside_fence",
        [
            "备降点在围栏之外,飞控将拒绝前往",
            "the alternate landing place is outside the fence: the autopilot would refuse to fly there",
        ],
    ),
    (
        "divert_leaves_fence",
        [
            "自机场直飞备降点会越出围栏",
            "the straight way from the dock to the alternate landing place leaves the fence",
        ],
    ),
    (
        "return_leaves_fence",
        [
            "途中若失联或低电返航,直线会越出围栏",
            "a straight return from the way there (lost link, low battery) would leave the fence",
        ],
    ),
    (
        "rally_outside_fence",
        ["集结点在围栏之外", "a rally point is outside the fence"],
    ),
    (
        "rally_beyond_reach",
        [
            "集结点超出可达半径",
            "a rally point is further from home than the vehicle may go",
        ],
    ),
    (
        "rally_height",
        [
            "集结点高度低于起飞点或超过限高",
            "the height of a rally point is below home or above the ceiling",
        ],
    ),
    (
        "rally_takes_return",
        [
            "集结点比机场更近,任务末尾的返航会降落到集结点",
            "a rally point is nearer than home where the mission turns back: the vehicle would land there",
        ],
    ),
    (
        "breach_return_unused",
        [
            "围栏的返回点只供固定翼使用,多旋翼越界后返航",
            "the breach return point is for aeroplanes; a multicopter returns home after a breach",
        ],
    ),
];

/// What is wrong with a plan, with the item counted as planners count it, from 1.
pub fn plan_problem_words(problem: &MissionProblem) -> Words {
    let words = named(PLAN_PROBLEMS, problem.code.as_str());
    match problem.item {
        Some(index) => {
            let number = index + 1;
            Words::new(
                format!("第 {number} 项:{}", words.zh),
                format!("item {number}: {}", words.en),
            )
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use schedule::mission::MissionProblemCode;

    use super::*;

    #[test]
    fn every_problem_has_words() {
        for code in MissionProblemCode::ALL {
            let words = plan_problem_words(&MissionProblem { item: None, code });
            assert_ne!(words.en, code.as_str());
        }
    }
}
