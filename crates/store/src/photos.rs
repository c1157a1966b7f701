//! Photos: committing one with everything that follows from it, and listing them.

use schedule::photo_ledger::{PhotoId, PhotoState};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event};
use crate::flights::{attach_file, highest_shot};
use crate::jobs::{JobKind, enqueue};
use crate::open::Store;
use crate::rows::{NewFootprint, NewPhoto, PhotoRow, whole, word};

/// What became of a photo that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It has a row now, and jobs wait for it.
    New(PhotoId),
    /// The same content was there already; only the name was noted.
    Known(PhotoId),
}

/// How many rows of each kind there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All photos.
    pub photos: u64,
    /// Photos in each state, only states that occur.
    pub photos_by_state: Vec<(PhotoState, u64)>,
    /// Photos of a simulator.
    pub simulated_photos: u64,
    /// Photos that show no known ground.
    pub photos_without_footprint: u64,
    /// Detections.
    pub detections: u64,
    /// Sites.
    pub sites: u64,
    /// Leads.
    pub leads: u64,
}

macro_rules! select_photos {
    ($rest:literal) => {
        concat!(
            "select p.photo_id, p.sortie_id, p.photo_index, p.sha256, p.byte_len, p.state, p.captured_at_us, ",
            "p.capture_zone, p.width_px, p.height_px, p.metadata_json, p.pose_json, p.camera_json, ",
            "p.problem_code, p.problem_json, p.gsd_cm, p.simulated, p.stored_at_us, ",
            "(select count(*) from detection d where d.photo_id = p.photo_id) as n_detections from photo p ",
            $rest
        )
    };
}
pub(crate) use select_photos;

impl Store {
    /// Gives a photo whose original is in the folder its row, name, footprint, first event and jobs, all in one
    /// transaction, and stores the shot of its flight, where it has one. Its index is `shot_index`, or the next
    /// free one of the sortie. Content that is known only gets another name; when it came with another sortie, it
    /// is the photo of this shot, too.
    ///
    /// # Errors
    /// [`StoreError::IndexTaken`] when `shot_index` holds other content. [`StoreError`] when the database fails.
    /// Nothing was written then and the same call may be repeated.
    pub async fn commit_photo(&self, photo: &NewPhoto, now: UtcMicros) -> Result<CommitOutcome> {
        let mut tx = self.begin_write().await?;
        if let Some(known) = photo_id_of(&mut tx, &photo.sha256).await? {
            note_known(&mut tx, photo, &known, now).await?;
            tx.commit().await?;
            return Ok(CommitOutcome::Known(known));
        }
        insert_sortie(&mut tx, photo, now).await?;
        let sortie_id = photo.sortie_id.as_str();
        let index = match photo.shot_index {
            Some(index) => index,
            None => next_index(&mut tx, sortie_id).await?,
        };
        let id = PhotoId {
            sortie: photo.sortie_id.clone(),
            index,
        };
        let photo_id = id.to_string();
        prove_free(&mut tx, &photo_id).await?;
        insert_photo(&mut tx, &id, photo, now).await?;
        insert_name(&mut tx, photo, now).await?;
        if let Some(footprint) = &photo.footprint {
            insert_footprint(&mut tx, &photo_id, footprint).await?;
        }
        attach_file(&mut tx, (sortie_id, index), &photo_id, now).await?;
        append_stored(&mut tx, &photo_id, photo, now).await?;
        enqueue(&mut tx, JobKind::Look, &photo_id, sortie_id, now).await?;
        enqueue(&mut tx, JobKind::Associate, sortie_id, sortie_id, now).await?;
        tx.commit().await?;
        Ok(CommitOutcome::New(id))
    }

