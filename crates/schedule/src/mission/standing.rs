//! What camera, gimbal, speed and nose were told on the way to a place of a mission and still hold there. A vehicle
//! that leaves its mission and comes back to it, or flies its rest later, has forgotten them.

use crate::mission::MissionItem;

const CONDITION_YAW: u16 = 115;
const DO_CHANGE_SPEED: u16 = 178;
const DO_SET_ROI_LOCATION: u16 = 195;
const DO_SET_ROI_NONE: u16 = 197;
const DO_SET_ROI: u16 = 201;
const DO_MOUNT_CONTROL: u16 = 205;
const DO_SET_CAM_TRIGG_DIST: u16 = 206;
const DO_SET_CAM_TRIGG_INTERVAL: u16 = 214;
const SET_CAMERA_MODE: u16 = 530;
const SET_CAMERA_ZOOM: u16 = 531;
const DO_SET_CAM_FOCUS: u16 = 532;
const DO_GIMBAL_MANAGER_PITCHYAW: u16 = 1000;
const IMAGE_START_CAPTURE: u16 = 2000;
const IMAGE_STOP_CAPTURE: u16 = 2001;
const VIDEO_START_CAPTURE: u16 = 2500;
const VIDEO_STOP_CAPTURE: u16 = 2501;
/// MAV_CMD_NAV_*: everything below MAV_CMD_NAV_LAST.
const NAV_LAST: u16 = 95;

/// How the camera is triggered by itself at some place of a mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triggering {
    /// Not at all.
    Off,
    /// Every so many metres: the item (0-based) that switched it on.
    ByDistance(usize),
    /// Every so many seconds: the item (0-based) that switched it on.
    ByTime(usize),
}

/// Commands that hold while the mission is on its way to item `at` (0-based), in the order in which they were given:
/// speeds, gimbal and region of interest, the camera's mode and zoom, video, and the nose if it was turned for this
/// leg. The trigger is not among them, see [`triggering`].
#[must_use]
pub fn standing(items: &[MissionItem], at: usize) -> Vec<MissionItem> {
    let before = &items[..at.min(items.len())];
    let leg_begins = before.iter().rposition(|item| item.command < NAV_LAST);
    let mut kept: Vec<(usize, Matter)> = Vec::new();
    for (number, item) in before.iter().enumerate() {
        let Some(matter) = matter(item) else { continue };
        if matter == Matter::Nose && leg_begins.is_some_and(|begins| number < begins) {
            continue;
        }
        kept.retain(|(_, other)| *other != matter);
        kept.push((number, matter));
    }
    let ends = |item: &MissionItem| [DO_SET_ROI_NONE, VIDEO_STOP_CAPTURE].contains(&item.command);
    let items = kept.into_iter().map(|(number, _)| before[number].clone());
    items.filter(|item| !ends(item)).collect()
}

/// How the camera is triggered while the mission is on its way to item `at` (0-based). Of distance and time the one
/// that was switched on last.
#[must_use]
pub fn triggering(items: &[MissionItem], at: usize) -> Triggering {
    let (mut by_distance, mut by_time) = (None, None);
    for (number, item) in items.iter().enumerate().take(at) {
        match item.command {
            DO_SET_CAM_TRIGG_DIST => by_distance = (item.params[0] > 0.0).then_some(number),
            DO_SET_CAM_TRIGG_INTERVAL => by_time = (item.params[0] > 0.0).then_some(number),
            IMAGE_START_CAPTURE if item.params[1] > 0.0 && item.params[2] != 1.0 => by_time = Some(number),
            IMAGE_STOP_CAPTURE => by_time = None,
            _other => {}
        }
    }
    match (by_distance, by_time) {
        (None, None) => Triggering::Off,
        (Some(number), None) => Triggering::ByDistance(number),
        (None, Some(number)) => Triggering::ByTime(number),
        (Some(distance), Some(time)) if distance > time => Triggering::ByDistance(distance),
        (Some(_), Some(time)) => Triggering::ByTime(time),
    }
}

/// What a command is about; a later one about the same takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matter {
    Speed(i32),
    Gimbal,
    Interest,
    Nose,
    CameraMode,
    Zoom,
    Focus,
    Video,
}

fn matter(item: &MissionItem) -> Option<Matter> {
    Some(match item.command {
        // Air and ground speed are one to a multicopter; 2 and 3 are climb and descent.
        DO_CHANGE_SPEED => Matter::Speed((item.params[0] as i32).max(1)),
        DO_MOUNT_CONTROL | DO_GIMBAL_MANAGER_PITCHYAW => Matter::Gimbal,
        DO_SET_ROI_LOCATION | DO_SET_ROI_NONE | DO_SET_ROI => Matter::Interest,
        CONDITION_YAW => Matter::Nose,
        SET_CAMERA_MODE => Matter::CameraMode,
        SET_CAMERA_ZOOM => Matter::Zoom,
        DO_SET_CAM_FOCUS => Matter::Focus,
        VIDEO_START_CAPTURE | VIDEO_STOP_CAPTURE => Matter::Video,
        _other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(command: u16, params: [f32; 4]) -> MissionItem {
        MissionItem {
            frame: 2,
            command,
            params,
            x: 0,
            y: 0,
            z: 0.0,
            auto_continue: true,
        }
    }

    fn commands(items: &[MissionItem], at: usize) -> Vec<u16> {
        standing(items, at).iter().map(|item| item.command).collect()
    }

    #[test]
    fn the_last_word_on_each_matter_holds_and_what_was_ended_does_not() {
        let items = [
            item(22, [0.0; 4]),
            item(178, [1.0, 5.0, -1.0, 0.0]),
            item(1000, [-90.0, 0.0, 0.0, 0.0]),
            item(195, [0.0; 4]),
            item(16, [0.0; 4]),
            item(178, [1.0, 8.0, -1.0, 0.0]),
            item(178, [2.0, 3.0, -1.0, 0.0]),
            item(115, [90.0, 0.0, 0.0, 0.0]),
            item(16, [0.0; 4]),
            item(197, [0.0; 4]),
            item(16, [0.0; 4]),
        ];
        assert_eq!(commands(&items, 4), [178, 1000, 195]);
        assert_eq!(
            commands(&items, 8),
            [1000, 195, 178, 178, 115],
            "turned for this leg"
        );
        assert_eq!(standing(&items, 8)[2].params[1], 8.0);
        assert_eq!(
            commands(&items, 10),
            [1000, 178, 178],
            "neither the nose nor the place"
        );
    }

    #[test]
    fn the_trigger_is_the_one_switched_on_last_and_not_off_again() {
        let items = [
            item(206, [20.0, 0.0, 1.0, 0.0]),
            item(16, [0.0; 4]),
            item(206, [0.0; 4]),
            item(2000, [0.0, 0.0, 1.0, 0.0]),
            item(214, [1500.0, 0.0, 0.0, 0.0]),
            item(16, [0.0; 4]),
            item(2001, [0.0; 4]),
        ];
        let at = |number| triggering(&items, number);
        assert_eq!((at(0), at(1)), (Triggering::Off, Triggering::ByDistance(0)));
        assert_eq!(at(4), Triggering::Off, "one photo is no trigger");
        assert_eq!((at(5), at(7)), (Triggering::ByTime(4), Triggering::Off));
    }
}
