//! Photo files on their way in: each grows in `incoming/` of the data folder until it is whole. What was written
//! and confirmed survives a kill; how far a file came is the length of its part, nothing else is remembered.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use schedule::photo_ledger::SortieId;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OwnedMutexGuard;

/// Which file of which flight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// The flight.
    pub sortie_id: SortieId,
    /// The camera's number of the image in that flight.
    pub image_index: u32,
    /// What the content has to hash to: 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Parcel {
    /// A parcel from the three parts of an address; `None` when one of them is not written as it should be.
    pub fn named(sortie: &str, image_index: &str, sha256: &str) -> Option<Self> {
        let index: u32 = image_index.parse().ok()?;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        // One file, one address: `+7` and `007` are refused.
        (is_digest && index.to_string() == image_index).then_some(())?;
        Some(Self {
            sortie_id: sortie.parse().ok()?,
            image_index: index,
            sha256: sha256.to_owned(),
        })
    }

    /// The name the photo is known under once it is stored.
    pub fn photo_name(&self) -> String {
        format!("photo-door/{}/{}.jpg", self.sortie_id, self.image_index)
    }

    fn of_part(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".part")?;
        let mut parts = name.split('.');
        let parcel = Self::named(parts.next()?, parts.next()?, parts.next()?)?;
        parts.next().is_none().then_some(parcel)
    }
}

/// Turns waiting for one image number of one flight.
type Turns = HashMap<(SortieId, u32), Weak<tokio::sync::Mutex<()>>>;

/// The folder of parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Incoming {
    folder: PathBuf,
    turns: Arc<Mutex<Turns>>,
}

impl Incoming {
    /// The parts in `data_folder`.
    pub fn of(data_folder: &Path) -> Self {
        Self {
            folder: data_folder.join("incoming"),
            turns: Arc::default(),
        }
    }

    /// Waits until nobody else writes this image of this flight, under whatever content.
    pub async fn turn(&self, parcel: &Parcel) -> OwnedMutexGuard<()> {
        self.turn_of(parcel).lock_owned().await
    }

    /// The turn, if nobody has it.
    pub fn turn_if_free(&self, parcel: &Parcel) -> Option<OwnedMutexGuard<()>> {
        self.turn_of(parcel).try_lock_owned().ok()
    }

