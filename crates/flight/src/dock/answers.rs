//! Which answer belongs to which command. An answer that nobody waits for is dropped.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::messages::{DockMethod, ProgressMessage, ReplyMessage};

/// What a waiting command hears.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(ReplyMessage),
    Progress(ProgressMessage),
    /// The dock was offline and is back: it may never have got the command.
    DockIsBack,
}

/// Commands on their way: at most one per dock and method.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    open: Mutex<HashMap<(String, DockMethod), Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    id: String,
    answers: mpsc::UnboundedSender<Answer>,
}

impl Waiting {
    /// Opens a place for the answers to `id`; `None` when this dock already has this method open.
    pub(super) fn open(
        &self,
        dock_id: &str,
        method: DockMethod,
        id: &str,
    ) -> Option<mpsc::UnboundedReceiver<Answer>> {
        match self.lock().entry((dock_id.to_owned(), method)) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                let (answers, receiver) = mpsc::unbounded_channel();
                place.insert(Waiter {
                    id: id.to_owned(),
                    answers,
                });
                Some(receiver)
            }
        }
    }

    /// Ends the waiting.
    pub(super) fn close(&self, dock_id: &str, method: DockMethod) {
        self.lock().remove(&(dock_id.to_owned(), method));
    }

    /// Hands an answer from `dock_id` to the command `id`. An id that another dock answers is not ours.
    pub(super) fn answer(&self, dock_id: &str, id: &str, answer: Answer) {
        let open = self.lock();
        let waiter = open
            .iter()
            .find(|((dock, _), waiter)| dock == dock_id && waiter.id == id);
        if let Some((_, waiter)) = waiter {
            // A receiver that is gone has its deadline behind it.
            let _ = waiter.answers.send(answer);
        }
    }

    /// Tells every command of a dock that the dock is back.
    pub(super) fn dock_is_back(&self, dock_id: &str) {
        for ((dock, _), waiter) in &*self.lock() {
            if dock == dock_id {
                let _ = waiter.answers.send(Answer::DockIsBack);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, DockMethod), Waiter>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
