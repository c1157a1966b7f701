//! One sortie of a dock of the Cloud API: wayline laid ready, interlocks, the task itself, and its record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flight::cloud_dock::task::{TaskDeadlines, TaskOrder, TaskReport, flight_id, fly_task, resume_task};
use flight::sortie::{FlightEvent, FlightOrder, Gate, GateAnswer, Instruction, SortieLine, Standing, Step};
use schedule::interlock::{self, Check, OverrideGiven, apply_overrides};
use schedule::refusal::RefusalCode;
use schedule::sortie::SortieState;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::answers::checks::StoredCheck;
use crate::clock;
use crate::config::roster::DockEntry;
use crate::fleet::cloud::break_point;
use crate::fleet::cloud::interlocks::{checks, checks_of_task};
use crate::fleet::cloud::side::CloudSide;
use crate::fleet::cloud::wayline::{Airframe, Flown, wayline_of};
use crate::fleet::dock_side::{Refused, check_text};
use crate::fleet::flight_record::{FlightRecord, TrackBatch};
use crate::fleet::service::Fleet;

/// Events that wait while one is being written.
const EVENTS_WAITING: usize = 256;
/// Track points are written at least this often.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// A dock that is on the line has told its weather within this time: it does every two seconds.
const HEARD_SOON: Duration = Duration::from_secs(12);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The way home is so much higher than the wayline, metres.
const ABOVE_THE_WAYLINE_M: f64 = 5.0;

/// One sortie.
pub struct Task<'r> {
    /// The fleet.
    pub fleet: &'r Fleet,
    /// Its dock.
    pub dock: &'r DockEntry,
    /// What is flown.
    pub order: &'r FlightOrder,
    /// Where it is written down.
    pub record: &'r FlightRecord,
    /// Whether it hovers now because a person paused it.
    pub paused: &'r AtomicBool,
}

