//! Arming, disarming and changing modes, with the refusals of the real autopilots.

use mavlink::dialects::ardupilotmega::{MavResult, MavSeverity};

use super::autopilot::Autopilot;
use super::body::STEP_S;
use super::guidance::Task;
use super::local::Neu;
use super::options::Profile;
use super::profile::Mode;

/// Steps the motors need to spool up.
const SPOOL_STEPS: u32 = (2.0 / STEP_S) as u32;
/// Nobody arms with less, percent.
const LEAST_BATTERY_PERCENT: f64 = 10.0;

impl Autopilot {
    /// Arms, or says why not.
    pub(super) fn arm(&mut self, force: bool) -> MavResult {
        if self.armed {
            return MavResult::MAV_RESULT_ACCEPTED;
        }
        if !force && !self.is_authorised() {
            self.ask_authorisation();
            self.say_refusal("Arming denied: waiting for authorization");
            return MavResult::MAV_RESULT_TEMPORARILY_REJECTED;
        }
        if let Some(reason) = self.reason_not_to_arm(force) {
            let text = match self.options.profile {
                Profile::ArduCopter => format!("Arm: {reason}"),
                Profile::Px4 => format!("Arming denied: {reason}"),
            };
            self.say_refusal(&text);
            return match self.options.profile {
                Profile::ArduCopter => MavResult::MAV_RESULT_FAILED,
                Profile::Px4 => MavResult::MAV_RESULT_TEMPORARILY_REJECTED,
            };
        }
        self.armed = true;
        self.idle_steps = 0;
        let text = match self.options.profile {
            Profile::ArduCopter => "Arming motors",
            Profile::Px4 => "Armed by external command",
        };
        self.say(MavSeverity::MAV_SEVERITY_INFO, text);
        self.send_home();
        match self.mode {
            Mode::Auto => self.start_mission(),
            Mode::Takeoff => {
                let height = self.parameters.takeoff_height_m();
                self.take_off(height);
            }
            _ => {}
        }
        MavResult::MAV_RESULT_ACCEPTED
    }

