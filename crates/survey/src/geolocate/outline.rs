//! A box or an outline in the picture on the ground, with the point that stands for it and its ellipse.

use nalgebra::{Vector2, Vector3};
use serde::{Deserialize, Serialize};

use super::{GeolocateError, GroundFix};
use crate::camera::CameraModel;
use crate::geodesy::{LocalTangent, Wgs84};
use crate::pose::Pose;

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

/// The pixel that stands for a thing in a box, and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BasePixel {
    /// Where the middle of the thing's foot is taken to be.
    pub pixel: [f64; 2],
    /// One standard deviation of that, along the line in which upright things lean in the picture, px.
    pub sigma_px: [f64; 2],
}

/// The pixel of a box (left, top, right, bottom) that stands for what is in it: the middle of its foot.
///
/// A thing of depth d and height h seen at a depression of which the cotangent is c covers d + h·c of the ground along
/// the line of sight: its foot, then its walls leaning away. The middle of the foot is h·c/2 nearer than the middle
/// of the box. Of a thing nobody knows, h is taken as anything from nothing to as tall as it is deep, so that of the
/// box's length E along the lean the wall's part L = h·c is uniform in [0, E·c/(1 + c)]: the foot is L/2, on average
/// E·c/(4 + 4c), nearer, with a standard deviation of E·c/((1 + c)·√48). Straight down that is the middle of the box
/// and certain, at the horizon three quarters down. The lean points away from the image of the point below the camera.
#[must_use]
pub fn pixel_of_box(pose: &Pose, camera: &CameraModel, [left, top, right, bottom]: [f64; 4]) -> BasePixel {
    let middle = [(left + right) / 2.0, (top + bottom) / 2.0];
    let certain = BasePixel {
        pixel: middle,
        sigma_px: [0.0; 2],
    };
    let Ok(ray) = camera.ray_from_pixel(middle) else {
        return certain;
    };
    let ray = Vector3::from(ray);
    let down = pose.attitude.ned_from_camera().transpose() * Vector3::z();
    // How the pixel moves as the ray is bent downwards; the lens' distortion turns that by less than matters.
    let towards_foot = Vector2::new(down.x * ray.z - ray.x * down.z, down.y * ray.z - ray.y * down.z);
    let sine = (down.dot(&ray) / ray.norm()).clamp(0.0, 1.0);
    let leaning = (1.0 - sine * sine).sqrt();
    let Some(direction) = towards_foot.try_normalize(1e-9) else {
        return certain;
    };
    // The box's length along the lean, through its middle.
    let length_px = f64::min(
        (right - left) / direction.x.abs().max(1e-9),
        (bottom - top) / direction.y.abs().max(1e-9),
    );
    let longest_wall_px = direction * length_px * (leaning / (sine + leaning));
    BasePixel {
        pixel: [
            middle[0] + longest_wall_px.x / 4.0,
            middle[1] + longest_wall_px.y / 4.0,
        ],
        sigma_px: (longest_wall_px / 48.0_f64.sqrt()).into(),
    }
}

/// Puts `outline_px` and the pixel that stands for it on the ground by `place`; the covariance of its place counts that
/// pixel's own uncertainty too.
///
/// # Errors
/// That of the first point that has no place.
pub fn ground_from_outline(
    base: &BasePixel,
    outline_px: &[[f64; 2]],
    place: impl Fn([f64; 2]) -> Result<GroundFix, GeolocateError>,
) -> Result<OutlineFix, GeolocateError> {
    let mut centre = place(base.pixel)?;
    widen(&mut centre, base, &place)?;
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

/// Adds what the pixel's own uncertainty makes on the ground.
fn widen(
    centre: &mut GroundFix,
    base: &BasePixel,
    place: impl Fn([f64; 2]) -> Result<GroundFix, GeolocateError>,
) -> Result<(), GeolocateError> {
    let [x, y] = base.pixel;
    let [sigma_x, sigma_y] = base.sigma_px;
    if sigma_x == 0.0 && sigma_y == 0.0 {
        return Ok(());
    }
    let [near, far] = [1.0, -1.0].map(|sign| place([x + sign * sigma_x, y + sign * sigma_y]));
    let (near, far) = (near?.offset_enu_m, far?.offset_enu_m);
    let step = [(near[0] - far[0]) / 2.0, (near[1] - far[1]) / 2.0];
    for (row, sums) in centre.covariance_m2.iter_mut().enumerate() {
        for (column, sum) in sums.iter_mut().enumerate() {
            *sum += step[row] * step[column];
        }
    }
    Ok(())
}

/// Left, top, right, bottom of an outline.
#[must_use]
pub fn bounds(outline_px: &[[f64; 2]]) -> [f64; 4] {
    outline_px.iter().fold(
        [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        |[left, top, right, bottom], [x, y]| [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)],
    )
}
