//! The values that a photo file yields: what is known, in which unit, and the warnings about what is not.

use serde::{Deserialize, Serialize};

use super::warning::MetadataWarning;

/// Everything FlyOnce uses of a photo file's own description of itself.
///
/// A field that the file lacks is `None`. A field that the file has but that cannot be trusted is `None`
/// too, and `warnings` names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoMetadata {
    /// Width in pixels as stored (from the JPEG frame header, before any EXIF orientation is applied).
    pub width_px: u32,
    /// Height in pixels as stored.
    pub height_px: u32,
    /// True when the end of the picture is in the file; false for a copy that was cut short.
    pub complete: bool,
    /// Maker, e.g. `DJI` (EXIF Make, else XMP tiff:Make).
    pub make: Option<String>,
    /// Camera model, e.g. `FC220` (EXIF Model, else XMP tiff:Model).
    pub model: Option<String>,
    /// Serial number: EXIF BodySerialNumber, else XMP CameraSerialNumber, else XMP DroneSerialNumber.
    pub serial: Option<String>,
    /// EXIF orientation, 1 to 8.
    pub orientation: Option<u8>,
    /// When the shutter opened, by the best source in the file.
    pub capture: Option<CaptureTime>,
    /// Where the camera was.
    pub gnss: Option<Gnss>,
    /// Metres above the take-off point (XMP RelativeAltitude).
    pub relative_altitude_m: Option<f64>,
    /// Gimbal angles against the earth: yaw from north clockwise, pitch −90 = straight down.
    pub gimbal: Option<AnglesDeg>,
    /// Angles of the airframe against the earth.
    pub flight: Option<AnglesDeg>,
    /// What the RTK receiver says of its own fix.
    pub rtk: Option<Rtk>,
    /// Focal length in mm.
    pub focal_length_mm: Option<f64>,
    /// Focal length in mm as it would be on 35 mm film.
    pub focal_length_35mm: Option<f64>,
    /// Digital zoom, 1 = none. Absent when the file does not say.
    pub digital_zoom_ratio: Option<f64>,
    /// Factory calibration of the lens.
    pub dewarp: Option<Dewarp>,
    /// True when the camera already removed the lens distortion from this picture (XMP DewarpFlag = 1),
    /// so that the distortion terms of `dewarp` must not be applied again.
    pub dewarp_applied: Option<bool>,
    /// Focal length in pixels (XMP CalibratedFocalLength).
    pub calibrated_focal_length_px: Option<f64>,
    /// True for a picture that the simulator drew (XMP `flyonce:Simulated="true"`).
    pub simulated: bool,
    /// What was wrong with the file's description, in the order found.
    pub warnings: Vec<MetadataWarning>,
}

/// A moment as the photo states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureTime {
    /// The clock reading.
    pub local: CivilTime,
    /// How far that clock is ahead of UTC, in minutes. `None`: the file does not say, and the caller
    /// must apply the city's zone and tell people that it did.
    pub offset_minutes: Option<i32>,
    /// Which field the time was taken from.
    pub source: CaptureSource,
}

/// A clock reading on the Gregorian calendar; always a date that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CivilTime {
    /// Year, 2000 or later: earlier readings come from clocks that were never set.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
    /// Day of the month, 1 to 31.
    pub day: i8,
    /// Hour, 0 to 23.
    pub hour: i8,
    /// Minute, 0 to 59.
    pub minute: i8,
    /// Second, 0 to 59.
    pub second: i8,
    /// Microseconds, 0 to 999 999.
    pub micros: i32,
}

/// Where a capture time comes from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureSource {
    /// XMP drone-dji:UTCAtExposure: stamped by the shutter, UTC.
    UtcAtExposure,
    /// EXIF DateTimeOriginal with OffsetTimeOriginal.
    ExifWithOffset,
    /// EXIF GPSDateStamp and GPSTimeStamp: UTC, whole seconds on most cameras.
    GpsTime,
    /// EXIF DateTimeOriginal alone: the zone is not stated.
    ExifWithoutZone,
    /// XMP xmp:CreateDate with a time of day.
    XmpCreateDate,
}

/// A position by satellite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gnss {
    /// Degrees, north positive, −90 to 90. WGS-84 (or CGCS2000, which agrees to decimetres).
    pub latitude_deg: f64,
    /// Degrees, east positive, −180 to 180.
    pub longitude_deg: f64,
    /// Metres above the vertical datum that `altitude_type` hints at; XMP AbsoluteAltitude, else EXIF.
    pub absolute_altitude_m: Option<f64>,
    /// XMP AltitudeType as written, e.g. `GpsFusionAlt` or `RtkAlt`.
    pub altitude_type: Option<String>,
    /// Which of the two descriptions the position was taken from.
    pub source: GnssSource,
}

/// Which part of the file a position was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GnssSource {
    /// The EXIF GPS block.
    Exif,
    /// The DJI fields of the XMP packet, preferred when both agree: they carry more digits.
    Xmp,
}

/// Yaw, pitch and roll in degrees, as written by the drone (north-east-down, applied in the order Z, Y, X).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AnglesDeg {
    /// Clockwise from north seen from above, −360 to 360.
    pub yaw: f64,
    /// Up positive, −180 to 180.
    pub pitch: f64,
    /// Right side down positive, −180 to 180.
    pub roll: f64,
}

/// What the RTK receiver says of its own fix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rtk {
    /// DJI's RtkFlag: 0 none, 16 single point, 32 to 49 float, 50 fixed.
    pub flag: Option<u32>,
    /// Standard deviation eastward, metres.
    pub std_lon_m: Option<f64>,
    /// Standard deviation northward, metres.
    pub std_lat_m: Option<f64>,
    /// Standard deviation of the height, metres.
    pub std_hgt_m: Option<f64>,
}

/// DJI's factory calibration: Brown-Conrady terms and focal lengths in pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dewarp {
    /// Day of the calibration as written, e.g. `2022-06-08`.
    pub date: Option<String>,
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point right of the image centre, pixels.
    pub cx: f64,
    /// Principal point below the image centre, pixels.
    pub cy: f64,
    /// Radial term.
    pub k1: f64,
    /// Radial term.
    pub k2: f64,
    /// Tangential term.
    pub p1: f64,
    /// Tangential term.
    pub p2: f64,
    /// Radial term.
    pub k3: f64,
}
