//! What one would write from the MAVLink specification, and what QGroundControl's `PlanManager` does: 1500 ms for the
//! vehicle to ask, 250 ms for an item that is read, 5 repeats; an item that the vehicle does not ask for in time, or a
//! last word that does not come, ends the upload. Then the mission is read back with the same timers and compared.

use std::time::{Duration, Instant};

use flight::telemetry::Autopilot;
use flight::vehicle::Vehicle;
use mavlink::dialects::ardupilotmega::{
    MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MISSION_REQUEST_INT_DATA, MISSION_REQUEST_LIST_DATA, MavCmd,
    MavFrame, MavMessage, MavMissionResult, MavMissionType,
};
use num_traits::FromPrimitive;
use schedule::mission::{MissionItem, same_on_wire};
use tokio::sync::broadcast::Receiver;

use crate::Upload;

const ACK_TIMEOUT: Duration = Duration::from_millis(1500);
const ITEM_TIMEOUT: Duration = Duration::from_millis(250);
const MOST_REPEATS: u32 = 5;
const AUTOPILOT: u8 = 1;
const MISSION: MavMissionType = MavMissionType::MAV_MISSION_TYPE_MISSION;

type Messages = Receiver<flight::vehicle::VehicleMessage>;

/// Uploads, reads back and compares. ArduPilot's first item on the wire is a place for its own home.
pub async fn upload(vehicle: &Vehicle, items: &[MissionItem]) -> Result<Upload, String> {
    let began = Instant::now();
    let home = MissionItem {
        frame: 0,
        command: 16,
        ..items[0].clone()
    };
    let places_before = usize::from(vehicle.telemetry().autopilot == Autopilot::ArduPilot);
    let wire: Vec<MissionItem> = std::iter::repeat_n(home, places_before)
        .chain(items.iter().cloned())
        .collect();
    let mut messages = vehicle.subscribe();
    let mut retransmissions = write(vehicle, &mut messages, &wire).await?;
    let (found, again) = read(vehicle, &mut messages).await?;
    retransmissions += again;
    let is_same = found.len() == wire.len()
        && wire
            .iter()
            .zip(&found)
            .skip(places_before)
            .all(|(sent, found)| same_on_wire(sent, found));
    if !is_same {
        return Err("read back another mission".to_owned());
    }
    Ok(Upload {
        duration: began.elapsed(),
        retransmissions,
    })
}

/// Answers how many messages went out again.
#[expect(deprecated, reason = "ArduCopter 4.5 asks with MISSION_REQUEST only")]
async fn write(vehicle: &Vehicle, messages: &mut Messages, wire: &[MissionItem]) -> Result<u32, String> {
    let (mut counts, mut again) = (1, 0);
    let mut sent = vec![false; wire.len()];
    send(vehicle, &count(vehicle, wire.len())).await?;
    let mut deadline = Instant::now() + ACK_TIMEOUT;
    loop {
        let asked = match next(messages, deadline).await {
            None if sent[0] && sent.iter().all(|sent| *sent) => {
                return Err("no final acknowledgement".to_owned());
            }
            None if sent[0] => return Err("the vehicle did not ask for all items in time".to_owned()),
            None if counts > MOST_REPEATS + 1 => return Err("no answer to the count".to_owned()),
            None => {
                counts += 1;
                again += 1;
                send(vehicle, &count(vehicle, wire.len())).await?;
                deadline = Instant::now() + ACK_TIMEOUT;
                continue;
            }
            Some(MavMessage::MISSION_REQUEST(request)) => request.seq,
            Some(MavMessage::MISSION_REQUEST_INT(request)) => request.seq,
            Some(MavMessage::MISSION_ACK(ack)) => match ack.mavtype {
                // Common after repetitions, and ignored for ArduPilot.
                MavMissionResult::MAV_MISSION_INVALID_SEQUENCE => continue,
                MavMissionResult::MAV_MISSION_ACCEPTED if sent.iter().all(|sent| *sent) => return Ok(again),
                other => return Err(format!("the vehicle refused: {other:?}")),
            },
            Some(_other) => continue,
        };
        let number = usize::from(asked);
        let item = wire
            .get(number)
            .ok_or("the vehicle asked for an item out of range")?;
        again += u32::from(std::mem::replace(&mut sent[number], true));
        send(vehicle, &as_message(vehicle, asked, item)?).await?;
        deadline = Instant::now() + ACK_TIMEOUT;
    }
}

