//! One step of a vehicle's life: clocks, failsafes, mission, flight, battery, camera, streams.

use mavlink::dialects::ardupilotmega::MavSeverity;

use super::autopilot::{Autopilot, Failsafe, first_mode};
use super::battery::Load;
use super::body::STEP_S;
use super::faults::{GUST_MS, SAG_PERCENT_PER_S, SAG_TO_PERCENT, STRAY_MS};
use super::guidance::Task;
use super::options::Profile;
use super::profile::Mode;
use super::wind::{PositionNoise, Wind};

/// Steps for which the link is gone after a restart (3 s).
const MUTE_STEPS: u64 = (3.0 / STEP_S) as u64;

impl Autopilot {
    /// Advances by [`STEP_S`] vehicle seconds.
    pub(super) fn step(&mut self) {
        self.clock.step();
        self.restart_if_due();
        self.announce_position();
        self.check_ground_station();
        self.check_battery();
        self.check_fence();
        self.move_body();
        self.drain_battery();
        self.take_pictures();
        self.disarm_if_idle();
        self.continue_upload();
        self.continue_area();
        self.stream();
    }

    /// The vehicle leaves the ground: wind and noise of this flight begin, it stands exactly on its dock's plate
    /// (the dock centres it there), and the camera counts from one.
    pub(super) fn start_flight(&mut self) {
        self.clock.start_flight();
        let number = self.clock.flight_number();
        self.wind = Wind::new(self.options.seed, number);
        self.noise = PositionNoise::new(self.options.seed, number);
        if self.status().at_home {
            self.body = super::body::Body::default();
        }
        self.camera = super::camera::Camera::default();
        self.captured.clear();
        self.last_feedback = None;
        self.pin_count = 0;
        self.cruise_ms = self.parameters.cruise_ms();
        self.wanted_yaw_rad = None;
        self.on_ground = false;
        self.flown = true;
    }

    fn move_body(&mut self) {
        if self.falling {
            if self.body.fall() {
                self.falling = false;
                self.on_ground = true;
                self.say(MavSeverity::MAV_SEVERITY_CRITICAL, "Crash: Disarming");
            }
            return;
        }
        if self.on_ground {
            self.body.rest();
            return;
        }
        let t = self.clock.flight_s();
        let Some(task) = self.plan.front().copied() else {
            self.plan.push_back(Task::Hold {
                at: self.body.position_m,
                steps: None,
            });
            return;
        };
        let grounded = matches!(task, Task::Spool { .. });
        if grounded {
            self.body.rest();
        } else {
            let drift = if self.body.position_m[2] > 0.3 {
                self.drift_ms(t)
            } else {
                [0.0; 2]
            };
            self.body.fly(task.wanted_ms(&self.body), drift);
        }
        if let Some(yaw) = self.wanted_yaw_rad {
            self.body.turn(yaw);
        }
        self.follow_conditions();
        let done = self.plan.front_mut().is_some_and(|task| task.step(&self.body));
        if done {
            self.finish(&task);
        }
    }

    /// Velocity of the air, north and east, m/s, with the fault `gust_at`.
    pub(super) fn wind_ms(&self, flight_s: f64) -> [f64; 2] {
        self.with_gust(self.wind.at(flight_s), GUST_MS, flight_s)
    }

    /// What the wind does to the vehicle, m/s. Against the gust it cannot hold its place: half of it pushes it along.
    /// The fault `strays_at` carries it to the east whatever it wants.
    fn drift_ms(&self, flight_s: f64) -> [f64; 2] {
        let [north, east] = self.with_gust(self.wind.drift(flight_s), 0.5 * GUST_MS, flight_s);
        if self.options.faults.flight.strays(flight_s) {
            [north, east + STRAY_MS]
        } else {
            [north, east]
        }
    }

    fn with_gust(&self, [north, east]: [f64; 2], more_ms: f64, flight_s: f64) -> [f64; 2] {
        if !self.options.faults.flight.is_gusty(flight_s) {
            return [north, east];
        }
        let [wind_north, wind_east] = self.wind.at(flight_s);
        let speed = wind_north.hypot(wind_east).max(0.1);
        [
            north + more_ms * wind_north / speed,
            east + more_ms * wind_east / speed,
        ]
    }

