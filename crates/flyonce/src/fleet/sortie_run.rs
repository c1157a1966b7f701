//! One sortie of a dock from the first check to the closed lid, as one task: dock and vehicle get ready side by
//! side, the interlocks answer before arming and before landing, and everything goes into the record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use flight::sortie::{
    FlightEvent, FlightOrder, FlightReport, Gate, GateAnswer, Instruction, Outcome, SortieLine, Step, fly,
    resume,
};
use flight::tlog::TlogWriter;
use flight::vehicle::Vehicle;
use schedule::photo_ledger::SortieId;
use schedule::refusal::RefusalCode;
use schedule::sortie::SortieState;
use tokio::sync::{mpsc, oneshot};

use crate::config::roster::DockEntry;
use crate::fleet::bounds::owed;
use crate::fleet::cloud;
use crate::fleet::dock_side::{DockSide, Refused};
use crate::fleet::flight_record::{FlightRecord, TrackBatch};
use crate::fleet::gate::Gatekeeper;
use crate::fleet::orders;
use crate::fleet::service::{Fleet, UnderWay};
use crate::fleet::settle;
use crate::flight_log::begin_tlog;

/// How a sortie is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeUp {
    /// From the ground.
    Fly,
    /// Wherever the vehicle is after the program was away.
    Resume {
        /// Whether it may still start if it is found never to have left the ground.
        may_start: bool,
    },
}

/// How following a sortie ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Everything is written down.
    Over,
    /// Taken up again and found never to have left the ground; it may start.
    NeverLeft,
}

/// Everything one sortie needs.
#[derive(Clone)]
pub struct SortieRun {
    /// The fleet.
    pub fleet: Fleet,
    /// Its dock.
    pub dock: DockEntry,
    /// What is flown.
    pub order: FlightOrder,
    /// Whether it holds in the air now because a person paused it.
    pub paused: Arc<AtomicBool>,
}

/// Events that wait while one is being written; see the rule for a full channel in `SortieLine`.
const EVENTS_WAITING: usize = 256;
/// Above this the vehicle is clear of the lid, metres.
const CLEAR_OF_THE_LID_M: f64 = 40.0;
/// The lid closes at the latest so long after take-off.
const LID_OPEN_AT_MOST: Duration = Duration::from_secs(60);
/// Track points are written at least this often.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

impl SortieRun {
    /// Runs to the end and beyond: the task ends when every photo is settled. Never fails silently: what goes wrong
    /// inside the program refuses the sortie as `internal` or, in the air, is logged and the vehicle comes home by
    /// its mission.
    pub async fn run(self, take_up: TakeUp) {
        let sortie = self.sortie().clone();
        let record = self.record();
        let mut flown = self.follow(&record, take_up).await;
        if let Ok(Ended::NeverLeft) = flown {
            flown = self.follow(&record, TakeUp::Fly).await;
        }
        if let Err(error) = flown {
            let text = format!("{error:#}");
            tracing::error!(sortie.id = %sortie, error = %text, "the sortie's task failed");
            if let Err(error) = record.refuse(RefusalCode::Internal.as_str(), &text).await {
                tracing::error!(sortie.id = %sortie, %error, "the refusal could not be written");
            }
        }
        settle::settle_when_quiet(&self.fleet, &sortie).await;
    }

    /// Follows the sortie as the only one of its dock and vehicle.
    async fn follow(&self, record: &FlightRecord, take_up: TakeUp) -> Result<Ended> {
        let (instructions, told) = mpsc::channel(8);
        let one = UnderWay {
            dock_id: self.dock.dock_id.clone(),
            link: self.dock.link.clone(),
            system_id: self.dock.system_id,
            instructions,
            paused: Arc::clone(&self.paused),
        };
        if let Err(other) = self.fleet.take_on(self.sortie().as_str(), one) {
            let text = format!("dock or vehicle is busy with sortie {other}");
            record.refuse(RefusalCode::StillFlying.as_str(), &text).await?;
            return Ok(Ended::Over);
        }
        let flown = self.fly_recorded(record, take_up, told).await;
        self.fleet.let_go(self.sortie().as_str());
        flown
    }

    fn sortie(&self) -> &SortieId {
        &self.order.sortie_id
    }

    fn record(&self) -> FlightRecord {
        FlightRecord::of(
            self.fleet.workplace().clone(),
            *self.fleet.clock(),
            self.sortie().clone(),
        )
    }

    fn dock_side(&self) -> DockSide {
        DockSide {
            line: self.fleet.docks().clone(),
            dock: self.dock.clone(),
            sortie: self.sortie().clone(),
            limits: self.fleet.settings().limits,
        }
    }

