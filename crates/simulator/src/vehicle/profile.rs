//! Flight modes and their numbers on the wire, for ArduCopter and for PX4.

use super::options::Profile;

/// What the vehicle is told to do, in words both autopilots share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Stabilize,
    AltHold,
    Auto,
    Guided,
    Loiter,
    Return,
    Land,
    Brake,
    /// PX4 only: climbing to the take-off height before it holds.
    Takeoff,
}

/// Numbers of ArduCopter's modes (ArduCopter/mode.h).
const COPTER: [(Mode, u32, &str); 8] = [
    (Mode::Stabilize, 0, "STABILIZE"),
    (Mode::AltHold, 2, "ALT_HOLD"),
    (Mode::Auto, 3, "AUTO"),
    (Mode::Guided, 4, "GUIDED"),
    (Mode::Loiter, 5, "LOITER"),
    (Mode::Return, 6, "RTL"),
    (Mode::Land, 9, "LAND"),
    (Mode::Brake, 17, "BRAKE"),
];

/// PX4: main mode and sub mode (px4_custom_mode.h).
const PX4: [(Mode, u8, u8); 6] = [
    (Mode::Stabilize, 7, 0),
    (Mode::Takeoff, 4, 2),
    (Mode::Loiter, 4, 3),
    (Mode::Auto, 4, 4),
    (Mode::Return, 4, 5),
    (Mode::Land, 4, 6),
];

impl Mode {
    /// The HEARTBEAT's custom_mode.
    pub(super) fn number(self, profile: Profile) -> u32 {
        match profile {
            Profile::ArduCopter => COPTER
                .iter()
                .find(|(mode, ..)| *mode == self)
                .map_or(4, |(_, number, _)| *number),
            // GUIDED is AUTO.LOITER with a target on PX4.
            Profile::Px4 => PX4
                .iter()
                .find(|(mode, ..)| *mode == self)
                .map_or(px4_number(4, 3), |(_, main, sub)| px4_number(*main, *sub)),
        }
    }

    /// The mode of an ArduCopter number.
    pub(super) fn of_copter(number: u32) -> Option<Self> {
        COPTER
            .iter()
            .find(|(_, known, _)| *known == number)
            .map(|(mode, ..)| *mode)
    }

    /// The mode of PX4's main and sub mode.
    pub(super) fn of_px4(main: u8, sub: u8) -> Option<Self> {
        PX4.iter()
            .find(|(_, m, s)| *m == main && *s == sub)
            .map(|(mode, ..)| *mode)
    }

    /// ArduCopter's name of the mode.
    pub(super) fn name(self) -> &'static str {
        COPTER
            .iter()
            .find(|(mode, ..)| *mode == self)
            .map_or("TAKEOFF", |(.., name)| *name)
    }

    /// The autopilot needs to know where it is.
    pub(super) fn needs_position(self) -> bool {
        !matches!(self, Self::Stabilize | Self::AltHold)
    }
}

fn px4_number(main: u8, sub: u8) -> u32 {
    u32::from(main) << 16 | u32::from(sub) << 24
}

/// Main and sub mode of a PX4 custom_mode.
pub(super) fn px4_parts(custom_mode: u32) -> (u8, u8) {
    ((custom_mode >> 16 & 0xFF) as u8, (custom_mode >> 24) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_autopilots() {
        assert_eq!(Mode::Auto.number(Profile::ArduCopter), 3);
        assert_eq!(Mode::Auto.number(Profile::Px4), 0x0404_0000);
        assert_eq!(Mode::of_copter(9), Some(Mode::Land));
        assert_eq!(px4_parts(0x0504_0000), (4, 5));
        assert_eq!(Mode::of_px4(4, 5), Some(Mode::Return));
        assert_eq!(Mode::of_copter(99), None);
    }
}
