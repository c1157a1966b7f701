//! Every message a ground station may send, handed to whoever deals with it.

use mavlink::dialects::ardupilotmega::{
    HEARTBEAT_DATA, MavAutopilot, MavMessage, MavParamType, MavSeverity, MavType, PARAM_VALUE_DATA,
    PING_DATA, REQUEST_DATA_STREAM_DATA, SET_POSITION_TARGET_GLOBAL_INT_DATA, SETUP_SIGNING_DATA,
    TIMESYNC_DATA,
};

use super::areas::is_area;
use super::autopilot::{Autopilot, Peer};
use super::commands::Call;
use super::mission::Item;
use super::parameters::Kind;
use super::streams::id;

impl Autopilot {
    /// Hears one message.
    pub(super) fn hear(&mut self, peer: Peer, message: &MavMessage) {
        if !self.is_for_us(message) {
            return;
        }
        match message {
            MavMessage::HEARTBEAT(beat) if is_ground_station(beat) => self.hear_ground_station(peer),
            MavMessage::COMMAND_LONG(long) => self.obey(peer, &Call::from(long)),
            MavMessage::COMMAND_ACK(ack) => self.hear_authorisation(ack),
            MavMessage::COMMAND_INT(int) => self.obey(peer, &Call::from(int)),
            MavMessage::SET_MODE(set) => self.set_custom_mode(peer, set.base_mode.bits(), set.custom_mode),
            MavMessage::MISSION_COUNT(count) if is_area(count.mission_type) => self.begin_area(peer, count),
            MavMessage::MISSION_COUNT(count) => {
                self.expect_items(peer, count);
                self.begin_upload(peer, count);
            }
            MavMessage::MISSION_ITEM_INT(item) if is_area(item.mission_type) => {
                self.take_area_item(peer, item.mission_type, item.seq, Item::from(item));
            }
            MavMessage::MISSION_REQUEST_LIST(list) if is_area(list.mission_type) => {
                self.tell_area_count(peer, list.mission_type);
            }
            MavMessage::MISSION_REQUEST_INT(request) if is_area(request.mission_type) => {
                self.tell_area_item(peer, request.mission_type, request.seq);
            }
            MavMessage::MISSION_CLEAR_ALL(clear) if is_area(clear.mission_type) => {
                self.clear_area(peer, clear.mission_type);
            }
            MavMessage::MISSION_ITEM_INT(item) => self.take_item(peer, item.seq, Item::from(item)),
            MavMessage::MISSION_ITEM(item) => self.take_item(peer, item.seq, Item::from(item)),
            MavMessage::MISSION_REQUEST_LIST(list) => self.tell_count(peer, list.mission_type),
            MavMessage::MISSION_REQUEST(request) => self.tell_item(peer, request.seq, false),
            MavMessage::MISSION_REQUEST_INT(request) => self.tell_item(peer, request.seq, true),
            MavMessage::MISSION_CLEAR_ALL(clear) => self.clear_mission(peer, clear.mission_type),
            MavMessage::MISSION_SET_CURRENT(set) => self.set_current(set.seq),
            MavMessage::PARAM_REQUEST_LIST(_) => self.tell_all_parameters(),
            MavMessage::PARAM_REQUEST_READ(read) => {
                let index = match usize::try_from(read.param_index) {
                    Ok(index) => Some(index),
                    Err(_) => self.parameters.index_of(&text(read.param_id.as_ref())),
                };
                self.tell_parameter(index);
            }
            MavMessage::PARAM_SET(set) => {
                let index = self.parameters.index_of(&text(set.param_id.as_ref()));
                let before = self.parameters.clone();
                if let Some(index) = index {
                    self.parameters
                        .set(index, self.decoded(set.param_value, set.param_type));
                }
                self.tell_parameter(index);
                if self.options.faults.stubborn_parameters {
                    self.parameters = before;
                }
            }
            MavMessage::TIMESYNC(sync) => self.answer_timesync(peer, sync),
            MavMessage::PING(ping) => self.answer_ping(peer, ping),
            MavMessage::REQUEST_DATA_STREAM(request) => self.set_stream_group(request),
            MavMessage::SET_POSITION_TARGET_GLOBAL_INT(target) => self.hear_target(target),
            _ => {}
        }
    }

