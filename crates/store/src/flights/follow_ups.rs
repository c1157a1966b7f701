//! Missions that took several sorties: the first one, and those that fly on where it broke off.

use schedule::photo_ledger::{PhotoState, SortieId};
use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use super::{Created, FLIGHT_COLUMNS, FlightRow, NewFlight, create_in};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::rows::{whole, word};

/// What became of one planned photo of a mission, whichever sortie took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissionPhoto {
    /// Number in the first sortie.
    pub shot_index: u32,
    /// How far it came, in the sortie in which it came furthest.
    pub state: PhotoState,
    /// That sortie.
    pub sortie_id: String,
}

impl MissionPhoto {
    /// Whether it was taken and is not lost.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !matches!(self.state, PhotoState::Planned | PhotoState::Lost(_))
    }
}

impl Store {
    /// Writes down a flight that is due and flies the rest of the mission of `first`. `photos`: numbers of its planned
    /// photos, each with the number of the first sortie's photo that it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such first sortie; [`StoreError`] when the database fails. Nothing was
    /// written then.
    pub async fn create_follow_up(
        &self,
        flight: &NewFlight,
        first: &str,
        photos: &[(u32, u32)],
        now: UtcMicros,
    ) -> Result<Created> {
        let mut tx = self.begin_write().await?;
        if super::state_of(&mut tx, first).await?.is_none() {
            return Err(super::no_flight(first));
        }
        if create_in(&mut tx, flight, now).await? == Created::Known {
            return Ok(Created::Known);
        }
        link(&mut tx, &flight.sortie_id, first, photos).await?;
        tx.commit().await?;
        Ok(Created::New)
    }

    /// The sorties that fly on the mission of `first`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn follow_ups(&self, first: &str) -> Result<Vec<FlightRow>> {
        let sql =
            format!("{FLIGHT_COLUMNS} where f.continues_sortie = $1 order by f.created_at_us, f.sortie_id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(first);
        self.with_counts(rows.fetch_all(self.pool()).await?).await
    }

    /// Every planned photo of the mission that `first` began, by its number there.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn mission_photos(&self, first: &str) -> Result<Vec<MissionPhoto>> {
        let sql = "select sh.sortie_id, coalesce(sh.of_shot_index, sh.shot_index) as number,
                 coalesce(p.state, sh.state) as state
             from shot sh join flight f on f.sortie_id = sh.sortie_id left join photo p on p.photo_id = sh.photo_id
             where (sh.sortie_id = $1 and sh.planned = 1)
                 or (f.continues_sortie = $2 and sh.of_shot_index is not null)
             order by number, f.created_at_us, sh.sortie_id";
        let rows = sqlx::query(sql)
            .bind(first)
            .bind(first)
            .fetch_all(self.pool())
            .await?;
        let mut photos: Vec<MissionPhoto> = Vec::new();
        for row in &rows {
            let found = MissionPhoto {
                shot_index: whole(row, "shot", "number")?,
                state: word(row, "shot", "state")?,
                sortie_id: row.try_get("sortie_id")?,
            };
            match photos.last_mut() {
                Some(known) if known.shot_index == found.shot_index => {
                    if !known.is_there() || (found.is_there() && found.state > known.state) {
                        *known = found;
                    }
                }
                _next => photos.push(found),
            }
        }
        Ok(photos)
    }
}

async fn link(
    connection: &mut AnyConnection,
    sortie_id: &SortieId,
    first: &str,
    photos: &[(u32, u32)],
) -> Result<()> {
    sqlx::query("update flight set continues_sortie = $1 where sortie_id = $2")
        .bind(first)
        .bind(sortie_id.as_str())
        .execute(&mut *connection)
        .await?;
    for (shot_index, of) in photos {
        let done = sqlx::query("update shot set of_shot_index = $1 where sortie_id = $2 and shot_index = $3")
            .bind(i64::from(*of))
            .bind(sortie_id.as_str())
            .bind(i64::from(*shot_index))
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::NotFound {
                what: "photo",
                id: format!("{sortie_id}/{shot_index:05}"),
            });
        }
    }
    Ok(())
}
