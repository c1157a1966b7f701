//! "What did we know on that day": photos that came later, sorties that were withdrawn or brought back later, layers and
//! docks of later are not known yet; what is of today is said.

use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::coverage::StatementRow;
use store::rows::{Actor, NewFootprint, NewPhoto, SortieKind};
use store::{Location, Store};
use survey::geodesy::Wgs84;
use survey::grid::WorkingGrid;
use survey::time::{CivilDay, UtcMicros};

use crate::coverage::{collection, square};
use crate::program::Program;
use crate::serving::Service;

/// 0.001° × 0.001° of ground, 0.0106 km².
const SIDE_DEG: f64 = 0.001;

fn day(text: &str) -> CivilDay {
    text.parse().unwrap()
}

/// Noon of a day in March 2026, UTC.
fn noon(of_march: i64) -> UtcMicros {
    UtcMicros((i64::from(day("2026-03-01").0) + of_march - 1) * 86_400_000_000 + 43_200_000_000)
}

fn actor() -> Actor {
    Actor {
        name: "li.na".to_owned(),
        role: "reviewer".to_owned(),
    }
}

/// A photo of a square, taken on a day of March.
fn photo(sortie: &str, west: f64, of_march: i64) -> NewPhoto {
    let corner = |x: f64, y: f64| Wgs84::new(31.221 + y * SIDE_DEG, west + x * SIDE_DEG).unwrap();
    let outline = [
        corner(0.0, 0.0),
        corner(1.0, 0.0),
        corner(1.0, 1.0),
        corner(0.0, 1.0),
    ];
    NewPhoto {
        sortie_id: sortie.parse().unwrap(),
        shot_index: None,
        sortie_kind: SortieKind::Import,
        sha256: hex::encode(Sha256::digest(format!("{sortie} {west}"))),
        byte_len: 5,
        name: format!("{sortie}-{west}.jpg"),
        captured_at: Some(noon(of_march)),
        capture_zone: None,
        width_px: 4000,
        height_px: 3000,
        metadata_json: "{}".to_owned(),
        pose_json: None,
        camera_json: None,
        problem: None,
        gsd_cm: Some(3.0),
        simulated: false,
        footprint: Some(NewFootprint {
            civil_day: CivilDay(day("2026-03-01").0 + of_march as i32 - 1),
            gsd_cm: 3.0,
            area_m2: 10_600.0,
            truncated: false,
            outline_json: serde_json::to_string(&outline).unwrap(),
            on_terrain: false,
            hidden_json: None,
        }),
        actor: actor(),
    }
}

/// Sortie A: two squares, stored on 5 March, withdrawn from 15 to 18 March and again since the 25th. Sortie B: another
/// square, stored on the 20th.
async fn rows(store: &Store) {
    let grid = WorkingGrid::centred(Wgs84::new(31.22, 121.54).unwrap()).unwrap();
    let definition = serde_json::to_string(&grid.definition()).unwrap();
    store.fix_working_grid(&definition).await.unwrap();
    for west in [121.541, 121.543] {
        store.commit_photo(&photo("A", west, 4), noon(5)).await.unwrap();
    }
    store
        .withdraw_sortie("A", "镜头盖", &actor(), noon(15))
        .await
        .unwrap();
    store.restore_sortie("A", None, &actor(), noon(18)).await.unwrap();
    store
        .commit_photo(&photo("B", 121.547, 19), noon(20))
        .await
        .unwrap();
    store
        .withdraw_sortie("A", "航高不对", &actor(), noon(25))
        .await
        .unwrap();
}

/// Lets an import have happened at another time.
fn imported_at(program: &Program, version: &str, at: UtcMicros) {
    let book = program.path("data/layers/book.jsonl");
    let lines = fs::read_to_string(&book).unwrap();
    let mut changed = String::new();
    for line in lines.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["entry"]["record"]["version"] == version {
            line["entry"]["imported"]["at"] = json!(at.0);
        }
        changed += &format!("{line}\n");
    }
    fs::write(&book, changed).unwrap();
}

fn import(program: &Program, version: &str, east: f64, more: &[&str]) {
    program.write(
        "flyable.geojson",
        collection(vec![square(121.54, 31.22, east, 31.23, &json!({}))]),
    );
    let fixed = [
        "layers",
        "import",
        "flyable.geojson",
        "--kind",
        "flyable",
        "--name",
        "适飞",
        "--datum",
        "WGS-84",
    ];
    let stated = ["--layer-version", version, "--source", "test"];
    program.json(&[&fixed[..], &stated, more].concat());
}

const DOCKS: &str = "[[dock]]\nid = \"D01\"\nname = \"花木\"\nlongitude_deg = 121.545\nlatitude_deg = 31.225\n\
    link = \"udpin:127.0.0.1:14551\"\nsystem_id = 1\n\
    [[dock]]\nid = \"D02\"\nname = \"张江\"\nlongitude_deg = 121.546\nlatitude_deg = 31.225\n\
    link = \"udpin:127.0.0.1:14552\"\nsystem_id = 2\nin_service_from = \"2026-03-15\"\n";

