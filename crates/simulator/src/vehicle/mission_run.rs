//! Flying a stored mission in the order and with the habits of AP_Mission: commands between two waypoints run when the
//! first of the two is done, conditions hold back only what follows them, and a disarmed vehicle forgets how far it was.

use mavlink::dialects::ardupilotmega::{MISSION_ITEM_REACHED_DATA, MavCmd, MavMessage, MavSeverity};

use super::autopilot::{Autopilot, Condition, Progress};
use super::body::STEP_S;
use super::guidance::{Task, corner_speed_ms};
use super::local::{Neu, distance_m};
use super::mission::Item;
use super::options::Profile;
use super::profile::Mode;

/// Steps the motors need to spool up.
const SPOOL_STEPS: u32 = (2.0 / STEP_S) as u32;

impl Autopilot {
    /// Starts or resumes the mission; without effect on a vehicle that is not armed.
    pub(super) fn start_mission(&mut self) {
        self.plan.clear();
        if !self.armed {
            return;
        }
        if self.on_ground {
            if self.stays_on_the_ground() || !self.can_start_from_ground() {
                return;
            }
            self.start_flight();
            self.reset_mission();
        }
        let from = self.progress.current.max(self.mission.first);
        self.progress.leg_start = None;
        self.advance(from);
    }

    /// PX4 climbs by itself where the mission does not say so; ArduCopter refuses.
    pub(super) fn can_start_from_ground(&self) -> bool {
        self.options.profile == Profile::Px4 || self.mission.starts_with_takeoff()
    }

    /// Forgets how far the mission had come.
    pub(super) fn reset_mission(&mut self) {
        self.progress = Progress::default();
    }

    /// Goes on at an item, now if the mission is running, else when it is started.
    pub(super) fn jump_to(&mut self, seq: u16) -> bool {
        if self.mission.item(seq).is_none() {
            return false;
        }
        self.progress.current = seq;
        self.progress.is_complete = false;
        if self.mode == Mode::Auto && self.progress.is_running {
            self.plan.clear();
            self.held_plan = None;
            self.progress.leg_start = None;
            self.advance(seq.max(self.mission.first));
        }
        true
    }

    /// The item being flown is done.
    pub(super) fn item_is_done(&mut self) {
        if !self.progress.is_running {
            return;
        }
        let seq = self.progress.current;
        let reached = MISSION_ITEM_REACHED_DATA { seq };
        self.send(MavMessage::MISSION_ITEM_REACHED(reached));
        let waypoint = self
            .mission
            .item(seq)
            .is_some_and(|item| item.command == MavCmd::MAV_CMD_NAV_WAYPOINT);
        if waypoint && self.options.profile == Profile::ArduCopter {
            self.say(MavSeverity::MAV_SEVERITY_INFO, &format!("Reached command #{seq}"));
        }
        self.advance(seq + 1);
    }

    /// The mission itself is on its way home or down.
    pub(super) fn is_returning_in_mission(&self) -> bool {
        self.mode == Mode::Auto
            && self.progress.is_running
            && self.mission.item(self.progress.current).is_some_and(|item| {
                matches!(
                    item.command,
                    MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH | MavCmd::MAV_CMD_NAV_LAND
                )
            })
    }

    /// Runs what a condition held back, once it is met.
    pub(super) fn follow_conditions(&mut self) {
        let Some(condition) = &mut self.progress.waiting else {
            return;
        };
        let met = match condition {
            Condition::Delay(steps) => {
                *steps = steps.saturating_sub(1);
                *steps == 0
            }
            Condition::Distance(metres) => match self.plan.front() {
                Some(Task::Leg { to, .. }) => distance_m(&self.body.position_m, to) <= *metres,
                _ => true,
            },
            Condition::Yaw => self.wanted_yaw_rad.is_none_or(|yaw| {
                let off = (yaw - self.body.yaw_rad).rem_euclid(std::f64::consts::TAU);
                !(0.02..=std::f64::consts::TAU - 0.02).contains(&off)
            }),
        };
        if met {
            self.progress.waiting = None;
            self.run_pending();
        }
    }

    /// Finds the next item that moves the vehicle from `seq` on, runs the commands before it and starts it.
    fn advance(&mut self, seq: u16) {
        self.progress.pending.clear();
        self.progress.waiting = None;
        let Some(next) = self.find_next(seq) else {
            self.run_pending();
            self.complete();
            return;
        };
        self.progress.current = next;
        self.progress.is_running = true;
        self.run_pending();
        self.start_item(next);
    }

