//! From exposures to photos at the door, with pictures that cost nothing.

use std::path::Path;
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

/// A dock's way of photos: desk, darkroom and courier.
struct Way {
    exposures: mpsc::Sender<Exposure>,
    assignment: watch::Sender<Option<Assignment>>,
    waiting: Arc<AtomicU32>,
    said: Arc<Mutex<Vec<String>>>,
    queue: Arc<RenderQueue>,
    threads: Vec<std::thread::JoinHandle<()>>,
    stop: CancellationToken,
}

impl Way {
    /// With room for two photos in the spool.
    fn open(world: &Path, faults: PhotoFaults) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        let say: Say = Arc::new(move |word, text| heard.lock().unwrap().push(format!("{word}: {text}")));
        let queue = Arc::new(RenderQueue::new(2));
        let truth = Arc::new(TruthLog::open(&world.join("truth")).unwrap());
        let waiting = Arc::new(AtomicU32::new(0));
        let stop = CancellationToken::new();
        let (exposures, exposed) = mpsc::channel(16);
        let (assignment, assigned) = watch::channel(None);
        let (parcel_sender, parcels) = mpsc::unbounded_channel();
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
            aside_dir: world.join("aside"),
            slow: false,
            say: say.clone(),
        };
        tokio::spawn(courier.carry(stop.clone()));
        let end = DarkroomEnd {
            dock_id: "D01".to_owned(),
            parcels: parcel_sender,
            media_waiting: waiting.clone(),
            say,
        };
        Self {
            threads: darkroom(world, &queue, truth, end),
            exposures,
            assignment,
            waiting,
            said,
            queue,
            stop,
        }
    }

    fn count(&self, word: &str) -> usize {
        let said = self.said.lock().unwrap();
        said.iter().filter(|text| text.starts_with(word)).count()
    }

    async fn until(&self, done: impl Fn(&Self) -> bool) {
        for _ in 0..3000 {
            if done(self) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("not settled: {:?}", self.said.lock().unwrap());
    }
}

fn darkroom(
    world: &Path,
    queue: &Arc<RenderQueue>,
    truth: Arc<TruthLog>,
    end: DarkroomEnd,
) -> Vec<std::thread::JoinHandle<()>> {
    let darkroom = Darkroom {
        queue: queue.clone(),
        photographer: Arc::new(|_, exposure| picture(exposure)),
        spool_dir: world.join("spool"),
        truth,
        docks: vec![end],
    };
    darkroom.open(2).unwrap()
}

/// The fault noted for an exposure; nothing when there is no line about it.
fn noted_fault(world: &Path, image_index: u32) -> Option<Value> {
    let text = std::fs::read_to_string(world.join("truth/photos.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["image_index"] == json!(image_index))
        .map(|line| line["fault"].clone())
}

#[tokio::test]
async fn every_exposure_ends_at_the_door_or_in_the_truth() {
    let door = TestDoor::open("127.0.0.1:0", Arc::default()).await;
    let world = tempfile::tempdir().unwrap();
    let mut faults = PhotoFaults::default();
    faults.set("photo_lost", Some("3")).unwrap();
    let way = Way::open(world.path(), faults);
    way.exposures.send(exposure(1)).await.unwrap();
    way.until(|way| way.count("photo_unassigned") == 1).await;
    way.assignment.send_replace(Some(Assignment {
        sortie_id: "S1".to_owned(),
        photo_door_url: door.url(),
    }));
    for index in 2..=8 {
        way.exposures.send(exposure(index)).await.unwrap();
    }
    let ends = |way: &Way| way.count("photo_stored") + way.count("photo_lost") + way.count("photo_error");
    way.until(|way| ends(way) == 7).await;
    way.until(|way| way.waiting.load(Ordering::Relaxed) == 0).await;
    let expected = [
        (1, false, json!("no_sortie")),
        (2, true, json!(null)),
        (3, false, json!("photo_lost")),
        (4, true, json!(null)),
        (5, false, json!("no_picture")),
        (6, false, json!("photo_lost")),
        (7, true, json!(null)),
        (8, true, json!(null)),
    ];
    for (index, arrives, fault) in expected {
        let found = door.bytes_of(&format!("S1/{index}"));
        let wanted = arrives.then(|| format!("picture {index}").into_bytes());
        assert_eq!(found, wanted, "photo {index}");
        assert_eq!(noted_fault(world.path(), index), Some(fault), "photo {index}");
    }
    way.queue.close();
    for thread in way.threads {
        thread.join().unwrap();
    }
    way.stop.cancel();
}
