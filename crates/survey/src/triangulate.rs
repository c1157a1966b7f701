//! One thing seen from several places: its position and its height from the lines of sight alone. No ground has to be
//! assumed, so that roofs do not lean away from the camera.

use nalgebra::{Matrix2, Matrix2x3, Matrix3, Rotation3, Vector2, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::CameraModel;
use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::{CLICK_SIGMA_PX, GeolocateError, sight_of};
use crate::pose::Pose;

/// Lines of sight that differ by less than this tell no height, rad.
pub const LEAST_ANGLE_RAD: f64 = 8.0 * std::f64::consts::PI / 180.0;
/// Share of the variance of position and height that all photos of a flight have in common (satellite geometry, the
/// air pressure at take-off): more photos do not average it out. The same figure that joins sites uses.
pub const COMMON_SHARE: f64 = 0.5;
/// 99.9 % quantile of χ² over its degrees of freedom for 1, 2, 3, 4, 5, 6, 8 and more: beyond, the lines do not meet.
const MISSED_BY: [f64; 7] = [10.83, 6.91, 5.42, 4.62, 4.10, 3.74, 3.27];
/// Rounds of least squares; the first starts from equal weights.
const ROUNDS: usize = 5;

/// Why lines of sight give no point.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TriangulateError {
    /// Fewer than two.
    #[error("a height needs at least two lines of sight, there are {n}")]
    TooFew {
        /// How many.
        n: usize,
    },
    /// All look in nearly the same direction.
    #[error("the lines of sight differ by only {angle_deg:.1}°; that tells no height")]
    TooParallel {
        /// Largest angle between two, degrees.
        angle_deg: f64,
    },
    /// They pass each other further away than their sigmas allow: not one thing, or a wrong pose.
    #[error("the lines of sight do not meet: χ² is {chi2:.1} with {freedom} degrees of freedom")]
    Apart {
        /// Sum of squared misses in standard deviations.
        chi2: f64,
        /// Degrees of freedom.
        freedom: usize,
    },
    /// A pixel without a usable line of sight.
    #[error(transparent)]
    Sight(#[from] GeolocateError),
}

/// One photo's line of sight.
#[derive(Debug, Clone, PartialEq)]
pub struct SightLine {
    position: Wgs84,
    /// Camera above the common reference, m.
    height_m: f64,
    /// Unit: east, north, up.
    direction: Vector3<f64>,
    /// Covariance of the camera's place, (east, north, up), m².
    place_m2: Matrix3<f64>,
    /// Covariance of the direction as a rotation vector (east, north, up), rad².
    turn2: Matrix3<f64>,
}

/// A point that lines of sight meet in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meeting {
    /// The place.
    pub position: Wgs84,
    /// Height above the reference that the cameras' heights count from, m.
    pub height_m: f64,
    /// Covariance of east, north and up, m²; errors common to all photos included.
    pub covariance_m2: [[f64; 3]; 3],
    /// Sum of squared misses in standard deviations.
    pub chi2: f64,
    /// Degrees of freedom: twice the lines less three.
    pub freedom: usize,
    /// Largest angle between two lines, rad.
    pub angle_rad: f64,
}

impl SightLine {
    /// The line of a pixel; heights count from the ground that the pose takes as given.
    ///
    /// # Errors
    /// A pixel outside the image or above the horizon, an unusable pose.
    pub fn new(pose: &Pose, camera: &CameraModel, pixel: [f64; 2]) -> Result<Self, GeolocateError> {
        let sight = sight_of(pose, camera, pixel)?;
        let sigmas = &pose.sigmas;
        let turned = pose.attitude.ned_from_camera();
        let enu = |ned: Vector3<f64>| Vector3::new(ned.y, ned.x, -ned.z);
        let about = |axis: Vector3<f64>, sigma: f64| axis * axis.transpose() * (sigma * sigma);
        // A click and an error of the focal length turn the line in the plane they move the pixel in.
        let click = CLICK_SIGMA_PX / (camera.focal_px * sight.norm());
        let off_axis = focal_turn(camera, pixel) * camera.focal_sigma_rel;
        let tilt = sigmas.tilt_rad.hypot(click).hypot(off_axis);
        Ok(Self {
            position: pose.position,
            height_m: pose.altitude_agl_m.0,
            direction: enu(sight).normalize(),
            place_m2: Matrix3::from_diagonal(&Vector3::new(
                sigmas.east_m * sigmas.east_m,
                sigmas.north_m * sigmas.north_m,
                sigmas.height_m * sigmas.height_m,
            )),
            turn2: about(enu(turned.column(0).into_owned()), tilt)
                + about(enu(turned.column(1).into_owned()), tilt)
                + about(Vector3::z(), sigmas.yaw_rad.min(1.0)),
        })
    }
}

