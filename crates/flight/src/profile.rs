//! What differs between autopilots: mode numbers, how a flight is started, how a vehicle is sent somewhere else.
//! Chosen from what the vehicle says of itself, never from configuration.
//!
//! Sources: ArduCopter `mode.h` (mode numbers), `GCS_Mavlink.cpp` 4.5 (MISSION_START, DO_REPOSITION); PX4
//! `px4_custom_mode.h` and `Commander.cpp` 1.15 (DO_SET_MODE); MAVLink `common.xml` (commands).

use std::fmt;

use mavlink::dialects::ardupilotmega::{COMMAND_INT_DATA, MavCmd, MavFrame, MavMessage, MavType};
use survey::geodesy::Wgs84;

use crate::telemetry::Autopilot;

/// Bit of DO_SET_MODE's first parameter: the second and third name an autopilot's own mode.
const CUSTOM_MODE: u8 = 1;
/// Bit of DO_SET_MODE's first parameter that older PX4 versions read as "stay armed".
const SAFETY_ARMED: u8 = 128;
/// DO_REPOSITION flag: change to the mode that can follow it.
const CHANGE_MODE: f32 = 1.0;

/// A family of autopilots that is flown in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// ArduPilot on a multicopter or helicopter.
    ArduCopter,
    /// PX4, any airframe that can take off by itself.
    Px4,
    /// Anything else: only commands of `common.xml`, no mode numbers.
    Generic,
}

/// What a vehicle is to do, apart from how an autopilot names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlightMode {
    /// Flies the mission on board.
    Mission,
    /// Comes home and lands.
    Return,
    /// Lands where it is.
    Land,
    /// Holds its place and follows single commands.
    Guided,
}

/// A command with its parameters, before it is addressed to a vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// MAV_CMD.
    pub command: MavCmd,
    /// Parameters 1 to 7.
    pub params: [f32; 7],
}

impl Profile {
    /// Reads HEARTBEAT: the autopilot and the kind of airframe.
    #[must_use]
    pub fn of(autopilot: Autopilot, airframe: MavType) -> Self {
        match autopilot {
            Autopilot::ArduPilot if is_copter(airframe) => Self::ArduCopter,
            Autopilot::Px4 => Self::Px4,
            _others => Self::Generic,
        }
    }

    /// Whether HEARTBEAT's custom mode means `mode`. None: this profile knows no mode numbers.
    #[must_use]
    pub fn is_in(self, mode: FlightMode, custom_mode: u32) -> Option<bool> {
        let numbers: &[u32] = match (self, mode) {
            (Self::Generic, _) => return None,
            // 27 is AUTO on its way to DO_LAND_START, flown after the mission or by a failsafe.
            (Self::ArduCopter, FlightMode::Mission) => &[3],
            (Self::ArduCopter, FlightMode::Return) => &[6, 21, 27],
            (Self::ArduCopter, FlightMode::Land) => &[9],
            (Self::ArduCopter, FlightMode::Guided) => &[4],
            (Self::Px4, FlightMode::Mission) => &[px4_mode(4)],
            (Self::Px4, FlightMode::Return) => &[px4_mode(5)],
            (Self::Px4, FlightMode::Land) => &[px4_mode(6), px4_mode(9)],
            (Self::Px4, FlightMode::Guided) => &[px4_mode(3)],
        };
        Some(numbers.contains(&custom_mode))
    }

    /// The command that changes the mode. None: this profile has no mode numbers, use [`Profile::plain`].
    /// `armed` is what the vehicle says now; older PX4 versions would disarm when the bit were missing.
    #[must_use]
    pub fn set_mode(self, mode: FlightMode, armed: bool) -> Option<Order> {
        let (main, sub) = match (self, mode) {
            (Self::Generic, _) => return None,
            (Self::ArduCopter, FlightMode::Mission) => (3.0, 0.0),
            (Self::ArduCopter, FlightMode::Return) => (6.0, 0.0),
            (Self::ArduCopter, FlightMode::Land) => (9.0, 0.0),
            (Self::ArduCopter, FlightMode::Guided) => (4.0, 0.0),
            (Self::Px4, FlightMode::Mission) => (4.0, 4.0),
            (Self::Px4, FlightMode::Return) => (4.0, 5.0),
            (Self::Px4, FlightMode::Land) => (4.0, 6.0),
            (Self::Px4, FlightMode::Guided) => (4.0, 3.0),
        };
        let stay_armed = if self == Self::Px4 && armed {
            SAFETY_ARMED
        } else {
            0
        };
        let base = f32::from(CUSTOM_MODE | stay_armed);
        Some(order(MavCmd::MAV_CMD_DO_SET_MODE, [base, main, sub]))
    }

