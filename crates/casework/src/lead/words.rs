//! The closed vocabularies of a lead, each with one spelling for rows, JSON and text.

use serde::{Deserialize, Serialize};

/// A word that is not in a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a {vocabulary}; known are: {known}")]
pub struct UnknownWord {
    /// Name of the vocabulary.
    pub vocabulary: &'static str,
    /// What was found.
    pub found: String,
    /// The words there are, separated by commas.
    pub known: String,
}

/// Declares an enum whose variants have one snake_case word each: serde, Display, FromStr and `ALL` agree.
macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident, $title:literal, { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word in rows, JSON and text.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err(UnknownWord {
                        vocabulary: $title,
                        found: text.to_owned(),
                        known: [$($word,)+].join(", "),
                    }),
                }
            }
        }
    };
}

vocabulary! {
    /// Where a lead stands.
    LeadState, "lead state", {
        /// 疑似线索: found, nobody has judged it.
        Candidate = "candidate",
        /// 二审: one person confirmed it, a second one has to.
        SecondReview = "second_review",
        /// 已确认: people confirmed it.
        Confirmed = "confirmed",
        /// 误报: not what the model took it for.
        FalseAlarm = "false_alarm",
        /// 存量在册: real, and already in the stock register.
        KnownStock = "known_stock",
        /// 补飞: cannot be judged from these pictures.
        FlyAgain = "fly_again",
    }
}

impl LeadState {
    /// Whether people have come to a conclusion: nothing but undo (or a later flight) moves it on.
    pub const fn is_decided(self) -> bool {
        !matches!(self, LeadState::Candidate | LeadState::SecondReview)
    }
}

vocabulary! {
    /// What a reviewer can say about a lead.
    Decision, "decision", {
        /// It is real.
        Confirm = "confirm",
        /// It is not; needs a reason code.
        FalseAlarm = "false_alarm",
        /// It is registered stock.
        KnownStock = "known_stock",
        /// The pictures do not suffice.
        FlyAgain = "fly_again",
        /// Takes the last standing decision back.
        Undo = "undo",
    }
}

impl Decision {
    /// Whether the decision is refused without a reason code.
    pub const fn reason_required(self) -> bool {
        matches!(self, Decision::FalseAlarm)
    }
}

vocabulary! {
    /// How many people a matter asks to confirm a lead.
    ReviewPolicy, "review policy", {
        /// 二审合一: one qualified person.
        Joint = "joint",
        /// 一审 + 二审: two different persons.
        TwoStep = "two_step",
    }
}

vocabulary! {
    /// The kind of an event in a lead's history.
    MoveKind, "lead event kind", {
        /// The lead came into being.
        Created = "created",
        /// Its site was seen in another photo; nothing moves.
        Sighted = "sighted",
        /// Its site was seen on a later flight after "fly again".
        SeenAgain = "seen_again",
        /// A person confirmed it.
        Confirm = "confirm",
        /// A person called it a false alarm.
        FalseAlarm = "false_alarm",
        /// A person called it known stock.
        KnownStock = "known_stock",
        /// A person asked for another flight.
        FlyAgain = "fly_again",
        /// A person took the last standing decision back.
        Undo = "undo",
    }
}

impl MoveKind {
    /// Whether the event is a person's judgement that undo can take back.
    pub const fn is_judgement(self) -> bool {
        matches!(
            self,
            MoveKind::Confirm | MoveKind::FalseAlarm | MoveKind::KnownStock | MoveKind::FlyAgain
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    fn spelled_alike<T>(all: &[T])
    where
        T: Copy + Debug + PartialEq + Display + FromStr<Err = UnknownWord> + Serialize,
        T: for<'de> Deserialize<'de>,
    {
        for &value in all {
            let word = value.to_string();
            assert_eq!(T::from_str(&word), Ok(value));
            assert_eq!(serde_json::to_string(&value).unwrap(), format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<T>(&format!("\"{word}\"")).unwrap(), value);
        }
    }

    #[test]
    fn rows_json_and_text_spell_every_word_alike() {
        spelled_alike(LeadState::ALL);
        spelled_alike(Decision::ALL);
        spelled_alike(ReviewPolicy::ALL);
        spelled_alike(MoveKind::ALL);
    }

    #[test]
    fn an_unknown_word_is_named_with_the_known_ones() {
        let error = ReviewPolicy::from_str("three_step").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"three_step\" is not a review policy; known are: joint, two_step"
        );
    }
}