    async fn fly_recorded(
        &self,
        record: &FlightRecord,
        take_up: TakeUp,
        told: mpsc::Receiver<Instruction>,
    ) -> Result<Ended> {
        if self.dock.cloud.is_some() {
            return self.fly_as_task(record, take_up, told).await;
        }
        let dock_side = self.dock_side();
        let gatekeeper = Gatekeeper::new(&self.fleet, dock_side.clone(), record, &self.order);
        if take_up == TakeUp::Fly {
            let preparing = record.move_to(SortieState::Preparing, None, None);
            let (moved, may_begin) = tokio::join!(preparing, gatekeeper.may_begin());
            moved?;
            if let Err((code, text)) = may_begin {
                record.refuse(code.as_str(), &text).await?;
                return Ok(Ended::Over);
            }
        } else {
            record.step("resumed", "").await?;
        }
        let link = self
            .dock
            .link
            .as_ref()
            .context("the dock's vehicle has no link")?;
        let vehicle = self.fleet.links().vehicle(link, self.dock.system_id).await?;
        vehicle.record(tlog_of(&self.fleet, self.sortie()));
        let (events, happened) = mpsc::channel(EVENTS_WAITING);
        let line = SortieLine {
            events,
            instructions: told,
            stop: self.fleet.stop().clone(),
        };
        let mut order = gatekeeper.adjusted(&self.order).await?;
        let store = &self.fleet.workplace().store;
        order.owed = owed(store, &self.dock.link_text(), self.dock.system_id).await?;
        let desk = Desk::new(self, (record, &gatekeeper), &vehicle, take_up);
        let flight = async {
            match take_up {
                TakeUp::Fly => fly(&vehicle, &order, line).await,
                TakeUp::Resume { .. } => resume(&vehicle, &order, line).await,
            }
        };
        let (report, ()) = tokio::join!(flight, desk.note_all(happened));
        vehicle.record(None);
        if take_up == (TakeUp::Resume { may_start: true }) && never_left(&report) {
            return Ok(Ended::NeverLeft);
        }
        if let Outcome::Refused { text, .. } = &report.outcome {
            gatekeeper.write_refusal(text).await;
        }
        record.finish(&report).await?;
        self.put_to_bed(&dock_side, &report).await;
        Ok(Ended::Over)
    }

    /// The second executor: the dock flies it as a task of its own.
    async fn fly_as_task(
        &self,
        record: &FlightRecord,
        take_up: TakeUp,
        told: mpsc::Receiver<Instruction>,
    ) -> Result<Ended> {
        let task = cloud::run::Task {
            fleet: &self.fleet,
            dock: &self.dock,
            order: &self.order,
            record,
            paused: &self.paused,
        };
        let Some(report) = task.fly(take_up == TakeUp::Fly, told).await? else {
            return Ok(Ended::Over);
        };
        if take_up == (TakeUp::Resume { may_start: true }) && never_left(&report.flight) {
            return Ok(Ended::NeverLeft);
        }
        record.finish(&report.flight).await?;
        task.note_end(&report).await?;
        Ok(Ended::Over)
    }

    /// After the flight: lid closed and, with the vehicle inside, charging.
    async fn put_to_bed(&self, dock_side: &DockSide, report: &FlightReport) {
        if matches!(&report.outcome, Outcome::Failed { code, .. } if *code == flight::sortie::FailureCode::Stopped)
        {
            return;
        }
        dock_side.close_lid().await;
        if report.landed && report.took_off && report.outcome != Outcome::Diverted {
            dock_side.charge().await;
        }
    }
}

fn never_left(report: &FlightReport) -> bool {
    !report.took_off
        && matches!(
            report.outcome,
            Outcome::Refused {
                code: RefusalCode::NoTakeoff,
                ..
            }
        )
}

/// Takes the flight's events and answers its questions.
struct Desk<'r> {
    run: &'r SortieRun,
    record: &'r FlightRecord,
    gatekeeper: &'r Gatekeeper,
    vehicle: &'r Vehicle,
    lid: Option<tokio::task::JoinHandle<Result<(), Refused>>>,
}

