//! What the vehicle does by itself when the ground station goes silent or the battery runs low.

use mavlink::dialects::ardupilotmega::MavSeverity;

use super::autopilot::{Autopilot, Peer};
use super::body::STEP_S;
use super::options::Profile;
use super::profile::Mode;

/// Battery failsafe, percent.
const LOW_PERCENT: f64 = 20.0;
/// Second battery failsafe, percent: land at once.
const CRITICAL_PERCENT: f64 = 8.0;

impl Autopilot {
    /// A ground station's heartbeat; only the configured one holds off the failsafe.
    pub(super) fn hear_ground_station(&mut self, peer: Peer) {
        if self
            .parameters
            .ground_station()
            .is_none_or(|configured| configured == peer.system_id)
        {
            self.failsafe.gcs_seen = Some(self.clock.boot_steps());
        }
    }

    pub(super) fn check_ground_station(&mut self) {
        let Some(seen) = self.failsafe.gcs_seen else {
            return;
        };
        if !self.parameters.gcs_failsafe() {
            return;
        }
        let silent_s = (self.clock.boot_steps() - seen) as f64 * STEP_S;
        let lost = silent_s > self.parameters.gcs_timeout_s();
        if lost == self.failsafe.gcs_lost {
            return;
        }
        self.failsafe.gcs_lost = lost;
        let copter = self.options.profile == Profile::ArduCopter;
        if !lost {
            let text = if copter {
                "GCS Failsafe Cleared"
            } else {
                "Data link regained"
            };
            self.say(MavSeverity::MAV_SEVERITY_WARNING, text);
            return;
        }
        let text = if copter {
            "GCS Failsafe"
        } else {
            "Data link lost, Return activated"
        };
        self.say(MavSeverity::MAV_SEVERITY_WARNING, text);
        if !self.armed {
            return;
        }
        if self.on_ground || self.body.position_m[2] < 0.05 {
            self.on_ground = true;
            self.disarm();
            return;
        }
        if !matches!(self.mode, Mode::Land | Mode::Return) && !self.is_returning_in_mission() {
            self.enter(Mode::Return);
        }
    }

    pub(super) fn check_battery(&mut self) {
        if !self.armed || self.on_ground || !self.parameters.battery_failsafe() {
            self.failsafe.battery_low &= self.armed;
            self.failsafe.battery_critical &= self.armed;
            return;
        }
        let percent = self.battery.percent();
        if percent < CRITICAL_PERCENT && !self.failsafe.battery_critical {
            self.failsafe.battery_critical = true;
            self.say_battery("critical");
            if self.mode != Mode::Land {
                self.enter(Mode::Land);
            }
        } else if percent < LOW_PERCENT && !self.failsafe.battery_low {
            self.failsafe.battery_low = true;
            self.say_battery("low");
            if !matches!(self.mode, Mode::Land | Mode::Return) && !self.is_returning_in_mission() {
                self.enter(Mode::Return);
            }
        }
    }

    fn say_battery(&mut self, what: &str) {
        let text = format!(
            "Battery 1 is {what} {:.2}V used {:.0} mAh",
            self.battery.volts(),
            self.battery.used_mah()
        );
        self.say(MavSeverity::MAV_SEVERITY_WARNING, &text);
        self.say(MavSeverity::MAV_SEVERITY_WARNING, "Battery Failsafe");
    }
}
