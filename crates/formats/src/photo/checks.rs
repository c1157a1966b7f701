//! Puts EXIF and XMP together: where they contradict each other, neither is believed.

use super::clock::{self, Clock};
use super::exif_fields::ExifFields;
use super::jpeg::JpegBlocks;
use super::metadata::{CaptureSource, CaptureTime, Gnss, GnssSource, PhotoMetadata};
use super::warning::Problem;
use super::warnings::Warnings;
use super::xmp_fields::XmpFields;

/// EXIF and XMP positions further apart than this are not of the same moment, metres.
const SAME_PLACE_M: f64 = 100.0;
/// UTC clocks of the same photo further apart than this are not both right, seconds.
const SAME_MOMENT_S: i64 = 600;
/// A clock of unknown zone can differ from UTC by 14 h; this adds the same tolerance. Seconds.
const SAME_MOMENT_ANY_ZONE_S: i64 = 14 * 3600 + SAME_MOMENT_S;

/// Assembles the answer of one photo.
pub(super) fn combine(
    blocks: &JpegBlocks<'_>,
    exif: ExifFields,
    xmp: XmpFields,
    mut warnings: Warnings,
) -> PhotoMetadata {
    let capture = capture(&exif, &xmp, &mut warnings);
    let gnss = gnss(&exif, &xmp, &mut warnings);
    let pixels_hold = calibration_in_pixels_holds(blocks, &exif, &xmp, &mut warnings);
    PhotoMetadata {
        width_px: blocks.width_px,
        height_px: blocks.height_px,
        complete: blocks.complete,
        make: exif.make.or(xmp.make),
        model: exif.model.or(xmp.model),
        serial: exif.serial.or(xmp.serial),
        orientation: exif.orientation,
        capture,
        gnss,
        relative_altitude_m: xmp.relative_altitude_m,
        gimbal: xmp.gimbal,
        flight: xmp.flight,
        rtk: xmp.rtk,
        focal_length_mm: exif.focal_length_mm,
        focal_length_35mm: exif.focal_length_35mm,
        digital_zoom_ratio: exif.digital_zoom_ratio,
        dewarp: xmp.dewarp.filter(|_| pixels_hold),
        dewarp_applied: xmp.dewarp_applied,
        calibrated_focal_length_px: xmp.calibrated_focal_length_px.filter(|_| pixels_hold),
        simulated: xmp.simulated,
        warnings: warnings.0,
    }
}

/// Best source first; see [`CaptureSource`].
fn capture(exif: &ExifFields, xmp: &XmpFields, warnings: &mut Warnings) -> Option<CaptureTime> {
    note_clocks_that_disagree(exif, xmp, warnings);
    let with_zone = exif.taken.filter(|taken| taken.offset_minutes.is_some());
    let gps = exif.gps_time.map(|local| Clock {
        local,
        offset_minutes: Some(0),
    });
    let candidates = [
        (xmp.utc_at_exposure, CaptureSource::UtcAtExposure),
        (with_zone, CaptureSource::ExifWithOffset),
        (gps, CaptureSource::GpsTime),
        (exif.taken, CaptureSource::ExifWithoutZone),
        (xmp.created, CaptureSource::XmpCreateDate),
    ];
    let (clock, source) = candidates
        .into_iter()
        .find_map(|(clock, source)| clock.map(|clock| (clock, source)))?;
    Some(CaptureTime {
        local: clock.local,
        offset_minutes: clock.offset_minutes,
        source,
    })
}

/// Two UTC readings must agree; a camera clock without zone must lie within a time zone's reach of UTC.
fn note_clocks_that_disagree(exif: &ExifFields, xmp: &XmpFields, warnings: &mut Warnings) {
    let utc = xmp.utc_at_exposure.map(|clock| clock.local).or(exif.gps_time);
    let (Some(utc), Some(taken)) = (utc, exif.taken) else {
        return;
    };
    let Some(ahead_s) = clock::seconds_between(utc, taken.local) else {
        return;
    };
    let (difference_s, allowed_s) = match taken.offset_minutes {
        Some(minutes) => (ahead_s - i64::from(minutes) * 60, SAME_MOMENT_S),
        None => (ahead_s, SAME_MOMENT_ANY_ZONE_S),
    };
    if difference_s.abs() > allowed_s {
        let other = if xmp.utc_at_exposure.is_some() {
            "XMP UTCAtExposure"
        } else {
            "EXIF GPSTimeStamp"
        };
        warnings.note(
            "EXIF DateTimeOriginal",
            Problem::TimesDiffer {
                other: other.to_owned(),
                difference_s: difference_s.abs(),
            },
        );
    }
}

fn gnss(exif: &ExifFields, xmp: &XmpFields, warnings: &mut Warnings) -> Option<Gnss> {
    let ([latitude_deg, longitude_deg], source) = match (exif.position_deg, xmp.position_deg) {
        (Some(in_exif), Some(in_xmp)) => {
            let problem = contradiction(in_exif, in_xmp);
            if let Some(problem) = problem {
                warnings.note("GPS position", problem);
                return None;
            }
            (in_xmp, GnssSource::Xmp)
        }
        (None, Some(in_xmp)) => (in_xmp, GnssSource::Xmp),
        (Some(in_exif), None) => (in_exif, GnssSource::Exif),
        (None, None) => return None,
    };
    Some(Gnss {
        latitude_deg,
        longitude_deg,
        absolute_altitude_m: xmp.absolute_altitude_m.or(exif.altitude_m),
        altitude_type: xmp.altitude_type.clone(),
        source,
    })
}

fn contradiction(a: [f64; 2], b: [f64; 2]) -> Option<Problem> {
    let distance_m = great_circle_m(a, b);
    if distance_m <= SAME_PLACE_M {
        return None;
    }
    let mirrored = great_circle_m([a[0].abs(), a[1].abs()], [b[0].abs(), b[1].abs()]) <= SAME_PLACE_M;
    Some(if mirrored {
        Problem::HemispheresDiffer
    } else {
        Problem::PositionsDiffer { distance_m }
    })
}

/// Haversine formula on a sphere of the earth's mean radius (IUGG R1, 6 371 008.8 m); 0.5 % is plenty here.
fn great_circle_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [a_lat, a_lon, b_lat, b_lon] = [a[0], a[1], b[0], b[1]].map(f64::to_radians);
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let h = half(b_lat - a_lat) + a_lat.cos() * b_lat.cos() * half(b_lon - a_lon);
    2.0 * 6_371_008.8 * h.min(1.0).sqrt().asin()
}

/// Figures in pixels hold only for the picture as it left the camera: after resizing or cropping, which
/// of the two it was cannot be told.
fn calibration_in_pixels_holds(
    blocks: &JpegBlocks<'_>,
    exif: &ExifFields,
    xmp: &XmpFields,
    warnings: &mut Warnings,
) -> bool {
    let now = [blocks.width_px, blocks.height_px];
    let Some(recorded) = exif.recorded_size_px.filter(|&recorded| recorded != now) else {
        return true;
    };
    if xmp.dewarp.is_some() || xmp.calibrated_focal_length_px.is_some() {
        warnings.note(
            "XMP lens calibration",
            Problem::Resized {
                recorded_px: recorded,
                now_px: now,
            },
        );
    }
    false
}
