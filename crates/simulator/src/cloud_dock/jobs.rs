//! Remote debugging: commands that are only taken in debugging mode, and the ones of them that take time.

use serde_json::{Map, Value, json};

use crate::cloud_dock::codes;
use crate::cloud_dock::state::{Ids, Job, Machine, Now, Out};

/// Commands that take time: name, city seconds, the step they name.
const JOBS: [(&str, f64, &str); 10] = [
    ("cover_open", 12.5, "open_cover"),
    ("cover_close", 12.5, "close_cover"),
    ("cover_force_close", 12.5, "close_cover"),
    ("drone_open", 8.0, "open_drone"),
    ("drone_close", 6.0, "close_drone"),
    ("charge_open", 5.0, "close_putter"),
    ("charge_close", 4.0, "stop_charge"),
    ("device_reboot", 6.0, "write_reboot_param_file"),
    ("device_format", 5.0, "format_device"),
    ("drone_format", 5.0, "format_drone"),
];
/// How long a dock is away when it restarts, city seconds.
const REBOOT_S: f64 = 60.0;

impl Machine {
    /// A command of remote debugging, or one that nobody knows.
    pub(crate) fn debug(
        &mut self,
        ids: &Ids,
        method: &str,
        data: &Map<String, Value>,
        now: &Now,
    ) -> Result<Option<Value>, (i64, String)> {
        let done = || Ok(Some(json!({"status": "ok"})));
        let action = data.get("action").and_then(Value::as_i64);
        let job = JOBS.iter().any(|(name, ..)| *name == method);
        let switch = matches!(
            method,
            "supplement_light_open"
                | "supplement_light_close"
                | "alarm_state_switch"
                | "air_conditioner_mode_switch"
                | "battery_store_mode_switch"
        );
        match method {
            "debug_mode_open" if self.task.is_some() => {
                return Err((codes::WORKING, "a task is carried out".to_owned()));
            }
            "debug_mode_open" | "debug_mode_close" => {
                self.debugging = method == "debug_mode_open";
                return done();
            }
            _ if !job && !switch => {
                return Err((codes::COMMAND_NOT_SUPPORTED, "no such command".to_owned()));
            }
            _ if !self.debugging => {
                return Err((
                    codes::NOT_REMOTE_DEBUGGING_MODE,
                    "not in remote debugging mode".to_owned(),
                ));
            }
            _ if self.job.is_some() => return Err((codes::DOCK_BUSY, "another command".to_owned())),
            _ if job && self.site.dock_faults.emergency_stop => {
                return Err((codes::EMERGENCY_BUTTON, "emergency stop".to_owned()));
            }
            _ => {}
        }
        match (method, action) {
            ("supplement_light_open", _) => self.light = true,
            ("supplement_light_close", _) => self.light = false,
            ("alarm_state_switch", Some(on @ 0..=1)) => self.alarm = on == 1,
            ("air_conditioner_mode_switch", Some(mode @ 0..=3)) => self.air_conditioner = mode,
            ("battery_store_mode_switch", Some(mode @ 1..=2)) => self.battery_store_mode = mode,
            (_, _) if switch => return Err((codes::WRONG_PARAMETER, format!("action {action:?}"))),
            ("charge_open", _) if self.aircraft.battery_percent >= 95.0 => {
                return Err((codes::BATTERY_FULL, "95 % or more".to_owned()));
            }
            _ => {
                self.begin_job(ids, method, now);
                return Ok(Some(json!({"status": "in_progress"})));
            }
        }
        done()
    }

    fn begin_job(&mut self, ids: &Ids, method: &str, now: &Now) {
        match method {
            "cover_open" => self.cover.opening = true,
            "cover_close" | "cover_force_close" => self.cover.opening = false,
            _ => {}
        }
        self.job = Some(Job {
            method: method.to_owned(),
            bid: ids.bid.clone(),
            since_us: now.city_us,
            said_percent: -1,
        });
    }

    /// Goes on with the command that takes time.
    pub(crate) fn advance_job(&mut self, now: &Now) {
        let Some(mut job) = self.job.take() else { return };
        let Some((_, whole_s, step)) = JOBS.iter().find(|(name, ..)| *name == job.method) else {
            return;
        };
        let share = now.since_s(job.since_us) / whole_s;
        if share >= 1.0 {
            self.end_job(&job, step);
            return;
        }
        // In quarters, as a dock that says little.
        let percent = (share * 4.0).floor() as i64 * 25;
        if percent > job.said_percent {
            job.said_percent = percent;
            let status = if percent == 0 { "sent" } else { "in_progress" };
            self.tell_job(&job, (codes::OK, status), (percent, step));
        }
        self.job = Some(job);
    }

    fn end_job(&mut self, job: &Job, step: &str) {
        let failed = match job.method.as_str() {
            "cover_open" => (self.cover.share < 1.0).then_some(codes::OPEN_COVER_FAILED),
            "cover_close" | "cover_force_close" => {
                self.cover.abnormal = false;
                (self.cover.share > 0.0).then_some(codes::CLOSE_COVER_FAILED)
            }
            "drone_open" => (!self.aircraft.present).then_some(codes::POWER_ON_FAILED),
            "charge_open" => {
                let fails = !self.aircraft.present || self.cover.share > 0.0;
                fails.then_some(codes::CHARGE_FAILED)
            }
            _ => None,
        };
        if let Some(code) = failed {
            self.tell_job(job, (code, "failed"), (99, step));
            return;
        }
        self.tell_job(job, (codes::OK, "ok"), (100, step));
        match job.method.as_str() {
            "drone_open" => self.power(true),
            "drone_close" => self.power(false),
            "charge_open" => self.aircraft.charging = true,
            "charge_close" => self.aircraft.charging = false,
            "device_reboot" => {
                self.debugging = false;
                self.out.push(Out::OffLine { city_s: REBOOT_S });
            }
            _ => {}
        }
    }

    fn tell_job(&mut self, job: &Job, (result, status): (i64, &str), (percent, step): (i64, &str)) {
        self.out.push(Out::Event {
            bid: Some(job.bid.clone()),
            method: job.method.clone(),
            data: json!({
                "result": result,
                "output": {"status": status, "progress": {"percent": percent, "step_key": step}},
            }),
            need_reply: true,
            key: Some(format!("job {}", job.bid)),
        });
    }
}
