//! Rows for the coverage ledger: what photos show, as it stands or as it was known at an instant, what has changed since,
//! which photos do not count and why, and what was stated of coverage day by day.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use survey::time::{CivilDay, UtcMicros};

use crate::error::Result;
use crate::open::Store;
use crate::photos::numbered_places;
use crate::rows::whole;

/// A usable photo as the ledger takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// The photo.
    pub photo_id: String,
    /// Civil day on which it was taken.
    pub civil_day: CivilDay,
    /// Ground sampling distance that counts for coverage, cm.
    pub gsd_cm: f64,
    /// Outline of the ground it shows, JSON.
    pub outline_json: String,
    /// What of it is hidden behind buildings, JSON; none where no surface model tells.
    pub hidden_json: Option<String>,
    /// Its pose, JSON.
    pub pose_json: Option<String>,
    /// The dock it was flown from; none for photos that came otherwise.
    pub dock_id: Option<String>,
}

/// Photos that may have changed for the ledger, and up to where that was looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The photos.
    pub photo_ids: Vec<String>,
    /// The newest event that was looked at.
    pub event_seq: i64,
}

/// Which photos count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountWindow {
    /// First civil day.
    pub since: CivilDay,
    /// Last civil day.
    pub until: CivilDay,
    /// Coarsest ground sampling distance, cm.
    pub max_gsd_cm: f64,
    /// Only rows that were in the store at this instant.
    pub known_at: Option<UtcMicros>,
}

/// What was known at an instant of photos and withdrawals, beside their rows; and how much came later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownThen {
    /// The instant.
    pub at: UtcMicros,
    /// Sorties that were withdrawn then, whether or not they are now.
    pub withdrawn: Vec<String>,
    /// Sorties that were withdrawn later and still are.
    pub withdrawn_later: u64,
    /// Photos that were stored later.
    pub photos_later: u64,
    /// Photos of then that were found unusable later.
    pub unusable_later: u64,
    /// Photos of then whose poses were corrected later.
    pub poses_later: u64,
}

/// All photos, those that count, and the others by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoTally {
    /// All photos.
    pub photos: u64,
    /// Those that count.
    pub counted: u64,
    /// Without a footprint, by the problem's code; `no_pose` where none is noted.
    pub without_footprint: Vec<(String, u64)>,
    /// With a footprint but unusable pixels, by code.
    pub unusable: Vec<(String, u64)>,
    /// Usable but too coarse.
    pub too_coarse: u64,
    /// Usable and sharp, but taken before the window.
    pub before_window: u64,
    /// The same, after the window.
    pub after_window: u64,
}

/// What was stated on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// The day.
    pub civil_day: CivilDay,
    /// When it was stated last on that day.
    pub stated_at: UtcMicros,
    /// The figures, JSON.
    pub figures_json: String,
}

macro_rules! select_ledger_rows {
    ($rest:literal) => {
        concat!(
            "select f.photo_id, f.civil_day, f.gsd_cm, f.outline_json, f.hidden_json, p.pose_json, fl.dock_id ",
            "from footprint f join photo p on p.photo_id = f.photo_id ",
            "left join flight fl on fl.sortie_id = p.sortie_id ",
            $rest
        )
    };
}

