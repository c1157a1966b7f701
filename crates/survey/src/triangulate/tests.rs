//! Views whose errors are known: what joining them must give back, and what it must not claim.

use super::*;
use crate::camera::CameraSource;
use crate::geodesy::AltitudeAglM;
use crate::geolocate::ground_from_pixel;
use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

const FOOT: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.5,
};

const SIGMAS: PoseSigmas = PoseSigmas {
    east_m: 1.5,
    north_m: 1.5,
    height_m: 5.0,
    tilt_rad: 0.0087,
    yaw_rad: 0.035,
};

/// A camera straight up from `(east, north)` that sees a roof of 12 m above the foot; the pose it states is off by
/// `error_m`.
fn view([east_m, north_m]: [f64; 2], error_m: [f64; 3]) -> SeenPlace {
    let camera = CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap();
    let plane = LocalTangent::at(FOOT);
    let pose = |error_m: [f64; 3]| Pose {
        position: plane.wgs84_from_enu(east_m + error_m[0], north_m + error_m[1]),
        altitude_agl_m: AltitudeAglM(120.0 + error_m[2]),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(20.0, -90.0, 0.0),
        sigmas: SIGMAS,
    };
    let sight = Vector3::new(-north_m, -east_m, 120.0 - 12.0);
    let ray = pose([0.0; 3]).attitude.ned_from_camera().transpose() * sight;
    let pixel = camera.pixel_from_ray(ray.into()).unwrap();
    let stated = pose(error_m);
    let fix = ground_from_pixel(&stated, &camera, pixel).unwrap();
    SeenPlace {
        position: fix.position,
        covariance_m2: fix.covariance_m2,
        sight: Some(Sight::of(&stated, &camera, pixel).unwrap()),
    }
}

fn east_north(place: &JoinedPlace) -> [f64; 2] {
    LocalTangent::at(FOOT).enu_from_wgs84(place.position)
}

/// Variance of the mean of `n` equal views of variance 1.
fn of_mean(n: f64) -> f64 {
    (1.0 + (n - 1.0) * COMMON_SHARE) / n
}

#[test]
fn one_view_stays_as_it_is() {
    let alone = view([-40.0, 25.0], [0.0; 3]);
    let found = joined(&[alone]).unwrap();
    assert!((found.position.latitude_deg - alone.position.latitude_deg).abs() < 1e-12);
    for (row, column) in [(0, 0), (0, 1), (1, 1)] {
        let (was, is) = (alone.covariance_m2[row][column], found.covariance_m2[row][column]);
        assert!((was - is).abs() < 1e-6, "{row} {column}: {was} is now {is}");
    }
    assert_eq!((found.freedom, found.height_m.abs() < 1e-9), (0, true));
}

#[test]
fn views_from_all_sides_tell_place_and_height_of_a_roof() {
    let around: Vec<SeenPlace> = (0..8)
        .map(|i| {
            let angle = f64::from(i) * std::f64::consts::FRAC_PI_4;
            view([45.0 * angle.cos(), 45.0 * angle.sin()], [0.0; 3])
        })
        .collect();
    let found = joined(&around).unwrap();
    let [east, north] = east_north(&found);
    assert!(east.hypot(north) < 0.2, "{found:?}");
    // What is known beforehand (0 ± 4.5 m) draws the height down a little.
    assert!((9.0..12.0).contains(&found.height_m), "{found:?}");
    // Each alone puts the roof 5 m too far away.
    let [single, _] = east_north(&joined(&around[..1]).unwrap());
    assert!(single < -4.5, "{single}");
}

#[test]
fn two_sides_of_a_roof_are_nearer_than_the_mean_of_its_places() {
    let both = [view([-60.0, 0.0], [0.0; 3]), view([-10.0, 20.0], [0.0; 3])];
    let blind = both.map(|view| SeenPlace { sight: None, ..view });
    let off = |views: &[SeenPlace]| {
        let [east, north] = east_north(&joined(views).unwrap());
        east.hypot(north)
    };
    assert!(off(&both) < 0.9 * off(&blind), "{} {}", off(&both), off(&blind));
}

#[test]
fn parallel_lines_tell_no_height_and_give_the_weighted_mean() {
    let pair = [view([-40.0, 0.0], [0.0; 3]), view([-40.0, 0.0], [2.0, 0.0, 0.0])];
    let found = joined(&pair).unwrap();
    let mean = |axis: usize| {
        let places = pair.map(|view| LocalTangent::at(FOOT).enu_from_wgs84(view.position)[axis]);
        (places[0] + places[1]) / 2.0
    };
    let [east, north] = east_north(&found);
    assert!((east - mean(0)).hypot(north - mean(1)) < 0.01, "{found:?}");
    assert!(found.height_m.abs() < 0.1);
    let known = pair[0].sight.unwrap().height_sigma_m;
    assert!((found.height_sigma_m / known - 1.0).abs() < 0.01, "{found:?}");
}

#[test]
fn what_all_views_have_in_common_does_not_average_out() {
    let many: Vec<SeenPlace> = (0..40)
        .map(|i| {
            let angle = f64::from(i) * 0.7;
            view([40.0 * angle.cos(), 40.0 * angle.sin()], [2.0, -1.0, 0.0])
        })
        .collect();
    let found = joined(&many).unwrap();
    let [east, north] = east_north(&found);
    assert!((east - 2.0).abs() < 0.1 && (north + 1.0).abs() < 0.1);
    assert!(found.covariance_m2[0][0] > COMMON_SHARE * 1.5 * 1.5, "{found:?}");
    let straight = SeenPlace {
        sight: None,
        covariance_m2: [[9.0, 0.0], [0.0, 9.0]],
        ..many[0]
    };
    let same = joined(&vec![straight; 100]).unwrap();
    assert!((same.covariance_m2[0][0] - 9.0 * of_mean(100.0)).abs() < 1e-6);
}

#[test]
fn views_that_pass_each_other_have_a_large_chi2() {
    let fits = joined(&[view([-30.0, 0.0], [0.0; 3]), view([30.0, 0.0], [0.0; 3])]).unwrap();
    let apart = joined(&[view([-30.0, 0.0], [0.0; 3]), view([30.0, 0.0], [0.0, 40.0, 0.0])]).unwrap();
    assert!(fits.chi2 < 8.0 && apart.chi2 > 100.0, "{fits:?} {apart:?}");
}

#[test]
fn no_view_and_no_covariance_are_refused() {
    assert_eq!(joined(&[]), Err(TriangulateError::NoView));
    let broken = SeenPlace {
        covariance_m2: [[1.0, 2.0], [2.0, 1.0]],
        ..view([0.0, 0.0], [0.0; 3])
    };
    assert_eq!(
        joined(&[view([0.0, 0.0], [0.0; 3]), broken]),
        Err(TriangulateError::Covariance { index: 1 })
    );
}
