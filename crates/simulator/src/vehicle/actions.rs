//! Commands that do something on the way (camera, gimbal, speed, nose, home), the same from a mission and from a
//! ground station; and the pictures they lead to.

use mavlink::dialects::ardupilotmega::{
    CAMERA_FEEDBACK_DATA, CAMERA_IMAGE_CAPTURED_DATA, CAMERA_TRIGGER_DATA, CameraFeedbackFlags, MavBool,
    MavCmd, MavMessage,
};

use super::autopilot::Autopilot;
use super::guidance::Task;
use super::options::{Exposure, Profile};
use super::telemetry::ReportedPlace;

impl Autopilot {
    /// Does what a command says; false if it is none of these.
    pub(super) fn act(&mut self, command: MavCmd, p: &[f32; 7]) -> bool {
        match command {
            MavCmd::MAV_CMD_DO_CHANGE_SPEED => self.change_speed(p[0], p[1]),
            MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST => self.camera.by_distance(f64::from(p[0]), p[2] >= 1.0),
            MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_INTERVAL => {
                if p[0] > 0.0 {
                    self.camera.by_time(f64::from(p[0]) / 1000.0, 0);
                } else {
                    self.camera.stop();
                }
            }
            MavCmd::MAV_CMD_DO_DIGICAM_CONTROL => {
                if p[4] >= 1.0 {
                    self.camera.once();
                }
            }
            MavCmd::MAV_CMD_IMAGE_START_CAPTURE => self.camera.by_time(f64::from(p[1]), p[2].max(0.0) as u32),
            MavCmd::MAV_CMD_IMAGE_STOP_CAPTURE => self.camera.stop(),
            MavCmd::MAV_CMD_DO_MOUNT_CONTROL | MavCmd::MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW => {
                if p[0].is_finite() {
                    self.camera.point(f64::from(p[0]).to_radians());
                }
            }
            MavCmd::MAV_CMD_CONDITION_YAW if !p[0].is_finite() => {}
            MavCmd::MAV_CMD_CONDITION_YAW => {
                let angle = f64::from(p[0]).to_radians();
                let relative = p[3] >= 1.0;
                let turn = if p[2] < 0.0 { -angle } else { angle };
                let yaw = if relative { self.body.yaw_rad + turn } else { angle };
                self.wanted_yaw_rad = Some(yaw.rem_euclid(std::f64::consts::TAU));
            }
            MavCmd::MAV_CMD_DO_SET_RELAY
            | MavCmd::MAV_CMD_DO_SET_SERVO
            | MavCmd::MAV_CMD_DO_LAND_START
            | MavCmd::MAV_CMD_DO_SET_ROI
            | MavCmd::MAV_CMD_DO_SET_ROI_LOCATION
            | MavCmd::MAV_CMD_DO_SET_ROI_NONE
            | MavCmd::MAV_CMD_DO_MOUNT_CONFIGURE
            | MavCmd::MAV_CMD_SET_CAMERA_MODE
            | MavCmd::MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE
            | MavCmd::MAV_CMD_VIDEO_START_CAPTURE
            | MavCmd::MAV_CMD_VIDEO_STOP_CAPTURE
            | MavCmd::MAV_CMD_DO_TRIGGER_CONTROL => {}
            _ => return false,
        }
        true
    }

    fn change_speed(&mut self, kind: f32, speed: f32) {
        // 0 air speed, 1 ground speed: the same for a multicopter; 2 and 3 are climb and descent.
        if kind > 1.0 || !speed.is_finite() || speed <= 0.0 {
            return;
        }
        self.cruise_ms = f64::from(speed).clamp(0.5, 15.0);
        for task in &mut self.plan {
            if let Task::Leg { speed_ms, .. } = task {
                *speed_ms = self.cruise_ms;
            }
        }
    }

    /// Opens the shutter where it is due, reports it, and hands the picture on. Faults may eat either.
    pub(super) fn take_pictures(&mut self) {
        if self.on_ground || !self.camera.step(&self.body.position_m) {
            return;
        }
        let index = self.camera.image_index;
        let every = |fault: Option<u32>| fault.is_some_and(|n| index.is_multiple_of(n));
        let misfires = every(self.options.faults.misfire);
        if !misfires {
            let exposure = self.exposure(index);
            self.exposures.push(exposure);
            self.pin_count = self.pin_count.wrapping_add(1);
        }
        let reports = match (
            every(self.options.faults.silent_capture),
            every(self.options.faults.camera.double_feedback),
        ) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        // The report waits for the pin, which does not move.
        if misfires && self.has_feedback_pin() {
            return;
        }
        self.report_picture(index, reports);
        if every(self.options.faults.camera.feedback_without_photo) {
            self.camera.image_index += 1;
            self.report_picture(index + 1, 1);
        }
    }

