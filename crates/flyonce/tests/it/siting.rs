//! `flyonce siting`: sites with their proven bound, kept docks, no-fly areas, files.

use serde_json::{Value, json};

use crate::program::Program;
use crate::serving::Service;

/// A rectangle in km east and north of 121.5, 31.2, about.
fn rectangle(west: f64, south: f64, east: f64, north: f64) -> String {
    let place = |x: f64, y: f64| [121.5 + x / 95.3, 31.2 + y / 110.9];
    let ring = [
        place(west, south),
        place(east, south),
        place(east, north),
        place(west, north),
        place(west, south),
    ];
    json!({"type": "FeatureCollection", "datum": "WGS-84", "name": "ground", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]})
    .to_string()
}

const ROSTER: &str = "[[dock]]\nid = \"D01\"\nname = \"川沙\"\nlatitude_deg = 31.205\nlongitude_deg = 121.505\nlink = \"udpin:127.0.0.1:14550\"\nsystem_id = 1\n";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn sites_come_with_a_bound_and_files() {
    let program = Program::new();
    program.write("ground.geojson", rectangle(0.0, 0.0, 12.0, 8.0));
    let answer = program.json(&[
        "siting",
        "--layer",
        "ground.geojson",
        "--layer-version",
        "7",
        "--sites",
        "3",
        "--reach",
        "disc:2000",
        "--more",
        "2",
        "--geojson",
        "sites.geojson",
        "--png",
        "sites.png",
    ]);
    let (covered, bound, demand) = (
        number(&answer["covered_km2"]),
        number(&answer["bound_km2"]),
        number(&answer["demand_km2"]),
    );
    // Three discs of 12.57 km² find room beside each other in 96 km².
    assert!(
        (demand - 96.0).abs() < 0.5 && covered > 3.0 * 12.57 * 0.97 && covered < 3.0 * 12.57 * 1.03,
        "{answer}"
    );
    assert!(bound >= covered && bound < covered * 1.03, "{answer}");
    assert!(
        (number(&answer["measured_km2"]) / covered - 1.0).abs() < 0.03,
        "{answer}"
    );
    let adds: f64 = answer["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| number(&site["adds_km2"]))
        .sum();
    assert!((adds - covered).abs() < 0.01, "{answer}");
    assert_eq!(answer["more"].as_array().unwrap().len(), 2);
    assert!(number(&answer["more"][0]["adds_km2"]) >= number(&answer["more"][1]["adds_km2"]));
    assert_eq!(answer["layers"][0]["version"], "7");
    assert!(answer["reach"]["en"].as_str().unwrap().contains("2000 m"));
    assert_files(&program, demand - covered);
}

/// The file has the sites, what they reach, the next sites, and the ground left over; the picture shows that ground.
fn assert_files(program: &Program, left_km2: f64) {
    let file: Value = serde_json::from_slice(&std::fs::read(program.path("sites.geojson")).unwrap()).unwrap();
    let kinds = |kind: &str| {
        let features = file["features"].as_array().unwrap().iter();
        features
            .filter(|feature| feature["properties"]["kind"] == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (
            kinds("site").len(),
            kinds("reach").len(),
            kinds("next_site").len()
        ),
        (3, 3, 2)
    );
    let uncovered = number(&kinds("uncovered")[0]["properties"]["area_km2"]);
    assert!((uncovered - left_km2).abs() < 0.01, "{uncovered} {left_km2}");
    let picture = image::open(program.path("sites.png")).unwrap().to_rgb8();
    // Ground that nobody reaches, that one dock reaches, the signs of new docks.
    for colour in [[246, 178, 107], [198, 219, 239], [194, 24, 91]] {
        let count = picture.pixels().filter(|pixel| pixel.0 == colour).count();
        assert!(count > 100, "{colour:?}: {count}");
    }
}

#[test]
fn docks_are_kept_and_no_fly_areas_hold() {
    let program = Program::new();
    program.write("ground.geojson", rectangle(0.0, 0.0, 8.0, 8.0));
    program.write("closed.geojson", rectangle(3.0, 3.0, 5.0, 5.0));
    program.write("data/fleet.toml", ROSTER);
    let run = |further: &[&str]| {
        let common = [
            "siting",
            "--layer",
            "ground.geojson",
            "--sites",
            "2",
            "--keep",
            "docks",
            "--candidates",
            "grid:800",
            "--more",
            "0",
        ];
        program.json(&[&common[..], further].concat())
    };
    let open = run(&[]);
    let closed = run(&["--no-fly", "closed.geojson", "--margin-m", "300"]);
    for answer in [&open, &closed] {
        let sites = answer["sites"].as_array().unwrap();
        assert_eq!(
            (&sites[0]["id"], &sites[0]["kept"], &sites[1]["kept"]),
            (&json!("D01"), &json!(true), &json!(false))
        );
        assert!(
            answer["reach"]["en"]
                .as_str()
                .unwrap()
                .contains("5 m/s from any side"),
            "{answer}"
        );
    }
    // 2.6 km × 2.6 km less its rounded corners are closed in the middle.
    assert!(
        number(&closed["covered_km2"]) < number(&open["covered_km2"]) - 5.0,
        "{open} {closed}"
    );
    assert!(number(&closed["candidates"]) < number(&open["candidates"]));
    assert_eq!(closed["no_fly_areas"], 1);
    let text = program.run(&[
        "siting",
        "--layer",
        "ground.geojson",
        "--sites",
        "1",
        "--more",
        "1",
    ]);
    assert!(
        text.ok && text.stdout.contains("proven: no choice"),
        "{}{}",
        text.stdout,
        text.stderr
    );
    assert!(text.stdout.contains("dock 2 adds"), "{}", text.stdout);
}

#[test]
fn what_cannot_be_sited_is_told() {
    let program = Program::new();
    program.write("ground.geojson", rectangle(0.0, 0.0, 4.0, 4.0));
    let told = |arguments: &[&str]| {
        let ran = program.run(&[&["siting"], arguments].concat());
        assert!(!ran.ok, "{}", ran.stdout);
        ran.stderr
    };
    assert!(told(&[]).contains("no flyable layer"));
    let with_ground = |further: &[&str]| told(&[&["--layer", "ground.geojson"], further].concat());
    assert!(with_ground(&["--keep", "docks"]).contains("the roster has no dock"));
    assert!(with_ground(&["--reach", "disc:far"]).contains("disc:RADIUS_M"));
    assert!(with_ground(&["--candidates", "grid:0"]).contains("a step of 10 to 100000"));
    assert!(with_ground(&["--sites", "190"]).contains("candidates are there"));
    program.write("flyonce.toml", "[reach]\nwind_ms = 9\n");
    let windy = program.run(&[
        "--config",
        "flyonce.toml",
        "siting",
        "--layer",
        "ground.geojson",
        "--sites",
        "2",
    ]);
    assert!(
        !windy.ok && windy.stderr.contains("wind of 9 m/s"),
        "{}",
        windy.stderr
    );
}

#[test]
fn a_siting_is_kept_and_shown_by_the_service() {
    let program = Program::new();
    program.write("ground.geojson", rectangle(0.0, 0.0, 6.0, 6.0));
    program.write(
        "points.geojson",
        points(&[(1.0, 1.0), (1.0, 1.0), (5.0, 5.0), (3.0, 3.0)]),
    );
    let common = [
        "siting",
        "--layer",
        "ground.geojson",
        "--candidates",
        "points.geojson",
        "--reach",
        "disc:1500",
    ];
    let run = |further: &[&str]| program.json(&[&common[..], further].concat());
    let first = run(&["--sites", "1"]);
    let second = run(&["--sites", "2", "--keep", "ids:P4", "--more", "1"]);
    assert_eq!(
        second["repeated_candidates"], 2,
        "the kept one, and a point that is there twice"
    );
    assert_eq!(
        (&second["sites"][0]["id"], &second["sites"][0]["kept"]),
        (&json!("P4"), &json!(true))
    );
    let alone: Vec<f64> = second["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| number(&site["alone_km2"]))
        .collect();
    assert!(alone.iter().all(|alone| *alone > 4.5), "{second}");
    let service = Service::start(&program);
    let runs = service.json("/api/v1/siting");
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert_eq!((&runs[0]["id"], &runs[1]["id"]), (&second["id"], &first["id"]));
    assert_eq!(runs[0]["bound_km2"], second["bound_km2"]);
    let map = service.json(&format!("/api/v1/siting/{}", second["id"].as_str().unwrap()));
    assert_eq!(map["siting"]["covered_km2"], second["covered_km2"]);
    assert!(
        map["features"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["properties"]["kind"] == "next_site")
    );
}

/// Points by km east and north of 121.5, 31.2, about.
fn points(places: &[(f64, f64)]) -> String {
    let feature = |(index, (x, y)): (usize, &(f64, f64))| {
        json!({"type": "Feature", "properties": {"id": format!("P{}", index + 1)},
            "geometry": {"type": "Point", "coordinates": [121.5 + x / 95.3, 31.2 + y / 110.9]}})
    };
    let features: Vec<Value> = places.iter().enumerate().map(feature).collect();
    json!({"type": "FeatureCollection", "datum": "WGS-84", "features": features}).to_string()
}

#[test]
fn candidates_that_cannot_be_are_told() {
    let program = Program::new();
    program.write("ground.geojson", rectangle(0.0, 0.0, 4.0, 4.0));
    program.write("closed.geojson", rectangle(-1.0, -1.0, 5.0, 5.0));
    program.write("points.geojson", points(&[(1.0, 1.0), (3.0, 3.0)]));
    let told = |further: &[&str]| {
        let ran = program.run(&[&["siting", "--layer", "ground.geojson", "--sites", "1"], further].concat());
        assert!(!ran.ok, "{}", ran.stdout);
        ran.stderr
    };
    let of_points = |further: &[&str]| told(&[&["--candidates", "points.geojson"], further].concat());
    let error = told(&["--candidates", "ground.geojson"]);
    assert!(error.contains("feature 1 is an area"), "{error}");
    let error = of_points(&["--no-fly", "closed.geojson"]);
    assert!(
        error.contains("all 2 candidates stand in no-fly areas"),
        "{error}"
    );
    let error = told(&["--no-fly", "closed.geojson"]);
    assert!(error.contains("there is no candidate"), "{error}");
    let error = of_points(&["--keep", "ids:P9"]);
    assert!(error.contains("no candidate is called P9"), "{error}");
    let error = of_points(&["--weigh", "class"]);
    assert!(error.contains("no layer of targets"), "{error}");
    let program_error = program
        .run(&["siting", "--layer", "ground.geojson", "--sites", "0"])
        .stderr;
    assert!(program_error.contains("at least one site"), "{program_error}");
}
