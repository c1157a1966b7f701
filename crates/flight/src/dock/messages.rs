//! The JSON on each topic of a dock (`schemas/`). Unknown fields are kept, unknown words are kept as words, a wrong
//! type spoils the message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Version of the messages that this program speaks.
pub(super) const VERSION: u32 = 1;
/// Everything begins with this.
const PREFIX: &str = "flyonce/docks/";
/// Largest payload that is looked at, bytes.
pub(super) const MAX_PAYLOAD: usize = 64 * 1024;
/// Longest dock name, characters.
const MAX_DOCK_ID: usize = 64;

/// What a dock can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DockMethod {
    /// Open the lid; done when it is fully open.
    OpenLid,
    /// Close the lid; done when it is fully closed.
    CloseLid,
    /// Charge the vehicle on the pad.
    StartCharging,
    /// Stop charging.
    StopCharging,
    /// The vehicle's next photos belong to this sortie and go to the photo door
    /// ([`DockMethod::photo_door`] makes the arguments).
    AssignSortie,
    /// The sortie is over.
    ReleaseSortie,
    /// Stop whatever moves.
    Abort,
}

impl DockMethod {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenLid => "open_lid",
            Self::CloseLid => "close_lid",
            Self::StartCharging => "start_charging",
            Self::StopCharging => "stop_charging",
            Self::AssignSortie => "assign_sortie",
            Self::ReleaseSortie => "release_sortie",
            Self::Abort => "abort",
        }
    }

    /// The arguments of [`DockMethod::AssignSortie`]: the URL to which the dock adds
    /// `/{sortie}/{image_index}/{sha256}`.
    #[must_use]
    pub fn photo_door(url: &str) -> Map<String, Value> {
        Map::from_iter([("photo_door_url".to_owned(), Value::from(url))])
    }
}

/// What a topic of ours is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Status,
    Telemetry,
    Reply,
    Progress,
}

#[derive(Debug, Deserialize)]
pub(super) struct StatusMessage {
    pub(super) v: u32,
    pub(super) dock_id: String,
    pub(super) online: bool,
    pub(super) at_ms: Option<u64>,
    pub(super) seq: Option<u64>,
    pub(super) lid: Option<String>,
    pub(super) vehicle_present: Option<bool>,
    pub(super) system_id: Option<u8>,
    pub(super) mode: Option<String>,
    pub(super) emergency_stop: Option<bool>,
    pub(super) sortie_id: Option<String>,
    #[serde(flatten)]
    pub(super) unknown: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TelemetryMessage {
    pub(super) v: u32,
    pub(super) dock_id: String,
    pub(super) at_ms: u64,
    pub(super) seq: u64,
    pub(super) charge: Option<ChargeMessage>,
    pub(super) weather: Option<WeatherMessage>,
    pub(super) rtk_fixed: Option<bool>,
    pub(super) backup_battery_percent: Option<f64>,
    pub(super) position: Option<PlaceMessage>,
    pub(super) alternate_landing: Option<PlaceMessage>,
    pub(super) media_waiting: Option<u64>,
    #[serde(flatten)]
    pub(super) unknown: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChargeMessage {
    pub(super) state: String,
    pub(super) percent: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WeatherMessage {
    pub(super) wind_ms: Option<f64>,
    pub(super) gust_ms: Option<f64>,
    pub(super) rain_level: Option<u8>,
    pub(super) temperature_c: Option<f64>,
    pub(super) humidity_percent: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PlaceMessage {
    pub(super) longitude_deg: f64,
    pub(super) latitude_deg: f64,
    pub(super) height_amsl_m: Option<f64>,
    pub(super) safe_height_m: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReplyMessage {
    pub(super) v: u32,
    pub(super) id: String,
    pub(super) result: String,
    pub(super) code: Option<String>,
    pub(super) text: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProgressMessage {
    pub(super) v: u32,
    pub(super) id: String,
    pub(super) status: String,
    pub(super) step: Option<String>,
}

/// The four filters that bring everything docks say.
pub(super) fn filters() -> [String; 4] {
    ["status", "telemetry", "reply", "progress"].map(|kind| format!("{PREFIX}+/{kind}"))
}

/// The topic of `kind` ("command", "reply") of a dock.
pub(super) fn topic(dock_id: &str, kind: &str) -> String {
    format!("{PREFIX}{dock_id}/{kind}")
}

/// Dock and kind of a topic; `None` for a topic that is not ours or a name that no dock can have.
pub(super) fn parse_topic(topic: &[u8]) -> Option<(&str, Kind)> {
    let (dock_id, kind) = std::str::from_utf8(topic)
        .ok()?
        .strip_prefix(PREFIX)?
        .split_once('/')?;
    let kind = match kind {
        "status" => Kind::Status,
        "telemetry" => Kind::Telemetry,
        "reply" => Kind::Reply,
        "progress" => Kind::Progress,
        _ => return None,
    };
    is_dock_id(dock_id).then_some((dock_id, kind))
}

/// 1 to 64 characters of `A–Z a–z 0–9 - _ .`, so that a name can never change what a topic means.
pub(super) fn is_dock_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=MAX_DOCK_ID).contains(&text.len()) && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn topics_name_dock_and_kind() {
        assert_eq!(
            parse_topic(b"flyonce/docks/D07/status"),
            Some(("D07", Kind::Status))
        );
        assert_eq!(
            parse_topic(b"flyonce/docks/D.7_a-b/progress"),
            Some(("D.7_a-b", Kind::Progress))
        );
        for foreign in [
            "flyonce/docks/D07/command",
            "flyonce/docks/D07",
            "flyonce/docks//status",
            "flyonce/docks/a/b/status",
            "flyonce/docks/\u{4e00}/status",
            "other/docks/D07/status",
        ] {
            assert_eq!(parse_topic(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(parse_topic(&[0xff, 0xfe]), None);
    }

    #[test]
    fn a_method_reads_and_writes_as_its_word() {
        for method in [
            DockMethod::OpenLid,
            DockMethod::CloseLid,
            DockMethod::StartCharging,
            DockMethod::StopCharging,
            DockMethod::AssignSortie,
            DockMethod::ReleaseSortie,
            DockMethod::Abort,
        ] {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
    }

    proptest! {
        #[test]
        fn every_dock_name_survives_its_topic(dock_id in "[A-Za-z0-9_.-]{1,64}") {
            let topic = topic(&dock_id, "status");
            prop_assert_eq!(parse_topic(topic.as_bytes()), Some((&*dock_id, Kind::Status)));
        }

        #[test]
        fn no_bytes_break_the_topic_parser(topic in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_topic(&topic);
        }
    }
}
