//! The connection to the broker that never gives up: one task polls it, reconnects with back-off, subscribes again,
//! and writes what docks say into the book. What is known outlives the connection and grows old on its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::NetworkOptions;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish, SubAck, Subscribe, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Request};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::address::BrokerAddress;
use super::answers::{Answer, Waiting};
use super::beside::Beside;
use super::book::{BadMessage, Book, Incoming, Taken};
use super::messages::filters;
use super::state::DockState;
use super::tls::BrokerTls;

/// First wait after a lost connection.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest wait between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A dead connection is noticed after at most two of these.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Largest packet that is read at all. Far above what counts as a message: a packet over this limit ends the
/// connection, and one that is retained would end every connection after it.
const LARGEST_PACKET: u32 = 4 * 1024 * 1024;
/// Commands on their way to the broker at one time.
const IN_FLIGHT: u16 = 100;
/// Different reasons for no connection that are said aloud.
const MOST_TOLD: usize = 16;
/// Bad messages are logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The line to all docks. Clones are the same line; it ends with its `stop` token.
#[derive(Clone)]
pub struct DockLine {
    pub(super) shared: Arc<Shared>,
    changes: watch::Receiver<u64>,
}

/// What went over the line so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DockLineStatistics {
    /// The broker is connected and our subscriptions stand.
    pub connected: bool,
    /// Connections so far.
    pub connections: u64,
    /// Messages of any kind.
    pub messages: u64,
    /// Messages that did not count: too large, not JSON, wrong type, wrong version, another dock's name.
    pub bad_messages: u64,
    /// Messages older than what was known.
    pub out_of_order: u64,
}

/// What the event loop and the commands share.
pub(super) struct Shared {
    pub(super) client: AsyncClient,
    pub(super) waiting: Waiting,
    /// The number of the standing connection; `None` while there is none.
    pub(super) session: watch::Sender<Option<u64>>,
    /// Docks of another kind on the same broker, if there are any.
    pub(super) beside: OnceLock<Arc<dyn Beside>>,
    book: Mutex<Book>,
    changes: watch::Sender<u64>,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    connections: AtomicU64,
    messages: AtomicU64,
    bad_messages: AtomicU64,
    out_of_order: AtomicU64,
}

impl DockLine {
    /// Opens the line; returns at once and connects in the background, again and again until `stop`.
    ///
    /// `client_id` must be this program's own: a broker throws out the older of two clients of one name.
    /// `tls` is for addresses with `mqtts://` and left out for others.
    #[must_use]
    pub fn connect(
        address: &BrokerAddress,
        tls: Option<&BrokerTls>,
        client_id: &str,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (client, event_loop) = event_loop(address, tls, client_id);
        let (changes, receiver) = watch::channel(0);
        let shared = Arc::new(Shared {
            client,
            waiting: Waiting::default(),
            session: watch::Sender::new(None),
            beside: OnceLock::new(),
            book: Mutex::default(),
            changes,
            counters: Counters::default(),
        });
        let poller = Poller {
            event_loop,
            shared: Arc::clone(&shared),
            pause: FIRST_PAUSE,
            log: BadMessageLog::default(),
            told: BTreeSet::new(),
            address: address.to_string(),
        };
        tasks.spawn(poller.run(stop));
        Self {
            shared,
            changes: receiver,
        }
    }

    /// Every dock ever heard, by name, as known now.
    #[must_use]
    pub fn docks(&self) -> Vec<DockState> {
        let mut docks = self.shared.book().states(Instant::now());
        docks.extend(
            self.shared
                .beside
                .get()
                .map(|beside| beside.docks())
                .unwrap_or_default(),
        );
        docks
    }

    /// One dock as known now; `None` when it was never heard.
    #[must_use]
    pub fn dock(&self, dock_id: &str) -> Option<DockState> {
        let beside = self.shared.beside.get().and_then(|beside| beside.dock(dock_id));
        beside.or_else(|| self.shared.book().state(dock_id, Instant::now()))
    }

