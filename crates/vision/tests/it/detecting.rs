//! Pixels to detections with a model whose right answer is known to the pixel.

use image::RgbImage;
use proptest::prelude::*;
use vision::{DetectError, Detection, Detector, ScaledTile, TileRect};

use crate::support::{BLUE, RED, card, detector, folder, photo, runtime, tiles};

fn boxes(detections: &[Detection]) -> Vec<(&str, [f64; 4])> {
    detections
        .iter()
        .map(|found| (found.class.as_str(), found.box_px))
        .collect()
}

#[test]
fn a_patch_in_one_tile_comes_back_to_the_pixel_with_its_score() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(64, 64, &[(BLUE, [10, 20, 42, 36])]);
    let found = detector
        .detect(&photo, &tiles(&photo, 64, 48, 1.0))
        .unwrap()
        .detections;
    assert_eq!(boxes(&found), [("blue", [10.0, 20.0, 42.0, 36.0])]);
    assert_eq!(found[0].class_index, 0);
    assert_eq!(found[0].score, 0.75, "512 of 1024 px");
}

#[test]
fn each_class_has_its_own_threshold() {
    let Some(mut detector) = detector() else { return };
    let small = photo(64, 64, &[(RED, [0, 0, 16, 16]), (BLUE, [30, 30, 46, 46])]);
    let found = detector
        .detect(&small, &tiles(&small, 64, 64, 1.0))
        .unwrap()
        .detections;
    assert_eq!(
        boxes(&found),
        [("blue", [30.0, 30.0, 46.0, 46.0])],
        "red at 0.625 is below 0.9"
    );
    let large = photo(64, 64, &[(RED, [0, 0, 32, 32])]);
    let found = detector
        .detect(&large, &tiles(&large, 64, 64, 1.0))
        .unwrap()
        .detections;
    assert_eq!(boxes(&found), [("red", [0.0, 0.0, 32.0, 32.0])]);
}

#[test]
fn for_evaluation_thresholds_and_untrained_classes_do_not_hide_anything() {
    let Some(runtime) = runtime() else { return };
    let mut card = card();
    card.classes[1].trained = false;
    let mut detector = Detector::load(&runtime, &card, &folder()).unwrap();
    let photo = photo(64, 64, &[(RED, [0, 0, 16, 16])]);
    let tiles = tiles(&photo, 64, 64, 1.0);
    let mut found = |floor| {
        let output = detector.detect_with(&photo, &tiles, floor).unwrap();
        output.detections.len()
    };
    assert_eq!((found(None), found(Some(0.5)), found(Some(0.7))), (0, 1, 0));
    assert!(
        detector.detect(&photo, &tiles).unwrap().detections.is_empty(),
        "the floor is not kept"
    );
}

#[test]
fn a_patch_over_four_tiles_is_one_box() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(112, 112, &[(BLUE, [40, 44, 72, 70])]);
    for step in [48, 56, 64] {
        let found = detector
            .detect(&photo, &tiles(&photo, 64, step, 1.0))
            .unwrap()
            .detections;
        assert_eq!(boxes(&found), [("blue", [40.0, 44.0, 72.0, 70.0])], "step {step}");
    }
}

#[test]
fn a_patch_longer_than_a_tile_is_one_box() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(256, 64, &[(BLUE, [20, 20, 236, 40])]);
    let found = detector
        .detect(&photo, &tiles(&photo, 64, 48, 1.0))
        .unwrap()
        .detections;
    assert_eq!(boxes(&found), [("blue", [20.0, 20.0, 236.0, 40.0])]);
}

#[test]
fn two_patches_on_both_sides_of_a_border_stay_two() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(112, 64, &[(BLUE, [4, 10, 40, 30]), (BLUE, [72, 34, 108, 54])]);
    let found = detector
        .detect(&photo, &tiles(&photo, 64, 48, 1.0))
        .unwrap()
        .detections;
    assert_eq!(boxes(&found).len(), 2, "{found:?}");
}

#[test]
fn shrinking_and_enlarging_keep_the_place() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(240, 200, &[(BLUE, [80, 100, 144, 140])]);
    for (side, step, scale) in [(128, 96, 0.5), (256, 256, 0.25), (32, 24, 2.0)] {
        let found = detector
            .detect(&photo, &tiles(&photo, side, step, scale))
            .unwrap()
            .detections;
        assert_eq!(found.len(), 1, "scale {scale}: {found:?}");
        for (got, want) in found[0].box_px.iter().zip([80.0, 100.0, 144.0, 140.0]) {
            assert!(
                (got - want).abs() <= 1.0 / scale.min(1.0),
                "scale {scale}: {:?}",
                found[0].box_px
            );
        }
    }
}

