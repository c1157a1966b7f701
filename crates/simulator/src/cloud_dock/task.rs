//! A flight task: the steps before the flight, the flight, the steps after it, and what is said about all of them
//! (`flighttask_progress`). Numbers of steps as in the Cloud API's document of dock 2.

use serde_json::{Map, Value, json};

use crate::cloud_dock::body::STEP_S;
use crate::cloud_dock::codes;
use crate::cloud_dock::flight::{Flight, FlightPlan, Phase};
use crate::cloud_dock::machine::{COVER_S, MOST_WIND_MS};
use crate::cloud_dock::order::Order;
use crate::cloud_dock::progress::progress;
use crate::cloud_dock::state::{Machine, Now, Out, Prepared, Stage, Task};
use crate::cloud_dock::wayline::Mission;

/// Steps before the flight and how long they take, city seconds; 7 takes the lid, 16 and 17 take the cloud.
const BEFORE: [(i64, f64); 12] = [
    (5, 1.0),
    (6, 2.0),
    (OPEN_COVER, COVER_S),
    (9, 3.0),
    (11, 1.0),
    (13, 1.0),
    (KMZ_URL, 0.0),
    (17, 0.0),
    (18, 2.0),
    (20, 1.0),
    (23, 1.0),
    (24, 1.0),
];
const OPEN_COVER: i64 = 7;
const KMZ_URL: i64 = 16;
/// Steps after the flight.
const AFTER: [(i64, f64); 4] = [(28, COVER_S + 1.0), (29, 2.0), (33, 1.0), (35, 0.5)];
/// How long the cloud may take to give the file's address, wall milliseconds.
const RESOURCE_MS: i64 = 40_000;
/// A full battery lasts so long in still air, seconds.
const ENDURANCE_S: f64 = 38.0 * 60.0;
/// Charge that is left for the landing, percent.
const RESERVE_PERCENT: f64 = 18.0;
/// How often progress is said at least, city seconds.
const PROGRESS_S: f64 = 5.0;
/// How long the fault dji_offline_at lasts, city seconds.
const OFF_LINE_S: f64 = 90.0;

type Outcome = Result<Option<Value>, (i64, String)>;

impl Machine {
    /// Begins to carry out a task.
    pub(crate) fn begin_task(&mut self, prepared: Prepared, bid: &str, now: &Now) {
        self.aircraft.charging = false;
        self.out.push(Out::Assign(prepared.order.flight_id.clone()));
        self.task = Some(Task {
            track_id: format!("{}-{}", prepared.order.flight_id, self.aircraft.flights + 1),
            prepared,
            bid: bid.to_owned(),
            stage: Stage::Before(0),
            since_us: now.city_us,
            since_wall_ms: now.wall_ms,
            resource: false,
            take_off_us: now.city_us,
            flight: None,
            owed_s: 0.0,
            broken: None,
            said: None,
            was_off_line: false,
        });
        self.tell_progress("sent", codes::OK, now);
    }

    /// Goes on with the task.
    pub(crate) fn advance_task(&mut self, passed_s: f64, now: &Now) {
        match self.task.as_ref().map(|task| task.stage) {
            None => return,
            Some(Stage::Before(at)) => self.advance_before(at, now),
            Some(Stage::Flying) => self.advance_flight(passed_s, now),
            Some(Stage::After(at)) => self.advance_after(at, now),
        }
        if self.task.is_some() {
            self.tell_progress_if_news(now);
        }
    }

    fn advance_before(&mut self, at: usize, now: &Now) {
        let Some(&(step, takes_s)) = BEFORE.get(at) else {
            self.take_off(now);
            return;
        };
        let Some(task) = &self.task else { return };
        let passed_s = now.since_s(task.since_us);
        let (resource, waited_ms) = (task.resource, now.wall_ms - task.since_wall_ms);
        let done = match step {
            OPEN_COVER => {
                self.cover.opening = true;
                if passed_s > 2.0 * COVER_S && self.cover.share < 1.0 {
                    self.fail_task(codes::OPEN_COVER_FAILED, "the cover does not open", now);
                    return;
                }
                self.cover.share >= 1.0
            }
            9 => {
                self.power(true);
                passed_s >= takes_s
            }
            KMZ_URL | 17 => {
                if waited_ms > RESOURCE_MS {
                    self.fail_task(
                        codes::WRONG_KMZ_URL,
                        "flighttask_resource_get was not answered",
                        now,
                    );
                    return;
                }
                step == KMZ_URL && !self.fetching_for_task().is_empty() || resource
            }
            _ => passed_s >= takes_s,
        };
        if done {
            self.enter(Stage::Before(at + 1), now);
        }
    }

