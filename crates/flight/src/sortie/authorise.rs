//! Arm authorization (<https://mavlink.io/en/services/arm_authorization.html>): a vehicle that was told to arm asks
//! whether it may. The gate of the sortie has answered by then; without its "go" the answer is no, and a vehicle that
//! is in no sortie gets no answer, which is a no as well.

use mavlink::dialects::ardupilotmega::{COMMAND_ACK_DATA, COMMAND_LONG_DATA, MavCmd, MavMessage, MavResult};

/// An authorization counts for so long, s; arming follows at once.
const COUNTS_S: i32 = 30;
/// MAV_ARM_AUTH_DENIED_REASON_GENERIC.
const DENIED_GENERIC: i32 = 0;

/// The two answers to such a question of vehicle `system_id` to us: that it was heard, and the answer. None for other
/// commands and other stations' questions.
pub(super) fn authorise(
    data: &COMMAND_LONG_DATA,
    (system_id, component_id): (u8, u8),
    ours: u8,
    may_arm: bool,
) -> Option<[MavMessage; 2]> {
    if data.command != MavCmd::MAV_CMD_ARM_AUTHORIZATION_REQUEST || ![0, ours].contains(&data.target_system) {
        return None;
    }
    let answer = |result, result_param2| {
        MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
            command: MavCmd::MAV_CMD_ARM_AUTHORIZATION_REQUEST,
            result,
            result_param2,
            target_system: system_id,
            target_component: component_id,
            ..COMMAND_ACK_DATA::default()
        })
    };
    let last = if may_arm {
        answer(MavResult::MAV_RESULT_ACCEPTED, COUNTS_S)
    } else {
        answer(MavResult::MAV_RESULT_DENIED, DENIED_GENERIC)
    };
    Some([answer(MavResult::MAV_RESULT_IN_PROGRESS, 0), last])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(target_system: u8, command: MavCmd, may_arm: bool) -> Option<Vec<MavResult>> {
        let asked = COMMAND_LONG_DATA {
            command,
            target_system,
            ..COMMAND_LONG_DATA::default()
        };
        let answers = authorise(&asked, (7, 1), 255, may_arm)?;
        let result = |message: &MavMessage| match message {
            MavMessage::COMMAND_ACK(ack) => {
                assert_eq!((ack.target_system, ack.target_component), (7, 1));
                ack.result
            }
            other => panic!("{other:?}"),
        };
        Some(answers.iter().map(result).collect())
    }

    #[test]
    fn only_the_gate_says_yes_and_only_to_those_who_ask_us() {
        let asks = MavCmd::MAV_CMD_ARM_AUTHORIZATION_REQUEST;
        let heard = MavResult::MAV_RESULT_IN_PROGRESS;
        for to_us in [255, 0] {
            assert_eq!(
                results(to_us, asks, true),
                Some(vec![heard, MavResult::MAV_RESULT_ACCEPTED])
            );
        }
        assert_eq!(
            results(255, asks, false),
            Some(vec![heard, MavResult::MAV_RESULT_DENIED])
        );
        assert_eq!(results(254, asks, true), None);
        assert_eq!(results(255, MavCmd::MAV_CMD_REQUEST_MESSAGE, true), None);
    }
}
