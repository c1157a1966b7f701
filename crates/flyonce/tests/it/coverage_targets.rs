//! The three numbers of target classes, corridors, districts and docks, with the calendar's missions as plans: figures that
//! can be told beforehand from where photos, plans and targets lie, and the API says what the command line says.

use serde_json::{Value, json};

use crate::coverage::{city, collection, square};
use crate::program::Program;
use crate::serving::Service;

/// Through the middles of the photos of 2, 5 and 8 March, at 121.5412, .5424 and .5436.
const LATITUDE: f64 = 31.2215;
/// Half of what a photo of 12.29 mm on a sensor of 17.3 mm shows across from 100 m, as degrees of longitude.
const HALF_PHOTO_DEG: f64 = 50.0 * 17.3 / 12.29 / 95_250.0;
/// The river is 0.005° long.
const RIVER_DEG: f64 = 0.005;

fn line(from: [f64; 2], to: [f64; 2], properties: &Value) -> Value {
    json!({"type": "Feature", "properties": properties,
        "geometry": {"type": "LineString", "coordinates": [from, to]}})
}

fn import(program: &Program, file: &str, kind: &str, features: Vec<Value>) {
    program.write(file, collection(features));
    let fixed = [
        "layers", "import", file, "--kind", kind, "--name", kind, "--datum", "WGS-84",
    ];
    program.json(&[&fixed[..], &["--layer-version", "7", "--source", "test"]].concat());
}

/// A mission text file: from the dock's height of 100 m above the river's beginning, a photo every 5 m.
fn river_mission(from_deg: f64, to_deg: f64) -> String {
    let item = |number: u32, frame: u32, command: u32, param: f64, place: [f64; 2], height_m: f64| {
        let also = if command == 206 { 1.0 } else { 0.0 };
        let [x, y] = place;
        format!("{number}\t0\t{frame}\t{command}\t{param}\t0\t{also}\t0\t{x}\t{y}\t{height_m}\t1\n")
    };
    let home = "0\t1\t0\t16\t0\t0\t0\t0\t31.225\t121.545\t0\t1\n".to_owned();
    [
        home,
        item(1, 3, 22, 0.0, [0.0, 0.0], 100.0),
        item(2, 3, 16, 0.0, [LATITUDE, from_deg], 100.0),
        item(3, 2, 206, 5.0, [0.0, 0.0], 0.0),
        item(4, 3, 16, 0.0, [LATITUDE, to_deg], 100.0),
        item(5, 2, 206, 0.0, [0.0, 0.0], 0.0),
        item(6, 2, 20, 0.0, [0.0, 0.0], 0.0),
    ]
    .join("")
}

/// The city with a river, another one that leaves it, an area, and a district; a calendar with one mission along the river.
fn city_with_targets() -> Program {
    let program = city();
    let river = line(
        [121.540, LATITUDE],
        [121.545, LATITUDE],
        &json!({"name": "张家浜", "code": "R1", "class": "河道", "interval_days": 14, "reach_m": 20}),
    );
    let leaving = line(
        [121.5475, 31.2285],
        [121.5525, 31.2285],
        &json!({"name": "外河", "class": "河道", "interval_days": 30, "reach_m": 20}),
    );
    import(
        &program,
        "rivers.geojson",
        "target-corridor",
        vec![river, leaving],
    );
    let area = square(
        121.5436,
        31.2212,
        121.5457,
        31.2218,
        &json!({"name": "重点地块", "class": "重点", "weight": 3, "interval_days": 7}),
    );
    import(&program, "areas.geojson", "target-area", vec![area]);
    // Twice as high as the flyable ground, and as wide as its western half.
    let district = square(
        121.54,
        31.22,
        121.545,
        31.24,
        &json!({"name": "西区", "code": "310"}),
    );
    import(&program, "district.geojson", "district", vec![district]);
    program.write(
        "data/flight-plans/calendar.toml",
        "[[mission]]\nname = \"河道\"\nplan = \"river.waypoints\"\ndock = \"D01\"\ndaily = \"14:30\"\n",
    );
    let mission = format!("QGC WPL 110\n{}", river_mission(121.5402, 121.5426));
    program.write("data/flight-plans/river.waypoints", mission);
    program
}

fn rows(program: &Program, by: &str, more: &[&str]) -> Vec<Value> {
    let asked = ["coverage", "--until", "2026-03-28", "--by", by];
    let answer = program.json(&[&asked[..], more].concat());
    answer["table"]["rows"].as_array().unwrap().clone()
}

fn percent(row: &Value, number: &str) -> f64 {
    let percent = &row[number]["percent"];
    percent.as_f64().unwrap_or_else(|| panic!("{number}: {row:#}"))
}

fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() < within, "{found}, not {wanted}");
}

