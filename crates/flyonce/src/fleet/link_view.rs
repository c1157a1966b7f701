//! What a link did, for people and programs: who is on it, what could not be read, what went wrong.

use std::fmt::Write as _;

use flight::fault::FAULTS;
use flight::link::Link;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::lang::{Lang, Words};

/// One link.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkView {
    /// Its address.
    pub link: String,
    /// Vehicles whose autopilot was heard on it.
    pub vehicles: Vec<u8>,
    /// How often a vehicle or component was followed to a new address.
    pub address_changes: u32,
    /// Frames that vehicles sent and that did not arrive, by gaps in their running numbers.
    pub lost_frames: u64,
    /// Other ground stations on it, as `SYSTEM/COMPONENT`.
    pub other_stations: Vec<String>,
    /// Whether one of them uses our own number, so that vehicles may not notice that they lost us.
    pub our_number_used: bool,
    /// Counters: frames read by kind and unreadable by kind, sent, errors by kind, signing by system.
    #[schema(value_type = Object)]
    pub statistics: Value,
}

impl LinkView {
    /// As it stands now.
    pub fn of(link: &Link) -> Self {
        let (seen, stations) = (link.seen(), link.stations());
        Self {
            link: link.address().to_string(),
            vehicles: link.heard(),
            address_changes: seen.iter().map(|seen| seen.moves).sum(),
            lost_frames: seen.iter().map(|seen| seen.lost).sum(),
            other_stations: stations
                .iter()
                .map(|station| format!("{}/{}", station.system_id, station.component_id))
                .collect(),
            our_number_used: stations.iter().any(|station| station.has_our_number),
            // Numbers and names only: there is nothing in it that JSON cannot hold.
            statistics: serde_json::to_value(link.statistics()).unwrap_or_default(),
        }
    }
}

/// What is worth a line about a link: a few figures always, the rest where it is not zero.
pub fn link_line(link: &Value, lang: Lang) -> String {
    let (statistics, read) = (&link["statistics"], &link["statistics"]["read"]);
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let mut line = format!(
        "{}: {} {}, {} {}",
        link["link"].as_str().unwrap_or_default(),
        lang.pick("收", "read"),
        number(&read["frames"]),
        lang.pick("发", "sent"),
        number(&statistics["sent"]),
    );
    let mut say = |words: Words, count: u64| {
        if count > 0 {
            // Writing into a text cannot fail.
            let _ = write!(line, ", {} {count}", words.pick(lang));
        }
    };
    let sum = |value: &Value| {
        let counts = value.as_object().into_iter().flat_map(|map| map.values());
        counts.map(number).sum::<u64>()
    };
    for ([zh, en], path) in COUNTERS {
        // A counter by kind is a table of numbers, the others are one.
        let value = path.iter().fold(link, |value, key| &value[*key]);
        say(Words::new(*zh, *en), number(value) + sum(value));
    }
    for fault in FAULTS {
        let count = number(&statistics["errors"][fault.kind]);
        say(fault_words(fault.kind), count);
    }
    for (system_id, counts) in statistics["signing"].as_object().into_iter().flatten() {
        for (name, zh, en) in SIGNING {
            let words = Words::new(format!("{system_id} 号{zh}"), format!("system {system_id} {en}"));
            say(words, number(&counts[name]));
        }
    }
    for station in link["other_stations"].as_array().into_iter().flatten() {
        let station = station.as_str().unwrap_or_default();
        let _ = write!(
            line,
            ", {} {station}",
            lang.pick("另有地面站", "another ground station")
        );
    }
    if link["our_number_used"] == true {
        line.push_str(lang.pick(
            "(占用本站编号:飞机可能察觉不到本站失联)",
            " (one uses our number: vehicles may not notice that they lost us)",
        ));
    }
    line
}

