//! What a vehicle's messages make of its picture.

use mavlink::dialects::ardupilotmega::{
    ATTITUDE_DATA, EKF_STATUS_REPORT_DATA, ESTIMATOR_STATUS_DATA, EXTENDED_SYS_STATE_DATA,
    GLOBAL_POSITION_INT_DATA, HOME_POSITION_DATA, MISSION_CURRENT_DATA, SYSTEM_TIME_DATA,
};

use super::*;

struct Heard {
    fold: TelemetryFold,
    start: Instant,
}

impl Heard {
    fn new() -> Self {
        Self {
            fold: TelemetryFold::default(),
            start: Instant::now(),
        }
    }

    fn from(&mut self, component_id: u8, at_ms: u64, message: MavMessage) -> Telemetry {
        let header = MavHeader {
            system_id: 7,
            component_id,
            sequence: 0,
        };
        let now = self.start + Duration::from_millis(at_ms);
        self.fold.apply(header, &message, now, UtcMicros(0));
        self.fold.snapshot(now)
    }
}

fn heartbeat(autopilot: MavAutopilot, mavtype: MavType, armed: bool) -> MavMessage {
    let armed = if armed {
        MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED
    } else {
        MavModeFlag::empty()
    };
    MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        custom_mode: 3,
        mavtype,
        autopilot,
        base_mode: armed,
        ..Default::default()
    })
}

fn copter(armed: bool) -> MavMessage {
    heartbeat(
        MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA,
        MavType::MAV_TYPE_QUADROTOR,
        armed,
    )
}

fn ekf(flags: EkfStatusFlags) -> MavMessage {
    MavMessage::EKF_STATUS_REPORT(EKF_STATUS_REPORT_DATA {
        flags,
        ..Default::default()
    })
}

#[test]
fn only_the_autopilot_says_whether_it_is_armed() {
    let mut heard = Heard::new();
    assert!(!heard.fold.snapshot(heard.start).heard);
    let now = heard.from(1, 0, copter(true));
    assert!(now.heard && now.armed);
    assert_eq!(
        (now.autopilot, now.mode_name.as_str()),
        (Autopilot::ArduPilot, "AUTO")
    );
    let gimbal = heartbeat(
        MavAutopilot::MAV_AUTOPILOT_INVALID,
        MavType::MAV_TYPE_GIMBAL,
        false,
    );
    assert!(heard.from(154, 10, gimbal.clone()).armed);
    assert!(heard.from(1, 20, gimbal).armed);
    let station = heartbeat(MavAutopilot::MAV_AUTOPILOT_INVALID, MavType::MAV_TYPE_GCS, false);
    assert!(heard.from(190, 30, station).armed);
    assert!(!heard.from(1, 40, copter(false)).armed);
}

#[test]
fn ages_grow_and_other_components_do_not_refresh_them() {
    let mut heard = Heard::new();
    heard.from(1, 0, copter(false));
    let later = heard.from(100, 4_000, MavMessage::ATTITUDE(ATTITUDE_DATA::default()));
    assert_eq!(later.last_heard_age, Duration::from_secs(4));
    assert_eq!(later.position_age, Duration::MAX);
}

#[test]
fn a_position_counts_as_in_use_only_without_constant_position_mode() {
    let mut heard = Heard::new();
    assert_eq!(heard.from(1, 0, copter(false)).position_estimate_in_use, None);
    let predicted = EkfStatusFlags::EKF_PRED_POS_HORIZ_ABS | EkfStatusFlags::EKF_CONST_POS_MODE;
    assert_eq!(
        heard.from(1, 1, ekf(predicted)).position_estimate_in_use,
        Some(false)
    );
    let both = EkfStatusFlags::EKF_POS_HORIZ_ABS | EkfStatusFlags::EKF_CONST_POS_MODE;
    assert_eq!(heard.from(1, 2, ekf(both)).position_estimate_in_use, Some(false));
    let absolute = EkfStatusFlags::EKF_POS_HORIZ_ABS | EkfStatusFlags::EKF_ATTITUDE;
    assert_eq!(
        heard.from(1, 3, ekf(absolute)).position_estimate_in_use,
        Some(true)
    );
}

