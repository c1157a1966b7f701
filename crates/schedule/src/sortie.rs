//! The states of a flight and the moves between them.
//!
//! ```text
//! due ─► preparing ─► launching ─► flying ─► returning ─► landed ─► closed
//!  │         │            │  │        │          │
//!  ▼         ▼            ▼  └────────┴──────────┴─► failed
//!  └─────► refused ◄──────┘
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a flight stands. In rows, JSON and text one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SortieState {
    /// Its time has come, nothing was asked of dock or vehicle yet.
    Due,
    /// The dock opens, the vehicle is found, the mission goes up and is read back.
    Preparing,
    /// The vehicle was told to arm and take off.
    Launching,
    /// In the air, on its mission.
    Flying,
    /// In the air, on its way back or to the alternate landing point.
    Returning,
    /// On the ground; photos may still be on their way.
    Landed,
    /// Landed, and every photo is stored or named as lost.
    Closed,
    /// Did not take off, for a named reason.
    Refused,
    /// Took off and did not land as it should, or was lost sight of.
    Failed,
}

/// A text that names no state of a flight.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a state of a sortie; known are: {}", SortieState::ALL.map(SortieState::as_str).join(", "))]
pub struct UnknownSortieState {
    /// What was found.
    pub found: String,
}

/// A move that is not in [`MOVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sortie cannot go from {from} to {to}")]
pub struct IllegalMove {
    /// State before.
    pub from: SortieState,
    /// State asked for.
    pub to: SortieState,
}

/// Every legal move. From `launching` on, steps may be left out towards `landed`: a program that was away finds
/// the vehicle further on than it left it.
pub const MOVES: &[(SortieState, SortieState)] = {
    use SortieState as S;
    &[
        (S::Due, S::Preparing),
        (S::Due, S::Refused),
        (S::Preparing, S::Launching),
        (S::Preparing, S::Refused),
        (S::Launching, S::Flying),
        (S::Launching, S::Returning),
        (S::Launching, S::Landed),
        (S::Launching, S::Refused),
        (S::Launching, S::Failed),
        (S::Flying, S::Returning),
        (S::Flying, S::Landed),
        (S::Flying, S::Failed),
        (S::Returning, S::Landed),
        (S::Returning, S::Failed),
        (S::Landed, S::Closed),
    ]
};

impl SortieState {
    /// Every state, in the order of a flight's life, bad ends last.
    pub const ALL: [SortieState; 9] = [
        SortieState::Due,
        SortieState::Preparing,
        SortieState::Launching,
        SortieState::Flying,
        SortieState::Returning,
        SortieState::Landed,
        SortieState::Closed,
        SortieState::Refused,
        SortieState::Failed,
    ];

    /// The word in rows, JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SortieState::Due => "due",
            SortieState::Preparing => "preparing",
            SortieState::Launching => "launching",
            SortieState::Flying => "flying",
            SortieState::Returning => "returning",
            SortieState::Landed => "landed",
            SortieState::Closed => "closed",
            SortieState::Refused => "refused",
            SortieState::Failed => "failed",
        }
    }

    /// Whether nothing can follow: closed, refused, failed.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            SortieState::Closed | SortieState::Refused | SortieState::Failed
        )
    }

    /// Whether the vehicle is known to be in the air: flying, returning.
    #[must_use]
    pub const fn is_airborne(self) -> bool {
        matches!(self, SortieState::Flying | SortieState::Returning)
    }
}

/// The state after a move, which is `to` if [`MOVES`] has it.
///
/// # Errors
/// The move is not legal; the flight stays where it is.
pub fn advance(from: SortieState, to: SortieState) -> Result<SortieState, IllegalMove> {
    if MOVES.contains(&(from, to)) {
        Ok(to)
    } else {
        Err(IllegalMove { from, to })
    }
}

impl fmt::Display for SortieState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SortieState {
    type Err = UnknownSortieState;

    fn from_str(text: &str) -> Result<Self, UnknownSortieState> {
        let known = SortieState::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| UnknownSortieState {
            found: text.to_owned(),
        })
    }
}

impl From<SortieState> for String {
    fn from(state: SortieState) -> String {
        state.as_str().to_owned()
    }
}

impl TryFrom<String> for SortieState {
    type Error = UnknownSortieState;

    fn try_from(text: String) -> Result<Self, UnknownSortieState> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    #[test]
    fn every_state_has_one_spelling() {
        for state in SortieState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        let error = "gone".parse::<SortieState>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"gone\" is not a state of a sortie; known are: due, "),
            "{error}"
        );
    }

    #[test]
    fn exactly_the_final_states_are_never_left() {
        for state in SortieState::ALL {
            let left = MOVES.iter().any(|&(from, _)| from == state);
            let reached = MOVES.iter().any(|&(_, to)| to == state);
            assert_eq!(left, !state.is_final(), "{state}");
            assert_eq!(reached, state != SortieState::Due, "{state}");
        }
    }

    proptest! {
        /// What the words promise, said without the table: nothing flies unprepared, nothing that was in the air
        /// is "refused", nothing is closed that did not land.
        #[test]
        fn no_sequence_of_moves_breaks_the_promises(
            asked in prop::collection::vec(select(&SortieState::ALL[..]), 0..80),
        ) {
            let mut state = SortieState::Due;
            let mut been = vec![state];
            for to in asked {
                match advance(state, to) {
                    Ok(after) => {
                        prop_assert_eq!(after, to);
                        been.push(after);
                        state = after;
                    }
                    Err(refused) => prop_assert_eq!(refused, IllegalMove { from: state, to }),
                }
            }
            let aloft = been.iter().any(|s| s.is_airborne());
            match state {
                SortieState::Refused => prop_assert!(!aloft && !been.contains(&SortieState::Landed)),
                SortieState::Closed => prop_assert!(been.contains(&SortieState::Landed)),
                SortieState::Failed | SortieState::Landed => prop_assert!(been.contains(&SortieState::Launching)),
                _ => {}
            }
            prop_assert!(!aloft || been.contains(&SortieState::Preparing));
        }

        #[test]
        fn any_text_is_a_state_or_a_readable_refusal(text in ".{0,20}") {
            if let Ok(state) = text.parse::<SortieState>() {
                prop_assert_eq!(state.as_str(), text);
            }
        }
    }
}
