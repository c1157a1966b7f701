//! The photos of a flight, from the plan to the file or to a named loss.

use schedule::mission::PlannedShot;
use schedule::photo_ledger::matching::{Assignment, CaptureSeen, assign};
use schedule::photo_ledger::{LossReason, PhotoState, SortieId, advance};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::rows::{maybe_utc, truth, whole, word};

/// A photo the mission is to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotPlan {
    /// 1, 2, 3… in the order of the flight.
    pub shot_index: u32,
    /// WGS-84 longitude, degrees.
    pub longitude_deg: f64,
    /// WGS-84 latitude, degrees.
    pub latitude_deg: f64,
    /// Height above home, m.
    pub height_above_home_m: f64,
}

/// What the camera, or the vehicle for it, reports about one photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaptureRow {
    /// Number given by the camera.
    pub image_index: u32,
    /// When, on the vehicle's clock.
    pub captured_at: UtcMicros,
    /// WGS-84 longitude, degrees; 0, 0 counts as unknown.
    pub longitude_deg: Option<f64>,
    /// WGS-84 latitude, degrees.
    pub latitude_deg: Option<f64>,
    /// Height above home, m.
    pub height_above_home_m: Option<f64>,
    /// False when the camera says that it took nothing.
    pub succeeded: bool,
}

/// Which photo a report was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureNoted {
    /// Number of the photo in its flight.
    pub shot_index: u32,
    /// True when it had been reported before; nothing changed then.
    pub was_known: bool,
    /// False for a photo nobody planned.
    pub planned: bool,
}

/// A photo of a flight as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ShotRow {
    /// Number in its flight.
    pub shot_index: u32,
    /// False for a photo nobody planned.
    pub planned: bool,
    /// Where it stands; the photo's own state once it has a file.
    pub state: PhotoState,
    /// WGS-84 longitude in the plan, degrees.
    pub planned_longitude_deg: Option<f64>,
    /// WGS-84 latitude in the plan, degrees.
    pub planned_latitude_deg: Option<f64>,
    /// Height above home in the plan, m.
    pub planned_height_above_home_m: Option<f64>,
    /// Number given by the camera, once reported.
    pub image_index: Option<u32>,
    /// When it was taken, on the vehicle's clock, once reported.
    pub captured_at: Option<UtcMicros>,
    /// WGS-84 longitude where it was taken, degrees.
    pub longitude_deg: Option<f64>,
    /// WGS-84 latitude where it was taken, degrees.
    pub latitude_deg: Option<f64>,
    /// Height above home where it was taken, m.
    pub height_above_home_m: Option<f64>,
    /// The photo, once there is a file.
    pub photo_id: Option<String>,
}

impl ShotRow {
    /// The capture report in the form in which files are matched against it, once there is one.
    #[must_use]
    pub fn capture(&self) -> Option<CaptureSeen> {
        Some(CaptureSeen {
            image_index: self.image_index?,
            at: self.captured_at?,
            position: place_of(self.longitude_deg, self.latitude_deg),
        })
    }
}

macro_rules! select_shots {
    ($rest:literal) => {
        concat!(
            "select sh.shot_index, sh.planned, coalesce(p.state, sh.state) as state, sh.planned_longitude_deg, ",
            "sh.planned_latitude_deg, sh.planned_height_above_home_m, sh.image_index, sh.captured_at_us, ",
            "sh.longitude_deg, sh.latitude_deg, sh.height_above_home_m, sh.photo_id ",
            "from shot sh left join photo p on p.photo_id = sh.photo_id ",
            $rest
        )
    };
}

