//! Until when the calendar was followed, as a file in the data folder, so that a slot that fell into an absence of the
//! service is told from one of a time before there was a service.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use survey::time::UtcMicros;

use crate::whole_file::write_whole;

const FILE: &str = "calendar-followed-until";
/// How often the file is written; after a crash this much may be followed twice, which the store notices.
const WRITE_EVERY: Duration = Duration::from_secs(2);

/// The last instant of the city's clock at which the calendar was looked at.
#[derive(Debug)]
pub struct Watched {
    file: PathBuf,
    until: Option<UtcMicros>,
    written: Option<Instant>,
}

impl Watched {
    /// Of a data folder. A file that cannot be read tells as little as none.
    pub fn of(data_folder: &Path) -> Self {
        let file = data_folder.join(FILE);
        let until = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| UtcMicros::parse_rfc3339(text.trim()).ok());
        Self {
            file,
            until,
            written: None,
        }
    }

    /// When the calendar was last looked at, by an earlier run.
    pub fn until(&self) -> Option<UtcMicros> {
        self.until
    }

    /// The calendar was looked at now.
    pub fn note(&mut self, now: UtcMicros) {
        if self
            .written
            .is_some_and(|written| written.elapsed() < WRITE_EVERY)
        {
            return;
        }
        self.written = Some(Instant::now());
        if let Err(error) = write_whole(&self.file, now.to_string().as_bytes()) {
            tracing::warn!(error = %format!("{error:#}"), "it cannot be noted that the calendar is followed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_outlives_the_service() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Watched::of(folder.path()).until(), None);
        let now = UtcMicros(1_772_416_800_000_000);
        Watched::of(folder.path()).note(now);
        assert_eq!(Watched::of(folder.path()).until(), Some(now));
        std::fs::write(folder.path().join(FILE), "yesterday").unwrap();
        assert_eq!(Watched::of(folder.path()).until(), None);
    }
}
