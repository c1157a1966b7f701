//! One dock on its line: what it hears, what it says, the files it fetches and brings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::cloud_dock::camera::Opening;
use crate::cloud_dock::envelope::{self, Envelope, Writer, result_of};
use crate::cloud_dock::http;
use crate::cloud_dock::line::{Address, Line, LineEvent, Topic};
use crate::cloud_dock::media::{Media, Next};
use crate::cloud_dock::pending::Pending;
use crate::cloud_dock::state::{Machine, Now, Out, Site};
use crate::dock::{Assignment, CityClock, Say, WeatherStation, wall_ms};
use crate::fleet::{Parcel, RenderQueue};
use crate::vehicle::Exposure;

/// How often the dock lives on.
const TICK: Duration = Duration::from_millis(100);
/// How often properties are said: every two city seconds, at most so often, wall milliseconds.
const OSD_CITY_MS: f64 = 2_000.0;
const OSD_LEAST_MS: f64 = 200.0;

/// What people type in at a simulated dock.
const ORGANISATION: &str = "flyonce";
const BINDING_CODE: &str = "0000";

/// What a dock is connected to beside its line.
pub(crate) struct CloudDockLinks {
    pub(crate) system_id: u8,
    pub(crate) city: CityClock,
    pub(crate) mast: WeatherStation,
    pub(crate) exposures: mpsc::Sender<Exposure>,
    pub(crate) assignment: watch::Sender<Option<Assignment>>,
    pub(crate) parcels: mpsc::UnboundedReceiver<Parcel>,
    pub(crate) queue: Arc<RenderQueue>,
    /// Photos that are not yet with the cloud.
    pub(crate) media_waiting: Arc<AtomicU32>,
    /// Photos of all docks that are.
    pub(crate) stored: Arc<AtomicU32>,
    pub(crate) online: watch::Sender<bool>,
    pub(crate) say: Say,
}

/// Something that was done outside of the dock has ended.
enum Done {
    File(u64, Result<Vec<u8>, String>),
    Upload(Result<u16, String>),
}

/// A dock that runs.
struct Runner {
    machine: Machine,
    links: CloudDockLinks,
    address: Address,
    line: Option<Line>,
    back_us: i64,
    up: bool,
    writer: Writer,
    pending: Pending,
    topology_tid: String,
    asked_to_bind: bool,
    media: Media,
    flight_id: String,
    image_index: u32,
    osd_ms: i64,
    done: mpsc::UnboundedSender<Done>,
}

/// Runs a dock until `stop`.
pub(crate) async fn run(site: Site, address: Address, links: CloudDockLinks, stop: CancellationToken) {
    let (done, mut ended) = mpsc::unbounded_channel();
    let (sn, seed, odd) = (site.gateway_sn.clone(), site.seed, site.faults.unknown_fields);
    let mut runner = Runner {
        machine: Machine::new(site, links.city.now_us()),
        line: Some(Line::open(&address)),
        writer: Writer::new(&sn, seed, odd),
        links,
        address,
        back_us: 0,
        up: false,
        pending: Pending::default(),
        topology_tid: String::new(),
        asked_to_bind: false,
        media: Media::default(),
        flight_id: String::new(),
        image_index: 0,
        osd_ms: 0,
        done,
    };
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => runner.live_on(),
            event = next_of(&mut runner.line) => runner.hear_line(event),
            Some(done) = ended.recv() => runner.hear_done(done),
            Some(parcel) = runner.links.parcels.recv() => runner.take_parcel(parcel),
        }
        runner.carry_out();
    }
}

