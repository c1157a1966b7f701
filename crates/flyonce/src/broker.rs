//! The docks' broker inside this program, for the demo and for a site that runs none: rumqttd, MQTT 5, this machine
//! only. It keeps retained messages in memory: after a restart every dock says its status again.
//!
//! Stopping: [`EmbeddedBroker`] dropped means that its port is free and its connections are cut. rumqttd's router
//! thread cannot be ended from outside; it stays parked, without work, as long as the process lives.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rumqttd::protocol::v5::V5;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Largest message, bytes; a client that sends more is disconnected.
const MAX_PAYLOAD: usize = 256 * 1024;
/// Clients at one time: far more than docks, because a full rumqttd ends as [`still_answers`] tells.
const MAX_CONNECTIONS: usize = 1000;
/// What is kept per topic filter for clients that lag behind: number of segments, and bytes of one.
const KEPT: (usize, usize) = (4, 1024 * 1024);
/// Messages to or from one client that wait to be handled.
const MAX_IN_FLIGHT: usize = 200;
/// How often the broker is asked whether it still takes clients.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How long the answer may take.
const PROBE_WITHIN: Duration = Duration::from_secs(3);
/// How long the start may take on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(15);

/// A running broker; it ends when this is dropped.
pub struct EmbeddedBroker {
    /// Where clients connect.
    pub address: SocketAddr,
    _stop: DropGuard,
}

impl EmbeddedBroker {
    /// Starts the broker on a thread of its own. Port 0 means any free port.
    ///
    /// # Errors
    /// The address is not of this machine alone (the broker knows no passwords), or the port is taken.
    pub fn start(listen: SocketAddr) -> anyhow::Result<Self> {
        if !listen.ip().is_loopback() {
            bail!(
                "the built-in broker knows no passwords and serves this machine only: {listen} is not a loopback \
                 address; for docks in the field run a broker of your own and give its address"
            );
        }
        let address = free_address(listen).with_context(|| {
            format!("the built-in broker cannot listen on {listen}; is another broker running there?")
        })?;
        let stop = CancellationToken::new();
        let (started, ready) = mpsc::channel();
        let life = Life {
            address,
            stop: stop.clone(),
        };
        thread::Builder::new()
            .name("dock-broker".to_owned())
            .spawn(move || life.run(&started))
            .context("no thread for the built-in broker")?;
        let broker = Self {
            address,
            _stop: stop.drop_guard(),
        };
        match ready.recv_timeout(START_WITHIN) {
            Ok(started) => started.context("the built-in broker did not start")?,
            Err(_) => bail!("the built-in broker did not answer on {address} within {START_WITHIN:?}"),
        }
        Ok(broker)
    }
}

struct Life {
    address: SocketAddr,
    stop: CancellationToken,
}

/// Why a round of serving ended.
enum Ended {
    Stopped,
    NoLongerAnswers,
    Failed(anyhow::Error),
}

