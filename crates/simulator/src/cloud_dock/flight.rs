//! One flight of one mission: up, to the first waypoint, along the waylines with their actions, home and down. A function
//! of its plan and of the wind; it knows neither clock nor network.

use std::collections::VecDeque;

use crate::cloud_dock::body::{Body, STEP_S, length, sub};
use crate::cloud_dock::camera::Camera;
use crate::cloud_dock::wayline::{
    Act, BreakPoint, Finish, Heading, HeightMode, Mission, Trigger, Wayline, Waypoint,
};
use crate::frame::{GeoPoint, LocalFrame};

/// Speed on the way home, metres per second.
const HOME_SPEED_MS: f64 = 12.0;
/// Closer than this counts as there, metres.
const THERE_M: f64 = 0.35;
/// Time of a photo and of a gimbal turn at a waypoint where the aircraft stops, seconds.
const PHOTO_S: f64 = 0.7;
const GIMBAL_S: f64 = 1.0;
/// Nearer than this to its dock the aircraft does not climb for its way home, metres.
const NEAR_HOME_M: f64 = 5.0;

/// What a flight is told.
#[derive(Clone, Debug)]
pub(crate) struct FlightPlan {
    /// About the dock's plate.
    pub(crate) frame: LocalFrame,
    /// Seeds gusts.
    pub(crate) seed: u64,
    /// What is flown.
    pub(crate) mission: Mission,
    /// Where it goes on.
    pub(crate) resume: Option<BreakPoint>,
    /// Height of the way home above the dock, metres.
    pub(crate) rth_altitude_m: f64,
}

/// Where a flight is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Up and to the first waypoint.
    Entering,
    /// Along a wayline.
    Wayline,
    /// Hangs in the air outside of a mission.
    Hovering,
    /// On the way home.
    Homing,
    /// The last metres down to the plate.
    Landing,
    /// Stands on the plate.
    Landed,
}

/// A flight.
#[derive(Debug)]
pub(crate) struct Flight {
    plan: FlightPlan,
    /// Where it is.
    pub(crate) phase: Phase,
    /// Seconds since take-off.
    pub(crate) time_s: f64,
    /// The aircraft.
    pub(crate) body: Body,
    /// Its camera.
    pub(crate) camera: Camera,
    /// Whether the wayline was flown to its end.
    pub(crate) complete: bool,
    /// Whether the wayline is paused.
    pub(crate) paused: bool,
    line: usize,
    target: usize,
    from: [f64; 3],
    /// Straight ways outside a wayline: end and speed.
    moves: VecDeque<([f64; 3], f64)>,
    acts: VecDeque<Act>,
    wait_s: f64,
    /// Waypoint whose arrival is still to be dealt with once a move ends.
    arriving: Option<usize>,
    /// Waypoint whose actions are still to be done before the way from it begins.
    leaving: Option<usize>,
    reached: Option<usize>,
}

/// The place of a waypoint about the dock, metres.
pub(crate) fn place_of(frame: &LocalFrame, heights: HeightMode, waypoint: &Waypoint) -> [f64; 3] {
    let up = match heights {
        HeightMode::TakeOff => waypoint.height_m,
        HeightMode::Ellipsoid => waypoint.height_m - frame.street_amsl_m,
    };
    let place = GeoPoint {
        latitude_deg: waypoint.latitude_deg,
        longitude_deg: waypoint.longitude_deg,
    };
    frame.enu_from_wgs84(place, up)
}

impl Flight {
    /// A flight that is about to leave the plate.
    pub(crate) fn new(plan: FlightPlan) -> Self {
        let mut flight = Self {
            body: Body::in_dock(plan.seed),
            plan,
            phase: Phase::Entering,
            time_s: 0.0,
            camera: Camera::default(),
            complete: false,
            paused: false,
            line: 0,
            target: 0,
            from: [0.0; 3],
            moves: VecDeque::new(),
            acts: VecDeque::new(),
            wait_s: 0.0,
            arriving: None,
            leaving: None,
            reached: None,
        };
        flight.enter();
        flight
    }

    /// The wayline being flown.
    fn wayline(&self) -> Option<&Wayline> {
        self.plan.mission.waylines.get(self.line)
    }

    fn place(&self, index: usize) -> Option<[f64; 3]> {
        let line = self.wayline()?;
        let waypoint = line.waypoints.get(index)?;
        Some(place_of(&self.plan.frame, line.heights, waypoint))
    }

