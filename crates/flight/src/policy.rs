//! What a vehicle does by itself when it loses its ground station or its battery runs low: configured here, written
//! into the vehicle's own parameters where they differ, and believed only when read back. The vehicle has to do this
//! alone, so that it is settled before it arms.

mod table;

use std::collections::BTreeMap;

use schedule::interlock::PolicyFact;

use crate::parameters::ParameterError;
use crate::parameters::bulk::{Alternatives, ParameterValue};
use crate::parameters::same;
use crate::profile::Profile;
use crate::vehicle::Vehicle;

use table::{Row, rows};

/// What it does when it does not hear its ground station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostLink {
    /// Comes home.
    Return,
    /// Flies its mission to the end, which comes home by itself; outside a mission it comes home.
    Continue,
    /// Lands where it is.
    Land,
}

/// What it does at a battery threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatteryAction {
    /// Says so and goes on.
    Warn,
    /// Comes home.
    Return,
    /// Lands where it is.
    Land,
}

/// What is done about a vehicle that lacks a parameter of the policy under every name known for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingParameter {
    /// It does not fly.
    Refuse,
    /// It flies, and the gap is told.
    Warn,
}

/// A policy. What is `None` stays as it is on the vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct FailsafePolicy {
    /// On a lost ground station.
    pub lost_link: LostLink,
    /// Silence after which it counts as lost, s.
    pub lost_link_after_s: Option<f64>,
    /// At the first battery threshold.
    pub low_battery: BatteryAction,
    /// The first threshold, percent of the capacity.
    pub low_battery_percent: Option<f64>,
    /// At the second one.
    pub critical_battery: BatteryAction,
    /// The second threshold, percent.
    pub critical_battery_percent: Option<f64>,
    /// The first threshold by voltage, V, where the autopilot has one.
    pub low_battery_v: Option<f64>,
    /// The second threshold by voltage, V.
    pub critical_battery_v: Option<f64>,
    /// Height above home of the way back, m.
    pub return_height_m: Option<f64>,
    /// What is done about missing parameters.
    pub missing: MissingParameter,
}

impl Default for FailsafePolicy {
    /// Home on a lost link and on a low battery, down on a critical one; thresholds as they are on the vehicle.
    fn default() -> Self {
        Self {
            lost_link: LostLink::Return,
            lost_link_after_s: None,
            low_battery: BatteryAction::Return,
            low_battery_percent: None,
            critical_battery: BatteryAction::Land,
            critical_battery_percent: None,
            low_battery_v: None,
            critical_battery_v: None,
            return_height_m: None,
            missing: MissingParameter::Refuse,
        }
    }
}

/// One parameter of the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name on this vehicle.
    pub name: String,
    /// What it was.
    pub before: f64,
    /// What it has to be; none where it is only told.
    pub wanted: Option<f64>,
    /// What it is now; none when it does not answer any more.
    pub now: Option<f64>,
}

impl Setting {
    fn is_kept(&self) -> bool {
        self.wanted
            .is_none_or(|wanted| self.now.is_some_and(|now| same(now, wanted)))
    }
}

/// How it stands with the policy of one vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyReport {
    /// Whether a policy is configured; otherwise the vehicle's own was only read.
    pub configured: bool,
    /// Every parameter that the vehicle has.
    pub settings: Vec<Setting>,
    /// What it lacks, each with all names that were tried, or another reason why a part cannot be kept.
    pub missing: Vec<String>,
    /// Whether such a gap refuses the flight.
    pub missing_refuses: bool,
    /// Whether it does anything on a lost ground station; none: not known.
    pub acts_on_lost_link: Option<bool>,
}

impl PolicyReport {
    /// What the gate is told.
    #[must_use]
    pub fn fact(&self) -> PolicyFact {
        let text = self.to_string();
        if !self.configured {
            return PolicyFact::OnlyRead {
                text,
                acts: self.acts_on_lost_link,
            };
        }
        let gap = self.missing_refuses && !self.missing.is_empty();
        if gap || !self.settings.iter().all(Setting::is_kept) {
            return PolicyFact::NotKept(text);
        }
        PolicyFact::Kept(text)
    }
}

