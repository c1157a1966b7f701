//! Messages between a dock and whoever commands it: what comes in is read from any bytes without ever failing
//! hard, what goes out is plain JSON.

use serde::Serialize;
use serde_json::{Map, Value};

/// Longest command id and longest sortie name, characters.
const LONGEST_NAME: usize = 64;
/// Version of the messages.
const VERSION: u64 = 1;

/// What a dock can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Open the lid.
    OpenLid,
    /// Close the lid.
    CloseLid,
    /// Charge the vehicle.
    StartCharging,
    /// Stop charging.
    StopCharging,
    /// The vehicle's next photos belong to this sortie.
    AssignSortie,
    /// The vehicle's next photos belong to no sortie.
    ReleaseSortie,
    /// Stop what is moving.
    Abort,
}

/// A command as it was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Name of this command; a repeat has the same.
    pub id: String,
    /// What to do.
    pub method: Method,
    /// Arguments, as they came.
    pub args: Map<String, Value>,
    /// Not to be started later than this, wall time, milliseconds since 1970 UTC.
    pub deadline_ms: i64,
    /// The sortie it is for.
    pub sortie_id: Option<String>,
    /// The vehicle it is for.
    pub system_id: Option<u8>,
}

/// Why bytes are no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Unreadable {
    /// The command's id, when at least that could be read: then it can be refused.
    pub id: Option<String>,
    /// Code for the refusal.
    pub code: &'static str,
    /// What is wrong.
    pub text: String,
}

/// Whether a command is taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplyResult {
    /// It is carried out.
    Accepted,
    /// It is not.
    Refused,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// Version of the message.
    pub v: u64,
    /// The command's id.
    pub id: String,
    /// Whether it is taken on.
    pub result: ReplyResult,
    /// Why not, as a word.
    pub code: Option<String>,
    /// Why not, in a sentence.
    pub text: Option<String>,
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressStatus {
    /// Being carried out.
    InProgress,
    /// Carried out.
    Done,
    /// Given up.
    Failed,
}

/// Progress of an accepted command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Version of the message.
    pub v: u64,
    /// The command's id.
    pub id: String,
    /// What it does.
    pub method: Method,
    /// How far it is.
    pub status: ProgressStatus,
    /// 0 to 100.
    pub percent: u8,
    /// Word for the step.
    pub step: String,
}

/// What a dock says about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// On topic `reply`.
    Reply(Reply),
    /// On topic `progress`.
    Progress(Progress),
}

impl Method {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "open_lid" => Self::OpenLid,
            "close_lid" => Self::CloseLid,
            "start_charging" => Self::StartCharging,
            "stop_charging" => Self::StopCharging,
            "assign_sortie" => Self::AssignSortie,
            "release_sortie" => Self::ReleaseSortie,
            "abort" => Self::Abort,
            _ => return None,
        })
    }
}

impl Command {
    /// Reads a command from the bytes of a message; unknown fields are ignored.
    ///
    /// # Errors
    /// [`Unreadable`] with the id, if there is one, and what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let nameless = |text: String| Unreadable {
            id: None,
            code: "bad_command",
            text,
        };
        let value: Value =
            serde_json::from_slice(bytes).map_err(|e| nameless(format!("the command is no JSON: {e}")))?;
        let Value::Object(fields) = value else {
            return Err(nameless("the command is no JSON object".to_owned()));
        };
        if fields.get("v").and_then(Value::as_u64) != Some(VERSION) {
            return Err(nameless(format!(
                "this dock speaks version {VERSION} and leaves others alone"
            )));
        }
        let id = match fields.get("id") {
            Some(Value::String(id)) if is_name(id) => id.clone(),
            _ => {
                return Err(nameless(format!(
                    "field id must be 1 to {LONGEST_NAME} of A-Z a-z 0-9 - _"
                )));
            }
        };
        Self::from_fields(id.clone(), &fields).map_err(|(code, text)| Unreadable {
            id: Some(id),
            code,
            text,
        })
    }

    fn from_fields(id: String, fields: &Map<String, Value>) -> Result<Self, (&'static str, String)> {
        let bad = |text: &str| ("bad_command", text.to_owned());
        let word = fields.get("method").and_then(Value::as_str).unwrap_or_default();
        let method = Method::from_word(word)
            .ok_or_else(|| ("unknown_method", format!("this dock knows no method {word:?}")))?;
        let deadline_ms = fields
            .get("deadline_ms")
            .and_then(Value::as_i64)
            .ok_or_else(|| bad("field deadline_ms must be milliseconds since 1970"))?;
        let args = match fields.get("args") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(args)) => args.clone(),
            Some(_) => return Err(bad("field args must be an object")),
        };
        let sortie_id = match fields.get("sortie_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) if is_name(name) => Some(name.clone()),
            Some(_) => return Err(bad("field sortie_id is no sortie name")),
        };
        let system_id = match fields.get("system_id") {
            None | Some(Value::Null) => None,
            Some(number) => Some(
                number
                    .as_u64()
                    .and_then(|n| u8::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .ok_or_else(|| bad("field system_id must be 1 to 255"))?,
            ),
        };
        Ok(Self {
            id,
            method,
            args,
            deadline_ms,
            sortie_id,
            system_id,
        })
    }
}

