//! Opening a data folder: fresh, again, at once, from a newer version, and where it cannot work.

use sqlx::Executor;
use store::{Location, Store, StoreError};

use crate::harness::{NOW, each_engine, say};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_folder_is_laid_out_and_explained_in_both_languages() {
    each_engine(async |bench| {
        let store = bench.open().await;
        assert!(store.folder().join("originals").is_dir());
        assert_eq!(store.folder().join("flyonce.sqlite").is_file(), bench.on_sqlite());
        let readme = std::fs::read_to_string(store.folder().join("README.txt")).unwrap();
        assert!(
            readme.contains("数据文件夹") && readme.contains("data folder"),
            "{readme}"
        );
        assert_eq!(store.schema_version(), 14);
        drop(store);
        assert_eq!(bench.open().await.counts().await.unwrap().photos, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_programs_may_open_a_fresh_folder_at_once() {
    each_engine(async |bench| {
        let open = |_| {
            let location = bench.location();
            tokio::spawn(async move { Store::open(&location, NOW).await.map(|s| s.schema_version()) })
        };
        let opening: Vec<_> = (0..8).map(open).collect();
        for opened in opening {
            assert!(opened.await.unwrap().unwrap() >= 5);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_newer_version_are_refused_and_left_alone() {
    each_engine(async |bench| {
        bench.open().await.close().await;
        let mut raw = bench.raw().await;
        raw.execute(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select 9999, 'future', success, checksum, 0 from _sqlx_migrations where version = 1",
        )
        .await
        .unwrap();
        let error = Store::open(&bench.location(), NOW).await.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::NewerVersion {
                    found: 9999,
                    supported: 5..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("update the program"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_schema_step_is_refused() {
    each_engine(async |bench| {
        bench.open().await.close().await;
        let sql = if bench.on_sqlite() {
            "update _sqlx_migrations set checksum = x'00'"
        } else {
            "update _sqlx_migrations set checksum = '\\x00'::bytea"
        };
        bench.raw().await.execute(sql).await.unwrap();
        let error = Store::open(&bench.location(), NOW).await.unwrap_err();
        assert!(
            matches!(error, StoreError::AlteredSchema { migration: 1 }),
            "{error}"
        );
    })
    .await;
}

async fn refused(prepare: impl FnOnce(&std::path::Path)) -> StoreError {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let location = Location {
        folder: folder.path().join("data"),
        database_url: None,
    };
    Store::open(&location, NOW).await.unwrap_err()
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let error = refused(|folder| {
        std::fs::create_dir(folder.join("data")).unwrap();
        std::fs::write(
            folder.join("data/flyonce.sqlite"),
            "a letter to the bureau, ".repeat(100),
        )
        .unwrap();
    })
    .await;
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
    assert!(error.to_string().contains("flyonce.sqlite"), "{error}");
}

#[tokio::test]
async fn a_folder_in_place_of_the_database_is_named() {
    let error = refused(|folder| std::fs::create_dir_all(folder.join("data/flyonce.sqlite")).unwrap()).await;
    assert!(matches!(error, StoreError::NoAccess { .. }), "{error}");
    assert!(error.to_string().contains("flyonce.sqlite"), "{error}");
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_named() {
    let error = refused(|folder| std::fs::write(folder.join("data"), "x").unwrap()).await;
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("data"), "{error}");
}

#[tokio::test]
async fn missing_rights_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::create_dir(folder.path().join("probe")).is_ok() {
        say("SKIPPED: missing rights (the tests run as root)");
        return;
    }
    let location = Location {
        folder: folder.path().join("data"),
        database_url: None,
    };
    let error = Store::open(&location, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::NoAccess { .. }), "{error}");
}

#[tokio::test]
async fn odd_folder_names_work() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location {
        folder: folder.path().join("数据 100%41?a=b#c"),
        database_url: None,
    };
    let store = Store::open(&location, NOW).await.unwrap();
    assert!(location.folder.join("flyonce.sqlite").is_file());
    assert_eq!(store.counts().await.unwrap().photos, 0);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |url: &str| {
        let location = Location {
            folder: folder.path().to_path_buf(),
            database_url: Some(url.to_owned()),
        };
        Store::open(&location, NOW).await.unwrap_err()
    };
    let error = open("postgres://dispatcher:secret@127.0.0.1:1/city").await;
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("127.0.0.1/city") && !text.contains("secret"),
        "{text}"
    );
    let error = open("mysql://127.0.0.1/city").await;
    assert!(matches!(error, StoreError::BadAddress { .. }), "{error}");
}
