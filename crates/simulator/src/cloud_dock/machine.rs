//! What a dock does with what it hears, and what time does to it.

use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use crate::cloud_dock::codes;
use crate::cloud_dock::envelope::Envelope;
use crate::cloud_dock::flight::place_of;
use crate::cloud_dock::order::Order;
use crate::cloud_dock::state::{Ids, Machine, Now, Out, Prepared};
use crate::cloud_dock::wayline::Mission;
use crate::cloud_dock::wpml::read_kmz;

/// Time of the lid, seconds.
pub(crate) const COVER_S: f64 = 12.0;
/// The charger fills an empty battery in this time, seconds, and stops here, percent.
const CHARGE_S: f64 = 35.0 * 60.0;
const FULL_PERCENT: f64 = 95.0;
/// An idle dock switches its aircraft off after so long and charges it, seconds.
const POWER_OFF_AFTER_S: f64 = 30.0;
/// How far execute_time may lie back, and ahead, milliseconds.
const LATE_MS: i64 = 120_000;
const AHEAD_MS: i64 = 24 * 3_600_000;
/// Free storage, megabytes.
const FREE_STORAGE: f64 = 80_000.0;
/// Least charge for a task, percent.
const LEAST_BATTERY_PERCENT: f64 = 50.0;
/// Wind at which no task begins, metres per second.
pub(crate) const MOST_WIND_MS: f64 = 12.0;
/// How often a standing alarm is said, city seconds.
const ALARM_EVERY_S: f64 = 60.0;

impl Machine {
    /// Hears a service and answers it.
    pub(crate) fn hear(&mut self, service: &Envelope, now: &Now) {
        let ids = Ids {
            tid: service.tid.clone(),
            bid: service.bid.clone(),
        };
        let method = service.method.as_str();
        if self.site.faults.no_reply || self.site.dock_faults.mute {
            self.say("dji_service", format!("{method}: not answered"));
            return;
        }
        let outcome = if !self.ready {
            Err((
                codes::INITIALIZING_DOCK,
                "the cloud has not taken the topology".to_owned(),
            ))
        } else {
            match method {
                "flighttask_prepare" => match self.begin_prepare(&ids, &service.data, now) {
                    Ok(()) => return,
                    Err(refusal) => Err(refusal),
                },
                "flighttask_execute" => self.execute(&ids, &service.data, now),
                "flighttask_undo" => self.undo(&service.data),
                "flighttask_pause" => self.pause(now),
                "flighttask_recovery" => self.recover(now),
                "flighttask_stop" => self.stop(&service.data, now),
                "return_home" => self.return_home(now),
                "return_home_cancel" => self.cancel_return(now),
                "upload_flighttask_media_prioritize" => Err((
                    codes::SET_MEDIA_PRIORITY_FAILED,
                    "files come in the order of flights".to_owned(),
                )),
                _ => self.debug(&ids, method, &service.data, now),
            }
        };
        self.answer(ids, method, outcome);
    }

    /// Answers a service.
    pub(crate) fn answer(&mut self, ids: Ids, method: &str, outcome: Result<Option<Value>, (i64, String)>) {
        let (result, output, text) = match outcome {
            Ok(output) => (codes::OK, output, "done".to_owned()),
            Err((code, reason)) => (code, None, format!("{code}, {reason}")),
        };
        self.say("dji_service", format!("{method}: {text}"));
        self.out.push(Out::Reply {
            ids,
            method: method.to_owned(),
            result,
            output,
        });
    }

    fn begin_prepare(
        &mut self,
        ids: &Ids,
        data: &Map<String, Value>,
        now: &Now,
    ) -> Result<(), (i64, String)> {
        if let Some(code) = self.site.faults.reject_prepare {
            return Err((i64::from(code), "fault dji_reject_prepare".to_owned()));
        }
        let order = Order::read(data)?;
        if self.debugging {
            return Err((codes::REMOTE_DEBUGGING_MODE, "remote debugging".to_owned()));
        }
        if self.flies(&order.flight_id) {
            return Err((codes::EDIT_TASK_FAILED, "the task is carried out".to_owned()));
        }
        if self.task.is_some() && order.ready.is_none() && data.get("task_type") == Some(&json!(0)) {
            return Err((
                codes::PERFORMING_OTHER_TASK,
                "another task is carried out".to_owned(),
            ));
        }
        if let Some(at_ms) = order.execute_time_ms {
            // A city under time lapse has a clock of its own; the cloud may live by either.
            let off = [now.wall_ms, now.city_us / 1000].map(|clock_ms| at_ms - clock_ms);
            if !off.iter().any(|ms| (-LATE_MS..=AHEAD_MS).contains(ms)) {
                return Err((
                    codes::TASK_EXPIRE,
                    format!("execute_time {at_ms} lies {} ms ahead", off[0]),
                ));
            }
        }
        if order.storage.is_some_and(|wanted| wanted > FREE_STORAGE) {
            return Err((codes::INSUFFICIENT_STORAGE, "executable_conditions".to_owned()));
        }
        self.fetch(Some(ids.clone()), order);
        Ok(())
    }

