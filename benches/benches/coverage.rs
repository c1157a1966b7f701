//! The coverage ledger on half a year of sorties: build, one photo, one sortie in and out, windows, towns, memory.
//! `cargo bench -p benches --bench coverage -- --photos 100000 --cell 5`; `benches/coverage.py` runs it and GEOS on
//! the same photos. With `--out FOLDER` it leaves there what the other side needs: the photos' corners (`photos.f64`)
//! and areas with our percentages (`areas.json`).

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};

use benches::sorties::{self, DAYS};
use benches::{mean_processor_seconds, processor_seconds};
use serde_json::{Value, json};
use survey::area::{Layer, LayerHeader, RawPolygon};
use survey::geodesy::{Datum, Wgs84};
use survey::grid::{GridPoint, WorkingGrid};
use survey::ledger::{
    GsdLimits, Labels, Ledger, LedgerFrame, LedgerQuery, Shown, ViewClass, Views, length_seen,
};
use survey::time::CivilDay;

const FIRST_DAY: i32 = 20_000;
/// Districts of 5 km on a pattern that is turned by these angles, degrees; 20.9° is the lattice's own.
const TURNS_DEG: [f64; 5] = [0.0, 7.3, 20.9, 33.1, 45.0];

struct Photo {
    name: String,
    dock: String,
    day: CivilDay,
    rings: [Vec<Wgs84>; 1],
    corners: [[f64; 2]; 4],
}

fn main() {
    let photos: usize = option("--photos").map_or(100_000, |text| text.parse().expect("a number"));
    let cell_m: f64 = option("--cell").map_or(5.0, |text| text.parse().expect("a number"));
    let grid = WorkingGrid::centred(Wgs84 {
        latitude_deg: 31.15,
        longitude_deg: 121.7,
    })
    .expect("a place on earth");
    let input: Vec<Photo> = sorties::photos(photos)
        .map(|photo| on_earth(&grid, photo))
        .collect();
    let empty = Ledger::new(grid.clone(), cell_m, GsdLimits::default()).expect("a cell size");
    let towns = towns();
    let labels = Labels::new(&grid, empty.lattice(), &towns, None).expect("labels");
    let mut figures = json!({ "photos": photos, "cell_m": cell_m, "input_mib": memory_mib("VmRSS:") });
    let mut ledger = empty;
    ledger.relabel(labels).expect("the ledger's labels");
    let started = processor_seconds();
    input.iter().for_each(|photo| enter(&mut ledger, photo));
    figures["build_s"] = json!(processor_seconds() - started);
    figures["with_ledger_mib"] = json!(memory_mib("VmRSS:"));
    one_photo(&mut ledger, &input, &mut figures);
    windows(&ledger, &mut figures);
    files(&ledger, &mut figures);
    if let Some(folder) = option("--out") {
        leave(Path::new(&folder), ledger, &input, &towns);
    }
    figures["peak_mib"] = json!(memory_mib("VmHWM:"));
    println!("{figures:#}");
}

fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.by_ref().find(|argument| argument == name)?;
    arguments.next()
}

fn on_earth(grid: &WorkingGrid, photo: sorties::Photo) -> Photo {
    let place = |[east, north]: [f64; 2]| {
        let point = GridPoint {
            easting_m: east,
            northing_m: north,
        };
        grid.wgs84_from_grid(point).expect("inside the working area")
    };
    Photo {
        rings: [photo.corners.map(place).to_vec()],
        corners: photo.corners,
        name: photo.name,
        dock: format!("D{:02}", photo.dock + 1),
        day: CivilDay(FIRST_DAY + photo.day as i32),
    }
}

fn enter(ledger: &mut Ledger, photo: &Photo) {
    let frame = LedgerFrame {
        photo: &photo.name,
        day: photo.day,
        gsd_cm: 2.7,
        view: ViewClass::Nadir,
        dock: Some(&photo.dock),
        shown: Shown::Rings(&photo.rings),
    };
    ledger.enter(&frame).expect("a footprint");
}