/// How far an error of the whole focal length turns the line of a pixel: the sine of twice its angle off the axis,
/// halved.
fn focal_turn(camera: &CameraModel, pixel: [f64; 2]) -> f64 {
    let off = (pixel[0] - camera.principal_px[0]).hypot(pixel[1] - camera.principal_px[1]) / camera.focal_px;
    off / (1.0 + off * off)
}

/// The point that fits all lines best, weighted by how sure each is at the point's distance (iterated least squares
/// on the misses across each line; Hartley & Sturm 1997 call it mid-point triangulation where all weights are equal).
/// The covariance is that of independent errors plus the part of the cameras' place errors that all share
/// ([`COMMON_SHARE`]), which moves the point as a whole.
///
/// # Errors
/// [`TriangulateError`].
pub fn triangulate(lines: &[SightLine]) -> Result<Meeting, TriangulateError> {
    let [first, _, ..] = lines else {
        return Err(TriangulateError::TooFew { n: lines.len() });
    };
    let angle_rad = widest_angle(lines);
    if angle_rad < LEAST_ANGLE_RAD {
        return Err(TriangulateError::TooParallel {
            angle_deg: angle_rad.to_degrees(),
        });
    }
    let plane = LocalTangent::at(first.position);
    let cameras: Vec<Vector3<f64>> = lines
        .iter()
        .map(|line| {
            let [east, north] = plane.enu_from_wgs84(line.position);
            Vector3::new(east, north, line.height_m)
        })
        .collect();
    let too_parallel = TriangulateError::TooParallel {
        angle_deg: angle_rad.to_degrees(),
    };
    let (mut point, mut spread, mut chi2) = (None, Matrix3::identity(), 0.0);
    for _ in 0..ROUNDS {
        let solved = round(lines, &cameras, point).ok_or(too_parallel.clone())?;
        (point, spread, chi2) = (Some(solved.0), solved.1, solved.2);
    }
    let freedom = 2 * lines.len() - 3;
    let limit = MISSED_BY[(freedom - 1).min(MISSED_BY.len() - 1)];
    if chi2 > limit * freedom as f64 {
        return Err(TriangulateError::Apart { chi2, freedom });
    }
    let common = lines.iter().map(|line| line.place_m2).sum::<Matrix3<f64>>() / lines.len() as f64;
    let covariance = spread + common * COMMON_SHARE;
    let point = point.unwrap_or_default();
    Ok(Meeting {
        position: plane.wgs84_from_enu(point.x, point.y),
        height_m: point.z,
        covariance_m2: [0, 1, 2].map(|row| [0, 1, 2].map(|column| covariance[(row, column)])),
        chi2,
        freedom,
        angle_rad,
    })
}

fn widest_angle(lines: &[SightLine]) -> f64 {
    let pairs = lines.iter().enumerate().flat_map(|(at, a)| {
        lines[at + 1..]
            .iter()
            .map(move |b| a.direction.angle(&b.direction))
    });
    pairs.fold(0.0, f64::max)
}

/// One round of least squares about the last point: the next point, its covariance, and χ².
fn round(
    lines: &[SightLine],
    cameras: &[Vector3<f64>],
    last: Option<Vector3<f64>>,
) -> Option<(Vector3<f64>, Matrix3<f64>, f64)> {
    let (mut information, mut weighted) = (Matrix3::zeros(), Vector3::zeros());
    let mut misses: Vec<(Matrix2x3<f64>, Vector2<f64>, Matrix2<f64>)> = Vec::new();
    for (line, camera) in lines.iter().zip(cameras) {
        let range_m = last.map_or(100.0, |point| (point - camera).norm());
        let across = across(&line.direction);
        // A turn φ moves a point at this range by φ × r.
        let arm = (line.direction * range_m).cross_matrix();
        let at_point_m2 = line.place_m2 * (1.0 - COMMON_SHARE) + arm * line.turn2 * arm.transpose();
        let weight = (across * at_point_m2 * across.transpose()).try_inverse()?;
        information += across.transpose() * weight * across;
        weighted += across.transpose() * weight * across * camera;
        misses.push((across, across * camera, weight));
    }
    let spread = information.try_inverse()?;
    let point = spread * weighted;
    let chi2 = misses
        .iter()
        .map(|(across, place, weight)| {
            let miss = across * point - place;
            (miss.transpose() * weight * miss).x
        })
        .sum();
    Some((point, spread, chi2))
}