    fn flies(&self, flight_id: &str) -> bool {
        self.task
            .as_ref()
            .is_some_and(|task| task.prepared.order.flight_id == flight_id)
    }

    /// A file has come, or not.
    pub(crate) fn hear_file(&mut self, number: u64, file: Result<Vec<u8>, String>, now: &Now) {
        let Some((ids, order)) = self.fetching.remove(&number) else {
            return;
        };
        let outcome = file
            .map_err(|reason| (codes::DISTRIBUTE_TASK_FAILED, format!("{}: {reason}", order.url)))
            .and_then(|bytes| self.open_file(&order, &bytes));
        let Some(ids) = ids else {
            self.hear_task_file(&order, outcome, now);
            return;
        };
        let outcome = outcome.map(|mission| {
            let waypoints = mission.waypoint_count();
            self.say(
                "dji_task",
                format!("{} has {waypoints} waypoints", order.flight_id),
            );
            let prepared = Prepared {
                mission,
                told_ready: false,
                order: order.clone(),
            };
            self.prepared.insert(order.flight_id.clone(), prepared);
            None
        });
        self.answer(ids, "flighttask_prepare", outcome);
    }

    fn open_file(&self, order: &Order, bytes: &[u8]) -> Result<Mission, (i64, String)> {
        let found: String = Md5::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if found != order.fingerprint {
            return Err((
                codes::MD5_CHECK_FAILED,
                format!("the file is {found}, not {}", order.fingerprint),
            ));
        }
        let mission = read_kmz(bytes)?;
        mission.check(|heights, waypoint| place_of(&self.site.frame, heights, waypoint))?;
        if let Some(point) = &order.break_point {
            mission.check_break_point(point)?;
        }
        Ok(mission)
    }

    fn execute(
        &mut self,
        ids: &Ids,
        data: &Map<String, Value>,
        now: &Now,
    ) -> Result<Option<Value>, (i64, String)> {
        let flight_id = data.get("flight_id").and_then(Value::as_str).unwrap_or_default();
        let no = |code: i64, text: &str| Err((code, text.to_owned()));
        if self.task.is_some() {
            return no(codes::PERFORMING_OTHER_TASK, "another task is carried out");
        }
        if self.debugging {
            return no(codes::REMOTE_DEBUGGING_MODE, "remote debugging");
        }
        let Some(prepared) = self.prepared.get(flight_id).cloned() else {
            return no(codes::TASK_ID_NOT_EXIST, flight_id);
        };
        if self.site.dock_faults.emergency_stop {
            return no(codes::EMERGENCY_STOP, "emergency stop");
        }
        if !self.aircraft.present {
            return no(codes::AIRCRAFT_NOT_DETECTED, "no aircraft");
        }
        if self.aircraft.battery_percent < LEAST_BATTERY_PERCENT {
            return no(
                codes::LOW_POWER,
                &format!("battery {:.0} %", self.aircraft.battery_percent),
            );
        }
        if let Some(ready) = prepared.order.ready {
            if self.aircraft.battery_percent <= ready.battery_percent {
                return no(
                    codes::LOW_POWER_THAN_SET_VALUE,
                    "ready_conditions.battery_capacity",
                );
            }
            if !in_time(&ready, now) {
                return no(codes::TASK_EXPIRE, "ready_conditions.begin_time and end_time");
            }
        }
        if now.weather.wind_ms >= MOST_WIND_MS {
            return no(codes::HIGH_WIND, &format!("wind {:.1} m/s", now.weather.wind_ms));
        }
        if now.weather.rain_level >= 3 {
            return no(codes::HEAVY_RAINFALL, "rain level 3");
        }
        self.prepared.remove(flight_id);
        self.begin_task(prepared, &ids.bid, now);
        Ok(Some(json!({"status": "in_progress"})))
    }

