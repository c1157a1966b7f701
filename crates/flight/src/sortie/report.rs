//! How a flight ended, decided from what was seen and nothing else.

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::event::FailureCode;

/// The end of a flight, as far as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct FlightReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it was seen in the air, now or by an earlier run of the program.
    pub took_off: bool,
    /// Whether it was seen on the ground after that.
    pub landed: bool,
    /// Items of the mission that were reached, the highest number (from 1).
    pub items_reached: u16,
    /// Distinct exposures reported since this watch began.
    pub captures: u32,
    /// When it was first seen in the air. The vehicle's clock where it tells one, ours otherwise.
    pub launched_at: Option<UtcMicros>,
    /// When it was seen on the ground again, the same clock.
    pub landed_at: Option<UtcMicros>,
    /// The vehicle's UTC minus ours, µs; None while its clock is not set.
    pub clock_offset_us: Option<i64>,
}

/// How a flight ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mission was flown to its end and the vehicle is on the ground.
    Completed,
    /// It landed at home before the end of the mission.
    Returned {
        /// Who called it home; [`BY_VEHICLE`] when it came by itself (its own failsafe, a hand on the remote).
        by: String,
    },
    /// It landed somewhere else than at home.
    Diverted,
    /// It did not take off.
    Refused {
        /// Why, one word.
        code: RefusalCode,
        /// Why, in a sentence.
        text: String,
    },
    /// It took off and did not end as it should, or was not seen to.
    Failed {
        /// Why, one word.
        code: FailureCode,
        /// Why, in a sentence.
        text: String,
    },
}

/// The name under which a vehicle stands that came home by itself.
pub const BY_VEHICLE: &str = "vehicle";

/// Why a flight is on its way to the ground before its mission ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    /// Somebody said so.
    Person {
        /// Who.
        by: String,
    },
    /// It stood still without reason.
    NoProgress,
    /// The dock could not take it.
    DockRefused,
}

/// What ended the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// On the ground with motors off.
    OnGround,
    /// On the ground, motors still on after all deadlines.
    StillArmed,
    /// In the air after all deadlines.
    StillInAir,
    /// Not heard for too long.
    Lost,
    /// This program stops.
    Stopped,
}

/// What was seen of a flight that took off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub end: End,
    pub recall: Option<Recall>,
    /// The last item before the way home was reached.
    pub flown: bool,
    /// It stands where it took off. None: the place is not known.
    pub at_home: Option<bool>,
    pub rebooted: bool,
    /// An instruction stayed without effect to the end.
    pub disobeyed: bool,
    /// The mission on board is another one.
    pub foreign: bool,
}

/// What that flight is called. On the ground the first thing that went wrong names it; not on the ground, the
/// reason why no more can be said.
pub(super) fn outcome(seen: &Seen) -> Outcome {
    let failed = |code, text: &str| Outcome::Failed {
        code,
        text: text.to_owned(),
    };
    match seen.end {
        End::Stopped => {
            return failed(
                FailureCode::Stopped,
                "the program stopped watching; the vehicle goes on",
            );
        }
        End::Lost if seen.rebooted => {
            let text = "the autopilot restarted in the air and was not heard again";
            return failed(FailureCode::RebootedInFlight, text);
        }
        End::Lost => {
            return failed(
                FailureCode::LinkLost,
                "not heard for too long; where it is now is not known",
            );
        }
        _heard => {}
    }
    if seen.foreign {
        let text =
            "found in the air with a mission that is not the one of this sortie; watched, not commanded";
        return failed(FailureCode::OtherMission, text);
    }
    if seen.rebooted {
        return failed(
            FailureCode::RebootedInFlight,
            "the autopilot restarted in the air",
        );
    }
    if seen.disobeyed {
        let text = "it did not follow an instruction, whichever way it was given";
        return failed(FailureCode::RecalledNoEffect, text);
    }
    match seen.end {
        End::StillArmed => failed(FailureCode::NotLanded, "on the ground, motors still on"),
        End::StillInAir => failed(FailureCode::NotLanded, "still in the air after all deadlines"),
        _on_ground => grounded(seen),
    }
}

