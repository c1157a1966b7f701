//! Which ground a photo shows: the image border carried to flat ground, cut off where rays get too flat to
//! mean anything.

use std::f64::consts::TAU;

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::{CameraError, CameraModel};
use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::{GeolocateError, check_pose};
use crate::pose::Pose;

mod in_view;

pub use in_view::{NotInView, check_in_view};

/// Rays flatter than this do not count as imaged: 15° below the horizon, 3.7 heights away.
pub const CUT_DEPRESSION_RAD: f64 = 15.0 * std::f64::consts::PI / 180.0;
/// Less ground than this share of the height squared is a grazed corner, not a footprint (1.4 m² at 120 m).
pub const SMALLEST_AREA_RATIO: f64 = 1e-4;
/// Border points per image side, so that lens distortion shows.
const POINTS_PER_SIDE: usize = 12;
/// Widest step along the cut, rad of azimuth.
const ARC_STEP_RAD: f64 = TAU / 72.0;
/// Halvings that find where the border meets the cut: 2⁻⁴⁰ of a border step.
const HALVINGS: usize = 40;

/// Why a photo has no footprint.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FootprintError {
    /// All rays, but for a corner of less than [`SMALLEST_AREA_RATIO`], are flatter than
    /// [`CUT_DEPRESSION_RAD`] or above the horizon.
    #[error("the photo shows no ground steeper than 15° below the horizon")]
    NoGround,
    /// The pose cannot be used.
    #[error(transparent)]
    Pose(#[from] GeolocateError),
    /// The lens model fails at the image border.
    #[error(transparent)]
    Camera(#[from] CameraError),
}

/// The ground a photo shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Footprint {
    /// Counter-clockwise seen from above; the first point is not repeated at the end.
    pub outline: Vec<Wgs84>,
    /// Area on the local plane, m².
    pub area_m2: f64,
    /// Ground sampling distance at the image centre, or at the middle of the outline when the centre is cut
    /// off, cm; defined as in [`crate::geolocate::GroundFix::gsd_cm`], lens distortion not counted.
    pub gsd_centre_cm: f64,
    /// The coarsest ground sampling distance within the outline, cm.
    pub gsd_worst_cm: f64,
    /// Angle between the optical axis and straight down, rad.
    pub view_zenith_rad: f64,
    /// Whether flat rays were cut off.
    pub truncated: bool,
}

/// The footprint of a photo over flat ground. Image and cone of steep rays are both convex, so that the
/// outline never crosses itself; where it is cut it follows the circle of [`CUT_DEPRESSION_RAD`] around the
/// camera.
///
/// # Errors
/// Any [`FootprintError`].
pub fn footprint(pose: &Pose, camera: &CameraModel) -> Result<Footprint, FootprintError> {
    check_pose(pose)?;
    let view = View {
        camera,
        ned_from_camera: pose.attitude.ned_from_camera(),
        height_m: pose.altitude_agl_m.0,
    };
    let (outline_m, truncated) = view.outline()?;
    let area_m2 = signed_area(&outline_m);
    if area_m2 < SMALLEST_AREA_RATIO * view.height_m * view.height_m {
        return Err(FootprintError::NoGround);
    }
    let axis = view.ned_from_camera.column(2).into_owned();
    let centre = if axis.z >= CUT_DEPRESSION_RAD.sin() {
        axis
    } else {
        view.sight_of(middle(&outline_m))
    };
    let coarsest = outline_m
        .iter()
        .map(|point| view.gsd_m(view.sight_of(*point)))
        .fold(view.gsd_m(centre), f64::max);
    let plane = LocalTangent::at(pose.position);
    Ok(Footprint {
        area_m2,
        outline: outline_m
            .iter()
            .map(|point| plane.wgs84_from_enu(point[0], point[1]))
            .collect(),
        gsd_centre_cm: view.gsd_m(centre) * 100.0,
        gsd_worst_cm: coarsest * 100.0,
        view_zenith_rad: axis.z.clamp(-1.0, 1.0).acos(),
        truncated,
    })
}

struct View<'a> {
    camera: &'a CameraModel,
    ned_from_camera: Matrix3<f64>,
    height_m: f64,
}

