//! What the vehicle does at one moment, and the velocity that takes: climbing, following a leg, holding, landing.

use super::body::{ACCELERATION_MS2, Body, STEP_S};
use super::local::{Neu, distance_m};

/// Climb rate, m/s (WPNAV_SPEED_UP).
const CLIMB_MS: f64 = 2.5;
/// Descent rate between heights, m/s (WPNAV_SPEED_DN).
const DESCENT_MS: f64 = 1.5;
/// Descent rate near the ground, m/s (LAND_SPEED).
const LAND_MS: f64 = 0.5;
/// Height below which the landing is slow, metres (LAND_ALT_LOW).
const LAND_SLOW_BELOW_M: f64 = 10.0;
/// How near counts as being at a waypoint, metres (WPNAV_RADIUS).
pub(super) const WAYPOINT_RADIUS_M: f64 = 2.0;
/// Still time on the ground after which the vehicle believes it has landed.
const LANDED_AFTER_STEPS: u32 = (1.0 / STEP_S) as u32;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Task {
    /// Stand on the ground with the motors turning, for so many steps (they spool up).
    Spool { steps: u32 },
    /// Straight up to a height above the dock, metres.
    Climb { at: [f64; 2], up_m: f64 },
    /// Along the straight line between two places.
    Leg {
        from: Neu,
        to: Neu,
        speed_ms: f64,
        exit_ms: f64,
    },
    /// Stay at a place, for so many steps or for ever.
    Hold { at: Neu, steps: Option<u32> },
    /// Down to the ground.
    Land { at: [f64; 2], still_steps: u32 },
}

impl Task {
    /// A stop of `seconds`.
    pub(super) fn wait(at: Neu, seconds: f64) -> Self {
        Self::Hold {
            at,
            steps: Some((seconds / STEP_S).ceil() as u32),
        }
    }

    /// Velocity wanted now, m/s.
    pub(super) fn wanted_ms(&self, body: &Body) -> Neu {
        match self {
            Self::Spool { .. } => [0.0; 3],
            Self::Climb { at, up_m } => {
                let [n, e] = towards(body, *at, 3.0);
                [n, e, vertical(*up_m - body.position_m[2])]
            }
            Self::Leg {
                from,
                to,
                speed_ms,
                exit_ms,
            } => along(body, from, to, [*speed_ms, *exit_ms]),
            Self::Hold { at, .. } => {
                let [n, e] = towards(body, [at[0], at[1]], 8.0);
                [n, e, vertical(at[2] - body.position_m[2])]
            }
            Self::Land { at, .. } => {
                let [n, e] = towards(body, *at, 3.0);
                let up = body.position_m[2];
                let rate = if up > LAND_SLOW_BELOW_M {
                    DESCENT_MS
                } else {
                    LAND_MS
                };
                [n, e, -rate]
            }
        }
    }

    /// Counts one step; true once the task is done.
    pub(super) fn step(&mut self, body: &Body) -> bool {
        match self {
            Self::Spool { steps } => count_down(steps),
            Self::Climb { up_m, .. } => *up_m - body.position_m[2] < 0.3,
            Self::Leg { from, to, .. } => {
                let high_enough = (body.position_m[2] - to[2]).abs() < WAYPOINT_RADIUS_M;
                high_enough
                    && (distance_m(&body.position_m, to) < WAYPOINT_RADIUS_M || left_m(body, from, to) <= 0.0)
            }
            Self::Hold {
                steps: Some(steps), ..
            } => count_down(steps),
            Self::Hold { steps: None, .. } => false,
            Self::Land { still_steps, .. } => {
                *still_steps = if body.position_m[2] <= 0.0 {
                    *still_steps + 1
                } else {
                    0
                };
                *still_steps >= LANDED_AFTER_STEPS
            }
        }
    }

    /// Course of the leg, if this is one worth turning the nose for.
    pub(super) fn course_rad(&self) -> Option<f64> {
        let Self::Leg { from, to, .. } = self else {
            return None;
        };
        let (north, east) = (to[0] - from[0], to[1] - from[1]);
        (north.hypot(east) > 2.0).then(|| east.atan2(north).rem_euclid(std::f64::consts::TAU))
    }
}

/// Speed at which a corner of `turn_rad` can be flown within the waypoint radius, m/s: on a circle that touches both
/// legs, the corner is R (1/cos(θ/2) − 1) away from the arc, and v² = a R.
pub(super) fn corner_speed_ms(turn_rad: f64) -> f64 {
    let away = 1.0 / (turn_rad / 2.0).cos().max(1e-6) - 1.0;
    (ACCELERATION_MS2 * WAYPOINT_RADIUS_M / away.max(1e-6)).sqrt()
}

fn count_down(steps: &mut u32) -> bool {
    *steps = steps.saturating_sub(1);
    *steps == 0
}

/// Metres of the leg still ahead (negative once past its end).
fn left_m(body: &Body, from: &Neu, to: &Neu) -> f64 {
    let length = distance_m(from, to);
    if length < 0.5 {
        return distance_m(&body.position_m, to);
    }
    let (n, e) = ((to[0] - from[0]) / length, (to[1] - from[1]) / length);
    (to[0] - body.position_m[0]) * n + (to[1] - body.position_m[1]) * e
}

