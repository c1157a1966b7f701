//! Messages of docks in, answers and commands out. The connection is that of the other docks' line; this is what
//! happens with the topics of the Cloud API on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, watch};

use super::aircraft::AircraftState;
use super::alarm::Alarm;
use super::book::{Book, CloudDevice, CloudStatistics, Record, Taken, understood};
use super::debug::HandProgress;
use super::dock_properties::TaskStage;
use super::envelope::{Envelope, command, new_uuid};
use super::progress::Progress;
use super::property::{flag, text, whole};
use super::requests::{self, Organisation};
use super::service::{ServiceError, ServiceReply, Waiting};
use super::topic::{filters, is_ours, status_reply, thing};
use crate::dock::{Beside, ByHand, DockLine, DockMethod, DockState};

/// News of one dock that wait for a slow reader; who misses some looks at the book again.
const NEWS_WAITING: usize = 256;
/// Commands are forgotten by the broker when the dock did not take them within this time.
const SHORTEST_EXPIRY_S: u32 = 1;
/// A method that is not known is answered with DJI's own "the command is not supported".
const NOT_SUPPORTED: i64 = 514_100;

/// What the desk is set up with.
pub struct CloudSetup {
    /// Docks of the roster.
    pub devices: Vec<CloudDevice>,
    /// Who they belong to.
    pub organisation: Organisation,
    /// Questions that the rest of the program answers.
    pub calls: mpsc::Sender<CloudCall>,
    /// The city's clock, Unix milliseconds: what goes out is dated by it.
    pub now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
}

/// A question or an event of a dock that the rest of the program answers: `storage_config_get`,
/// `flighttask_resource_get`, `file_upload_callback`.
#[derive(Debug)]
pub struct CloudCall {
    /// The dock.
    pub dock_id: String,
    /// DJI's name of it.
    pub method: String,
    /// Its data.
    pub data: Value,
    /// Where the answer goes.
    pub reply: CloudReply,
}

/// The way back to a dock that waits. Dropped without an answer, the dock asks again.
#[derive(Debug)]
pub struct CloudReply {
    client: AsyncClient,
    topic: String,
    gateway_sn: String,
    envelope: Envelope,
    now_ms: i64,
}

impl CloudReply {
    /// Answers with this `data`.
    pub async fn answer(self, data: &Value) {
        let payload = self.envelope.answer(&self.gateway_sn, data, self.now_ms);
        let sent = self
            .client
            .publish(self.topic, QoS::AtLeastOnce, false, payload)
            .await;
        if let Err(error) = sent {
            // The line is gone; the dock asks again.
            tracing::debug!(%error, "an answer could not be handed to the broker");
        }
    }
}

/// Something new about one dock.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// Its properties.
    Dock,
    /// The properties of its aircraft.
    Aircraft,
    /// A task went on.
    Progress(Progress),
    /// These tasks may begin.
    Ready(Vec<String>),
    /// The aircraft is on its way home.
    Homing,
    /// The aircraft began (or ended) to give up its way home, for this reason.
    ExitHoming { entered: bool, reason: Option<i64> },
    /// The dock takes long to get ready: so many minutes are left.
    SetupSlow { minutes: Option<i64> },
    /// An alarm that did not stand before.
    Alarm(Alarm),
    /// A command of the debug mode went on.
    Debug {
        method: String,
        status: String,
        result: i64,
        progress: HandProgress,
    },
}

/// The desk. Clones are the same desk.
#[derive(Clone)]
pub struct CloudDesk(Arc<Inner>);

struct Inner {
    client: AsyncClient,
    session: watch::Receiver<Option<u64>>,
    book: Mutex<Book>,
    waiting: Waiting,
    organisation: Organisation,
    calls: mpsc::Sender<CloudCall>,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
    news: HashMap<String, broadcast::Sender<News>>,
}

/// What the desk has to say about one dock, read at once.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) state: DockState,
    pub(super) stage: Option<TaskStage>,
    pub(super) aircraft: Option<AircraftState>,
    pub(super) progress: Option<Progress>,
    pub(super) is_remote_debugging: bool,
}

