//! Missions to and from a vehicle. An upload is done when the vehicle gives back what it was given, not when it says
//! so: acknowledgements get lost, and ArduPilot mixes old and new items when an upload breaks off.
//!
//! `upload`, `download` and `verified` are state machines without clock or socket; here they meet the vehicle.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mavlink::Message;
use mavlink::dialects::ardupilotmega::{
    MISSION_ACK_DATA, MISSION_CLEAR_ALL_DATA, MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA,
    MISSION_REQUEST_INT_DATA, MISSION_REQUEST_LIST_DATA, MavCmd, MavFrame, MavMessage, MavMissionResult,
    MavMissionType,
};
use num_traits::FromPrimitive;
use schedule::mission::MissionItem;
use survey::geodesy::Wgs84;
use thiserror::Error;

use crate::telemetry::Autopilot;
use crate::vehicle::{SendError, Turn, Vehicle, VehicleMessage};

mod download;
mod form;
mod message;
mod pace;
#[cfg(test)]
mod peer_tests;
mod upload;
mod verified;

use download::{Clear, Download};
use message::{Conversation, Incoming, Outgoing, Setback, Step};
use verified::{Failure, VerifiedUpload};

const AUTOPILOT_COMPONENT: u8 = 1;
/// How long to wait for a first heartbeat, which tells the firmware.
const FIRMWARE_PATIENCE: Duration = Duration::from_secs(5);

/// A mission that is on the vehicle, compared item by item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadReport {
    /// Number of our items, without home.
    pub items: usize,
    /// Messages of ours that had to be sent again, reading back included.
    pub retransmissions: u32,
    /// How often the mission was sent as a whole; 2 when the first reading back differed.
    pub attempts: u32,
    /// Whether the vehicle's acknowledgement arrived; if not, reading back alone proves the mission.
    pub acknowledged: bool,
    /// From the first message to the comparison of the last item.
    pub duration: Duration,
}

/// Why a mission is not on the vehicle or could not be read. Item numbers count our items from 0.
#[derive(Debug, Error)]
pub enum MissionTransferError {
    /// Nothing to send.
    #[error("the mission has no items")]
    Empty,
    /// More items than a mission can number.
    #[error("the mission has {count} items; at most 65534 can be sent")]
    TooMany {
        /// Number of items.
        count: usize,
    },
    /// A command or frame number that MAVLink does not define.
    #[error(
        "item {item} of the mission cannot be sent: MAVLink has no command {command} or no frame {frame}"
    )]
    UnknownItem {
        /// Which item.
        item: usize,
        /// Its command.
        command: u16,
        /// Its frame.
        frame: u8,
    },
    /// The vehicle does not answer.
    #[error("vehicle {system_id} does not answer: {place}, tried {tries} times")]
    NoAnswer {
        /// The vehicle.
        system_id: u8,
        /// Where the transfer stood.
        place: String,
        /// How often it was tried.
        tries: u32,
    },
    /// The vehicle refuses the mission, an item, or giving its mission.
    #[error("vehicle {system_id} refuses: {place} ({result:?}){}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// The vehicle.
        system_id: u8,
        /// Where the transfer stood.
        place: String,
        /// Its answer.
        result: MavMissionResult,
        /// What it said in words meanwhile.
        reason: Option<String>,
    },
    /// The vehicle asks for the same items for ever.
    #[error("vehicle {system_id} asks for the same items again and again; the transfer was broken off")]
    GoesRound {
        /// The vehicle.
        system_id: u8,
    },
    /// The vehicle gives back another item than it was given, twice.
    #[error(
        "vehicle {system_id} gives back another item {item} than it was given: sent {sent:?}, read back {found:?}"
    )]
    Differs {
        /// The vehicle.
        system_id: u8,
        /// The first item that differs.
        item: usize,
        /// As sent.
        sent: Box<MissionItem>,
        /// As read back.
        found: Box<MissionItem>,
    },
    /// The vehicle gives back another number of items than it was given, twice.
    #[error("vehicle {system_id} gives back {found} items instead of {sent}")]
    DiffersInLength {
        /// The vehicle.
        system_id: u8,
        /// Sent, as numbered on the wire.
        sent: usize,
        /// Read back.
        found: usize,
    },
    /// Two vehicles share one number.
    #[error(
        "two vehicles use the number {system_id} ({addresses:?}): no mission is sent before one of them is renumbered"
    )]
    TwoVehicles {
        /// The number.
        system_id: u8,
        /// Where they are heard from.
        addresses: Vec<SocketAddr>,
    },
    /// It could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
}

