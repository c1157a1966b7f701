//! Docks of the Cloud API as a process of their own, and a cloud of the test's own that commands them over a real broker.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use md5::{Digest as _, Md5};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};
use simulator::cloud_dock::{aircraft_sn, gateway_sn};
use simulator::neighbourhoods;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::dock_broker::TestBroker;

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);
const FLIGHT: &str = "0f8c9d1e-0001-4000-8000-00000000000a";

/// What the cloud has heard: topics and messages, and objects in its storage with their headers.
#[derive(Default)]
struct Heard {
    messages: Vec<(String, Value)>,
    objects: Vec<(String, String, Vec<u8>)>,
}

/// A cloud that answers everything it is asked.
struct Cloud {
    client: AsyncClient,
    heard: Arc<Mutex<Heard>>,
    storage: String,
    kmz: Vec<u8>,
}

impl Cloud {
    async fn at(broker: &TestBroker, kmz: Vec<u8>) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let storage = format!("http://{}", listener.local_addr().unwrap());
        let (kept, file) = (heard.clone(), kmz.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, kept.clone(), file.clone()));
            }
        });
        let mut options = MqttOptions::new("cloud", "127.0.0.1", broker.address.port());
        options.set_max_packet_size(Some(256 * 1024));
        let (client, mut events) = AsyncClient::new(options, 1000);
        for filter in ["thing/product/#", "sys/product/#"] {
            client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        }
        let md5 = fingerprint(&kmz);
        let (answering, kept, place) = (client.clone(), heard.clone(), storage.clone());
        tokio::spawn(async move {
            loop {
                let Ok(Event::Incoming(Packet::Publish(publish))) = events.poll().await else {
                    continue;
                };
                let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                let message: Value = serde_json::from_slice(&publish.payload).unwrap();
                let answer = answer(&topic, &message, (&place, &md5));
                kept.lock().unwrap().messages.push((topic, message));
                if let Some((topic, answer)) = answer {
                    let sent = answering.publish(topic, QoS::AtLeastOnce, false, answer.to_string());
                    sent.await.unwrap();
                }
            }
        });
        Self {
            client,
            heard,
            storage,
            kmz,
        }
    }

    async fn order(&self, sn: &str, method: &str, data: Value) {
        let message = json!({"tid": format!("{method}-{sn}"), "bid": "b", "timestamp": 1, "gateway": sn,
            "method": method, "data": data});
        let topic = format!("thing/product/{sn}/services");
        let sent = self
            .client
            .publish(topic, QoS::AtLeastOnce, false, message.to_string());
        sent.await.unwrap();
    }

    async fn prepare(&self, sn: &str) {
        let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
        let data = json!({"flight_id": FLIGHT, "execute_time": now_ms, "task_type": 0, "wayline_type": 0,
            "file": {"url": format!("{}/line.kmz", self.storage), "fingerprint": fingerprint(&self.kmz)},
            "rth_altitude": 60, "rth_mode": 1, "out_of_control_action": 0, "exit_wayline_when_rc_lost": 0});
        self.order(sn, "flighttask_prepare", data).await;
    }

    /// Waits for the first message of this device's topic that fits.
    async fn hears(&self, sn: &str, word: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            if let Some(message) = self.all(sn, word).into_iter().find(|message| fits(message)) {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let heard = self.all(sn, word);
        panic!("not heard on {word} of {sn}; last was {:?}", heard.last());
    }

    fn all(&self, sn: &str, word: &str) -> Vec<Value> {
        let end = format!("/product/{sn}/{word}");
        let heard = self.heard.lock().unwrap();
        let fitting = heard.messages.iter().filter(|(topic, _)| topic.ends_with(&end));
        fitting.map(|(_, message)| message.clone()).collect()
    }

    async fn result(&self, sn: &str, method: &str) -> i64 {
        let reply = self
            .hears(sn, "services_reply", |message| message["method"] == method)
            .await;
        reply["data"]["result"].as_i64().unwrap()
    }

    async fn ends(&self, sn: &str) -> Value {
        let last = ["ok", "failed", "canceled", "partially_done"];
        let is_end = |message: &Value| {
            let status = message["data"]["output"]["status"].as_str().unwrap_or_default();
            message["method"] == "flighttask_progress" && last.contains(&status)
        };
        self.hears(sn, "events", is_end).await["data"]["output"].clone()
    }
}

