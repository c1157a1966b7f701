//! Reads the EXIF block: camera, lens, clock and the GPS position. The MakerNote is left alone.

use exif::{Exif, In, Reader, Tag, Value};

use super::clock::{self, Clock};
use super::metadata::CivilTime;
use super::warning::Problem;
use super::warnings::{Warnings, quote};

/// What the EXIF block says, each value already believed on its own.
#[derive(Debug, Default)]
pub(super) struct ExifFields {
    pub(super) make: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) orientation: Option<u8>,
    pub(super) focal_length_mm: Option<f64>,
    pub(super) focal_length_35mm: Option<f64>,
    pub(super) digital_zoom_ratio: Option<f64>,
    /// Width and height that the camera noted when it took the picture.
    pub(super) recorded_size_px: Option<[u32; 2]>,
    pub(super) taken: Option<Clock>,
    /// UTC.
    pub(super) gps_time: Option<CivilTime>,
    /// Latitude and longitude, degrees, north and east positive.
    pub(super) position_deg: Option<[f64; 2]>,
    pub(super) altitude_m: Option<f64>,
}

/// Lowest and highest absolute altitude believed, metres: below the Dead Sea's mines to above Everest.
pub(super) const ABSOLUTE_ALTITUDE_M: (f64, f64) = (-500.0, 9000.0);

/// Reads the TIFF structure of an EXIF block. What cannot be read is absent and noted.
pub(super) fn read(tiff: &[u8], warnings: &mut Warnings) -> ExifFields {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let mut damage = None;
    let parsed = reader.read_raw(tiff.to_vec()).or_else(|error| {
        error.distill_partial_result(|errors| damage = errors.first().map(ToString::to_string))
    });
    if let Some(reason) = damage {
        warnings.note("EXIF", Problem::Damaged { reason });
    }
    match parsed {
        Ok(exif) => read_fields(&exif, warnings),
        Err(error) => {
            warnings.note(
                "EXIF",
                Problem::Damaged {
                    reason: error.to_string(),
                },
            );
            ExifFields::default()
        }
    }
}

fn read_fields(exif: &Exif, warnings: &mut Warnings) -> ExifFields {
    ExifFields {
        make: text(exif, Tag::Make),
        model: text(exif, Tag::Model),
        serial: text(exif, Tag::BodySerialNumber),
        orientation: orientation(exif, warnings),
        focal_length_mm: focal_length(exif, warnings),
        // The EXIF standard writes 0 for "unknown" here, and for "not used" in the zoom ratio.
        focal_length_35mm: number(exif, Tag::FocalLengthIn35mmFilm)
            .filter(|&mm| mm != 0.0)
            .and_then(|mm| warnings.within("EXIF FocalLengthIn35mmFilm", mm, 1.0, 5000.0)),
        digital_zoom_ratio: number(exif, Tag::DigitalZoomRatio)
            .filter(|&ratio| ratio != 0.0 && ratio.is_finite())
            .and_then(|ratio| warnings.within("EXIF DigitalZoomRatio", ratio, 0.1, 1000.0)),
        recorded_size_px: recorded_size(exif),
        taken: taken(exif, warnings),
        gps_time: gps_time(exif, warnings),
        position_deg: position(exif, warnings),
        altitude_m: altitude(exif, warnings),
    }
}

fn orientation(exif: &Exif, warnings: &mut Warnings) -> Option<u8> {
    let value = number(exif, Tag::Orientation)?;
    // Some writers put 0 where the standard knows only 1 to 8.
    let value = warnings.within("EXIF Orientation", value, 1.0, 8.0)?;
    (1..=8_u8).find(|&code| f64::from(code) == value)
}

fn focal_length(exif: &Exif, warnings: &mut Warnings) -> Option<f64> {
    let mm = number(exif, Tag::FocalLength)?;
    warnings.within("EXIF FocalLength", mm, 0.1, 5000.0)
}

fn recorded_size(exif: &Exif) -> Option<[u32; 2]> {
    let side = |tag| field(exif, tag)?.get_uint(0).filter(|&px| px > 0);
    Some([side(Tag::PixelXDimension)?, side(Tag::PixelYDimension)?])
}

