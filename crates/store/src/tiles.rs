//! Which tiles of which photos of a sortie a model looks at. They are chosen for a whole sortie and are rows before
//! the model runs, so that a repeat gives the same answer.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::tile_choice::{ChosenTile, GroundSeen, Pass};
use survey::tiles::TileRect;
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::rows::{Problem, maybe_utc, truth, whole};

/// A tile of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileRow {
    /// 0, 1, 2… within the photo.
    pub tile_index: u32,
    /// Where it lies, at which scale, and what for.
    pub tile: ChosenTile,
    /// Whether the model has looked at it.
    pub looked: bool,
}

/// What the choice of tiles has to know of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoToChoose {
    /// Identity.
    pub photo_id: String,
    /// 1, 2, 3… within the sortie.
    pub photo_index: u32,
    /// Capture time, where known.
    pub captured_at: Option<UtcMicros>,
    /// Width, px; 0 where the file does not say.
    pub width_px: u32,
    /// Height, px; 0 where the file does not say.
    pub height_px: u32,
    /// Pose, JSON text, where usable.
    pub pose_json: Option<String>,
    /// Camera model, JSON text, where known.
    pub camera_json: Option<String>,
    /// Code of what it lacks.
    pub problem_code: Option<String>,
    /// Whether its tiles are chosen.
    pub is_chosen: bool,
    /// Whether its pixels were found unusable.
    pub is_unusable: bool,
    /// Its tiles.
    pub tiles: Vec<TileRow>,
}

/// The tiles chosen for one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoTiles {
    /// The photo.
    pub photo_id: String,
    /// Number of tiles that would look at all of it.
    pub of_all: u32,
    /// Tiles beside those it has.
    pub added: Vec<ChosenTile>,
}

/// How a sortie's tiles were chosen, and what that comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct SortieChoiceRow {
    /// The sortie.
    pub sortie_id: String,
    /// The model.
    pub model_sha256: String,
    /// 1 for the first choice; later ones follow photos that came late or were no good.
    pub choice_no: u32,
    /// In how many photos each cell of ground was to be looked at; 0 for all.
    pub looks_per_cell: u32,
    /// The frame of the cells, JSON text.
    pub frame_json: Option<String>,
    /// What became of the pass over whole photos, JSON text.
    pub full_frame_json: String,
    /// How often the ground is looked at.
    pub seen: GroundSeen,
}

/// Number of tiles of a sortie for a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TileCounts {
    /// Photos whose tiles are chosen.
    pub photos: u64,
    /// Those of them that the model looks at as a shadow.
    pub photos_in_shadow: u64,
    /// Those of them that have any.
    pub photos_with_tiles: u64,
    /// Tiles.
    pub tiles: u64,
    /// Those of them that show whole photos.
    pub full_frames: u64,
    /// Tiles that would look at all of the photos.
    pub of_all: u64,
}