impl View<'_> {
    /// East-north outline around the camera's foot, m, and whether it was cut.
    fn outline(&self) -> Result<(Vec<[f64; 2]>, bool), FootprintError> {
        let border = border_pixels(self.camera);
        let sights = border
            .iter()
            .map(|pixel| self.sight(*pixel))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(start) = sights.iter().position(is_steep) else {
            return Err(FootprintError::NoGround);
        };
        let (mut outline, mut left_at, mut truncated) = (Vec::new(), None, false);
        for step in 0..border.len() {
            let (here, next) = ((start + step) % border.len(), (start + step + 1) % border.len());
            let (steep_here, steep_next) = (is_steep(&sights[here]), is_steep(&sights[next]));
            if steep_here {
                outline.push(self.ground(&sights[here]));
            }
            if steep_here && !steep_next {
                let cut = self.cut_between(border[here], border[next])?;
                outline.push(cut);
                left_at = Some(cut);
                truncated = true;
            }
            if steep_next && !steep_here {
                let cut = self.cut_between(border[next], border[here])?;
                outline.extend(left_at.take().map(|from| arc(from, cut)).unwrap_or_default());
                outline.push(cut);
            }
        }
        Ok((outline, truncated))
    }

    /// Unit line of sight of a pixel: north, east, down.
    fn sight(&self, pixel: [f64; 2]) -> Result<Vector3<f64>, CameraError> {
        Ok((self.ned_from_camera * Vector3::from(self.camera.ray_from_pixel(pixel)?)).normalize())
    }

    fn ground(&self, sight: &Vector3<f64>) -> [f64; 2] {
        [
            sight.y / sight.z * self.height_m,
            sight.x / sight.z * self.height_m,
        ]
    }

    fn sight_of(&self, ground: [f64; 2]) -> Vector3<f64> {
        Vector3::new(ground[1], ground[0], self.height_m).normalize()
    }

    /// Where the border between a steep pixel and a flat one meets the cut.
    fn cut_between(&self, steep: [f64; 2], flat: [f64; 2]) -> Result<[f64; 2], CameraError> {
        let (mut steep, mut flat) = (steep, flat);
        for _ in 0..HALVINGS {
            let half = [(steep[0] + flat[0]) / 2.0, (steep[1] + flat[1]) / 2.0];
            if is_steep(&self.sight(half)?) {
                steep = half;
            } else {
                flat = half;
            }
        }
        Ok(self.ground(&self.sight(steep)?))
    }

    fn gsd_m(&self, sight: Vector3<f64>) -> f64 {
        let range_m = self.height_m / sight.z;
        sampling_m(self.camera, &self.ned_from_camera, (&sight, range_m))
    }
}

/// Side of the square with the ground area of one pixel, m: a pixel at angle α off the axis spans cos³α/f² sr, which
/// covers r²/sin θ of level ground per sr at depression θ and slant range r. The line of sight is a unit vector, north,
/// east, down.
pub(crate) fn sampling_m(
    camera: &CameraModel,
    ned_from_camera: &Matrix3<f64>,
    (sight, range_m): (&Vector3<f64>, f64),
) -> f64 {
    let cos_off_axis = ned_from_camera.column(2).dot(sight).max(0.0);
    range_m * (cos_off_axis.powi(3) / sight.z).sqrt() / camera.focal_px
}

fn is_steep(sight: &Vector3<f64>) -> bool {
    sight.z >= CUT_DEPRESSION_RAD.sin()
}

/// Around the image as it is shown: down the left side, along the bottom, up the right side, back along the
/// top. Seen from above this runs counter-clockwise on the ground.
fn border_pixels(camera: &CameraModel) -> Vec<[f64; 2]> {
    let (width, height) = (f64::from(camera.width_px), f64::from(camera.height_px));
    let corners = [[0.0, 0.0], [0.0, height], [width, height], [width, 0.0]];
    (0..4 * POINTS_PER_SIDE)
        .map(|i| {
            let (from, to) = (
                corners[i / POINTS_PER_SIDE],
                corners[(i / POINTS_PER_SIDE + 1) % 4],
            );
            let part = (i % POINTS_PER_SIDE) as f64 / POINTS_PER_SIDE as f64;
            [
                from[0] + part * (to[0] - from[0]),
                from[1] + part * (to[1] - from[1]),
            ]
        })
        .collect()
}

/// Points strictly between two points of the cut circle, counter-clockwise.
fn arc(from: [f64; 2], to: [f64; 2]) -> Vec<[f64; 2]> {
    let radius = from[0].hypot(from[1]);
    let begin = from[1].atan2(from[0]);
    let turn = (to[1].atan2(to[0]) - begin).rem_euclid(TAU);
    // Two cuts at nearly the same place may come out a hair the wrong way round.
    if turn > 0.75 * TAU {
        return Vec::new();
    }
    let steps = (turn / ARC_STEP_RAD).ceil() as usize;
    (1..steps)
        .map(|i| {
            let (sin, cos) = (begin + turn * i as f64 / steps as f64).sin_cos();
            [radius * cos, radius * sin]
        })
        .collect()
}

fn middle(points: &[[f64; 2]]) -> [f64; 2] {
    let count = points.len().max(1) as f64;
    [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / count)
}

fn signed_area(points: &[[f64; 2]]) -> f64 {
    let next = points.iter().cycle().skip(1);
    points
        .iter()
        .zip(next)
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum::<f64>()
        / 2.0
}

#[cfg(test)]
mod tests {
    use geo::Validation;
    use proptest::prelude::*;

    use super::*;
    use crate::camera::{BrownConrady, CameraSource};
    use crate::geodesy::AltitudeAglM;
    use crate::geolocate::ground_from_pixel;
    use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

