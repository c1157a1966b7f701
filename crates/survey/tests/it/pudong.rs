//! The layers of a real district: read, measured, and covered by photos. Their files are not part of the
//! repository; the check is skipped visibly where they are absent.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;
use survey::area::{Layer, LayerHeader, RawPolygon};
use survey::geodesy::{Datum, LocalTangent, Wgs84};
use survey::grid::WorkingGrid;
use survey::ledger::{GsdLimits, Labels, Ledger, LedgerFrame, LedgerQuery, Shown, ViewClass};
use survey::time::CivilDay;

use crate::Stream;

pub(crate) fn layer(name: &str) -> Option<Layer> {
    let shared = std::env::var_os("FLYONCE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("data/geo").join(format!("{name}.geojson"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no layer at {}", path.display());
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let polygons: Vec<RawPolygon> = file["features"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(polygons_of)
        .collect();
    let header = LayerHeader {
        name: name.to_owned(),
        version: "1".to_owned(),
        datum: Datum::Wgs84,
        source: "OpenStreetMap".to_owned(),
    };
    let (layer, repairs) = Layer::new(header, &polygons).unwrap_or_else(|error| panic!("{name}: {error}"));
    println!(
        "{name}: {} polygons, {} repairs",
        layer.polygons.len(),
        repairs.len()
    );
    Some(layer)
}

fn polygons_of(feature: &Value) -> Vec<RawPolygon> {
    let geometry = &feature["geometry"];
    let one = |rings: &Value| {
        let mut rings: Vec<Vec<[f64; 2]>> = rings.as_array().unwrap().iter().map(ring_of).collect();
        let exterior = rings.remove(0);
        RawPolygon {
            exterior,
            holes: rings,
        }
    };
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str() {
        Some("Polygon") => vec![one(coordinates)],
        Some("MultiPolygon") => coordinates.as_array().unwrap().iter().map(one).collect(),
        other => panic!("no polygon: {other:?}"),
    }
}

fn ring_of(ring: &Value) -> Vec<[f64; 2]> {
    ring.as_array()
        .unwrap()
        .iter()
        .map(|at| [0, 1].map(|i| at[i].as_f64().unwrap()))
        .collect()
}

#[test]
fn towns_have_their_known_area_and_can_be_covered() {
    let Some(towns) = layer("pudong_towns_wgs84") else {
        return;
    };
    let centre = Wgs84::new(31.15, 121.7).unwrap();
    let grid = WorkingGrid::centred(centre).unwrap();
    let begin = Instant::now();
    let area_km2 = towns.area_m2(&grid).unwrap() / 1e6;
    println!(
        "union of the towns: {area_km2:.3} km² in {:.1} ms",
        begin.elapsed().as_secs_f64() * 1e3
    );
    assert!((area_km2 - 1402.6).abs() < 0.1, "{area_km2}");
    let mut ledger = Ledger::new(grid, 5.0, GsdLimits::default()).unwrap();
    let mut stream = Stream(3);
    let plane = LocalTangent::at(centre);
    for photo in 0..5000 {
        let (x, y) = (
            (stream.uniform() - 0.5) * 60_000.0,
            (stream.uniform() - 0.5) * 60_000.0,
        );
        let corners = [[-150.0, -100.0], [150.0, -100.0], [150.0, 100.0], [-150.0, 100.0]];
        let outline = corners.map(|[e, n]| plane.wgs84_from_enu(x + e, y + n));
        let frame = LedgerFrame {
            photo: &photo.to_string(),
            day: CivilDay(20_000 + photo / 100),
            gsd_cm: 3.0,
            view: ViewClass::Nadir,
            dock: None,
            shown: Shown::Rings(&[outline.to_vec()]),
        };
        ledger.enter(&frame).unwrap();
    }
    let begin = Instant::now();
    let labels = Labels::new(ledger.grid(), ledger.lattice(), &[], Some(&towns)).unwrap();
    ledger.relabel(labels).unwrap();
    let share = ledger.imaged(&LedgerQuery::default()).unwrap().flyable.unwrap();
    println!("{share:?} in {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    // Random photos cover 1 − exp(−photos · area / place) of any part of the square they fall in.
    let expected = 100.0 * (1.0 - (-5000.0 * 0.06 / 3600.0_f64).exp());
    assert!(
        (share.percent().unwrap() - expected).abs() < 1.0,
        "{share:?} {expected}"
    );
    assert!((share.area_m2 / 1e6 - area_km2).abs() < 1e-6);
}

#[test]
fn the_flyable_area_is_read() {
    let Some(flyable) = layer("pudong_flyable_demo_wgs84") else {
        return;
    };
    let grid = WorkingGrid::centred(Wgs84::new(31.15, 121.7).unwrap()).unwrap();
    let area_km2 = flyable.area_m2(&grid).unwrap() / 1e6;
    println!("flyable: {area_km2:.3} km²");
    // The file states 1152.63 km².
    assert!((area_km2 - 1152.63).abs() < 0.05, "{area_km2}");
}