/// Whether a text can name a command or a sortie: 1 to 64 of the characters A-Z a-z 0-9 - _, safe in a path and in
/// a file name.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Reply {
    /// The command is carried out.
    pub fn accepted(id: &str) -> Self {
        Self {
            v: VERSION,
            id: id.to_owned(),
            result: ReplyResult::Accepted,
            code: None,
            text: None,
        }
    }

    /// The command is not carried out: a word and a sentence.
    pub fn refused(id: &str, code: &str, text: &str) -> Self {
        Self {
            v: VERSION,
            id: id.to_owned(),
            result: ReplyResult::Refused,
            code: Some(code.to_owned()),
            text: Some(text.to_owned()),
        }
    }
}

impl Progress {
    /// A step of the command `id`.
    pub fn new(id: &str, method: Method, status: ProgressStatus, percent: u8, step: &str) -> Self {
        Self {
            v: VERSION,
            id: id.to_owned(),
            method,
            status,
            percent,
            step: step.to_owned(),
        }
    }
}

impl Outgoing {
    /// Last part of the topic it goes to.
    pub fn topic_word(&self) -> &'static str {
        match self {
            Self::Reply(_) => "reply",
            Self::Progress(_) => "progress",
        }
    }

    /// Id of the command it speaks of.
    pub fn command_id(&self) -> &str {
        match self {
            Self::Reply(reply) => &reply.id,
            Self::Progress(progress) => &progress.id,
        }
    }

    /// The message as JSON.
    pub fn json(&self) -> String {
        let text = match self {
            Self::Reply(reply) => serde_json::to_string(reply),
            Self::Progress(progress) => serde_json::to_string(progress),
        };
        // Plain structs of texts and numbers always serialise.
        text.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Command, Unreadable> {
        Command::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_whole_command_is_read_and_unknown_fields_do_not_matter() {
        let command = read(&json!({
            "v": 1, "id": "c1", "method": "open_lid", "args": {"x": 1}, "deadline_ms": 5,
            "sortie_id": "20260302T100000-D01", "system_id": 7, "colour": "blue",
        }))
        .unwrap();
        assert_eq!(command.method, Method::OpenLid);
        assert_eq!((command.deadline_ms, command.system_id), (5, Some(7)));
        assert_eq!(command.sortie_id.as_deref(), Some("20260302T100000-D01"));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_id_where_there_is_one() {
        let cases = [
            (json!([1]), None, "bad_command"),
            (json!({"v": 1, "id": 5}), None, "bad_command"),
            (json!({"v": 1, "id": "a/+/#"}), None, "bad_command"),
            (json!({"id": "a"}), None, "bad_command"),
            (
                json!({"id": "a", "v": 2, "method": "open_lid"}),
                None,
                "bad_command",
            ),
            (
                json!({"id": "a", "v": 1, "method": "dance"}),
                Some("a"),
                "unknown_method",
            ),
            (
                json!({"id": "a", "v": 1, "method": "abort"}),
                Some("a"),
                "bad_command",
            ),
            (
                json!({"id": "a", "v": 1, "method": "abort", "deadline_ms": 1, "system_id": 900}),
                Some("a"),
                "bad_command",
            ),
            (
                json!({"id": "a", "v": 1, "method": "abort", "deadline_ms": 1, "sortie_id": "../../x"}),
                Some("a"),
                "bad_command",
            ),
        ];
        for (value, id, code) in cases {
            let unreadable = read(&value).unwrap_err();
            assert_eq!((unreadable.id.as_deref(), unreadable.code), (id, code), "{value}");
            assert!(!unreadable.text.is_empty());
        }
        assert_eq!(Command::read(b"\xFF\x00").unwrap_err().id, None);
    }

    #[test]
    fn names_cannot_leave_a_folder() {
        for bad in ["", "..", "a/b", "a.b", "ä", "a b", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert!(is_name("20260302T100000-D01_a"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Command::read(&bytes);
        }

        #[test]
        fn any_object_is_read_or_refused(
            v in any::<Option<u8>>(), id in ".{0,140}", method in "(open_lid|abort|.{0,6})",
            deadline in any::<i64>(), system in any::<i32>(), sortie in ".{0,70}",
        ) {
            let value = json!({"v": v, "id": id, "method": method, "deadline_ms": deadline,
                "system_id": system, "sortie_id": sortie});
            if let Ok(command) = read(&value) {
                prop_assert_eq!(command.id, id);
                prop_assert!(is_name(&sortie));
            }
        }
    }
}
