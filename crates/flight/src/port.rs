//! The sending side of a link: our own system and component number, the running number of frames, signing, and which
//! address each vehicle's component was last heard from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mavlink::MavHeader;
use mavlink::dialects::ardupilotmega::MavMessage;
use survey::time::UtcMicros;
use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::fault::{LineKind, sorted};
use crate::signing::{Guard, SecretKey};

mod routes;

pub use routes::Station;

use routes::Routes;

/// Frames of ours that are remembered, to tell an echo of ours from another station with our numbers.
const REMEMBERED_FRAMES: usize = 256;

/// Why a message did not leave this machine.
#[derive(Debug, Error)]
pub enum SendError {
    /// Nothing was ever heard from the vehicle, so there is no address to answer to.
    #[error(
        "vehicle {system_id} was never heard on this link: check that it is switched on and sends to this address"
    )]
    NeverHeard {
        /// The vehicle.
        system_id: u8,
    },
    /// The connection to the vehicle is closed or cannot take more.
    #[error("the connection to {address} is closed or full")]
    Disconnected {
        /// The other side.
        address: SocketAddr,
    },
    /// The operating system refused to send.
    #[error("cannot send to {address}")]
    Io {
        /// The other side.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
}

/// One component of one system, as it was heard on a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// MAVLink system number.
    pub system_id: u8,
    /// MAVLink component number; 1 is the autopilot.
    pub component_id: u8,
    /// Where it is answered: the address it was last heard from. `0.0.0.0:0` on a serial line.
    pub address: SocketAddr,
    /// Time since then.
    pub age: Duration,
    /// Frames received.
    pub frames: u64,
    /// Frames that went missing, by gaps in the running number.
    pub lost: u64,
    /// How often it was followed to a new address.
    pub moves: u32,
}

/// The two kinds of line.
#[derive(Debug)]
pub(crate) enum Line {
    /// One socket for all; `first` is where to send before anything was heard.
    Udp {
        socket: UdpSocket,
        first: Option<SocketAddr>,
    },
    /// One queue per connection, or one for a serial port.
    Streams {
        peers: Mutex<BTreeMap<SocketAddr, mpsc::Sender<Vec<u8>>>>,
        kind: LineKind,
    },
}

/// The sending side of a link.
#[derive(Debug)]
pub(crate) struct Port {
    line: Line,
    system_id: u8,
    component_id: u8,
    sequence: AtomicU8,
    routes: Mutex<Routes>,
    guard: Guard,
    ours: Mutex<VecDeque<u64>>,
    /// Commands that systems were sent, by system and command.
    asked: Mutex<BTreeSet<(u8, u32)>>,
    sent: AtomicU64,
    not_sent: AtomicU64,
    errors: Mutex<BTreeMap<&'static str, u64>>,
}

