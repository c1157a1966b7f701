//! A data folder with many photo rows, to measure `flyonce coverage` on: half a year of sorties (`sorties.rs`), their
//! docks, a flyable layer and towns of 5 km, the last day yesterday.
//!
//! `cargo run -p benches --example photo_rows -- FOLDER 100000`, then in FOLDER `flyonce --data data coverage …`.

#![expect(clippy::expect_used, reason = "a generator stops by panicking")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use benches::sorties::{self, DAYS, DOCKS, SIDE_M};
use serde_json::{Value, json};
use store::rows::{Actor, NewFootprint, NewPhoto, SortieKind};
use store::{Location, Store};
use survey::geodesy::Wgs84;
use survey::grid::{GridPoint, WorkingGrid};
use survey::time::{CivilDay, UtcMicros};

const DAY_US: i64 = 86_400_000_000;
/// Side of a town, m.
const TOWN_M: f64 = 5_000.0;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder");
    let photos: usize = arguments
        .next()
        .map_or(100_000, |text| text.parse().expect("a number"));
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    let middle = Wgs84::new(31.15, 121.7).expect("a place on earth");
    let grid = WorkingGrid::centred(middle).expect("a grid");
    layers_and_docks(folder, &grid);
    let location = Location {
        folder: folder.join("data"),
        database_url: None,
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock")
        .as_micros() as i64;
    let store = Store::open(&location, UtcMicros(now))
        .await
        .expect("a data folder");
    let definition = serde_json::to_string(&grid.definition()).expect("a definition");
    store.fix_working_grid(&definition).await.expect("the grid");
    let first_day = CivilDay((now / DAY_US) as i32 - DAYS as i32);
    for (index, photo) in sorties::photos(photos).enumerate() {
        let photo = row(&grid, first_day, &photo);
        let stored_at = photo.captured_at.expect("a time");
        store.commit_photo(&photo, stored_at).await.expect("a row");
        if index.is_multiple_of(10_000) {
            println!("{index} photos");
        }
    }
}

fn place(grid: &WorkingGrid, [easting_m, northing_m]: [f64; 2]) -> Wgs84 {
    let point = GridPoint {
        easting_m,
        northing_m,
    };
    grid.wgs84_from_grid(point).expect("inside the working area")
}

fn row(grid: &WorkingGrid, first_day: CivilDay, photo: &sorties::Photo) -> NewPhoto {
    let civil_day = CivilDay(first_day.0 + photo.day as i32);
    let (sortie, _) = photo.name.split_once('-').expect("sortie and index");
    let outline: Vec<Wgs84> = photo.corners.iter().map(|corner| place(grid, *corner)).collect();
    NewPhoto {
        sortie_id: sortie.parse().expect("a sortie"),
        shot_index: None,
        sortie_kind: SortieKind::Import,
        sha256: format!("{:0>64}", hex_of(&photo.name)),
        byte_len: 5_000_000,
        name: format!("{}.jpg", photo.name),
        captured_at: Some(UtcMicros(i64::from(civil_day.0) * DAY_US + DAY_US / 8)),
        capture_zone: None,
        width_px: 4000,
        height_px: 3000,
        metadata_json: "{}".to_owned(),
        pose_json: None,
        camera_json: None,
        problem: None,
        gsd_cm: Some(2.7),
        simulated: true,
        footprint: Some(NewFootprint {
            civil_day,
            gsd_cm: 2.7,
            area_m2: 10_800.0,
            truncated: false,
            outline_json: serde_json::to_string(&outline).expect("an outline"),
            on_terrain: false,
            hidden_json: None,
        }),
        actor: Actor {
            name: "photo_rows".to_owned(),
            role: "bench".to_owned(),
        },
    }
}

fn hex_of(name: &str) -> String {
    name.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("text takes text");
        hex
    })
}

/// The square as flyable ground, towns on a pattern over it, docks on another.
fn layers_and_docks(folder: &Path, grid: &WorkingGrid) {
    let half_m = SIDE_M / 2.0;
    let flyable = square(grid, [-half_m; 2], SIDE_M, &json!({}));
    let mut towns = Vec::new();
    let count = (SIDE_M / TOWN_M) as u32;
    for number in 0..count * count {
        let corner = [number % count, number / count].map(|at| f64::from(at) * TOWN_M - half_m);
        towns.push(square(
            grid,
            corner,
            TOWN_M,
            &json!({ "name": format!("镇{:02}", number + 1) }),
        ));
    }
    let mut settings = String::from("[fleet]\nendurance_min = 40\n\n");
    for (role, features) in [("flyable", vec![flyable]), ("town", towns)] {
        let file = format!("{role}.geojson");
        let collection = json!({ "type": "FeatureCollection", "features": features });
        std::fs::write(folder.join(&file), collection.to_string()).expect("a layer");
        write!(
            settings,
            "[[layer]]\nname = \"{role}\"\nversion = \"1\"\nrole = \"{role}\"\nfile = \"{file}\"\ndatum = \"WGS-84\"\n"
        )
        .expect("text takes text");
    }
    std::fs::write(folder.join("flyonce.toml"), settings).expect("the configuration");
    let mut roster = String::new();
    for dock in 0..DOCKS {
        let [x, y] = [dock % 4, dock / 4].map(|at| ((at as f64 + 0.5) / 4.0 - 0.5) * SIDE_M);
        let at = place(grid, [x, y]);
        write!(
            roster,
            "[[dock]]\nid = \"D{number:02}\"\nlongitude_deg = {}\nlatitude_deg = {}\nlink = \"udpin:127.0.0.1:{}\"\nsystem_id = 1\n",
            at.longitude_deg,
            at.latitude_deg,
            14_551 + dock,
            number = dock + 1
        )
        .expect("text takes text");
    }
    std::fs::write(folder.join("data/fleet.toml"), roster).expect("the roster");
}

fn square(grid: &WorkingGrid, [west_m, south_m]: [f64; 2], side_m: f64, properties: &Value) -> Value {
    let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
    let ring = corners.map(|[x, y]| {
        let at = place(grid, [west_m + x * side_m, south_m + y * side_m]);
        [at.longitude_deg, at.latitude_deg]
    });
    json!({ "type": "Feature", "properties": properties,
        "geometry": { "type": "Polygon", "coordinates": [ring] } })
}
