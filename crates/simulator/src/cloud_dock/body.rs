//! The aircraft as a point that flies straight lines: speeds and accelerations are limited, gusts push it about. Fixed
//! steps; the same seed, wind and commands give the same flight.

use std::f64::consts::{PI, TAU};

use crate::random::Dice;

/// Step of the flight, seconds.
pub(crate) const STEP_S: f64 = 0.05;
/// Limits: metres per second squared, metres per second, radians per second.
const ACCELERATION_MS2: f64 = 3.0;
const CLIMB_MS: f64 = 5.0;
const SINK_MS: f64 = 4.0;
const YAW_RATE_RAD_S: f64 = 1.2;
/// How hard the aircraft steers back onto its line, per second.
const BACK_TO_LINE: f64 = 0.8;
/// What a gust does, metres per second squared for each metre per second of wind.
const GUST: f64 = 0.03;

/// Place, motion and heading.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// East, north, up about the dock's plate, metres.
    pub(crate) position_m: [f64; 3],
    /// Metres per second.
    pub(crate) velocity_ms: [f64; 3],
    /// Clockwise from north, radians in [0, 2π).
    pub(crate) yaw_rad: f64,
    /// Metres flown.
    pub(crate) way_m: f64,
    phases: [f64; 3],
}

impl Body {
    /// A body that stands in its dock, nose to the north.
    pub(crate) fn in_dock(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 21);
        Self {
            position_m: [0.0; 3],
            velocity_ms: [0.0; 3],
            yaw_rad: 0.0,
            way_m: 0.0,
            phases: std::array::from_fn(|_| dice.between(0.0, TAU)),
        }
    }

    /// Speed over ground, metres per second.
    pub(crate) fn ground_speed_ms(&self) -> f64 {
        self.velocity_ms[0].hypot(self.velocity_ms[1])
    }

    /// Distance to a place, metres.
    pub(crate) fn distance_m(&self, place: [f64; 3]) -> f64 {
        length(sub(place, self.position_m))
    }

    /// One step along the line `from`–`to` at `speed_ms`; where it `stops`, it brakes for the end.
    pub(crate) fn follow(
        &mut self,
        from: [f64; 3],
        to: [f64; 3],
        (speed_ms, stops): (f64, bool),
    ) -> [f64; 3] {
        let line = sub(to, from);
        let whole_m = length(line).max(1e-6);
        let unit = line.map(|x| x / whole_m);
        let along_m = dot(sub(self.position_m, from), unit);
        let left_m = whole_m - along_m;
        let mut speed = speed_ms.min(limit_for(unit[2]));
        if stops {
            // Half of what the brakes could do leaves room for the lag of the body.
            speed = speed
                .min((ACCELERATION_MS2 * left_m.abs()).sqrt())
                .min(left_m.abs() * 1.5);
        }
        let on_line: [f64; 3] = std::array::from_fn(|k| from[k] + unit[k] * along_m);
        let back = sub(on_line, self.position_m);
        let way = if left_m < 0.0 { -1.0 } else { 1.0 };
        std::array::from_fn(|k| unit[k] * speed * way + back[k] * BACK_TO_LINE)
    }

    /// Moves on by one step with this velocity wanted, in this wind, `time_s` after take-off.
    pub(crate) fn step(&mut self, wanted_ms: [f64; 3], wind_ms: f64, time_s: f64) {
        let most = ACCELERATION_MS2 * STEP_S;
        let change = sub(wanted_ms, self.velocity_ms);
        let share = (most / length(change).max(1e-9)).min(1.0);
        let periods_s = [3.1, 4.3, 5.7];
        for axis in 0..3 {
            let lift = if axis == 2 { 0.3 } else { 1.0 };
            let gust = GUST * lift * wind_ms * (TAU * time_s / periods_s[axis] + self.phases[axis]).sin();
            self.velocity_ms[axis] += change[axis] * share + gust * STEP_S;
            self.position_m[axis] += self.velocity_ms[axis] * STEP_S;
        }
        self.way_m += length(self.velocity_ms) * STEP_S;
    }

    /// Turns the nose towards a heading, the shorter way round.
    pub(crate) fn turn_to(&mut self, heading_rad: f64) {
        let off = (heading_rad - self.yaw_rad + PI).rem_euclid(TAU) - PI;
        let most = YAW_RATE_RAD_S * STEP_S;
        self.yaw_rad = (self.yaw_rad + off.clamp(-most, most)).rem_euclid(TAU);
    }

    /// Whether the nose points there, within half a degree.
    pub(crate) fn points_to(&self, heading_rad: f64) -> bool {
        ((heading_rad - self.yaw_rad + PI).rem_euclid(TAU) - PI).abs() < 0.009
    }
}

fn limit_for(up: f64) -> f64 {
    match up {
        up if up > 1e-3 => CLIMB_MS / up,
        up if up < -1e-3 => SINK_MS / -up,
        _ => f64::INFINITY,
    }
}

/// Difference of two places.
pub(crate) fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

/// Length of a way.
pub(crate) fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
