//! `[failsafe]`: what the vehicles have to do by themselves on a lost link or a low battery. In `flyonce.toml` for the
//! fleet, under a `[[dock]]` of the roster as `[dock.failsafe]` for its vehicle alone, in place of the fleet's.

use flight::policy::{BatteryAction, FailsafePolicy, LostLink, MissingParameter};

use crate::config::reader::Section;
use crate::lang::Words;

/// Reads the section; none where it is not there.
pub fn failsafe(section: &Section<'_, '_>) -> Option<FailsafePolicy> {
    if !section.is_there() {
        return None;
    }
    let default = FailsafePolicy::default();
    let policy = FailsafePolicy {
        lost_link: choice(
            section,
            "lost_link",
            default.lost_link,
            &[
                ("return", LostLink::Return),
                ("continue", LostLink::Continue),
                ("land", LostLink::Land),
            ],
        ),
        // The shortest that both autopilots take is 5 s, the longest 120.
        lost_link_after_s: section.maybe_number("lost_link_after_s", 5.0..=120.0),
        low_battery: choice(section, "low_battery", default.low_battery, BATTERY_ACTIONS),
        low_battery_percent: section.maybe_number("low_battery_percent", 5.0..=45.0),
        critical_battery: choice(
            section,
            "critical_battery",
            default.critical_battery,
            BATTERY_ACTIONS,
        ),
        critical_battery_percent: section.maybe_number("critical_battery_percent", 3.0..=40.0),
        low_battery_v: section.maybe_number("low_battery_volts", 3.0..=120.0),
        critical_battery_v: section.maybe_number("critical_battery_volts", 3.0..=120.0),
        return_height_m: section.maybe_number("return_height_m", 5.0..=120.0),
        missing: choice(
            section,
            "missing_parameter",
            default.missing,
            &[
                ("refuse", MissingParameter::Refuse),
                ("warn", MissingParameter::Warn),
            ],
        ),
    };
    for (key, low, critical) in [
        (
            "critical_battery_percent",
            policy.low_battery_percent,
            policy.critical_battery_percent,
        ),
        (
            "critical_battery_volts",
            policy.low_battery_v,
            policy.critical_battery_v,
        ),
    ] {
        if low.zip(critical).is_some_and(|(low, critical)| critical >= low) {
            let problem = Words::new("须小于低电量阈值", "must be below the low-battery threshold");
            section.reject(key, problem);
        }
    }
    section.finish();
    Some(policy)
}

const BATTERY_ACTIONS: &[(&str, BatteryAction)] = &[
    ("return", BatteryAction::Return),
    ("land", BatteryAction::Land),
    ("warn", BatteryAction::Warn),
];

fn choice<T: Copy>(section: &Section<'_, '_>, key: &str, default: T, words: &[(&str, T)]) -> T {
    let Some(text) = section.text(key) else {
        return default;
    };
    let found = words.iter().find(|(word, _)| *word == text);
    if let Some((_, value)) = found {
        return *value;
    }
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let problem = Words::new(
        format!("须为 {} 之一", all.join("、")),
        format!("must be one of {}", all.join(", ")),
    );
    section.reject(key, problem);
    default
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::{Mistake, Reader};

    fn read(text: &str) -> Result<Option<FailsafePolicy>, Vec<Mistake>> {
        Reader::new("flyonce.toml", text).read(|root| {
            let policy = failsafe(&root.section("failsafe"));
            root.finish();
            policy
        })
    }

    #[test]
    fn no_section_is_no_policy_and_an_empty_one_brings_home() {
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("[failsafe]").unwrap(), Some(FailsafePolicy::default()));
    }

    #[test]
    fn every_field_is_read() {
        let text = "[failsafe]\nlost_link = \"continue\"\nlost_link_after_s = 8\nlow_battery = \"land\"\n\
            low_battery_percent = 25\ncritical_battery = \"warn\"\ncritical_battery_percent = 10\n\
            low_battery_volts = 21.6\ncritical_battery_volts = 20.4\nreturn_height_m = 60\nmissing_parameter = \"warn\"";
        let policy = read(text).unwrap().unwrap();
        assert_eq!(
            policy,
            FailsafePolicy {
                lost_link: LostLink::Continue,
                lost_link_after_s: Some(8.0),
                low_battery: BatteryAction::Land,
                low_battery_percent: Some(25.0),
                critical_battery: BatteryAction::Warn,
                critical_battery_percent: Some(10.0),
                low_battery_v: Some(21.6),
                critical_battery_v: Some(20.4),
                return_height_m: Some(60.0),
                missing: MissingParameter::Warn,
            }
        );
    }

    #[test]
    fn mistakes_name_their_line_and_what_would_be_right() {
        let text = "[failsafe]\nlost_link = \"hover\"\nlow_battery_percent = 20\ncritical_battery_percent = 20\n\
            lost_link_after = 5\n";
        let mistakes = read(text).unwrap_err();
        let told: Vec<(usize, &str)> = mistakes
            .iter()
            .map(|mistake| (mistake.line, mistake.field.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (2, "failsafe.lost_link"),
                (4, "failsafe.critical_battery_percent"),
                (5, "failsafe.lost_link_after"),
            ]
        );
        assert!(mistakes[0].problem.en.contains("return, continue, land"));
    }
}
