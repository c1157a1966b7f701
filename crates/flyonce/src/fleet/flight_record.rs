//! Writes a flight down while it happens: moves of the sortie, steps, track, captures. What the store has is what
//! a restarted program goes on from, so every move is committed before the flight goes further.

use anyhow::Result;
use flight::capture::CaptureReport;
use flight::sortie::{FlightEvent, FlightReport, Laid, Outcome, Step, TrackPoint};
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use serde_json::{Value, json};
use store::flights::{CaptureRow, Move, StepRow, TrackRow};
use store::rows::Actor;

use crate::clock;
use crate::fleet::city_clock::CityClock;
use crate::workplace::Workplace;

/// The record of one flight.
#[derive(Clone)]
pub struct FlightRecord {
    workplace: Workplace,
    clock: CityClock,
    sortie: SortieId,
}

/// Steps that people read one by one are written at once; track points wait for company.
const TRACK_BATCH: usize = 16;

/// Track points on their way into the store.
#[derive(Default)]
pub struct TrackBatch(Vec<TrackRow>);

impl FlightRecord {
    /// The record of `sortie`, whose row is there already.
    pub fn of(workplace: Workplace, clock: CityClock, sortie: SortieId) -> Self {
        Self {
            workplace,
            clock,
            sortie,
        }
    }

    /// The sortie.
    pub fn sortie(&self) -> &SortieId {
        &self.sortie
    }

    /// Notes a step of the program's own (a lid, a check) or of the flight.
    ///
    /// # Errors
    /// The database.
    pub async fn step(&self, code: &str, text: &str) -> Result<()> {
        let detail = (!text.is_empty()).then(|| json!({ "text": text }));
        self.append(code, detail).await
    }

    /// Notes a step with more than a text about it.
    ///
    /// # Errors
    /// The database.
    pub async fn step_with(&self, code: &str, detail: Value) -> Result<()> {
        self.append(code, Some(detail)).await
    }

    async fn append(&self, code: &str, detail: Option<Value>) -> Result<()> {
        let detail_json = detail.map(|detail| detail.to_string());
        let row = StepRow {
            at: self.clock.now(),
            code: code.to_owned(),
            detail_json,
        };
        Ok(self.workplace.store.add_steps(&self.sortie, &[row]).await?)
    }

    /// Writes down what a flight tells; its questions are for others to answer.
    ///
    /// # Errors
    /// The database.
    pub async fn note(&self, event: FlightEvent, batch: &mut TrackBatch) -> Result<()> {
        match event {
            FlightEvent::Step { step, text } => self.flight_step(step, &text).await,
            FlightEvent::Track(point) => self.track(batch, &point).await,
            FlightEvent::Capture(capture) => self.capture(&capture).await,
            FlightEvent::StatusText { text, .. } => self.step("status_text", &text).await,
            FlightEvent::Laid { laid, written } => {
                self.laid(&laid).await?;
                // A flight that no longer waits has ended.
                let _ = written.send(());
                Ok(())
            }
            FlightEvent::PutBack => self.laid(&Laid::default()).await,
            FlightEvent::Gate { .. } | FlightEvent::Policy(_) | FlightEvent::Bounds(_) => Ok(()),
        }
    }

    /// Notes a step of the flight and moves the sortie where the step says so.
    ///
    /// # Errors
    /// The database.
    async fn flight_step(&self, step: Step, text: &str) -> Result<()> {
        match step {
            Step::Arming => self.move_to(SortieState::Launching, None, None).await?,
            Step::TookOff => {
                self.move_to(SortieState::Flying, None, None).await?;
                let now = self.clock.now();
                self.workplace.store.set_launched(&self.sortie, now).await?;
            }
            Step::Returning | Step::Diverting => self.move_to(SortieState::Returning, None, None).await?,
            _elsewhere => {}
        }
        self.step(step.as_str(), text).await
    }

    /// Moves the sortie. A move that cannot be made from where it stands is left out: a flight that is picked up
    /// again tells its earlier steps once more.
    ///
    /// # Errors
    /// The database.
    pub async fn move_to(&self, to: SortieState, code: Option<&str>, note: Option<&str>) -> Result<()> {
        let store = &self.workplace.store;
        let stands = store.flight(self.sortie.as_str()).await?.state;
        if stands != to && schedule::sortie::advance(stands, to).is_err() {
            return Ok(());
        }
        let how = Move {
            code: code.map(str::to_owned),
            note: note.map(str::to_owned),
            payload_json: None,
            actor: actor(),
            at: self.clock.now(),
        };
        store.move_flight(&self.sortie, to, &how, clock::now()).await?;
        Ok(())
    }

