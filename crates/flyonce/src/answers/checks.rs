//! One check of the gate: as it is written into a sortie, and as people and programs read it.

use schedule::interlock::{Check, may_be_overridden};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::flights::StepRow;
use utoipa::ToSchema;

use crate::fleet::gate_words::check_words;
use crate::fleet::words::{next_step_words, reason_words};
use crate::lang::Words;

/// A check as it stood, in a form that outlives the program that wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredCheck {
    /// Which rule.
    pub check: String,
    /// Code of the refusal it would give.
    pub code: String,
    /// pass, fail or unknown.
    pub verdict: String,
    /// must, where_told or note: how much hangs on it.
    #[serde(default)]
    pub need: String,
    /// Measured value.
    pub value: Option<f64>,
    /// Limit.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: String,
    /// Which message, topic or rule said so.
    #[serde(default)]
    pub source: String,
    /// How old that is, seconds.
    pub age_s: Option<f64>,
    /// More in words.
    pub text: Option<String>,
    /// Whether this check keeps the vehicle on the ground.
    #[serde(default)]
    pub forbids: bool,
    /// Whether a person may override it.
    #[serde(default)]
    pub overridable: bool,
    /// Who does.
    pub overridden: Option<OverrideShown>,
}

/// An override in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverrideShown {
    /// Its number.
    pub id: String,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Why.
    pub reason: String,
    /// Until when, RFC 3339, on the city's clock.
    pub until: String,
}

/// A check with words.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckAnswer {
    /// As it stood.
    #[serde(flatten)]
    pub stored: StoredCheck,
    /// What is checked.
    pub name: Words,
    /// What the refusal says.
    pub words: Words,
    /// What to do about it, where it is not in order.
    pub next_step: Option<Words>,
}

/// How the gate stood when a sortie asked to arm, or was refused.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GateShown {
    /// When, RFC 3339.
    pub at: String,
    /// Whether the vehicle was allowed to arm.
    pub allowed: bool,
    /// Every check.
    pub checks: Vec<CheckAnswer>,
}

impl StoredCheck {
    /// From the rule.
    pub fn of(check: &Check) -> Self {
        let rounded = |value: f64| (value * 1e3).round() / 1e3;
        Self {
            check: check.name.to_owned(),
            code: check.code.as_str().to_owned(),
            verdict: check.verdict.as_str().to_owned(),
            need: check.need.as_str().to_owned(),
            value: check.value.map(rounded),
            limit: check.limit,
            unit: check.unit.to_owned(),
            source: check.source.to_owned(),
            age_s: check.age_s.map(|age_s| (age_s * 10.0).round() / 10.0),
            text: check.text.clone(),
            forbids: check.forbids(),
            overridable: may_be_overridden(check.name),
            overridden: check.overridden.as_ref().map(|given| OverrideShown {
                id: given.id.clone(),
                actor: given.actor.clone(),
                role: given.role.clone(),
                reason: given.reason.clone(),
                until: given.until.to_string(),
            }),
        }
    }
}

impl CheckAnswer {
    /// From the rule.
    pub fn of(check: &Check) -> Self {
        Self::with_words(StoredCheck::of(check))
    }

    fn with_words(stored: StoredCheck) -> Self {
        let in_order = stored.verdict == "pass";
        Self {
            name: check_words(&stored.check),
            words: reason_words(&stored.code),
            next_step: next_step_words(&stored.code).filter(|_| !in_order),
            stored,
        }
    }
}

impl GateShown {
    /// The last gate of a sortie; none where it never came so far. Checks that cannot be read any more are left out.
    pub fn last_of(steps: &[StepRow]) -> Option<Self> {
        steps.iter().rev().find_map(|step| {
            let detail: Value = serde_json::from_str(step.detail_json.as_deref()?).ok()?;
            let checks: Vec<CheckAnswer> = detail
                .get("checks")?
                .as_array()?
                .iter()
                .filter_map(|check| serde_json::from_value(check.clone()).ok())
                .map(CheckAnswer::with_words)
                .collect();
            Some(Self {
                at: step.at.to_string(),
                allowed: !checks.iter().any(|check| check.stored.forbids)
                    && detail["text"].as_str() == Some("may arm"),
                checks,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schedule::interlock::{DockFacts, Limits, VehicleFacts, before_arming};
    use survey::time::UtcMicros;

    #[test]
    fn what_was_written_is_read_again_also_when_it_was_written_by_an_earlier_program() {
        let checks = before_arming(
            &DockFacts::default(),
            &VehicleFacts::default(),
            &Limits::default(),
        );
        let stored: Vec<StoredCheck> = checks.iter().map(StoredCheck::of).collect();
        let step = |detail: Value| StepRow {
            at: UtcMicros(0),
            code: "interlocks".to_owned(),
            detail_json: Some(detail.to_string()),
        };
        let rows = [
            step(serde_json::json!({ "text": "must not arm: wind", "checks": stored })),
            step(serde_json::json!({ "text": "a step without checks" })),
        ];
        let gate = GateShown::last_of(&rows).unwrap();
        assert!(!gate.allowed);
        let read: Vec<StoredCheck> = gate.checks.into_iter().map(|check| check.stored).collect();
        assert_eq!(read, stored);
        let older = serde_json::json!({ "text": "may arm", "checks": [
            { "check": "wind", "code": "wind", "verdict": "pass", "value": 4.0, "limit": 8.0, "unit": "m/s" },
            { "no": "check" },
        ]});
        let gate = GateShown::last_of(&[step(older)]).unwrap();
        assert!(gate.allowed);
        assert_eq!(gate.checks.len(), 1);
        assert_eq!(GateShown::last_of(&rows[1..]), None);
    }
}