impl Vehicle {
    /// Puts a mission on the vehicle in place of what it has, reads it back and compares. `home` (place and height
    /// above sea level, m) only fills the place that ArduPilot keeps for its own home.
    ///
    /// After an error the mission on the vehicle is cleared, or unknown when it does not answer: do not fly.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn upload_mission(
        &self,
        items: &[MissionItem],
        home: Option<(Wgs84, f64)>,
    ) -> Result<UploadReport, MissionTransferError> {
        check(items)?;
        let autopilot = self.firmware().await?;
        let same = match autopilot {
            Autopilot::ArduPilot => form::same_to_ardupilot,
            Autopilot::Px4 => form::same_to_px4,
            Autopilot::Unknown | Autopilot::Other => form::same_to_other,
        };
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let wire = form::wire_items(items, home, autopilot);
        let (machine, messages) = VerifiedUpload::start(wire, same, Duration::ZERO);
        let machine = self.converse(machine, messages).await?;
        match machine.end() {
            Some(Err(failure)) => Err(self.explain_failure(failure, items, autopilot, began).await),
            _done => Ok(UploadReport {
                items: items.len(),
                retransmissions: machine.retransmissions(),
                attempts: machine.attempts(),
                acknowledged: machine.acknowledged(),
                duration: began.elapsed(),
            }),
        }
    }

    /// The mission on the vehicle, without ArduPilot's home at 0.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn download_mission(&self) -> Result<Vec<MissionItem>, MissionTransferError> {
        let autopilot = self.firmware().await?;
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let (machine, messages) = Download::start(Duration::ZERO);
        let machine = self.converse(machine, messages).await?;
        match machine.end() {
            Some(Ok(items)) => Ok(form::own_items(items.clone(), autopilot)),
            Some(Err(setback)) => Err(self
                .explain(setback, "asked for its mission", autopilot, began)
                .await),
            None => Ok(Vec::new()),
        }
    }

    /// Takes the mission off the vehicle.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn clear_mission(&self) -> Result<(), MissionTransferError> {
        let autopilot = self.firmware().await?;
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let (machine, messages) = Clear::start(Duration::ZERO);
        let machine = self.converse(machine, messages).await?;
        match machine.end() {
            Some(Err(setback)) => Err(self
                .explain(setback, "told to clear its mission", autopilot, began)
                .await),
            _done => Ok(()),
        }
    }

    /// Whose firmware it is; waits a little for a vehicle that just came up.
    async fn firmware(&self) -> Result<Autopilot, MissionTransferError> {
        let give_up = Instant::now() + FIRMWARE_PATIENCE;
        loop {
            let telemetry = self.telemetry();
            if telemetry.heard {
                return Ok(telemetry.autopilot);
            }
            if tokio::time::timeout_at(give_up.into(), self.changed())
                .await
                .is_err()
            {
                return Err(SendError::NeverHeard {
                    system_id: self.system_id(),
                }
                .into());
            }
        }
    }

    async fn converse<C: Conversation>(
        &self,
        mut machine: C,
        first: Vec<Outgoing>,
    ) -> Result<C, MissionTransferError> {
        let mut messages = self.subscribe();
        let began = Instant::now();
        let mut outgoing = first;
        loop {
            self.say(&machine, outgoing).await?;
            if machine.is_over() {
                return Ok(machine);
            }
            let deadline = began + machine.deadline();
            outgoing = match tokio::time::timeout_at(deadline.into(), messages.recv()).await {
                Ok(Ok(message)) => match self.meant_for_us(&message) {
                    Some(incoming) => machine.take(&incoming, began.elapsed()),
                    None => Vec::new(),
                },
                // Lost messages are asked for again like those that the line lost.
                Ok(Err(_lagged)) => Vec::new(),
                Err(_elapsed) => machine.timeout(began.elapsed()),
            };
        }
    }

    async fn say<C: Conversation>(
        &self,
        machine: &C,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), MissionTransferError> {
        if outgoing.is_empty() {
            return Ok(());
        }
        let (system_id, addresses) = (self.system_id(), self.conflict_addresses());
        if !addresses.is_empty() {
            return Err(MissionTransferError::TwoVehicles { system_id, addresses });
        }
        for message in &outgoing {
            if let Some(message) = as_message(message, system_id, |number| machine.item(number)) {
                self.send(&message).await?;
            }
        }
        Ok(())
    }

    fn meant_for_us(&self, message: &VehicleMessage) -> Option<Incoming> {
        let target = |system: Option<u8>, own: u8| system.is_none_or(|system| [0, own].contains(&system));
        let (system, component) = self.own();
        let ours = message.header.component_id == AUTOPILOT_COMPONENT
            && target(message.message.target_system_id(), system)
            && target(message.message.target_component_id(), component);
        if ours { as_incoming(&message.message) } else { None }
    }

    async fn explain_failure(
        &self,
        failure: &Failure,
        items: &[MissionItem],
        autopilot: Autopilot,
        began: Instant,
    ) -> MissionTransferError {
        let system_id = self.system_id();
        match failure {
            Failure::Setback(setback) => {
                self.explain(setback, "told how many items come", autopilot, began)
                    .await
            }
            Failure::OtherLength { sent, found } => MissionTransferError::DiffersInLength {
                system_id,
                sent: *sent,
                found: *found,
            },
            Failure::OtherItem { number, found } => {
                let item = number.saturating_sub(form::numbers_before(autopilot));
                let sent = items.get(item).unwrap_or(found).clone();
                MissionTransferError::Differs {
                    system_id,
                    item,
                    sent: Box::new(sent),
                    found: found.clone(),
                }
            }
        }
    }

    async fn explain(
        &self,
        setback: &Setback,
        announcement: &str,
        autopilot: Autopilot,
        began: Instant,
    ) -> MissionTransferError {
        let system_id = self.system_id();
        let before = form::numbers_before(autopilot);
        let place = |step: Step| match step {
            Step::Announce => announcement.to_owned(),
            Step::Item(number) if usize::from(number) < before => "at the home item".to_owned(),
            Step::Item(number) => format!("at item {}", usize::from(number) - before),
            Step::Clear => "told to clear its mission".to_owned(),
        };
        match setback {
            Setback::Silent { step, tries } => MissionTransferError::NoAnswer {
                system_id,
                place: place(*step),
                tries: *tries,
            },
            Setback::Refused { result, step } => MissionTransferError::Refused {
                system_id,
                place: place(*step),
                result: *result,
                reason: self.complaints_since(began).await,
            },
            Setback::GoesRound => MissionTransferError::GoesRound { system_id },
        }
    }
}

