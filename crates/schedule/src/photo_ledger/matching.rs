//! Which planned photo a capture report belongs to, and which capture a file belongs to. By place first, by image
//! number and time where the place leaves a choice, never by order of arrival: one misfire, one lost report or
//! one report too many would shift everything after it.

mod capture;
mod file;
#[cfg(test)]
mod mixed;
#[cfg(test)]
mod samples;
mod shot;

pub use capture::{Assignment, CaptureSeen, IgnoredBecause, assign};
pub use file::{FileMatch, match_file};
pub use shot::{Contradiction, FileSeen, SAME_PLACE_M, ShotFound, ShotSeen, find_shot};
