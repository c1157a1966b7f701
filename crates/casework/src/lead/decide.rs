//! Which move a decision makes, or why it makes none.

use super::history::LeadHistory;
use super::words::{Decision, LeadState, MoveKind, ReviewPolicy};

/// A legal move: append it as an event, then set the lead's state to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// State before.
    pub from: LeadState,
    /// State after.
    pub to: LeadState,
    /// Kind of the event to append.
    pub kind: MoveKind,
}

/// Why a decision is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// Nobody signed.
    #[error("a decision needs the name of the person who makes it")]
    ActorMissing,
    /// The decision needs a reason code.
    #[error("{decision} needs a reason")]
    ReasonMissing {
        /// The refused decision.
        decision: Decision,
    },
    /// People already came to a conclusion.
    #[error("already decided ({state}); undo first")]
    AlreadyDecided {
        /// Where the lead stands.
        state: LeadState,
    },
    /// The second confirmation must come from someone else than the first.
    #[error("{first} confirmed this lead already; the second review needs another person")]
    SecondPersonNeeded {
        /// Who confirmed first.
        first: String,
    },
    /// No decision stands that could be taken back.
    #[error("there is no decision to undo")]
    NothingToUndo,
}

/// From which flight a new photo of a lead's site comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// From a flight (or folder) that already showed the site.
    SameFlight,
    /// From a flight that had not shown it before.
    LaterFlight,
}

/// The move that `decision` makes under `policy`.
///
/// `actor` names the person; two spellings that differ only in case or surrounding blanks are one person.
/// `reason` is a code of the program's catalogue; here it only must not be blank where it is required.
///
/// # Errors
/// See [`MoveError`]; nothing moves then.
pub fn decide(
    history: &LeadHistory,
    decision: Decision,
    policy: ReviewPolicy,
    actor: &str,
    reason: Option<&str>,
) -> Result<Move, MoveError> {
    if actor.trim().is_empty() {
        return Err(MoveError::ActorMissing);
    }
    if decision.reason_required() && reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(MoveError::ReasonMissing { decision });
    }
    let from = history.state();
    if decision != Decision::Undo && from.is_decided() {
        return Err(MoveError::AlreadyDecided { state: from });
    }
    let (kind, to) = match decision {
        Decision::Confirm => (MoveKind::Confirm, confirmed(history, policy, actor)?),
        Decision::FalseAlarm => (MoveKind::FalseAlarm, LeadState::FalseAlarm),
        Decision::KnownStock => (MoveKind::KnownStock, LeadState::KnownStock),
        Decision::FlyAgain => (MoveKind::FlyAgain, LeadState::FlyAgain),
        Decision::Undo => (MoveKind::Undo, before_last_decision(history)?),
    };
    Ok(Move { from, to, kind })
}

/// The move that a new photo of the lead's site makes: a later flight reopens a lead that waits for one,
/// anything else is only noted.
pub fn sighting(history: &LeadHistory, sighting: Sighting) -> Move {
    let from = history.state();
    match (from, sighting) {
        (LeadState::FlyAgain, Sighting::LaterFlight) => Move {
            from,
            to: LeadState::Candidate,
            kind: MoveKind::SeenAgain,
        },
        _ => Move {
            from,
            to: from,
            kind: MoveKind::Sighted,
        },
    }
}

fn confirmed(history: &LeadHistory, policy: ReviewPolicy, actor: &str) -> Result<LeadState, MoveError> {
    match (policy, history.state()) {
        (ReviewPolicy::Joint, _) => Ok(LeadState::Confirmed),
        (ReviewPolicy::TwoStep, LeadState::SecondReview) => match history.last_standing() {
            Some(first) if same_person(&first.actor, actor) => Err(MoveError::SecondPersonNeeded {
                first: first.actor.clone(),
            }),
            _ => Ok(LeadState::Confirmed),
        },
        (ReviewPolicy::TwoStep, _) => Ok(LeadState::SecondReview),
    }
}

fn before_last_decision(history: &LeadHistory) -> Result<LeadState, MoveError> {
    history
        .last_standing()
        .and_then(|last| last.from)
        .ok_or(MoveError::NothingToUndo)
}

