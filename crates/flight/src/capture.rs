//! Exposures as vehicles report them: CAMERA_FEEDBACK (ArduPilot) and CAMERA_IMAGE_CAPTURED (camera components
//! and PX4), in one form.

use mavlink::dialects::ardupilotmega::{
    CAMERA_FEEDBACK_DATA, CAMERA_IMAGE_CAPTURED_DATA, CameraFeedbackFlags, MavMessage,
};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

/// Earliest time that a clock which was set can show: 2020-01-01. Below it is time since boot.
const FIRST_UTC_MICROS: u64 = 1_577_836_800_000_000;

/// One exposure, by the vehicle's own clock.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureReport {
    /// The camera's own running number, from 1; which photo it is must not be told from the order of arrival.
    pub image_index: u32,
    /// When, by the vehicle's clock. ArduPilot reports the trigger unless a feedback pin is wired.
    pub at_utc: UtcMicros,
    /// Where the vehicle was. 0, 0, which a vehicle without a fix reports, counts as unknown; a flight then says where
    /// its track has it at that time.
    pub position: Option<Wgs84>,
    /// Height above sea level, m.
    pub altitude_amsl_m: Option<f64>,
    /// Height above home, m.
    pub height_above_home_m: Option<f64>,
    /// False when the camera says that there is no usable image, or the feedback pin that it did not fire.
    pub succeeded: bool,
    /// Which message said so.
    pub source: CaptureSource,
}

/// The message a capture came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureSource {
    /// CAMERA_FEEDBACK (180).
    CameraFeedback,
    /// CAMERA_IMAGE_CAPTURED (263).
    CameraImageCaptured,
}

/// The capture in a message, if it is one. `boot_to_utc_us` (vehicle UTC minus time since boot, µs) makes a time
/// out of reports that only carry time since boot; without it such a report has time 0. `boot_now_ms` is the vehicle's
/// time since boot now: where a feedback pin is wired, ArduPilot stamps microseconds since boot in 32 bits, which run
/// over every 71.6 minutes.
#[must_use]
pub fn capture_in(
    message: &MavMessage,
    boot_to_utc_us: Option<i64>,
    boot_now_ms: Option<u32>,
) -> Option<CaptureReport> {
    match message {
        MavMessage::CAMERA_FEEDBACK(data) => Some(from_feedback(data, boot_to_utc_us, boot_now_ms)),
        MavMessage::CAMERA_IMAGE_CAPTURED(data) => Some(from_captured(data, boot_to_utc_us)),
        _ => None,
    }
}

/// Time since boot in a report of an exposure, ms, where the message has one.
pub(crate) fn boot_ms_in(message: &MavMessage, boot_now_ms: Option<u32>) -> Option<u32> {
    match message {
        MavMessage::CAMERA_IMAGE_CAPTURED(data) => Some(data.time_boot_ms),
        MavMessage::CAMERA_FEEDBACK(data) if (1..FIRST_UTC_MICROS).contains(&data.time_usec) => {
            u32::try_from(unwrapped_us(data.time_usec, boot_now_ms) / 1000).ok()
        }
        _others => None,
    }
}

/// A time since boot that has run over in 32 bits, as the latest that is not after now by more than a second.
fn unwrapped_us(stamp_us: u64, boot_now_ms: Option<u32>) -> u64 {
    const SPAN_US: u64 = 1 << 32;
    let limit_us = u64::from(boot_now_ms.unwrap_or(0)) * 1000 + 1_000_000;
    let turns = limit_us.saturating_sub(stamp_us) / SPAN_US;
    stamp_us + turns * SPAN_US
}

fn from_feedback(
    data: &CAMERA_FEEDBACK_DATA,
    boot_to_utc_us: Option<i64>,
    boot_now_ms: Option<u32>,
) -> CaptureReport {
    let boot_us = unwrapped_us(data.time_usec, boot_now_ms);
    CaptureReport {
        image_index: u32::from(data.img_idx),
        at_utc: utc(data.time_usec, boot_us, boot_to_utc_us),
        position: place(data.lat, data.lng),
        altitude_amsl_m: finite(data.alt_msl),
        height_above_home_m: finite(data.alt_rel),
        succeeded: data.flags != CameraFeedbackFlags::CAMERA_FEEDBACK_BADEXPOSURE,
        source: CaptureSource::CameraFeedback,
    }
}

