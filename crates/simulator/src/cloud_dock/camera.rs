//! The aircraft's camera: gimbal, photos at intervals, and the exposures that were made.

use std::f64::consts::TAU;

use crate::cloud_dock::body::Body;
use crate::cloud_dock::wayline::{Act, Group, Trigger};

/// One opening of the shutter about the dock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Opening {
    /// Seconds since take-off.
    pub(crate) time_s: f64,
    /// East, north, up about the dock's plate, metres.
    pub(crate) position_m: [f64; 3],
    /// Where the top of the picture points, clockwise from north, radians in [0, 2π).
    pub(crate) course_rad: f64,
    /// Camera elevation, radians.
    pub(crate) pitch_rad: f64,
    /// Metres per second.
    pub(crate) ground_speed_ms: f64,
}

/// The camera.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    /// Elevation, degrees.
    pub(crate) pitch_deg: f64,
    /// Yaw clockwise from north where the gimbal was turned absolutely, degrees; else it follows the nose.
    absolute_yaw_deg: Option<f64>,
    /// Yaw from the nose, degrees.
    relative_yaw_deg: f64,
    /// Pitch at the start and at the end of this leg, degrees.
    even: Option<(f64, f64)>,
    running: Vec<Running>,
    /// Exposures not yet taken over.
    pub(crate) openings: Vec<Opening>,
    /// Exposures so far.
    pub(crate) count: u32,
}

/// A group that takes photos at intervals.
#[derive(Clone, Debug)]
struct Running {
    group: usize,
    last_way_m: f64,
    last_time_s: f64,
}

impl Default for Camera {
    /// Looks to the horizon, as after switching on.
    fn default() -> Self {
        Self {
            pitch_deg: 0.0,
            absolute_yaw_deg: None,
            relative_yaw_deg: 0.0,
            even: None,
            running: Vec::new(),
            openings: Vec::new(),
            count: 0,
        }
    }
}

impl Camera {
    /// Yaw of the camera clockwise from north, degrees in [-180, 180).
    pub(crate) fn yaw_deg(&self, nose_rad: f64) -> f64 {
        let yaw = self
            .absolute_yaw_deg
            .unwrap_or(nose_rad.to_degrees() + self.relative_yaw_deg);
        (yaw + 180.0).rem_euclid(360.0) - 180.0
    }

    /// Turns the gimbal.
    pub(crate) fn turn(&mut self, act: &Act, nose_rad: f64) {
        match *act {
            Act::Gimbal {
                pitch_deg,
                yaw_deg,
                absolute,
            } => {
                if let Some(pitch_deg) = pitch_deg {
                    let base = if absolute { 0.0 } else { self.pitch_deg };
                    self.pitch_deg = (base + pitch_deg).clamp(-90.0, 35.0);
                }
                match (yaw_deg, absolute) {
                    (Some(yaw_deg), true) => self.absolute_yaw_deg = Some(yaw_deg),
                    (Some(yaw_deg), false) => {
                        self.absolute_yaw_deg = None;
                        self.relative_yaw_deg = yaw_deg;
                    }
                    (None, _) => {}
                }
            }
            Act::EvenPitch(pitch_deg) => self.even = Some((self.pitch_deg, pitch_deg)),
            Act::Photo | Act::Yaw(_) | Act::Hover(_) | Act::Nothing => {}
        }
        tracing::trace!(
            pitch_deg = self.pitch_deg,
            yaw_deg = self.yaw_deg(nose_rad),
            "the gimbal turned"
        );
    }

    /// On this leg the pitch goes evenly to this, degrees.
    pub(crate) fn evenly_to(&mut self, pitch_deg: Option<f64>) {
        self.even = pitch_deg.map(|pitch_deg| (self.pitch_deg, pitch_deg.clamp(-90.0, 35.0)));
    }

    /// The share of the leg that is flown.
    pub(crate) fn along(&mut self, share: f64) {
        if let Some((from, to)) = self.even {
            self.pitch_deg = from + (to - from) * share;
        }
    }

    /// From here on these groups take photos; `true` marks one that takes a single one. How many photos are due at once:
    /// one for each group that begins.
    pub(crate) fn set_running(&mut self, groups: &[(usize, bool)], way_m: f64, time_s: f64) -> usize {
        let begins = |number: usize| !self.running.iter().any(|running| running.group == number);
        let count = groups.iter().filter(|(number, _)| begins(*number)).count();
        let kept = |number: usize| {
            self.running
                .iter()
                .find(|running| running.group == number)
                .cloned()
        };
        self.running = groups
            .iter()
            .filter(|(_, single)| !single)
            .map(|(number, _)| {
                kept(*number).unwrap_or(Running {
                    group: *number,
                    last_way_m: way_m,
                    last_time_s: time_s,
                })
            })
            .collect();
        count
    }

    /// How many photos are due.
    pub(crate) fn due(&mut self, groups: &[Group], way_m: f64, time_s: f64) -> usize {
        let mut due = 0;
        for running in &mut self.running {
            match groups.get(running.group).map(|group| group.trigger) {
                Some(Trigger::EachMetres(step_m)) if way_m - running.last_way_m >= step_m => {
                    running.last_way_m += step_m;
                    due += 1;
                }
                Some(Trigger::Every(step_s)) if time_s - running.last_time_s >= step_s => {
                    running.last_time_s += step_s;
                    due += 1;
                }
                _ => {}
            }
        }
        due
    }

    /// Opens the shutter.
    pub(crate) fn expose(&mut self, body: &Body, time_s: f64) {
        self.count += 1;
        self.openings.push(Opening {
            time_s,
            position_m: body.position_m,
            course_rad: self.yaw_deg(body.yaw_rad).to_radians().rem_euclid(TAU),
            pitch_rad: self.pitch_deg.to_radians(),
            ground_speed_ms: body.ground_speed_ms(),
        });
    }
}
