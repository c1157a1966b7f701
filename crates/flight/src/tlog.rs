//! Telemetry logs as every ground station reads them: per frame 8 bytes of big-endian UTC microseconds, then the
//! frame as it went over the line. A full disk costs frames of the log, never the flight.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use survey::time::UtcMicros;
use thiserror::Error;

/// Frames that may wait for the disk; further ones are counted as lost.
const QUEUE: usize = 4096;
/// Longest time a frame stays in memory.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Bytes that are written at once at the latest.
const FLUSH_BYTES: usize = 64 * 1024;
const STAMP_BYTES: usize = 8;

/// Why a log cannot be kept.
#[derive(Debug, Error)]
pub enum TlogError {
    /// The file cannot be opened for writing.
    #[error("cannot open the telemetry log {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Writes one vehicle's log, on a thread of its own. Clones write to the same file; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct TlogWriter {
    queue: SyncSender<Vec<u8>>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    taken: AtomicU64,
    settled: AtomicU64,
    lost: AtomicU64,
}

impl TlogWriter {
    /// Opens `path`, behind what is there already; half a frame at its end, left by a crash, is cut off.
    ///
    /// # Errors
    /// [`TlogError::Open`].
    pub fn open(path: &Path) -> Result<Self, TlogError> {
        let failed = |source| TlogError::Open {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed)?;
        let length = whole_length(&mut file).map_err(failed)?;
        file.set_len(length).map_err(failed)?;
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        let (queue, frames) = sync_channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let log = Log {
            path: path.to_owned(),
            file,
            length,
            waiting: Vec::new(),
            frames: 0,
            broken: false,
        };
        let shared = Arc::clone(&counters);
        let spawned = thread::Builder::new()
            .name("tlog".to_owned())
            .spawn(move || log.run(&frames, &shared));
        spawned.map_err(failed)?;
        Ok(Self { queue, counters })
    }

    /// Takes one frame in; never waits.
    pub fn frame(&self, at: UtcMicros, raw: &[u8]) {
        let mut record = Vec::with_capacity(STAMP_BYTES + raw.len());
        record.extend(at.0.to_be_bytes());
        record.extend(raw);
        self.counters.taken.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(record).is_err() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
            self.counters.settled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Frames that the log lacks, because the disk was full or too slow.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.counters.lost.load(Ordering::Relaxed)
    }

    /// Waits until all frames taken so far are written or lost, 5 seconds at most. Blocks.
    pub fn settle(&self) {
        let taken = self.counters.taken.load(Ordering::Relaxed);
        let give_up = Instant::now() + FLUSH_EVERY * 5;
        while self.counters.settled.load(Ordering::Relaxed) < taken && Instant::now() < give_up {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

struct Log {
    path: PathBuf,
    file: File,
    length: u64,
    waiting: Vec<u8>,
    frames: u64,
    broken: bool,
}

impl Log {
    fn run(mut self, frames: &Receiver<Vec<u8>>, counters: &Counters) {
        let mut flush_at = Instant::now() + FLUSH_EVERY;
        loop {
            let patience = flush_at.saturating_duration_since(Instant::now());
            let ended = match frames.recv_timeout(patience) {
                Ok(record) => {
                    self.waiting.extend(record);
                    self.frames += 1;
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if ended || self.waiting.len() >= FLUSH_BYTES || Instant::now() >= flush_at {
                self.flush(counters);
                flush_at = Instant::now() + FLUSH_EVERY;
            }
            if ended {
                return;
            }
        }
    }

    fn flush(&mut self, counters: &Counters) {
        if self.frames == 0 {
            return;
        }
        match self.file.write_all(&self.waiting) {
            Ok(()) => {
                self.length += self.waiting.len() as u64;
                self.broken = false;
            }
            Err(error) => {
                counters.lost.fetch_add(self.frames, Ordering::Relaxed);
                if !self.broken {
                    tracing::error!(path = %self.path.display(), %error, "telemetry log cannot be written; the flight goes on without it");
                }
                self.broken = true;
                // Half a frame would make the rest unreadable.
                let whole = self
                    .file
                    .set_len(self.length)
                    .and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
                if let Err(error) = whole {
                    tracing::debug!(path = %self.path.display(), %error, "telemetry log cannot be cut back");
                }
            }
        }
        counters.settled.fetch_add(self.frames, Ordering::Relaxed);
        self.waiting.clear();
        self.frames = 0;
    }
}

/// Number of frames in a log, by their headers; half a record at its end, left by a crash, does not count. `None`
/// for a file that is no log, or has something else in between.
///
/// # Errors
/// A file that cannot be read.
pub fn frames_in(path: &Path) -> io::Result<Option<u64>> {
    let records = records(&mut File::open(path)?)?;
    Ok((!records.foreign).then_some(records.count))
}

/// Length of the whole records at the front of a log. A file that is no log keeps its length.
fn whole_length(file: &mut File) -> io::Result<u64> {
    Ok(records(file)?.length)
}

/// The whole records at the front of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Records {
    count: u64,
    /// Bytes; the whole file if something foreign is in it.
    length: u64,
    foreign: bool,
}

fn records(file: &mut File) -> io::Result<Records> {
    let total = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut found = Records::default();
    while found.length < total {
        let mut head = [0; STAMP_BYTES + 3];
        if reader.read_exact(&mut head).is_err() {
            return Ok(found);
        }
        let (marker, payload, flags) = (
            head[STAMP_BYTES],
            u64::from(head[STAMP_BYTES + 1]),
            head[STAMP_BYTES + 2],
        );
        let frame = match marker {
            mavlink::MAV_STX => payload + 8,
            mavlink::MAV_STX_V2 => {
                payload + 12 + if flags & 1 == 0 { 0 } else { 13 } + if flags & 2 == 0 { 0 } else { 3 }
            }
            _ => {
                return Ok(Records {
                    length: total,
                    foreign: true,
                    ..found
                });
            }
        };
        let end = found.length + STAMP_BYTES as u64 + frame;
        if end > total {
            return Ok(found);
        }
        reader.seek_relative(i64::try_from(frame).unwrap_or(0) - 3)?;
        found.length = end;
        found.count += 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_nothing_costs_the_log_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flight.tlog");
        std::fs::write(&path, b"").unwrap();
        // Opened for reading only, every write fails as on a full disk.
        let file = File::open(&path).unwrap();
        let counters = Counters::default();
        let mut log = Log {
            path,
            file,
            length: 0,
            waiting: vec![1, 2, 3],
            frames: 2,
            broken: false,
        };
        log.flush(&counters);
        assert!(log.broken && log.waiting.is_empty());
        assert_eq!(counters.lost.load(Ordering::Relaxed), 2);
        assert_eq!(counters.settled.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_file_that_is_no_log_is_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other");
        std::fs::write(&path, b"this is some other file, not a log").unwrap();
        let mut file = File::open(&path).unwrap();
        assert_eq!(whole_length(&mut file).unwrap(), 34);
        assert_eq!(frames_in(&path).unwrap(), None);
    }
}