impl Store {
    /// Takes down a capture report: finds the photo it belongs to by place, image number and time (see
    /// [`schedule::photo_ledger::matching`]) and moves that photo on, to `captured` or `lost:misfire`. A report that
    /// came before changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such flight.
    pub async fn record_capture(
        &self,
        sortie_id: &SortieId,
        capture: &CaptureRow,
        now: UtcMicros,
    ) -> Result<CaptureNoted> {
        let mut tx = self.begin_write().await?;
        if !has_flight(&mut tx, sortie_id.as_str()).await? {
            return Err(StoreError::NotFound {
                what: "flight",
                id: sortie_id.to_string(),
            });
        }
        let shots = shots_of(&mut tx, sortie_id.as_str()).await?;
        let (shot_index, was_known, planned) = find_shot(&shots, &seen(capture))?;
        let noted = CaptureNoted {
            shot_index,
            was_known,
            planned,
        };
        if was_known {
            return Ok(noted);
        }
        if !planned {
            insert_extra(&mut tx, sortie_id.as_str(), shot_index, now).await?;
        }
        let before = shots.iter().find(|shot| shot.shot_index == shot_index);
        let before = before.map_or(PhotoState::Triggered, own_state);
        let after = state_after(before, capture.succeeded)?;
        note_capture(&mut tx, (sortie_id.as_str(), shot_index), capture, (after, now)).await?;
        tx.commit().await?;
        Ok(noted)
    }

    /// The photos of a flight, by their number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn shots(&self, sortie_id: &str) -> Result<Vec<ShotRow>> {
        let mut connection = self.pool().acquire().await?;
        shots_of(&mut connection, sortie_id).await
    }

    /// The photos of a flight that were taken and whose files are still awaited.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn photos_waiting(&self, sortie_id: &str) -> Result<Vec<ShotRow>> {
        let sql = select_shots!("where sh.sortie_id = $1 and sh.state = 'captured' order by sh.shot_index");
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        rows.iter().map(shot_of).collect()
    }

    /// Notes that every planned photo was taken, where the camera's own count says so although it reported none one by
    /// one. Answers how many that were.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn all_captured(&self, sortie_id: &SortieId, now: UtcMicros) -> Result<u32> {
        let to = advance(PhotoState::Planned, PhotoState::Captured)?;
        let done = sqlx::query(
            "update shot set state = $1, state_at_us = $2 where sortie_id = $3 and state = $4 and planned = 1",
        )
        .bind(to.as_str())
        .bind(now.0)
        .bind(sortie_id.as_str())
        .bind(PhotoState::Planned.as_str())
        .execute(self.pool())
        .await?;
        Ok(u32::try_from(done.rows_affected()).unwrap_or(u32::MAX))
    }

    /// Names as lost what is not going to come any more: planned photos as not flown, triggered ones without a
    /// capture as misfires, captured ones without a file as never arrived. A file that comes later is stored all
    /// the same. Answers how many were lost by this call.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn settle_shots(&self, sortie_id: &SortieId, now: UtcMicros) -> Result<u32> {
        let mut tx = self.begin_write().await?;
        let lost = name_losses(&mut tx, sortie_id.as_str(), now).await?;
        tx.commit().await?;
        Ok(lost)
    }
}

/// See [`Store::settle_shots`].
pub(crate) async fn name_losses(
    connection: &mut AnyConnection,
    sortie_id: &str,
    now: UtcMicros,
) -> Result<u32> {
    let mut lost = 0;
    for (from, reason) in [
        (PhotoState::Planned, LossReason::NotFlown),
        (PhotoState::Triggered, LossReason::Misfire),
        (PhotoState::Captured, LossReason::NeverArrived),
    ] {
        let to = advance(from, PhotoState::Lost(reason))?;
        let sql = "update shot set state = $1, state_at_us = $2 where sortie_id = $3 and state = $4";
        let done = sqlx::query(sql)
            .bind(to.as_str())
            .bind(now.0)
            .bind(sortie_id)
            .bind(from.as_str())
            .execute(&mut *connection)
            .await?;
        lost += done.rows_affected();
    }
    Ok(u32::try_from(lost).unwrap_or(u32::MAX))
}

