//! The work queue: which photo is looked at next, which sortie is associated next, and by whom.

use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use survey::time::UtcMicros;

use crate::connect::Engine;
use crate::error::{Result, StoreError};
use crate::events::next_number;
use crate::open::Store;
use crate::rows::whole;

/// Kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Look at one photo with the model.
    Look,
    /// Associate the detections of one sortie with sites and leads.
    Associate,
}

impl JobKind {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Look => "look",
            JobKind::Associate => "associate",
        }
    }
}

/// A job that one worker has for now. Finishing it with a claim that was lost meanwhile writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job_id: i64,
    /// What it works on: a photo id (look) or a sortie id (associate).
    pub job_key: String,
    /// Its sortie.
    pub sortie_id: String,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// Who has it.
    pub worker: String,
}

/// How many jobs of one kind are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting.
    pub queued: u64,
    /// Claimed.
    pub running: u64,
    /// Finished.
    pub done: u64,
    /// Given up.
    pub failed: u64,
}

/// After so many reported errors a job is given up.
pub const MAX_ATTEMPTS: u32 = 3;
/// A job whose workers died so often without a word kills them: it is given up, too.
pub const MAX_CLAIMS: u32 = 25;

macro_rules! claim_next {
    ($lock:literal) => {
        concat!(
            "update job set state = 'running', attempts = attempts + 1, claimed_by = $1, lease_until_us = $2 ",
            "where job_id = (select next.job_id from job next where next.kind = $3 and next.state = 'queued' ",
            // An association needs the whole sortie looked at, and only one runs at a time: two could make two
            // sites out of one place where their sorties overlap.
            "and (next.kind = 'look' or not exists (select 1 from job other where ",
            "(other.sortie_id = next.sortie_id and other.kind = 'look' and other.state in ('queued', 'running')) ",
            "or (other.kind = 'associate' and other.state = 'running'))) ",
            // A sortie that is still out brings more photos: its tiles are chosen and its leads made once, of all.
            "and not exists (select 1 from flight open where open.sortie_id = next.sortie_id ",
            "and open.state not in ('closed', 'refused', 'failed')) ",
            "order by next.attempts, next.job_id limit 1 ",
            $lock,
            ") returning job_id, job_key, sortie_id, attempts"
        )
    };
}

macro_rules! requeue_expired {
    ($lock:literal) => {
        concat!(
            "update job set state = case when attempts >= $1 then 'failed' else 'queued' end, ",
            "finished_at_us = case when attempts >= $1 then $2 else null end, ",
            "error = 'the worker stopped without finishing', claimed_by = null, lease_until_us = null ",
            "where job_id in (select expired.job_id from job expired ",
            "where expired.kind = $3 and expired.state = 'running' and expired.lease_until_us < $2 ",
            $lock,
            ")"
        )
    };
}

impl Store {
    /// Takes the next job of a kind for `lease`, or none when nothing can be done now. Jobs whose lease ran out
    /// are taken over. A job waits until its sortie is over; an associate job also until no photo of it is still to
    /// be looked at and no other association runs.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn claim_job(
        &self,
        kind: JobKind,
        worker: &str,
        now: UtcMicros,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        // On PostgreSQL many workers claim looks at once, each skipping the rows that others are taking.
        if self.engine() == Engine::Postgres && kind == JobKind::Look {
            let mut tx = self.pool().begin().await?;
            requeue_expired(&mut tx, requeue_expired!("for update skip locked"), (kind, now)).await?;
            let sql = claim_next!("for update skip locked");
            let claim = claim_with(&mut tx, sql, (kind, worker, lease_end(now, lease))).await?;
            tx.commit().await?;
            return Ok(claim);
        }
        let mut tx = self.begin_write().await?;
        requeue_expired(&mut tx, requeue_expired!(""), (kind, now)).await?;
        let claim = claim_with(&mut tx, claim_next!(""), (kind, worker, lease_end(now, lease))).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// Keeps a claim for another `lease` from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now.
    pub async fn renew_lease(&self, claim: &Claim, now: UtcMicros, lease: Duration) -> Result<()> {
        let done = sqlx::query(
            "update job set lease_until_us = $1 where job_id = $2 and claimed_by = $3 and attempts = $4
             and state = 'running'",
        )
        .bind(lease_end(now, lease))
        .bind(claim.job_id)
        .bind(&claim.worker)
        .bind(i64::from(claim.attempts))
        .execute(self.pool())
        .await?;
        kept(claim, done.rows_affected())
    }

    /// Marks a job done that leaves no other rows.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now.
    pub async fn finish_job(&self, claim: &Claim, now: UtcMicros) -> Result<()> {
        let mut tx = self.begin_write().await?;
        close_job(&mut tx, claim, now).await?;
        tx.commit().await
    }

    /// Reports an error. With `retry`, the job is queued again until [`MAX_ATTEMPTS`] is reached. Answers whether
    /// it will be tried again.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now.
    pub async fn fail_job(&self, claim: &Claim, error: &str, retry: bool, now: UtcMicros) -> Result<bool> {
        let again = retry && claim.attempts < MAX_ATTEMPTS;
        let done = sqlx::query(
            "update job set state = $1, error = $2, claimed_by = null, lease_until_us = null, finished_at_us = $3
             where job_id = $4 and claimed_by = $5 and attempts = $6 and state = 'running'",
        )
        .bind(if again { "queued" } else { "failed" })
        .bind(error)
        .bind((!again).then_some(now.0))
        .bind(claim.job_id)
        .bind(&claim.worker)
        .bind(i64::from(claim.attempts))
        .execute(self.pool())
        .await?;
        kept(claim, done.rows_affected())?;
        Ok(again)
    }

