//! The instants of the calendar: each is taken on once, by one program, and ends in a word.

use std::fmt;
use std::str::FromStr;

use schedule::photo_ledger::SortieId;
use sqlx::Row;
use sqlx::any::AnyRow;
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::rows::{utc, word};

/// What became of an instant of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// Taken on, not settled yet.
    Due,
    /// Flown.
    Launched,
    /// Not flown, for a named reason.
    Refused,
    /// Its time had passed.
    Missed,
}

/// A text that names no [`SlotState`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not due, launched, refused or missed")]
pub struct UnknownSlotState {
    /// What was found.
    pub found: String,
}

/// How an instant of the calendar ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotEnd {
    /// In which word.
    pub state: SlotState,
    /// Code of a refusal.
    pub code: Option<String>,
    /// The flight that came of it.
    pub sortie_id: Option<SortieId>,
}

/// An instant of the calendar as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// Name of the mission.
    pub mission: String,
    /// The instant.
    pub slot_at: UtcMicros,
    /// Its dock.
    pub dock_id: String,
    /// What became of it.
    pub state: SlotState,
    /// Code of a refusal.
    pub code: Option<String>,
    /// The flight that came of it.
    pub sortie_id: Option<String>,
}

impl SlotState {
    /// The word in rows and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SlotState::Due => "due",
            SlotState::Launched => "launched",
            SlotState::Refused => "refused",
            SlotState::Missed => "missed",
        }
    }
}

impl fmt::Display for SlotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SlotState {
    type Err = UnknownSlotState;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownSlotState> {
        let all = [
            SlotState::Due,
            SlotState::Launched,
            SlotState::Refused,
            SlotState::Missed,
        ];
        let known = all.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| UnknownSlotState {
            found: text.to_owned(),
        })
    }
}

impl Store {
    /// Takes on an instant of the calendar. True for the one caller that has it now; false when it was taken on
    /// before, by whomever.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn claim_slot(
        &self,
        mission: &str,
        slot_at: UtcMicros,
        dock_id: &str,
        now: UtcMicros,
    ) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(
            "insert into slot (mission, slot_at_us, dock_id, state, claimed_at_us) values ($1, $2, $3, 'due', $4)
             on conflict (mission, slot_at_us) do nothing",
        )
        .bind(mission)
        .bind(slot_at.0)
        .bind(dock_id)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Writes down how an instant ended; a later word replaces an earlier one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nobody took it on.
    pub async fn settle_slot(
        &self,
        mission: &str,
        slot_at: UtcMicros,
        end: &SlotEnd,
        now: UtcMicros,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        let settled_at = (end.state != SlotState::Due).then_some(now.0);
        let done = sqlx::query(
            "update slot set state = $1, code = $2, sortie_id = $3, settled_at_us = $4
             where mission = $5 and slot_at_us = $6",
        )
        .persistent(false)
        .bind(end.state.as_str())
        .bind(&end.code)
        .bind(end.sortie_id.as_ref().map(SortieId::as_str))
        .bind(settled_at)
        .bind(mission)
        .bind(slot_at.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound {
                what: "slot",
                id: format!("{mission} {slot_at}"),
            });
        }
        tx.commit().await
    }

    /// Instants that were taken on, from `from` to before `until`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn slots_between(&self, from: UtcMicros, until: UtcMicros) -> Result<Vec<SlotRow>> {
        let sql = "select mission, slot_at_us, dock_id, state, code, sortie_id from slot
             where slot_at_us >= $1 and slot_at_us < $2 order by slot_at_us, mission";
        let rows = sqlx::query(sql).bind(from.0).bind(until.0);
        rows.fetch_all(self.pool()).await?.iter().map(slot_of).collect()
    }
}

fn slot_of(row: &AnyRow) -> Result<SlotRow> {
    Ok(SlotRow {
        mission: row.try_get("mission")?,
        slot_at: utc(row, "slot_at_us")?,
        dock_id: row.try_get("dock_id")?,
        state: word(row, "slot", "state")?,
        code: row.try_get("code")?,
        sortie_id: row.try_get("sortie_id")?,
    })
}
