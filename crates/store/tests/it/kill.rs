//! A program that is killed in the middle of its work, again and again: no photo without its file, no broken
//! chain, no job done twice or lost.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use schedule::photo_ledger::PhotoState;
use store::jobs::JobKind;
use store::{Location, Store};

use crate::harness::{Bench, NOW, claim, each_engine, look, photo, register_model, sha256};

const FOLDER: &str = "FLYONCE_TEST_KILL_FOLDER";
const URL: &str = "FLYONCE_TEST_KILL_URL";
const PHOTOS: usize = 30;

fn content(i: usize) -> String {
    format!("photo {i} {}", "x".repeat(200_000))
}

/// The program to be killed: brings all photos in and looks at them, from wherever the data stand.
async fn work(location: Location) {
    let store = Store::open(&location, NOW).await.unwrap();
    register_model(&store).await;
    let workers = store.running_workers().await.unwrap();
    store.release_jobs(&workers).await.unwrap();
    for i in 0..PHOTOS {
        let source = location.folder.join(format!("../source-{i}.jpg"));
        let original = store.put_original(&source).unwrap();
        let mut photo = photo(&content(i));
        (photo.sha256, photo.byte_len) = (original.sha256, original.byte_len);
        store.commit_photo(&photo, NOW).await.unwrap();
        println!("committed {i}");
        while store.job_counts(JobKind::Look).await.unwrap().queued > 0 {
            let photo_id = look(&store, vec![]).await;
            println!("looked at {photo_id}");
        }
    }
}

/// Does nothing unless it is started by the test below.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    work(Location {
        folder: PathBuf::from(folder),
        database_url: std::env::var(URL).ok(),
    })
    .await;
}

fn start_child(bench: &Bench) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kill::child", "--nocapture"])
        .env(FOLDER, bench.location().folder);
    if let Some(url) = bench.location().database_url {
        command.env(URL, url);
    }
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child after so many of its lines.
fn kill_after(mut child: Child, lines: usize) {
    let output = BufReader::new(child.stdout.take().unwrap());
    let said = output
        .lines()
        .map_while(Result::ok)
        .filter(|l| l.contains("committed") || l.contains("looked"));
    assert_eq!(said.take(lines).count(), lines, "the child stopped by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_it_goes_on_where_it_was() {
    each_engine(async |bench| {
        std::fs::create_dir(bench.location().folder).unwrap();
        for i in 0..PHOTOS {
            bench.source(&format!("source-{i}.jpg"), content(i).as_bytes());
        }
        for lines in [1, 4, 7, 10, 5] {
            kill_after(start_child(bench), lines);
            let store = bench.open().await;
            assert_eq!(store.verify_chains().await.unwrap().broken, None);
            for photo in store.list_photos(1000, None).await.unwrap() {
                store.read_original_verified(&photo.sha256).unwrap();
            }
        }
        work(bench.location()).await;
        let store = bench.open().await;
        let photos = store.list_photos(1000, None).await.unwrap();
        let digests: BTreeSet<_> = photos.iter().map(|p| p.sha256.clone()).collect();
        assert_eq!(digests, (0..PHOTOS).map(|i| sha256(&content(i))).collect());
        assert_eq!(
            photos
                .iter()
                .map(|p| p.photo_index)
                .collect::<BTreeSet<_>>()
                .len(),
            PHOTOS
        );
        assert!(photos.iter().all(|p| p.state == PhotoState::LookedAt));
        assert_eq!(
            store.newest_event_seq().await.unwrap(),
            2 * PHOTOS as i64,
            "stored and looked at, each once"
        );
        assert_eq!(store.job_counts(JobKind::Look).await.unwrap().done, PHOTOS as u64);
        assert!(claim(&store, JobKind::Associate, "host:1:1").await.is_some());
    })
    .await;
}
