//! The darkroom: a fixed number of threads that turn exposures into pictures in the spool. Flying goes on meanwhile
//! on threads of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::dock::Say;
use crate::fleet::photos::{PhotoFate, RenderQueue, Shot};
use crate::fleet::truth_log::TruthLog;
use crate::vehicle::Exposure;

/// A picture and what is true of it.
pub(crate) struct Picture {
    /// The file's bytes.
    pub(crate) jpeg: Vec<u8>,
    /// One JSON object.
    pub(crate) truth: serde_json::Value,
}

/// A photo in the spool.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// The file.
    pub(crate) path: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub(crate) sha256: String,
    /// The sortie it belongs to.
    pub(crate) sortie_id: String,
    /// Its index in that sortie.
    pub(crate) image_index: u32,
    /// Where it goes.
    pub(crate) photo_door_url: String,
    /// What goes wrong on its way.
    pub(crate) fate: PhotoFate,
}

/// Makes the picture of an exposure of the dock with this number, on the calling thread.
pub(crate) type Photographer = Arc<dyn Fn(usize, &Exposure) -> anyhow::Result<Picture> + Send + Sync>;

/// Everything the darkroom's threads share.
pub(crate) struct Darkroom {
    /// Where shots come from.
    pub(crate) queue: Arc<RenderQueue>,
    /// Makes the pictures.
    pub(crate) photographer: Photographer,
    /// Folder of the spool.
    pub(crate) spool_dir: PathBuf,
    /// Where the truth is noted.
    pub(crate) truth: Arc<TruthLog>,
    /// One end per dock, in the order of docks.
    pub(crate) docks: Vec<DarkroomEnd>,
}

/// What the darkroom needs of one dock.
pub(crate) struct DarkroomEnd {
    /// Its name.
    pub(crate) dock_id: String,
    /// To its courier.
    pub(crate) parcels: mpsc::UnboundedSender<Parcel>,
    /// Photos that are not yet with the service.
    pub(crate) media_waiting: Arc<AtomicU32>,
    /// Hears what happens.
    pub(crate) say: Say,
}

impl Darkroom {
    /// Starts so many threads; they end when the queue is closed.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn open(self, threads: usize) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let shared = Arc::new(self);
        (0..threads)
            .map(|number| {
                let shared = shared.clone();
                std::thread::Builder::new()
                    .name(format!("darkroom-{number}"))
                    .spawn(move || shared.work())
                    .context("cannot start a thread for pictures")
            })
            .collect()
    }

    fn work(&self) {
        while let Some(shot) = self.queue.pop() {
            let Some(end) = self.docks.get(shot.dock) else {
                continue;
            };
            let outcome = self
                .develop(&shot, end)
                .and_then(|parcel| end.parcels.send(parcel).context("the dock's courier is gone"));
            if let Err(error) = outcome {
                let index = shot.exposure.image_index;
                (end.say)(
                    "photo_error",
                    format!("{} photo {index}: {error:#}", shot.assignment.sortie_id),
                );
                end.media_waiting.fetch_sub(1, Ordering::Relaxed);
                self.queue.give_back_room();
            }
        }
    }

    fn develop(&self, shot: &Shot, end: &DarkroomEnd) -> anyhow::Result<Parcel> {
        let picture = (self.photographer)(shot.dock, &shot.exposure)
            .or_else(|error| self.note_missing(shot, end).and(Err(error)))?;
        let sha256 = hexadecimal(&Sha256::digest(&picture.jpeg));
        let sortie_id = shot.assignment.sortie_id.clone();
        let folder = self.spool_dir.join(&end.dock_id);
        let exposure = &shot.exposure;
        // The flight number keeps photos of a second start under the same sortie apart.
        let file = format!(
            "{sortie_id}-{}-{:05}.jpg",
            exposure.flight_number, exposure.image_index
        );
        let path = folder.join(file);
        write_spool(&folder, &path, &picture.jpeg)?;
        self.truth
            .note_photo(picture.truth, &sortie_id, &sha256, shot.fate.word())?;
        Ok(Parcel {
            path,
            sha256,
            sortie_id,
            image_index: exposure.image_index,
            photo_door_url: shot.assignment.photo_door_url.clone(),
            fate: shot.fate,
        })
    }

    fn note_missing(&self, shot: &Shot, end: &DarkroomEnd) -> anyhow::Result<()> {
        let sortie_id = Some(shot.assignment.sortie_id.as_str());
        self.truth
            .note_missing(&end.dock_id, &shot.exposure, sortie_id, "no_picture")
    }
}

fn write_spool(folder: &Path, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