fn fingerprint(file: &[u8]) -> String {
    Md5::digest(file)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn answer(topic: &str, message: &Value, (storage, md5): (&str, &str)) -> Option<(String, Value)> {
    let mut reply = message.clone();
    reply["data"] = json!({"result": 0});
    let word = topic.rsplit('/').next()?;
    match (word, message["method"].as_str().unwrap_or_default()) {
        ("status", _) => {}
        ("events", _) if message["need_reply"] == 1 => {}
        ("requests", "flighttask_resource_get") => {
            reply["data"]["output"] =
                json!({"file": {"url": format!("{storage}/line.kmz"), "fingerprint": md5}});
        }
        ("requests", "storage_config_get") => {
            reply["data"]["output"] = json!({"bucket": "photos", "endpoint": storage, "provider": "minio",
                "region": "us-east-1", "object_key_prefix": "wayline", "credentials": {"access_key_id": "AK",
                "access_key_secret": "SK", "expire": 3600, "security_token": "TOKEN"}});
        }
        ("requests", _) => reply["data"]["output"] = json!({}),
        _ => return None,
    }
    Some((format!("{topic}_reply"), reply))
}

async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Heard>>, kmz: Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    let answer = match head.strip_prefix("PUT ") {
        Some(rest) => {
            let path = rest.split(' ').next().unwrap().to_owned();
            heard.lock().unwrap().objects.push((path, head.clone(), body));
            vec![]
        }
        None => kmz,
    };
    let top = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
    stream
        .write_all(&[top.as_bytes(), &answer].concat())
        .await
        .unwrap();
}

/// A wayline of three points round the dock with a photo at each.
fn kmz(latitude_deg: f64, longitude_deg: f64) -> Vec<u8> {
    let shoot = "<wpml:actionGroup><wpml:actionGroupId>0</wpml:actionGroupId>\
        <wpml:actionGroupStartIndex>INDEX</wpml:actionGroupStartIndex>\
        <wpml:actionGroupEndIndex>INDEX</wpml:actionGroupEndIndex>\
        <wpml:actionGroupMode>sequence</wpml:actionGroupMode>\
        <wpml:actionTrigger><wpml:actionTriggerType>reachPoint</wpml:actionTriggerType></wpml:actionTrigger>\
        <wpml:action><wpml:actionId>0</wpml:actionId>\
        <wpml:actionActuatorFunc>takePhoto</wpml:actionActuatorFunc></wpml:action></wpml:actionGroup>";
    let points: String = (0..3)
        .map(|index| {
            let longitude = longitude_deg + 0.0006 * f64::from(index);
            format!(
                "<Placemark><Point><coordinates>{longitude:.7},{latitude_deg:.7}</coordinates></Point>\
                 <wpml:index>{index}</wpml:index><wpml:executeHeight>60</wpml:executeHeight>\
                 <wpml:waypointSpeed>8</wpml:waypointSpeed>\
                 <wpml:waypointHeadingParam><wpml:waypointHeadingMode>followWayline</wpml:waypointHeadingMode>\
                 </wpml:waypointHeadingParam><wpml:waypointTurnParam>\
                 <wpml:waypointTurnMode>toPointAndStopWithDiscontinuityCurvature</wpml:waypointTurnMode>\
                 <wpml:waypointTurnDampingDist>0</wpml:waypointTurnDampingDist></wpml:waypointTurnParam>{}\
                 </Placemark>",
                shoot.replace("INDEX", &index.to_string())
            )
        })
        .collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><kml xmlns=\"http://www.opengis.net/kml/2.2\" \
         xmlns:wpml=\"http://www.dji.com/wpmz/1.0.2\"><Document><wpml:missionConfig>\
         <wpml:flyToWaylineMode>safely</wpml:flyToWaylineMode><wpml:finishAction>goHome</wpml:finishAction>\
         <wpml:exitOnRCLost>goContinue</wpml:exitOnRCLost>\
         <wpml:takeOffSecurityHeight>20</wpml:takeOffSecurityHeight>\
         <wpml:globalTransitionalSpeed>10</wpml:globalTransitionalSpeed></wpml:missionConfig><Folder>\
         <wpml:templateId>0</wpml:templateId>\
         <wpml:executeHeightMode>relativeToStartPoint</wpml:executeHeightMode><wpml:waylineId>0</wpml:waylineId>\
         <wpml:autoFlightSpeed>8</wpml:autoFlightSpeed>{points}</Folder></Document></kml>"
    );
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("wpmz/waylines.wpml", options).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A running `simulator fleet`, killed at the end.
struct Fleet(Child);