fn taken(exif: &Exif, warnings: &mut Warnings) -> Option<Clock> {
    let name = "EXIF DateTimeOriginal";
    let written = text(exif, Tag::DateTimeOriginal)?;
    let mut local = clock::parse(name, &written, warnings)?.local;
    if let Some(digits) = text(exif, Tag::SubSecTimeOriginal) {
        match clock::micros_of(&digits) {
            Some(micros) => local.micros = micros,
            None => warnings.unreadable("EXIF SubSecTimeOriginal", &digits, "digits"),
        }
    }
    // The standard writes blanks around the colon for an unknown offset.
    let offset = text(exif, Tag::OffsetTimeOriginal).filter(|offset| offset != ":");
    let offset_minutes = offset.and_then(|offset| {
        clock::parse_offset(&offset).or_else(|| {
            warnings.unreadable("EXIF OffsetTimeOriginal", &offset, "+hh:mm or -hh:mm");
            None
        })
    });
    Some(Clock {
        local,
        offset_minutes,
    })
}

/// GPSDateStamp "YYYY:MM:DD" and GPSTimeStamp, three fractions: hours, minutes, seconds, both UTC.
fn gps_time(exif: &Exif, warnings: &mut Warnings) -> Option<CivilTime> {
    let date = text(exif, Tag::GPSDateStamp)?;
    let name = "EXIF GPSTimeStamp";
    let Some([hour, minute, second]) = three_numbers(exif, Tag::GPSTimeStamp) else {
        warnings.note(
            name,
            Problem::Incomplete {
                missing: "hour, minute or second".to_owned(),
            },
        );
        return None;
    };
    if !(second.is_finite() && (0.0..60.0).contains(&second)) {
        warnings.unreadable(
            name,
            &format!("{hour}:{minute}:{second}"),
            "hours, minutes and seconds",
        );
        return None;
    }
    // Cut off below microseconds: rounding up could reach 60. Text is built to pass through the one place
    // that judges clock readings.
    let second = (second * 1e6).floor() / 1e6;
    let written = format!("{date} {hour:02}:{minute:02}:{second:09.6}");
    Some(clock::parse(name, &written, warnings)?.local)
}

fn position(exif: &Exif, warnings: &mut Warnings) -> Option<[f64; 2]> {
    let has = |tag| field(exif, tag).is_some();
    match (has(Tag::GPSLatitude), has(Tag::GPSLongitude)) {
        (false, false) => return None,
        (true, true) => {}
        (has_latitude, _) => {
            let (field, missing) = match has_latitude {
                true => ("EXIF GPSLatitude", "GPSLongitude"),
                false => ("EXIF GPSLongitude", "GPSLatitude"),
            };
            warnings.note(
                field,
                Problem::Incomplete {
                    missing: missing.to_owned(),
                },
            );
            return None;
        }
    }
    let latitude = angle(exif, &LATITUDE, warnings);
    let longitude = angle(exif, &LONGITUDE, warnings);
    let position = [latitude?, longitude?];
    let usable = has_fix(exif, warnings) & is_on_wgs84(exif, warnings);
    if position == [0.0, 0.0] {
        warnings.note("EXIF GPSLatitude", Problem::NullIsland);
        return None;
    }
    usable.then_some(position)
}

/// GPSStatus V: the receiver had lost its fix and repeats an old position.
fn has_fix(exif: &Exif, warnings: &mut Warnings) -> bool {
    match text(exif, Tag::GPSStatus) {
        Some(status) if status.eq_ignore_ascii_case("V") => {
            warnings.note("EXIF GPSStatus", Problem::NoFix { status });
            false
        }
        _ => true,
    }
}

fn is_on_wgs84(exif: &Exif, warnings: &mut Warnings) -> bool {
    let Some(datum) = text(exif, Tag::GPSMapDatum) else {
        return true;
    };
    let folded: String = datum
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let known = matches!(folded.as_str(), "" | "WGS84" | "CGCS2000");
    if !known {
        warnings.note("EXIF GPSMapDatum", Problem::ForeignDatum { datum: quote(&datum) });
    }
    known
}

