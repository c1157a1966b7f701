//! What must hold between the values of a model card beyond their types.

use std::collections::HashSet;

use super::Card;

/// Every problem as (key, what is wrong), in no particular order.
pub(super) fn problems(card: &Card) -> Vec<(String, String)> {
    let mut found = Problems(Vec::new());
    texts(card, &mut found);
    numbers(card, &mut found);
    classes(card, &mut found);
    data(card, &mut found);
    found.0
}

struct Problems(Vec<(String, String)>);

impl Problems {
    fn unless(&mut self, holds: bool, field: impl Into<String>, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push((field.into(), problem()));
        }
    }

    fn text(&mut self, field: impl Into<String>, value: &str) {
        self.unless(!value.trim().is_empty(), field, || "must not be empty".to_owned());
    }

    fn within(&mut self, field: impl Into<String>, value: f64, low: f64, high: f64) {
        self.unless((low..=high).contains(&value), field, || {
            format!("must lie in {low}..{high}, is {value}")
        });
    }
}

fn texts(card: &Card, found: &mut Problems) {
    let (input, outputs, training) = (&card.input, &card.outputs, &card.training);
    for (field, value) in [
        ("name", &card.name),
        ("version", &card.version),
        ("licence", &card.licence),
        ("attribution", &card.attribution),
        ("input.name", &input.name),
        ("outputs.boxes", &outputs.boxes),
        ("outputs.scores", &outputs.scores),
        ("training.recipe", &training.recipe),
        ("training.command", &training.command),
        ("training.pytorch", &training.pytorch),
    ] {
        found.text(field, value);
    }
    let plain = !card.file.contains(['/', '\\']) && card.file.ends_with(".onnx");
    found.unless(plain, "file", || {
        format!(
            "must be the name of an .onnx file in the folder of the card, is \"{}\"",
            card.file
        )
    });
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    found.unless(
        card.sha256.len() == 64 && card.sha256.bytes().all(hex),
        "sha256",
        || format!("must be 64 lower-case hexadecimal digits, is \"{}\"", card.sha256),
    );
    found.unless(outputs.boxes != outputs.scores, "outputs.scores", || {
        format!(
            "must be another tensor than outputs.boxes, both are \"{}\"",
            outputs.boxes
        )
    });
}

fn numbers(card: &Card, found: &mut Problems) {
    for (field, value) in [
        ("input.width_px", card.input.width_px),
        ("input.height_px", card.input.height_px),
    ] {
        found.unless((32..=4096).contains(&value) && value % 32 == 0, field, || {
            format!("must be a multiple of 32 from 32 to 4096, is {value}")
        });
    }
    let scale = &card.scale;
    found.within(
        "scale.ground_scale_cm_per_px",
        scale.ground_scale_cm_per_px,
        0.1,
        1000.0,
    );
    found.within(
        "scale.trained_from_cm_per_px",
        scale.trained_from_cm_per_px,
        0.1,
        1000.0,
    );
    found.within(
        "scale.trained_to_cm_per_px",
        scale.trained_to_cm_per_px,
        0.1,
        1000.0,
    );
    let (from, aim, to) = (
        scale.trained_from_cm_per_px,
        scale.ground_scale_cm_per_px,
        scale.trained_to_cm_per_px,
    );
    found.unless(from <= aim && aim <= to, "scale.ground_scale_cm_per_px", || {
        format!("must lie in the trained range {from}..{to}, is {aim}")
    });
    let merge = &card.merge;
    found.unless(merge.iou > 0.0 && merge.iou < 1.0, "merge.iou", || {
        format!("must lie between 0 and 1, is {}", merge.iou)
    });
    found.unless(
        (1..=10_000).contains(&merge.max_detections_per_tile),
        "merge.max_detections_per_tile",
        || format!("must lie in 1..10000, is {}", merge.max_detections_per_tile),
    );
    found.within("training.minutes", card.training.minutes, 0.0, 1e7);
}

fn classes(card: &Card, found: &mut Problems) {
    found.unless(!card.classes.is_empty(), "class", || {
        "at least one class is needed".to_owned()
    });
    let mut seen = HashSet::new();
    for (index, class) in card.classes.iter().enumerate() {
        let field = |key: &str| format!("class[{index}].{key}");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        found.unless(
            !class.id.is_empty() && class.id.bytes().all(plain),
            field("id"),
            || format!("must be of a-z, 0-9 and _, is \"{}\"", class.id),
        );
        found.unless(seen.insert(&class.id), field("id"), || {
            format!("\"{}\" appears twice", class.id)
        });
        found.unless(
            class.threshold > 0.0 && class.threshold < 1.0,
            field("threshold"),
            || format!("must lie between 0 and 1, is {}", class.threshold),
        );
        for (key, value) in [("ap50", class.ap50), ("ap50_95", class.ap50_95)] {
            found.within(field(key), value.unwrap_or(0.0), 0.0, 1.0);
        }
    }
}

fn data(card: &Card, found: &mut Problems) {
    for (index, set) in card.data.iter().enumerate() {
        let field = |key: &str| format!("data[{index}].{key}");
        found.text(field("name"), &set.name);
        found.text(field("licence"), &set.licence);
        found.text(field("attribution"), &set.attribution);
        found.within(field("share"), set.share, 0.0, 1.0);
    }
    for (index, target) in card.limits.not_trained_for.iter().enumerate() {
        found.text(format!("limits.not_trained_for[{index}]"), target);
    }
}
