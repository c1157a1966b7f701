//! `flyonce model eval`: renders of the simulator and real pictures through the whole program, and data sets that
//! cannot be read.

use std::fs;
use std::path::Path;

use fixtures::shared_data_or_skip;
use serde_json::Value;
use simulator::{TrainingOptions, render_training};

use crate::program::{Program, can_look};

/// Two renders of 640 px, one tile each, with labels.
fn with_renders() -> Program {
    let program = Program::new();
    let options = TrainingOptions {
        seed: 1900,
        photos: 2,
        size_px: [640, 640],
        gsd_cm: [12.5, 12.5],
        oblique_share: 0.0,
        day: 0,
        yolo: true,
        masks: false,
    };
    render_training(&program.path("renders"), &options).unwrap();
    program
}

fn class<'v>(answer: &'v Value, id: &str) -> &'v Value {
    let classes = answer["models"][0]["classes"].as_array().unwrap();
    classes.iter().find(|class| class["class"] == id).unwrap()
}

fn label_lines(folder: &Path, class: &str) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    texts
        .map(|text| {
            text.lines()
                .filter(|line| line.split(' ').next() == Some(class))
                .count()
        })
        .sum()
}

#[test]
fn renders_are_judged_and_shown_on_one_page() {
    if !can_look("renders_are_judged_and_shown_on_one_page") {
        return;
    }
    let program = with_renders();
    let answer = program.json(&[
        "model",
        "eval",
        "renders",
        "--gsd-cm",
        "12.5",
        "--out",
        "page.html",
    ]);
    assert_eq!(
        (answer["pictures"].as_u64(), answer["dataset"].as_str()),
        (Some(2), Some("renders"))
    );
    assert_eq!(answer["scales"][0]["source"], "given");
    let buildings = class(&answer, "building");
    let lines = label_lines(&program.path("renders/labels"), "0");
    assert!(lines > 5, "{lines}");
    assert_eq!(buildings["boxes"].as_u64().unwrap() as usize, lines);
    assert!(buildings["ap50"].as_f64().unwrap() > 0.2, "{buildings}");
    assert!(buildings["ap30"].as_f64() >= buildings["ap50"].as_f64());
    let page = fs::read_to_string(program.path("page.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,/9j/") && page.contains("<polyline points="));
    assert!(page.contains("模型评估") && page.contains("Model evaluation"));
    assert!(!page.contains("src=\"http") && !page.contains("href=") && !page.contains("@import"));
    let place = program.path("").to_string_lossy().into_owned();
    assert!(
        !page.contains(place.trim_end_matches('/')),
        "the page names a place on this machine"
    );
}

#[test]
fn a_model_beside_itself_has_the_same_figures() {
    if !can_look("a_model_beside_itself_has_the_same_figures") {
        return;
    }
    let program = with_renders();
    program.json(&["model", "eval", "renders", "--limit", "1"]);
    let card = fs::read_dir(program.path("data/models"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let card = fs::read_dir(card).unwrap().map(|entry| entry.unwrap().path());
    let card = card
        .into_iter()
        .find(|file| file.extension().is_some_and(|end| end == "toml"))
        .unwrap();
    let answer = program.json(&[
        "model",
        "eval",
        "renders",
        "--limit",
        "1",
        "--compare",
        card.to_str().unwrap(),
    ]);
    let models = answer["models"].as_array().unwrap();
    assert_eq!(models.len(), 2);
    assert_eq!(models[0], models[1]);
}

#[test]
fn classes_go_by_name_and_may_be_renamed() {
    if !can_look("classes_go_by_name_and_may_be_renamed") {
        return;
    }
    let program = with_renders();
    program.write("renders/classes.txt", "a\nb\nc\nd\ne\nf\ng\nh\n");
    let refused = program.run(&["model", "eval", "renders"]);
    assert!(!refused.ok && refused.stderr.contains("no class in common") && refused.stderr.contains("--map"));
    let answer = program.json(&["model", "eval", "renders", "--limit", "1", "--map", "a=building"]);
    let classes = answer["models"][0]["classes"].as_array().unwrap();
    assert_eq!(
        classes.len(),
        1,
        "only the class that is known is judged: {classes:?}"
    );
    let notes = answer["notes"].to_string();
    assert!(
        notes.contains("b, c, d, e, f, g, h") && notes.contains("vehicle"),
        "{notes}"
    );
}

#[test]
fn data_sets_that_cannot_be_read_are_refused_by_name_and_line() {
    let program = Program::new();
    let refused = |dataset: &str| {
        let ran = program.run(&["model", "eval", dataset]);
        assert!(!ran.ok);
        ran.stderr
    };
    assert!(refused("nowhere").contains("nowhere: there is no such file or folder"));
    program.write("empty/readme.md", "nothing");
    assert!(refused("empty").contains("neither data.yaml, nor instances.json, nor classes.txt"));
    program.write("bad/classes.txt", "building\n");
    program.write_photo("bad/images/a.jpg", 1);
    program.write("bad/labels/a.txt", "0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1\n");
    let said = refused("bad");
    assert!(
        said.contains("a.txt") && said.contains("line 2: class 7"),
        "{said}"
    );
    program.write("coco.json", "{\"images\": [],\n \"categories\": 3}");
    let said = refused("coco.json");
    assert!(said.contains("coco.json") && said.contains("line 2"), "{said}");
}

#[test]
fn real_pictures_are_judged_where_they_are_labelled() {
    let name = "real_pictures_are_judged_where_they_are_labelled";
    let Some(data) = shared_data_or_skip(name) else {
        return;
    };
    if !can_look(name) {
        return;
    }
    let detect = data.join("detect");
    let program = Program::new();
    let answer = program.json(&[
        "model",
        "eval",
        detect.to_str().unwrap(),
        "--set",
        "raven",
        "--limit",
        "8",
    ]);
    assert_eq!(answer["pictures"], 8);
    assert_eq!(answer["scales"][0]["cm_per_px"], serde_json::json!([33.0, 33.0]));
    let vehicles = class(&answer, "vehicle");
    assert!(
        vehicles["boxes"].as_u64().unwrap() > 0 && vehicles["ap50"].as_f64().unwrap() > 0.3,
        "{vehicles}"
    );
    let classes = answer["models"][0]["classes"].as_array().unwrap();
    assert!(
        classes.iter().all(|class| class["class"] != "blue_metal_roof"),
        "raven is not labelled for it"
    );
    let unknown = program.run(&["model", "eval", detect.to_str().unwrap(), "--set", "revan"]);
    assert!(
        unknown.stderr.contains("banepa, jekhor_vehicles, raven"),
        "{}",
        unknown.stderr
    );
}
