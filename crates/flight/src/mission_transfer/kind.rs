//! The three lists that the mission protocol carries, and whether a vehicle has them.

use std::fmt;

use mavlink::dialects::ardupilotmega::{MavMissionType, MavProtocolCapability};

use crate::telemetry::Autopilot;

/// A list of items that a vehicle keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// What it flies.
    Mission,
    /// Where it may be.
    Fence,
    /// Where it may land instead of at home.
    Rally,
}

impl ListKind {
    pub(super) fn on_wire(self) -> MavMissionType {
        match self {
            Self::Mission => MavMissionType::MAV_MISSION_TYPE_MISSION,
            Self::Fence => MavMissionType::MAV_MISSION_TYPE_FENCE,
            Self::Rally => MavMissionType::MAV_MISSION_TYPE_RALLY,
        }
    }

    /// Whether it is worth trying: what the vehicle says of itself (AUTOPILOT_VERSION), or what its firmware can do
    /// where it was not told. A mission needs whole-number items: rounded to single precision, a place is off by up to
    /// 0.4 m.
    pub(super) fn is_supported(self, told: Option<MavProtocolCapability>, autopilot: Autopilot) -> bool {
        let bit = match self {
            Self::Mission => MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_INT,
            Self::Fence => MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_FENCE,
            Self::Rally => MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_RALLY,
        };
        match told {
            Some(told) => told.contains(bit),
            None => self == Self::Mission || matches!(autopilot, Autopilot::ArduPilot | Autopilot::Px4),
        }
    }
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mission => "missions of whole-number items",
            Self::Fence => "fences",
            Self::Rally => "rally points",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_vehicle_says_goes_before_what_its_firmware_can_do() {
        let int = MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_INT;
        let fence = MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_FENCE;
        let kinds = [ListKind::Mission, ListKind::Fence, ListKind::Rally];
        let of = |told, autopilot| kinds.map(|kind| kind.is_supported(told, autopilot));
        assert_eq!(of(None, Autopilot::ArduPilot), [true; 3]);
        assert_eq!(of(None, Autopilot::Other), [true, false, false]);
        assert_eq!(of(Some(int | fence), Autopilot::ArduPilot), [true, true, false]);
        assert_eq!(of(Some(int | fence), Autopilot::Other), [true, true, false]);
    }
}