    /// So many seconds have passed in this flight.
    pub(super) fn has_begun(&self, at_s: Option<f64>) -> bool {
        at_s.is_some_and(|at_s| self.clock.flight_number() > 0 && self.clock.flight_s() >= at_s)
    }

    fn finish(&mut self, task: &Task) {
        self.plan.pop_front();
        if matches!(task, Task::Land { .. }) {
            self.touch_down();
            return;
        }
        if !self.plan.is_empty() {
            return;
        }
        match self.mode {
            Mode::Auto => self.item_is_done(),
            Mode::Takeoff => self.mode = Mode::Loiter,
            _ => {}
        }
    }

    fn touch_down(&mut self) {
        self.on_ground = true;
        self.plan.clear();
        self.body.rest();
        self.idle_steps = 0;
        if self.mode == Mode::Auto {
            self.item_is_done();
        }
        if self.progress.is_running {
            return;
        }
        match self.options.profile {
            Profile::ArduCopter => self.disarm(),
            Profile::Px4 => self.say(MavSeverity::MAV_SEVERITY_INFO, "Landing detected"),
        }
    }

    fn disarm_if_idle(&mut self) {
        if !self.armed || !self.on_ground {
            self.idle_steps = 0;
            return;
        }
        self.idle_steps += 1;
        let idle_s = f64::from(self.idle_steps) * STEP_S;
        if let Some(after_s) = self.options.faults.flight.auto_disarm_s
            && !self.mischief.disarmed_itself
        {
            if idle_s >= after_s {
                self.mischief.disarmed_itself = true;
                self.disarm();
            }
            return;
        }
        let delay = match self.options.profile {
            Profile::Px4 if self.flown => self.parameters.disarm_after_landing_s(),
            _ => self.parameters.disarm_delay_s(),
        };
        if delay > 0.0 && idle_s >= delay {
            self.disarm();
        }
    }

    fn drain_battery(&mut self) {
        let charging = self.dock.charging && !self.armed && self.status().at_home;
        let load = if self.on_ground {
            if self.armed {
                Load::Idling
            } else {
                Load::Parked { charging }
            }
        } else if self.falling {
            Load::Parked { charging: false }
        } else {
            let [north, east] = self.wind_ms(self.clock.flight_s());
            Load::Flying {
                air_speed_ms: (self.body.velocity_ms[0] - north).hypot(self.body.velocity_ms[1] - east),
                climb_ms: self.body.velocity_ms[2],
            }
        };
        self.battery.step(load, STEP_S);
        if self.has_begun(self.options.faults.flight.battery_sag_at_s) {
            self.battery.sag(SAG_PERCENT_PER_S * STEP_S, SAG_TO_PERCENT);
        }
        if self.battery.percent() <= 0.0 && !self.on_ground && !self.falling {
            self.falling = true;
            self.plan.clear();
            self.armed = false;
        }
    }

    fn announce_position(&mut self) {
        if self.said_using_gps || !self.knows_position() {
            return;
        }
        self.said_using_gps = true;
        if self.options.profile == Profile::ArduCopter {
            self.say(MavSeverity::MAV_SEVERITY_INFO, "EKF3 IMU0 origin set");
            self.say(MavSeverity::MAV_SEVERITY_INFO, "EKF3 IMU0 is using GPS");
        }
        self.send_home();
    }

    /// The fault `reboot_at`.
    fn restart_if_due(&mut self) {
        let Some(at) = self.options.faults.reboot_at_s else {
            return;
        };
        if self.rebooted || self.on_ground || self.clock.flight_s() < at {
            return;
        }
        self.rebooted = true;
        self.clock.reboot();
        self.mute_until = MUTE_STEPS;
        self.falling = true;
        self.armed = false;
        self.plan.clear();
        self.upload = None;
        self.failsafe = Failsafe::default();
        self.fence = Default::default();
        self.said_using_gps = false;
        self.progress = Default::default();
        self.progress.current = self.mission.first;
        self.mode = first_mode(self.options.profile);
        self.streams.restart();
    }
}
