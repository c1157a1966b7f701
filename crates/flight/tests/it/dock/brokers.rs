//! Real brokers on free ports, and a wire in front of them that can be cut: rumqttd inside the test, Mosquitto as a
//! process of its own.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rumqttd::protocol::v5::V5;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// rumqttd on a thread that lives as long as the test program.
pub fn rumqttd() -> SocketAddr {
    let listen = free_address();
    let router = RouterConfig {
        max_connections: 100,
        max_outgoing_packet_count: 200,
        max_segment_size: 1024 * 1024,
        max_segment_count: 4,
        ..RouterConfig::default()
    };
    let settings = ServerSettings {
        name: "test".to_owned(),
        listen,
        tls: None,
        next_connection_delay_ms: 0,
        connections: ConnectionSettings {
            connection_timeout_ms: 5_000,
            max_payload_size: 256 * 1024,
            max_inflight_count: 200,
            auth: Some(HashMap::from([("bureau".to_owned(), "secret".to_owned())])),
            external_auth: None,
            dynamic_filters: true,
        },
    };
    let mut server = Server::new(settings, Router::new(0, router).spawn(), V5);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(server.start(LinkType::Remote)).unwrap();
    });
    wait_for(listen);
    listen
}

/// `None`, said aloud, where Mosquitto is not installed; in CI that is a failure.
pub fn mosquitto_program() -> Option<&'static str> {
    let program = ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find(|program| {
        let asked = Command::new(program)
            .arg("-h")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok()
    });
    if program.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "CI must have mosquitto"
        );
        eprintln!("SKIPPED: mosquitto is not installed");
    }
    program
}

/// Mosquitto as its users run it; ends with this value.
pub struct Mosquitto {
    pub address: SocketAddr,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// `None`, said aloud, where it is not installed; in CI that is a failure.
    pub fn start() -> Option<Self> {
        let program = mosquitto_program()?;
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let (config, passwords) = (folder.path().join("conf"), folder.path().join("passwords"));
        std::fs::write(&passwords, "bureau:secret\n").unwrap();
        let hashed = Command::new("mosquitto_passwd")
            .arg("-U")
            .arg(&passwords)
            .status();
        assert!(hashed.is_ok_and(|status| status.success()), "mosquitto_passwd");
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\npersistence false\n",
            address.port(),
            passwords.display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(address);
        Some(Self {
            address,
            process,
            _folder: folder,
        })
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A wire to `target` that can be cut and mended. Cut, it resets what is open and turns new connections away.
pub struct Wire {
    pub address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut state = state.clone();
                tokio::spawn(carry(near, target, async move {
                    let _ = state.wait_for(|whole| !whole).await;
                }));
            }
        });
        Self { address, whole }
    }

    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, cut: impl Future<Output = ()>) {
    let carried = async {
        let mut far = TcpStream::connect(target).await?;
        copy_bidirectional(&mut near, &mut far).await
    };
    tokio::select! {
        biased;
        () = cut => {}
        _ = carried => {}
    }
}

pub fn wait_for(address: SocketAddr) {
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "no broker on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
