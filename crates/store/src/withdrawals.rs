//! Sorties that a person takes out of coverage, and lets count again. Their photos stay, with all that was found in them.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event};
use crate::open::Store;
use crate::rows::{Actor, whole};

/// A sortie that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The sortie.
    pub sortie_id: String,
    /// Why, in a person's words.
    pub reason: String,
    /// Who said so.
    pub actor: Actor,
    /// When.
    pub withdrawn_at: UtcMicros,
    /// Photos that do not count by it.
    pub photos: u64,
}

/// What became of a request to withdraw a sortie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The withdrawal that stands.
    pub standing: Withdrawal,
    /// Whether this request made it; else the sortie was withdrawn before, for the reason of then.
    pub is_new: bool,
}

macro_rules! select_withdrawals {
    ($rest:literal) => {
        concat!(
            "select w.sortie_id, w.reason, w.actor, w.role, w.withdrawn_at_us, ",
            "(select count(*) from photo p where p.sortie_id = w.sortie_id) as photos from sortie_withdrawal w ",
            $rest
        )
    };
}

impl Store {
    /// Takes a sortie out of what counts, with an event for each of its photos. One that is withdrawn stays so, for the
    /// first reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a sortie that is not there; [`StoreError`] when the database fails.
    pub async fn withdraw_sortie(
        &self,
        sortie_id: &str,
        reason: &str,
        actor: &Actor,
        now: UtcMicros,
    ) -> Result<Withdrawn> {
        let mut tx = self.begin_write().await?;
        let known: i64 = sqlx::query_scalar("select count(*) from sortie where sortie_id = $1")
            .bind(sortie_id)
            .fetch_one(&mut *tx)
            .await?;
        if known == 0 {
            return Err(StoreError::NotFound {
                what: "sortie",
                id: sortie_id.to_owned(),
            });
        }
        let sql = "insert into sortie_withdrawal (sortie_id, reason, actor, role, withdrawn_at_us)
             values ($1, $2, $3, $4, $5) on conflict (sortie_id) do nothing";
        let query = sqlx::query(sql).bind(sortie_id).bind(reason);
        let query = query.bind(&actor.name).bind(&actor.role).bind(now.0);
        let is_new = query.execute(&mut *tx).await?.rows_affected() == 1;
        if is_new {
            tell(&mut tx, sortie_id, (actor, "withdrawn", Some(reason)), now).await?;
        }
        let standing = sqlx::query(select_withdrawals!("where w.sortie_id = $1")).bind(sortie_id);
        let standing = withdrawal(&standing.fetch_one(&mut *tx).await?)?;
        tx.commit().await?;
        Ok(Withdrawn { standing, is_new })
    }

    /// Lets a withdrawn sortie count again. Answers how many photos that concerns.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a sortie that is not withdrawn; [`StoreError`] when the database fails.
    pub async fn restore_sortie(
        &self,
        sortie_id: &str,
        reason: Option<&str>,
        actor: &Actor,
        now: UtcMicros,
    ) -> Result<u64> {
        let mut tx = self.begin_write().await?;
        let sql = "delete from sortie_withdrawal where sortie_id = $1";
        let done = sqlx::query(sql).bind(sortie_id).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound {
                what: "withdrawn sortie",
                id: sortie_id.to_owned(),
            });
        }
        let photos = tell(&mut tx, sortie_id, (actor, "restored", reason), now).await?;
        tx.commit().await?;
        Ok(photos)
    }

    /// The withdrawn sorties, the latest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn withdrawals(&self) -> Result<Vec<Withdrawal>> {
        let sql = select_withdrawals!("order by w.withdrawn_at_us desc, w.sortie_id");
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        rows.iter().map(withdrawal).collect()
    }
}

fn withdrawal(row: &AnyRow) -> Result<Withdrawal> {
    Ok(Withdrawal {
        sortie_id: row.try_get("sortie_id")?,
        reason: row.try_get("reason")?,
        actor: Actor {
            name: row.try_get("actor")?,
            role: row.try_get("role")?,
        },
        withdrawn_at: UtcMicros(row.try_get("withdrawn_at_us")?),
        photos: whole(row, "sortie_withdrawal", "photos")?,
    })
}

/// An event for every photo of a sortie; how many photos there are.
async fn tell(
    connection: &mut AnyConnection,
    sortie_id: &str,
    (actor, kind, reason): (&Actor, &str, Option<&str>),
    now: UtcMicros,
) -> Result<u64> {
    let sql = "select photo_id from photo where sortie_id = $1 order by photo_id";
    let query = sqlx::query_scalar(sql).bind(sortie_id);
    let photos: Vec<String> = query.fetch_all(&mut *connection).await?;
    for photo_id in &photos {
        let event = NewEvent {
            subject_kind: "photo",
            subject_id: photo_id,
            actor,
            kind,
            from: None,
            to: None,
            reason,
            note: None,
            payload_json: None,
        };
        append_event(connection, event, now).await?;
    }
    Ok(photos.len() as u64)
}