    /// Lays the way to where the mission begins or goes on.
    fn enter(&mut self) {
        let resume = self.plan.resume;
        if let Some(point) = resume {
            let lines = &self.plan.mission.waylines;
            self.line = lines
                .iter()
                .position(|line| line.id == point.wayline_id)
                .unwrap_or(0);
            self.set_gimbal_as_before(point.index);
        }
        let index = resume.map_or(0, |point| point.index);
        let Some(first) = self.place(index) else { return };
        let entry = match (resume, self.place(index + 1)) {
            (Some(point), Some(next)) if !point.on_waypoint => {
                self.reached = Some(index);
                self.target = index + 1;
                std::array::from_fn(|k| first[k] + (next[k] - first[k]) * point.progress)
            }
            _ => {
                self.arriving = Some(index);
                first
            }
        };
        let high = entry[2].max(self.plan.mission.takeoff_height_m);
        let speed = self.plan.mission.transit_speed_ms;
        self.moves = VecDeque::from([
            ([0.0, 0.0, high], speed),
            ([entry[0], entry[1], high], speed),
            (entry, speed),
        ]);
        let acts = self.wayline().map(|line| line.start_acts.clone());
        self.acts.extend(acts.into_iter().flatten());
    }

    /// The gimbal stands as the actions before a break point had left it.
    fn set_gimbal_as_before(&mut self, index: usize) {
        let Some(line) = self.wayline() else { return };
        let earlier = line
            .groups
            .iter()
            .filter(|group| group.trigger == Trigger::ReachPoint && group.from <= index);
        let acts: Vec<Act> = earlier.flat_map(|group| group.acts.clone()).collect();
        for act in acts {
            if matches!(act, Act::Gimbal { .. }) {
                self.camera.turn(&act, self.body.yaw_rad);
            }
        }
    }

    /// One step in this wind.
    pub(crate) fn step(&mut self, wind_ms: f64) {
        if self.phase == Phase::Landed {
            return;
        }
        self.time_s += STEP_S;
        let wanted = match self.phase {
            _ if self.paused => [0.0; 3],
            Phase::Hovering | Phase::Landed => [0.0; 3],
            Phase::Wayline => self.fly_wayline(),
            Phase::Entering | Phase::Homing | Phase::Landing => self.fly_moves(),
        };
        self.body.step(wanted, wind_ms, self.time_s);
        if self.phase == Phase::Landing && self.body.position_m[2] <= 0.05 {
            self.body.position_m = [0.0; 3];
            self.body.velocity_ms = [0.0; 3];
            self.phase = Phase::Landed;
        }
    }

    fn fly_moves(&mut self) -> [f64; 3] {
        let Some(&(to, speed)) = self.moves.front() else {
            self.end_of_moves();
            return [0.0; 3];
        };
        let level = (to[0] - self.from[0]).hypot(to[1] - self.from[1]);
        if level > 2.0 {
            self.body
                .turn_to((to[0] - self.from[0]).atan2(to[1] - self.from[1]));
        }
        // The last metres end on the plate, not near it.
        let lands = self.phase == Phase::Landing;
        if !lands && self.body.distance_m(to) < THERE_M && length(self.body.velocity_ms) < 1.0 {
            self.from = to;
            self.moves.pop_front();
            if self.moves.len() == 1 && self.phase == Phase::Homing {
                self.phase = Phase::Landing;
            }
        }
        self.body.follow(self.from, to, (speed, true))
    }

    fn end_of_moves(&mut self) {
        if self.phase != Phase::Entering {
            return;
        }
        self.phase = Phase::Wayline;
        self.from = self.body.position_m;
        if let Some(index) = self.arriving.take() {
            self.arrive(index);
        } else {
            self.leaving = self.reached;
        }
    }

    fn fly_wayline(&mut self) -> [f64; 3] {
        if self.do_acts() {
            return [0.0; 3];
        }
        if let Some(index) = self.leaving.take() {
            self.leave(index);
        }
        let Some(to) = self.place(self.target) else {
            self.next_wayline();
            return [0.0; 3];
        };
        let Some((before, stops, damping_m)) = self.leg() else {
            return [0.0; 3];
        };
        self.steer(&before, to);
        self.camera.along(self.leg_progress());
        self.interval_photos();
        let near_m = if stops { THERE_M } else { damping_m.max(1.5) };
        let slow = !stops || length(self.body.velocity_ms) < 0.8;
        if self.body.distance_m(to) < near_m && slow {
            self.arrive(self.target);
        }
        self.body.follow(self.from, to, (before.speed_ms, stops))
    }

