//! One line to one or more vehicles: owns the socket, reads frames, tells vehicles apart, and keeps the ground
//! station's heartbeat going, without which a vehicle believes its ground station lost.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{
    HEARTBEAT_DATA, MavAutopilot, MavMessage, MavModeFlag, MavState, MavType,
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::address::{HostPort, LinkAddress};
use crate::port::{Line, Port, locked};
use crate::vehicle::{Vehicle, utc_now};
use crate::wire::{Frame, FrameReader, ReadStatistics};

pub use crate::port::Seen;

mod tcp;
mod udp;

/// Heartbeats per second while no vehicle's clock is measured yet.
const HEARTBEATS_AT_FIRST: f64 = 4.0;
const MOST_HEARTBEATS: f64 = 20.0;
/// The housekeeping looks around so often.
const TICK: Duration = Duration::from_millis(25);
/// A vehicle silent for so long has no say in how fast heartbeats go.
const SILENT: Duration = Duration::from_secs(10);

/// Who we are on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkOptions {
    /// Our MAVLink system number; must equal the vehicles' ground station number (`MAV_GCS_SYSID`), or their guard
    /// against a lost ground station never arms.
    pub system_id: u8,
    /// Our component number; 190 is a ground station.
    pub component_id: u8,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            system_id: 255,
            component_id: 190,
        }
    }
}

/// Why a link cannot be opened.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The host has no address.
    #[error("link {address}: the host is not known")]
    UnknownHost {
        /// The link.
        address: LinkAddress,
        /// The reason, if the system gave one.
        source: Option<io::Error>,
    },
    /// Our own address cannot be used, mostly because another program has it.
    #[error("link {address}: cannot listen there; another program may use this port")]
    Bind {
        /// The link.
        address: LinkAddress,
        /// The reason.
        source: io::Error,
    },
}

/// What a link did since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkStatistics {
    /// What was read and could not be read.
    pub read: ReadStatistics,
    /// Frames sent.
    pub sent: u64,
    /// Frames that could not be sent.
    pub not_sent: u64,
    /// Datagrams without content.
    pub empty_datagrams: u64,
    /// Receive errors that pass, such as a port that is closed at the other end.
    pub passing_errors: u64,
    /// Connections that were made (TCP).
    pub connections: u64,
}

/// An open line. Clones are the same line; it closes when the token it was opened with is cancelled.
#[derive(Debug, Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: LinkAddress,
    local: Option<SocketAddr>,
    port: Arc<Port>,
    vehicles: Mutex<BTreeMap<u8, Vehicle>>,
    statistics: Mutex<LinkStatistics>,
}

impl Link {
    /// Opens the line and starts its tasks on `tasks`, until `stop`.
    ///
    /// A line that is only silent is open: a vehicle may be switched on later, and a TCP connection is made again
    /// whenever it breaks.
    ///
    /// # Errors
    /// [`LinkError`], when the address cannot be used at all.
    pub async fn open(
        address: &LinkAddress,
        options: LinkOptions,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, LinkError> {
        let link = match address {
            LinkAddress::UdpIn(place) => {
                let local = resolve(address, place).await?;
                Self::over_udp(address, options, local, None).await?
            }
            LinkAddress::UdpOut(place) => {
                let remote = resolve(address, place).await?;
                Self::over_udp(address, options, udp::any_local(remote), Some(remote)).await?
            }
            LinkAddress::TcpIn(place) => {
                let local = resolve(address, place).await?;
                let bind = |source| LinkError::Bind {
                    address: address.clone(),
                    source,
                };
                let listener = tokio::net::TcpListener::bind(local).await.map_err(bind)?;
                let link = Self::new(address, options, listener.local_addr().ok(), tcp::line());
                tasks.spawn(tcp::listen(link.clone(), listener, tasks.clone(), stop.clone()));
                link
            }
            LinkAddress::TcpOut(place) => {
                let link = Self::new(address, options, None, tcp::line());
                tasks.spawn(tcp::connect(link.clone(), place.clone(), stop.clone()));
                link
            }
        };
        if matches!(address, LinkAddress::UdpIn(_) | LinkAddress::UdpOut(_)) {
            tasks.spawn(udp::receive(link.clone(), stop.clone()));
        }
        tasks.spawn(housekeeping(link.clone(), stop));
        Ok(link)
    }

    /// The address it was opened with.
    #[must_use]
    pub fn address(&self) -> &LinkAddress {
        &self.shared.address
    }

    /// Our own address, of lines that listen; tells the port when 0 was asked for.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.shared.local
    }

    /// The vehicle with this system number, whether or not it was heard yet.
    #[must_use]
    pub fn vehicle(&self, system_id: u8) -> Vehicle {
        let mut vehicles = locked(&self.shared.vehicles);
        let new = || Vehicle::new(system_id, Arc::clone(&self.shared.port));
        vehicles.entry(system_id).or_insert_with(new).clone()
    }

