//! Takes one photo file in: its original is on disk and its row committed before anything looks at it, so
//! that a crash loses work in progress, never evidence. Doing it again changes nothing.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use store::photos::CommitOutcome;

use crate::clock;
use crate::lang::Words;
use crate::stage::description::Description;
use crate::workplace::Workplace;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A new photo.
    New {
        /// Its identity.
        photo_id: String,
        /// Code of what it lacks.
        problem: Option<String>,
    },
    /// The same content was there already.
    Known {
        /// Its identity.
        photo_id: String,
    },
    /// Not a photo; it was left where it is.
    Refused(Words),
}

/// Files above this are not taken for photos; the largest camera files are a tenth of it.
pub const LARGEST_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Takes `path` in.
///
/// # Errors
/// Only what concerns every photo: a full disk, a database that cannot be written. A file that is no photo
/// is an answer, not an error.
pub async fn take_in(workplace: &Workplace, path: &Path) -> Result<Taken> {
    let source = path.to_owned();
    if let Some(refusal) = tokio::task::spawn_blocking(move || refusal(&source)).await? {
        return Ok(Taken::Refused(refusal));
    }
    let (store, source) = (workplace.store.clone(), path.to_owned());
    let (original, bytes) = tokio::task::spawn_blocking(move || -> Result<_> {
        let original = store.put_original(&source)?;
        let bytes = store.read_original(&original.sha256)?;
        Ok((original, bytes))
    })
    .await??;
    let description = Description::of(&bytes, workplace);
    drop(bytes);
    let belonging = description.of_import(workplace, path);
    let photo = description.row(workplace, belonging, &original).await?;
    let problem = photo.problem.as_ref().map(|problem| problem.code.clone());
    match workplace.store.commit_photo(&photo, clock::now()).await? {
        CommitOutcome::New(photo_id) => Ok(Taken::New {
            photo_id: photo_id.to_string(),
            problem,
        }),
        CommitOutcome::Known(photo_id) => Ok(Taken::Known {
            photo_id: photo_id.to_string(),
        }),
    }
}

/// Photo files below `sources` in a fixed order, and how many other files were left alone.
///
/// # Errors
/// A folder that is not there or cannot be listed.
pub fn list_photos(sources: &[PathBuf]) -> Result<(Vec<PathBuf>, usize)> {
    let (mut photos, mut others) = (Vec::new(), 0);
    for source in sources {
        let kind = std::fs::metadata(source).with_context(|| format!("cannot read {}", source.display()))?;
        if kind.is_dir() {
            list_folder(source, &mut photos, &mut others)?;
        } else {
            photos.push(source.clone());
        }
    }
    photos.sort();
    photos.dedup();
    Ok((photos, others))
}

/// Links to folders are not followed: they could lead in a circle.
fn list_folder(folder: &Path, photos: &mut Vec<PathBuf>, others: &mut usize) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list_folder(&path, photos, others)?;
        } else if is_named_like_a_photo(&path) {
            photos.push(path);
        } else {
            *others += 1;
        }
    }
    Ok(())
}

/// Whether the name ends like a JPEG's.
pub fn is_named_like_a_photo(path: &Path) -> bool {
    path.extension().is_some_and(|end| {
        ["jpg", "jpeg", "jpe"]
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    })
}

/// Why a file is no photo; `None` when it can be taken in.
pub fn refusal(path: &Path) -> Option<Words> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, mut file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return Some(Words::new(
                format!("无法读取:{error}"),
                format!("cannot be read: {error}"),
            ));
        }
    };
    if metadata.len() == 0 {
        return Some(Words::new("文件为空", "the file is empty"));
    }
    if metadata.len() > LARGEST_FILE_BYTES {
        return Some(Words::new(
            "文件超过 512 MiB,不是照片",
            "the file is over 512 MiB: not a photo",
        ));
    }
    let mut start = [0_u8; 3];
    match file.read_exact(&mut start) {
        Ok(()) if start == [0xFF, 0xD8, 0xFF] => None,
        _ => Some(Words::new("不是 JPEG 照片", "not a JPEG photo")),
    }
}
