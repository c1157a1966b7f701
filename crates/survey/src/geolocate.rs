//! Which ground point a pixel shows, and how sure that is: the pixel's ray meets flat ground, and the pose's
//! sigmas are carried through to an error ellipse.

use nalgebra::{Matrix2, Matrix3, SymmetricEigen, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::{CameraError, CameraModel};
use crate::geodesy::{LocalTangent, Wgs84};
use crate::pose::Pose;

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

/// The ground point a pixel shows, pixels from the top left corner of the image.
///
/// The covariance is J·Σ·Jᵀ, J by central differences one sigma wide, over: camera east, north, height; tilts
/// about the camera's right and down axes; yaw about the vertical (exactly, for any sigma); roll about the optical axis by the tilt
/// sigma times the cosine of the axis' depression (at nadir that turn *is* yaw and already counted); focal
/// length; and [`CLICK_SIGMA_PX`]. Rotations are small rotation vectors: Euler angles are degenerate at nadir.
///
/// # Errors
/// Any [`GeolocateError`].
pub fn ground_from_pixel(
    pose: &Pose,
    camera: &CameraModel,
    pixel: [f64; 2],
) -> Result<GroundFix, GeolocateError> {
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
    let ned_from_camera = pose.attitude.ned_from_camera();
    let ray = Vector3::from(camera.ray_from_pixel(pixel)?);
    let sight = ned_from_camera * ray;
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
    let height_m = pose.altitude_agl_m.0;
    let offset_enu_m = ground_offset(&sight, height_m);
    let clicks = click_columns(camera, pixel, &ned_from_camera, height_m)?;
    let covariance = covariance(pose, camera, &ned_from_camera, &ray)
        + clicks * clicks.transpose() * CLICK_SIGMA_PX.powi(2);
    Ok(GroundFix {
        position: LocalTangent::at(pose.position).wgs84_from_enu(offset_enu_m[0], offset_enu_m[1]),
        offset_enu_m,
        covariance_m2: [
            [covariance[(0, 0)], covariance[(0, 1)]],
            [covariance[(1, 0)], covariance[(1, 1)]],
        ],
        slant_range_m: height_m / depression_rad.sin(),
        depression_rad,
        gsd_cm: clicks.determinant().abs().sqrt() * 100.0,
    })
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

/// The region that holds the true place with a given probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorEllipse {
    /// Half the long axis, m.
    pub semi_major_m: f64,
    /// Half the short axis, m.
    pub semi_minor_m: f64,
    /// Direction of the long axis, clockwise from north, 0 to π.
    pub azimuth_rad: f64,
    /// Probability that the place lies inside, 0 to 1.
    pub confidence: f64,
}

impl ErrorEllipse {
    /// The ellipse of a covariance of (east, north), m². Its axes are the eigenvectors, stretched by
    /// √(−2 ln(1 − confidence)), the quantile of χ² with two degrees of freedom. `confidence` is held between
    /// 0 and 0.999 999.
    #[must_use]
    pub fn from_covariance(covariance_m2: [[f64; 2]; 2], confidence: f64) -> Self {
        let confidence = confidence.clamp(0.0, 0.999_999);
        let [[east, mixed], [_, north]] = covariance_m2;
        let eigen = SymmetricEigen::new(Matrix2::new(east, mixed, mixed, north));
        let (major, minor) = if eigen.eigenvalues[0] >= eigen.eigenvalues[1] {
            (0, 1)
        } else {
            (1, 0)
        };
        let axis = eigen.eigenvectors.column(major);
        let stretch = (-2.0 * (1.0 - confidence).ln()).sqrt();
        Self {
            semi_major_m: stretch * eigen.eigenvalues[major].max(0.0).sqrt(),
            semi_minor_m: stretch * eigen.eigenvalues[minor].max(0.0).sqrt(),
            azimuth_rad: axis[0].atan2(axis[1]).rem_euclid(std::f64::consts::PI),
            confidence,
        }
    }

    /// `points` positions around the ellipse, counter-clockwise, the first not repeated.
    #[must_use]
    pub fn outline(&self, centre: Wgs84, points: usize) -> Vec<Wgs84> {
        let plane = LocalTangent::at(centre);
        let (sin_az, cos_az) = self.azimuth_rad.sin_cos();
        (0..points)
            .map(|i| {
                let (sin, cos) = (i as f64 / points as f64 * std::f64::consts::TAU).sin_cos();
                let (along, left) = (self.semi_major_m * cos, self.semi_minor_m * sin);
                plane.wgs84_from_enu(along * sin_az - left * cos_az, along * cos_az + left * sin_az)
            })
            .collect()
    }
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

/// East and north where a line of sight (north, east, down) meets the ground.
fn ground_offset(sight: &Vector3<f64>, height_m: f64) -> [f64; 2] {
    [sight.y / sight.z * height_m, sight.x / sight.z * height_m]
}

/// ∂(east, north)/∂(x, y) in m per pixel.
fn click_columns(
    camera: &CameraModel,
    pixel: [f64; 2],
    ned_from_camera: &Matrix3<f64>,
    height_m: f64,
) -> Result<Matrix2<f64>, GeolocateError> {
    let at = |x: f64, y: f64| -> Result<[f64; 2], GeolocateError> {
        let ray = Vector3::from(camera.ray_from_pixel([pixel[0] + x, pixel[1] + y])?);
        Ok(ground_offset(&(ned_from_camera * ray), height_m))
    };
    let ([right, left], [down, up]) = ([at(0.5, 0.0)?, at(-0.5, 0.0)?], [at(0.0, 0.5)?, at(0.0, -0.5)?]);
    Ok(Matrix2::new(
        right[0] - left[0],
        down[0] - up[0],
        right[1] - left[1],
        down[1] - up[1],
    ))
}

/// Covariance of (east, north) from everything but the click.
fn covariance(
    pose: &Pose,
    camera: &CameraModel,
    ned_from_camera: &Matrix3<f64>,
    ray: &Vector3<f64>,
) -> Matrix2<f64> {
    let sigmas = &pose.sigmas;
    let height_m = pose.altitude_agl_m.0;
    let sight = ned_from_camera * ray;
    let axis = ned_from_camera.column(2).into_owned();
    let level = (1.0 - axis.z * axis.z).max(0.0).sqrt();
    let turn = |about: Vector3<f64>, sigma: f64| about.cross(&sight) * sigma;
    let focal_step = ned_from_camera * Vector3::new(-ray.x, -ray.y, 0.0) * camera.focal_sigma_rel;
    let steps = [
        turn(ned_from_camera.column(0).into_owned(), sigmas.tilt_rad),
        turn(ned_from_camera.column(1).into_owned(), sigmas.tilt_rad),
        turn(axis, sigmas.tilt_rad * level),
        focal_step,
    ];
    let here = ground_offset(&sight, sigmas.height_m);
    let mut sum = Matrix2::new(sigmas.east_m.powi(2), 0.0, 0.0, sigmas.north_m.powi(2));
    let from_height = nalgebra::Vector2::from(here);
    sum += from_height * from_height.transpose();
    sum += yaw_covariance(ground_offset(&sight, height_m), sigmas.yaw_rad);
    for step in steps {
        let (more, less) = (
            ground_offset(&(sight + step), height_m),
            ground_offset(&(sight - step), height_m),
        );
        let column = nalgebra::Vector2::new((more[0] - less[0]) / 2.0, (more[1] - less[1]) / 2.0);
        sum += column * column.transpose();
    }
    sum
}

/// Second moment about the place of a yaw that errs by N(0, σ²), exact for any σ, so that it also holds for a yaw
/// that is not known at all: across the line from the camera's foot `r²·E[sin²φ] = r²(1 − e^(−2σ²))/2`, along it
/// `r²·E[(1 − cosφ)²] = r²((3 + e^(−2σ²))/2 − 2e^(−σ²/2))`; for small σ that is `r²σ²` and nothing.
fn yaw_covariance(offset_m: [f64; 2], yaw_rad: f64) -> Matrix2<f64> {
    let (single, double) = ((-yaw_rad * yaw_rad / 2.0).exp(), (-2.0 * yaw_rad * yaw_rad).exp());
    let along = nalgebra::Vector2::from(offset_m);
    let across = nalgebra::Vector2::new(-offset_m[1], offset_m[0]);
    along * along.transpose() * ((3.0 + double) / 2.0 - 2.0 * single)
        + across * across.transpose() * ((1.0 - double) / 2.0)
}

#[cfg(test)]
mod tests;
