//! The sending side of a link: our own system and component number, the running number of frames, and which
//! address each vehicle's component was last heard from.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mavlink::MavHeader;
use mavlink::dialects::ardupilotmega::MavMessage;
use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::wire::encode;

/// Component 1 is the autopilot: what is said to a vehicle goes where it was heard.
const AUTOPILOT_COMPONENT: u8 = 1;
/// A step of the running number beyond this is a frame that came late, not frames that were lost.
const LATE_STEP: u8 = 128;

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
    /// Where it was last heard from.
    pub address: SocketAddr,
    /// Time since then.
    pub age: Duration,
    /// Frames received.
    pub frames: u64,
    /// Frames that went missing, by gaps in the running number.
    pub lost: u64,
}

#[derive(Debug)]
struct Route {
    address: SocketAddr,
    heard_at: Instant,
    sequence: u8,
    frames: u64,
    lost: u64,
}

/// The two kinds of line.
#[derive(Debug)]
pub(crate) enum Line {
    /// One socket for all; `first` is where to send before anything was heard.
    Udp {
        socket: UdpSocket,
        first: Option<SocketAddr>,
    },
    /// One queue per connection.
    Tcp {
        peers: Mutex<BTreeMap<SocketAddr, mpsc::Sender<Vec<u8>>>>,
    },
}

/// The sending side of a link.
#[derive(Debug)]
pub(crate) struct Port {
    line: Line,
    system_id: u8,
    component_id: u8,
    sequence: AtomicU8,
    routes: Mutex<BTreeMap<(u8, u8), Route>>,
    sent: AtomicU64,
    not_sent: AtomicU64,
}

impl Port {
    pub(crate) fn new(line: Line, system_id: u8, component_id: u8) -> Self {
        Self {
            line,
            system_id,
            component_id,
            sequence: AtomicU8::new(0),
            routes: Mutex::new(BTreeMap::new()),
            sent: AtomicU64::new(0),
            not_sent: AtomicU64::new(0),
        }
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
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

    /// Notes where a frame came from; the answer goes there.
    pub(crate) fn note_heard(&self, header: MavHeader, address: SocketAddr, now: Instant) {
        let Ok(system_id) = u8::try_from(header.system_id) else {
            return;
        };
        let mut routes = locked(&self.routes);
        let route = routes.entry((system_id, header.component_id)).or_insert(Route {
            address,
            heard_at: now,
            sequence: header.sequence.wrapping_sub(1),
            frames: 0,
            lost: 0,
        });
        let step = header.sequence.wrapping_sub(route.sequence);
        route.frames += 1;
        if (1..LATE_STEP).contains(&step) {
            route.lost += u64::from(step - 1);
            route.sequence = header.sequence;
        }
        route.address = address;
        route.heard_at = now;
    }

    /// Everything that was heard on this link.
    pub(crate) fn seen(&self, now: Instant) -> Vec<Seen> {
        let view = |(key, route): (&(u8, u8), &Route)| Seen {
            system_id: key.0,
            component_id: key.1,
            address: route.address,
            age: now.saturating_duration_since(route.heard_at),
            frames: route.frames,
            lost: route.lost,
        };
        locked(&self.routes).iter().map(view).collect()
    }

    /// Where to send what is meant for a vehicle.
    pub(crate) fn route(&self, system_id: u8) -> Option<SocketAddr> {
        let routes = locked(&self.routes);
        let of_vehicle = routes.range((system_id, 0)..=(system_id, u8::MAX));
        routes
            .get(&(system_id, AUTOPILOT_COMPONENT))
            .or_else(|| {
                of_vehicle
                    .map(|(_, route)| route)
                    .max_by_key(|route| route.heard_at)
            })
            .map(|route| route.address)
    }

    /// All addresses that a heartbeat goes to.
    pub(crate) fn peers(&self) -> Vec<SocketAddr> {
        let mut peers: Vec<SocketAddr> = match &self.line {
            Line::Udp { first, .. } => {
                let heard = locked(&self.routes)
                    .values()
                    .map(|route| route.address)
                    .collect::<Vec<_>>();
                first.iter().copied().chain(heard).collect()
            }
            Line::Tcp { peers } => locked(peers).keys().copied().collect(),
        };
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    /// Sends one message; the frame as it went out.
    pub(crate) async fn send_to(
        &self,
        address: SocketAddr,
        message: &MavMessage,
    ) -> Result<Vec<u8>, SendError> {
        let header = MavHeader {
            system_id: u32::from(self.system_id),
            component_id: self.component_id,
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
        };
        let raw = encode(header, message);
        let outcome = match &self.line {
            Line::Udp { socket, .. } => match socket.send_to(&raw, address).await {
                Ok(_bytes) => Ok(()),
                Err(source) => Err(SendError::Io { address, source }),
            },
            Line::Tcp { peers } => {
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
}

/// The content of a lock, also after a panic elsewhere: all values behind locks here are whole at any time.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
