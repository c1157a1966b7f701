//! Imported layers in the data folder: originals and layers are written once under their SHA-256, and `book.jsonl` says
//! line by line what was brought in, taken out of use and brought back. Nothing is ever changed or removed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use survey::layers::{FeatureLayer, FeatureRepair, LayerRecord};
use survey::time::UtcMicros;

use crate::lang::Words;
use crate::layers::building::{Built, Measured};
use crate::layers::words::Refused;
use crate::whole_file::write_whole;

/// The folder `layers` of a data folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: UtcMicros,
    /// Who, if they said so.
    pub by: Option<String>,
    /// Why, if they said so.
    pub reason: Option<String>,
}

/// A file as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OriginalFile {
    /// Its name then.
    pub name: String,
    /// SHA-256 of its bytes, which are kept under it.
    pub sha256: String,
}

/// A layer on the shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShelfEntry {
    /// First 12 digits of `sha256`.
    pub id: String,
    /// Who the layer is.
    pub record: LayerRecord,
    /// SHA-256 of the layer as it is kept.
    pub sha256: String,
    /// The files it was made of.
    pub originals: Vec<OriginalFile>,
    /// Number of its features.
    pub features: usize,
    /// What was mended.
    pub repairs: Vec<FeatureRepair>,
    /// What had to be decided while reading.
    #[serde(deserialize_with = "notes")]
    pub notes: Vec<Words>,
    /// What of the file gave no feature.
    #[serde(default)]
    pub ignored: Vec<Words>,
    /// How large it is and where; `None` in books that were written before this was kept.
    #[serde(default)]
    pub measured: Option<Measured>,
    /// When it was brought in, and by whom.
    pub imported: Deed,
    /// When it was taken out of use; `None` while it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Deed>,
}

/// Notes of books that were written before they were in two languages are English texts.
fn notes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Words>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Both(Words),
        English(String),
    }
    let said = Vec::<Said>::deserialize(deserializer)?;
    let words = |said| match said {
        Said::Both(words) => words,
        Said::English(text) => Words::new(text.clone(), text),
    };
    Ok(said.into_iter().map(words).collect())
}

/// One line of the book.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
enum Line {
    Imported { entry: Box<ShelfEntry> },
    Retired { id: String, deed: Deed },
    Restored { id: String, deed: Deed },
}

impl Line {
    fn deed(&self) -> &Deed {
        match self {
            Self::Imported { entry } => &entry.imported,
            Self::Retired { deed, .. } | Self::Restored { deed, .. } => deed,
        }
    }
}

impl Shelf {
    /// The shelf of a data folder; nothing is made before the first import.
    pub fn of(data_folder: &Path) -> Self {
        Self {
            folder: data_folder.join("layers"),
        }
    }

    /// The list of what was brought in and taken out of use.
    pub fn book(&self) -> PathBuf {
        self.folder.join("book.jsonl")
    }

    /// Something that is different whenever the book is: its length and time of change.
    pub fn stamp(&self) -> (u64, Option<std::time::SystemTime>) {
        fs::metadata(self.book()).map_or((0, None), |found| (found.len(), found.modified().ok()))
    }

    /// Every layer that was ever brought in, in that order.
    ///
    /// # Errors
    /// A book that cannot be read, by line.
    pub fn entries(&self) -> Result<Vec<ShelfEntry>> {
        self.entries_at(None)
    }

    /// The same as it was at an instant, by what the book says of then.
    ///
    /// # Errors
    /// As [`Shelf::entries`].
    pub fn entries_at(&self, at: Option<UtcMicros>) -> Result<Vec<ShelfEntry>> {
        let text = match fs::read_to_string(self.book()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.with_context(|| format!("cannot read {}", self.book().display()))?,
        };
        self.parse(&text, at)
    }

