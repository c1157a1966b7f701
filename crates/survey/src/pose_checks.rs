//! Whether the poses that a flight's photos state fit together: yaw beside the track and what the pictures show,
//! positions beside speed, heights beside each other. A stored pose is believed until something speaks against it;
//! what speaks against it is named, and only what two sources agree on is corrected.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::geodesy::Wgs84;
use crate::pose::{Attitude, PoseSigmas};
use crate::time::UtcMicros;

mod jumps;
mod pairs;
mod strips;
#[cfg(test)]
mod tests;
mod yaw;

pub use jumps::check_times;
pub use pairs::{MOST_PAIRS, PicturePair, first_pairs, pairs_to_compare};
pub use strips::{Group, groups};
pub use yaw::{PairEvidence, is_settled, judge};

/// What one photo says of itself, as far as checking needs it. A flight is a slice of these in the order of capture.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedPose {
    /// Where the camera was.
    pub position: Wgs84,
    /// Height above the take-off point, m.
    pub above_takeoff_m: f64,
    /// Height above the file's vertical datum, m.
    pub absolute_altitude_m: Option<f64>,
    /// How the camera was turned.
    pub attitude: Attitude,
    /// Yaw of the airframe, clockwise from north, rad.
    pub airframe_yaw_rad: Option<f64>,
    /// When it was taken.
    pub captured_at: Option<UtcMicros>,
    /// How sure position and attitude are.
    pub sigmas: PoseSigmas,
    /// Ground across the picture's width and height, m, as if looking straight down.
    pub shown_m: [f64; 2],
}

/// Something about a stated pose that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum PoseFinding {
    /// The stored yaw is about half a turn off: neighbouring pictures fit only when it is turned. Corrected.
    YawReversed {
        /// What the pictures say has to be added, degrees clockwise; half a turn is added.
        measured_deg: f64,
        /// Pairs of pictures that say so.
        pairs: u32,
        /// Pairs of pictures that say otherwise.
        against: u32,
    },
    /// All yaws of the flight are off by the same angle (magnetic instead of true north, a badly set compass):
    /// pictures and track say so together. Corrected.
    YawOffset {
        /// Added to the stored yaw, degrees clockwise.
        added_deg: f64,
        /// One standard deviation of that, degrees.
        sigma_deg: f64,
        /// Pairs of pictures it rests on.
        pairs: u32,
    },
    /// The stored yaw points away from the track, or pictures and track contradict each other, and nothing
    /// settles it: the direction is taken as not known.
    YawDoubtful {
        /// Stored yaw minus track, degrees, −180 to 180.
        from_track_deg: f64,
    },
    /// The stored yaw points away from the track, and the pictures say that it is right: the drone flew backwards
    /// or sideways.
    FliesBackwards {
        /// Stored yaw minus track, degrees, −180 to 180.
        from_track_deg: f64,
        /// Pairs of pictures that say so.
        pairs: u32,
    },
    /// The yaw differs from those of the neighbours in the same strip.
    YawOutlier {
        /// From the strip's median, degrees.
        from_strip_deg: f64,
    },
    /// The photo's position lies off the line of its neighbours, further than any speed allows.
    PositionJump {
        /// Speed it would take, m/s.
        speed_m_s: f64,
        /// From the line between the neighbours, m.
        off_line_m: f64,
    },
    /// The very same position as the photo before, while the drone was moving: the receiver had stopped.
    PositionFrozen {
        /// How far the drone moved meanwhile at the speed of its strip, m.
        missed_m: f64,
    },
    /// Height above take-off changes faster than a drone climbs.
    HeightJump {
        /// From the neighbours' mean, m.
        off_m: f64,
    },
    /// Absolute minus relative altitude, the height of the take-off point, is not that of the rest of the flight.
    TakeoffHeightDiffers {
        /// From the flight's median, m.
        off_m: f64,
    },
    /// Taken earlier than the photo that comes before it by name.
    TimeOrder {
        /// How much earlier, s.
        earlier_s: f64,
    },
    /// Distances in the pictures do not fit those between the positions: the ground lies higher or lower than taken.
    HeightScale {
        /// Height above the ground that fits the pictures over the height used.
        ratio: f64,
        /// One standard deviation of that.
        sigma: f64,
    },
    /// The height of the take-off point by the photos is not the terrain's: most likely two vertical datums.
    VerticalDatum {
        /// By the photos minus by the height model, m.
        off_m: f64,
    },
}

