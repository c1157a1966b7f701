//! Track points out of position messages, timed by the vehicle's own clock.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::{GLOBAL_POSITION_INT_DATA, SYSTEM_TIME_DATA};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

use super::event::TrackPoint;

/// Earliest time that a clock which was set can show: 2020-01-01.
const FIRST_UTC_MICROS: u64 = 1_577_836_800_000_000;

/// A correction of the vehicle's UTC by more than this is a jump, µs.
const JUMP_US: i64 = 2_000_000;
/// A report this far from now was dated by a clock that has just jumped, µs. Wider than any line is late.
const MISDATED_US: i64 = 60_000_000;

/// From time since boot to the vehicle's UTC, by its last SYSTEM_TIME. While it is held, a jump of the vehicle's UTC
/// moves nothing: the flight's times go on as they began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BootToUtc {
    offset_us: Option<i64>,
    /// How far the vehicle's UTC has jumped since it is held.
    jumped_us: i64,
    held: bool,
}

impl BootToUtc {
    /// Takes in SYSTEM_TIME; a clock that was never set tells nothing. Answers a jump that is new, µs.
    pub fn take(&mut self, data: &SYSTEM_TIME_DATA) -> Option<i64> {
        if data.time_unix_usec < FIRST_UTC_MICROS {
            return None;
        }
        let utc_us = i64::try_from(data.time_unix_usec).ok()?;
        let told_us = utc_us - i64::from(data.time_boot_ms) * 1000;
        let moved_us = self.offset_us.map_or(0, |offset_us| told_us - offset_us);
        if self.held && moved_us.abs() > JUMP_US {
            let before_us = std::mem::replace(&mut self.jumped_us, moved_us);
            return ((moved_us - before_us).abs() > JUMP_US).then_some(moved_us);
        }
        self.offset_us = Some(told_us);
        let back_us = -std::mem::take(&mut self.jumped_us);
        (back_us != 0).then_some(0)
    }

    /// From now on jumps move nothing.
    pub fn hold(&mut self) {
        self.held = self.offset_us.is_some();
    }

    /// A time that the vehicle stamped, in the flight's own time. `boot_ms` is the same moment since boot if that
    /// was told too; `now` is the moment at which the stamp came.
    pub fn unjumped(&self, stamped: UtcMicros, boot_ms: Option<u32>, now: UtcMicros) -> UtcMicros {
        if !self.held {
            return stamped;
        }
        if let Some(at) = boot_ms.filter(|ms| *ms > 0).and_then(|ms| self.utc(ms)) {
            let off_us = (stamped.0 - at.0).abs();
            return if off_us > JUMP_US { at } else { stamped };
        }
        let shifted = UtcMicros(stamped.0 - self.jumped_us);
        let off_us = |at: UtcMicros| (at.0 - now.0).abs();
        let nearest = if off_us(shifted) < off_us(stamped) {
            shifted
        } else {
            stamped
        };
        if off_us(nearest) > MISDATED_US {
            now
        } else {
            nearest
        }
    }

    /// The time since boot at a moment of the flight's own time, ms.
    pub fn boot_ms(&self, at: UtcMicros) -> Option<u32> {
        u32::try_from((at.0 - self.offset_us?) / 1000).ok()
    }

    /// UTC minus time since boot, µs.
    pub fn offset_us(&self) -> Option<i64> {
        self.offset_us
    }

    /// The vehicle's UTC at a time since boot.
    pub fn utc(&self, boot_ms: u32) -> Option<UtcMicros> {
        self.offset_us
            .map(|offset_us| UtcMicros(offset_us + i64::from(boot_ms) * 1000))
    }
}

/// A jump in words.
pub(super) fn jump_text(jump_us: i64) -> String {
    format!("its UTC is {:+.1} s off what it was", jump_us as f64 / 1e6)
}

/// Thins positions out to one per interval of vehicle time, while it is switched on.
#[derive(Debug)]
pub(super) struct Track {
    interval: Duration,
    last_ms: Option<u32>,
    recording: bool,
}

