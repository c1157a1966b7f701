//! Opening a data folder: its layout, the connection to SQLite or PostgreSQL, and the schema.

use std::fs::{self, File};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};
use survey::time::UtcMicros;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{Result, StoreError, is_not_a_database};
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

/// Which database serves the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A server.
    Postgres,
}

/// Rows and originals of one data folder. Cheap to clone; several programs may have the same folder open.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    folder: PathBuf,
    writer: Arc<Mutex<()>>,
}

const SQLITE_FILE: &str = "flyonce.sqlite";
const CONNECTIONS: u32 = 8;
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
        let (engine, pool) = match &location.database_url {
            Some(url) => (Engine::Postgres, connect_postgres(url).await?),
            None => (Engine::Sqlite, connect_sqlite(&folder).await?),
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
        // SQLite has no advisory lock: two programs that open a fresh folder at once take turns here.
        let _turn = match self.engine {
            Engine::Sqlite => Some(opening_turn(&self.folder).await?),
            Engine::Postgres => None,
        };
        if self.engine == Engine::Sqlite {
            sqlx::query("pragma journal_mode = wal")
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| self.opening_error(e))?;
        }
        MIGRATOR
            .run(&self.pool)
            .await
            .map_err(|e| self.migration_error(e))?;
        sqlx::query("insert into meta (key, value) values ('created_at', $1) on conflict (key) do nothing")
            .bind(now.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    fn migration_error(&self, error: MigrateError) -> StoreError {
        match error {
            MigrateError::VersionMissing(found) => StoreError::NewerVersion {
                found,
                supported: supported_version(),
            },
            MigrateError::VersionMismatch(migration) | MigrateError::Dirty(migration) => {
                StoreError::AlteredSchema { migration }
            }
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => self.opening_error(e),
            other => StoreError::Database(sqlx::Error::Migrate(Box::new(other))),
        }
    }

    fn opening_error(&self, error: sqlx::Error) -> StoreError {
        if self.engine == Engine::Sqlite && is_not_a_database(&error) {
            return StoreError::NotADatabase {
                path: self.folder.join(SQLITE_FILE),
            };
        }
        error.into()
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

async fn connect_sqlite(folder: &Path) -> Result<AnyPool> {
    let file = folder.join(SQLITE_FILE);
    let url = format!("sqlite://{}?mode=rwc", url_path(&file)?);
    pool_options()
        .after_connect(|connection, _| {
            Box::pin(async move {
                // FULL: a committed row survives a power cut also in WAL mode.
                for pragma in [
                    "pragma busy_timeout = 30000",
                    "pragma synchronous = full",
                    "pragma foreign_keys = on",
                ] {
                    connection.execute(pragma).await?;
                }
                Ok(())
            })
        })
        .connect_with(options(&url)?)
        .await
        .map_err(|error| sqlite_opening_error(error, file))
}

fn sqlite_opening_error(error: sqlx::Error, path: PathBuf) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|e| e.code())
        .map(|c| c.into_owned());
    match code.as_deref() {
        _ if is_not_a_database(&error) => StoreError::NotADatabase { path },
        // Cannot open: a folder in its place, or no rights.
        Some("14") => {
            let source = fs::OpenOptions::new().write(true).open(&path).err();
            let source = source.unwrap_or_else(|| std::io::Error::other(error));
            StoreError::NoAccess { path, source }
        }
        _ => error.into(),
    }
}

async fn connect_postgres(url: &str) -> Result<AnyPool> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(StoreError::BadAddress {
            problem: "it must begin with postgres:// (leave it out for SQLite in the data folder)".into(),
        });
    }
    let options = options(url)?;
    let place = format!(
        "{}{}",
        options.database_url.host_str().unwrap_or("localhost"),
        options.database_url.path()
    );
    let pool = pool_options()
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await;
    pool.map_err(|source| StoreError::Unreachable { place, source })
}

fn pool_options() -> AnyPoolOptions {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new().max_connections(CONNECTIONS)
}

fn options(url: &str) -> Result<AnyConnectOptions> {
    url.parse().map_err(|e: sqlx::Error| StoreError::BadAddress {
        problem: e.to_string(),
    })
}

/// Percent-encodes everything that has a meaning in an address, `%` included.
fn url_path(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| StoreError::BadAddress {
        problem: format!("the folder name {} is not valid UTF-8", path.display()),
    })?;
    Ok(text
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_folder_names_survive_the_address() {
        assert_eq!(
            url_path(Path::new("/数据/a b%41?#")).unwrap(),
            "/%E6%95%B0%E6%8D%AE/a%20b%2541%3F%23"
        );
    }
}
