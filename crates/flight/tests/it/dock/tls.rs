//! Mosquitto with TLS and certificates made here: the right authority and certificate are let in, wrong ones are not.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flight::dock::{BrokerTls, DockLine, TlsError, TlsFiles};
use simulator::dock::Encryption;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::brokers::{free_address, mosquitto_program, wait_for};

/// Certificates of one authority, made with openssl.
struct Authority(PathBuf);

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        openssl(
            &folder,
            &format!(
                "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout ca.key -out ca.pem \
                 -addext basicConstraints=critical,CA:TRUE"
            ),
        );
        Self(folder)
    }

    /// `NAME.pem` and `NAME.key`, for 127.0.0.1 and localhost.
    fn certify(&self, name: &str) -> (PathBuf, PathBuf) {
        let extensions = self.0.join("extensions");
        std::fs::write(&extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
        openssl(
            &self.0,
            &format!("req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"),
        );
        openssl(
            &self.0,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out {name}.pem"
            ),
        );
        (
            self.0.join(format!("{name}.pem")),
            self.0.join(format!("{name}.key")),
        )
    }

    fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }
}

fn openssl(folder: &Path, words: &str) {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(words.split_whitespace())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{words}: {}",
        String::from_utf8_lossy(&made.stderr)
    );
}

/// Mosquitto that lets in only who shows a certificate of the authority.
struct Guarded {
    port: u16,
    process: Child,
}

impl Guarded {
    fn start(folder: &Path, authority: &Authority, program: &str) -> Self {
        let (certificate, key) = authority.certify("broker");
        let address = free_address();
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nuser root\npersistence false\ncafile {}\ncertfile {}\nkeyfile {}\n\
             require_certificate true\n",
            address.port(),
            authority.ca().display(),
            certificate.display(),
            key.display()
        );
        let config = folder.join("mosquitto.conf");
        std::fs::write(&config, text).unwrap();
        let process = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(address);
        Self {
            port: address.port(),
            process,
        }
    }

    /// Whether a line with these certificates comes to stand, within a time in which a right one does many times.
    async fn lets_in(&self, files: &TlsFiles) -> bool {
        let tls = BrokerTls::load(files).unwrap();
        let address = format!("mqtts://127.0.0.1:{}", self.port).parse().unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut line = DockLine::connect(&address, Some(&tls), "flyonce-tls", &tasks, stop.clone());
        let stands = async {
            while !line.statistics().connected {
                line.changed().await;
            }
        };
        let stood = tokio::time::timeout(Duration::from_secs(6), stands).await.is_ok();
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        stood
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn only_right_certificates_on_both_sides_make_a_line() {
    let Some(program) = mosquitto_program() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "bureau");
    let stranger = Authority::new(folder.path(), "stranger");
    let broker = Guarded::start(folder.path(), &ours, program);
    let right = TlsFiles {
        ca_file: Some(ours.ca()),
        client: Some(ours.certify("flyonce")),
    };
    assert!(broker.lets_in(&right).await);
    let wrong_authority = TlsFiles {
        ca_file: Some(stranger.ca()),
        ..right.clone()
    };
    assert!(
        !broker.lets_in(&wrong_authority).await,
        "trusted a stranger's broker"
    );
    let system_only = TlsFiles {
        ca_file: None,
        ..right.clone()
    };
    assert!(!broker.lets_in(&system_only).await, "trusted an unknown broker");
    let wrong_client = TlsFiles {
        client: Some(stranger.certify("flyonce")),
        ..right.clone()
    };
    assert!(
        !broker.lets_in(&wrong_client).await,
        "a stranger's certificate was let in"
    );
    let no_client = TlsFiles {
        client: None,
        ..right.clone()
    };
    assert!(!broker.lets_in(&no_client).await, "let in without a certificate");
    assert!(broker.lets_in(&right).await);

    let (certificate, _key) = ours.certify("one");
    let (_certificate, key) = ours.certify("another");
    let mixed = TlsFiles {
        client: Some((certificate.clone(), key.clone())),
        ..right.clone()
    };
    let error = BrokerTls::load(&mixed).unwrap_err();
    assert!(matches!(error, TlsError::NoPair { .. }), "{error}");
    let swapped = TlsFiles {
        client: Some((certificate.clone(), certificate)),
        ..right
    };
    let error = BrokerTls::load(&swapped).unwrap_err();
    assert!(matches!(error, TlsError::NoKey { .. }), "{error}");
}

fn dock_behind(address: &str, encryption: Encryption) -> simulator::dock::DockOptions {
    simulator::dock::DockOptions {
        dock_id: "D07".to_owned(),
        system_id: 7,
        position: simulator::dock::Position {
            longitude_deg: 121.5,
            latitude_deg: 31.2,
            height_amsl_m: 20.0,
        },
        alternate_landing: simulator::dock::AlternateLanding {
            longitude_deg: 121.51,
            latitude_deg: 31.2,
            safe_height_m: 50.0,
        },
        broker: address.parse().unwrap(),
        encryption: Some(encryption),
        city: simulator::dock::CityClock::starting_now(1_772_416_800_000_000, 1.0),
        seed: 1,
        faults: simulator::dock::DockFaults::default(),
    }
}

/// A simulated dock behind TLS is seen, and its name is checked: the certificate is not for another machine.
#[tokio::test]
async fn a_simulated_dock_behind_tls_is_seen() {
    let Some(program) = mosquitto_program() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "bureau");
    let broker = Guarded::start(folder.path(), &authority, program);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let encryption = Encryption::load(&authority.ca(), Some(authority.certify("dock"))).unwrap();
    let address = format!("mqtts://localhost:{}", broker.port);
    let options = dock_behind(&address, encryption);
    let links = simulator::dock::DockLinks {
        see: Box::new(|| simulator::dock::VehicleSeen {
            present: true,
            armed: false,
            airborne: false,
            distance_m: 0.0,
            battery_percent: 80.0,
        }),
        charge: Box::new(|_on| {}),
        assignment: tokio::sync::watch::channel(None).0,
        media_waiting: Arc::default(),
        online: tokio::sync::watch::channel(false).0,
        say: Arc::new(|_word, _text| {}),
    };
    tasks.spawn(simulator::dock::run(options, links, stop.clone()));
    let tls = BrokerTls::load(&TlsFiles {
        ca_file: Some(authority.ca()),
        client: Some(authority.certify("flyonce")),
    })
    .unwrap();
    let mut line = DockLine::connect(
        &address.parse().unwrap(),
        Some(&tls),
        "flyonce-tls",
        &tasks,
        stop.clone(),
    );
    let seen = async {
        while line.dock("D07").and_then(|dock| dock.online) != Some(true) {
            line.changed().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap();
    stop.cancel();
}