    fn reason_not_to_arm(&self, force: bool) -> Option<&'static str> {
        if self.falling || !self.on_ground {
            return Some("In flight");
        }
        if force {
            return None;
        }
        if self.options.faults.refuse_arming {
            return Some("Compass not healthy");
        }
        if !self.prearm_is_healthy() {
            return Some("Gyros not calibrated");
        }
        if !self.knows_position() && self.mode.needs_position() {
            return Some("Need Position Estimate");
        }
        if self.battery.percent() < LEAST_BATTERY_PERCENT {
            return Some("Battery 1 low voltage failsafe");
        }
        if let Some(reason) = self.fence_refuses_arming() {
            return Some(reason);
        }
        match self.mode {
            Mode::Auto if !self.parameters.arms_in_auto() => Some("AUTO mode not armable"),
            Mode::Return if self.options.profile == Profile::ArduCopter => Some("RTL mode not armable"),
            Mode::Land if self.options.profile == Profile::ArduCopter => Some("LAND mode not armable"),
            Mode::Brake => Some("BRAKE mode not armable"),
            _ => None,
        }
    }

    /// Disarms on the ground (or anywhere, if forced by the caller); both autopilots then forget how far the mission
    /// had come.
    pub(super) fn disarm(&mut self) {
        if !self.armed {
            return;
        }
        self.armed = false;
        self.flown = false;
        if !self.on_ground {
            self.falling = true;
        }
        self.plan.clear();
        self.held_plan = None;
        let text = match self.options.profile {
            Profile::ArduCopter => "Disarming motors",
            Profile::Px4 => "Disarmed",
        };
        self.say(MavSeverity::MAV_SEVERITY_INFO, text);
        self.reset_mission();
        if self.options.profile == Profile::Px4 {
            self.mode = Mode::Loiter;
        }
    }

    /// Changes the mode as asked by a ground station.
    pub(super) fn change_mode(&mut self, mode: Mode) -> MavResult {
        let refusal = match mode {
            _any if self.mode != mode && self.is_in_fence_recovery() => Some("in fence recovery"),
            Mode::Auto if !self.mission.is_present() => Some("init failed"),
            Mode::Auto if self.armed && self.on_ground && !self.can_start_from_ground() => {
                self.say(MavSeverity::MAV_SEVERITY_CRITICAL, "Auto: Missing Takeoff Cmd");
                Some("init failed")
            }
            Mode::Auto | Mode::Return | Mode::Loiter | Mode::Brake if !self.knows_position() => {
                Some("requires position")
            }
            Mode::Guided if self.armed && !self.knows_position() => Some("requires position"),
            _ => None,
        };
        if let Some(reason) = refusal {
            let text = match self.options.profile {
                Profile::ArduCopter => format!("Mode change to {} failed: {reason}", mode.name()),
                Profile::Px4 => "Switching to this mode is currently not possible".to_owned(),
            };
            self.say(MavSeverity::MAV_SEVERITY_WARNING, &text);
            return match self.options.profile {
                Profile::ArduCopter => MavResult::MAV_RESULT_FAILED,
                Profile::Px4 => MavResult::MAV_RESULT_TEMPORARILY_REJECTED,
            };
        }
        if self.mode != mode {
            self.enter(mode);
        }
        MavResult::MAV_RESULT_ACCEPTED
    }

    /// Enters a mode without asking.
    pub(super) fn enter(&mut self, mode: Mode) {
        self.mode = mode;
        self.held_plan = None;
        self.fence_sees_mode();
        if mode == Mode::Auto {
            // A speed that the mission set does not outlive another mode (`ModeAuto::init`).
            if !self.on_ground && self.options.profile == Profile::ArduCopter {
                self.cruise_ms = self.parameters.cruise_ms();
            }
            // As MIS_RESTART 1 of ArduCopter: the mission begins anew whenever AUTO is entered.
            if self.parameters.restarts_mission() {
                self.progress.current = self.mission.first;
            }
            self.start_mission();
            return;
        }
        self.progress.is_running = false;
        if self.on_ground || !self.armed {
            if mode == Mode::Takeoff && self.armed {
                let height = self.parameters.takeoff_height_m();
                self.take_off(height);
            }
            return;
        }
        let here = self.body.position_m;
        self.plan.clear();
        match mode {
            Mode::Return => self.plan_return(),
            Mode::Land => self.plan.push_back(Task::Land {
                at: self.stopping_place(),
                still_steps: 0,
            }),
            _ => {
                let [n, e] = self.stopping_place();
                self.plan.push_back(Task::Hold {
                    at: [n, e, here[2]],
                    steps: None,
                });
            }
        }
    }

    /// Up, home (or to a nearer rally point), a pause, down.
    pub(super) fn plan_return(&mut self) {
        let [n, e] = self.stopping_place();
        let to = self.return_place();
        let up = self.body.position_m[2]
            .max(self.parameters.return_height_m() + self.home[2])
            .max(to[2]);
        let over_home: Neu = [to[0], to[1], up];
        self.wanted_yaw_rad = None;
        self.plan.push_back(Task::Climb { at: [n, e], up_m: up });
        self.plan.push_back(Task::Leg {
            from: [n, e, up],
            to: over_home,
            speed_ms: self.parameters.cruise_ms(),
            exit_ms: 0.0,
        });
        self.plan
            .push_back(Task::wait(over_home, self.parameters.return_wait_s()));
        self.plan.push_back(Task::Land {
            at: [to[0], to[1]],
            still_steps: 0,
        });
    }

    /// A take-off commanded in GUIDED or by PX4's TAKEOFF mode, metres above the dock.
    pub(super) fn take_off(&mut self, up_m: f64) {
        if self.stays_on_the_ground() {
            return;
        }
        self.start_flight();
        self.plan.clear();
        let [n, e, _] = self.body.position_m;
        self.plan.push_back(Task::Spool { steps: SPOOL_STEPS });
        self.plan.push_back(Task::Climb { at: [n, e], up_m });
        if self.mode == Mode::Guided {
            self.plan.push_back(Task::Hold {
                at: [n, e, up_m],
                steps: None,
            });
        }
    }

    /// Where the vehicle comes to rest if it brakes now.
    pub(super) fn stopping_place(&self) -> [f64; 2] {
        let [n, e, _] = self.body.position_m;
        let [vn, ve, _] = self.body.velocity_ms;
        let speed = vn.hypot(ve);
        let ahead = speed / (2.0 * super::body::ACCELERATION_MS2);
        [n + vn * ahead, e + ve * ahead]
    }
}
