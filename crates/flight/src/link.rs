//! One line to one or more vehicles: owns the socket, reads frames, tells vehicles apart, and keeps the ground
//! station's heartbeat going, without which a vehicle believes its ground station lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{
    HEARTBEAT_DATA, MavAutopilot, MavMessage, MavModeFlag, MavState, MavType,
};
use serde::Serialize;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::address::{HostPort, LinkAddress};
use crate::fault::LineKind;
use crate::port::{Line, Port, locked};
use crate::signing::{Signing, SigningCounts, Verdict};
use crate::vehicle::{Vehicle, utc_now};
use crate::wire::{Frame, FrameReader};

pub use crate::port::{Seen, Station};
pub use crate::wire::ReadStatistics;

mod serial;
mod stream;
mod tcp;
mod udp;

const AUTOPILOT_COMPONENT: u8 = 1;

/// Heartbeats per second while no vehicle's clock is measured yet.
const HEARTBEATS_AT_FIRST: f64 = 4.0;
const MOST_HEARTBEATS: f64 = 20.0;
/// The housekeeping looks around so often.
const TICK: Duration = Duration::from_millis(25);
/// A vehicle silent for so long has no say in how fast heartbeats go.
const SILENT: Duration = Duration::from_secs(10);

/// Who we are on the link.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// Our MAVLink system number; must equal the vehicles' ground station number (`MAV_GCS_SYSID`), or their guard
    /// against a lost ground station never arms.
    pub system_id: u8,
    /// Our component number; 190 is a ground station.
    pub component_id: u8,
    /// Keys of vehicles.
    pub signing: Signing,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            system_id: 255,
            component_id: 190,
            signing: Signing::default(),
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkStatistics {
    /// What was read and could not be read.
    pub read: ReadStatistics,
    /// Frames sent.
    pub sent: u64,
    /// Frames that could not be sent.
    pub not_sent: u64,
    /// Datagrams without content.
    pub empty_datagrams: u64,
    /// Errors of sockets and ports, by kind ([`crate::fault::FAULTS`]). None ends the line.
    pub errors: BTreeMap<&'static str, u64>,
    /// Connections that were made (TCP), openings of the port (serial).
    pub connections: u64,
    /// Frames of ours that came back.
    pub echoes: u64,
    /// Answers to commands that were never sent to that vehicle from here. They are used for nothing.
    pub unasked_answers: u64,
    /// Signing, by system.
    pub signing: BTreeMap<u8, SigningCounts>,
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
    told: Mutex<BTreeSet<&'static str>>,
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
                Self::over_udp(address, &options, local, None).await?
            }
            LinkAddress::UdpOut(place) => {
                let remote = resolve(address, place).await?;
                Self::over_udp(address, &options, udp::any_local(remote), Some(remote)).await?
            }
            LinkAddress::TcpIn(place) => {
                let local = resolve(address, place).await?;
                let bind = |source| LinkError::Bind {
                    address: address.clone(),
                    source,
                };
                let listener = tokio::net::TcpListener::bind(local).await.map_err(bind)?;
                let link = Self::new(
                    address,
                    &options,
                    listener.local_addr().ok(),
                    stream::line(LineKind::Tcp),
                );
                tasks.spawn(tcp::listen(link.clone(), listener, tasks.clone(), stop.clone()));
                link
            }
            LinkAddress::TcpOut(place) => {
                let link = Self::new(address, &options, None, stream::line(LineKind::Tcp));
                tasks.spawn(tcp::connect(link.clone(), place.clone(), stop.clone()));
                link
            }
            LinkAddress::Serial(place) => {
                let link = Self::new(address, &options, None, stream::line(LineKind::Serial));
                tasks.spawn(serial::keep_open(link.clone(), place.clone(), stop.clone()));
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

    /// The numbers of all vehicles whose autopilot was heard on this line.
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        let vehicles = self.vehicles();
        let heard = vehicles.iter().filter(|vehicle| vehicle.telemetry().heard);
        heard.map(Vehicle::system_id).collect()
    }

    /// Other ground stations that were heard in the last seconds. A vehicle that hears them too may not notice that
    /// it lost us.
    #[must_use]
    pub fn stations(&self) -> Vec<Station> {
        self.shared.port.stations(Instant::now())
    }

    /// What was read, sent and lost.
    #[must_use]
    pub fn statistics(&self) -> LinkStatistics {
        let (sent, not_sent) = self.shared.port.sent();
        LinkStatistics {
            sent,
            not_sent,
            errors: self.shared.port.errors(),
            signing: self.shared.port.guard().counts(),
            ..locked(&self.shared.statistics).clone()
        }
    }

    fn new(address: &LinkAddress, options: &LinkOptions, local: Option<SocketAddr>, line: Line) -> Self {
        let shared = Shared {
            address: address.clone(),
            local,
            port: Arc::new(Port::new(
                line,
                options.system_id,
                options.component_id,
                options.signing.guard(address),
            )),
            vehicles: Mutex::new(BTreeMap::new()),
            statistics: Mutex::new(LinkStatistics::default()),
            told: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    async fn over_udp(
        address: &LinkAddress,
        options: &LinkOptions,
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
            let Some(system_id) = u8::try_from(frame.header.system_id).ok().filter(|id| *id != 0) else {
                continue;
            };
            let port = &self.shared.port;
            if (system_id, frame.header.component_id) == port.own() {
                self.take_our_own(&frame, from, now);
                continue;
            }
            if port.guard().judge(system_id, &frame, now, utc) == Verdict::Refuse {
                port.note_refused(system_id, from, now);
                continue;
            }
            if is_ground_station(&frame.message) {
                port.note_station(frame.header, from, now);
            }
            port.note_heard(frame.header, from, now);
            if port.is_unasked_answer(system_id, &frame.message) {
                self.note(|statistics| statistics.unasked_answers += 1);
            }
            if let Some(vehicle) = self.vehicle_of(system_id, &frame) {
                vehicle.deliver(frame, from, now, utc);
            }
        }
    }

    /// A frame with our own numbers: an echo, or another station that uses them too.
    fn take_our_own(&self, frame: &Frame, from: SocketAddr, now: Instant) {
        if self.shared.port.is_echo(&frame.raw) {
            self.note(|statistics| statistics.echoes += 1);
        } else {
            self.shared.port.note_station(frame.header, from, now);
        }
    }

    /// The vehicle that a frame is of. Only an autopilot makes a system a vehicle; cameras, companion computers,
    /// transponders and ground stations with numbers of their own never become one.
    fn vehicle_of(&self, system_id: u8, frame: &Frame) -> Option<Vehicle> {
        let known = locked(&self.shared.vehicles).get(&system_id).cloned();
        let is_new = || is_autopilot(frame).then(|| self.vehicle(system_id));
        known.or_else(is_new)
    }

    /// Whether an error of this kind was not said yet.
    fn first_time(&self, kind: &'static str) -> bool {
        locked(&self.shared.told).insert(kind)
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

/// To every address, once for each way of signing that is expected there.
async fn heartbeat(link: &Link, vehicles: &[Vehicle]) {
    let message = MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        custom_mode: 0,
        mavtype: MavType::MAV_TYPE_GCS,
        autopilot: MavAutopilot::MAV_AUTOPILOT_INVALID,
        base_mode: MavModeFlag::empty(),
        system_status: MavState::MAV_STATE_ACTIVE,
        mavlink_version: 3,
    });
    let port = &link.shared.port;
    for (peer, mut systems) in port.peers(Instant::now()) {
        if systems.is_empty() {
            systems = vehicles.iter().map(Vehicle::system_id).collect();
        }
        let mut ways: Vec<u8> = systems
            .iter()
            .copied()
            .filter(|id| port.guard().has_key(*id))
            .collect();
        if ways.len() < systems.len() || ways.is_empty() {
            // Any system without a key: unsigned.
            ways.push(
                systems
                    .iter()
                    .copied()
                    .find(|id| !port.guard().has_key(*id))
                    .unwrap_or(0),
            );
        }
        for system_id in ways {
            let (has_key, utc) = (port.guard().has_key(system_id), utc_now());
            match port.send_to(peer, system_id, &message, utc).await {
                Ok(raw) => {
                    let here = |vehicle: &&Vehicle| vehicle.address() == Some(peer);
                    let same_way = |vehicle: &&Vehicle| match has_key {
                        true => vehicle.system_id() == system_id,
                        false => !port.guard().has_key(vehicle.system_id()),
                    };
                    let told = vehicles.iter().filter(here).filter(same_way);
                    told.for_each(|vehicle| vehicle.note_sent(&raw, utc));
                }
                Err(error) => tracing::trace!(%peer, %error, "heartbeat not sent"),
            }
        }
    }
}

fn is_ground_station(message: &MavMessage) -> bool {
    matches!(message, MavMessage::HEARTBEAT(data) if data.mavtype == MavType::MAV_TYPE_GCS)
}

fn is_autopilot(frame: &Frame) -> bool {
    let MavMessage::HEARTBEAT(data) = &frame.message else {
        return false;
    };
    frame.header.component_id == AUTOPILOT_COMPONENT
        && data.mavtype != MavType::MAV_TYPE_GCS
        && data.autopilot != MavAutopilot::MAV_AUTOPILOT_INVALID
}
