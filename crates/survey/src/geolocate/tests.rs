//! The closed forms of one ray and one ellipse, and round trips.

use proptest::prelude::*;

use super::*;
use crate::camera::{BrownConrady, CameraSource};
use crate::geodesy::AltitudeAglM;
use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

const CENTRE: [f64; 2] = [2000.0, 1500.0];

fn pose(yaw_deg: f64, pitch_deg: f64, sigmas: PoseSigmas) -> Pose {
    Pose {
        position: Wgs84 {
            latitude_deg: 31.2,
            longitude_deg: 121.5,
        },
        altitude_agl_m: AltitudeAglM(120.0),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(yaw_deg, pitch_deg, 0.0),
        sigmas,
    }
}

fn gnss(height_m: f64, tilt_deg: f64, yaw_deg: f64) -> PoseSigmas {
    PoseSigmas {
        east_m: 1.5,
        north_m: 1.5,
        height_m,
        tilt_rad: tilt_deg.to_radians(),
        yaw_rad: yaw_deg.to_radians(),
    }
}

fn camera() -> CameraModel {
    CameraModel {
        focal_sigma_rel: 15.0 / 2900.0,
        ..CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap()
    }
}

/// Axes of the covariance, one sigma, longest first.
fn axes(fix: &GroundFix) -> [f64; 2] {
    let ellipse = ErrorEllipse::from_covariance(fix.covariance_m2, 1.0 - (-0.5_f64).exp());
    [ellipse.semi_major_m, ellipse.semi_minor_m]
}

#[test]
fn nadir_and_oblique_geometry() {
    let straight = ground_from_pixel(
        &pose(0.0, -90.0, gnss(3.0, 0.5, 2.0)),
        &camera(),
        [2290.0, 1500.0],
    )
    .unwrap();
    assert!((straight.offset_enu_m[0] - 12.0).abs() < 1e-9 && straight.offset_enu_m[1].abs() < 1e-9);
    assert!((straight.gsd_cm - 12_000.0 / 2900.0).abs() < 1e-6);
    let east = ground_from_pixel(&pose(90.0, -45.0, gnss(3.0, 0.5, 2.0)), &camera(), CENTRE).unwrap();
    assert!((east.offset_enu_m[0] - 120.0).abs() < 1e-9 && east.offset_enu_m[1].abs() < 1e-9);
    assert!((east.slant_range_m - 120.0 * 2.0_f64.sqrt()).abs() < 1e-9);
    assert!((east.depression_rad.to_degrees() - 45.0).abs() < 1e-9);
}

#[test]
fn covariance_equals_the_closed_forms() {
    let (tilt, yaw) = (0.5_f64.to_radians(), 2.0_f64.to_radians());
    let click = CLICK_SIGMA_PX / 2900.0;
    let nadir = ground_from_pixel(&pose(33.0, -90.0, gnss(3.0, 0.5, 2.0)), &camera(), CENTRE).unwrap();
    let expected = (1.5_f64.powi(2) + (120.0 * tilt).powi(2) + (120.0 * click).powi(2)).sqrt();
    assert!(
        axes(&nadir).iter().all(|axis| (axis - expected).abs() < 1e-3),
        "{:?} {expected}",
        axes(&nadir)
    );
    let oblique = ground_from_pixel(&pose(0.0, -45.0, gnss(3.0, 0.5, 2.0)), &camera(), CENTRE).unwrap();
    let range = 120.0 * 2.0_f64.sqrt();
    let sin = 0.5_f64.sqrt();
    let along = (1.5_f64.powi(2) + 9.0 + (range * tilt / sin).powi(2) + (range * click / sin).powi(2)).sqrt();
    let cross =
        (1.5_f64.powi(2) + (120.0 * yaw).powi(2) + (range * tilt).powi(2) + (range * click).powi(2)).sqrt();
    let [[east, mixed], [_, north]] = oblique.covariance_m2;
    assert!((north.sqrt() - along).abs() < 1e-2, "{} {along}", north.sqrt());
    assert!((east.sqrt() - cross).abs() < 1e-2, "{} {cross}", east.sqrt());
    assert!(mixed.abs() < 1e-6);
}

