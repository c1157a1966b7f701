//! From a true pose to a photo on disk: what the drone believes (truth plus seeded errors) goes into EXIF and
//! DJI-style XMP, what is true goes into the truth file.

use serde::Serialize;

use crate::camera::{Camera, GimbalAngles, Matrix3, product, rotation};
use crate::clock::civil_from_unix;
use crate::exif::{ExifFields, MAKE, MODEL};
use crate::frame::{GeoPoint, LocalFrame};
use crate::random::Dice;

/// Width and height of the photos of the fleet, pixels.
pub const PHOTO_SIZE_PX: [u32; 2] = [1664, 1152];
/// Standard deviation of the written position, east and north each, metres.
pub const POSITION_SIGMA_M: f64 = 1.5;
/// Standard deviation of the written height above take-off, metres.
pub const HEIGHT_SIGMA_M: f64 = 3.0;
/// Standard deviation of the camera's tilt about each of its picture axes, degrees.
pub const TILT_SIGMA_DEG: f64 = 0.5;
/// Standard deviation of the heading, degrees.
pub const YAW_SIGMA_DEG: f64 = 2.0;

/// Where and how a photo is meant to be taken.
#[derive(Clone, Copy, Debug)]
pub struct PlannedView {
    /// East, north, up in metres.
    pub position_enu_m: [f64; 3],
    /// Commanded gimbal angles; the drone writes these.
    pub gimbal: GimbalAngles,
    /// Course of the aircraft, clockwise from north, radians.
    pub course_rad: f64,
    /// Moment of exposure, microseconds since 1970 UTC.
    pub unix_us: i64,
}

/// Errors drawn for one photo: metadata minus truth, or for angles the turn from reported to true.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PoseErrors {
    /// East, metres.
    pub east_m: f64,
    /// North, metres.
    pub north_m: f64,
    /// Height above take-off, metres.
    pub height_m: f64,
    /// Turn about the camera's right and down axes, degrees.
    pub tilt_deg: [f64; 2],
    /// Clockwise turn about the vertical, degrees.
    pub yaw_deg: f64,
}

/// Standard deviations the drone states for its position; off from the true ones by up to half.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StatedSigmas {
    /// Horizontal, each axis, metres.
    pub position_m: f64,
    /// Height, metres.
    pub height_m: f64,
}

/// True pose of one photo, for the truth file.
#[derive(Clone, Debug, Serialize)]
pub struct TruePose {
    /// East, north, up above the street, metres.
    pub position_enu_m: [f64; 3],
    /// Position.
    pub position_wgs84: GeoPoint,
    /// Height above the take-off point, which lies at street level, metres.
    pub height_above_takeoff_m: f64,
    /// Columns: the camera's right, down and forward axes in east, north, up.
    pub enu_from_camera: Matrix3,
    /// True gimbal angles, degrees: yaw, pitch, roll (yaw and roll are near-degenerate at nadir).
    pub gimbal_deg: [f64; 3],
    /// Focal length, pixels.
    pub focal_px: f64,
    /// The errors that were applied.
    pub errors: PoseErrors,
}

impl PoseErrors {
    /// Draws independent errors with tails a little heavier than normal.
    pub fn draw(seed: u64, photo: u32) -> Self {
        let mut dice = Dice::new(seed ^ (u64::from(photo) << 32), 41);
        let mut error = |sigma: f64| sigma * dice.heavy_tailed();
        Self {
            east_m: error(POSITION_SIGMA_M),
            north_m: error(POSITION_SIGMA_M),
            height_m: error(HEIGHT_SIGMA_M),
            tilt_deg: [error(TILT_SIGMA_DEG), error(TILT_SIGMA_DEG)],
            yaw_deg: error(YAW_SIGMA_DEG),
        }
    }
}

impl StatedSigmas {
    /// The sigmas a seeded sortie states.
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 42);
        Self {
            position_m: POSITION_SIGMA_M * dice.between(0.5, 1.5),
            height_m: HEIGHT_SIGMA_M * dice.between(0.5, 1.5),
        }
    }
}

/// The camera as it truly stood: the reported attitude turned by the angle errors.
pub fn true_camera(view: &PlannedView, errors: &PoseErrors, size_px: [u32; 2], focal_px: f64) -> Camera {
    let tilt = rotation([
        errors.tilt_deg[0].to_radians(),
        errors.tilt_deg[1].to_radians(),
        0.0,
    ]);
    // Clockwise seen from above is a negative turn about up.
    let turn = rotation([0.0, 0.0, -errors.yaw_deg.to_radians()]);
    Camera {
        position_enu_m: view.position_enu_m,
        enu_from_camera: product(&turn, &product(&view.gimbal.enu_from_camera(), &tilt)),
        width_px: size_px[0],
        height_px: size_px[1],
        focal_px,
    }
}