/// Two directions across a line, as rows.
fn across(direction: &Vector3<f64>) -> Matrix2x3<f64> {
    let turn = Rotation3::rotation_between(&Vector3::z(), direction)
        .unwrap_or_else(|| Rotation3::from_axis_angle(&Vector3::x_axis(), std::f64::consts::PI));
    Matrix2x3::from_rows(&[
        (turn * Vector3::x()).transpose(),
        (turn * Vector3::y()).transpose(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CameraSource;
    use crate::geodesy::AltitudeAglM;
    use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

    const FOOT: Wgs84 = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    };

    fn camera() -> CameraModel {
        CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap()
    }

    /// A camera east of the foot that sees a roof of 12 m above the foot; the pose it states is off by `error_m`.
    fn line(east_m: f64, north_m: f64, error_m: [f64; 3]) -> SightLine {
        let plane = LocalTangent::at(FOOT);
        let sigmas = PoseSigmas {
            east_m: 1.5,
            north_m: 1.5,
            height_m: 3.0,
            tilt_rad: 0.5_f64.to_radians(),
            yaw_rad: 2.0_f64.to_radians(),
        };
        let pose = |error_m: [f64; 3]| Pose {
            position: plane.wgs84_from_enu(east_m + error_m[0], north_m + error_m[1]),
            altitude_agl_m: AltitudeAglM(120.0 + error_m[2]),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(20.0, -90.0, 0.0),
            sigmas,
        };
        let truth = pose([0.0; 3]);
        let sight = Vector3::new(-north_m, -east_m, 120.0 - 12.0);
        let ray = truth.attitude.ned_from_camera().transpose() * sight;
        let pixel = camera().pixel_from_ray(ray.into()).unwrap();
        SightLine::new(&pose(error_m), &camera(), pixel).unwrap()
    }

    #[test]
    fn two_lines_tell_place_and_roof_height() {
        let found = triangulate(&[line(-30.0, 0.0, [0.0; 3]), line(30.0, 10.0, [0.0; 3])]).unwrap();
        let [east, north] = LocalTangent::at(FOOT).enu_from_wgs84(found.position);
        assert!(
            east.hypot(north) < 0.05 && (found.height_m - 12.0).abs() < 0.05,
            "{found:?}"
        );
        assert!(found.chi2 < 1e-3 && found.freedom == 1);
        assert!(
            found.covariance_m2[2][2] > found.covariance_m2[0][0],
            "height is the less sure"
        );
    }

    #[test]
    fn an_error_that_all_photos_share_stays_whole_in_the_covariance() {
        let many: Vec<SightLine> = (0..40)
            .map(|i| {
                let angle = f64::from(i) * 0.7;
                line(40.0 * angle.cos(), 40.0 * angle.sin(), [2.0, -1.0, 3.0])
            })
            .collect();
        let found = triangulate(&many).unwrap();
        let [east, north] = LocalTangent::at(FOOT).enu_from_wgs84(found.position);
        assert!((east - 2.0).abs() < 0.05 && (north + 1.0).abs() < 0.05);
        assert!((found.height_m - 15.0).abs() < 0.05);
        assert!(found.covariance_m2[0][0] > COMMON_SHARE * 1.5 * 1.5);
        assert!(found.covariance_m2[2][2] > COMMON_SHARE * 3.0 * 3.0);
    }

    #[test]
    fn lines_that_pass_each_other_or_run_side_by_side_are_refused() {
        let apart = triangulate(&[line(-30.0, 0.0, [0.0; 3]), line(30.0, 0.0, [0.0, 40.0, 0.0])]);
        assert!(matches!(apart, Err(TriangulateError::Apart { .. })), "{apart:?}");
        let parallel = triangulate(&[line(-30.0, 0.0, [0.0; 3]), line(-28.0, 0.0, [0.0; 3])]);
        assert!(matches!(parallel, Err(TriangulateError::TooParallel { .. })));
        assert!(matches!(triangulate(&[]), Err(TriangulateError::TooFew { n: 0 })));
    }
}
