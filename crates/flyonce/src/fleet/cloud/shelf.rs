//! Waylines that docks may download: each under an address that nobody can guess, as long as the program runs.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use md5::{Digest, Md5};

/// Waylines that are kept; the oldest make room.
const MOST: usize = 512;

/// One file on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// Where the dock downloads it.
    pub url: String,
    /// MD5 of it, lower-case hexadecimal.
    pub md5: String,
}

/// The shelf.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<Files>);

#[derive(Debug, Default)]
struct Files {
    by_flight: HashMap<String, File>,
    count: u64,
}

#[derive(Debug)]
struct File {
    number: u64,
    token: String,
    shelved: Shelved,
    bytes: Vec<u8>,
}

impl Shelf {
    /// Lays a flight's wayline down; the same wayline keeps its address.
    ///
    /// # Errors
    /// A machine without a source of randomness.
    pub fn lay_down(&self, base_url: &str, flight_id: &str, bytes: Vec<u8>) -> Result<Shelved> {
        let md5 = hex::encode(Md5::digest(&bytes));
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files
            .by_flight
            .get(flight_id)
            .filter(|file| file.shelved.md5 == md5)
        {
            return Ok(file.shelved.clone());
        }
        let token = secret(24)?;
        let url = format!("{base_url}/waylines/{token}/{flight_id}.kmz");
        let shelved = Shelved { url, md5 };
        files.count += 1;
        let file = File {
            number: files.count,
            token,
            shelved: shelved.clone(),
            bytes,
        };
        files.by_flight.insert(flight_id.to_owned(), file);
        if files.by_flight.len() > MOST {
            let oldest = files.by_flight.iter().min_by_key(|(_, file)| file.number);
            if let Some(oldest) = oldest.map(|(flight_id, _)| flight_id.clone()) {
                files.by_flight.remove(&oldest);
            }
        }
        Ok(shelved)
    }

    /// Where a flight's wayline is.
    pub fn of_flight(&self, flight_id: &str) -> Option<Shelved> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.by_flight.get(flight_id).map(|file| file.shelved.clone())
    }

    /// The file at an address; `None` for one that was never given out.
    pub fn file(&self, token: &str, name: &str) -> Option<Vec<u8>> {
        let flight_id = name.strip_suffix(".kmz")?;
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = files.by_flight.get(flight_id)?;
        (file.token == token).then(|| file.bytes.clone())
    }
}

/// So many random bytes of the system, as hexadecimal digits.
///
/// # Errors
/// A machine without `/dev/urandom`.
pub fn secret(bytes: usize) -> Result<String> {
    let mut random = vec![0_u8; bytes];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut random))
        .context("no random numbers (/dev/urandom)")?;
    Ok(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_whole_address_only() {
        let shelf = Shelf::default();
        let shelved = shelf.lay_down("http://h", "f1", b"abc".to_vec()).unwrap();
        assert_eq!(shelved.md5, "900150983cd24fb0d6963f7d28e17f72");
        let again = shelf.lay_down("http://h", "f1", b"abc".to_vec()).unwrap();
        assert_eq!(again, shelved);
        let parts: Vec<&str> = shelved.url.rsplitn(3, '/').collect();
        assert_eq!(shelf.file(parts[1], parts[0]).unwrap(), b"abc");
        assert_eq!(shelf.file("0", parts[0]), None);
        assert_eq!(shelf.file(parts[1], "f2.kmz"), None);
        assert!(parts[1].len() == 48 && shelf.of_flight("f2").is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let shelf = Shelf::default();
        for number in 0..=MOST {
            shelf
                .lay_down("http://h", &format!("f{number}"), vec![0])
                .unwrap();
        }
        assert!(shelf.of_flight("f0").is_none() && shelf.of_flight("f1").is_some());
    }
}
