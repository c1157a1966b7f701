//! A real MQTT 5 broker that can be killed, and a client that commands docks through it.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use rumqttd::protocol::v5::V5;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A broker without memory of an earlier one; dropped, it cuts all connections and frees its port.
pub(crate) struct TestBroker {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl TestBroker {
    pub(crate) fn on_any_port() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self::on(address)
    }

    pub(crate) fn on(address: SocketAddr) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let router = Router::new(
                0,
                RouterConfig {
                    max_connections: 100,
                    max_outgoing_packet_count: 200,
                    max_segment_size: 1024 * 1024,
                    max_segment_count: 4,
                    ..RouterConfig::default()
                },
            )
            .spawn();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let mut server = Server::new(settings(address), router, V5);
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    ended = server.start(LinkType::Remote) => panic!("the broker ended: {ended:?}"),
                }
            });
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn settings(listen: SocketAddr) -> ServerSettings {
    ServerSettings {
        name: "docks".to_owned(),
        listen,
        tls: None,
        next_connection_delay_ms: 0,
        connections: ConnectionSettings {
            connection_timeout_ms: 5_000,
            max_payload_size: 256 * 1024,
            max_inflight_count: 200,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    }
}

/// Who commands docks and hears everything they say.
pub(crate) struct Peer {
    client: AsyncClient,
    heard: mpsc::UnboundedReceiver<Publish>,
    polling: tokio::task::JoinHandle<()>,
}

impl Peer {
    /// Connects and listens to all docks.
    pub(crate) async fn at(broker: &TestBroker, name: &str) -> Self {
        let mut options = MqttOptions::new(name, "127.0.0.1", broker.address.port());
        options.set_max_packet_size(Some(256 * 1024));
        let (client, mut events) = AsyncClient::new(options, 1000);
        let (sender, heard) = mpsc::unbounded_channel();
        client
            .subscribe("flyonce/docks/#", QoS::AtLeastOnce)
            .await
            .unwrap();
        let polling = tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let _ = sender.send(publish);
                    }
                    Ok(_) => {}
                    // Not up yet.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Self {
            client,
            heard,
            polling,
        }
    }

    pub(crate) async fn tell(&self, dock_id: &str, command: &Value) {
        let properties = PublishProperties {
            message_expiry_interval: Some(30),
            correlation_data: command["id"].as_str().map(|id| id.to_owned().into()),
            ..PublishProperties::default()
        };
        self.tell_bytes(dock_id, command.to_string().into_bytes(), properties)
            .await;
    }

    pub(crate) async fn tell_bytes(&self, dock_id: &str, bytes: Vec<u8>, properties: PublishProperties) {
        let topic = format!("flyonce/docks/{dock_id}/command");
        self.client
            .publish_with_properties(topic, QoS::AtLeastOnce, false, bytes, properties)
            .await
            .unwrap();
    }

    /// The next message of a topic that fits.
    pub(crate) async fn next(&mut self, word: &str, fits: impl Fn(&Value) -> bool) -> (Value, Publish) {
        let wait = async {
            loop {
                let publish = self.heard.recv().await.expect("the client lives");
                let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                if !topic.ends_with(&format!("/{word}")) {
                    continue;
                }
                let value: Value = serde_json::from_slice(&publish.payload).unwrap();
                if fits(&value) {
                    return (value, publish);
                }
            }
        };
        timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("no such {word} within {PATIENCE:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.polling.abort();
    }
}