    /// Serves docks of another kind on this line. Once per line.
    pub(crate) fn attach(&self, beside: Arc<dyn Beside>) {
        let filters = beside.filters();
        if self.shared.beside.set(beside).is_err() {
            tracing::warn!("the line serves docks of another kind already");
            return;
        }
        for filter in filters {
            // Taken along with the next connection at the latest.
            if let Err(error) = self.shared.client.try_subscribe(filter, QoS::AtLeastOnce) {
                tracing::warn!(%error, filter, "cannot subscribe yet");
            }
        }
    }

    /// For those who speak on the same line.
    pub(crate) fn client(&self) -> AsyncClient {
        self.shared.client.clone()
    }

    /// The number of the standing connection; `None` while there is none.
    pub(crate) fn session(&self) -> watch::Receiver<Option<u64>> {
        self.shared.session.subscribe()
    }

    /// Waits until something is new since this clone last waited. Knowledge also grows old without a message: look
    /// again every few seconds.
    pub async fn changed(&mut self) {
        // The sender lives as long as `self`.
        let _ = self.changes.changed().await;
    }

    /// Figures for a status page.
    #[must_use]
    pub fn statistics(&self) -> DockLineStatistics {
        let counters = &self.shared.counters;
        DockLineStatistics {
            connected: self.shared.session.borrow().is_some(),
            connections: counters.connections.load(Ordering::Relaxed),
            messages: counters.messages.load(Ordering::Relaxed),
            bad_messages: counters.bad_messages.load(Ordering::Relaxed),
            out_of_order: counters.out_of_order.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce_change(&self) {
        self.changes
            .send_modify(|revision| *revision = revision.wrapping_add(1));
    }
}

fn event_loop(address: &BrokerAddress, tls: Option<&BrokerTls>, client_id: &str) -> (AsyncClient, EventLoop) {
    // The library joins host and port with a colon, so an IPv6 number needs its brackets back.
    let host = match address.host.contains(':') {
        true => format!("[{}]", address.host),
        false => address.host.clone(),
    };
    let mut options = MqttOptions::new(client_id, host, address.port);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_connection_timeout(5)
        // Nothing of ours waits at the broker: what matters is asked again by whoever still waits for it.
        .set_clean_start(true)
        .set_max_packet_size(Some(LARGEST_PACKET))
        .set_outgoing_inflight_upper_limit(IN_FLIGHT);
    if let Some((user, password)) = &address.login {
        options.set_credentials(user, password);
    }
    if let Some(tls) = tls {
        options.set_transport(tls.transport());
    }
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    AsyncClient::new(options, usize::from(IN_FLIGHT))
}

struct Poller {
    event_loop: EventLoop,
    shared: Arc<Shared>,
    pause: Duration,
    log: BadMessageLog,
    /// What was wrong with the connection, each said aloud once.
    told: BTreeSet<String>,
    address: String,
}

impl Poller {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                event = self.event_loop.poll() => event,
            };
            match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.subscribe(),
                Ok(Event::Incoming(Packet::SubAck(answer))) => self.subscribed(&answer),
                Ok(Event::Incoming(Packet::Publish(publish))) => self.take(&publish),
                Ok(_) => {}
                Err(error) => {
                    self.lost(&error);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(self.pause) => {}
                    }
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        self.shared.session.send_replace(None);
        self.shared.announce_change();
    }

    fn subscribe(&mut self) {
        let beside = self.shared.beside.get().map(|beside| beside.filters());
        let all = filters()
            .into_iter()
            .chain(beside.unwrap_or_default().into_iter().map(str::to_owned));
        let wanted: Vec<Filter> = all.map(|filter| Filter::new(filter, QoS::AtLeastOnce)).collect();
        // Ahead of the queue of requests, which may be full of commands that need these subscriptions.
        self.event_loop
            .pending
            .push_front(Request::Subscribe(Subscribe::new_many(wanted, None)));
    }

