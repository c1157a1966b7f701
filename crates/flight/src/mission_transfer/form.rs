//! Our items and the form in which each firmware wants and keeps them. ArduPilot has home at number 0 and keeps only
//! the parameters that a command uses; PX4 has no home and wants commands without a place in the frame MISSION.
//!
//! Sources: ArduPilot `AP_Mission::mission_cmd_to_mavlink_int`, PX4 `MavlinkMissionManager::parse_mavlink_mission_item`.

use schedule::mission::{MissionItem, same_on_wire};
use survey::geodesy::Wgs84;

use crate::telemetry::Autopilot;

const FRAME_GLOBAL: u8 = 0;
const FRAME_MISSION: u8 = 2;
const WAYPOINT: u16 = 16;
const DO_JUMP: u16 = 177;

/// Parameters (bits 0 to 3) that ArduPilot keeps, and whether it keeps x, y and z of a command without a place.
/// Commands that are not here are taken to be kept whole.
const ARDUPILOT_KEEPS: [(u16, u8, bool); 39] = [
    (16, 0b0001, false),
    (17, 0b0100, false),
    (18, 0b0101, false),
    (19, 0b0001, false),
    (20, 0, false),
    (21, 0b0001, false),
    (22, 0b0001, false),
    (30, 0b0001, false),
    (31, 0b0010, false),
    (82, 0b0001, false),
    (92, 0b0001, false),
    (93, 0b1111, false),
    (94, 0b0001, false),
    (112, 0b0001, false),
    (114, 0b0001, false),
    (115, 0b1111, false),
    (177, 0b0011, false),
    (178, 0b0111, false),
    (179, 0b0001, false),
    (181, 0b0011, false),
    (182, 0b0111, false),
    (183, 0b0011, false),
    (184, 0b1111, false),
    (189, 0, false),
    (195, 0b0001, false),
    (197, 0b0001, false),
    (201, 0b0001, false),
    (202, 0b1111, true),
    (203, 0b1111, true),
    (205, 0b0111, false),
    // Its third parameter ("one picture now") is kept since 4.3 only.
    (206, 0b0001, false),
    (207, 0b0001, false),
    (211, 0b0011, false),
    (218, 0b0011, false),
    (531, 0b0011, false),
    (532, 0b0011, false),
    (1000, 0b1111, true),
    (2000, 0b1111, false),
    (2001, 0b0001, false),
];
/// Of these ArduPilot keeps whole seconds, turns or metres only.
const ARDUPILOT_WHOLE_FIRST: [u16; 8] = [16, 18, 19, 21, 22, 82, 177, 179];
/// DO_GIMBAL_MANAGER_PITCHYAW: ArduPilot keeps its angles and rates as whole degrees.
const GIMBAL_PITCH_YAW: u16 = 1000;
/// Parameters that PX4 keeps of commands with a place; parameter 4 is a direction.
const PX4_KEEPS: [(u16, u8); 9] = [
    (16, 0b1011),
    (17, 0b1100),
    (19, 0b0101),
    (21, 0b1010),
    (22, 0b1000),
    (31, 0b0010),
    (195, 0),
    (201, 0b0001),
    (5100, 0),
];

/// The list that goes over the wire, numbered from 0.
pub fn wire_items(
    items: &[MissionItem],
    home: Option<(Wgs84, f64)>,
    autopilot: Autopilot,
) -> Vec<MissionItem> {
    match autopilot {
        Autopilot::ArduPilot => std::iter::once(home_item(home))
            .chain(items.iter().map(without_missing))
            .collect(),
        Autopilot::Px4 => items.iter().map(for_px4).collect(),
        Autopilot::Unknown | Autopilot::Other => items.to_vec(),
    }
}

/// Our items out of the list that came over the wire.
pub fn own_items(wire: Vec<MissionItem>, autopilot: Autopilot) -> Vec<MissionItem> {
    match autopilot {
        Autopilot::ArduPilot => wire.into_iter().skip(1).collect(),
        Autopilot::Px4 => wire.into_iter().map(|item| with_jump_target(item, 1.0)).collect(),
        Autopilot::Unknown | Autopilot::Other => wire,
    }
}

/// Whether an item that a vehicle has is the one that was meant, by the rule of reading back.
pub fn is_kept(autopilot: Autopilot, ours: &MissionItem, found: &MissionItem) -> bool {
    match autopilot {
        Autopilot::ArduPilot => same_to_ardupilot(1, &without_missing(ours), found),
        Autopilot::Px4 => same_to_px4(0, &for_px4(ours), &for_px4(found)),
        Autopilot::Unknown | Autopilot::Other => same_to_other(0, ours, found),
    }
}