impl PoseFinding {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::YawReversed { .. } => "yaw_reversed",
            Self::YawOffset { .. } => "yaw_offset",
            Self::YawDoubtful { .. } => "yaw_doubtful",
            Self::FliesBackwards { .. } => "flies_backwards",
            Self::YawOutlier { .. } => "yaw_outlier",
            Self::PositionJump { .. } => "position_jump",
            Self::PositionFrozen { .. } => "position_frozen",
            Self::HeightJump { .. } => "height_jump",
            Self::TakeoffHeightDiffers { .. } => "takeoff_height_differs",
            Self::TimeOrder { .. } => "time_order",
            Self::HeightScale { .. } => "height_scale",
            Self::VerticalDatum { .. } => "vertical_datum",
        }
    }

    /// Whether it changes how far the pose is trusted; the others are only told.
    #[must_use]
    pub fn is_doubt(&self) -> bool {
        !matches!(
            self,
            Self::FliesBackwards { .. } | Self::TimeOrder { .. } | Self::YawOffset { .. }
        )
    }

    /// Attitude and sigmas with this taken into account.
    #[must_use]
    pub fn applied(&self, (mut attitude, mut sigmas): (Attitude, PoseSigmas)) -> (Attitude, PoseSigmas) {
        match *self {
            Self::YawReversed { .. } => {
                attitude.yaw_rad = half_turn(attitude.yaw_rad + PI);
                sigmas.yaw_rad = sigmas.yaw_rad.hypot(CORRECTED_YAW_SIGMA_RAD);
            }
            Self::YawOffset {
                added_deg, sigma_deg, ..
            } => {
                attitude.yaw_rad = half_turn(attitude.yaw_rad + added_deg.to_radians());
                sigmas.yaw_rad = sigmas.yaw_rad.hypot(sigma_deg.to_radians());
            }
            Self::YawDoubtful { .. } => sigmas.yaw_rad = PI,
            Self::YawOutlier { from_strip_deg } => {
                sigmas.yaw_rad = sigmas.yaw_rad.hypot(from_strip_deg.to_radians());
            }
            Self::PositionJump { off_line_m, .. } => widen(&mut sigmas, off_line_m),
            Self::PositionFrozen { missed_m } => widen(&mut sigmas, missed_m),
            Self::HeightJump { off_m } | Self::TakeoffHeightDiffers { off_m } => {
                sigmas.height_m = sigmas.height_m.hypot(off_m);
            }
            Self::HeightScale { .. }
            | Self::VerticalDatum { .. }
            | Self::FliesBackwards { .. }
            | Self::TimeOrder { .. } => {}
        }
        (attitude, sigmas)
    }
}

/// What is added (in squares) to the yaw sigma of a yaw that was turned round: whatever turned it may have done more.
const CORRECTED_YAW_SIGMA_RAD: f64 = 3.0 * PI / 180.0;

fn widen(sigmas: &mut PoseSigmas, by_m: f64) {
    sigmas.east_m = sigmas.east_m.hypot(by_m);
    sigmas.north_m = sigmas.north_m.hypot(by_m);
}

/// A pause longer than this ends a flight, s.
const LONGEST_PAUSE_S: f64 = 600.0;

/// The flights among the photos of one camera and day, split where more than ten minutes lie between two.
#[must_use]
pub fn flights(photos: &[StatedPose]) -> Vec<std::ops::Range<usize>> {
    let pause = |at: &usize| {
        let [Some(before), Some(after)] = [photos[at - 1].captured_at, photos[*at].captured_at] else {
            return false;
        };
        (after.0 - before.0).abs() as f64 / 1e6 > LONGEST_PAUSE_S
    };
    let starts: Vec<usize> = (1..photos.len()).filter(pause).collect();
    let ends = starts.iter().copied().chain([photos.len()]);
    [0].into_iter()
        .chain(starts.iter().copied())
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// What positions and heights say, per photo in the order given. Yaw against the track is not judged
/// here: see [`judge`].
#[must_use]
pub fn check_track(photos: &[StatedPose]) -> Vec<Vec<PoseFinding>> {
    let mut findings = vec![Vec::new(); photos.len()];
    jumps::positions(photos, &mut findings);
    jumps::heights(photos, &mut findings);
    for group in groups(photos) {
        strips::outliers(photos, &group, &mut findings);
    }
    findings
}

/// An angle in (−π, π].
#[must_use]
pub fn half_turn(angle_rad: f64) -> f64 {
    let turned = angle_rad.rem_euclid(2.0 * PI);
    if turned > PI { turned - 2.0 * PI } else { turned }
}

/// Direction of the mean of unit vectors, rad.
fn circular_mean(angles: impl Iterator<Item = f64>) -> f64 {
    let (sin, cos) = angles.fold((0.0, 0.0), |(sin, cos), angle: f64| {
        (sin + angle.sin(), cos + angle.cos())
    });
    sin.atan2(cos)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
