//! Rules about what this program itself has to answer for: the mission on board, the failsafe policy, its own disk.

use super::check::{Check, Need};
use super::facts::{BoundsFacts, Limits, ListFact, PolicyFact, ProgramFacts};
use crate::refusal::RefusalCode;

/// What must hold of a sortie that is about to arm.
#[must_use]
pub fn of_the_program(facts: &ProgramFacts, limits: &Limits) -> Vec<Check> {
    let stopped_by = facts.ground_stop_by.as_ref();
    let (equal, details) = facts.read_back.clone().unzip();
    let mut checks = vec![
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
    ];
    checks.extend(bounds(&facts.bounds));
    checks
}

/// A fence that was drawn longer ago may miss what has been closed since, h (geofence data are to be those of the day).
const FENCE_AGE_H: f64 = 24.0;

/// Fence and rally points of the plan are on board and read back equal, and the fence is not an old one. Where the plan
/// has none, what the vehicle has of its own is shown.
fn bounds(facts: &BoundsFacts) -> Vec<Check> {
    let (fence, rally) = facts.on_board.unzip();
    let mut checks = vec![
        on_board(facts.fence_items, fence, "the plan has no fence")
            .named("fence_on_board")
            .said_by("fence read back", None),
        on_board(facts.rally_points, rally, "the plan has no rally points")
            .named("rally_on_board")
            .said_by("rally points read back", None),
    ];
    if facts.fence_items > 0 {
        let age = Check::at_most(RefusalCode::FenceOutdated, facts.fence_age_h, FENCE_AGE_H, "h");
        checks.push(age.said_by("when the plan was read", None));
    }
    checks
}

/// The value is what was read back, the limit what the plan has.
fn on_board(planned: usize, fact: Option<ListFact>, none: &str) -> Check {
    let count = |items: usize| items as f64;
    if planned > 0 {
        let found = match fact {
            Some(ListFact::ReadBack(found)) => Some(count(found)),
            Some(ListFact::Empty | ListFact::Own(_)) => Some(0.0),
            Some(ListFact::Unknown) | None => None,
        };
        return Check::measured(
            RefusalCode::ReadbackDiffers,
            found,
            (count(planned), "items"),
            |found| found == count(planned),
        );
    }
    let (holds, own) = match fact {
        Some(ListFact::Empty) => (Some(true), None),
        Some(ListFact::Own(own)) => (Some(true), Some(format!("{own} of the vehicle's own stay"))),
        Some(ListFact::ReadBack(_)) => (Some(false), None),
        Some(ListFact::Unknown) | None => (None, None),
    };
    let text = own.map_or(none.to_owned(), |own| format!("{none}; {own}"));
    Check::flag(RefusalCode::ReadbackDiffers, holds)
        .need(Need::Note)
        .with_text(Some(text))
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