/// The number of items that stand before ours on the wire.
pub fn numbers_before(autopilot: Autopilot) -> usize {
    usize::from(autopilot == Autopilot::ArduPilot)
}

/// Whether what ArduPilot gave back is what it was given. Number 0 is its own home and may be anything.
pub fn same_to_ardupilot(number: usize, sent: &MissionItem, found: &MissionItem) -> bool {
    number == 0 || same_on_wire(&kept_by_ardupilot(sent), &kept_by_ardupilot(found))
}

/// Whether what PX4 gave back is what it was given.
pub fn same_to_px4(_number: usize, sent: &MissionItem, found: &MissionItem) -> bool {
    same_on_wire(&kept_by_px4(sent), &kept_by_px4(found))
}

/// Whether what another firmware gave back is what it was given.
pub fn same_to_other(_number: usize, sent: &MissionItem, found: &MissionItem) -> bool {
    same_on_wire(sent, found)
}

/// ArduPilot takes no item 0 from us: it puts its own home there. This one only keeps the place.
fn home_item(home: Option<(Wgs84, f64)>) -> MissionItem {
    let degrees = |value: f64| (value * 1e7).round() as i32;
    MissionItem {
        frame: FRAME_GLOBAL,
        command: WAYPOINT,
        params: [0.0; 4],
        x: home.map_or(0, |(place, _)| degrees(place.latitude_deg)),
        y: home.map_or(0, |(place, _)| degrees(place.longitude_deg)),
        z: home.map_or(0.0, |(_, height_m)| height_m as f32),
        auto_continue: true,
    }
}

/// ArduPilot refuses "not a number" in most commands; 0 means the same to it.
fn without_missing(item: &MissionItem) -> MissionItem {
    let given = |value: f32| if value.is_nan() { 0.0 } else { value };
    MissionItem {
        params: item.params.map(given),
        z: given(item.z),
        ..item.clone()
    }
}

fn for_px4(item: &MissionItem) -> MissionItem {
    let mut item = with_jump_target(item.clone(), -1.0);
    if !names_a_place(&item) {
        item.frame = FRAME_MISSION;
    }
    item
}

/// Jump targets count from 1, as in plan files; so does ArduPilot, whose 0 is home. PX4 counts from 0.
fn with_jump_target(mut item: MissionItem, shift: f32) -> MissionItem {
    if item.command == DO_JUMP {
        item.params[0] += shift;
    }
    item
}

fn kept_by_ardupilot(item: &MissionItem) -> MissionItem {
    let mut kept = MissionItem {
        auto_continue: true,
        ..item.clone()
    };
    let rule = ARDUPILOT_KEEPS
        .iter()
        .find(|(command, ..)| *command == item.command);
    if let Some((_, mask, _)) = rule {
        mask_params(&mut kept, *mask);
    }
    if ARDUPILOT_WHOLE_FIRST.contains(&item.command) {
        kept.params[0] = kept.params[0].trunc();
    }
    if item.command == GIMBAL_PITCH_YAW {
        kept.params = kept.params.map(f32::trunc);
    }
    if !names_a_place(item) {
        kept.frame = FRAME_MISSION;
        if let Some((_, _, false)) = rule {
            (kept.x, kept.y, kept.z) = (0, 0, 0.0);
        }
    }
    kept
}

fn kept_by_px4(item: &MissionItem) -> MissionItem {
    let mut kept = item.clone();
    if !names_a_place(item) {
        kept.frame = FRAME_MISSION;
        return kept;
    }
    if let Some((_, mask)) = PX4_KEEPS.iter().find(|(command, _)| *command == item.command) {
        mask_params(&mut kept, *mask);
        kept.params[3] = kept.params[3].rem_euclid(360.0);
        if 360.0 - kept.params[3] < 0.01 {
            kept.params[3] = 0.0;
        }
    }
    kept
}

fn mask_params(item: &mut MissionItem, mask: u8) {
    for (bit, value) in item.params.iter_mut().enumerate() {
        if mask & (1 << bit) == 0 {
            *value = 0.0;
        }
    }
}

