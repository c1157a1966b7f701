//! Whether a mission can be flown from a dock: order of its items, reach, ceiling.

use std::fmt;

use survey::geodesy::{Wgs84, geodesic_distance_m};

use crate::mission::MissionItem;
use crate::mission::shots::{MOST_SHOTS, planned_shots};

/// Commands a mission may hold: those that fly, wait, turn, and work the camera.
const KNOWN: &[u16] = &[
    16, 17, 18, 19, 20, 21, 22, 31, 82, 84, 85, 93, 112, 114, 115, 178, 189, 195, 197, 201, 203, 205, 206,
    214, 530, 531, 532, 1000, 2000, 2001, 2500, 2501,
];
/// Commands that are nothing without a place.
const NEED_PLACE: &[u16] = &[16, 31, 82, 195];
const TAKEOFFS: [u16; 2] = [22, 84];
/// Return to launch, land, land as a plane that hovers.
const WAYS_HOME: [u16; 3] = [20, 21, 85];
/// Noise of single precision on the way from a plan to a height.
const HEIGHT_NOISE_M: f64 = 0.01;

/// What a dock, the law and the vehicle allow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MissionRules {
    /// Where the vehicle starts. Without it nothing is said about reach.
    pub home: Option<Wgs84>,
    /// Height of home above mean sea level, m; needed where the mission gives absolute heights.
    pub home_amsl_m: Option<f64>,
    /// Greatest distance from home, m.
    pub reach_m: f64,
    /// Greatest true height above ground, m.
    pub ceiling_agl_m: f64,
    /// Height of home above ground, m: the roof the dock stands on.
    pub home_height_agl_m: f64,
    /// Most items the vehicle stores.
    pub max_items: usize,
}

impl Default for MissionRules {
    /// 5 km around, 120 m above ground (the Chinese interim regulation, article 19), a dock on the ground,
    /// ArduPilot's 700 items.
    fn default() -> Self {
        MissionRules {
            home: None,
            home_amsl_m: None,
            reach_m: 5000.0,
            ceiling_agl_m: 120.0,
            home_height_agl_m: 0.0,
            max_items: 700,
        }
    }
}

/// One thing that is wrong with a mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissionProblem {
    /// The item, 0-based; none when it is about the whole mission.
    pub item: Option<usize>,
    /// What is wrong.
    pub code: MissionProblemCode,
}

/// Whether a mission with a problem may be flown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It must not.
    Error,
    /// It may, people should know.
    Warning,
}

/// What can be wrong with a mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissionProblemCode {
    /// No items.
    Empty,
    /// More items than the vehicle stores.
    TooManyItems,
    /// No take-off.
    NoTakeoff,
    /// Something is flown before the take-off.
    TakeoffNotFirst,
    /// A command that no photo flight needs, or that does not exist.
    UnknownCommand,
    /// A place that is missing, not on Earth, or in a frame without a place on Earth; or a height that is no number.
    BadPosition,
    /// Further from home than the vehicle may go.
    BeyondReach,
    /// Higher above ground than allowed.
    AboveCeiling,
    /// An absolute height, and nobody said how high home is.
    HeightUnknown,
    /// More photos than can be planned.
    TooManyPhotos,
    /// Neither a return nor a landing at the end.
    NoWayHome,
    /// The mission flies out of its own fence.
    LeavesFence,
    /// The fence keeps the vehicle from where it starts.
    DockOutsideFence,
    /// An area of the fence that bounds nothing.
    BadFence,
    /// The alternate landing place is outside the fence.
    AlternateOutsideFence,
    /// The straight way from home to the alternate landing place leaves the fence.
    DivertLeavesFence,
    /// A straight return from somewhere on the way to this item leaves the fence.
    ReturnLeavesFence,
    /// A rally point is outside the fence.
    RallyOutsideFence,
    /// A rally point is further from home than the vehicle may go.
    RallyBeyondReach,
    /// The way to a rally point is below home or higher above ground than allowed.
    RallyHeight,
    /// The return at the end of the mission would land at a rally point instead of at home.
    RallyTakesReturn,
    /// A place to go after a breach, which only aeroplanes use.
    BreachReturnUnused,
}

