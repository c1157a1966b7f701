//! Whether a place can be what a photo shows: steep enough below the horizon, and back in the picture.

use nalgebra::Vector3;
use thiserror::Error;

use super::CUT_DEPRESSION_RAD;
use crate::camera::CameraModel;
use crate::geodesy::LocalTangent;
use crate::geolocate::{ErrorEllipse, GroundFix};
use crate::pose::Pose;

/// Why a place is not believed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NotInView {
    /// The ray is flatter than what counts as imaged ([`CUT_DEPRESSION_RAD`]).
    #[error(
        "the line of sight goes only {depression_deg:.1}° below the horizon; ground beyond 15° does not count as seen"
    )]
    TooFlat {
        /// Degrees below the horizon.
        depression_deg: f64,
    },
    /// The place lies outside the ground that the photo shows, by more than its error ellipse.
    #[error(
        "the place lies {off_m:.0} m outside the ground that the photo shows; {allowed_m:.0} m may be error"
    )]
    Outside {
        /// Distance to the nearest ground in the picture, m; infinite behind the camera.
        off_m: f64,
        /// Long half-axis of the place's 95 % ellipse, m.
        allowed_m: f64,
    },
}

/// Checks a place against the photo it is said to come from. The place is taken back into the picture at its own depth
/// below the camera, so that on sloping ground it is the terrain that counts; outside the picture it may lie by the
/// long half-axis of its 95 % ellipse, measured to the ground of the nearest pixel.
///
/// # Errors
/// [`NotInView`].
pub fn check_in_view(pose: &Pose, camera: &CameraModel, fix: &GroundFix) -> Result<(), NotInView> {
    if fix.depression_rad < CUT_DEPRESSION_RAD {
        return Err(NotInView::TooFlat {
            depression_deg: fix.depression_rad.to_degrees(),
        });
    }
    let [east_m, north_m] = LocalTangent::at(pose.position).enu_from_wgs84(fix.position);
    let depth_m = fix.slant_range_m * fix.depression_rad.sin();
    let ned_from_camera = pose.attitude.ned_from_camera();
    let ray = ned_from_camera.transpose() * Vector3::new(north_m, east_m, depth_m);
    let allowed_m = ErrorEllipse::from_covariance(fix.covariance_m2, 0.95).semi_major_m;
    let outside = |off_m: f64| NotInView::Outside { off_m, allowed_m };
    let pixel = camera.pixel_from_ray(ray.into()).ok_or(outside(f64::INFINITY))?;
    if camera.contains(pixel) {
        return Ok(());
    }
    let nearest_px = [
        pixel[0].clamp(0.0, f64::from(camera.width_px)),
        pixel[1].clamp(0.0, f64::from(camera.height_px)),
    ];
    let nearest = camera
        .ray_from_pixel(nearest_px)
        .ok()
        .ok_or(outside(f64::INFINITY))?;
    let sight = ned_from_camera * Vector3::from(nearest);
    // A nearest ray that never comes down is nowhere near any ground.
    let reach = if sight.z > 0.0 {
        depth_m / sight.z
    } else {
        f64::INFINITY
    };
    let off_m = (sight.y * reach - east_m).hypot(sight.x * reach - north_m);
    if off_m <= allowed_m {
        Ok(())
    } else {
        Err(outside(off_m))
    }
}

#[cfg(test)]
mod tests {
    use geo::Contains;
    use proptest::prelude::*;

    use super::*;
    use crate::camera::CameraSource;
    use crate::footprint::footprint;
    use crate::geodesy::{AltitudeAglM, Wgs84};
    use crate::geolocate::{GroundPlane, ground_from_pixel, ground_on_plane};
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

    #[test]
    fn a_place_by_another_yaw_is_refused_and_one_within_the_ellipse_is_not() {
        let (taken, camera) = (pose(0.0, -55.0, 0.0), camera());
        let fix = ground_from_pixel(&taken, &camera, [2000.0, 2240.0]).unwrap();
        assert_eq!(check_in_view(&taken, &camera, &fix), Ok(()));
        // The compass was half a turn off: the stored place is on the other side of the drone.
        let turned = check_in_view(&pose(180.0, -55.0, 0.0), &camera, &fix);
        assert!(
            matches!(turned, Err(NotInView::Outside { off_m, allowed_m }) if off_m > 3.0 * allowed_m),
            "{turned:?}"
        );
        // Half a degree steeper the pixel lies just below the picture.
        let steeper = pose(0.0, -54.0, 0.0);
        assert_eq!(check_in_view(&steeper, &camera, &fix), Ok(()));
        let certain = GroundFix {
            covariance_m2: [[1e-6, 0.0], [0.0, 1e-6]],
            ..fix
        };
        assert!(check_in_view(&steeper, &camera, &certain).is_err());
    }

    #[test]
    fn what_is_too_flat_to_count_as_seen_is_refused() {
        let (pose, camera) = (pose(0.0, -20.0, 0.0), camera());
        let far = ground_from_pixel(&pose, &camera, [2000.0, 600.0]).unwrap();
        assert!(
            far.depression_rad > 5.0_f64.to_radians(),
            "it has a place: {far:?}"
        );
        assert!(matches!(
            check_in_view(&pose, &camera, &far),
            Err(NotInView::TooFlat { depression_deg }) if depression_deg < 15.0
        ));
    }

    proptest! {
        #[test]
        fn every_steep_pixel_is_in_view_and_inside_the_footprint(
            yaw in -180.0..180.0_f64, pitch in -90.0..-10.0_f64, roll in -20.0..20.0_f64,
            x in 0.0..4000.0_f64, y in 0.0..2250.0_f64, slope in -0.1..0.1_f64,
        ) {
            let (pose, camera) = (pose(yaw, pitch, roll), camera());
            let Ok(fix) = ground_from_pixel(&pose, &camera, [x, y]) else {
                return Ok(());
            };
            let is_steep = fix.depression_rad > CUT_DEPRESSION_RAD;
            prop_assert_eq!(check_in_view(&pose, &camera, &fix).is_ok(), is_steep);
            // On a slope the place moves, but stays what that pixel shows.
            let plane = GroundPlane { depth_m: 120.0, slope: [slope, -slope] };
            if let (true, Ok(sloping)) = (is_steep, ground_on_plane(&pose, &camera, [x, y], &plane)) {
                prop_assert_eq!(check_in_view(&pose, &camera, &sloping), Ok(()));
            }
            let Ok(seen) = footprint(&pose, &camera) else {
                return Ok(());
            };
            // A metre of tolerance: the outline is chords, the picture's edge curves a little on the ground.
            prop_assume!((fix.depression_rad - CUT_DEPRESSION_RAD).abs() > 0.002);
            prop_assume!(x > 20.0 && x < 3980.0 && y > 20.0 && y < 2230.0);
            let plane = LocalTangent::at(pose.position);
            let ring: geo::LineString = seen
                .outline
                .iter()
                .map(|place| <(f64, f64)>::from(plane.enu_from_wgs84(*place)))
                .collect();
            let inside = geo::Polygon::new(ring, Vec::new()).contains(&geo::Point::from(fix.offset_enu_m));
            prop_assert_eq!(inside, is_steep);
        }
    }
}