#[test]
fn circular_errors_match_the_reference_table() {
    // CEP50 ≈ 0.59(σ1 + σ2) for: GNSS 1.5 m; height, attitude, yaw as given; nadir centre, nadir corner,
    // 45° and 30° depression. The corner's camera is not on record, hence the wider margin.
    for (sigmas, table) in [
        (gnss(3.0, 0.5, 2.0), [2.15, 4.1, 5.0, 8.5]),
        (gnss(3.0, 1.0, 5.0), [3.0, 7.4, 9.4, 16.7]),
    ] {
        let views = [
            (-90.0, CENTRE, 0.03),
            (-90.0, [0.0, 0.0], 0.2),
            (-45.0, CENTRE, 0.04),
            (-30.0, CENTRE, 0.04),
        ];
        for ((pitch_deg, pixel, margin), cep50) in views.into_iter().zip(table) {
            let fix = ground_from_pixel(&pose(10.0, pitch_deg, sigmas), &camera(), pixel).unwrap();
            let computed = 0.59 * (axes(&fix)[0] + axes(&fix)[1]);
            assert!(
                (computed / cep50 - 1.0).abs() < margin,
                "{pitch_deg} {pixel:?}: {computed} {cep50}"
            );
        }
    }
}

#[test]
fn what_has_no_place_says_why() {
    let at = |pitch_deg: f64, pixel: [f64; 2]| {
        ground_from_pixel(&pose(0.0, pitch_deg, gnss(3.0, 0.5, 2.0)), &camera(), pixel)
    };
    assert!(matches!(
        at(10.0, CENTRE),
        Err(GeolocateError::AboveHorizon { .. })
    ));
    assert!(matches!(at(-3.0, CENTRE), Err(GeolocateError::Grazing { .. })));
    assert!(matches!(
        at(-90.0, [-0.1, 0.0]),
        Err(GeolocateError::OutsideImage { .. })
    ));
    assert!(matches!(
        at(-90.0, [f64::NAN, 0.0]),
        Err(GeolocateError::OutsideImage { .. })
    ));
    assert!(matches!(
        at(f64::NAN, CENTRE),
        Err(GeolocateError::BadPose { field: "attitude" })
    ));
    let unsure = pose(0.0, -90.0, gnss(f64::NAN, 0.5, 2.0));
    assert!(matches!(
        ground_from_pixel(&unsure, &camera(), CENTRE),
        Err(GeolocateError::BadPose { .. })
    ));
    let sunk = Pose {
        altitude_agl_m: AltitudeAglM(0.0),
        ..pose(0.0, -90.0, gnss(3.0, 0.5, 2.0))
    };
    assert!(matches!(
        ground_from_pixel(&sunk, &camera(), CENTRE),
        Err(GeolocateError::NotAboveGround { .. })
    ));
}

#[test]
fn ellipse_axes_azimuth_and_outline() {
    // 3 m towards north-east, 1 m across.
    let ellipse = ErrorEllipse::from_covariance([[5.0, 4.0], [4.0, 5.0]], 0.95);
    assert!(
        (ellipse.semi_major_m - 3.0 * 2.447_746_8).abs() < 1e-5,
        "{ellipse:?}"
    );
    assert!((ellipse.semi_minor_m - 2.447_746_8).abs() < 1e-5);
    assert!((ellipse.azimuth_rad.to_degrees() - 45.0).abs() < 1e-9);
    let centre = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    };
    let around: Vec<_> = ellipse
        .outline(centre, 36)
        .iter()
        .map(|place| LocalTangent::at(centre).enu_from_wgs84(*place))
        .collect();
    let area: f64 = around
        .iter()
        .zip(around.iter().cycle().skip(1))
        .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
        .sum();
    assert!((area / 2.0 / (std::f64::consts::PI * 3.0 * 2.447_746_8_f64.powi(2)) - 1.0).abs() < 0.01);
    assert!((around[0][0] - around[0][1]).abs() < 1e-6 && around[0][0] > 5.0);
    assert!(ellipse.outline(centre, 0).is_empty());
}

