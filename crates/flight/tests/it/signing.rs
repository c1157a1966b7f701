//! Signing between our link and a simulated vehicle that signs, checks and stores keys as ArduPilot does, and between
//! our link and pymavlink.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use flight::command::CommandRequest;
use flight::link::{Link, LinkOptions};
use flight::signing::{KeyChangeError, SecretKey, Signing, SigningSettings, SigningTrouble, VehicleKeys};
use flight::sortie::{Outcome, SortieLine, fly};
use flight::tlog::TlogWriter;
use flight::vehicle::Vehicle;
use mavlink::dialects::ardupilotmega::{MavCmd, MavMessage, MavResult};
use mavlink::{MAV_STX_V2, MavlinkVersion, Message};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::link_peer::{ARDUPILOT, frame, heartbeat, until};
use super::sortie::world::{SYSTEM, options, order, spawn};

/// A link with keys, and a simulated vehicle that speaks to it.
struct Signed {
    link: Link,
    vehicle: Vehicle,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Signed {
    /// Our keys by passphrase, the one in use first; faults of the vehicle.
    async fn new(ours: &[&str], faults: &str) -> Self {
        let one = Self::alone(ours).await;
        one.add_vehicle(faults);
        one
    }

    async fn alone(ours: &[&str]) -> Self {
        let keys = VehicleKeys {
            system_id: SYSTEM,
            link: None,
            keys: ours.iter().map(|word| key(word)).collect(),
            unsigned_too: false,
        };
        let settings = SigningSettings {
            vehicles: Some(keys)
                .filter(|keys| !keys.keys.is_empty())
                .into_iter()
                .collect(),
            ..SigningSettings::default()
        };
        let options = LinkOptions {
            signing: Signing::open(settings).unwrap(),
            ..LinkOptions::default()
        };
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let address = "udpin:127.0.0.1:0".parse().unwrap();
        let link = Link::open(&address, options, &tasks, stop.clone()).await.unwrap();
        Self {
            vehicle: link.vehicle(SYSTEM),
            link,
            tasks,
            stop,
        }
    }

    fn add_vehicle(&self, faults: &str) {
        let gcs = self.link.local_address().unwrap();
        let vehicle = options(Profile::ArduCopter, 2.0, faults, gcs);
        let (_status, exposures, dock) = spawn(vehicle, &self.tasks, &self.stop);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.cancelled().await;
            drop((exposures, dock));
        });
    }

    async fn heard(self) -> Self {
        until("the vehicle", || self.vehicle.telemetry().heard).await;
        self
    }

    /// What only a vehicle that believes us answers.
    async fn is_obeyed(&self) -> bool {
        let ask = CommandRequest {
            timeout: Duration::from_millis(1000),
            retries: 2,
            ..CommandRequest::new(
                MavCmd::MAV_CMD_REQUEST_MESSAGE,
                [148.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            )
        };
        matches!(
            self.vehicle.command(ask).await,
            Ok(MavResult::MAV_RESULT_ACCEPTED)
        )
    }
}

impl Drop for Signed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn key(word: &str) -> SecretKey {
    SecretKey::from_passphrase(word).unwrap()
}

fn has(word: &str) -> String {
    let digits: Vec<String> = key(word)
        .bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("signing_key={}", digits.concat())
}

#[tokio::test]
async fn a_vehicle_with_our_key_obeys() {
    let signed = Signed::new(&["one and the same"], &has("one and the same"))
        .await
        .heard()
        .await;
    assert!(signed.is_obeyed().await);
    assert_eq!(
        signed.vehicle.signs_with(),
        Some(key("one and the same").fingerprint())
    );
    let counts = &signed.link.statistics().signing[&SYSTEM];
    assert!(
        counts.signed > 0 && counts.wrong_key + counts.unsigned_refused == 0,
        "{counts:?}"
    );
}

