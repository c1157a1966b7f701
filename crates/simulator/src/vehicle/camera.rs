//! The camera's trigger: by distance, by time, once, and what faults do to it.

use super::body::STEP_S;
use super::local::{Neu, distance_m};

/// When the shutter opens next, and where it opened last.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    distance_m: f64,
    last_at: Option<Neu>,
    interval: Option<Interval>,
    now: u32,
    /// Pictures of this flight so far (triggers, whether they worked or not).
    pub(super) image_index: u32,
    /// Elevation of the camera, radians; −π/2 looks straight down.
    pub(super) pitch_rad: f64,
    wanted_pitch_rad: f64,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    steps: u32,
    left: u32,
    /// Pictures still to take; `None` goes on until stopped.
    count: Option<u32>,
}

/// How fast the gimbal turns, rad/s.
const GIMBAL_RATE: f64 = 1.5;

impl Default for Camera {
    fn default() -> Self {
        Self {
            distance_m: 0.0,
            last_at: None,
            interval: None,
            now: 0,
            image_index: 0,
            pitch_rad: -std::f64::consts::FRAC_PI_2,
            wanted_pitch_rad: -std::f64::consts::FRAC_PI_2,
        }
    }
}

impl Camera {
    /// DO_SET_CAM_TRIGG_DIST: a picture every so many metres, 0 for none; perhaps one at once.
    pub(super) fn by_distance(&mut self, distance_m: f64, one_now: bool) {
        self.distance_m = distance_m.max(0.0);
        self.now = self.now.saturating_add(u32::from(one_now));
    }

    /// IMAGE_START_CAPTURE, DO_SET_CAM_TRIGG_INTERVAL: a picture at once, then every `seconds`; `count` 0 goes on.
    pub(super) fn by_time(&mut self, seconds: f64, count: u32) {
        if count == 1 || seconds.is_nan() || seconds <= 0.0 {
            self.now = self.now.saturating_add(count.max(1));
            return;
        }
        self.interval = Some(Interval {
            steps: (seconds / STEP_S).ceil().max(1.0) as u32,
            left: 0,
            count: (count > 0).then_some(count),
        });
    }

    /// IMAGE_STOP_CAPTURE.
    pub(super) fn stop(&mut self) {
        self.interval = None;
        self.distance_m = 0.0;
    }

    /// DO_DIGICAM_CONTROL: one picture.
    pub(super) fn once(&mut self) {
        self.now = self.now.saturating_add(1);
    }

    /// Turns the camera, radians of elevation.
    pub(super) fn point(&mut self, pitch_rad: f64) {
        self.wanted_pitch_rad = pitch_rad.clamp(-std::f64::consts::FRAC_PI_2, 0.5);
    }

    /// One step at a place; true when the shutter opens.
    pub(super) fn step(&mut self, at: &Neu) -> bool {
        let most = GIMBAL_RATE * STEP_S;
        self.pitch_rad += (self.wanted_pitch_rad - self.pitch_rad).clamp(-most, most);
        let triggered = self.by_request() || self.interval_is_over() || self.distance_is_flown(at);
        if triggered {
            self.image_index += 1;
            self.last_at = Some(*at);
        }
        triggered
    }

    fn by_request(&mut self) -> bool {
        let asked = self.now > 0;
        self.now = self.now.saturating_sub(1);
        asked
    }

    fn interval_is_over(&mut self) -> bool {
        let Some(interval) = &mut self.interval else {
            return false;
        };
        if interval.left > 0 {
            interval.left -= 1;
            return false;
        }
        interval.left = interval.steps - 1;
        if let Some(count) = &mut interval.count {
            *count -= 1;
            if *count == 0 {
                self.interval = None;
            }
        }
        true
    }

    /// As AP_Camera: the first step with a distance set only notes the place.
    fn distance_is_flown(&mut self, at: &Neu) -> bool {
        if self.distance_m <= 0.0 {
            self.last_at = None;
            return false;
        }
        let last = *self.last_at.get_or_insert(*at);
        distance_m(&last, at) >= self.distance_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(camera: &mut Camera, steps: u32, speed_ms: f64) -> Vec<f64> {
        (0..steps)
            .map(|step| [f64::from(step) * STEP_S * speed_ms, 0.0, 40.0])
            .filter(|at| camera.step(at))
            .map(|at| at[0])
            .collect()
    }

    #[test]
    fn by_distance_starts_one_distance_after_it_is_set() {
        let mut camera = Camera::default();
        camera.by_distance(20.0, false);
        let taken = pictures(&mut camera, 501, 10.0);
        assert_eq!(taken.len(), 5);
        assert!((taken[0] - 20.0).abs() < 0.3, "{taken:?}");
        camera.by_distance(0.0, false);
        assert!(pictures(&mut camera, 500, 10.0).is_empty());
    }

    #[test]
    fn one_now_is_taken_at_once_and_the_distance_counts_from_it() {
        let mut camera = Camera::default();
        camera.by_distance(20.0, true);
        let taken = pictures(&mut camera, 501, 10.0);
        assert_eq!(taken.len(), 6);
        assert_eq!(taken[0], 0.0);
    }

    #[test]
    fn by_time_takes_as_many_as_asked() {
        let mut camera = Camera::default();
        camera.by_time(2.0, 4);
        let taken = pictures(&mut camera, 1000, 1.0);
        assert_eq!(taken.len(), 4);
        assert!(
            (taken[1] - 2.0).abs() < 0.03 && (taken[3] - 6.0).abs() < 0.03,
            "{taken:?}"
        );
        camera.by_time(1.0, 0);
        camera.step(&[0.0; 3]);
        camera.stop();
        assert!(pictures(&mut camera, 500, 1.0).is_empty());
    }
}
