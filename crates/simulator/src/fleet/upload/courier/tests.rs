//! Couriers against a door on a real socket.

use std::sync::Mutex;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::fleet::upload::test_door::{Kept, TestDoor};

struct Round {
    folder: TempDir,
    parcels: mpsc::UnboundedSender<Parcel>,
    waiting: Arc<AtomicU32>,
    said: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

impl Round {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (parcels, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicU32::new(0));
        let said = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let courier = Courier {
            parcels: receiver,
            queue: Arc::new(RenderQueue::new(100)),
            media_waiting: waiting.clone(),
            stored: Arc::new(AtomicU32::new(0)),
            aside_dir: folder.path().join("aside"),
            slow: false,
            say: {
                let said = said.clone();
                Arc::new(move |word, text| said.lock().unwrap().push(format!("{word}: {text}")))
            },
        };
        tokio::spawn(courier.carry(stop.clone()));
        Self {
            folder,
            parcels,
            waiting,
            said,
            stop,
        }
    }

    fn hand_over(&self, url: &str, sortie_id: &str, image_index: u32, fate: PhotoFate) -> Vec<u8> {
        let bytes: Vec<u8> = (0..300_000u32 + image_index).map(|i| (i % 251) as u8).collect();
        let path = self.folder.path().join(format!("{sortie_id}-{image_index}.jpg"));
        std::fs::write(&path, &bytes).unwrap();
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.parcels
            .send(Parcel {
                path,
                sha256,
                sortie_id: sortie_id.to_owned(),
                image_index,
                photo_door_url: url.to_owned(),
                fate,
            })
            .unwrap();
        bytes
    }

    async fn until_settled(&self) {
        for _ in 0..3000 {
            if self.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("not settled: {:?}", self.said.lock().unwrap());
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().is_ok_and(|e| e.path().is_file()))
            .count()
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn door() -> TestDoor {
    TestDoor::open("127.0.0.1:0", Arc::default()).await
}

#[tokio::test]
async fn a_photo_arrives_in_pieces_and_leaves_the_spool() {
    let (round, door) = (Round::start(), door().await);
    let bytes = round.hand_over(&door.url(), "S1", 1, PhotoFate::default());
    round.until_settled().await;
    assert_eq!(door.bytes_of("S1/1").unwrap(), bytes);
    assert_eq!(door.kept.lock().unwrap().answers, [200, 202, 202, 201]);
    assert_eq!(round.files(), 0);
}

#[tokio::test]
async fn cut_doubled_and_corrupt_photos_all_arrive_whole() {
    let (round, door) = (Round::start(), door().await);
    let half = PhotoFate {
        half: true,
        ..PhotoFate::default()
    };
    let twice = PhotoFate {
        twice: true,
        ..PhotoFate::default()
    };
    let corrupt = PhotoFate {
        corrupt: true,
        ..PhotoFate::default()
    };
    for (index, fate) in [(1, half), (2, twice), (3, corrupt)] {
        let bytes = round.hand_over(&door.url(), "S1", index, fate);
        round.until_settled().await;
        assert_eq!(
            door.bytes_of(&format!("S1/{index}")).unwrap(),
            bytes,
            "photo {index}"
        );
    }
    let answers = door.kept.lock().unwrap().answers.clone();
    assert!(
        answers.contains(&422),
        "the corrupt one was refused first: {answers:?}"
    );
    let said = round.said.lock().unwrap().join("\n");
    assert!(
        said.contains("photo_cut") && said.contains("sent again: Ok(Stored)"),
        "{said}"
    );
}

#[tokio::test]
async fn a_door_that_is_away_killed_and_opened_again_gets_the_photo() {
    let round = Round::start();
    let address = {
        let early = door().await;
        early.address.to_string()
    };
    let url = format!("http://{address}/api/v1/photo-door");
    let bytes = round.hand_over(&url, "S1", 1, PhotoFate::default());
    sleep(Duration::from_millis(300)).await;
    assert_eq!(round.files(), 1, "it stays while the door is away");

    let kept: Arc<Mutex<Kept>> = Arc::default();
    kept.lock().unwrap().hang_up_after = Some(1);
    let first = TestDoor::open(&address, kept.clone()).await;
    while kept.lock().unwrap().hang_up_after.is_some() {
        sleep(Duration::from_millis(5)).await;
    }
    drop(first);
    let mut second = None;
    while second.is_none() {
        // The port of the killed door is free a moment later.
        sleep(Duration::from_millis(20)).await;
        if tokio::net::TcpListener::bind(&address).await.is_ok() {
            second = Some(TestDoor::open(&address, kept.clone()).await);
        }
    }
    round.until_settled().await;
    assert_eq!(second.unwrap().bytes_of("S1/1").unwrap(), bytes);
}

#[tokio::test]
async fn what_is_never_taken_is_kept_aside() {
    let (round, door) = (Round::start(), door().await);
    let other = ("other".to_owned(), vec![1, 2, 3]);
    door.kept.lock().unwrap().stored.insert("S1/1".to_owned(), other);
    round.hand_over(&door.url(), "S1", 1, PhotoFate::default());
    round.hand_over(&door.url(), "unknown", 2, PhotoFate::default());
    round.until_settled().await;
    let aside = std::fs::read_dir(round.folder.path().join("aside"))
        .unwrap()
        .count();
    assert_eq!((aside, round.files()), (2, 0));
    assert_eq!(door.bytes_of("S1/1").unwrap(), [1, 2, 3]);
    let said = round.said.lock().unwrap().join("\n");
    assert!(
        said.contains("another photo is kept") && said.contains("no such sortie"),
        "{said}"
    );
}