    /// The entries of the book up to an instant, or all.
    fn parse(&self, text: &str, at: Option<UtcMicros>) -> Result<Vec<ShelfEntry>> {
        let mut entries: Vec<ShelfEntry> = Vec::new();
        // A line without an end was being written when the power went: it does not count.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (index, line) in whole.lines().enumerate() {
            let place = || format!("{}, line {}", self.book().display(), index + 1);
            let line: Line = serde_json::from_str(line).with_context(place)?;
            if at.is_some_and(|at| line.deed().at > at) {
                continue;
            }
            match line {
                Line::Imported { entry } => entries.push(*entry),
                Line::Retired { id, deed } => {
                    Self::find(&mut entries, &id).with_context(place)?.retired = Some(deed)
                }
                Line::Restored { id, .. } => {
                    Self::find(&mut entries, &id).with_context(place)?.retired = None
                }
            }
        }
        Ok(entries)
    }

    fn find<'a>(entries: &'a mut [ShelfEntry], id: &str) -> Result<&'a mut ShelfEntry> {
        let found = entries.iter_mut().find(|entry| entry.id == id);
        found.with_context(|| format!("no layer {id} was brought in before"))
    }

    /// The layer of an entry; its SHA-256 is checked.
    ///
    /// # Errors
    /// A file that is gone or was changed.
    pub fn layer(&self, entry: &ShelfEntry) -> Result<FeatureLayer> {
        let path = self.layer_path(&entry.sha256);
        let bytes = fs::read(&path).with_context(|| format!("cannot read the layer {}", path.display()))?;
        ensure!(
            digest(&bytes) == entry.sha256,
            "the layer {} was changed after it was imported",
            path.display()
        );
        serde_json::from_slice(&bytes).with_context(|| format!("layer {}", path.display()))
    }

    /// Originals of an entry that are gone or were changed.
    pub fn damaged_originals(&self, entry: &ShelfEntry) -> Vec<String> {
        let is_damaged = |original: &&OriginalFile| {
            let bytes = fs::read(self.original_path(&original.sha256));
            !bytes.is_ok_and(|bytes| digest(&bytes) == original.sha256)
        };
        let damaged = entry.originals.iter().filter(is_damaged);
        damaged.map(|original| original.name.clone()).collect()
    }

    /// Brings a layer in. The same layer again changes nothing and gives `false`, unless it was taken out of use.
    ///
    /// # Errors
    /// Another layer of this kind, name and version; a folder that cannot be written.
    pub fn import(
        &self,
        built: &Built,
        originals: &[(String, Vec<u8>)],
        deed: Deed,
    ) -> Result<(ShelfEntry, bool)> {
        let bytes = serde_json::to_vec(&built.layer)?;
        let sha256 = digest(&bytes);
        fs::create_dir_all(self.folder.join("originals"))
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let mut book = self.locked()?;
        let entries = self.parse(&book.text, None)?;
        let record = &built.layer.record;
        if let Some(same) = entries
            .iter()
            .find(|entry| entry.record.layer_ref() == record.layer_ref())
        {
            is_same(same, &sha256)?;
            return Ok((same.clone(), false));
        }
        let mut kept = Vec::new();
        for (name, bytes) in originals {
            let sha256 = digest(bytes);
            self.keep(&self.original_path(&sha256), bytes)?;
            kept.push(OriginalFile {
                name: name.clone(),
                sha256,
            });
        }
        self.keep(&self.layer_path(&sha256), &bytes)?;
        let entry = ShelfEntry {
            id: sha256.chars().take(12).collect(),
            record: record.clone(),
            sha256,
            originals: kept,
            features: built.layer.features.len(),
            repairs: built.repairs.clone(),
            notes: built.notes.clone(),
            ignored: built.ignored.clone(),
            measured: Some(built.measured),
            imported: deed,
            retired: None,
        };
        book.append(&Line::Imported {
            entry: Box::new(entry.clone()),
        })?;
        Ok((entry, true))
    }

    /// Takes a layer out of use, or brings it back. Gives `false` where it is so already.
    ///
    /// # Errors
    /// An id that is not there, a folder that cannot be written.
    pub fn set_retired(&self, id: &str, retired: bool, deed: Deed) -> Result<bool> {
        let mut book = self.locked()?;
        let mut entries = self.parse(&book.text, None)?;
        let entry = Self::find(&mut entries, id)?;
        if entry.retired.is_some() == retired {
            return Ok(false);
        }
        let id = entry.id.clone();
        book.append(&if retired {
            Line::Retired { id, deed }
        } else {
            Line::Restored { id, deed }
        })?;
        Ok(true)
    }

    fn layer_path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.json"))
    }

    fn original_path(&self, sha256: &str) -> PathBuf {
        self.folder.join("originals").join(sha256)
    }

    /// Writes a file once; what is there already has this content by its name.
    fn keep(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        if path.is_file() {
            return Ok(());
        }
        write_whole(path, bytes)?;
        // Contents first, then the book that names them: a power cut leaves files nobody names, never the reverse.
        File::open(path)
            .and_then(|file| file.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// The book, for one program at a time.
    fn locked(&self) -> Result<LockedBook> {
        let path = self.book();
        let cannot = || format!("cannot write {}", path.display());
        fs::create_dir_all(&self.folder).with_context(cannot)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(cannot)?;
        file.lock().with_context(cannot)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(cannot)?;
        Ok(LockedBook {
            file,
            text,
            path: path.clone(),
        })
    }
}

struct LockedBook {
    file: File,
    text: String,
    path: PathBuf,
}

impl LockedBook {
    fn append(&mut self, line: &Line) -> Result<()> {
        let cannot = || format!("cannot write {}", self.path.display());
        // What a power cut left of a line is cut off.
        let end = self.text.rfind('\n').map_or(0, |end| end + 1) as u64;
        let line = serde_json::to_string(line)? + "\n";
        self.file.set_len(end).with_context(cannot)?;
        self.file.seek(SeekFrom::Start(end)).with_context(cannot)?;
        self.file.write_all(line.as_bytes()).with_context(cannot)?;
        self.file.sync_all().with_context(cannot)?;
        self.text.truncate(end as usize);
        self.text.push_str(&line);
        Ok(())
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// # Errors
/// Another layer stands under the name and version, or this one was taken out of use.
fn is_same(same: &ShelfEntry, sha256: &str) -> Result<()> {
    if same.sha256 != sha256 {
        return Err(Refused::error(
            format!(
                "已有图层 {}(编号 {}),内容不同,请换版本号",
                same.record.layer_ref(),
                same.id
            ),
            format!(
                "there is another layer {} already ({}); a change needs a new version (内容不同,请换版本号)",
                same.record.layer_ref(),
                same.id
            ),
        ));
    }
    if same.retired.is_some() {
        return Err(Refused::error(
            format!(
                "图层 {} 已停用;恢复:flyonce layers restore {}",
                same.record.layer_ref(),
                same.id
            ),
            format!(
                "layer {} was taken out of use; `layers restore` brings it back",
                same.id
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
