//! Which messages leave by themselves and how often, in vehicle time, with a cap on what that means on the wall clock.

use super::body::STEP_S;
use super::options::Profile;

/// Most messages of one kind per wall-clock second.
const WALL_RATE_CAP_HZ: f64 = 20.0;

/// Message numbers of the dialect.
pub(super) mod id {
    pub(in crate::vehicle) const HEARTBEAT: u32 = 0;
    pub(in crate::vehicle) const SYS_STATUS: u32 = 1;
    pub(in crate::vehicle) const SYSTEM_TIME: u32 = 2;
    pub(in crate::vehicle) const GPS_RAW_INT: u32 = 24;
    pub(in crate::vehicle) const ATTITUDE: u32 = 30;
    pub(in crate::vehicle) const ATTITUDE_QUATERNION: u32 = 31;
    pub(in crate::vehicle) const LOCAL_POSITION_NED: u32 = 32;
    pub(in crate::vehicle) const GLOBAL_POSITION_INT: u32 = 33;
    pub(in crate::vehicle) const MISSION_CURRENT: u32 = 42;
    pub(in crate::vehicle) const GPS_GLOBAL_ORIGIN: u32 = 49;
    pub(in crate::vehicle) const VFR_HUD: u32 = 74;
    pub(in crate::vehicle) const BATTERY_STATUS: u32 = 147;
    pub(in crate::vehicle) const AUTOPILOT_VERSION: u32 = 148;
    pub(in crate::vehicle) const FENCE_STATUS: u32 = 162;
    pub(in crate::vehicle) const WIND: u32 = 168;
    pub(in crate::vehicle) const CAMERA_FEEDBACK: u32 = 180;
    pub(in crate::vehicle) const EKF_STATUS_REPORT: u32 = 193;
    pub(in crate::vehicle) const ESTIMATOR_STATUS: u32 = 230;
    pub(in crate::vehicle) const WIND_COV: u32 = 231;
    pub(in crate::vehicle) const HOME_POSITION: u32 = 242;
    pub(in crate::vehicle) const EXTENDED_SYS_STATE: u32 = 245;
    pub(in crate::vehicle) const CAMERA_CAPTURE_STATUS: u32 = 262;
    pub(in crate::vehicle) const CAMERA_IMAGE_CAPTURED: u32 = 263;
}

const COPTER: &[(u32, f64)] = &[
    (id::HEARTBEAT, 1.0),
    (id::SYS_STATUS, 2.0),
    (id::SYSTEM_TIME, 2.0),
    (id::GPS_RAW_INT, 2.0),
    (id::ATTITUDE, 4.0),
    (id::GLOBAL_POSITION_INT, 4.0),
    (id::MISSION_CURRENT, 2.0),
    (id::VFR_HUD, 2.0),
    (id::BATTERY_STATUS, 2.0),
    (id::WIND, 2.0),
    (id::EKF_STATUS_REPORT, 2.0),
    (id::FENCE_STATUS, 2.0),
];

const PX4: &[(u32, f64)] = &[
    (id::HEARTBEAT, 1.0),
    (id::SYS_STATUS, 2.0),
    (id::SYSTEM_TIME, 1.0),
    (id::GPS_RAW_INT, 2.0),
    (id::ATTITUDE, 4.0),
    (id::ATTITUDE_QUATERNION, 4.0),
    (id::LOCAL_POSITION_NED, 4.0),
    (id::GLOBAL_POSITION_INT, 4.0),
    (id::MISSION_CURRENT, 1.0),
    (id::VFR_HUD, 2.0),
    (id::BATTERY_STATUS, 1.0),
    (id::ESTIMATOR_STATUS, 1.0),
    (id::WIND_COV, 1.0),
    (id::HOME_POSITION, 0.5),
    (id::EXTENDED_SYS_STATE, 1.0),
];

#[derive(Clone, Copy, Debug)]
struct Stream {
    id: u32,
    every: u64,
    next: u64,
}