    /// The signing key of a message that sets one, if it is taken: as ArduPilot, not while armed and without an
    /// acknowledgement.
    pub(super) fn new_key<'m>(&mut self, message: &'m MavMessage) -> Option<&'m SETUP_SIGNING_DATA> {
        let MavMessage::SETUP_SIGNING(setup) = message else {
            return None;
        };
        if !self.is_for_us(message) || self.options.faults.signing_ignored_setup {
            return None;
        }
        if self.armed {
            self.say(
                MavSeverity::MAV_SEVERITY_ERROR,
                "ERROR: Won't setup signing when armed",
            );
            return None;
        }
        Some(setup)
    }

    /// Addressed to this vehicle's autopilot, or to everybody.
    fn is_for_us(&self, message: &MavMessage) -> bool {
        use mavlink::Message;
        let system = message.target_system_id().unwrap_or(0);
        let component = message.target_component_id().unwrap_or(0);
        (system == 0 || system == self.spoken_system_id()) && matches!(component, 0 | 1)
    }

    /// The system id on the wire.
    pub(super) fn spoken_system_id(&self) -> u8 {
        self.options
            .faults
            .same_system_id
            .unwrap_or(self.options.system_id)
    }

    fn tell_all_parameters(&mut self) {
        for index in 0..usize::from(self.parameters.count()) {
            self.tell_parameter(Some(index));
        }
    }

    fn tell_parameter(&mut self, index: Option<usize>) {
        let Some((index, parameter)) = index.and_then(|index| self.parameters.at(index).map(|p| (index, p)))
        else {
            return;
        };
        let whole = parameter.value as i32;
        let by_bytes = self.encodes_bytewise() && parameter.kind != Kind::Real;
        let message = PARAM_VALUE_DATA {
            param_value: if by_bytes {
                f32::from_bits(whole as u32)
            } else {
                parameter.value
            },
            param_count: self.parameters.count(),
            param_index: index as u16,
            param_id: parameter.name.into(),
            param_type: match parameter.kind {
                Kind::Int8 => MavParamType::MAV_PARAM_TYPE_INT8,
                Kind::Int16 => MavParamType::MAV_PARAM_TYPE_INT16,
                Kind::Int32 => MavParamType::MAV_PARAM_TYPE_INT32,
                Kind::Real => MavParamType::MAV_PARAM_TYPE_REAL32,
            },
        };
        self.answer(MavMessage::PARAM_VALUE(message));
    }

    /// PX4 puts the bytes of a whole number into the float field; ArduPilot casts it.
    fn encodes_bytewise(&self) -> bool {
        self.options.profile == super::options::Profile::Px4
    }

    fn decoded(&self, value: f32, kind: MavParamType) -> f32 {
        if self.encodes_bytewise() && kind != MavParamType::MAV_PARAM_TYPE_REAL32 {
            return value.to_bits() as i32 as f32;
        }
        value
    }

    /// The other side asks with tc1 = 0; the answer carries the time since boot, not the date.
    fn answer_timesync(&mut self, peer: Peer, sync: &TIMESYNC_DATA) {
        if sync.tc1 != 0 {
            return;
        }
        self.answer(MavMessage::TIMESYNC(TIMESYNC_DATA {
            tc1: (self.clock.boot_s() * 1e9) as i64,
            ts1: sync.ts1,
            target_system: peer.target_system(),
            target_component: peer.component_id,
        }));
    }

    fn answer_ping(&mut self, peer: Peer, ping: &PING_DATA) {
        if ping.target_system != 0 {
            return;
        }
        self.answer(MavMessage::PING(PING_DATA {
            time_usec: ping.time_usec,
            seq: ping.seq,
            target_system: peer.target_system(),
            target_component: peer.component_id,
        }));
    }

    fn set_stream_group(&mut self, request: &REQUEST_DATA_STREAM_DATA) {
        let group: &[u32] = match request.req_stream_id as u8 {
            0 => &[
                id::SYS_STATUS,
                id::MISSION_CURRENT,
                id::GPS_RAW_INT,
                id::GLOBAL_POSITION_INT,
                id::ATTITUDE,
                id::VFR_HUD,
                id::SYSTEM_TIME,
                id::BATTERY_STATUS,
                id::EKF_STATUS_REPORT,
                id::WIND,
            ],
            2 => &[id::SYS_STATUS, id::MISSION_CURRENT, id::GPS_RAW_INT],
            6 => &[id::GLOBAL_POSITION_INT],
            10 => &[id::ATTITUDE],
            11 => &[id::VFR_HUD],
            12 => &[
                id::SYSTEM_TIME,
                id::BATTERY_STATUS,
                id::EKF_STATUS_REPORT,
                id::WIND,
            ],
            _ => &[],
        };
        for id in group {
            if request.start_stop == 0 || request.req_message_rate == 0 {
                self.streams.stop(*id);
            } else {
                self.streams.set(*id, 1.0 / f64::from(request.req_message_rate));
            }
        }
    }

    fn hear_target(&mut self, target: &SET_POSITION_TARGET_GLOBAL_INT_DATA) {
        use mavlink::dialects::ardupilotmega::MavFrame;
        // The lowest three bits of the mask say that the place is to be ignored.
        if target.type_mask.bits() & 0b111 != 0 {
            return;
        }
        let amsl = matches!(
            target.coordinate_frame,
            MavFrame::MAV_FRAME_GLOBAL | MavFrame::MAV_FRAME_GLOBAL_INT
        );
        let height = f64::from(target.alt);
        let up = if amsl {
            height - self.options.home_amsl_m
        } else {
            height + self.home[2]
        };
        self.take_target(target.lat_int, target.lon_int, up);
    }
}

fn is_ground_station(beat: &HEARTBEAT_DATA) -> bool {
    beat.mavtype == MavType::MAV_TYPE_GCS || beat.autopilot == MavAutopilot::MAV_AUTOPILOT_INVALID
}

/// The text of a name field, up to its first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
