//! Leads on the command line: list, show, decide, take back, export.

use serde_json::Value;

use crate::program::{Program, can_look};

#[test]
fn a_lead_is_decided_by_two_people_and_taken_back() {
    if !can_look("a_lead_is_decided_by_two_people_and_taken_back") {
        return;
    }
    let program = Program::with_demo();
    let lead = first_lead(&program, "illegal-structure");
    let number = lead["lead_no"].as_str().unwrap();
    assert!(lead["n_photos"].as_u64().unwrap() >= 1 && lead["simulated"] == true);
    let nobody = program.run(&["leads", "decide", number, "confirm"]);
    assert!(
        !nobody.ok && nobody.stderr.contains("who decides"),
        "{}",
        nobody.stderr
    );
    decide(&program, number, &["confirm", "--as", "王审核"], "second_review");
    let same = program.run(&["leads", "decide", number, "confirm", "--as", "王审核"]);
    assert!(
        !same.ok && same.stderr.contains("another person"),
        "{}",
        same.stderr
    );
    decide(&program, number, &["confirm", "--as", "李法制"], "confirmed");
    decide(&program, number, &["undo", "--as", "李法制"], "second_review");
    decide(&program, number, &["undo", "--as", "王审核"], "candidate");
    let case = program.json(&["leads", "show", number]);
    let kinds: Vec<&str> = case["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["created", "confirm", "confirm", "undo", "undo"]);
}

#[test]
fn a_false_alarm_needs_a_reason_of_the_catalogue() {
    if !can_look("a_false_alarm_needs_a_reason_of_the_catalogue") {
        return;
    }
    let program = Program::with_demo();
    let lead = first_lead(&program, "illegal-structure");
    let number = lead["lead_no"].as_str().unwrap();
    let bare = program.run(&["leads", "decide", number, "false-alarm", "--as", "a"]);
    assert!(!bare.ok && bare.stderr.contains("reason"), "{}", bare.stderr);
    let unknown = program.run(&[
        "leads",
        "decide",
        number,
        "false-alarm",
        "--reason",
        "boring",
        "--as",
        "a",
    ]);
    assert!(
        !unknown.ok && unknown.stderr.contains("not_there"),
        "the known reasons are listed: {}",
        unknown.stderr
    );
    decide(
        &program,
        number,
        &[
            "false-alarm",
            "--reason",
            "permitted",
            "--note",
            "有证",
            "--as",
            "a",
        ],
        "false_alarm",
    );
    let case = program.json(&["leads", "show", number]);
    assert_eq!(case["events"][1]["note"], "有证");
    assert_ne!(case["events"][1]["prev_hash"], Value::Null);
}

#[test]
fn the_export_is_geojson_on_wgs84() {
    if !can_look("the_export_is_geojson_on_wgs84") {
        return;
    }
    let program = Program::with_demo();
    let said = program.json(&["export", "--output", "leads.geojson"]);
    let text = std::fs::read_to_string(program.path("leads.geojson")).unwrap();
    let collection: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(collection["type"], "FeatureCollection");
    let features = collection["features"].as_array().unwrap();
    assert_eq!(said["leads"], features.len());
    for feature in features {
        let [longitude, latitude] =
            [0, 1].map(|axis| feature["geometry"]["coordinates"][axis].as_f64().unwrap());
        // The scene lies around 31.2 N, 121.6 E: swapped axes or a shifted datum would show.
        assert!(
            (121.59..121.61).contains(&longitude) && (31.19..31.21).contains(&latitude),
            "{feature}"
        );
        assert!(feature["properties"]["ellipse_semi_major_m"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn leads_lie_where_the_simulator_planted_something() {
    if !can_look("leads_lie_where_the_simulator_planted_something") {
        return;
    }
    let program = Program::with_demo();
    let truth = std::fs::read_to_string(program.path("data/demo-photos-7/truth/truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&truth).unwrap();
    let lead = first_lead(&program, "illegal-structure");
    let [longitude, latitude] =
        ["longitude_deg", "latitude_deg"].map(|key| lead["place"][key].as_f64().unwrap());
    let nearest_m = positions(&truth)
        .into_iter()
        .map(|[lon, lat]| {
            let east_m = (lon - longitude) * 111_320.0 * latitude.to_radians().cos();
            east_m.hypot((lat - latitude) * 110_900.0)
        })
        .fold(f64::INFINITY, f64::min);
    let radius_m = lead["place"]["ellipse"]["semi_major_m"].as_f64().unwrap();
    assert!(
        nearest_m < radius_m.max(10.0),
        "nearest metal roof {nearest_m:.1} m away, ellipse {radius_m:.1} m"
    );
}

/// Centres of planted metal roofs.
fn positions(truth: &Value) -> Vec<[f64; 2]> {
    let is_roof =
        |planted: &&Value| format!("{}{}", planted["class"], planted["also"]).contains("metal_roof");
    let centre = |planted: &Value| {
        ["longitude_deg", "latitude_deg"].map(|axis| planted["centre_wgs84"][axis].as_f64().unwrap())
    };
    truth["planted"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_roof)
        .map(centre)
        .collect()
}

fn first_lead(program: &Program, matter: &str) -> Value {
    let list = program.json(&["leads", "list", "--matter", matter]);
    list["leads"]
        .as_array()
        .unwrap()
        .first()
        .expect("the demo has leads of this matter")
        .clone()
}

fn decide(program: &Program, number: &str, arguments: &[&str], expected: &str) {
    let decided = program.json(&[&["leads", "decide", number], arguments].concat());
    assert_eq!(decided["state"], expected);
}