#[tokio::test]
async fn a_key_is_rolled_over_and_both_sides_agree_on_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.tlog");
    let signed = Signed::new(&["the old key"], &has("the old key"))
        .await
        .heard()
        .await;
    let writer = TlogWriter::open(&log).unwrap();
    signed.vehicle.record(Some(writer.clone()));
    let change = signed
        .vehicle
        .change_signing_key(&key("the new key"))
        .await
        .unwrap();
    assert!(change.answered);
    assert!(signed.is_obeyed().await);
    assert_eq!(
        signed.vehicle.signs_with(),
        Some(key("the new key").fingerprint())
    );
    tokio::task::spawn_blocking(move || writer.settle())
        .await
        .unwrap();
    let bytes = std::fs::read(&log).unwrap();
    assert!(bytes.len() > 500);
    for secret in [key("the old key"), key("the new key")] {
        let found = bytes.windows(32).any(|window| window == secret.bytes());
        assert!(!found, "a key in the telemetry log");
    }
}

#[tokio::test]
async fn a_first_key_is_set_on_a_vehicle_without_one() {
    let signed = Signed::new(&[], "").await.heard().await;
    signed
        .vehicle
        .change_signing_key(&key("the first key"))
        .await
        .unwrap();
    assert!(signed.is_obeyed().await);
    assert!(signed.link.statistics().signing[&SYSTEM].signed > 0);
}

#[tokio::test]
async fn a_vehicle_that_ignores_the_new_key_keeps_the_old_one_and_is_not_lost() {
    let faults = format!("{},signing_ignored_setup", has("the old key"));
    let signed = Signed::new(&["the old key"], &faults).await.heard().await;
    let error = signed
        .vehicle
        .change_signing_key(&key("the new key"))
        .await
        .unwrap_err();
    assert!(matches!(error, KeyChangeError::NotTaken { .. }), "{error}");
    assert!(signed.is_obeyed().await);
    assert_eq!(
        signed.vehicle.signs_with(),
        Some(key("the old key").fingerprint())
    );
}

#[tokio::test]
async fn a_key_is_removed_where_the_vehicle_confirms_it() {
    let signed = Signed::new(&["the old key"], &has("the old key"))
        .await
        .heard()
        .await;
    let change = signed.vehicle.remove_signing_key().await.unwrap();
    assert!(change.sent >= 1 && change.answered);
    assert_eq!(signed.vehicle.signs_with(), None);
    assert!(signed.is_obeyed().await, "unsigned from both sides");
    let again = signed.vehicle.remove_signing_key().await.unwrap();
    assert_eq!((again.sent, again.answered), (0, true));
}

#[tokio::test]
async fn a_key_that_the_vehicle_keeps_is_kept_here() {
    let faults = format!("{},signing_ignored_setup", has("the old key"));
    let signed = Signed::new(&["the old key"], &faults).await.heard().await;
    let error = signed.vehicle.remove_signing_key().await.unwrap_err();
    assert!(matches!(error, KeyChangeError::NotTaken { .. }), "{error}");
    assert!(signed.is_obeyed().await);
    let old = key("the old key").fingerprint();
    assert_eq!(signed.vehicle.signs_with(), Some(old));
}

/// A receiver that wants rising timestamps drops what was overtaken; what was lost so is sent again.
#[tokio::test]
async fn frames_that_overtake_each_other_on_a_signed_line_lose_nobody() {
    let faults = format!("{},reorder=0.3,delay=20,jitter=20", has("one and the same"));
    let signed = Signed::new(&["one and the same"], &faults).await.heard().await;
    for _ in 0..5 {
        assert!(signed.is_obeyed().await);
    }
}

/// The program ended between sending a new key and hearing of it: both are in the file at the next start.
#[tokio::test]
async fn a_roll_over_that_was_cut_off_ends_well_either_way() {
    for taken in ["the old key", "the new key"] {
        let signed = Signed::new(&["the old key", "the new key"], &has(taken))
            .await
            .heard()
            .await;
        assert!(signed.is_obeyed().await, "{taken}");
        assert_eq!(signed.vehicle.signs_with(), Some(key(taken).fingerprint()));
    }
}

