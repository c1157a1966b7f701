//! The state machines meet a vehicle: clock, messages, addresses, and what went wrong in words.

use std::time::{Duration, Instant};

use mavlink::Message;
use mavlink::dialects::ardupilotmega::{MavMissionResult, MavMissionType};
use schedule::mission::MissionItem;

use super::clear::Clear;
use super::download::Download;
use super::form;
use super::kind::ListKind;
use super::message::{Conversation, Incoming, Manners, Outgoing, Setback, Step};
use super::outcome::{MissionTransferError, UploadReport};
use super::speech::{as_incoming, as_message};
use super::verified::{Compare, Failure, VerifiedUpload};
use crate::telemetry::Autopilot;
use crate::vehicle::{SendError, Turn, Vehicle, VehicleMessage};

const AUTOPILOT_COMPONENT: u8 = 1;
/// How long to wait for a first heartbeat, which tells the firmware.
const FIRMWARE_PATIENCE: Duration = Duration::from_secs(5);

/// One list of one vehicle.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) kind: ListKind,
    pub(super) autopilot: Autopilot,
}

impl List {
    /// Items that stand before ours on the wire.
    fn before(self) -> usize {
        match self.kind {
            ListKind::Mission => form::numbers_before(self.autopilot),
            ListKind::Fence | ListKind::Rally => 0,
        }
    }

    fn manners(self) -> Manners {
        match self.autopilot {
            Autopilot::ArduPilot => Manners::ARDUPILOT,
            Autopilot::Px4 => Manners::PX4,
            Autopilot::Unknown | Autopilot::Other => Manners::PLAIN,
        }
    }
}

impl Vehicle {
    /// A list of this vehicle, if it has such lists.
    pub(super) async fn list(&self, kind: ListKind) -> Result<List, MissionTransferError> {
        let autopilot = self.firmware().await?;
        if !kind.is_supported(self.telemetry().capabilities, autopilot) {
            let system_id = self.system_id();
            return Err(MissionTransferError::NotSupported { system_id, kind });
        }
        Ok(List { kind, autopilot })
    }

    /// Puts `wire` there in place of what is there, reads it back and compares.
    pub(super) async fn put(
        &self,
        list: List,
        wire: Vec<MissionItem>,
        same: Compare,
    ) -> Result<UploadReport, MissionTransferError> {
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let items = wire.len() - list.before().min(wire.len());
        let start = VerifiedUpload::start(wire, list.manners(), same, Duration::ZERO);
        let machine = self.converse(list.kind.on_wire(), start).await?;
        match machine.end() {
            Some(Err(failure)) => Err(self.explain_failure(&machine, failure, list, began).await),
            _done => Ok(UploadReport {
                items,
                retransmissions: machine.retransmissions(),
                attempts: machine.attempts(),
                acknowledged: machine.acknowledged(),
                duration: began.elapsed(),
            }),
        }
    }

    /// What is there, as on the wire.
    pub(super) async fn fetch(&self, list: List) -> Result<Vec<MissionItem>, MissionTransferError> {
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let start = Download::start(list.manners(), Duration::ZERO);
        let machine = self.converse(list.kind.on_wire(), start).await?;
        match machine.end() {
            Some(Ok(items)) => Ok(items.clone()),
            Some(Err(setback)) => Err(self.explain(setback, "asked for its items", list, began).await),
            None => Ok(Vec::new()),
        }
    }

    /// Takes everything off.
    pub(super) async fn clear(&self, list: List) -> Result<(), MissionTransferError> {
        let lock = self.turn(Turn::Mission);
        let _turn = lock.lock().await;
        let began = Instant::now();
        let start = Clear::start(Duration::ZERO);
        let machine = self.converse(list.kind.on_wire(), start).await?;
        match machine.end() {
            Some(Err(setback)) => Err(self
                .explain(setback, "told to clear its items", list, began)
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
        kind: MavMissionType,
        (mut machine, first): (C, Vec<Outgoing>),
    ) -> Result<C, MissionTransferError> {
        let mut messages = self.subscribe();
        let began = Instant::now();
        let mut outgoing = first;
        loop {
            self.say(kind, &machine, outgoing).await?;
            if machine.is_over() {
                return Ok(machine);
            }
            let deadline = began + machine.deadline();
            outgoing = match tokio::time::timeout_at(deadline.into(), messages.recv()).await {
                Ok(Ok(message)) => match self.meant_for_us(kind, &message) {
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
        kind: MavMissionType,
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
            if let Some(message) = as_message(message, (system_id, kind), |number| machine.item(number)) {
                self.send(&message).await?;
            }
        }
        Ok(())
    }

    fn meant_for_us(&self, kind: MavMissionType, message: &VehicleMessage) -> Option<Incoming> {
        let target = |system: Option<u8>, own: u8| system.is_none_or(|system| [0, own].contains(&system));
        let (system, component) = self.own();
        let ours = message.header.component_id == AUTOPILOT_COMPONENT
            && target(message.message.target_system_id(), system)
            && target(message.message.target_component_id(), component);
        if ours {
            as_incoming(&message.message, kind)
        } else {
            None
        }
    }

    async fn explain_failure(
        &self,
        machine: &VerifiedUpload,
        failure: &Failure,
        list: List,
        began: Instant,
    ) -> MissionTransferError {
        let system_id = self.system_id();
        match failure {
            Failure::Setback(setback) => {
                self.explain(setback, "told how many items come", list, began)
                    .await
            }
            Failure::OtherLength { sent, found } => MissionTransferError::DiffersInLength {
                system_id,
                sent: *sent,
                found: *found,
            },
            Failure::OtherItem { number, found } => {
                let on_wire = u16::try_from(*number).unwrap_or(u16::MAX);
                MissionTransferError::Differs {
                    system_id,
                    item: number.saturating_sub(list.before()),
                    sent: Box::new(machine.item(on_wire).unwrap_or(found).clone()),
                    found: found.clone(),
                }
            }
        }
    }

    async fn explain(
        &self,
        setback: &Setback,
        announcement: &str,
        list: List,
        began: Instant,
    ) -> MissionTransferError {
        let (system_id, before) = (self.system_id(), list.before());
        let place = |step: Step| match step {
            Step::Announce => announcement.to_owned(),
            Step::Item(number) if usize::from(number) < before => "at the home item".to_owned(),
            Step::Item(number) => format!("at item {}", usize::from(number) - before),
            Step::Clear => "told to clear its items".to_owned(),
        };
        match setback {
            Setback::Silent { step, tries } => MissionTransferError::NoAnswer {
                system_id,
                place: place(*step),
                tries: *tries,
            },
            Setback::Refused {
                result: MavMissionResult::MAV_MISSION_UNSUPPORTED,
                step: Step::Announce | Step::Clear,
            } => MissionTransferError::NotSupported {
                system_id,
                kind: list.kind,
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
