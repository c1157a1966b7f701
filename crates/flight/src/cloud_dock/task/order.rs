//! What a dock is asked to fly.

use std::time::Duration;

use schedule::photo_ledger::SortieId;
use serde_json::{Value, json};
use survey::time::UtcMicros;

use super::super::progress::BreakPoint;
use crate::sortie::PauseLimits;

/// One flight of a dock.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskOrder {
    /// The sortie it is flown for.
    pub sortie_id: SortieId,
    /// The dock.
    pub dock_id: String,
    /// Number of the task ([`flight_id`]).
    pub flight_id: String,
    /// Where the dock downloads the wayline.
    pub file_url: String,
    /// MD5 of it, lower-case hexadecimal.
    pub file_md5: String,
    /// For each waypoint the number of its item in the mission, from 1.
    pub waypoint_items: Vec<u16>,
    /// Height of the way home above the take-off point, m (20 to 1500).
    pub return_height_m: f64,
    /// Height of the take-off point above the sea, m.
    pub home_amsl_m: f64,
    /// Whether it waits in the air until its RTK has converged.
    pub with_rtk: bool,
    /// Where an earlier flight of the same wayline broke off, to go on from there.
    pub break_point: Option<BreakPoint>,
    /// When an earlier run of the program saw it take off.
    pub launched_at: Option<UtcMicros>,
    /// Who called it home while an earlier run of the program followed it: it is called again if it does not show.
    pub called_home_by: Option<String>,
    /// How long people may hold it in the air.
    pub pause: PauseLimits,
    /// How long each part may take.
    pub deadlines: TaskDeadlines,
}

/// How long each part of a task may take, on the wall clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDeadlines {
    /// One answer of the dock.
    pub reply: Duration,
    /// The caller's answer whether it may start; no answer refuses.
    pub gate: Duration,
    /// From the order to start to the air: a dock opens, switches its aircraft on and waits for satellites.
    pub start: Duration,
    /// Nothing heard of dock and aircraft for so long is a lost link.
    pub silence: Duration,
    /// A lost link for so long ends the flight as failed.
    pub lost_for_good: Duration,
    /// From the way home, or from the task's end, to the ground.
    pub landing: Duration,
    /// From the ground to the task's end: lid closed, photos counted.
    pub closing: Duration,
    /// After a restart: how long the dock is listened to before it is judged.
    pub listen: Duration,
    /// After a restart: how long a dock that says nothing is waited for.
    pub found: Duration,
    /// An order to come home must show. Then it is given again.
    pub effect: Duration,
}

impl Default for TaskDeadlines {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(30),
            gate: Duration::from_secs(90),
            start: Duration::from_secs(10 * 60),
            silence: Duration::from_secs(30),
            lost_for_good: Duration::from_secs(40 * 60),
            landing: Duration::from_secs(20 * 60),
            closing: Duration::from_secs(3 * 60),
            listen: Duration::from_secs(8),
            found: Duration::from_secs(5 * 60),
            effect: Duration::from_secs(15),
        }
    }
}

/// The number of a sortie's task: the same after every restart, in the form of a UUID (RFC 9562, version 8), because
/// that is what docks are used to. FNV-1a, 128 bits, of the sortie's name.
#[must_use]
pub fn flight_id(sortie_id: &SortieId) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = sortie_id
        .as_str()
        .bytes()
        .fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    let bits = (hash & !(0xF << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let [a, b, c, d, e] = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| part(from, to));
    format!("{a}-{b}-{c}-{d}-{e}")
}

impl TaskOrder {
    /// The data of `flighttask_prepare`, for a start at once at `now_ms` of the city's clock.
    pub(super) fn prepare(&self, now_ms: i64) -> Value {
        let mut data = json!({
            "flight_id": self.flight_id,
            "task_type": 0,
            "execute_time": now_ms,
            "file": { "url": self.file_url, "fingerprint": self.file_md5 },
            "rth_altitude": self.return_height_m.clamp(20.0, 1500.0).round(),
            "rth_mode": 1,
            "out_of_control_action": 0,
            "exit_wayline_when_rc_lost": 1,
            "wayline_precision_type": u8::from(self.with_rtk),
        });
        if let (Some(point), Some(object)) = (self.break_point, data.as_object_mut()) {
            object.insert("break_point".to_owned(), point.to_json());
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sortie_has_one_number_and_no_other_sortie_has_it() {
        let id = |name: &str| flight_id(&name.parse().unwrap());
        assert_eq!(id("20260302-1000-D01"), id("20260302-1000-D01"));
        assert_ne!(id("20260302-1000-D01"), id("20260302-1000-D02"));
        let one = id("20260302-1000-D01");
        assert_eq!((one.len(), one.as_bytes()[14]), (36, b'8'));
    }
}
