//! What every message carries around its data, and how one is made.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde_json::{Value, json};

use super::property::{text, whole};

/// Largest message that is looked at, bytes. A dock's own messages stay below a tenth of it.
pub(super) const LARGEST_BYTES: usize = 256 * 1024;

/// A message of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope {
    /// One exchange.
    pub(super) tid: String,
    /// One matter of several exchanges.
    pub(super) bid: String,
    /// Its sender's clock, Unix milliseconds.
    pub(super) timestamp_ms: Option<i64>,
    pub(super) method: Option<String>,
    pub(super) need_reply: bool,
    pub(super) data: Value,
}

/// Why a message does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadEnvelope {
    #[error("{bytes} bytes are more than {LARGEST_BYTES}")]
    TooLarge { bytes: usize },
    #[error("{0}")]
    Json(String),
    #[error("it is no object")]
    NoObject,
}

impl Envelope {
    /// Reads a message; what is missing is empty.
    pub(super) fn read(payload: &[u8]) -> Result<Self, BadEnvelope> {
        if payload.len() > LARGEST_BYTES {
            return Err(BadEnvelope::TooLarge { bytes: payload.len() });
        }
        let mut value: Value =
            serde_json::from_slice(payload).map_err(|error| BadEnvelope::Json(error.to_string()))?;
        let data = match value.as_object_mut() {
            Some(object) => object.remove("data").unwrap_or(Value::Null),
            None => return Err(BadEnvelope::NoObject),
        };
        Ok(Self {
            tid: text(&value, &["tid"]).unwrap_or_default(),
            bid: text(&value, &["bid"]).unwrap_or_default(),
            // Some pages of the documentation spell the name with a colon inside, and so did some firmware.
            timestamp_ms: whole(&value, &["timestamp"]).or_else(|| whole(&value, &["timestamp:"])),
            method: text(&value, &["method"]),
            need_reply: whole(&value, &["need_reply"]).is_some_and(|flag| flag != 0),
            data,
        })
    }

    /// The answer to this message.
    pub(super) fn answer(&self, gateway_sn: &str, data: &Value, now_ms: i64) -> String {
        let mut answer = json!({
            "tid": self.tid,
            "bid": self.bid,
            "timestamp": now_ms,
            "gateway": gateway_sn,
            "data": data,
        });
        if let (Some(method), Some(object)) = (&self.method, answer.as_object_mut()) {
            object.insert("method".to_owned(), Value::from(method.clone()));
        }
        answer.to_string()
    }
}

/// A command to a gateway.
pub(super) fn command(
    gateway_sn: &str,
    (tid, bid): (&str, &str),
    method: &str,
    data: &Value,
    now_ms: i64,
) -> String {
    json!({
        "tid": tid,
        "bid": bid,
        "timestamp": now_ms,
        "gateway": gateway_sn,
        "method": method,
        "data": data,
    })
    .to_string()
}

/// A random UUID (RFC 9562, version 4) in the form in which DJI writes them. Unique, not a secret.
#[must_use]
pub fn new_uuid() -> String {
    // Every RandomState has other keys, drawn from the system's randomness.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let bits = (random() << 64) | random();
    let bits = (bits & !(0xF << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_is_answered_with_its_own_numbers() {
        let text = r#"{"tid":"t","bid":"b","timestamp":"1667803298000","need_reply":1,"gateway":"G",
            "method":"config","data":{"config_type":"json"}}"#;
        let envelope = Envelope::read(text.as_bytes()).unwrap();
        assert_eq!(envelope.timestamp_ms, Some(1_667_803_298_000));
        assert!(envelope.need_reply);
        let answer: Value = serde_json::from_str(&envelope.answer("G", &json!({"result": 0}), 5)).unwrap();
        assert_eq!(
            answer,
            json!({"tid": "t", "bid": "b", "timestamp": 5, "gateway": "G", "method": "config", "data": {"result": 0}})
        );
    }

    #[test]
    fn what_is_no_message_is_said() {
        assert_eq!(Envelope::read(b"[]"), Err(BadEnvelope::NoObject));
        assert!(matches!(Envelope::read(b"{"), Err(BadEnvelope::Json(_))));
        let large = vec![b' '; LARGEST_BYTES + 1];
        assert!(matches!(
            Envelope::read(&large),
            Err(BadEnvelope::TooLarge { .. })
        ));
    }

    #[test]
    fn uuids_differ_and_have_their_form() {
        let uuid = new_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_ne!(uuid, new_uuid());
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Envelope::read(&payload);
        }
    }
}
