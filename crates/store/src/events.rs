//! The evidence chain as rows: every move of a photo, a lead or a flight is appended here, in the transaction that makes it.

use casework::evidence::{self, ChainBreak, EventBody, StoredEvent, chain_hash};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::error::Result;
use crate::open::Store;
use crate::rows::{Actor, utc};

/// What the whole chain of events looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Number of events checked.
    pub events: u64,
    /// Hash of the newest event: noted elsewhere, it also proves that no events were cut off the end.
    pub newest_hash: Option<String>,
    /// The first event that does not fit, if any.
    pub broken: Option<ChainBreak>,
}

macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "select event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state, ",
            "to_state, reason, note, payload_json, prev_hash, hash from event ",
            $rest
        )
    };
}

impl Store {
    /// Events with a number above `seq`, rising, at most `limit`. Numbers become visible in order: nothing below
    /// the last one answered can appear later.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn events_after(&self, seq: i64, limit: u32) -> Result<Vec<StoredEvent>> {
        let sql = select_events!("where event_seq > $1 order by event_seq limit $2");
        let rows = sqlx::query(sql)
            .bind(seq)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(event_of).collect()
    }

    /// Number of the newest event, 0 when there is none.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn newest_event_seq(&self) -> Result<i64> {
        let newest = sqlx::query_scalar("select value from counter where name = 'event_seq'");
        Ok(newest.fetch_one(self.pool()).await?)
    }

    /// Recomputes every hash of the chain from its first event on.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails; a broken chain is an answer, not an error.
    pub async fn verify_chains(&self) -> Result<ChainReport> {
        let rows = sqlx::query(select_events!("order by event_seq"))
            .fetch_all(self.pool())
            .await?;
        let events = rows.iter().map(event_of).collect::<Result<Vec<_>>>()?;
        Ok(ChainReport {
            events: events.len() as u64,
            newest_hash: events.last().map(|e| e.hash.clone()),
            broken: evidence::verify(&events).err(),
        })
    }
}

/// One move to be appended.
pub(crate) struct NewEvent<'a> {
    pub(crate) subject_kind: &'static str,
    pub(crate) subject_id: &'a str,
    pub(crate) actor: &'a Actor,
    pub(crate) kind: &'a str,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) note: Option<&'a str>,
    pub(crate) payload_json: Option<&'a str>,
}

/// Appends to the chain. The connection must be in a writing transaction: its turn keeps the chain in one line.
pub(crate) async fn append_event(
    connection: &mut AnyConnection,
    event: NewEvent<'_>,
    now: UtcMicros,
) -> Result<StoredEvent> {
    let prev_hash: Option<String> =
        sqlx::query_scalar("select hash from event order by event_seq desc limit 1")
            .fetch_optional(&mut *connection)
            .await?;
    let subject_seq: i64 = sqlx::query_scalar(
        "select coalesce(max(subject_seq), 0) + 1 from event where subject_kind = $1 and subject_id = $2",
    )
    .bind(event.subject_kind)
    .bind(event.subject_id)
    .fetch_one(&mut *connection)
    .await?;
    let body = body_of(event, subject_seq, now);
    let hash = chain_hash(prev_hash.as_deref(), &body);
    let seq = next_number(&mut *connection, "event_seq").await?;
    let stored = StoredEvent {
        seq,
        body,
        prev_hash,
        hash,
    };
    insert_event(connection, &stored).await?;
    Ok(stored)
}

/// The events of one subject, oldest first.
pub(crate) async fn events_of(
    connection: &mut AnyConnection,
    subject_kind: &str,
    subject_id: &str,
) -> Result<Vec<StoredEvent>> {
    let sql = select_events!("where subject_kind = $1 and subject_id = $2 order by subject_seq");
    let rows = sqlx::query(sql)
        .bind(subject_kind)
        .bind(subject_id)
        .fetch_all(connection)
        .await?;
    rows.iter().map(event_of).collect()
}

/// The next number of a counter, from 1; given for good when the transaction commits.
pub(crate) async fn next_number(connection: &mut AnyConnection, name: &str) -> Result<i64> {
    let next = sqlx::query_scalar(
        "insert into counter (name, value) values ($1, 1)
         on conflict (name) do update set value = counter.value + 1 returning value",
    );
    Ok(next.bind(name).fetch_one(connection).await?)
}

fn body_of(event: NewEvent<'_>, subject_seq: i64, at: UtcMicros) -> EventBody {
    EventBody {
        subject_kind: event.subject_kind.to_owned(),
        subject_id: event.subject_id.to_owned(),
        subject_seq,
        at,
        actor: event.actor.name.clone(),
        role: event.actor.role.clone(),
        kind: event.kind.to_owned(),
        from: event.from.map(str::to_owned),
        to: event.to.map(str::to_owned),
        reason: event.reason.map(str::to_owned),
        note: event.note.map(str::to_owned),
        payload_json: event.payload_json.map(str::to_owned),
    }
}

async fn insert_event(connection: &mut AnyConnection, event: &StoredEvent) -> Result<()> {
    let body = &event.body;
    sqlx::query(
        "insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind,
             from_state, to_state, reason, note, payload_json, prev_hash, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(event.seq)
    .bind(&body.subject_kind)
    .bind(&body.subject_id)
    .bind(body.subject_seq)
    .bind(body.at.0)
    .bind(&body.actor)
    .bind(&body.role)
    .bind(&body.kind)
    .bind(&body.from)
    .bind(&body.to)
    .bind(&body.reason)
    .bind(&body.note)
    .bind(&body.payload_json)
    .bind(&event.prev_hash)
    .bind(&event.hash)
    .execute(connection)
    .await?;
    Ok(())
}

fn event_of(row: &AnyRow) -> Result<StoredEvent> {
    Ok(StoredEvent {
        seq: row.try_get("event_seq")?,
        body: EventBody {
            subject_kind: row.try_get("subject_kind")?,
            subject_id: row.try_get("subject_id")?,
            subject_seq: row.try_get("subject_seq")?,
            at: utc(row, "at_us")?,
            actor: row.try_get("actor")?,
            role: row.try_get("role")?,
            kind: row.try_get("kind")?,
            from: row.try_get("from_state")?,
            to: row.try_get("to_state")?,
            reason: row.try_get("reason")?,
            note: row.try_get("note")?,
            payload_json: row.try_get("payload_json")?,
        },
        prev_hash: row.try_get("prev_hash")?,
        hash: row.try_get("hash")?,
    })
}
