//! Several models over one flight: active ones together, and new ones in shadow that change nothing people see.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fixtures::onnx::{Attribute, Element, OnnxFile};
use serde_json::Value;

use crate::program::{Program, can_look, copy_folder};

const PHOTOS: &str = "data/demo-photos-7";

fn shipped_card(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models")
        .join(name)
}

/// A fresh data folder with another model beside the built-in one, and the demo's photos taken in with both.
fn ingested_with(demo: &Program, card: &Path, role: &str) -> (Program, Value) {
    let program = Program::new();
    let also = format!(
        "[[model.also]]\ncard = \"{}\"\nrole = \"{role}\"\n",
        card.display()
    );
    program.write("flyonce.toml", also);
    // Under the same names: they are shown.
    copy_folder(&demo.path(PHOTOS), &program.path(PHOTOS));
    let summary = program.json(&["--config", "flyonce.toml", "ingest", PHOTOS]);
    (program, summary)
}

/// The first characters of the SHA-256 that a shipped card names.
fn sha256_start(name: &str) -> String {
    let card = std::fs::read_to_string(shipped_card(name)).unwrap();
    let line = card.lines().find(|line| line.starts_with("sha256 = ")).unwrap();
    line.split('"').nth(1).unwrap()[..8].to_owned()
}

fn compare(program: &Program) -> Value {
    program.json(&["model", "compare"])
}

fn count(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap()
}

