//! A dock's line to its broker: one MQTT 5 client that comes back for ever, with a last will that says the dock is
//! gone. What is sent while the broker is away is dropped; the dock says its status again when the line is up.

use std::str::FromStr;
use std::time::{Duration, Instant};

use rumqttc::Outgoing as Sent;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::dock::status::Status;
use crate::dock::tls::Encryption;

/// Messages that wait for the network before further ones are dropped.
const WAITING: usize = 256;
/// Largest message either way, bytes.
const LARGEST: u32 = 128 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Name or address; an IPv6 address in brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether the line is encrypted.
    pub tls: bool,
}

/// Why a text is no broker address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is no broker address: expected mqtt://HOST:PORT or mqtts://HOST:PORT, such as mqtt://127.0.0.1:1883"
)]
pub struct BrokerAddressProblem {
    found: String,
}

impl FromStr for BrokerAddress {
    type Err = BrokerAddressProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tls, rest) = match text.split_once("://") {
            Some(("mqtt", rest)) => (false, Some(rest)),
            Some(("mqtts", rest)) => (true, Some(rest)),
            _ => (false, None),
        };
        let parsed = rest
            .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
            .and_then(|rest| rest.rsplit_once(':'))
            .filter(|(host, _)| !host.is_empty() && !host.contains(['/', '@', ' ']))
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok().filter(|p| *p > 0)?)));
        parsed
            .map(|(host, port)| Self { host, port, tls })
            .ok_or_else(|| BrokerAddressProblem {
                found: text.to_owned(),
            })
    }
}

impl std::fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// What happens on the line.
#[derive(Debug)]
pub(crate) enum LineEvent {
    /// Connected.
    Up,
    /// The connection is gone, and why. Said once per outage.
    Down(String),
    /// A command's bytes, and until when they count.
    Command {
        bytes: Vec<u8>,
        expires: Option<Instant>,
    },
}

/// The sending end of the line.
#[derive(Clone)]
pub(crate) struct Line {
    client: AsyncClient,
    dock_id: String,
}

/// The end that holds the connection; runs in a task of its own.
pub(crate) struct LineKeeper {
    events: EventLoop,
    dock_number: u64,
}

impl Line {
    /// A line of the dock `dock_id`, not yet connected.
    pub(crate) fn new(
        dock_id: &str,
        (broker, encryption): (&BrokerAddress, Option<&Encryption>),
        dock_number: u64,
    ) -> (Self, LineKeeper) {
        let client_id = format!("flyonce-dock-{dock_id}");
        let mut options = MqttOptions::new(client_id, broker.host.clone(), broker.port);
        let will = Status::offline_json(dock_id);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(true)
            .set_max_packet_size(Some(LARGEST))
            .set_last_will(LastWill::new(
                topic(dock_id, "status"),
                will,
                QoS::AtLeastOnce,
                true,
                None,
            ));
        if let Some(encryption) = encryption {
            options.set_transport(encryption.transport());
        }
        let (client, events) = AsyncClient::new(options, WAITING);
        let line = Self {
            client,
            dock_id: dock_id.to_owned(),
        };
        (line, LineKeeper { events, dock_number })
    }

    /// Asks for commands; to be repeated whenever the line comes up.
    pub(crate) fn ask_for_commands(&self) -> bool {
        let filter = topic(&self.dock_id, "command");
        self.client.try_subscribe(filter, QoS::AtLeastOnce).is_ok()
    }

    /// Sends the retained status. `false` when the message had to be dropped.
    pub(crate) fn send_status(&self, json: String) -> bool {
        let topic = topic(&self.dock_id, "status");
        self.client
            .try_publish(topic, QoS::AtLeastOnce, true, json)
            .is_ok()
    }

    /// Sends telemetry. `false` when the message had to be dropped.
    pub(crate) fn send_telemetry(&self, json: String) -> bool {
        let topic = topic(&self.dock_id, "telemetry");
        self.client
            .try_publish(topic, QoS::AtMostOnce, false, json)
            .is_ok()
    }

    /// Sends an answer about the command `id`. `false` when the message had to be dropped.
    pub(crate) fn send_answer(&self, word: &str, id: &str, json: String) -> bool {
        let properties = PublishProperties {
            correlation_data: Some(id.to_owned().into()),
            ..PublishProperties::default()
        };
        let topic = topic(&self.dock_id, word);
        self.client
            .try_publish_with_properties(topic, QoS::AtLeastOnce, false, json, properties)
            .is_ok()
    }

