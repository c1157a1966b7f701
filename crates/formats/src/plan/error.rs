//! What can be wrong with a flight plan, by item and field.

use thiserror::Error;

/// A fault in a flight plan.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// Neither JSON nor a mission text file.
    #[error("line {line}, column {column}: not valid JSON ({reason})")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The reader's own words.
        reason: String,
    },
    /// Far larger than any plan.
    #[error("the file has {bytes} bytes; no flight plan is that large")]
    TooLarge {
        /// Size, bytes.
        bytes: usize,
    },
    /// JSON, but another kind of file.
    #[error("this is not a QGroundControl plan: fileType is {found}, a plan says \"Plan\"")]
    NotAPlan {
        /// What stands there.
        found: String,
    },
    /// A plan of another version.
    #[error("{part}.version is {found}, this program reads version {known}")]
    Version {
        /// `plan`, `mission`, `geoFence`…
        part: String,
        /// What stands there.
        found: String,
        /// What is read.
        known: u32,
    },
    /// A field is missing or of the wrong kind.
    #[error("{origin}: {field} is {found}, expected {expected}")]
    Field {
        /// Item or part of the file.
        origin: String,
        /// The field, such as `params[4]`.
        field: String,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A place that does not exist.
    #[error("{origin}: latitude {latitude_deg}, longitude {longitude_deg} is no place on earth{hint}")]
    NoSuchPlace {
        /// Item or part of the file.
        origin: String,
        /// As written, degrees.
        latitude_deg: f64,
        /// As written, degrees.
        longitude_deg: f64,
        /// What it looks like instead, or empty.
        hint: &'static str,
    },
    /// The two heights of one item differ.
    #[error(
        "{origin}: Altitude is {altitude_m} but params[6] is {param_m}: which height is meant? Save the plan again in the planner"
    )]
    HeightsDisagree {
        /// The item.
        origin: String,
        /// `Altitude`, metres.
        altitude_m: f64,
        /// `params[6]`, metres.
        param_m: f64,
    },
    /// `AltitudeMode` and `frame` of one item differ.
    #[error(
        "{origin}: AltitudeMode {mode} and frame {frame} measure the height from different levels; save the plan again in the planner"
    )]
    LevelsDisagree {
        /// The item.
        origin: String,
        /// `AltitudeMode`.
        mode: u64,
        /// `frame`.
        frame: u8,
    },
    /// A survey, corridor or structure scan without the items the planner generates.
    #[error(
        "{origin} is a {kind} without generated items; open the plan in QGroundControl 4 or later and save it again"
    )]
    NotGenerated {
        /// The item.
        origin: String,
        /// `complexItemType`.
        kind: String,
    },
    /// Nothing to fly.
    #[error("the plan has no mission items")]
    Empty,
    /// More items than any autopilot stores.
    #[error("the plan has more than {most} mission items")]
    TooManyItems {
        /// The limit.
        most: usize,
    },
    /// A line of a mission text file without twelve columns.
    #[error("line {line}: {found} columns, a mission item has 12")]
    Columns {
        /// Line, from 1.
        line: usize,
        /// Number of columns.
        found: usize,
    },
}