impl Life {
    /// Serves until stopped; says on `started` once how the start went.
    fn run(self, started: &mpsc::Sender<anyhow::Result<()>>) {
        let router_config = RouterConfig {
            max_connections: MAX_CONNECTIONS,
            max_outgoing_packet_count: MAX_IN_FLIGHT as u64,
            max_segment_count: KEPT.0,
            max_segment_size: KEPT.1,
            ..RouterConfig::default()
        };
        let router = Router::new(0, router_config).spawn();
        loop {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = started.send(Err(error.into()));
                    return;
                }
            };
            let mut server = Server::new(self.settings(), router.clone(), V5);
            // rumqttd calls every lost connection an error; what a lost dock means is said by who misses it.
            let silent = tracing::subscriber::NoSubscriber::default();
            let ended = tracing::subscriber::with_default(silent, || {
                runtime.block_on(async {
                    tokio::select! {
                        biased;
                        () = self.stop.cancelled() => Ended::Stopped,
                        result = server.start(LinkType::Remote) => Ended::Failed(match result {
                            Ok(()) => anyhow::anyhow!("it stopped listening"),
                            Err(error) => error.into(),
                        }),
                        () = self.watch(started) => Ended::NoLongerAnswers,
                    }
                })
            });
            // Cuts every connection: clients come back on their own.
            drop(runtime);
            match ended {
                Ended::Stopped => return,
                Ended::NoLongerAnswers => tracing::warn!(
                    address = %self.address, "the built-in broker no longer took clients and was started again"
                ),
                Ended::Failed(error) => {
                    tracing::error!(address = %self.address, %error, "the built-in broker failed; trying again");
                    let _ = started.send(Err(error));
                    if self.stop.is_cancelled() {
                        return;
                    }
                    thread::sleep(PROBE_EVERY);
                }
            }
        }
    }

    fn settings(&self) -> ServerSettings {
        ServerSettings {
            name: "docks".to_owned(),
            listen: self.address,
            tls: None,
            next_connection_delay_ms: 0,
            connections: ConnectionSettings {
                connection_timeout_ms: 5_000,
                max_payload_size: MAX_PAYLOAD,
                max_inflight_count: MAX_IN_FLIGHT,
                auth: None,
                external_auth: None,
                dynamic_filters: true,
            },
        }
    }

    /// Returns when the broker does not take clients any more.
    ///
    /// Needed because one client can end rumqttd 0.20 for all: where it turns a client away after CONNECT (a name
    /// with forbidden characters, no space left), the second attempt of the same client panics with the lock of all
    /// connections in hand, and every later CONNECT panics on the poisoned lock.
    async fn watch(&self, started: &mpsc::Sender<anyhow::Result<()>>) {
        let mut answered = false;
        loop {
            match timeout(PROBE_WITHIN, still_answers(self.address)).await {
                Ok(Ok(())) if !answered => {
                    answered = true;
                    let _ = started.send(Ok(()));
                }
                Ok(Ok(())) => {}
                _ if answered => return,
                _ => {
                    // Not up yet.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            }
            sleep(PROBE_EVERY).await;
        }
    }
}

/// The address itself, or with port 0 one that is free now.
fn free_address(listen: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(listen)?.local_addr()
}

/// Connects as an MQTT 5 client and waits for CONNACK.
async fn still_answers(address: SocketAddr) -> io::Result<()> {
    const NAME: &[u8] = b"flyonce-broker-probe";
    const CONNACK: u8 = 0x20;
    const DISCONNECT: [u8; 2] = [0xE0, 0x00];
    // MQTT 5, clean start, keep alive 10 s, no properties (OASIS MQTT 5.0, 3.1).
    let mut connect = vec![0x10, 13 + NAME.len() as u8];
    connect.extend(b"\x00\x04MQTT\x05\x02\x00\x0a\x00\x00");
    connect.push(NAME.len() as u8);
    connect.extend(NAME);
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&connect).await?;
    let kind = stream.read_u8().await?;
    stream.write_all(&DISCONNECT).await?;
    match kind {
        CONNACK => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Instant;

    use super::*;

    const ANY_PORT: &str = "127.0.0.1:0";

    /// CONNECT under `name`; the first byte of the answer, or none when the broker hangs up.
    fn connect_as(address: SocketAddr, name: &[u8]) -> Option<u8> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let length = u8::try_from(name.len()).unwrap();
        let mut connect = vec![0x10, 13 + length];
        connect.extend(b"\x00\x04MQTT\x05\x02\x00\x0a\x00\x00");
        connect.push(length);
        connect.extend(name);
        stream.write_all(&connect).unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).ok().map(|()| first[0])
    }

    #[test]
    fn it_takes_clients_and_gives_its_port_back() {
        let broker = EmbeddedBroker::start(ANY_PORT.parse().unwrap()).unwrap();
        let address = broker.address;
        assert_ne!(address.port(), 0);
        assert_eq!(connect_as(address, b"dock"), Some(0x20));
        drop(broker);
        let until = Instant::now() + Duration::from_secs(10);
        while TcpListener::bind(address).is_err() {
            assert!(Instant::now() < until, "{address} is still taken");
            thread::sleep(Duration::from_millis(20));
        }
        let again = EmbeddedBroker::start(address).unwrap();
        assert_eq!(again.address, address);
    }

    #[test]
    fn a_taken_port_and_a_public_address_are_refused_in_words() {
        let other = TcpListener::bind(ANY_PORT).unwrap();
        let taken = other.local_addr().unwrap();
        let error = EmbeddedBroker::start(taken).err().unwrap();
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
        assert!(error.to_string().contains("another broker"), "{error}");
        let public = EmbeddedBroker::start("0.0.0.0:0".parse().unwrap()).err().unwrap();
        assert!(public.to_string().contains("loopback"), "{public}");
    }

    #[test]
    fn a_client_that_breaks_it_breaks_it_for_seconds_only() {
        let broker = EmbeddedBroker::start(ANY_PORT.parse().unwrap()).unwrap();
        for _ in 0..3 {
            assert_eq!(connect_as(broker.address, b"a+b"), None, "a name with a wildcard");
        }
        let until = Instant::now() + Duration::from_secs(30);
        while connect_as(broker.address, b"dock") != Some(0x20) {
            assert!(Instant::now() < until, "the broker stays away");
            thread::sleep(Duration::from_millis(200));
        }
    }
}
