//! How many photos of a flight came how far.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::error::Result;
use crate::rows::whole;

/// How many photos of a flight came how far. `triggered`, `captured`, `stored` and `looked_at` count everything
/// that came at least so far, photos nobody planned included; every photo without a file that is not open any more
/// is in one `lost_` number, an unreadable one is stored as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShotCounts {
    /// In the plan.
    pub planned: u32,
    /// The camera was told to take it.
    pub triggered: u32,
    /// The camera took it.
    pub captured: u32,
    /// Its file is here.
    pub stored: u32,
    /// The model looked at it.
    pub looked_at: u32,
    /// The flight ended before it.
    pub lost_not_flown: u32,
    /// The camera was told and took nothing.
    pub lost_misfire: u32,
    /// Taken, but no file came.
    pub lost_never_arrived: u32,
    /// The file cannot be read.
    pub lost_unreadable: u32,
    /// Not in the plan.
    pub extra: u32,
}

/// How many photos of these flights came how far.
pub(crate) async fn counts_of(pool: &AnyPool, sortie_ids: &[String]) -> Result<HashMap<String, ShotCounts>> {
    if sortie_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<_> = (1..=sortie_ids.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "select sh.sortie_id, count(case when sh.planned = 1 then 1 end) as planned,
             count(case when sh.planned = 0 then 1 end) as extra,
             count(case when sh.image_index is not null or sh.photo_id is not null
                 or sh.state in ('triggered', 'lost:misfire') then 1 end) as triggered,
             count(case when sh.photo_id is not null or (sh.image_index is not null and sh.state <> 'lost:misfire')
                 then 1 end) as captured,
             count(sh.photo_id) as stored,
             count(case when p.state in ('looked_at', 'reviewed') then 1 end) as looked_at,
             count(case when sh.state = 'lost:not_flown' then 1 end) as not_flown,
             count(case when sh.state = 'lost:misfire' then 1 end) as misfire,
             count(case when sh.state = 'lost:never_arrived' then 1 end) as never_arrived,
             count(case when p.state = 'lost:unreadable' then 1 end) as unreadable
         from shot sh left join photo p on p.photo_id = sh.photo_id
         where sh.sortie_id in ({}) group by sh.sortie_id",
        places.join(", ")
    );
    // Only "$1, $2…" is put into the text.
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for sortie_id in sortie_ids {
        query = query.bind(sortie_id.clone());
    }
    let rows = query.fetch_all(pool).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("sortie_id")?, count_of(row)?)))
        .collect()
}

fn count_of(row: &AnyRow) -> Result<ShotCounts> {
    let number = |field| whole(row, "shot", field);
    Ok(ShotCounts {
        planned: number("planned")?,
        triggered: number("triggered")?,
        captured: number("captured")?,
        stored: number("stored")?,
        looked_at: number("looked_at")?,
        lost_not_flown: number("not_flown")?,
        lost_misfire: number("misfire")?,
        lost_never_arrived: number("never_arrived")?,
        lost_unreadable: number("unreadable")?,
        extra: number("extra")?,
    })
}