/// Answers the mission on the vehicle, and how many messages went out again.
async fn read(vehicle: &Vehicle, messages: &mut Messages) -> Result<(Vec<MissionItem>, u32), String> {
    let (target_system, target_component, mission_type) = (vehicle.system_id(), AUTOPILOT, MISSION);
    let list = MavMessage::MISSION_REQUEST_LIST(MISSION_REQUEST_LIST_DATA {
        target_system,
        target_component,
        mission_type,
    });
    let mut again = 0;
    let total = loop_until(
        vehicle,
        messages,
        (&list, ACK_TIMEOUT),
        &mut again,
        |message| match message {
            MavMessage::MISSION_COUNT(count) => Some(count.count),
            _ => None,
        },
    )
    .await?;
    let mut found = Vec::new();
    for seq in 0..total {
        let request = MavMessage::MISSION_REQUEST_INT(MISSION_REQUEST_INT_DATA {
            seq,
            target_system,
            target_component,
            mission_type,
        });
        let item = loop_until(
            vehicle,
            messages,
            (&request, ITEM_TIMEOUT),
            &mut again,
            |message| match message {
                MavMessage::MISSION_ITEM_INT(data) if data.seq == seq => Some(from_message(data)),
                _ => None,
            },
        )
        .await?;
        found.push(item);
    }
    Ok((found, again))
}

/// Asks until the wanted answer comes, at most so often.
async fn loop_until<T>(
    vehicle: &Vehicle,
    messages: &mut Messages,
    (question, patience): (&MavMessage, Duration),
    again: &mut u32,
    wanted: impl Fn(&MavMessage) -> Option<T>,
) -> Result<T, String> {
    for repeat in 0..=MOST_REPEATS + 1 {
        *again += u32::from(repeat > 0);
        send(vehicle, question).await?;
        let deadline = Instant::now() + patience;
        while let Some(message) = next(messages, deadline).await {
            if let Some(answer) = wanted(&message) {
                return Ok(answer);
            }
        }
    }
    Err("no answer while reading back".to_owned())
}

/// The vehicle's next message; None when it is too late.
async fn next(messages: &mut Messages, deadline: Instant) -> Option<MavMessage> {
    loop {
        match tokio::time::timeout_at(deadline.into(), messages.recv()).await {
            Ok(Ok(message)) => return Some((*message.message).clone()),
            // Messages that were overrun are lost like those that the line lost.
            Ok(Err(_lagged)) => {}
            Err(_elapsed) => return None,
        }
    }
}

async fn send(vehicle: &Vehicle, message: &MavMessage) -> Result<(), String> {
    vehicle.send(message).await.map_err(|error| error.to_string())
}

fn count(vehicle: &Vehicle, items: usize) -> MavMessage {
    MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
        count: items as u16,
        target_system: vehicle.system_id(),
        target_component: AUTOPILOT,
        mission_type: MISSION,
        opaque_id: 0,
    })
}

fn as_message(vehicle: &Vehicle, seq: u16, item: &MissionItem) -> Result<MavMessage, String> {
    let [param1, param2, param3, param4] = item.params;
    Ok(MavMessage::MISSION_ITEM_INT(MISSION_ITEM_INT_DATA {
        param1,
        param2,
        param3,
        param4,
        x: item.x,
        y: item.y,
        z: item.z,
        seq,
        command: MavCmd::from_u16(item.command).ok_or("an unknown command")?,
        target_system: vehicle.system_id(),
        target_component: AUTOPILOT,
        frame: MavFrame::from_u8(item.frame).ok_or("an unknown frame")?,
        current: 0,
        autocontinue: u8::from(item.auto_continue),
        mission_type: MISSION,
    }))
}

fn from_message(data: &MISSION_ITEM_INT_DATA) -> MissionItem {
    MissionItem {
        frame: data.frame as u8,
        command: data.command as u16,
        params: [data.param1, data.param2, data.param3, data.param4],
        x: data.x,
        y: data.y,
        z: data.z,
        auto_continue: data.autocontinue != 0,
    }
}