#[test]
fn px4_says_it_with_its_estimator_or_else_its_health() {
    let mut heard = Heard::new();
    heard.from(
        1,
        0,
        heartbeat(
            MavAutopilot::MAV_AUTOPILOT_PX4,
            MavType::MAV_TYPE_QUADROTOR,
            false,
        ),
    );
    let health = MavMessage::SYS_STATUS(SYS_STATUS_DATA {
        onboard_control_sensors_health: MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_GPS,
        ..Default::default()
    });
    assert_eq!(
        heard.from(1, 1, health.clone()).position_estimate_in_use,
        Some(false)
    );
    heard.from(1, 2, position(399_000_000));
    assert_eq!(
        heard.from(1, 3, health.clone()).position_estimate_in_use,
        Some(true)
    );
    let flags = EstimatorStatusFlags::ESTIMATOR_ATTITUDE;
    let estimator = MavMessage::ESTIMATOR_STATUS(ESTIMATOR_STATUS_DATA {
        flags,
        ..Default::default()
    });
    heard.from(1, 4, estimator);
    assert_eq!(heard.from(1, 5, health).position_estimate_in_use, Some(false));
}

#[test]
fn numbers_come_in_their_units_and_unknown_is_none() {
    let mut heard = Heard::new();
    heard.from(1, 0, copter(false));
    assert_eq!(heard.from(1, 1, position(0)).position, None);
    let now = heard.from(1, 2, position(399_000_000));
    assert_eq!(now.position, Wgs84::new(39.9, 116.3).ok());
    assert_eq!(now.altitude_amsl_m, Some(98.0));
    assert_eq!(now.height_above_home_m, Some(50.0));
    assert_eq!(now.ground_speed_ms, Some(5.0));
    assert_eq!(now.climb_ms, Some(1.5));
    assert_eq!(now.heading_deg, None);
    assert_eq!(now.battery_percent, None);
    let unknown = MavMessage::SYS_STATUS(SYS_STATUS_DATA {
        battery_remaining: -1,
        ..Default::default()
    });
    assert_eq!(heard.from(1, 3, unknown).battery_percent, None);
    let none = MISSION_CURRENT_DATA {
        seq: 2,
        total: 0,
        ..Default::default()
    };
    let now = heard.from(1, 4, MavMessage::MISSION_CURRENT(none));
    assert_eq!((now.mission_current, now.mission_total), (Some(2), None));
}

#[test]
fn a_restart_is_counted_and_takes_what_it_loses() {
    let mut heard = Heard::new();
    heard.from(1, 0, copter(false));
    heard.from(
        1,
        1,
        MavMessage::SYSTEM_TIME(SYSTEM_TIME_DATA {
            time_unix_usec: 1_772_416_800_000_000,
            time_boot_ms: 90_000,
        }),
    );
    let home = HOME_POSITION_DATA {
        latitude: 1,
        longitude: 1,
        ..Default::default()
    };
    heard.from(1, 2, MavMessage::HOME_POSITION(home));
    let landed_state = MavLandedState::MAV_LANDED_STATE_IN_AIR;
    let air = MavMessage::EXTENDED_SYS_STATE(EXTENDED_SYS_STATE_DATA {
        landed_state,
        ..Default::default()
    });
    let before = heard.from(1, 3, air);
    assert_eq!((before.landed, before.reboots), (Some(Landed::InAir), 0));
    assert!(before.home.is_some() && before.clock_utc.is_some());
    let after = heard.from(
        1,
        900,
        MavMessage::ATTITUDE(ATTITUDE_DATA {
            time_boot_ms: 500,
            ..Default::default()
        }),
    );
    assert_eq!(
        (after.landed, after.reboots, after.home, after.clock_utc),
        (None, 1, None, None)
    );
}

fn position(lat: i32) -> MavMessage {
    let lon = if lat == 0 { 0 } else { 1_163_000_000 };
    MavMessage::GLOBAL_POSITION_INT(GLOBAL_POSITION_INT_DATA {
        lat,
        lon,
        alt: 98_000,
        relative_alt: 50_000,
        vx: 300,
        vy: 400,
        vz: -150,
        hdg: u16::MAX,
        ..Default::default()
    })
}