impl MissionProblemCode {
    /// Every code.
    pub const ALL: [MissionProblemCode; 22] = [
        MissionProblemCode::Empty,
        MissionProblemCode::TooManyItems,
        MissionProblemCode::NoTakeoff,
        MissionProblemCode::TakeoffNotFirst,
        MissionProblemCode::UnknownCommand,
        MissionProblemCode::BadPosition,
        MissionProblemCode::BeyondReach,
        MissionProblemCode::AboveCeiling,
        MissionProblemCode::HeightUnknown,
        MissionProblemCode::TooManyPhotos,
        MissionProblemCode::NoWayHome,
        MissionProblemCode::LeavesFence,
        MissionProblemCode::DockOutsideFence,
        MissionProblemCode::BadFence,
        MissionProblemCode::AlternateOutsideFence,
        MissionProblemCode::DivertLeavesFence,
        MissionProblemCode::ReturnLeavesFence,
        MissionProblemCode::RallyOutsideFence,
        MissionProblemCode::RallyBeyondReach,
        MissionProblemCode::RallyHeight,
        MissionProblemCode::RallyTakesReturn,
        MissionProblemCode::BreachReturnUnused,
    ];

    /// The word in JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MissionProblemCode::Empty => "empty",
            MissionProblemCode::TooManyItems => "too_many_items",
            MissionProblemCode::NoTakeoff => "no_takeoff",
            MissionProblemCode::TakeoffNotFirst => "takeoff_not_first",
            MissionProblemCode::UnknownCommand => "unknown_command",
            MissionProblemCode::BadPosition => "bad_position",
            MissionProblemCode::BeyondReach => "beyond_reach",
            MissionProblemCode::AboveCeiling => "above_ceiling",
            MissionProblemCode::HeightUnknown => "height_unknown",
            MissionProblemCode::TooManyPhotos => "too_many_photos",
            MissionProblemCode::NoWayHome => "no_way_home",
            MissionProblemCode::LeavesFence => "leaves_fence",
            MissionProblemCode::DockOutsideFence => "dock_outside_fence",
            MissionProblemCode::BadFence => "bad_fence",
            MissionProblemCode::AlternateOutsideFence => "alternate_outside_fence",
            MissionProblemCode::DivertLeavesFence => "divert_leaves_fence",
            MissionProblemCode::ReturnLeavesFence => "return_leaves_fence",
            MissionProblemCode::RallyOutsideFence => "rally_outside_fence",
            MissionProblemCode::RallyBeyondReach => "rally_beyond_reach",
            MissionProblemCode::RallyHeight => "rally_height",
            MissionProblemCode::RallyTakesReturn => "rally_takes_return",
            MissionProblemCode::BreachReturnUnused => "breach_return_unused",
        }
    }

    /// A vehicle without a way home returns when told to, and ways that are flown only in need are a matter of choice;
    /// everything else must be put right first.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            MissionProblemCode::NoWayHome
            | MissionProblemCode::DivertLeavesFence
            | MissionProblemCode::ReturnLeavesFence
            | MissionProblemCode::BreachReturnUnused => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for MissionProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Everything that is wrong with a mission, those of the whole mission first, then item by item.
#[must_use]
pub fn check(items: &[MissionItem], rules: &MissionRules) -> Vec<MissionProblem> {
    let whole = |code| MissionProblem { item: None, code };
    if items.is_empty() {
        return vec![whole(MissionProblemCode::Empty)];
    }
    let mut problems = Vec::new();
    if items.len() > rules.max_items {
        problems.push(whole(MissionProblemCode::TooManyItems));
    }
    problems.extend(takeoff_problem(items));
    let flown = items.iter().rev().find(|item| is_flown(item.command));
    if !flown.is_some_and(|last| WAYS_HOME.contains(&last.command)) {
        problems.push(whole(MissionProblemCode::NoWayHome));
    }
    if planned_shots(items, rules.home).len() >= MOST_SHOTS {
        problems.push(whole(MissionProblemCode::TooManyPhotos));
    }
    for (number, item) in items.iter().enumerate() {
        problems.extend(item_problems(item, rules).into_iter().map(|code| MissionProblem {
            item: Some(number),
            code,
        }));
    }
    problems
}