fn check(items: &[MissionItem]) -> Result<(), MissionTransferError> {
    if items.is_empty() {
        return Err(MissionTransferError::Empty);
    }
    if items.len() >= usize::from(u16::MAX) {
        return Err(MissionTransferError::TooMany { count: items.len() });
    }
    let is_known = |item: &MissionItem| {
        MavCmd::from_u16(item.command).is_some() && MavFrame::from_u8(item.frame).is_some()
    };
    match items.iter().enumerate().find(|(_, item)| !is_known(item)) {
        Some((item, MissionItem { command, frame, .. })) => Err(MissionTransferError::UnknownItem {
            item,
            command: *command,
            frame: *frame,
        }),
        None => Ok(()),
    }
}

#[expect(deprecated, reason = "ArduCopter 4.5 asks with MISSION_REQUEST only")]
fn as_incoming(message: &MavMessage) -> Option<Incoming> {
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
    (kind == MavMissionType::MAV_MISSION_TYPE_MISSION).then_some(incoming)
}

fn as_message<'m>(
    outgoing: &Outgoing,
    target_system: u8,
    item: impl Fn(u16) -> Option<&'m MissionItem>,
) -> Option<MavMessage> {
    let (target_component, mission_type) = (AUTOPILOT_COMPONENT, MavMissionType::MAV_MISSION_TYPE_MISSION);
    Some(match *outgoing {
        Outgoing::Count(count) => MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            count,
            target_system,
            target_component,
            mission_type,
            opaque_id: 0,
        }),
        Outgoing::Item(seq) => item_message(seq, item(seq)?, target_system)?,
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

fn item_message(seq: u16, item: &MissionItem, target_system: u8) -> Option<MavMessage> {
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
        mission_type: MavMissionType::MAV_MISSION_TYPE_MISSION,
    }))
}
