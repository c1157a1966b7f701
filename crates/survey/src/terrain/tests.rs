//! Planes, steps, holes and edges, seen from one camera.

use proptest::prelude::*;

use super::*;
use crate::camera::CameraSource;
use crate::footprint::footprint;
use crate::geodesy::AltitudeAglM;
use crate::geolocate::ground_from_pixel;
use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

const FOOT: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.5,
};
const CENTRE: [f64; 2] = [2000.0, 1500.0];

/// 10 m cells on UTM 51 around the foot, 2 km each way; height by metres east and north of the foot.
fn terrain(height: impl Fn(f64, f64) -> f64) -> Terrain {
    let (geographic, projected) = projection(32651).unwrap().unwrap();
    let place = [FOOT.longitude_deg.to_radians(), FOOT.latitude_deg.to_radians()];
    let [east_0, north_0] = carry(&geographic, &projected, place).unwrap();
    let side = 401;
    let first = [east_0 - 2000.0, north_0 + 2000.0];
    let heights_m = (0..side * side)
        .map(|at| {
            let (column, row) = ((at % side) as f64, (at / side) as f64);
            // UTM north is 0.8° off true north here; grid offsets are good enough for heights.
            height(column * 10.0 - 2000.0, 2000.0 - row * 10.0) as f32
        })
        .collect();
    let raster = HeightRaster {
        columns: side,
        rows: side,
        first,
        cell: [10.0, 10.0],
        epsg: 32651,
        heights_m,
    };
    let datum = VerticalDatum::Orthometric {
        geoid_separation_m: 10.0,
    };
    Terrain::new(("dem", "2026-11"), (datum, 1.0), raster).unwrap()
}

fn pose(yaw_deg: f64, pitch_deg: f64) -> Pose {
    Pose {
        position: FOOT,
        altitude_agl_m: AltitudeAglM(100.0),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(yaw_deg, pitch_deg, 0.0),
        sigmas: PoseSigmas::consumer_gnss(),
    }
}

fn camera() -> CameraModel {
    CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap()
}

#[test]
fn level_terrain_is_flat_ground() {
    let level = terrain(|_, _| 7.0);
    for (yaw, pitch, pixel) in [
        (0.0, -90.0, CENTRE),
        (40.0, -45.0, [300.0, 2500.0]),
        (-120.0, -30.0, CENTRE),
    ] {
        let flat = ground_from_pixel(&pose(yaw, pitch), &camera(), pixel).unwrap();
        let on = ground_on_terrain(&pose(yaw, pitch), &camera(), pixel, (&level, 107.0)).unwrap();
        for axis in 0..2 {
            assert!((flat.offset_enu_m[axis] - on.offset_enu_m[axis]).abs() < 1e-3);
            assert!((flat.covariance_m2[axis][axis] / on.covariance_m2[axis][axis] - 1.0).abs() < 1e-3);
        }
    }
}

#[test]
fn a_slope_that_falls_away_is_met_later_and_is_less_sure() {
    // Falls 20 cm a metre eastward: the 45° ray meets it at x with 100 + 0.2 x = x.
    let slope = terrain(|east, _| -0.2 * east);
    let fix = ground_on_terrain(&pose(90.0, -45.0), &camera(), CENTRE, (&slope, 100.0)).unwrap();
    assert!((fix.offset_enu_m[0] - 125.0).abs() < 0.5, "{fix:?}");
    let flat = ground_from_pixel(&pose(90.0, -45.0), &camera(), CENTRE).unwrap();
    assert!(
        fix.covariance_m2[0][0] > 1.3 * flat.covariance_m2[0][0],
        "{fix:?}"
    );
    // ∂x/∂h = 1/(1 − 0.2) on the slope.
    let tall = PoseSigmas {
        east_m: 0.0,
        north_m: 0.0,
        tilt_rad: 0.0,
        yaw_rad: 0.0,
        height_m: 4.0,
    };
    let only_height = Pose {
        sigmas: tall,
        ..pose(90.0, -45.0)
    };
    let exact = CameraModel {
        focal_sigma_rel: 0.0,
        ..camera()
    };
    let fix = ground_on_terrain(&only_height, &exact, CENTRE, (&slope, 100.0)).unwrap();
    assert!((fix.covariance_m2[0][0].sqrt() - 5.0).abs() < 0.05, "{fix:?}");
}