impl std::fmt::Display for PolicyReport {
    /// `FS_GCS_ENABLE 0 → 1, FS_OPTIONS 0; missing: RTL_ALT/RTL_ALT_M`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |value: f64| format!("{}", (value * 1e3).round() / 1e3);
        let told = |setting: &Setting| {
            let Setting {
                name, before, wanted, ..
            } = setting;
            let before = number(*before);
            match (setting.now, wanted) {
                (None, _) => format!("{name} {before}, silent now"),
                (Some(now), Some(wanted)) if !same(now, *wanted) => {
                    format!("{name} stays {} instead of {}", number(now), number(*wanted))
                }
                (Some(now), _) if number(now) != before => format!("{name} {before} → {}", number(now)),
                (Some(_), _) => format!("{name} {before}"),
            }
        };
        let mut parts: Vec<String> = self.settings.iter().map(told).collect();
        parts.extend(self.missing.iter().map(|names| format!("missing: {names}")));
        if !self.configured {
            parts.insert(0, "no policy is configured, the vehicle has its own".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

impl Vehicle {
    /// Reads what the vehicle does by itself, and makes it what `policy` says where it differs.
    ///
    /// # Errors
    /// [`ParameterError`] where a value does not fit or nothing could be sent. A vehicle that lacks parameters or does
    /// not keep them is an answer, not an error.
    pub async fn keep_policy(
        &self,
        profile: Profile,
        policy: Option<&FailsafePolicy>,
    ) -> Result<PolicyReport, ParameterError> {
        let rows = rows(profile, policy);
        let groups: Vec<Alternatives<'_>> = rows.iter().map(|row| row.names).collect();
        let found = self.parameters(&groups).await?;
        let by_name: BTreeMap<&str, f64> = found
            .iter()
            .flatten()
            .map(|parameter| (parameter.name.as_str(), parameter.value))
            .collect();
        let mut report = PolicyReport {
            configured: policy.is_some(),
            settings: Vec::new(),
            missing: Vec::new(),
            missing_refuses: policy.is_some_and(|policy| policy.missing == MissingParameter::Refuse),
            acts_on_lost_link: acts_on_lost_link(&by_name),
        };
        if rows.is_empty() && policy.is_some() {
            report
                .missing
                .push("this kind of autopilot has no known failsafe parameters".to_owned());
        }
        let mut changes = Vec::new();
        for (row, parameter) in rows.iter().zip(&found) {
            note_row(row, parameter.as_ref(), &by_name, &mut report, &mut changes);
        }
        if !changes.is_empty() {
            let kept = self.set_parameters(&changes).await?;
            for ((parameter, _), now) in changes.iter().zip(kept) {
                let setting = report.settings.iter_mut().find(|it| it.name == parameter.name);
                if let Some(setting) = setting {
                    setting.now = now;
                }
            }
            report.acts_on_lost_link = report.configured.then_some(true);
        }
        Ok(report)
    }
}

fn note_row(
    row: &Row,
    parameter: Option<&ParameterValue>,
    by_name: &BTreeMap<&str, f64>,
    report: &mut PolicyReport,
    changes: &mut Vec<(ParameterValue, f64)>,
) {
    let Some(parameter) = parameter else {
        if !row.may_lack {
            report.missing.push(row.names.join("/"));
        }
        return;
    };
    let wanted = match row.target(&parameter.name, parameter.value, by_name) {
        Ok(wanted) => wanted,
        Err(problem) => {
            report.missing.push(problem);
            None
        }
    };
    if let Some(wanted) = wanted.filter(|wanted| !same(parameter.value, *wanted)) {
        changes.push((parameter.clone(), wanted));
    }
    report.settings.push(Setting {
        name: parameter.name.clone(),
        before: parameter.value,
        wanted,
        now: Some(parameter.value),
    });
}

/// `FS_GCS_ENABLE` and `NAV_DLL_ACT` both say "nothing" with 0.
fn acts_on_lost_link(values: &BTreeMap<&str, f64>) -> Option<bool> {
    let value = values
        .get("FS_GCS_ENABLE")
        .or_else(|| values.get("NAV_DLL_ACT"))?;
    Some(*value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, before: f64, wanted: Option<f64>, now: Option<f64>) -> Setting {
        Setting {
            name: name.to_owned(),
            before,
            wanted,
            now,
        }
    }

    fn report(settings: Vec<Setting>) -> PolicyReport {
        PolicyReport {
            configured: true,
            settings,
            missing: Vec::new(),
            missing_refuses: true,
            acts_on_lost_link: Some(true),
        }
    }

    #[test]
    fn what_was_changed_and_what_stays_otherwise_is_said() {
        let kept = report(vec![
            setting("FS_GCS_ENABLE", 0.0, Some(1.0), Some(1.0)),
            setting("FS_THR_ENABLE", 0.0, None, Some(0.0)),
        ]);
        assert_eq!(kept.to_string(), "FS_GCS_ENABLE 0 → 1, FS_THR_ENABLE 0");
        assert!(matches!(kept.fact(), PolicyFact::Kept(_)));
        for now in [Some(0.0), None] {
            let lost = report(vec![setting("FS_GCS_ENABLE", 0.0, Some(1.0), now)]);
            assert!(matches!(lost.fact(), PolicyFact::NotKept(_)), "{lost}");
        }
    }

    #[test]
    fn a_missing_parameter_refuses_or_is_told_as_configured() {
        let mut gap = report(Vec::new());
        gap.missing.push("RTL_ALT/RTL_ALT_M".to_owned());
        assert_eq!(
            gap.fact(),
            PolicyFact::NotKept("missing: RTL_ALT/RTL_ALT_M".to_owned())
        );
        gap.missing_refuses = false;
        assert!(matches!(gap.fact(), PolicyFact::Kept(_)));
        gap.configured = false;
        assert!(matches!(gap.fact(), PolicyFact::OnlyRead { .. }));
    }
}
