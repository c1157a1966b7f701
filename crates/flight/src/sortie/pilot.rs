//! The one loop behind every phase of a flight: takes in messages, instructions and the stop signal, keeps the
//! picture of the vehicle, the track, the exposures and the streams up to date, and lets a phase wait for an
//! effect. Nothing a phase waits for stops this.

use std::convert::Infallible;
use std::pin::pin;
use std::time::{Duration, Instant as StdInstant};

use mavlink::dialects::ardupilotmega::{MavMessage, MavType};
use survey::time::UtcMicros;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::authorise::authorise;
use super::event::{FlightEvent, Instruction, SortieLine, Step};
use super::exposures::{Exposures, Moment};
use super::ladder::Glimpse;
use super::laid::Laid;
use super::line::{Outbox, next_instruction};
use super::order::FlightOrder;
use super::pace::{Limit, Pace};
use super::streams::Streams;
use super::track::{BootToUtc, Track, jump_text};
use crate::profile::{Order, Profile};
use crate::telemetry::{Autopilot, Landed, Telemetry};
use crate::vehicle::{Vehicle, VehicleMessage, utc_now};

/// How often a phase looks at the vehicle.
const TICK: Duration = Duration::from_millis(40);
/// From this version on an ArduPilot keeps its last CAMERA_FEEDBACK, and repeats it when asked.
const REPEATS_FEEDBACK: [u8; 3] = [4, 4, 0];
/// The component that flies.
const AUTOPILOT: u8 = 1;
/// Height above home that cannot be reached on the ground, m.
const IN_AIR_M: f64 = 1.5;
/// Height above the place of take-off below which a disarmed vehicle stands on the ground, m.
const LOW_M: f64 = 3.0;

/// Why a wait ended without its effect or its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// An instruction came; it is in `pilot.instruction`.
    Instructed,
    /// The program stops.
    Stopped,
    /// The vehicle is not heard any more, and was never seen in the air.
    Silent,
}

/// What came first, the end of the work or its effect.
pub(super) enum Race<D, S> {
    /// The work ended.
    Done(D),
    /// The effect showed.
    Shown(S),
}

/// One watched flight.
pub(super) struct Pilot<'a> {
    pub vehicle: Vehicle,
    pub order: &'a FlightOrder,
    pub outbox: Outbox,
    pub pace: Pace,
    /// The last picture of the vehicle.
    pub seen: Telemetry,
    pub profile: Profile,
    /// What the vehicle says it is.
    pub airframe: Option<MavType>,
    /// Firmware version, if it told.
    pub version: Option<[u8; 3]>,
    pub exposures: Exposures,
    pub track: Track,
    pub clock: BootToUtc,
    /// The newest instruction nobody has acted on.
    pub instruction: Option<Instruction>,
    pub stopped: bool,
    /// Silent for longer than the deadline, since then (vehicle time).
    pub lost_since: Option<Duration>,
    /// When it was last heard again after a silence (vehicle time).
    pub link_back_at: Option<Duration>,
    /// When it was first seen in the air (vehicle time).
    pub aloft_since: Option<Duration>,
    /// Restarts of the autopilot since the watch began.
    pub reboots: u32,
    /// The gate said that it may arm.
    pub may_arm: bool,
    /// What lies on the vehicle for this flight.
    pub laid: Laid,
    /// Answers that are to be sent.
    answers: Vec<MavMessage>,
    reboots_before: u32,
    messages: broadcast::Receiver<VehicleMessage>,
    instructions: Option<mpsc::Receiver<Instruction>>,
    stop: CancellationToken,
    streams: Option<Streams>,
    texts_until: StdInstant,
    refreshed_at: Instant,
}