async fn next_of(line: &mut Option<Line>) -> LineEvent {
    match line {
        Some(line) => match line.next().await {
            Some(event) => event,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

impl Runner {
    fn now(&self) -> Now {
        let city_us = self.links.city.now_us();
        Now {
            city_us,
            wall_ms: wall_ms(),
            weather: self.links.mast.at(city_us),
        }
    }

    fn live_on(&mut self) {
        let now = self.now();
        self.machine.advance(&now);
        if self.line.is_none() && now.city_us >= self.back_us {
            self.line = Some(Line::open(&self.address));
        }
        if !self.up {
            return;
        }
        for (topic, json) in self.pending.due(now.wall_ms, false) {
            self.send(topic, json);
        }
        let every_ms = (OSD_CITY_MS / self.links.city.speed()).max(OSD_LEAST_MS) as i64;
        if self.machine.ready && now.wall_ms - self.osd_ms >= every_ms {
            self.osd_ms = now.wall_ms;
            self.say_properties(&now);
        }
        self.carry_photos(now.wall_ms);
    }

    fn say_properties(&mut self, now: &Now) {
        let waiting = self.links.media_waiting.load(Ordering::Relaxed);
        for data in self.machine.dock_osd(now, waiting) {
            let json = self.writer.plain(data, now.wall_ms).to_string();
            self.send(Topic::Osd, json);
        }
        if let Some(data) = self.machine.aircraft_osd(now) {
            let json = self.writer.plain(data, now.wall_ms).to_string();
            let sn = &self.machine.site.aircraft_sn;
            if let Some(line) = &self.line {
                line.send(Topic::Osd, sn, json);
            }
        }
    }

    fn send(&self, topic: Topic, json: String) {
        let sent = self
            .line
            .as_ref()
            .is_some_and(|line| line.send(topic, &self.machine.site.gateway_sn, json));
        if !sent {
            tracing::debug!(?topic, "a message had to be dropped");
        }
    }

    fn hear_line(&mut self, event: LineEvent) {
        match event {
            LineEvent::Up => {
                self.up = self.line.as_ref().is_some_and(Line::listen);
                self.say_topology();
                for (topic, json) in self.pending.due(wall_ms(), true) {
                    self.send(topic, json);
                }
            }
            LineEvent::Down(reason) => {
                self.up = false;
                self.links.online.send_replace(false);
                (self.links.say)("offline", reason);
            }
            LineEvent::Message(topic, bytes) => match envelope::read(&bytes) {
                Ok(message) => self.hear(topic, &message),
                Err(reason) => (self.links.say)("dji_unreadable", reason),
            },
        }
    }

    fn say_topology(&mut self) {
        let data = self.machine.topology();
        let (tid, bid) = (self.writer.uuid(), self.writer.uuid());
        let message = self.writer.about((&tid, &bid), "update_topo", data, wall_ms());
        self.topology_tid.clone_from(&tid);
        let said = (Topic::Status, message.to_string());
        self.send(said.0, said.1.clone());
        self.pending
            .add(&tid, said, Some("topology".to_owned()), wall_ms());
    }

    fn hear(&mut self, topic: Topic, message: &Envelope) {
        let now = self.now();
        match topic {
            Topic::Services => self.machine.hear(message, &now),
            Topic::PropertySet => {
                self.machine.set_properties(message);
                self.say_state();
            }
            Topic::EventsReply => {
                self.pending.answered(&message.tid);
            }
            Topic::StatusReply if self.pending.answered(&message.tid) && message.tid == self.topology_tid => {
                self.hear_topology(result_of(&message.data));
            }
            Topic::RequestsReply if self.pending.answered(&message.tid) => self.hear_answer(message, &now),
            _ => {}
        }
    }

    fn hear_topology(&mut self, result: Option<i64>) {
        if result != Some(0) {
            (self.links.say)("dji_topology", format!("not taken: result {result:?}"));
            return;
        }
        self.links.online.send_replace(true);
        if !std::mem::replace(&mut self.machine.ready, true) {
            self.ask_whether_bound();
            self.request(
                "config",
                json!({"config_type": "json", "config_scope": "product"}),
            );
        }
        self.say_state();
    }

    fn ask_whether_bound(&mut self) {
        let devices = json!([{"sn": self.machine.site.gateway_sn}, {"sn": self.machine.site.aircraft_sn}]);
        self.request("airport_bind_status", json!({"devices": devices}));
    }

    fn say_state(&mut self) {
        let data = self.machine.dock_state();
        let json = self.writer.plain(data, wall_ms()).to_string();
        self.send(Topic::State, json);
    }

    fn hear_answer(&mut self, message: &Envelope, now: &Now) {
        match message.method.as_str() {
            "flighttask_resource_get" => self.machine.hear_resource(&message.data, now),
            "storage_config_get" => {
                if let Err(reason) = self.media.hear_storage(&message.data, now.wall_ms) {
                    (self.links.say)("dji_storage", format!("no storage: {reason}"));
                }
            }
            "airport_bind_status" => {
                let list = message
                    .data
                    .get("output")
                    .and_then(|output| output.get("bind_status"));
                let bound = list.and_then(Value::as_array).is_some_and(|list| {
                    !list.is_empty()
                        && list
                            .iter()
                            .all(|one| one["is_device_bind_organization"] == json!(true))
                });
                (self.links.say)("dji_bound", bound.to_string());
                if !bound && !std::mem::replace(&mut self.asked_to_bind, true) {
                    self.request("airport_organization_get", binding());
                }
            }
            "airport_organization_get" if result_of(&message.data) == Some(0) => {
                let devices: Vec<Value> = self.machine.devices().into_iter().map(bound_as).collect();
                self.request("airport_organization_bind", json!({"bind_devices": devices}));
            }
            "airport_organization_bind" => {
                let infos = message
                    .data
                    .get("output")
                    .and_then(|output| output.get("err_infos"));
                let text = infos.unwrap_or(&Value::Null).to_string();
                (self.links.say)("dji_binding", text);
                self.ask_whether_bound();
            }
            "config" => {
                let host = message.data.get("ntp_server_host").and_then(Value::as_str);
                (self.links.say)(
                    "dji_config",
                    format!("time server {:?}", host.unwrap_or_default()),
                );
            }
            _ => {}
        }
    }

    fn request(&mut self, method: &str, data: Value) {
        let (tid, bid) = (self.writer.uuid(), self.writer.uuid());
        let message = self.writer.about((&tid, &bid), method, data, wall_ms());
        let said = (Topic::Requests, message.to_string());
        self.send(said.0, said.1.clone());
        self.pending
            .add(&tid, said, Some(format!("request {method}")), wall_ms());
    }

    fn event(
        &mut self,
        (bid, method): (Option<String>, &str),
        data: Value,
        need_reply: bool,
        key: Option<String>,
    ) {
        let (tid, fresh) = (self.writer.uuid(), self.writer.uuid());
        let bid = bid.unwrap_or(fresh);
        let mut message = self.writer.about((&tid, &bid), method, data, wall_ms());
        message["need_reply"] = json!(i32::from(need_reply));
        let said = (Topic::Events, message.to_string());
        self.send(said.0, said.1.clone());
        if need_reply {
            self.pending.add(&tid, said, key, wall_ms());
        }
    }

    fn carry_out(&mut self) {
        for out in self.machine.take() {
            match out {
                Out::Reply {
                    ids,
                    method,
                    result,
                    output,
                } => {
                    let mut data = json!({"result": result});
                    if let Some(output) = output {
                        data["output"] = output;
                    }
                    let message = self.writer.about((&ids.tid, &ids.bid), &method, data, wall_ms());
                    self.send(Topic::ServicesReply, message.to_string());
                }
                Out::PropertyReply { ids, data } => {
                    let mut message = self.writer.plain(data, wall_ms());
                    message["tid"] = json!(ids.tid);
                    message["bid"] = json!(ids.bid);
                    self.send(Topic::PropertySetReply, message.to_string());
                }
                Out::Event {
                    bid,
                    method,
                    data,
                    need_reply,
                    key,
                } => {
                    self.event((bid, &method), data, need_reply, key);
                }
                Out::Request { method, data } => self.request(&method, data),
                Out::Topology => self.say_topology(),
                Out::Fetch { number, url } => {
                    let done = self.done.clone();
                    tokio::spawn(async move {
                        // Nobody hears it when the dock has been stopped.
                        let _ = done.send(Done::File(number, http::get(&url).await));
                    });
                }
                Out::Assign(flight_id) => self.assign(flight_id),
                Out::Opened { take_off_us, opening } => self.open_shutter(take_off_us, &opening),
                Out::Landed { flight_id, files } => self.media.landed(&flight_id, files),
                Out::OffLine { city_s } => self.go_off_line(city_s),
                Out::Say(word, text) => (self.links.say)(word, text),
            }
        }
    }

    fn go_off_line(&mut self, city_s: f64) {
        (self.links.say)("offline", format!("for {city_s} city seconds"));
        self.line = None;
        self.up = false;
        self.links.online.send_replace(false);
        self.back_us = self.links.city.now_us() + (city_s * 1e6) as i64;
    }

    fn assign(&mut self, flight_id: String) {
        self.image_index = 0;
        self.links.assignment.send_replace(Some(Assignment {
            sortie_id: flight_id.clone(),
            photo_door_url: String::new(),
        }));
        self.flight_id = flight_id;
    }

    fn open_shutter(&mut self, take_off_us: i64, opening: &Opening) {
        self.image_index += 1;
        let frame = self.machine.site.frame;
        let place = frame.wgs84_from_enu(opening.position_m);
        let exposure = Exposure {
            system_id: self.links.system_id,
            flight_number: self.machine.aircraft.flights,
            image_index: self.image_index,
            unix_us: take_off_us + (opening.time_s * 1e6) as i64,
            latitude_deg: place.latitude_deg,
            longitude_deg: place.longitude_deg,
            height_above_home_m: opening.position_m[2],
            course_rad: opening.course_rad,
            gimbal_pitch_rad: opening.pitch_rad,
            ground_speed_ms: opening.ground_speed_ms,
        };
        let height_amsl_m = opening.position_m[2] + frame.street_amsl_m;
        self.media.note(&self.flight_id, &exposure, height_amsl_m);
        if self.links.exposures.try_send(exposure).is_err() {
            (self.links.say)("photo_lost", "too many wait for the desk".to_owned());
        }
    }

    fn take_parcel(&mut self, parcel: Parcel) {
        let lost = self.machine.site.faults.upload_lost;
        if lost.is_some_and(|every| parcel.image_index.is_multiple_of(every)) {
            (self.links.say)(
                "photo_lost",
                format!("photo {} stays in the dock", parcel.image_index),
            );
            self.put_away(&parcel);
            return;
        }
        self.media.take(parcel);
    }

    /// The file has left the spool.
    fn put_away(&self, parcel: &Parcel) {
        if let Err(error) = std::fs::remove_file(&parcel.path) {
            (self.links.say)("photo_error", format!("{}: {error}", parcel.path.display()));
        }
        self.links.media_waiting.fetch_sub(1, Ordering::Relaxed);
        self.links.queue.give_back_room();
    }

    fn carry_photos(&mut self, now_ms: i64) {
        match self.media.next(now_ms) {
            Next::Wait => {}
            Next::Ask => self.request("storage_config_get", json!({"module": 0})),
            Next::Upload {
                storage,
                object_key,
                path,
            } => {
                let done = self.done.clone();
                tokio::spawn(async move {
                    let outcome = match tokio::fs::read(&path).await {
                        Ok(bytes) => http::put(&storage, &object_key, bytes, wall_ms() / 1000).await,
                        Err(error) => Err(format!("{}: {error}", path.display())),
                    };
                    // Nobody hears it when the dock has been stopped.
                    let _ = done.send(Done::Upload(outcome));
                });
            }
        }
    }

    fn hear_done(&mut self, done: Done) {
        let now = self.now();
        match done {
            Done::File(number, file) => self.machine.hear_file(number, file, &now),
            Done::Upload(outcome) => match self.media.uploaded(outcome, now.wall_ms) {
                Ok(Some((parcel, data))) => {
                    self.links.stored.fetch_add(1, Ordering::Relaxed);
                    self.put_away(&parcel);
                    let twice = self.machine.site.faults.callback_twice;
                    for _ in 0..=usize::from(twice) {
                        self.event((None, "file_upload_callback"), data.clone(), true, None);
                    }
                    self.carry_photos(now.wall_ms);
                }
                Ok(None) => {}
                Err(reason) => (self.links.say)("dji_upload", format!("failed: {reason}")),
            },
        }
    }
}

/// What people typed in at the dock before it came on the line.
fn binding() -> Value {
    json!({"device_binding_code": BINDING_CODE, "organization_id": ORGANISATION})
}

fn bound_as((sn, model): (String, &str)) -> Value {
    let mut device = binding();
    device["sn"] = json!(sn);
    device["device_callsign"] = json!(sn);
    device["device_model_key"] = json!(model);
    device
}
