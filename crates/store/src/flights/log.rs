//! What happened on a flight, step by step, and where the vehicle was.

use schedule::photo_ledger::SortieId;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use survey::time::UtcMicros;

use crate::error::Result;
use crate::open::Store;
use crate::rows::utc;

/// One thing that happened on a flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// When.
    pub at: UtcMicros,
    /// What, a stable code.
    pub code: String,
    /// More about it, JSON text.
    pub detail_json: Option<String>,
}

/// Where the vehicle was at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRow {
    /// When.
    pub at: UtcMicros,
    /// WGS-84 longitude, degrees.
    pub longitude_deg: f64,
    /// WGS-84 latitude, degrees.
    pub latitude_deg: f64,
    /// Height above home, m.
    pub height_above_home_m: f64,
    /// Height above mean sea level, m.
    pub altitude_amsl_m: f64,
    /// Heading, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Speed over ground, m/s.
    pub ground_speed_ms: Option<f64>,
    /// Charge, percent.
    pub battery_percent: Option<f64>,
}

/// Rows of one statement; 9 values each, far below the 32 766 that SQLite takes.
const ROWS_AT_ONCE: usize = 100;

impl Store {
    /// Appends steps to a flight, in this order.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails or has no such flight; nothing was written then.
    pub async fn add_steps(&self, sortie_id: &SortieId, steps: &[StepRow]) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        for step in steps {
            sqlx::query(
                "insert into flight_step (sortie_id, step_no, at_us, code, detail_json)
                 select $1, coalesce(max(step_no), 0) + 1, $2, $3, $4 from flight_step where sortie_id = $1",
            )
            .bind(sortie_id.as_str())
            .bind(step.at.0)
            .bind(&step.code)
            .bind(&step.detail_json)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }

    /// The steps of a flight in the order they were added.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn steps(&self, sortie_id: &str) -> Result<Vec<StepRow>> {
        let sql = "select at_us, code, detail_json from flight_step where sortie_id = $1 order by step_no";
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        rows.iter().map(step_of).collect()
    }

    /// Adds to the track of a flight; a point at an instant that has one is left out.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails or has no such flight; nothing was written then.
    pub async fn add_track(&self, sortie_id: &SortieId, points: &[TrackRow]) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        for some in points.chunks(ROWS_AT_ONCE) {
            // Only "($1, $2, …)" is put into the text.
            let mut query = sqlx::query(AssertSqlSafe(track_sql(some.len()))).persistent(false);
            for point in some {
                query = query
                    .bind(sortie_id.as_str())
                    .bind(point.at.0)
                    .bind(point.longitude_deg)
                    .bind(point.latitude_deg)
                    .bind(point.height_above_home_m)
                    .bind(point.altitude_amsl_m)
                    .bind(point.heading_deg)
                    .bind(point.ground_speed_ms)
                    .bind(point.battery_percent);
            }
            query.execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// The track of a flight, oldest point first.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn track(&self, sortie_id: &str) -> Result<Vec<TrackRow>> {
        let sql =
            "select at_us, longitude_deg, latitude_deg, height_above_home_m, altitude_amsl_m, heading_deg,
                 ground_speed_ms, battery_percent
             from track_point where sortie_id = $1 order by at_us";
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        rows.iter().map(point_of).collect()
    }
}

fn track_sql(rows: usize) -> String {
    // Nine places a row; the casts tell PostgreSQL the type of a column whose first value is absent.
    let row = |n: usize| {
        let place = |i: usize| format!("${}", 9 * n + i);
        let number = |i: usize| format!("cast({} as double precision)", place(i));
        let places: Vec<_> = (1..=2).map(place).chain((3..=9).map(number)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        "insert into track_point (sortie_id, at_us, longitude_deg, latitude_deg, height_above_home_m,
             altitude_amsl_m, heading_deg, ground_speed_ms, battery_percent)
         values {} on conflict (sortie_id, at_us) do nothing",
        rows.join(", ")
    )
}

fn step_of(row: &AnyRow) -> Result<StepRow> {
    Ok(StepRow {
        at: utc(row, "at_us")?,
        code: row.try_get("code")?,
        detail_json: row.try_get("detail_json")?,
    })
}

fn point_of(row: &AnyRow) -> Result<TrackRow> {
    Ok(TrackRow {
        at: utc(row, "at_us")?,
        longitude_deg: row.try_get("longitude_deg")?,
        latitude_deg: row.try_get("latitude_deg")?,
        height_above_home_m: row.try_get("height_above_home_m")?,
        altitude_amsl_m: row.try_get("altitude_amsl_m")?,
        heading_deg: row.try_get("heading_deg")?,
        ground_speed_ms: row.try_get("ground_speed_ms")?,
        battery_percent: row.try_get("battery_percent")?,
    })
}