    /// Gives a job back untouched, as if it had not been claimed: for a worker that is told to stop.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now.
    pub async fn give_back_job(&self, claim: &Claim) -> Result<()> {
        let done = sqlx::query(
            "update job set state = 'queued', attempts = attempts - 1, claimed_by = null, lease_until_us = null
             where job_id = $1 and claimed_by = $2 and attempts = $3 and state = 'running'",
        )
        .bind(claim.job_id)
        .bind(&claim.worker)
        .bind(i64::from(claim.attempts))
        .execute(self.pool())
        .await?;
        kept(claim, done.rows_affected())
    }

    /// All workers that have a job now. The caller can tell which of them are dead.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn running_workers(&self) -> Result<Vec<String>> {
        let sql = "select distinct claimed_by from job where state = 'running' order by claimed_by";
        Ok(sqlx::query_scalar(sql).fetch_all(self.pool()).await?)
    }

    /// Queues the jobs of dead workers again without waiting for their leases to end. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn release_jobs(&self, workers: &[String]) -> Result<u64> {
        let mut released = 0;
        let mut tx = self.begin_write().await?;
        for worker in workers {
            let done = sqlx::query(
                "update job set state = 'queued', claimed_by = null, lease_until_us = null
                 where claimed_by = $1 and state = 'running'",
            )
            .bind(worker)
            .execute(&mut *tx)
            .await?;
            released += done.rows_affected();
        }
        tx.commit().await?;
        Ok(released)
    }

    /// How many jobs of a kind are in which state.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn job_counts(&self, kind: JobKind) -> Result<JobCounts> {
        let sql = "select state, count(*) as n from job where kind = $1 group by state";
        let mut counts = JobCounts::default();
        for row in sqlx::query(sql)
            .bind(kind.as_str())
            .fetch_all(self.pool())
            .await?
        {
            let n = whole(&row, "job", "n")?;
            match row.try_get::<&str, _>("state")? {
                "queued" => counts.queued = n,
                "running" => counts.running = n,
                "done" => counts.done = n,
                _ => counts.failed = n,
            }
        }
        Ok(counts)
    }
}

/// Queues a job unless it is there; one that is done or given up is queued afresh, a running one runs once more.
pub(crate) async fn enqueue(
    connection: &mut AnyConnection,
    kind: JobKind,
    job_key: &str,
    sortie_id: &str,
    now: UtcMicros,
) -> Result<()> {
    let job_id = next_number(&mut *connection, "job").await?;
    sqlx::query(
        "insert into job (job_id, kind, job_key, sortie_id, state, again, attempts, created_at_us)
         values ($1, $2, $3, $4, 'queued', 0, 0, $5)
         on conflict (kind, job_key) do update set
             again = case when job.state = 'running' then 1 else 0 end,
             attempts = case when job.state in ('queued', 'running') then job.attempts else 0 end,
             finished_at_us = null,
             state = case when job.state = 'running' then 'running' else 'queued' end",
    )
    .bind(job_id)
    .bind(kind.as_str())
    .bind(job_key)
    .bind(sortie_id)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks a claimed job done, or queued once more where that was asked for meanwhile.
pub(crate) async fn close_job(connection: &mut AnyConnection, claim: &Claim, now: UtcMicros) -> Result<()> {
    let done = sqlx::query(
        "update job set state = case when again = 1 then 'queued' else 'done' end,
             attempts = case when again = 1 then 0 else attempts end,
             finished_at_us = case when again = 1 then null else $1 end,
             again = 0, error = null, claimed_by = null, lease_until_us = null
         where job_id = $2 and claimed_by = $3 and attempts = $4 and state = 'running'",
    )
    .bind(now.0)
    .bind(claim.job_id)
    .bind(&claim.worker)
    .bind(i64::from(claim.attempts))
    .execute(connection)
    .await?;
    kept(claim, done.rows_affected())
}

fn lease_end(now: UtcMicros, lease: Duration) -> i64 {
    now.0
        .saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX))
}

fn kept(claim: &Claim, rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost { job_id: claim.job_id })
    }
}

async fn requeue_expired(
    connection: &mut AnyConnection,
    sql: &'static str,
    (kind, now): (JobKind, UtcMicros),
) -> Result<()> {
    let query = sqlx::query(sql)
        .bind(i64::from(MAX_CLAIMS))
        .bind(now.0)
        .bind(kind.as_str());
    query.execute(connection).await?;
    Ok(())
}

async fn claim_with(
    connection: &mut AnyConnection,
    sql: &'static str,
    (kind, worker, lease_until_us): (JobKind, &str, i64),
) -> Result<Option<Claim>> {
    let row = sqlx::query(sql)
        .bind(worker)
        .bind(lease_until_us)
        .bind(kind.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| claim_of(&row, worker)).transpose()
}

fn claim_of(row: &AnyRow, worker: &str) -> Result<Claim> {
    Ok(Claim {
        job_id: row.try_get("job_id")?,
        job_key: row.try_get("job_key")?,
        sortie_id: row.try_get("sortie_id")?,
        attempts: whole(row, "job", "attempts")?,
        worker: worker.to_owned(),
    })
}