impl CloudDesk {
    /// Serves these docks on the line of the others, from now until the line ends.
    #[must_use]
    pub fn serve(line: &DockLine, setup: CloudSetup) -> Self {
        let news = setup
            .devices
            .iter()
            .map(|device| (device.dock_id.clone(), broadcast::channel(NEWS_WAITING).0))
            .collect();
        let mut book = Book::default();
        book.set_devices(&setup.devices);
        let desk = Self(Arc::new(Inner {
            client: line.client(),
            session: line.session(),
            book: Mutex::new(book),
            waiting: Waiting::default(),
            organisation: setup.organisation,
            calls: setup.calls,
            now_ms: setup.now_ms,
            news,
        }));
        line.attach(Arc::new(desk.clone()));
        desk
    }

    /// The aircraft of a dock; `None` when it was never heard.
    #[must_use]
    pub fn aircraft(&self, dock_id: &str) -> Option<AircraftState> {
        self.with(dock_id, |record| record.aircraft.clone())?
    }

    /// The alarms of dock and aircraft that stand.
    #[must_use]
    pub fn alarms(&self, dock_id: &str) -> Vec<Alarm> {
        self.with(dock_id, Record::alarms).unwrap_or_default()
    }

    /// Free storage of the dock, per cent.
    #[must_use]
    pub fn free_storage_percent(&self, dock_id: &str) -> Option<f64> {
        self.with(dock_id, Record::free_storage_percent)?
    }

    /// Serial number of the aircraft that the dock itself names.
    #[must_use]
    pub fn named_aircraft_sn(&self, dock_id: &str) -> Option<String> {
        self.with(dock_id, Record::named_aircraft_sn)?
    }

    /// Type and subtype of the aircraft as the dock names them, such as 91 and 0.
    #[must_use]
    pub fn aircraft_model(&self, dock_id: &str) -> Option<(u32, u32)> {
        self.with(dock_id, Record::aircraft_model)?
    }

    /// What came in so far.
    #[must_use]
    pub fn statistics(&self) -> CloudStatistics {
        self.book().statistics
    }

    /// The sortie whose photos the dock brings.
    pub fn assign(&self, dock_id: &str, sortie_id: &str) {
        if let Some(record) = self.book().record_mut(dock_id) {
            record.sortie_id = Some(sortie_id.to_owned());
        }
    }

    /// Sends a command and waits for its answer. `bid` is the matter it belongs to, the flight's id for flight tasks.
    ///
    /// A command that the dock does not take within `deadline` is never carried out: the broker drops it.
    ///
    /// # Errors
    /// No connection, no answer. A refusal is an answer.
    pub async fn service(
        &self,
        dock_id: &str,
        (method, bid): (&str, &str),
        data: &Value,
        deadline: Duration,
    ) -> Result<ServiceReply, ServiceError> {
        let gateway_sn = self
            .with(dock_id, |record| record.device.gateway_sn.clone())
            .ok_or(ServiceError::UnknownDock)?;
        if self.0.session.borrow().is_none() {
            return Err(ServiceError::BrokerGone);
        }
        let tid = new_uuid();
        let payload = command(&gateway_sn, (&tid, bid), method, data, self.now_ms());
        let mut place = self.0.waiting.open(&tid);
        let expiry_s = u32::try_from(deadline.as_secs()).unwrap_or(u32::MAX);
        let properties = PublishProperties {
            message_expiry_interval: Some(expiry_s.max(SHORTEST_EXPIRY_S)),
            ..PublishProperties::default()
        };
        let (topic, qos) = (thing(&gateway_sn, "services"), QoS::AtLeastOnce);
        let asking = async {
            let sent = self
                .0
                .client
                .publish_with_properties(topic, qos, false, payload, properties);
            if sent.await.is_err() {
                return Err(ServiceError::BrokerGone);
            }
            (&mut place.answer)
                .await
                .map_err(|_closed| ServiceError::BrokerGone)
        };
        match tokio::time::timeout(deadline, asking).await {
            Ok(answered) => answered,
            Err(_elapsed) => Err(ServiceError::TimedOut(deadline)),
        }
    }