    /// Follows DO_JUMPs and notes the other commands on the way.
    fn find_next(&mut self, seq: u16) -> Option<u16> {
        let mut at = seq;
        // Jumps without waypoints between them would otherwise go round for ever.
        for _ in 0..4 * self.mission.items.len() + 4 {
            let item = *self.mission.item(at)?;
            if item.is_navigation() {
                return Some(at);
            }
            if item.command != MavCmd::MAV_CMD_DO_JUMP {
                self.progress.pending.push_back(at);
            } else if self.takes_jump(at, item.params[1]) {
                at = item.params[0] as u16;
                continue;
            }
            at += 1;
        }
        None
    }

    fn takes_jump(&mut self, seq: u16, times: f32) -> bool {
        let jumps = &mut self.progress.jumps;
        if !jumps.iter().any(|(at, _)| *at == seq) {
            jumps.push((seq, times as i32));
        }
        let Some((_, left)) = jumps.iter_mut().find(|(at, _)| *at == seq) else {
            return false;
        };
        if *left > 0 {
            *left -= 1;
            return true;
        }
        *left < 0
    }

    fn run_pending(&mut self) {
        while self.progress.waiting.is_none() {
            let Some(seq) = self.progress.pending.pop_front() else {
                return;
            };
            let Some(item) = self.mission.item(seq).copied() else {
                continue;
            };
            self.announce(seq, &item);
            let [p1, p2, p3, p4] = item.params;
            let all = [p1, p2, p3, p4, item.x as f32, item.y as f32, item.z];
            match item.command {
                MavCmd::MAV_CMD_CONDITION_DELAY => {
                    self.progress.waiting = Some(Condition::Delay((f64::from(p1) / STEP_S).ceil() as u32));
                }
                MavCmd::MAV_CMD_CONDITION_DISTANCE => {
                    self.progress.waiting = Some(Condition::Distance(f64::from(p1)));
                }
                MavCmd::MAV_CMD_CONDITION_YAW => {
                    self.act(item.command, &all);
                    self.progress.waiting = Some(Condition::Yaw);
                }
                command => {
                    self.act(command, &all);
                }
            }
        }
    }

    fn start_item(&mut self, seq: u16) {
        let Some(item) = self.mission.item(seq).copied() else {
            return;
        };
        self.announce(seq, &item);
        let mut from = self.leg_start();
        let to = self.target(&item, &from);
        self.plan.clear();
        if self.body.position_m[2] < 0.1 && item.command != MavCmd::MAV_CMD_NAV_TAKEOFF {
            from[2] = to[2].max(self.parameters.takeoff_height_m());
            self.plan_takeoff(from);
        }
        let seconds = f64::from(item.params[0]).max(0.0);
        match item.command {
            MavCmd::MAV_CMD_NAV_TAKEOFF => self.plan_takeoff(to),
            MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH => self.plan_return(),
            MavCmd::MAV_CMD_NAV_DELAY => self.plan.push_back(Task::wait(from, seconds)),
            MavCmd::MAV_CMD_NAV_LAND => {
                let over = [to[0], to[1], from[2]];
                if distance_m(&from, &over) > 1.0 {
                    self.plan_leg(from, over, 0.0);
                }
                self.plan.push_back(Task::Land {
                    at: [to[0], to[1]],
                    still_steps: 0,
                });
            }
            MavCmd::MAV_CMD_NAV_LOITER_UNLIM => {
                self.plan_leg(from, to, 0.0);
                self.plan.push_back(Task::Hold { at: to, steps: None });
            }
            MavCmd::MAV_CMD_NAV_LOITER_TIME => {
                self.plan_leg(from, to, 0.0);
                self.plan.push_back(Task::wait(to, seconds));
            }
            MavCmd::MAV_CMD_NAV_LOITER_TURNS => {
                let radius = f64::from(item.params[2]).abs().max(5.0);
                let around = std::f64::consts::TAU * radius / self.cruise_ms;
                self.plan_leg(from, to, 0.0);
                self.plan.push_back(Task::wait(to, seconds * around));
            }
            _ if seconds > 0.0 => {
                self.plan_leg(from, to, 0.0);
                self.plan.push_back(Task::wait(to, seconds));
            }
            _ => {
                let exit = self.exit_speed(seq, &from, &to);
                self.plan_leg(from, to, exit);
            }
        }
        self.progress.leg_start = Some(to);
    }