    fn subscribed(&mut self, answer: &SubAck) {
        let is_refused = |code: &&SubscribeReasonCode| !matches!(code, SubscribeReasonCode::Success(_));
        let ours = filters().len();
        let (own, beside) = answer.return_codes.split_at(ours.min(answer.return_codes.len()));
        if let Some(code) = beside.iter().find(is_refused) {
            tracing::error!(broker = %self.address, ?code, "the broker refuses our subscription to docks of the Cloud API");
        }
        let refused = own.iter().find(is_refused);
        if own.len() < ours {
            // Asked for later, for docks of another kind.
            if let Some(code) = refused {
                tracing::error!(broker = %self.address, ?code, "the broker refuses a subscription");
            }
            return;
        }
        if let Some(code) = refused {
            tracing::error!(broker = %self.address, ?code, "the broker refuses our subscription to docks");
            return;
        }
        self.pause = FIRST_PAUSE;
        self.shared.book().start_over();
        let number = self.shared.counters.connections.fetch_add(1, Ordering::Relaxed) + 1;
        self.shared.session.send_replace(Some(number));
        self.shared.announce_change();
        tracing::info!(broker = %self.address, "connected to the docks' broker");
    }

    fn lost(&mut self, error: &ConnectionError) {
        // rumqttc 0.25 forgets to forget it, and sends nothing of ours as long as it is there.
        self.event_loop.state.collision = None;
        if self.shared.session.send_replace(None).is_some() {
            tracing::warn!(broker = %self.address, %error, "lost the docks' broker; trying again");
            self.shared.announce_change();
        } else if self.told.len() < MOST_TOLD && self.told.insert(error.to_string()) {
            // A certificate that does not fit, a wrong password: nothing that trying again will mend.
            tracing::warn!(broker = %self.address, %error, "the docks' broker cannot be reached; trying again");
        } else {
            tracing::debug!(broker = %self.address, %error, "the docks' broker does not answer");
        }
    }

    fn take(&mut self, publish: &Publish) {
        let shared = &self.shared;
        shared.counters.messages.fetch_add(1, Ordering::Relaxed);
        let beside = shared.beside.get();
        if beside.is_some_and(|beside| beside.take(&publish.topic, &publish.payload, publish.retain)) {
            shared.announce_change();
            return;
        }
        let incoming = Incoming {
            topic: &publish.topic,
            payload: &publish.payload,
            retained: publish.retain,
        };
        let taken = shared.book().take(incoming, Instant::now());
        match taken {
            Ok(Taken::State) => {}
            Ok(Taken::DockIsBack(dock_id)) => shared.waiting.dock_is_back(&dock_id),
            Ok(Taken::Reply(dock_id, reply)) => {
                let id = reply.id.clone();
                shared.waiting.answer(&dock_id, &id, Answer::Reply(reply));
            }
            Ok(Taken::Progress(dock_id, progress)) => {
                let id = progress.id.clone();
                shared.waiting.answer(&dock_id, &id, Answer::Progress(progress));
            }
            Ok(Taken::OutOfOrder) => {
                shared.counters.out_of_order.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Err(bad) => {
                shared.counters.bad_messages.fetch_add(1, Ordering::Relaxed);
                self.log.note(&publish.topic, &bad);
                return;
            }
        }
        shared.announce_change();
    }
}

/// Says that messages are bad, but not a thousand times.
#[derive(Default)]
struct BadMessageLog {
    last: Option<Instant>,
    unsaid: u64,
}

impl BadMessageLog {
    fn note(&mut self, topic: &[u8], bad: &BadMessage) {
        if self.last.is_some_and(|last| last.elapsed() < LOG_EVERY) {
            self.unsaid += 1;
            return;
        }
        let topic: String = String::from_utf8_lossy(topic).chars().take(120).collect();
        tracing::warn!(topic, reason = %bad, and_unsaid = self.unsaid, "a dock's message does not count");
        *self = Self {
            last: Some(Instant::now()),
            unsaid: 0,
        };
    }
}
