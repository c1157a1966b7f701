//! What a flight tells while it goes on, and what it can be told.

use std::fmt;
use std::str::FromStr;

use schedule::refusal::RefusalCode;
use serde::{Deserialize, Serialize};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::laid::{Bounds, Laid};
use crate::capture::CaptureReport;
use crate::policy::PolicyReport;

/// The caller's ends of a flight.
#[derive(Debug)]
pub struct SortieLine {
    /// Where events go. A full channel never holds up the flight: steps, captures and gates wait in order, track
    /// points and status texts are dropped when 512 events wait, and the last step says how many.
    pub events: mpsc::Sender<FlightEvent>,
    /// What the flight is told. A newer instruction replaces an older one, but a pause replaces no way to the ground.
    pub instructions: mpsc::Receiver<Instruction>,
    /// Ends the watching, not the flight: a vehicle in the air goes on, `resume` picks it up.
    pub stop: CancellationToken,
}

/// Something that happened.
#[derive(Debug)]
pub enum FlightEvent {
    /// A part of the flight, confirmed by what the vehicle shows.
    Step {
        /// Which.
        step: Step,
        /// Details in English, for people who look closer.
        text: String,
    },
    /// Where it was.
    Track(TrackPoint),
    /// An exposure, told once per image index.
    Capture(CaptureReport),
    /// What the vehicle says.
    StatusText {
        /// MAV_SEVERITY: 0 emergency to 7 debug.
        severity: u8,
        /// Its words.
        text: String,
    },
    /// What the vehicle does by itself, read back.
    Policy(PolicyReport),
    /// Fence and rally points as they are on board, about to arm.
    Bounds(Bounds),
    /// What this flight lays on the vehicle and what was there before, in place of what was told of it earlier. The
    /// flight goes on when that is written down.
    Laid {
        /// All of it; empty: nothing.
        laid: Laid,
        /// Answered when it is written down; dropped, nobody does.
        written: oneshot::Sender<()>,
    },
    /// What was laid is off the vehicle again, and what was there before is back.
    PutBack,
    /// A question that the flight waits for.
    Gate {
        /// Which.
        gate: Gate,
        /// Where the answer goes.
        answer: oneshot::Sender<GateAnswer>,
    },
}

/// A question of the flight to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Everything is ready: may it arm? Waited for on the ground.
    Arming,
    /// It is on its way home: can the dock take it? The vehicle flies on while the answer is awaited.
    Landing,
}

/// The answer to a [`Gate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateAnswer {
    /// Yes.
    Go,
    /// No.
    Refuse {
        /// Why, one word.
        code: RefusalCode,
        /// Why, in a sentence.
        text: String,
    },
}

/// What a flight can be told at any time. Before take-off each that ends the mission means: do not fly.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// Come home.
    Return {
        /// Who said so.
        by: String,
    },
    /// Land where it is.
    Land {
        /// Who said so.
        by: String,
    },
    /// Land at another place.
    Divert {
        /// Where.
        to: Wgs84,
        /// Who said so.
        by: String,
    },
    /// Hold in the air. Before take-off, and once it is on its way to the ground, this is refused by a step.
    Pause {
        /// Who said so.
        by: String,
    },
    /// Go on with the mission after a pause, or after somebody else took the vehicle out of it.
    Continue {
        /// Who said so.
        by: String,
    },
}

impl Instruction {
    /// Whether it ends the mission. Nothing but another of these takes its place while it waits.
    #[must_use]
    pub fn ends_the_mission(&self) -> bool {
        !matches!(self, Self::Pause { .. } | Self::Continue { .. })
    }

    /// The one to act on of two that came before anybody looked.
    #[must_use]
    pub(super) fn outranking(earlier: Option<Self>, newer: Self) -> Self {
        match earlier {
            Some(earlier) if earlier.ends_the_mission() && !newer.ends_the_mission() => earlier,
            _newer_counts => newer,
        }
    }
}

/// Where a vehicle was at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// The vehicle's own clock (UTC) where it tells one, ours otherwise.
    pub at: UtcMicros,
    /// Above which point of the ground.
    pub position: Wgs84,
    /// Height above its home, m.
    pub height_above_home_m: f64,
    /// Height above mean sea level, m.
    pub altitude_amsl_m: f64,
    /// Where its nose points, 0 to 360 from true north.
    pub heading_deg: Option<f64>,
    /// Speed over the ground, m/s.
    pub ground_speed_ms: Option<f64>,
    /// Battery left, percent.
    pub battery_percent: Option<f64>,
}

/// A text that is no word of a closed list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct UnknownWord {
    /// What was found.
    pub found: String,
    /// What it should have been.
    pub expected: &'static str,
}