    /// The waypoint behind, and whether and how the aircraft turns at the next one. The last one is always a stop.
    fn leg(&self) -> Option<(Waypoint, bool, f64)> {
        let line = self.wayline()?;
        let to = line.waypoints.get(self.target)?;
        let before = line.waypoints.get(self.target.saturating_sub(1))?;
        let last = self.target + 1 == line.waypoints.len();
        Some((before.clone(), to.stops || last, to.damping_m))
    }

    fn steer(&mut self, before: &Waypoint, to: [f64; 3]) {
        let along = sub(to, self.from);
        let heading = match before.heading {
            Heading::AlongWay if along[0].hypot(along[1]) > 0.5 => along[0].atan2(along[1]),
            Heading::AlongWay | Heading::Keep => return,
            Heading::Angle(degrees) => degrees.to_radians(),
            Heading::Toward([latitude_deg, longitude_deg]) => {
                let place = GeoPoint {
                    latitude_deg,
                    longitude_deg,
                };
                let poi = self.plan.frame.enu_from_wgs84(place, 0.0);
                let way = sub(poi, self.body.position_m);
                way[0].atan2(way[1])
            }
        };
        self.body.turn_to(heading);
    }

    /// Carries out what is to be done here; true while it takes time.
    fn do_acts(&mut self) -> bool {
        if self.wait_s > 0.0 {
            self.wait_s -= STEP_S;
            return true;
        }
        let Some(act) = self.acts.front().cloned() else {
            return false;
        };
        let stopped = self
            .wayline()
            .and_then(|line| line.waypoints.get(self.reached.unwrap_or(0)));
        let still = stopped.is_none_or(|waypoint| waypoint.stops);
        let takes_s = match &act {
            Act::Photo => {
                self.expose();
                if still { PHOTO_S } else { 0.0 }
            }
            Act::Gimbal { .. } | Act::EvenPitch(_) => {
                self.camera.turn(&act, self.body.yaw_rad);
                if still { GIMBAL_S } else { 0.0 }
            }
            Act::Yaw(degrees) => {
                self.body.turn_to(degrees.to_radians());
                if !self.body.points_to(degrees.to_radians()) {
                    return true;
                }
                0.0
            }
            Act::Hover(seconds) => *seconds,
            Act::Nothing => 0.0,
        };
        self.acts.pop_front();
        self.wait_s = takes_s;
        true
    }

    fn arrive(&mut self, index: usize) {
        self.reached = Some(index);
        self.target = index + 1;
        self.from = self.place(index).unwrap_or(self.body.position_m);
        let Some(line) = self.wayline() else { return };
        let at_point: Vec<Act> = line
            .groups
            .iter()
            .filter(|group| group.trigger == Trigger::ReachPoint && (group.from..=group.to).contains(&index))
            .flat_map(|group| group.acts.clone())
            .collect();
        self.acts.extend(at_point);
        self.leaving = Some(index);
    }

    /// The way from a waypoint begins, with the gimbal as its actions have left it.
    fn leave(&mut self, index: usize) {
        let Some(line) = self.wayline() else { return };
        let even = line
            .groups
            .iter()
            .filter(|group| {
                group.trigger == Trigger::BetweenPoints
                    && (group.from..group.to.max(group.from + 1)).contains(&index)
            })
            .flat_map(|group| group.acts.iter())
            .find_map(|act| match act {
                Act::EvenPitch(pitch) => Some(*pitch),
                _ => None,
            });
        let running: Vec<(usize, bool)> = line
            .groups
            .iter()
            .enumerate()
            .filter(|(_, group)| takes_photos_at_intervals(&group.trigger, &group.acts))
            .filter(|(_, group)| {
                index >= group.from && (index < group.to || group.from == group.to && index == group.to)
            })
            .map(|(number, group)| (number, group.from == group.to))
            .collect();
        self.camera.evenly_to(even);
        let known = self.camera.set_running(&running, self.body.way_m, self.time_s);
        for _ in 0..known {
            self.expose();
        }
    }

