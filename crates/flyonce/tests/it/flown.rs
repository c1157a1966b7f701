//! A flight with planned photos in a data folder, and the photos it took, for tests of what follows from a flight.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use fixtures::photos::JpegSpec;
use schedule::mission::MissionItem;
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::flights::{CaptureRow, Move, NewFlight, ShotPlan};
use store::rows::{Actor, SortieKind};
use store::{Location, Store};
use survey::time::UtcMicros;

use crate::program::Program;

pub const SORTIE: &str = "D01-20260302-100000";
/// 2026-03-02 10:00:00 +08:00.
const START_S: i64 = 1_772_416_800;
const SECONDS_BETWEEN_PHOTOS: i64 = 4;
/// 20 m of latitude.
const SPACING_DEG: f64 = 0.00018;

pub fn latitude_deg(number: u32) -> f64 {
    31.22 + SPACING_DEG * f64::from(number)
}

pub const LONGITUDE_DEG: f64 = 121.54;

pub fn at(second: i64) -> UtcMicros {
    UtcMicros((START_S + second) * 1_000_000)
}

pub fn sortie() -> SortieId {
    SORTIE.parse().unwrap()
}

/// Runs `work` on the rows of the program's data folder.
pub fn on_store<T>(program: &Program, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let location = Location {
            folder: program.path("data"),
            database_url: None,
        };
        let store = Store::open(&location, at(0)).await.unwrap();
        let done = work(&store).await;
        store.close().await;
        done
    })
}

/// A flight in the air that is to take `photos` photos, 20 m apart.
pub fn launch(program: &Program, photos: u32) {
    let item = |number: u32| MissionItem {
        frame: 3,
        command: 16,
        params: [0.0, 0.0, 0.0, f32::NAN],
        x: (latitude_deg(number) * 1e7) as i32,
        y: (LONGITUDE_DEG * 1e7) as i32,
        z: 60.0,
        auto_continue: true,
    };
    let shot = |number: u32| ShotPlan {
        shot_index: number,
        longitude_deg: LONGITUDE_DEG,
        latitude_deg: latitude_deg(number),
        height_above_home_m: 60.0,
    };
    let actor = Actor {
        name: "test".to_owned(),
        role: "test".to_owned(),
    };
    let flight = NewFlight {
        sortie_id: sortie(),
        kind: SortieKind::Simulated,
        mission_name: "街区周检".to_owned(),
        plan_sha256: "0".repeat(64),
        mission_json: serde_json::to_string(&[item(1), item(photos)]).unwrap(),
        bounds_json: None,
        dock_id: Some("D01".to_owned()),
        system_id: 1,
        link: "udpin:127.0.0.1:14551".to_owned(),
        slot_at: Some(at(0)),
        shots: (1..=photos).map(shot).collect(),
        actor: actor.clone(),
    };
    on_store(program, async |store| {
        store.create_flight(&flight, at(0)).await.unwrap();
        let step = Move {
            code: None,
            note: None,
            payload_json: None,
            actor,
            at: at(0),
        };
        for state in [
            SortieState::Preparing,
            SortieState::Launching,
            SortieState::Flying,
        ] {
            store.move_flight(&sortie(), state, &step, at(0)).await.unwrap();
        }
        store.set_launched(&sortie(), at(0)).await.unwrap();
    });
}

/// The camera reports that it took these photos.
pub fn capture(program: &Program, numbers: impl IntoIterator<Item = u32>) {
    on_store(program, async |store| {
        for number in numbers {
            let report = CaptureRow {
                image_index: number,
                captured_at: at(i64::from(number) * SECONDS_BETWEEN_PHOTOS),
                longitude_deg: Some(LONGITUDE_DEG),
                latitude_deg: Some(latitude_deg(number)),
                height_above_home_m: Some(60.0),
                succeeded: true,
            };
            store.record_capture(&sortie(), &report, at(0)).await.unwrap();
        }
    });
}

/// The file of photo `number`; another `seed` shows something else from the same place at the same time.
pub fn photo(number: u32, seed: u64) -> Vec<u8> {
    let second = i64::from(number) * SECONDS_BETWEEN_PHOTOS;
    let taken = format!("2026:03:02 10:{:02}:{:02}", second / 60, second % 60);
    JpegSpec::dji(latitude_deg(number), LONGITUDE_DEG, 60.0)
        .taken(&taken, Some("+08:00"))
        .seed(seed)
        .bytes()
        .unwrap()
}

/// What follows the end of the picture counts as part of the file, as on cameras that add previews there.
pub fn padded(mut photo: Vec<u8>, bytes: usize) -> Vec<u8> {
    photo.extend((photo.len()..bytes).map(|i| (i % 251) as u8));
    photo
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub fn door(image_index: u32, content: &[u8]) -> String {
    format!("/api/v1/photo-door/{SORTIE}/{image_index}/{}", sha256(content))
}

/// Sends `bytes` of a longer or equal body and reads the answer; `None` when the line broke.
pub struct Put<'p> {
    pub address: &'p str,
    pub path: &'p str,
    pub range: Option<(usize, usize, usize)>,
}

impl Put<'_> {
    pub fn head(&self, length: usize) -> String {
        let Put { address, path, range } = self;
        let range = range.map_or_else(String::new, |(first, last, total)| {
            format!("Content-Range: bytes {first}-{last}/{total}\r\n")
        });
        format!(
            "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: image/jpeg\r\n{range}\
             Content-Length: {length}\r\n\r\n"
        )
    }

    pub fn send(&self, bytes: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(self.head(bytes.len()).as_bytes()).unwrap();
        stream.write_all(bytes).unwrap();
        answer(stream)
    }
}

pub fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let text = String::from_utf8_lossy(&all);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// Bytes `first..=last` of `content` to its place at the door.
pub fn put_piece(
    address: &str,
    image_index: u32,
    content: &[u8],
    piece: std::ops::Range<usize>,
) -> (u16, Value) {
    let put = Put {
        address,
        path: &door(image_index, content),
        range: Some((piece.start, piece.end - 1, content.len())),
    };
    put.send(&content[piece])
}

/// The whole content at once.
pub fn put_whole(address: &str, image_index: u32, content: &[u8]) -> (u16, Value) {
    let put = Put {
        address,
        path: &door(image_index, content),
        range: None,
    };
    put.send(content)
}

/// Names of the files in a folder; none when there is no folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
