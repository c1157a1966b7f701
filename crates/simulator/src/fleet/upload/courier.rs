//! One dock's courier: takes photos out of the spool one after the other and does not rest until each is stored, or
//! until the door says that it will never be.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::dock::Say;
use crate::fleet::photos::{Parcel, PhotoFate, RenderQueue};
use crate::fleet::upload::door::{Door, DoorProblem, Place};
use crate::fleet::upload::transfer::{Answer, CHUNK, Next, Transfer};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Bytes sent at once by a dock with a slow line, and the pause before each.
const SLOW_CHUNK: u64 = 64 * 1024;
const SLOW_PAUSE: Duration = Duration::from_secs(1);

/// A dock's courier.
pub(crate) struct Courier {
    /// Photos to carry.
    pub(crate) parcels: mpsc::UnboundedReceiver<Parcel>,
    /// Told that a place in the spool is free.
    pub(crate) queue: Arc<RenderQueue>,
    /// Photos that are not yet with the service.
    pub(crate) media_waiting: Arc<AtomicU32>,
    /// Photos stored so far.
    pub(crate) stored: Arc<AtomicU32>,
    /// Folder for what is never taken.
    pub(crate) aside_dir: PathBuf,
    /// Whether the line is slow.
    pub(crate) slow: bool,
    /// Hears what happens.
    pub(crate) say: Say,
}

/// A photo while it is carried.
struct Load {
    parcel: Parcel,
    place: Place,
    bytes: Bytes,
    /// Faults that are still to come.
    fate: PhotoFate,
}

impl Courier {
    /// Carries photos until `stop` or until no more can come.
    pub(crate) async fn carry(mut self, stop: CancellationToken) {
        let mut door = Door::default();
        loop {
            let parcel = tokio::select! {
                () = stop.cancelled() => return,
                parcel = self.parcels.recv() => parcel,
            };
            let Some(parcel) = parcel else { return };
            let name = format!("{} photo {}", parcel.sortie_id, parcel.image_index);
            let carried = tokio::select! {
                () = stop.cancelled() => return,
                carried = self.carry_one(parcel, &mut door) => carried,
            };
            match carried {
                Ok((word, text)) => (self.say)(word, format!("{name}: {text}")),
                Err(error) => (self.say)("photo_error", format!("{name}: {error:#}")),
            }
            self.media_waiting.fetch_sub(1, Ordering::Relaxed);
            self.queue.give_back_room();
        }
    }

    async fn carry_one(&self, parcel: Parcel, door: &mut Door) -> anyhow::Result<(&'static str, String)> {
        let bytes = tokio::fs::read(&parcel.path)
            .await
            .with_context(|| format!("cannot read {}", parcel.path.display()))?;
        let place = Place::new(
            &parcel.photo_door_url,
            &parcel.sortie_id,
            parcel.image_index,
            &parcel.sha256,
        )?;
        let mut load = Load {
            fate: parcel.fate,
            place,
            bytes: bytes.into(),
            parcel,
        };
        let outcome = self.until_settled(&mut load, door).await;
        if let Err(reason) = outcome {
            let kept = self.set_aside(&load.parcel).await?;
            return Ok(("photo_aside", format!("{reason}; kept as {}", kept.display())));
        }
        self.stored.fetch_add(1, Ordering::Relaxed);
        let mut text = format!("stored, {} bytes", load.bytes.len());
        if load.fate.twice {
            let total = load.bytes.len() as u64;
            let again = door
                .put(&load.place, load.bytes.clone(), &(0..total), total)
                .await;
            text = format!("{text}; sent again: {again:?}");
        }
        remove(&load.parcel.path).await?;
        Ok(("photo_stored", text))
    }

    /// Until the photo is stored; the reason when it never will be.
    async fn until_settled(&self, load: &mut Load, door: &mut Door) -> Result<(), &'static str> {
        let chunk = if self.slow { SLOW_CHUNK } else { CHUNK };
        let mut transfer = Transfer::new(load.bytes.len() as u64, chunk);
        let mut next = Next::Ask;
        let mut failures = 0u32;
        loop {
            let spoken = match &next {
                Next::Ask => door.ask(&load.place).await,
                Next::Send(range) => {
                    if self.slow {
                        sleep(SLOW_PAUSE).await;
                    }
                    self.send(load, range, door).await
                }
                Next::WaitThenAsk => {
                    sleep(pause(failures)).await;
                    failures += 1;
                    door.ask(&load.place).await
                }
                Next::Done => return Ok(()),
                Next::SetAside(reason) => return Err(reason),
            };
            let answer = self.heard(spoken, failures, load);
            match answer {
                Answer::Taken { .. } => failures = 0,
                Answer::WrongHash => load.fate.corrupt = false,
                _ => {}
            }
            next = transfer.after(&answer);
        }
    }

    /// The answer, or that there was none; the first failure of a row is said.
    fn heard(&self, spoken: Result<Answer, DoorProblem>, failures: u32, load: &Load) -> Answer {
        let name = format!("{} photo {}", load.parcel.sortie_id, load.parcel.image_index);
        match spoken {
            Ok(answer) => {
                if matches!(answer, Answer::WrongHash | Answer::Busy) && failures == 0 {
                    (self.say)("photo_refused", format!("{name}: {answer:?}"));
                }
                answer
            }
            Err(problem) => {
                if failures == 0 {
                    (self.say)("photo_waiting", format!("{name}: {problem}"));
                }
                Answer::Lost
            }
        }
    }

    async fn send(
        &self,
        load: &mut Load,
        range: &Range<u64>,
        door: &mut Door,
    ) -> Result<Answer, DoorProblem> {
        let total = load.bytes.len() as u64;
        let mut bytes = load.bytes.slice(range.start as usize..range.end as usize);
        if load.fate.half {
            load.fate.half = false;
            Door::put_half(&load.place, &bytes, range, total).await?;
            (self.say)(
                "photo_cut",
                format!(
                    "{} photo {}: connection cut midway",
                    load.parcel.sortie_id, load.parcel.image_index
                ),
            );
            return Ok(Answer::Lost);
        }
        if load.fate.corrupt && range.end == total {
            let mut wrong = bytes.to_vec();
            if let Some(last) = wrong.last_mut() {
                *last ^= 0xFF;
            }
            bytes = wrong.into();
        }
        door.put(&load.place, bytes, range, total).await
    }

    async fn set_aside(&self, parcel: &Parcel) -> anyhow::Result<PathBuf> {
        let file = parcel.path.file_name().context("a photo has a file name")?;
        let kept = self.aside_dir.join(file);
        tokio::fs::create_dir_all(&self.aside_dir)
            .await
            .with_context(|| format!("cannot make {}", self.aside_dir.display()))?;
        tokio::fs::rename(&parcel.path, &kept)
            .await
            .with_context(|| format!("cannot move it to {}", kept.display()))?;
        Ok(kept)
    }
}

async fn remove(path: &Path) -> anyhow::Result<()> {
    tokio::fs::remove_file(path)
        .await
        .with_context(|| format!("cannot delete {}", path.display()))
}

fn pause(failures: u32) -> Duration {
    (FIRST_PAUSE * 2u32.pow(failures.min(4))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
