//! The threads that look at photos: each owns one detector, takes look jobs from the store until none is
//! left, and gives back what it cannot finish. Decoded pictures in flight are bounded by a pixel budget.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use store::Store;
use store::jobs::{Claim, JobKind};
use store::looks::LookResult;
use store::rows::{Actor, NewDetection, PhotoRow, Problem};
use tokio::runtime::Handle;
use vision::{DecodeError, Detector, decode_jpeg};

use crate::clock;
use crate::stage::look::{LookTimes, Sight, detect, micros, rows, tiles};

/// How long a claim holds without being finished; far above the slowest photo.
const LEASE: Duration = Duration::from_secs(120);

/// What all workers of this process share.
#[derive(Debug)]
pub struct Shared {
    /// Rows and originals.
    pub store: Store,
    /// Asked to stop: finish the photo at hand, then leave.
    pub stop: AtomicBool,
    /// Bounds the decoded pictures in memory.
    pub budget: PixelBudget,
    /// Larger pictures are not looked at.
    pub max_pixels: u64,
    /// SHA-256 of the model.
    pub model_sha256: String,
}

/// One photo done, for progress bars and summaries.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The photo.
    pub photo_id: String,
    /// Number of detections, or the code of what was wrong.
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
    detector: &mut Detector,
    runtime: &Handle,
    tell: &dyn Fn(Looked),
) -> Result<()> {
    while !shared.stop.load(Ordering::Relaxed) {
        let claim = runtime.block_on(shared.store.claim_job(JobKind::Look, name, clock::now(), LEASE))?;
        let Some(claim) = claim else {
            if leaves == Leaves::WhenIdle {
                return Ok(());
            }
            std::thread::sleep(IDLE);
            continue;
        };
        match look_at(shared, &claim, detector, runtime) {
            Ok(looked) => tell(looked),
            Err(error) => {
                let text = format!("{error:#}");
                tracing::warn!(photo.id = %claim.job_key, error = %text, "photo could not be looked at");
                let again = runtime.block_on(shared.store.fail_job(&claim, &text, true, clock::now()))?;
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

fn look_at(shared: &Shared, claim: &Claim, detector: &mut Detector, runtime: &Handle) -> Result<Looked> {
    let mut times = LookTimes::default();
    let photo = runtime.block_on(shared.store.photo(&claim.job_key))?;
    let seen = see(shared, &photo, detector, runtime, &mut times)?;
    let committing = Instant::now();
    let (detections, unreadable, outcome) = match seen {
        Seen::Detections(found) => {
            let n = found.len();
            (found, None, Ok(n))
        }
        Seen::Nothing { code, detail } => {
            let problem = Problem {
                code: code.to_owned(),
                detail_json: serde_json::to_string(&detail).ok(),
            };
            (Vec::new(), Some(problem), Err(code.to_owned()))
        }
    };
    let look = LookResult {
        photo_id: photo.photo_id.clone(),
        model_sha256: shared.model_sha256.clone(),
        detections,
        unreadable,
        actor: Actor {
            name: "look".to_owned(),
            role: "model".to_owned(),
        },
    };
    runtime.block_on(shared.store.finish_look(claim, &look, clock::now()))?;
    times.commit_us = micros(committing.elapsed());
    Ok(Looked {
        photo_id: photo.photo_id,
        outcome,
        times,
    })
}

/// What came of opening a picture.
enum Seen {
    Detections(Vec<NewDetection>),
    Nothing { code: &'static str, detail: String },
}

fn see(
    shared: &Shared,
    photo: &PhotoRow,
    detector: &mut Detector,
    runtime: &Handle,
    times: &mut LookTimes,
) -> Result<Seen> {
    let reading = Instant::now();
    let bytes = shared.store.read_original_verified(&photo.sha256)?;
    times.read_us = micros(reading.elapsed());
    let pixels = u64::from(photo.width_px) * u64::from(photo.height_px);
    let _share = shared.budget.take(pixels.min(shared.max_pixels));
    let decoding = Instant::now();
    let decoded = decode_jpeg(&bytes, shared.max_pixels);
    times.decode_us = micros(decoding.elapsed());
    drop(bytes);
    let picture = match decoded {
        Ok(picture) => picture,
        Err(error) => {
            return Ok(Seen::Nothing {
                code: code_of(&error),
                detail: error.to_string(),
            });
        }
    };
    let sight = Sight::of(photo, detector.card())?;
    let planned = tiles(photo, sight.as_ref(), detector.card())?;
    let kept = runtime.block_on(
        shared
            .store
            .save_tiles(&photo.photo_id, &shared.model_sha256, &planned),
    )?;
    let found = detect(detector, &picture, &kept, times)?;
    Ok(Seen::Detections(rows(
        photo,
        sight.as_ref(),
        detector.card(),
        &found,
    )))
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

/// Shared state for `store`.
pub fn shared(store: Store, model_sha256: String, max_megapixels: u32) -> Arc<Shared> {
    let max_pixels = u64::from(max_megapixels) * 1_000_000;
    let budget = PixelBudget::new(max_pixels);
    Arc::new(Shared {
        store,
        stop: AtomicBool::new(false),
        budget,
        max_pixels,
        model_sha256,
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