/// One photo more: the next one of a sortie in the air, and one in a place where none was just before; each again out.
/// Then a sortie of 760 of the middle day, out and in again.
fn one_photo(ledger: &mut Ledger, input: &[Photo], figures: &mut Value) {
    let later = |photo: &Photo| Photo {
        name: format!("later {}", photo.name),
        day: CivilDay(FIRST_DAY + DAYS as i32),
        dock: photo.dock.clone(),
        rings: photo.rings.clone(),
        corners: photo.corners,
    };
    let next: Vec<Photo> = input.iter().skip(input.len() / 3).take(800).map(later).collect();
    let step = (input.len() / 1_000).max(1);
    let anywhere: Vec<Photo> = input.iter().step_by(step).map(later).collect();
    for (name, photos) in [("one_photo", next), ("one_photo_anywhere", anywhere)] {
        let (mut in_s, mut in_runs, mut out_s, mut out_runs) = (0.0, 0, 0.0, 0);
        while in_s < 0.1 {
            let started = processor_seconds();
            photos.iter().for_each(|photo| enter(ledger, photo));
            in_s += processor_seconds() - started;
            in_runs += photos.len();
            let alone = processor_seconds();
            for photo in photos.iter().take(100) {
                ledger.withdraw([photo.name.as_str()]);
                out_runs += 1;
            }
            out_s += processor_seconds() - alone;
            ledger.withdraw(photos.iter().map(|photo| photo.name.as_str()));
        }
        figures[format!("{name}_in_us")] = json!(in_s / in_runs as f64 * 1e6);
        figures[format!("{name}_out_us")] = json!(out_s / f64::from(out_runs) * 1e6);
    }
    let middle = input.len() / 2 / sorties::PHOTOS_PER_SORTIE * sorties::PHOTOS_PER_SORTIE;
    let sortie = &input[middle..input.len().min(middle + 760)];
    let names: Vec<&str> = sortie.iter().map(|photo| photo.name.as_str()).collect();
    let before = ledger.to_bytes();
    figures["sortie_out_and_in_ms"] = json!(
        1e3 * mean_processor_seconds(|| {
            ledger.withdraw(names.iter().copied());
            sortie.iter().for_each(|photo| enter(ledger, photo));
        })
    );
    assert!(
        before == ledger.to_bytes(),
        "a sortie left and came again: other bytes"
    );
}

fn windows(ledger: &Ledger, figures: &mut Value) {
    let last = ledger.frames().last().expect("a photo").day.0;
    for days in [7, 30, 90, 179] {
        // Ends a day before the last, so that the histograms cannot answer.
        let query = LedgerQuery {
            since: Some(CivilDay(last - days)),
            until: Some(CivilDay(last - 1)),
            ..LedgerQuery::default()
        };
        let seconds = mean_processor_seconds(|| {
            black_box(ledger.imaged(&query).expect("a window"));
        });
        figures[format!("window_{days}_days_ms")] = json!(seconds * 1e3);
    }
    let nadir = LedgerQuery {
        views: Views::NONE.with(ViewClass::Nadir),
        ..LedgerQuery::default()
    };
    let recent = LedgerQuery {
        since: Some(CivilDay(last - 30)),
        ..LedgerQuery::default()
    };
    let mut time = |name: &str, ask: &mut dyn FnMut()| {
        figures[name] = json!(mean_processor_seconds(ask) * 1e3);
    };
    time("nadir_all_days_ms", &mut || {
        drop(black_box(ledger.imaged(&nadir)))
    });
    time("last_30_days_by_town_ms", &mut || {
        drop(black_box(ledger.imaged(&recent)))
    });
    time("docks_ms", &mut || {
        drop(black_box(ledger.docks(&LedgerQuery::default())))
    });
    time("ages_ms", &mut || {
        drop(black_box(ledger.ages(&recent, CivilDay(last))))
    });
    time("imaged_cells_ms", &mut || {
        drop(black_box(ledger.imaged_cells(&recent)))
    });
    let seen = ledger.imaged_cells(&recent).expect("a window");
    let line = [[-15_000.0, -15_000.0], [15_000.0, 15_000.0]].map(|[easting_m, northing_m]| {
        let end = GridPoint {
            easting_m,
            northing_m,
        };
        ledger
            .grid()
            .wgs84_from_grid(end)
            .expect("inside the working area")
    });
    time("corridor_of_42_km_ms", &mut || {
        drop(black_box(length_seen(&seen, &line, 2.5)))
    });
}

fn files(ledger: &Ledger, figures: &mut Value) {
    let bytes = ledger.to_bytes();
    figures["saved_mib"] = json!(bytes.len() as f64 / f64::from(1 << 20));
    let mut time = |name: &str, ask: &mut dyn FnMut()| {
        let started = processor_seconds();
        ask();
        figures[name] = json!(processor_seconds() - started);
    };
    time("save_s", &mut || drop(black_box(ledger.to_bytes())));
    let mut read = None;
    time("read_s", &mut || read = Ledger::from_bytes(&bytes).ok());
    let mut read = read.expect("what was saved is read");
    time("relabel_s", &mut || {
        read.relabel(ledger.labels().clone())
            .expect("the ledger's labels")
    });
}

