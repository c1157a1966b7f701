//! Docks on a real broker, heard by another client, and held against the published schemas.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::{Value, json};
use simulator::dock::{
    self, AlternateLanding, Assignment, CityClock, DockFaults, DockLinks, DockOptions, Position, VehicleSeen,
    wall_ms,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::dock_broker::{Peer, TestBroker};

const DOCK: &str = "D07";

/// A running dock.
struct TestDock {
    stop: CancellationToken,
    running: JoinHandle<()>,
    vehicle: Arc<Mutex<VehicleSeen>>,
    charging: Arc<AtomicBool>,
    assignment: watch::Receiver<Option<Assignment>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl TestDock {
    fn start(broker_url: &str, faults: DockFaults) -> Self {
        let options = DockOptions {
            dock_id: DOCK.to_owned(),
            system_id: 7,
            position: Position {
                longitude_deg: 121.6,
                latitude_deg: 31.2,
                height_amsl_m: 5.0,
            },
            alternate_landing: AlternateLanding {
                longitude_deg: 121.601,
                latitude_deg: 31.2,
                safe_height_m: 50.0,
            },
            broker: broker_url.parse().unwrap(),
            encryption: None,
            city: CityClock::starting_now(1_772_416_800_000_000, 20.0),
            seed: 1,
            faults,
        };
        let vehicle = Arc::new(Mutex::new(VehicleSeen {
            present: true,
            armed: false,
            airborne: false,
            distance_m: 0.0,
            battery_percent: 80.0,
        }));
        let charging = Arc::new(AtomicBool::new(false));
        let said = Arc::new(Mutex::new(Vec::new()));
        let (assignment_sender, assignment) = watch::channel(None);
        let links = DockLinks {
            see: {
                let vehicle = vehicle.clone();
                Box::new(move || *vehicle.lock().unwrap())
            },
            charge: {
                let charging = charging.clone();
                Box::new(move |on| charging.store(on, Ordering::Relaxed))
            },
            assignment: assignment_sender,
            media_waiting: Arc::new(AtomicU32::new(3)),
            online: watch::channel(false).0,
            say: {
                let said = said.clone();
                Arc::new(move |word, text| said.lock().unwrap().push(format!("{word}: {text}")))
            },
        };
        let stop = CancellationToken::new();
        Self {
            running: tokio::spawn(dock::run(options, links, stop.clone())),
            stop,
            vehicle,
            charging,
            assignment,
            said,
        }
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.running)
            .await
            .expect("a dock ends when told")
            .unwrap();
    }
}

fn command(id: &str, method: &str) -> Value {
    json!({
        "v": 1, "id": id, "method": method, "args": {}, "deadline_ms": wall_ms() + 30_000,
        "sortie_id": null, "system_id": 7,
    })
}

fn hold_against_schema(word: &str, value: &Value) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../flight/schemas/dock-{word}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(value).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{word} {value}: {problems:?}");
}

