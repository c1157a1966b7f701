//! Fence and rally points from the vehicle's side: taken in, handed out, cleared, in the messages of missions with a
//! mission type of their own. Both autopilots take a list over only when it is complete. They are kept, not obeyed.

use mavlink::dialects::ardupilotmega::{
    MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MISSION_REQUEST_DATA, MISSION_REQUEST_INT_DATA, MavCmd,
    MavMessage, MavMissionResult, MavMissionType,
};

use super::autopilot::{Autopilot, Peer};
use super::body::STEP_S;
use super::mission::Item;
use super::options::Profile;
use super::transfer::integers;

/// ArduPilot keeps its fence in little storage.
const MOST_ITEMS: u16 = 84;
/// A request that got no item is repeated after so many vehicle seconds, and given up after so many.
const AGAIN_S: f64 = 1.0;
const GIVE_UP_S: f64 = 8.0;

/// The lists of one vehicle, and the one that is coming in.
#[derive(Clone, Debug, Default)]
pub(super) struct Areas {
    fence: Vec<Item>,
    rally: Vec<Item>,
    upload: Option<Upload>,
}

#[derive(Clone, Debug)]
struct Upload {
    peer: Peer,
    kind: MavMissionType,
    total: u16,
    staged: Vec<Item>,
    asked_step: u64,
    heard_step: u64,
}

impl Areas {
    fn list(&mut self, kind: MavMissionType) -> &mut Vec<Item> {
        match kind {
            MavMissionType::MAV_MISSION_TYPE_RALLY => &mut self.rally,
            _fence => &mut self.fence,
        }
    }
}

/// Whether messages of this type are about fence or rally points.
pub(super) fn is_area(kind: MavMissionType) -> bool {
    matches!(
        kind,
        MavMissionType::MAV_MISSION_TYPE_FENCE | MavMissionType::MAV_MISSION_TYPE_RALLY
    )
}

fn belongs(kind: MavMissionType, command: MavCmd) -> bool {
    match command {
        MavCmd::MAV_CMD_NAV_RALLY_POINT => kind == MavMissionType::MAV_MISSION_TYPE_RALLY,
        MavCmd::MAV_CMD_NAV_FENCE_RETURN_POINT
        | MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
        | MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION
        | MavCmd::MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION
        | MavCmd::MAV_CMD_NAV_FENCE_CIRCLE_EXCLUSION => kind == MavMissionType::MAV_MISSION_TYPE_FENCE,
        _others => false,
    }
}

impl Autopilot {
    /// MISSION_COUNT of a fence or of rally points.
    pub(super) fn begin_area(&mut self, peer: Peer, count: &MISSION_COUNT_DATA) {
        let kind = count.mission_type;
        if count.count > MOST_ITEMS {
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_NO_SPACE, kind);
        }
        if count.count == 0 {
            self.areas.list(kind).clear();
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_ACCEPTED, kind);
        }
        let now = self.clock.boot_steps();
        self.areas.upload = Some(Upload {
            peer,
            kind,
            total: count.count,
            staged: Vec::new(),
            asked_step: now,
            heard_step: now,
        });
        self.ask_for_area_item();
    }

    /// One item of the list that is coming in.
    pub(super) fn take_area_item(&mut self, peer: Peer, kind: MavMissionType, seq: u16, item: Item) {
        let now = self.clock.boot_steps();
        let Some(upload) = self.areas.upload.as_mut().filter(|upload| upload.kind == kind) else {
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_ERROR, kind);
        };
        if usize::from(seq) != upload.staged.len() {
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE, kind);
        }
        if !belongs(kind, item.command) {
            self.areas.upload = None;
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_UNSUPPORTED, kind);
        }
        upload.staged.push(item);
        (upload.heard_step, upload.asked_step) = (now, now);
        if upload.staged.len() < usize::from(upload.total) {
            return self.ask_for_area_item();
        }
        let whole = self.areas.upload.take().map(|upload| upload.staged);
        *self.areas.list(kind) = whole.unwrap_or_default();
        self.acknowledge(peer, MavMissionResult::MAV_MISSION_ACCEPTED, kind);
    }

    /// Repeats a request that got no item, and gives up after a while.
    pub(super) fn continue_area(&mut self) {
        let now = self.clock.boot_steps();
        let Some(upload) = &mut self.areas.upload else {
            return;
        };
        let since_s = |step: u64| (now - step) as f64 * STEP_S;
        if since_s(upload.heard_step) >= GIVE_UP_S {
            let (peer, kind) = (upload.peer, upload.kind);
            self.areas.upload = None;
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_OPERATION_CANCELLED, kind);
        }
        if since_s(upload.asked_step) >= AGAIN_S {
            upload.asked_step = now;
            self.ask_for_area_item();
        }
    }

    /// MISSION_REQUEST_LIST of a fence or of rally points.
    pub(super) fn tell_area_count(&mut self, peer: Peer, kind: MavMissionType) {
        let count = self.areas.list(kind).len() as u16;
        self.answer(MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            count,
            target_system: peer.target_system(),
            target_component: peer.component_id,
            mission_type: kind,
            opaque_id: 0,
        }));
    }

    /// MISSION_REQUEST_INT of one item of a fence or of rally points.
    pub(super) fn tell_area_item(&mut self, peer: Peer, kind: MavMissionType, seq: u16) {
        let Some(item) = self.areas.list(kind).get(usize::from(seq)).copied() else {
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE, kind);
        };
        self.answer(MavMessage::MISSION_ITEM_INT(MISSION_ITEM_INT_DATA {
            mission_type: kind,
            ..integers(&item, seq, peer, 0)
        }));
    }

    /// MISSION_CLEAR_ALL of a fence or of rally points.
    pub(super) fn clear_area(&mut self, peer: Peer, kind: MavMissionType) {
        self.areas.list(kind).clear();
        self.areas.upload = None;
        self.acknowledge(peer, MavMissionResult::MAV_MISSION_ACCEPTED, kind);
    }

    fn ask_for_area_item(&mut self) {
        let Some(upload) = &self.areas.upload else {
            return;
        };
        let (peer, mission_type, seq) = (upload.peer, upload.kind, upload.staged.len() as u16);
        let (target_system, target_component) = (peer.target_system(), peer.component_id);
        self.answer(match self.options.profile {
            Profile::ArduCopter => MavMessage::MISSION_REQUEST(MISSION_REQUEST_DATA {
                seq,
                target_system,
                target_component,
                mission_type,
            }),
            Profile::Px4 => MavMessage::MISSION_REQUEST_INT(MISSION_REQUEST_INT_DATA {
                seq,
                target_system,
                target_component,
                mission_type,
            }),
        });
    }
}
