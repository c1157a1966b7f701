//! Commands from a ground station, as COMMAND_LONG or COMMAND_INT, and what the autopilot answers.

#![expect(deprecated, reason = "an older camera knows only the older request")]

use mavlink::dialects::ardupilotmega::{
    COMMAND_ACK_DATA, COMMAND_INT_DATA, COMMAND_LONG_DATA, MESSAGE_INTERVAL_DATA, MavCmd, MavMessage,
    MavResult, MavSeverity,
};

use super::autopilot::{Autopilot, Peer};
use super::guidance::Task;
use super::local::Neu;
use super::options::Profile;
use super::profile::{Mode, px4_parts};
use super::streams::id;

/// The magic number that arms or disarms whatever the checks say.
const FORCE: f32 = 21_196.0;
/// Number of the message SET_MODE.
const SET_MODE: u16 = 11;
/// base_mode: custom_mode is meant.
const CUSTOM_MODE: u8 = 1;

/// A command in one form: seven parameters, and the place in degrees if it came as integers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    command: MavCmd,
    p: [f32; 7],
    place_deg: Option<[f64; 2]>,
    height_is_amsl: bool,
}

impl From<&COMMAND_LONG_DATA> for Call {
    fn from(long: &COMMAND_LONG_DATA) -> Self {
        let p = [
            long.param1,
            long.param2,
            long.param3,
            long.param4,
            long.param5,
            long.param6,
            long.param7,
        ];
        Self {
            command: long.command,
            p,
            place_deg: place(f64::from(p[4]), f64::from(p[5])),
            height_is_amsl: matches!(
                long.command,
                MavCmd::MAV_CMD_DO_SET_HOME | MavCmd::MAV_CMD_DO_REPOSITION
            ),
        }
    }
}

impl From<&COMMAND_INT_DATA> for Call {
    fn from(int: &COMMAND_INT_DATA) -> Self {
        use mavlink::dialects::ardupilotmega::MavFrame;
        Self {
            command: int.command,
            p: [
                int.param1,
                int.param2,
                int.param3,
                int.param4,
                int.x as f32,
                int.y as f32,
                int.z,
            ],
            place_deg: place(f64::from(int.x) * 1e-7, f64::from(int.y) * 1e-7),
            height_is_amsl: matches!(
                int.frame,
                MavFrame::MAV_FRAME_GLOBAL | MavFrame::MAV_FRAME_GLOBAL_INT
            ),
        }
    }
}