/// Truth of a photo; the take-off point lies `takeoff_m` above the street.
pub fn true_pose(frame: &LocalFrame, camera: &Camera, takeoff_m: f64, errors: PoseErrors) -> TruePose {
    let angles = GimbalAngles::from_enu_from_camera(&camera.enu_from_camera);
    TruePose {
        position_enu_m: camera.position_enu_m,
        position_wgs84: frame.wgs84_from_enu(camera.position_enu_m),
        height_above_takeoff_m: camera.position_enu_m[2] - takeoff_m,
        enu_from_camera: camera.enu_from_camera,
        gimbal_deg: [angles.yaw_rad, angles.pitch_rad, angles.roll_rad].map(f64::to_degrees),
        focal_px: camera.focal_px,
        errors,
    }
}

/// What the drone believes of itself beside the view: where its heights count from and what it states.
#[derive(Clone, Debug)]
pub struct Belief {
    /// Frame of the scene.
    pub frame: LocalFrame,
    /// Take-off point above the street, metres.
    pub takeoff_m: f64,
    /// Errors of the written position and height.
    pub errors: PoseErrors,
    /// Standard deviations it states.
    pub sigmas: StatedSigmas,
    /// Serial number of the camera.
    pub serial: String,
}

/// Position and heights as written.
struct WrittenPlace {
    place: GeoPoint,
    above_takeoff_m: f64,
    amsl_m: f64,
}

/// Puts EXIF and XMP into an encoded JPEG, in place of its JFIF header.
pub fn with_metadata(jpeg: &[u8], camera: &Camera, view: &PlannedView, belief: &Belief) -> Vec<u8> {
    let [e, n, u] = camera.position_enu_m;
    let errors = &belief.errors;
    let height_m = u + errors.height_m;
    let written = WrittenPlace {
        place: belief
            .frame
            .wgs84_from_enu([e + errors.east_m, n + errors.north_m, u]),
        above_takeoff_m: height_m - belief.takeoff_m,
        amsl_m: height_m + belief.frame.street_amsl_m,
    };
    let exif = exif_fields(camera, view, &written, &belief.serial).app1();
    let xmp = xmp_packet(camera, view, &written, belief.sigmas);
    let mut bytes = Vec::with_capacity(jpeg.len() + exif.len() + xmp.len() + 64);
    bytes.extend([0xFF, 0xD8]);
    segment(&mut bytes, &exif);
    segment(
        &mut bytes,
        &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat(),
    );
    bytes.extend(body_after_jfif(jpeg));
    bytes
}

fn exif_fields(camera: &Camera, view: &PlannedView, written: &WrittenPlace, serial: &str) -> ExifFields {
    let seconds = view.unix_us.div_euclid(1_000_000);
    let (utc, local) = (civil_from_unix(seconds), civil_from_unix(seconds + 8 * 3600));
    ExifFields {
        size_px: [camera.width_px, camera.height_px],
        local_time: local.exif_text(),
        subsecond: format!("{:03}", view.unix_us.rem_euclid(1_000_000) / 1000),
        offset: "+08:00".to_owned(),
        utc: (utc.exif_date(), utc.time),
        latitude_deg: written.place.latitude_deg,
        longitude_deg: written.place.longitude_deg,
        altitude_m: written.amsl_m,
        focal_mm: 12.3,
        serial: serial.to_owned(),
    }
}