proptest! {
    #[test]
    fn pixel_and_ground_are_inverse(
        yaw in -180.0..180.0_f64, pitch in -90.0..-20.0_f64, roll in -10.0..10.0_f64,
        x in 0.0..4000.0_f64, y in 0.0..3000.0_f64, k1 in -0.12..0.05_f64,
    ) {
        let distortion = BrownConrady { k1, k2: 0.015, p1: 1e-4, p2: -2e-4, k3: -0.01 };
        let camera = CameraModel { distortion: Some(distortion), ..camera() };
        let pose = Pose { attitude: Attitude::from_degrees(yaw, pitch, roll), ..pose(0.0, 0.0, gnss(3.0, 0.5, 2.0)) };
        match ground_from_pixel(&pose, &camera, [x, y]) {
            Ok(fix) => {
                let back = pixel_from_ground(&pose, &camera, fix.position).unwrap();
                prop_assert!((back[0] - x).abs() < 1e-3 && (back[1] - y).abs() < 1e-3, "{:?}", back);
                let [[e, m], [_, n]] = fix.covariance_m2;
                prop_assert!(e > 0.0 && n > 0.0 && e * n > m * m);
            }
            Err(error) => prop_assert!(matches!(error, GeolocateError::AboveHorizon { .. } | GeolocateError::Grazing { .. }), "{}", error),
        }
    }
}

/// The box in the picture of an upright block `size_m` wide, deep and high, whose foot is `north_m` from the camera's.
fn box_of_block(pose: &Pose, [width_m, depth_m, height_m]: [f64; 3], north_m: f64) -> [f64; 4] {
    let camera = camera();
    let corners = [-0.5, 0.5].into_iter().flat_map(|e| {
        [-0.5, 0.5].into_iter().flat_map(move |n| {
            [0.0, height_m].map(|up| {
                let sight = Vector3::new(north_m + n * depth_m, e * width_m, 120.0 - up);
                pose.attitude.ned_from_camera().transpose() * sight
            })
        })
    });
    let pixels: Vec<[f64; 2]> = corners
        .map(|ray| camera.pixel_from_ray(ray.into()).unwrap())
        .collect();
    bounds(&pixels)
}

#[test]
fn the_foot_of_a_thing_in_a_box_is_found_within_its_sigma() {
    for (pitch_deg, north_m) in [(-90.0, 0.0), (-60.0, 70.0), (-45.0, 120.0), (-40.0, 140.0)] {
        let pose = pose(0.0, pitch_deg, gnss(3.0, 0.5, 2.0));
        for height_m in [0.0, 5.0, 10.0] {
            let of_box = box_of_block(&pose, [10.0, 10.0, height_m], north_m);
            let base = pixel_of_box(&pose, &camera(), of_box);
            let corners = [[of_box[0], of_box[1]], [of_box[2], of_box[3]]];
            let plain = ground_from_pixel(&pose, &camera(), base.pixel).unwrap();
            let shown = ground_from_outline(&base, &corners, |pixel| {
                ground_from_pixel(&pose, &camera(), pixel)
            })
            .unwrap();
            let off_m = shown.centre.offset_enu_m[1] - north_m;
            let own_m2 = shown.centre.covariance_m2[1][1] - plain.covariance_m2[1][1];
            let sigma_m = own_m2.max(0.0).sqrt();
            // Uniform: nothing lies beyond √3 of its sigma. Perspective adds a little.
            assert!(
                off_m.abs() <= 3.0_f64.sqrt() * sigma_m + 0.6,
                "{pitch_deg}° {height_m} m: off {off_m}, sigma {sigma_m}"
            );
            assert!(pitch_deg > -89.0 || sigma_m < 1e-6, "straight down it is certain");
            assert!(pitch_deg < -89.0 || sigma_m > 0.3, "{pitch_deg}°: {sigma_m}");
        }
    }
}

#[test]
fn things_lean_away_from_the_point_below_the_camera() {
    let nadir = pose(30.0, -90.0, gnss(3.0, 0.5, 2.0));
    let aside = pixel_of_box(&nadir, &camera(), [3000.0, 1400.0, 3200.0, 1600.0]);
    assert!(
        aside.pixel[0] < 3100.0 && (aside.pixel[1] - 1500.0).abs() < 1e-6,
        "{aside:?}"
    );
    let level = pose(30.0, 0.0, gnss(3.0, 0.5, 2.0));
    let at_horizon = pixel_of_box(&level, &camera(), [1900.0, 1400.0, 2100.0, 1600.0]);
    assert!(
        (at_horizon.pixel[1] - 1550.0).abs() < 1e-6,
        "three quarters down: {at_horizon:?}"
    );
}
