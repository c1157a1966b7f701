//! What shadow models saw, apart from everything that leads are made of, and what comparing models reads of a sortie.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::{Result, StoreError};
use crate::looks::{ModelLook, save_model_look, select_detections};
use crate::open::Store;
use crate::rows::{DetectionRow, ModelRole, ModelRow, NewDetection, Problem, box_of, whole};
use crate::tiles::{TileRow, tile_of};

/// As what a model was to look at a photo, and how that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoLook {
    /// The photo.
    pub photo_id: String,
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// As what.
    pub role: ModelRole,
    /// Why it got nothing, where others may have.
    pub problem: Option<Problem>,
    /// Wall clock that it took, microseconds; 0 where that was not measured.
    pub took_us: u64,
}

/// A thing of a model in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowDetectionRow {
    /// The photo.
    pub photo_id: String,
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// What it saw; without a place.
    pub detection: NewDetection,
}

macro_rules! select_shadow_detections {
    ($rest:literal) => {
        concat!(
            "select d.photo_id, d.model_sha256, d.detection_id, d.class, d.score, d.x0_px, d.y0_px, d.x1_px, ",
            "d.y1_px from shadow_detection d join photo p on p.photo_id = d.photo_id ",
            $rest
        )
    };
}

impl Store {
    /// Takes what a shadow model saw in a photo outside of its look job: rows of that model only, in one transaction,
    /// whatever role the look names.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing was written and the same call may be repeated.
    pub async fn save_shadow_look(&self, photo_id: &str, look: &ModelLook) -> Result<()> {
        let look = ModelLook {
            role: ModelRole::Shadow,
            ..look.clone()
        };
        let mut tx = self.begin_write().await?;
        save_model_look(&mut tx, photo_id, &look).await?;
        tx.commit().await
    }

    /// What a shadow model saw in one photo, best score first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn shadow_detections_of_photo(
        &self,
        photo_id: &str,
        model_sha256: &str,
    ) -> Result<Vec<NewDetection>> {
        let sql = select_shadow_detections!(
            "where d.photo_id = $1 and d.model_sha256 = $2 order by d.score desc, d.detection_id"
        );
        let query = sqlx::query(sql).bind(photo_id).bind(model_sha256);
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter().map(detection_of).collect()
    }

    /// What shadow models saw in the photos of a sortie, by photo, model and identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn shadow_detections_of_sortie(&self, sortie_id: &str) -> Result<Vec<ShadowDetectionRow>> {
        let sql = select_shadow_detections!("where p.sortie_id = $1");
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        let row = |row: &AnyRow| {
            Ok(ShadowDetectionRow {
                photo_id: row.try_get("photo_id")?,
                model_sha256: row.try_get("model_sha256")?,
                detection: detection_of(row)?,
            })
        };
        let mut rows: Vec<ShadowDetectionRow> = rows.iter().map(row).collect::<Result<_>>()?;
        // Not by the database: engines sort letters differently.
        rows.sort_by(|a, b| {
            let key = |row: &ShadowDetectionRow| (row.photo_id.clone(), row.model_sha256.clone());
            let by_photo = key(a).cmp(&key(b));
            by_photo.then_with(|| a.detection.detection_id.cmp(&b.detection.detection_id))
        });
        Ok(rows)
    }

    /// What active models saw in the photos of a sortie, by photo and identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn detections_of_sortie(&self, sortie_id: &str) -> Result<Vec<DetectionRow>> {
        let sql = select_detections!("where p.sortie_id = $1");
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        let mut rows: Vec<DetectionRow> = rows.iter().map(DetectionRow::from_row).collect::<Result<_>>()?;
        rows.sort_by(|a, b| {
            let by_photo = a.photo_id.cmp(&b.photo_id);
            by_photo.then_with(|| a.detection.detection_id.cmp(&b.detection.detection_id))
        });
        Ok(rows)
    }

    /// Which models were to look at which photos of a sortie, in no order that could be relied on.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn photo_looks(&self, sortie_id: &str) -> Result<Vec<PhotoLook>> {
        let sql = "select c.photo_id, c.model_sha256, c.role, c.problem_code, c.problem_json, c.look_us
             from tile_choice c join photo p on p.photo_id = c.photo_id where p.sortie_id = $1";
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        rows.iter().map(photo_look_of).collect()
    }

    /// The tiles of every photo of a sortie for every model, shadow models included: photo, SHA-256, tile.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tiles_of_sortie(&self, sortie_id: &str) -> Result<Vec<(String, String, TileRow)>> {
        let sql = "select t.photo_id, t.model_sha256, t.tile_index, t.x_px, t.y_px, t.width_px, t.height_px, t.scale,
                 t.pass, t.looked
             from tile t join photo p on p.photo_id = t.photo_id where p.sortie_id = $1 order by t.tile_index";
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get("photo_id")?,
                    row.try_get("model_sha256")?,
                    tile_of(row)?,
                ))
            })
            .collect()
    }

    /// Every model that was ever in use.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn models(&self) -> Result<Vec<ModelRow>> {
        let sql = "select model_sha256, name, card_text from model order by registered_at_us, model_sha256";
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        rows.iter().map(ModelRow::from_row).collect()
    }

    /// Names of the sorties that have photos.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sorties_with_photos(&self) -> Result<Vec<String>> {
        let sql = "select distinct sortie_id from photo";
        let mut names: Vec<String> = sqlx::query_scalar(sql).fetch_all(self.pool()).await?;
        names.sort();
        Ok(names)
    }
}

fn detection_of(row: &AnyRow) -> Result<NewDetection> {
    Ok(NewDetection {
        detection_id: row.try_get("detection_id")?,
        class: row.try_get("class")?,
        score: row.try_get("score")?,
        box_px: box_of(row)?,
        place: None,
    })
}

fn photo_look_of(row: &AnyRow) -> Result<PhotoLook> {
    let role: &str = row.try_get("role")?;
    let roles = [ModelRole::Active, ModelRole::Shadow];
    let role = roles.into_iter().find(|known| known.as_str() == role);
    let code: Option<String> = row.try_get("problem_code")?;
    let detail_json = row.try_get("problem_json")?;
    Ok(PhotoLook {
        photo_id: row.try_get("photo_id")?,
        model_sha256: row.try_get("model_sha256")?,
        role: role.ok_or_else(|| StoreError::BadRow {
            table: "tile_choice",
            field: "role",
            problem: "is no role".to_owned(),
        })?,
        problem: code.map(|code| Problem { code, detail_json }),
        took_us: whole(row, "tile_choice", "look_us")?,
    })
}
