//! Result codes, break reasons, steps and alarms in words, with a remedy. The tables are in `codes/*.tsv`; a code that is
//! in none of them is shown as its number.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schedule::refusal::RefusalCode;

use super::alarm::Alarm;

/// What a code is about; decides on the refusal it leads to and on the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// Nothing.
    None,
    /// The dock is at something else.
    Busy,
    /// People debug it.
    Debug,
    /// The emergency stop.
    EmergencyStop,
    /// What was asked for cannot be flown or does not exist.
    Plan,
    /// Network between dock and us.
    Network,
    /// The time for it is over.
    Late,
    /// The aircraft did not do it.
    Aircraft,
    /// Position or RTK.
    Position,
    /// Battery.
    Battery,
    /// Wind.
    Wind,
    /// Rain.
    Rain,
    /// Temperature.
    Cold,
    /// The cover.
    Lid,
    /// Other hardware.
    Hardware,
    /// Mains power.
    Power,
    /// Height, distance, zones.
    Limits,
    /// An obstacle.
    Obstacle,
    /// Somebody else has control.
    Control,
    /// Photos.
    Media,
    /// A fault of software, gone after a restart.
    Restart,
    /// Not in the table.
    Unknown,
}

/// A code in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeWords {
    /// What it is about.
    pub kind: CodeKind,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl CodeKind {
    const NAMED: &[(&str, CodeKind)] = &[
        ("none", CodeKind::None),
        ("busy", CodeKind::Busy),
        ("debug", CodeKind::Debug),
        ("estop", CodeKind::EmergencyStop),
        ("plan", CodeKind::Plan),
        ("network", CodeKind::Network),
        ("late", CodeKind::Late),
        ("aircraft", CodeKind::Aircraft),
        ("position", CodeKind::Position),
        ("battery", CodeKind::Battery),
        ("wind", CodeKind::Wind),
        ("rain", CodeKind::Rain),
        ("cold", CodeKind::Cold),
        ("lid", CodeKind::Lid),
        ("hardware", CodeKind::Hardware),
        ("power", CodeKind::Power),
        ("limits", CodeKind::Limits),
        ("obstacle", CodeKind::Obstacle),
        ("control", CodeKind::Control),
        ("media", CodeKind::Media),
        ("restart", CodeKind::Restart),
    ];

    /// The refusal that a code of this kind leads to before take-off.
    #[must_use]
    pub const fn refusal(self) -> RefusalCode {
        match self {
            Self::Busy | Self::Debug => RefusalCode::DockBusy,
            Self::EmergencyStop => RefusalCode::EmergencyStop,
            Self::Late => RefusalCode::SlotMissed,
            Self::Position => RefusalCode::NoPosition,
            Self::Battery => RefusalCode::Battery,
            Self::Wind => RefusalCode::Wind,
            Self::Rain => RefusalCode::Rain,
            Self::Cold => RefusalCode::Temperature,
            Self::Lid => RefusalCode::LidNotOpen,
            Self::Plan | Self::Limits => RefusalCode::PlanInvalid,
            Self::Network => RefusalCode::UploadFailed,
            _ => RefusalCode::DockRefused,
        }
    }

    /// What to do about it: Chinese, English.
    #[must_use]
    pub const fn remedy(self) -> [&'static str; 2] {
        match self {
            Self::None => ["无需处理", "nothing to do"],
            Self::Busy => [
                "等待机场空闲后重新派发",
                "wait until the dock is idle, then dispatch again",
            ],
            Self::Debug => ["退出调试模式后重新派发", "end debugging, then dispatch again"],
            Self::EmergencyStop => [
                "现场确认安全后复位急停",
                "release the emergency stop on site once it is safe",
            ],
            Self::Plan => ["检查航线后重新派发", "check the plan, then dispatch again"],
            Self::Network => [
                "检查机场能否访问本系统的下载地址",
                "check that the dock reaches this program's address for downloads",
            ],
            Self::Late => [
                "检查机场时钟后重新派发",
                "check the dock's clock, then dispatch again",
            ],
            Self::Aircraft => ["检查飞行器后重新派发", "check the aircraft, then dispatch again"],
            Self::Position => [
                "检查机场与飞行器的卫星和 RTK 信号",
                "check satellites and RTK of dock and aircraft",
            ],
            Self::Battery => [
                "充电或检查电池后重新派发",
                "charge or check the battery, then dispatch again",
            ],
            Self::Wind => ["等风小后重新派发", "dispatch again when the wind is weaker"],
            Self::Rain => ["雨停后重新派发", "dispatch again after the rain"],
            Self::Cold => ["等气温回到范围内", "wait for a temperature within range"],
            Self::Lid => ["到场检查舱盖,排除卡阻", "have the cover checked on site"],
            Self::Hardware => ["到场检查机场硬件", "have the dock's hardware checked on site"],
            Self::Power => [
                "恢复机场供电后重新派发",
                "restore the dock's mains power, then dispatch again",
            ],
            Self::Limits => ["修改航线以避开限制", "change the plan to keep within the limits"],
            Self::Obstacle => ["检查航线上的障碍物", "check the plan for obstacles"],
            Self::Control => ["确认无人用遥控器操作", "make sure that nobody flies it by hand"],
            Self::Media => ["检查相机与存储卡", "check camera and storage"],
            Self::Restart => [
                "重启机场;仍出现则联系厂家",
                "restart the dock; if it stays, ask the maker",
            ],
            Self::Unknown => ["按编号查阅厂家说明", "look the number up with the maker"],
        }
    }
}