    /// Everything about one dock at once.
    pub(super) fn snapshot(&self, dock_id: &str) -> Option<Snapshot> {
        self.with(dock_id, |record| Snapshot {
            state: record.state(Instant::now()),
            stage: record.stage(),
            aircraft: record.aircraft.clone(),
            progress: record.progress.clone(),
            is_remote_debugging: record.is_remote_debugging(),
        })
    }

    /// News of one dock from now on; `None` when it is not of this kind.
    pub(super) fn news(&self, dock_id: &str) -> Option<broadcast::Receiver<News>> {
        Some(self.0.news.get(dock_id)?.subscribe())
    }

    /// The city's time, Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        (self.0.now_ms)()
    }

    fn handle(&self, taken: Taken) {
        match taken {
            Taken::Nothing => {}
            Taken::Dock(dock_id) => self.tell(&dock_id, News::Dock),
            Taken::Aircraft(dock_id) => self.tell(&dock_id, News::Aircraft),
            Taken::Reply(envelope) => {
                self.0.waiting.answer(&envelope);
            }
            Taken::Topology { dock_id, envelope } => {
                self.answer(&dock_id, &envelope, status_reply, &understood());
                self.tell(&dock_id, News::Dock);
            }
            Taken::Request { dock_id, envelope } => self.request(&dock_id, envelope),
            Taken::Event {
                dock_id,
                envelope,
                new_alarms,
            } => {
                for alarm in new_alarms {
                    self.tell(&dock_id, News::Alarm(alarm));
                }
                self.event(&dock_id, envelope);
            }
        }
    }

    fn request(&self, dock_id: &str, envelope: Envelope) {
        let Some(method) = envelope.method.clone() else {
            return;
        };
        let devices = self.book().devices();
        if let Some(data) = requests::answer(&method, &envelope.data, &self.0.organisation, &devices) {
            self.answer(dock_id, &envelope, |sn| thing(sn, "requests_reply"), &data);
            return;
        }
        match method.as_str() {
            "storage_config_get" | "flighttask_resource_get" => {
                self.call(dock_id, envelope, "requests_reply")
            }
            "flight_areas_get" => {
                let none = json!({ "result": 0, "output": { "files": [] } });
                self.answer(dock_id, &envelope, |sn| thing(sn, "requests_reply"), &none);
            }
            _ => {
                self.count_unknown(dock_id, &method);
                let data = json!({ "result": NOT_SUPPORTED, "output": {} });
                self.answer(dock_id, &envelope, |sn| thing(sn, "requests_reply"), &data);
            }
        }
    }

    fn event(&self, dock_id: &str, envelope: Envelope) {
        let method = envelope.method.clone().unwrap_or_default();
        if method == "file_upload_callback" {
            self.call(dock_id, envelope, "events_reply");
            return;
        }
        match news_of(&method, &envelope) {
            Some(Some(news)) => self.tell(dock_id, news),
            Some(None) => {}
            None => self.count_unknown(dock_id, &method),
        }
        if envelope.need_reply {
            self.answer(dock_id, &envelope, |sn| thing(sn, "events_reply"), &understood());
        }
    }

    /// Hands a question on. A full queue drops it: the dock asks again.
    fn call(&self, dock_id: &str, envelope: Envelope, reply: &str) {
        let Some(gateway_sn) = self.with(dock_id, |record| record.device.gateway_sn.clone()) else {
            return;
        };
        let call = CloudCall {
            dock_id: dock_id.to_owned(),
            method: envelope.method.clone().unwrap_or_default(),
            data: envelope.data.clone(),
            reply: CloudReply {
                client: self.0.client.clone(),
                topic: thing(&gateway_sn, reply),
                gateway_sn,
                envelope,
                now_ms: self.now_ms(),
            },
        };
        if let Err(error) = self.0.calls.try_send(call) {
            tracing::warn!(dock.id = dock_id, %error, "a dock's question was not taken; it will ask again");
        }
    }

    /// Answers at once, without ever waiting: this runs where messages are read. What finds no room is asked again.
    fn answer(&self, dock_id: &str, envelope: &Envelope, topic: impl Fn(&str) -> String, data: &Value) {
        let Some(gateway_sn) = self.with(dock_id, |record| record.device.gateway_sn.clone()) else {
            return;
        };
        let payload = envelope.answer(&gateway_sn, data, self.now_ms());
        let sent = self
            .0
            .client
            .try_publish(topic(&gateway_sn), QoS::AtLeastOnce, false, payload);
        if let Err(error) = sent {
            tracing::debug!(dock.id = dock_id, %error, "an answer found no room; the dock will ask again");
        }
    }

    fn tell(&self, dock_id: &str, news: News) {
        if let Some(sender) = self.0.news.get(dock_id) {
            // Nobody listens while nothing is flown.
            let _ = sender.send(news);
        }
    }

    fn count_unknown(&self, dock_id: &str, method: &str) {
        self.book().statistics.unknown_methods += 1;
        let method: String = method.chars().take(64).collect();
        tracing::debug!(dock.id = dock_id, method, "a method that is not known here");
    }

    fn with<T>(&self, dock_id: &str, read: impl FnOnce(&Record) -> T) -> Option<T> {
        self.book().record(dock_id).map(read)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Beside for CloudDesk {
    fn filters(&self) -> Vec<&'static str> {
        filters().to_vec()
    }

    fn take(&self, topic: &[u8], payload: &[u8], retained: bool) -> bool {
        if !is_ours(topic) {
            return false;
        }
        let taken = self.book().take(topic, payload, (retained, Instant::now()));
        match taken {
            Ok(taken) => self.handle(taken),
            Err(bad) => {
                let topic: String = String::from_utf8_lossy(topic).chars().take(120).collect();
                tracing::debug!(topic, reason = %bad, "a message of a dock does not count");
            }
        }
        true
    }

    fn dock(&self, dock_id: &str) -> Option<DockState> {
        self.with(dock_id, |record| record.state(Instant::now()))
    }

    fn docks(&self) -> Vec<DockState> {
        self.book().states(Instant::now())
    }

    fn command<'a>(&'a self, dock_id: &'a str, method: DockMethod, deadline: Duration) -> ByHand<'a> {
        Box::pin(self.by_method(dock_id, method, deadline))
    }
}

