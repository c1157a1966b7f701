//! What the demo took: wall time, core-seconds per photo and stage, peak memory, measured on the two processes.

use std::time::Duration;

use serde::Serialize;

use crate::stage::look::LookTimes;
use crate::stage::pipeline::peak_memory_mib;
use crate::stage::worker::Looked;

/// Looking, summed up.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// Photos.
    photos: usize,
    /// Where the time of looking went.
    times: LookTimes,
}

impl Looks {
    /// One photo more.
    pub fn note(&mut self, looked: &Looked) {
        self.photos += 1;
        self.times.add(&looked.times);
    }
}

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// From the start of the command to the last lead, seconds.
    pub wall_s: f64,
    /// Photos looked at.
    pub photos: usize,
    /// Milliseconds of looking per photo, by stage.
    pub look_ms: LookMs,
    /// Core-seconds per photo of this process: flying, dock messages, intake, looking, leads, page.
    pub service_core_s_per_photo: Option<f64>,
    /// Core-seconds per photo of the simulator: vehicles, docks, rendering.
    pub simulator_core_s_per_photo: Option<f64>,
    /// Largest memory of this process, MiB.
    pub service_peak_mib: Option<u64>,
    /// Largest memory of the simulator, MiB.
    pub simulator_peak_mib: Option<u64>,
}

/// Milliseconds per photo.
#[derive(Debug, Clone, Serialize)]
pub struct LookMs {
    /// Reading and checking the original.
    pub read: f64,
    /// JPEG to pixels.
    pub decode: f64,
    /// Cutting and shrinking tiles.
    pub prepare: f64,
    /// The model.
    pub infer: f64,
    /// Merging and rows.
    pub commit: f64,
}

/// Clock ticks per second of `/proc`; 100 on every Linux of today.
const TICKS_PER_S: f64 = 100.0;

impl Figures {
    /// The figures of this moment; `simulator` is the other process.
    pub fn now(wall: Duration, looks: Looks, simulator: Option<u32>) -> Self {
        let per_photo = |us: u64| round(us as f64 / 1000.0 / looks.photos.max(1) as f64);
        let own = Some(std::process::id());
        let core_s = |pid: Option<u32>| {
            let spent_s = core_seconds(pid?)?;
            (looks.photos > 0).then(|| round(spent_s / looks.photos as f64))
        };
        let times = &looks.times;
        Self {
            wall_s: round(wall.as_secs_f64()),
            photos: looks.photos,
            look_ms: LookMs {
                read: per_photo(times.read_us),
                decode: per_photo(times.decode_us),
                prepare: per_photo(times.prepare_us),
                infer: per_photo(times.infer_us),
                commit: per_photo(times.merge_us + times.commit_us),
            },
            service_core_s_per_photo: core_s(own),
            simulator_core_s_per_photo: core_s(simulator),
            service_peak_mib: own.and_then(peak_memory_mib),
            simulator_peak_mib: simulator.and_then(peak_memory_mib),
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// User and system time of a process so far (fields 14 and 15 of `/proc/PID/stat`); only Linux tells.
fn core_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}
