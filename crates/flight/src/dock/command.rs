//! One command from asking to done. It is asked again under the same id after the broker or the dock was away, which
//! is harmless: a dock carries an id out once.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use schedule::photo_ledger::SortieId;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answers::{Answer, Waiting};
use super::command_error::DockCommandError;
use super::line::{DockLine, Shared};
use super::messages::{DockMethod, ProgressMessage, ReplyMessage, VERSION, is_dock_id, topic};

/// What a command is about. The dock refuses a command for a vehicle that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bound<'a> {
    /// The sortie it is for.
    pub sortie: Option<&'a SortieId>,
    /// MAVLink system id of the vehicle it is for.
    pub system_id: Option<u8>,
}

impl DockLine {
    /// Has a dock do something and waits until it is done, at most `deadline`.
    ///
    /// The deadline travels along: a dock that gets the command later does nothing. Dropping the future stops the
    /// waiting, not the dock.
    ///
    /// # Errors
    /// [`DockCommandError`].
    pub async fn command(
        &self,
        dock_id: &str,
        method: DockMethod,
        args: &Map<String, Value>,
        deadline: Duration,
        bound: Bound<'_>,
    ) -> Result<(), DockCommandError> {
        if !is_dock_id(dock_id) {
            return Err(DockCommandError::BadName {
                found: dock_id.to_owned(),
            });
        }
        if let Some(beside) = self
            .shared
            .beside
            .get()
            .filter(|beside| beside.dock(dock_id).is_some())
        {
            return beside.command(dock_id, method, deadline).await;
        }
        if self.is_offline(dock_id) {
            return Err(offline(dock_id));
        }
        let id = new_id(unix_ms());
        let until = Instant::now() + deadline;
        let deadline_ms = unix_ms().saturating_add(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
        let payload = serde_json::json!({
            "v": VERSION,
            "id": id,
            "method": method,
            "args": args,
            "deadline_ms": deadline_ms,
            "sortie_id": bound.sortie,
            "system_id": bound.system_id,
        });
        let answers = self
            .shared
            .waiting
            .open(dock_id, method, &id)
            .ok_or(DockCommandError::AlreadyOpen { method })?;
        let mut asking = Asking {
            shared: &self.shared,
            place: Place {
                waiting: &self.shared.waiting,
                dock_id,
                method,
            },
            id,
            payload: payload.to_string(),
            until,
            answers,
        };
        match tokio::time::timeout_at(until, asking.until_answered()).await {
            Ok(result) => result,
            Err(_elapsed) if self.shared.session.borrow().is_none() => Err(DockCommandError::BrokerGone),
            Err(_elapsed) if self.is_offline(dock_id) => Err(offline(dock_id)),
            Err(_elapsed) => Err(DockCommandError::TimedOut),
        }
    }

    fn is_offline(&self, dock_id: &str) -> bool {
        self.dock(dock_id).is_some_and(|dock| dock.online == Some(false))
    }
}

struct Asking<'a> {
    shared: &'a Shared,
    place: Place<'a>,
    id: String,
    payload: String,
    until: Instant,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// The place where answers arrive; given back when the asking ends, however it ends.
struct Place<'a> {
    waiting: &'a Waiting,
    dock_id: &'a str,
    method: DockMethod,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.close(self.dock_id, self.method);
    }
}

