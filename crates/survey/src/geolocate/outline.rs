//! A box or an outline in the picture on the ground, with the point that stands for it and its ellipse.

use serde::{Deserialize, Serialize};

use super::{GeolocateError, GroundFix};
use crate::geodesy::{LocalTangent, Wgs84};
use crate::pose::Pose;

/// Views flatter than this, as depression of the optical axis, show things by their walls more than their roofs.
const SLANTING_RAD: f64 = 50.0 * std::f64::consts::PI / 180.0;
/// Where the middle of a thing's foot lies in its box in such a view, as a share of the height from the top.
const FOOT_SHARE: f64 = 0.75;

/// A place with an outline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutlineFix {
    /// The point that stands for it, with its covariance.
    pub centre: GroundFix,
    /// The outline's points on the ground, in the order given.
    pub outline: Vec<Wgs84>,
    /// Greatest extent east–west and north–south, m.
    pub extent_m: [f64; 2],
    /// Area, m².
    pub area_m2: f64,
}

/// The pixel of a box (left, top, right, bottom) that stands for what is in it: its middle, and in a view flatter than
/// 50° the point three quarters down.
///
/// A thing that stands up covers its box from the far edge of its roof down to the near foot of its wall. The bottom
/// edge is that near foot, off by half the thing's depth, and is the worst choice in every view; straight down and at
/// 60° the middle comes nearest to the middle of the foot, at 40° the point three quarters down is 7 % nearer
/// (`cargo bench -p benches --bench geolocation` compares the three on the simulator's scenes).
#[must_use]
pub fn pixel_of_box(pose: &Pose, [left, top, right, bottom]: [f64; 4]) -> [f64; 2] {
    let axis_down = pose.attitude.ned_from_camera()[(2, 2)];
    let share = if axis_down < SLANTING_RAD.sin() {
        FOOT_SHARE
    } else {
        0.5
    };
    [(left + right) / 2.0, top + share * (bottom - top)]
}

/// Puts `outline_px` and the pixel that stands for it on the ground by `place`.
///
/// # Errors
/// That of the first point that has no place.
pub fn ground_from_outline(
    centre_px: [f64; 2],
    outline_px: &[[f64; 2]],
    place: impl Fn([f64; 2]) -> Result<GroundFix, GeolocateError>,
) -> Result<OutlineFix, GeolocateError> {
    let centre = place(centre_px)?;
    let plane = LocalTangent::at(centre.position);
    let outline = outline_px
        .iter()
        .map(|pixel| place(*pixel).map(|fix| fix.position))
        .collect::<Result<Vec<Wgs84>, _>>()?;
    let offsets: Vec<[f64; 2]> = outline.iter().map(|point| plane.enu_from_wgs84(*point)).collect();
    let extent = |axis: usize| {
        let low = offsets
            .iter()
            .map(|point| point[axis])
            .fold(f64::INFINITY, f64::min);
        let high = offsets
            .iter()
            .map(|point| point[axis])
            .fold(f64::NEG_INFINITY, f64::max);
        (high - low).max(0.0)
    };
    let doubled: f64 = (0..offsets.len())
        .map(|at| {
            let (a, b) = (offsets[at], offsets[(at + 1) % offsets.len()]);
            a[0] * b[1] - b[0] * a[1]
        })
        .sum();
    Ok(OutlineFix {
        extent_m: [extent(0), extent(1)],
        area_m2: doubled.abs() / 2.0,
        centre,
        outline,
    })
}

/// Left, top, right, bottom of an outline.
#[must_use]
pub fn bounds(outline_px: &[[f64; 2]]) -> [f64; 4] {
    outline_px.iter().fold(
        [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        |[left, top, right, bottom], [x, y]| [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)],
    )
}
