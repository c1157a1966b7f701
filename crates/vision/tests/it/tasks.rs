//! Models that are no detectors: what their cards promise, and what comes out of them.

use std::path::Path;

use fixtures::onnx::{Attribute, Element, OnnxFile};
use image::{Rgb, RgbImage};
use sha2::{Digest, Sha256};
use vision::{Card, Detector, FeatureError, FeatureExtractor, ModelError};

use crate::support::{BLUE, RED, card, folder, photo, runtime, tiles};

/// Mean of each colour of the tile over 255: three classes.
fn mean_colour() -> Vec<u8> {
    OnnxFile::of_opset(13)
        .input("picture", Element::F32, &[1, 3, 64, 64])
        .constant("full", &[1], &[255.0])
        .node("GlobalAveragePool", &["picture"], "means", &[])
        .node("Flatten", &["means"], "flat", &[Attribute::Int("axis", 1)])
        .node("Div", &["flat", "full"], "scores", &[])
        .output("scores", Element::F32, &[1, 3])
        .bytes()
}

/// Means over cells of 4 and of 16 pixels.
fn two_maps() -> Vec<u8> {
    let pool = |file: OnnxFile, stride: i64, name: &str| {
        let sizes = [stride, stride];
        let cells = 64 / stride.cast_unsigned();
        file.node(
            "AveragePool",
            &["picture"],
            name,
            &[
                Attribute::Ints("kernel_shape", &sizes),
                Attribute::Ints("strides", &sizes),
            ],
        )
        .output(name, Element::F32, &[1, 3, cells, cells])
    };
    let file = OnnxFile::of_opset(13).input("picture", Element::F32, &[1, 3, 64, 64]);
    pool(pool(file, 4, "f4"), 16, "f16").bytes()
}

/// The tiny card with other tables in place of what is about boxes, and its file in `dir`.
fn laid_out(dir: &Path, model: &[u8], task: &str, tables: &str) -> Card {
    let text = std::fs::read_to_string(folder().join("tiny.toml")).unwrap();
    let (head, rest) = text.split_once("[outputs]").unwrap();
    let scale_at = rest.find("[scale]").unwrap();
    let merge_at = rest.find("[merge]").unwrap();
    let training_at = rest.find("[training]").unwrap();
    let text = format!(
        "{}{}{tables}\n{}",
        head.replace("\"detector\"", &format!("\"{task}\"")),
        &rest[scale_at..merge_at],
        &rest[training_at..]
    );
    let text = text.replace(&card().sha256, &hex::encode(Sha256::digest(model)));
    std::fs::write(dir.join("tiny.onnx"), model).unwrap();
    Card::parse(&text, Path::new("tiny.toml")).unwrap()
}

const CLASSIFIER: &str = r#"
[outputs]
scores = "scores"
[[class]]
id = "reddish"
threshold = 0.6
trained = true
validation_boxes = 0
[[class]]
id = "greenish"
threshold = 0.6
trained = true
validation_boxes = 0
[[class]]
id = "bluish"
threshold = 0.6
trained = true
validation_boxes = 0
"#;

const CHANGE: &str = r#"
[outputs]
features = ["f4", "f16"]
strides = [4, 16]
[change]
threshold = 1.5
"#;

#[test]
fn a_tile_over_the_threshold_is_a_detection_of_the_tile() {
    let (Some(runtime), dir) = (runtime(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let card = laid_out(dir.path(), &mean_colour(), "tile_classifier", CLASSIFIER);
    let mut detector = Detector::load(&runtime, &card, dir.path()).unwrap();
    let photo = photo(128, 100, &[(BLUE, [0, 0, 64, 64]), (RED, [64, 0, 128, 64])]);
    let found = detector
        .detect(&photo, &tiles(&photo, 64, 64, 1.0))
        .unwrap()
        .detections;
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.class.as_str(), it.score, it.box_px))
        .collect();
    assert_eq!(
        found,
        [
            ("reddish", 1.0, [64.0, 0.0, 128.0, 64.0]),
            ("bluish", 1.0, [0.0, 0.0, 64.0, 64.0])
        ]
    );
}

#[test]
fn features_come_with_their_names_strides_and_places() {
    let (Some(runtime), dir) = (runtime(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let card = laid_out(dir.path(), &two_maps(), "change", CHANGE);
    let mut extractor = FeatureExtractor::load(&runtime, &card, dir.path()).unwrap();
    let mut picture = RgbImage::from_pixel(64, 64, Rgb([8, 0, 0]));
    for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (20 + x, 8 + y))) {
        picture.put_pixel(x, y, Rgb([8, 160, 0]));
    }
    let maps = extractor.extract(&picture).unwrap();
    let sizes: Vec<_> = maps
        .iter()
        .map(|map| {
            (
                map.name.as_str(),
                map.stride_px,
                map.channels,
                map.height,
                map.width,
            )
        })
        .collect();
    assert_eq!(sizes, [("f4", 4, 3, 16, 16), ("f16", 16, 3, 4, 4)]);
    let green = |map: usize, row: usize, column: usize| {
        let map = &maps[map];
        map.values[map.height * map.width + row * map.width + column]
    };
    assert_eq!(
        [green(0, 2, 5), green(0, 2, 4), green(0, 5, 2)],
        [160.0, 0.0, 0.0]
    );
    assert_eq!([green(1, 0, 1), green(1, 1, 0)], [10.0, 0.0]);
    let error = extractor.extract(&RgbImage::new(64, 32)).unwrap_err();
    assert!(matches!(error, FeatureError::PictureSize { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the picture is [64, 32] px; the model takes [64, 64] px"
    );
}

#[test]
fn a_model_that_does_not_keep_its_card_is_refused() {
    let (Some(runtime), dir) = (runtime(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let strides = CHANGE.replace("[4, 16]", "[8, 16]");
    let card = laid_out(dir.path(), &two_maps(), "change", &strides);
    let error = FeatureExtractor::load(&runtime, &card, dir.path()).err().unwrap();
    let said = error.to_string();
    let part = "\"f4\" has the shape [1, ?, 8, 8], the file has [1, 3, 16, 16]";
    assert!(
        matches!(error, ModelError::Mismatch { .. }) && said.contains(part),
        "{said}"
    );
    let two = CLASSIFIER.split_once("[[class]]\nid = \"bluish\"").unwrap().0;
    let card = laid_out(dir.path(), &mean_colour(), "tile_classifier", two);
    let said = Detector::load(&runtime, &card, dir.path())
        .err()
        .unwrap()
        .to_string();
    assert!(
        said.contains("the card lists 2 classes, the score tensor \"scores\" of the file has 3"),
        "{said}"
    );
}

#[test]
fn each_kind_of_model_goes_through_its_own_door() {
    let (Some(runtime), dir) = (runtime(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let change = laid_out(dir.path(), &two_maps(), "change", CHANGE);
    let said = Detector::load(&runtime, &change, dir.path())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        said,
        "the card of \"tiny\" says task = \"change\"; here a model of task \"detector\" or \"tile_classifier\" is needed"
    );
    let error = FeatureExtractor::load(&runtime, &card(), &folder())
        .err()
        .unwrap();
    assert!(matches!(error, ModelError::Task { .. }), "{error}");
}
