//! EVENT, PX4's messages without words: a number stands for the name of the event, and the words are in a file on the
//! vehicle. Those that keep a vehicle from arming are known here by name; of others number and severity are told.
//!
//! The number is the name's FNV-1a hash, cut to 24 bits, with the component (1, the autopilot) above it
//! (PX4 `px4_platform_common/events.h`); names are those of PX4's `commander` 1.15 and later.

use mavlink::dialects::ardupilotmega::EVENT_DATA;

/// Event names with what they mean. The beginnings are those of PX4's own texts, which other parts look for.
const KNOWN: &[(&str, &str)] = &[
    ("commander_arm_denied_calibrating", "Arming denied: calibrating"),
    (
        "commander_arm_denied_throttle_center",
        "Arming denied: throttle above center",
    ),
    (
        "commander_arm_denied_throttle_high",
        "Arming denied: high throttle",
    ),
    (
        "commander_arm_denied_resolve_failures",
        "Arming denied: Resolve system health failures first",
    ),
    (
        "check_modes_cannot_takeoff",
        "Preflight Fail: mode not suitable for arming",
    ),
    (
        "check_modes_angular_velocity",
        "Preflight Fail: angular velocity not valid",
    ),
    (
        "check_modes_attitude",
        "Preflight Fail: no valid attitude estimate, estimator initializing",
    ),
    (
        "check_modes_local_pos",
        "Preflight Fail: no valid local position estimate",
    ),
    (
        "check_modes_global_pos",
        "Preflight Fail: no valid global position estimate",
    ),
    (
        "check_modes_local_alt",
        "Preflight Fail: no valid altitude estimate, estimator settling",
    ),
    (
        "check_modes_mission",
        "Preflight Fail: no valid mission available",
    ),
    (
        "check_modes_home_position",
        "Preflight Fail: home position not set",
    ),
    (
        "check_modes_manual_control",
        "Preflight Fail: no manual control input",
    ),
    ("check_modes_not_supported", "Preflight Fail: mode not supported"),
    (
        "check_system_flight_term_active",
        "Preflight Fail: flight termination active",
    ),
    ("check_system_usb_connected", "Preflight Fail: USB connected"),
    (
        "check_system_no_global_pos",
        "Preflight Fail: global position required",
    ),
    (
        "check_system_no_home_pos",
        "Preflight Fail: home position required",
    ),
    (
        "check_system_safety_button",
        "Preflight Fail: press the safety button first",
    ),
    (
        "check_system_avoidance_not_ready",
        "Preflight Fail: avoidance system not ready",
    ),
    (
        "check_system_arm_auth_failed",
        "Preflight Fail: arm authorization denied",
    ),
    (
        "check_flight_time_limit",
        "Preflight Fail: maximum flight time reached",
    ),
    ("check_missing_cpuload", "Preflight Fail: no CPU load information"),
    (
        "check_man_control_kill_engaged",
        "Preflight Fail: kill switch engaged",
    ),
    (
        "check_man_control_rtl_engaged",
        "Preflight Fail: RTL switch engaged",
    ),
    (
        "check_open_drone_id_missing",
        "Preflight Fail: Open Drone ID system missing",
    ),
];

/// A warning; the least that counts as a reason.
const WARNING: u8 = 4;
/// Above this the levels are "protocol" and "disabled", which are for machines.
const LAST_LEVEL: u8 = 7;

/// Severity (MAV_SEVERITY) and words of an event; none for those that are not for people.
pub(super) fn event_text(data: &EVENT_DATA) -> Option<(u8, String)> {
    let level = data.log_levels & 0x0F;
    if level > LAST_LEVEL {
        return None;
    }
    let known = KNOWN.iter().find(|(name, _)| number_of(name) == data.id);
    match known {
        // What keeps it from arming is a reason, however mildly it is said.
        Some((_, words)) => Some((level.min(WARNING), (*words).to_owned())),
        None if level <= WARNING => Some((level, format!("event {:#010x} without words", data.id))),
        None => None,
    }
}

/// The number of an event of the autopilot.
fn number_of(name: &str) -> u32 {
    const AUTOPILOT: u32 = 1 << 24;
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash & 0x00FF_FFFF) | AUTOPILOT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(id: u32, log_levels: u8) -> EVENT_DATA {
        EVENT_DATA {
            id,
            log_levels,
            ..EVENT_DATA::default()
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of the FNV reference: "" 811c9dc5, "a" e40c292c, "foobar" bf9cf968.
        for (text, hash) in [("", 0x1c_9dc5), ("a", 0x0c_292c), ("foobar", 0x9c_f968)] {
            assert_eq!(number_of(text), 0x0100_0000 | hash, "{text}");
        }
    }

    #[test]
    fn known_events_have_words_and_unknown_ones_their_number() {
        let denied = number_of("commander_arm_denied_resolve_failures");
        // Internal level 6 in the upper half, external level 2 in the lower.
        let (severity, words) = event_text(&event(denied, 0x62)).unwrap();
        assert_eq!(severity, 2);
        assert!(words.starts_with("Arming denied"), "{words}");
        let mild = event_text(&event(number_of("check_modes_mission"), 6)).unwrap();
        assert_eq!(mild.0, WARNING);
        let unknown = event_text(&event(0x0112_3456, 3)).unwrap();
        assert_eq!(unknown, (3, "event 0x01123456 without words".to_owned()));
        assert_eq!(event_text(&event(0x0112_3456, 6)), None);
        assert_eq!(event_text(&event(denied, 8)), None);
    }

    #[test]
    fn no_two_names_share_a_number() {
        let numbers: std::collections::BTreeSet<u32> =
            KNOWN.iter().map(|(name, _)| number_of(name)).collect();
        assert_eq!(numbers.len(), KNOWN.len());
    }

    proptest! {
        #[test]
        fn any_event_is_words_or_nothing(id in any::<u32>(), log_levels in any::<u8>()) {
            if let Some((severity, words)) = event_text(&event(id, log_levels)) {
                prop_assert!(severity <= LAST_LEVEL && !words.is_empty());
            }
        }
    }
}
