//! Fence and rally points from the vehicle's side: taken in, handed out, cleared, in the messages of missions with a
//! mission type of their own, and kept as each autopilot keeps them. A fence is taken over when it is complete and makes
//! sense; ArduPilot writes rally points one by one, so that an upload that breaks off leaves some. `fence` and `rally`
//! obey them.

use mavlink::dialects::ardupilotmega::{
    MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MISSION_REQUEST_DATA, MISSION_REQUEST_INT_DATA, MavCmd,
    MavFrame, MavMessage, MavMissionResult, MavMissionType, MavSeverity,
};

use super::autopilot::{Autopilot, Peer};
use super::body::STEP_S;
use super::fence_lines::FenceLines;
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
    lines: FenceLines,
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
    /// What the fence bounds.
    pub(super) fn lines(&self) -> &FenceLines {
        &self.lines
    }

    /// The rally points.
    pub(super) fn rally(&self) -> &[Item] {
        &self.rally
    }

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
            return self.clear_area(peer, kind);
        }
        if self.writes_at_once(kind) {
            self.areas.rally.truncate(usize::from(count.count));
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
        let item = as_kept(self.options.profile, kind, item);
        upload.staged.push(item);
        (upload.heard_step, upload.asked_step) = (now, now);
        let is_complete = upload.staged.len() == usize::from(upload.total);
        if self.writes_at_once(kind) {
            match self.areas.rally.get_mut(usize::from(seq)) {
                Some(old) => *old = item,
                None => self.areas.rally.push(item),
            }
        }
        if !is_complete {
            return self.ask_for_area_item();
        }
        let whole = self.areas.upload.take().map(|upload| upload.staged);
        let result = self.take_over(kind, whole.unwrap_or_default());
        self.acknowledge(peer, result, kind);
    }

    /// ArduPilot's `MissionItemProtocol_Rally` writes every point as it comes.
    fn writes_at_once(&self, kind: MavMissionType) -> bool {
        kind == MavMissionType::MAV_MISSION_TYPE_RALLY && self.options.profile == Profile::ArduCopter
    }

    fn take_over(&mut self, kind: MavMissionType, items: Vec<Item>) -> MavMissionResult {
        if kind == MavMissionType::MAV_MISSION_TYPE_FENCE {
            let Some(lines) = FenceLines::of(&items, &self.frame) else {
                self.say(MavSeverity::MAV_SEVERITY_WARNING, "Fence validation failed");
                return MavMissionResult::MAV_MISSION_ERROR;
            };
            self.areas.lines = lines;
        }
        *self.areas.list(kind) = items;
        self.count_areas();
        MavMissionResult::MAV_MISSION_ACCEPTED
    }

    fn count_areas(&mut self) {
        self.parameters.count_of("FENCE_TOTAL", self.areas.fence.len());
        self.parameters.count_of("RALLY_TOTAL", self.areas.rally.len());
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
        self.areas.upload = None;
        self.take_over(kind, Vec::new());
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

/// What is left of an item. ArduPilot keeps neither frame, height nor further parameters of a fence, a radius close to
/// whole metres as whole metres, and of rally points whole metres of height; PX4 keeps them as they came.
fn as_kept(profile: Profile, kind: MavMissionType, item: Item) -> Item {
    if profile == Profile::Px4 {
        return item;
    }
    let is_rally = kind == MavMissionType::MAV_MISSION_TYPE_RALLY;
    let first = item.params[0];
    let whole = if (first - first.round()).abs() < 0.001 {
        first.round()
    } else {
        first
    };
    Item {
        frame: if is_rally {
            MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT
        } else {
            MavFrame::MAV_FRAME_GLOBAL
        },
        params: [if is_rally { 0.0 } else { whole }, 0.0, 0.0, 0.0],
        z: if is_rally { item.z.trunc() } else { 0.0 },
        auto_continue: 0,
        ..item
    }
}
