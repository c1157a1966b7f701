//! Opening a data folder: its layout, the schema, and the turns of those who write.

use std::fs::{self, File};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};
use survey::time::UtcMicros;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::connect::{Engine, SQLITE_FILE, connect_postgres, connect_sqlite};
use crate::error::{Result, StoreError};
use crate::part_file::sweep_leftovers;

static MIGRATOR: Migrator = sqlx::migrate!();

/// Where the data are.
#[derive(Debug, Clone)]
pub struct Location {
    /// The data folder: originals always, and the database unless `database_url` is given.
    pub folder: PathBuf,
    /// `postgres://user:password@host/database`; none for SQLite inside the folder.
    pub database_url: Option<String>,
}

/// Rows and originals of one data folder. Cheap to clone; several programs may have the same folder open.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    folder: PathBuf,
    writer: Arc<Mutex<()>>,
}

const README: &str = "\
这是 FlyOnce（飞一次）的数据文件夹。请勿手工修改、移动或删除其中的文件。
  originals/      原始照片，按内容的 SHA-256 命名，写入后不再改变
  flyonce.sqlite  照片、线索和审核记录（使用 PostgreSQL 时没有此文件）
  tmp/            正在写入的文件
备份：停止程序后复制整个文件夹。

This is a FlyOnce data folder. Do not edit, move or delete files in it by hand.
  originals/      the photos as they came, named by the SHA-256 of their content, never changed
  flyonce.sqlite  photos, leads and review records (absent when PostgreSQL is used)
  tmp/            files being written
Backup: stop the program and copy the whole folder.
";

impl Store {
    /// Opens a data folder, creating what is missing and bringing the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`], [`StoreError::AlteredSchema`], [`StoreError::NotADatabase`],
    /// [`StoreError::NoAccess`], [`StoreError::Unreachable`], [`StoreError::BadAddress`], [`StoreError::Locked`].
    pub async fn open(location: &Location, now: UtcMicros) -> Result<Store> {
        let folder = lay_out(&location.folder)?;
        let swept = sweep_leftovers(&folder.join("tmp"), now)?;
        if swept > 0 {
            tracing::info!(files = swept, "removed half-written files of an earlier run");
        }
        // SQLite has no advisory lock: programs that open one folder at once take turns until the schema stands.
        let _turn = match &location.database_url {
            Some(_) => None,
            None => Some(opening_turn(&folder).await?),
        };
        let (engine, pool) = match &location.database_url {
            Some(url) => (Engine::Postgres, connect_postgres(url).await?),
            None => (Engine::Sqlite, connect_sqlite(&folder.join(SQLITE_FILE)).await?),
        };
        let store = Store {
            pool,
            engine,
            folder,
            writer: Arc::default(),
        };
        store.migrate(now).await?;
        Ok(store)
    }

    /// The data folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which database serves the rows.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Number of the newest schema step this program knows; an open store always has exactly this one.
    #[must_use]
    pub fn schema_version(&self) -> i64 {
        supported_version()
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Begins a transaction that writes. Writers take turns: in this process by a mutex, between processes by
    /// SQLite's immediate transaction or by locking the `event_seq` row on PostgreSQL. So event numbers become
    /// visible in order, and no two writers can deadlock.
    pub(crate) async fn begin_write(&self) -> Result<Writing> {
        let turn = Arc::clone(&self.writer).lock_owned().await;
        let tx = match self.engine {
            Engine::Sqlite => self.pool.begin_with("begin immediate").await?,
            Engine::Postgres => {
                let mut tx = self.pool.begin().await?;
                tx.execute("select value from counter where name = 'event_seq' for update")
                    .await?;
                tx
            }
        };
        Ok(Writing { tx, _turn: turn })
    }

    async fn migrate(&self, now: UtcMicros) -> Result<()> {
        MIGRATOR.run(&self.pool).await.map_err(migration_error)?;
        sqlx::query("insert into meta (key, value) values ('created_at', $1) on conflict (key) do nothing")
            .bind(now.to_string())
            .execute(&self.pool)
            .await?;
        self.chain_old_overrides(now).await
    }
}

/// A transaction that writes, and this process's turn to do so.
pub(crate) struct Writing {
    tx: Transaction<'static, Any>,
    _turn: OwnedMutexGuard<()>,
}

impl Writing {
    /// Makes everything durable at once.
    pub(crate) async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}

impl Deref for Writing {
    type Target = AnyConnection;
    fn deref(&self) -> &AnyConnection {
        &self.tx
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}

fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => StoreError::NewerVersion {
            found,
            supported: supported_version(),
        },
        MigrateError::VersionMismatch(migration) | MigrateError::Dirty(migration) => {
            StoreError::AlteredSchema { migration }
        }
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        other => StoreError::Database(sqlx::Error::Migrate(Box::new(other))),
    }
}

fn supported_version() -> i64 {
    MIGRATOR.iter().map(|m| m.version).max().unwrap_or_default()
}

fn lay_out(folder: &Path) -> Result<PathBuf> {
    for part in [folder.to_path_buf(), folder.join("originals"), folder.join("tmp")] {
        fs::create_dir_all(&part).map_err(|e| StoreError::io("create", &part, e))?;
    }
    let readme = folder.join("README.txt");
    if !readme.exists() {
        fs::write(&readme, README).map_err(|e| StoreError::io("write", &readme, e))?;
    }
    folder
        .canonicalize()
        .map_err(|e| StoreError::io("open", folder, e))
}

/// Waits for the other programs that are opening this folder right now.
async fn opening_turn(folder: &Path) -> Result<File> {
    let path = folder.join("tmp").join("opening.lock");
    let file = File::create(&path).map_err(|e| StoreError::io("create", &path, e))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    match locked {
        Ok(outcome) => outcome.map_err(|e| StoreError::io("lock", &path, e)),
        Err(stopped) => Err(StoreError::io("lock", &path, std::io::Error::other(stopped))),
    }
}
