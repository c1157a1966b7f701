//! Speaks with the dock for one task: commands out, news in, the machine in between.

use std::time::{Duration, Instant};

use schedule::refusal::RefusalCode;
use serde_json::{Value, json};
use survey::time::UtcMicros;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinSet;

use super::super::alarm::Alarm;
use super::super::desk::{CloudDesk, News};
use super::super::progress::BreakPoint;
use super::super::words::{CodeKind, alarm_words};
use super::machine::{Action, Call, Input, Machine, Now, Phase};
use super::order::TaskOrder;
use super::sight::Sight;
use crate::sortie::{
    FlightEvent, FlightReport, Gate, GateAnswer, Instruction, Outbox, Outcome, SortieLine, Step, TrackPoint,
};

/// Time is looked at so often.
const TICK: Duration = Duration::from_millis(500);
/// How long the last events may wait for the caller, each.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long the last command may wait for its answer.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// MAV_SEVERITY of what is told.
const WARNING: u8 = 4;
const NOTICE: u8 = 5;
const INFORMATION: u8 = 6;

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskReport {
    /// As of any other flight.
    pub flight: FlightReport,
    /// Where the wayline was left, if it was.
    pub break_point: Option<BreakPoint>,
}

/// Hands a task over, asks whether it may start, starts it, and sees it land.
///
/// Returns when the aircraft is in its dock again, when it cannot be seen any more, or when `line.stop` is cancelled,
/// which leaves the dock to go on by itself: [`resume_task`] picks it up.
pub async fn fly_task(desk: &CloudDesk, order: &TaskOrder, line: SortieLine) -> TaskReport {
    let machine = Machine::begin(
        &order.flight_id,
        order.waypoint_items.clone(),
        order.deadlines.clone(),
        None,
    )
    .with_pause(order.pause.clone());
    Runner::new(desk, order, line, machine).run().await
}

/// Picks a task up in whatever state it is, after this program was down. A dock that is idle with its aircraft inside
/// has landed it if `order.launched_at` is set, and else never flew, which is refused as `no_takeoff`.
pub async fn resume_task(desk: &CloudDesk, order: &TaskOrder, line: SortieLine) -> TaskReport {
    let machine = Machine::resume(
        &order.flight_id,
        order.waypoint_items.clone(),
        order.deadlines.clone(),
        order.launched_at,
    )
    .called_home(order.called_home_by.clone())
    .with_pause(order.pause.clone());
    Runner::new(desk, order, line, machine).run().await
}

struct Runner<'r> {
    desk: &'r CloudDesk,
    order: &'r TaskOrder,
    line: Option<SortieLine>,
    outbox: Outbox,
    machine: Machine,
    answers: JoinSet<Input>,
    began: Instant,
    last_track: Option<UtcMicros>,
}

/// What woke the loop.
enum Woken {
    Input(Input),
    News(Result<News, RecvError>),
    Told(Option<Instruction>),
}

impl<'r> Runner<'r> {
    fn new(desk: &'r CloudDesk, order: &'r TaskOrder, line: SortieLine, machine: Machine) -> Self {
        Self {
            desk,
            order,
            outbox: Outbox::new(line.events.clone()),
            line: Some(line),
            machine,
            answers: JoinSet::new(),
            began: Instant::now(),
            last_track: None,
        }
    }

    async fn run(mut self) -> TaskReport {
        let (Some(mut line), Some(mut news)) = (self.line.take(), self.desk.news(&self.order.dock_id)) else {
            return self.unknown_dock().await;
        };
        self.outbox
            .step(Step::Connecting, format!("task {}", self.order.flight_id));
        self.look();
        let mut tick = tokio::time::interval(TICK);
        let mut may_be_told = true;
        while !self.machine.is_over() {
            let woken = self.next((&mut line, may_be_told), &mut news, &mut tick).await;
            match woken {
                Woken::Input(input) => self.take(input),
                Woken::News(Ok(news)) => self.hear(news),
                Woken::News(Err(RecvError::Lagged(_))) => self.look_again(),
                // The desk is gone with the line, and so is the program.
                Woken::News(Err(RecvError::Closed)) => self.take(Input::Stop),
                Woken::Told(Some(instruction)) => self.told(instruction),
                Woken::Told(None) => may_be_told = false,
            }
            self.outbox.flush();
        }
        self.finish().await
    }

