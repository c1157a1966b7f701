//! What is known of each dock of the Cloud API. Pure: messages and instants go in, news and answers come out.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde_json::{Value, json};

use super::aircraft::AircraftState;
use super::alarm::Alarm;
use super::dock_properties::{DockProperties, Strange, TaskStage};
use super::envelope::{BadEnvelope, Envelope};
use super::progress::{Progress, TaskStatus};
use super::property::{at, text, whole};
use super::topic::{self, Kind};
use crate::dock::DockState;

/// A dock of the roster and its aircraft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudDevice {
    /// Its name everywhere else.
    pub dock_id: String,
    /// Serial number of the dock.
    pub gateway_sn: String,
    /// Serial number of the aircraft.
    pub aircraft_sn: String,
}

impl CloudDevice {
    /// Whether a serial number is of this dock or of its aircraft.
    pub(super) fn has(&self, sn: &str) -> bool {
        self.gateway_sn == sn || self.aircraft_sn == sn
    }
}

/// What came in so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CloudStatistics {
    /// Messages of docks of the roster.
    pub messages: u64,
    /// Messages that did not count: no JSON, no object, too large, an unknown topic.
    pub bad_messages: u64,
    /// Messages of devices that are not in the roster.
    pub strangers: u64,
    /// Methods that are not known here.
    pub unknown_methods: u64,
    /// Properties of docks whose name is not known here, as often as they came.
    pub unknown_fields: u64,
    /// Values of known properties and of tasks' states that mean nothing here, as often as they came.
    pub unknown_values: u64,
}

/// Everything heard.
#[derive(Debug, Default)]
pub(super) struct Book {
    docks: BTreeMap<String, Record>,
    gateways: HashMap<String, String>,
    aircraft: HashMap<String, String>,
    pub(super) statistics: CloudStatistics,
}

/// One dock.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) device: CloudDevice,
    properties: DockProperties,
    heard_at: Option<Instant>,
    /// When it last told what it does, and when its weather: docks tell them in several messages.
    status_at: Option<Instant>,
    telemetry_at: Option<Instant>,
    pub(super) aircraft: Option<AircraftState>,
    topology_model: Option<(u32, u32)>,
    alarms: Vec<Alarm>,
    pub(super) progress: Option<Progress>,
    pub(super) sortie_id: Option<String>,
}

/// What a message means.
#[derive(Debug)]
pub(super) enum Taken {
    /// The state of this dock is new.
    Dock(String),
    /// The state of this dock's aircraft is new.
    Aircraft(String),
    /// An answer to a command.
    Reply(Envelope),
    /// Something happened at this dock.
    Event {
        dock_id: String,
        envelope: Envelope,
        new_alarms: Vec<Alarm>,
    },
    /// This dock asks something.
    Request { dock_id: String, envelope: Envelope },
    /// The dock tells what hangs on it, and waits for an answer.
    Topology { dock_id: String, envelope: Envelope },
    /// Nothing to do.
    Nothing,
}

impl Book {
    /// Docks of the roster; what was heard before is forgotten.
    pub(super) fn set_devices(&mut self, devices: &[CloudDevice]) {
        *self = Self::default();
        for device in devices {
            let dock_id = device.dock_id.clone();
            self.gateways.insert(device.gateway_sn.clone(), dock_id.clone());
            self.aircraft.insert(device.aircraft_sn.clone(), dock_id.clone());
            self.docks.insert(dock_id, Record::of(device.clone()));
        }
    }

    /// Every device.
    pub(super) fn devices(&self) -> Vec<CloudDevice> {
        self.docks.values().map(|record| record.device.clone()).collect()
    }

    /// One dock.
    pub(super) fn record(&self, dock_id: &str) -> Option<&Record> {
        self.docks.get(dock_id)
    }

    /// One dock.
    pub(super) fn record_mut(&mut self, dock_id: &str) -> Option<&mut Record> {
        self.docks.get_mut(dock_id)
    }

