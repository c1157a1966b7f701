//! Whether dock, weather, vehicle and program allow arming, and whether the dock allows landing: one check per rule,
//! each with the measured value, the limit, who said so and how long ago, so that a refusal can be shown with its
//! numbers. Everything is evaluated, also behind the first refusal.

mod dock_rules;
mod facts;
mod overrides;
mod program_rules;
#[cfg(test)]
mod tests;
mod vehicle_rules;

pub use facts::{
    ClockRule, DockFacts, DockWork, GroundStations, Limits, PolicyFact, ProgramFacts, VehicleAges,
    VehicleFacts,
};
pub use overrides::{OverrideGiven, Scope, apply_overrides, may_be_overridden};
pub use program_rules::of_the_program;

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
        SETTLING.contains(&self.name) && !answered
    }

    /// A rule without a number.
    fn flag(code: RefusalCode, as_wanted: Option<bool>) -> Self {
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

    fn at_most(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::measured(code, value, (limit, unit), |value| value <= limit)
    }

    fn at_least(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::measured(code, value, (limit, unit), |value| value >= limit)
    }

    fn measured(
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

    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    fn need(self, need: Need) -> Self {
        Self { need, ..self }
    }

    fn said_by(self, source: &'static str, age_s: Option<f64>) -> Self {
        Self {
            source,
            age_s,
            ..self
        }
    }

    fn with_text(self, text: Option<String>) -> Self {
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

/// What must hold of dock and vehicle before the vehicle is armed. What this program itself has to answer for says
/// [`of_the_program`].
#[must_use]
pub fn before_arming(dock: &DockFacts, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = dock_rules::before_arming(dock, limits);
    checks.extend(vehicle_rules::before_arming(dock.position, vehicle, limits));
    checks
}

/// Everything that should hold before a vehicle comes down into the dock. What forbids it says
/// [`forbids_landing`]; a dock that went silent after its lid was seen open still takes a vehicle.
#[must_use]
pub fn before_landing(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    dock_rules::before_landing(dock, limits)
}

/// The first of these checks that forbids arming.
#[must_use]
pub fn forbids_arming(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| check.forbids())
}

/// The first of these checks that forbids landing in the dock: a failure, or a lid nobody knows open. Other
/// gaps in what is known do not, because a vehicle in the air has to come down somewhere.
#[must_use]
pub fn forbids_landing(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| match check.verdict {
        Verdict::Pass => false,
        Verdict::Fail => true,
        Verdict::Unknown => check.code == RefusalCode::LidNotOpen,
    })
}
