//! Every message the vehicle can build about itself.

use mavlink::dialects::ardupilotmega::{
    ATTITUDE_DATA, ATTITUDE_QUATERNION_DATA, AUTOPILOT_VERSION_DATA, CAMERA_CAPTURE_STATUS_DATA,
    EKF_STATUS_REPORT_DATA, ESTIMATOR_STATUS_DATA, EXTENDED_SYS_STATE_DATA, EkfStatusFlags,
    EstimatorStatusFlags, GLOBAL_POSITION_INT_DATA, GPS_GLOBAL_ORIGIN_DATA, GPS_RAW_INT_DATA, GpsFixType,
    HEARTBEAT_DATA, HOME_POSITION_DATA, LOCAL_POSITION_NED_DATA, MavAutopilot, MavLandedState, MavMessage,
    MavModeFlag, MavProtocolCapability, MavState, MavType, MavVtolState, SYSTEM_TIME_DATA, VFR_HUD_DATA,
    WIND_COV_DATA, WIND_DATA,
};

use super::autopilot::Autopilot;
use super::guidance::Task;
use super::options::Profile;
use super::profile::Mode;
use super::streams::id;

/// A place as it goes on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReportedPlace {
    /// Degrees · 1e7.
    pub(super) latitude: i32,
    /// Degrees · 1e7.
    pub(super) longitude: i32,
    /// Above the sea, metres.
    pub(super) amsl_m: f64,
    /// Above home, metres.
    pub(super) relative_m: f64,
}

/// Vehicle seconds from boot to a GNSS fix.
const FIX_AFTER_S: f64 = 2.0;

impl Autopilot {
    /// Sends what is due in this step.
    pub(super) fn stream(&mut self) {
        for id in self.streams.due(self.clock.boot_steps()) {
            if let Some(message) = self.telemetry(id) {
                self.send(message);
            }
        }
    }

    /// Sends HOME_POSITION (and the origin that ArduCopter sends with it).
    pub(super) fn send_home(&mut self) {
        for id in [id::GPS_GLOBAL_ORIGIN, id::HOME_POSITION] {
            if let Some(message) = self.telemetry(id) {
                self.send(message);
            }
        }
    }

    /// The message of that number, as of now; `None` for numbers the vehicle does not have.
    pub(super) fn telemetry(&self, id: u32) -> Option<MavMessage> {
        Some(match id {
            id::HEARTBEAT => MavMessage::HEARTBEAT(self.heartbeat()),
            id::SYS_STATUS => MavMessage::SYS_STATUS(self.sys_status()),
            id::SYSTEM_TIME => MavMessage::SYSTEM_TIME(SYSTEM_TIME_DATA {
                time_unix_usec: if self.has_fix() {
                    self.reported_unix_us()
                } else {
                    0
                },
                time_boot_ms: self.clock.boot_ms(),
            }),
            id::GPS_RAW_INT => MavMessage::GPS_RAW_INT(self.gps_raw()),
            id::ATTITUDE => MavMessage::ATTITUDE(self.attitude()),
            id::ATTITUDE_QUATERNION => MavMessage::ATTITUDE_QUATERNION(self.quaternion()),
            id::LOCAL_POSITION_NED if self.knows_position() => {
                MavMessage::LOCAL_POSITION_NED(self.local_position())
            }
            id::GLOBAL_POSITION_INT => MavMessage::GLOBAL_POSITION_INT(self.global_position()),
            id::MISSION_CURRENT => MavMessage::MISSION_CURRENT(self.mission_current()),
            id::GPS_GLOBAL_ORIGIN if self.knows_position() => {
                MavMessage::GPS_GLOBAL_ORIGIN(GPS_GLOBAL_ORIGIN_DATA {
                    latitude: e7(self.options.home.latitude_deg),
                    longitude: e7(self.options.home.longitude_deg),
                    altitude: (self.options.home_amsl_m * 1000.0) as i32,
                    time_usec: u64::from(self.clock.boot_ms()) * 1000,
                })
            }
            id::FENCE_STATUS => MavMessage::FENCE_STATUS(self.fence_status()?),
            id::VFR_HUD => MavMessage::VFR_HUD(self.hud()),
            id::BATTERY_STATUS => MavMessage::BATTERY_STATUS(self.battery_status()),
            id::AUTOPILOT_VERSION => MavMessage::AUTOPILOT_VERSION(self.version()),
            id::WIND => MavMessage::WIND(self.wind_message()),
            id::EKF_STATUS_REPORT => MavMessage::EKF_STATUS_REPORT(self.ekf()),
            id::ESTIMATOR_STATUS => MavMessage::ESTIMATOR_STATUS(self.estimator()),
            id::WIND_COV => MavMessage::WIND_COV(self.wind_cov()),
            id::CAMERA_FEEDBACK if self.options.profile == Profile::ArduCopter => {
                MavMessage::CAMERA_FEEDBACK(self.feedback_again())
            }
            id::CAMERA_CAPTURE_STATUS => MavMessage::CAMERA_CAPTURE_STATUS(CAMERA_CAPTURE_STATUS_DATA {
                time_boot_ms: self.clock.boot_ms(),
                image_count: self.camera.image_index as i32,
                ..CAMERA_CAPTURE_STATUS_DATA::default()
            }),
            id::HOME_POSITION if self.knows_position() => MavMessage::HOME_POSITION(self.home_position()),
            id::EXTENDED_SYS_STATE => MavMessage::EXTENDED_SYS_STATE(EXTENDED_SYS_STATE_DATA {
                vtol_state: MavVtolState::MAV_VTOL_STATE_UNDEFINED,
                landed_state: self.landed_state(),
            }),
            _ => return None,
        })
    }

