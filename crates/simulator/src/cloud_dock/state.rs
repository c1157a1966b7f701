//! What a dock is at a moment, and what it wants to be sent.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cloud_dock::camera::Opening;
use crate::cloud_dock::faults::CloudFaults;
use crate::cloud_dock::flight::Flight;
use crate::cloud_dock::order::Order;
use crate::cloud_dock::wayline::{BreakPoint, Mission};
use crate::dock::{AlternateLanding, DockFaults, Weather};
use crate::frame::LocalFrame;

/// What a dock and its aircraft are.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Serial number of the dock.
    pub(crate) gateway_sn: String,
    /// Serial number of the aircraft.
    pub(crate) aircraft_sn: String,
    /// About the dock's plate; its street is the plate.
    pub(crate) frame: LocalFrame,
    /// Where the aircraft can land instead.
    pub(crate) alternate_landing: AlternateLanding,
    /// Seeds gusts and transactions.
    pub(crate) seed: u64,
    /// What is wrong with the dock as such.
    pub(crate) dock_faults: DockFaults,
    /// What is wrong with its Cloud API.
    pub(crate) faults: CloudFaults,
    /// Charge at the start, percent.
    pub(crate) battery_percent: f64,
}

/// What is to be done outside of the dock.
#[derive(Debug)]
pub(crate) enum Out {
    /// services_reply.
    Reply {
        ids: Ids,
        method: String,
        result: i64,
        output: Option<Value>,
    },
    /// property/set_reply.
    PropertyReply { ids: Ids, data: Value },
    /// An event; with a key it replaces the unanswered one of the same key.
    Event {
        bid: Option<String>,
        method: String,
        data: Value,
        need_reply: bool,
        key: Option<String>,
    },
    /// A request.
    Request { method: String, data: Value },
    /// sys/…/status: the topology has changed.
    Topology,
    /// Fetch a file by HTTP and bring it back under this number.
    Fetch { number: u64, url: String },
    /// From now on photos belong to this task.
    Assign(String),
    /// The shutter opened, seconds after this instant, microseconds since 1970.
    Opened { take_off_us: i64, opening: Opening },
    /// The flight is over: so many files are to come.
    Landed { flight_id: String, files: u32 },
    /// The line is to be dropped for so many city seconds.
    OffLine { city_s: f64 },
    /// A line for the news.
    Say(&'static str, String),
}

/// Transaction and business of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ids {
    pub(crate) tid: String,
    pub(crate) bid: String,
}

/// The moment at which the dock decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// City time, microseconds since 1970.
    pub(crate) city_us: i64,
    /// Wall time, milliseconds since 1970.
    pub(crate) wall_ms: i64,
    /// What the mast measures.
    pub(crate) weather: Weather,
}

impl Now {
    /// City seconds since then, microseconds since 1970.
    pub(crate) fn since_s(&self, then_us: i64) -> f64 {
        (self.city_us - then_us) as f64 / 1e6
    }
}

/// A task whose file lies in the dock.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) order: Order,
    pub(crate) mission: Mission,
    /// Whether it was told to be ready.
    pub(crate) told_ready: bool,
}

/// A task that is carried out.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) prepared: Prepared,
    /// Business of everything said about it.
    pub(crate) bid: String,
    pub(crate) track_id: String,
    /// Where in the steps before and after the flight.
    pub(crate) stage: Stage,
    pub(crate) since_us: i64,
    pub(crate) since_wall_ms: i64,
    /// The file has been had once more.
    pub(crate) resource: bool,
    pub(crate) take_off_us: i64,
    pub(crate) flight: Option<Flight>,
    /// Flight time not yet stepped through, seconds.
    pub(crate) owed_s: f64,
    /// Why and where the wayline was broken.
    pub(crate) broken: Option<(i64, BreakPoint, [f64; 4])>,
    /// What was said last: progress, and when, city time.
    pub(crate) said: Option<(Value, i64)>,
    /// The line was dropped by the fault already.
    pub(crate) was_off_line: bool,
}

/// Where a task is outside of its flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// At this step of those before.
    Before(usize),
    /// In the air.
    Flying,
    /// At this step of those after.
    After(usize),
}