/// What a script in Python says of the rows.
fn ask_rows(program: &Program, script: &str) -> String {
    let asked = Command::new("python3")
        .args(["-c", script])
        .arg(program.path("data/flyonce.sqlite"))
        .output()
        .unwrap();
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_shadow_model_changes_nothing_that_people_see() {
    if !can_look("a_shadow_model_changes_nothing_that_people_see") {
        return;
    }
    let demo = Program::with_demo();
    let (program, summary) = ingested_with(&demo, &shipped_card("aerial8.toml"), "shadow");
    assert_eq!(program.holdings(), demo.holdings());
    let looks = summary["looks"].as_array().unwrap();
    let in_shadow: Vec<bool> = looks.iter().map(|looks| looks["in_shadow"] == true).collect();
    assert_eq!(in_shadow, [false, true], "{summary:#}");
    assert!(count(&summary["look_times"], "shadow_tiles") > 0);
    let said = program.json(&["leads", "list", "--limit", "1"]);
    let lead = said["leads"][0]["lead_no"].as_str().unwrap();
    let case = program.run(&["leads", "show", lead, "--json"]);
    assert!(
        case.ok && !case.stdout.contains(&sha256_start("aerial8.toml")),
        "the shadow's SHA-256 is in no case"
    );

    let compared = compare(&program);
    let total = &compared["shadows"][0]["total"];
    let models = compared["models"].as_array().unwrap();
    assert_eq!(
        (&models[0]["role"], &models[1]["role"]),
        (&"active".into(), &"shadow".into())
    );
    let sum = |fields: [&str; 3]| fields.iter().map(|field| count(total, field)).sum::<u64>();
    assert_eq!(
        sum(["both", "only_shipped", "shipped_outside"]),
        count(&models[0], "detections")
    );
    assert_eq!(
        sum(["both", "only_shadow", "shadow_outside"]),
        count(&models[1], "detections")
    );
    assert_eq!(summary["detections"], models[0]["detections"]);
    assert!(
        count(total, "both") > count(total, "only_shadow"),
        "the same net in other numbers: {total}"
    );
    let classes = compared["shadows"][0]["classes"].as_array().unwrap();
    let both: u64 = classes.iter().map(|class| count(class, "both")).sum();
    assert_eq!(both, count(total, "both"));
    assert!(models[1]["ms_per_tile"].as_f64().unwrap() > 0.0);
    the_page_shows_what_only_one_found(&program, total);
}

fn the_page_shows_what_only_one_found(program: &Program, total: &Value) {
    let shadow = sha256_start("aerial8.toml");
    let ran = program.run(&["model", "compare", "--out", "page.html", "--model", &shadow]);
    assert!(
        ran.ok && ran.stdout.contains("aerial8 against the active models"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    for part in ["影子模型比对", "Shadow comparison", "blue_metal_roof"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    let only_one = count(total, "only_shadow") + count(total, "only_shipped");
    let crops = page.matches("data:image/jpeg;base64,").count() as u64;
    assert_eq!(
        crops,
        count(total, "only_shadow").min(24) + count(total, "only_shipped").min(24),
        "{only_one}"
    );
    let unknown = program.run(&["model", "compare", "--model", "ffff"]);
    assert!(
        !unknown.ok && unknown.stderr.contains("aerial8"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_flight_that_is_flown_is_looked_at_in_shadow_and_a_killed_run_goes_on() {
    if !can_look("a_flight_that_is_flown_is_looked_at_in_shadow_and_a_killed_run_goes_on") {
        return;
    }
    let (program, killed) = (Program::with_demo(), Program::with_demo());
    let nobody = program.run(&["model", "compare"]);
    assert!(
        !nobody.ok && nobody.stderr.contains("model shadow"),
        "{}",
        nobody.stderr
    );
    let before = program.holdings();
    let card = shipped_card("aerial8.toml");
    let look = ["model", "shadow", card.to_str().unwrap()];
    let started = std::time::Instant::now();
    let first = program.json(&look);
    let whole_run = started.elapsed();
    assert!(
        count(&first, "looked_at") > 0 && count(&first, "detections") > 0,
        "{first:#}"
    );
    assert_eq!(program.holdings(), before);
    let again = program.json(&look);
    assert_eq!((count(&again, "looked_at"), count(&again, "detections")), (0, 0));
    let compared = compare(&program);
    assert_eq!(
        compared["shadows"][0]["total"],
        compare(&program)["shadows"][0]["total"]
    );

    // Looking beside the active model from the start comes to the same.
    let (beside, _) = ingested_with(&program, &card, "shadow");
    assert_eq!(compare(&beside)["shadows"], compared["shadows"]);

    for share in [0.3, 0.6, 0.8, 0.95] {
        let mut child = killed.spawn(&look);
        std::thread::sleep(Duration::from_secs_f64(whole_run.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed.run(&look).ok);
    assert_eq!(compare(&killed)["shadows"], compared["shadows"]);
    assert_eq!(killed.holdings(), before);

    let main = shipped_card("aerial8-int8.toml");
    let refused = program.run(&["model", "shadow", main.to_str().unwrap()]);
    assert!(
        !refused.ok && refused.stderr.contains("active model"),
        "{}",
        refused.stderr
    );
    let nowhere = program.run(&[&look[..], &["--flight", "F-NONE"]].concat());
    assert!(
        !nowhere.ok && nowhere.stderr.contains("F-NONE"),
        "{}",
        nowhere.stderr
    );
}

#[test]
fn two_active_models_make_no_doubles() {
    if !can_look("two_active_models_make_no_doubles") {
        return;
    }
    let demo = Program::with_demo();
    let (program, summary) = ingested_with(&demo, &shipped_card("aerial8.toml"), "active");
    let script = "
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    'select photo_id, class, model_sha256, x0_px, y0_px, x1_px, y1_px from detection').fetchall()
area = lambda b: max(b[2] - b[0], 0) * max(b[3] - b[1], 0)
doubles = 0
for i, a in enumerate(rows):
    for b in rows[:i]:
        if a[:2] == b[:2] and a[2] != b[2]:
            p, q = a[3:], b[3:]
            shared = area((max(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), min(p[3], q[3])))
            iou = shared / (area(p) + area(q) - shared)
            doubles += iou >= 0.5 or shared > 0.6 * min(area(p), area(q))
print(len(rows), len({row[2] for row in rows}), doubles)
";
    let said = ask_rows(&program, script);
    let numbers: Vec<u64> = said.split(' ').map(|number| number.parse().unwrap()).collect();
    let [detections, models, doubles] = numbers.try_into().unwrap();
    assert_eq!((models, doubles), (2, 0), "{said}");
    assert_eq!(summary["detections"], detections);
    // The two see nearly the same: what one more model adds is few leads, not each lead again.
    let leads = |program: &Program| count(&program.json(&["leads", "list", "--limit", "1000"]), "total");
    let (alone, together) = (leads(&demo), leads(&program));
    assert!(
        together >= alone && together * 10 <= alone * 15,
        "{alone} leads, {together} with two models"
    );
    let before = program.holdings();
    program.json(&["--config", "flyonce.toml", "ingest", PHOTOS]);
    assert_eq!(program.holdings(), before, "a repeat changes nothing");
}

#[test]
fn what_reviewers_decided_tells_how_the_shadow_does() {
    if !can_look("what_reviewers_decided_tells_how_the_shadow_does") {
        return;
    }
    let program = Program::with_demo();
    let list = program.json(&["leads", "list", "--limit", "1000"]);
    let leads = list["leads"].as_array().unwrap();
    let number = |index: usize| leads[index]["lead_no"].as_str().unwrap();
    // Where one reviewer is enough the second is refused.
    for who in ["a", "b"] {
        program.run(&["leads", "decide", number(0), "confirm", "--as", who]);
    }
    program.json(&[
        "leads",
        "decide",
        number(1),
        "false-alarm",
        "--reason",
        "not_there",
        "--as",
        "a",
    ]);
    program.json(&["model", "shadow", shipped_card("aerial8.toml").to_str().unwrap()]);
    let total = compare(&program)["shadows"][0]["total"].clone();
    let finds = |index: usize| {
        let sql = "select count(*) from detection d join lead l on l.site_id = d.site_id where l.lead_no = ?";
        let script = format!(
            "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('{sql}', ['{}']).fetchone()[0])",
            number(index)
        );
        ask_rows(&program, &script).parse::<u64>().unwrap()
    };
    let (real, false_alarms) = (count(&total, "real"), count(&total, "false_alarms"));
    assert!((1..=finds(0)).contains(&real), "{total}");
    assert!(false_alarms <= finds(1), "{total}");
    assert!(count(&total, "real_found") <= real && count(&total, "false_alarms_found") <= false_alarms);
}

/// Infinite scores: it loads, and fails with the first tile.
fn broken_model(program: &Program) -> PathBuf {
    let onnx = OnnxFile::of_opset(13)
        .input("picture", Element::F32, &[1, 3, 640, 640])
        .constant("nothing", &[1], &[0.0])
        .node("GlobalAveragePool", &["picture"], "means", &[])
        .node("Flatten", &["means"], "flat", &[Attribute::Int("axis", 1)])
        .node("Div", &["flat", "nothing"], "scores", &[])
        .output("scores", Element::F32, &[1, 3])
        .bytes();
    program.write("broken.onnx", onnx);
    let ran = program.run(&["model", "check", "broken.onnx", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let card = answer["card_template"].as_str().unwrap();
    let known = ["building", "vehicle", "waste"].iter().enumerate();
    let card = known.fold(card.to_owned(), |text, (index, class)| {
        text.replace(&format!("class_{index}"), class)
    });
    program.write("broken.toml", card)
}

#[test]
fn a_shadow_model_that_fails_costs_the_others_nothing() {
    if !can_look("a_shadow_model_that_fails_costs_the_others_nothing") {
        return;
    }
    let demo = Program::with_demo();
    let broken = broken_model(&demo);
    let (program, _) = ingested_with(&demo, &broken, "shadow");
    assert_eq!(program.holdings(), demo.holdings());
    let compared = compare(&program);
    let shadow = &compared["models"][1];
    assert_eq!(shadow["role"], "shadow");
    assert!(count(&shadow["problems"], "failed") > 0, "{compared:#}");
    assert_eq!((count(shadow, "tiles"), count(shadow, "detections")), (0, 0));
    let again = program.json(&["model", "shadow", broken.to_str().unwrap()]);
    assert!(
        !again["not_looked_at"]["failed"].as_array().unwrap().is_empty(),
        "{again:#}"
    );

    // One that does not load stops everything before a photo is looked at.
    let program = Program::new();
    program.write("aerial8.onnx", b"not the model");
    let card = program.write("card.toml", std::fs::read(shipped_card("aerial8.toml")).unwrap());
    program.write(
        "flyonce.toml",
        format!(
            "[[model.also]]\ncard = \"{}\"\nrole = \"shadow\"\n",
            card.display()
        ),
    );
    program.write_photo("in/1.jpg", 1);
    let ran = program.run(&["--config", "flyonce.toml", "ingest", "in"]);
    assert!(
        !ran.ok && ran.stderr.contains("the shadow model aerial8 cannot be used"),
        "{}",
        ran.stderr
    );
    assert_eq!(program.photo_named("1.jpg")["state"], "stored");
}

#[test]
fn a_photo_that_only_a_shadow_model_cannot_use_stays_what_it_is() {
    if !can_look("a_photo_that_only_a_shadow_model_cannot_use_stays_what_it_is") {
        return;
    }
    let program = Program::with_demo();
    let before = program.holdings();
    program.write("flyonce.toml", "[model]\nmax_megapixels = 1\n");
    let card = shipped_card("aerial8.toml");
    let look = ["model", "shadow", card.to_str().unwrap()];
    let summary = program.json(&[&["--config", "flyonce.toml"], &look[..]].concat());
    let too_large = summary["not_looked_at"]["too_large"].as_array().unwrap().len() as u64;
    assert!(too_large > 0 && count(&summary, "tiles") == 0, "{summary:#}");
    assert_eq!(program.holdings(), before);
    let compared = compare(&program);
    assert_eq!(count(&compared["models"][1]["problems"], "too_large"), too_large);
    let total = &compared["shadows"][0]["total"];
    assert_eq!(total["shipped_outside"], compared["models"][0]["detections"]);
    // Given up is given up; a repeat with other settings does not look again.
    assert_eq!(count(&program.json(&look), "looked_at"), 0);
}

#[test]
fn the_check_names_all_models_and_what_is_wrong_with_them() {
    let program = Program::new();
    let check = |text: &str| {
        program.write("flyonce.toml", text);
        program.run(&["check", "flyonce.toml"])
    };
    let also = |card: &Path, role: &str| {
        format!(
            "[[model.also]]\ncard = \"{}\"\nrole = \"{role}\"\n",
            card.display()
        )
    };
    let fine = check(&also(&shipped_card("aerial8.toml"), "shadow"));
    assert!(
        fine.ok && fine.stdout.contains("models: aerial8-int8, aerial8 (shadow)"),
        "{}",
        fine.stdout
    );
    let role = check(&also(&shipped_card("aerial8.toml"), "chief"));
    assert!(
        !role.ok && role.stdout.contains("flyonce.toml:3:8: model.also[0].role"),
        "{}",
        role.stdout
    );
    let missing = check(&also(Path::new("none.toml"), "shadow"));
    assert!(
        !missing.ok && missing.stdout.contains("does not exist: none.toml"),
        "{}",
        missing.stdout
    );
    let twice = check(&also(&shipped_card("aerial8-int8.toml"), "shadow"));
    assert!(
        !twice.ok && twice.stderr.contains("one and the same file"),
        "{}",
        twice.stderr
    );
}
