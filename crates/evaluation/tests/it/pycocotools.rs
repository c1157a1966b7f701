//! The same boxes through pycocotools: every precision and recall is equal to 1e-9. Needs a Python with
//! pycocotools: the one in `FLYONCE_TEST_PYTHON`, else `python3`.

use std::io::Write;
use std::process::{Command, Stdio};

use evaluation::coco::{Cell, ClassResult, Settings, evaluate_class};
use evaluation::picture::Picture;
use serde_json::{Value, json};

use crate::random::{Recipe, pictures};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/coco_figures.py");

const PLAIN: Recipe = Recipe {
    pictures: 12,
    classes: 4,
    truths: 12,
    noise: 10,
    score_steps: 1e12,
    on_grid: false,
    crowd_share: 0.0,
    unlabelled_share: 0.0,
};

/// What each case is there for.
const CASES: &[(&str, Recipe)] = &[
    ("plain", PLAIN),
    (
        "crowd regions",
        Recipe {
            crowd_share: 0.4,
            ..PLAIN
        },
    ),
    (
        "ties of scores and overlaps",
        Recipe {
            score_steps: 4.0,
            on_grid: true,
            crowd_share: 0.2,
            ..PLAIN
        },
    ),
    (
        "more finds than count",
        Recipe {
            pictures: 3,
            truths: 60,
            noise: 500,
            crowd_share: 0.1,
            ..PLAIN
        },
    ),
    (
        "labelled for some classes only",
        Recipe {
            unlabelled_share: 0.5,
            crowd_share: 0.1,
            ..PLAIN
        },
    ),
    ("nothing there", Recipe { truths: 0, ..PLAIN }),
    (
        "everything ignored",
        Recipe {
            crowd_share: 1.0,
            ..PLAIN
        },
    ),
];

#[test]
fn figures_equal_those_of_pycocotools() {
    let Some(python) = python("figures_equal_those_of_pycocotools") else {
        return;
    };
    let drawn: Vec<(&str, Vec<Picture>)> = (0..3)
        .flat_map(|seed| {
            CASES
                .iter()
                .map(move |(name, recipe)| (*name, pictures(seed, *recipe)))
        })
        .collect();
    let mut settings = Settings::benchmark();
    settings.overlaps.push(0.3);
    settings.max_found.push(1000);
    let asked = json!({
        "settings": settings,
        "cases": drawn.iter().map(|(_, pictures)| pictures).collect::<Vec<_>>(),
    });
    let answer = ask(&python, &asked);
    let mut compared = 0;
    for ((name, pictures), theirs) in drawn.iter().zip(answer.as_array().unwrap()) {
        for (class, theirs) in theirs.as_array().unwrap().iter().enumerate() {
            let ours = evaluate_class(pictures, class, &settings);
            compared += assert_equal(&format!("{name}, class {class}"), &ours, theirs, &settings);
        }
    }
    assert!(compared > 10_000, "only {compared} figures were compared");
}

/// `theirs` has `precision[overlap][recall][area][max]` and `recall[overlap][area][max]`, −1 where there is no truth.
fn assert_equal(what: &str, ours: &ClassResult, theirs: &Value, settings: &Settings) -> usize {
    let mut compared = 0;
    let mut same = |mine: f64, other: &Value, where_: String| {
        let other = other.as_f64().unwrap();
        assert!(
            (mine - other).abs() < 1e-9,
            "{what}, {where_}: {mine} and {other}"
        );
        compared += 1;
    };
    for overlap in 0..settings.overlaps.len() {
        for area in 0..settings.areas_px2.len() {
            for limit in 0..settings.max_found.len() {
                let place = format!("overlap {overlap}, area {area}, limit {limit}");
                let cell: Option<&Cell> = ours.cells[area][limit].as_ref().map(|cells| &cells[overlap]);
                let recall = cell.map_or(-1.0, |cell| cell.recall);
                same(recall, &theirs["recall"][overlap][area][limit], place.clone());
                for step in 0..101 {
                    let precision = cell.map_or(-1.0, |cell| cell.precision[step]);
                    let other = &theirs["precision"][overlap][step][area][limit];
                    same(precision, other, format!("{place}, recall step {step}"));
                }
            }
        }
    }
    for (key, limit) in [("ap", 3), ("ar", 2)] {
        let benchmark: Vec<usize> = (0..10).collect();
        let mine = if key == "ap" {
            ours.average_precision(0, limit, &benchmark)
        } else {
            ours.average_recall(0, limit, &benchmark)
        };
        same(mine.unwrap_or(-1.0), &theirs[key], key.to_owned());
    }
    compared
}

fn ask(python: &str, asked: &Value) -> Value {
    let mut child = Command::new(python)
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{SCRIPT} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A Python that has pycocotools; without one the test is skipped aloud, and fails in CI.
fn python(test_name: &str) -> Option<String> {
    let python = std::env::var("FLYONCE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python)
        .args(["-c", "import pycocotools.cocoeval"])
        .stderr(Stdio::null())
        .status();
    if probe.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    let why = format!("{python} has no pycocotools (set FLYONCE_TEST_PYTHON)");
    assert!(std::env::var("CI").is_err(), "{test_name}: {why}");
    let line = format!("SKIPPED: {test_name}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr");
    None
}
