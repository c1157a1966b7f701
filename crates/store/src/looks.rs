//! What models saw in the tiles that were fixed before they looked. All models of a photo are one transaction.

use casework::evidence::StoredEvent;
use schedule::photo_ledger::{LossReason, PhotoState, advance};
use sqlx::AnyConnection;
use sqlx::query::Query;
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event};
use crate::jobs::{Claim, JobKind, close_job, enqueue};
use crate::open::Store;
use crate::rows::{Actor, DetectionRow, ModelRole, ModelRow, NewDetection, Placement, Problem, word};
use crate::tiles::mark_looked;

/// What one model got out of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelLook {
    /// The model that looked; it must be registered.
    pub model_sha256: String,
    /// As what it looked.
    pub role: ModelRole,
    /// Numbers of the tiles it looked at.
    pub tiles: Vec<u32>,
    /// What it saw.
    pub detections: Vec<NewDetection>,
    /// Why this model, and no other, got nothing.
    pub problem: Option<Problem>,
    /// Wall clock that it took, microseconds.
    pub took_us: u64,
}

/// What came out of looking at one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct LookResult {
    /// The photo.
    pub photo_id: String,
    /// Every model that was to look, the main one first.
    pub models: Vec<ModelLook>,
    /// Set when the pixels cannot be decoded: the photo counts as lost, its file stays.
    pub unreadable: Option<Problem>,
    /// Set when they can, but show too little: blurred, too dark…
    pub unusable: Option<Problem>,
    /// Who looked.
    pub actor: Actor,
}

macro_rules! select_detections {
    ($rest:literal) => {
        concat!(
            "select d.detection_id, d.photo_id, d.model_sha256, d.class, d.score, d.x0_px, d.y0_px, d.x1_px, ",
            "d.y1_px, d.longitude_deg, d.latitude_deg, d.cov_ee_m2, d.cov_en_m2, d.cov_nn_m2, d.extent_e_m, ",
            "d.extent_n_m, d.site_id, l.lead_id, p.sortie_id, p.sha256, p.captured_at_us, p.simulated, ",
            "p.width_px as photo_width_px, p.height_px as photo_height_px, p.gsd_cm as photo_gsd_cm ",
            "from detection d join photo p on p.photo_id = d.photo_id left join lead l on l.site_id = d.site_id ",
            $rest
        )
    };
}
pub(crate) use select_detections;

impl Store {
    /// Notes a model; a known one stays as it was noted first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn register_model(&self, model: &ModelRow, now: UtcMicros) -> Result<()> {
        let sql =
            "insert into model (model_sha256, name, card_text, registered_at_us) values ($1, $2, $3, $4)
             on conflict (model_sha256) do nothing";
        let query = sqlx::query(sql)
            .bind(&model.model_sha256)
            .bind(&model.name)
            .bind(&model.card_text);
        query.bind(now.0).execute(self.pool()).await?;
        Ok(())
    }

    /// A model by the SHA-256 of its file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn model(&self, model_sha256: &str) -> Result<ModelRow> {
        let sql = "select model_sha256, name, card_text from model where model_sha256 = $1";
        let row = sqlx::query(sql)
            .bind(model_sha256)
            .fetch_optional(self.pool())
            .await?;
        let row = row.ok_or_else(|| StoreError::NotFound {
            what: "model",
            id: model_sha256.to_owned(),
        })?;
        ModelRow::from_row(&row)
    }

    /// Takes the result of a look job: detections, the photo's move, its event, the sortie's association queued
    /// and the job done, all in one transaction. Detections that are there already stay as they are.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now; nothing was written then.
    /// [`StoreError::IllegalPhotoMove`] when the photo cannot be looked at from where it stands.
    pub async fn finish_look(
        &self,
        claim: &Claim,
        look: &LookResult,
        now: UtcMicros,
    ) -> Result<Option<StoredEvent>> {
        let mut tx = self.begin_write().await?;
        close_job(&mut tx, claim, now).await?;
        for model in &look.models {
            save_model_look(&mut tx, &look.photo_id, model).await?;
        }
        let event = move_photo(&mut tx, look, now).await?;
        enqueue(
            &mut tx,
            JobKind::Associate,
            &claim.sortie_id,
            &claim.sortie_id,
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(event)
    }

    /// The detections in one photo, best score first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn detections_of_photo(&self, photo_id: &str) -> Result<Vec<DetectionRow>> {
        let sql = select_detections!("where d.photo_id = $1 order by d.score desc, d.detection_id");
        let rows = sqlx::query(sql).bind(photo_id).fetch_all(self.pool()).await?;
        rows.iter().map(DetectionRow::from_row).collect()
    }

    /// One detection.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn detection(&self, detection_id: &str) -> Result<DetectionRow> {
        let row = sqlx::query(select_detections!("where d.detection_id = $1")).bind(detection_id);
        let row = row.fetch_optional(self.pool()).await?;
        let missing = || StoreError::NotFound {
            what: "detection",
            id: detection_id.to_owned(),
        };
        DetectionRow::from_row(&row.ok_or_else(missing)?)
    }
}