    /// One photo.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn photo(&self, photo_id: &str) -> Result<PhotoRow> {
        let row = sqlx::query(select_photos!("where p.photo_id = $1")).bind(photo_id);
        let found = self.with_names(row.fetch_all(self.pool()).await?).await?;
        let missing = || StoreError::NotFound {
            what: "photo",
            id: photo_id.to_owned(),
        };
        found.into_iter().next().ok_or_else(missing)
    }

    /// The photo whose original has this SHA-256, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn photo_by_sha256(&self, sha256: &str) -> Result<Option<PhotoRow>> {
        let row = sqlx::query(select_photos!("where p.sha256 = $1")).bind(sha256);
        Ok(self
            .with_names(row.fetch_all(self.pool()).await?)
            .await?
            .into_iter()
            .next())
    }

    /// The photo that came under this name, if there is one; of several the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn photo_named(&self, name: &str) -> Result<Option<PhotoRow>> {
        let row = sqlx::query(select_photos!(
            "where p.sha256 in (select n.sha256 from photo_name n where n.name = $1) order by p.photo_id limit 1"
        ))
        .bind(name);
        let found = self.with_names(row.fetch_all(self.pool()).await?).await?;
        Ok(found.into_iter().next())
    }

    /// Photos, newest row first, at most `limit`, after the photo `after` of the page before.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn list_photos(&self, limit: u32, after: Option<&str>) -> Result<Vec<PhotoRow>> {
        let rows = match after {
            None => {
                let sql = select_photos!("order by p.stored_at_us desc, p.photo_id desc limit $1");
                sqlx::query(sql)
                    .bind(i64::from(limit))
                    .fetch_all(self.pool())
                    .await?
            }
            Some(after) => {
                let sql = select_photos!(
                    "where (p.stored_at_us, p.photo_id) < (select a.stored_at_us, a.photo_id from photo a
                     where a.photo_id = $1) order by p.stored_at_us desc, p.photo_id desc limit $2"
                );
                sqlx::query(sql)
                    .bind(after)
                    .bind(i64::from(limit))
                    .fetch_all(self.pool())
                    .await?
            }
        };
        self.with_names(rows).await
    }

    /// How many rows of each kind there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn counts(&self) -> Result<Counts> {
        let states = sqlx::query("select state, count(*) as n from photo group by state order by state")
            .fetch_all(self.pool())
            .await?;
        let by_state = |row: &AnyRow| Ok((word(row, "photo", "state")?, whole(row, "photo", "n")?));
        let row = sqlx::query(
            "select (select count(*) from photo) as photos,
                 (select count(*) from photo where simulated = 1) as simulated,
                 (select count(*) from photo) - (select count(*) from footprint) as blind,
                 (select count(*) from detection) as detections,
                 (select count(*) from site) as sites,
                 (select count(*) from lead) as leads",
        )
        .fetch_one(self.pool())
        .await?;
        Ok(Counts {
            photos: whole(&row, "photo", "photos")?,
            photos_by_state: states.iter().map(by_state).collect::<Result<_>>()?,
            simulated_photos: whole(&row, "photo", "simulated")?,
            photos_without_footprint: whole(&row, "photo", "blind")?,
            detections: whole(&row, "detection", "detections")?,
            sites: whole(&row, "site", "sites")?,
            leads: whole(&row, "lead", "leads")?,
        })
    }

    async fn with_names(&self, rows: Vec<AnyRow>) -> Result<Vec<PhotoRow>> {
        let mut photos = rows.iter().map(PhotoRow::from_row).collect::<Result<Vec<_>>>()?;
        if photos.is_empty() {
            return Ok(photos);
        }
        let sql = format!(
            "select sha256, name from photo_name where sha256 in ({}) order by seen_at_us, name",
            numbered_places(photos.len())
        );
        // Only "$1, $2…" is put into the text.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for photo in &photos {
            query = query.bind(photo.sha256.clone());
        }
        for row in query.fetch_all(self.pool()).await? {
            let sha256: String = row.try_get("sha256")?;
            let name: String = row.try_get("name")?;
            photos
                .iter_mut()
                .filter(|p| p.sha256 == sha256)
                .for_each(|p| p.names.push(name.clone()));
        }
        Ok(photos)
    }
}

/// `$1, $2, … $n`.
pub(crate) fn numbered_places(n: usize) -> String {
    (1..=n).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ")
}

async fn photo_id_of(connection: &mut AnyConnection, sha256: &str) -> Result<Option<PhotoId>> {
    let row = sqlx::query("select photo_id from photo where sha256 = $1").bind(sha256);
    row.fetch_optional(connection)
        .await?
        .map(|row| word(&row, "photo", "photo_id"))
        .transpose()
}

async fn insert_sortie(connection: &mut AnyConnection, photo: &NewPhoto, now: UtcMicros) -> Result<()> {
    let sql = "insert into sortie (sortie_id, kind, created_at_us) values ($1, $2, $3)
         on conflict (sortie_id) do nothing";
    let query = sqlx::query(sql)
        .bind(photo.sortie_id.as_str())
        .bind(photo.sortie_kind.as_str())
        .bind(now.0);
    query.execute(connection).await?;
    Ok(())
}

