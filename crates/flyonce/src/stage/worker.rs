//! The threads that look at photos: each owns a detector of every model, takes look jobs from the store until none is
//! left, and gives back what it cannot finish. A photo is opened once, for all models. Decoded pictures in flight are
//! bounded by a pixel budget.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use image::RgbImage;
use store::jobs::{Claim, JobKind};
use store::looks::{LookResult, ModelLook};
use store::rows::{Actor, ModelRole, NewDetection, PhotoRow, Problem};
use tokio::runtime::Handle;
use vision::{DecodeError, Quality, QualityFault, QualityLimits, decode_jpeg};

use crate::clock;
use crate::stage::choose::{Chooser, is_damaged, withdraw};
use crate::stage::eyes::{Eye, Plan, one_of_each_thing};
use crate::stage::look::{LookTimes, micros};
use crate::workplace::Workplace;

/// Pictures of fewer pixels are no photos of a camera: their quality says nothing.
const SMALLEST_JUDGED_PX: u64 = 100_000;

/// How long a claim holds without being finished; far above the slowest photo, with the tiles of its sortie chosen and
/// the pictures of the sortie compared before that.
const LEASE: Duration = Duration::from_secs(900);

/// What all workers of this process share.
#[derive(Debug)]
pub struct Shared {
    /// Configuration, rows and originals.
    pub workplace: Workplace,
    /// Asked to stop: finish the photo at hand, then leave.
    pub stop: AtomicBool,
    /// Bounds the decoded pictures in memory.
    pub budget: PixelBudget,
    /// Larger pictures are not looked at.
    pub max_pixels: u64,
    /// Whether photos that get further tiles are queued as look jobs.
    pub queue: bool,
    /// Held while the tiles of a sortie are chosen, so that the workers of one program do not all choose the same.
    pub choosing: Mutex<()>,
}

/// One photo done, for progress bars and summaries.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The photo.
    pub photo_id: String,
    /// Number of detections of active models, or the code of what was wrong.
    pub outcome: Result<usize, String>,
    /// Where the time went.
    pub times: LookTimes,
}

/// When a worker leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// When no job can be claimed.
    WhenIdle,
    /// Only when asked to stop; it waits for the next photo meanwhile.
    WhenStopped,
}

/// How long an idle worker waits before it asks for a job again.
const IDLE: Duration = Duration::from_millis(250);

/// Takes look jobs one after another. Blocking; needs a thread of its own.
///
/// # Errors
/// What concerns every photo: the database, a full disk.
pub fn work(
    shared: &Shared,
    (name, leaves): (&str, Leaves),
    eyes: &mut [Eye],
    runtime: &Handle,
    tell: &dyn Fn(Looked),
) -> Result<()> {
    while !shared.stop.load(Ordering::Relaxed) {
        let claim = runtime.block_on(shared.workplace.store.claim_job(
            JobKind::Look,
            name,
            clock::now(),
            LEASE,
        ))?;
        let Some(claim) = claim else {
            if leaves == Leaves::WhenIdle {
                return Ok(());
            }
            std::thread::sleep(IDLE);
            continue;
        };
        match look_at(shared, &claim, eyes, runtime) {
            Ok(looked) => tell(looked),
            Err(error) => {
                let text = format!("{error:#}");
                tracing::warn!(photo.id = %claim.job_key, error = %text, "photo could not be looked at");
                let again =
                    runtime.block_on(shared.workplace.store.fail_job(&claim, &text, true, clock::now()))?;
                if !again {
                    let photo_id = claim.job_key.clone();
                    tell(Looked {
                        photo_id,
                        outcome: Err("failed".to_owned()),
                        times: LookTimes::default(),
                    });
                }
            }
        }
    }
    Ok(())
}