#[test]
fn a_wall_hides_what_is_behind_it() {
    let wall = terrain(|east, _| if (60.0..70.0).contains(&east) { 60.0 } else { 0.0 });
    let fix = ground_on_terrain(&pose(90.0, -45.0), &camera(), CENTRE, (&wall, 100.0)).unwrap();
    assert!((50.0..66.0).contains(&fix.offset_enu_m[0]), "{fix:?}");
}

#[test]
fn holes_edges_and_flat_rays_are_named() {
    let hole = terrain(|east, _| if east > 80.0 { f64::NAN } else { 0.0 });
    let place = |pitch: f64, terrain: &Terrain, camera_m: f64| {
        ground_on_terrain(&pose(90.0, pitch), &camera(), CENTRE, (terrain, camera_m))
    };
    assert!(
        matches!(place(-45.0, &hole, 100.0), Err(GeolocateError::NoHeightThere { away_m }) if away_m < 92.0)
    );
    assert!(place(-60.0, &hole, 100.0).is_ok());
    let level = terrain(|_, _| 0.0);
    assert!(matches!(
        place(-6.0, &level, 300.0),
        Err(GeolocateError::NoHeightThere { .. })
    ));
    assert!(matches!(
        place(-3.0, &level, 100.0),
        Err(GeolocateError::Grazing { .. })
    ));
    assert!(matches!(
        place(-45.0, &level, -5.0),
        Err(GeolocateError::NotAboveGround { .. })
    ));
    let away = Wgs84 {
        latitude_deg: 32.0,
        longitude_deg: 121.5,
    };
    assert_eq!(level.height_m(away), None);
}

#[test]
fn references_by_code() {
    assert!(projection(4490).unwrap().is_none());
    for code in [32651, 4549, 4528, 32733] {
        assert!(projection(code).unwrap().is_some());
    }
    assert_eq!(
        projection(3857).err(),
        Some(TerrainError::UnknownReference { code: 3857 })
    );
}

proptest! {
    // Every case makes a raster of its own.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_place_lies_on_the_ground_and_on_the_ray(
        yaw in -180.0..180.0_f64, pitch in -90.0..-35.0_f64, x in 0.0..4000.0_f64, y in 0.0..3000.0_f64,
        tall in 0.0..12.0_f64, long in 150.0..400.0_f64,
    ) {
        let waves = terrain(|east, north| tall * (east / long).sin() * (north / long).cos());
        let pose = pose(yaw, pitch);
        if let Ok(fix) = ground_on_terrain(&pose, &camera(), [x, y], (&waves, 100.0)) {
            let height = waves.height_m(fix.position).unwrap();
            let sight = sight_of(&pose, &camera(), [x, y]).unwrap();
            let away = fix.offset_enu_m[0].hypot(fix.offset_enu_m[1]);
            let expected = 100.0 - away * sight.z / sight.y.hypot(sight.x).max(1e-9);
            prop_assert!((height - expected).abs() < 0.3, "{height} {expected}");
        }
    }
}

/// Area of a photo's footprint on a model whose height is given by metres east and north, the camera 100 m up.
fn shown_m2(pitch_deg: f64, height: impl Fn(f64, f64) -> f64) -> (f64, bool) {
    let terrain = terrain(height);
    let (shown, flat) = footprint_on_terrain(&pose(0.0, pitch_deg), &camera(), (&terrain, 100.0)).unwrap();
    (shown.area_m2, flat)
}

