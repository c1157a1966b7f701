//! From exposures to photos at the door, with pictures that cost nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::dock::{Assignment, Say};
use crate::fleet::photos::{Darkroom, DarkroomEnd, Desk, PhotoFaults, Picture, RenderQueue};
use crate::fleet::truth_log::TruthLog;
use crate::fleet::upload::Courier;
use crate::fleet::upload::test_door::TestDoor;
use crate::vehicle::Exposure;

fn exposure(image_index: u32) -> Exposure {
    Exposure {
        system_id: 1,
        flight_number: 1,
        image_index,
        unix_us: 1_772_416_800_000_000 + i64::from(image_index),
        latitude_deg: 31.2,
        longitude_deg: 121.6,
        height_above_home_m: 100.0,
        course_rad: 0.0,
        gimbal_pitch_rad: -1.57,
        ground_speed_ms: 8.0,
    }
}

fn picture(exposure: &Exposure) -> anyhow::Result<Picture> {
    anyhow::ensure!(exposure.image_index != 5, "the lens cap is on");
    Ok(Picture {
        jpeg: format!("picture {}", exposure.image_index).into_bytes(),
        truth: json!({"dock_id": "D01", "image_index": exposure.image_index}),
    })
}

#[tokio::test]
async fn every_exposure_ends_at_the_door_or_in_the_truth() {
    let door = TestDoor::open("127.0.0.1:0", Arc::default()).await;
    let world = tempfile::tempdir().unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let say: Say = {
        let said = said.clone();
        Arc::new(move |word, text| said.lock().unwrap().push(format!("{word}: {text}")))
    };
    let queue = Arc::new(RenderQueue::new(2));
    let truth = Arc::new(TruthLog::open(&world.path().join("truth")).unwrap());
    let waiting = Arc::new(AtomicU32::new(0));
    let stop = CancellationToken::new();
    let (exposures, exposed) = mpsc::channel(16);
    let (assignment, assigned) = watch::channel(None);
    let (parcel_sender, parcels) = mpsc::unbounded_channel();
    let mut faults = PhotoFaults::default();
    faults.set("photo_lost", Some("3")).unwrap();
    let desk = Desk {
        dock: 0,
        dock_id: "D01".to_owned(),
        exposures: exposed,
        assignment: assigned,
        faults,
        queue: queue.clone(),
        truth: truth.clone(),
        media_waiting: waiting.clone(),
        say: say.clone(),
    };
    tokio::spawn(desk.attend(stop.clone()));
    let courier = Courier {
        parcels,
        queue: queue.clone(),
        media_waiting: waiting.clone(),
        stored: Arc::new(AtomicU32::new(0)),
        aside_dir: world.path().join("aside"),
        slow: false,
        say: say.clone(),
    };
    tokio::spawn(courier.carry(stop.clone()));
    let darkroom = Darkroom {
        queue: queue.clone(),
        photographer: Arc::new(|_, exposure| picture(exposure)),
        spool_dir: world.path().join("spool"),
        truth,
        docks: vec![DarkroomEnd {
            dock_id: "D01".to_owned(),
            parcels: parcel_sender,
            media_waiting: waiting.clone(),
            say,
        }],
    };
    let threads = darkroom.open(2).unwrap();

    exposures.send(exposure(1)).await.unwrap();
    while !said
        .lock()
        .unwrap()
        .iter()
        .any(|text| text.starts_with("photo_unassigned"))
    {
        sleep(Duration::from_millis(5)).await;
    }
    assignment.send_replace(Some(Assignment {
        sortie_id: "S1".to_owned(),
        photo_door_url: door.url(),
    }));
    for index in 2..=8 {
        exposures.send(exposure(index)).await.unwrap();
    }
    let settled = || {
        let said = said.lock().unwrap();
        let of = |word: &str| said.iter().filter(|text| text.starts_with(word)).count();
        of("photo_stored") + of("photo_lost") + of("photo_error") == 7
    };
    while !settled() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(waiting.load(Ordering::Relaxed), 0);
    for (index, arrives) in [
        (1, false),
        (2, true),
        (3, false),
        (4, true),
        (5, false),
        (6, false),
        (7, true),
        (8, true),
    ] {
        let found = door.bytes_of(&format!("S1/{index}"));
        assert_eq!(
            found,
            arrives.then(|| format!("picture {index}").into_bytes()),
            "photo {index}"
        );
    }
    let text = std::fs::read_to_string(world.path().join("truth/photos.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let faults_of = |index: u32| {
        let line = lines.iter().find(|line| line["image_index"] == json!(index));
        line.map(|line| line["fault"].clone())
    };
    assert_eq!(faults_of(1), Some(json!("no_sortie")));
    assert_eq!(faults_of(3), Some(json!("photo_lost")));
    assert_eq!(faults_of(5), Some(json!("no_picture")));
    assert_eq!(faults_of(8), Some(json!(null)));
    queue.close();
    for thread in threads {
        thread.join().unwrap();
    }
    stop.cancel();
}