fn online(value: &Value) -> bool {
    value["online"] == json!(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_says_its_status_and_telemetry_and_farewell() {
    let broker = TestBroker::on_any_port();
    let dock = TestDock::start(&broker.url(), DockFaults::default());
    let mut first = Peer::at(&broker, "first").await;
    let (status, _) = first.next("status", online).await;
    hold_against_schema("status", &status);
    assert_eq!(
        (&status["lid"], &status["vehicle_present"]),
        (&json!("closed"), &json!(true))
    );
    let (telemetry, _) = first.next("telemetry", |_| true).await;
    hold_against_schema("telemetry", &telemetry);
    assert_eq!(telemetry["charge"], json!({"state": "charging", "percent": 80.0}));
    assert_eq!(telemetry["media_waiting"], json!(3));
    assert!(dock.charging.load(Ordering::Relaxed));

    let mut late = Peer::at(&broker, "late").await;
    let (_, publish) = late.next("status", online).await;
    assert!(publish.retain, "who comes late hears the status too");

    *dock.vehicle.lock().unwrap() = VehicleSeen {
        present: false,
        armed: true,
        airborne: true,
        distance_m: 3.0,
        battery_percent: 79.0,
    };
    let (gone, _) = first
        .next("status", |s| s["vehicle_present"] == json!(false))
        .await;
    assert!(gone["seq"].as_u64() > status["seq"].as_u64());
    let (telemetry, _) = first
        .next("telemetry", |t| t["charge"]["state"] == json!("idle"))
        .await;
    assert_eq!(telemetry["charge"]["percent"], json!(null));
    hold_against_schema("telemetry", &telemetry);
    let said = dock.said.clone();
    dock.end().await;
    assert!(
        said.lock()
            .unwrap()
            .iter()
            .any(|text| text.starts_with("lid_strike")),
        "it took off under a closed lid"
    );
    let (farewell, _) = first.next("status", |s| !online(s)).await;
    hold_against_schema("status", &farewell);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lid_is_opened_once_however_often_it_is_told() {
    let broker = TestBroker::on_any_port();
    let dock = TestDock::start(&broker.url(), DockFaults::default());
    let mut peer = Peer::at(&broker, "peer").await;
    peer.next("status", online).await;
    let open = command("open-1", "open_lid");
    hold_against_schema("command", &open);
    peer.tell(DOCK, &open).await;
    let (reply, publish) = peer.next("reply", |_| true).await;
    hold_against_schema("reply", &reply);
    assert_eq!(reply["result"], json!("accepted"));
    let correlation = publish.properties.and_then(|p| p.correlation_data);
    assert_eq!(correlation.as_deref(), Some(b"open-1".as_slice()));
    let (progress, _) = peer.next("progress", |_| true).await;
    hold_against_schema("progress", &progress);
    let (opened, _) = peer.next("status", |s| s["lid"] == json!("open")).await;
    let (done, _) = peer
        .next("progress", |p| p["status"] != json!("in_progress"))
        .await;
    assert_eq!((&done["status"], &done["percent"]), (&json!("done"), &json!(100)));

    peer.tell(DOCK, &command("close-1", "close_lid")).await;
    peer.next("status", |s| s["lid"] == json!("closed")).await;
    peer.tell(DOCK, &open).await;
    let (again, _) = peer.next("reply", |r| r["id"] == json!("open-1")).await;
    assert_eq!(again, reply);
    // A further command shows the lid where it was left.
    peer.tell(DOCK, &command("close-2", "close_lid")).await;
    let (done, _) = peer.next("progress", |p| p["id"] == json!("close-2")).await;
    assert_eq!(
        done["status"],
        json!("done"),
        "it was closed still: nothing had to move"
    );
    assert_eq!(opened["emergency_stop"], json!(false));
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_a_sortie() {
    let broker = TestBroker::on_any_port();
    let mut dock = TestDock::start(&broker.url(), DockFaults::default());
    let mut peer = Peer::at(&broker, "peer").await;
    peer.next("status", online).await;
    let mut late = command("late", "open_lid");
    late["deadline_ms"] = json!(wall_ms() - 1);
    let mut stranger = command("stranger", "open_lid");
    stranger["system_id"] = json!(8);
    for (wrong, code) in [(late, "expired"), (stranger, "wrong_vehicle")] {
        peer.tell(DOCK, &wrong).await;
        let (reply, _) = peer.next("reply", |r| r["id"] == wrong["id"]).await;
        assert_eq!(
            (&reply["result"], &reply["code"]),
            (&json!("refused"), &json!(code))
        );
        hold_against_schema("reply", &reply);
    }
    let mut assign = command("assign", "assign_sortie");
    assign["sortie_id"] = json!("S20260302-D07-1");
    assign["args"] = json!({"photo_door_url": "http://127.0.0.1:8700/api/v1/photo-door"});
    hold_against_schema("command", &assign);
    peer.tell(DOCK, &assign).await;
    let (status, _) = peer
        .next("status", |s| s["sortie_id"] == json!("S20260302-D07-1"))
        .await;
    assert_eq!(status["mode"], json!("busy"));
    let assigned = dock.assignment.wait_for(Option::is_some).await.unwrap().clone();
    assert_eq!(assigned.unwrap().sortie_id, "S20260302-D07-1");
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_comes_back_after_its_broker_was_gone() {
    let broker = TestBroker::on_any_port();
    let address = broker.address;
    let dock = TestDock::start(&broker.url(), DockFaults::default());
    let mut peer = Peer::at(&broker, "peer").await;
    peer.next("status", online).await;
    drop(peer);
    drop(broker);
    tokio::time::sleep(Duration::from_secs(3)).await;
    // The new broker has forgotten everything.
    let broker = TestBroker::on(address);
    let mut peer = Peer::at(&broker, "peer").await;
    let (status, _) = peer.next("status", online).await;
    hold_against_schema("status", &status);
    peer.tell(DOCK, &command("after", "open_lid")).await;
    peer.next("reply", |r| {
        r["id"] == json!("after") && r["result"] == json!("accepted")
    })
    .await;
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_that_drops_off_leaves_its_last_will() {
    let broker = TestBroker::on_any_port();
    let faults = DockFaults {
        offline_after_s: Some(2.0),
        ..DockFaults::default()
    };
    let dock = TestDock::start(&broker.url(), faults);
    let mut peer = Peer::at(&broker, "peer").await;
    peer.next("status", online).await;
    let (will, _) = peer.next("status", |s| !online(s)).await;
    hold_against_schema("status", &will);
    let mut late = Peer::at(&broker, "late").await;
    let (retained, publish) = late.next("status", |_| true).await;
    assert!(!online(&retained) && publish.retain, "{retained}");
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_on_the_command_topic_end_a_dock() {
    let broker = TestBroker::on_any_port();
    let dock = TestDock::start(&broker.url(), DockFaults::default());
    let mut peer = Peer::at(&broker, "peer").await;
    peer.next("status", online).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let any = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "[{}\":,a-z0-9 ]{0,80}".prop_map(String::into_bytes),
        (any::<i64>(), "[a-z_]{0,12}", any::<i32>()).prop_map(|(deadline, method, system)| {
            json!({"v": 1, "id": "x", "method": method, "deadline_ms": deadline, "system_id": system})
                .to_string()
                .into_bytes()
        }),
    ];
    for _ in 0..300 {
        let bytes = any.new_tree(&mut runner).unwrap().current();
        peer.tell_bytes(DOCK, bytes, PublishProperties::default()).await;
    }
    peer.tell_bytes(DOCK, vec![b'['; 100 * 1024], PublishProperties::default())
        .await;
    peer.tell(DOCK, &command("alive", "open_lid")).await;
    let (reply, _) = peer.next("reply", |r| r["id"] == json!("alive")).await;
    assert_eq!(reply["result"], json!("accepted"));
    dock.end().await;
}