impl<'r> Desk<'r> {
    /// The lid begins to open while the vehicle still gets its mission.
    fn new(
        run: &'r SortieRun,
        (record, gatekeeper): (&'r FlightRecord, &'r Gatekeeper),
        vehicle: &'r Vehicle,
        take_up: TakeUp,
    ) -> Self {
        let lid = (take_up == TakeUp::Fly).then(|| {
            let (dock_side, record) = (run.dock_side(), record.clone());
            let url = run.fleet.photo_door_url().to_owned();
            let tasks = run.fleet.tasks().clone();
            // What is written down goes beside what moves: the lid is what a launch waits for.
            let written = move |code: &'static str| {
                let record = record.clone();
                tasks.spawn(async move { note(&record, code, "").await });
            };
            run.fleet.tasks().spawn(async move {
                written("lid_opening");
                let (assigned, opened) = tokio::join!(dock_side.assign(&url), dock_side.open_lid());
                assigned?;
                opened?;
                written("lid_open");
                Ok(())
            })
        });
        Self {
            run,
            record,
            gatekeeper,
            vehicle,
            lid,
        }
    }

    async fn note_all(mut self, mut happened: mpsc::Receiver<FlightEvent>) {
        let mut batch = TrackBatch::default();
        let mut flush = tokio::time::interval(FLUSH_EVERY);
        loop {
            tokio::select! {
                event = happened.recv() => match event {
                    Some(event) => {
                        let written = self.note(event, &mut batch).await;
                        self.told(written);
                    },
                    None => break,
                },
                _ = flush.tick() => self.told(self.record.flush(&mut batch).await),
            }
        }
        self.told(self.record.flush(&mut batch).await);
    }

    /// A full disk or a lost database must not end a flight that is in the air.
    fn told(&self, written: Result<()>) {
        if let Err(error) = written {
            tracing::error!(sortie.id = %self.record.sortie(), error = %format!("{error:#}"), "not written down");
        }
    }

    async fn note(&mut self, event: FlightEvent, batch: &mut TrackBatch) -> Result<()> {
        self.gatekeeper.hear(&event);
        match event {
            FlightEvent::Gate { gate, answer } => {
                self.answer(gate, answer);
                Ok(())
            }
            told => {
                self.note_pause(&told);
                if matches!(
                    told,
                    FlightEvent::Step {
                        step: Step::TookOff,
                        ..
                    }
                ) {
                    self.close_lid_when_clear();
                }
                self.record.note(told, batch).await
            }
        }
    }

    fn note_pause(&self, told: &FlightEvent) {
        let FlightEvent::Step { step, .. } = told else {
            return;
        };
        let paused = match step {
            Step::Paused => true,
            Step::Continued | Step::Returning | Step::Diverting | Step::Landing | Step::Landed => false,
            _others => return,
        };
        self.run.paused.store(paused, Ordering::Relaxed);
    }

    /// In a task of its own: the flight's other events go on being written.
    fn answer(&mut self, gate: Gate, answer: oneshot::Sender<GateAnswer>) {
        let (dock_side, record, vehicle) = (self.run.dock_side(), self.record.clone(), self.vehicle.clone());
        let (lid, gatekeeper) = (self.lid.take(), self.gatekeeper.clone());
        self.run.fleet.tasks().spawn(async move {
            let verdict = match gate {
                Gate::Arming => before_arming(&gatekeeper, &dock_side, &vehicle, lid).await,
                Gate::Landing => before_landing(&gatekeeper, &dock_side).await,
            };
            let answered = match verdict {
                Ok(()) => GateAnswer::Go,
                Err((code, text)) => {
                    if gate == Gate::Landing {
                        note(&record, orders::LANDING_REFUSED, &text).await;
                    }
                    GateAnswer::Refuse { code, text }
                }
            };
            // A flight that no longer waits has ended; its report says why.
            let _ = answer.send(answered);
        });
    }

    fn close_lid_when_clear(&self) {
        let (dock_side, record, vehicle) = (self.run.dock_side(), self.record.clone(), self.vehicle.clone());
        let stop = self.run.fleet.stop().clone();
        self.run.fleet.tasks().spawn(async move {
            let clear = async {
                loop {
                    let height_m = vehicle.telemetry().height_above_home_m;
                    if height_m.is_some_and(|height_m| height_m > CLEAR_OF_THE_LID_M) {
                        return;
                    }
                    vehicle.changed().await;
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tokio::time::timeout(LID_OPEN_AT_MOST, clear) => {}
            }
            note(&record, "lid_closing", "").await;
            dock_side.close_lid().await;
        });
    }
}

async fn before_arming(
    gatekeeper: &Gatekeeper,
    dock_side: &DockSide,
    vehicle: &Vehicle,
    lid: Option<tokio::task::JoinHandle<Result<(), Refused>>>,
) -> Result<(), Refused> {
    match lid {
        Some(opening) => match opening.await {
            Ok(opened) => opened?,
            Err(error) => return Err((RefusalCode::Internal, error.to_string())),
        },
        None => dock_side.open_lid().await?,
    }
    gatekeeper.may_arm(vehicle).await
}

async fn before_landing(gatekeeper: &Gatekeeper, dock_side: &DockSide) -> Result<(), Refused> {
    dock_side.open_lid().await?;
    gatekeeper.may_land().await
}

/// A note that cannot be written is told in the log; the flight goes on.
async fn note(record: &FlightRecord, code: &str, text: &str) {
    if let Err(error) = record.step(code, text).await {
        tracing::warn!(sortie.id = %record.sortie(), code, %error, "a step could not be written");
    }
}

fn tlog_of(fleet: &Fleet, sortie: &SortieId) -> Option<TlogWriter> {
    match begin_tlog(fleet.workplace(), sortie.as_str()) {
        Ok(writer) => Some(writer),
        Err(error) => {
            tracing::warn!(sortie.id = %sortie, error = %format!("{error:#}"), "no telemetry log can be written");
            None
        }
    }
}
