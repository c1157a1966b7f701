//! Rules about what this program itself has to answer for: the mission on board, the failsafe policy, its own disk.

use super::check::{Check, Need};
use super::facts::{Limits, PolicyFact, ProgramFacts};
use crate::refusal::RefusalCode;

/// What must hold of a sortie that is about to arm.
#[must_use]
pub fn of_the_program(facts: &ProgramFacts, limits: &Limits) -> Vec<Check> {
    let stopped_by = facts.ground_stop_by.as_ref();
    let (equal, details) = facts.read_back.clone().unzip();
    vec![
        Check::flag(RefusalCode::GroundStop, Some(stopped_by.is_none()))
            .said_by("ground stop of this program", None)
            .with_text(stopped_by.map(|actor| format!("ordered by {actor}"))),
        Check::flag(RefusalCode::ReadbackDiffers, equal)
            .said_by("mission read back", None)
            .with_text(details),
        policy(facts.policy.as_ref()),
        flight_time(facts),
        Check::at_least(RefusalCode::StorageFull, facts.free_gb, limits.free_gb, "GB")
            .said_by("data folder of this program", None),
    ]
}

/// Without a configured policy the vehicle's own is shown and forbids nothing: somebody else answers for it.
fn policy(fact: Option<&PolicyFact>) -> Check {
    let (kept, need, text) = match fact {
        None => (None, Need::Must, None),
        Some(PolicyFact::Kept(text)) => (Some(true), Need::Must, Some(text)),
        Some(PolicyFact::NotKept(text)) => (Some(false), Need::Must, Some(text)),
        Some(PolicyFact::OnlyRead { text, acts }) => (*acts, Need::Note, Some(text)),
    };
    Check::flag(RefusalCode::PolicyNotKept, kept)
        .need(need)
        .said_by("PARAM_VALUE", None)
        .with_text(text.cloned())
}

/// The value is the time it can fly, the limit what the mission needs.
fn flight_time(facts: &ProgramFacts) -> Check {
    let needs_s = facts.needs_s.unwrap_or(f64::INFINITY);
    let can_fly_s = facts.can_fly_s.filter(|_| facts.needs_s.is_some());
    let check = Check::at_least(RefusalCode::FlightTime, can_fly_s, needs_s, "s")
        .need(Need::WhereTold)
        .said_by("charge, endurance and estimate of the mission", None);
    Check {
        limit: facts.needs_s,
        ..check
    }
}