/// Counters that are said where they are not zero: words, and where they stand.
const COUNTERS: &[([&str; 2], &[&str])] = &[
    (["丢失", "lost"], &["lost_frames"]),
    (["未发出", "not sent"], &["statistics", "not_sent"]),
    (
        ["MAVLink 1 帧", "MAVLink 1 frames"],
        &["statistics", "read", "version_1"],
    ),
    (
        ["校验错误", "wrong checksums"],
        &["statistics", "read", "wrong_checksum"],
    ),
    (
        ["未知消息", "unknown messages"],
        &["statistics", "read", "unknown_messages"],
    ),
    (
        ["含未知取值", "with unknown values"],
        &["statistics", "read", "unknown_values"],
    ),
    (["其中已采用", "of these used"], &["statistics", "read", "mended"]),
    (
        ["长度错误", "wrong lengths"],
        &["statistics", "read", "wrong_length"],
    ),
    (["截断", "cut off"], &["statistics", "read", "cut_off"]),
    (
        ["无主字节", "stray bytes"],
        &["statistics", "read", "stray_bytes"],
    ),
    (
        ["空数据报", "empty datagrams"],
        &["statistics", "empty_datagrams"],
    ),
    (
        ["未曾请求的应答", "answers nobody asked for"],
        &["statistics", "unasked_answers"],
    ),
    (["换地址", "address changes"], &["address_changes"]),
];

/// Counters of signing: name, and what it counts.
const SIGNING: &[(&str, &str, &str)] = &[
    ("signed", "签名有效", "rightly signed"),
    ("unsigned_taken", "未签名但采用", "unsigned and taken"),
    ("unsigned_refused", "未签名已拒", "unsigned and refused"),
    ("wrong_key", "密钥不符", "signed with another key"),
    ("replayed", "重放已拒", "played back and refused"),
    ("stale", "时间戳过旧", "with an old timestamp"),
    ("unchecked", "已签名但无密钥可验", "signed, no key to check"),
];

/// An error of a link in words.
fn fault_words(kind: &str) -> Words {
    match kind {
        "refused" => Words::new("对端无人监听", "nobody listened"),
        "interrupted" => Words::new("系统繁忙", "the system was busy"),
        "unreachable" => Words::new("网络不可达", "unreachable"),
        "too_long" => Words::new("数据报过长", "datagram too long"),
        "broken" => Words::new("连接断开", "connection broken"),
        "no_answer" => Words::new("对端不应答", "no answer"),
        "no_room" => Words::new("系统缓冲已满", "buffers full"),
        "absent" => Words::new("串口不在", "port absent"),
        "not_allowed" => Words::new("系统不允许", "not allowed"),
        "unusable" => Words::new("地址或速率不可用", "address or speed unusable"),
        _ => Words::new("其他错误", "other errors"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_zero_is_said_in_both_languages() {
        let link = json!({
            "link": "udpin:127.0.0.1:1", "lost_frames": 3, "other_stations": ["255/190"], "our_number_used": true,
            "statistics": {
                "sent": 5, "not_sent": 0, "errors": { "refused": 2 },
                "read": { "frames": 9, "unknown_values": { "77": 4, "0": 1 }, "mended": 5, "cut_off": 0 },
                "signing": { "7": { "wrong_key": 6, "signed": 0 } },
            },
        });
        let line = link_line(&link, Lang::En);
        assert_eq!(
            line,
            "udpin:127.0.0.1:1: read 9, sent 5, lost 3, with unknown values 5, of these used 5, nobody listened 2, \
             system 7 signed with another key 6, another ground station 255/190 (one uses our number: vehicles may \
             not notice that they lost us)"
        );
        assert!(link_line(&link, Lang::Zh).contains("7 号密钥不符 6"));
    }

    #[test]
    fn every_kind_of_error_has_words_of_its_own() {
        let words: std::collections::BTreeSet<String> =
            FAULTS.iter().map(|fault| fault_words(fault.kind).zh).collect();
        assert_eq!(words.len(), FAULTS.len());
    }
}
