//! What can be wrong with a GeoJSON file, with the line or the path of the fault.

use thiserror::Error;

/// A fault in a GeoJSON file, or in values that should become one. `path` is written as in
/// `features[3].geometry.coordinates[0][2]`, counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GeoJsonError {
    /// Not JSON.
    #[error("line {line}, column {column}: not valid JSON ({reason})")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The reader's own words.
        reason: String,
    },
    /// Bytes that are no text.
    #[error("the file is no text: neither UTF-8, which GeoJSON has to be, nor UTF-16 nor GB18030")]
    NoText,
    /// JSON, but not built as GeoJSON.
    #[error("{path}: expected {expected}, found {found}")]
    Unexpected {
        /// Where.
        path: String,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A ring with too few points.
    #[error(
        "{path}: a ring needs at least 3 different positions and the first repeated at the end, found {found} in all"
    )]
    RingTooShort {
        /// Where.
        path: String,
        /// Number of positions.
        found: usize,
    },
    /// A longitude or latitude that does not exist.
    #[error("{path}: longitude {longitude_deg}, latitude {latitude_deg} is no place on earth{hint}")]
    NoSuchPlace {
        /// Where.
        path: String,
        /// First number of the position.
        longitude_deg: f64,
        /// Second number of the position.
        latitude_deg: f64,
        /// What it looks like instead, or empty.
        hint: &'static str,
    },
    /// A datum or coordinate system that this program does not convert.
    #[error(
        "{path}: {name:?} is not a datum this program converts (WGS-84, CGCS2000, GCJ-02, EPSG codes of UTM and Gauss-Krueger)"
    )]
    UnknownDatum {
        /// Where.
        path: String,
        /// As written.
        name: String,
    },
    /// Two parts of the file name different datums.
    #[error("{path}: the file declares {first} and {second}: which one holds?")]
    DatumsDisagree {
        /// Where the second declaration stands.
        path: String,
        /// First declaration.
        first: String,
        /// Second declaration.
        second: String,
    },
    /// A line with too few points.
    #[error("{path}: a line needs at least 2 positions, found {found}")]
    LineTooShort {
        /// Where.
        path: String,
        /// Number of positions.
        found: usize,
    },
    /// Readable, but without any geometry.
    #[error("the file holds no geometry")]
    NoFeature,
}