/// Writes down the planned photos of a new flight.
pub(crate) async fn insert_plan(
    connection: &mut AnyConnection,
    sortie_id: &str,
    plan: &[ShotPlan],
    now: UtcMicros,
) -> Result<()> {
    for shot in plan {
        sqlx::query(
            "insert into shot (sortie_id, shot_index, planned, state, state_at_us, planned_longitude_deg,
                 planned_latitude_deg, planned_height_above_home_m)
             values ($1, $2, 1, 'planned', $3, $4, $5, $6)",
        )
        .bind(sortie_id)
        .bind(i64::from(shot.shot_index))
        .bind(now.0)
        .bind(shot.longitude_deg)
        .bind(shot.latitude_deg)
        .bind(shot.height_above_home_m)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Notes that the photo `photo_id` is the file of this shot. A file without a shot becomes one nobody planned; in a
/// sortie that is no flight there is nothing to note.
///
/// # Errors
/// [`StoreError::IndexTaken`] when the shot has another file.
pub(crate) async fn attach_file(
    connection: &mut AnyConnection,
    (sortie_id, shot_index): (&str, u32),
    photo_id: &str,
    now: UtcMicros,
) -> Result<()> {
    if !has_flight(connection, sortie_id).await? {
        return Ok(());
    }
    let found = sqlx::query("select state, photo_id from shot where sortie_id = $1 and shot_index = $2")
        .bind(sortie_id)
        .bind(i64::from(shot_index))
        .fetch_optional(&mut *connection)
        .await?;
    let from = match found {
        Some(row) => {
            if let Some(there) = row.try_get::<Option<String>, _>("photo_id")? {
                let same = there == photo_id;
                return same
                    .then_some(())
                    .ok_or(StoreError::IndexTaken { photo_id: there });
            }
            word(&row, "shot", "state")?
        }
        None => {
            insert_extra(connection, sortie_id, shot_index, now).await?;
            PhotoState::Triggered
        }
    };
    let to = advance(from, PhotoState::Stored)?;
    sqlx::query("update shot set state = $1, state_at_us = $2, photo_id = $3 where sortie_id = $4 and shot_index = $5")
        .bind(to.as_str())
        .bind(now.0)
        .bind(photo_id)
        .bind(sortie_id)
        .bind(i64::from(shot_index))
        .execute(connection)
        .await?;
    Ok(())
}

/// The highest number of a photo of this flight, 0 when there is none.
pub(crate) async fn highest_shot(connection: &mut AnyConnection, sortie_id: &str) -> Result<u32> {
    let sql = "select coalesce(max(shot_index), 0) as highest from shot where sortie_id = $1";
    let row = sqlx::query(sql).bind(sortie_id).fetch_one(connection).await?;
    whole(&row, "shot", "highest")
}

async fn has_flight(connection: &mut AnyConnection, sortie_id: &str) -> Result<bool> {
    let row = sqlx::query("select sortie_id from flight where sortie_id = $1").bind(sortie_id);
    Ok(row.fetch_optional(connection).await?.is_some())
}

async fn shots_of(connection: &mut AnyConnection, sortie_id: &str) -> Result<Vec<ShotRow>> {
    let sql = select_shots!("where sh.sortie_id = $1 order by sh.shot_index");
    let rows = sqlx::query(sql).bind(sortie_id).fetch_all(connection).await?;
    rows.iter().map(shot_of).collect()
}

/// Number of the photo, whether the report is known, whether the photo was planned.
fn find_shot(shots: &[ShotRow], new: &CaptureSeen) -> Result<(u32, bool, bool)> {
    let planned: Vec<_> = shots.iter().filter_map(plan_of).collect();
    let taken: Vec<_> = shots
        .iter()
        .filter_map(|shot| Some((shot.shot_index, shot.capture()?)))
        .collect();
    match assign(&planned, &taken, new) {
        Assignment::Planned { shot_index } => Ok((shot_index, false, true)),
        Assignment::Extra { shot_index } => {
            // A file without a report may stand behind the last number that `assign` knows of.
            let behind = shots.last().map_or(1, |shot| shot.shot_index.saturating_add(1));
            Ok((shot_index.max(behind), false, false))
        }
        Assignment::Duplicate { shot_index } => {
            let is_planned = planned.iter().any(|shot| shot.index == shot_index);
            Ok((shot_index, true, is_planned))
        }
        Assignment::Ignored(_) => Err(StoreError::BadRow {
            table: "shot",
            field: "shot_index",
            problem: "all numbers for photos of this flight are used up".to_owned(),
        }),
    }
}

fn plan_of(shot: &ShotRow) -> Option<PlannedShot> {
    Some(PlannedShot {
        index: shot.shot_index,
        position: place_of(shot.planned_longitude_deg, shot.planned_latitude_deg)?,
        height_above_home_m: shot.planned_height_above_home_m?,
        after_item: 0,
    })
}

fn seen(capture: &CaptureRow) -> CaptureSeen {
    CaptureSeen {
        image_index: capture.image_index,
        at: capture.captured_at,
        position: place_of(capture.longitude_deg, capture.latitude_deg),
    }
}

/// The word in the shot's own row: of one with a file the photo's row says more.
fn own_state(shot: &ShotRow) -> PhotoState {
    match shot.photo_id {
        Some(_) => PhotoState::Stored,
        None => shot.state,
    }
}

/// A state that is further on already, a loss included, is not turned back by a report that comes late.
fn state_after(before: PhotoState, succeeded: bool) -> Result<PhotoState> {
    if !matches!(before, PhotoState::Planned | PhotoState::Triggered) {
        return Ok(before);
    }
    if succeeded {
        return Ok(advance(before, PhotoState::Captured)?);
    }
    let triggered = match before {
        PhotoState::Planned => advance(before, PhotoState::Triggered)?,
        other => other,
    };
    Ok(advance(triggered, PhotoState::Lost(LossReason::Misfire))?)
}

/// A photo nobody planned begins as triggered.
async fn insert_extra(
    connection: &mut AnyConnection,
    sortie_id: &str,
    shot_index: u32,
    now: UtcMicros,
) -> Result<()> {
    let sql =
        "insert into shot (sortie_id, shot_index, planned, state, state_at_us) values ($1, $2, 0, $3, $4)";
    let query = sqlx::query(sql)
        .bind(sortie_id)
        .bind(i64::from(shot_index))
        .bind(PhotoState::Triggered.as_str())
        .bind(now.0);
    query.execute(connection).await?;
    Ok(())
}

async fn note_capture(
    connection: &mut AnyConnection,
    (sortie_id, shot_index): (&str, u32),
    capture: &CaptureRow,
    (state, now): (PhotoState, UtcMicros),
) -> Result<()> {
    let place = place_of(capture.longitude_deg, capture.latitude_deg);
    let sql = "update shot set image_index = $1, captured_at_us = $2, longitude_deg = $3, latitude_deg = $4,
             height_above_home_m = $5, state_at_us = case when state = $6 then state_at_us else $7 end, state = $6
         where sortie_id = $8 and shot_index = $9";
    sqlx::query(sql)
        .persistent(false)
        .bind(i64::from(capture.image_index))
        .bind(capture.captured_at.0)
        .bind(place.map(|p| p.longitude_deg))
        .bind(place.map(|p| p.latitude_deg))
        .bind(capture.height_above_home_m.filter(|h| h.is_finite()))
        .bind(state.as_str())
        .bind(now.0)
        .bind(sortie_id)
        .bind(i64::from(shot_index))
        .execute(connection)
        .await?;
    Ok(())
}

/// None where nobody knows, and for 0, 0 and numbers that are no place on Earth, which cameras without a fix send.
fn place_of(longitude_deg: Option<f64>, latitude_deg: Option<f64>) -> Option<Wgs84> {
    let place = Wgs84::new(latitude_deg?, longitude_deg?).ok()?;
    (place.longitude_deg != 0.0 || place.latitude_deg != 0.0).then_some(place)
}

fn shot_of(row: &AnyRow) -> Result<ShotRow> {
    Ok(ShotRow {
        shot_index: whole(row, "shot", "shot_index")?,
        planned: truth(row, "planned")?,
        state: word(row, "shot", "state")?,
        planned_longitude_deg: row.try_get("planned_longitude_deg")?,
        planned_latitude_deg: row.try_get("planned_latitude_deg")?,
        planned_height_above_home_m: row.try_get("planned_height_above_home_m")?,
        image_index: maybe_whole(row, "image_index")?,
        captured_at: maybe_utc(row, "captured_at_us")?,
        longitude_deg: row.try_get("longitude_deg")?,
        latitude_deg: row.try_get("latitude_deg")?,
        height_above_home_m: row.try_get("height_above_home_m")?,
        photo_id: row.try_get("photo_id")?,
    })
}

fn maybe_whole(row: &AnyRow, field: &'static str) -> Result<Option<u32>> {
    match row.try_get::<Option<i64>, _>(field)? {
        Some(_) => Ok(Some(whole(row, "shot", field)?)),
        None => Ok(None),
    }
}