    fn say_farewell(&self) {
        let sent = self.send_status(Status::offline_json(&self.dock_id));
        if sent && self.client.try_disconnect().is_ok() {
            return;
        }
        tracing::debug!(dock = %self.dock_id, "no room for a farewell: the last will speaks");
    }
}

impl LineKeeper {
    /// Keeps the line until `stop`, then says farewell; or until `cut`, then drops it without a word.
    pub(crate) async fn keep(
        mut self,
        line: Line,
        heard: mpsc::Sender<LineEvent>,
        stop: CancellationToken,
        cut: CancellationToken,
    ) {
        let mut outage = Outage::new(self.dock_number);
        loop {
            let polled = tokio::select! {
                polled = self.events.poll() => polled,
                () = stop.cancelled() => break,
                () = cut.cancelled() => return,
            };
            let news = match polled {
                Ok(event) => {
                    outage.is_over(&event);
                    news_of(event)
                }
                Err(error) => {
                    let (pause, first) = outage.next();
                    if first && heard.send(LineEvent::Down(error.to_string())).await.is_err() {
                        return;
                    }
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = stop.cancelled() => return,
                        () = cut.cancelled() => return,
                    }
                    None
                }
            };
            if let Some(news) = news
                && heard.send(news).await.is_err()
            {
                return;
            }
        }
        line.say_farewell();
        // Past this time the broker is gone, and nobody is left to hear a farewell.
        let _ = timeout(FAREWELL, self.finish()).await;
    }

    async fn finish(&mut self) {
        while let Ok(event) = self.events.poll().await {
            if event == Event::Outgoing(Sent::Disconnect) {
                return;
            }
        }
    }
}

/// Pauses between attempts to connect, longer each time, and different for every dock.
struct Outage {
    attempts: u32,
    shift: Duration,
}

impl Outage {
    fn new(dock_number: u64) -> Self {
        Self {
            attempts: 0,
            shift: Duration::from_millis(37 * (dock_number % 16)),
        }
    }

    fn is_over(&mut self, event: &Event) {
        if matches!(event, Event::Incoming(Packet::ConnAck(_))) {
            self.attempts = 0;
        }
    }

    /// The pause, and whether this is the first failure of the outage.
    fn next(&mut self) -> (Duration, bool) {
        let pause = (FIRST_PAUSE * 2u32.pow(self.attempts.min(4))).min(LONGEST_PAUSE) + self.shift;
        self.attempts += 1;
        (pause, self.attempts == 1)
    }
}

fn news_of(event: Event) -> Option<LineEvent> {
    match event {
        Event::Incoming(Packet::ConnAck(_)) => Some(LineEvent::Up),
        Event::Incoming(Packet::Publish(publish)) => {
            let expiry_s = publish.properties.and_then(|p| p.message_expiry_interval);
            Some(LineEvent::Command {
                bytes: publish.payload.to_vec(),
                expires: expiry_s.and_then(|s| Instant::now().checked_add(Duration::from_secs(s.into()))),
            })
        }
        _ => None,
    }
}

fn topic(dock_id: &str, word: &str) -> String {
    format!("flyonce/docks/{dock_id}/{word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_addresses() {
        let good: BrokerAddress = "mqtt://127.0.0.1:1883".parse().unwrap();
        assert_eq!((good.host.as_str(), good.port), ("127.0.0.1", 1883));
        assert_eq!(good.to_string(), "mqtt://127.0.0.1:1883");
        assert_eq!("mqtt://[::1]:1/".parse::<BrokerAddress>().unwrap().host, "[::1]");
        let encrypted: BrokerAddress = "mqtts://broker.local:8883".parse().unwrap();
        assert!(encrypted.tls && !good.tls);
        assert_eq!(encrypted.to_string(), "mqtts://broker.local:8883");
        for bad in [
            "",
            "127.0.0.1:1883",
            "ws://a:1",
            "mqtts://a",
            "mqtt://a",
            "mqtt://:1",
            "mqtt://a:0",
            "mqtt://a:99999",
        ] {
            assert!(bad.parse::<BrokerAddress>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_start_over() {
        let mut outage = Outage::new(1);
        let pauses: Vec<_> = (0..10).map(|_| outage.next()).collect();
        assert!(pauses[0].1 && !pauses[1].1);
        assert!(pauses[1].0 > pauses[0].0);
        assert!(pauses.iter().all(|(pause, _)| *pause < Duration::from_secs(5)));
    }
}