impl Store {
    /// The photos of a sortie with what is chosen for them, in order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn photos_to_choose(&self, sortie_id: &str, model_sha256: &str) -> Result<Vec<PhotoToChoose>> {
        let sql = "select p.photo_id, p.photo_index, p.captured_at_us, p.width_px, p.height_px, p.pose_json,
                 p.camera_json, p.problem_code,
                 (select count(*) from tile_choice c where c.photo_id = p.photo_id and c.model_sha256 = $2) as chosen,
                 (select count(*) from photo_unusable u where u.photo_id = p.photo_id)
                     + (select count(*) from tile_choice c where c.photo_id = p.photo_id and c.model_sha256 = $2
                         and c.problem_code <> 'failed') as unusable
             from photo p where p.sortie_id = $1 order by p.photo_index";
        let rows = sqlx::query(sql)
            .bind(sortie_id)
            .bind(model_sha256)
            .fetch_all(self.pool())
            .await?;
        let mut photos = rows.iter().map(photo_of).collect::<Result<Vec<_>>>()?;
        let sql = "select t.photo_id, t.tile_index, t.x_px, t.y_px, t.width_px, t.height_px, t.scale, t.pass, t.looked
             from tile t join photo p on p.photo_id = t.photo_id
             where p.sortie_id = $1 and t.model_sha256 = $2 order by t.photo_id, t.tile_index";
        let rows = sqlx::query(sql)
            .bind(sortie_id)
            .bind(model_sha256)
            .fetch_all(self.pool())
            .await?;
        let mut tiles: BTreeMap<String, Vec<TileRow>> = BTreeMap::new();
        for row in &rows {
            tiles
                .entry(row.try_get("photo_id")?)
                .or_default()
                .push(tile_of(row)?);
        }
        for photo in &mut photos {
            photo.tiles = tiles.remove(&photo.photo_id).unwrap_or_default();
        }
        Ok(photos)
    }

    /// The tiles of a photo for a model, none of a photo given up for this model alone; `None` when they are not chosen
    /// yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tiles_of_photo(&self, photo_id: &str, model_sha256: &str) -> Result<Option<Vec<TileRow>>> {
        let sql = "select case when problem_code <> 'failed' then 1 else 0 end as given_up from tile_choice
             where photo_id = $1 and model_sha256 = $2";
        let chosen = sqlx::query(sql).bind(photo_id).bind(model_sha256);
        match chosen.fetch_optional(self.pool()).await? {
            None => return Ok(None),
            Some(row) if whole::<i64>(&row, "tile_choice", "given_up")? == 1 => return Ok(Some(Vec::new())),
            Some(_) => {}
        }
        let sql = "select tile_index, x_px, y_px, width_px, height_px, scale, pass, looked from tile
             where photo_id = $1 and model_sha256 = $2 order by tile_index";
        let rows = sqlx::query(sql)
            .bind(photo_id)
            .bind(model_sha256)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(tile_of).collect::<Result<_>>().map(Some)
    }

    /// The tiles of a photo for every active model, with the model's SHA-256: those that count as looked at.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tiles_by_model(&self, photo_id: &str) -> Result<Vec<(String, TileRow)>> {
        let sql =
            "select t.model_sha256, t.tile_index, t.x_px, t.y_px, t.width_px, t.height_px, t.scale, t.pass,
                 t.looked
             from tile t join tile_choice c on c.photo_id = t.photo_id and c.model_sha256 = t.model_sha256
             where t.photo_id = $1 and c.role = 'active' order by t.model_sha256, t.tile_index";
        let rows = sqlx::query(sql).bind(photo_id).fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("model_sha256")?, tile_of(row)?)))
            .collect()
    }

    /// What was found wrong with the pixels of a photo, if anything.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn unusable_photo(&self, photo_id: &str) -> Result<Option<Problem>> {
        let sql = "select code, detail_json from photo_unusable where photo_id = $1";
        let row = sqlx::query(sql)
            .bind(photo_id)
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| {
            Ok(Problem {
                code: row.try_get("code")?,
                detail_json: row.try_get("detail_json")?,
            })
        })
        .transpose()
    }

    /// The last choice for a sortie and model.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sortie_choice(
        &self,
        sortie_id: &str,
        model_sha256: &str,
    ) -> Result<Option<SortieChoiceRow>> {
        let sql = "select sortie_id, model_sha256, choice_no, looks_per_cell, frame_json, full_frame_json, shown_m2,
                 looked_0_m2, looked_1_m2, looked_2_m2, looked_more_m2, enough_m2
             from sortie_choice where sortie_id = $1 and model_sha256 = $2";
        let row = sqlx::query(sql)
            .bind(sortie_id)
            .bind(model_sha256)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(choice_of).transpose()
    }

    /// The last choice of a sortie for every model, and its tiles.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn choices_of_sortie(&self, sortie_id: &str) -> Result<Vec<(SortieChoiceRow, TileCounts)>> {
        let sql = "select model_sha256 from sortie_choice where sortie_id = $1 order by model_sha256";
        let models: Vec<String> = sqlx::query_scalar(sql)
            .bind(sortie_id)
            .fetch_all(self.pool())
            .await?;
        let mut choices = Vec::new();
        for model_sha256 in models {
            if let Some(choice) = self.sortie_choice(sortie_id, &model_sha256).await? {
                choices.push((choice, self.tile_counts(sortie_id, &model_sha256).await?));
            }
        }
        Ok(choices)
    }

    async fn tile_counts(&self, sortie_id: &str, model_sha256: &str) -> Result<TileCounts> {
        let sql = "select count(*) as photos, cast(coalesce(sum(c.of_all), 0) as bigint) as of_all,
                 count(case when c.role = 'shadow' then 1 end) as in_shadow,
                 (select count(distinct t.photo_id) from tile t join photo q on q.photo_id = t.photo_id
                     where q.sortie_id = $1 and t.model_sha256 = $2) as with_tiles,
                 (select count(*) from tile t join photo q on q.photo_id = t.photo_id
                     where q.sortie_id = $1 and t.model_sha256 = $2) as tiles,
                 (select count(*) from tile t join photo q on q.photo_id = t.photo_id
                     where q.sortie_id = $1 and t.model_sha256 = $2 and t.pass = 'full_frame') as full_frames
             from tile_choice c join photo p on p.photo_id = c.photo_id
             where p.sortie_id = $1 and c.model_sha256 = $2";
        let row = sqlx::query(sql)
            .bind(sortie_id)
            .bind(model_sha256)
            .fetch_one(self.pool())
            .await?;
        Ok(TileCounts {
            photos: whole(&row, "tile_choice", "photos")?,
            photos_in_shadow: whole(&row, "tile_choice", "in_shadow")?,
            photos_with_tiles: whole(&row, "tile", "with_tiles")?,
            tiles: whole(&row, "tile", "tiles")?,
            full_frames: whole(&row, "tile", "full_frames")?,
            of_all: whole(&row, "tile_choice", "of_all")?,
        })
    }
}

