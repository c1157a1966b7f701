//! The dock's line to the broker of the cloud: topics of the Cloud API, one MQTT 5 client without a last will (the
//! cloud learns of a dock that is gone by its silence).

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::dock::{BrokerAddress, Encryption};

/// Messages that wait for the network before further ones are dropped.
const WAITING: usize = 512;
/// Largest message either way, bytes.
const LARGEST: u32 = 256 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(1);
/// Topics on which the cloud speaks to a dock, behind its serial number.
const HEARD: [Topic; 5] = [
    Topic::Services,
    Topic::EventsReply,
    Topic::RequestsReply,
    Topic::PropertySet,
    Topic::StatusReply,
];

/// A topic of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Osd,
    State,
    Services,
    ServicesReply,
    Events,
    EventsReply,
    Requests,
    RequestsReply,
    PropertySet,
    PropertySetReply,
    Status,
    StatusReply,
}

impl Topic {
    /// The topic of the device `sn`.
    pub(crate) fn of(self, sn: &str) -> String {
        let (head, word) = match self {
            Self::Osd => ("thing", "osd"),
            Self::State => ("thing", "state"),
            Self::Services => ("thing", "services"),
            Self::ServicesReply => ("thing", "services_reply"),
            Self::Events => ("thing", "events"),
            Self::EventsReply => ("thing", "events_reply"),
            Self::Requests => ("thing", "requests"),
            Self::RequestsReply => ("thing", "requests_reply"),
            Self::PropertySet => ("thing", "property/set"),
            Self::PropertySetReply => ("thing", "property/set_reply"),
            Self::Status => ("sys", "status"),
            Self::StatusReply => ("sys", "status_reply"),
        };
        format!("{head}/product/{sn}/{word}")
    }
}

/// What happens on the line.
#[derive(Debug)]
pub(crate) enum LineEvent {
    /// Connected.
    Up,
    /// The connection is gone, and why.
    Down(String),
    /// Bytes on one of the topics of the cloud.
    Message(Topic, Vec<u8>),
}

/// Where a line leads.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) broker: BrokerAddress,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) gateway_sn: String,
}

/// An open line; dropped, it is cut without a goodbye.
pub(crate) struct Line {
    client: AsyncClient,
    gateway_sn: String,
    heard: mpsc::Receiver<LineEvent>,
    cut: CancellationToken,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

impl Line {
    /// Begins to connect, and comes back for ever.
    pub(crate) fn open(address: &Address) -> Self {
        let sn = &address.gateway_sn;
        let mut options = MqttOptions::new(sn.clone(), address.broker.host.clone(), address.broker.port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(true)
            .set_max_packet_size(Some(LARGEST));
        if let Some(encryption) = &address.encryption {
            options.set_transport(encryption.transport());
        }
        let (client, events) = AsyncClient::new(options, WAITING);
        let (sender, heard) = mpsc::channel(WAITING);
        let cut = CancellationToken::new();
        tokio::spawn(keep(events, sn.clone(), sender, cut.clone()));
        Self {
            client,
            gateway_sn: sn.clone(),
            heard,
            cut,
        }
    }

    /// What happens next.
    pub(crate) async fn next(&mut self) -> Option<LineEvent> {
        self.heard.recv().await
    }

    /// Asks for everything that the cloud says to this dock. `false` when there was no room for that.
    pub(crate) fn listen(&self) -> bool {
        let mut filters = HEARD.iter().map(|topic| topic.of(&self.gateway_sn));
        filters.all(|filter| self.client.try_subscribe(filter, QoS::AtLeastOnce).is_ok())
    }

    /// Sends a message on a topic of the device `sn`. `false` when it had to be dropped.
    pub(crate) fn send(&self, topic: Topic, sn: &str, json: String) -> bool {
        let qos = match topic {
            Topic::Osd => QoS::AtMostOnce,
            _ => QoS::AtLeastOnce,
        };
        self.client.try_publish(topic.of(sn), qos, false, json).is_ok()
    }
}

async fn keep(mut events: EventLoop, sn: String, heard: mpsc::Sender<LineEvent>, cut: CancellationToken) {
    let mut told = false;
    loop {
        let polled = tokio::select! {
            polled = events.poll() => polled,
            () = cut.cancelled() => return,
        };
        let news = match polled {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                told = false;
                Some(LineEvent::Up)
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let topic = HEARD
                    .iter()
                    .find(|topic| topic.of(&sn).as_bytes() == &*publish.topic);
                topic.map(|topic| LineEvent::Message(*topic, publish.payload.to_vec()))
            }
            Ok(_) => None,
            Err(error) => {
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    () = cut.cancelled() => return,
                }
                let first = !std::mem::replace(&mut told, true);
                first.then(|| LineEvent::Down(error.to_string()))
            }
        };
        if let Some(news) = news
            && heard.send(news).await.is_err()
        {
            return;
        }
    }
}
