//! Timestamps of what we sign: 10 µs since 2015, rising with every frame, also when our clock was put back, and also
//! over a restart. A vehicle that has seen a later one than ours would hear nothing of us any more.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use survey::time::UtcMicros;
use thiserror::Error;

use crate::port::locked;

/// 2015-01-01, microseconds since 1970.
const EPOCH_US: i64 = 1_420_070_400_000_000;
/// The file is written ahead by one minute, so that it need not be written for every frame.
const RESERVE_UNITS: u64 = 60 * 100_000;

/// Why the timestamps in use are not known.
#[derive(Debug, Error)]
pub enum ClockError {
    /// The file cannot be read or written.
    #[error("the file of signing timestamps {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{path} does not hold signing timestamps: {reason}; remove it if this machine's clock is right, and vehicles that heard a later timestamp will hear nothing until the clock has passed it"
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, Default)]
struct Hand {
    last: u64,
    reserved: u64,
}

/// One hand per vehicle and link.
#[derive(Debug, Default)]
pub(crate) struct SigningClock {
    hands: Mutex<BTreeMap<String, Hand>>,
    file: Option<PathBuf>,
}

/// A moment of our clock as a timestamp.
pub(super) fn units(utc: UtcMicros) -> u64 {
    u64::try_from((utc.0 - EPOCH_US) / 10).unwrap_or(0)
}

impl SigningClock {
    pub(crate) fn open(file: Option<PathBuf>) -> Result<Self, ClockError> {
        let mut hands = BTreeMap::new();
        if let Some(path) = &file {
            for (name, reserved) in read(path)? {
                let hand = Hand {
                    last: reserved,
                    reserved,
                };
                hands.insert(name, hand);
            }
        }
        Ok(Self {
            hands: Mutex::new(hands),
            file,
        })
    }

    /// The timestamp of the next frame.
    pub(crate) fn next(&self, name: &str, utc: UtcMicros) -> u64 {
        let mut hands = locked(&self.hands);
        let hand = hands.entry(name.to_owned()).or_default();
        hand.last = units(utc).max(hand.last.saturating_add(1));
        let last = hand.last;
        self.reserve(&mut hands, name);
        last
    }

    /// Where the clock stands, without moving it.
    pub(crate) fn now(&self, name: &str, utc: UtcMicros) -> u64 {
        let last = locked(&self.hands).get(name).map_or(0, |hand| hand.last);
        units(utc).max(last)
    }

    /// The vehicle signed with this timestamp: ours must be later from now on.
    pub(crate) fn heard(&self, name: &str, timestamp: u64) {
        let mut hands = locked(&self.hands);
        let hand = hands.entry(name.to_owned()).or_default();
        hand.last = hand.last.max(timestamp);
        self.reserve(&mut hands, name);
    }

    fn reserve(&self, hands: &mut BTreeMap<String, Hand>, name: &str) {
        let Some(path) = &self.file else {
            return;
        };
        let Some(hand) = hands.get_mut(name).filter(|hand| hand.last > hand.reserved) else {
            return;
        };
        hand.reserved = hand.last.saturating_add(RESERVE_UNITS);
        let ours = hands.iter().map(|(name, hand)| (name.clone(), hand.reserved));
        if let Err(error) = write(path, ours.collect()) {
            tracing::error!(%error, "signing timestamps are not kept: a restart with a wrong clock could lock us out");
        }
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, u64>, ClockError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => {
            return Err(ClockError::File {
                path: path.to_owned(),
                source,
            });
        }
    };
    serde_json::from_str(&text).map_err(|error| ClockError::Content {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// What another program on this machine wrote meanwhile stays where it is later.
fn write(path: &Path, ours: BTreeMap<String, u64>) -> Result<(), ClockError> {
    let mut all = read(path)?;
    for (name, reserved) in ours {
        let kept = all.entry(name).or_default();
        *kept = reserved.max(*kept);
    }
    let failed = |source| ClockError::File {
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_string_pretty(&all).map_err(|error| failed(error.into()))?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&fresh).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcMicros {
        UtcMicros(EPOCH_US + seconds * 1_000_000)
    }

    #[test]
    fn it_rises_with_every_frame_and_when_the_clock_goes_back() {
        let clock = SigningClock::default();
        let first = clock.next("7", at(1000));
        assert_eq!(first, 100_000_000);
        assert_eq!(clock.next("7", at(1000)), first + 1);
        assert_eq!(clock.next("7", at(10)), first + 2);
        assert_eq!(clock.next("7", at(2000)), 200_000_000);
        clock.heard("7", 500_000_000);
        assert_eq!(clock.next("7", at(2000)), 500_000_001);
        assert_eq!(clock.next("8", at(10)), 1_000_000);
        assert_eq!(units(UtcMicros(0)), 0);
    }

    #[test]
    fn a_restart_with_a_clock_that_is_behind_does_not_go_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timestamps.json");
        let clock = SigningClock::open(Some(file.clone())).unwrap();
        let last = (0..200_i64)
            .map(|second| clock.next("7", at(5000 + second)))
            .last();
        drop(clock);
        let again = SigningClock::open(Some(file.clone())).unwrap();
        assert!(again.next("7", at(10)) > last.unwrap());
        let third = SigningClock::open(Some(file.clone())).unwrap();
        assert!(third.now("7", at(0)) > last.unwrap());
        std::fs::write(&file, "not json").unwrap();
        let error = SigningClock::open(Some(file)).unwrap_err();
        assert!(error.to_string().contains("timestamps.json"), "{error}");
    }

    #[test]
    fn two_programs_with_one_file_keep_the_later_timestamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timestamps.json");
        let one = SigningClock::open(Some(file.clone())).unwrap();
        let two = SigningClock::open(Some(file.clone())).unwrap();
        let late = one.next("7", at(9000));
        two.next("7", at(100));
        two.next("8", at(100));
        assert!(SigningClock::open(Some(file)).unwrap().now("7", at(0)) > late);
    }
}