#[tokio::test]
async fn a_wrong_key_is_named_in_the_refusal() {
    for (ours, faults, wanted) in [
        ("our own key", has("another key"), SigningTrouble::WrongKey),
        ("our own key", String::new(), SigningTrouble::Unsigned),
    ] {
        let signed = Signed::new(&[ours], &faults).await;
        let (events, mut told) = mpsc::channel(64);
        let (_reins, instructions) = mpsc::channel(1);
        let line = SortieLine {
            events,
            instructions,
            stop: CancellationToken::new(),
        };
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        let mut order = order();
        order.deadlines.heartbeat = Duration::from_secs(4);
        let report = fly(&signed.vehicle, &order, line).await;
        let Outcome::Refused { code, text } = &report.outcome else {
            panic!("{report:?}");
        };
        assert_eq!(*code, RefusalCode::SigningRefused, "{text}");
        assert!(text.contains(wanted.text()), "{text}");
        assert_eq!(signed.vehicle.signing_trouble(), Some(wanted));
        assert!(!signed.vehicle.telemetry().heard);
    }
}

/// After a restart without satellites a vehicle's timestamps are old, and it is not believed; what we sign sets its
/// clock right, and so it has to be spoken to all the same.
#[tokio::test]
async fn a_vehicle_that_is_not_believed_yet_still_gets_signed_heartbeats() {
    let signed = Signed::alone(&["one and the same"]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = signed.link.local_address().unwrap();
    socket
        .send_to(&frame(SYSTEM, 1, 0, &heartbeat(ARDUPILOT)), to)
        .await
        .unwrap();
    let mut buffer = [0; 600];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    let raw = &buffer[..length];
    assert_eq!((raw[0], raw[2]), (MAV_STX_V2, 1), "not signed");
    let payload = &raw[10..10 + usize::from(raw[1])];
    let message = MavMessage::parse(MavlinkVersion::V2, 0, payload).unwrap();
    assert!(matches!(message, MavMessage::HEARTBEAT(_)));
    assert!(!signed.vehicle.telemetry().heard && signed.vehicle.address().is_none());
}

/// pymavlink plays a vehicle that signs and hears only what is signed.
#[tokio::test]
async fn pymavlink_and_our_link_understand_each_other_signed() {
    let Some(packages) = pymavlink() else {
        return;
    };
    let signed = Signed::alone(&["correct horse battery"]).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/signed_vehicle.py");
    let mut child = tokio::process::Command::new("python3")
        .arg(script)
        .arg(signed.link.local_address().unwrap().port().to_string())
        .args([&SYSTEM.to_string(), "correct horse battery"])
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let heard = async {
        while !signed.vehicle.telemetry().heard {
            signed.vehicle.changed().await;
        }
        signed.vehicle.parameter("SYSID_MYGCS").await.unwrap()
    };
    let value = tokio::time::timeout(Duration::from_secs(60), heard)
        .await
        .unwrap();
    assert_eq!(value, 255.0);
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait())
        .await
        .unwrap();
    assert!(ended.unwrap().success());
    let counts = &signed.link.statistics().signing[&SYSTEM];
    assert!(
        counts.signed > 0 && counts.unsigned_refused > 0 && counts.wrong_key > 0,
        "{counts:?}"
    );
}

/// Folder with pymavlink: the one that the simulator's tests install, or one of our own.
fn pymavlink() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let theirs = target.join("peers-pymavlink==2.4.50-mavsdk==4.1.0");
    let ours = target.join("pymavlink-2.4.50");
    for folder in [&theirs, &ours] {
        if folder.join("pymavlink").is_dir() {
            return Some(folder.clone());
        }
    }
    let fresh = tempfile::tempdir_in(target).unwrap();
    let packages = fresh.path().join("packages");
    let installed = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--target"])
        .arg(&packages)
        .arg("pymavlink==2.4.50")
        .status();
    if !installed.is_ok_and(|status| status.success()) {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "pymavlink cannot be installed"
        );
        eprintln!(
            "SKIPPED: pymavlink_and_our_link_understand_each_other_signed: needs pip and the package index"
        );
        return None;
    }
    // Another test may have been faster.
    let _taken = std::fs::rename(&packages, &ours);
    Some(ours)
}
