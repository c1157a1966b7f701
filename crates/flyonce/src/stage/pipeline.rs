//! Runs the stages over folders of photos: intake one by one in a fixed order, looking beside it on worker
//! threads, association when every photo is looked at. Killed at any moment and started again it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use store::jobs::JobKind;
use tokio::sync::mpsc;

use crate::answers::looks::{SortieLooks, sortie_looks};
use crate::lang::Words;
use crate::stage::associate::associate_all;
use crate::stage::intake::{Taken, list_photos, take_in};
use crate::stage::look::LookTimes;
use crate::stage::lookers::{Lookers, RESULTS_IN_FLIGHT, free_jobs_of_the_dead, hear_out};
use crate::stage::pose_check::{self, PoseCheckSummary};
use crate::stage::worker::{Leaves, Looked, process_name};
use crate::workplace::Workplace;

/// What the caller shows while it runs.
pub trait Progress {
    /// So many files will be taken in.
    fn found(&mut self, files: usize);
    /// One file was taken in.
    fn taken(&mut self, path: &Path);
    /// So many photos wait to be looked at, those at hand included.
    fn waiting(&mut self, photos: u64);
    /// One photo was looked at.
    fn looked(&mut self, photo_id: &str);
    /// Detections are being joined into leads.
    fn associating(&mut self);
}

/// What an ingest came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IngestSummary {
    /// Photo files found.
    pub files: usize,
    /// Files that are not named like photos, left alone.
    pub other_files: usize,
    /// Photos taken in now.
    pub new_photos: usize,
    /// Files whose content was there already.
    pub known_photos: usize,
    /// Files that are no photos.
    pub refused: Vec<RefusedFile>,
    /// New photos that lack something, by code of what.
    pub problems: BTreeMap<String, Vec<String>>,
    /// Photos looked at now.
    pub looked_at: usize,
    /// Photos that could not be looked at now, by code of why.
    pub not_looked_at: BTreeMap<String, Vec<String>>,
    /// Detections made now.
    pub detections: usize,
    /// Leads made now.
    pub new_leads: usize,
    /// How the ground of every sortie at hand was looked at.
    pub looks: Vec<SortieLooks>,
    /// Why nothing was looked at, if so.
    pub model_missing: Option<String>,
    /// Where the time of looking went, over all photos.
    pub look_times: LookTimes,
    /// Wall time of intake, milliseconds.
    pub intake_ms: u64,
    /// What comparing the photos' poses came to.
    pub pose_check: PoseCheckSummary,
    /// Wall time of that, milliseconds.
    pub pose_check_ms: u64,
    /// Wall time of everything, milliseconds.
    pub total_ms: u64,
    /// Largest memory of this process so far, MiB.
    pub peak_memory_mib: Option<u64>,
    /// Sorties whose photos were looked at now.
    #[serde(skip)]
    sorties: BTreeSet<String>,
}

/// A file that was left where it is.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedFile {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: Words,
}

/// Takes in what is in `sources`, looks at every photo that waits, and makes leads.
///
/// # Errors
/// What concerns every photo: a source that is not there, a full disk, the database.
pub async fn ingest(
    workplace: &Workplace,
    sources: &[PathBuf],
    progress: &mut dyn Progress,
) -> Result<IngestSummary> {
    let started = Instant::now();
    let (files, other_files) = list_photos(sources)?;
    let mut summary = IngestSummary {
        files: files.len(),
        other_files,
        ..IngestSummary::default()
    };
    progress.found(files.len());
    for path in &files {
        let taken = take_in(workplace, path)
            .await
            .with_context(|| format!("while taking in {}", path.display()))?;
        summary.note(path, taken);
        progress.taken(path);
    }
    summary.intake_ms = millis(started.elapsed());
    summary.pose_check = pose_check::check_all(workplace).await?;
    summary.pose_check_ms = millis(started.elapsed()) - summary.intake_ms;
    match Lookers::start(workplace).await {
        Ok(lookers) => finish_work(workplace, &lookers, progress, &mut summary).await?,
        Err(error) => summary.model_missing = Some(format!("{error:#}")),
    }
    for sortie_id in std::mem::take(&mut summary.sorties) {
        summary.looks.extend(sortie_looks(workplace, &sortie_id).await?);
    }
    summary.total_ms = millis(started.elapsed());
    summary.peak_memory_mib = peak_memory_mib(std::process::id());
    Ok(summary)
}

impl IngestSummary {
    fn note(&mut self, path: &Path, taken: Taken) {
        match taken {
            Taken::New { photo_id, problem } => {
                self.new_photos += 1;
                if let Some(code) = problem {
                    tracing::info!(photo.id = %photo_id, problem = %code, "photo lacks something");
                    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                    self.problems.entry(code).or_default().push(name.into_owned());
                }
            }
            Taken::Known { .. } => self.known_photos += 1,
            Taken::Refused(reason) => self.refused.push(RefusedFile {
                file: path.display().to_string(),
                reason,
            }),
        }
    }

    fn note_looked(&mut self, looked: Looked) {
        self.look_times.add(&looked.times);
        if let Some((sortie_id, _)) = looked.photo_id.rsplit_once('/') {
            self.sorties.insert(sortie_id.to_owned());
        }
        match looked.outcome {
            Ok(detections) => {
                self.looked_at += 1;
                self.detections += detections;
            }
            Err(code) => self.not_looked_at.entry(code).or_default().push(looked.photo_id),
        }
    }
}

/// Two programs may work on one folder: this one is done when nothing is left for either.
async fn finish_work(
    workplace: &Workplace,
    lookers: &Lookers,
    progress: &mut dyn Progress,
    summary: &mut IngestSummary,
) -> Result<()> {
    loop {
        free_jobs_of_the_dead(workplace).await?;
        look_at_all(workplace, lookers, progress, summary).await?;
        let looks = workplace.store.job_counts(JobKind::Look).await?;
        if looks.queued + looks.running == 0 {
            progress.associating();
            summary.new_leads += associate_all(workplace, &format!("{}:associate", process_name())).await?;
            let associations = workplace.store.job_counts(JobKind::Associate).await?;
            if associations.queued + associations.running == 0 {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn look_at_all(
    workplace: &Workplace,
    lookers: &Lookers,
    progress: &mut dyn Progress,
    summary: &mut IngestSummary,
) -> Result<()> {
    let counts = workplace.store.job_counts(JobKind::Look).await?;
    progress.waiting(counts.queued + counts.running);
    if counts.queued == 0 {
        return Ok(());
    }
    let (tell, results) = mpsc::channel(RESULTS_IN_FLIGHT);
    let workers = lookers
        .count
        .min(usize::try_from(counts.queued).unwrap_or(usize::MAX));
    let mut threads = Vec::new();
    for number in 0..workers {
        threads.push(lookers.spawn_worker(number, Leaves::WhenIdle, tell.clone())?);
    }
    drop(tell);
    hear_out(&lookers.shared, results, threads, |looked| {
        progress.looked(&looked.photo_id);
        summary.note_looked(looked);
    })
    .await
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Largest memory of a process so far (`VmHWM`), MiB; only Linux tells.
pub fn peak_memory_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