    fn turn_of(&self, parcel: &Parcel) -> Arc<tokio::sync::Mutex<()>> {
        let key = (parcel.sortie_id.clone(), parcel.image_index);
        // A thread that died while it held the list left it whole: entries are only added and removed.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        match turns.get(&key).and_then(Weak::upgrade) {
            Some(turn) => turn,
            None => {
                let turn = Arc::default();
                turns.insert(key, Arc::downgrade(&turn));
                turn
            }
        }
    }

    /// Where the part of a parcel lies.
    pub fn path(&self, parcel: &Parcel) -> PathBuf {
        let Parcel {
            sortie_id,
            image_index,
            sha256,
        } = parcel;
        self.folder
            .join(format!("{sortie_id}.{image_index}.{sha256}.part"))
    }

    /// Bytes that are here, 0 when nothing came yet.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub async fn received(&self, parcel: &Parcel) -> io::Result<u64> {
        match fs::metadata(self.path(parcel)).await {
            Ok(part) => Ok(part.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Opens the part for what follows its first `keep` bytes.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn open(&self, parcel: &Parcel, keep: u64) -> io::Result<PartWriter> {
        fs::create_dir_all(&self.folder).await?;
        let path = self.path(parcel);
        let file = OpenOptions::new().create(true).append(true).open(&path).await?;
        if file.metadata().await?.len() > keep {
            file.set_len(keep).await?;
        }
        // The name has to outlive a power cut as well as the bytes.
        File::open(&self.folder).await?.sync_all().await?;
        Ok(PartWriter { file })
    }

    /// SHA-256 of what is here, lower-case hexadecimal.
    ///
    /// # Errors
    /// A part that cannot be read.
    pub async fn digest(&self, parcel: &Parcel) -> io::Result<String> {
        let mut file = File::open(self.path(parcel)).await?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0_u8; 1 << 20];
        loop {
            let n = file.read(&mut buffer).await?;
            let Some(piece) = buffer.get(..n).filter(|piece| !piece.is_empty()) else {
                return Ok(hex::encode(hasher.finalize()));
            };
            hasher.update(piece);
        }
    }

    /// Throws the part away; one that is gone already is no error.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn remove(&self, parcel: &Parcel) -> io::Result<()> {
        match fs::remove_file(self.path(parcel)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Every parcel that has a part, in the order of names.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub async fn waiting(&self) -> io::Result<Vec<Parcel>> {
        let mut entries = match fs::read_dir(&self.folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut paths = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            paths.push(entry.path());
        }
        paths.sort();
        Ok(paths.iter().filter_map(|path| Parcel::of_part(path)).collect())
    }
}

/// A part being written.
#[derive(Debug)]
pub struct PartWriter {
    file: File,
}

impl PartWriter {
    /// Appends bytes.
    ///
    /// # Errors
    /// A full disk and the like; what was written before stays.
    pub async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Brings everything to the disk and answers how long the part is now.
    ///
    /// # Errors
    /// A full disk and the like.
    pub async fn confirm(mut self) -> io::Result<u64> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(self.file.metadata().await?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn only_one_way_of_writing_an_address_is_taken() {
        assert!(Parcel::named("D01-20260302-1", "7", SHA).is_some());
        for (sortie, index, sha) in [
            ("../x", "7", SHA),
            ("", "7", SHA),
            ("S", "+7", SHA),
            ("S", "007", SHA),
            ("S", "-1", SHA),
            ("S", "4294967296", SHA),
            ("S", "7", &SHA[1..]),
            ("S", "7", &SHA.to_uppercase()),
            (
                "S",
                "7",
                "../../../../../../../../../../../../../../../../../etc/passwd..",
            ),
        ] {
            assert_eq!(Parcel::named(sortie, index, sha), None, "{sortie} {index} {sha}");
        }
    }

    #[tokio::test]
    async fn a_part_is_found_again_with_its_length() {
        let data = tempfile::tempdir().unwrap();
        let incoming = Incoming::of(data.path());
        let parcel = Parcel::named("S-1", "3", SHA).unwrap();
        assert_eq!(incoming.received(&parcel).await.unwrap(), 0);
        assert!(incoming.waiting().await.unwrap().is_empty());
        let mut part = incoming.open(&parcel, 0).await.unwrap();
        part.append(b"abcdef").await.unwrap();
        assert_eq!(part.confirm().await.unwrap(), 6);
        std::fs::write(data.path().join("incoming/notes.txt"), "x").unwrap();
        let again = Incoming::of(data.path());
        assert_eq!(again.waiting().await.unwrap(), std::slice::from_ref(&parcel));
        assert_eq!(again.received(&parcel).await.unwrap(), 6);
        let shorter = again.open(&parcel, 3).await.unwrap();
        assert_eq!(shorter.confirm().await.unwrap(), 3);
        assert_eq!(
            again.digest(&parcel).await.unwrap(),
            hex::encode(Sha256::digest(b"abc"))
        );
        again.remove(&parcel).await.unwrap();
        again.remove(&parcel).await.unwrap();
        assert_eq!(again.received(&parcel).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_image_is_written_by_one_at_a_time() {
        let incoming = Incoming::of(Path::new("/nowhere"));
        let parcel = Parcel::named("S-1", "3", SHA).unwrap();
        let first = incoming.turn(&parcel).await;
        let other = Parcel::named("S-1", "4", SHA).unwrap();
        drop(incoming.turn(&other).await);
        let second = tokio::time::timeout(std::time::Duration::from_millis(20), incoming.turn(&parcel));
        assert!(second.await.is_err(), "the second has to wait");
        assert!(incoming.turn_if_free(&parcel).is_none());
        drop(first);
        drop(incoming.turn(&parcel).await);
    }
}