    fn plan_takeoff(&mut self, to: Neu) {
        if self.on_ground || self.body.position_m[2] < 0.1 {
            self.on_ground = false;
            self.plan.push_back(Task::Spool { steps: SPOOL_STEPS });
        }
        let [n, e, up] = self.body.position_m;
        self.plan.push_back(Task::Climb {
            at: [n, e],
            up_m: to[2].max(up),
        });
    }

    fn plan_leg(&mut self, from: Neu, to: Neu, exit_ms: f64) {
        let leg = Task::Leg {
            from,
            to,
            speed_ms: self.cruise_ms,
            exit_ms,
        };
        if let Some(course) = leg.course_rad() {
            self.wanted_yaw_rad = Some(course);
        }
        self.plan.push_back(leg);
    }

    /// Where the line to the next place begins: at the last one, unless the vehicle is somewhere else.
    fn leg_start(&self) -> Neu {
        let here = self.body.position_m;
        match self.progress.leg_start {
            Some(last) if distance_m(&last, &here) < 10.0 && (last[2] - here[2]).abs() < 5.0 => last,
            _ => here,
        }
    }

    /// Where an item leads; without a place of its own it stays above where the vehicle is.
    fn target(&self, item: &Item, from: &Neu) -> Neu {
        let [n, e] = item
            .place_deg()
            .map_or([from[0], from[1]], |[lat, lon]| self.frame.metres(lat, lon));
        let up = if item.height_is_amsl() {
            f64::from(item.z) - self.options.home_amsl_m
        } else {
            f64::from(item.z) + self.home[2]
        };
        [n, e, up]
    }

    /// How fast the end of a leg may be passed on the way to the next one.
    fn exit_speed(&self, seq: u16, from: &Neu, to: &Neu) -> f64 {
        let next = self
            .mission
            .next_navigation(seq + 1)
            .and_then(|seq| self.mission.item(seq));
        let Some(next) = next.filter(|item| {
            matches!(
                item.command,
                MavCmd::MAV_CMD_NAV_WAYPOINT | MavCmd::MAV_CMD_NAV_SPLINE_WAYPOINT
            )
        }) else {
            return 0.0;
        };
        let beyond = self.target(next, to);
        if distance_m(from, to) < 1.0 || distance_m(to, &beyond) < 1.0 {
            return 0.0;
        }
        let course = |a: &Neu, b: &Neu| (b[1] - a[1]).atan2(b[0] - a[0]);
        let turn = (course(to, &beyond) - course(from, to)).rem_euclid(std::f64::consts::TAU);
        let turn = turn.min(std::f64::consts::TAU - turn);
        corner_speed_ms(turn).min(self.cruise_ms)
    }

    fn complete(&mut self) {
        self.progress.is_running = false;
        self.progress.is_complete = true;
        if self.on_ground {
            return;
        }
        let at = self.progress.leg_start.unwrap_or(self.body.position_m);
        self.plan.clear();
        self.plan.push_back(Task::Hold { at, steps: None });
        if self.options.profile == Profile::Px4 {
            self.say(MavSeverity::MAV_SEVERITY_INFO, "Mission finished, loitering");
            self.mode = Mode::Loiter;
        }
    }

    fn announce(&mut self, seq: u16, item: &Item) {
        if self.options.profile != Profile::ArduCopter {
            return;
        }
        let name = match item.command {
            MavCmd::MAV_CMD_NAV_WAYPOINT => "WP",
            MavCmd::MAV_CMD_NAV_TAKEOFF => "Takeoff",
            MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH => "RTL",
            MavCmd::MAV_CMD_NAV_LAND => "Land",
            MavCmd::MAV_CMD_NAV_LOITER_TIME => "LoitTime",
            MavCmd::MAV_CMD_NAV_LOITER_UNLIM => "LoitUnlim",
            MavCmd::MAV_CMD_NAV_DELAY => "Delay",
            MavCmd::MAV_CMD_DO_CHANGE_SPEED => "ChangeSpeed",
            MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST => "SetCamTrigDst",
            MavCmd::MAV_CMD_DO_DIGICAM_CONTROL => "DigiCamCtrl",
            MavCmd::MAV_CMD_DO_MOUNT_CONTROL => "MountControl",
            MavCmd::MAV_CMD_CONDITION_YAW => "CondYaw",
            _ => "?",
        };
        self.say(MavSeverity::MAV_SEVERITY_INFO, &format!("Mission: {seq} {name}"));
    }
}