    /// Photos that are due after so many metres or seconds.
    fn interval_photos(&mut self) {
        let Some(line) = self.plan.mission.waylines.get(self.line) else {
            return;
        };
        let due = self.camera.due(&line.groups, self.body.way_m, self.time_s);
        for _ in 0..due {
            self.expose();
        }
    }

    fn expose(&mut self) {
        self.camera.expose(&self.body, self.time_s);
    }

    fn next_wayline(&mut self) {
        self.camera.set_running(&[], self.body.way_m, self.time_s);
        self.line += 1;
        self.reached = None;
        self.target = 0;
        if let Some(first) = self.place(0) {
            self.arriving = Some(0);
            self.from = self.body.position_m;
            self.moves = VecDeque::from([(first, self.plan.mission.transit_speed_ms)]);
            self.phase = Phase::Entering;
            return;
        }
        self.line = self.plan.mission.waylines.len().saturating_sub(1);
        self.reached = self.wayline().map(|line| line.waypoints.len().saturating_sub(1));
        self.complete = true;
        self.go_home();
        if self.plan.mission.finish == Finish::FirstWaypoint
            && let Some(first) = self.place(0)
        {
            self.moves.push_front((first, self.plan.mission.transit_speed_ms));
        }
    }

    /// Gives the wayline up and flies home.
    pub(crate) fn go_home(&mut self) {
        let [e, n, up] = self.body.position_m;
        self.paused = false;
        self.acts.clear();
        self.leaving = None;
        self.wait_s = 0.0;
        self.camera.set_running(&[], self.body.way_m, self.time_s);
        self.from = self.body.position_m;
        let high = match e.hypot(n) > NEAR_HOME_M {
            true => up.max(self.plan.rth_altitude_m),
            false => up,
        };
        self.moves = VecDeque::from([
            ([e, n, high], HOME_SPEED_MS),
            ([0.0, 0.0, high], HOME_SPEED_MS),
            ([0.0; 3], HOME_SPEED_MS),
        ]);
        self.phase = Phase::Homing;
    }

    /// Stays where it is.
    pub(crate) fn hover(&mut self) {
        self.moves.clear();
        self.phase = Phase::Hovering;
    }

    /// The way that is still to be flown outside a wayline.
    pub(crate) fn planned_path(&self) -> Vec<[f64; 3]> {
        let here = std::iter::once(self.body.position_m);
        here.chain(self.moves.iter().map(|(to, _)| *to)).collect()
    }

    /// Waypoint reached last, 0 before the first.
    pub(crate) fn waypoint_index(&self) -> usize {
        self.reached.unwrap_or(0)
    }

    /// The wayline's number.
    pub(crate) fn wayline_id(&self) -> i64 {
        self.wayline().map_or(0, |line| line.id)
    }

    /// Whether a waypoint was reached.
    pub(crate) fn has_begun(&self) -> bool {
        self.line > 0 || self.reached.is_some()
    }

    /// Share of all waypoints that lie behind.
    pub(crate) fn share_done(&self) -> f64 {
        let lines = &self.plan.mission.waylines;
        let before: usize = lines
            .iter()
            .take(self.line)
            .map(|line| line.waypoints.len())
            .sum();
        let here = self.reached.map_or(0, |index| index + 1);
        (before + here) as f64 / self.plan.mission.waypoint_count().max(1) as f64
    }

    fn leg_progress(&self) -> f64 {
        let Some(to) = self.place(self.target) else {
            return 0.0;
        };
        let start = self.place(self.target.saturating_sub(1)).unwrap_or(self.from);
        let whole = length(sub(to, start)).max(1e-6);
        (1.0 - self.body.distance_m(to) / whole).clamp(0.0, 1.0)
    }

    /// Where the wayline would go on.
    pub(crate) fn break_point(&self) -> BreakPoint {
        let under_way = self.reached.is_some() && self.place(self.target).is_some();
        BreakPoint {
            index: self.waypoint_index(),
            on_waypoint: !under_way || !self.acts.is_empty(),
            progress: if under_way { self.leg_progress() } else { 0.0 },
            wayline_id: self.wayline_id(),
        }
    }
}

fn takes_photos_at_intervals(trigger: &Trigger, acts: &[Act]) -> bool {
    matches!(trigger, Trigger::Every(_) | Trigger::EachMetres(_)) && acts.contains(&Act::Photo)
}

#[cfg(test)]
mod tests;
