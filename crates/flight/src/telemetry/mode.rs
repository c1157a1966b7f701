//! Names of flight modes: ArduCopter's numbers and PX4's main and sub modes.

use super::Autopilot;

/// The name by which the firmware's own documents call a mode; its number where we do not know it.
///
/// ArduCopter: `Mode::Number` (ArduCopter/mode.h). PX4: bits 16–23 main mode, 24–31 sub mode (px4_custom_mode.h).
#[must_use]
pub fn mode_name(autopilot: Autopilot, custom_mode: u32) -> String {
    let name = match autopilot {
        Autopilot::ArduPilot => copter(custom_mode),
        Autopilot::Px4 => px4((custom_mode >> 16) & 0xff, custom_mode >> 24),
        Autopilot::Unknown | Autopilot::Other => None,
    };
    name.map_or_else(|| format!("MODE {custom_mode}"), str::to_owned)
}

fn copter(mode: u32) -> Option<&'static str> {
    Some(match mode {
        0 => "STABILIZE",
        1 => "ACRO",
        2 => "ALT_HOLD",
        3 => "AUTO",
        4 => "GUIDED",
        5 => "LOITER",
        6 => "RTL",
        7 => "CIRCLE",
        9 => "LAND",
        11 => "DRIFT",
        13 => "SPORT",
        14 => "FLIP",
        15 => "AUTOTUNE",
        16 => "POSHOLD",
        17 => "BRAKE",
        18 => "THROW",
        19 => "AVOID_ADSB",
        20 => "GUIDED_NOGPS",
        21 => "SMART_RTL",
        22 => "FLOWHOLD",
        23 => "FOLLOW",
        24 => "ZIGZAG",
        25 => "SYSTEMID",
        26 => "AUTOROTATE",
        27 => "AUTO_RTL",
        28 => "TURTLE",
        _ => return None,
    })
}

fn px4(main: u32, sub: u32) -> Option<&'static str> {
    Some(match (main, sub) {
        (1, _) => "MANUAL",
        (2, _) => "ALTCTL",
        (3, 1) => "ORBIT",
        (3, _) => "POSCTL",
        (4, 1) => "READY",
        (4, 2) => "TAKEOFF",
        (4, 3) => "HOLD",
        (4, 4) => "MISSION",
        (4, 5) => "RETURN",
        (4, 6) => "LAND",
        (4, 8) => "FOLLOW",
        (4, 9) => "PRECLAND",
        (4, 10) => "VTOL_TAKEOFF",
        (5, _) => "ACRO",
        (6, _) => "OFFBOARD",
        (7, _) => "STABILIZED",
        (8, _) => "RATTITUDE",
        (10, _) => "TERMINATION",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_have_the_names_of_their_firmware() {
        assert_eq!(mode_name(Autopilot::ArduPilot, 3), "AUTO");
        assert_eq!(mode_name(Autopilot::ArduPilot, 6), "RTL");
        assert_eq!(mode_name(Autopilot::Px4, 4 << 16 | 4 << 24), "MISSION");
        assert_eq!(mode_name(Autopilot::Px4, 3 << 16), "POSCTL");
        assert_eq!(mode_name(Autopilot::ArduPilot, 4711), "MODE 4711");
        assert_eq!(mode_name(Autopilot::Other, 3), "MODE 3");
    }
}
