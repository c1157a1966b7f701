//! The write-once folder of originals: a photo's file is named after its SHA-256 and never changes.
//!
//! Synchronous on purpose: callers hand these functions to a blocking thread.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::part_file::{HalfWritten, digest_of};

/// A file safely in the folder of originals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Size, bytes.
    pub byte_len: u64,
    /// Where it lies.
    pub path: PathBuf,
    /// False when the same content was there already.
    pub newly_written: bool,
}

impl Store {
    /// Copies a file into the folder of originals: copy to `tmp/`, fsync, rename, fsync of the folder. After this
    /// returns, the content survives a power cut. Content that is there already is not written again; only its
    /// length is compared, and a stored file of another length is replaced by the good copy.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] (the half copy is removed), [`StoreError::NoAccess`], [`StoreError::Io`].
    pub fn put_original(&self, source: &Path) -> Result<Original> {
        let (sha256, byte_len) = digest_of(source)?;
        let path = self.original_path(&sha256)?;
        if length_of(&path)? == Some(byte_len) {
            return Ok(Original {
                sha256,
                byte_len,
                path,
                newly_written: false,
            });
        }
        let part = HalfWritten::new(&self.folder().join("tmp"), byte_len)?;
        // The file may change between the two readings: what was copied decides the name.
        let (sha256, byte_len) = part.copy_from(source)?;
        let path = self.original_path(&sha256)?;
        part.publish(&path)?;
        Ok(Original {
            sha256,
            byte_len,
            path,
            newly_written: true,
        })
    }

    /// Where the original with this SHA-256 lies or would lie.
    ///
    /// # Errors
    /// [`StoreError::BadDigest`] for anything but 64 lower-case hexadecimal digits, so that no caller's text can
    /// point outside the folder.
    pub fn original_path(&self, sha256: &str) -> Result<PathBuf> {
        let well_formed =
            sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !well_formed {
            return Err(StoreError::BadDigest {
                text: sha256.to_owned(),
            });
        }
        let shelf = self
            .folder()
            .join("originals")
            .join(sha256.get(..2).unwrap_or_default());
        Ok(shelf.join(format!("{sha256}.jpg")))
    }

    /// The bytes of an original, as they lie on the disk.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::BadDigest`], [`StoreError::Io`].
    pub fn read_original(&self, sha256: &str) -> Result<Vec<u8>> {
        let path = self.original_path(sha256)?;
        fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound {
                what: "original",
                id: sha256.to_owned(),
            },
            _ => StoreError::io("read", &path, source),
        })
    }

    /// The bytes of an original, after their SHA-256 was compared with the name.
    ///
    /// # Errors
    /// [`StoreError::BlobDamaged`] and those of [`Store::read_original`].
    pub fn read_original_verified(&self, sha256: &str) -> Result<Vec<u8>> {
        let bytes = self.read_original(sha256)?;
        let found = hex::encode(Sha256::digest(&bytes));
        if found != sha256 {
            return Err(StoreError::BlobDamaged {
                path: self.original_path(sha256)?,
                found,
            });
        }
        Ok(bytes)
    }
}

fn length_of(path: &Path) -> Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("look at", path, e)),
    }
}