fn from_captured(data: &CAMERA_IMAGE_CAPTURED_DATA, boot_to_utc_us: Option<i64>) -> CaptureReport {
    CaptureReport {
        // The message counts from 0, everything else here and on the way of the files counts from 1.
        image_index: u32::try_from(data.image_index).map_or(0, |index| index.saturating_add(1)),
        at_utc: utc(data.time_utc, u64::from(data.time_boot_ms) * 1000, boot_to_utc_us),
        position: place(data.lat, data.lon),
        altitude_amsl_m: Some(f64::from(data.alt) / 1e3),
        height_above_home_m: Some(f64::from(data.relative_alt) / 1e3),
        succeeded: data.capture_result.as_bool(),
        source: CaptureSource::CameraImageCaptured,
    }
}

fn utc(time_us: u64, boot_us: u64, boot_to_utc_us: Option<i64>) -> UtcMicros {
    let known = |value: u64| i64::try_from(value).unwrap_or(0);
    if time_us >= FIRST_UTC_MICROS {
        return UtcMicros(known(time_us));
    }
    UtcMicros(boot_to_utc_us.map_or(0, |offset| known(boot_us).saturating_add(offset)))
}

fn place(latitude: i32, longitude: i32) -> Option<Wgs84> {
    if latitude == 0 && longitude == 0 {
        return None;
    }
    Wgs84::new(f64::from(latitude) / 1e7, f64::from(longitude) / 1e7).ok()
}

fn finite(value: f32) -> Option<f64> {
    value.is_finite().then(|| f64::from(value))
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::MavBool;

    use super::*;

    #[test]
    fn feedback_of_a_set_clock_keeps_its_time_and_place() {
        let message = MavMessage::CAMERA_FEEDBACK(CAMERA_FEEDBACK_DATA {
            time_usec: 1_772_416_800_500_000,
            lat: 399_000_000,
            lng: 1_163_000_000,
            alt_rel: 60.0,
            img_idx: 12,
            ..Default::default()
        });
        let report = capture_in(&message, None, None).unwrap();
        assert_eq!(report.image_index, 12);
        assert_eq!(report.at_utc, UtcMicros(1_772_416_800_500_000));
        assert_eq!(report.position, Wgs84::new(39.9, 116.3).ok());
        assert_eq!(report.height_above_home_m, Some(60.0));
        assert!(report.succeeded);
    }

    #[test]
    fn a_clock_that_was_never_set_is_not_taken_for_utc() {
        let message = MavMessage::CAMERA_IMAGE_CAPTURED(CAMERA_IMAGE_CAPTURED_DATA {
            time_boot_ms: 5_000,
            image_index: 3,
            capture_result: MavBool::MAV_BOOL_FALSE,
            ..Default::default()
        });
        let report = capture_in(&message, Some(1_772_416_800_000_000), None).unwrap();
        assert_eq!(report.at_utc, UtcMicros(1_772_416_805_000_000));
        assert_eq!(report.position, None);
        assert!(!report.succeeded);
        assert_eq!(capture_in(&message, None, None).unwrap().at_utc, UtcMicros(0));
    }

    #[test]
    fn microseconds_since_boot_that_ran_over_are_told_by_the_clock_since_boot() {
        let boot_us = 2 * (1_u64 << 32) + 5_000_000;
        let message = MavMessage::CAMERA_FEEDBACK(CAMERA_FEEDBACK_DATA {
            time_usec: 5_000_000,
            img_idx: 1,
            ..Default::default()
        });
        let boot_ms = (boot_us / 1000) as u32;
        let start_us = 1_772_416_800_000_000;
        for later_ms in [0, 250, 60_000] {
            let report = capture_in(&message, Some(start_us), Some(boot_ms + later_ms)).unwrap();
            assert_eq!(report.at_utc.0, start_us + boot_us as i64);
        }
        assert_eq!(boot_ms_in(&message, Some(boot_ms)), Some(boot_ms));
    }

    #[test]
    fn other_messages_are_no_captures() {
        assert!(capture_in(&MavMessage::HEARTBEAT(Default::default()), None, None).is_none());
    }
}
