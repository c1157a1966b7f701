//! Which ground point a pixel shows, and how sure that is: the pixel's ray meets the ground, flat or sloping, and the
//! pose's sigmas are carried through to an error ellipse.

use nalgebra::{Matrix2, Matrix3, Vector2, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::{CameraError, CameraModel};
use crate::geodesy::{LocalTangent, Wgs84};
use crate::pose::Pose;

mod ellipse;
mod outline;
#[cfg(test)]
mod tests;

pub use ellipse::ErrorEllipse;
pub use outline::{BasePixel, OutlineFix, bounds, ground_from_outline, pixel_of_box};

/// Flattest ray that is still given a place: 5° below the horizon. There 1° of tilt already moves the point
/// by a fifth of its distance, and an ellipse no longer describes the error.
pub const SMALLEST_DEPRESSION_RAD: f64 = 5.0 * std::f64::consts::PI / 180.0;
/// One standard deviation of where in the picture a thing is taken to stand, px.
pub const CLICK_SIGMA_PX: f64 = 2.0;

/// Why a pixel has no place on the ground.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GeolocateError {
    /// The pixel is not on the image.
    #[error("pixel ({x_px:.1}, {y_px:.1}) lies outside the image of {width_px} × {height_px}")]
    OutsideImage {
        /// Pixels.
        x_px: f64,
        /// Pixels.
        y_px: f64,
        /// Image width.
        width_px: u32,
        /// Image height.
        height_px: u32,
    },
    /// The pixel shows the sky.
    #[error("the pixel looks at the sky, {elevation_deg:.1}° above the horizon")]
    AboveHorizon {
        /// Degrees above the horizon.
        elevation_deg: f64,
    },
    /// The pixel looks at the ground so flatly that its place would mean nothing.
    #[error(
        "the pixel looks only {depression_deg:.1}° below the horizon; too flat for a place on the ground"
    )]
    Grazing {
        /// Degrees below the horizon.
        depression_deg: f64,
    },
    /// The camera is not above the ground.
    #[error("the camera is {altitude_agl_m} m above ground")]
    NotAboveGround {
        /// m.
        altitude_agl_m: f64,
    },
    /// The ground falls away from the ray as steeply as the ray itself, or more.
    #[error("the ground there slopes away as steeply as the ray goes down; no place can be computed")]
    AlongTheSlope,
    /// The height model has nothing where the ray comes down.
    #[error(
        "the height model has no height {away_m:.0} m from the camera, where the ray would meet the ground"
    )]
    NoHeightThere {
        /// Distance from the camera's foot, m.
        away_m: f64,
    },
    /// Position, attitude or a sigma is not a usable number.
    #[error("the pose is not usable: {field} is not a valid number")]
    BadPose {
        /// Which part.
        field: &'static str,
    },
    /// The lens model fails at the pixel.
    #[error(transparent)]
    Camera(#[from] CameraError),
}

/// A pixel's place on the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroundFix {
    /// The place.
    pub position: Wgs84,
    /// East and north of the camera, m.
    pub offset_enu_m: [f64; 2],
    /// Covariance of east and north, m².
    pub covariance_m2: [[f64; 2]; 2],
    /// Distance from the camera, m.
    pub slant_range_m: f64,
    /// How steeply the ray goes down: π/2 at nadir.
    pub depression_rad: f64,
    /// Ground sampling distance at this pixel, cm: side of the square with the area one pixel covers.
    pub gsd_cm: f64,
}

/// The ground around the place looked at: a plane below the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundPlane {
    /// Height of the camera above the plane, straight down, m.
    pub depth_m: f64,
    /// Rise of the plane eastward and northward, m per m.
    pub slope: [f64; 2],
}

impl GroundPlane {
    /// Level ground.
    #[must_use]
    pub fn level(depth_m: f64) -> Self {
        Self {
            depth_m,
            slope: [0.0; 2],
        }
    }

    /// How fast a line of sight (north, east, down) nears the plane.
    fn fall(&self, sight: &Vector3<f64>) -> f64 {
        sight.z + self.slope[0] * sight.y + self.slope[1] * sight.x
    }

    /// East and north where it meets the plane.
    fn offset(&self, sight: &Vector3<f64>) -> Vector2<f64> {
        Vector2::new(sight.y, sight.x) * (self.depth_m / self.fall(sight))
    }
}

