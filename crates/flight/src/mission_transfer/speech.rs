//! The words of a transfer as MAVLink messages: one set of messages serves missions, fences and rally points, told
//! apart by their mission type.

use mavlink::dialects::ardupilotmega::{
    MISSION_ACK_DATA, MISSION_CLEAR_ALL_DATA, MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA,
    MISSION_REQUEST_INT_DATA, MISSION_REQUEST_LIST_DATA, MavCmd, MavFrame, MavMessage, MavMissionResult,
    MavMissionType,
};
use num_traits::FromPrimitive;
use schedule::mission::MissionItem;

use super::message::{Incoming, Outgoing};

const AUTOPILOT_COMPONENT: u8 = 1;

/// What a message of the vehicle says about the list of this kind; None if nothing.
#[expect(deprecated, reason = "ArduCopter 4.5 asks with MISSION_REQUEST only")]
pub fn as_incoming(message: &MavMessage, wanted: MavMissionType) -> Option<Incoming> {
    let (kind, incoming) = match message {
        MavMessage::MISSION_REQUEST(data) => (data.mission_type, Incoming::Request(data.seq)),
        MavMessage::MISSION_REQUEST_INT(data) => (data.mission_type, Incoming::Request(data.seq)),
        MavMessage::MISSION_ACK(data) => (data.mission_type, Incoming::Ack(data.mavtype)),
        MavMessage::MISSION_COUNT(data) => (data.mission_type, Incoming::Count(data.count)),
        MavMessage::MISSION_ITEM_INT(data) => {
            let item = MissionItem {
                frame: data.frame as u8,
                command: data.command as u16,
                params: [data.param1, data.param2, data.param3, data.param4],
                x: data.x,
                y: data.y,
                z: data.z,
                auto_continue: data.autocontinue != 0,
            };
            (
                data.mission_type,
                Incoming::Item {
                    number: data.seq,
                    item,
                },
            )
        }
        _ => return None,
    };
    (kind == wanted).then_some(incoming)
}

/// What goes out to the autopilot of `target_system`; None for an item that is not there or cannot be said.
pub fn as_message<'m>(
    outgoing: &Outgoing,
    (target_system, mission_type): (u8, MavMissionType),
    item: impl Fn(u16) -> Option<&'m MissionItem>,
) -> Option<MavMessage> {
    let target_component = AUTOPILOT_COMPONENT;
    Some(match *outgoing {
        Outgoing::Count(count) => MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            count,
            target_system,
            target_component,
            mission_type,
            opaque_id: 0,
        }),
        Outgoing::Item(seq) => item_message(seq, item(seq)?, (target_system, mission_type))?,
        Outgoing::RequestList => MavMessage::MISSION_REQUEST_LIST(MISSION_REQUEST_LIST_DATA {
            target_system,
            target_component,
            mission_type,
        }),
        Outgoing::Request(seq) => MavMessage::MISSION_REQUEST_INT(MISSION_REQUEST_INT_DATA {
            seq,
            target_system,
            target_component,
            mission_type,
        }),
        Outgoing::Accept => MavMessage::MISSION_ACK(MISSION_ACK_DATA {
            target_system,
            target_component,
            mavtype: MavMissionResult::MAV_MISSION_ACCEPTED,
            mission_type,
            opaque_id: 0,
        }),
        Outgoing::Clear => MavMessage::MISSION_CLEAR_ALL(MISSION_CLEAR_ALL_DATA {
            target_system,
            target_component,
            mission_type,
        }),
    })
}

fn item_message(
    seq: u16,
    item: &MissionItem,
    (target_system, mission_type): (u8, MavMissionType),
) -> Option<MavMessage> {
    let [param1, param2, param3, param4] = item.params;
    Some(MavMessage::MISSION_ITEM_INT(MISSION_ITEM_INT_DATA {
        param1,
        param2,
        param3,
        param4,
        x: item.x,
        y: item.y,
        z: item.z,
        seq,
        command: MavCmd::from_u16(item.command)?,
        target_system,
        target_component: AUTOPILOT_COMPONENT,
        frame: MavFrame::from_u8(item.frame)?,
        current: 0,
        autocontinue: u8::from(item.auto_continue),
        mission_type,
    }))
}