#[test]
fn a_photo_smaller_than_a_tile_is_padded_with_nothing_found_in_the_padding() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(30, 20, &[(BLUE, [10, 4, 30, 20])]);
    let found = detector
        .detect(&photo, &tiles(&photo, 64, 48, 1.0))
        .unwrap()
        .detections;
    assert_eq!(boxes(&found), [("blue", [10.0, 4.0, 30.0, 20.0])]);
}

#[test]
fn buffers_keep_nothing_of_the_photo_before() {
    let Some(mut detector) = detector() else { return };
    let (blue, grey) = (photo(64, 64, &[(BLUE, [0, 0, 64, 64])]), photo(20, 64, &[]));
    assert_eq!(
        detector
            .detect(&blue, &tiles(&blue, 64, 64, 1.0))
            .unwrap()
            .detections
            .len(),
        1
    );
    assert_eq!(
        detector
            .detect(&grey, &tiles(&grey, 64, 64, 1.0))
            .unwrap()
            .detections,
        []
    );
}

#[test]
fn impossible_tiles_and_scales_are_named() {
    let Some(mut detector) = detector() else { return };
    let photo = RgbImage::new(100, 80);
    let rect = |x_px| TileRect {
        x_px,
        y_px: 0,
        width_px: 64,
        height_px: 64,
    };
    let mut refused = |x_px, scale| {
        let tile = ScaledTile {
            rect: rect(x_px),
            scale,
        };
        detector.detect(&photo, &[tile]).unwrap_err()
    };
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(
            matches!(refused(0, scale), DetectError::Scale { .. }),
            "scale {scale}"
        );
    }
    assert_eq!(
        refused(100, 1.0).to_string(),
        "tile 64×64 px at (100, 0) lies outside the photo of 100×80 px"
    );
    assert_eq!(
        refused(0, 1.5).to_string(),
        "tile 64×64 px at (0, 0) at scale 1.5 is larger than the model's input of 64×64 px"
    );
    assert_eq!(detector.detect(&photo, &[]).unwrap().detections, []);
}

#[test]
fn tiles_of_two_scales_over_one_photo_give_one_box_each_thing() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(256, 128, &[(BLUE, [20, 20, 60, 44]), (RED, [120, 30, 240, 110])]);
    let fine = tiles(&photo, 64, 48, 1.0);
    let coarse = tiles(&photo, 256, 256, 0.25);
    let found = detector
        .detect(&photo, &[fine, coarse].concat())
        .unwrap()
        .detections;
    assert_eq!(
        boxes(&found),
        [
            ("blue", [20.0, 20.0, 60.0, 44.0]),
            ("red", [120.0, 30.0, 240.0, 110.0])
        ]
    );
}

#[test]
fn a_tile_one_pixel_too_wide_from_rounding_is_squeezed_in() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(100, 100, &[(BLUE, [0, 0, 39, 39])]);
    let rect = TileRect {
        x_px: 0,
        y_px: 0,
        width_px: 39,
        height_px: 39,
    };
    let tile = ScaledTile { rect, scale: 1.65 };
    let found = detector.detect(&photo, &[tile]).unwrap().detections;
    assert_eq!(boxes(&found), [("blue", [0.0, 0.0, 39.0, 39.0])]);
}

#[test]
fn timings_add_up_to_no_more_than_the_call() {
    let Some(mut detector) = detector() else { return };
    let photo = photo(640, 480, &[(BLUE, [40, 44, 72, 70])]);
    let start = std::time::Instant::now();
    let timings = detector
        .detect(&photo, &tiles(&photo, 64, 48, 1.0))
        .unwrap()
        .timings;
    let whole = start.elapsed();
    assert!(timings.resize + timings.prepare + timings.infer + timings.merge <= whole);
    assert!(!timings.infer.is_zero() && !timings.resize.is_zero() && !timings.prepare.is_zero());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a patch of at least 12 px lies, however the tiles are ordered: one box, to the pixel.
    #[test]
    fn any_patch_is_found_once_and_exactly(
        left in 0u32..150, top in 0u32..100, width in 12u32..90, height in 12u32..90,
        step in 40u32..=56, turn in 0usize..20,
    ) {
        let Some(mut detector) = detector() else { return Ok(()) };
        let (right, bottom) = ((left + width).min(200), (top + height).min(150));
        let photo = photo(200, 150, &[(BLUE, [left, top, right, bottom])]);
        let mut tiles = tiles(&photo, 64, step, 1.0);
        let count = tiles.len();
        tiles.rotate_left(turn % count);
        let found = detector.detect(&photo, &tiles).unwrap().detections;
        let want = [left, top, right, bottom].map(f64::from);
        prop_assert_eq!(boxes(&found), [("blue", want)]);
    }
}
