//! The airframe: a point that follows a wanted velocity within what a camera drone can accelerate.

use super::local::Neu;

/// Length of a physics step, vehicle seconds.
pub(super) const STEP_S: f64 = 0.02;
/// Horizontal acceleration limit, m/s² (WPNAV_ACCEL of ArduCopter).
pub(super) const ACCELERATION_MS2: f64 = 2.5;
/// Vertical acceleration limit, m/s².
const VERTICAL_ACCELERATION_MS2: f64 = 1.5;
/// Turn rate of the nose, rad/s.
const YAW_RATE: f64 = 1.05;
/// Standard gravity, m/s².
const GRAVITY_MS2: f64 = 9.806_65;

/// Where the vehicle truly is and how it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Body {
    /// North, east, up of the dock's plate, metres.
    pub(super) position_m: Neu,
    /// The same, per second.
    pub(super) velocity_ms: Neu,
    /// Horizontal acceleration of the last step, north and east, m/s².
    pub(super) acceleration_ms2: [f64; 2],
    /// Nose, clockwise from north, radians in [0, 2π).
    pub(super) yaw_rad: f64,
}

impl Body {
    /// One step towards `wanted_ms`, carried along by `drift_ms`; never below the ground.
    pub(super) fn fly(&mut self, wanted_ms: Neu, drift_ms: [f64; 2]) {
        let (dn, de) = (
            wanted_ms[0] - self.velocity_ms[0],
            wanted_ms[1] - self.velocity_ms[1],
        );
        let change = dn.hypot(de);
        let most = ACCELERATION_MS2 * STEP_S;
        let share = if change > most { most / change } else { 1.0 };
        self.acceleration_ms2 = [dn * share / STEP_S, de * share / STEP_S];
        self.velocity_ms[0] += dn * share;
        self.velocity_ms[1] += de * share;
        let most = VERTICAL_ACCELERATION_MS2 * STEP_S;
        self.velocity_ms[2] += (wanted_ms[2] - self.velocity_ms[2]).clamp(-most, most);
        for axis in 0..3 {
            let drift = drift_ms.get(axis).copied().unwrap_or(0.0);
            self.position_m[axis] += (self.velocity_ms[axis] + drift) * STEP_S;
        }
        if self.position_m[2] < 0.0 {
            self.position_m[2] = 0.0;
            self.velocity_ms[2] = self.velocity_ms[2].max(0.0);
        }
    }

    /// One step without motors; true once it lies on the ground.
    pub(super) fn fall(&mut self) -> bool {
        self.velocity_ms[2] -= GRAVITY_MS2 * STEP_S;
        for axis in 0..3 {
            self.position_m[axis] += self.velocity_ms[axis] * STEP_S;
        }
        if self.position_m[2] > 0.0 {
            return false;
        }
        self.position_m[2] = 0.0;
        self.rest();
        true
    }

    /// Stands still.
    pub(super) fn rest(&mut self) {
        self.velocity_ms = [0.0; 3];
        self.acceleration_ms2 = [0.0; 2];
    }

    /// Turns the nose towards `yaw_rad` for one step; true once it points there.
    pub(super) fn turn(&mut self, yaw_rad: f64) -> bool {
        let tau = std::f64::consts::TAU;
        let left = (yaw_rad - self.yaw_rad + 1.5 * tau).rem_euclid(tau) - 0.5 * tau;
        let most = YAW_RATE * STEP_S;
        self.yaw_rad = (self.yaw_rad + left.clamp(-most, most)).rem_euclid(tau);
        left.abs() <= most
    }

    /// Speed over ground, m/s.
    pub(super) fn ground_speed_ms(&self) -> f64 {
        self.velocity_ms[0].hypot(self.velocity_ms[1])
    }

    /// Roll and pitch that the last horizontal acceleration and the air's resistance need, radians.
    pub(super) fn roll_pitch_rad(&self) -> [f64; 2] {
        let push = [
            self.acceleration_ms2[0] + 0.12 * self.velocity_ms[0],
            self.acceleration_ms2[1] + 0.12 * self.velocity_ms[1],
        ];
        let (sin, cos) = self.yaw_rad.sin_cos();
        let forward = push[0] * cos + push[1] * sin;
        let right = push[1] * cos - push[0] * sin;
        [(right / GRAVITY_MS2).atan(), -(forward / GRAVITY_MS2).atan()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_ten_metres_per_second_in_four_seconds() {
        let mut body = Body::default();
        for _ in 0..200 {
            body.fly([10.0, 0.0, 0.0], [0.0; 2]);
        }
        assert!((body.velocity_ms[0] - 10.0).abs() < 1e-9);
        assert!((body.position_m[0] - 20.0).abs() < 0.2, "{}", body.position_m[0]);
    }

    #[test]
    fn turns_the_short_way() {
        let mut body = Body {
            yaw_rad: 0.1,
            ..Body::default()
        };
        body.turn(6.2);
        assert!(body.yaw_rad < 0.1);
        while !body.turn(6.2) {}
        assert!((body.yaw_rad - 6.2).abs() < 1e-9);
    }

    #[test]
    fn a_fall_from_fifty_metres_takes_three_seconds() {
        let mut body = Body {
            position_m: [0.0, 0.0, 50.0],
            ..Body::default()
        };
        let mut steps = 0;
        while !body.fall() {
            steps += 1;
        }
        assert!((150..170).contains(&steps), "{steps}");
        assert_eq!(body.velocity_ms, [0.0; 3]);
    }
}