    /// Takes a message in. A message that the broker only repeats says nothing about now.
    pub(super) fn take(
        &mut self,
        topic: &[u8],
        payload: &[u8],
        (retained, now): (bool, Instant),
    ) -> Result<Taken, BadEnvelope> {
        let Some((sn, kind)) = topic::parse(topic) else {
            self.statistics.bad_messages += 1;
            return Ok(Taken::Nothing);
        };
        let by_gateway = self.gateways.get(sn).cloned();
        let Some(dock_id) = by_gateway.clone().or_else(|| self.aircraft.get(sn).cloned()) else {
            self.statistics.strangers += 1;
            return Ok(Taken::Nothing);
        };
        self.statistics.messages += 1;
        let envelope = match Envelope::read(payload) {
            Ok(envelope) => envelope,
            Err(bad) => {
                self.statistics.bad_messages += 1;
                return Err(bad);
            }
        };
        let Some(record) = self.docks.get_mut(&dock_id).filter(|_| !retained) else {
            return Ok(Taken::Nothing);
        };
        if by_gateway.is_none() {
            let is_property = matches!(kind, Kind::Osd | Kind::State);
            return Ok(match is_property && record.merge_aircraft(envelope, now) {
                true => Taken::Aircraft(dock_id),
                false => Taken::Nothing,
            });
        }
        record.heard_at = Some(now);
        Ok(match kind {
            Kind::Osd | Kind::State => {
                let strange = record.merge_dock((kind, envelope.data), now);
                self.statistics.unknown_fields += strange.fields;
                self.statistics.unknown_values += strange.values;
                Taken::Dock(dock_id)
            }
            Kind::ServicesReply | Kind::PropertySetReply => Taken::Reply(envelope),
            Kind::Events => {
                let new_alarms = record.take_event(&envelope);
                let is_progress = envelope.method.as_deref() == Some("flighttask_progress");
                if is_progress && record.has_strange_progress() {
                    self.statistics.unknown_values += 1;
                }
                Taken::Event {
                    dock_id,
                    envelope,
                    new_alarms,
                }
            }
            Kind::Requests => Taken::Request { dock_id, envelope },
            Kind::Status => {
                record.take_topology(&envelope.data);
                Taken::Topology { dock_id, envelope }
            }
        })
    }

    /// Every dock as known at `now`.
    pub(super) fn states(&self, now: Instant) -> Vec<DockState> {
        self.docks.values().map(|record| record.state(now)).collect()
    }
}

impl Record {
    fn of(device: CloudDevice) -> Self {
        Self {
            device,
            properties: DockProperties::default(),
            heard_at: None,
            status_at: None,
            telemetry_at: None,
            aircraft: None,
            topology_model: None,
            alarms: Vec::new(),
            progress: None,
            sortie_id: None,
        }
    }

    /// The dock as known at `now`.
    pub(super) fn state(&self, now: Instant) -> DockState {
        let mut state = DockState::unheard(&self.device.dock_id);
        self.properties.tell(&mut state);
        state.online = self.heard_at.map(|_| true);
        state.heard_at = self.heard_at;
        state.status_at = self.status_at;
        state.telemetry_at = self.telemetry_at;
        state.sortie_id.clone_from(&self.sortie_id);
        state.aged(now)
    }

    /// The alarms that stand.
    pub(super) fn alarms(&self) -> Vec<Alarm> {
        self.alarms.clone()
    }

    /// What the dock does with a flight task.
    pub(super) fn stage(&self) -> Option<TaskStage> {
        self.properties.stage()
    }

    pub(super) fn is_remote_debugging(&self) -> bool {
        self.properties.is_remote_debugging()
    }

    /// Free storage, per cent.
    pub(super) fn free_storage_percent(&self) -> Option<f64> {
        self.properties.free_storage_percent()
    }

    /// Serial number of the aircraft that the dock itself names.
    pub(super) fn named_aircraft_sn(&self) -> Option<String> {
        self.properties.aircraft_sn()
    }

    /// Type and subtype of the aircraft, by whoever named them.
    pub(super) fn aircraft_model(&self) -> Option<(u32, u32)> {
        self.topology_model.or_else(|| self.properties.aircraft_model())
    }

    fn merge_dock(&mut self, (kind, data): (Kind, Value), now: Instant) -> Strange {
        if matches!(kind, Kind::Osd) {
            if at(&data, &["mode_code"]).is_some() {
                self.status_at = Some(now);
            }
            if at(&data, &["wind_speed"]).is_some() {
                self.telemetry_at = Some(now);
            }
        }
        let strange = Strange::of(&data);
        self.properties.merge(data);
        strange
    }

    fn has_strange_progress(&self) -> bool {
        matches!(&self.progress, Some(progress) if matches!(progress.status, TaskStatus::Other(_)))
    }

    fn merge_aircraft(&mut self, envelope: Envelope, now: Instant) -> bool {
        let timestamp_ms = envelope.timestamp_ms;
        self.aircraft
            .get_or_insert_with(|| AircraftState::new(now))
            .merge(envelope.data, timestamp_ms, now)
    }

