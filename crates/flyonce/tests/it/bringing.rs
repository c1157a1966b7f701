//! `flyonce model check`: the shipped model, and files that somebody brings along.

use std::path::Path;

use fixtures::onnx::{Attribute, Element, OnnxFile};
use serde_json::Value;

use crate::program::{Program, can_look};

fn codes(answer: &Value, list: &str) -> Vec<String> {
    let points = answer[list].as_array().unwrap();
    points
        .iter()
        .map(|point| point["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Mean colours as scores of a tile.
fn classifier() -> Vec<u8> {
    OnnxFile::of_opset(13)
        .input("picture", Element::F32, &[1, 3, 64, 64])
        .constant("full", &[1], &[255.0])
        .node("GlobalAveragePool", &["picture"], "means", &[])
        .node("Flatten", &["means"], "flat", &[Attribute::Int("axis", 1)])
        .node("Div", &["flat", "full"], "scores", &[])
        .output("scores", Element::F32, &[1, 3])
        .bytes()
}

#[test]
fn the_shipped_model_fits_and_says_its_speed_and_memory() {
    if !can_look("the_shipped_model_fits_and_says_its_speed_and_memory") {
        return;
    }
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/aerial8.toml");
    let answer = Program::new().json(&["model", "check", card.to_str().unwrap()]);
    assert_eq!(answer["problems"].as_array().unwrap().len(), 0, "{answer}");
    assert_eq!(
        (&answer["fits"], &answer["task"]),
        (&Value::Bool(true), &Value::from("detector"))
    );
    assert!(answer["ms_per_tile"].as_f64().unwrap() > 0.0);
    assert!(answer["session_mb"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_file_without_a_card_gets_one_to_begin_with() {
    if !can_look("a_file_without_a_card_gets_one_to_begin_with") {
        return;
    }
    let program = Program::new();
    program.write("mine.onnx", classifier());
    let ran = program.run(&["model", "check", "mine.onnx", "--json"]);
    assert!(!ran.ok, "a model without a card cannot be used");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(codes(&answer, "problems"), ["no_card"]);

    let template = answer["card_template"].as_str().unwrap();
    program.write("mine.toml", template);
    let ran = program.run(&["model", "check", "mine.toml", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(codes(&answer, "problems"), ["unknown_class"; 3], "{answer}");

    let known = ["building", "vehicle", "waste"].iter().enumerate();
    let named = known.fold(template.to_owned(), |text, (index, class)| {
        text.replace(&format!("class_{index}"), class)
    });
    program.write("mine.toml", &named);
    assert_eq!(program.json(&["model", "check", "mine.toml"])["fits"], true);

    program.write("mine.toml", named.replace("width_px = 64", "width_px = 96"));
    let ran = program.run(&["model", "check", "mine.onnx", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(codes(&answer, "problems"), ["shape"], "{answer}");

    program.write("mine.toml", named.replace("threshold = 0.5", "treshold = 0.5"));
    let ran = program.run(&["model", "check", "mine.toml"]);
    assert!(
        !ran.ok && ran.stdout.contains("card_mistake") && ran.stdout.contains("treshold"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_model_or_not_there_is_said() {
    if !can_look("what_is_no_model_or_not_there_is_said") {
        return;
    }
    let program = Program::new();
    program.write("text.onnx", "not a model");
    for (file, code) in [("text.onnx", "refused"), ("none.onnx", "file_unreadable")] {
        let ran = program.run(&["model", "check", file, "--json"]);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(!ran.ok);
        assert_eq!(codes(&answer, "problems"), [code], "{answer}");
    }
}
