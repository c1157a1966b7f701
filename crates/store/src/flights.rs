//! Flights: what was flown for whom, where it stands, and everything that was written down on the way.

mod bounds;
mod counts;
mod follow_ups;
mod log;
mod shots;
mod slots;

use casework::evidence::StoredEvent;
use schedule::photo_ledger::SortieId;
use schedule::sortie::{SortieState, advance};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use survey::time::UtcMicros;

use crate::conditions::{Conditions, Value};
use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event, events_of};
use crate::open::Store;
use crate::rows::{Actor, SortieKind, maybe_utc, utc, whole, word};

pub use counts::ShotCounts;
pub use follow_ups::MissionPhoto;
pub use log::{StepRow, TrackRow};
pub use shots::{CaptureNoted, CaptureRow, ShotPlan, ShotRow};
pub use slots::{SlotEnd, SlotRow, SlotState, UnknownSlotState};

pub(crate) use shots::{attach_file, highest_shot};

/// A flight that is due.
#[derive(Debug, Clone)]
pub struct NewFlight {
    /// Its name; the same name again is the same flight.
    pub sortie_id: SortieId,
    /// Real or simulated.
    pub kind: SortieKind,
    /// Name of the mission in the calendar.
    pub mission_name: String,
    /// SHA-256 of the flight plan's file.
    pub plan_sha256: String,
    /// The mission items, JSON text.
    pub mission_json: String,
    /// Its fence and rally points, JSON text; none where it has neither.
    pub bounds_json: Option<String>,
    /// The dock it starts from; none for a vehicle without one.
    pub dock_id: Option<String>,
    /// MAVLink system id of the vehicle, 1 to 255.
    pub system_id: u8,
    /// Address of the link to the vehicle.
    pub link: String,
    /// The instant in the calendar it is flown for; none for one that was asked for by hand.
    pub slot_at: Option<UtcMicros>,
    /// Every photo it is to take.
    pub shots: Vec<ShotPlan>,
    /// Who ordered it.
    pub actor: Actor,
}

/// What became of a flight that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now, in state `due`.
    New,
    /// It was there already and stays as it was.
    Known,
}

/// Why and by whom a flight moves on.
#[derive(Debug, Clone)]
pub struct Move {
    /// Code of a refusal or a failure.
    pub code: Option<String>,
    /// Free words.
    pub note: Option<String>,
    /// More about it, JSON text.
    pub payload_json: Option<String>,
    /// Who moved it.
    pub actor: Actor,
    /// When, on the city's clock.
    pub at: UtcMicros,
}

/// Which flights a list shows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlightFilter {
    /// At most so many.
    pub limit: u32,
    /// Only those after this one of the page before.
    pub after: Option<String>,
    /// Only in this state.
    pub state: Option<SortieState>,
    /// Only from this dock.
    pub dock_id: Option<String>,
}

impl Default for FlightFilter {
    fn default() -> Self {
        FlightFilter {
            limit: 100,
            after: None,
            state: None,
            dock_id: None,
        }
    }
}

/// A flight as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct FlightRow {
    /// Its name.
    pub sortie_id: String,
    /// Real or simulated.
    pub kind: SortieKind,
    /// Name of the mission in the calendar.
    pub mission_name: String,
    /// SHA-256 of the flight plan's file.
    pub plan_sha256: String,
    /// The mission items, JSON text.
    pub mission_json: String,
    /// Its fence and rally points, JSON text; none where it has neither.
    pub bounds_json: Option<String>,
    /// The dock it starts from.
    pub dock_id: Option<String>,
    /// MAVLink system id of the vehicle.
    pub system_id: u8,
    /// Address of the link to the vehicle.
    pub link: String,
    /// The instant in the calendar it is flown for.
    pub slot_at: Option<UtcMicros>,
    /// Where it stands.
    pub state: SortieState,
    /// Code of the refusal or failure of the last move.
    pub state_code: Option<String>,
    /// Free words of the last move.
    pub state_note: Option<String>,
    /// When it was created.
    pub created_at: UtcMicros,
    /// When it took off, on the city's clock.
    pub launched_at: Option<UtcMicros>,
    /// When it landed, on the city's clock.
    pub landed_at: Option<UtcMicros>,
    /// When it came to its final state, on the city's clock.
    pub ended_at: Option<UtcMicros>,
    /// What else is known about it, JSON text.
    pub facts_json: Option<String>,
    /// The first sortie of the mission whose rest it flies; none for a mission of its own.
    pub continues_sortie: Option<String>,
    /// How many of its photos came how far.
    pub shots: ShotCounts,
}

const FLIGHT_COLUMNS: &str = "select f.sortie_id, s.kind, f.mission_name, f.plan_sha256, f.mission_json, \
     f.bounds_json, f.dock_id, f.system_id, f.link, f.slot_at_us, f.state, f.state_code, f.state_note, f.created_at_us, \
     f.launched_at_us, f.landed_at_us, f.ended_at_us, f.facts_json, f.continues_sortie \
     from flight f join sortie s on s.sortie_id = f.sortie_id";

