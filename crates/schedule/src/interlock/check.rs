//! One rule as it stands: its verdict with value, limit, source and age, and who overrides it.

use survey::time::UtcMicros;

use crate::refusal::RefusalCode;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit.
    Pass,
    /// Beyond the limit.
    Fail,
    /// Cannot be said for lack of data.
    Unknown,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Unknown => "unknown",
        }
    }
}

/// How much hangs on a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Anything but a pass forbids.
    Must,
    /// A failure forbids; lack of data is shown as such and does not, because many vehicles never tell this.
    WhereTold,
    /// Shown only.
    Note,
}

impl Need {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Need::Must => "must",
            Need::WhereTold => "where_told",
            Need::Note => "note",
        }
    }
}

/// One rule, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Which rule; a stable word, one of its own for every rule.
    pub name: &'static str,
    /// The refusal it leads to.
    pub code: RefusalCode,
    /// What it says.
    pub verdict: Verdict,
    /// How much hangs on it.
    pub need: Need,
    /// The measured value, where the rule has a number and somebody measured.
    pub value: Option<f64>,
    /// The limit that counted, where the rule has a number.
    pub limit: Option<f64>,
    /// Unit of both, empty where the rule has no number.
    pub unit: &'static str,
    /// Which message, topic or rule said so.
    pub source: &'static str,
    /// How old that is, seconds of the wall clock; none for what does not grow old.
    pub age_s: Option<f64>,
    /// More in words: what the vehicle said, which sensor, what was changed.
    pub text: Option<String>,
    /// Who let it pass all the same; the verdict stays as it is.
    pub overridden: Option<OverrideGiven>,
}

impl Check {
    /// Whether this check keeps a vehicle on the ground.
    #[must_use]
    pub fn forbids(&self) -> bool {
        let objects = match (self.verdict, self.need) {
            (Verdict::Pass, _) | (_, Need::Note) | (Verdict::Unknown, Need::WhereTold) => false,
            (Verdict::Fail | Verdict::Unknown, _) => true,
        };
        objects && self.overridden.is_none()
    }

    /// Whether waiting may help: estimators settle, satellites come, sensors warm up.
    #[must_use]
    pub fn may_settle(&self) -> bool {
        const SETTLING: [&str; 8] = [
            "no_position",
            "gps_fix",
            "satellites",
            "prearm",
            "sensors",
            "not_at_dock",
            "home_at_dock",
            "battery",
        ];
        // A number that is known and beyond its limit is an answer; a charge does not rise by waiting seconds.
        let answered =
            matches!(self.name, "battery" | "not_at_dock" | "home_at_dock") && self.verdict == Verdict::Fail;
        /// A sensor that is unhealthy for so long does not settle, s.
        const BROKEN_AFTER_S: f64 = 5.0;
        let broken = self.name == "sensors" && self.value.is_some_and(|for_s| for_s >= BROKEN_AFTER_S);
        SETTLING.contains(&self.name) && !answered && !broken
    }

    /// A rule without a number.
    pub(super) fn flag(code: RefusalCode, as_wanted: Option<bool>) -> Self {
        Self {
            name: code.as_str(),
            code,
            verdict: verdict(as_wanted),
            need: Need::Must,
            value: None,
            limit: None,
            unit: "",
            source: "",
            age_s: None,
            text: None,
            overridden: None,
        }
    }

    pub(super) fn at_most(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::measured(code, value, (limit, unit), |value| value <= limit)
    }

    pub(super) fn at_least(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::measured(code, value, (limit, unit), |value| value >= limit)
    }

    pub(super) fn measured(
        code: RefusalCode,
        value: Option<f64>,
        (limit, unit): (f64, &'static str),
        within: impl Fn(f64) -> bool,
    ) -> Self {
        // A sensor that says "not a number" says nothing.
        let value = value.filter(|value| value.is_finite());
        Self {
            value,
            limit: Some(limit),
            unit,
            ..Self::flag(code, value.map(within))
        }
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(super) fn need(self, need: Need) -> Self {
        Self { need, ..self }
    }

    pub(super) fn said_by(self, source: &'static str, age_s: Option<f64>) -> Self {
        Self {
            source,
            age_s,
            ..self
        }
    }

    pub(super) fn with_text(self, text: Option<String>) -> Self {
        Self { text, ..self }
    }
}

fn verdict(holds: Option<bool>) -> Verdict {
    match holds {
        Some(true) => Verdict::Pass,
        Some(false) => Verdict::Fail,
        None => Verdict::Unknown,
    }
}

/// What an override is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything that starts from a dock.
    Dock(String),
    /// One sortie.
    Sortie(String),
}

/// An override that somebody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideGiven {
    /// Its number.
    pub id: String,
    /// Name of the check.
    pub check: String,
    /// For what.
    pub scope: Scope,
    /// Who gave it.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Why.
    pub reason: String,
    /// Until when it holds, on the city's clock.
    pub until: UtcMicros,
}