    fn pose(yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> Pose {
        Pose {
            position: Wgs84 {
                latitude_deg: 31.2,
                longitude_deg: 121.5,
            },
            altitude_agl_m: AltitudeAglM(120.0),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(yaw_deg, pitch_deg, roll_deg),
            sigmas: PoseSigmas::consumer_gnss(),
        }
    }

    fn camera() -> CameraModel {
        CameraModel::pinhole(4000, 2250, 3000.0, CameraSource::Calibrated).unwrap()
    }

    fn enu(footprint: &Footprint, pose: &Pose) -> Vec<[f64; 2]> {
        let plane = LocalTangent::at(pose.position);
        footprint
            .outline
            .iter()
            .map(|place| plane.enu_from_wgs84(*place))
            .collect()
    }

    fn is_simple(points: &[[f64; 2]]) -> bool {
        let ring: geo::LineString = points.iter().map(|[x, y]| (*x, *y)).collect();
        geo::Polygon::new(ring, Vec::new()).is_valid()
    }

    #[test]
    fn nadir_is_the_scaled_image() {
        let seen = footprint(&pose(30.0, -90.0, 0.0), &camera()).unwrap();
        assert!((seen.area_m2 - 160.0 * 90.0).abs() < 1e-3, "{}", seen.area_m2);
        assert!((seen.gsd_centre_cm - 4.0).abs() < 1e-9 && !seen.truncated);
        assert!(
            (seen.gsd_worst_cm - 4.0).abs() < 1e-6,
            "flat ground seen from above has one scale"
        );
        assert!(seen.view_zenith_rad.abs() < 1e-6);
    }

    #[test]
    fn flat_views_are_cut_at_the_limit() {
        for pitch_deg in [-10.0, -19.0, -25.0, -32.0] {
            let pose = pose(117.6, pitch_deg, 0.0);
            let seen = footprint(&pose, &camera()).unwrap();
            let points = enu(&seen, &pose);
            let farthest = points.iter().map(|[e, n]| e.hypot(*n)).fold(0.0, f64::max);
            let limit = 120.0 / CUT_DEPRESSION_RAD.tan();
            assert_eq!(
                seen.truncated,
                pitch_deg > -32.0 || farthest > limit - 1.0,
                "{pitch_deg}"
            );
            assert!(farthest <= limit + 1e-3, "{pitch_deg} {farthest}");
            assert!(
                is_simple(&points) && seen.area_m2 > 0.0 && seen.area_m2 < 150_000.0,
                "{}",
                seen.area_m2
            );
            assert!(seen.gsd_centre_cm > 4.0 && seen.gsd_worst_cm >= seen.gsd_centre_cm);
        }
    }

    #[test]
    fn sky_and_bad_poses_are_refused() {
        assert_eq!(
            footprint(&pose(0.0, 20.0, 0.0), &camera()),
            Err(FootprintError::NoGround)
        );
        let buried = Pose {
            altitude_agl_m: AltitudeAglM(-3.0),
            ..pose(0.0, -90.0, 0.0)
        };
        assert!(matches!(
            footprint(&buried, &camera()),
            Err(FootprintError::Pose(_))
        ));
    }

    #[test]
    fn barrel_distortion_shows_more_ground() {
        let barrel = BrownConrady {
            k1: -0.1,
            k2: 0.0,
            p1: 0.0,
            p2: 0.0,
            k3: 0.0,
        };
        let wide = CameraModel {
            distortion: Some(barrel),
            ..camera()
        };
        let (plain, seen) = (
            footprint(&pose(0.0, -90.0, 0.0), &camera()),
            footprint(&pose(0.0, -90.0, 0.0), &wide),
        );
        assert!(seen.unwrap().area_m2 > 1.05 * plain.unwrap().area_m2);
    }

    #[test]
    fn gsd_is_that_of_the_pixel() {
        let (pose, camera) = (pose(40.0, -50.0, 3.0), camera());
        let fix = ground_from_pixel(&pose, &camera, [2000.0, 1125.0]).unwrap();
        assert!((footprint(&pose, &camera).unwrap().gsd_centre_cm / fix.gsd_cm - 1.0).abs() < 1e-5);
        let corner = ground_from_pixel(&pose, &camera, [0.5, 0.5]).unwrap();
        assert!((footprint(&pose, &camera).unwrap().gsd_worst_cm / corner.gsd_cm - 1.0).abs() < 0.05);
    }

    proptest! {
        #[test]
        fn outline_is_simple_counter_clockwise_and_below_the_horizon(
            yaw in -180.0..180.0_f64, pitch in -90.0..5.0_f64, roll in -20.0..20.0_f64, focal in 900.0..9000.0_f64,
        ) {
            let (pose, plain) = (pose(yaw, pitch, roll), camera());
            let camera = CameraModel { focal_px: focal, ..plain };
            let Ok(seen) = footprint(&pose, &camera) else {
                return Ok(());
            };
            let points = enu(&seen, &pose);
            prop_assert!(is_simple(&points), "{:?}", points);
            prop_assert!((signed_area(&points) / seen.area_m2 - 1.0).abs() < 1e-4);
            let limit = 120.0 / CUT_DEPRESSION_RAD.tan();
            prop_assert!(points.iter().all(|[e, n]| e.hypot(*n) <= limit + 1e-3));
        }
    }
}