macro_rules! words {
    ($(#[$of:meta])+ $type:ident, $expected:literal { $($(#[$doc:meta])+ $name:ident = $word:literal,)+ }) => {
        $(#[$of])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum $type {
            $($(#[$doc])+ $name,)+
        }

        impl $type {
            /// Every word of the list.
            pub const ALL: &[$type] = &[$($type::$name,)+];

            /// The word in rows, JSON and text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($type::$name => $word,)+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let known = Self::ALL.iter().find(|word| word.as_str() == text);
                known.copied().ok_or_else(|| UnknownWord { found: text.to_owned(), expected: $expected })
            }
        }

        impl From<$type> for String {
            fn from(word: $type) -> String {
                word.as_str().to_owned()
            }
        }

        impl TryFrom<String> for $type {
            type Error = UnknownWord;

            fn try_from(text: String) -> Result<Self, UnknownWord> {
                text.parse()
            }
        }
    };
}

words! {
    /// A part of a flight.
    Step, "a step of a flight" {
        /// Waiting for the first heartbeat.
        Connecting = "connecting",
        /// The vehicle answers, and it is the only one with its number.
        Connected = "connected",
        /// Autopilot, airframe and version are known.
        Identified = "identified",
        /// Something worth knowing that stops nothing.
        Notice = "notice",
        /// Waiting until it flies on a position estimate and knows its home.
        WaitingPosition = "waiting_position",
        /// It stands where it should, with enough battery.
        Ready = "ready",
        /// What it does by itself on a lost link or a low battery is settled.
        Policy = "policy",
        /// The mission on board is removed.
        Clearing = "clearing",
        /// The mission is brought on board.
        Uploading = "uploading",
        /// The mission was read back and is the one that was sent.
        ReadBack = "read_back",
        /// The fence was read back.
        FenceSet = "fence_set",
        /// The rally points were read back.
        RallySet = "rally_set",
        /// Told to arm.
        Arming = "arming",
        /// It says that it is armed.
        Armed = "armed",
        /// Told to begin the mission.
        Starting = "starting",
        /// Armed and in the air.
        TookOff = "took_off",
        /// An item of the mission was reached.
        ItemReached = "item_reached",
        /// It stands still in the air and waits.
        Paused = "paused",
        /// The mission goes on.
        Continued = "continued",
        /// An order was not carried out, or showed no effect.
        OrderRefused = "order_refused",
        /// Somebody or something else changed its mode: another ground station, a remote.
        ModeChangedByOther = "mode_changed_by_other",
        /// It acts by a failsafe of its own.
        VehicleFailsafe = "vehicle_failsafe",
        /// On its way home.
        Returning = "returning",
        /// On its way to another landing place.
        Diverting = "diverting",
        /// Coming down.
        Landing = "landing",
        /// On the ground.
        Landed = "landed",
        /// Motors off.
        Disarmed = "disarmed",
        /// The vehicle has again what it had before the flight: fence, rally points, parameters of the fence.
        PutBack = "put_back",
        /// Nothing is heard.
        LinkLost = "link_lost",
        /// Heard again.
        LinkBack = "link_back",
        /// Its clock since boot began anew.
        Rebooted = "rebooted",
        /// The vehicle's UTC jumped; the times of the flight go on as they began.
        ClockJumped = "clock_jumped",
        /// The report follows.
        Done = "done",
    }
}

words! {
    /// Why a flight that took off did not end as it should, or its watching was ended.
    FailureCode, "a reason for a failure" {
        /// Not heard for too long; where it is now is not known.
        LinkLost = "link_lost",
        /// It stood still without reason and was called home.
        NoProgress = "no_progress",
        /// It did not come to the ground, or did not switch its motors off.
        NotLanded = "not_landed",
        /// The autopilot restarted in the air.
        RebootedInFlight = "rebooted_in_flight",
        /// It did not follow an instruction, whichever way it was given.
        RecalledNoEffect = "recalled_no_effect",
        /// This program stopped watching; the vehicle goes on.
        Stopped = "stopped",
        /// Found in the air with a mission that is not the one of this sortie.
        OtherMission = "other_mission",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_never_takes_the_place_of_a_way_to_the_ground() {
        let by = "Li".to_owned();
        let pause = Instruction::Pause { by: by.clone() };
        let land = Instruction::Land { by: by.clone() };
        let home = Instruction::Return { by };
        let outranking = Instruction::outranking;
        assert_eq!(outranking(Some(land.clone()), pause.clone()), land);
        assert_eq!(outranking(Some(land), home.clone()), home);
        assert_eq!(outranking(Some(pause), home.clone()), home);
        assert_eq!(outranking(None, home.clone()), home);
    }

    #[test]
    fn every_word_reads_back_and_strangers_are_refused() {
        for step in Step::ALL {
            assert_eq!(step.as_str().parse::<Step>().unwrap(), *step);
            let json = serde_json::to_string(step).unwrap();
            assert_eq!(json, format!("\"{step}\""));
            assert_eq!(serde_json::from_str::<Step>(&json).unwrap(), *step);
        }
        for code in FailureCode::ALL {
            assert_eq!(code.as_str().parse::<FailureCode>().unwrap(), *code);
        }
        let stranger = "took off".parse::<Step>().unwrap_err();
        assert_eq!(stranger.to_string(), "\"took off\" is not a step of a flight");
    }
}
