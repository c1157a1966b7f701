//! Hints become the right camera; rays and pixels are inverse.

use proptest::prelude::*;

use super::*;

fn mavic_pro() -> CameraHints {
    CameraHints {
        make: Some("DJI".to_owned()),
        model: Some("FC220 ".to_owned()),
        image_width_px: 4000,
        image_height_px: 2250,
        focal_length_mm: Some(4.73),
        focal_length_35mm: Some(26.0),
        ..CameraHints::default()
    }
}

/// The calibration a Mavic 3E writes (5280 × 3956).
const MAVIC_3E: Dewarp = Dewarp {
    fx: 3713.29,
    fy: 3713.29,
    cx: 7.02,
    cy: -8.72,
    k1: -0.112_575_24,
    k2: 0.014_874_43,
    p1: -0.000_085_72,
    p2: 0.000_000_1,
    k3: -0.027_064_11,
};

#[test]
fn mavic_pro_from_table_and_from_35_mm_figure_agree() {
    let table = CameraModel::from_hints(&mavic_pro()).unwrap();
    assert_eq!(table.source, CameraSource::CameraTable);
    assert!((table.focal_px - 3066.5).abs() < 1.0, "{}", table.focal_px);
    // 26 mm of 43.27 mm on 4000 × 3000: a 16:9 picture of a 4:3 sensor.
    let unknown = CameraHints {
        model: Some("FC9999".to_owned()),
        ..mavic_pro()
    };
    let equivalent = CameraModel::from_hints(&unknown).unwrap();
    assert_eq!(equivalent.source, CameraSource::Equivalent35mm);
    assert!(
        (equivalent.focal_px - 3004.6).abs() < 1.0,
        "{}",
        equivalent.focal_px
    );
    assert_eq!(equivalent.principal_px, [2000.0, 1125.0]);
    let portrait = CameraModel::from_equivalent_35mm(2250, 4000, 26.0).unwrap();
    assert_eq!(portrait.focal_px, equivalent.focal_px);
}

#[test]
fn better_hints_win_even_where_they_disagree() {
    let calibrated = CameraHints {
        calibrated_focal_length_px: Some(2400.0),
        ..mavic_pro()
    };
    let model = CameraModel::from_hints(&calibrated).unwrap();
    assert_eq!((model.source, model.focal_px), (CameraSource::Calibrated, 2400.0));
    let dewarp = CameraHints {
        dewarp: Some(MAVIC_3E),
        ..calibrated
    };
    let model = CameraModel::from_hints(&dewarp).unwrap();
    assert_eq!((model.source, model.focal_px), (CameraSource::Dewarp, 3713.29));
    assert_eq!(model.principal_px, [2007.02, 1116.28]);
    assert!(model.focal_sigma_rel < CameraSource::CameraTable.focal_sigma_rel());
}

#[test]
fn a_camera_that_only_states_its_calibrated_focal_length_works() {
    let hints = CameraHints {
        model: Some("SimCam".to_owned()),
        image_width_px: 1600,
        image_height_px: 1200,
        calibrated_focal_length_px: Some(1200.0),
        ..CameraHints::default()
    };
    assert_eq!(CameraModel::from_hints(&hints).unwrap().focal_px, 1200.0);
    let none = CameraHints {
        calibrated_focal_length_px: None,
        ..hints
    };
    assert_eq!(
        CameraModel::from_hints(&none),
        Err(CameraError::NoFocalLength {
            model: "SimCam".to_owned()
        })
    );
}

#[test]
fn present_but_impossible_hints_are_errors() {
    for focal in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e9] {
        let hints = CameraHints {
            calibrated_focal_length_px: Some(focal),
            ..mavic_pro()
        };
        assert!(
            matches!(
                CameraModel::from_hints(&hints),
                Err(CameraError::ImpossibleFocal { .. })
            ),
            "{focal}"
        );
    }
    for dewarp in [
        Dewarp {
            k1: f64::NAN,
            ..MAVIC_3E
        },
        Dewarp {
            fy: 3000.0,
            ..MAVIC_3E
        },
        Dewarp {
            cx: 2640.0,
            ..MAVIC_3E
        },
    ] {
        let hints = CameraHints {
            dewarp: Some(dewarp),
            ..mavic_pro()
        };
        assert!(matches!(
            CameraModel::from_hints(&hints),
            Err(CameraError::BadCalibration { .. })
        ));
    }
    let empty = CameraHints {
        image_width_px: 0,
        ..mavic_pro()
    };
    assert!(matches!(
        CameraModel::from_hints(&empty),
        Err(CameraError::EmptyImage { .. })
    ));
}