impl Store {
    /// Writes down a flight that is due, with its planned photos and its first event.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing was written and the same call may be repeated.
    pub async fn create_flight(&self, flight: &NewFlight, now: UtcMicros) -> Result<Created> {
        let mut tx = self.begin_write().await?;
        let created = create_in(&mut tx, flight, now).await?;
        tx.commit().await?;
        Ok(created)
    }

    /// Moves a flight on and appends the move to the chain of events. A flight that is there already stays, without
    /// an event. Answers the state it is in now.
    ///
    /// # Errors
    /// [`StoreError::IllegalSortieMove`] and [`StoreError::NotFound`]; nothing was written then.
    pub async fn move_flight(
        &self,
        sortie_id: &SortieId,
        to: SortieState,
        step: &Move,
        now: UtcMicros,
    ) -> Result<SortieState> {
        let mut tx = self.begin_write().await?;
        let from = state_of(&mut tx, sortie_id.as_str()).await?;
        let from = from.ok_or_else(|| no_flight(sortie_id.as_str()))?;
        if from == to {
            return Ok(to);
        }
        advance(from, to)?;
        sqlx::query(
            "update flight set state = $1, state_code = $2, state_note = $3, ended_at_us = $4 where sortie_id = $5",
        )
        .persistent(false)
        .bind(to.as_str())
        .bind(&step.code)
        .bind(&step.note)
        .bind(to.is_final().then_some(step.at.0))
        .bind(sortie_id.as_str())
        .execute(&mut *tx)
        .await?;
        let event = NewEvent {
            subject_kind: "sortie",
            subject_id: sortie_id.as_str(),
            actor: &step.actor,
            kind: "moved",
            from: Some(from.as_str()),
            to: Some(to.as_str()),
            reason: step.code.as_deref(),
            note: step.note.as_deref(),
            payload_json: step.payload_json.as_deref(),
        };
        append_event(&mut tx, event, now).await?;
        // With the end that takes no more photos goes their loss, or a crash between the two would leave them open.
        if matches!(to, SortieState::Refused | SortieState::Failed) {
            shots::name_losses(&mut tx, sortie_id.as_str(), now).await?;
        }
        tx.commit().await?;
        Ok(to)
    }

    /// One flight.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn flight(&self, sortie_id: &str) -> Result<FlightRow> {
        let sql = format!("{FLIGHT_COLUMNS} where f.sortie_id = $1");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(sortie_id);
        let found = self.with_counts(row.fetch_all(self.pool()).await?).await?;
        found.into_iter().next().ok_or_else(|| no_flight(sortie_id))
    }

    /// Flights that pass the filter, newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no flight `after`.
    pub async fn list_flights(&self, filter: &FlightFilter) -> Result<Vec<FlightRow>> {
        let mut wanted = Conditions::default();
        if let Some(state) = filter.state {
            wanted.push("f.state = ?", [Value::Text(state.to_string())]);
        }
        if let Some(dock_id) = &filter.dock_id {
            wanted.push("f.dock_id = ?", [Value::Text(dock_id.clone())]);
        }
        if let Some(after) = &filter.after {
            let last = self.flight(after).await?;
            let key = [Value::Whole(last.created_at.0), Value::Text(last.sortie_id)];
            wanted.push("(f.created_at_us, f.sortie_id) < (?, ?)", key);
        }
        let order = format!(
            "order by f.created_at_us desc, f.sortie_id desc limit {}",
            filter.limit
        );
        let sql = format!("{FLIGHT_COLUMNS} {} {order}", wanted.clause());
        let rows = wanted.bound_to(sql).fetch_all(self.pool()).await?;
        self.with_counts(rows).await
    }

    /// All flights that are not in a final state, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open_flights(&self) -> Result<Vec<FlightRow>> {
        let sql = format!(
            "{FLIGHT_COLUMNS} where f.state not in ('closed', 'refused', 'failed')
             order by f.created_at_us, f.sortie_id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(self.pool()).await?;
        self.with_counts(rows).await
    }

    /// The events of a flight, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn flight_events(&self, sortie_id: &str) -> Result<Vec<StoredEvent>> {
        let mut connection = self.pool().acquire().await?;
        events_of(&mut connection, "sortie", sortie_id).await
    }

    /// Notes what else is known about a flight, in place of what was noted before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_flight_facts(&self, sortie_id: &SortieId, json: &str) -> Result<()> {
        let sql = "update flight set facts_json = $1 where sortie_id = $2";
        self.set_on_flight(sortie_id, sqlx::query(sql).bind(json.to_owned()))
            .await
    }

    /// Notes when the vehicle took off, on the city's clock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_launched(&self, sortie_id: &SortieId, at: UtcMicros) -> Result<()> {
        let sql = "update flight set launched_at_us = $1 where sortie_id = $2";
        self.set_on_flight(sortie_id, sqlx::query(sql).bind(at.0)).await
    }

    /// Notes when the vehicle landed, on the city's clock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_landed(&self, sortie_id: &SortieId, at: UtcMicros) -> Result<()> {
        let sql = "update flight set landed_at_us = $1 where sortie_id = $2";
        self.set_on_flight(sortie_id, sqlx::query(sql).bind(at.0)).await
    }

    async fn set_on_flight(
        &self,
        sortie_id: &SortieId,
        update: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        let done = update
            .bind(sortie_id.as_str().to_owned())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(no_flight(sortie_id.as_str()));
        }
        tx.commit().await
    }

    async fn with_counts(&self, rows: Vec<AnyRow>) -> Result<Vec<FlightRow>> {
        let mut flights = rows.iter().map(flight_of).collect::<Result<Vec<_>>>()?;
        let names: Vec<_> = flights.iter().map(|f| f.sortie_id.clone()).collect();
        let mut counts = counts::counts_of(self.pool(), &names).await?;
        for flight in &mut flights {
            flight.shots = counts.remove(&flight.sortie_id).unwrap_or_default();
        }
        Ok(flights)
    }
}