impl Fleet {
    fn start(world: &std::path::Path, broker: &TestBroker, words: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_simulator"))
            .args([
                "fleet",
                "--json",
                "--dji",
                "all",
                "--speed",
                "20",
                "--photo-width",
                "128",
                "--mqtt",
            ])
            .arg(broker.url())
            .arg("--world")
            .arg(world)
            .args(words)
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One city of three docks: D01 has small faults and flies whole, the others have one that shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn docks_of_the_cloud_api_fly_whole_tasks_and_refuse() {
    let broker = TestBroker::on_any_port();
    let world = tempfile::tempdir().unwrap();
    let dock = neighbourhoods(1, 1)[0].dock;
    let file = kmz(dock.latitude_deg, dock.longitude_deg);
    let cloud = Cloud::at(&broker, file).await;
    let faults = [
        "D01:dji_hms=0x16100083",
        "D01:dji_upload_lost=3",
        "D01:dji_callback_twice",
        "D01:dji_unknown_fields",
        "D02:dji_reject_prepare=314009",
        "D03:dji_no_reply",
    ];
    let mut words = vec!["--docks", "3"];
    words.extend(faults.iter().flat_map(|fault| ["--fault", *fault]));
    let _fleet = Fleet::start(world.path(), &broker, &words);
    let [flies, refuses, silent] = [1, 2, 3].map(|number| gateway_sn(1, number));
    for sn in [&flies, &refuses, &silent] {
        cloud
            .hears(sn, "osd", |message| message["data"]["mode_code"] == 0)
            .await;
        cloud.prepare(sn).await;
    }
    let roster = std::fs::read_to_string(world.path().join("fleet.toml")).unwrap();
    assert!(roster.contains(&format!("gateway_sn = \"{flies}\"")) && !roster.contains("system_id"));
    assert_eq!(cloud.result(&refuses, "flighttask_prepare").await, 314_009);
    assert_eq!(cloud.result(&flies, "flighttask_prepare").await, 0);
    cloud
        .order(&flies, "flighttask_execute", json!({"flight_id": FLIGHT}))
        .await;
    assert_eq!(cloud.result(&flies, "flighttask_execute").await, 0);
    let end = cloud.ends(&flies).await;
    assert_eq!(
        (&end["status"], &end["ext"]["media_count"]),
        (&json!("ok"), &json!(3))
    );
    assert_eq!(end["progress"]["percent"], 100);
    its_photos_and_alarms_came(&cloud, &flies).await;
    // The cloud called none of its devices bound: it asks who they belong to, binds both, and asks again.
    let bind = |message: &Value| message["method"] == "airport_organization_bind";
    let bind = cloud.hears(&flies, "requests", bind).await;
    let devices = bind["data"]["bind_devices"].as_array().unwrap();
    let keys: Vec<&Value> = devices.iter().map(|device| &device["device_model_key"]).collect();
    assert_eq!(keys, ["3-2-0", "0-91-0"]);
    let status = |message: &Value| message["method"] == "airport_bind_status";
    assert!(cloud.all(&flies, "requests").into_iter().filter(status).count() > 1);
    assert!(cloud.all(&silent, "services_reply").is_empty(), "dji_no_reply");
}

/// What the dock that flew told beside its progress, and the photos it brought.
async fn its_photos_and_alarms_came(cloud: &Cloud, flies: &str) {
    cloud
        .hears(&aircraft_sn(1, 1), "osd", |message| {
            message["data"]["elevation"].as_f64() > Some(50.0)
        })
        .await;
    cloud
        .hears(flies, "events", |message| message["method"] == "hms")
        .await;
    cloud
        .hears(flies, "events", |message| {
            message["data"]["output"]["status"] == "warming_up"
        })
        .await;
    let second = |message: &Value| message["data"]["flight_task"]["uploaded_file_count"] == 2;
    let callback = cloud.hears(flies, "events", second).await;
    assert_eq!(
        callback["data"]["flight_task"]["expected_file_count"], 3,
        "one stays in the dock"
    );
    let key = callback["data"]["file"]["object_key"].as_str().unwrap();
    let twice = cloud
        .all(flies, "events")
        .into_iter()
        .filter(second)
        .map(|m| m["tid"].to_string());
    let tids: std::collections::BTreeSet<String> = twice.collect();
    assert_eq!(tids.len(), 2, "the callback comes twice, under two transactions");
    let heard = cloud.heard.lock().unwrap();
    let (_, head, bytes) = heard
        .objects
        .iter()
        .find(|(path, ..)| *path == format!("/photos/{key}"))
        .unwrap();
    assert!(
        bytes.starts_with(&[0xff, 0xd8]) && head.contains("x-amz-security-token: TOKEN"),
        "{head}"
    );
    assert!(head.contains("AWS4-HMAC-SHA256 Credential=AK/"), "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_obstacle_a_stuck_cover_and_a_lost_line_end_as_the_documents_say() {
    let broker = TestBroker::on_any_port();
    let world = tempfile::tempdir().unwrap();
    let dock = neighbourhoods(1, 1)[0].dock;
    let file = kmz(dock.latitude_deg, dock.longitude_deg);
    let cloud = Cloud::at(&broker, file).await;
    let words = [
        "--docks",
        "1",
        "--fault",
        "D01:dji_break_at=25",
        "--fault",
        "D01:dji_offline_at=20",
    ];
    let fleet = Fleet::start(world.path(), &broker, &words);
    let sn = gateway_sn(1, 1);
    cloud
        .hears(&sn, "osd", |message| message["data"]["mode_code"] == 0)
        .await;
    cloud.prepare(&sn).await;
    assert_eq!(cloud.result(&sn, "flighttask_prepare").await, 0);
    cloud
        .order(&sn, "flighttask_execute", json!({"flight_id": FLIGHT}))
        .await;
    let end = cloud.ends(&sn).await;
    assert_eq!(end["ext"]["break_point"]["break_reason"], 517, "{end}");
    let topologies = cloud.all(&sn, "status").len();
    assert!(topologies >= 2, "the dock came back: {topologies}");
    drop(fleet);
    cloud.heard.lock().unwrap().messages.clear();
    let words = ["--docks", "1", "--fault", "D01:dji_cover_stuck"];
    let _fleet = Fleet::start(world.path(), &broker, &words);
    cloud
        .hears(&sn, "osd", |message| message["data"]["mode_code"] == 0)
        .await;
    cloud.prepare(&sn).await;
    assert_eq!(cloud.result(&sn, "flighttask_prepare").await, 0);
    cloud
        .order(&sn, "flighttask_execute", json!({"flight_id": FLIGHT}))
        .await;
    let failed = cloud
        .hears(&sn, "events", |message| message["data"]["result"] == 514_107)
        .await;
    assert_eq!(failed["data"]["output"]["status"], "failed");
}
