//! What the vehicle does by itself when the ground station goes silent or the battery runs low.

use mavlink::dialects::ardupilotmega::MavSeverity;

use super::autopilot::{Autopilot, Peer};
use super::body::STEP_S;
use super::options::Profile;
use super::parameters::Action;
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
        let action = self.parameters.lost_link_action(self.mode == Mode::Auto);
        // Told when it is lost and acted on once: switched off, nothing is watched.
        if action == Action::Nothing && self.parameters.lost_link_action(false) == Action::Nothing {
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
            match action {
                Action::Land => "Data link lost, Land activated",
                Action::Hold => "Data link lost, Hold activated",
                Action::Nothing => "Data link lost",
                Action::Return => "Data link lost, Return activated",
            }
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
        self.do_by_itself(action);
    }

    /// On the way home or down already, only landing is more.
    fn do_by_itself(&mut self, action: Action) {
        let comes_down = matches!(self.mode, Mode::Land | Mode::Return) || self.is_returning_in_mission();
        match action {
            Action::Nothing => {}
            Action::Land if self.mode != Mode::Land => self.enter(Mode::Land),
            Action::Return if !comes_down => self.enter(Mode::Return),
            Action::Hold if !comes_down => self.enter(Mode::Loiter),
            Action::Land | Action::Return | Action::Hold => {}
        }
    }

    pub(super) fn check_battery(&mut self) {
        if !self.armed || self.on_ground {
            self.failsafe.battery_low &= self.armed;
            self.failsafe.battery_critical &= self.armed;
            return;
        }
        let [low, critical] = self.parameters.battery_failsafes([LOW_PERCENT, CRITICAL_PERCENT]);
        let percent = self.battery.percent();
        if percent < critical.0 && !self.failsafe.battery_critical {
            self.failsafe.battery_critical = true;
            self.say_battery("critical");
            self.do_by_itself(critical.1);
        } else if percent < low.0 && !self.failsafe.battery_low {
            self.failsafe.battery_low = true;
            self.say_battery("low");
            self.do_by_itself(low.1);
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