/// A command of remote debugging that takes time.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) method: String,
    pub(crate) bid: String,
    pub(crate) since_us: i64,
    pub(crate) said_percent: i64,
}

/// The aircraft while it stands in the dock or flies.
#[derive(Clone, Debug)]
pub(crate) struct Aircraft {
    pub(crate) on: bool,
    pub(crate) charging: bool,
    pub(crate) battery_percent: f64,
    pub(crate) present: bool,
    pub(crate) flights: u32,
    pub(crate) flown_s: f64,
    pub(crate) flown_m: f64,
}

/// Lid of the dock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cover {
    /// 0 closed, 1 open.
    pub(crate) share: f64,
    pub(crate) opening: bool,
    pub(crate) abnormal: bool,
}

/// A dock.
pub(crate) struct Machine {
    pub(crate) site: Site,
    /// Remote debugging is on.
    pub(crate) debugging: bool,
    /// The cloud has taken the topology.
    pub(crate) ready: bool,
    pub(crate) cover: Cover,
    pub(crate) aircraft: Aircraft,
    pub(crate) job: Option<Job>,
    pub(crate) prepared: BTreeMap<String, Prepared>,
    /// Orders whose file is being fetched, by number; an order without reply belongs to the task.
    pub(crate) fetching: BTreeMap<u64, (Option<Ids>, Order)>,
    pub(crate) fetches: u64,
    pub(crate) task: Option<Task>,
    pub(crate) last_us: Option<i64>,
    pub(crate) idle_since_us: i64,
    pub(crate) alarm_said_us: Option<i64>,
    /// Settable properties.
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) light: bool,
    pub(crate) alarm: bool,
    pub(crate) air_conditioner: i64,
    pub(crate) battery_store_mode: i64,
    pub(crate) out: Vec<Out>,
}

impl Machine {
    /// A dock with its lid closed, its aircraft inside and switched on.
    pub(crate) fn new(site: Site, city_us: i64) -> Self {
        Self {
            aircraft: Aircraft {
                on: !site.dock_faults.no_vehicle,
                charging: false,
                battery_percent: site.battery_percent,
                present: !site.dock_faults.no_vehicle,
                flights: 0,
                flown_s: 0.0,
                flown_m: 0.0,
            },
            site,
            debugging: false,
            ready: false,
            cover: Cover::default(),
            job: None,
            prepared: BTreeMap::new(),
            fetching: BTreeMap::new(),
            fetches: 0,
            task: None,
            last_us: None,
            idle_since_us: city_us,
            alarm_said_us: None,
            properties: BTreeMap::from([
                ("silent_mode".to_owned(), Value::from(0)),
                ("air_transfer_enable".to_owned(), Value::from(false)),
                ("user_experience_improvement".to_owned(), Value::from(1)),
            ]),
            light: false,
            alarm: false,
            air_conditioner: 0,
            battery_store_mode: 2,
            out: Vec::new(),
        }
    }

    /// Takes everything that is to be done.
    pub(crate) fn take(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn say(&mut self, word: &'static str, text: String) {
        self.out.push(Out::Say(word, text));
    }

    /// An event that nobody has to answer.
    pub(crate) fn tell(&mut self, method: &str, data: Value) {
        self.out.push(Out::Event {
            bid: None,
            method: method.to_owned(),
            data,
            need_reply: false,
            key: None,
        });
    }

    /// Asks for a file.
    pub(crate) fn fetch(&mut self, ids: Option<Ids>, order: Order) {
        self.fetches += 1;
        self.out.push(Out::Fetch {
            number: self.fetches,
            url: order.url.clone(),
        });
        self.fetching.insert(self.fetches, (ids, order));
    }

    /// Switches the aircraft on or off; the cloud hears of it as a change of topology.
    pub(crate) fn power(&mut self, on: bool) {
        if self.aircraft.on != on && self.aircraft.present {
            self.aircraft.on = on;
            self.out.push(Out::Topology);
        }
    }

    /// The aircraft in flight.
    pub(crate) fn flight(&self) -> Option<&Flight> {
        self.task.as_ref().and_then(|task| task.flight.as_ref())
    }
}