    /// The command of `common.xml` with the same meaning as `mode`.
    #[must_use]
    pub fn plain(mode: FlightMode) -> Order {
        match mode {
            FlightMode::Mission => order(MavCmd::MAV_CMD_MISSION_START, [0.0; 3]),
            FlightMode::Return => order(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, [0.0; 3]),
            FlightMode::Land => Order {
                // Yaw and place "as it is": 0, 0 would be a place off Africa for an autopilot that reads them.
                params: [0.0, 0.0, 0.0, f32::NAN, f32::NAN, f32::NAN, 0.0],
                command: MavCmd::MAV_CMD_NAV_LAND,
            },
            FlightMode::Guided => order(MavCmd::MAV_CMD_DO_PAUSE_CONTINUE, [0.0; 3]),
        }
    }

    /// "Go on with the mission" after [`FlightMode::Guided`]'s plain command held it up: DO_PAUSE_CONTINUE 1.
    #[must_use]
    pub fn go_on() -> Order {
        order(MavCmd::MAV_CMD_DO_PAUSE_CONTINUE, [1.0, 0.0, 0.0])
    }

    /// Whether this autopilot changes into `custom_mode` by itself on its way into a mission.
    #[must_use]
    pub fn leads_into_mission(self, custom_mode: u32) -> bool {
        match self {
            // AUTO.READY, AUTO.TAKEOFF and the take-off of a hovering plane.
            Self::Px4 => [px4_mode(1), px4_mode(2), px4_mode(10)].contains(&custom_mode),
            Self::ArduCopter | Self::Generic => false,
        }
    }

    /// The mode to be in while arming. None: arm in whatever mode the vehicle is.
    ///
    /// ArduCopter refuses to arm in AUTO unless AUTO_OPTIONS allows it, and arms in GUIDED without a pilot's
    /// throttle; PX4 takes off by itself when it is armed in its mission mode.
    #[must_use]
    pub fn mode_for_arming(self) -> Option<FlightMode> {
        match self {
            Self::ArduCopter => Some(FlightMode::Guided),
            Self::Px4 => Some(FlightMode::Mission),
            Self::Generic => None,
        }
    }

    /// Whether arming alone begins the flight.
    #[must_use]
    pub fn starts_by_arming(self) -> bool {
        self == Self::Px4
    }

    /// The item of ours (from 0) that a mission sequence number on the wire means. ArduPilot keeps home at 0.
    #[must_use]
    pub fn item_of(autopilot: Autopilot, sequence: u16) -> Option<u16> {
        if autopilot == Autopilot::ArduPilot {
            return sequence.checked_sub(1);
        }
        Some(sequence)
    }

    /// "Go there and hold": DO_REPOSITION as COMMAND_INT, which keeps the place to 1 cm (a COMMAND_LONG would
    /// round it to about 0.4 m). `height_above_home_m` and `altitude_amsl_m` are the same height; PX4 reads the
    /// second, everything else the first.
    #[must_use]
    pub fn reposition(
        self,
        system_id: u8,
        to: Wgs84,
        height_above_home_m: f64,
        altitude_amsl_m: Option<f64>,
    ) -> MavMessage {
        let (frame, z) = match (self, altitude_amsl_m) {
            (Self::Px4, Some(altitude_m)) => (MavFrame::MAV_FRAME_GLOBAL, altitude_m as f32),
            // PX4 keeps its height when none is given.
            (Self::Px4, None) => (MavFrame::MAV_FRAME_GLOBAL, f32::NAN),
            _others => (
                MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT,
                height_above_home_m as f32,
            ),
        };
        MavMessage::COMMAND_INT(COMMAND_INT_DATA {
            param1: -1.0,
            param2: CHANGE_MODE,
            param3: 0.0,
            param4: f32::NAN,
            x: (to.latitude_deg * 1e7).round() as i32,
            y: (to.longitude_deg * 1e7).round() as i32,
            z,
            command: MavCmd::MAV_CMD_DO_REPOSITION,
            target_system: system_id,
            target_component: 1,
            frame,
            current: 0,
            autocontinue: 0,
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArduCopter => "ArduPilot Copter",
            Self::Px4 => "PX4",
            Self::Generic => "generic",
        })
    }
}

