//! Poses of a sortie that were checked against each other: what came of it replaces what the files stated, and
//! everything that rests on the poses with it.

use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::error::Result;
use crate::events::{NewEvent, append_event};
use crate::open::Store;
use crate::photos::{insert_footprint, select_photos};
use crate::rows::{Actor, NewFootprint, PhotoRow, Placement, whole};

/// That a sortie was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoseCheckRow {
    /// How many photos it had then.
    pub n_photos: u64,
    /// Names and versions of the height and surface models that were in force; nothing on flat ground.
    pub ground: String,
    /// What was compared and found, JSON text.
    pub summary_json: String,
}

/// A photo whose pose is another one now.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseChange {
    /// The photo.
    pub photo_id: String,
    /// Its pose now, with what was found and what the file stated, JSON text.
    pub pose_json: String,
    /// What was found, JSON text; goes into the photo's event.
    pub findings_json: String,
    /// Ground sampling distance at the image centre, cm.
    pub gsd_cm: Option<f64>,
    /// The ground it shows, where that counts.
    pub footprint: Option<NewFootprint>,
    /// Places of its detections, by detection id.
    pub places: Vec<(String, Option<Placement>)>,
}

impl Store {
    /// The photos of a sortie, by index.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn photos_of_sortie(&self, sortie_id: &str) -> Result<Vec<PhotoRow>> {
        let rows = sqlx::query(select_photos!("where p.sortie_id = $1 order by p.photo_index"))
            .bind(sortie_id)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(PhotoRow::from_row).collect()
    }

    /// The last check of a sortie, if there was one.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn pose_check(&self, sortie_id: &str) -> Result<Option<PoseCheckRow>> {
        let row = sqlx::query("select n_photos, ground, summary_json from pose_check where sortie_id = $1")
            .bind(sortie_id)
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| {
            Ok(PoseCheckRow {
                n_photos: whole(&row, "pose_check", "n_photos")?,
                ground: row.try_get("ground")?,
                summary_json: row.try_get("summary_json")?,
            })
        })
        .transpose()
    }

    /// Sorties with photos that were not checked, had fewer photos then, or were checked on another ground, by id.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn sorties_to_check(&self, ground: &str) -> Result<Vec<String>> {
        let sql = "select p.sortie_id from photo p left join pose_check c on c.sortie_id = p.sortie_id
             group by p.sortie_id, c.n_photos, c.ground
             having c.n_photos is null or c.n_photos <> count(*) or c.ground <> $1
             order by p.sortie_id";
        Ok(sqlx::query_scalar(sql)
            .bind(ground)
            .fetch_all(self.pool())
            .await?)
    }

    /// Gives detections other places, all in one transaction.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails; nothing was written then.
    pub async fn place_detections(&self, places: &[(String, Option<Placement>)]) -> Result<()> {
        let mut tx = self.begin_write().await?;
        for (detection_id, place) in places {
            place_anew(&mut tx, detection_id, place.as_ref()).await?;
        }
        tx.commit().await
    }

    /// Writes down a check: poses, footprints and places that changed, an event for each such photo, and that the
    /// sortie was checked, all in one transaction.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails; nothing was written then.
    pub async fn save_pose_check(
        &self,
        sortie_id: &str,
        check: &PoseCheckRow,
        changes: &[PoseChange],
        now: UtcMicros,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        for change in changes {
            apply(&mut tx, change, now).await?;
        }
        sqlx::query(
            "insert into pose_check (sortie_id, n_photos, ground, summary_json, checked_at_us)
             values ($1, $2, $3, $4, $5)
             on conflict (sortie_id) do update set n_photos = excluded.n_photos, ground = excluded.ground,
                 summary_json = excluded.summary_json, checked_at_us = excluded.checked_at_us",
        )
        .bind(sortie_id)
        .bind(i64::try_from(check.n_photos).unwrap_or(i64::MAX))
        .bind(&check.ground)
        .bind(&check.summary_json)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

async fn apply(connection: &mut AnyConnection, change: &PoseChange, now: UtcMicros) -> Result<()> {
    // Not prepared for good: see the note on absent numbers in `photos`.
    sqlx::query("update photo set pose_json = $1, gsd_cm = $2 where photo_id = $3")
        .persistent(false)
        .bind(&change.pose_json)
        .bind(change.gsd_cm)
        .bind(&change.photo_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from footprint where photo_id = $1")
        .bind(&change.photo_id)
        .execute(&mut *connection)
        .await?;
    if let Some(footprint) = &change.footprint {
        insert_footprint(connection, &change.photo_id, footprint).await?;
    }
    for (detection_id, place) in &change.places {
        place_anew(connection, detection_id, place.as_ref()).await?;
    }
    let actor = Actor {
        name: "pose_check".to_owned(),
        role: "model".to_owned(),
    };
    let event = NewEvent {
        subject_kind: "photo",
        subject_id: &change.photo_id,
        actor: &actor,
        kind: "pose_checked",
        from: None,
        to: None,
        reason: None,
        note: None,
        payload_json: Some(&change.findings_json),
    };
    append_event(connection, event, now).await?;
    Ok(())
}

async fn place_anew(
    connection: &mut AnyConnection,
    detection_id: &str,
    place: Option<&Placement>,
) -> Result<()> {
    sqlx::query(
        "update detection set longitude_deg = $1, latitude_deg = $2, cov_ee_m2 = $3, cov_en_m2 = $4,
             cov_nn_m2 = $5, extent_e_m = $6, extent_n_m = $7 where detection_id = $8",
    )
    .persistent(false)
    .bind(place.map(|place| place.longitude_deg))
    .bind(place.map(|place| place.latitude_deg))
    .bind(place.map(|place| place.cov_ee_m2))
    .bind(place.map(|place| place.cov_en_m2))
    .bind(place.map(|place| place.cov_nn_m2))
    .bind(place.map(|place| place.extent_e_m))
    .bind(place.map(|place| place.extent_n_m))
    .bind(detection_id)
    .execute(connection)
    .await?;
    Ok(())
}
