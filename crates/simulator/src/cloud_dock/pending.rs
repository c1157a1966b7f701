//! What the cloud has to answer: events with `need_reply` and requests, said again until it does.

use std::collections::BTreeMap;

use crate::cloud_dock::line::Topic;

/// How often a message is said again, wall milliseconds.
const AGAIN_MS: i64 = 4_000;

/// A message without an answer.
#[derive(Clone, Debug)]
struct Open {
    order: u64,
    topic: Topic,
    json: String,
    key: Option<String>,
    said_ms: i64,
}

/// All messages without an answer, by transaction.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    open: BTreeMap<String, Open>,
    count: u64,
}

impl Pending {
    /// Takes a message that was just said; it replaces the one of the same key.
    pub(crate) fn add(
        &mut self,
        tid: &str,
        (topic, json): (Topic, String),
        key: Option<String>,
        now_ms: i64,
    ) {
        if key.is_some() {
            self.open.retain(|_, open| open.key != key);
        }
        self.count += 1;
        let open = Open {
            order: self.count,
            topic,
            json,
            key,
            said_ms: now_ms,
        };
        self.open.insert(tid.to_owned(), open);
    }

    /// The cloud has answered; whether somebody waited for it.
    pub(crate) fn answered(&mut self, tid: &str) -> bool {
        self.open.remove(tid).is_some()
    }

    /// What is to be said again, oldest first; everything at once when the line has come back.
    pub(crate) fn due(&mut self, now_ms: i64, all: bool) -> Vec<(Topic, String)> {
        let mut due: Vec<&mut Open> = self
            .open
            .values_mut()
            .filter(|open| all || now_ms - open.said_ms >= AGAIN_MS)
            .collect();
        due.sort_by_key(|open| open.order);
        due.into_iter()
            .map(|open| {
                open.said_ms = now_ms;
                (open.topic, open.json.clone())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_said_again_until_it_is_answered() {
        let mut pending = Pending::default();
        let event = |text: &str| (Topic::Events, text.to_owned());
        pending.add("z", event("old"), Some("k".to_owned()), 0);
        pending.add("y", event("new"), Some("k".to_owned()), 0);
        pending.add("a", event("other"), None, 0);
        assert!(pending.due(AGAIN_MS - 1, false).is_empty());
        assert_eq!(pending.due(AGAIN_MS, false), [event("new"), event("other")]);
        assert!(pending.due(AGAIN_MS + 1, false).is_empty());
        assert!(pending.answered("y") && !pending.answered("z"));
        assert_eq!(pending.due(AGAIN_MS + 2, true), [event("other")]);
    }
}