    fn report_picture(&mut self, index: u32, reports: usize) {
        let captured = self.captured_message(index);
        let report = match self.options.profile {
            Profile::ArduCopter => {
                let feedback = self.feedback(index);
                if reports > 0 {
                    self.last_feedback = Some(feedback.clone());
                }
                MavMessage::CAMERA_FEEDBACK(feedback)
            }
            Profile::Px4 => {
                let trigger = CAMERA_TRIGGER_DATA {
                    time_usec: self.reported_unix_us(),
                    seq: index,
                };
                self.send(MavMessage::CAMERA_TRIGGER(trigger));
                captured.clone()
            }
        };
        for _ in 0..reports {
            self.send(report.clone());
        }
        self.captured.push(captured);
    }

    fn has_feedback_pin(&self) -> bool {
        self.options.profile == Profile::ArduCopter && self.options.faults.camera.feedback_pin
    }

    /// The last report once more. As AP_Camera_Backend has it, its number is the newest trigger's; empty before the first.
    pub(super) fn feedback_again(&self) -> CAMERA_FEEDBACK_DATA {
        let last = self.last_feedback.clone().unwrap_or_default();
        CAMERA_FEEDBACK_DATA {
            img_idx: self.camera.image_index as u16,
            ..last
        }
    }

    /// The place in a report of an exposure, with the fault `zero_position`.
    fn place_of_picture(&self, index: u32) -> ReportedPlace {
        match self.options.faults.camera.zero_position {
            Some(n) if index.is_multiple_of(n) => ReportedPlace::default(),
            _ => self.reported_place(),
        }
    }

    fn exposure(&self, image_index: u32) -> Exposure {
        let [north, east, up] = self.body.position_m;
        let place = self.frame.degrees(north, east);
        Exposure {
            system_id: self.options.system_id,
            flight_number: self.clock.flight_number(),
            image_index,
            unix_us: self.clock.unix_us(),
            latitude_deg: place.latitude_deg,
            longitude_deg: place.longitude_deg,
            height_above_home_m: up,
            course_rad: self.body.yaw_rad,
            gimbal_pitch_rad: self.camera.pitch_rad,
            ground_speed_ms: self.body.ground_speed_ms(),
        }
    }

    /// The vehicle's UTC, with the faults `clock_off` and `clock_jump_at`.
    pub(super) fn reported_unix_us(&self) -> u64 {
        let jump_s = match self.options.faults.flight.clock_jump {
            Some((at_s, delta_s)) if self.has_begun(Some(at_s)) => delta_s,
            _ => 0.0,
        };
        let off = (self.options.faults.clock_off_s.unwrap_or(0.0) + jump_s) * 1e6;
        (self.clock.unix_us() + off as i64).max(0) as u64
    }

    fn feedback(&self, index: u32) -> CAMERA_FEEDBACK_DATA {
        let place = self.place_of_picture(index);
        let [roll, pitch] = self.body.roll_pitch_rad();
        let has_pin = self.has_feedback_pin();
        CAMERA_FEEDBACK_DATA {
            // The interrupt of the pin has a clock of 32 bits, since boot.
            time_usec: match has_pin {
                true => u64::from(self.clock.boot_ms().wrapping_mul(1000)),
                false => self.reported_unix_us(),
            },
            lat: place.latitude,
            lng: place.longitude,
            alt_msl: place.amsl_m as f32,
            alt_rel: place.relative_m as f32,
            roll: roll.to_degrees() as f32,
            pitch: pitch.to_degrees() as f32,
            yaw: self.body.yaw_rad.to_degrees() as f32,
            foc_len: 0.0,
            img_idx: index as u16,
            target_system: 0,
            cam_idx: 0,
            flags: CameraFeedbackFlags::CAMERA_FEEDBACK_PHOTO,
            completed_captures: if has_pin { self.pin_count } else { 0 },
        }
    }

    fn captured_message(&self, index: u32) -> MavMessage {
        let place = self.place_of_picture(index);
        MavMessage::CAMERA_IMAGE_CAPTURED(CAMERA_IMAGE_CAPTURED_DATA {
            time_utc: self.reported_unix_us(),
            time_boot_ms: self.clock.boot_ms(),
            lat: place.latitude,
            lon: place.longitude,
            alt: (place.amsl_m * 1000.0) as i32,
            relative_alt: (place.relative_m * 1000.0) as i32,
            q: [
                (self.body.yaw_rad / 2.0).cos() as f32,
                0.0,
                0.0,
                (self.body.yaw_rad / 2.0).sin() as f32,
            ],
            // PX4 passes its trigger's sequence number through.
            image_index: index as i32,
            camera_id: 0,
            capture_result: MavBool::MAV_BOOL_TRUE,
            file_url: "".into(),
        })
    }
}
