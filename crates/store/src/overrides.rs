//! Overrides of checks before a flight: given, listed, withdrawn. Giving and withdrawing are events in the chain, and
//! each use is one in the chain of its sortie.

use casework::evidence::StoredEvent;
use schedule::interlock::{OverrideGiven, Scope};
use schedule::photo_ledger::SortieId;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event, events_of, next_number};
use crate::open::Store;
use crate::rows::{Actor, maybe_utc, utc};

/// An override that a person wants to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverride {
    /// Name of the check.
    pub check: String,
    /// For what.
    pub scope: Scope,
    /// Who gives it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// From when, on the city's clock.
    pub given_at: UtcMicros,
    /// Until when.
    pub until: UtcMicros,
}

/// An override as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRow {
    /// What was given.
    pub given: OverrideGiven,
    /// When, on the city's clock.
    pub given_at: UtcMicros,
    /// When and by whom it was withdrawn.
    pub withdrawn: Option<(UtcMicros, String)>,
}

impl OverrideRow {
    /// Whether it holds at `now` of the city's clock.
    #[must_use]
    pub fn holds(&self, now: UtcMicros) -> bool {
        self.withdrawn.is_none() && now < self.given.until
    }
}

const SUBJECT: &str = "override";
const GIVEN: &str = "given";
const IN_FORCE: &str = "in_force";
const WITHDRAWN: &str = "withdrawn";

const COLUMNS: &str = "select override_id, check_name, dock_id, sortie_id, actor, role, reason, given_at_us, until_us, \
     withdrawn_at_us, withdrawn_by from gate_override";

impl Store {
    /// Writes an override down, as a row and as an event of the chain; the answer has its number. `now` is the time of
    /// the event, on the wall clock.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn give_override(&self, new: &NewOverride, now: UtcMicros) -> Result<OverrideRow> {
        let mut tx = self.begin_write().await?;
        let number = next_number(&mut tx, "gate_override").await?;
        let given = OverrideGiven {
            id: format!("V{number}"),
            check: new.check.clone(),
            scope: new.scope.clone(),
            actor: new.actor.name.clone(),
            role: new.actor.role.clone(),
            reason: new.reason.clone(),
            until: new.until,
        };
        let (dock_id, sortie_id) = match &new.scope {
            Scope::Dock(id) => (Some(id), None),
            Scope::Sortie(id) => (None, Some(id)),
        };
        sqlx::query(
            "insert into gate_override (override_id, check_name, dock_id, sortie_id, actor, role, reason,
                 given_at_us, until_us)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .persistent(false)
        .bind(&given.id)
        .bind(&given.check)
        .bind(dock_id)
        .bind(sortie_id)
        .bind(&given.actor)
        .bind(&given.role)
        .bind(&given.reason)
        .bind(new.given_at.0)
        .bind(new.until.0)
        .execute(&mut *tx)
        .await?;
        let row = OverrideRow {
            given,
            given_at: new.given_at,
            withdrawn: None,
        };
        append_given(&mut tx, &row, None, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Overrides that still hold at `now` of the city's clock, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn overrides_in_force(&self, now: UtcMicros) -> Result<Vec<OverrideRow>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} where until_us > $1 and withdrawn_at_us is null order by given_at_us, override_id"
        ));
        let rows = sqlx::query(sql).bind(now.0).fetch_all(self.pool()).await?;
        rows.iter().map(override_of).collect()
    }

    /// The newest overrides, whether they hold or not, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn newest_overrides(&self, limit: u32) -> Result<Vec<OverrideRow>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} order by given_at_us desc, override_id desc limit $1"
        ));
        let rows = sqlx::query(sql)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(override_of).collect()
    }

    /// Withdraws an override, as a row and as an event of the chain; one that was withdrawn before stays as it was.
    /// `at` is on the city's clock, `now` on the wall clock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn withdraw_override(
        &self,
        id: &str,
        (by, reason): (&Actor, Option<&str>),
        at: UtcMicros,
        now: UtcMicros,
    ) -> Result<OverrideRow> {
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(
            "update gate_override set withdrawn_at_us = $1, withdrawn_by = $2
             where override_id = $3 and withdrawn_at_us is null",
        )
        .bind(at.0)
        .bind(&by.name)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where override_id = $1"));
        let row = sqlx::query(sql).bind(id).fetch_optional(&mut *tx).await?;
        let row = row.ok_or_else(|| StoreError::NotFound {
            what: "override",
            id: id.to_owned(),
        })?;
        if done.rows_affected() > 0 {
            append_withdrawn(&mut tx, id, (by, reason), at, now).await?;
        }
        let found = override_of(&row)?;
        tx.commit().await?;
        Ok(found)
    }

    /// The events of an override, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn override_events(&self, id: &str) -> Result<Vec<StoredEvent>> {
        let mut connection = self.pool().acquire().await?;
        events_of(&mut connection, SUBJECT, id).await
    }

    /// Overrides whose rows do not say what their events in the chain say: changed, put in or withdrawn past the
    /// program.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn overrides_unlike_their_events(&self) -> Result<Vec<String>> {
        let mut connection = self.pool().acquire().await?;
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} order by given_at_us, override_id"));
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
        let mut unlike = Vec::new();
        for row in &rows {
            let row = override_of(row)?;
            let events = events_of(&mut connection, SUBJECT, &row.given.id).await?;
            if !says_the_same(&row, &events) {
                unlike.push(row.given.id);
            }
        }
        Ok(unlike)
    }

    /// Gives overrides of before the chain held them their event, in the name of who gave them.
    pub(crate) async fn chain_old_overrides(&self, now: UtcMicros) -> Result<()> {
        let sql = format!(
            "{COLUMNS} where not exists (select 1 from event where subject_kind = 'override'
                 and subject_id = override_id) order by given_at_us, override_id"
        );
        let sql = || sqlx::AssertSqlSafe(sql.clone());
        if sqlx::query(sql()).fetch_optional(self.pool()).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        let rows = sqlx::query(sql()).fetch_all(&mut *tx).await?;
        for row in &rows {
            let row = override_of(row)?;
            append_given(&mut tx, &row, Some("given before the chain held overrides"), now).await?;
            if let Some((at, by)) = &row.withdrawn {
                let by = Actor {
                    name: by.clone(),
                    role: row.given.role.clone(),
                };
                append_withdrawn(&mut tx, &row.given.id, (&by, None), *at, now).await?;
            }
        }
        tx.commit().await
    }

    /// Appends the use of an override to the chain of a sortie: who, in which role, why, and the check with its value
    /// and limit as it stood. Once for each override and sortie, however often the gate was asked.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was written then.
    pub async fn note_override_used(
        &self,
        sortie_id: &SortieId,
        given: &OverrideGiven,
        check_json: &str,
        now: UtcMicros,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        let before = events_of(&mut tx, "sortie", sortie_id.as_str()).await?;
        let known = |event: &StoredEvent| {
            event.body.kind == "overridden" && event.body.note.as_deref() == Some(&given.id)
        };
        if before.iter().any(known) {
            return Ok(());
        }
        let actor = Actor {
            name: given.actor.clone(),
            role: given.role.clone(),
        };
        let event = NewEvent {
            subject_kind: "sortie",
            subject_id: sortie_id.as_str(),
            actor: &actor,
            kind: "overridden",
            from: None,
            to: None,
            reason: Some(&given.reason),
            note: Some(&given.id),
            payload_json: Some(check_json),
        };
        append_event(&mut tx, event, now).await?;
        tx.commit().await
    }
}

