//! Connections to SQLite and PostgreSQL, and what it means when there is none.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor};

use crate::error::{Result, StoreError, is_not_a_database};

/// Which database serves the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A server.
    Postgres,
}

/// Name of the database in the data folder.
pub(crate) const SQLITE_FILE: &str = "flyonce.sqlite";
const CONNECTIONS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens or creates a SQLite file, in WAL mode.
pub(crate) async fn connect_sqlite(file: &Path) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let options = options(&format!("sqlite://{}?mode=rwc", url_path(file)?))?;
    prove_sqlite(&options)
        .await
        .map_err(|error| sqlite_opening_error(error, file))?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
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
        .connect_with(options);
    Ok(pool.await?)
}

/// Connects to a PostgreSQL server.
pub(crate) async fn connect_postgres(url: &str) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(StoreError::BadAddress {
            problem: "it must begin with postgres:// (leave it out for SQLite in the data folder)".into(),
        });
    }
    let options = options(url)?;
    let server = options.database_url.host_str().unwrap_or("localhost");
    let place = format!("{server}{}", options.database_url.path());
    let unreachable = |source| StoreError::Unreachable {
        place: place.clone(),
        source,
    };
    let probe = tokio::time::timeout(PATIENCE, AnyConnection::connect_with(&options)).await;
    probe
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(unreachable)?
        .close()
        .await?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(options)
        .await;
    pool.map_err(unreachable)
}

/// One connection by hand: a pool tries again and again and keeps the reason to itself.
async fn prove_sqlite(options: &AnyConnectOptions) -> std::result::Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(options).await?;
    connection.execute("pragma busy_timeout = 30000").await?;
    connection.execute("pragma journal_mode = wal").await?;
    connection.close().await
}

fn sqlite_opening_error(error: sqlx::Error, path: &Path) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|e| e.code())
        .map(|c| c.into_owned());
    let path = path.to_path_buf();
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
