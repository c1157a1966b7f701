//! The envelope of every message: `tid`, `bid`, `timestamp`, `gateway`, `method`, `data`, and `need_reply` in events
//! (dji-sdk/Cloud-API-Doc, dock-to-cloud, topic definition). Read generously, written as the examples there.

use serde_json::{Map, Value, json};

use crate::random::Dice;

/// Longest message that is read, bytes.
const LONGEST: usize = 256 * 1024;

/// A message of the cloud.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope {
    /// The transaction; empty when the sender gave none.
    pub(crate) tid: String,
    /// The business; empty when the sender gave none.
    pub(crate) bid: String,
    /// What it is about; empty in property/set.
    pub(crate) method: String,
    /// The content, an object; empty when there was none.
    pub(crate) data: Map<String, Value>,
}

/// Reads a message; nothing when it is no JSON object or its parts are of the wrong kind, with the reason.
pub(crate) fn read(bytes: &[u8]) -> Result<Envelope, String> {
    if bytes.len() > LONGEST {
        return Err(format!("a message of {} bytes", bytes.len()));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
    let Value::Object(mut fields) = value else {
        return Err("no JSON object".to_owned());
    };
    let mut text = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("{name} is no text: {other}")),
    };
    let (tid, bid, method) = (text("tid")?, text("bid")?, text("method")?);
    let data = match fields.remove("data") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(data)) => data,
        Some(other) => return Err(format!("data is no object: {other}")),
    };
    Ok(Envelope {
        tid,
        bid,
        method,
        data,
    })
}

/// Result code of a reply; nothing when it has none.
pub(crate) fn result_of(data: &Map<String, Value>) -> Option<i64> {
    data.get("result").and_then(Value::as_i64)
}

/// Writes messages of one dock: fresh transactions from its seed.
pub(crate) struct Writer {
    gateway_sn: String,
    dice: Dice,
    unknown_fields: bool,
}

impl Writer {
    /// A writer for the dock `gateway_sn`; with `unknown_fields` it adds keys that no document names.
    pub(crate) fn new(gateway_sn: &str, seed: u64, unknown_fields: bool) -> Self {
        Self {
            gateway_sn: gateway_sn.to_owned(),
            dice: Dice::new(seed, 77),
            unknown_fields,
        }
    }

    /// A fresh UUID (version 4 by its marks).
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.dice.bits(), self.dice.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48 & 0x3fff),
            b & 0xffff_ffff_ffff
        )
    }

    /// A message without method: osd, state, property replies.
    pub(crate) fn plain(&mut self, data: Value, at_ms: i64) -> Value {
        let (tid, bid) = (self.uuid(), self.uuid());
        self.whole(json!({
            "tid": tid, "bid": bid, "timestamp": at_ms, "gateway": self.gateway_sn, "data": data,
        }))
    }

    /// A message with method, in a transaction.
    pub(crate) fn about(&mut self, ids: (&str, &str), method: &str, data: Value, at_ms: i64) -> Value {
        let (tid, bid) = ids;
        self.whole(json!({
            "tid": tid, "bid": bid, "timestamp": at_ms, "gateway": self.gateway_sn, "method": method,
            "data": data,
        }))
    }

    fn whole(&self, mut message: Value) -> Value {
        if self.unknown_fields {
            message["trace_id"] = json!("01-future");
            if let Some(Value::Object(data)) = message.get_mut("data") {
                data.insert(
                    "future_block".to_owned(),
                    json!({"level": 7, "list": [1, null, "x"]}),
                );
            }
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_service_is_read() {
        let bytes = br#"{"tid":"t","bid":"b","timestamp":1,"method":"cover_open","gateway":"G","more":[1]}"#;
        let read = read(bytes).unwrap();
        assert_eq!((read.tid.as_str(), read.method.as_str()), ("t", "cover_open"));
        assert!(read.data.is_empty());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for text in [
            "",
            "[]",
            "1",
            "{\"tid\":1}",
            "{\"data\":[]}",
            "{\"method\":{}}",
            "{",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(&vec![b' '; LONGEST + 1]).is_err());
    }

    #[test]
    fn transactions_look_like_uuids_and_differ() {
        let mut writer = Writer::new("G", 1, false);
        let (a, b) = (writer.uuid(), writer.uuid());
        assert_ne!(a, b);
        let parts: Vec<usize> = a.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_fields_are_read_or_refused(tid in ".{0,9}", method in ".{0,9}", number in any::<i64>()) {
            let whole = json!({"tid": tid, "method": method, "data": {"result": number}, "x": number});
            let found = read(whole.to_string().as_bytes()).unwrap();
            prop_assert_eq!((found.tid, found.method), (tid, method));
            prop_assert_eq!(result_of(&found.data), Some(number));
        }
    }
}
