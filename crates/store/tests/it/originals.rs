//! The folder of originals: written once, verified, and safe against full disks and crashes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use schedule::photo_ledger::PhotoId;
use store::photos::CommitOutcome;
use store::{Location, Store, StoreError};
use survey::time::UtcMicros;

use crate::harness::{NOW, each_engine, photo, say, sha256};

async fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location {
        folder: folder.path().join("data"),
        database_url: None,
    };
    let store = Store::open(&location, NOW).await.unwrap();
    (folder, store)
}

fn files_in(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "opening.lock");
    names.sort();
    names
}

#[tokio::test]
async fn the_same_content_is_written_once_and_cannot_be_changed() {
    let (folder, store) = fresh().await;
    let source = folder.path().join("DJI_0001.JPG");
    std::fs::write(&source, "photo").unwrap();
    let first = store.put_original(&source).unwrap();
    assert_eq!(
        (first.sha256.as_str(), first.byte_len),
        (sha256("photo").as_str(), 5)
    );
    assert!(first.newly_written);
    assert_eq!(
        first.path,
        store
            .folder()
            .join(format!("originals/{}/{}.jpg", &first.sha256[..2], first.sha256))
    );
    let written = std::fs::metadata(&first.path).unwrap();
    assert_eq!(written.permissions().mode() & 0o777, 0o444);
    let again = store.put_original(&source).unwrap();
    assert!(!again.newly_written);
    assert_eq!(
        std::fs::metadata(&first.path).unwrap().modified().unwrap(),
        written.modified().unwrap()
    );
    assert_eq!(store.read_original_verified(&first.sha256).unwrap(), b"photo");
    assert_eq!(files_in(&store.folder().join("tmp")), Vec::<String>::new());
}

#[tokio::test]
async fn damage_is_found_and_a_shortened_original_is_mended_by_a_good_copy() {
    let (folder, store) = fresh().await;
    let source = folder.path().join("a.jpg");
    std::fs::write(&source, "photo").unwrap();
    let original = store.put_original(&source).unwrap();
    std::fs::set_permissions(&original.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&original.path, "phot0").unwrap();
    let error = store.read_original_verified(&original.sha256).unwrap_err();
    assert!(
        matches!(&error, StoreError::BlobDamaged { found, .. } if *found == sha256("phot0")),
        "{error}"
    );
    std::fs::write(&original.path, "pho").unwrap();
    assert!(store.put_original(&source).unwrap().newly_written);
    assert_eq!(store.read_original_verified(&original.sha256).unwrap(), b"photo");
}

#[tokio::test]
async fn only_a_digest_names_an_original() {
    let (_folder, store) = fresh().await;
    for text in [
        "",
        "../../etc/passwd",
        &"A".repeat(64),
        &"é".repeat(32),
        &"0".repeat(63),
    ] {
        assert!(
            matches!(store.read_original(text), Err(StoreError::BadDigest { .. })),
            "{text}"
        );
    }
    let absent = store.read_original(&"0".repeat(64)).unwrap_err();
    assert!(
        matches!(absent, StoreError::NotFound { what: "original", .. }),
        "{absent}"
    );
    let missing = store.put_original(Path::new("/nowhere/a.jpg")).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/a.jpg"), "{missing}");
}

#[tokio::test]
async fn eight_threads_may_bring_the_same_file_at_once() {
    let (folder, store) = fresh().await;
    let source = folder.path().join("a.jpg");
    std::fs::write(&source, vec![7_u8; 3_000_000]).unwrap();
    let put = |_| {
        let (store, source) = (store.clone(), source.clone());
        std::thread::spawn(move || store.put_original(&source).unwrap().sha256)
    };
    let threads: Vec<_> = (0..8).map(put).collect();
    let digests: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(digests.iter().all(|d| *d == digests[0]));
    assert_eq!(
        store.read_original_verified(&digests[0]).unwrap().len(),
        3_000_000
    );
    assert_eq!(files_in(&store.folder().join("tmp")), Vec::<String>::new());
}

#[tokio::test]
async fn half_written_files_of_dead_processes_go_after_an_hour() {
    let (folder, store) = fresh().await;
    let tmp = store.folder().join("tmp");
    std::fs::write(tmp.join("1-2-3.part"), "old").unwrap();
    std::fs::write(tmp.join("1-2-4.part"), "young").unwrap();
    let old = std::fs::File::options()
        .write(true)
        .open(tmp.join("1-2-3.part"))
        .unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(3700))
        .unwrap();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_micros();
    let location = Location {
        folder: folder.path().join("data"),
        database_url: None,
    };
    Store::open(&location, UtcMicros(i64::try_from(now).unwrap()))
        .await
        .unwrap();
    assert_eq!(files_in(&tmp), ["1-2-4.part"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_file_and_row_leaves_nothing_wrong() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let source = bench.source("a.jpg", b"photo");
        let original = store.put_original(&source).unwrap();
        // The program dies here: the file is there, no row knows it.
        store.close().await;
        let store = bench.open().await;
        assert_eq!(store.counts().await.unwrap().photos, 0);
        assert_eq!(store.photo_by_sha256(&original.sha256).await.unwrap(), None);
        let again = store.put_original(&source).unwrap();
        assert!(!again.newly_written);
        let outcome = store.commit_photo(&photo("photo"), NOW).await.unwrap();
        assert_eq!(
            outcome,
            CommitOutcome::New("S1/00001".parse::<PhotoId>().unwrap())
        );
        let row = store.photo_by_sha256(&original.sha256).await.unwrap().unwrap();
        assert_eq!(store.read_original_verified(&row.sha256).unwrap(), b"photo");
    })
    .await;
}

/// A mounted file system of 1 MiB, unmounted when it goes.
struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    fn mount() -> Option<TinyDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| TinyDisk(folder))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(
            unmounted.is_ok_and(|status| status.success()),
            "the tiny disk stays mounted"
        );
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_leaves_no_half_file() {
    let Some(disk) = TinyDisk::mount() else {
        say("SKIPPED: full disk (a tmpfs cannot be mounted here)");
        return;
    };
    let location = Location {
        folder: disk.0.path().join("data"),
        database_url: None,
    };
    let store = Store::open(&location, NOW).await.unwrap();
    let source = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(source.path(), vec![1_u8; 2_000_000]).unwrap();
    let error = store.put_original(source.path()).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::DiskFull {
                needed: 2_000_000,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(files_in(&store.folder().join("tmp")), Vec::<String>::new());

    // The rows hit the same wall with their own words, and what was committed stays whole.
    let mut committed = 0;
    let error = loop {
        let mut big = photo(&format!("photo {committed}"));
        big.metadata_json = "x".repeat(50_000);
        match store.commit_photo(&big, NOW).await {
            Ok(_) => committed += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DatabaseFull), "{error}");
    assert_eq!(store.counts().await.unwrap().photos, committed);
    assert_eq!(store.verify_chains().await.unwrap().broken, None);
    store.close().await;
}