/// Whether a reason for refusing to arm is one that passes by waiting: estimators settling, satellites, home.
#[must_use]
pub fn may_pass(reason: &str) -> bool {
    const PASSING: &[&str] = &[
        "position estimate",
        "gps",
        "ekf",
        "ahrs",
        "waiting for",
        "wait for",
        "calibrating",
        "initialis",
        "initializ",
        "home",
        "settling",
        "not healthy yet",
        "local position",
        "global position",
        "estimator",
        "system boot",
        // ArduPilot loads a new fence within a moment.
        "fences invalid",
    ];
    let reason = reason.to_lowercase();
    PASSING.iter().any(|part| reason.contains(part))
}

fn is_copter(airframe: MavType) -> bool {
    matches!(
        airframe,
        MavType::MAV_TYPE_QUADROTOR
            | MavType::MAV_TYPE_HEXAROTOR
            | MavType::MAV_TYPE_OCTOROTOR
            | MavType::MAV_TYPE_TRICOPTER
            | MavType::MAV_TYPE_DODECAROTOR
            | MavType::MAV_TYPE_DECAROTOR
            | MavType::MAV_TYPE_COAXIAL
            | MavType::MAV_TYPE_HELICOPTER
    )
}

/// PX4's custom mode of the AUTO family: sub mode in the highest byte, main mode 4 in the next.
const fn px4_mode(sub: u32) -> u32 {
    (sub << 24) | (4 << 16)
}

fn order(command: MavCmd, first: [f32; 3]) -> Order {
    let [a, b, c] = first;
    Order {
        command,
        params: [a, b, c, 0.0, 0.0, 0.0, 0.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_airframe_decides_whether_copter_modes_apply() {
        let of = Profile::of;
        let ardupilot = Autopilot::ArduPilot;
        assert_eq!(of(ardupilot, MavType::MAV_TYPE_QUADROTOR), Profile::ArduCopter);
        assert_eq!(of(ardupilot, MavType::MAV_TYPE_FIXED_WING), Profile::Generic);
        let px4 = Autopilot::Px4;
        assert_eq!(of(px4, MavType::MAV_TYPE_HEXAROTOR), Profile::Px4);
        let other = Autopilot::Other;
        assert_eq!(of(other, MavType::MAV_TYPE_QUADROTOR), Profile::Generic);
    }

    #[test]
    fn a_mode_that_is_set_is_recognised() {
        let modes = [
            FlightMode::Mission,
            FlightMode::Return,
            FlightMode::Land,
            FlightMode::Guided,
        ];
        for mode in modes {
            let Order { params, .. } = Profile::ArduCopter.set_mode(mode, false).unwrap();
            assert_eq!(Profile::ArduCopter.is_in(mode, params[1] as u32), Some(true));
            let Order { params, .. } = Profile::Px4.set_mode(mode, true).unwrap();
            let custom = ((params[2] as u32) << 24) | ((params[1] as u32) << 16);
            assert_eq!(Profile::Px4.is_in(mode, custom), Some(true));
            assert_eq!(params[0], 129.0);
            assert_eq!(Profile::Generic.is_in(mode, 3), None);
        }
        assert_eq!(Profile::ArduCopter.is_in(FlightMode::Return, 3), Some(false));
    }

    #[test]
    fn home_takes_the_first_number_on_ardupilot_only() {
        let item_of = Profile::item_of;
        assert_eq!(item_of(Autopilot::ArduPilot, 0), None);
        assert_eq!(item_of(Autopilot::ArduPilot, 3), Some(2));
        assert_eq!(item_of(Autopilot::Px4, 0), Some(0));
    }

    #[test]
    fn a_reposition_keeps_the_place_and_the_right_height() {
        let to = Wgs84::new(31.234_567_8, 121.471_234_5).unwrap();
        let MavMessage::COMMAND_INT(copter) = Profile::ArduCopter.reposition(7, to, 40.0, Some(55.0)) else {
            panic!("not a COMMAND_INT");
        };
        assert_eq!((copter.x, copter.y), (312_345_678, 1_214_712_345));
        assert_eq!(
            (copter.z, copter.frame),
            (40.0, MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT)
        );
        let MavMessage::COMMAND_INT(px4) = Profile::Px4.reposition(7, to, 40.0, Some(55.0)) else {
            panic!("not a COMMAND_INT");
        };
        assert_eq!((px4.z, px4.frame), (55.0, MavFrame::MAV_FRAME_GLOBAL));
    }

    #[test]
    fn reasons_that_pass_are_told_from_those_that_do_not() {
        assert!(may_pass("Arm: Need Position Estimate"));
        assert!(may_pass("PreArm: GPS 1: Bad fix"));
        assert!(!may_pass("Arm: Compass not calibrated"));
        assert!(!may_pass("Arm: Battery 1 below minimum arming voltage"));
        assert!(!may_pass("Arming refused by the operator"));
    }
}
