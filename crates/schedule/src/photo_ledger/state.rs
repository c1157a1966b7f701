//! The states of a photo and the moves between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a photo counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossReason {
    /// The sortie ended before the camera was triggered here.
    NotFlown,
    /// The camera was triggered and reported no capture.
    Misfire,
    /// The camera reported the capture, no file arrived.
    NeverArrived,
    /// The file is kept as it came, its pixels cannot be decoded.
    Unreadable,
}

impl LossReason {
    /// The word in rows and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            LossReason::NotFlown => "not_flown",
            LossReason::Misfire => "misfire",
            LossReason::NeverArrived => "never_arrived",
            LossReason::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a photo stands. In rows, JSON and text one word: `stored`, `lost:unreadable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PhotoState {
    /// In the flight plan.
    Planned,
    /// The camera was told to take it.
    Triggered,
    /// The camera reported it taken.
    Captured,
    /// The original is on disk and its row committed.
    Stored,
    /// Every tile chosen for it went through the model.
    LookedAt,
    /// Every lead from it was judged by people.
    Reviewed,
    /// Not available, with the reason.
    Lost(LossReason),
}

/// A text that names no photo state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a photo state; known are: {}", PhotoState::ALL.map(PhotoState::as_str).join(", "))]
pub struct UnknownState {
    /// What was found.
    pub found: String,
}

/// A move that is not in [`MOVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a photo cannot go from {from} to {to}")]
pub struct IllegalMove {
    /// State before.
    pub from: PhotoState,
    /// State asked for.
    pub to: PhotoState,
}

/// Every legal move. Steps may be left out towards `stored`, because events get lost on the way while the
/// file itself proves that the camera took it; never after it.
pub const MOVES: &[(PhotoState, PhotoState)] = {
    use LossReason as L;
    use PhotoState as S;
    &[
        (S::Planned, S::Triggered),
        (S::Planned, S::Captured),
        (S::Planned, S::Stored),
        (S::Planned, S::Lost(L::NotFlown)),
        (S::Triggered, S::Captured),
        (S::Triggered, S::Stored),
        (S::Triggered, S::Lost(L::Misfire)),
        (S::Captured, S::Stored),
        (S::Captured, S::Lost(L::NeverArrived)),
        (S::Stored, S::LookedAt),
        (S::Stored, S::Lost(L::Unreadable)),
        (S::LookedAt, S::Reviewed),
        // Not opened as long as other photos showed its ground, and found unreadable when it was.
        (S::LookedAt, S::Lost(L::Unreadable)),
        (S::Lost(L::NotFlown), S::Stored),
        (S::Lost(L::Misfire), S::Stored),
        (S::Lost(L::NeverArrived), S::Stored),
        (S::Lost(L::Unreadable), S::Stored),
    ]
};

impl PhotoState {
    /// Every state, in the order of a photo's life, losses last.
    pub const ALL: [PhotoState; 10] = [
        PhotoState::Planned,
        PhotoState::Triggered,
        PhotoState::Captured,
        PhotoState::Stored,
        PhotoState::LookedAt,
        PhotoState::Reviewed,
        PhotoState::Lost(LossReason::NotFlown),
        PhotoState::Lost(LossReason::Misfire),
        PhotoState::Lost(LossReason::NeverArrived),
        PhotoState::Lost(LossReason::Unreadable),
    ];

    /// The states a photo may begin in: planned here, or stored by an import.
    pub const FIRST: [PhotoState; 2] = [PhotoState::Planned, PhotoState::Stored];

    /// The word in rows, JSON and text.
    pub const fn as_str(self) -> &'static str {
        match self {
            PhotoState::Planned => "planned",
            PhotoState::Triggered => "triggered",
            PhotoState::Captured => "captured",
            PhotoState::Stored => "stored",
            PhotoState::LookedAt => "looked_at",
            PhotoState::Reviewed => "reviewed",
            PhotoState::Lost(LossReason::NotFlown) => "lost:not_flown",
            PhotoState::Lost(LossReason::Misfire) => "lost:misfire",
            PhotoState::Lost(LossReason::NeverArrived) => "lost:never_arrived",
            PhotoState::Lost(LossReason::Unreadable) => "lost:unreadable",
        }
    }
}

/// The state after a move, which is `to` if [`MOVES`] has it.
///
/// # Errors
/// The move is not legal; the photo stays where it is.
pub fn advance(from: PhotoState, to: PhotoState) -> Result<PhotoState, IllegalMove> {
    if MOVES.contains(&(from, to)) {
        Ok(to)
    } else {
        Err(IllegalMove { from, to })
    }
}

impl fmt::Display for PhotoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PhotoState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let known = PhotoState::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| UnknownState {
            found: text.to_owned(),
        })
    }
}

impl From<PhotoState> for String {
    fn from(state: PhotoState) -> String {
        state.as_str().to_owned()
    }
}

impl TryFrom<String> for PhotoState {
    type Error = UnknownState;

    fn try_from(text: String) -> Result<Self, UnknownState> {
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
        for state in PhotoState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        let error = "lost".parse::<PhotoState>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"lost\" is not a photo state; known are: planned, "),
            "{error}"
        );
    }

    #[test]
    fn every_state_can_be_reached_and_left_unless_it_is_the_end() {
        for state in PhotoState::ALL {
            let reached = PhotoState::FIRST.contains(&state) || MOVES.iter().any(|&(_, to)| to == state);
            let left = MOVES.iter().any(|&(from, _)| from == state);
            assert!(reached, "{state} is never reached");
            assert_eq!(left, state != PhotoState::Reviewed, "{state}");
        }
    }

    #[test]
    fn a_stored_photo_can_only_be_lost_by_being_unreadable() {
        let lost: Vec<_> = MOVES
            .iter()
            .filter(|(from, to)| *from >= PhotoState::Stored && matches!(to, PhotoState::Lost(_)))
            .collect();
        let unreadable = PhotoState::Lost(LossReason::Unreadable);
        assert_eq!(
            lost,
            [
                &(PhotoState::Stored, unreadable),
                &(PhotoState::LookedAt, unreadable)
            ]
        );
    }

    proptest! {
        /// What the ledger promises, said without the table: judgement needs a look, a look needs pixels, pixels
        /// need a file, and a file once stored can be found unreadable but never "not flown".
        #[test]
        fn no_sequence_of_moves_breaks_the_promises(
            first in select(&PhotoState::FIRST[..]),
            asked in prop::collection::vec(select(&PhotoState::ALL[..]), 0..60),
        ) {
            let mut state = first;
            let mut been = vec![first];
            for to in asked {
                match advance(state, to) {
                    Ok(after) => {
                        prop_assert_eq!(after, to);
                        been.push(after);
                        state = after;
                    }
                    Err(refused) => prop_assert_eq!(refused, IllegalMove { from: state, to }),
                }
                let stored = been.contains(&PhotoState::Stored);
                let looked_at = been.contains(&PhotoState::LookedAt);
                match state {
                    PhotoState::Reviewed => prop_assert!(looked_at && stored),
                    PhotoState::LookedAt | PhotoState::Lost(LossReason::Unreadable) => prop_assert!(stored),
                    PhotoState::Stored => {}
                    _ => prop_assert!(!stored),
                }
            }
        }

        #[test]
        fn any_text_is_a_state_or_a_readable_refusal(text in ".{0,20}") {
            if let Ok(state) = text.parse::<PhotoState>() {
                prop_assert_eq!(state.as_str(), text);
            }
        }
    }
}