/// All streams of one vehicle.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    streams: Vec<Stream>,
    defaults: &'static [(u32, f64)],
    least_steps: u64,
}

impl Streams {
    /// The default streams of the profile, for a vehicle `speed` times as fast as the wall clock.
    pub(super) fn new(profile: Profile, speed: f64) -> Self {
        let defaults = match profile {
            Profile::ArduCopter => COPTER,
            Profile::Px4 => PX4,
        };
        let mut streams = Self {
            streams: Vec::new(),
            defaults,
            least_steps: (speed / WALL_RATE_CAP_HZ / STEP_S).ceil().max(1.0) as u64,
        };
        streams.restart();
        streams
    }

    /// Back to the defaults, as after a restart of the autopilot.
    pub(super) fn restart(&mut self) {
        self.streams.clear();
        for (place, (id, rate)) in self.defaults.iter().enumerate() {
            self.set(*id, 1.0 / rate);
            // Not all in the same step.
            if let Some(stream) = self.streams.last_mut() {
                stream.next = place as u64;
            }
        }
    }

    /// Sends a message every so many vehicle seconds.
    pub(super) fn set(&mut self, id: u32, every_s: f64) {
        let every = ((every_s / STEP_S).round().max(1.0) as u64).max(self.least_steps);
        match self.streams.iter_mut().find(|stream| stream.id == id) {
            Some(stream) => {
                stream.every = every;
                stream.next = 0;
            }
            None => self.streams.push(Stream { id, every, next: 0 }),
        }
    }

    /// Sends a message no more.
    pub(super) fn stop(&mut self, id: u32) {
        self.streams.retain(|stream| stream.id != id);
    }

    /// Back to the default rate, which is none for most messages.
    pub(super) fn reset(&mut self, id: u32) {
        match self.defaults.iter().find(|(known, _)| *known == id) {
            Some((_, rate)) => self.set(id, 1.0 / rate),
            None => self.stop(id),
        }
    }

    /// Vehicle seconds between two messages, if it is sent at all.
    pub(super) fn interval_s(&self, id: u32) -> Option<f64> {
        self.streams
            .iter()
            .find(|stream| stream.id == id)
            .map(|stream| stream.every as f64 * STEP_S)
    }

    /// Messages due at a boot step.
    pub(super) fn due(&mut self, step: u64) -> Vec<u32> {
        let mut due = Vec::new();
        for stream in &mut self.streams {
            if step >= stream.next {
                stream.next = step.saturating_add(stream.every);
                due.push(stream.id);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(streams: &mut Streams, id: u32, steps: u64) -> usize {
        (0..steps).filter(|step| streams.due(*step).contains(&id)).count()
    }

    #[test]
    fn rates_are_those_of_the_autopilot_and_can_be_changed() {
        let mut streams = Streams::new(Profile::ArduCopter, 1.0);
        assert_eq!(sent(&mut streams, id::GLOBAL_POSITION_INT, 500), 39);
        assert_eq!(sent(&mut streams.clone(), id::EXTENDED_SYS_STATE, 500), 0);
        let mut streams = Streams::new(Profile::ArduCopter, 1.0);
        streams.set(id::EXTENDED_SYS_STATE, 0.5);
        assert_eq!(sent(&mut streams, id::EXTENDED_SYS_STATE, 500), 20);
        streams.stop(id::HEARTBEAT);
        assert_eq!(streams.interval_s(id::HEARTBEAT), None);
        streams.reset(id::HEARTBEAT);
        assert_eq!(streams.interval_s(id::HEARTBEAT), Some(1.0));
    }

    #[test]
    fn a_fast_vehicle_does_not_flood_the_wall_clock() {
        let mut streams = Streams::new(Profile::ArduCopter, 8.0);
        streams.set(id::ATTITUDE, 0.02);
        // 8 vehicle seconds are one of the wall clock.
        assert!(sent(&mut streams, id::ATTITUDE, 400) <= 20);
    }
}
