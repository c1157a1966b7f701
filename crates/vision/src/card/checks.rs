//! What must hold between the values of a model card beyond their types.

use std::collections::HashSet;

use super::{Card, Task};

/// Every problem as (key, what is wrong), in no particular order.
pub(super) fn problems(card: &Card) -> Vec<(String, String)> {
    let mut found = Problems(Vec::new());
    texts(card, &mut found);
    outputs(card, &mut found);
    numbers(card, &mut found);
    merge_and_change(card, &mut found);
    classes(card, &mut found);
    figures(card, &mut found);
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

    /// A key that some tasks need and the others do not have.
    fn belongs(&mut self, card: &Card, field: &str, is_there: bool, needed: bool) {
        self.unless(is_there == needed, field, || {
            let task = card.task.word();
            if needed {
                format!("is needed where the task is \"{task}\"")
            } else {
                format!("has no meaning where the task is \"{task}\"")
            }
        });
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
    let (input, training) = (&card.input, &card.training);
    for (field, value) in [
        ("name", &card.name),
        ("version", &card.version),
        ("licence", &card.licence),
        ("attribution", &card.attribution),
        ("input.name", &input.name),
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
}

/// The tensors that the task needs, and none that it does not have.
fn outputs(card: &Card, found: &mut Problems) {
    let outputs = &card.outputs;
    let detects = card.task == Task::Detector;
    found.belongs(card, "outputs.boxes", outputs.boxes.is_some(), detects);
    found.belongs(card, "outputs.box_format", outputs.box_format.is_some(), detects);
    found.belongs(
        card,
        "outputs.scores",
        outputs.scores.is_some(),
        card.task != Task::Change,
    );
    let changes = card.task == Task::Change;
    found.belongs(card, "outputs.features", !outputs.features.is_empty(), changes);
    found.belongs(card, "outputs.strides", !outputs.strides.is_empty(), changes);
    let mut names = HashSet::new();
    let scalars = [
        ("outputs.boxes".to_owned(), &outputs.boxes),
        ("outputs.scores".to_owned(), &outputs.scores),
    ];
    let single = scalars
        .into_iter()
        .filter_map(|(field, name)| Some((field, name.as_ref()?)));
    let many = (outputs.features.iter().enumerate())
        .map(|(index, name)| (format!("outputs.features[{index}]"), name));
    for (field, name) in single.chain(many) {
        found.text(field.clone(), name);
        found.unless(names.insert(name), field, || {
            format!("must be another tensor than the ones before, \"{name}\" appears twice")
        });
    }
    let (features, strides) = (outputs.features.len(), outputs.strides.len());
    let paired = features == strides || features == 0 || strides == 0;
    found.unless(paired, "outputs.strides", || {
        format!("must have one number for each of the {features} features, has {strides}")
    });
    for (index, &stride) in outputs.strides.iter().enumerate() {
        let divides = stride > 0
            && card.input.width_px.is_multiple_of(stride)
            && card.input.height_px.is_multiple_of(stride);
        found.unless(divides, format!("outputs.strides[{index}]"), || {
            format!("must divide the width and height of the input, is {stride}")
        });
    }
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
    found.within("training.minutes", card.training.minutes, 0.0, 1e7);
}

fn merge_and_change(card: &Card, found: &mut Problems) {
    found.belongs(card, "merge", card.merge.is_some(), card.task == Task::Detector);
    if let Some(merge) = &card.merge {
        found.unless(merge.iou > 0.0 && merge.iou < 1.0, "merge.iou", || {
            format!("must lie between 0 and 1, is {}", merge.iou)
        });
        found.unless(
            (1..=10_000).contains(&merge.max_detections_per_tile),
            "merge.max_detections_per_tile",
            || format!("must lie in 1..10000, is {}", merge.max_detections_per_tile),
        );
    }
    found.belongs(card, "change", card.change.is_some(), card.task == Task::Change);
    if let Some(change) = &card.change {
        let usable = change.threshold > 0.0 && change.threshold.is_finite();
        found.unless(usable, "change.threshold", || {
            format!("must be above 0, is {}", change.threshold)
        });
        let strong = change.strong_threshold.unwrap_or(change.threshold);
        found.unless(strong >= change.threshold, "change.strong_threshold", || {
            format!(
                "must be at least change.threshold = {}, is {strong}",
                change.threshold
            )
        });
        for (key, value) in [
            ("smallest_m2", change.smallest_m2),
            ("smallest_px", change.smallest_px),
        ] {
            found.within(format!("change.{key}"), value.unwrap_or(0.0), 0.0, 1e6);
        }
    }
}

fn classes(card: &Card, found: &mut Problems) {
    found.belongs(card, "class", !card.classes.is_empty(), card.task != Task::Change);
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
        for (key, value) in [
            ("ap50", class.ap50),
            ("ap50_95", class.ap50_95),
            ("precision", class.precision),
            ("recall", class.recall),
            ("expected_calibration_error", class.expected_calibration_error),
        ] {
            found.within(field(key), value.unwrap_or(0.0), 0.0, 1.0);
        }
        for (key, value) in [
            ("false_alarms_per_km2", class.false_alarms_per_km2),
            ("false_alarm_budget_per_km2", class.false_alarm_budget_per_km2),
        ] {
            found.within(field(key), value.unwrap_or(0.0), 0.0, 1e9);
        }
    }
}

fn figures(card: &Card, found: &mut Problems) {
    for (index, figure) in card.figures.iter().enumerate() {
        let field = |key: &str| format!("figure[{index}].{key}");
        found.text(field("set"), &figure.set);
        found.text(field("class"), &figure.class);
        let known = card.task == Task::Change || card.classes.iter().any(|class| class.id == figure.class);
        found.unless(known, field("class"), || {
            format!("must be one of the classes of the card, is \"{}\"", figure.class)
        });
        for (key, value) in [
            ("ap50", figure.ap50),
            ("ap50_95", figure.ap50_95),
            ("precision", figure.precision),
            ("recall", figure.recall),
            ("expected_calibration_error", figure.expected_calibration_error),
            ("ap50_fp32", figure.ap50_fp32),
        ] {
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