/// Velocity to a place: fast when far, with room to stop.
fn towards(body: &Body, at: [f64; 2], most_ms: f64) -> [f64; 2] {
    let (n, e) = (at[0] - body.position_m[0], at[1] - body.position_m[1]);
    let distance = n.hypot(e);
    if distance < 1e-9 {
        return [0.0; 2];
    }
    let speed = stopping_ms(distance).min(distance).min(most_ms);
    [n / distance * speed, e / distance * speed]
}

/// Speed from which the vehicle can stop within `distance_m`, with a fifth of the brakes in hand.
fn stopping_ms(distance_m: f64) -> f64 {
    (1.6 * ACCELERATION_MS2 * distance_m).sqrt()
}

/// Climb rate that takes out a height error.
fn vertical(error_m: f64) -> f64 {
    let rate = error_m.abs().min((2.0 * error_m.abs()).sqrt());
    (rate * error_m.signum()).clamp(-DESCENT_MS, CLIMB_MS)
}

/// Velocity along a leg: no faster than asked, slow enough for its end, back to the line when off it, and no faster
/// than its slope allows.
fn along(body: &Body, from: &Neu, to: &Neu, [speed_ms, exit_ms]: [f64; 2]) -> Neu {
    let length = distance_m(from, to);
    let rise = to[2] - from[2];
    if length < 1.0 {
        let [n, e] = towards(body, [to[0], to[1]], speed_ms);
        return [n, e, vertical(to[2] - body.position_m[2])];
    }
    let (dir_n, dir_e) = ((to[0] - from[0]) / length, (to[1] - from[1]) / length);
    let left = left_m(body, from, to);
    let braking = (exit_ms.powi(2) + stopping_ms(left.max(0.0)).powi(2)).sqrt();
    let climb_limit = if rise >= 0.0 { CLIMB_MS } else { DESCENT_MS };
    let slope_limit = if rise.abs() > 0.1 {
        0.9 * climb_limit * length / rise.abs()
    } else {
        f64::INFINITY
    };
    let mut forward = speed_ms.min(braking).min(slope_limit);
    if exit_ms <= 0.0 {
        forward = forward.min(left.max(-2.0));
    }
    let across = (body.position_m[0] - from[0]) * -dir_e + (body.position_m[1] - from[1]) * dir_n;
    let back = (-0.8 * across).clamp(-2.0, 2.0);
    let done = (1.0 - left / length).clamp(0.0, 1.0);
    let climb = rise / length * forward.max(0.0) + vertical(from[2] + rise * done - body.position_m[2]);
    [
        dir_n * forward - dir_e * back,
        dir_e * forward + dir_n * back,
        climb.clamp(-DESCENT_MS, CLIMB_MS),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fly(mut task: Task, mut body: Body, limit: u32) -> (Body, u32) {
        for step in 0..limit {
            body.fly(task.wanted_ms(&body), [0.0; 2]);
            if task.step(&body) {
                return (body, step);
            }
        }
        panic!("not done: {task:?} {body:?}");
    }

    #[test]
    fn climbs_at_two_and_a_half_metres_per_second() {
        let (body, steps) = fly(
            Task::Climb {
                at: [0.0; 2],
                up_m: 40.0,
            },
            Body::default(),
            5000,
        );
        let seconds = f64::from(steps) * STEP_S;
        assert!((16.0..22.0).contains(&seconds), "{seconds}");
        assert!((body.position_m[2] - 40.0).abs() < 0.5);
    }

    #[test]
    fn flies_a_leg_at_the_asked_speed_on_the_line() {
        let body = Body {
            position_m: [0.0, 0.0, 40.0],
            ..Body::default()
        };
        let task = Task::Leg {
            from: [0.0, 0.0, 40.0],
            to: [300.0, 100.0, 50.0],
            speed_ms: 10.0,
            exit_ms: 0.0,
        };
        let (body, steps) = fly(task, body, 5000);
        let seconds = f64::from(steps) * STEP_S;
        assert!((34.0..45.0).contains(&seconds), "{seconds}");
        assert!(body.ground_speed_ms() < 3.5 && (body.position_m[2] - 50.0).abs() < 1.0);
    }

    #[test]
    fn lands_slowly() {
        let body = Body {
            position_m: [3.0, 0.0, 25.0],
            ..Body::default()
        };
        let (body, steps) = fly(
            Task::Land {
                at: [0.0; 2],
                still_steps: 0,
            },
            body,
            5000,
        );
        let seconds = f64::from(steps) * STEP_S;
        assert!((28.0..36.0).contains(&seconds), "{seconds}");
        assert!(body.position_m[0].abs() < 0.05 && body.position_m[2] == 0.0);
    }

    #[test]
    fn corners_are_slower_the_sharper_they_are() {
        assert!(corner_speed_ms(0.05) > 15.0);
        assert!((corner_speed_ms(std::f64::consts::FRAC_PI_2) - 3.47).abs() < 0.05);
        assert!(corner_speed_ms(std::f64::consts::PI) < 0.1);
    }
}
