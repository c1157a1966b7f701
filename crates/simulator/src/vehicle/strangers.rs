//! The fault `foreign_heartbeat`: what else can be heard on a link that is shared or relayed.

use mavlink::MavHeader;
use mavlink::dialects::ardupilotmega::{
    GLOBAL_POSITION_INT_DATA, HEARTBEAT_DATA, MavAutopilot, MavMessage, MavModeFlag, MavState, MavType,
};

/// Another ground station's system id.
pub const FOREIGN_STATION: u8 = 252;
/// Another vehicle's system id.
pub const FOREIGN_VEHICLE: u8 = 251;
/// MAV_COMP_ID_ONBOARD_COMPUTER.
const COMPANION: u8 = 191;

/// One second of the others: a ground station, a companion computer of this vehicle, and another vehicle in flight.
pub(super) fn strangers(system_id: u8) -> Vec<(MavHeader, MavMessage)> {
    let header = |system_id: u8, component_id| MavHeader {
        system_id: u32::from(system_id),
        component_id,
        sequence: 0,
    };
    let flying = HEARTBEAT_DATA {
        // AUTO of ArduCopter.
        custom_mode: 3,
        mavtype: MavType::MAV_TYPE_QUADROTOR,
        autopilot: MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA,
        base_mode: MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED | MavModeFlag::MAV_MODE_FLAG_CUSTOM_MODE_ENABLED,
        system_status: MavState::MAV_STATE_ACTIVE,
        mavlink_version: 3,
    };
    let helper = |mavtype| {
        MavMessage::HEARTBEAT(HEARTBEAT_DATA {
            mavtype,
            autopilot: MavAutopilot::MAV_AUTOPILOT_INVALID,
            system_status: MavState::MAV_STATE_ACTIVE,
            mavlink_version: 3,
            ..HEARTBEAT_DATA::default()
        })
    };
    vec![
        (header(FOREIGN_STATION, 190), helper(MavType::MAV_TYPE_GCS)),
        (
            header(system_id, COMPANION),
            helper(MavType::MAV_TYPE_ONBOARD_CONTROLLER),
        ),
        (header(FOREIGN_VEHICLE, 1), MavMessage::HEARTBEAT(flying)),
        (
            header(FOREIGN_VEHICLE, 1),
            MavMessage::GLOBAL_POSITION_INT(GLOBAL_POSITION_INT_DATA {
                lat: 300_000_000,
                lon: 1_200_000_000,
                alt: 500_000,
                relative_alt: 450_000,
                ..GLOBAL_POSITION_INT_DATA::default()
            }),
        ),
    ]
}