fn grounded(seen: &Seen) -> Outcome {
    let elsewhere = seen.at_home == Some(false);
    match &seen.recall {
        Some(Recall::NoProgress) => Outcome::Failed {
            code: FailureCode::NoProgress,
            text: "the mission made no progress; it was called home and landed".to_owned(),
        },
        // Nothing says that it stands elsewhere: the dock refused, and it was told to land away from it.
        Some(Recall::DockRefused) if seen.at_home != Some(true) => Outcome::Diverted,
        Some(Recall::Person { .. }) if elsewhere => Outcome::Diverted,
        Some(Recall::Person { by }) => Outcome::Returned { by: by.clone() },
        _none_or_home if seen.flown => Outcome::Completed,
        _unfinished if elsewhere => Outcome::Diverted,
        _came_home => Outcome::Returned {
            by: BY_VEHICLE.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn good() -> Seen {
        Seen {
            end: End::OnGround,
            recall: None,
            flown: true,
            at_home: Some(true),
            rebooted: false,
            disobeyed: false,
            foreign: false,
        }
    }

    fn code(seen: &Seen) -> Option<FailureCode> {
        match outcome(seen) {
            Outcome::Failed { code, .. } => Some(code),
            _ended => None,
        }
    }

    #[test]
    fn only_a_mission_flown_to_its_end_is_complete() {
        assert_eq!(outcome(&good()), Outcome::Completed);
        let short = Seen {
            flown: false,
            ..good()
        };
        let by = BY_VEHICLE.to_owned();
        assert_eq!(outcome(&short), Outcome::Returned { by });
        let away = Seen {
            flown: false,
            at_home: Some(false),
            ..good()
        };
        assert_eq!(outcome(&away), Outcome::Diverted);
    }

    #[test]
    fn a_recall_is_named_by_where_it_ended() {
        let by = "Li".to_owned();
        let recall = Some(Recall::Person { by: by.clone() });
        let home = Seen {
            recall: recall.clone(),
            flown: false,
            ..good()
        };
        assert_eq!(outcome(&home), Outcome::Returned { by });
        let away = Seen {
            recall,
            at_home: Some(false),
            ..good()
        };
        assert_eq!(outcome(&away), Outcome::Diverted);
    }

    #[test]
    fn a_dock_that_refused_means_another_place_even_when_the_mission_was_flown() {
        let refused = Seen {
            recall: Some(Recall::DockRefused),
            at_home: Some(false),
            ..good()
        };
        assert_eq!(outcome(&refused), Outcome::Diverted);
        let no_alternate = Seen {
            recall: Some(Recall::DockRefused),
            ..good()
        };
        assert_eq!(outcome(&no_alternate), Outcome::Completed);
    }

    #[test]
    fn failures_are_told_apart() {
        assert_eq!(
            code(&Seen {
                rebooted: true,
                ..good()
            }),
            Some(FailureCode::RebootedInFlight)
        );
        assert_eq!(
            code(&Seen {
                disobeyed: true,
                ..good()
            }),
            Some(FailureCode::RecalledNoEffect)
        );
        assert_eq!(
            code(&Seen {
                end: End::Lost,
                ..good()
            }),
            Some(FailureCode::LinkLost)
        );
        assert_eq!(
            code(&Seen {
                end: End::StillArmed,
                ..good()
            }),
            Some(FailureCode::NotLanded)
        );
        assert_eq!(
            code(&Seen {
                foreign: true,
                ..good()
            }),
            Some(FailureCode::OtherMission)
        );
        let stuck = Seen {
            recall: Some(Recall::NoProgress),
            flown: false,
            ..good()
        };
        assert_eq!(code(&stuck), Some(FailureCode::NoProgress));
    }

    proptest! {
        #[test]
        fn whoever_is_not_seen_on_the_ground_has_failed(
            flown: bool, at_home: Option<bool>, rebooted: bool, disobeyed: bool, foreign: bool, which in 0..4_usize,
        ) {
            let end = [End::StillArmed, End::StillInAir, End::Lost, End::Stopped][which];
            let seen = Seen { end, recall: None, flown, at_home, rebooted, disobeyed, foreign };
            prop_assert!(code(&seen).is_some());
        }
    }
}