impl<'a> Pilot<'a> {
    pub fn new(vehicle: &Vehicle, order: &'a FlightOrder, line: SortieLine) -> Self {
        let now = Instant::now();
        let seen = vehicle.telemetry();
        Self {
            vehicle: vehicle.clone(),
            order,
            outbox: Outbox::new(line.events),
            pace: Pace::new(now),
            reboots_before: seen.reboots,
            seen,
            profile: Profile::Generic,
            airframe: None,
            version: None,
            exposures: Exposures::new(now),
            track: Track::new(order.deadlines.track),
            clock: BootToUtc::default(),
            instruction: None,
            stopped: false,
            lost_since: None,
            link_back_at: None,
            aloft_since: None,
            reboots: 0,
            may_arm: false,
            laid: Laid::default(),
            answers: Vec::new(),
            messages: vehicle.subscribe(),
            instructions: Some(line.instructions),
            stop: line.stop,
            streams: None,
            texts_until: StdInstant::now(),
            refreshed_at: now,
        }
    }

    /// Looks at the vehicle once: everything that came since the last look is taken in.
    pub async fn pump(&mut self) {
        let until = self.refreshed_at + TICK;
        loop {
            tokio::select! {
                message = self.messages.recv() => match message {
                    Ok(message) => self.take(&message),
                    Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "messages of a vehicle overran the flight"),
                    Err(RecvError::Closed) => {
                        sleep_until(until).await;
                        break;
                    }
                },
                instruction = next_instruction(&mut self.instructions) => {
                    self.hear(instruction);
                    break;
                }
                () = self.stop.cancelled(), if !self.stopped => {
                    self.stopped = true;
                    break;
                }
                () = sleep_until(until) => break,
            }
        }
        self.refresh();
        for message in self.requests() {
            self.send(&message).await;
        }
    }

    /// Before take-off there is nothing to hold up, and the flight is not called off by it.
    fn hear(&mut self, instruction: Instruction) {
        if self.aloft_since.is_none() && !instruction.ends_the_mission() {
            let text = "not in the air yet: it can only be called back".to_owned();
            self.outbox.step(Step::OrderRefused, text);
            return;
        }
        self.instruction = Some(Instruction::outranking(self.instruction.take(), instruction));
    }

    /// Waits until `test` gives something; None when `limit` is over before.
    pub async fn until<T>(
        &mut self,
        limit: Limit,
        mut test: impl FnMut(&Self) -> Option<T>,
    ) -> Result<Option<T>, Broken> {
        loop {
            self.check()?;
            if let Some(found) = test(self) {
                return Ok(Some(found));
            }
            if self.pace.is_over(limit) {
                return Ok(None);
            }
            self.pump().await;
        }
    }

    /// Goes on watching while `work` is done.
    pub async fn through<F: Future>(&mut self, work: F) -> Result<F::Output, Broken> {
        match self.race(work, |_| None::<Infallible>).await? {
            Race::Done(output) => Ok(output),
            Race::Shown(never) => match never {},
        }
    }

    /// Goes on watching while `work` is done, until it is done or its effect shows, whichever is first: an
    /// acknowledgement can be lost although the command arrived.
    pub async fn race<F: Future, T>(
        &mut self,
        work: F,
        mut shows: impl FnMut(&Self) -> Option<T>,
    ) -> Result<Race<F::Output, T>, Broken> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                output = &mut work => return Ok(Race::Done(output)),
                () = self.pump() => {}
            }
            self.check()?;
            if let Some(effect) = shows(self) {
                return Ok(Race::Shown(effect));
            }
        }
    }

    /// Whether something came in between.
    pub fn check(&self) -> Result<(), Broken> {
        if self.stopped {
            return Err(Broken::Stopped);
        }
        if self.instruction.is_some() {
            return Err(Broken::Instructed);
        }
        if self.lost_since.is_some() && self.aloft_since.is_none() {
            return Err(Broken::Silent);
        }
        Ok(())
    }

    /// Sends a message that is its own proof. A send that fails looks like a lost datagram.
    pub async fn send(&self, message: &MavMessage) {
        if let Err(error) = self.vehicle.send(message).await {
            tracing::debug!(%error, "a message to the vehicle was not sent");
        }
    }

    /// Sends a command without waiting for its acknowledgement.
    pub async fn say(&self, order: Order) {
        let message =
            super::streams::command_long(self.vehicle.system_id(), AUTOPILOT, order.command, order.params);
        self.send(&message).await;
    }

    /// Asks for streams from now on.
    pub fn want_streams(&mut self) {
        self.streams = Some(Streams::new(self.vehicle.system_id(), self.profile));
    }

    /// Words of the vehicle since `since`, warnings and worse.
    pub fn complaints_since(&self, since: StdInstant) -> Vec<String> {
        const WARNING: u8 = 4;
        let texts = self.seen.status_texts.iter();
        let new = texts.filter(|text| text.received_at >= since && text.severity <= WARNING);
        new.map(|text| text.text.clone()).collect()
    }

    /// Whether it is heard within the deadline of silence.
    pub fn is_heard(&self) -> bool {
        self.seen.heard && self.seen.last_heard_age <= self.order.deadlines.silence
    }

    /// Armed and off the ground, by two independent signs where both are told: the armed flag, and the vehicle's
    /// own word or its height.
    pub fn is_in_air(&self) -> bool {
        let high = self
            .seen
            .height_above_home_m
            .is_some_and(|height_m| height_m >= IN_AIR_M);
        let off_ground = match self.seen.landed {
            Some(Landed::InAir) => true,
            Some(Landed::OnGround) => false,
            Some(Landed::TakingOff | Landed::Landing) | None => high,
        };
        self.seen.armed && off_ground
    }

    /// On the ground by its own word; where it has none, disarmed and low.
    pub fn is_on_ground(&self) -> bool {
        match self.seen.landed {
            Some(Landed::OnGround) => true,
            Some(_in_air) => false,
            None => {
                !self.seen.armed
                    && self
                        .seen
                        .height_above_home_m
                        .is_none_or(|height_m| height_m < LOW_M)
            }
        }
    }

    /// What an instruction is judged by.
    pub fn glimpse(&self) -> Glimpse {
        Glimpse {
            custom_mode: self.seen.custom_mode,
            position: self.seen.position,
            height_above_home_m: self.seen.height_above_home_m,
            ground_speed_ms: self.seen.ground_speed_ms,
            mission: (self.seen.mission_current, self.exposures.book.count()),
            mission_paused: self.seen.mission_paused,
            on_ground: self.is_on_ground(),
            heard: self.is_heard(),
        }
    }

    /// The item of the mission (from 0) that a number of the vehicle's means.
    pub fn item_of(&self, sequence: Option<u16>) -> Option<u16> {
        Profile::item_of(self.seen.autopilot, sequence?)
    }

    /// Now, by the vehicle's clock where it tells one, ours otherwise.
    pub fn utc_now(&self) -> UtcMicros {
        let vehicle = self.seen.boot_ms.and_then(|boot_ms| self.clock.utc(boot_ms));
        vehicle.unwrap_or_else(utc_now)
    }

    fn take(&mut self, received: &VehicleMessage) {
        let message = received.message.as_ref();
        if let Some(streams) = &mut self.streams {
            streams.note(message);
        }
        let component = received.header.component_id;
        if component == AUTOPILOT {
            self.take_autopilot(received);
        }
        if let MavMessage::COMMAND_ACK(data) = message {
            self.exposures.answer(component, data);
        }
        self.take_exposure(message, component);
    }

    fn take_exposure(&mut self, message: &MavMessage, component: u8) {
        let moment = Moment {
            clock: &self.clock,
            now_utc: self.utc_now(),
            boot_ms: self.seen.boot_ms,
            now: self.pace.now(),
            aloft: self
                .aloft_since
                .map(|since| self.pace.now().saturating_sub(since)),
            ardupilot: self.seen.autopilot == Autopilot::ArduPilot,
        };
        let news = self.exposures.take(message, component, &moment);
        for report in news.captures {
            self.outbox.tell(FlightEvent::Capture(report));
        }
        if let Some(text) = news.notice {
            self.outbox.step(Step::Notice, text);
        }
    }

    fn take_autopilot(&mut self, received: &VehicleMessage) {
        match received.message.as_ref() {
            MavMessage::HEARTBEAT(data) => self.airframe = Some(data.mavtype),
            MavMessage::SYSTEM_TIME(data) => {
                if let Some(jump_us) = self.clock.take(data) {
                    self.outbox.step(Step::ClockJumped, jump_text(jump_us));
                }
            }
            MavMessage::COMMAND_LONG(data) => {
                let asker = (self.vehicle.system_id(), received.header.component_id);
                let ours = self.vehicle.ground_station_number();
                let answers = authorise(data, asker, ours, self.may_arm);
                self.answers.extend(answers.into_iter().flatten());
            }
            MavMessage::AUTOPILOT_VERSION(data) => {
                let [patch, minor, major] = [8, 16, 24].map(|bits| (data.flight_sw_version >> bits) as u8);
                self.version = Some([major, minor, patch]);
            }
            MavMessage::GLOBAL_POSITION_INT(data) => {
                self.exposures.position(data);
                let at = self.clock.utc(data.time_boot_ms).unwrap_or(received.received_utc);
                if let Some(point) = self.track.take(data, at, self.seen.battery_percent) {
                    self.outbox.tell(FlightEvent::Track(point));
                }
            }
            _others => {}
        }
    }

    fn refresh(&mut self) {
        let now = Instant::now();
        self.refreshed_at = now;
        self.seen = self.vehicle.telemetry();
        self.pace.observe(self.seen.boot_ms, self.seen.speed_factor, now);
        self.tell_texts();
        self.watch_link();
        self.outbox.flush();
        let reboots = self.seen.reboots.saturating_sub(self.reboots_before);
        if reboots <= self.reboots {
            return;
        }
        self.reboots = reboots;
        self.clock = BootToUtc::default();
        self.exposures.restart();
        self.outbox
            .step(Step::Rebooted, "the vehicle's clock since boot began anew");
        if let Some(streams) = &mut self.streams {
            streams.restart();
        }
    }

    fn tell_texts(&mut self) {
        let until = self.texts_until;
        for text in self
            .seen
            .status_texts
            .iter()
            .filter(|text| text.received_at > until)
        {
            self.texts_until = self.texts_until.max(text.received_at);
            self.outbox.tell(FlightEvent::StatusText {
                severity: text.severity,
                text: text.text.clone(),
            });
        }
    }

    fn watch_link(&mut self) {
        if !self.seen.heard {
            return;
        }
        let silent = !self.is_heard();
        match (self.lost_since, silent) {
            (None, true) => {
                self.lost_since = Some(self.pace.now());
                let silent_s = self.seen.last_heard_age.as_secs_f64();
                self.outbox
                    .step(Step::LinkLost, format!("nothing heard for {silent_s:.0} s"));
            }
            (Some(since), false) => {
                self.lost_since = None;
                self.link_back_at = Some(self.pace.now());
                let away_s = self.pace.now().saturating_sub(since).as_secs();
                self.outbox.step(
                    Step::LinkBack,
                    format!("heard again after {away_s} s of its time"),
                );
            }
            _unchanged => {}
        }
    }

    fn requests(&mut self) -> Vec<MavMessage> {
        let now = self.refreshed_at;
        let mut requests = std::mem::take(&mut self.answers);
        let Some(streams) = &mut self.streams else {
            return requests;
        };
        requests.extend(streams.due(now));
        let moments = (now, self.pace.now());
        let (system_id, aloft) = (self.vehicle.system_id(), self.aloft_since.is_some());
        let repeats = self.repeats_feedback();
        requests.extend(self.exposures.due(moments, system_id, aloft, repeats));
        requests
    }

    /// Whether it is an autopilot that sends its last CAMERA_FEEDBACK again when asked.
    pub fn repeats_feedback(&self) -> bool {
        let ardupilot = self.seen.autopilot == Autopilot::ArduPilot;
        ardupilot && self.version.is_some_and(|version| version >= REPEATS_FEEDBACK)
    }
}