#[test]
fn table_tells_the_lenses_of_one_camera_apart() {
    assert_eq!(CameraTable::sensor("m3t", Some(4.4)), Some((6.4, 4.4)));
    assert_eq!(CameraTable::sensor("M3T", Some(9.1)), Some((7.68, 9.1)));
    assert_eq!(CameraTable::sensor("M3T", Some(15.0)), None);
    assert_eq!(CameraTable::sensor("M3T", None), None);
    assert_eq!(CameraTable::sensor("FC6310R", None), Some((13.2, 8.8)));
    // The published equivalents: 35 mm figure = focal · 43.27 / sensor diagonal.
    for (model, focal_mm, ratio, equivalent) in [
        ("FC220", 4.73, 0.75, 26.0),
        ("FC6310", 8.8, 2.0 / 3.0, 24.0),
        ("FC3170", 4.5, 0.75, 24.0),
        ("M3E", 12.29, 0.75, 24.0),
    ] {
        let (width, focal) = CameraTable::sensor(model, Some(focal_mm)).unwrap();
        let computed = focal * FULL_FRAME_DIAGONAL_MM / width.hypot(width * ratio);
        assert!((computed - equivalent).abs() < 0.8, "{model} {computed}");
    }
}

#[test]
fn folded_distortion_is_not_followed() {
    let plain = CameraModel::pinhole(4000, 3000, 2000.0, CameraSource::Dewarp).unwrap();
    let strong = BrownConrady {
        k1: -0.4,
        k2: 0.0,
        p1: 0.0,
        p2: 0.0,
        k3: 0.0,
    };
    let camera = CameraModel {
        distortion: Some(strong),
        ..plain
    };
    // r(1 − 0.4 r²) turns back at r = 0.913; the fold shows r = 1.3 at 0.42, inside the picture.
    assert!(camera.pixel_from_ray([0.5, 0.0, 1.0]).is_some());
    assert_eq!(camera.pixel_from_ray([1.3, 0.0, 1.0]), None);
    assert!(matches!(
        camera.ray_from_pixel([4000.0, 1500.0]),
        Err(CameraError::NotInvertible { .. })
    ));
}

proptest! {
    #[test]
    fn rays_and_pixels_are_inverse(x in 0.0..5280.0_f64, y in 0.0..3956.0_f64, scale in 0.0..1.0_f64) {
        let Dewarp { k1, k2, p1, p2, k3, .. } = MAVIC_3E;
        let distortion = BrownConrady { k1: k1 * scale, k2: k2 * scale, p1, p2, k3: k3 * scale };
        let plain = CameraModel::pinhole(5280, 3956, 3713.29, CameraSource::Dewarp).unwrap();
        let camera = CameraModel { distortion: Some(distortion), ..plain };
        let back = camera.pixel_from_ray(camera.ray_from_pixel([x, y]).unwrap()).unwrap();
        prop_assert!((back[0] - x).abs() < 1e-6 && (back[1] - y).abs() < 1e-6, "{:?}", back);
    }

    #[test]
    fn any_lens_gives_a_ray_or_an_error(k1 in -5.0..5.0_f64, k2 in -5.0..5.0_f64, k3 in -5.0..5.0_f64, x in 0.0..100.0_f64) {
        let plain = CameraModel::pinhole(100, 100, 60.0, CameraSource::Dewarp).unwrap();
        let camera = CameraModel { distortion: Some(BrownConrady { k1, k2, p1: 0.0, p2: 0.0, k3 }), ..plain };
        if let Ok(ray) = camera.ray_from_pixel([x, 20.0]) {
            let back = camera.pixel_from_ray(ray);
            prop_assert!(back.is_some_and(|at| (at[0] - x).abs() < 1e-6), "{:?}", back);
        }
    }
}