#[test]
fn a_corridor_is_told_by_its_length() {
    let program = city_with_targets();
    let table = rows(&program, "corridor", &[]);
    let (river, leaving) = (&table[0], &table[1]);
    assert_eq!((&river["name"], &river["code"]), (&json!("张家浜"), &json!("R1")));
    near(river["length_km"].as_f64().unwrap(), 0.005 * 95.25, 0.002);
    near(percent(river, "reachable"), 100.0, 0.5);
    // A step of half a cell at each end is 1 % of 476 m.
    let seen = (0.0024 + 2.0 * HALF_PHOTO_DEG) / RIVER_DEG;
    near(percent(river, "imaged"), 100.0 * seen, 1.1);
    near(
        river["imaged"]["km"].as_f64().unwrap(),
        seen * RIVER_DEG * 95.25,
        0.006,
    );
    // From the first planned photo to the last, and half a photo (52.7 m) beyond the last.
    let planned_deg = 0.0026 + 52.7 / 95_250.0;
    near(percent(river, "planned"), planned_deg / RIVER_DEG * 100.0, 1.6);
    // Of what was seen, 38 % were seen 20 days ago, 31 % 23 and as much 26 days ago.
    assert_eq!(
        river["ages"],
        json!({"p50_days": 23, "p90_days": 26, "max_days": 26, "never_percent": river["ages"]["never_percent"]})
    );
    near(
        river["ages"]["never_percent"].as_f64().unwrap(),
        100.0 - 100.0 * seen,
        1.1,
    );
    assert_eq!(river["wished_interval_days"], 14.0);
    // A window of its own takes photos out of imaged, not out of the ages.
    let recent = &rows(&program, "corridor", &["--since", "2026-03-06"])[0];
    near(percent(recent, "imaged"), 200.0 * HALF_PHOTO_DEG / RIVER_DEG, 1.1);
    assert_eq!(recent["ages"], river["ages"]);
    // Half of the other river is outside the flyable ground; nobody has seen it or plans to.
    near(percent(leaving, "reachable"), 50.0, 1.1);
    near(leaving["flyable_percent"].as_f64().unwrap(), 50.0, 1.1);
    assert_eq!(
        (percent(leaving, "planned"), percent(leaving, "imaged")),
        (0.0, 0.0)
    );
    assert_eq!(leaving["ages"]["p50_days"], Value::Null);
    assert_eq!(leaving["ages"]["never_percent"], 100.0);
}

#[test]
fn classes_districts_and_docks_are_told_by_their_ground() {
    let program = city_with_targets();
    let classes = rows(&program, "class", &[]);
    let class = |name: &str| classes.iter().find(|row| row["name"] == name).unwrap();
    let area = class("重点");
    // Of its 0.0021° of width the photo of 8 March shows the first part.
    near(
        area["area_km2"].as_f64().unwrap(),
        0.0021 * 95.25 * 0.0006 * 110.87,
        1e-4,
    );
    near(percent(area, "imaged"), 100.0 * HALF_PHOTO_DEG / 0.0021, 2.0);
    assert_eq!(
        area["ages"],
        json!({"p50_days": 20, "p90_days": 20, "max_days": 20, "never_percent": area["ages"]["never_percent"]})
    );
    near(
        area["ages"]["never_percent"].as_f64().unwrap(),
        100.0 - percent(area, "imaged"),
        1e-3,
    );
    assert_eq!(
        (percent(area, "planned"), area["wished_interval_days"].as_f64()),
        (0.0, Some(7.0))
    );
    let rivers = class("河道");
    // 476 m with ends of 20 m each, 40 m wide, twice; three quarters of them are flyable.
    near(
        rivers["area_km2"].as_f64().unwrap(),
        2.0 * (0.476 * 0.04 + 0.000_4 * std::f64::consts::PI),
        1e-3,
    );
    near(
        percent(rivers, "reachable"),
        rivers["flyable_percent"].as_f64().unwrap(),
        0.01,
    );
    assert_eq!(rivers["wished_interval_days"], 14.0);
    assert!(
        percent(rivers, "planned") > 20.0 && percent(rivers, "imaged") > 30.0,
        "{rivers:#}"
    );

    let districts = rows(&program, "district", &[]);
    let towns = rows(&program, "town", &[]);
    // The western half of the flyable ground is the western town.
    let (district, town) = (&districts[1], &towns[0]);
    assert_eq!(
        (districts.len(), &district["name"], &district["code"]),
        (2, &json!("西区"), &json!("310"))
    );
    near(
        district["area_km2"].as_f64().unwrap(),
        town["area_km2"].as_f64().unwrap(),
        1e-5,
    );
    for number in ["reachable", "planned", "imaged"] {
        near(percent(district, number), percent(town, number), 0.3);
    }
    assert_eq!(district["ages"]["p50_days"], town["ages"]["p50_days"]);
    // 0.0024° and a photo's length, 140.65 m wide, cut off by the southern edge at 166 m: all of it.
    let planned_km2 = (0.0026 * 95.25 + 0.0527) * 0.14065;
    near(town["planned"]["km2"].as_f64().unwrap(), planned_km2, 1e-3);
    let dock = &rows(&program, "dock", &[])[0];
    near(dock["planned"]["km2"].as_f64().unwrap(), planned_km2, 1e-3);
}

#[test]
fn the_api_and_the_command_line_say_the_same() {
    let program = city_with_targets();
    let service = Service::start(&program);
    for by in ["district", "town", "dock", "class", "corridor"] {
        let path = format!("/api/v1/coverage/by/{by}?as_of=2026-03-28&since=2026-03-06");
        let told = rows(&program, by, &["--since", "2026-03-06"]);
        assert!(!told.is_empty());
        assert_eq!(service.json(&path)["rows"], json!(told), "{by}");
    }
    // A mission that is due on no day of the window plans nothing.
    program.write(
        "data/flight-plans/calendar.toml",
        "[[mission]]\nname = \"河道\"\nplan = \"river.waypoints\"\ndock = \"D01\"\nonce = \"2026-01-02T10:00\"\n",
    );
    assert_eq!(percent(&rows(&program, "corridor", &[])[0], "planned"), 0.0);
    let text = program.run(&["coverage", "--until", "2026-03-28", "--by", "corridor"]);
    assert!(text.stdout.contains("23/26/26"), "{}", text.stdout);
}