fn look_at(shared: &Shared, claim: &Claim, eyes: &mut [Eye], runtime: &Handle) -> Result<Looked> {
    let mut times = LookTimes::default();
    let photo = runtime.block_on(shared.workplace.store.photo(&claim.job_key))?;
    let seen = see(shared, &photo, eyes, runtime, &mut times)?;
    let committing = Instant::now();
    let outcome = seen.outcome();
    let mut look = LookResult {
        photo_id: photo.photo_id.clone(),
        models: Vec::new(),
        unreadable: None,
        unusable: None,
        actor: Actor {
            name: "look".to_owned(),
            role: "model".to_owned(),
        },
    };
    match seen {
        Seen::Models(models) => look.models = models,
        Seen::Unusable(problem) => {
            look.models = eyes.iter().map(Eye::nothing).collect();
            if is_decode_problem(&problem.code) {
                look.unreadable = Some(problem);
            } else {
                look.unusable = Some(problem);
            }
        }
    }
    runtime.block_on(shared.workplace.store.finish_look(claim, &look, clock::now()))?;
    times.commit_us = micros(committing.elapsed());
    Ok(Looked {
        photo_id: photo.photo_id,
        outcome,
        times,
    })
}

/// What came of looking at a photo.
pub enum Seen {
    /// Of every model; without tiles the photo was not opened for it.
    Models(Vec<ModelLook>),
    /// Its pixels cannot be used.
    Unusable(Problem),
}

impl Seen {
    fn outcome(&self) -> Result<usize, String> {
        match self {
            Self::Models(models) => {
                let active = models.iter().filter(|model| model.role == ModelRole::Active);
                Ok(active.map(|model| model.detections.len()).sum())
            }
            Self::Unusable(problem) => Err(problem.code.clone()),
        }
    }
}

/// Opens a photo if any of the models has tiles in it, and lets each look at its own.
///
/// # Errors
/// The database, an original that is not what it was, an active model that does not run.
pub fn see(
    shared: &Shared,
    photo: &PhotoRow,
    eyes: &mut [Eye],
    runtime: &Handle,
    times: &mut LookTimes,
) -> Result<Seen> {
    if let Some(problem) = runtime.block_on(shared.workplace.store.unusable_photo(&photo.photo_id))? {
        return Ok(Seen::Unusable(problem));
    }
    let plans = choose(shared, times, || {
        let plan = |eye: &Eye| {
            let tiles = runtime.block_on(eye.chooser(&shared.workplace, shared.queue).tiles_of(photo))?;
            Ok(Plan::of(&tiles))
        };
        eyes.iter().map(plan).collect::<Result<Vec<Plan>>>()
    })?;
    let problem_code = photo.problem.as_ref().map(|problem| problem.code.as_str());
    let is_damaged = is_damaged(problem_code, [photo.width_px, photo.height_px]);
    let wanted = |eye: &Eye, plan: &Plan| is_damaged && eye.is_active() || !plan.pending.is_empty();
    let wanting: Vec<bool> = eyes
        .iter()
        .zip(&plans)
        .map(|(eye, plan)| wanted(eye, plan))
        .collect();
    let has_to_pass = has_to_pass(shared, photo, (eyes, &plans), runtime)?;
    if !has_to_pass && !wanting.contains(&true) {
        return Ok(Seen::Models(eyes.iter().map(Eye::nothing).collect()));
    }
    let pixels = u64::from(photo.width_px) * u64::from(photo.height_px);
    let _share = shared.budget.take(pixels.min(shared.max_pixels));
    let problem = match open(shared, photo, times)? {
        Ok(picture) => return look_with(shared, eyes, (photo, &plans, &picture), runtime, times),
        Err(problem) => problem,
    };
    // A photo that only shadow models opened stays what it is for the others.
    let is_wanted = |(eye, wants): (&Eye, &bool)| eye.is_active() && *wants;
    let for_all = has_to_pass || eyes.iter().zip(&wanting).any(is_wanted);
    let concerned = eyes.iter().filter(|eye| for_all || !eye.is_active());
    let choosers: Vec<Chooser<'_>> = concerned
        .map(|eye| eye.chooser(&shared.workplace, shared.queue))
        .collect();
    choose(shared, times, || {
        runtime.block_on(withdraw(&choosers, photo, &problem))
    })?;
    if for_all {
        return Ok(Seen::Unusable(problem));
    }
    let given_up = |eye: &Eye| ModelLook {
        problem: (!eye.is_active()).then(|| problem.clone()),
        ..eye.nothing()
    };
    Ok(Seen::Models(eyes.iter().map(given_up).collect()))
}