/// Writes down what one model saw and which tiles are done. What is there already stays as it is.
pub(crate) async fn save_model_look(
    connection: &mut AnyConnection,
    photo_id: &str,
    look: &ModelLook,
) -> Result<()> {
    for detection in &look.detections {
        let of = (photo_id, look.model_sha256.as_str());
        match look.role {
            ModelRole::Active => insert_detection(&mut *connection, of, detection).await?,
            ModelRole::Shadow => insert_shadow_detection(&mut *connection, of, detection).await?,
        }
    }
    mark_looked(&mut *connection, (photo_id, &look.model_sha256), &look.tiles).await?;
    if look.tiles.is_empty() && look.problem.is_none() {
        return Ok(());
    }
    // A model that looks as an active one is one from now on; never the other way round, its leads are there.
    let sql = "update tile_choice set look_us = look_us + $1, problem_code = $2, problem_json = $3,
             role = case when $4 = 'active' then 'active' else role end
         where photo_id = $5 and model_sha256 = $6";
    sqlx::query(sql)
        .bind(i64::try_from(look.took_us).unwrap_or(i64::MAX))
        .bind(look.problem.as_ref().map(|problem| problem.code.as_str()))
        .bind(
            look.problem
                .as_ref()
                .and_then(|problem| problem.detail_json.as_deref()),
        )
        .bind(look.role.as_str())
        .bind(photo_id)
        .bind(&look.model_sha256)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_shadow_detection(
    connection: &mut AnyConnection,
    (photo_id, model_sha256): (&str, &str),
    detection: &NewDetection,
) -> Result<()> {
    let sql =
        "insert into shadow_detection (detection_id, photo_id, model_sha256, class, score, x0_px, y0_px,
             x1_px, y1_px)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (detection_id) do nothing";
    let query = sqlx::query(sql)
        .bind(&detection.detection_id)
        .bind(photo_id)
        .bind(model_sha256)
        .bind(&detection.class)
        .bind(detection.score);
    let query = detection.box_px.into_iter().fold(query, Query::bind);
    query.execute(connection).await?;
    Ok(())
}

async fn insert_detection(
    connection: &mut AnyConnection,
    (photo_id, model_sha256): (&str, &str),
    detection: &NewDetection,
) -> Result<()> {
    // Two texts: a place is written whole or not at all.
    let sql = match &detection.place {
        Some(_) => {
            "insert into detection (detection_id, photo_id, model_sha256, class, score, x0_px, y0_px, x1_px,
                 y1_px, longitude_deg, latitude_deg, cov_ee_m2, cov_en_m2, cov_nn_m2, extent_e_m, extent_n_m)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             on conflict (detection_id) do nothing"
        }
        None => {
            "insert into detection (detection_id, photo_id, model_sha256, class, score, x0_px, y0_px, x1_px, y1_px)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (detection_id) do nothing"
        }
    };
    let query = sqlx::query(sql)
        .bind(&detection.detection_id)
        .bind(photo_id)
        .bind(model_sha256)
        .bind(&detection.class)
        .bind(detection.score);
    let place = detection.place.iter().flat_map(Placement::columns);
    let query = detection.box_px.into_iter().chain(place).fold(query, Query::bind);
    query.execute(connection).await?;
    Ok(())
}

async fn move_photo(
    connection: &mut AnyConnection,
    look: &LookResult,
    now: UtcMicros,
) -> Result<Option<StoredEvent>> {
    let row = sqlx::query("select state from photo where photo_id = $1").bind(&look.photo_id);
    let row = row.fetch_optional(&mut *connection).await?;
    let row = row.ok_or_else(|| StoreError::NotFound {
        what: "photo",
        id: look.photo_id.clone(),
    })?;
    let from: PhotoState = word(&row, "photo", "state")?;
    let to = match &look.unreadable {
        Some(_) => PhotoState::Lost(LossReason::Unreadable),
        None => PhotoState::LookedAt,
    };
    let problem = look.unreadable.as_ref().or(look.unusable.as_ref());
    if let Some(problem) = problem {
        sqlx::query("update photo set problem_code = $1, problem_json = $2 where photo_id = $3")
            .bind(&problem.code)
            .bind(&problem.detail_json)
            .bind(&look.photo_id)
            .execute(&mut *connection)
            .await?;
    }
    // A second look, by another model or at further tiles, moves nothing.
    if from == to || from == PhotoState::Reviewed {
        return Ok(None);
    }
    advance(from, to)?;
    sqlx::query("update photo set state = $1 where photo_id = $2")
        .bind(to.as_str())
        .bind(&look.photo_id)
        .execute(&mut *connection)
        .await?;
    let payload = payload(look).to_string();
    let event = NewEvent {
        subject_kind: "photo",
        subject_id: &look.photo_id,
        actor: &look.actor,
        kind: if look.unreadable.is_some() {
            "lost"
        } else {
            "looked_at"
        },
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason: problem.map(|problem| problem.code.as_str()),
        note: None,
        payload_json: Some(&payload),
    };
    Ok(Some(append_event(connection, event, now).await?))
}

/// What the chain says of a look: of the main model, and of the others where there are any. Shadow models leave no
/// trace there. No tiles: the ground is looked at in other photos, this one was not opened.
fn payload(look: &LookResult) -> serde_json::Value {
    let active = look.models.iter().filter(|model| model.role == ModelRole::Active);
    let mut said = active.map(|model| {
        let ids: Vec<&str> = model.detections.iter().map(|d| d.detection_id.as_str()).collect();
        serde_json::json!({ "model_sha256": model.model_sha256, "tiles": model.tiles.len(), "detections": ids })
    });
    let mut first = said.next().unwrap_or_default();
    let others: Vec<serde_json::Value> = said.collect();
    if !others.is_empty() {
        first["also"] = others.into();
    }
    first
}
