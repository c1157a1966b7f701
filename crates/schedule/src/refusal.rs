//! Why a flight did not start: one closed list, so that screens, rows and tests use the same words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! refusal_codes {
    ($($(#[$doc:meta])+ $name:ident = $word:literal,)+) => {
        /// The reason of a refusal. In rows, JSON and text one word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum RefusalCode {
            $($(#[$doc])+ $name,)+
        }

        impl RefusalCode {
            /// Every reason, in the order in which a dispatcher would look into them.
            pub const ALL: &[RefusalCode] = &[$(RefusalCode::$name,)+];

            /// The word in rows, JSON and text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(RefusalCode::$name => $word,)+
                }
            }
        }
    };
}

refusal_codes! {
    /// The dock does not answer.
    DockOffline = "dock_offline",
    /// The mission names a dock that is not in the register.
    DockUnknown = "dock_unknown",
    /// The dock is at other work: another sortie, maintenance, an upgrade.
    DockBusy = "dock_busy",
    /// The lid is not fully open.
    LidNotOpen = "lid_not_open",
    /// No vehicle in the dock.
    VehicleAbsent = "vehicle_absent",
    /// The emergency stop of the dock is pressed.
    EmergencyStop = "emergency_stop",
    /// Mean wind above the limit.
    Wind = "wind",
    /// Gusts above the limit.
    Gust = "gust",
    /// Rain above the limit.
    Rain = "rain",
    /// Air too cold or too warm.
    Temperature = "temperature",
    /// Battery below the limit.
    Battery = "battery",
    /// The charge does not last for the mission.
    FlightTime = "flight_time",
    /// Nothing was heard from the vehicle.
    NoHeartbeat = "no_heartbeat",
    /// The vehicle is there, but its signing key and ours do not go together.
    SigningRefused = "signing_refused",
    /// Two vehicles answer under one number.
    TwoVehiclesOneId = "two_vehicles_one_id",
    /// The vehicle that answers is not the one that lives in the dock.
    WrongVehicle = "wrong_vehicle",
    /// The vehicle says it is somewhere else than its dock.
    NotAtDock = "not_at_dock",
    /// The vehicle has no position estimate it would fly on.
    NoPosition = "no_position",
    /// The mission could not be brought onto the vehicle.
    UploadFailed = "upload_failed",
    /// What the vehicle gave back is not the mission it was given.
    ReadbackDiffers = "readback_differs",
    /// What the vehicle is to do by itself on a lost link or a low battery could not be set, or did not stay set.
    PolicyNotKept = "policy_not_kept",
    /// The vehicle listens to another ground station and would not notice that it lost this one.
    GroundStation = "ground_station",
    /// The vehicle's clock is wrong.
    ClockOff = "clock_off",
    /// No room for the photos.
    StorageFull = "storage_full",
    /// The flight plan cannot be flown.
    PlanInvalid = "plan_invalid",
    /// The mission leaves the fence that is on the vehicle.
    LeavesFence = "leaves_fence",
    /// Rally points would lead a return of the vehicle astray.
    RallyPoint = "rally_point",
    /// The fence of the plan is older than allowed.
    FenceOutdated = "fence_outdated",
    /// The vehicle would not arm.
    ArmingRefused = "arming_refused",
    /// The vehicle armed and did not take off.
    NoTakeoff = "no_takeoff",
    /// The time for it had passed before it could begin.
    SlotMissed = "slot_missed",
    /// Called back before take-off.
    Recalled = "recalled",
    /// All flights are stopped.
    GroundStop = "ground_stop",
    /// The sortie before it is still in the air or not landed.
    StillFlying = "still_flying",
    /// The dock does not take the task on, for a reason of its own.
    DockRefused = "dock_refused",
    /// A fault of this program.
    Internal = "internal",
}

/// A text that names no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a reason for a refusal")]
pub struct UnknownRefusal {
    /// What was found.
    pub found: String,
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for RefusalCode {
    type Err = UnknownRefusal;

    fn from_str(text: &str) -> Result<Self, UnknownRefusal> {
        let known = RefusalCode::ALL.iter().find(|code| code.as_str() == text);
        known.copied().ok_or_else(|| UnknownRefusal {
            found: text.to_owned(),
        })
    }
}

impl From<RefusalCode> for String {
    fn from(code: RefusalCode) -> String {
        code.as_str().to_owned()
    }
}

impl TryFrom<String> for RefusalCode {
    type Error = UnknownRefusal;

    fn try_from(text: String) -> Result<Self, UnknownRefusal> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_reason_has_one_spelling_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), RefusalCode::ALL.len());
        for code in RefusalCode::ALL {
            assert_eq!(code.to_string().parse(), Ok(*code));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_reason_or_a_readable_refusal(text in "[a-z_]{0,20}|.{0,20}") {
            match text.parse::<RefusalCode>() {
                Ok(code) => prop_assert_eq!(code.as_str(), text),
                Err(error) => prop_assert!(error.to_string().contains("not a reason")),
            }
        }
    }
}