    async fn next(
        &mut self,
        (line, may_be_told): (&mut SortieLine, bool),
        news: &mut broadcast::Receiver<News>,
        tick: &mut tokio::time::Interval,
    ) -> Woken {
        tokio::select! {
            biased;
            () = line.stop.cancelled() => Woken::Input(Input::Stop),
            told = line.instructions.recv(), if may_be_told => Woken::Told(told),
            Some(answered) = self.answers.join_next(), if !self.answers.is_empty() => match answered {
                Ok(input) => Woken::Input(input),
                // A command whose task died has no answer.
                Err(_died) => Woken::Input(Input::Tick),
            },
            heard = news.recv() => Woken::News(heard),
            _ = tick.tick() => Woken::Input(Input::Tick),
        }
    }

    fn take(&mut self, input: Input) {
        let now = Now {
            elapsed: self.began.elapsed(),
            utc: UtcMicros(self.desk.now_ms().saturating_mul(1000)),
        };
        for action in self.machine.take(input, now) {
            match action {
                Action::Step(step, text) => self.outbox.step(step, text),
                Action::Text(text) => self.say(INFORMATION, text),
                Action::Call(call) => self.call(call),
                Action::AskGate => self.ask_gate(),
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Dock => self.look(),
            News::Aircraft => {
                self.track();
                self.look();
            }
            News::Progress(progress) => self.take(Input::Progress(progress)),
            News::Homing => self.take(Input::Homing),
            News::ExitHoming {
                entered: true,
                reason,
            } => {
                let reason = reason.map_or("an unknown reason", exit_reason);
                self.take(Input::HomingStopped(reason.to_owned()));
            }
            News::ExitHoming { entered: false, .. } => {
                self.say(NOTICE, "it is on its way home again".to_owned())
            }
            News::SetupSlow { minutes } => {
                let left = minutes.map_or_else(|| "some".to_owned(), |minutes| minutes.to_string());
                self.say(
                    NOTICE,
                    format!("the dock takes long to get ready: {left} minutes are left"),
                );
            }
            News::Alarm(alarm) => self.say(severity(&alarm), alarm_text(&alarm)),
            News::Ready(ids) if ids.contains(&self.order.flight_id) => {
                self.say(INFORMATION, "the dock says that the task can begin".to_owned());
            }
            News::Ready(_) | News::Debug { .. } => {}
        }
    }

    fn look(&mut self) {
        if let Some(snapshot) = self.desk.snapshot(&self.order.dock_id) {
            self.take(Input::Sight(Sight::of(&snapshot, Instant::now())));
        }
    }

    /// Some news were missed: the last report says what counts.
    fn look_again(&mut self) {
        let progress = self
            .desk
            .snapshot(&self.order.dock_id)
            .and_then(|known| known.progress);
        if let Some(progress) = progress {
            self.take(Input::Progress(progress));
        }
        self.look();
    }

    fn told(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::Return { by } => self.take(Input::Return(by)),
            Instruction::Land { by } => self.only_home("land where it is", by),
            Instruction::Divert { by, .. } => self.only_home("land at another place", by),
            Instruction::Pause { by } => self.take(Input::Hold(true, by)),
            Instruction::Continue { by } => self.take(Input::Hold(false, by)),
        }
    }

    fn only_home(&mut self, wanted: &str, by: String) {
        self.say(
            WARNING,
            format!("the aircraft of this dock cannot be told to {wanted}; it is called home"),
        );
        self.take(Input::Return(by));
    }

    fn call(&mut self, call: Call) {
        let (desk, dock_id) = (self.desk.clone(), self.order.dock_id.clone());
        let (flight_id, deadline) = (self.order.flight_id.clone(), self.order.deadlines.reply);
        let (method, data) = self.command(call);
        self.answers.spawn(async move {
            let answered = desk
                .service(&dock_id, (method, &flight_id), &data, deadline)
                .await;
            let result = match answered {
                Ok(reply) => Some(reply.result),
                Err(error) => {
                    tracing::warn!(dock.id = dock_id, method, %error, "no answer of the dock");
                    None
                }
            };
            Input::Replied(call, result)
        });
    }

