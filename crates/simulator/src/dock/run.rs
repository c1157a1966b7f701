//! A dock at work: the machine, the mast and the line put together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::dock::city_clock::{CityClock, wall_ms};
use crate::dock::faults::DockFaults;
use crate::dock::lid::LidWord;
use crate::dock::line::{BrokerAddress, Line, LineEvent};
use crate::dock::machine::{Assignment, Dock, Moment, VehicleSeen};
use crate::dock::message::{Command, Outgoing};
use crate::dock::status::{AlternateLanding, Position, Status, Telemetry};
use crate::dock::tls::Encryption;
use crate::dock::weather::{Weather, WeatherStation};
use crate::vehicle::{GUST_MS, GUST_S};

/// How often a dock looks about.
const TICK: Duration = Duration::from_millis(100);
/// Ticks between two telemetry messages.
const TICKS_PER_TELEMETRY: u64 = 10;
/// The status is said at least this often.
const STATUS_AT_LEAST: Duration = Duration::from_secs(25);

/// Where a dock tells what happens: a word and a sentence.
pub type Say = Arc<dyn Fn(&'static str, String) + Send + Sync>;

/// A dock.
#[derive(Clone, Debug)]
pub struct DockOptions {
    /// Its name, such as `D07`.
    pub dock_id: String,
    /// MAVLink system id of its vehicle.
    pub system_id: u8,
    /// Where it stands.
    pub position: Position,
    /// Where its vehicle can land instead.
    pub alternate_landing: AlternateLanding,
    /// Its broker.
    pub broker: BrokerAddress,
    /// Certificates for a broker of `mqtts://`.
    pub encryption: Option<Encryption>,
    /// City time.
    pub city: CityClock,
    /// Seed of the city's weather.
    pub seed: u64,
    /// What is wrong with it.
    pub faults: DockFaults,
}

/// What a dock is connected to besides its broker.
pub struct DockLinks {
    /// Looks at the vehicle.
    pub see: Box<dyn Fn() -> VehicleSeen + Send>,
    /// Switches the current to the vehicle.
    pub charge: Box<dyn Fn(bool) + Send>,
    /// The sortie under which photos go.
    pub assignment: watch::Sender<Option<Assignment>>,
    /// Photos that are not yet with the service.
    pub media_waiting: Arc<AtomicU32>,
    /// Told whether the line to the broker is up.
    pub online: watch::Sender<bool>,
    /// Hears what happens.
    pub say: Say,
}

/// Runs a dock until `stop`; then it says farewell to its broker.
pub async fn run(options: DockOptions, links: DockLinks, stop: CancellationToken) {
    let broker = (&options.broker, options.encryption.as_ref());
    let (line, keeper) = Line::new(&options.dock_id, broker, u64::from(options.system_id));
    let (heard_sender, mut heard) = mpsc::channel(64);
    let cut = CancellationToken::new();
    let keeping = tokio::spawn(keeper.keep(line.clone(), heard_sender, stop.clone(), cut.clone()));
    let offline_after = options.faults.offline_after_s.map(Duration::from_secs_f64);
    let mut post = Post::new(options, links, line);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let fault = async move {
        match offline_after {
            Some(after) => sleep(after).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(fault);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = &mut fault, if !cut.is_cancelled() => {
                cut.cancel();
                post.line_down("fault dock_offline");
            }
            Some(news) = heard.recv() => post.hear(news),
            _ = tick.tick() => {
                post.look_about();
                if !cut.is_cancelled() && post.drops_off() {
                    cut.cancel();
                    post.line_down("fault dock_offline_in_flight");
                }
            }
        }
    }
    heard.close();
    if let Err(error) = keeping.await {
        (post.links.say)("dock_error", format!("the line ended badly: {error}"));
    }
}

/// A dock with everything it needs to decide and to speak.
struct Post {
    options: DockOptions,
    links: DockLinks,
    line: Line,
    dock: Dock,
    mast: WeatherStation,
    up: bool,
    ticks: u64,
    status_seq: u64,
    telemetry_seq: u64,
    said: Option<(Status, Instant)>,
    /// City time at which the vehicle left the ground, while it is in the air.
    aloft_since_us: Option<i64>,
}

impl Post {
    fn new(options: DockOptions, links: DockLinks, line: Line) -> Self {
        let dock = Dock::new(options.system_id, &options.faults, (links.see)());
        let start_us = options.city.start_unix_us();
        let place = u64::from(options.system_id);
        Self {
            mast: WeatherStation::new(options.seed, place, start_us, &options.faults),
            options,
            links,
            line,
            dock,
            up: false,
            ticks: 0,
            status_seq: 0,
            telemetry_seq: 0,
            said: None,
            aloft_since_us: None,
        }
    }

    /// The fault `dock_offline_in_flight` is due.
    fn drops_off(&self) -> bool {
        let after_s = self.options.faults.offline_in_flight_s;
        after_s
            .zip(self.aloft_s())
            .is_some_and(|(after_s, aloft_s)| aloft_s >= after_s)
    }

    /// City seconds since take-off.
    fn aloft_s(&self) -> Option<f64> {
        let since_us = self.aloft_since_us?;
        Some((self.options.city.now_us() - since_us) as f64 / 1e6)
    }

    /// What the mast measures, with the fault `gust_at`.
    fn weather(&self) -> Weather {
        let mut weather = self.mast.at(self.options.city.now_us());
        let begins_s = self.options.faults.gust_at_s;
        let blows = begins_s
            .zip(self.aloft_s())
            .is_some_and(|(begins_s, aloft_s)| (begins_s..begins_s + GUST_S).contains(&aloft_s));
        if blows {
            weather.gust_ms += GUST_MS;
        }
        weather
    }

    fn hear(&mut self, news: LineEvent) {
        match news {
            LineEvent::Up => {
                self.up = self.line.ask_for_commands();
                self.said = None;
                self.send_status_if_changed();
                self.links.online.send_replace(true);
                (self.links.say)("dock_online", format!("on the line to {}", self.options.broker));
            }
            LineEvent::Down(reason) => self.line_down(&reason),
            LineEvent::Command { bytes, expires } => self.hear_command(&bytes, expires),
        }
    }

    fn line_down(&mut self, reason: &str) {
        self.up = false;
        self.links.online.send_replace(false);
        (self.links.say)("dock_offline", format!("off the line: {reason}"));
    }

    fn hear_command(&mut self, bytes: &[u8], expires: Option<Instant>) {
        let heard = Command::read(bytes);
        let stale = expires.is_some_and(|at| Instant::now() >= at);
        self.dock.see((self.links.see)());
        let answers = self.dock.hear(&heard, stale, self.moment());
        let told = match &heard {
            Ok(command) => format!("{:?} {}", command.method, command.id),
            Err(unreadable) => unreadable.text.clone(),
        };
        let outcome = answers.iter().find_map(|answer| match answer {
            Outgoing::Reply(reply) => Some(reply.code.as_deref().unwrap_or("accepted")),
            Outgoing::Progress(_) => None,
        });
        (self.links.say)(
            "dock_command",
            format!("{told}: {}", outcome.unwrap_or("not answered")),
        );
        self.send(answers);
        self.pass_on();
    }

    fn look_about(&mut self) {
        let before = self.dock.vehicle();
        self.dock.see((self.links.see)());
        self.watch_for_strikes(before);
        let airborne = self.dock.vehicle().airborne;
        self.aloft_since_us = airborne.then(|| self.aloft_since_us.unwrap_or(self.options.city.now_us()));
        let answers = self.dock.advance(self.options.city.now_us());
        self.send(answers);
        self.pass_on();
        self.ticks += 1;
        if self.up && self.ticks.is_multiple_of(TICKS_PER_TELEMETRY) {
            self.send_telemetry();
        }
    }

    /// A vehicle that leaves or reaches a dock whose lid is not open has hit it: the truth about an interlock.
    fn watch_for_strikes(&self, before: VehicleSeen) {
        let now = self.dock.vehicle();
        let lid = self.dock.lid().word();
        let (left, came) = (
            before.present && now.airborne,
            before.airborne && now.present && !before.present,
        );
        if (left || came) && lid != LidWord::Open {
            let way = if left { "took off" } else { "landed" };
            (self.links.say)(
                "lid_strike",
                format!("the vehicle {way} under a lid that was {lid:?}"),
            );
        }
    }

    /// Replies first, then the status they brought about, then progress: who hears "done" can look at the status.
    fn send(&mut self, answers: Vec<Outgoing>) {
        let (replies, progress): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|answer| matches!(answer, Outgoing::Reply(_)));
        self.send_all(&replies);
        self.send_status_if_changed();
        self.send_all(&progress);
    }

    fn send_all(&self, answers: &[Outgoing]) {
        for answer in answers {
            let (word, id) = (answer.topic_word(), answer.command_id());
            if self.up && !self.line.send_answer(word, id, answer.json()) {
                tracing::warn!(dock = %self.options.dock_id, word, "the line is full: an answer is dropped");
            }
        }
    }

    fn pass_on(&self) {
        (self.links.charge)(self.dock.is_charging());
        let assignment = self.dock.assignment();
        self.links.assignment.send_if_modified(|current| {
            let changed = current.as_ref() != assignment;
            if changed {
                *current = assignment.cloned();
            }
            changed
        });
    }

    fn send_status_if_changed(&mut self) {
        if !self.up {
            return;
        }
        let status = self.status();
        let same = |(said, at): &(Status, Instant)| {
            let now = Status {
                at_ms: said.at_ms,
                seq: said.seq,
                ..status.clone()
            };
            *said == now && at.elapsed() < STATUS_AT_LEAST
        };
        if self.said.as_ref().is_some_and(same) {
            return;
        }
        let json = serde_json::to_string(&status).unwrap_or_default();
        if self.line.send_status(json) {
            self.status_seq += 1;
            self.said = Some((status, Instant::now()));
        }
    }

    fn status(&self) -> Status {
        Status {
            v: 1,
            dock_id: self.options.dock_id.clone(),
            online: true,
            at_ms: wall_ms(),
            seq: self.status_seq + 1,
            lid: self.dock.lid().word(),
            vehicle_present: self.dock.vehicle().present,
            system_id: self.options.system_id,
            mode: self.dock.mode(),
            emergency_stop: self.dock.emergency_stop(),
            sortie_id: self.dock.assignment().map(|a| a.sortie_id.clone()),
        }
    }

    fn send_telemetry(&mut self) {
        self.telemetry_seq += 1;
        let telemetry = Telemetry {
            v: 1,
            dock_id: self.options.dock_id.clone(),
            at_ms: wall_ms(),
            seq: self.telemetry_seq,
            charge: self.dock.charge(),
            weather: self.weather().into(),
            rtk_fixed: true,
            backup_battery_percent: 100.0,
            position: self.options.position,
            alternate_landing: self.options.alternate_landing,
            media_waiting: self.links.media_waiting.load(Ordering::Relaxed),
        };
        let json = serde_json::to_string(&telemetry).unwrap_or_default();
        if !self.line.send_telemetry(json) {
            tracing::warn!(dock = %self.options.dock_id, "the line is full: telemetry is dropped");
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            city_us: self.options.city.now_us(),
            wall_ms: wall_ms(),
        }
    }
}