/// The XMP packet. `RtkFlag` 16 is DJI's word for a position without corrections (single point, metres): it is
/// what such a drone writes, and `RtkStd*` are the only fields that carry its stated standard deviations.
fn xmp_packet(camera: &Camera, view: &PlannedView, written: &WrittenPlace, sigmas: StatedSigmas) -> String {
    let utc = civil_from_unix(view.unix_us.div_euclid(1_000_000)).iso_text();
    let micros = view.unix_us.rem_euclid(1_000_000);
    let angle = |rad: f64| format!("{:+.2}", half_turn_deg(rad));
    let fields = [
        ("AltitudeType", "GpsFusionAlt".to_owned()),
        ("GpsStatus", "Normal".to_owned()),
        ("GpsLatitude", format!("{:+.9}", written.place.latitude_deg)),
        ("GpsLongitude", format!("{:+.9}", written.place.longitude_deg)),
        ("AbsoluteAltitude", format!("{:+.3}", written.amsl_m)),
        ("RelativeAltitude", format!("{:+.3}", written.above_takeoff_m)),
        ("GimbalRollDegree", angle(view.gimbal.roll_rad)),
        ("GimbalYawDegree", angle(view.gimbal.yaw_rad)),
        ("GimbalPitchDegree", angle(view.gimbal.pitch_rad)),
        ("FlightRollDegree", "+0.80".to_owned()),
        ("FlightYawDegree", angle(view.course_rad)),
        ("FlightPitchDegree", "-4.10".to_owned()),
        ("CamReverse", "0".to_owned()),
        ("GimbalReverse", "0".to_owned()),
        ("RtkFlag", "16".to_owned()),
        ("RtkStdLon", format!("{:.5}", sigmas.position_m)),
        ("RtkStdLat", format!("{:.5}", sigmas.position_m)),
        ("RtkStdHgt", format!("{:.5}", sigmas.height_m)),
        ("DewarpFlag", "0".to_owned()),
        ("CalibratedFocalLength", format!("{:.6}", camera.focal_px)),
        (
            "CalibratedOpticalCenterX",
            format!("{:.6}", f64::from(camera.width_px) / 2.0),
        ),
        (
            "CalibratedOpticalCenterY",
            format!("{:.6}", f64::from(camera.height_px) / 2.0),
        ),
        ("UTCAtExposure", format!("{utc}.{micros:06}")),
    ];
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("   drone-dji:{name}=\"{value}\"\n"))
        .collect();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         \x20<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
         \x20 <rdf:Description rdf:about=\"FlyOnce simulated picture\"\n\
         \x20   xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\"\n\
         \x20   xmlns:drone-dji=\"http://www.dji.com/drone-dji/1.0/\"\n\
         \x20   xmlns:flyonce=\"https://flyonce.example/ns/1.0/\"\n\
         \x20  tiff:Make=\"{MAKE}\"\n   tiff:Model=\"{MODEL}\"\n   flyonce:Simulated=\"true\"\n{fields}\
         \x20 />\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>"
    )
}

/// Degrees in (−180, 180].
fn half_turn_deg(rad: f64) -> f64 {
    let degrees = rad.to_degrees().rem_euclid(360.0);
    if degrees > 180.0 { degrees - 360.0 } else { degrees }
}

fn segment(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend([0xFF, 0xE1]);
    bytes.extend((content.len() as u16 + 2).to_be_bytes());
    bytes.extend(content);
}

/// What follows the start marker and, if present, the JFIF segment.
fn body_after_jfif(jpeg: &[u8]) -> &[u8] {
    let body = jpeg.get(2..).unwrap_or_default();
    match body {
        [0xFF, 0xE0, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low])) + 2;
            body.get(length..).unwrap_or_default()
        }
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_errors_have_the_stated_sigmas() {
        let draws: Vec<PoseErrors> = (0..6000).map(|photo| PoseErrors::draw(5, photo)).collect();
        let sigma = |part: fn(&PoseErrors) -> f64| {
            (draws.iter().map(|d| part(d).powi(2)).sum::<f64>() / draws.len() as f64).sqrt()
        };
        assert!((sigma(|d| d.east_m) / 1.5 - 1.0).abs() < 0.05);
        assert!((sigma(|d| d.north_m) / 1.5 - 1.0).abs() < 0.05);
        assert!((sigma(|d| d.height_m) / 3.0 - 1.0).abs() < 0.05);
        assert!((sigma(|d| d.tilt_deg[0]) / 0.5 - 1.0).abs() < 0.05);
        assert!((sigma(|d| d.yaw_deg) / 2.0 - 1.0).abs() < 0.05);
        let both = draws.iter().map(|d| d.east_m * d.north_m).sum::<f64>() / draws.len() as f64;
        assert!(both.abs() < 0.12, "errors are independent: {both}");
    }

    #[test]
    fn stated_sigmas_are_off_by_at_most_half() {
        let all: Vec<StatedSigmas> = (0..200).map(StatedSigmas::draw).collect();
        assert!(
            all.iter()
                .all(|s| (0.75..=2.25).contains(&s.position_m) && (1.5..=4.5).contains(&s.height_m))
        );
        assert!(all.iter().any(|s| s.position_m < 1.0) && all.iter().any(|s| s.position_m > 2.0));
    }

    #[test]
    fn yaw_error_turns_the_true_picture_clockwise() {
        let view = PlannedView {
            position_enu_m: [0.0, 0.0, 100.0],
            gimbal: GimbalAngles {
                yaw_rad: 0.0,
                pitch_rad: -std::f64::consts::FRAC_PI_2,
                roll_rad: 0.0,
            },
            course_rad: 0.0,
            unix_us: 0,
        };
        let errors = PoseErrors {
            east_m: 0.0,
            north_m: 0.0,
            height_m: 0.0,
            tilt_deg: [0.0; 2],
            yaw_deg: 10.0,
        };
        let camera = true_camera(&view, &errors, [1000, 800], 800.0);
        let top = camera.ground_from_pixel([500.0, 0.0], 0.0).unwrap();
        let azimuth = top[0].atan2(top[1]).to_degrees();
        assert!((azimuth - 10.0).abs() < 1e-9, "{azimuth}");
    }
}
