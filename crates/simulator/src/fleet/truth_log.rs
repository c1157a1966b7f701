//! `truth/photos.jsonl`: one line for each exposure, appended when its picture is made, or when it is clear that
//! there will be none.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::vehicle::Exposure;

/// The open file.
pub(crate) struct TruthLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl TruthLog {
    /// Opens `photos.jsonl` in `dir` for appending.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join("photos.jsonl");
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self {
            path,
            file: Mutex::new(file),
        })
    }

    /// Notes the truth of a picture, a JSON object, with the sortie and the file it became.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(crate) fn note_photo(
        &self,
        truth: Value,
        sortie_id: &str,
        sha256: &str,
        fault: Option<&str>,
    ) -> anyhow::Result<()> {
        let Value::Object(mut line) = truth else {
            bail!("the truth of a photo must be an object");
        };
        line.insert("sortie_id".to_owned(), json!(sortie_id));
        line.insert("sha256".to_owned(), json!(sha256));
        line.insert("fault".to_owned(), json!(fault));
        self.append(&Value::Object(line))
    }

    /// Notes an exposure of which there will be no picture, and why.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(crate) fn note_missing(
        &self,
        dock_id: &str,
        exposure: &Exposure,
        sortie_id: Option<&str>,
        fault: &str,
    ) -> anyhow::Result<()> {
        self.append(&json!({
            "dock_id": dock_id,
            "system_id": exposure.system_id,
            "flight_number": exposure.flight_number,
            "image_index": exposure.image_index,
            "unix_us": exposure.unix_us,
            "sortie_id": sortie_id,
            "sha256": null,
            "fault": fault,
        }))
    }

    fn append(&self, line: &Value) -> anyhow::Result<()> {
        let text = format!("{line}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())
            .and_then(|()| file.flush())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