/// Whether a photo makes coverage and was not opened by an active model before: its ground may be looked at in others,
/// yet what counts as imaged goes by one rule, and that is known of no photo that was not opened.
fn has_to_pass(
    shared: &Shared,
    photo: &PhotoRow,
    (eyes, plans): (&[Eye], &[Plan]),
    runtime: &Handle,
) -> Result<bool> {
    let workplace = &shared.workplace;
    let mut active = eyes
        .iter()
        .zip(plans)
        .filter(|(eye, _)| eye.is_active())
        .peekable();
    if workplace.config.settings.quality.is_none() || active.peek().is_none() {
        return Ok(false);
    }
    let was_opened = active.any(|(_, plan)| plan.is_further);
    Ok(!was_opened
        && runtime
            .block_on(workplace.store.stored_footprint(&photo.photo_id))?
            .is_some())
}

/// What every model finds in an open photo.
fn look_with(
    shared: &Shared,
    eyes: &mut [Eye],
    (photo, plans, picture): (&PhotoRow, &[Plan], &RgbImage),
    runtime: &Handle,
    times: &mut LookTimes,
) -> Result<Seen> {
    let store = &shared.workplace.store;
    let mut found = Vec::new();
    for (eye, plan) in eyes.iter_mut().zip(plans) {
        found.push(eye.look(picture, plan, times)?);
    }
    one_of_each_thing(eyes, &mut found);
    let mut of_active: Option<Vec<NewDetection>> = None;
    let is_further = eyes
        .iter()
        .zip(plans)
        .any(|(eye, plan)| eye.is_active() && plan.is_further);
    if is_further {
        let rows = runtime.block_on(store.detections_of_photo(&photo.photo_id))?;
        of_active = Some(rows.into_iter().map(|row| row.detection).collect());
    }
    for ((eye, plan), found) in eyes.iter().zip(plans).zip(&mut found) {
        match (eye.role, &of_active) {
            (ModelRole::Active, Some(before)) => found.leave_out(before),
            (ModelRole::Shadow, _) if plan.is_further => {
                let model = &eye.card().sha256;
                found.leave_out(&runtime.block_on(store.shadow_detections_of_photo(&photo.photo_id, model))?);
            }
            _ => {}
        }
    }
    // Read again: choosing may have corrected the pose.
    let photo = runtime.block_on(store.photo(&photo.photo_id))?;
    let found = eyes.iter().zip(plans).zip(found);
    let looks = found.map(|((eye, plan), found)| eye.result(&photo, plan, found));
    Ok(Seen::Models(looks.collect::<Result<_>>()?))
}

/// One worker of this program at a time.
fn choose<T>(shared: &Shared, times: &mut LookTimes, choice: impl FnOnce() -> Result<T>) -> Result<T> {
    let _turn = shared.choosing.lock().unwrap_or_else(PoisonError::into_inner);
    let choosing = Instant::now();
    let chosen = choice();
    times.choose_us += micros(choosing.elapsed());
    chosen
}

/// The pixels of a photo, or why they cannot be used.
fn open(shared: &Shared, photo: &PhotoRow, times: &mut LookTimes) -> Result<Result<RgbImage, Problem>> {
    let reading = Instant::now();
    let bytes = shared.workplace.store.read_original_verified(&photo.sha256)?;
    times.read_us = micros(reading.elapsed());
    let decoding = Instant::now();
    let decoded = decode_jpeg(&bytes, shared.max_pixels);
    times.decode_us = micros(decoding.elapsed());
    let picture = match decoded {
        Ok(picture) => picture,
        Err(error) => {
            return Ok(Err(Problem {
                code: code_of(&error).to_owned(),
                detail_json: serde_json::to_string(&error.to_string()).ok(),
            }));
        }
    };
    let pixels = u64::from(picture.width()) * u64::from(picture.height());
    let Some(limits) = shared
        .workplace
        .config
        .settings
        .quality
        .filter(|_| pixels >= SMALLEST_JUDGED_PX)
    else {
        return Ok(Ok(picture));
    };
    let measuring = Instant::now();
    let quality = Quality::of(&picture);
    times.quality_us = micros(measuring.elapsed());
    Ok(problem_of(&quality, &limits).map_or(Ok(picture), Err))
}