impl Asking<'_> {
    /// Asks once per connection and once more when the dock comes back, until an answer settles it.
    async fn until_answered(&mut self) -> Result<(), DockCommandError> {
        let mut session = self.shared.session.subscribe();
        loop {
            let connected = session.borrow_and_update().is_some();
            if connected {
                self.ask().await;
            }
            loop {
                tokio::select! {
                    // The sender lives in `shared`.
                    _ = session.changed() => break,
                    answer = self.answers.recv() => match answer {
                        Some(Answer::Reply(reply)) => if let Some(refusal) = refusal(reply) {
                            return Err(refusal);
                        },
                        Some(Answer::Progress(progress)) => if let Some(result) = result_of(progress) {
                            return result;
                        },
                        Some(Answer::DockIsBack) => break,
                        None => return Err(DockCommandError::BrokerGone),
                    },
                }
            }
        }
    }

    async fn ask(&self) {
        let left = self.until.saturating_duration_since(Instant::now());
        let whole_seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let properties = PublishProperties {
            message_expiry_interval: Some(u32::try_from(whole_seconds).unwrap_or(u32::MAX)),
            response_topic: Some(topic(self.place.dock_id, "reply")),
            correlation_data: Some(self.id.clone().into()),
            content_type: Some("application/json".to_owned()),
            ..PublishProperties::default()
        };
        let sent = self.shared.client.publish_with_properties(
            topic(self.place.dock_id, "command"),
            QoS::AtLeastOnce,
            false,
            self.payload.clone(),
            properties,
        );
        if let Err(error) = sent.await {
            // The event loop is gone, and with it the line: the waiting ends with the deadline.
            tracing::debug!(%error, "a command could not be handed to the broker");
        }
    }
}

fn refusal(reply: ReplyMessage) -> Option<DockCommandError> {
    if reply.result == "accepted" {
        return None;
    }
    let code = reply.code.unwrap_or(reply.result);
    if code == "expired" {
        return Some(DockCommandError::Expired);
    }
    let text = reply
        .text
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| code.clone());
    Some(DockCommandError::Refused { code, text })
}

fn result_of(progress: ProgressMessage) -> Option<Result<(), DockCommandError>> {
    match progress.status.as_str() {
        "done" => Some(Ok(())),
        "failed" => Some(Err(DockCommandError::Failed {
            step: progress.step.unwrap_or_else(|| "no reason given".to_owned()),
        })),
        // in_progress, or a word of tomorrow: the deadline settles it.
        _ => None,
    }
}

fn offline(dock_id: &str) -> DockCommandError {
    DockCommandError::Offline {
        dock_id: dock_id.to_owned(),
    }
}

fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A name in the form of a ULID (github.com/ulid/spec): 48 bits of milliseconds and 80 more, here 16 of a counter and
/// 64 random ones, in Crockford's base 32. Unique over restarts, sorted by time; not a secret.
fn new_id(unix_ms: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed) & 0xFFFF;
    // Every RandomState has other keys, drawn from the system's randomness.
    let random = RandomState::new().build_hasher().finish();
    let bits =
        (u128::from(unix_ms & 0xFFFF_FFFF_FFFF) << 80) | (u128::from(count) << 64) | u128::from(random);
    (0..26)
        .rev()
        .map(|place| char::from(DIGITS[((bits >> (place * 5)) & 31) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_sort_by_time() {
        let ids: BTreeSet<String> = (0..10_000).map(|_| new_id(1_772_416_800_000)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(
            ids.iter().all(|id| id.len() == 26 && id.starts_with("01KJ")),
            "{ids:?}"
        );
        assert!(new_id(1_000) < new_id(2_000));
    }

    #[test]
    fn answers_settle_a_command_or_do_not() {
        let reply = |text: &str| refusal(serde_json::from_str(text).unwrap());
        assert_eq!(reply(r#"{"v":1,"id":"a","result":"accepted"}"#), None);
        assert_eq!(
            reply(r#"{"v":1,"id":"a","result":"refused","code":"expired"}"#),
            Some(DockCommandError::Expired)
        );
        assert_eq!(
            reply(r#"{"v":1,"id":"a","result":"refused","code":"busy","text":""}"#),
            Some(DockCommandError::Refused {
                code: "busy".to_owned(),
                text: "busy".to_owned()
            })
        );
        let progress = |text: &str| result_of(serde_json::from_str(text).unwrap());
        assert_eq!(progress(r#"{"v":1,"id":"a","status":"done"}"#), Some(Ok(())));
        assert_eq!(progress(r#"{"v":1,"id":"a","status":"resting"}"#), None);
        assert!(matches!(
            progress(r#"{"v":1,"id":"a","status":"failed"}"#),
            Some(Err(DockCommandError::Failed { .. }))
        ));
    }
}