impl Port {
    pub(crate) fn new(line: Line, system_id: u8, component_id: u8, guard: Guard) -> Self {
        Self {
            line,
            system_id,
            component_id,
            sequence: AtomicU8::new(0),
            routes: Mutex::default(),
            guard,
            ours: Mutex::default(),
            asked: Mutex::default(),
            sent: AtomicU64::new(0),
            not_sent: AtomicU64::new(0),
            errors: Mutex::default(),
        }
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Our own (system, component).
    pub(crate) fn own(&self) -> (u8, u8) {
        (self.system_id, self.component_id)
    }

    /// Frames sent, frames that could not be sent.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (
            self.sent.load(Ordering::Relaxed),
            self.not_sent.load(Ordering::Relaxed),
        )
    }

    /// Errors of this line by kind.
    pub(crate) fn errors(&self) -> BTreeMap<&'static str, u64> {
        locked(&self.errors).clone()
    }

    /// Notes an error of the line.
    pub(crate) fn note_error(&self, kind: &'static str) {
        *locked(&self.errors).entry(kind).or_default() += 1;
    }

    /// Notes where a frame that counts came from; the answer goes there.
    pub(crate) fn note_heard(&self, header: MavHeader, address: SocketAddr, now: Instant) {
        let open = |address| match &self.line {
            Line::Udp { .. } => true,
            Line::Streams { peers, .. } => locked(peers).contains_key(&address),
        };
        locked(&self.routes).heard(header, address, now, open);
    }

    /// Notes where a frame that does not count came from.
    pub(crate) fn note_refused(&self, system_id: u8, address: SocketAddr, now: Instant) {
        locked(&self.routes).refused(system_id, address, now);
    }

    /// Notes another ground station.
    pub(crate) fn note_station(&self, header: MavHeader, address: SocketAddr, now: Instant) {
        if let Ok(system_id) = u8::try_from(header.system_id) {
            locked(&self.routes).station((system_id, header.component_id), address, now);
        }
    }

    /// Other ground stations that were heard in the last seconds.
    pub(crate) fn stations(&self, now: Instant) -> Vec<Station> {
        locked(&self.routes).stations(self.system_id, now)
    }

    /// Everything that was heard on this link.
    pub(crate) fn seen(&self, now: Instant) -> Vec<Seen> {
        locked(&self.routes).seen(now)
    }

    /// Where to send what is meant for a vehicle.
    pub(crate) fn route(&self, system_id: u8) -> Option<SocketAddr> {
        locked(&self.routes).of_vehicle(system_id)
    }

    /// All addresses that a heartbeat goes to, with the systems that are known there.
    pub(crate) fn peers(&self, now: Instant) -> BTreeMap<SocketAddr, Vec<u8>> {
        let mut peers = locked(&self.routes).peers(now);
        match &self.line {
            Line::Udp { first, .. } => {
                if let Some(first) = first {
                    peers.entry(*first).or_default();
                }
            }
            Line::Streams { peers: connected, .. } => {
                let connected = locked(connected);
                peers.retain(|address, _| connected.contains_key(address));
                for address in connected.keys() {
                    peers.entry(*address).or_default();
                }
            }
        }
        peers
    }

    /// Whether a frame with our own numbers is one that we sent.
    pub(crate) fn is_echo(&self, raw: &[u8]) -> bool {
        locked(&self.ours).contains(&digest(raw))
    }

    /// Sends one message as a system expects it signed; the frame as it went out.
    pub(crate) async fn send_to(
        &self,
        address: SocketAddr,
        system_id: u8,
        message: &MavMessage,
        utc: UtcMicros,
    ) -> Result<Vec<u8>, SendError> {
        if let Some(command) = command_in(message) {
            locked(&self.asked).insert((system_id, command));
        }
        let raw = self.guard.seal(system_id, self.header(), message, utc);
        self.send_frame(address, raw).await
    }

    /// As [`Port::send_to`], signed with this key or with none.
    pub(crate) async fn send_under(
        &self,
        key: Option<&SecretKey>,
        (address, system_id): (SocketAddr, u8),
        message: &MavMessage,
        utc: UtcMicros,
    ) -> Result<Vec<u8>, SendError> {
        let content = (self.header(), message);
        let raw = self.guard.seal_with(key, system_id, content, utc);
        self.send_frame(address, raw).await
    }

    /// Whether a message answers a command that we never sent to this system.
    pub(crate) fn is_unasked_answer(&self, system_id: u8, message: &MavMessage) -> bool {
        let MavMessage::COMMAND_ACK(ack) = message else {
            return false;
        };
        // 0 is "everybody", and what vehicles send that do not know this field.
        let ours = [0, self.system_id].contains(&ack.target_system);
        ours && !locked(&self.asked).contains(&(system_id, ack.command as u32))
    }

    fn header(&self) -> MavHeader {
        MavHeader {
            system_id: u32::from(self.system_id),
            component_id: self.component_id,
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
        }
    }

    async fn send_frame(&self, address: SocketAddr, raw: Vec<u8>) -> Result<Vec<u8>, SendError> {
        self.remember(&raw);
        let outcome = match &self.line {
            Line::Udp { socket, .. } => match socket.send_to(&raw, address).await {
                Ok(_bytes) => Ok(()),
                Err(source) => {
                    self.note_error(sorted(LineKind::Udp, &source).kind);
                    Err(SendError::Io { address, source })
                }
            },
            Line::Streams { peers, .. } => {
                let peer = locked(peers).get(&address).cloned();
                match peer.map(|peer| peer.try_send(raw.clone())) {
                    Some(Ok(())) => Ok(()),
                    _closed_or_full => Err(SendError::Disconnected { address }),
                }
            }
        };
        let counter = if outcome.is_ok() {
            &self.sent
        } else {
            &self.not_sent
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome.map(|()| raw)
    }

    fn remember(&self, raw: &[u8]) {
        let mut ours = locked(&self.ours);
        if ours.len() >= REMEMBERED_FRAMES {
            ours.pop_front();
        }
        ours.push_back(digest(raw));
    }
}

fn digest(raw: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    raw.hash(&mut hasher);
    hasher.finish()
}

/// The content of a lock, also after a panic elsewhere: all values behind locks here are whole at any time.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn command_in(message: &MavMessage) -> Option<u32> {
    match message {
        MavMessage::COMMAND_LONG(data) => Some(data.command as u32),
        MavMessage::COMMAND_INT(data) => Some(data.command as u32),
        _others => None,
    }
}