    fn enter(&mut self, stage: Stage, now: &Now) {
        let Some(task) = &mut self.task else { return };
        task.stage = stage;
        task.since_us = now.city_us;
        task.since_wall_ms = now.wall_ms;
        let asks =
            matches!(stage, Stage::Before(at) if BEFORE.get(at).is_some_and(|(step, _)| *step == KMZ_URL));
        if asks {
            let data = json!({"flight_id": task.prepared.order.flight_id});
            self.out.push(Out::Request {
                method: "flighttask_resource_get".to_owned(),
                data,
            });
        }
    }

    fn fetching_for_task(&self) -> Vec<u64> {
        let of_task = self.fetching.iter().filter(|(_, (ids, _))| ids.is_none());
        of_task.map(|(number, _)| *number).collect()
    }

    /// The cloud's answer to flighttask_resource_get.
    pub(crate) fn hear_resource(&mut self, data: &Map<String, Value>, now: &Now) {
        let Some(task) = &mut self.task else { return };
        if !matches!(task.stage, Stage::Before(at) if BEFORE.get(at).is_some_and(|(step, _)| *step == KMZ_URL))
        {
            return;
        }
        let file = data.get("output").and_then(|output| output.get("file"));
        let text = |name: &str| {
            let value = file.and_then(|file| file.get(name)).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let result = data.get("result").and_then(Value::as_i64);
        let (Some(0), Some(url), Some(fingerprint)) = (result, text("url"), text("fingerprint")) else {
            self.fail_task(codes::WRONG_KMZ_URL, "flighttask_resource_get has no file", now);
            return;
        };
        let fingerprint = fingerprint.to_ascii_lowercase();
        if fingerprint == task.prepared.order.fingerprint {
            task.resource = true;
            return;
        }
        let order = Order {
            url,
            fingerprint,
            ..task.prepared.order.clone()
        };
        self.fetch(None, order);
    }

    /// The file of the task has come once more, or not.
    pub(crate) fn hear_task_file(
        &mut self,
        order: &Order,
        outcome: Result<Mission, (i64, String)>,
        now: &Now,
    ) {
        // The task that asked may be over, and another one under way.
        let Some(task) = self
            .task
            .as_mut()
            .filter(|task| task.prepared.order.flight_id == order.flight_id)
        else {
            return;
        };
        match outcome {
            Ok(mission) => {
                task.prepared.mission = mission;
                task.prepared.order = order.clone();
                task.resource = true;
            }
            Err((code, reason)) => self.fail_task(code, &reason, now),
        }
    }

    fn take_off(&mut self, now: &Now) {
        self.aircraft.flights += 1;
        let (seed, flights) = (self.site.seed, u64::from(self.aircraft.flights));
        let Some(task) = &mut self.task else { return };
        task.take_off_us = now.city_us;
        task.flight = Some(Flight::new(FlightPlan {
            frame: self.site.frame,
            seed: seed ^ flights << 40,
            mission: task.prepared.mission.clone(),
            resume: task.prepared.order.break_point,
            rth_altitude_m: task.prepared.order.rth_altitude_m,
        }));
        let point = task.prepared.order.break_point;
        self.aircraft.present = false;
        self.enter(Stage::Flying, now);
        self.say("took_off", format!("flight {flights}"));
        if let Some(point) = point {
            let share = 100.0 * point.progress;
            self.say(
                "dji_resume",
                format!("goes on at waypoint {} and {share:.0} % of the way", point.index),
            );
        }
    }

    fn advance_flight(&mut self, passed_s: f64, now: &Now) {
        let wind_ms = now.weather.wind_ms;
        let Some(task) = &mut self.task else { return };
        let Some(flight) = &mut task.flight else { return };
        task.owed_s += passed_s;
        let way_before = flight.body.way_m;
        let homing_before = flight.phase == Phase::Homing;
        while task.owed_s >= STEP_S && flight.phase != Phase::Landed {
            task.owed_s -= STEP_S;
            flight.step(wind_ms);
            let drain = 100.0 * STEP_S / ENDURANCE_S * (1.0 + wind_ms / 25.0);
            self.aircraft.battery_percent = (self.aircraft.battery_percent - drain).max(0.0);
            self.aircraft.flown_s += STEP_S;
        }
        self.aircraft.flown_m += flight.body.way_m - way_before;
        let take_off_us = task.take_off_us;
        let opened = flight.camera.openings.drain(..);
        self.out
            .extend(opened.map(|opening| Out::Opened { take_off_us, opening }));
        let (phase, time_s) = (flight.phase, flight.time_s);
        let offline = self.site.faults.offline_at_s.is_some_and(|at_s| time_s >= at_s);
        if offline && !task.was_off_line {
            task.was_off_line = true;
            self.out.push(Out::OffLine { city_s: OFF_LINE_S });
        }
        if phase == Phase::Homing && !homing_before {
            self.tell_way_home();
        }
        if phase == Phase::Landed {
            self.land(now);
        } else if matches!(phase, Phase::Entering | Phase::Wayline | Phase::Hovering) {
            self.break_if_due(now);
        }
    }

    fn land(&mut self, now: &Now) {
        self.aircraft.present = true;
        self.cover.opening = false;
        self.enter(Stage::After(0), now);
        let battery = self.aircraft.battery_percent;
        self.say("landed", format!("in the dock, battery {battery:.0} %"));
    }

    fn break_if_due(&mut self, now: &Now) {
        let Some(flight) = self.flight() else { return };
        let [e, n, up] = flight.body.position_m;
        let home_s = e.hypot(n) / 10.0 + up / 4.0;
        let need = RESERVE_PERCENT + 100.0 * home_s / ENDURANCE_S * 1.5;
        let obstacle = self
            .site
            .faults
            .break_at_s
            .is_some_and(|at_s| flight.time_s >= at_s);
        let reason = if self.aircraft.battery_percent <= need {
            codes::BREAK_LOW_BATTERY
        } else if now.weather.wind_ms >= MOST_WIND_MS {
            codes::BREAK_WIND
        } else if obstacle && flight.phase != Phase::Hovering {
            codes::BREAK_OBSTACLE
        } else {
            return;
        };
        self.break_task(reason, now);
    }

    /// Breaks the wayline and sends the aircraft home.
    fn break_task(&mut self, reason: i64, now: &Now) {
        self.note_break(reason);
        if let Some(flight) = self.task.as_mut().and_then(|task| task.flight.as_mut()) {
            flight.go_home();
        }
        self.say("dji_break", format!("break_reason {reason}"));
        self.tell_progress("in_progress", codes::OK, now);
        self.tell_way_home();
    }

    fn note_break(&mut self, reason: i64) {
        let frame = self.site.frame;
        let Some(task) = &mut self.task else { return };
        let Some(flight) = &task.flight else { return };
        if task.broken.is_none() && !flight.complete {
            let place = frame.wgs84_from_enu(flight.body.position_m);
            let height_m = flight.body.position_m[2] + frame.street_amsl_m;
            let head_deg = (flight.body.yaw_rad.to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
            let here = [place.latitude_deg, place.longitude_deg, height_m, head_deg];
            task.broken = Some((reason, flight.break_point(), here));
        }
    }

    fn tell_way_home(&mut self) {
        let frame = self.site.frame;
        let Some(task) = &self.task else { return };
        let Some(flight) = &task.flight else { return };
        let points: Vec<Value> = flight
            .planned_path()
            .into_iter()
            .map(|place_m| {
                let place = frame.wgs84_from_enu(place_m);
                json!({
                    "latitude": place.latitude_deg, "longitude": place.longitude_deg,
                    "height": place_m[2] + frame.street_amsl_m,
                })
            })
            .collect();
        let data = json!({
            "planned_path_points": points, "last_point_type": 0,
            "flight_id": task.prepared.order.flight_id, "home_dock_sn": self.site.gateway_sn,
        });
        self.tell("return_home_info", data);
    }

    fn advance_after(&mut self, at: usize, now: &Now) {
        let Some(&(_, takes_s)) = AFTER.get(at) else {
            self.end_task(now);
            return;
        };
        let passed_s = self.task.as_ref().map_or(0.0, |task| now.since_s(task.since_us));
        if passed_s >= takes_s {
            self.enter(Stage::After(at + 1), now);
        }
    }

    fn end_task(&mut self, now: &Now) {
        let Some(task) = &self.task else { return };
        let begun = task.flight.as_ref().is_some_and(Flight::has_begun);
        let files = task.flight.as_ref().map_or(0, |flight| flight.camera.count);
        // The documents do not say how a broken task is called: canceled where the cloud broke it, partially done
        // where something was flown.
        let (status, result) = match task.broken {
            None => ("ok", codes::OK),
            Some((reason @ (codes::BREAK_USER_EXIT | codes::BREAK_USER_RETURN), ..)) => {
                ("canceled", codes::of_break(reason))
            }
            Some((reason, ..)) if begun => ("partially_done", codes::of_break(reason)),
            Some((reason, ..)) => ("failed", codes::of_break(reason)),
        };
        let flight_id = task.prepared.order.flight_id.clone();
        self.tell_progress(status, result, now);
        self.say("dji_task", format!("{flight_id}: {status}, {files} photos"));
        self.out.push(Out::Landed { flight_id, files });
        self.task = None;
    }

    /// Ends a task that never flew.
    fn fail_task(&mut self, code: i64, reason: &str, now: &Now) {
        self.tell_progress("failed", code, now);
        self.say("dji_task", format!("failed: {code}, {reason}"));
        self.cover.opening = false;
        self.task = None;
    }

    /// The cloud pauses the wayline.
    pub(crate) fn pause(&mut self, now: &Now) -> Outcome {
        let flight = self.task.as_mut().and_then(|task| task.flight.as_mut());
        let on_way = |phase| matches!(phase, Phase::Entering | Phase::Wayline);
        match flight {
            Some(flight) if on_way(flight.phase) && !flight.paused => flight.paused = true,
            _ => return Err((codes::NOT_IN_WAYLINE, "no wayline to be paused".to_owned())),
        }
        self.tell_progress("paused", codes::OK, now);
        Ok(None)
    }

    /// The cloud lets the wayline go on.
    pub(crate) fn recover(&mut self, now: &Now) -> Outcome {
        let flight = self.task.as_mut().and_then(|task| task.flight.as_mut());
        match flight {
            Some(flight) if flight.paused => flight.paused = false,
            _ => return Err((codes::RESUME_TASK_FAILED, "nothing is paused".to_owned())),
        }
        self.tell_progress("in_progress", codes::OK, now);
        Ok(None)
    }

    /// The cloud ends the task.
    pub(crate) fn stop(&mut self, data: &Map<String, Value>, now: &Now) -> Outcome {
        let flight_id = data.get("flight_id").and_then(Value::as_str).unwrap_or_default();
        let flying = match &self.task {
            Some(task) if task.prepared.order.flight_id == flight_id => task.flight.is_some(),
            _ => return Err((codes::NOT_STARTED_CANNOT_STOP, flight_id.to_owned())),
        };
        match flying {
            true => self.break_task(codes::BREAK_USER_EXIT, now),
            false => {
                self.tell_progress("canceled", codes::of_break(codes::BREAK_USER_EXIT), now);
                self.cover.opening = false;
                self.task = None;
            }
        }
        Ok(None)
    }

    /// The cloud calls the aircraft home.
    pub(crate) fn return_home(&mut self, now: &Now) -> Outcome {
        match self.flight().map(|flight| flight.phase) {
            Some(Phase::Entering | Phase::Wayline | Phase::Hovering) => {
                self.break_task(codes::BREAK_USER_RETURN, now);
            }
            Some(Phase::Homing | Phase::Landing) => {}
            _ => return Err((codes::NOT_TAKEN_OFF, "the aircraft is not in the air".to_owned())),
        }
        Ok(Some(json!({"status": "in_progress"})))
    }

    /// The cloud gives the way home up: the aircraft hangs in the air.
    pub(crate) fn cancel_return(&mut self, now: &Now) -> Outcome {
        let flight = self.task.as_mut().and_then(|task| task.flight.as_mut());
        match flight {
            Some(flight) if flight.phase == Phase::Homing => flight.hover(),
            _ => {
                return Err((
                    codes::CANCEL_RTH_FAILED,
                    "the aircraft is not on its way home".to_owned(),
                ));
            }
        }
        let sn = self.site.gateway_sn.clone();
        self.out.push(Out::Event {
            bid: None,
            method: "device_exit_homing_notify".to_owned(),
            data: json!({"sn": sn, "action": 1, "reason": 0}),
            need_reply: true,
            key: None,
        });
        self.tell_progress("in_progress", codes::OK, now);
        Ok(None)
    }

    fn tell_progress_if_news(&mut self, now: &Now) {
        let Some(task) = &self.task else { return };
        let paused = task.flight.as_ref().is_some_and(|flight| flight.paused);
        let status = if paused { "paused" } else { "in_progress" };
        let fresh = progress(task, (&BEFORE, &AFTER), (status, codes::OK));
        let due = task
            .said
            .as_ref()
            .is_none_or(|(said, at_us)| *said != fresh || now.since_s(*at_us) > PROGRESS_S);
        if due {
            self.tell_progress(status, codes::OK, now);
        }
    }

    fn tell_progress(&mut self, status: &str, result: i64, now: &Now) {
        let odd = self.site.faults.unknown_fields;
        let Some(task) = &mut self.task else { return };
        let data = progress(task, (&BEFORE, &AFTER), (status, result));
        let bid = task.bid.clone();
        let flight_id = &task.prepared.order.flight_id;
        let key = Some(format!("progress {flight_id}"));
        let first_in_flight = task.said.is_none();
        task.said = Some((data.clone(), now.city_us));
        if odd && first_in_flight {
            let mut strange = data.clone();
            strange["output"]["status"] = json!("warming_up");
            strange["output"]["progress"]["current_step"] = json!(71);
            self.out.push(Out::Event {
                bid: Some(bid.clone()),
                method: "flighttask_progress".to_owned(),
                data: strange,
                need_reply: false,
                key: None,
            });
            self.tell("flighttask_forecast", json!({"minutes": 3}));
        }
        self.out.push(Out::Event {
            bid: Some(bid),
            method: "flighttask_progress".to_owned(),
            data,
            need_reply: true,
            key,
        });
    }
}