#[test]
fn footprints_shrink_on_hills_and_grow_over_hollows() {
    let level = crate::footprint::footprint(&pose(0.0, -60.0), &camera())
        .unwrap()
        .area_m2;
    let (same, flat) = shown_m2(-60.0, |_, _| 0.0);
    assert!((same / level - 1.0).abs() < 1e-3 && !flat, "{same} {level}");
    // A plateau 20 m up everywhere: 80 m of height instead of 100.
    let (plateau, _) = shown_m2(-60.0, |_, _| 20.0);
    assert!((plateau / level - 0.64).abs() < 2e-3, "{}", plateau / level);
    // Ground that rises away from the camera is met sooner, ground that falls away later.
    let (rising, _) = shown_m2(-60.0, |_, north| 0.1 * north);
    let (falling, _) = shown_m2(-60.0, |_, north| -0.1 * north);
    assert!(
        rising < 0.95 * level && falling > 1.05 * level,
        "{rising} {level} {falling}"
    );
}

#[test]
fn a_footprint_without_heights_stays_flat() {
    let (area, flat) = shown_m2(-60.0, |_, north| if north > 60.0 { f64::NAN } else { 20.0 });
    let level = crate::footprint::footprint(&pose(0.0, -60.0), &camera()).unwrap();
    assert!(flat && (area / level.area_m2 - 1.0).abs() < 1e-9);
}

#[test]
fn places_on_terrain_lie_inside_the_footprint_on_it() {
    use geo::Contains;
    let hills = |east: f64, north: f64| 6.0 * (east / 90.0).sin() * (north / 120.0).cos();
    let (terrain, camera) = (terrain(hills), camera());
    for (yaw_deg, pitch_deg) in [(0.0, -90.0), (40.0, -65.0), (200.0, -50.0)] {
        let pose = pose(yaw_deg, pitch_deg);
        let (shown, flat) = footprint_on_terrain(&pose, &camera, (&terrain, 100.0)).unwrap();
        let plane = LocalTangent::at(FOOT);
        let ring: geo::LineString = shown
            .outline
            .iter()
            .map(|place| <(f64, f64)>::from(plane.enu_from_wgs84(*place)))
            .collect();
        let outline = geo::Polygon::new(ring, Vec::new());
        for step in 0..81 {
            let pixel = [
                100.0 + f64::from(step % 9) * 475.0,
                100.0 + f64::from(step / 9) * 350.0,
            ];
            let fix = ground_on_terrain(&pose, &camera, pixel, (&terrain, 100.0)).unwrap();
            let place = geo::Point::from(plane.enu_from_wgs84(fix.position));
            assert!(
                !flat && outline.contains(&place),
                "{yaw_deg} {pitch_deg} {pixel:?}"
            );
            assert_eq!(crate::footprint::check_in_view(&pose, &camera, &fix), Ok(()));
        }
    }
}

#[test]
fn sampling_distances_are_those_of_the_true_slant_ranges() {
    for (yaw, pitch) in [(0.0, -90.0), (70.0, -50.0), (-130.0, -20.0)] {
        let pose = pose(yaw, pitch);
        let (on, is_flat) = footprint_on_terrain(&pose, &camera(), (&terrain(|_, _| -30.0), 100.0)).unwrap();
        let higher = Pose {
            altitude_agl_m: AltitudeAglM(130.0),
            ..pose
        };
        let flat = footprint(&higher, &camera()).unwrap();
        assert!(!is_flat);
        assert!(
            (on.gsd_centre_cm / flat.gsd_centre_cm - 1.0).abs() < 1e-3,
            "{on:?}"
        );
        assert!((on.gsd_worst_cm / flat.gsd_worst_cm - 1.0).abs() < 1e-3, "{on:?}");
    }
    // A valley below the lower half of the picture alone leaves the centre as it is and draws out the worst.
    let valley = terrain(|east, _| if east < -20.0 { -50.0 } else { 0.0 });
    let (on, _) = footprint_on_terrain(&pose(90.0, -90.0), &camera(), (&valley, 100.0)).unwrap();
    let flat = footprint(&pose(90.0, -90.0), &camera()).unwrap();
    assert!(
        (on.gsd_centre_cm / flat.gsd_centre_cm - 1.0).abs() < 1e-6,
        "{on:?}"
    );
    assert!((on.gsd_worst_cm / flat.gsd_worst_cm - 1.5).abs() < 0.01, "{on:?}");
}
