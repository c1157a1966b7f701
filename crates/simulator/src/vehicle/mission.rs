//! The mission as the autopilot stores it: items by sequence number, which commands it knows, and where they lead.

use mavlink::dialects::ardupilotmega::{MISSION_ITEM_DATA, MISSION_ITEM_INT_DATA, MavCmd, MavFrame};

use super::options::Profile;

/// Most items the autopilot stores.
pub(super) const MOST_ITEMS: u16 = 724;

/// One stored item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) frame: MavFrame,
    pub(super) command: MavCmd,
    pub(super) params: [f32; 4],
    /// Latitude · 1e7 for items with a place.
    pub(super) x: i32,
    /// Longitude · 1e7 for items with a place.
    pub(super) y: i32,
    pub(super) z: f32,
    pub(super) auto_continue: u8,
}

impl From<&MISSION_ITEM_INT_DATA> for Item {
    fn from(item: &MISSION_ITEM_INT_DATA) -> Self {
        Self {
            frame: item.frame,
            command: item.command,
            params: [item.param1, item.param2, item.param3, item.param4],
            x: item.x,
            y: item.y,
            z: item.z,
            auto_continue: item.autocontinue,
        }
    }
}

impl From<&MISSION_ITEM_DATA> for Item {
    fn from(item: &MISSION_ITEM_DATA) -> Self {
        let placed = has_place(item.command);
        let whole = |value: f32| (f64::from(value) * if placed { 1e7 } else { 1.0 }).round() as i32;
        Self {
            frame: item.frame,
            command: item.command,
            params: [item.param1, item.param2, item.param3, item.param4],
            x: whole(item.x),
            y: whole(item.y),
            z: item.z,
            auto_continue: item.autocontinue,
        }
    }
}

impl Item {
    /// Latitude and longitude in degrees; `None` where both are zero (the place the vehicle is at then).
    pub(super) fn place_deg(&self) -> Option<[f64; 2]> {
        (self.x != 0 || self.y != 0).then(|| [f64::from(self.x) * 1e-7, f64::from(self.y) * 1e-7])
    }

    /// Its height is above the sea, not above home.
    pub(super) fn height_is_amsl(&self) -> bool {
        matches!(
            self.frame,
            MavFrame::MAV_FRAME_GLOBAL | MavFrame::MAV_FRAME_GLOBAL_INT
        )
    }

    /// The frame is one the autopilot can fly.
    pub(super) fn frame_is_known(&self) -> bool {
        matches!(
            self.frame,
            MavFrame::MAV_FRAME_GLOBAL
                | MavFrame::MAV_FRAME_MISSION
                | MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT
                | MavFrame::MAV_FRAME_GLOBAL_INT
                | MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT_INT
                | MavFrame::MAV_FRAME_GLOBAL_TERRAIN_ALT
                | MavFrame::MAV_FRAME_GLOBAL_TERRAIN_ALT_INT
        )
    }

    /// x and y are a place, not numbers of the command's own.
    pub(super) fn has_place(&self) -> bool {
        has_place(self.command)
    }

    /// Moves the vehicle, rather than doing something on the way.
    pub(super) fn is_navigation(&self) -> bool {
        is_navigation(self.command)
    }
}

fn is_navigation(command: MavCmd) -> bool {
    matches!(
        command,
        MavCmd::MAV_CMD_NAV_WAYPOINT
            | MavCmd::MAV_CMD_NAV_SPLINE_WAYPOINT
            | MavCmd::MAV_CMD_NAV_LOITER_UNLIM
            | MavCmd::MAV_CMD_NAV_LOITER_TURNS
            | MavCmd::MAV_CMD_NAV_LOITER_TIME
            | MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH
            | MavCmd::MAV_CMD_NAV_LAND
            | MavCmd::MAV_CMD_NAV_TAKEOFF
            | MavCmd::MAV_CMD_NAV_DELAY
    )
}

fn has_place(command: MavCmd) -> bool {
    is_navigation(command)
        || matches!(
            command,
            MavCmd::MAV_CMD_DO_SET_HOME
                | MavCmd::MAV_CMD_DO_SET_ROI
                | MavCmd::MAV_CMD_DO_SET_ROI_LOCATION
                | MavCmd::MAV_CMD_DO_LAND_START
        )
}

/// Commands that the autopilot of this profile takes into a mission.
pub(super) fn is_supported(command: MavCmd, profile: Profile) -> bool {
    if is_navigation(command) {
        return true;
    }
    match command {
        MavCmd::MAV_CMD_CONDITION_DELAY
        | MavCmd::MAV_CMD_CONDITION_DISTANCE
        | MavCmd::MAV_CMD_CONDITION_YAW
        | MavCmd::MAV_CMD_DO_JUMP
        | MavCmd::MAV_CMD_DO_CHANGE_SPEED
        | MavCmd::MAV_CMD_DO_SET_HOME
        | MavCmd::MAV_CMD_DO_SET_RELAY
        | MavCmd::MAV_CMD_DO_SET_SERVO
        | MavCmd::MAV_CMD_DO_LAND_START
        | MavCmd::MAV_CMD_DO_SET_ROI
        | MavCmd::MAV_CMD_DO_SET_ROI_LOCATION
        | MavCmd::MAV_CMD_DO_SET_ROI_NONE
        | MavCmd::MAV_CMD_DO_DIGICAM_CONTROL
        | MavCmd::MAV_CMD_DO_MOUNT_CONTROL
        | MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST
        | MavCmd::MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW
        | MavCmd::MAV_CMD_IMAGE_START_CAPTURE
        | MavCmd::MAV_CMD_IMAGE_STOP_CAPTURE => true,
        MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_INTERVAL
        | MavCmd::MAV_CMD_DO_MOUNT_CONFIGURE
        | MavCmd::MAV_CMD_SET_CAMERA_MODE
        | MavCmd::MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE
        | MavCmd::MAV_CMD_VIDEO_START_CAPTURE
        | MavCmd::MAV_CMD_VIDEO_STOP_CAPTURE
        | MavCmd::MAV_CMD_DO_TRIGGER_CONTROL => profile == Profile::Px4,
        _ => false,
    }
}

/// The stored mission. ArduCopter keeps home as item 0, so that its first command is item 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Mission {
    pub(super) items: Vec<Item>,
    /// Number of the first item that is flown.
    pub(super) first: u16,
}

impl Mission {
    /// An empty mission.
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            items: Vec::new(),
            first: u16::from(profile == Profile::ArduCopter),
        }
    }

    /// Item by sequence number.
    pub(super) fn item(&self, seq: u16) -> Option<&Item> {
        self.items.get(usize::from(seq))
    }

    /// There is something to fly.
    pub(super) fn is_present(&self) -> bool {
        self.items.len() > usize::from(self.first)
    }

    /// The first command that moves the vehicle is a take-off.
    pub(super) fn starts_with_takeoff(&self) -> bool {
        self.items
            .iter()
            .skip(usize::from(self.first))
            .find(|item| item.is_navigation())
            .is_some_and(|item| item.command == MavCmd::MAV_CMD_NAV_TAKEOFF)
    }

    /// Number of the first item from `seq` on that moves the vehicle.
    pub(super) fn next_navigation(&self, seq: u16) -> Option<u16> {
        (seq..self.items.len() as u16).find(|seq| self.item(*seq).is_some_and(Item::is_navigation))
    }

    /// Items to fly, without home.
    pub(super) fn total(&self) -> u16 {
        (self.items.len() as u16).saturating_sub(self.first)
    }
}