struct Axis {
    field: &'static str,
    tag: Tag,
    reference_field: &'static str,
    reference_tag: Tag,
    positive: &'static str,
    negative: &'static str,
    limit_deg: f64,
}

const LATITUDE: Axis = Axis {
    field: "EXIF GPSLatitude",
    tag: Tag::GPSLatitude,
    reference_field: "EXIF GPSLatitudeRef",
    reference_tag: Tag::GPSLatitudeRef,
    positive: "N",
    negative: "S",
    limit_deg: 90.0,
};

const LONGITUDE: Axis = Axis {
    field: "EXIF GPSLongitude",
    tag: Tag::GPSLongitude,
    reference_field: "EXIF GPSLongitudeRef",
    reference_tag: Tag::GPSLongitudeRef,
    positive: "E",
    negative: "W",
    limit_deg: 180.0,
};

/// Degrees, minutes and seconds with the letter of the hemisphere. Without the letter the side is not
/// known, so the value is not used.
fn angle(exif: &Exif, axis: &Axis, warnings: &mut Warnings) -> Option<f64> {
    let Some([degrees, minutes, seconds]) = three_numbers(exif, axis.tag) else {
        warnings.note(
            axis.field,
            Problem::Incomplete {
                missing: "degrees, minutes or seconds".to_owned(),
            },
        );
        return None;
    };
    let Some(letter) = text(exif, axis.reference_tag) else {
        warnings.note(
            axis.field,
            Problem::Incomplete {
                missing: axis.reference_field.to_owned(),
            },
        );
        return None;
    };
    let sign = if letter.eq_ignore_ascii_case(axis.positive) {
        1.0
    } else if letter.eq_ignore_ascii_case(axis.negative) {
        -1.0
    } else {
        let expected = format!("{} or {}", axis.positive, axis.negative);
        warnings.unreadable(axis.reference_field, &letter, &expected);
        return None;
    };
    // Rounding writers produce 60 seconds instead of the next minute.
    warnings.within(axis.field, minutes, 0.0, 60.0)?;
    warnings.within(axis.field, seconds, 0.0, 60.0)?;
    let degrees = degrees + minutes / 60.0 + seconds / 3600.0;
    Some(sign * warnings.within(axis.field, degrees, 0.0, axis.limit_deg)?)
}

/// GPSAltitudeRef 1 (and 3 since EXIF 3.0) counts downwards.
fn altitude(exif: &Exif, warnings: &mut Warnings) -> Option<f64> {
    let metres = number(exif, Tag::GPSAltitude)?;
    let reference = match field(exif, Tag::GPSAltitudeRef) {
        Some(Value::Byte(bytes)) => bytes.first().copied().unwrap_or(0),
        _ => 0,
    };
    let signed_m = if matches!(reference, 1 | 3) {
        -metres
    } else {
        metres
    };
    warnings.within(
        "EXIF GPSAltitude",
        signed_m,
        ABSOLUTE_ALTITUDE_M.0,
        ABSOLUTE_ALTITUDE_M.1,
    )
}

fn field(exif: &Exif, tag: Tag) -> Option<&Value> {
    exif.get_field(tag, In::PRIMARY).map(|field| &field.value)
}

/// Text without the padding that cameras leave behind it; blank text is no text.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = field(exif, tag)? else {
        return None;
    };
    let text = String::from_utf8_lossy(parts.first()?);
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    number_at(field(exif, tag)?, 0)
}

fn three_numbers(exif: &Exif, tag: Tag) -> Option<[f64; 3]> {
    let value = field(exif, tag)?;
    Some([number_at(value, 0)?, number_at(value, 1)?, number_at(value, 2)?])
}

/// A fraction x/0 becomes NaN or infinite and is refused by the range checks.
fn number_at(value: &Value, index: usize) -> Option<f64> {
    match value {
        Value::Rational(list) => list.get(index).map(|fraction| fraction.to_f64()),
        Value::SRational(list) => list.get(index).map(|fraction| fraction.to_f64()),
        Value::Float(list) => list.get(index).map(|&number| f64::from(number)),
        Value::Double(list) => list.get(index).copied(),
        other => other.get_uint(index).map(f64::from),
    }
}
