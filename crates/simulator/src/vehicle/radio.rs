//! The vehicle's end of the link: frames in and out of a UDP socket, with the losses and delays that faults ask for.

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
use super::strangers::strangers;
use super::way::{Way, WayFaults};

/// Component id of an autopilot.
const AUTOPILOT: u8 = 1;

/// How often the others speak that the fault `foreign_heartbeat` puts on the link. Wall.
const STRANGERS_EVERY: Duration = Duration::from_secs(1);

/// One frame that came in.
#[derive(Clone, Debug)]
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
    pub(super) signing: Signing,
    late: Duration,
    inward: Way<(Vec<u8>, SocketAddr)>,
    outward: Way<(SocketAddr, Vec<u8>)>,
    strangers_at: Option<Instant>,
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
        let line = &faults.line;
        let inward = WayFaults::new(faults.drop, line.drop_in, line);
        let outward = WayFaults::new(faults.drop, line.drop_out, line);
        Self {
            socket,
            ground_station,
            other: None,
            system_id,
            sequence: 0,
            signing: Signing::with(faults.signing_key),
            late: Duration::from_millis(faults.late_ms.unwrap_or(0)),
            inward: Way::new(inward, seed, 0x52_41_44_49_4F),
            outward: Way::new(outward, seed, 0x52_41_44_49_50),
            strangers_at: line.foreign_heartbeat.then(Instant::now),
        }
    }

    /// Waits for a datagram. Errors of UDP (a peer that is not there) mean nothing.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await.ok()
    }

    /// The frames of a datagram go onto their way; what arrives comes out of [`Self::arrived`].
    pub(super) fn read(&mut self, datagram: &[u8], from: SocketAddr) {
        let mut reader = MavlinkReader::new(datagram);
        let now = Instant::now();
        while let Ok(frame) = reader.read_any_raw_message::<MavMessage>() {
            let bytes = match &frame {
                MAVLinkMessageRaw::V1(v1) => v1.raw_bytes(),
                MAVLinkMessageRaw::V2(v2) => v2.raw_bytes(),
            };
            self.inward.send((bytes.to_vec(), from), now, Duration::ZERO);
        }
    }

    /// The next frame that has arrived at the vehicle and is believed. Signatures are looked at here and not before:
    /// a frame that another one overtook on the way is too old for a receiver that wants rising timestamps.
    pub(super) fn arrived(&mut self) -> Option<Heard> {
        loop {
            let (bytes, from) = self.inward.arrived(Instant::now())?;
            let mut reader = MavlinkReader::new(bytes.as_slice());
            let Ok(frame) = reader.read_any_raw_message::<MavMessage>() else {
                continue;
            };
            if !self.signing.hears(&frame) {
                continue;
            }
            if let Some(heard) = self.heard(&frame, from) {
                return Some(heard);
            }
        }
    }

    fn heard(&mut self, frame: &MAVLinkMessageRaw, from: SocketAddr) -> Option<Heard> {
        let peer = Peer {
            system_id: frame.system_id(),
            component_id: match frame {
                MAVLinkMessageRaw::V1(v1) => v1.component_id(),
                MAVLinkMessageRaw::V2(v2) => v2.component_id(),
            },
        };
        match MavMessage::parse(frame.version(), frame.message_id(), frame.payload()) {
            Ok(message) => {
                if matches!(message, MavMessage::HEARTBEAT(_)) && from != self.ground_station {
                    self.other = Some(from);
                }
                Some(Heard::Message(peer, Box::new(message)))
            }
            Err(ParserError::InvalidEnum { .. }) => unknown(peer, frame),
            Err(_) => None,
        }
    }

    /// Waits until something that is under way arrives; for ever if nothing is.
    pub(super) async fn something_arrives(&self) {
        let next = [self.inward.next_at(), self.outward.next_at()];
        match next.into_iter().flatten().min() {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }

    /// Puts a frame on its way.
    pub(super) fn send(&mut self, outgoing: &Outgoing) {
        let mut frame = match &outgoing.said {
            Said::Message(message) => self.frame(message),
            Said::Acknowledgement { peer, number, result } => self.acknowledgement(*peer, *number, *result),
        };
        self.signing.seal(&mut frame);
        let held = match outgoing.is_answer {
            true => self.late,
            false => Duration::ZERO,
        };
        self.put_on_its_way(&frame, held);
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

    /// Brings to the ground station what has arrived there.
    pub(super) async fn transmit(&mut self) {
        self.let_strangers_speak();
        while let Some((address, frame)) = self.outward.arrived(Instant::now()) {
            // Nobody may be listening yet; a datagram into the void is no fault of the vehicle.
            let _sent = self.socket.send_to(&frame, address).await;
        }
    }

    fn let_strangers_speak(&mut self) {
        let now = Instant::now();
        if self.strangers_at.is_none_or(|at| at > now) {
            return;
        }
        self.strangers_at = Some(now + STRANGERS_EVERY);
        for (header, message) in strangers(self.system_id) {
            let mut raw = MAVLinkV2MessageRaw::new();
            raw.serialize_message(header, &message);
            self.put_on_its_way(raw.raw_bytes(), Duration::ZERO);
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

    fn put_on_its_way(&mut self, frame: &[u8], held: Duration) {
        let now = Instant::now();
        for address in [Some(self.ground_station), self.other].into_iter().flatten() {
            self.outward.send((address, frame.to_vec()), now, held);
        }
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
