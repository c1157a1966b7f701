//! What a vehicle may get wrong in the command and mission protocols.

use super::{FaultError, Given};

/// Every fault of the protocols: name, value it takes (empty for none), and what it does.
pub const PROTOCOL_FAULTS: &[(&str, &str, &str)] = &[
    (
        "lose_first_ack",
        "",
        "the first COMMAND_ACK of every command and the first MISSION_ACK are lost",
    ),
    (
        "wrong_sequence",
        "",
        "of every upload the second request is for an item beyond the end, the third for item 0",
    ),
    (
        "ack_before_items",
        "",
        "every MISSION_COUNT is answered by MISSION_ACK ACCEPTED before the first item is asked for",
    ),
    (
        "request_storm",
        "",
        "every item of a mission is asked for five times",
    ),
    (
        "ignore_command",
        "NAME|NUMBER",
        "that MAV_CMD (as in MISSION_START or 300) is accepted and not carried out",
    ),
];

/// Commands that the simulated autopilots know, by their names without `MAV_CMD_`.
const COMMANDS: &[(&str, u32)] = &[
    ("NAV_LOITER_UNLIM", 17),
    ("NAV_RETURN_TO_LAUNCH", 20),
    ("NAV_LAND", 21),
    ("NAV_TAKEOFF", 22),
    ("DO_SET_MODE", 176),
    ("DO_CHANGE_SPEED", 178),
    ("DO_SET_HOME", 179),
    ("DO_REPOSITION", 192),
    ("DO_PAUSE_CONTINUE", 193),
    ("DO_SET_CAM_TRIGG_DIST", 206),
    ("DO_FENCE_ENABLE", 207),
    ("DO_SET_MISSION_CURRENT", 224),
    ("MISSION_START", 300),
    ("COMPONENT_ARM_DISARM", 400),
    ("SET_MESSAGE_INTERVAL", 511),
    ("REQUEST_MESSAGE", 512),
    ("DO_GIMBAL_MANAGER_PITCHYAW", 1000),
    ("IMAGE_START_CAPTURE", 2000),
    ("IMAGE_STOP_CAPTURE", 2001),
];

/// Faults of the protocols; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProtocolFaults {
    /// `lose_first_ack`: the first acknowledgement of every command and of the first upload is lost.
    pub lose_first_ack: bool,
    /// `wrong_sequence`: asks for items that are not the next.
    pub wrong_sequence: bool,
    /// `ack_before_items`: says that the mission was accepted before it has come.
    pub ack_before_items: bool,
    /// `request_storm`: asks for every item five times.
    pub request_storm: bool,
    /// `ignore_command=MISSION_START`: the number of a MAV_CMD that is accepted and not done.
    pub ignore_command: Option<u32>,
}

impl ProtocolFaults {
    /// Sets the fault if it is one of these; `false` if not.
    pub(super) fn add(&mut self, given: &Given<'_>) -> Result<bool, FaultError> {
        match given.name {
            "lose_first_ack" => self.lose_first_ack = true,
            "wrong_sequence" => self.wrong_sequence = true,
            "ack_before_items" => self.ack_before_items = true,
            "request_storm" => self.request_storm = true,
            "ignore_command" => self.ignore_command = Some(command(given)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn command(given: &Given<'_>) -> Result<u32, FaultError> {
    let name = given.value.to_ascii_uppercase();
    let name = name.strip_prefix("MAV_CMD_").unwrap_or(&name);
    if let Some((_, number)) = COMMANDS.iter().find(|(known, _)| *known == name) {
        return Ok(*number);
    }
    let number: Option<u16> = given.value.parse().ok();
    number.map(u32::from).ok_or_else(|| FaultError::Value {
        name: given.name.to_owned(),
        value: given.value.to_owned(),
        example: "MISSION_START",
    })
}

#[cfg(test)]
mod tests {
    use crate::vehicle::VehicleFaults;

    #[test]
    fn a_command_goes_by_name_or_number() {
        for text in [
            "ignore_command=MISSION_START",
            "ignore_command=mav_cmd_mission_start",
            "ignore_command=300",
        ] {
            let faults: VehicleFaults = text.parse().unwrap();
            assert_eq!(faults.protocol.ignore_command, Some(300), "{text}");
        }
        for text in [
            "ignore_command",
            "ignore_command=MISSION_STRAT",
            "ignore_command=-1",
        ] {
            assert!(text.parse::<VehicleFaults>().is_err(), "{text}");
        }
    }
}
