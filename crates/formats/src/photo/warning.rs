//! Why a value of a photo's description is not used, and why a file is no photo at all.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One value of the photo's description that is missing or not to be trusted.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize)]
#[error("{field}: {problem}")]
pub struct MetadataWarning {
    /// The field as the format calls it, e.g. `EXIF GPSLatitude` or `XMP GimbalPitchDegree`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a value. `Display` gives an English sentence; the variant tells which one to
/// show in another language.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// The file has no such block.
    #[error("no EXIF: the file does not say when, where or with what it was taken")]
    NoExif,
    /// The block is there but part of it cannot be read.
    #[error("damaged, read as far as possible ({reason})")]
    Damaged {
        /// The reader's own words.
        reason: String,
    },
    /// A fraction with zero below the line.
    #[error("{value} is not a number")]
    NotANumber {
        /// The value as written.
        value: String,
    },
    /// A number outside what is possible.
    #[error("{value} is outside {low} to {high}")]
    OutOfRange {
        /// The value read.
        value: f64,
        /// Smallest value believed.
        low: f64,
        /// Largest value believed.
        high: f64,
    },
    /// Text that does not have the expected form.
    #[error("cannot read {value:?}, expected {expected}")]
    Unreadable {
        /// The text as written, shortened.
        value: String,
        /// The form expected.
        expected: String,
    },
    /// Part of a group is there, part is not.
    #[error("incomplete: {missing} is missing")]
    Incomplete {
        /// The missing field.
        missing: String,
    },
    /// The field stands in the file more than once, with different values.
    #[error("stated twice, as {first:?} and as {second:?}")]
    StatedTwice {
        /// One value.
        first: String,
        /// Another.
        second: String,
    },
    /// Latitude and longitude are both exactly zero: a receiver without a fix.
    #[error("0, 0 is no position but a receiver without a fix")]
    NullIsland,
    /// The receiver itself marks the position as not valid.
    #[error("the receiver marks the position as not valid ({status})")]
    NoFix {
        /// The status as written.
        status: String,
    },
    /// A position on a datum that this program does not convert.
    #[error("position is on the datum {datum:?}, only WGS-84 and CGCS2000 are read")]
    ForeignDatum {
        /// The datum as written.
        datum: String,
    },
    /// EXIF and XMP place the photo at different spots.
    #[error("EXIF and XMP positions differ by {distance_m:.0} m")]
    PositionsDiffer {
        /// Distance between them in metres.
        distance_m: f64,
    },
    /// EXIF and XMP give the same figures on different hemispheres.
    #[error("EXIF and XMP give the same figures on different hemispheres")]
    HemispheresDiffer,
    /// Two clocks of the same file disagree.
    #[error("{other} differs by {difference_s} s")]
    TimesDiffer {
        /// The other field.
        other: String,
        /// Absolute difference in seconds.
        difference_s: i64,
    },
    /// Figures in pixels that belong to the picture before it was resized or cropped.
    #[error(
        "belongs to the original of {} × {} pixels, this copy has {} × {}",
        recorded_px[0], recorded_px[1], now_px[0], now_px[1]
    )]
    Resized {
        /// Width and height that the camera noted.
        recorded_px: [u32; 2],
        /// Width and height of the file.
        now_px: [u32; 2],
    },
    /// A clock that was never set.
    #[error("{value:?} is from a clock that was not set")]
    ClockNotSet {
        /// The time as written.
        value: String,
    },
}

/// Why a file cannot be taken in as a photo.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhotoError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The file does not start like a JPEG.
    #[error("not a JPEG photo: {found}")]
    NotJpeg {
        /// What the first bytes look like.
        found: &'static str,
    },
    /// The file ends before the picture's size is known.
    #[error("the photo breaks off after {size_bytes} bytes, before its width and height: copy it again")]
    Truncated {
        /// Length of the file.
        size_bytes: usize,
    },
    /// The headers are complete but give no usable width and height.
    #[error("the JPEG header at byte {offset} gives no usable width and height")]
    NoSize {
        /// Where the header stands.
        offset: usize,
    },
    /// The header of the JPEG is not built as the standard says.
    #[error("the JPEG header is damaged at byte {offset}")]
    DamagedHeader {
        /// Where reading stopped.
        offset: usize,
    },
}
