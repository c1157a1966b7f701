//! Overrides of checks before a flight: given, listed, withdrawn, and each use appended to the chain of its sortie.

use schedule::interlock::{OverrideGiven, Scope};
use schedule::photo_ledger::SortieId;
use sqlx::Row;
use sqlx::any::AnyRow;
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

const COLUMNS: &str = "select override_id, check_name, dock_id, sortie_id, actor, role, reason, given_at_us, until_us, \
     withdrawn_at_us, withdrawn_by from gate_override";

impl Store {
    /// Writes an override down; the answer has its number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn give_override(&self, new: &NewOverride) -> Result<OverrideRow> {
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
        tx.commit().await?;
        Ok(OverrideRow {
            given,
            given_at: new.given_at,
            withdrawn: None,
        })
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

    /// Withdraws an override; one that was withdrawn before stays as it was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn withdraw_override(&self, id: &str, by: &str, at: UtcMicros) -> Result<OverrideRow> {
        let mut tx = self.begin_write().await?;
        sqlx::query(
            "update gate_override set withdrawn_at_us = $1, withdrawn_by = $2
             where override_id = $3 and withdrawn_at_us is null",
        )
        .bind(at.0)
        .bind(by)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where override_id = $1"));
        let row = sqlx::query(sql).bind(id).fetch_optional(&mut *tx).await?;
        let row = row.ok_or_else(|| StoreError::NotFound {
            what: "override",
            id: id.to_owned(),
        })?;
        let found = override_of(&row)?;
        tx.commit().await?;
        Ok(found)
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
        let known = |event: &casework::evidence::StoredEvent| {
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