/// Result codes of the wayline are break reasons above this number (321513 is reason 513).
const WAYLINE_BASE: i64 = 321_000;

/// A result code of a service or an event; `None` when the tables do not have it.
#[must_use]
pub fn result_words(code: i64) -> Option<CodeWords> {
    static TABLE: OnceLock<BTreeMap<i64, CodeWords>> = OnceLock::new();
    let table = TABLE.get_or_init(|| numbered(include_str!("codes/result.tsv")));
    let of_wayline = || break_reason_words(code.checked_sub(WAYLINE_BASE).filter(|reason| *reason > 0)?);
    table.get(&code).copied().or_else(of_wayline)
}

/// Why a wayline was left.
#[must_use]
pub fn break_reason_words(code: i64) -> Option<CodeWords> {
    static TABLE: OnceLock<BTreeMap<i64, CodeWords>> = OnceLock::new();
    TABLE
        .get_or_init(|| numbered(include_str!("codes/break_reason.tsv")))
        .get(&code)
        .copied()
}

/// What the dock does at this step of a task: Chinese, English.
#[must_use]
pub fn step_words(step: i64) -> Option<[&'static str; 2]> {
    static TABLE: OnceLock<BTreeMap<i64, [&'static str; 2]>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        lines(include_str!("codes/step.tsv"))
            .filter_map(|fields| match fields[..] {
                [code, zh, en] => Some((code.parse().ok()?, [zh, en])),
                _ => None,
            })
            .collect()
    });
    table.get(&step).copied()
}

/// An alarm: its own words where they are known, else those of the part of the machine it comes from.
#[must_use]
pub fn alarm_words(alarm: &Alarm) -> Option<CodeWords> {
    static TABLE: OnceLock<BTreeMap<String, CodeWords>> = OnceLock::new();
    static FAMILIES: OnceLock<BTreeMap<String, CodeWords>> = OnceLock::new();
    let own = TABLE.get_or_init(|| named(include_str!("codes/alarm.tsv")));
    let families = FAMILIES.get_or_init(|| named(include_str!("codes/alarm_family.tsv")));
    own.get(&alarm.code)
        .or_else(|| families.get(alarm.code.get(..6)?))
        .or_else(|| families.get(alarm.code.get(..4)?))
        .copied()
}