async fn create_in(connection: &mut AnyConnection, flight: &NewFlight, now: UtcMicros) -> Result<Created> {
    if state_of(connection, flight.sortie_id.as_str()).await?.is_some() {
        return Ok(Created::Known);
    }
    insert_flight(connection, flight, now).await?;
    shots::insert_plan(connection, flight.sortie_id.as_str(), &flight.shots, now).await?;
    let payload = serde_json::json!({
        "mission": flight.mission_name, "plan_sha256": flight.plan_sha256, "dock_id": flight.dock_id,
        "system_id": flight.system_id, "planned_photos": flight.shots.len(),
    });
    let event = NewEvent {
        subject_kind: "sortie",
        subject_id: flight.sortie_id.as_str(),
        actor: &flight.actor,
        kind: "created",
        from: None,
        to: Some(SortieState::Due.as_str()),
        reason: None,
        note: None,
        payload_json: Some(&payload.to_string()),
    };
    append_event(connection, event, now).await?;
    Ok(Created::New)
}

async fn state_of(connection: &mut AnyConnection, sortie_id: &str) -> Result<Option<SortieState>> {
    let row = sqlx::query("select state from flight where sortie_id = $1").bind(sortie_id);
    let row = row.fetch_optional(connection).await?;
    row.map(|row| word(&row, "flight", "state")).transpose()
}

async fn insert_flight(connection: &mut AnyConnection, flight: &NewFlight, now: UtcMicros) -> Result<()> {
    sqlx::query(
        "insert into sortie (sortie_id, kind, created_at_us) values ($1, $2, $3)
         on conflict (sortie_id) do nothing",
    )
    .bind(flight.sortie_id.as_str())
    .bind(flight.kind.as_str())
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into flight (sortie_id, mission_name, plan_sha256, mission_json, dock_id, system_id, link,
             slot_at_us, state, created_at_us, bounds_json)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .persistent(false)
    .bind(flight.sortie_id.as_str())
    .bind(&flight.mission_name)
    .bind(&flight.plan_sha256)
    .bind(&flight.mission_json)
    .bind(&flight.dock_id)
    .bind(i64::from(flight.system_id))
    .bind(&flight.link)
    .bind(flight.slot_at.map(|t| t.0))
    .bind(SortieState::Due.as_str())
    .bind(now.0)
    .bind(&flight.bounds_json)
    .execute(connection)
    .await?;
    Ok(())
}

fn flight_of(row: &AnyRow) -> Result<FlightRow> {
    Ok(FlightRow {
        sortie_id: row.try_get("sortie_id")?,
        kind: word(row, "sortie", "kind")?,
        mission_name: row.try_get("mission_name")?,
        plan_sha256: row.try_get("plan_sha256")?,
        mission_json: row.try_get("mission_json")?,
        bounds_json: row.try_get("bounds_json")?,
        dock_id: row.try_get("dock_id")?,
        system_id: whole(row, "flight", "system_id")?,
        link: row.try_get("link")?,
        slot_at: maybe_utc(row, "slot_at_us")?,
        state: word(row, "flight", "state")?,
        state_code: row.try_get("state_code")?,
        state_note: row.try_get("state_note")?,
        created_at: utc(row, "created_at_us")?,
        launched_at: maybe_utc(row, "launched_at_us")?,
        landed_at: maybe_utc(row, "landed_at_us")?,
        ended_at: maybe_utc(row, "ended_at_us")?,
        facts_json: row.try_get("facts_json")?,
        continues_sortie: row.try_get("continues_sortie")?,
        shots: ShotCounts::default(),
    })
}

fn no_flight(sortie_id: &str) -> StoreError {
    StoreError::NotFound {
        what: "flight",
        id: sortie_id.to_owned(),
    }
}
