//! `flyonce coverage` on a folder with photos, layers and docks: three numbers that agree with each other and with exact
//! polygons, gaps that become plans which may fly, files that other programs read, pages, and what was known on a day.

use std::fs;
use std::process::Command;

use fixtures::photos::JpegSpec;
use serde_json::{Value, json};

use crate::program::{Program, skipped};

/// A flyable square of about 1.0 km² around the dock, and two towns that are its halves.
pub fn square(west: f64, south: f64, east: f64, north: f64, properties: &Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates":
        [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
}

pub fn collection(features: Vec<Value>) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

const WEST: f64 = 121.54;
const SOUTH: f64 = 31.22;
const EAST: f64 = 121.55;
const NORTH: f64 = 31.23;

const SETTINGS: &str = "[fleet]\nendurance_min = 40\n\n[coverage]\nmax_gsd_cm = 20\n\
    [[layer]]\nname = \"flyable\"\nversion = \"v7\"\nrole = \"flyable\"\nfile = \"flyable.geojson\"\ndatum = \"WGS-84\"\n\
    [[layer]]\nname = \"towns\"\nversion = \"2026\"\nrole = \"town\"\nfile = \"towns.geojson\"\ndatum = \"WGS-84\"\n";

const DOCK: &str = "[[dock]]\nid = \"D01\"\nname = \"花木\"\nlongitude_deg = 121.545\nlatitude_deg = 31.225\n\
    link = \"udpin:127.0.0.1:14551\"\nsystem_id = 1\n";

/// Nine photos of 200 m × 150 m from 100 m, three days apart, in the western half.
pub fn city() -> Program {
    let program = Program::new();
    program.write("flyonce.toml", SETTINGS);
    program.write("data/fleet.toml", DOCK);
    let flyable = square(WEST, SOUTH, EAST, NORTH, &json!({}));
    program.write("flyable.geojson", collection(vec![flyable]));
    let middle = f64::midpoint(WEST, EAST);
    let towns = vec![
        square(WEST, SOUTH, middle, NORTH, &json!({"name": "西镇", "code": "W1"})),
        square(middle, SOUTH, EAST, NORTH, &json!({"name": "东镇", "code": "E1"})),
    ];
    program.write("towns.geojson", collection(towns));
    for number in 0..9_u32 {
        let (row, column) = (f64::from(number / 3), f64::from(number % 3));
        let photo = JpegSpec::dji(31.2215 + row * 0.0012, 121.5412 + column * 0.0012, 100.0)
            .size(1280, 960)
            .seed(u64::from(number) + 1)
            .taken(&format!("2026:03:{:02} 10:00:00", 2 + 3 * number), Some("+08:00"));
        program.write(&format!("in/{number}.jpg"), photo.bytes().unwrap());
    }
    // Placing needs no model; a library that is not there keeps this test short.
    let mut ingest = program.command(&["ingest", "in"]);
    ingest.env("ORT_DYLIB_PATH", "/nowhere").output().unwrap();
    program
}

const UNTIL: [&str; 3] = ["coverage", "--until", "2026-03-28"];

fn asked(program: &Program, more: &[&str]) -> Value {
    program.json(&[&UNTIL, more].concat())
}

#[test]
fn three_numbers_agree_with_their_table_and_with_exact_polygons() {
    let program = city();
    let answer = asked(&program, &["--explain", "--audit"]);
    let figures = &answer["figures"];
    let whole = &figures["whole"];
    assert_eq!(figures["layers"][1]["version"], "v7", "{figures:#}");
    assert!(
        whole["planned"]["unknown"]["en"]
            .as_str()
            .unwrap()
            .contains("no calendar")
    );
    // The dock stands in the middle of 1 km²: all of it is in reach.
    assert!(
        whole["reachable"]["percent"].as_f64().unwrap() > 99.9,
        "{whole:#}"
    );
    assert_eq!(figures["goals"][0]["met"], true);
    assert_eq!(figures["goals"][1]["met"], false);
    let imaged = whole["imaged"]["km2"].as_f64().unwrap();
    assert!(imaged > 0.1, "{whole:#}");
    let towns: f64 = answer["table"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["imaged"]["km2"].as_f64().unwrap())
        .sum();
    assert!((towns - imaged).abs() < 1e-4, "{towns} {imaged}");
    let audit = &answer["audit"];
    let off = audit["largest_difference_points"].as_f64().unwrap();
    assert!(off < 0.1, "{audit:#}");
    let explanation = &answer["explanation"];
    assert_eq!(explanation["photos"], 9);
    assert_eq!(explanation["photos_counted"], 9);
    assert_eq!(explanation["ledger_sha256"].as_str().unwrap().len(), 64);
    // Half of the photos are older than 13 days before the 28th: the window decides.
    let recent = program.json(&[&UNTIL[..], &["--since", "2026-03-16"]].concat());
    assert!(recent["figures"]["whole"]["imaged"]["km2"].as_f64().unwrap() < imaged);
    // The ledger is read back from its file, and built again where that is damaged: the same figures.
    let file = program.path("data/coverage/ledger.bin");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(asked(&program, &["--explain", "--audit"])["figures"], *figures);
}

#[test]
fn gaps_become_plans_that_may_fly_and_files() {
    let program = city();
    let answer = asked(
        &program,
        &[
            "--gaps",
            "gaps.geojson",
            "--gap-plans",
            "plans",
            "--png",
            "map.png",
            "--geotiff",
            "age.tif",
            "--flatgeobuf",
            "gaps.fgb",
        ],
    );
    let gaps: Value = serde_json::from_slice(&fs::read(program.path("gaps.geojson")).unwrap()).unwrap();
    let features = gaps["features"].as_array().unwrap();
    assert_eq!(features.len(), answer["gaps"]["total"].as_u64().unwrap() as usize);
    let whole = &answer["figures"]["whole"];
    let missing = whole["area_km2"].as_f64().unwrap() - whole["imaged"]["km2"].as_f64().unwrap();
    let told = answer["gaps"]["total_km2"].as_f64().unwrap() + answer["gaps"]["small_km2"].as_f64().unwrap();
    assert!((missing - told).abs() < 2e-3, "{missing} {told}");
    // The eastern town was never seen: it is as old as ground can be, and comes first.
    assert_eq!(features[0]["properties"]["town"], "东镇");
    assert_eq!(features[0]["properties"]["age_days"], 365.0);
    let plans = answer["gap_plans"]["plans"].as_array().unwrap();
    assert!(
        !plans.is_empty() && answer["gap_plans"]["left_out"].as_array().unwrap().is_empty(),
        "{answer:#}"
    );
    for plan in plans {
        let file = plan["file"].as_str().unwrap();
        let checked = program.run(&["fly", file, "--check"]);
        assert!(checked.ok, "{file}: {}{}", checked.stdout, checked.stderr);
        assert!(plan["fence_corners"].as_u64().unwrap() >= 3);
        assert!(plan["minutes"].as_f64().unwrap() <= 40.0);
    }
    let picture = fs::read(program.path("map.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    read_by_gdal(&program);
}

fn read_by_gdal(program: &Program) {
    let Ok(told) = Command::new("gdalinfo")
        .args(["-json", "-stats"])
        .arg(program.path("age.tif"))
        .output()
    else {
        return skipped("gaps_become_plans_that_may_fly_and_files", "no gdalinfo");
    };
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["bands"].as_array().unwrap().len(), 2);
    // 2026-03-02 is day 20514, 2026-03-26 day 20538.
    let of_days = |key: &str| told["bands"][0][key].as_f64().unwrap();
    assert_eq!(
        (of_days("minimum"), of_days("maximum")),
        (20514.0, 20538.0),
        "{told:#}"
    );
    let told = Command::new("ogrinfo")
        .args(["-so", "-al"])
        .arg(program.path("gaps.fgb"))
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains("FlatGeobuf") && told.contains("flight_minutes"),
        "{told}"
    );
}

#[test]
fn history_forecast_and_what_was_known_then() {
    let program = city();
    let answer = asked(&program, &["--history", "30", "--forecast"]);
    let days = answer["history"]["days"].as_array().unwrap();
    assert_eq!(
        (days.len(), days[29]["day"].as_str().unwrap()),
        (30, "2026-03-28")
    );
    assert_eq!(
        days.iter()
            .map(|day| day["photos"].as_u64().unwrap())
            .sum::<u64>(),
        9
    );
    let last = &days[29]["imaged_percent"];
    assert_eq!(*last, answer["figures"]["whole"]["imaged"]["percent"]);
    let outlook = answer["forecast"]["outlook"].as_str().unwrap();
    assert!(
        ["expected", "never_at_this_rate"].contains(&outlook),
        "{answer:#}"
    );
    // The photos were stored today: on a day of March nothing was known.
    let then = program.json(&["coverage", "--as-of", "2026-03-28"]);
    assert_eq!(then["figures"]["as_known_then"], true);
    assert_eq!(then["figures"]["whole"]["imaged"]["km2"], 0.0);
    let csv = program.run(&["coverage", "--until", "2026-03-28", "--history", "3", "--csv"]);
    assert_eq!(csv.stdout.lines().count(), 4, "{}", csv.stdout);
}

#[test]
fn a_month_becomes_a_page_per_town() {
    let program = city();
    let answer = program.json(&["coverage", "report", "--month", "2026-03", "--out", "pages"]);
    let files = answer["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let page = fs::read_to_string(program.path("pages/coverage-2026-03-W1.html")).unwrap();
    for wanted in [
        "西镇",
        "覆盖月报",
        "Monthly coverage",
        "data:image/png;base64,",
        "v7",
        "可达",
        "reachable",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    let wrong = program.run(&["coverage", "report", "--month", "March", "--out", "pages"]);
    assert!(
        !wrong.ok && wrong.stderr.contains("is not a month"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_folder_without_anything_says_so() {
    let program = Program::new();
    let nothing = program.run(&["coverage", "--explain"]);
    assert!(
        !nothing.ok && nothing.stderr.contains("nothing says where this city is"),
        "{}",
        nothing.stderr
    );
    let figure = program.json(&["coverage"]);
    assert_eq!(figure["figures"], Value::Null);
}