    /// The believed place, as integers of the wire.
    pub(super) fn reported_place(&self) -> ReportedPlace {
        let [north, east, up] = self.believed_m();
        let place = self.frame.degrees(north, east);
        ReportedPlace {
            latitude: e7(place.latitude_deg),
            longitude: e7(place.longitude_deg),
            amsl_m: self.options.home_amsl_m + up,
            relative_m: up - self.home[2],
        }
    }

    pub(super) fn has_fix(&self) -> bool {
        self.clock.boot_s() >= FIX_AFTER_S
    }

    fn heartbeat(&self) -> HEARTBEAT_DATA {
        let mut base_mode = MavModeFlag::MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
            | MavModeFlag::MAV_MODE_FLAG_STABILIZE_ENABLED
            | MavModeFlag::MAV_MODE_FLAG_MANUAL_INPUT_ENABLED;
        if self.armed {
            base_mode |= MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED;
        }
        if self.mode.needs_position() {
            base_mode |= MavModeFlag::MAV_MODE_FLAG_GUIDED_ENABLED;
            if self.options.profile == Profile::Px4 {
                base_mode |= MavModeFlag::MAV_MODE_FLAG_AUTO_ENABLED;
            }
        }
        let critical = self.failsafe.gcs_lost && self.armed || self.failsafe.battery_low || self.falling;
        let system_status = if critical {
            MavState::MAV_STATE_CRITICAL
        } else if self.armed && !self.on_ground {
            MavState::MAV_STATE_ACTIVE
        } else {
            MavState::MAV_STATE_STANDBY
        };
        HEARTBEAT_DATA {
            custom_mode: self.mode.number(self.options.profile),
            mavtype: MavType::MAV_TYPE_QUADROTOR,
            autopilot: match self.options.profile {
                Profile::ArduCopter => MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA,
                Profile::Px4 => MavAutopilot::MAV_AUTOPILOT_PX4,
            },
            base_mode,
            system_status,
            mavlink_version: 3,
        }
    }

    fn landed_state(&self) -> MavLandedState {
        if self.on_ground {
            return MavLandedState::MAV_LANDED_STATE_ON_GROUND;
        }
        match self.plan.front() {
            Some(Task::Spool { .. }) => MavLandedState::MAV_LANDED_STATE_ON_GROUND,
            Some(Task::Climb { .. })
                if !matches!(self.mode, Mode::Return) && self.body.position_m[2] < 10.0 =>
            {
                MavLandedState::MAV_LANDED_STATE_TAKEOFF
            }
            Some(Task::Land { .. }) => MavLandedState::MAV_LANDED_STATE_LANDING,
            _ => MavLandedState::MAV_LANDED_STATE_IN_AIR,
        }
    }