    /// Notes progress and alarms; answers the alarms that did not stand before.
    fn take_event(&mut self, envelope: &Envelope) -> Vec<Alarm> {
        match envelope.method.as_deref() {
            Some("flighttask_progress") => {
                if let Some(progress) = Progress::of(envelope) {
                    self.progress = Some(progress);
                }
                Vec::new()
            }
            Some("hms") => {
                let Some(alarms) = Alarm::all_in(&envelope.data) else {
                    return Vec::new();
                };
                let new = alarms
                    .iter()
                    .filter(|alarm| !self.alarms.contains(alarm))
                    .cloned()
                    .collect();
                self.alarms = alarms;
                new
            }
            _ => Vec::new(),
        }
    }

    fn take_topology(&mut self, data: &Value) {
        let Some(first) = at(data, &["sub_devices"]).and_then(|devices| devices.get(0)) else {
            return;
        };
        let number = |name| whole(first, &[name]).and_then(|number| u32::try_from(number).ok());
        let is_ours = text(first, &["sn"]).is_none_or(|sn| sn == self.device.aircraft_sn);
        if let (true, Some(model)) = (is_ours, number("type")) {
            self.topology_model = Some((model, number("sub_type").unwrap_or(0)));
        }
    }
}

/// The data of an answer that only says "understood".
pub(super) fn understood() -> Value {
    json!({ "result": 0 })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::dock::{DockMode, HEARD_WITHIN};

    fn book() -> Book {
        let mut book = Book::default();
        book.set_devices(&[CloudDevice {
            dock_id: "D01".to_owned(),
            gateway_sn: "DOCK1".to_owned(),
            aircraft_sn: "DRONE1".to_owned(),
        }]);
        book
    }

    fn take(book: &mut Book, topic: &str, data: &Value, now: Instant) -> Taken {
        let method = topic.rsplit('/').next().map(|last| match last {
            "status" => "update_topo",
            "events" => "hms",
            other => other,
        });
        let payload =
            json!({"tid": "t", "bid": "b", "timestamp": 1, "method": method, "data": data}).to_string();
        book.take(topic.as_bytes(), payload.as_bytes(), (false, now))
            .unwrap()
    }

    #[test]
    fn a_dock_is_known_by_what_it_says_and_forgotten_when_silent() {
        let (mut book, now) = (book(), Instant::now());
        assert_eq!(book.record("D01").unwrap().state(now).online, None);
        let osd = json!({"mode_code": 0, "wind_speed": 2.0});
        assert!(matches!(
            take(&mut book, "thing/product/DOCK1/osd", &osd, now),
            Taken::Dock(_)
        ));
        take(
            &mut book,
            "thing/product/DOCK1/state",
            &json!({"firmware_version": "x"}),
            now,
        );
        let state = book.record("D01").unwrap().state(now);
        assert_eq!((state.online, state.mode), (Some(true), DockMode::Idle));
        let later = now + HEARD_WITHIN + Duration::from_secs(1);
        let state = book.record("D01").unwrap().state(later);
        assert_eq!((state.online, state.weather), (None, None));
    }

    #[test]
    fn aircraft_and_topology_are_of_their_dock() {
        let (mut book, now) = (book(), Instant::now());
        let osd = json!({"mode_code": 0});
        assert!(matches!(
            take(&mut book, "thing/product/DRONE1/osd", &osd, now),
            Taken::Aircraft(_)
        ));
        let topology = json!({"sub_devices": [{"sn": "DRONE1", "type": 91, "sub_type": 1}]});
        take(&mut book, "sys/product/DOCK1/status", &topology, now);
        let record = book.record("D01").unwrap();
        assert_eq!(record.aircraft_model(), Some((91, 1)));
        assert_eq!(record.aircraft.as_ref().unwrap().mode_code, Some(0));
        assert_eq!(book.statistics.strangers, 0);
        take(&mut book, "thing/product/OTHER/osd", &osd, now);
        assert_eq!(book.statistics.strangers, 1);
    }

    #[test]
    fn an_alarm_is_new_once() {
        let (mut book, now) = (book(), Instant::now());
        let alarms = json!({"list": [{"code": "0x16100083", "level": 2}]});
        let new = |taken| match taken {
            Taken::Event { new_alarms, .. } => new_alarms.len(),
            _ => usize::MAX,
        };
        assert_eq!(
            new(take(&mut book, "thing/product/DOCK1/events", &alarms, now)),
            1
        );
        assert_eq!(
            new(take(&mut book, "thing/product/DOCK1/events", &alarms, now)),
            0
        );
        take(&mut book, "thing/product/DOCK1/events", &json!({"list": []}), now);
        assert!(book.record("D01").unwrap().alarms().is_empty());
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            Just(json!({"a": [1, {"b": null}]})),
            Just(json!([])),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,6}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn no_message_breaks_the_book(
            what in "(osd|state|events|services_reply|requests|property/set_reply)",
            sn in "(DOCK1|DRONE1|X)", payload in proptest::collection::vec(any::<u8>(), 0..200), retained: bool,
        ) {
            let mut book = book();
            let topic = format!("thing/product/{sn}/{what}");
            let _ = book.take(topic.as_bytes(), &payload, (retained, Instant::now()));
            let _ = book.states(Instant::now());
        }

        /// Firmware of tomorrow: whatever it says under whatever name is kept, counted once for each time it came, and
        /// takes nothing away of what is understood.
        #[test]
        fn what_is_not_known_is_kept_and_counted(
            strangers in proptest::collection::btree_map("x_[a-z]{1,8}", any_value(), 0..6),
            mode in -2..9_i64, cover in -2..9_i64, times in 1..4_u64,
        ) {
            let mut book = book();
            let mut data: serde_json::Map<String, Value> = strangers.clone().into_iter().collect();
            data.insert("mode_code".to_owned(), json!(mode));
            data.insert("cover_state".to_owned(), json!(cover));
            data.insert("drone_in_dock".to_owned(), json!(1));
            for _ in 0..times {
                take(&mut book, "thing/product/DOCK1/osd", &Value::Object(data.clone()), Instant::now());
            }
            let state = book.record("D01").unwrap().state(Instant::now());
            prop_assert_eq!(state.vehicle_present, Some(true));
            for (name, value) in &strangers {
                prop_assert_eq!(state.unknown.get(name), Some(value));
            }
            let strange = [(mode, 4, "mode_code"), (cover, 3, "cover_state")]
                .map(|(value, most, name)| (!(0..=most).contains(&value), name));
            for (is_strange, name) in strange {
                prop_assert_eq!(state.unknown.contains_key(name), is_strange);
            }
            let values = strange.iter().filter(|(is_strange, _)| *is_strange).count() as u64;
            prop_assert_eq!(book.statistics.unknown_fields, strangers.len() as u64 * times);
            prop_assert_eq!(book.statistics.unknown_values, values * times);
        }

        /// A state of a task that nobody knows is no end of it, and counted.
        #[test]
        fn states_of_tasks_that_are_not_known_are_counted(word in "[a-z_]{1,12}") {
            let mut book = book();
            let payload = json!({"tid": "t", "method": "flighttask_progress", "data": {"result": 0, "output":
                {"status": word, "progress": {"current_step": 71, "percent": 900}, "ext": {"flight_id": "f"}}}});
            book.take(b"thing/product/DOCK1/events", payload.to_string().as_bytes(), (false, Instant::now())).unwrap();
            let known = ["sent", "in_progress", "paused", "ok", "partially_done", "failed", "rejected", "canceled", "timeout"];
            let is_known = known.contains(&word.as_str());
            let progress = book.record("D01").unwrap().progress.clone().unwrap();
            prop_assert_eq!(progress.status.as_str(), &word);
            prop_assert!(is_known || !progress.status.is_final());
            prop_assert_eq!(book.statistics.unknown_values, u64::from(!is_known));
        }

        #[test]
        fn no_values_break_a_state(
            names in proptest::collection::vec(
                "(mode_code|cover_state|drone_in_dock|position_state|storage|sub_device|alternate_land_point|longitude|\
                latitude|elevation|cameras|battery|list|output)", 0..8),
            value in prop_oneof![
                Just(json!(null)), Just(json!(-1)), Just(json!(1e300)), Just(json!("x")), Just(json!([])),
                Just(json!({"is_fixed": "2", "total": 0, "used": -5})), Just(json!([[]])), Just(json!(true)),
            ],
        ) {
            let mut book = book();
            let data: serde_json::Map<String, Value> = names.into_iter().map(|name| (name, value.clone())).collect();
            for topic in ["thing/product/DOCK1/osd", "thing/product/DRONE1/osd", "thing/product/DOCK1/events",
                "sys/product/DOCK1/status"] {
                take(&mut book, topic, &Value::Object(data.clone()), Instant::now());
            }
            let _ = book.states(Instant::now());
        }
    }
}