/// What an event is for whoever flies. `Some(None)`: known and of no interest here; `None`: not known.
fn news_of(method: &str, envelope: &Envelope) -> Option<Option<News>> {
    let data = &envelope.data;
    Some(match method {
        "flighttask_progress" => Progress::of(envelope).map(News::Progress),
        "flighttask_ready" => Some(News::Ready(
            data.get("flight_ids")
                .and_then(Value::as_array)
                .map(|ids| ids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
        )),
        "return_home_info" => Some(News::Homing),
        "device_exit_homing_notify" => Some(News::ExitHoming {
            entered: flag(data, &["action"]).unwrap_or(true),
            reason: whole(data, &["reason"]),
        }),
        "flight_setup_exception_notify" => Some(News::SetupSlow {
            minutes: whole(data, &["timeout_time"]),
        }),
        "hms" | "highest_priority_upload_flighttask_media" | "airsense_warning" | "ota_progress" => None,
        "cover_open" | "cover_close" | "cover_force_close" | "drone_open" | "drone_close" | "charge_open"
        | "charge_close" | "device_reboot" | "debug_mode_open" | "debug_mode_close" => Some(News::Debug {
            method: method.to_owned(),
            status: text(data, &["output", "status"]).unwrap_or_default(),
            result: whole(data, &["result"]).unwrap_or(0),
            progress: HandProgress {
                percent: whole(data, &["output", "progress", "percent"]),
                step: text(data, &["output", "progress", "step_key"]),
            },
        }),
        _ => return None,
    })
}
