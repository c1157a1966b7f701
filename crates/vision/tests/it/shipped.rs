//! The shipped models, fp32 and int8, on a real drone photo: each keeps its card, finds the vehicles, and a repeat
//! gives the same.

use std::path::Path;

use image::RgbImage;
use vision::{Card, Detector, decode_jpeg};

use crate::support::{aloud, runtime, tiles};

/// Straight down over a street in Minsk, 4.7 mm lens and 1.54 µm pixels at 100 m.
const PHOTO: &str = "photos/dji_minsk/DJI_0010.JPG";
const PHOTO_CM_PER_PX: f64 = 3.3;
/// Middles of the two vans and three cars that nobody would overlook in it.
const VEHICLES_PX: [[f64; 2]; 5] = [
    [2712.0, 1050.0],
    [3080.0, 1100.0],
    [2612.0, 1688.0],
    [3565.0, 1779.0],
    [3410.0, 1865.0],
];

#[test]
fn the_shipped_models_find_the_vehicles_of_a_real_photo_twice_the_same() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let (Some(data), Some(runtime)) = (
        fixtures::shared_data_or_skip("the shipped models on a real photo"),
        runtime(),
    ) else {
        return;
    };
    let bytes = std::fs::read(data.join(PHOTO)).expect("the photo");
    let photo = decode_jpeg(&bytes, 120_000_000).expect("a whole photo");
    for file in ["aerial8.toml", "aerial8-int8.toml"] {
        let card = Card::read(&models.join(file)).expect("a shipped card");
        let mut detector = Detector::load(&runtime, &card, &models).expect("a shipped model");
        finds_the_vehicles_twice(&mut detector, &photo);
    }
}

fn finds_the_vehicles_twice(detector: &mut Detector, photo: &RgbImage) {
    let card = detector.card().clone();
    let scale = PHOTO_CM_PER_PX / card.scale.ground_scale_cm_per_px;
    let side = (f64::from(card.input.width_px) / scale) as u32;
    let tiles = tiles(photo, side, side - (64.0 / scale) as u32, scale);
    let first = detector.detect(photo, &tiles).expect("detections");
    aloud(&format!(
        "{}: {} tiles of {}×{} px, {:.1?}; {} detections",
        card.name,
        tiles.len(),
        photo.width(),
        photo.height(),
        first.timings,
        first.detections.len()
    ));
    let found_at = |[x, y]: &[f64; 2]| {
        let covers = |b: [f64; 4]| b[0] <= *x && *x <= b[2] && b[1] <= *y && *y <= b[3];
        first
            .detections
            .iter()
            .any(|found| found.class == "vehicle" && covers(found.box_px))
    };
    let missed: Vec<_> = VEHICLES_PX.iter().filter(|centre| !found_at(centre)).collect();
    assert!(
        missed.len() <= 1,
        "{}: vehicles at {missed:?} were missed: {:#?}",
        card.name,
        first.detections
    );
    let second = detector.detect(photo, &tiles).expect("detections");
    assert_eq!(first.detections, second.detections);
}
