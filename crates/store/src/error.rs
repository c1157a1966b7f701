//! Everything that can go wrong between the program and its rows and files, in words a dispatcher understands.

use std::io;
use std::path::{Path, PathBuf};

/// Why a row or a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data were written by a later program; this one must not touch them.
    #[error(
        "the data folder was written by a newer version of FlyOnce (schema {found}, this program knows up to {supported}): update the program"
    )]
    NewerVersion {
        /// Schema number found in the database that this program does not have.
        found: i64,
        /// Highest schema number this program has.
        supported: i64,
    },
    /// An applied migration no longer has the text it had: somebody edited the database or the program.
    #[error("schema step {migration} of the database differs from the one in this program; restore a backup")]
    AlteredSchema {
        /// Number of the step.
        migration: i64,
    },
    /// The file in the database's place is something else, or damaged.
    #[error("{path} is not a FlyOnce database, or it is damaged")]
    NotADatabase {
        /// The file looked at.
        path: PathBuf,
    },
    /// The operating system refused access.
    #[error("no permission for {path}: {source}")]
    NoAccess {
        /// Folder or file.
        path: PathBuf,
        /// The refusal.
        #[source]
        source: io::Error,
    },
    /// The database file may only be read.
    #[error("the database may only be read, not written: check the rights of the data folder")]
    ReadOnly,
    /// Another program held the database for longer than 30 s.
    #[error("the database is locked by another program for more than 30 s")]
    Locked,
    /// No room for a file.
    #[error("disk full: {needed} bytes needed in {path}")]
    DiskFull {
        /// Folder written to.
        path: PathBuf,
        /// Size of the whole file that did not fit, bytes.
        needed: u64,
    },
    /// No room for rows.
    #[error("disk full: the database cannot grow")]
    DatabaseFull,
    /// The database server did not answer, or refused the login.
    #[error("the database {place} cannot be reached: {source}")]
    Unreachable {
        /// Server and database name, without user and password.
        place: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The database address is not understood.
    #[error("database address: {problem}")]
    BadAddress {
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody else decided first.
    #[error("the state changed meanwhile: it is now {now_state}")]
    Moved {
        /// The state found.
        now_state: casework::lead::LeadState,
    },
    /// The job was taken over by another worker; nothing was written.
    #[error("job {job_id} was taken over by another worker; its result was dropped")]
    LeaseLost {
        /// The job.
        job_id: i64,
    },
    /// No such row.
    #[error("no {what} {id}")]
    NotFound {
        /// Kind of thing: photo, lead, job…
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A file name that is not the lower-case SHA-256 of a photo.
    #[error("{text:?} is not a SHA-256 in lower-case hexadecimal")]
    BadDigest {
        /// What was given.
        text: String,
    },
    /// A stored original does not have the content its name promises.
    #[error("the original {path} is damaged: its SHA-256 is {found}")]
    BlobDamaged {
        /// The file.
        path: PathBuf,
        /// SHA-256 of what is there.
        found: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A stored value is not one this program writes.
    #[error("{table}.{field}: {problem}")]
    BadRow {
        /// Table of the row.
        table: &'static str,
        /// Column.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The decision breaks a rule of the review.
    #[error(transparent)]
    Refused(#[from] casework::lead::MoveError),
    /// A photo cannot go there from where it is.
    #[error(transparent)]
    IllegalPhotoMove(#[from] schedule::photo_ledger::IllegalMove),
    /// A flight cannot go there from where it is.
    #[error(transparent)]
    IllegalSortieMove(#[from] schedule::sortie::IllegalMove),
    /// The place of a photo in its flight is held by another file; nothing was written.
    #[error("photo {photo_id} is there already with other content; the new file was not taken for it")]
    IndexTaken {
        /// The photo that is there.
        photo_id: String,
    },
    /// The events of a lead do not add up: somebody edited the rows.
    #[error("lead {lead_id}: {source}")]
    TornHistory {
        /// The lead.
        lead_id: String,
        /// What does not fit.
        #[source]
        source: casework::lead::HistoryError,
    },
    /// A detection already belongs to a site; nothing was written.
    #[error("detection {detection_id} does not exist or already belongs to a site")]
    AlreadyLinked {
        /// The detection.
        detection_id: String,
    },
    /// Anything else the database said.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
}

/// What every fallible function of this crate answers.
pub type Result<T> = std::result::Result<T, StoreError>;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(|e| e.code())
            .map(|c| c.into_owned());
        match code.as_deref().map(meaning) {
            Some(Meaning::Locked) => StoreError::Locked,
            Some(Meaning::Full) => StoreError::DatabaseFull,
            Some(Meaning::ReadOnly) => StoreError::ReadOnly,
            Some(Meaning::Other) | None => StoreError::Database(error),
        }
    }
}

impl StoreError {
    /// Sorts a file error: no rights, no room, or anything else.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::NoAccess { path, source }
            }
            _ => StoreError::Io { action, path, source },
        }
    }

    /// True when the system said that the disk, or the quota, is used up.
    pub(crate) fn is_full(source: &io::Error) -> bool {
        matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

/// True when SQLite said that the file is not a database or its pages are damaged (result codes 26 and 11).
pub(crate) fn is_not_a_database(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(|e| e.code())
        .and_then(|c| sqlite_code(&c));
    matches!(code, Some(26 | 11))
}

enum Meaning {
    Locked,
    Full,
    ReadOnly,
    Other,
}

/// SQLite result codes (https://www.sqlite.org/rescode.html) and PostgreSQL SQLSTATE (appendix A of its manual).
fn meaning(code: &str) -> Meaning {
    match (sqlite_code(code), code) {
        (Some(5 | 6), _) | (None, "55P03") => Meaning::Locked,
        (Some(13), _) | (None, "53100") => Meaning::Full,
        (Some(8), _) | (None, "25006") => Meaning::ReadOnly,
        _ => Meaning::Other,
    }
}

/// The primary result code; SQLSTATE codes have five characters, SQLite's extended codes at most four.
fn sqlite_code(code: &str) -> Option<u32> {
    if code.len() >= 5 {
        return None;
    }
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_sqlite_codes_and_sqlstates_are_told_apart() {
        assert!(matches!(meaning("5"), Meaning::Locked));
        assert!(matches!(meaning("517"), Meaning::Locked), "busy snapshot");
        assert!(matches!(meaning("13"), Meaning::Full));
        assert!(
            matches!(meaning("1032"), Meaning::ReadOnly),
            "read-only, moved file"
        );
        assert!(matches!(meaning("53100"), Meaning::Full));
        assert!(matches!(meaning("23505"), Meaning::Other));
    }
}