async fn append_given(
    connection: &mut AnyConnection,
    row: &OverrideRow,
    note: Option<&str>,
    now: UtcMicros,
) -> Result<()> {
    let actor = Actor {
        name: row.given.actor.clone(),
        role: row.given.role.clone(),
    };
    let event = NewEvent {
        subject_kind: SUBJECT,
        subject_id: &row.given.id,
        actor: &actor,
        kind: GIVEN,
        from: None,
        to: Some(IN_FORCE),
        reason: Some(&row.given.reason),
        note,
        payload_json: Some(&given_json(row)),
    };
    append_event(connection, event, now).await?;
    Ok(())
}

async fn append_withdrawn(
    connection: &mut AnyConnection,
    id: &str,
    (by, reason): (&Actor, Option<&str>),
    at: UtcMicros,
    now: UtcMicros,
) -> Result<()> {
    let event = NewEvent {
        subject_kind: SUBJECT,
        subject_id: id,
        actor: by,
        kind: WITHDRAWN,
        from: Some(IN_FORCE),
        to: Some(WITHDRAWN),
        reason,
        note: None,
        payload_json: Some(&withdrawn_json(at)),
    };
    append_event(connection, event, now).await?;
    Ok(())
}

/// What is overridden, for what and how long, as the event holds it. Keys are in the order of the alphabet.
fn given_json(row: &OverrideRow) -> String {
    let (dock_id, sortie_id) = match &row.given.scope {
        Scope::Dock(id) => (Some(id), None),
        Scope::Sortie(id) => (None, Some(id)),
    };
    let check = &row.given.check;
    let (given_at_us, until_us) = (row.given_at.0, row.given.until.0);
    json!({ "check": check, "dock_id": dock_id, "given_at_us": given_at_us, "sortie_id": sortie_id, "until_us": until_us })
        .to_string()
}

fn withdrawn_json(at: UtcMicros) -> String {
    json!({ "withdrawn_at_us": at.0 }).to_string()
}

fn says_the_same(row: &OverrideRow, events: &[StoredEvent]) -> bool {
    let (given, withdrawn) = match events {
        [given] => (&given.body, None),
        [given, withdrawn] => (&given.body, Some(&withdrawn.body)),
        _ => return false,
    };
    let is_given = given.kind == GIVEN
        && (&given.actor, &given.role) == (&row.given.actor, &row.given.role)
        && given.reason.as_ref() == Some(&row.given.reason)
        && given.payload_json.as_deref() == Some(&given_json(row));
    let is_withdrawn = match (withdrawn, &row.withdrawn) {
        (None, None) => true,
        (Some(event), Some((at, by))) => {
            event.kind == WITHDRAWN
                && event.actor == *by
                && event.payload_json.as_deref() == Some(&withdrawn_json(*at))
        }
        _ => false,
    };
    is_given && is_withdrawn
}

fn override_of(row: &AnyRow) -> Result<OverrideRow> {
    let dock_id: Option<String> = row.try_get("dock_id")?;
    let sortie_id: Option<String> = row.try_get("sortie_id")?;
    let scope = match sortie_id {
        Some(sortie) => Scope::Sortie(sortie),
        None => Scope::Dock(dock_id.unwrap_or_default()),
    };
    let withdrawn_at = maybe_utc(row, "withdrawn_at_us")?;
    let withdrawn_by: Option<String> = row.try_get("withdrawn_by")?;
    Ok(OverrideRow {
        given: OverrideGiven {
            id: row.try_get("override_id")?,
            check: row.try_get("check_name")?,
            scope,
            actor: row.try_get("actor")?,
            role: row.try_get("role")?,
            reason: row.try_get("reason")?,
            until: utc(row, "until_us")?,
        },
        given_at: utc(row, "given_at_us")?,
        withdrawn: withdrawn_at.zip(withdrawn_by),
    })
}