/// Why a picture is not good enough, if so: the first fault names it, the figures stay beside it.
fn problem_of(quality: &Quality, limits: &QualityLimits) -> Option<Problem> {
    let faults: Vec<&str> = quality
        .faults(limits)
        .into_iter()
        .map(QualityFault::code)
        .collect();
    let detail = serde_json::json!({
        "faults": faults,
        "sharpest_edges_px": quality.blur.map(|blur| blur.sharpest_px),
        "typical_edges_px": quality.blur.map(|blur| blur.typical_px),
        "median_level": quality.median_level,
        "bright_level": quality.bright_level,
        "over_exposed_share": quality.over_exposed_share,
        "veil_level": quality.veil_level,
        "contrast_levels": quality.contrast_levels,
    });
    faults.first().map(|code| Problem {
        code: (*code).to_owned(),
        detail_json: Some(detail.to_string()),
    })
}

/// Whether there are no pixels at all, so that the photo is lost.
fn is_decode_problem(code: &str) -> bool {
    matches!(code, "truncated" | "too_large" | "unreadable")
}

fn code_of(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::Truncated { .. } => "truncated",
        DecodeError::TooLarge { .. } => "too_large",
        DecodeError::NotJpeg | DecodeError::Corrupt { .. } => "unreadable",
    }
}

/// At most so many pixels of decoded pictures at once, over all workers (3 bytes each). A picture larger than
/// the whole budget waits until it is alone.
#[derive(Debug)]
pub struct PixelBudget {
    limit: u64,
    taken: Mutex<u64>,
    freed: Condvar,
}

impl PixelBudget {
    /// A budget of `limit` pixels.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            taken: Mutex::new(0),
            freed: Condvar::new(),
        }
    }

    /// Waits for `pixels`; they are given back when the share is dropped.
    pub fn take(&self, pixels: u64) -> Share<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken > 0 && *taken + pixels > self.limit {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += pixels;
        Share { budget: self, pixels }
    }
}

/// Part of a [`PixelBudget`].
#[derive(Debug)]
pub struct Share<'b> {
    budget: &'b PixelBudget,
    pixels: u64,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.pixels;
        self.budget.freed.notify_all();
    }
}

/// `host:pid:start` of this process: tells a dead worker from a living one with a reused process number.
pub fn process_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let pid = std::process::id();
    format!("{}:{pid}:{}", host.trim(), start_ticks(pid).unwrap_or_default())
}

/// Those of `workers` that ran on this machine and are no longer there.
pub fn dead_workers(workers: Vec<String>) -> Vec<String> {
    let own_host = process_name();
    let own_host = own_host.split(':').next().unwrap_or_default().to_owned();
    let is_dead = |worker: &String| {
        let mut parts = worker.split(':');
        let (Some(host), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Ok(pid) = pid.parse::<u32>() else { return false };
        host == own_host && start_ticks(pid).as_deref() != Some(start)
    };
    workers.into_iter().filter(is_dead).collect()
}

/// Start of a process in clock ticks since boot (field 22 of `/proc/PID/stat`).
fn start_ticks(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

/// Shared state for the workers of a workplace. `queue`: photos that get further tiles are queued as look jobs.
pub fn shared(workplace: &Workplace, queue: bool) -> Arc<Shared> {
    let max_pixels = u64::from(workplace.config.settings.max_megapixels) * 1_000_000;
    let budget = PixelBudget::new(max_pixels);
    Arc::new(Shared {
        workplace: workplace.clone(),
        stop: AtomicBool::new(false),
        budget,
        max_pixels,
        queue,
        choosing: Mutex::new(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_makes_the_second_large_picture_wait() {
        let budget = PixelBudget::new(100);
        let first = budget.take(150);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(budget.take(10)));
            std::thread::sleep(Duration::from_millis(30));
            assert!(!waiting.is_finished(), "10 pixels were given beside 150 of 100");
            drop(first);
        });
    }

    #[test]
    fn a_dead_process_is_told_from_this_one() {
        let own = process_name();
        let host = own.split(':').next().unwrap();
        let dead = format!("{host}:{}:1", std::process::id());
        let elsewhere = "another-host:1:1".to_owned();
        assert_eq!(dead_workers(vec![own.clone(), dead.clone(), elsewhere]), [dead]);
    }
}
