//! One vehicle on a link: its state, its messages, and sending to it. Commands, missions and parameters are built on
//! this in their own modules.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mavlink::dialects::ardupilotmega::{MavMessage, TIMESYNC_DATA};
use mavlink::{MavHeader, Message};
use survey::time::UtcMicros;
use tokio::sync::{broadcast, watch};

use crate::clock_offset::{ClockEstimate, ClockOffset};
use crate::identity::IdentityWatch;
use crate::port::{Port, Station, locked};
use crate::signing::{Guard, SecretKey, SigningTrouble};
use crate::streams::StreamWishes;
use crate::telemetry::{Telemetry, TelemetryFold};
use crate::tlog::TlogWriter;
use crate::wire::Frame;

pub use crate::port::SendError;

const AUTOPILOT_COMPONENT: u8 = 1;
/// Messages a slow subscriber may lag behind before it loses the oldest.
const BACKLOG: usize = 2048;
/// Which messages come is looked at this often.
const WISH_EVERY: Duration = Duration::from_millis(300);
/// A vehicle silent for so long is not asked for anything.
const SILENT: Duration = Duration::from_secs(5);

/// A warning or worse (MAV_SEVERITY) tells why something was refused.
const WARNING: u8 = 4;
/// ArduPilot puts its reason into words shortly after its answer.
const REASON_PATIENCE: Duration = Duration::from_millis(700);
/// After the first words, further ones follow at once.
const REASON_TAIL: Duration = Duration::from_millis(120);

/// A message of a vehicle, as it came.
#[derive(Debug, Clone)]
pub struct VehicleMessage {
    /// Sender and its running number.
    pub header: MavHeader,
    /// What it says.
    pub message: Arc<MavMessage>,
    /// When, for measuring time spans.
    pub received_at: Instant,
    /// When, by our clock.
    pub received_utc: UtcMicros,
}

/// A vehicle, by its system number. Clones are the same vehicle. It may not have been heard yet.
#[derive(Debug, Clone)]
pub struct Vehicle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    system_id: u8,
    port: Arc<Port>,
    state: Mutex<State>,
    messages: broadcast::Sender<VehicleMessage>,
    changes: watch::Sender<u64>,
    recorder: Mutex<Option<TlogWriter>>,
    turns: Mutex<BTreeMap<Turn, Arc<tokio::sync::Mutex<()>>>>,
}

/// What only one conversation at a time may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// A command, by number: answers carry nothing else to tell them apart.
    Command(u32),
    /// The mission on the vehicle.
    Mission,
    /// Parameters.
    Parameters,
}

#[derive(Debug, Default)]
struct State {
    telemetry: TelemetryFold,
    identity: IdentityWatch,
    clock: ClockEstimate,
    clock_asked_at: Option<Instant>,
    wishes: StreamWishes,
    wished_at: Option<Instant>,
    reboots: u32,
}

impl Vehicle {
    pub(crate) fn new(system_id: u8, port: Arc<Port>) -> Self {
        let shared = Shared {
            system_id,
            port,
            state: Mutex::new(State::default()),
            messages: broadcast::Sender::new(BACKLOG),
            changes: watch::Sender::new(0),
            recorder: Mutex::new(None),
            turns: Mutex::new(BTreeMap::new()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Its MAVLink system number.
    #[must_use]
    pub fn system_id(&self) -> u8 {
        self.shared.system_id
    }

    /// What is known of it now.
    #[must_use]
    pub fn telemetry(&self) -> Telemetry {
        locked(&self.shared.state).telemetry.snapshot(Instant::now())
    }

    /// Waits for its next message of any kind. A silent vehicle makes this wait for ever: use a deadline.
    pub async fn changed(&self) {
        // The sender lives as long as self, so this cannot fail.
        let _still_open = self.shared.changes.subscribe().changed().await;
    }

    /// Its messages from now on, of all its components. Who lags too far behind loses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<VehicleMessage> {
        self.shared.messages.subscribe()
    }

    /// Whether two vehicles use this number at the same time.
    #[must_use]
    pub fn conflict(&self) -> bool {
        !self.conflict_addresses().is_empty()
    }

    /// The addresses of the vehicles that use this number at the same time (one address twice: both behind one
    /// router); empty when there is one vehicle.
    #[must_use]
    pub fn conflict_addresses(&self) -> Vec<SocketAddr> {
        locked(&self.shared.state).identity.conflict(Instant::now())
    }

    /// Where it is heard from.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.shared.port.route(self.shared.system_id)
    }

    /// Its clocks against ours; None before anything is known.
    #[must_use]
    pub fn clock_offset(&self) -> Option<ClockOffset> {
        let state = locked(&self.shared.state);
        state.clock.offset(state.telemetry.speed_factor())
    }

    /// Writes all its messages and all we send to it into `recorder` from now on; None stops that.
    pub fn record(&self, recorder: Option<TlogWriter>) {
        *locked(&self.shared.recorder) = recorder;
    }

    /// Sends one message to where it was last heard.
    ///
    /// # Errors
    /// [`SendError`]; that it was sent does not mean that it arrived.
    pub async fn send(&self, message: &MavMessage) -> Result<(), SendError> {
        let system_id = self.shared.system_id;
        let address = self.address().ok_or(SendError::NeverHeard { system_id })?;
        let utc = utc_now();
        let port = &self.shared.port;
        let raw = port.send_to(address, system_id, message, utc).await?;
        self.note_sent(&raw, utc);
        Ok(())
    }

    /// Sends one message signed with this key or with none, whatever the vehicle signs with. It goes into no log:
    /// keys travel this way.
    pub(crate) async fn send_under(
        &self,
        key: Option<&SecretKey>,
        message: &MavMessage,
    ) -> Result<(), SendError> {
        let system_id = self.shared.system_id;
        let address = self.address().ok_or(SendError::NeverHeard { system_id })?;
        let whom = (address, system_id);
        let port = &self.shared.port;
        port.send_under(key, whom, message, utc_now()).await.map(drop)
    }

    /// Other ground stations whose messages come by way of this vehicle, so that it may not notice that it lost us.
    #[must_use]
    pub fn other_stations(&self) -> Vec<Station> {
        let here = self.address();
        let mut stations = self.shared.port.stations(Instant::now());
        stations.retain(|station| Some(station.address) == here);
        stations
    }

    /// Why what it sends does not count, or what we send may not count with it.
    #[must_use]
    pub fn signing_trouble(&self) -> Option<SigningTrouble> {
        let port = &self.shared.port;
        port.guard().trouble(self.shared.system_id, Instant::now())
    }

    pub(crate) fn guard(&self) -> &Guard {
        self.shared.port.guard()
    }

    /// Our own (system, component) on this link: what answers must be addressed to.
    pub(crate) fn own(&self) -> (u8, u8) {
        self.shared.port.own()
    }

    /// The system number under which it hears this program as a ground station.
    #[must_use]
    pub fn ground_station_number(&self) -> u8 {
        self.own().0
    }

    /// The lock that keeps conversations of one kind apart.
    pub(crate) fn turn(&self, turn: Turn) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(locked(&self.shared.turns).entry(turn).or_default())
    }