    /// Everything that was heard on this line, by system and component.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.port.seen(Instant::now())
    }

    /// What was read, sent and lost.
    #[must_use]
    pub fn statistics(&self) -> LinkStatistics {
        let (sent, not_sent) = self.shared.port.sent();
        LinkStatistics {
            sent,
            not_sent,
            ..locked(&self.shared.statistics).clone()
        }
    }

    fn new(address: &LinkAddress, options: LinkOptions, local: Option<SocketAddr>, line: Line) -> Self {
        let shared = Shared {
            address: address.clone(),
            local,
            port: Arc::new(Port::new(line, options.system_id, options.component_id)),
            vehicles: Mutex::new(BTreeMap::new()),
            statistics: Mutex::new(LinkStatistics::default()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    async fn over_udp(
        address: &LinkAddress,
        options: LinkOptions,
        local: SocketAddr,
        first: Option<SocketAddr>,
    ) -> Result<Self, LinkError> {
        let bind = |source| LinkError::Bind {
            address: address.clone(),
            source,
        };
        let socket = tokio::net::UdpSocket::bind(local).await.map_err(bind)?;
        let local = socket.local_addr().ok();
        Ok(Self::new(address, options, local, Line::Udp { socket, first }))
    }

    fn take(&self, frames: Vec<Frame>, from: SocketAddr) {
        let (now, utc) = (Instant::now(), utc_now());
        for frame in frames {
            let (own_system, own_component) = self.shared.port.own();
            let is_ours =
                frame.header.system_id == u32::from(own_system) && frame.header.component_id == own_component;
            let Some(system_id) = u8::try_from(frame.header.system_id)
                .ok()
                .filter(|id| *id != 0 && !is_ours)
            else {
                continue;
            };
            self.shared.port.note_heard(frame.header, from, now);
            self.vehicle(system_id).deliver(frame, from, now, utc);
        }
    }

    fn note(&self, change: impl FnOnce(&mut LinkStatistics)) {
        change(&mut locked(&self.shared.statistics));
    }

    fn note_read(&self, reader: &FrameReader, before: &mut ReadStatistics) {
        let read = reader.statistics();
        self.note(|statistics| statistics.read.add(read, before));
        before.clone_from(read);
    }

    fn vehicles(&self) -> Vec<Vehicle> {
        locked(&self.shared.vehicles).values().cloned().collect()
    }
}

async fn resolve(address: &LinkAddress, place: &HostPort) -> Result<SocketAddr, LinkError> {
    let unknown = |source| LinkError::UnknownHost {
        address: address.clone(),
        source,
    };
    let mut found = tokio::net::lookup_host((place.host.as_str(), place.port))
        .await
        .map_err(|error| unknown(Some(error)))?;
    found.next().ok_or_else(|| unknown(None))
}

async fn housekeeping(link: Link, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut heartbeat_at: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _tick = ticks.tick() => {}
        }
        let (now, vehicles) = (Instant::now(), link.vehicles());
        let every = Duration::from_secs_f64(1.0 / heartbeats_per_second(&vehicles));
        if heartbeat_at.is_none_or(|at| now.saturating_duration_since(at) + TICK / 2 >= every) {
            heartbeat_at = Some(now);
            heartbeat(&link, &vehicles).await;
        }
        for vehicle in vehicles {
            for message in vehicle.housekeeping(now, utc_now()) {
                // A message that cannot be sent now is sent at a later turn.
                if let Err(error) = vehicle.send(&message).await {
                    tracing::trace!(system_id = vehicle.system_id(), %error, "housekeeping message not sent");
                }
            }
        }
    }
}

/// A vehicle in time lapse counts the seconds since our last heartbeat by its own clock.
fn heartbeats_per_second(vehicles: &[Vehicle]) -> f64 {
    let mut rate: f64 = 1.0;
    let mut present = false;
    for telemetry in vehicles.iter().map(Vehicle::telemetry) {
        if !telemetry.heard || telemetry.last_heard_age > SILENT {
            continue;
        }
        present = true;
        let wanted = if telemetry.speed_measured {
            telemetry.speed_factor
        } else {
            HEARTBEATS_AT_FIRST
        };
        rate = rate.max(wanted);
    }
    if !present {
        rate = HEARTBEATS_AT_FIRST;
    }
    rate.min(MOST_HEARTBEATS)
}

async fn heartbeat(link: &Link, vehicles: &[Vehicle]) {
    let message = MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        custom_mode: 0,
        mavtype: MavType::MAV_TYPE_GCS,
        autopilot: MavAutopilot::MAV_AUTOPILOT_INVALID,
        base_mode: MavModeFlag::empty(),
        system_status: MavState::MAV_STATE_ACTIVE,
        mavlink_version: 3,
    });
    for peer in link.shared.port.peers() {
        match link.shared.port.send_to(peer, &message).await {
            Ok(raw) => {
                let there = |vehicle: &&Vehicle| vehicle.address() == Some(peer);
                vehicles
                    .iter()
                    .filter(there)
                    .for_each(|vehicle| vehicle.note_sent(&raw, utc_now()));
            }
            Err(error) => tracing::trace!(%peer, %error, "heartbeat not sent"),
        }
    }
}