impl Task<'_> {
    /// Flies it, from the ground or from wherever it is after the program was away. `None`: refused before the dock was
    /// given anything.
    ///
    /// # Errors
    /// The database, a roster without this dock.
    pub async fn fly(
        &self,
        from_the_ground: bool,
        told: mpsc::Receiver<Instruction>,
    ) -> Result<Option<TaskReport>> {
        let cloud = self.fleet.cloud().context("no dock of the Cloud API is served")?;
        if from_the_ground {
            self.record.move_to(SortieState::Preparing, None, None).await?;
        } else {
            self.record.step("resumed", "").await?;
        }
        let order = match self.task_order(cloud).await {
            Ok(order) => order,
            Err(error) => {
                self.record
                    .refuse(RefusalCode::PlanInvalid.as_str(), &format!("{error:#}"))
                    .await?;
                return Ok(None);
            }
        };
        cloud.remember(&order.flight_id, order.sortie_id.as_str());
        cloud.desk.assign(&self.dock.dock_id, order.sortie_id.as_str());
        if from_the_ground && let Err((code, text)) = self.may_start_soon().await {
            self.record.refuse(code.as_str(), &text).await?;
            return Ok(None);
        }
        let (events, happened) = mpsc::channel(EVENTS_WAITING);
        let line = SortieLine {
            events,
            instructions: told,
            stop: self.fleet.stop().clone(),
        };
        let flight = async {
            match from_the_ground {
                true => fly_task(&cloud.desk, &order, line).await,
                false => resume_task(&cloud.desk, &order, line).await,
            }
        };
        let (report, ()) = tokio::join!(flight, self.note_all(happened));
        Ok(Some(report))
    }

    /// Writes down what only such docks tell: how many photos there are, and where a wayline was left.
    ///
    /// # Errors
    /// The database.
    pub async fn note_end(&self, report: &TaskReport) -> Result<()> {
        let Some(point) = report.break_point else {
            return Ok(());
        };
        let store = &self.fleet.workplace().store;
        let row = store.flight(self.order.sortie_id.as_str()).await?;
        let mut facts: Value = row
            .facts_json
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| json!({}));
        facts["break_point"] = point.to_json();
        facts["break_reason"] = json!(point.reason);
        store
            .set_flight_facts(&self.order.sortie_id, &facts.to_string())
            .await?;
        Ok(())
    }

    async fn task_order(&self, cloud: &CloudSide) -> Result<TaskOrder> {
        let store = &self.fleet.workplace().store;
        let steps = store.steps(self.order.sortie_id.as_str()).await?;
        let settings = &self.fleet.settings().cloud;
        let payload = cloud
            .desk
            .aircraft(&self.dock.dock_id)
            .and_then(|aircraft| aircraft.payload)
            .unwrap_or((settings.payload.0, settings.payload.1, 0));
        let airframe = Airframe {
            drone: cloud
                .desk
                .aircraft_model(&self.dock.dock_id)
                .unwrap_or(settings.drone),
            payload,
        };
        let Flown {
            wayline,
            waypoint_items,
        } = wayline_of(&self.order.items, self.dock.height_amsl_m, airframe)?;
        let highest_m = wayline
            .waypoints
            .iter()
            .map(|waypoint| waypoint.height_m)
            .fold(0.0, f64::max);
        let id = flight_id(&self.order.sortie_id);
        let shelved = cloud.shelf.lay_down(&cloud.base_url, &id, wayline.to_kmz()?)?;
        Ok(TaskOrder {
            sortie_id: self.order.sortie_id.clone(),
            dock_id: self.dock.dock_id.clone(),
            flight_id: id,
            file_url: shelved.url,
            file_md5: shelved.md5,
            waypoint_items,
            return_height_m: highest_m + ABOVE_THE_WAYLINE_M,
            home_amsl_m: self.dock.height_amsl_m,
            with_rtk: settings.with_rtk,
            break_point: break_point::ordered(&steps),
            launched_at: self.order.launched_at,
            called_home_by: match &self.order.standing {
                Some(Standing {
                    instruction: Instruction::Return { by },
                    ..
                }) => Some(by.clone()),
                _ => None,
            },
            pause: self.order.pause.clone(),
            deadlines: TaskDeadlines::default(),
        })
    }

    /// With patience for a dock that only just came on the line.
    async fn may_start_soon(&self) -> Result<(), Refused> {
        let begun = Instant::now();
        loop {
            let heard = self
                .fleet
                .docks()
                .dock(&self.dock.dock_id)
                .is_some_and(|state| state.online == Some(true) && state.weather.is_some());
            let is_last = heard || begun.elapsed() > HEARD_SOON;
            let verdict = self.judge(checks(self.fleet, self.dock), is_last).await;
            if verdict.is_ok() || is_last {
                return verdict;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Whether nothing forbids it, with what people override. The judgement is written down when it is `told`.
    async fn judge(&self, checks: Vec<Check>, told: bool) -> Result<(), Refused> {
        let stop = self.fleet.ground_stop().order();
        let (given, now) = (self.overrides().await, self.fleet.clock().now());
        let place = (self.dock.dock_id.as_str(), Some(self.record.sortie().as_str()));
        let checks = apply_overrides(checks, &given, place, now);
        let verdict = match (stop, interlock::forbids_arming(&checks)) {
            (Some(order), _) => Err((RefusalCode::GroundStop, format!("ordered by {}", order.actor))),
            (None, Some(check)) => Err((check.code, check_text(check))),
            (None, None) => Ok(()),
        };
        if told {
            self.write(&checks, verdict.as_ref().err()).await;
        }
        verdict
    }

    /// Without the database nothing is overridden, which is the safe side.
    async fn overrides(&self) -> Vec<OverrideGiven> {
        let store = &self.fleet.workplace().store;
        match store.overrides_in_force(self.fleet.clock().now()).await {
            Ok(rows) => rows.into_iter().map(|row| row.given).collect(),
            Err(error) => {
                tracing::error!(%error, "the overrides could not be read");
                Vec::new()
            }
        }
    }

    async fn write(&self, checks: &[Check], refused: Option<&Refused>) {
        let text = match refused {
            Some((_, text)) => format!("must not arm: {text}"),
            None => "may arm".to_owned(),
        };
        let stored: Vec<StoredCheck> = checks.iter().map(StoredCheck::of).collect();
        self.told(
            self.record
                .step_with("interlocks", json!({ "text": text, "checks": stored }))
                .await,
        );
        let store = &self.fleet.workplace().store;
        for check in checks.iter().filter(|_| refused.is_none()) {
            let Some(given) = &check.overridden else { continue };
            let told = serde_json::to_string(&StoredCheck::of(check)).unwrap_or_default();
            let noted = store
                .note_override_used(self.record.sortie(), given, &told, clock::now())
                .await;
            self.told(noted.map_err(anyhow::Error::from));
        }
    }

    async fn note_all(&self, mut happened: mpsc::Receiver<FlightEvent>) {
        let mut batch = TrackBatch::default();
        let mut flush = tokio::time::interval(FLUSH_EVERY);
        loop {
            let written = tokio::select! {
                event = happened.recv() => match event {
                    Some(FlightEvent::Gate { gate, answer }) => self.answer(gate, answer).await,
                    Some(told) => {
                        self.notice_pause(&told);
                        self.record.note(told, &mut batch).await
                    }
                    None => break,
                },
                _ = flush.tick() => self.record.flush(&mut batch).await,
            };
            self.told(written);
        }
        self.told(self.record.flush(&mut batch).await);
    }

    fn notice_pause(&self, event: &FlightEvent) {
        if let FlightEvent::Step { step, .. } = event {
            match step {
                Step::Paused => self.paused.store(true, Ordering::Relaxed),
                Step::Continued | Step::Returning | Step::Landing | Step::Landed | Step::Done => {
                    self.paused.store(false, Ordering::Relaxed);
                }
                _elsewhere => {}
            }
        }
    }

    /// A full disk or a lost database must not end a flight that is in the air.
    fn told(&self, written: Result<()>) {
        if let Err(error) = written {
            tracing::error!(sortie.id = %self.record.sortie(), error = %format!("{error:#}"), "not written down");
        }
    }

    async fn answer(&self, gate: Gate, answer: oneshot::Sender<GateAnswer>) -> Result<()> {
        let verdict = match gate {
            Gate::Arming => self.judge(checks_of_task(self.fleet, self.dock), true).await,
            // The dock lands its aircraft by itself.
            Gate::Landing => Ok(()),
        };
        // A flight that no longer waits has ended; its report says why.
        let _ = answer.send(match verdict {
            Ok(()) => GateAnswer::Go,
            Err((code, text)) => GateAnswer::Refuse { code, text },
        });
        Ok(())
    }
}