    fn gps_raw(&self) -> GPS_RAW_INT_DATA {
        if !self.has_fix() {
            return GPS_RAW_INT_DATA {
                fix_type: GpsFixType::GPS_FIX_TYPE_NO_FIX,
                ..GPS_RAW_INT_DATA::default()
            };
        }
        let place = self.reported_place();
        GPS_RAW_INT_DATA {
            time_usec: u64::from(self.clock.boot_ms()) * 1000,
            lat: place.latitude,
            lon: place.longitude,
            alt: (place.amsl_m * 1000.0) as i32,
            eph: 70,
            epv: 110,
            vel: (self.body.ground_speed_ms() * 100.0) as u16,
            cog: centidegrees(self.body.velocity_ms[1].atan2(self.body.velocity_ms[0])),
            fix_type: GpsFixType::GPS_FIX_TYPE_3D_FIX,
            satellites_visible: 17,
            h_acc: 500,
            v_acc: 700,
            vel_acc: 200,
            ..GPS_RAW_INT_DATA::default()
        }
    }

    fn attitude(&self) -> ATTITUDE_DATA {
        let [roll, pitch] = self.body.roll_pitch_rad();
        ATTITUDE_DATA {
            time_boot_ms: self.clock.boot_ms(),
            roll: roll as f32,
            pitch: pitch as f32,
            yaw: signed(self.body.yaw_rad) as f32,
            ..ATTITUDE_DATA::default()
        }
    }

    /// Roll and pitch are small; their halves turn about x and y after yaw about z.
    fn quaternion(&self) -> ATTITUDE_QUATERNION_DATA {
        let [roll, pitch] = self.body.roll_pitch_rad();
        let (sr, cr) = (roll / 2.0).sin_cos();
        let (sp, cp) = (pitch / 2.0).sin_cos();
        let (sy, cy) = (signed(self.body.yaw_rad) / 2.0).sin_cos();
        ATTITUDE_QUATERNION_DATA {
            time_boot_ms: self.clock.boot_ms(),
            q1: (cr * cp * cy + sr * sp * sy) as f32,
            q2: (sr * cp * cy - cr * sp * sy) as f32,
            q3: (cr * sp * cy + sr * cp * sy) as f32,
            q4: (cr * cp * sy - sr * sp * cy) as f32,
            ..ATTITUDE_QUATERNION_DATA::default()
        }
    }

    fn local_position(&self) -> LOCAL_POSITION_NED_DATA {
        let [n, e, u] = self.believed_m();
        let [vn, ve, vu] = self.body.velocity_ms;
        LOCAL_POSITION_NED_DATA {
            time_boot_ms: self.clock.boot_ms(),
            x: n as f32,
            y: e as f32,
            z: -u as f32,
            vx: vn as f32,
            vy: ve as f32,
            vz: -vu as f32,
        }
    }

    fn global_position(&self) -> GLOBAL_POSITION_INT_DATA {
        let time_boot_ms = self.clock.boot_ms();
        if !self.knows_position() {
            return GLOBAL_POSITION_INT_DATA {
                time_boot_ms,
                ..GLOBAL_POSITION_INT_DATA::default()
            };
        }
        let place = self.reported_place();
        let [vn, ve, vu] = self.body.velocity_ms;
        GLOBAL_POSITION_INT_DATA {
            time_boot_ms,
            lat: place.latitude,
            lon: place.longitude,
            alt: (place.amsl_m * 1000.0) as i32,
            relative_alt: (place.relative_m * 1000.0) as i32,
            vx: (vn * 100.0) as i16,
            vy: (ve * 100.0) as i16,
            vz: (-vu * 100.0) as i16,
            hdg: centidegrees(self.body.yaw_rad),
        }
    }

    fn hud(&self) -> VFR_HUD_DATA {
        let place = self.reported_place();
        let speed = self.body.ground_speed_ms() as f32;
        VFR_HUD_DATA {
            airspeed: speed,
            groundspeed: speed,
            alt: place.amsl_m as f32,
            climb: self.body.velocity_ms[2] as f32,
            heading: (self.body.yaw_rad.to_degrees().round() as i16).rem_euclid(360),
            throttle: if self.on_ground { 0 } else { 45 },
        }
    }