    fn undo(&mut self, data: &Map<String, Value>) -> Result<Option<Value>, (i64, String)> {
        let ids = data.get("flight_ids").and_then(Value::as_array);
        let ids: Option<Vec<&str>> = ids.and_then(|ids| ids.iter().map(Value::as_str).collect());
        let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
            return Err((codes::WRONG_PARAMETER, "flight_ids".to_owned()));
        };
        for id in &ids {
            if self.flies(id) {
                return Err((codes::CANCEL_TASK_FAILED, format!("{id} is carried out")));
            }
            if !self.prepared.contains_key(*id) {
                return Err((codes::TASK_ID_NOT_EXIST, (*id).to_owned()));
            }
        }
        for id in ids {
            self.prepared.remove(id);
        }
        Ok(None)
    }

    /// Sets properties.
    pub(crate) fn set_properties(&mut self, message: &Envelope) {
        let mut results = Map::new();
        for (name, value) in &message.data {
            let known = self.properties.get(name);
            let fits =
                known.is_some_and(|known| std::mem::discriminant(known) == std::mem::discriminant(value));
            if fits {
                self.properties.insert(name.clone(), value.clone());
            }
            results.insert(name.clone(), json!({"result": i32::from(!fits)}));
        }
        self.out.push(Out::PropertyReply {
            ids: Ids {
                tid: message.tid.clone(),
                bid: message.bid.clone(),
            },
            data: Value::Object(results),
        });
    }

    /// Time has passed.
    pub(crate) fn advance(&mut self, now: &Now) {
        let passed_s = self
            .last_us
            .map_or(0.0, |last| now.since_s(last))
            .clamp(0.0, 600.0);
        self.last_us = Some(now.city_us);
        self.move_cover(passed_s);
        self.charge(passed_s, now);
        self.advance_job(now);
        self.advance_task(passed_s, now);
        self.tell_ready_tasks(now);
        self.sound_alarm(now);
    }

    fn move_cover(&mut self, passed_s: f64) {
        let stuck = self.site.faults.cover_stuck || self.site.dock_faults.lid_stuck;
        if self.cover.opening && stuck {
            self.cover.abnormal = true;
            return;
        }
        let way = passed_s / COVER_S;
        self.cover.share = match self.cover.opening {
            true => (self.cover.share + way).min(1.0),
            false => (self.cover.share - way).max(0.0),
        };
    }

    fn charge(&mut self, passed_s: f64, now: &Now) {
        let idle = self.task.is_none() && self.job.is_none() && !self.debugging;
        if !idle {
            self.idle_since_us = now.city_us;
        }
        let aircraft = &mut self.aircraft;
        let wants_charge = aircraft.flights > 0 || aircraft.battery_percent < LEAST_BATTERY_PERCENT;
        if idle && aircraft.present && wants_charge {
            if aircraft.on && now.since_s(self.idle_since_us) > POWER_OFF_AFTER_S {
                self.power(false);
                return;
            }
            if !aircraft.on && aircraft.battery_percent < FULL_PERCENT - 5.0 {
                aircraft.charging = true;
            }
        }
        if aircraft.charging {
            aircraft.battery_percent += 100.0 * passed_s / CHARGE_S;
            if aircraft.battery_percent >= FULL_PERCENT {
                aircraft.battery_percent = FULL_PERCENT;
                aircraft.charging = false;
            }
        }
    }

    fn tell_ready_tasks(&mut self, now: &Now) {
        if self.task.is_some() {
            return;
        }
        let battery = self.aircraft.battery_percent;
        let mut ready = Vec::new();
        for (id, prepared) in &mut self.prepared {
            let Some(conditions) = prepared.order.ready else {
                continue;
            };
            if !prepared.told_ready && battery > conditions.battery_percent && in_time(&conditions, now) {
                prepared.told_ready = true;
                ready.push(id.clone());
            }
        }
        if !ready.is_empty() {
            self.out.push(Out::Event {
                bid: None,
                method: "flighttask_ready".to_owned(),
                data: json!({"flight_ids": ready}),
                need_reply: true,
                key: None,
            });
        }
    }

    fn sound_alarm(&mut self, now: &Now) {
        let Some(code) = self.site.faults.hms_code else {
            return;
        };
        if self
            .alarm_said_us
            .is_some_and(|said| now.since_s(said) < ALARM_EVERY_S)
            || !self.ready
        {
            return;
        }
        self.alarm_said_us = Some(now.city_us);
        let in_the_sky = i32::from(self.flight().is_some());
        let data = json!({"list": [{
            "level": 2, "module": 3, "in_the_sky": in_the_sky, "code": format!("0x{code:08X}"),
            "device_type": "0-91-0", "imminent": 1, "args": {"component_index": 0, "sensor_index": 0},
        }]});
        self.tell("hms", data);
    }
}

/// Whether a conditional task may start now, by one of the two clocks.
fn in_time(ready: &crate::cloud_dock::order::Ready, now: &Now) -> bool {
    [now.wall_ms, now.city_us / 1000]
        .iter()
        .any(|clock_ms| (ready.from_ms..=ready.until_ms).contains(clock_ms))
}
