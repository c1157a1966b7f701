//! The mission protocol from the vehicle's side: taking a mission in, handing it out, clearing it.

use mavlink::dialects::ardupilotmega::{
    MISSION_ACK_DATA, MISSION_COUNT_DATA, MISSION_CURRENT_DATA, MISSION_ITEM_DATA, MISSION_ITEM_INT_DATA,
    MISSION_REQUEST_DATA, MISSION_REQUEST_INT_DATA, MavCmd, MavFrame, MavMessage, MavMissionResult,
    MavMissionType, MavSeverity, MissionState,
};

use super::autopilot::{Autopilot, Peer};
use super::body::STEP_S;
use super::mission::{Item, MOST_ITEMS, is_supported};
use super::options::Profile;

/// An upload in progress.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    peer: Peer,
    total: u16,
    next: u16,
    /// What has come so far; PX4 takes it over only when complete.
    staged: Vec<Item>,
    asked_step: u64,
    heard_step: u64,
}

/// How patient each autopilot is: repeat a request after, give up after (vehicle seconds).
fn patience_s(profile: Profile) -> [f64; 2] {
    match profile {
        Profile::ArduCopter => [1.0, 8.0],
        Profile::Px4 => [0.25, 5.0],
    }
}

impl Autopilot {
    /// MISSION_COUNT: a ground station wants to upload.
    pub(super) fn begin_upload(&mut self, peer: Peer, count: &MISSION_COUNT_DATA) {
        if count.mission_type != MavMissionType::MAV_MISSION_TYPE_MISSION {
            return self.acknowledge(
                peer,
                MavMissionResult::MAV_MISSION_UNSUPPORTED,
                count.mission_type,
            );
        }
        if self.upload.as_ref().is_some_and(|upload| upload.peer != peer) {
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_DENIED);
        }
        if count.count > MOST_ITEMS || self.options.faults.refuse_upload {
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_NO_SPACE);
        }
        if count.count == 0 {
            self.mission.items.clear();
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_ACCEPTED);
        }
        if self.options.profile == Profile::ArduCopter {
            self.mission.items.truncate(usize::from(count.count));
        }
        let now = self.clock.boot_steps();
        self.upload = Some(Upload {
            peer,
            total: count.count,
            next: 0,
            staged: Vec::new(),
            asked_step: now,
            heard_step: now,
        });
        self.ask_for_item();
    }

    /// MISSION_ITEM(_INT): one item of the upload.
    pub(super) fn take_item(&mut self, peer: Peer, seq: u16, item: Item) {
        let Some(upload) = &self.upload else {
            return self.answer_item_without_upload(peer, seq);
        };
        if upload.peer != peer {
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_DENIED);
        }
        if seq != upload.next {
            return self.answer_wrong_item(peer, seq);
        }
        let result = self.judge(&item);
        if result != MavMissionResult::MAV_MISSION_ACCEPTED {
            self.upload = None;
            return self.acknowledge_mission(peer, result);
        }
        self.store(seq, item);
        let now = self.clock.boot_steps();
        let Some(upload) = &mut self.upload else {
            return;
        };
        upload.next += 1;
        upload.heard_step = now;
        upload.asked_step = now;
        if upload.next < upload.total {
            return self.ask_for_item();
        }
        self.finish_upload(peer);
    }

    /// An item with a command or frame nobody knows ends the upload.
    pub(super) fn refuse_item(&mut self, peer: Peer) {
        self.upload = None;
        self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_UNSUPPORTED);
    }

    /// Repeats a request that got no item, and gives up after a while.
    pub(super) fn continue_upload(&mut self) {
        let Some(upload) = &mut self.upload else {
            return;
        };
        let [again_s, give_up_s] = patience_s(self.options.profile);
        let now = self.clock.boot_steps();
        let since = |step: u64| (now - step) as f64 * STEP_S;
        if since(upload.heard_step) >= give_up_s {
            let peer = upload.peer;
            self.upload = None;
            self.say(MavSeverity::MAV_SEVERITY_WARNING, "Mission upload timeout");
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_OPERATION_CANCELLED);
        }
        if since(upload.asked_step) >= again_s {
            upload.asked_step = now;
            self.ask_for_item();
        }
    }

    /// MISSION_REQUEST_LIST: how many items there are.
    pub(super) fn tell_count(&mut self, peer: Peer, mission_type: MavMissionType) {
        let mission = mission_type == MavMissionType::MAV_MISSION_TYPE_MISSION;
        if mission && self.upload.is_some() {
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_DENIED);
        }
        self.answer(MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            count: if mission {
                self.mission.items.len() as u16
            } else {
                0
            },
            target_system: peer.target_system(),
            target_component: peer.component_id,
            mission_type,
            opaque_id: 0,
        }));
    }

    /// MISSION_REQUEST(_INT): one item, as integers or as floats.
    pub(super) fn tell_item(&mut self, peer: Peer, seq: u16, as_integers: bool) {
        let Some(mut item) = self.mission.item(seq).copied() else {
            return self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE);
        };
        if seq < self.mission.first {
            item = self.home_item();
        }
        let current = u8::from(seq == self.progress.current);
        let message = if as_integers {
            MavMessage::MISSION_ITEM_INT(integers(&item, seq, peer, current))
        } else {
            MavMessage::MISSION_ITEM(floats(&item, seq, peer, current))
        };
        self.answer(message);
    }

    /// MISSION_CLEAR_ALL; a mission being flown stays.
    pub(super) fn clear_mission(&mut self, peer: Peer, mission_type: MavMissionType) {
        if self.armed && self.progress.is_running && self.options.profile == Profile::ArduCopter {
            return self.acknowledge(peer, MavMissionResult::MAV_MISSION_ERROR, mission_type);
        }
        if matches!(
            mission_type,
            MavMissionType::MAV_MISSION_TYPE_MISSION | MavMissionType::MAV_MISSION_TYPE_ALL
        ) {
            self.mission.items.clear();
            self.upload = None;
            self.reset_mission();
        }
        self.acknowledge(peer, MavMissionResult::MAV_MISSION_ACCEPTED, mission_type);
    }

    /// The MISSION_CURRENT of the moment.
    pub(super) fn mission_current(&self) -> MISSION_CURRENT_DATA {
        let mission_state = if !self.mission.is_present() {
            MissionState::MISSION_STATE_NO_MISSION
        } else if self.progress.is_complete {
            MissionState::MISSION_STATE_COMPLETE
        } else if self.progress.is_running && self.held_plan.is_none() {
            MissionState::MISSION_STATE_ACTIVE
        } else if self.on_ground {
            MissionState::MISSION_STATE_NOT_STARTED
        } else {
            MissionState::MISSION_STATE_PAUSED
        };
        MISSION_CURRENT_DATA {
            seq: self.progress.current,
            total: self.mission.total(),
            mission_state,
            mission_mode: u8::from(self.progress.is_running),
            mission_id: 0,
            fence_id: 0,
            rally_points_id: 0,
        }
    }

    fn ask_for_item(&mut self) {
        let Some(upload) = &self.upload else {
            return;
        };
        let (peer, seq) = (upload.peer, upload.next);
        let (target_system, target_component) = (peer.target_system(), peer.component_id);
        let mission_type = MavMissionType::MAV_MISSION_TYPE_MISSION;
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

    /// ArduPilot knows nothing of an upload that has ended; PX4 repeats its last word for a repeated last item.
    fn answer_item_without_upload(&mut self, peer: Peer, seq: u16) {
        let last = usize::from(seq) + 1 == self.mission.items.len();
        let result = match self.options.profile {
            Profile::Px4 if last => MavMissionResult::MAV_MISSION_ACCEPTED,
            Profile::Px4 | Profile::ArduCopter => MavMissionResult::MAV_MISSION_ERROR,
        };
        self.acknowledge_mission(peer, result);
    }

    fn answer_wrong_item(&mut self, peer: Peer, seq: u16) {
        match self.options.profile {
            Profile::ArduCopter => {
                self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)
            }
            // PX4 takes an earlier item for a repetition and asks again for the one it wants.
            Profile::Px4 if self.upload.as_ref().is_some_and(|upload| seq < upload.next) => {
                self.ask_for_item()
            }
            Profile::Px4 => self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE),
        }
    }

    fn judge(&self, item: &Item) -> MavMissionResult {
        if !is_supported(item.command, self.options.profile) {
            return MavMissionResult::MAV_MISSION_UNSUPPORTED;
        }
        if !item.frame_is_known() {
            return MavMissionResult::MAV_MISSION_UNSUPPORTED_FRAME;
        }
        if item.is_navigation() && (item.x.abs() > 900_000_000 || item.y.abs() > 1_800_000_000) {
            return MavMissionResult::MAV_MISSION_INVALID_PARAM5_X;
        }
        if item.is_navigation() && !item.z.is_finite() {
            return MavMissionResult::MAV_MISSION_INVALID_PARAM7;
        }
        MavMissionResult::MAV_MISSION_ACCEPTED
    }

    fn store(&mut self, seq: u16, mut item: Item) {
        if self.options.faults.altered_item == Some(seq) {
            item.z += 5.0;
        }
        match self.options.profile {
            // Straight into the mission, so that a broken upload leaves old and new items mixed.
            Profile::ArduCopter => match self.mission.items.get_mut(usize::from(seq)) {
                Some(old) => *old = item,
                None => self.mission.items.push(item),
            },
            Profile::Px4 => {
                if let Some(upload) = &mut self.upload {
                    upload.staged.push(item);
                }
            }
        }
    }

    fn finish_upload(&mut self, peer: Peer) {
        if let Some(upload) = self.upload.take()
            && self.options.profile == Profile::Px4
        {
            self.mission.items = upload.staged;
        }
        if !self.progress.is_running {
            self.reset_mission();
        }
        if self.options.faults.lose_final_ack && !self.lost_final_ack {
            self.lost_final_ack = true;
            return;
        }
        self.acknowledge_mission(peer, MavMissionResult::MAV_MISSION_ACCEPTED);
        let text = match self.options.profile {
            Profile::ArduCopter => "Flight plan received",
            Profile::Px4 => "Mission updated",
        };
        self.say(MavSeverity::MAV_SEVERITY_INFO, text);
    }

    fn acknowledge_mission(&mut self, peer: Peer, result: MavMissionResult) {
        self.acknowledge(peer, result, MavMissionType::MAV_MISSION_TYPE_MISSION);
    }

    pub(super) fn acknowledge(&mut self, peer: Peer, result: MavMissionResult, mission_type: MavMissionType) {
        self.answer(MavMessage::MISSION_ACK(MISSION_ACK_DATA {
            target_system: peer.target_system(),
            target_component: peer.component_id,
            mavtype: result,
            mission_type,
            opaque_id: 0,
        }));
    }

    fn home_item(&self) -> Item {
        let place = self.frame.degrees(self.home[0], self.home[1]);
        Item {
            frame: MavFrame::MAV_FRAME_GLOBAL,
            command: MavCmd::MAV_CMD_NAV_WAYPOINT,
            params: [0.0; 4],
            x: (place.latitude_deg * 1e7).round() as i32,
            y: (place.longitude_deg * 1e7).round() as i32,
            z: (self.options.home_amsl_m + self.home[2]) as f32,
            auto_continue: 1,
        }
    }
}

