//! One command to a dock (`services`) and its answer (`services_reply`), told apart by `tid`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::envelope::Envelope;
use super::property::{at, whole};

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceReply {
    /// 0 for yes; anything else is a refusal, in words by [`super::result_words`].
    pub result: i64,
    /// What comes with it.
    pub output: Value,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No such dock.
    #[error("this dock is not one of the Cloud API")]
    UnknownDock,
    /// There is no connection to the broker; nothing was sent.
    #[error("no connection to the docks' broker")]
    BrokerGone,
    /// The time was up. What the dock did is not known.
    #[error("the dock did not answer within {0:?}")]
    TimedOut(Duration),
}

/// Commands on their way.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    open: Mutex<HashMap<String, oneshot::Sender<ServiceReply>>>,
}

/// A place for the answer to one command; given back when the waiting ends, however it ends.
pub(super) struct Place<'w> {
    waiting: &'w Waiting,
    tid: String,
    pub(super) answer: oneshot::Receiver<ServiceReply>,
}

impl Waiting {
    /// Opens a place for the answer to `tid`.
    pub(super) fn open(&self, tid: &str) -> Place<'_> {
        let (sender, answer) = oneshot::channel();
        self.lock().insert(tid.to_owned(), sender);
        Place {
            waiting: self,
            tid: tid.to_owned(),
            answer,
        }
    }

    /// Hands an answer to whoever waits for it; false when nobody does (it came too late, or twice).
    pub(super) fn answer(&self, envelope: &Envelope) -> bool {
        let Some(sender) = self.lock().remove(&envelope.tid) else {
            return false;
        };
        let reply = ServiceReply {
            // An answer without a result is none: -1 is no code of DJI's.
            result: whole(&envelope.data, &["result"]).unwrap_or(-1),
            output: at(&envelope.data, &["output"]).cloned().unwrap_or(Value::Null),
        };
        sender.send(reply).is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<ServiceReply>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.tid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_its_command_once() {
        let waiting = Waiting::default();
        let mut place = waiting.open("t1");
        let reply = |text: &str| waiting.answer(&Envelope::read(text.as_bytes()).unwrap());
        assert!(!reply(r#"{"tid":"other","data":{"result":0}}"#));
        assert!(reply(
            r#"{"tid":"t1","data":{"result":"314000","output":{"a":1}}}"#
        ));
        assert!(!reply(r#"{"tid":"t1","data":{"result":0}}"#), "twice");
        let told = place.answer.try_recv().unwrap();
        assert_eq!((told.result, &told.output["a"]), (314_000, &Value::from(1)));
        drop(waiting.open("t2"));
        assert!(
            !reply(r#"{"tid":"t2","data":{"result":0}}"#),
            "nobody waits any more"
        );
    }
}