    /// ArduPilot says where the wind comes from.
    fn wind_message(&self) -> WIND_DATA {
        let [n, e] = self.felt_wind();
        WIND_DATA {
            direction: signed((-e).atan2(-n)).to_degrees() as f32,
            speed: n.hypot(e) as f32,
            speed_z: 0.0,
        }
    }

    fn wind_cov(&self) -> WIND_COV_DATA {
        let [n, e] = self.felt_wind();
        WIND_COV_DATA {
            time_usec: u64::from(self.clock.boot_ms()) * 1000,
            wind_x: n as f32,
            wind_y: e as f32,
            var_horiz: 0.3,
            ..WIND_COV_DATA::default()
        }
    }

    /// Wind is estimated from the lean in flight.
    fn felt_wind(&self) -> [f64; 2] {
        if self.on_ground {
            [0.0; 2]
        } else {
            self.wind_ms(self.clock.flight_s())
        }
    }

    fn ekf(&self) -> EKF_STATUS_REPORT_DATA {
        // 831 while GPS is used, 167 (constant position) before: the values of ArduCopter 4.5.
        let bits = if self.knows_position() { 831 } else { 167 };
        EKF_STATUS_REPORT_DATA {
            velocity_variance: 0.02,
            pos_horiz_variance: 0.03,
            pos_vert_variance: 0.02,
            compass_variance: 0.03,
            terrain_alt_variance: 0.0,
            flags: EkfStatusFlags::from_bits_truncate(bits),
            airspeed_variance: 0.0,
        }
    }

    fn estimator(&self) -> ESTIMATOR_STATUS_DATA {
        let bits = if self.knows_position() { 831 } else { 167 };
        ESTIMATOR_STATUS_DATA {
            time_usec: u64::from(self.clock.boot_ms()) * 1000,
            pos_horiz_accuracy: 0.5,
            pos_vert_accuracy: 0.7,
            flags: EstimatorStatusFlags::from_bits_truncate(bits),
            ..ESTIMATOR_STATUS_DATA::default()
        }
    }

    fn home_position(&self) -> HOME_POSITION_DATA {
        let place = self.frame.degrees(self.home[0], self.home[1]);
        HOME_POSITION_DATA {
            latitude: e7(place.latitude_deg),
            longitude: e7(place.longitude_deg),
            altitude: ((self.options.home_amsl_m + self.home[2]) * 1000.0).round() as i32,
            q: [1.0, 0.0, 0.0, 0.0],
            time_usec: u64::from(self.clock.boot_ms()) * 1000,
            ..HOME_POSITION_DATA::default()
        }
    }

    fn version(&self) -> AUTOPILOT_VERSION_DATA {
        let [major, minor, patch] = match self.options.profile {
            Profile::ArduCopter => [4u32, 5, 6],
            Profile::Px4 => [1, 15, 4],
        };
        AUTOPILOT_VERSION_DATA {
            capabilities: MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_FLOAT
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_INT
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_FENCE
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MISSION_RALLY
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_COMMAND_INT
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_PARAM_FLOAT
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_SET_POSITION_TARGET_GLOBAL_INT
                | MavProtocolCapability::MAV_PROTOCOL_CAPABILITY_MAVLINK2,
            // 255: an official release.
            flight_sw_version: major << 24 | minor << 16 | patch << 8 | 255,
            uid: self.options.seed ^ u64::from(self.options.system_id) << 56,
            ..AUTOPILOT_VERSION_DATA::default()
        }
    }
}

fn e7(degrees: f64) -> i32 {
    (degrees * 1e7).round() as i32
}

/// Radians to hundredths of a degree in [0, 36000).
fn centidegrees(radians: f64) -> u16 {
    let hundredths = (radians.to_degrees() * 100.0).round() as i32;
    hundredths.rem_euclid(36_000) as u16
}

/// Radians in (−π, π].
fn signed(radians: f64) -> f64 {
    let turn = radians.rem_euclid(std::f64::consts::TAU);
    if turn > std::f64::consts::PI {
        turn - std::f64::consts::TAU
    } else {
        turn
    }
}