impl Track {
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            last_ms: None,
            recording: false,
        }
    }

    /// Switches on or off.
    pub fn record(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// The track point of a position, if one is due and it names a place.
    pub fn take(
        &mut self,
        data: &GLOBAL_POSITION_INT_DATA,
        at: UtcMicros,
        battery_percent: Option<f64>,
    ) -> Option<TrackPoint> {
        if !self.recording || (data.lat == 0 && data.lon == 0) {
            return None;
        }
        // A clock that went back has begun anew; the track goes on.
        let due = self
            .last_ms
            .is_none_or(|last_ms| match data.time_boot_ms.checked_sub(last_ms) {
                Some(since_ms) => Duration::from_millis(u64::from(since_ms)) >= self.interval,
                None => last_ms - data.time_boot_ms > 1000,
            });
        if !due {
            return None;
        }
        let position = Wgs84::new(f64::from(data.lat) / 1e7, f64::from(data.lon) / 1e7).ok()?;
        self.last_ms = Some(data.time_boot_ms);
        Some(TrackPoint {
            at,
            position,
            height_above_home_m: f64::from(data.relative_alt) / 1e3,
            altitude_amsl_m: f64::from(data.alt) / 1e3,
            heading_deg: (data.hdg != u16::MAX).then(|| f64::from(data.hdg) / 100.0),
            ground_speed_ms: Some(f64::from(data.vx).hypot(f64::from(data.vy)) / 100.0),
            battery_percent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time_boot_ms: u32) -> GLOBAL_POSITION_INT_DATA {
        GLOBAL_POSITION_INT_DATA {
            time_boot_ms,
            lat: 310_000_000,
            lon: 1_210_000_000,
            relative_alt: 40_000,
            hdg: u16::MAX,
            vx: 300,
            vy: 400,
            ..Default::default()
        }
    }

    #[test]
    fn two_points_a_second_and_no_gap_after_a_restart() {
        let mut track = Track::new(Duration::from_millis(500));
        assert!(
            track.take(&at(0), UtcMicros(0), None).is_none(),
            "not switched on"
        );
        track.record(true);
        let flown = (0..40).map(|n| at(n * 250));
        let points: Vec<_> = flown
            .filter_map(|data| track.take(&data, UtcMicros(0), Some(80.0)))
            .collect();
        assert_eq!(points.len(), 20);
        assert_eq!(points[0].ground_speed_ms, Some(5.0));
        assert_eq!(points[0].heading_deg, None);
        assert!(
            track.take(&at(9_500), UtcMicros(0), None).is_none(),
            "a late datagram"
        );
        assert!(
            track.take(&at(100), UtcMicros(0), None).is_some(),
            "after a restart"
        );
        assert!(
            track
                .take(
                    &GLOBAL_POSITION_INT_DATA {
                        time_boot_ms: 9000,
                        ..Default::default()
                    },
                    UtcMicros(0),
                    None
                )
                .is_none()
        );
    }

    #[test]
    fn a_jump_is_told_once_and_moves_nothing_while_the_clock_is_held() {
        const START_US: i64 = 1_772_416_800_000_000;
        let at = |boot_ms: u32, ahead_s: i64| SYSTEM_TIME_DATA {
            time_unix_usec: (START_US + i64::from(boot_ms) * 1000 + ahead_s * 1_000_000) as u64,
            time_boot_ms: boot_ms,
        };
        let mut clock = BootToUtc::default();
        assert_eq!(clock.take(&at(1000, 0)), None);
        assert_eq!(clock.take(&at(2000, -1800)), None, "set when the flight starts");
        assert_eq!(clock.take(&at(3000, 0)), None);
        clock.hold();
        assert_eq!(clock.take(&at(4000, 3600)), Some(3_600_000_000));
        assert_eq!(clock.take(&at(5000, 3600)), None);
        assert_eq!(clock.utc(6000), Some(UtcMicros(START_US + 6_000_000)));
        let now = UtcMicros(START_US + 7_000_000);
        let stamped = UtcMicros(START_US + 3_606_500_000);
        assert_eq!(
            clock.unjumped(stamped, None, now),
            UtcMicros(START_US + 6_500_000)
        );
        assert_eq!(
            clock.unjumped(stamped, Some(6_500), now),
            UtcMicros(START_US + 6_500_000)
        );
        let before = UtcMicros(START_US + 6_000_000);
        assert_eq!(
            clock.unjumped(before, None, now),
            before,
            "stamped before the jump"
        );
        assert_eq!(clock.take(&at(8000, 0)), Some(0), "and back");
        assert_eq!(
            clock.unjumped(stamped, None, now),
            now,
            "stamped by a clock that jumps unseen"
        );
    }

    #[test]
    fn a_clock_that_was_never_set_dates_nothing() {
        let mut clock = BootToUtc::default();
        clock.take(&SYSTEM_TIME_DATA {
            time_unix_usec: 5_000_000,
            time_boot_ms: 5000,
        });
        assert_eq!(clock.utc(6000), None);
        clock.take(&SYSTEM_TIME_DATA {
            time_unix_usec: 1_772_416_800_000_000,
            time_boot_ms: 5000,
        });
        assert_eq!(clock.utc(6000), Some(UtcMicros(1_772_416_801_000_000)));
    }
}