/// A result code as a sentence of a refusal: words, number and remedy in English.
pub(super) fn refusal_text(code: i64) -> (RefusalCode, String) {
    match result_words(code) {
        Some(words) => {
            let [_, remedy] = words.kind.remedy();
            (
                words.kind.refusal(),
                format!("{} (DJI {code}); {remedy}", words.en),
            )
        }
        None => {
            let [_, remedy] = CodeKind::Unknown.remedy();
            (
                RefusalCode::DockRefused,
                format!("the dock refuses with code {code}; {remedy}"),
            )
        }
    }
}

fn numbered(table: &'static str) -> BTreeMap<i64, CodeWords> {
    named(table)
        .into_iter()
        .filter_map(|(code, words)| Some((code.parse().ok()?, words)))
        .collect()
}

fn named(table: &'static str) -> BTreeMap<String, CodeWords> {
    lines(table)
        .filter_map(|fields| match fields[..] {
            [code, kind, zh, en] => {
                let kind = CodeKind::NAMED.iter().find(|(name, _)| *name == kind)?.1;
                Some((code.to_owned(), CodeWords { kind, zh, en }))
            }
            _ => None,
        })
        .collect()
}

fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_table_counts() {
        for (name, table) in [
            ("result", include_str!("codes/result.tsv")),
            ("break_reason", include_str!("codes/break_reason.tsv")),
            ("alarm", include_str!("codes/alarm.tsv")),
            ("alarm_family", include_str!("codes/alarm_family.tsv")),
        ] {
            assert_eq!(named(table).len(), lines(table).count(), "{name}");
        }
        let steps = include_str!("codes/step.tsv");
        assert!(lines(steps).all(|fields| step_words(fields[0].parse().unwrap()).is_some()));
    }

    #[test]
    fn alarms_are_looked_up_in_lower_case_and_have_both_languages() {
        for fields in lines(include_str!("codes/alarm.tsv")) {
            let [code, _, zh, en] = fields[..] else {
                panic!("{fields:?}");
            };
            assert!(code.len() == 10 && code == code.to_ascii_lowercase(), "{code}");
            assert!(!zh.is_ascii() && en.is_ascii() || en.contains('°'), "{code}");
        }
    }

    #[test]
    fn codes_lead_to_refusals_and_strangers_keep_their_number() {
        assert_eq!(refusal_text(514_135).0, RefusalCode::Wind);
        assert_eq!(refusal_text(514_121).0, RefusalCode::EmergencyStop);
        let (code, text) = refusal_text(987_654);
        assert_eq!(code, RefusalCode::DockRefused);
        assert!(text.contains("987654"), "{text}");
        assert_eq!(break_reason_words(773).unwrap().kind, CodeKind::Battery);
        assert_eq!(refusal_text(321_784).0, RefusalCode::Wind);
        assert_eq!(step_words(25), Some(["航线执行中", "flying the wayline"]));
    }

    #[test]
    fn an_alarm_without_words_of_its_own_names_its_part() {
        let alarm = |code: &str| Alarm {
            code: code.to_owned(),
            level: None,
            in_the_sky: false,
            imminent: false,
            device_type: None,
            component_index: None,
            sensor_index: None,
        };
        assert_eq!(alarm_words(&alarm("0x16100083")).unwrap().kind, CodeKind::Battery);
        assert_eq!(
            alarm_words(&alarm("0x16ffffff")).unwrap().kind,
            CodeKind::Aircraft
        );
        assert_eq!(alarm_words(&alarm("0x19110014")).unwrap().kind, CodeKind::Lid);
        assert_eq!(
            alarm_words(&alarm("0x1911ffff")).unwrap().en,
            "an alarm of the dock"
        );
        assert_eq!(alarm_words(&alarm("0x19ffffff")).unwrap().kind, CodeKind::Restart);
        assert_eq!(alarm_words(&alarm("0x99")), None);
        assert_eq!(alarm_words(&alarm("0")), None);
    }
}