fn same_person(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::{HistoryError, PastMove};
    use proptest::prelude::*;

    fn created() -> Vec<PastMove> {
        let candidate = LeadState::Candidate;
        vec![PastMove {
            kind: MoveKind::Created,
            from: None,
            to: candidate,
            actor: "flyonce".into(),
        }]
    }

    fn past(events: &[PastMove]) -> LeadHistory {
        LeadHistory::replay(events).unwrap()
    }

    fn append(events: &mut Vec<PastMove>, step: Move, actor: &str) {
        events.push(PastMove {
            kind: step.kind,
            from: Some(step.from),
            to: step.to,
            actor: actor.into(),
        });
    }

    /// Makes each decision in turn and returns the state after it, or the refusal in words.
    fn walk(policy: ReviewPolicy, steps: &[(Decision, &str)]) -> Vec<Result<LeadState, String>> {
        let mut events = created();
        let mut seen = Vec::new();
        for &(decision, actor) in steps {
            let reason = decision.reason_required().then_some("shadow");
            let step = decide(&past(&events), decision, policy, actor, reason);
            if let Ok(step) = step {
                append(&mut events, step, actor);
            }
            seen.push(step.map(|step| step.to).map_err(|error| error.to_string()));
        }
        seen
    }

    #[test]
    fn one_person_confirms_under_the_joint_policy() {
        let seen = walk(
            ReviewPolicy::Joint,
            &[(Decision::Confirm, "王芳"), (Decision::FalseAlarm, "王芳")],
        );
        assert_eq!(seen[0], Ok(LeadState::Confirmed));
        assert_eq!(seen[1], Err("already decided (confirmed); undo first".into()));
    }

    #[test]
    fn two_step_needs_two_different_people() {
        let steps = [
            (Decision::Confirm, "Wang"),
            (Decision::Confirm, " wang"),
            (Decision::Confirm, "Li"),
        ];
        let seen = walk(ReviewPolicy::TwoStep, &steps);
        assert_eq!(seen[0], Ok(LeadState::SecondReview));
        let words = "Wang confirmed this lead already; the second review needs another person";
        assert_eq!(seen[1], Err(words.into()));
        assert_eq!(seen[2], Ok(LeadState::Confirmed));
    }

    #[test]
    fn undo_goes_back_one_standing_decision_at_a_time_and_is_not_undone_itself() {
        let steps = [
            (Decision::Confirm, "Wang"),
            (Decision::Confirm, "Li"),
            (Decision::Undo, "Li"),
            (Decision::Undo, "Li"),
            (Decision::Undo, "Li"),
            (Decision::Confirm, "Li"),
            (Decision::Confirm, "Wang"),
        ];
        let seen = walk(ReviewPolicy::TwoStep, &steps);
        let nothing = Err("there is no decision to undo".into());
        assert_eq!(
            seen[2..5],
            [Ok(LeadState::SecondReview), Ok(LeadState::Candidate), nothing]
        );
        assert_eq!(seen[5..], [Ok(LeadState::SecondReview), Ok(LeadState::Confirmed)]);
    }

    #[test]
    fn only_a_false_alarm_needs_a_reason_and_everyone_needs_a_name() {
        let fresh = past(&created());
        let ask = |decision, actor, reason| decide(&fresh, decision, ReviewPolicy::Joint, actor, reason);
        let missing = Err(MoveError::ReasonMissing {
            decision: Decision::FalseAlarm,
        });
        assert_eq!(ask(Decision::FalseAlarm, "Li", None), missing);
        assert_eq!(ask(Decision::FalseAlarm, "Li", Some("  ")), missing);
        assert_eq!(
            ask(Decision::FalseAlarm, "Li", Some("shadow")).unwrap().to,
            LeadState::FalseAlarm
        );
        assert_eq!(
            ask(Decision::KnownStock, "Li", None).unwrap().to,
            LeadState::KnownStock
        );
        assert_eq!(
            ask(Decision::FlyAgain, "Li", None).unwrap().to,
            LeadState::FlyAgain
        );
        assert_eq!(ask(Decision::Confirm, " ", None), Err(MoveError::ActorMissing));
    }

    #[test]
    fn only_a_later_flight_reopens_a_lead_that_waits_for_one() {
        let mut events = created();
        let step = decide(
            &past(&events),
            Decision::FlyAgain,
            ReviewPolicy::Joint,
            "Li",
            None,
        )
        .unwrap();
        append(&mut events, step, "Li");
        let same = sighting(&past(&events), Sighting::SameFlight);
        assert_eq!((same.to, same.kind), (LeadState::FlyAgain, MoveKind::Sighted));
        let later = sighting(&past(&events), Sighting::LaterFlight);
        assert_eq!(
            (later.to, later.kind),
            (LeadState::Candidate, MoveKind::SeenAgain)
        );
        append(&mut events, later, "flyonce");
        let undo = decide(&past(&events), Decision::Undo, ReviewPolicy::Joint, "Li", None);
        assert_eq!(
            undo,
            Err(MoveError::NothingToUndo),
            "the old pictures' decision is overtaken"
        );
    }

    #[test]
    fn a_history_that_cannot_have_happened_is_refused() {
        assert_eq!(LeadHistory::replay(&[]), Err(HistoryError::NotCreated));
        let mut torn = created();
        let step = Move {
            from: LeadState::Confirmed,
            to: LeadState::Candidate,
            kind: MoveKind::Undo,
        };
        append(&mut torn, step, "Li");
        let (position, kind, state) = (2, MoveKind::Undo, LeadState::Candidate);
        assert_eq!(
            LeadHistory::replay(&torn),
            Err(HistoryError::Torn {
                position,
                kind,
                state
            })
        );
        let mut illegal = created();
        let (from, to, kind) = (LeadState::Candidate, LeadState::KnownStock, MoveKind::Confirm);
        append(&mut illegal, Move { from, to, kind }, "Li");
        assert_eq!(
            LeadHistory::replay(&illegal),
            Err(HistoryError::Illegal {
                position: 2,
                kind,
                from,
                to
            })
        );
    }

    proptest! {
        #[test]
        fn whatever_people_do_the_history_replays_and_undo_leads_back_to_candidate(
            steps in prop::collection::vec((0usize..7, 0usize..3, any::<bool>()), 0..40)
        ) {
            let mut events = created();
            for (what, who, two_step) in steps {
                let actor = ["Wang", "Li", "Zhao"][who];
                let policy = if two_step { ReviewPolicy::TwoStep } else { ReviewPolicy::Joint };
                let history = past(&events);
                let step = match what {
                    5 => Ok(sighting(&history, Sighting::SameFlight)),
                    6 => Ok(sighting(&history, Sighting::LaterFlight)),
                    n => decide(&history, Decision::ALL[n], policy, actor, Some("shadow")),
                };
                if let Ok(step) = step {
                    append(&mut events, step, actor);
                }
                LeadHistory::replay(&events)?;
            }
            let undo = |events: &[PastMove]| {
                decide(&past(events), Decision::Undo, ReviewPolicy::Joint, "Li", None)
            };
            while let Ok(step) = undo(&events) {
                append(&mut events, step, "Li");
            }
            prop_assert_eq!(past(&events).state(), LeadState::Candidate);
        }
    }
}