fn place(latitude: f64, longitude: f64) -> Option<[f64; 2]> {
    let real = latitude.is_finite() && longitude.is_finite() && (latitude != 0.0 || longitude != 0.0);
    (real && latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some([latitude, longitude])
}

impl Autopilot {
    /// Carries out a command and answers it.
    pub(super) fn obey(&mut self, peer: Peer, call: &Call) {
        let result = match self.only_nods_at(call.command) {
            true => MavResult::MAV_RESULT_ACCEPTED,
            false => self.carry_out(call),
        };
        self.answer(MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
            command: call.command,
            result,
            progress: 0,
            result_param2: 0,
            target_system: peer.target_system(),
            target_component: peer.component_id,
        }));
        // Sent after the acknowledgement, as both autopilots do.
        if result == MavResult::MAV_RESULT_ACCEPTED && !self.only_nods_at(call.command) {
            self.follow_up(call);
        }
    }

    fn carry_out(&mut self, call: &Call) -> MavResult {
        let p = call.p;
        match call.command {
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM => self.arm_or_disarm(p[0], p[1] == FORCE),
            MavCmd::MAV_CMD_DO_SET_MODE => self.set_mode(p[0] as u8, p[1], p[2]),
            MavCmd::MAV_CMD_MISSION_START => self.mission_start(),
            MavCmd::MAV_CMD_NAV_TAKEOFF => self.command_takeoff(call),
            MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH => self.change_mode(Mode::Return),
            MavCmd::MAV_CMD_NAV_LAND => self.change_mode(Mode::Land),
            MavCmd::MAV_CMD_NAV_LOITER_UNLIM => self.change_mode(Mode::Loiter),
            MavCmd::MAV_CMD_DO_REPOSITION => self.reposition(call),
            MavCmd::MAV_CMD_DO_PAUSE_CONTINUE => self.pause_or_continue(p[0]),
            MavCmd::MAV_CMD_DO_SET_HOME => self.set_home(call),
            MavCmd::MAV_CMD_GET_HOME_POSITION | MavCmd::MAV_CMD_REQUEST_AUTOPILOT_CAPABILITIES => {
                MavResult::MAV_RESULT_ACCEPTED
            }
            MavCmd::MAV_CMD_DO_SET_MISSION_CURRENT => accepted(p[0] >= 0.0 && self.jump_to(p[0] as u16)),
            MavCmd::MAV_CMD_REQUEST_MESSAGE if self.knows_no_request(p[0] as u32) => {
                MavResult::MAV_RESULT_UNSUPPORTED
            }
            MavCmd::MAV_CMD_REQUEST_MESSAGE => accepted(self.has_message(p[0] as u32, p[1])),
            MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE if self.options.faults.camera.old_camera => {
                accepted(self.has_message(id::CAMERA_IMAGE_CAPTURED, p[0]))
            }
            MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL => self.set_interval(p[0] as u32, p[1]),
            MavCmd::MAV_CMD_GET_MESSAGE_INTERVAL => MavResult::MAV_RESULT_ACCEPTED,
            _ if self.act(call.command, &p) => MavResult::MAV_RESULT_ACCEPTED,
            _ => MavResult::MAV_RESULT_UNSUPPORTED,
        }
    }

    fn follow_up(&mut self, call: &Call) {
        let wanted = match call.command {
            MavCmd::MAV_CMD_GET_HOME_POSITION => id::HOME_POSITION,
            MavCmd::MAV_CMD_REQUEST_AUTOPILOT_CAPABILITIES => id::AUTOPILOT_VERSION,
            MavCmd::MAV_CMD_REQUEST_MESSAGE => call.p[0] as u32,
            MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE => id::CAMERA_IMAGE_CAPTURED,
            MavCmd::MAV_CMD_DO_SET_MISSION_CURRENT => id::MISSION_CURRENT,
            MavCmd::MAV_CMD_GET_MESSAGE_INTERVAL => {
                let message_id = call.p[0] as u16;
                let interval = self.streams.interval_s(u32::from(message_id));
                return self.answer(MavMessage::MESSAGE_INTERVAL(MESSAGE_INTERVAL_DATA {
                    interval_us: interval.map_or(-1, |seconds| (seconds * 1e6) as i32),
                    message_id,
                }));
            }
            _ => return,
        };
        let number = match call.command {
            MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE => call.p[0],
            _others => call.p[1],
        };
        let message = match wanted {
            id::CAMERA_IMAGE_CAPTURED => self.captured.get((number as usize).wrapping_sub(1)).cloned(),
            other => self.telemetry(other),
        };
        if let Some(message) = message {
            self.answer(message);
        }
    }

    /// A camera of before MAV_CMD_REQUEST_MESSAGE; the autopilot itself knows it.
    fn knows_no_request(&self, id: u32) -> bool {
        id == id::CAMERA_IMAGE_CAPTURED && self.options.faults.camera.old_camera
    }

    fn has_message(&self, id: u32, index: f32) -> bool {
        match id {
            id::CAMERA_IMAGE_CAPTURED => {
                self.options.profile == Profile::Px4 && index >= 1.0 && index as usize <= self.captured.len()
            }
            _ => self.telemetry(id).is_some(),
        }
    }

    fn arm_or_disarm(&mut self, what: f32, force: bool) -> MavResult {
        if what == 1.0 {
            return self.arm(force);
        }
        if what != 0.0 {
            return MavResult::MAV_RESULT_UNSUPPORTED;
        }
        if self.armed && !self.on_ground && !force {
            return MavResult::MAV_RESULT_FAILED;
        }
        self.disarm();
        MavResult::MAV_RESULT_ACCEPTED
    }

    /// DO_SET_MODE; `sub` is PX4's third parameter.
    fn set_mode(&mut self, base_mode: u8, main: f32, sub: f32) -> MavResult {
        if base_mode & CUSTOM_MODE == 0 {
            return MavResult::MAV_RESULT_DENIED;
        }
        let mode = match self.options.profile {
            Profile::ArduCopter => Mode::of_copter(main as u32),
            Profile::Px4 => Mode::of_px4(main as u8, sub as u8),
        };
        mode.map_or(MavResult::MAV_RESULT_FAILED, |mode| self.change_mode(mode))
    }

    /// The SET_MODE message. ArduPilot acknowledges it by its message number, which is no command; PX4 not at all.
    pub(super) fn set_custom_mode(&mut self, peer: Peer, base_mode: u8, custom_mode: u32) {
        match self.options.profile {
            Profile::ArduCopter => {
                let result = self.set_mode(base_mode, custom_mode as f32, 0.0);
                self.acknowledge_number(peer, SET_MODE, result);
            }
            Profile::Px4 => {
                let (main, sub) = px4_parts(custom_mode);
                self.set_mode(base_mode, f32::from(main), f32::from(sub));
            }
        }
    }

    /// Accepted whether or not the vehicle is armed; a disarmed one stays where it is.
    fn mission_start(&mut self) -> MavResult {
        if self.mode == Mode::Auto {
            if !self.progress.is_running {
                self.start_mission();
            }
            return accepted(self.mission.is_present());
        }
        self.change_mode(Mode::Auto)
    }

    fn command_takeoff(&mut self, call: &Call) -> MavResult {
        let height = f64::from(call.p[6]);
        match self.options.profile {
            Profile::ArduCopter => {
                if self.mode != Mode::Guided
                    || !self.armed
                    || !self.on_ground
                    || !(0.1..1e4).contains(&height)
                {
                    return MavResult::MAV_RESULT_FAILED;
                }
                self.take_off(height + self.home[2]);
            }
            Profile::Px4 => {
                let up = if height.is_finite() && height > self.options.home_amsl_m {
                    height - self.options.home_amsl_m
                } else {
                    self.parameters.takeoff_height_m()
                };
                if !self.knows_position() {
                    return MavResult::MAV_RESULT_TEMPORARILY_REJECTED;
                }
                self.mode = Mode::Takeoff;
                if self.armed && self.on_ground {
                    self.take_off(up);
                }
            }
        }
        MavResult::MAV_RESULT_ACCEPTED
    }

    fn pause_or_continue(&mut self, what: f32) -> MavResult {
        match (what as i32, self.options.profile) {
            (0 | 1, Profile::Px4) => MavResult::MAV_RESULT_UNSUPPORTED,
            (0, Profile::ArduCopter) => self.hold_mission(),
            (1, Profile::ArduCopter) => self.release_mission(),
            _ => MavResult::MAV_RESULT_DENIED,
        }
    }

    /// As `ModeAuto::pause` of ArduCopter 4.3 and later: only on the way to a waypoint, and the mode stays AUTO.
    fn hold_mission(&mut self) -> MavResult {
        let on_its_way = matches!(self.plan.front(), Some(Task::Leg { .. }));
        if self.mode != Mode::Auto || self.held_plan.is_some() || !on_its_way {
            self.say(MavSeverity::MAV_SEVERITY_INFO, "Failed to pause");
            return MavResult::MAV_RESULT_FAILED;
        }
        let [n, e] = self.stopping_place();
        let at = [n, e, self.body.position_m[2]];
        let hold = std::collections::VecDeque::from([Task::Hold { at, steps: None }]);
        self.held_plan = Some(std::mem::replace(&mut self.plan, hold));
        MavResult::MAV_RESULT_ACCEPTED
    }

    fn release_mission(&mut self) -> MavResult {
        match self.held_plan.take() {
            Some(plan) if self.mode == Mode::Auto => {
                self.plan = plan;
                MavResult::MAV_RESULT_ACCEPTED
            }
            _not_held => {
                self.say(MavSeverity::MAV_SEVERITY_INFO, "Failed to resume");
                MavResult::MAV_RESULT_FAILED
            }
        }
    }

    fn reposition(&mut self, call: &Call) -> MavResult {
        let Some([latitude, longitude]) = call.place_deg else {
            return MavResult::MAV_RESULT_DENIED;
        };
        let may_change_mode = call.p[1] as u32 & 1 == 1;
        if self.mode != Mode::Guided && !may_change_mode {
            return MavResult::MAV_RESULT_DENIED;
        }
        if !self.armed || self.on_ground {
            return MavResult::MAV_RESULT_DENIED;
        }
        let [n, e] = self.frame.metres(latitude, longitude);
        let z = f64::from(call.p[6]);
        let up = match (z.is_finite(), call.height_is_amsl) {
            (false, _) => self.body.position_m[2],
            (true, true) => z - self.options.home_amsl_m,
            (true, false) => z + self.home[2],
        };
        if self.refuses_place([n, e, up]) {
            return MavResult::MAV_RESULT_FAILED;
        }
        let speed = f64::from(call.p[0]);
        if speed > 0.0 {
            self.cruise_ms = speed.clamp(0.5, 15.0);
        }
        self.fly_to([n, e, up]);
        MavResult::MAV_RESULT_ACCEPTED
    }

    /// Straight to a place in GUIDED, and hold there.
    pub(super) fn fly_to(&mut self, to: Neu) {
        self.enter(Mode::Guided);
        let [n, e] = self.stopping_place();
        let leg = Task::Leg {
            from: [n, e, self.body.position_m[2]],
            to,
            speed_ms: self.cruise_ms,
            exit_ms: 0.0,
        };
        self.wanted_yaw_rad = leg.course_rad().or(self.wanted_yaw_rad);
        self.plan.clear();
        self.plan.push_back(leg);
        self.plan.push_back(Task::Hold { at: to, steps: None });
    }

    /// SET_POSITION_TARGET_GLOBAL_INT: a place in GUIDED, ignored in other modes.
    pub(super) fn take_target(&mut self, latitude: i32, longitude: i32, up_m: f64) {
        if self.mode != Mode::Guided || !self.armed || self.on_ground || !up_m.is_finite() {
            return;
        }
        let [n, e] = self
            .frame
            .metres(f64::from(latitude) * 1e-7, f64::from(longitude) * 1e-7);
        if !self.refuses_place([n, e, up_m]) {
            self.fly_to([n, e, up_m]);
        }
    }

    /// As `ModeGuided::set_destination` of ArduCopter: nothing outside the fence. Nor does it leave a mode that a
    /// breach chose.
    fn refuses_place(&self, place: Neu) -> bool {
        let outside = self.options.profile == Profile::ArduCopter && self.breaches_at(place) != 0;
        outside || self.is_in_fence_recovery()
    }

    fn set_home(&mut self, call: &Call) -> MavResult {
        if !self.knows_position() {
            return MavResult::MAV_RESULT_FAILED;
        }
        if call.p[0] == 1.0 {
            self.home = self.believed_m();
        } else {
            let Some([latitude, longitude]) = call.place_deg else {
                return MavResult::MAV_RESULT_DENIED;
            };
            let [n, e] = self.frame.metres(latitude, longitude);
            let z = f64::from(call.p[6]);
            if !z.is_finite() {
                return MavResult::MAV_RESULT_DENIED;
            }
            let up = if call.height_is_amsl {
                z - self.options.home_amsl_m
            } else {
                z
            };
            self.home = [n, e, up];
        }
        self.send_home();
        MavResult::MAV_RESULT_ACCEPTED
    }

    fn set_interval(&mut self, id: u32, interval_us: f32) -> MavResult {
        if id != id::EXTENDED_SYS_STATE && self.telemetry(id).is_none() && self.knows_position() {
            return match self.options.profile {
                Profile::ArduCopter => MavResult::MAV_RESULT_FAILED,
                Profile::Px4 => MavResult::MAV_RESULT_DENIED,
            };
        }
        if interval_us < 0.0 {
            self.streams.stop(id);
        } else if interval_us > 0.0 {
            self.streams.set(id, f64::from(interval_us) * 1e-6);
        } else {
            self.streams.reset(id);
        }
        MavResult::MAV_RESULT_ACCEPTED
    }

    /// MISSION_SET_CURRENT, the message.
    pub(super) fn set_current(&mut self, seq: u16) {
        if self.jump_to(seq) {
            if let Some(message) = self.telemetry(id::MISSION_CURRENT) {
                self.answer(message);
            }
        } else {
            self.say(MavSeverity::MAV_SEVERITY_WARNING, "Mission: no such item");
        }
    }
}

fn accepted(yes: bool) -> MavResult {
    if yes {
        MavResult::MAV_RESULT_ACCEPTED
    } else {
        MavResult::MAV_RESULT_FAILED
    }
}
