//! Configuration, layers and data folders that are not what they should be.

use crate::program::{Program, skipped};

const EXAMPLE: &str = include_str!("../../config/flyonce.example.toml");

#[test]
fn the_shipped_example_passes_the_check() {
    let program = Program::new();
    program.write("flyonce.toml", EXAMPLE);
    let ran = program.run(&["check", "flyonce.toml"]);
    assert!(ran.ok, "{}", ran.stderr);
    assert!(ran.stdout.contains("no mistakes"), "{}", ran.stdout);
}

#[test]
fn every_mistake_has_its_line_and_field() {
    let program = Program::new();
    program.write(
        "bad.toml",
        "[city]\ntime_zone = \"Mars/Olympus\"\n\n[coverage]\ncel_m = 2\nmax_gsd_cm = \"sharp\"\n",
    );
    let ran = program.run(&["check", "bad.toml"]);
    assert!(!ran.ok);
    for line in [
        "bad.toml:2:13: city.time_zone",
        "bad.toml:5:1: coverage.cel_m",
        "bad.toml:6:14: coverage.max_gsd_cm",
    ] {
        assert!(ran.stdout.contains(line), "{line} is not in {}", ran.stdout);
    }
    assert!(ran.stdout.contains("did you mean cell_m?"), "{}", ran.stdout);
}

#[test]
fn a_layer_must_state_its_datum_and_is_measured_exactly() {
    let program = Program::new();
    program.write_photo("in/1.jpg", 0);
    program.run(&["ingest", "in"]);
    program.write(
        "nameless.geojson",
        fixtures::layers::without_datum([121.6, 31.2], 1.0),
    );
    let refused = program.run(&["coverage", "--layer", "nameless.geojson"]);
    assert!(
        !refused.ok && refused.stderr.contains("datum is not stated"),
        "{}",
        refused.stderr
    );
    let stated = program.json(&[
        "coverage",
        "--layer",
        "nameless.geojson",
        "--datum",
        "WGS-84",
        "--layer-version",
        "7",
        "--max-gsd-cm",
        "1000",
    ]);
    let area_km2 = stated["layer"]["area_km2"].as_f64().unwrap();
    assert!((area_km2 - 1.0).abs() < 2e-3, "{area_km2}");
    assert_eq!(stated["layer"]["version"], "7");
    // From 120 m a 24 mm equivalent lens on 4:3 sees 36/24 × 120 m × 27/24 × 120 m or so, all inside the layer.
    let imaged_km2 = stated["imaged_km2"].as_f64().unwrap();
    assert!((0.017..0.026).contains(&imaged_km2), "{imaged_km2}");
    program.write(
        "bow-tie.geojson",
        fixtures::layers::self_crossing([121.6, 31.2], 1.0),
    );
    let crossing = program.run(&["coverage", "--layer", "bow-tie.geojson", "--datum", "WGS-84"]);
    assert!(crossing.ok, "{}", crossing.stderr);
    assert!(
        crossing.stderr.contains("1 repair(s) were made"),
        "{}",
        crossing.stderr
    );
    assert!(crossing.stdout.contains("0.5000 km²"), "{}", crossing.stdout);
}

#[test]
fn a_model_that_does_not_fit_its_card_is_refused_and_photos_are_kept() {
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let program = Program::new();
    program.write("model/aerial8.onnx", b"not the model");
    program.write(
        "model/card.toml",
        std::fs::read(models.join("aerial8.toml")).unwrap(),
    );
    program.write("flyonce.toml", "[model]\ncard = \"model/card.toml\"\n");
    program.write_photo("in/1.jpg", 1);
    let ran = program.run(&["ingest", "in"]);
    assert!(!ran.ok);
    if ran.stderr.contains("ONNX Runtime") && !ran.stderr.contains("SHA-256") {
        assert!(std::env::var("CI").is_err(), "{}", ran.stderr);
        return skipped("a_model_that_does_not_fit_its_card", "ONNX Runtime is missing");
    }
    assert!(ran.stderr.contains("SHA-256"), "{}", ran.stderr);
    assert_eq!(program.json(&["photos"])["total"], 1);
}

#[test]
fn a_data_folder_from_a_newer_version_is_left_alone() {
    let program = Program::new();
    assert!(program.run(&["photos"]).ok);
    let database = program.path("data/flyonce.sqlite");
    let script = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(\"insert into _sqlx_migrations \
        select 999, 'later', installed_on, 1, checksum, execution_time from _sqlx_migrations limit 1\"); c.commit()";
    let edited = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&database)
        .status()
        .unwrap();
    assert!(edited.success());
    let ran = program.run(&["photos"]);
    assert!(!ran.ok && ran.stderr.contains("newer version"), "{}", ran.stderr);
}
