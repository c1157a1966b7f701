//! What has happened to a lead so far, replayed from its events and checked on the way.

use super::words::{LeadState, MoveKind};

/// Every legal `(kind, from, to)` apart from undo, whose target depends on the history, and from `created`,
/// which has no state before. A database constraint can be made from it.
pub const MOVES: &[(MoveKind, LeadState, LeadState)] = {
    use LeadState as S;
    use MoveKind as K;
    &[
        (K::Confirm, S::Candidate, S::SecondReview),
        (K::Confirm, S::Candidate, S::Confirmed),
        (K::Confirm, S::SecondReview, S::Confirmed),
        (K::FalseAlarm, S::Candidate, S::FalseAlarm),
        (K::FalseAlarm, S::SecondReview, S::FalseAlarm),
        (K::KnownStock, S::Candidate, S::KnownStock),
        (K::KnownStock, S::SecondReview, S::KnownStock),
        (K::FlyAgain, S::Candidate, S::FlyAgain),
        (K::FlyAgain, S::SecondReview, S::FlyAgain),
        (K::SeenAgain, S::FlyAgain, S::Candidate),
        (K::Sighted, S::Candidate, S::Candidate),
        (K::Sighted, S::SecondReview, S::SecondReview),
        (K::Sighted, S::Confirmed, S::Confirmed),
        (K::Sighted, S::FalseAlarm, S::FalseAlarm),
        (K::Sighted, S::KnownStock, S::KnownStock),
        (K::Sighted, S::FlyAgain, S::FlyAgain),
    ]
};

/// One event of a lead, as far as its state is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMove {
    /// Kind of event.
    pub kind: MoveKind,
    /// State before; absent only for `created`.
    pub from: Option<LeadState>,
    /// State after.
    pub to: LeadState,
    /// Who did it.
    pub actor: String,
}

/// The replayed past of one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadHistory {
    state: LeadState,
    standing: Vec<PastMove>,
}

/// Why a row of events is not the history of a lead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// There are no events, or the first one is not `created`.
    #[error("the history of a lead must begin with its creation as a candidate")]
    NotCreated,
    /// An event begins in another state than the one before ended in.
    #[error("event {position} ({kind}) starts from another state than {state}, where the lead stood")]
    Torn {
        /// 1-based position in the history.
        position: usize,
        /// Kind of the event.
        kind: MoveKind,
        /// State the lead was in.
        state: LeadState,
    },
    /// An event makes a move that is not allowed.
    #[error("event {position} ({kind}) must not move a lead from {from} to {to}")]
    Illegal {
        /// 1-based position in the history.
        position: usize,
        /// Kind of the event.
        kind: MoveKind,
        /// State before.
        from: LeadState,
        /// State after.
        to: LeadState,
    },
}

impl LeadHistory {
    /// Replays the events of one lead, oldest first.
    ///
    /// # Errors
    /// The first event that cannot have happened.
    pub fn replay(events: &[PastMove]) -> Result<Self, HistoryError> {
        let Some((created, rest)) = events.split_first() else {
            return Err(HistoryError::NotCreated);
        };
        if (created.kind, created.from, created.to) != (MoveKind::Created, None, LeadState::Candidate) {
            return Err(HistoryError::NotCreated);
        }
        let mut history = Self {
            state: LeadState::Candidate,
            standing: Vec::new(),
        };
        for (i, event) in rest.iter().enumerate() {
            history.apply(i + 2, event)?;
        }
        Ok(history)
    }

    /// Where the lead stands.
    pub fn state(&self) -> LeadState {
        self.state
    }

    /// The last judgement that was not undone and that no later flight has overtaken.
    pub fn last_standing(&self) -> Option<&PastMove> {
        self.standing.last()
    }

    fn apply(&mut self, position: usize, event: &PastMove) -> Result<(), HistoryError> {
        let (kind, from, to) = (event.kind, self.state, event.to);
        if event.from != Some(from) {
            return Err(HistoryError::Torn {
                position,
                kind,
                state: from,
            });
        }
        let legal = match kind {
            MoveKind::Undo => self.last_standing().and_then(|last| last.from) == Some(to),
            _ => MOVES.contains(&(kind, from, to)),
        };
        if !legal {
            return Err(HistoryError::Illegal {
                position,
                kind,
                from,
                to,
            });
        }
        match kind {
            MoveKind::Undo => {
                self.standing.pop();
            }
            // A new flight opens a new round: what was decided on the old pictures is no longer undone.
            MoveKind::SeenAgain => self.standing.clear(),
            _ if kind.is_judgement() => self.standing.push(event.clone()),
            _ => {}
        }
        self.state = to;
        Ok(())
    }
}
