//! What newer autopilots do before they arm: ask a ground station for leave (PX4 COM_ARM_AUTH_REQ with two requests to
//! arm), and say by EVENT, without words, why they do not.

use mavlink::dialects::ardupilotmega::{
    COMMAND_ACK_DATA, COMMAND_LONG_DATA, EVENT_DATA, MavCmd, MavMessage, MavResult, MavSeverity,
};

use super::autopilot::Autopilot;
use super::body::STEP_S;

/// The ground station that is asked (PX4 COM_ARM_AUTH_ID).
const AUTHORISER: u8 = 255;
/// PX4's number of `commander_arm_denied_resolve_failures`.
const RESOLVE_FAILURES: u32 = 0x0102_089d;
/// Level 2 (critical) for people in the lower half, 6 for logs in the upper.
const CRITICAL: u8 = 0x62;

impl Autopilot {
    /// It needs no leave, or has it.
    pub(super) fn is_authorised(&self) -> bool {
        !self.options.faults.asks_authorisation || self.clock.boot_steps() < self.authorised_until
    }

    pub(super) fn ask_authorisation(&mut self) {
        self.send(MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
            command: MavCmd::MAV_CMD_ARM_AUTHORIZATION_REQUEST,
            target_system: AUTHORISER,
            param1: f32::from(self.options.system_id),
            ..COMMAND_LONG_DATA::default()
        }));
    }

    /// Hears the answer; only an acceptance changes anything.
    pub(super) fn hear_authorisation(&mut self, ack: &COMMAND_ACK_DATA) {
        let about = ack.command == MavCmd::MAV_CMD_ARM_AUTHORIZATION_REQUEST;
        if about && ack.result == MavResult::MAV_RESULT_ACCEPTED {
            let steps = f64::from(ack.result_param2.max(0)) / STEP_S;
            self.authorised_until = self.clock.boot_steps() + steps as u64;
        }
    }

    /// Why it does not arm, in words or as an event.
    pub(super) fn say_refusal(&mut self, text: &str) {
        if !self.options.faults.events_only {
            self.say(MavSeverity::MAV_SEVERITY_CRITICAL, text);
            return;
        }
        self.send(MavMessage::EVENT(EVENT_DATA {
            id: RESOLVE_FAILURES,
            event_time_boot_ms: self.clock.boot_ms(),
            log_levels: CRITICAL,
            ..EVENT_DATA::default()
        }));
    }
}