fn takeoff_problem(items: &[MissionItem]) -> Option<MissionProblem> {
    let Some(takeoff) = items.iter().position(|item| TAKEOFFS.contains(&item.command)) else {
        return Some(MissionProblem {
            item: None,
            code: MissionProblemCode::NoTakeoff,
        });
    };
    let flown_before = items[..takeoff].iter().any(|item| is_flown(item.command));
    flown_before.then_some(MissionProblem {
        item: Some(takeoff),
        code: MissionProblemCode::TakeoffNotFirst,
    })
}

/// MAV_CMD_NAV_*: everything below MAV_CMD_NAV_LAST (95).
fn is_flown(command: u16) -> bool {
    command < 95
}

fn item_problems(item: &MissionItem, rules: &MissionRules) -> Vec<MissionProblemCode> {
    if !KNOWN.contains(&item.command) {
        return vec![MissionProblemCode::UnknownCommand];
    }
    let mut codes = Vec::new();
    let place = item.place();
    if place_is_bad(item) {
        codes.push(MissionProblemCode::BadPosition);
    }
    if let Some((home, place)) = rules.home.zip(place)
        && geodesic_distance_m(home, place) > rules.reach_m
    {
        codes.push(MissionProblemCode::BeyondReach);
    }
    if has_height(item) && item.z.is_finite() {
        match height_agl_m(item, rules) {
            None => codes.push(MissionProblemCode::HeightUnknown),
            Some(height_m) if height_m > rules.ceiling_agl_m + HEIGHT_NOISE_M => {
                codes.push(MissionProblemCode::AboveCeiling);
            }
            Some(_) => {}
        }
    }
    codes
}

fn place_is_bad(item: &MissionItem) -> bool {
    let named = (item.x != 0 || item.y != 0) && item.x != i32::MAX && item.y != i32::MAX;
    let wrong = item.can_be_placed() && named && item.place().is_none();
    let missing = NEED_PLACE.contains(&item.command) && item.place().is_none();
    wrong || missing || (has_height(item) && !item.z.is_finite())
}

/// Items that send the vehicle to a height. The height of a landing is the ground's.
fn has_height(item: &MissionItem) -> bool {
    matches!(item.command, 16..=19 | 22 | 31 | 82 | 84)
}