/// The flyable ground of version 1 was imported on 1 February; version 2, its western half, on 12 March, though it says of
/// itself that it counts since January.
fn folder() -> Program {
    let program = Program::new();
    program.write("data/fleet.toml", DOCKS);
    import(&program, "1", 121.55, &[]);
    import(&program, "2", 121.545, &["--valid-from", "2026-01-01"]);
    imported_at(&program, "1", noon(-27));
    imported_at(&program, "2", noon(12));
    program
}

async fn store_of(program: &Program) -> Store {
    let location = Location {
        folder: program.path("data"),
        database_url: None,
    };
    Store::open(&location, noon(1)).await.unwrap()
}

fn figures(program: &Program, more: &[&str]) -> Value {
    let asked = ["coverage", "--since", "2026-03-01", "--by", "dock"];
    program.json(&[&asked[..], more].concat())
}

/// Imaged squares, flyable km², docks.
fn told(answer: &Value) -> (f64, f64, usize) {
    let whole = &answer["figures"]["whole"];
    let square_km2 = SIDE_DEG * SIDE_DEG * 95.25 * 110.87;
    let squares = whole["imaged"]["km2"].as_f64().unwrap() / square_km2;
    let flyable = whole["area_km2"].as_f64().unwrap();
    (
        squares.round(),
        (100.0 * flyable).round() / 100.0,
        answer["table"]["rows"].as_array().unwrap().len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_knows_what_had_come_by_then() {
    let program = folder();
    let store = store_of(&program).await;
    rows(&store).await;
    // The second version is half as large; its ground has squares A but not B.
    for (until, squares, flyable_km2, docks) in [
        ("2026-03-04", 0.0, 1.06, 1),
        ("2026-03-10", 2.0, 1.06, 1),
        ("2026-03-14", 2.0, 0.53, 1),
        ("2026-03-16", 0.0, 0.53, 2),
        ("2026-03-19", 2.0, 0.53, 2),
        ("2026-03-26", 0.0, 0.53, 2),
    ] {
        let answer = figures(&program, &["--as-of", until, "--explain"]);
        assert_eq!(told(&answer), (squares, flyable_km2, docks), "{until}");
        let counted = answer["explanation"]["photos_counted"].as_u64().unwrap();
        let in_ledger = answer["explanation"]["photos_in_ledger"].as_u64().unwrap();
        assert_eq!(counted, in_ledger, "{until}");
    }
    // By what is known now, sortie A does not count on any day, and version 2 counted all along.
    assert_eq!(
        told(&figures(&program, &["--until", "2026-03-10"])),
        (0.0, 0.53, 1)
    );
    let then = figures(&program, &["--as-of", "2026-03-10"]);
    let known = &then["figures"]["known_then"];
    let said = known.to_string();
    for wanted in [
        "1 that were stored later",
        "1 withdrawn later do",
        "0 sorties withdrawn then",
        "layers not known then, though they are valid on that day by what is known now: 适飞 (flyable 2)",
        "the 1 that state in the roster",
        "the 1 that state no day",
        "calendar, parameters of reach",
    ] {
        assert!(said.contains(wanted), "{wanted}: {known:#}");
    }
    assert_eq!(known["stated"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stated_on_the_day_stands_beside_it() {
    let program = folder();
    let store = store_of(&program).await;
    rows(&store).await;
    let stated = figures(&program, &["--as-of", "2026-03-10"])["figures"].clone();
    let row = StatementRow {
        civil_day: day("2026-03-10"),
        stated_at: noon(10),
        figures_json: stated.to_string(),
    };
    store.state_coverage(&row).await.unwrap();
    let again = figures(&program, &["--as-of", "2026-03-10"]);
    let known = &again["figures"]["known_then"];
    assert_eq!(
        known["stated"]["imaged_percent"],
        stated["whole"]["imaged"]["percent"]
    );
    let service = Service::start(&program);
    let path = "/api/v1/coverage/figures?as_of=2026-03-10&known_then=true&since=2026-03-01";
    assert_eq!(service.json(path), again["figures"]);
    let text = program
        .run(&["coverage", "--as-of", "2026-03-10", "--since", "2026-03-01"])
        .stdout;
    assert!(
        text.contains("stated on that day: reachable") && text.contains("as it is today"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_without_photos_says_where_photos_are() {
    let program = folder();
    let store = store_of(&program).await;
    let text = |more: &[&str]| program.run(&[&["coverage"], more].concat()).stdout;
    assert!(text(&[]).contains("no photo counts at all"), "{}", text(&[]));
    rows(&store).await;
    let answer = program.json(&["coverage", "--until", "2026-06-30"]);
    assert_eq!(
        (&answer["figures"]["photos"], &answer["figures"]["newest_photo"]),
        (&json!(0), &json!("2026-03-19"))
    );
    let empty = text(&["--until", "2026-06-30"]);
    let hint = "no photo counts in the last 30 days (2026-06-01 to 2026-06-30); the newest is of 2026-03-19: see --until 2026-03-19";
    assert!(empty.contains(hint), "{empty}");
    let filled = text(&["--until", "2026-03-19"]);
    assert!(!filled.contains("no photo counts"), "{filled}");
}