    fn command(&self, call: Call) -> (&'static str, Value) {
        let flight_id = &self.order.flight_id;
        match call {
            Call::Prepare => ("flighttask_prepare", self.order.prepare(self.desk.now_ms())),
            Call::Execute => ("flighttask_execute", json!({ "flight_id": flight_id })),
            Call::Undo => ("flighttask_undo", json!({ "flight_ids": [flight_id] })),
            Call::Stop => ("flighttask_stop", json!({ "flight_id": flight_id })),
            Call::ReturnHome => ("return_home", json!({})),
            Call::CancelHome => ("return_home_cancel", json!({})),
            Call::Pause => ("flighttask_pause", json!({})),
            Call::Recovery => ("flighttask_recovery", json!({})),
        }
    }

    fn ask_gate(&mut self) {
        let (answer, answered) = oneshot::channel();
        self.outbox.tell(FlightEvent::Gate {
            gate: Gate::Arming,
            answer,
        });
        self.answers.spawn(async move {
            Input::Gate(answered.await.unwrap_or_else(|_dropped| GateAnswer::Refuse {
                code: RefusalCode::Internal,
                text: "nobody answered whether it may start".to_owned(),
            }))
        });
    }

    /// Where the aircraft is, while it is in the air.
    fn track(&mut self) {
        if !matches!(self.machine.phase(), Phase::Aloft | Phase::Launching) {
            return;
        }
        let Some(aircraft) = self.desk.aircraft(&self.order.dock_id) else {
            return;
        };
        let (Some(position), Some(height_m)) = (aircraft.position, aircraft.height_above_home_m) else {
            return;
        };
        let now = UtcMicros(self.desk.now_ms().saturating_mul(1000));
        let at = aircraft.at.unwrap_or(now);
        if self.last_track.is_some_and(|last| at <= last) {
            return;
        }
        self.last_track = Some(at);
        self.outbox.tell(FlightEvent::Track(TrackPoint {
            at,
            position,
            height_above_home_m: height_m,
            altitude_amsl_m: self.order.home_amsl_m + height_m,
            heading_deg: aircraft.heading_deg,
            ground_speed_ms: aircraft.ground_speed_ms,
            battery_percent: aircraft.battery_percent,
        }));
    }

    fn say(&mut self, severity: u8, text: String) {
        self.outbox.tell(FlightEvent::StatusText { severity, text });
    }

    async fn finish(mut self) -> TaskReport {
        // A task that is taken back has to reach the dock.
        let rest = async { while self.answers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_ANSWER, rest).await;
        let why = self.machine.end.why();
        if !why.is_empty() {
            self.say(WARNING, why);
        }
        let flight = self.machine.end.report();
        self.outbox.step(Step::Done, summary(&flight));
        let break_point = self.machine.end.break_point;
        self.outbox.finish(LAST_WORDS).await;
        TaskReport { flight, break_point }
    }

    async fn unknown_dock(mut self) -> TaskReport {
        let text = format!("dock {} is none of the Cloud API", self.order.dock_id);
        self.machine.end.outcome = Some(Outcome::Refused {
            code: RefusalCode::DockUnknown,
            text,
        });
        self.finish().await
    }
}

fn summary(report: &FlightReport) -> String {
    let end = match &report.outcome {
        Outcome::Completed => "completed".to_owned(),
        Outcome::Returned { by } => format!("returned, called by {by}"),
        Outcome::Diverted => "landed outside its dock".to_owned(),
        Outcome::Refused { code, text } => format!("refused, {}: {text}", code.as_str()),
        Outcome::Failed { code, text } => format!("failed, {code}: {text}"),
    };
    format!("{end}; {} photos counted by the dock", report.captures)
}

fn severity(alarm: &Alarm) -> u8 {
    match alarm.level {
        Some(2) => WARNING,
        Some(1) => NOTICE,
        _ => INFORMATION,
    }
}

fn alarm_text(alarm: &Alarm) -> String {
    let words = alarm_words(alarm);
    let en = words.map_or("an alarm that is not known here", |words| words.en);
    let [_, remedy] = words.map_or(CodeKind::Unknown, |words| words.kind).remedy();
    format!("alarm {}: {en}; {remedy}", alarm.code)
}

/// `reason` of `device_exit_homing_notify`.
fn exit_reason(reason: i64) -> &'static str {
    match reason {
        0 | 1 => "somebody moves the sticks",
        2 => "its behaviour could not be planned",
        3 => "obstacles all around",
        4 => "a flight restriction",
        5 => "an obstacle too near",
        6 => "no satellite signal",
        7 | 8 => "its position is not certain",
        9 | 10 => "it is too near its home",
        _ => "a reason that is not known here",
    }
}