/// Towns of a real district, one layer each; none where the file is absent.
fn towns() -> Vec<Layer> {
    let shared = std::env::var_os("FLYONCE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(shared.join("data/geo/pudong_towns_wgs84.geojson")) else {
        eprintln!("SKIPPED: no towns at {}", shared.display());
        return Vec::new();
    };
    let file: Value = serde_json::from_str(&text).expect("GeoJSON");
    let features = file["features"].as_array().expect("features");
    let town = |feature: &Value| {
        let geometry = &feature["geometry"];
        let polygons: Vec<Vec<Vec<[f64; 2]>>> = if geometry["type"] == "Polygon" {
            vec![serde_json::from_value(geometry["coordinates"].clone()).expect("rings")]
        } else {
            serde_json::from_value(geometry["coordinates"].clone()).expect("polygons")
        };
        layer(feature["properties"]["name"].as_str().expect("a name"), polygons)
    };
    features.iter().map(town).collect()
}

fn layer(name: &str, polygons: Vec<Vec<Vec<[f64; 2]>>>) -> Layer {
    let raw: Vec<RawPolygon> = polygons
        .into_iter()
        .map(|mut rings| RawPolygon {
            exterior: rings.remove(0),
            holes: rings,
        })
        .collect();
    let header = LayerHeader {
        name: name.to_owned(),
        version: "1".to_owned(),
        datum: Datum::Wgs84,
        source: "bench".to_owned(),
    };
    Layer::new(header, &raw).expect("polygons").0
}

/// Districts of 5 × 5 km in a pattern that is turned.
fn districts(grid: &WorkingGrid, turn_deg: f64) -> Vec<Layer> {
    let (sin, cos) = turn_deg.to_radians().sin_cos();
    let corner = |x: f64, y: f64| {
        let point = GridPoint {
            easting_m: x * cos - y * sin,
            northing_m: x * sin + y * cos,
        };
        let place = grid.wgs84_from_grid(point).expect("inside the working area");
        [place.longitude_deg, place.latitude_deg]
    };
    let district = |index: u32| {
        let (x, y) = (
            f64::from(index % 5) * 5e3 - 12.5e3,
            f64::from(index / 5) * 5e3 - 12.5e3,
        );
        let ring = vec![
            corner(x, y),
            corner(x + 5e3, y),
            corner(x + 5e3, y + 5e3),
            corner(x, y + 5e3),
        ];
        layer(&index.to_string(), vec![vec![ring]])
    };
    (0..25).map(district).collect()
}

/// Writes the photos' corners on the grid and, for towns and turned districts, polygons on the grid and percentages.
fn leave(folder: &Path, mut ledger: Ledger, input: &[Photo], towns: &[Layer]) {
    std::fs::create_dir_all(folder).expect("a folder");
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("photos.f64")).expect("a file"));
    for number in input.iter().flat_map(|photo| photo.corners.as_flattened()) {
        file.write_all(&number.to_le_bytes()).expect("room on the disk");
    }
    let grid = ledger.grid().clone();
    let mut sets = vec![("towns".to_owned(), towns.to_vec())];
    sets.extend(TURNS_DEG.map(|turn| (format!("districts turned {turn}°"), districts(&grid, turn))));
    let mut areas =
        json!({ "total_km2": ledger.imaged(&LedgerQuery::default()).expect("all").imaged_m2 / 1e6 });
    for (name, layers) in sets {
        let labels = Labels::new(&grid, ledger.lattice(), &layers, None).expect("labels");
        ledger.relabel(labels).expect("the ledger's labels");
        let figures = ledger.imaged(&LedgerQuery::default()).expect("all");
        let area = |(layer, town): (&Layer, &survey::ledger::TownFigures)| {
            let ring = |ring: &Vec<Wgs84>| -> Vec<[f64; 2]> {
                let points = ring
                    .iter()
                    .map(|place| grid.grid_from_wgs84(*place).expect("inside"));
                points.map(|point| [point.easting_m, point.northing_m]).collect()
            };
            let polygon = |polygon: &survey::area::Polygon| {
                json!([
                    ring(&polygon.exterior),
                    polygon.holes.iter().map(ring).collect::<Vec<_>>()
                ])
            };
            let polygons: Vec<Value> = layer.polygons.iter().map(polygon).collect();
            json!({ "name": layer.name, "polygons": polygons, "percent": town.whole.percent() })
        };
        areas[name] = layers.iter().zip(&figures.towns).map(area).collect();
    }
    std::fs::write(folder.join("areas.json"), areas.to_string()).expect("room on the disk");
}

/// A line of /proc/self/status, MiB.
fn memory_mib(line: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = text.lines().find_map(|text| text.strip_prefix(line));
    let kib = found.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
