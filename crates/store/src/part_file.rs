//! Half-written files in `tmp/`: made under a name nobody else uses, published by a rename, swept when their
//! process died.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use survey::time::UtcMicros;

use crate::error::{Result, StoreError};

/// Half-written files older than this were left by a process that died, µs.
const LEFTOVER_AGE_US: i64 = 3_600_000_000;
const CHUNK_BYTES: usize = 1 << 20;

/// Removes half-written files that nothing has touched for an hour. Returns how many.
pub(crate) fn sweep_leftovers(tmp: &Path, now: UtcMicros) -> Result<usize> {
    let mut removed = 0;
    let entries = fs::read_dir(tmp).map_err(|e| StoreError::io("list", tmp, e))?;
    for entry in entries {
        let path = entry.map_err(|e| StoreError::io("list", tmp, e))?.path();
        if path.extension().is_some_and(|e| e == "part") && is_stale(&path, now) {
            // Another program may sweep at the same time: gone is gone.
            removed += usize::from(fs::remove_file(&path).is_ok());
        }
    }
    Ok(removed)
}

fn is_stale(path: &Path, now: UtcMicros) -> bool {
    let Ok(modified) = fs::metadata(path).and_then(|m| m.modified()) else {
        return false;
    };
    let Ok(since_epoch) = modified.duration_since(std::time::UNIX_EPOCH) else {
        return true;
    };
    let modified_us = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
    now.0.saturating_sub(modified_us) > LEFTOVER_AGE_US
}

/// SHA-256 (lower-case hexadecimal) and length in bytes of a file.
pub(crate) fn digest_of(source: &Path) -> Result<(String, u64)> {
    each_chunk(source, |_| Ok(()))
}

/// A file in `tmp/` that is removed again unless it was published.
pub(crate) struct HalfWritten {
    path: PathBuf,
    needed: u64,
}

impl HalfWritten {
    pub(crate) fn new(tmp: &Path, needed: u64) -> Result<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        // A reused pid can meet the file of a dead process: the start time tells them apart.
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map(|d| d.as_nanos())
            .unwrap_or_default();
        Ok(HalfWritten {
            path: tmp.join(format!("{pid}-{nanos}-{serial}.part")),
            needed,
        })
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> StoreError {
        if StoreError::is_full(&source) {
            let path = self.path.parent().unwrap_or(&self.path).to_path_buf();
            return StoreError::DiskFull {
                path,
                needed: self.needed,
            };
        }
        StoreError::io(action, &self.path, source)
    }

    /// Copies `source` to the disk, read-only from now on; answers the SHA-256 and length of what was copied.
    pub(crate) fn copy_from(&self, source: &Path) -> Result<(String, u64)> {
        let mut to = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.path)
            .map_err(|e| self.failed("create", e))?;
        let copied = each_chunk(source, |chunk| {
            to.write_all(chunk).map_err(|e| self.failed("write", e))
        })?;
        to.set_permissions(fs::Permissions::from_mode(0o444))
            .map_err(|e| self.failed("protect", e))?;
        to.sync_all().map_err(|e| self.failed("write", e))?;
        Ok(copied)
    }

    /// Gives the file its final name, durably.
    pub(crate) fn publish(&self, path: &Path) -> Result<()> {
        let shelf = path.parent().unwrap_or(path);
        if !shelf.is_dir() {
            fs::create_dir_all(shelf).map_err(|e| self.failed("create", e))?;
            sync_folder(shelf.parent().unwrap_or(shelf))?;
        }
        fs::rename(&self.path, path).map_err(|e| self.failed("rename", e))?;
        sync_folder(shelf)
    }
}

impl Drop for HalfWritten {
    fn drop(&mut self) {
        // After publishing, the name is gone and this fails: nothing is left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| StoreError::io("sync", folder, e))
}

/// Hashes a file and hands every piece of it on.
fn each_chunk(source: &Path, mut hand_on: impl FnMut(&[u8]) -> Result<()>) -> Result<(String, u64)> {
    let mut from = File::open(source).map_err(|e| StoreError::io("read", source, e))?;
    let mut hasher = Sha256::new();
    let mut byte_len = 0_u64;
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    loop {
        let n = from
            .read(&mut buffer)
            .map_err(|e| StoreError::io("read", source, e))?;
        let Some(chunk) = buffer.get(..n).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        hasher.update(chunk);
        byte_len += chunk.len() as u64;
        hand_on(chunk)?;
    }
    Ok((hex::encode(hasher.finalize()), byte_len))
}
