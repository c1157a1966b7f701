//! Messages that hold a value which is not in its enumeration. The library gives nothing of them; newer firmware
//! sends them all the time, and an answer with a new result is still an answer.

use mavlink::dialects::ardupilotmega::MavMessage;
use mavlink::error::ParserError;
use mavlink::{MavlinkVersion, Message};

/// One enumerated byte of a message: message number, name of the enumeration as the library calls it, place of the
/// byte in the payload, and what is read instead of an unknown value.
type Field = (u32, &'static str, usize, u8);

/// Only where the stand-in can do no harm: an unknown result is a failure, an unknown severity a warning, an
/// unknown kind of anything is no kind in particular. Commands and mission items have none: a stand-in there would
/// be another order. Places are those of the wire, where wider fields stand first.
const FIELDS: &[Field] = &[
    (0, "MavType", 4, 0),
    (0, "MavAutopilot", 5, 0),
    (0, "MavState", 7, 0),
    (24, "GpsFixType", 28, 0),
    (47, "MavMissionResult", 2, 1),
    (77, "MavResult", 2, 4),
    (147, "MavBatteryFunction", 33, 0),
    (147, "MavBatteryType", 34, 0),
    (147, "MavBatteryChargeState", 40, 0),
    (147, "MavBatteryMode", 49, 0),
    (245, "MavVtolState", 0, 0),
    (245, "MavLandedState", 1, 0),
    (253, "MavSeverity", 0, 4),
];

/// The message with a stand-in for every unknown value, `None` where one has none.
pub(super) fn mended(version: MavlinkVersion, message_id: u32, payload: &[u8]) -> Option<MavMessage> {
    let mut payload = payload.to_vec();
    // Each turn mends one field; a message has no more of them than the table.
    for _turn in 0..=FIELDS.len() {
        match MavMessage::parse(version, message_id, &payload) {
            Ok(message) => return Some(message),
            Err(ParserError::InvalidEnum { enum_type, .. }) => {
                let field = FIELDS
                    .iter()
                    .find(|(id, name, ..)| *id == message_id && *name == enum_type)?;
                *payload.get_mut(field.2)? = field.3;
            }
            Err(_other) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::{COMMAND_ACK_DATA, MavCmd, MavResult};
    use proptest::prelude::*;

    use super::*;

    /// Every row names a byte that the library reads as that enumeration.
    #[test]
    fn the_table_names_the_right_bytes() {
        for (message_id, enumeration, place, stand_in) in FIELDS {
            let mut payload = vec![0; 60];
            if *message_id == 77 {
                payload[..2].copy_from_slice(&400_u16.to_le_bytes());
            }
            payload[*place] = 0xEE;
            let unknown = MavMessage::parse(MavlinkVersion::V2, *message_id, &payload).unwrap_err();
            let ParserError::InvalidEnum { enum_type, value } = unknown else {
                panic!("{message_id} {enumeration}: {unknown}");
            };
            assert_eq!((enum_type, value), (*enumeration, 0xEE), "{message_id}");
            payload[*place] = *stand_in;
            MavMessage::parse(MavlinkVersion::V2, *message_id, &payload).unwrap();
        }
    }

    #[test]
    fn an_unknown_result_is_a_failure_of_the_same_command() {
        let mut payload = vec![0; 10];
        payload[..2].copy_from_slice(&400_u16.to_le_bytes());
        payload[2] = 200;
        let message = mended(MavlinkVersion::V2, 77, &payload).unwrap();
        let wanted = COMMAND_ACK_DATA {
            command: MavCmd::MAV_CMD_COMPONENT_ARM_DISARM,
            result: MavResult::MAV_RESULT_FAILED,
            ..Default::default()
        };
        assert_eq!(message, MavMessage::COMMAND_ACK(wanted));
    }

    #[test]
    fn an_unknown_command_stays_unknown() {
        assert_eq!(mended(MavlinkVersion::V2, 77, &[0xFF, 0xFF, 0]), None);
    }

    proptest! {
        #[test]
        fn a_heartbeat_is_never_lost(payload in prop::collection::vec(any::<u8>(), 0..20)) {
            prop_assert!(mended(MavlinkVersion::V2, 0, &payload).is_some());
        }

        #[test]
        fn any_payload_ends(message_id in 0_u32..512, payload in prop::collection::vec(any::<u8>(), 0..255)) {
            let _ = mended(MavlinkVersion::V2, message_id, &payload);
        }
    }
}