/// The ground point a pixel shows, pixels from the top left corner of the image, the ground taken as level at the
/// pose's height above ground.
///
/// The covariance is J·Σ·Jᵀ, J by central differences one sigma wide, over: camera east, north, height; tilts
/// about the camera's right and down axes; yaw about the vertical (exactly, for any sigma); roll about the optical
/// axis by the tilt sigma times the cosine of the axis' depression (at nadir that turn *is* yaw and already
/// counted); focal length; and [`CLICK_SIGMA_PX`]. Rotations are small rotation vectors: Euler angles are degenerate
/// at nadir.
///
/// # Errors
/// Any [`GeolocateError`].
pub fn ground_from_pixel(
    pose: &Pose,
    camera: &CameraModel,
    pixel: [f64; 2],
) -> Result<GroundFix, GeolocateError> {
    ground_on_plane(pose, camera, pixel, &GroundPlane::level(pose.altitude_agl_m.0))
}

/// The same on a plane that may slope; on it an error of the camera's place moves the point up or down the slope too.
///
/// # Errors
/// Any [`GeolocateError`].
pub fn ground_on_plane(
    pose: &Pose,
    camera: &CameraModel,
    pixel: [f64; 2],
    plane: &GroundPlane,
) -> Result<GroundFix, GeolocateError> {
    let sight = sight_of(pose, camera, pixel)?;
    let ned_from_camera = pose.attitude.ned_from_camera();
    let depression_rad = (sight.z / sight.norm()).asin();
    // Ground that slopes away is met later; nearly along it nothing can be said.
    if plane.fall(&sight) < SMALLEST_DEPRESSION_RAD.sin() * sight.norm() / 2.0 || plane.depth_m <= 0.0 {
        return Err(GeolocateError::AlongTheSlope);
    }
    let offset = plane.offset(&sight);
    let clicks = click_columns(camera, pixel, &ned_from_camera, plane)?;
    let covariance = covariance(pose, camera, (&ned_from_camera, &sight), plane)
        + clicks * clicks.transpose() * CLICK_SIGMA_PX.powi(2);
    Ok(GroundFix {
        position: LocalTangent::at(pose.position).wgs84_from_enu(offset.x, offset.y),
        offset_enu_m: offset.into(),
        covariance_m2: [
            [covariance[(0, 0)], covariance[(0, 1)]],
            [covariance[(1, 0)], covariance[(1, 1)]],
        ],
        slant_range_m: plane.depth_m / plane.fall(&sight) * sight.norm(),
        depression_rad,
        gsd_cm: clicks.determinant().abs().sqrt() * 100.0,
    })
}

/// The line of sight of a pixel that looks down steeply enough: north, east, down, of any length.
pub(crate) fn sight_of(
    pose: &Pose,
    camera: &CameraModel,
    pixel: [f64; 2],
) -> Result<Vector3<f64>, GeolocateError> {
    check_pose(pose)?;
    if !camera.contains(pixel) {
        let [x_px, y_px] = pixel;
        let (width_px, height_px) = (camera.width_px, camera.height_px);
        return Err(GeolocateError::OutsideImage {
            x_px,
            y_px,
            width_px,
            height_px,
        });
    }
    let sight = pose.attitude.ned_from_camera() * Vector3::from(camera.ray_from_pixel(pixel)?);
    let depression_rad = (sight.z / sight.norm()).asin();
    if depression_rad <= 0.0 {
        return Err(GeolocateError::AboveHorizon {
            elevation_deg: -depression_rad.to_degrees(),
        });
    }
    if depression_rad < SMALLEST_DEPRESSION_RAD {
        return Err(GeolocateError::Grazing {
            depression_deg: depression_rad.to_degrees(),
        });
    }
    Ok(sight)
}

/// The pixel that shows a ground point, or `None` when the photo does not show it. The exact inverse of
/// [`ground_from_pixel`], without its limit on flat rays.
#[must_use]
pub fn pixel_from_ground(pose: &Pose, camera: &CameraModel, ground: Wgs84) -> Option<[f64; 2]> {
    pixel_from_offset(
        pose,
        camera,
        LocalTangent::at(pose.position).enu_from_wgs84(ground),
    )
}

/// The pixel that shows the ground `[east, north]` of the camera's foot, m; see [`pixel_from_ground`].
#[must_use]
pub fn pixel_from_offset(pose: &Pose, camera: &CameraModel, [east_m, north_m]: [f64; 2]) -> Option<[f64; 2]> {
    check_pose(pose).ok()?;
    let sight = Vector3::new(north_m, east_m, pose.altitude_agl_m.0);
    let ray = pose.attitude.ned_from_camera().transpose() * sight;
    let pixel = camera.pixel_from_ray(ray.into())?;
    camera.contains(pixel).then_some(pixel)
}

