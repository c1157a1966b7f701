//! Writes down which tiles of a sortie's photos are to be looked at. Every choice of a sortie and model has a number,
//! and only one can have the next.

use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::error::Result;
use crate::jobs::{JobKind, enqueue};
use crate::open::Store;
use crate::rows::{ModelRole, Problem};
use crate::tiles::{PhotoTiles, SortieChoiceRow};

/// The next choice for a sortie and model.
#[derive(Debug, Clone)]
pub struct NewChoice {
    /// Its number is one above that of the choice it goes on from.
    pub sortie: SortieChoiceRow,
    /// As what the model looks.
    pub role: ModelRole,
    /// Photo by photo.
    pub photos: Vec<PhotoTiles>,
    /// Whether photos that get further tiles are queued to be looked at again.
    pub queue: bool,
}

/// A photo that turned out to be unusable and gave rise to a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The photo.
    pub photo_id: String,
    /// What is wrong with its pixels.
    pub problem: Problem,
    /// Whether the photo counts as unusable; else it is so for the models of the choices only.
    pub for_all: bool,
}

impl Store {
    /// Writes the next choices of one sortie down, each for another model, with the photo that gave rise to them, and
    /// queues the photos that get further tiles to be looked at again. Answers false, and writes nothing, when another
    /// choice was made since for any of the models.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails; then nothing was written and the same call may be repeated.
    pub async fn save_choices(
        &self,
        choices: &[NewChoice],
        withdrawn: Option<&Withdrawn>,
        now: UtcMicros,
    ) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        for choice in choices {
            if !save_choice(&mut tx, choice, now).await? {
                return Ok(false);
            }
        }
        if let Some(withdrawn) = withdrawn {
            note_unusable(&mut tx, withdrawn, choices, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

async fn save_choice(connection: &mut AnyConnection, choice: &NewChoice, now: UtcMicros) -> Result<bool> {
    let sortie = &choice.sortie;
    if !next_choice(&mut *connection, sortie).await? {
        return Ok(false);
    }
    for photo in &choice.photos {
        let model = (sortie.model_sha256.as_str(), choice.role);
        let is_further = !note_chosen(&mut *connection, photo, model).await?;
        if photo.added.is_empty() {
            continue;
        }
        insert_tiles(&mut *connection, photo, &sortie.model_sha256).await?;
        if is_further && choice.queue {
            let key = &photo.photo_id;
            enqueue(&mut *connection, JobKind::Look, key, &sortie.sortie_id, now).await?;
        }
    }
    Ok(true)
}

async fn note_unusable(
    connection: &mut AnyConnection,
    withdrawn: &Withdrawn,
    choices: &[NewChoice],
    now: UtcMicros,
) -> Result<()> {
    let (photo_id, problem) = (&withdrawn.photo_id, &withdrawn.problem);
    if withdrawn.for_all {
        let sql = "insert into photo_unusable (photo_id, code, detail_json, found_at_us)
             values ($1, $2, $3, $4) on conflict (photo_id) do nothing";
        let query = sqlx::query(sql).bind(photo_id).bind(&problem.code);
        let query = query.bind(&problem.detail_json).bind(now.0);
        query.execute(connection).await?;
        return Ok(());
    }
    for choice in choices {
        let sql = "update tile_choice set problem_code = $1, problem_json = $2
             where photo_id = $3 and model_sha256 = $4";
        let query = sqlx::query(sql).bind(&problem.code).bind(&problem.detail_json);
        let query = query.bind(photo_id).bind(&choice.sortie.model_sha256);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes the number of the next choice; false when somebody else has it.
async fn next_choice(connection: &mut AnyConnection, sortie: &SortieChoiceRow) -> Result<bool> {
    let [none, once, twice, more] = sortie.seen.by_looks_m2;
    let done = sqlx::query(
        "insert into sortie_choice (sortie_id, model_sha256, choice_no, looks_per_cell, frame_json,
             full_frame_json, shown_m2, looked_0_m2, looked_1_m2, looked_2_m2, looked_more_m2, enough_m2)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (sortie_id, model_sha256) do update set choice_no = excluded.choice_no,
             looks_per_cell = excluded.looks_per_cell, frame_json = excluded.frame_json,
             full_frame_json = excluded.full_frame_json, shown_m2 = excluded.shown_m2,
             looked_0_m2 = excluded.looked_0_m2, looked_1_m2 = excluded.looked_1_m2,
             looked_2_m2 = excluded.looked_2_m2, looked_more_m2 = excluded.looked_more_m2,
             enough_m2 = excluded.enough_m2
         where sortie_choice.choice_no = excluded.choice_no - 1",
    )
    .bind(&sortie.sortie_id)
    .bind(&sortie.model_sha256)
    .bind(i64::from(sortie.choice_no))
    .bind(i64::from(sortie.looks_per_cell))
    .bind(&sortie.frame_json)
    .bind(&sortie.full_frame_json)
    .bind(sortie.seen.shown_m2)
    .bind(none)
    .bind(once)
    .bind(twice)
    .bind(more)
    .bind(sortie.seen.enough_m2)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Answers whether the photo was not chosen for before.
async fn note_chosen(
    connection: &mut AnyConnection,
    photo: &PhotoTiles,
    (model_sha256, role): (&str, ModelRole),
) -> Result<bool> {
    let sql = "insert into tile_choice (photo_id, model_sha256, of_all, role) values ($1, $2, $3, $4)
         on conflict (photo_id, model_sha256) do nothing";
    let query = sqlx::query(sql).bind(&photo.photo_id).bind(model_sha256);
    let query = query.bind(i64::from(photo.of_all)).bind(role.as_str());
    let done = query.execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

async fn insert_tiles(connection: &mut AnyConnection, photo: &PhotoTiles, model_sha256: &str) -> Result<()> {
    let sql =
        "select coalesce(max(tile_index), -1) as last from tile where photo_id = $1 and model_sha256 = $2";
    let query = sqlx::query(sql).bind(&photo.photo_id).bind(model_sha256);
    let last: i64 = query.fetch_one(&mut *connection).await?.try_get("last")?;
    for (index, tile) in (last + 1..).zip(&photo.added) {
        let rect = tile.rect;
        let sql =
            "insert into tile (photo_id, model_sha256, tile_index, x_px, y_px, width_px, height_px, scale,
                 pass, looked)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
        let query = sqlx::query(sql)
            .bind(&photo.photo_id)
            .bind(model_sha256)
            .bind(index);
        let sides = [rect.x_px, rect.y_px, rect.width_px, rect.height_px];
        let query = sides
            .into_iter()
            .fold(query, |query, side| query.bind(i64::from(side)));
        let query = query.bind(tile.scale).bind(tile.pass.as_str());
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
