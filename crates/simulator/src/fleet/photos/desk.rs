//! One dock's desk: every exposure of its vehicle is written under the sortie that the dock has at that moment and
//! handed to the darkroom.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::dock::{Assignment, Say};
use crate::fleet::photos::{PhotoFaults, RenderQueue, Shot};
use crate::fleet::truth_log::TruthLog;
use crate::vehicle::Exposure;

/// A dock's desk.
pub(crate) struct Desk {
    /// Number of the dock, from 0.
    pub(crate) dock: usize,
    /// Its name.
    pub(crate) dock_id: String,
    /// What its vehicle exposes.
    pub(crate) exposures: mpsc::Receiver<Exposure>,
    /// The sortie it has.
    pub(crate) assignment: watch::Receiver<Option<Assignment>>,
    /// What goes wrong with its photos.
    pub(crate) faults: PhotoFaults,
    /// To the darkroom.
    pub(crate) queue: Arc<RenderQueue>,
    /// Truth of photos that are never made.
    pub(crate) truth: Arc<TruthLog>,
    /// Photos that are not yet with the service.
    pub(crate) media_waiting: Arc<AtomicU32>,
    /// Hears what happens.
    pub(crate) say: Say,
}

impl Desk {
    /// Takes exposures until `stop` or until the vehicle is gone.
    pub(crate) async fn attend(mut self, stop: CancellationToken) {
        loop {
            let exposure = tokio::select! {
                () = stop.cancelled() => return,
                exposure = self.exposures.recv() => exposure,
            };
            let Some(exposure) = exposure else { return };
            self.take(exposure);
        }
    }

    fn take(&self, exposure: Exposure) {
        let name = format!("flight {} photo {}", exposure.flight_number, exposure.image_index);
        let Some(assignment) = self.assignment.borrow().clone() else {
            (self.say)("photo_unassigned", format!("{name}: the dock has no sortie"));
            self.note_missing(&exposure, None, "no_sortie");
            return;
        };
        let sortie_id = assignment.sortie_id.clone();
        let fate = self.faults.fate_of(exposure.image_index);
        if fate.lost {
            (self.say)(
                "photo_lost",
                format!("{name} of {sortie_id} stays on the vehicle"),
            );
            self.note_missing(&exposure, Some(&sortie_id), "photo_lost");
            return;
        }
        self.media_waiting.fetch_add(1, Ordering::Relaxed);
        let shot = Shot {
            dock: self.dock,
            exposure,
            assignment,
            fate,
        };
        match self.queue.push(shot) {
            Ok(()) => (self.say)("exposure", format!("{name} of {sortie_id}")),
            Err(shot) => {
                self.media_waiting.fetch_sub(1, Ordering::Relaxed);
                (self.say)(
                    "photo_lost",
                    format!("{name} of {sortie_id}: too many wait for the darkroom"),
                );
                self.note_missing(&shot.exposure, Some(&sortie_id), "darkroom_full");
            }
        }
    }

    fn note_missing(&self, exposure: &Exposure, sortie_id: Option<&str>, fault: &str) {
        let noted = self.truth.note_missing(&self.dock_id, exposure, sortie_id, fault);
        if let Err(error) = noted {
            (self.say)("truth_error", format!("{error:#}"));
        }
    }
}