    /// Keeps what lies on the vehicle for this flight.
    async fn laid(&self, laid: &Laid) -> Result<()> {
        let json = match laid.is_empty() {
            true => None,
            false => Some(serde_json::to_string(laid)?),
        };
        Ok(self
            .workplace
            .store
            .set_laid(&self.sortie, json.as_deref())
            .await?)
    }

    /// Keeps a capture.
    ///
    /// # Errors
    /// The database.
    async fn capture(&self, capture: &CaptureReport) -> Result<()> {
        let row = CaptureRow {
            image_index: capture.image_index,
            captured_at: capture.at_utc,
            longitude_deg: capture.position.map(|position| position.longitude_deg),
            latitude_deg: capture.position.map(|position| position.latitude_deg),
            height_above_home_m: capture.height_above_home_m,
            succeeded: capture.succeeded,
        };
        self.workplace
            .store
            .record_capture(&self.sortie, &row, clock::now())
            .await?;
        Ok(())
    }

    /// Keeps a track point, once a batch is together.
    ///
    /// # Errors
    /// The database.
    async fn track(&self, batch: &mut TrackBatch, point: &TrackPoint) -> Result<()> {
        batch.0.push(TrackRow {
            at: point.at,
            longitude_deg: point.position.longitude_deg,
            latitude_deg: point.position.latitude_deg,
            height_above_home_m: point.height_above_home_m,
            altitude_amsl_m: point.altitude_amsl_m,
            heading_deg: point.heading_deg,
            ground_speed_ms: point.ground_speed_ms,
            battery_percent: point.battery_percent,
        });
        if batch.0.len() < TRACK_BATCH {
            return Ok(());
        }
        self.flush(batch).await
    }

    /// Writes the track points that wait.
    ///
    /// # Errors
    /// The database.
    pub async fn flush(&self, batch: &mut TrackBatch) -> Result<()> {
        if !batch.0.is_empty() {
            self.workplace.store.add_track(&self.sortie, &batch.0).await?;
            batch.0.clear();
        }
        Ok(())
    }

    /// Writes how the flight ended. A flight that the program only stopped watching stays open.
    ///
    /// # Errors
    /// The database.
    pub async fn finish(&self, report: &FlightReport) -> Result<()> {
        let store = &self.workplace.store;
        let facts = json!({
            "clock_offset_us": report.clock_offset_us,
            "items_reached": report.items_reached,
            "captures": report.captures,
            "took_off": report.took_off,
            "landed": report.landed,
        });
        store.set_flight_facts(&self.sortie, &facts.to_string()).await?;
        if report.landed && report.took_off {
            store.set_landed(&self.sortie, self.clock.now()).await?;
        }
        match &report.outcome {
            Outcome::Completed => self.move_to(SortieState::Landed, None, None).await,
            Outcome::Returned { by } => {
                let note = format!("by {by}");
                self.move_to(SortieState::Landed, Some("returned"), Some(&note))
                    .await
            }
            Outcome::Diverted => self.move_to(SortieState::Landed, Some("diverted"), None).await,
            Outcome::Refused { code, text } => {
                let code = Some(code.as_str());
                self.move_to(SortieState::Refused, code, Some(text)).await?;
                // What an earlier run saw in the air cannot be refused any more; it must have an end all the same.
                self.move_to(SortieState::Failed, code, Some(text)).await
            }
            Outcome::Failed { code, text } => {
                if *code == flight::sortie::FailureCode::Stopped {
                    return Ok(());
                }
                self.move_to(SortieState::Failed, Some(code.as_str()), Some(text))
                    .await
            }
        }
    }

    /// Refuses the sortie before the flight began.
    ///
    /// # Errors
    /// The database.
    pub async fn refuse(&self, code: &str, text: &str) -> Result<()> {
        self.move_to(SortieState::Refused, Some(code), Some(text)).await
    }
}

/// Who moves a sortie when no person does.
pub fn actor() -> Actor {
    Actor {
        name: "fleet".to_owned(),
        role: "dispatcher".to_owned(),
    }
}