/// Behind every photo and every shot: a file that nobody expected must not take the place of one that is.
async fn next_index(connection: &mut AnyConnection, sortie_id: &str) -> Result<u32> {
    let sql = "select coalesce(max(photo_index), 0) as highest from photo where sortie_id = $1";
    let row = sqlx::query(sql)
        .bind(sortie_id)
        .fetch_one(&mut *connection)
        .await?;
    let photo: u32 = whole(&row, "photo", "highest")?;
    let shot = highest_shot(connection, sortie_id).await?;
    let next = photo.max(shot).checked_add(1);
    next.ok_or_else(|| StoreError::BadRow {
        table: "photo",
        field: "photo_index",
        problem: format!("all numbers of {sortie_id} are used up"),
    })
}

async fn prove_free(connection: &mut AnyConnection, photo_id: &str) -> Result<()> {
    let there = sqlx::query("select photo_id from photo where photo_id = $1").bind(photo_id);
    match there.fetch_optional(connection).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::IndexTaken {
            photo_id: photo_id.to_owned(),
        }),
    }
}

/// Content that is here already. The same file under two numbers of one sortie is the file of one shot only: the
/// other one is still missing.
async fn note_known(
    connection: &mut AnyConnection,
    photo: &NewPhoto,
    known: &PhotoId,
    now: UtcMicros,
) -> Result<()> {
    insert_name(connection, photo, now).await?;
    match photo.shot_index {
        Some(index) if known.sortie != photo.sortie_id => {
            let shot = (photo.sortie_id.as_str(), index);
            attach_file(connection, shot, &known.to_string(), now).await
        }
        _ => Ok(()),
    }
}

async fn insert_photo(
    connection: &mut AnyConnection,
    id: &PhotoId,
    photo: &NewPhoto,
    now: UtcMicros,
) -> Result<()> {
    sqlx::query(
        "insert into photo (photo_id, sortie_id, photo_index, sha256, byte_len, state, captured_at_us, capture_zone,
             width_px, height_px, metadata_json, pose_json, camera_json, problem_code, problem_json, gsd_cm,
             simulated, stored_at_us)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    // A prepared statement would keep the parameter types of its first use, and sqlx 0.9 gives an absent number
    // another PostgreSQL type (float4) than a present one (float8).
    .persistent(false)
    .bind(id.to_string())
    .bind(id.sortie.as_str())
    .bind(i64::from(id.index))
    .bind(&photo.sha256)
    .bind(i64::try_from(photo.byte_len).unwrap_or(i64::MAX))
    .bind(PhotoState::Stored.as_str())
    .bind(photo.captured_at.map(|t| t.0))
    .bind(&photo.capture_zone)
    .bind(i64::from(photo.width_px))
    .bind(i64::from(photo.height_px))
    .bind(&photo.metadata_json)
    .bind(&photo.pose_json)
    .bind(&photo.camera_json)
    .bind(photo.problem.as_ref().map(|p| p.code.clone()))
    .bind(photo.problem.as_ref().and_then(|p| p.detail_json.clone()))
    .bind(photo.gsd_cm)
    .bind(i64::from(photo.simulated))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_name(connection: &mut AnyConnection, photo: &NewPhoto, now: UtcMicros) -> Result<()> {
    let sql = "insert into photo_name (sha256, name, seen_at_us) values ($1, $2, $3)
         on conflict (sha256, name) do nothing";
    sqlx::query(sql)
        .bind(&photo.sha256)
        .bind(&photo.name)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn insert_footprint(
    connection: &mut AnyConnection,
    photo_id: &str,
    footprint: &NewFootprint,
) -> Result<()> {
    sqlx::query(
        "insert into footprint (photo_id, civil_day, gsd_cm, area_m2, truncated, outline_json, ground, hidden_json)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .persistent(false)
    .bind(photo_id)
    .bind(i64::from(footprint.civil_day.0))
    .bind(footprint.gsd_cm)
    .bind(footprint.area_m2)
    .bind(i64::from(footprint.truncated))
    .bind(&footprint.outline_json)
    .bind(if footprint.on_terrain { "terrain" } else { "flat" })
    .bind(&footprint.hidden_json)
    .execute(connection)
    .await?;
    Ok(())
}

async fn append_stored(
    connection: &mut AnyConnection,
    photo_id: &str,
    photo: &NewPhoto,
    now: UtcMicros,
) -> Result<()> {
    let payload =
        serde_json::json!({ "sha256": photo.sha256, "byte_len": photo.byte_len, "name": photo.name });
    let event = NewEvent {
        subject_kind: "photo",
        subject_id: photo_id,
        actor: &photo.actor,
        kind: "stored",
        from: None,
        to: Some(PhotoState::Stored.as_str()),
        reason: None,
        note: None,
        payload_json: Some(&payload.to_string()),
    };
    append_event(connection, event, now).await?;
    Ok(())
}
