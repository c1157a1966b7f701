//! The vehicle's end of the link: frames in and out of a UDP socket, with the losses and delays that faults ask for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{COMMAND_ACK_DATA, MavMessage, MavResult};
use mavlink::error::ParserError;
use mavlink::{
    MAVLinkMessageRaw, MAVLinkV2MessageRaw, MavHeader, MavlinkReader, Message, MessageData, calculate_crc,
};
use tokio::net::UdpSocket;

use super::autopilot::{Outgoing, Peer, Said};
use super::faults::VehicleFaults;
use super::signing::Signing;
use crate::random::Dice;

/// Component id of an autopilot.
const AUTOPILOT: u8 = 1;

/// One frame that came in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message of the dialect.
    Message(Peer, Box<MavMessage>),
    /// A command whose number is not in the dialect.
    UnknownCommand(Peer, u16),
    /// A mission item with a command or frame that is not in the dialect.
    UnknownItem(Peer),
}

/// Socket, routes and queue of one vehicle.
#[derive(Debug)]
pub(super) struct Radio {
    socket: UdpSocket,
    ground_station: SocketAddr,
    /// Who sent the last ground-station heartbeat, if that was somebody else.
    other: Option<SocketAddr>,
    system_id: u8,
    sequence: u8,
    drop: Option<f64>,
    dice: Dice,
    late: Option<Duration>,
    waiting: VecDeque<(Instant, Vec<u8>)>,
    pub(super) signing: Signing,
}

impl Radio {
    /// A radio on an open socket.
    pub(super) fn new(
        socket: UdpSocket,
        ground_station: SocketAddr,
        system_id: u8,
        faults: &VehicleFaults,
        seed: u64,
    ) -> Self {
        Self {
            socket,
            ground_station,
            other: None,
            system_id,
            sequence: 0,
            drop: faults.drop,
            dice: Dice::new(seed, 0x52_41_44_49_4F),
            late: faults.late_ms.map(Duration::from_millis),
            waiting: VecDeque::new(),
            signing: Signing::with(faults.signing_key),
        }
    }

    /// Waits for a datagram. Errors of UDP (a peer that is not there) mean nothing.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await.ok()
    }

    /// The frames of a datagram that are not lost.
    pub(super) fn read(&mut self, datagram: &[u8], from: SocketAddr) -> Vec<Heard> {
        let mut reader = MavlinkReader::new(datagram);
        let mut heard = Vec::new();
        while let Ok(frame) = reader.read_any_raw_message::<MavMessage>() {
            if self.is_lost() || !self.signing.hears(&frame) {
                continue;
            }
            let peer = Peer {
                system_id: frame.system_id(),
                component_id: match &frame {
                    MAVLinkMessageRaw::V1(v1) => v1.component_id(),
                    MAVLinkMessageRaw::V2(v2) => v2.component_id(),
                },
            };
            match MavMessage::parse(frame.version(), frame.message_id(), frame.payload()) {
                Ok(message) => {
                    if matches!(message, MavMessage::HEARTBEAT(_)) && from != self.ground_station {
                        self.other = Some(from);
                    }
                    heard.push(Heard::Message(peer, Box::new(message)));
                }
                Err(ParserError::InvalidEnum { .. }) => heard.extend(unknown(peer, &frame)),
                Err(_) => {}
            }
        }
        heard
    }

    /// Puts a frame on the wire, or into the queue if answers are late.
    pub(super) async fn send(&mut self, outgoing: &Outgoing) {
        let mut frame = match &outgoing.said {
            Said::Message(message) => self.frame(message),
            Said::Acknowledgement { peer, number, result } => self.acknowledgement(*peer, *number, *result),
        };
        self.signing.seal(&mut frame);
        match self.late {
            Some(late) if outgoing.is_answer => self.waiting.push_back((Instant::now() + late, frame)),
            _ => self.transmit(&frame).await,
        }
    }

    /// A COMMAND_ACK for a number without a name: its first field is written over.
    fn acknowledgement(&mut self, peer: Peer, number: u16, result: MavResult) -> Vec<u8> {
        let mut frame = self.frame(&MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
            result,
            // "Not known"; anything but zero keeps the field before it from being cut off as trailing zeros.
            progress: u8::MAX,
            target_system: peer.target_system(),
            target_component: peer.component_id,
            ..COMMAND_ACK_DATA::default()
        }));
        // Ten bytes of header before the payload, two of checksum behind it.
        let end = frame.len() - 2;
        frame[10..12].copy_from_slice(&number.to_le_bytes());
        let crc = calculate_crc(&frame[1..end], MavMessage::extra_crc(COMMAND_ACK_DATA::ID));
        frame[end..].copy_from_slice(&crc.to_le_bytes());
        frame
    }

    /// Sends what was held back long enough.
    pub(super) async fn send_late(&mut self) {
        let now = Instant::now();
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, frame)) = self.waiting.pop_front() {
                self.transmit(&frame).await;
            }
        }
    }

    fn frame(&mut self, message: &MavMessage) -> Vec<u8> {
        let header = MavHeader {
            system_id: u32::from(self.system_id),
            component_id: AUTOPILOT,
            sequence: self.sequence,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut raw = MAVLinkV2MessageRaw::new();
        raw.serialize_message(header, message);
        raw.raw_bytes().to_vec()
    }

    async fn transmit(&mut self, frame: &[u8]) {
        for address in [Some(self.ground_station), self.other].into_iter().flatten() {
            if self.is_lost() {
                continue;
            }
            // Nobody may be listening yet; a datagram into the void is no fault of the vehicle.
            let _sent = self.socket.send_to(frame, address).await;
        }
    }

    fn is_lost(&mut self) -> bool {
        self.drop.is_some_and(|part| self.dice.chance(part))
    }
}

/// Commands and mission items that failed only because an enumeration does not know a number.
fn unknown(peer: Peer, frame: &MAVLinkMessageRaw) -> Option<Heard> {
    /// COMMAND_INT, COMMAND_LONG: seven four-byte fields, then the command.
    const COMMAND_AT: usize = 28;
    match frame.message_id() {
        75 | 76 => {
            let bytes = frame.payload().get(COMMAND_AT..COMMAND_AT + 2)?;
            Some(Heard::UnknownCommand(
                peer,
                u16::from_le_bytes([bytes[0], bytes[1]]),
            ))
        }
        39 | 73 => Some(Heard::UnknownItem(peer)),
        _ => None,
    }
}