/// An item of a mission as MISSION_ITEM_INT.
pub(super) fn integers(item: &Item, seq: u16, peer: Peer, current: u8) -> MISSION_ITEM_INT_DATA {
    let [param1, param2, param3, param4] = item.params;
    MISSION_ITEM_INT_DATA {
        param1,
        param2,
        param3,
        param4,
        x: item.x,
        y: item.y,
        z: item.z,
        seq,
        command: item.command,
        target_system: peer.target_system(),
        target_component: peer.component_id,
        frame: item.frame,
        current,
        autocontinue: item.auto_continue,
        mission_type: MavMissionType::MAV_MISSION_TYPE_MISSION,
    }
}

fn floats(item: &Item, seq: u16, peer: Peer, current: u8) -> MISSION_ITEM_DATA {
    let whole = integers(item, seq, peer, current);
    let scale = if item.has_place() { 1e-7 } else { 1.0 };
    MISSION_ITEM_DATA {
        param1: whole.param1,
        param2: whole.param2,
        param3: whole.param3,
        param4: whole.param4,
        x: (f64::from(item.x) * scale) as f32,
        y: (f64::from(item.y) * scale) as f32,
        z: item.z,
        seq,
        command: item.command,
        target_system: whole.target_system,
        target_component: whole.target_component,
        frame: item.frame,
        current,
        autocontinue: whole.autocontinue,
        mission_type: whole.mission_type,
    }
}
