//! The calendar: which plan flies from which dock, when. One TOML file beside the plans, `[[mission]]` after
//! `[[mission]]`; times are the city's civil time.

use std::collections::BTreeSet;
use std::path::Path;

use schedule::calendar::{Entry, MissedPolicy, ResumePolicy, When};

use crate::config::ConfigError;
use crate::config::reader::{Reader, Section};
use crate::config::roster::Roster;
use crate::lang::Words;

/// Name of the file in the folder of plans.
pub const FILE: &str = "calendar.toml";

/// Days of the week as they are written, Monday first.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads the calendar; a file that is not there is an empty one.
///
/// # Errors
/// An unreadable file, or every mistake with its line.
pub fn load(path: &Path, roster: &Roster) -> Result<Vec<Entry>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => read(&path.display().to_string(), &text, roster),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Reads the text of `file`.
///
/// # Errors
/// Every mistake with its line.
pub fn read(file: &str, text: &str, roster: &Roster) -> Result<Vec<Entry>, ConfigError> {
    let entries = Reader::new(file, text).read(|root| {
        let mut entries: Vec<Entry> = Vec::new();
        for section in root.sections("mission") {
            if let Some(entry) = entry(&section, roster) {
                if entries.iter().any(|other| other.mission == entry.mission) {
                    section.reject(
                        "name",
                        Words::new("任务名称重复", "another mission has this name"),
                    );
                }
                entries.push(entry);
            }
        }
        root.finish();
        entries
    });
    entries.map_err(ConfigError::Mistakes)
}

/// One entry; `None` when a mistake was reported.
fn entry(section: &Section<'_, '_>, roster: &Roster) -> Option<Entry> {
    let dock_id = section.required_text("dock");
    if roster.dock(&dock_id).is_none() {
        let problem = Words::new(
            format!("机场清单中没有 {dock_id}"),
            format!("the roster has no dock {dock_id}"),
        );
        section.reject("dock", problem);
    }
    let plan = section.required_text("plan");
    if plan.contains("..") || plan.starts_with('/') {
        let problem = Words::new(
            "须为航线文件夹内的文件名",
            "must be a file inside the folder of plans",
        );
        section.reject("plan", problem);
    }
    let entry = Entry {
        mission: section.required_text("name"),
        plan,
        dock_id,
        when: when(section)?,
        if_missed: if_missed(section)?,
        resume: resume(section),
    };
    section.finish();
    Some(entry)
}

fn when(section: &Section<'_, '_>) -> Option<When> {
    let weekdays = weekdays(section);
    match (section.text("once"), section.text("daily")) {
        (Some(once), None) => {
            let read = once.parse().map_err(|_not_one| {
                section.reject(
                    "once",
                    Words::new(
                        "须为日期时间,例如 2026-03-02T10:00",
                        "must be a day and time such as 2026-03-02T10:00",
                    ),
                );
            });
            read.ok().map(When::Once)
        }
        (None, Some(daily)) => {
            let read = daily.parse().map_err(|_not_one| {
                section.reject(
                    "daily",
                    Words::new("须为时刻,例如 10:00", "must be a time such as 10:00"),
                );
            });
            read.ok().map(|time| When::Daily { time, weekdays })
        }
        _ => {
            let problem = Words::new("须写明 once 或 daily 之一", "needs either once or daily");
            section.reject("name", problem);
            None
        }
    }
}

fn weekdays(section: &Section<'_, '_>) -> [bool; 7] {
    let named: BTreeSet<String> = section.texts("weekdays").into_iter().collect();
    if let Some(unknown) = named.iter().find(|day| !WEEKDAYS.contains(&day.as_str())) {
        let problem = Words::new(
            format!("{unknown} 不是 mon、tue、wed、thu、fri、sat、sun 之一"),
            format!("{unknown} is none of mon, tue, wed, thu, fri, sat, sun"),
        );
        section.reject("weekdays", problem);
    }
    WEEKDAYS.map(|day| named.is_empty() || named.contains(day))
}

fn if_missed(section: &Section<'_, '_>) -> Option<MissedPolicy> {
    match section.text("if_missed") {
        None => Some(MissedPolicy::Skip),
        Some(text) => text
            .parse()
            .map_err(|_not_one| {
                let problem = Words::new("须为 skip 或 within 30 min", "must be skip or within 30 min");
                section.reject("if_missed", problem);
            })
            .ok(),
    }
}

fn resume(section: &Section<'_, '_>) -> ResumePolicy {
    match section.text("resume").as_deref() {
        None | Some("by_hand") => ResumePolicy::ByHand,
        Some("auto") => ResumePolicy::Auto,
        Some(_other) => {
            let problem = Words::new("须为 auto 或 by_hand", "must be auto or by_hand");
            section.reject("resume", problem);
            ResumePolicy::ByHand
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROSTER: &str = "[[dock]]\nid = \"D01\"\nlongitude_deg = 121.55\nlatitude_deg = 31.21\n\
        link = \"udpin:127.0.0.1:14551\"\nsystem_id = 1\n";

    fn read_one(entry: &str) -> Result<Vec<Entry>, ConfigError> {
        let roster = Roster::read("fleet.toml", ROSTER).unwrap();
        read("calendar.toml", &format!("[[mission]]\n{entry}"), &roster)
    }

    #[test]
    fn a_daily_mission_on_working_days_is_read() {
        let text = "name = \"花木\"\nplan = \"D01.plan\"\ndock = \"D01\"\ndaily = \"10:00\"\n\
            weekdays = [\"mon\", \"fri\"]\nif_missed = \"within 30 min\"\nresume = \"auto\"\n";
        let entries = read_one(text).unwrap();
        assert_eq!(entries[0].resume, ResumePolicy::Auto);
        assert_eq!(entries[0].if_missed, MissedPolicy::WithinMinutes(30));
        let When::Daily { weekdays, .. } = entries[0].when else {
            panic!("expected a daily mission");
        };
        assert_eq!(weekdays, [true, false, false, false, true, false, false]);
    }

    #[test]
    fn mistakes_are_named_with_line_and_field() {
        let cases = [
            (
                "name = \"a\"\nplan = \"p\"\ndock = \"D09\"\ndaily = \"10:00\"\n",
                "the roster has no dock D09",
            ),
            (
                "name = \"a\"\nplan = \"p\"\ndock = \"D01\"\ndaily = \"25:00\"\n",
                "such as 10:00",
            ),
            (
                "name = \"a\"\nplan = \"p\"\ndock = \"D01\"\n",
                "needs either once or daily",
            ),
            (
                "name = \"a\"\nplan = \"../p\"\ndock = \"D01\"\ndaily = \"10:00\"\n",
                "inside the folder",
            ),
            (
                "name = \"a\"\nplan = \"p\"\ndock = \"D01\"\ndaily = \"10:00\"\nif_missed = \"never\"\n",
                "skip or within",
            ),
            (
                "name = \"a\"\nplan = \"p\"\ndock = \"D01\"\ndaily = \"10:00\"\nresume = \"yes\"\n",
                "auto or by_hand",
            ),
        ];
        for (text, expected) in cases {
            let said = read_one(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