/// Notes that a model looked at tiles.
pub(crate) async fn mark_looked(
    connection: &mut AnyConnection,
    (photo_id, model_sha256): (&str, &str),
    tiles: &[u32],
) -> Result<()> {
    for tile_index in tiles {
        let sql = "update tile set looked = 1 where photo_id = $1 and model_sha256 = $2 and tile_index = $3";
        let query = sqlx::query(sql).bind(photo_id).bind(model_sha256);
        query
            .bind(i64::from(*tile_index))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn photo_of(row: &AnyRow) -> Result<PhotoToChoose> {
    Ok(PhotoToChoose {
        photo_id: row.try_get("photo_id")?,
        photo_index: whole(row, "photo", "photo_index")?,
        captured_at: maybe_utc(row, "captured_at_us")?,
        width_px: whole(row, "photo", "width_px")?,
        height_px: whole(row, "photo", "height_px")?,
        pose_json: row.try_get("pose_json")?,
        camera_json: row.try_get("camera_json")?,
        problem_code: row.try_get("problem_code")?,
        is_chosen: truth(row, "chosen")?,
        is_unusable: truth(row, "unusable")?,
        tiles: Vec::new(),
    })
}

pub(crate) fn tile_of(row: &AnyRow) -> Result<TileRow> {
    let pass: &str = row.try_get("pass")?;
    let pass = [Pass::Ground, Pass::FullFrame]
        .into_iter()
        .find(|known| known.as_str() == pass)
        .ok_or_else(|| StoreError::BadRow {
            table: "tile",
            field: "pass",
            problem: format!("{pass:?} is no pass"),
        })?;
    Ok(TileRow {
        tile_index: whole(row, "tile", "tile_index")?,
        tile: ChosenTile {
            rect: TileRect {
                x_px: whole(row, "tile", "x_px")?,
                y_px: whole(row, "tile", "y_px")?,
                width_px: whole(row, "tile", "width_px")?,
                height_px: whole(row, "tile", "height_px")?,
            },
            scale: row.try_get("scale")?,
            pass,
        },
        looked: truth(row, "looked")?,
    })
}

fn choice_of(row: &AnyRow) -> Result<SortieChoiceRow> {
    Ok(SortieChoiceRow {
        sortie_id: row.try_get("sortie_id")?,
        model_sha256: row.try_get("model_sha256")?,
        choice_no: whole(row, "sortie_choice", "choice_no")?,
        looks_per_cell: whole(row, "sortie_choice", "looks_per_cell")?,
        frame_json: row.try_get("frame_json")?,
        full_frame_json: row.try_get("full_frame_json")?,
        seen: GroundSeen {
            shown_m2: row.try_get("shown_m2")?,
            by_looks_m2: [
                row.try_get("looked_0_m2")?,
                row.try_get("looked_1_m2")?,
                row.try_get("looked_2_m2")?,
                row.try_get("looked_more_m2")?,
            ],
            enough_m2: row.try_get("enough_m2")?,
        },
    })
}
