//! The faults of the command and mission protocols, between what the autopilot answers and what it sends.

use std::collections::BTreeSet;

use mavlink::dialects::ardupilotmega::{
    MISSION_ACK_DATA, MISSION_COUNT_DATA, MavCmd, MavMessage, MavMissionResult,
};

use super::autopilot::{Autopilot, Peer};
use super::faults::ProtocolFaults;

/// How often a storm asks.
const STORM: usize = 5;

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Mischief {
    /// Commands whose first acknowledgement was lost.
    lost: BTreeSet<u32>,
    mission_ack_lost: bool,
    /// Items of the upload in progress that were asked for.
    asked: u32,
    /// Items of the upload in progress.
    total: u16,
    /// It has disarmed itself by the fault `auto_disarm`.
    pub(super) disarmed_itself: bool,
}

impl Mischief {
    /// What leaves instead of an answer.
    fn twist(&mut self, faults: &ProtocolFaults, mut answer: MavMessage) -> Vec<MavMessage> {
        let copies = match &mut answer {
            MavMessage::COMMAND_ACK(ack) if faults.lose_first_ack => {
                usize::from(!self.lost.insert(ack.command as u32))
            }
            MavMessage::MISSION_ACK(_) if faults.lose_first_ack => {
                usize::from(std::mem::replace(&mut self.mission_ack_lost, true))
            }
            MavMessage::MISSION_REQUEST(request) => self.copies(faults, &mut request.seq),
            MavMessage::MISSION_REQUEST_INT(request) => self.copies(faults, &mut request.seq),
            _ => 1,
        };
        vec![answer; copies]
    }

    fn copies(&mut self, faults: &ProtocolFaults, seq: &mut u16) -> usize {
        self.asked += 1;
        if faults.wrong_sequence {
            *seq = match self.asked {
                2 => self.total,
                3 => 0,
                _ => *seq,
            };
        }
        if faults.request_storm { STORM } else { 1 }
    }
}

impl Autopilot {
    /// An answer on its way out, as the faults let it leave.
    pub(super) fn twisted(&mut self, answer: MavMessage) -> Vec<MavMessage> {
        self.mischief.twist(&self.options.faults.protocol, answer)
    }

    /// A ground station announces a mission: faults of the upload begin anew.
    pub(super) fn expect_items(&mut self, peer: Peer, count: &MISSION_COUNT_DATA) {
        self.mischief.asked = 0;
        self.mischief.total = count.count;
        if self.options.faults.protocol.ack_before_items {
            self.answer(MavMessage::MISSION_ACK(MISSION_ACK_DATA {
                target_system: peer.target_system(),
                target_component: peer.component_id,
                mavtype: MavMissionResult::MAV_MISSION_ACCEPTED,
                mission_type: count.mission_type,
                opaque_id: 0,
            }));
        }
    }

    /// The fault `ignore_command`.
    pub(super) fn only_nods_at(&self, command: MavCmd) -> bool {
        self.options.faults.protocol.ignore_command == Some(command as u32)
    }

    /// The faults `no_takeoff` and `auto_disarm`: a start changes nothing.
    pub(super) fn stays_on_the_ground(&self) -> bool {
        let faults = &self.options.faults;
        faults.no_takeoff || faults.flight.auto_disarm_s.is_some() && !self.mischief.disarmed_itself
    }
}