/// Checks everything about a pose that later arithmetic relies on.
pub(crate) fn check_pose(pose: &Pose) -> Result<(), GeolocateError> {
    let attitude = pose.attitude;
    if ![attitude.yaw_rad, attitude.pitch_rad, attitude.roll_rad]
        .iter()
        .all(|angle| angle.is_finite())
    {
        return Err(GeolocateError::BadPose { field: "attitude" });
    }
    if !pose.sigmas.are_usable() {
        return Err(GeolocateError::BadPose { field: "a sigma" });
    }
    if Wgs84::new(pose.position.latitude_deg, pose.position.longitude_deg).is_err() {
        return Err(GeolocateError::BadPose { field: "position" });
    }
    let altitude_agl_m = pose.altitude_agl_m.0;
    if !(altitude_agl_m.is_finite() && altitude_agl_m > 0.0) {
        return Err(GeolocateError::NotAboveGround { altitude_agl_m });
    }
    Ok(())
}

/// ∂(east, north)/∂(x, y) in m per pixel.
fn click_columns(
    camera: &CameraModel,
    pixel: [f64; 2],
    ned_from_camera: &Matrix3<f64>,
    plane: &GroundPlane,
) -> Result<Matrix2<f64>, GeolocateError> {
    let at = |x: f64, y: f64| -> Result<Vector2<f64>, GeolocateError> {
        let ray = Vector3::from(camera.ray_from_pixel([pixel[0] + x, pixel[1] + y])?);
        Ok(plane.offset(&(ned_from_camera * ray)))
    };
    Ok(Matrix2::from_columns(&[
        at(0.5, 0.0)? - at(-0.5, 0.0)?,
        at(0.0, 0.5)? - at(0.0, -0.5)?,
    ]))
}

/// Covariance of (east, north) from everything but the click.
fn covariance(
    pose: &Pose,
    camera: &CameraModel,
    (ned_from_camera, sight): (&Matrix3<f64>, &Vector3<f64>),
    plane: &GroundPlane,
) -> Matrix2<f64> {
    let sigmas = &pose.sigmas;
    let axis = ned_from_camera.column(2).into_owned();
    let level = (1.0 - axis.z * axis.z).max(0.0).sqrt();
    let turn = |about: Vector3<f64>, sigma: f64| about.cross(sight) * sigma;
    let ray = ned_from_camera.transpose() * sight;
    let focal_step = ned_from_camera * Vector3::new(-ray.x, -ray.y, 0.0) * camera.focal_sigma_rel;
    let steps = [
        turn(ned_from_camera.column(0).into_owned(), sigmas.tilt_rad),
        turn(ned_from_camera.column(1).into_owned(), sigmas.tilt_rad),
        turn(axis, sigmas.tilt_rad * level),
        focal_step,
    ];
    // A camera that stands a metre higher above the plane moves the point by this; a camera further east stands
    // higher or lower above a slope, too.
    let per_height = Vector2::new(sight.y, sight.x) / plane.fall(sight);
    let east = Vector2::new(1.0, 0.0) - per_height * plane.slope[0];
    let north = Vector2::new(0.0, 1.0) - per_height * plane.slope[1];
    let mut sum = yaw_covariance(plane.offset(sight), sigmas.yaw_rad);
    for column in [
        east * sigmas.east_m,
        north * sigmas.north_m,
        per_height * sigmas.height_m,
    ] {
        sum += column * column.transpose();
    }
    for step in steps {
        let column = (plane.offset(&(sight + step)) - plane.offset(&(sight - step))) / 2.0;
        sum += column * column.transpose();
    }
    sum
}

/// Second moment about the place of a yaw that errs by N(0, σ²), exact for any σ, so that it also holds for a yaw
/// that is not known at all: across the line from the camera's foot `r²·E[sin²φ] = r²(1 − e^(−2σ²))/2`, along it
/// `r²·E[(1 − cosφ)²] = r²((3 + e^(−2σ²))/2 − 2e^(−σ²/2))`; for small σ that is `r²σ²` and nothing. A slope bends the
/// circle a little, which is left out.
fn yaw_covariance(along: Vector2<f64>, yaw_rad: f64) -> Matrix2<f64> {
    let (single, double) = ((-yaw_rad * yaw_rad / 2.0).exp(), (-2.0 * yaw_rad * yaw_rad).exp());
    let across = Vector2::new(-along.y, along.x);
    along * along.transpose() * ((3.0 + double) / 2.0 - 2.0 * single)
        + across * across.transpose() * ((1.0 - double) / 2.0)
}
