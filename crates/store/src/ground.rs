//! What coverage is computed from: the footprints of photos, and the working grid that is fixed once per folder.

use survey::time::CivilDay;

use crate::error::Result;
use crate::open::Store;
use crate::rows::{FootprintRow, NewFootprint, maybe_utc, truth, whole};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Which footprints count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FootprintQuery {
    /// Taken on this civil day or later.
    pub since: Option<CivilDay>,
    /// Taken on this civil day or earlier.
    pub until: Option<CivilDay>,
    /// At least this sharp, cm.
    pub max_gsd_cm: Option<f64>,
}

macro_rules! select_footprints {
    ($rest:literal) => {
        concat!(
            "select f.photo_id, f.civil_day, f.gsd_cm, f.area_m2, f.truncated, f.outline_json, f.ground, ",
            "f.hidden_json, p.captured_at_us ",
            "from footprint f join photo p on p.photo_id = f.photo_id ",
            $rest
        )
    };
}

impl Store {
    /// The footprint of one photo, if it has one and the photo counts.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn footprint(&self, photo_id: &str) -> Result<Option<FootprintRow>> {
        let row = sqlx::query(select_footprints!(
            "where f.photo_id = $1
             and not exists (select 1 from photo_unusable u where u.photo_id = f.photo_id)
             and not exists (select 1 from sortie_withdrawal w where w.sortie_id = p.sortie_id)"
        ))
        .bind(photo_id)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(footprint_of).transpose()
    }

    /// The footprint of one photo, if it has one, whether the photo counts or not.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn stored_footprint(&self, photo_id: &str) -> Result<Option<FootprintRow>> {
        let row = sqlx::query(select_footprints!("where f.photo_id = $1"))
            .bind(photo_id)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(footprint_of).transpose()
    }

    /// The footprints that count, by day, then photo. A photo whose pixels cannot be used does not,
    /// nor does one of a sortie that was withdrawn.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn footprints(&self, query: &FootprintQuery) -> Result<Vec<FootprintRow>> {
        let rows = sqlx::query(select_footprints!(
            "where f.civil_day >= $1 and f.civil_day <= $2 and f.gsd_cm <= $3
             and not exists (select 1 from photo_unusable u where u.photo_id = f.photo_id)
             and not exists (select 1 from sortie_withdrawal w where w.sortie_id = p.sortie_id)
             order by f.civil_day, f.photo_id"
        ))
        .bind(query.since.map_or(i64::MIN, |d| i64::from(d.0)))
        .bind(query.until.map_or(i64::MAX, |d| i64::from(d.0)))
        .bind(query.max_gsd_cm.unwrap_or(f64::INFINITY))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(footprint_of).collect()
    }

    /// The definition of the working grid, JSON text, once fixed.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn working_grid(&self) -> Result<Option<String>> {
        let sql = "select value from meta where key = 'working_grid'";
        Ok(sqlx::query_scalar(sql).fetch_optional(self.pool()).await?)
    }

    /// Fixes the working grid for good. The first caller decides; everyone gets the definition that holds.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn fix_working_grid(&self, definition_json: &str) -> Result<String> {
        let mut tx = self.begin_write().await?;
        sqlx::query("insert into meta (key, value) values ('working_grid', $1) on conflict (key) do nothing")
            .bind(definition_json)
            .execute(&mut *tx)
            .await?;
        let sql = "select value from meta where key = 'working_grid'";
        let stands = sqlx::query_scalar(sql).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(stands)
    }
}

fn footprint_of(row: &AnyRow) -> Result<FootprintRow> {
    Ok(FootprintRow {
        photo_id: row.try_get("photo_id")?,
        captured_at: maybe_utc(row, "captured_at_us")?,
        footprint: NewFootprint {
            civil_day: CivilDay(whole(row, "footprint", "civil_day")?),
            gsd_cm: row.try_get("gsd_cm")?,
            area_m2: row.try_get("area_m2")?,
            truncated: truth(row, "truncated")?,
            outline_json: row.try_get("outline_json")?,
            on_terrain: row.try_get::<String, _>("ground")? == "terrain",
            hidden_json: row.try_get("hidden_json")?,
        },
    })
}