/// True height above ground: absolute and relative ones by way of home, terrain heights as they are.
fn height_agl_m(item: &MissionItem, rules: &MissionRules) -> Option<f64> {
    let z = f64::from(item.z);
    match item.frame {
        0 | 5 => Some(z - rules.home_amsl_m? + rules.home_height_agl_m),
        10 | 11 => Some(z),
        _ => Some(z + rules.home_height_agl_m),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use MissionProblemCode as Code;

    fn home() -> Wgs84 {
        Wgs84::new(31.2, 121.5).unwrap()
    }

    fn rules() -> MissionRules {
        MissionRules {
            home: Some(home()),
            ..MissionRules::default()
        }
    }

    fn item(command: u16, (x, y): (i32, i32), z: f32) -> MissionItem {
        MissionItem {
            frame: 3,
            command,
            params: [0.0; 4],
            x,
            y,
            z,
            auto_continue: true,
        }
    }

    const HERE: (i32, i32) = (312_000_000, 1_215_000_000);

    fn good() -> Vec<MissionItem> {
        vec![
            item(178, (0, 0), 0.0),
            item(22, (0, 0), 40.0),
            item(16, HERE, 120.0),
            item(20, (0, 0), 0.0),
        ]
    }

    fn codes(items: &[MissionItem], rules: &MissionRules) -> Vec<(Option<usize>, Code)> {
        check(items, rules)
            .into_iter()
            .map(|p| (p.item, p.code))
            .collect()
    }

    #[test]
    fn a_good_mission_has_no_problem() {
        assert_eq!(codes(&good(), &rules()), []);
    }

    #[test]
    fn order_and_size_are_checked() {
        assert_eq!(codes(&[], &rules()), [(None, Code::Empty)]);
        assert_eq!(codes(&good()[2..], &rules()), [(None, Code::NoTakeoff)]);
        assert_eq!(codes(&good()[..3], &rules()), [(None, Code::NoWayHome)]);
        let few = MissionRules {
            max_items: 3,
            ..rules()
        };
        assert_eq!(codes(&good(), &few), [(None, Code::TooManyItems)]);
        let mut late = good();
        late.swap(1, 2);
        assert_eq!(codes(&late, &rules()), [(Some(2), Code::TakeoffNotFirst)]);
    }

    #[test]
    fn every_item_is_checked_on_its_own() {
        let with = |change: fn(&mut MissionItem)| {
            let mut items = good();
            change(&mut items[2]);
            codes(&items, &rules())
        };
        let third = |code| [(Some(2), code)];
        assert_eq!(with(|i| i.command = 177), third(Code::UnknownCommand));
        assert_eq!(with(|i| (i.x, i.y) = (0, 0)), third(Code::BadPosition));
        assert_eq!(with(|i| i.x = 900_000_001), third(Code::BadPosition));
        assert_eq!(with(|i| i.frame = 1), third(Code::BadPosition));
        assert_eq!(with(|i| i.z = f32::NAN), third(Code::BadPosition));
        assert_eq!(with(|i| i.z = 120.02), third(Code::AboveCeiling));
        assert_eq!(with(|i| i.frame = 5), third(Code::HeightUnknown));
        // One minute of latitude is 1848 m here: 2.7 minutes are 4990 m, 2.75 are 5082 m.
        assert_eq!(with(|i| i.x += 450_000), []);
        assert_eq!(with(|i| i.x += 458_333), third(Code::BeyondReach));
    }

    #[test]
    fn a_dock_on_a_roof_lowers_the_ceiling() {
        let roof = MissionRules {
            home_height_agl_m: 40.0,
            home_amsl_m: Some(45.0),
            ..rules()
        };
        assert_eq!(codes(&good(), &roof), [(Some(2), Code::AboveCeiling)]);
        let mut items = good();
        items[2].frame = 0;
        items[2].z = 125.0;
        assert_eq!(
            codes(&items, &roof),
            [],
            "125 m above the sea are 120 m above ground"
        );
        items[2].z = 125.5;
        assert_eq!(codes(&items, &roof), [(Some(2), Code::AboveCeiling)]);
        items[2].frame = 10;
        items[2].z = 119.0;
        assert_eq!(
            codes(&items, &roof),
            [],
            "terrain heights are heights above ground"
        );
    }

    #[test]
    fn a_trigger_distance_of_a_centimetre_is_a_slip() {
        let mut items = good();
        items.insert(2, item(206, (0, 0), 0.0));
        items[2].params[0] = 0.01;
        items[3].x += 100_000;
        assert_eq!(codes(&items, &rules()), [(None, Code::TooManyPhotos)]);
    }

    #[test]
    fn words_differ_and_only_ways_in_need_are_warnings() {
        let words: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        let warnings: Vec<_> = Code::ALL
            .iter()
            .filter(|code| code.severity() == Severity::Warning)
            .collect();
        let in_need = [
            &Code::NoWayHome,
            &Code::DivertLeavesFence,
            &Code::ReturnLeavesFence,
            &Code::BreachReturnUnused,
        ];
        assert_eq!(warnings, in_need);
    }

    prop_compose! {
        fn any_item()(
            frame in 0..22_u8, command in prop_oneof![prop::sample::select(KNOWN), any::<u16>()],
            params: [f32; 4], x: i32, y: i32, z: f32,
        ) -> MissionItem {
            MissionItem { frame, command, params, x, y, z, auto_continue: true }
        }
    }

    proptest! {
        /// Anything a plan file may hold is answered, and what is called good stays below the ceiling and in reach.
        #[test]
        fn any_mission_is_answered(items in prop::collection::vec(any_item(), 0..12)) {
            let problems = check(&items, &rules());
            for (number, item) in items.iter().enumerate() {
                if problems.iter().all(|p| p.item != Some(number)) {
                    prop_assert!(KNOWN.contains(&item.command));
                    prop_assert!(!has_height(item) || height_agl_m(item, &rules()).unwrap() <= 120.01);
                    prop_assert!(item.place().is_none_or(|p| geodesic_distance_m(home(), p) <= 5000.0));
                }
            }
        }
    }
}