    /// What the vehicle complained about in words since `started`; waits a moment for the words to come.
    pub(crate) async fn complaints_since(&self, started: Instant) -> Option<String> {
        let complaints = || {
            let mut texts: Vec<String> = Vec::new();
            for text in self.telemetry().status_texts {
                if text.severity <= WARNING && text.received_at >= started && !texts.contains(&text.text) {
                    texts.push(text.text);
                }
            }
            texts
        };
        let give_up = Instant::now() + REASON_PATIENCE;
        while complaints().is_empty() && Instant::now() < give_up {
            let _deadline = tokio::time::timeout_at(give_up.into(), self.changed()).await;
        }
        if complaints().is_empty() {
            return None;
        }
        tokio::time::sleep(REASON_TAIL).await;
        Some(complaints().join("; "))
    }

    pub(crate) fn note_sent(&self, raw: &[u8], utc: UtcMicros) {
        if let Some(recorder) = locked(&self.shared.recorder).as_ref() {
            recorder.frame(utc, raw);
        }
    }

    /// Takes in a frame of this vehicle, which came from `address`.
    pub(crate) fn deliver(&self, frame: Frame, address: SocketAddr, now: Instant, utc: UtcMicros) {
        // A key that somebody else sets on the line belongs into no log either.
        if let Some(recorder) = locked(&self.shared.recorder).as_ref()
            && !matches!(frame.message, MavMessage::SETUP_SIGNING(_))
        {
            recorder.frame(utc, &frame.raw);
        }
        locked(&self.shared.state).take(&frame, address, now, utc);
        let message = VehicleMessage {
            header: frame.header,
            message: Arc::new(frame.message),
            received_at: now,
            received_utc: utc,
        };
        // Fails when nobody listens, which is fine.
        let _listeners = self.shared.messages.send(message);
        self.shared
            .changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// What is to be sent now without being asked: TIMESYNC, and requests for messages that do not come.
    pub(crate) fn housekeeping(&self, now: Instant, utc: UtcMicros) -> Vec<MavMessage> {
        let mut state = locked(&self.shared.state);
        let telemetry = state.telemetry.snapshot(now);
        if !telemetry.heard || telemetry.last_heard_age > SILENT || !state.identity.conflict(now).is_empty() {
            return Vec::new();
        }
        let mut messages = Vec::new();
        let interval = state.clock.interval();
        if state
            .clock_asked_at
            .is_none_or(|at| now.saturating_duration_since(at) >= interval)
        {
            state.clock_asked_at = Some(now);
            let ts1 = state.clock.ask(utc.0);
            messages.push(MavMessage::TIMESYNC(TIMESYNC_DATA {
                tc1: 0,
                ts1,
                target_system: self.shared.system_id,
                target_component: AUTOPILOT_COMPONENT,
            }));
        }
        if state
            .wished_at
            .is_none_or(|at| now.saturating_duration_since(at) >= WISH_EVERY)
        {
            state.wished_at = Some(now);
            messages.extend(state.wishes.due(self.shared.system_id, telemetry.autopilot, now));
        }
        messages
    }
}

impl State {
    fn take(&mut self, frame: &Frame, address: SocketAddr, now: Instant, utc: UtcMicros) {
        self.telemetry.apply(frame.header, &frame.message, now, utc);
        if frame.header.component_id != AUTOPILOT_COMPONENT {
            return;
        }
        self.wishes.note(frame.message.message_id(), now);
        let reboots = self.telemetry.reboots();
        if reboots != self.reboots {
            self.reboots = reboots;
            self.wishes.restart();
            self.clock.restart();
        }
        match &frame.message {
            MavMessage::HEARTBEAT(_) => self.identity.heartbeat(address, now),
            MavMessage::ATTITUDE(data) => self.identity.clock(address, data.time_boot_ms, now),
            MavMessage::SYSTEM_TIME(data) => {
                self.clock
                    .system_time(data.time_unix_usec, data.time_boot_ms, utc.0);
            }
            MavMessage::TIMESYNC(data) if data.tc1 != 0 => self.clock.answer(data.ts1, data.tc1, utc.0),
            _ => {}
        }
    }
}

/// Our clock.
pub(crate) fn utc_now() -> UtcMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