/// Whether the command has a place, whatever frame it came in.
fn names_a_place(item: &MissionItem) -> bool {
    MissionItem {
        frame: FRAME_GLOBAL,
        ..item.clone()
    }
    .can_be_placed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(frame: u8, command: u16, params: [f32; 4], z: f32) -> MissionItem {
        let placed = MissionItem {
            frame: 0,
            command,
            params,
            x: 1,
            y: 1,
            z,
            auto_continue: true,
        }
        .can_be_placed();
        let (x, y) = if placed {
            (399_000_000, 1_163_000_000)
        } else {
            (0, 0)
        };
        MissionItem {
            frame,
            command,
            params,
            x,
            y,
            z,
            auto_continue: true,
        }
    }

    fn mission() -> Vec<MissionItem> {
        vec![
            item(3, 22, [15.0, 0.0, 0.0, f32::NAN], 60.0),
            item(3, 178, [1.0, 8.0, -1.0, 0.0], 0.0),
            item(2, 206, [20.0, 0.0, 1.0, 0.0], 0.0),
            item(3, 16, [2.5, 0.0, 0.0, f32::NAN], 60.0),
            item(2, 177, [4.0, 2.0, 0.0, 0.0], 0.0),
            item(3, 20, [0.0; 4], 30.0),
        ]
    }

    #[test]
    fn ardupilot_gets_home_first_and_no_missing_numbers() {
        let home = (Wgs84::new(39.9, 116.3).unwrap(), 48.0);
        let wire = wire_items(&mission(), Some(home), Autopilot::ArduPilot);
        assert_eq!(wire.len(), 7);
        assert_eq!((wire[0].command, wire[0].x, wire[0].z), (16, 399_000_000, 48.0));
        assert!(
            wire.iter()
                .all(|item| item.params.iter().all(|value| !value.is_nan()))
        );
        assert_eq!(wire[5].params[0], 4.0);
        assert_eq!(own_items(wire, Autopilot::ArduPilot).len(), 6);
    }

    #[test]
    fn px4_gets_no_home_the_frame_it_wants_and_jumps_from_zero() {
        let wire = wire_items(&mission(), None, Autopilot::Px4);
        assert_eq!(
            wire.iter().map(|item| item.frame).collect::<Vec<_>>(),
            [3, 2, 2, 3, 2, 2]
        );
        assert_eq!(wire[4].params[0], 3.0);
        assert_eq!(own_items(wire, Autopilot::Px4)[4].params[0], 4.0);
    }

    #[test]
    fn a_gimbal_in_whole_degrees_and_an_older_trigger_are_no_difference() {
        let gimbal = |pitch_deg| item(2, 1000, [pitch_deg, 0.0, 0.0, 0.0], 0.0);
        assert!(same_to_ardupilot(1, &gimbal(-67.5), &gimbal(-67.0)));
        assert!(!same_to_ardupilot(1, &gimbal(-67.5), &gimbal(-60.0)));
        let trigger = |distance_m, now| item(2, 206, [distance_m, 0.0, now, 0.0], 0.0);
        assert!(same_to_ardupilot(1, &trigger(20.0, 1.0), &trigger(20.0, 0.0)));
        assert!(!same_to_ardupilot(1, &trigger(20.0, 1.0), &trigger(25.0, 1.0)));
    }

    #[test]
    fn what_ardupilot_does_not_keep_is_no_difference_and_the_rest_is() {
        let sent = wire_items(&mission(), None, Autopilot::ArduPilot);
        // As ArduCopter 4.5 answers: frame 0 for commands without a place, whole seconds, no z of RTL.
        let mut found = sent.clone();
        found[0] = item(0, 16, [0.0; 4], 12.0);
        found[2].frame = 0;
        found[3].frame = 0;
        found[4].params[0] = 2.0;
        found[6] = item(0, 20, [0.0; 4], 0.0);
        let same = |found: &[MissionItem]| (0..7).all(|n| same_to_ardupilot(n, &sent[n], &found[n]));
        assert!(same(&found));
        for change in [
            |item: &mut MissionItem| item.z += 1.0,
            |item: &mut MissionItem| item.x += 5,
            |item: &mut MissionItem| item.frame = 0,
            |item: &mut MissionItem| item.command = 17,
        ] {
            let mut other = found.clone();
            change(&mut other[4]);
            assert!(!same(&other));
        }
        found[3].params[0] = 25.0;
        assert!(!same(&found));
    }

    #[test]
    fn directions_are_the_same_a_full_turn_apart_for_px4() {
        let sent = item(3, 16, [0.0, 0.0, 7.0, -90.0], 60.0);
        let found = item(3, 16, [0.0, 0.0, 0.0, 270.00003], 60.0);
        assert!(same_to_px4(1, &sent, &found));
        assert!(!same_to_px4(1, &sent, &item(3, 16, [0.0, 0.0, 0.0, 90.0], 60.0)));
        assert!(!same_to_other(1, &sent, &found));
    }
}