impl Store {
    /// Usable photos with a footprint, by name, at most `limit`, after the photo `after` of the page before. With
    /// `known`, photos that were in the store then, not yet found unusable and not withdrawn then; their footprints are
    /// today's.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn ledger_rows(
        &self,
        after: &str,
        limit: u32,
        known: Option<&KnownThen>,
    ) -> Result<Vec<LedgerRow>> {
        let withdrawn = known.map_or_else(
            || "not exists (select 1 from sortie_withdrawal w where w.sortie_id = p.sortie_id)".to_owned(),
            |known| not_among(known.withdrawn.len(), 4),
        );
        let sql = format!(
            "{} and {withdrawn} order by f.photo_id limit $3",
            select_ledger_rows!(
                "where f.photo_id > $1 and p.stored_at_us <= $2
                 and not exists (select 1 from photo_unusable u where u.photo_id = f.photo_id and u.found_at_us <= $2)"
            ),
        );
        // Only "$4, $5…" is put into the text.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(after);
        let query = query.bind(known.map_or(i64::MAX, |known| known.at.0));
        let mut query = query.bind(i64::from(limit));
        for sortie in known.iter().flat_map(|known| &known.withdrawn) {
            query = query.bind(sortie.clone());
        }
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter().map(ledger_row).collect()
    }

    /// What was known at an instant beside the rows of then.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn known_then(&self, at: UtcMicros) -> Result<KnownThen> {
        let count = async |sql: &'static str| -> Result<u64> {
            let row = sqlx::query(sql).bind(at.0).fetch_one(self.pool()).await?;
            whole(&row, "photo", "n")
        };
        Ok(KnownThen {
            at,
            withdrawn: self.withdrawn_then(at).await?,
            withdrawn_later: count("select count(*) as n from sortie_withdrawal where withdrawn_at_us > $1").await?,
            photos_later: count("select count(*) as n from photo where stored_at_us > $1").await?,
            unusable_later: count(
                "select count(*) as n from photo_unusable u join photo p on p.photo_id = u.photo_id
                 where u.found_at_us > $1 and p.stored_at_us <= $1",
            )
            .await?,
            poses_later: count(
                "select count(distinct p.photo_id) as n from event e join photo p on p.photo_id = e.subject_id
                 where e.subject_kind = 'photo' and e.kind = 'pose_checked' and e.at_us > $1 and p.stored_at_us <= $1",
            )
            .await?,
        })
    }

    /// The sorties that were withdrawn at an instant. Those that still are have their row; those that were brought back
    /// later are told by their photos' events: what happened to them next was being restored.
    async fn withdrawn_then(&self, at: UtcMicros) -> Result<Vec<String>> {
        let sql = "select sortie_id from sortie_withdrawal where withdrawn_at_us <= $1
             union
             select p.sortie_id from event e join photo p on p.photo_id = e.subject_id
             where e.subject_kind = 'photo' and e.kind in ('withdrawn', 'restored') and e.at_us > $1
             group by p.sortie_id
             having min(case when e.kind = 'restored' then e.event_seq end)
                 < coalesce(min(case when e.kind = 'withdrawn' then e.event_seq end), 9223372036854775807)
             order by sortie_id";
        Ok(sqlx::query_scalar(sql).bind(at.0).fetch_all(self.pool()).await?)
    }

    /// Those of some photos that count for the ledger.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn ledger_rows_of(&self, photo_ids: &[String]) -> Result<Vec<LedgerRow>> {
        let mut found = Vec::new();
        for some in photo_ids.chunks(400) {
            let sql = format!(
                "{} in ({})",
                select_ledger_rows!(
                    "where not exists (select 1 from photo_unusable u where u.photo_id = f.photo_id)
                     and not exists (select 1 from sortie_withdrawal w where w.sortie_id = p.sortie_id) and f.photo_id"
                ),
                numbered_places(some.len())
            );
            // Only "$1, $2…" is put into the text.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for photo_id in some {
                query = query.bind(photo_id.clone());
            }
            for row in query.fetch_all(self.pool()).await? {
                found.push(ledger_row(&row)?);
            }
        }
        Ok(found)
    }

    /// Photos with an event after `event_seq`, and those found unusable since `unusable_since`: they came, were placed
    /// anew, or do not count any more.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn touched_photos(&self, event_seq: i64, unusable_since: UtcMicros) -> Result<Touched> {
        // Looked up first: what is written meanwhile is seen again the next time.
        let newest = self.newest_event_seq().await?;
        let rows = sqlx::query(
            "select distinct subject_id as photo_id from event where subject_kind = 'photo' and event_seq > $1
             union select photo_id from photo_unusable where found_at_us >= $2",
        )
        .bind(event_seq)
        .bind(unusable_since.0)
        .fetch_all(self.pool())
        .await?;
        let photo_ids = rows
            .iter()
            .map(|row| Ok(row.try_get("photo_id")?))
            .collect::<Result<_>>()?;
        Ok(Touched {
            photo_ids,
            event_seq: newest,
        })
    }

    /// How many photos count, and why the others do not.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn tally_photos(&self, window: &CountWindow) -> Result<PhotoTally> {
        let at = window.known_at.unwrap_or(UtcMicros(i64::MAX));
        let withdrawn = self.withdrawn_then(at).await?;
        let without = sqlx::query(
            "select coalesce(p.problem_code, 'no_pose') as code, count(*) as n from photo p
             where p.stored_at_us <= $1 and not exists (select 1 from footprint f where f.photo_id = p.photo_id)
             group by coalesce(p.problem_code, 'no_pose') order by code",
        );
        let without = without.bind(at.0).fetch_all(self.pool()).await?;
        let unusable = sqlx::query(
            "select u.code as code, count(*) as n from photo_unusable u join photo p on p.photo_id = u.photo_id
             join footprint f on f.photo_id = u.photo_id
             where p.stored_at_us <= $1 and u.found_at_us <= $1 group by u.code order by u.code",
        );
        let unusable = unusable.bind(at.0).fetch_all(self.pool()).await?;
        let kept = not_among(withdrawn.len(), 5);
        let sql = format!(
            "select count(*) as photos,
                 coalesce(sum(case when {kept} then 0 else 1 end), 0) as withdrawn,
                 coalesce(sum(case when {kept} and f.gsd_cm > $2 then 1 else 0 end), 0) as coarse,
                 coalesce(sum(case when {kept} and f.gsd_cm <= $2 and f.civil_day < $3 then 1 else 0 end), 0) as early,
                 coalesce(sum(case when {kept} and f.gsd_cm <= $2 and f.civil_day > $4 then 1 else 0 end), 0) as late
             from footprint f join photo p on p.photo_id = f.photo_id
             where p.stored_at_us <= $1
             and not exists (select 1 from photo_unusable u where u.photo_id = f.photo_id and u.found_at_us <= $1)"
        );
        // Only "$5, $6…" is put into the text.
        let usable = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(at.0);
        let usable = usable.bind(window.max_gsd_cm).bind(i64::from(window.since.0));
        let mut usable = usable.bind(i64::from(window.until.0));
        for sortie in &withdrawn {
            usable = usable.bind(sortie.clone());
        }
        let usable = usable.fetch_one(self.pool()).await?;
        let n = |key: &'static str| whole::<u64>(&usable, "footprint", key);
        let [photos, withdrawn, too_coarse] = [n("photos")?, n("withdrawn")?, n("coarse")?];
        let [before_window, after_window] = [n("early")?, n("late")?];
        let mut unusable = by_code(&unusable)?;
        if withdrawn > 0 {
            unusable.push(("sortie_withdrawn".to_owned(), withdrawn));
        }
        let photos = photos - withdrawn;
        let mut tally = PhotoTally {
            photos,
            counted: photos - too_coarse - before_window - after_window,
            without_footprint: by_code(&without)?,
            unusable,
            too_coarse,
            before_window,
            after_window,
        };
        let others = tally.without_footprint.iter().chain(&tally.unusable);
        tally.photos += others.map(|(_, n)| n).sum::<u64>();
        Ok(tally)
    }

    /// Keeps what was stated on a day, in place of what was stated earlier that day.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn state_coverage(&self, row: &StatementRow) -> Result<()> {
        let mut tx = self.begin_write().await?;
        sqlx::query(
            "insert into coverage_statement (civil_day, stated_at_us, figures_json) values ($1, $2, $3)
             on conflict (civil_day) do update set stated_at_us = excluded.stated_at_us,
                 figures_json = excluded.figures_json",
        )
        .bind(i64::from(row.civil_day.0))
        .bind(row.stated_at.0)
        .bind(&row.figures_json)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// What was stated from one day to another, by day.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn coverage_statements(&self, since: CivilDay, until: CivilDay) -> Result<Vec<StatementRow>> {
        let rows = sqlx::query(
            "select civil_day, stated_at_us, figures_json from coverage_statement
             where civil_day >= $1 and civil_day <= $2 order by civil_day",
        )
        .bind(i64::from(since.0))
        .bind(i64::from(until.0))
        .fetch_all(self.pool())
        .await?;
        let statement = |row: &AnyRow| {
            Ok(StatementRow {
                civil_day: CivilDay(whole(row, "coverage_statement", "civil_day")?),
                stated_at: UtcMicros(row.try_get("stated_at_us")?),
                figures_json: row.try_get("figures_json")?,
            })
        };
        rows.iter().map(statement).collect()
    }
}

/// SQL: the photo's sortie is none of `n`, whose places are numbered from `first` on.
fn not_among(n: usize, first: usize) -> String {
    if n == 0 {
        return "1 = 1".to_owned();
    }
    let places: Vec<String> = (first..first + n).map(|place| format!("${place}")).collect();
    format!("p.sortie_id not in ({})", places.join(", "))
}

fn by_code(rows: &[AnyRow]) -> Result<Vec<(String, u64)>> {
    let one = |row: &AnyRow| Ok((row.try_get("code")?, whole(row, "photo", "n")?));
    rows.iter().map(one).collect()
}

fn ledger_row(row: &AnyRow) -> Result<LedgerRow> {
    Ok(LedgerRow {
        photo_id: row.try_get("photo_id")?,
        civil_day: CivilDay(whole(row, "footprint", "civil_day")?),
        gsd_cm: row.try_get("gsd_cm")?,
        outline_json: row.try_get("outline_json")?,
        hidden_json: row.try_get("hidden_json")?,
        pose_json: row.try_get("pose_json")?,
        dock_id: row.try_get("dock_id")?,
    })
}
