//! What is written is read back by GDAL: rasters, FlatGeobuf, vector tiles. Skipped, visibly, where GDAL is not
//! installed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use formats::flatgeobuf::{self, ColumnKind};
use formats::geotiff::writer::{self, Band, Raster, Reference, TILE_CELLS, TransverseMercator};
use formats::placed::{Feature, Shape, Value};
use formats::vector_tile::{self, TileAddress, TileLayer};

/// A folder of one test; `None`, said aloud, without GDAL.
fn folder(test_name: &str) -> Option<PathBuf> {
    if Command::new("ogrinfo").arg("--version").output().is_err() {
        assert!(std::env::var("CI").is_err(), "{test_name}: GDAL is not installed");
        let line = format!("SKIPPED: {test_name}: GDAL is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let folder = std::env::temp_dir().join(format!("flyonce-gdal-{test_name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

fn said(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {errors}");
    assert!(errors.trim().is_empty(), "{program} complains: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(program: &str, arguments: &[&str], file: &Path) -> serde_json::Value {
    serde_json::from_str(&said(program, arguments, file)).unwrap()
}

fn days(reference: Reference, corner: [f64; 2], cell: f64) -> Raster<u16> {
    let band = |name: &str, unit: &str, scale: f64| Band {
        name: name.to_owned(),
        unit: unit.to_owned(),
        scale,
    };
    Raster {
        columns: 600,
        rows: 300,
        corner,
        cell: [cell; 2],
        reference,
        bands: vec![band("last seen 最近拍摄 <day>", "d", 1.0), band("GSD", "cm", 0.1)],
        notes: vec![("LAYERS".to_owned(), "适飞 <2026.1>".to_owned())],
        nothing: 0,
    }
}

/// 20 000 in one cell of the first band, 35 of the second.
fn one_cell(raster: &Raster<u16>, [column, row]: [usize; 2]) -> Vec<u8> {
    let fill = |tile: writer::TilePlace, cells: &mut [u16]| {
        let inside = |at: usize, from: usize| (from..from + TILE_CELLS).contains(&at);
        if inside(column, tile.left) && inside(row, tile.top) {
            let value = if tile.band == 0 { 20_000 } else { 35 };
            cells[(row - tile.top) * TILE_CELLS + column - tile.left] = value;
        }
    };
    writer::write(raster, fill).unwrap()
}

#[test]
fn gdal_reads_a_raster_on_the_working_grid() {
    let Some(folder) = folder("gdal_reads_a_raster_on_the_working_grid") else {
        return;
    };
    let grid = TransverseMercator {
        name: "FlyOnce working grid".to_owned(),
        origin_latitude_deg: 31.2,
        origin_longitude_deg: 121.6,
        scale: 1.0,
    };
    let raster = days(Reference::TransverseMercator(grid), [-1500.0, 800.0], 5.0);
    let file = folder.join("grid.tif");
    fs::write(&file, one_cell(&raster, [300, 160])).unwrap();
    let info = json("gdalinfo", &["-json"], &file);
    assert_eq!(info["size"], serde_json::json!([600, 300]));
    assert_eq!(
        info["geoTransform"],
        serde_json::json!([-1500.0, 5.0, 0.0, 800.0, 0.0, -5.0])
    );
    let wkt = info["coordinateSystem"]["wkt"].as_str().unwrap();
    for part in [
        "Transverse Mercator",
        "WGS 84",
        "FlyOnce working grid",
        "31.2",
        "121.6",
        "metre",
    ] {
        assert!(wkt.contains(part), "{part} is not in {wkt}");
    }
    let bands = info["bands"].as_array().unwrap();
    assert_eq!(bands.len(), 2);
    assert_eq!(
        (bands[0]["type"].as_str(), bands[0]["noDataValue"].as_f64()),
        (Some("UInt16"), Some(0.0))
    );
    assert_eq!(bands[0]["description"], "last seen 最近拍摄 <day>");
    assert_eq!(info["metadata"][""]["LAYERS"], "适飞 <2026.1>");
    assert_eq!(
        (bands[1]["unit"].as_str(), bands[1]["scale"].as_f64()),
        (Some("cm"), Some(0.1))
    );
    // The middle of column 300 and row 160 lies 2.5 m east and 2.5 m south of the origin.
    let at = |longitude: &str, latitude: &str| {
        let output = Command::new("gdallocationinfo")
            .args(["-valonly", "-wgs84"])
            .arg(&file)
            .args([longitude, latitude])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(at("121.6000262", "31.1999775"), "20000\n35\n");
    assert_eq!(at("121.6001000", "31.1999775"), "0\n0\n");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gdal_reads_rasters_in_degrees_and_with_a_code() {
    let Some(folder) = folder("gdal_reads_rasters_in_degrees_and_with_a_code") else {
        return;
    };
    for (reference, corner, cell, code) in [
        (Reference::Wgs84, [121.5, 31.3], 0.001, 4326),
        (Reference::Projected(32651), [350_000.0, 3_450_000.0], 5.0, 32651),
    ] {
        let file = folder.join(format!("{code}.tif"));
        fs::write(&file, one_cell(&days(reference, corner, cell), [599, 299])).unwrap();
        let info = json("gdalinfo", &["-json", "-mm"], &file);
        let wkt = info["coordinateSystem"]["wkt"].as_str().unwrap();
        assert!(wkt.contains(&format!("ID[\"EPSG\",{code}]")), "{wkt}");
        assert_eq!(info["bands"][0]["computedMax"].as_f64(), Some(20_000.0));
        assert_eq!(info["bands"][1]["computedMax"].as_f64(), Some(35.0));
    }
    fs::remove_dir_all(folder).unwrap();
}

fn square([west, south]: [f64; 2], side: f64) -> Vec<[f64; 2]> {
    vec![
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
    ]
}

fn town(name: &str, at: [f64; 2], imaged: f64, parts: usize) -> Feature {
    let polygon = |part: usize| {
        let corner = [at[0] + 0.02 * part as f64, at[1]];
        vec![
            square(corner, 0.01),
            square([corner[0] + 0.002, corner[1] + 0.002], 0.004),
        ]
    };
    Feature {
        shape: Shape::Polygons((0..parts).map(polygon).collect()),
        values: BTreeMap::from([
            ("name".to_owned(), Value::Text(name.to_owned())),
            ("imaged_share".to_owned(), Value::Number(imaged)),
            ("gaps".to_owned(), Value::Whole(-3)),
            ("goal_met".to_owned(), Value::Truth(imaged > 0.75)),
        ]),
    }
}

fn layer(features: Vec<Feature>) -> flatgeobuf::Layer {
    let columns = [
        ("name", ColumnKind::Text),
        ("imaged_share", ColumnKind::Number),
        ("gaps", ColumnKind::Whole),
        ("goal_met", ColumnKind::Truth),
    ];
    flatgeobuf::Layer {
        name: "towns".to_owned(),
        description: "towns 街镇 2026-11".to_owned(),
        columns: columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec(),
        features,
    }
}

#[test]
fn gdal_reads_flatgeobuf() {
    let Some(folder) = folder("gdal_reads_flatgeobuf") else {
        return;
    };
    let mut towns = vec![
        town("川沙新镇", [121.70, 31.19], 0.8, 1),
        town("合庆镇", [121.73, 31.22], 0.25, 2),
    ];
    towns.extend((0..500).map(|i| {
        town(
            "格",
            [121.0 + 0.05 * f64::from(i % 25), 30.0 + 0.02 * f64::from(i / 25)],
            0.0,
            1,
        )
    }));
    let file = folder.join("towns.fgb");
    fs::write(&file, flatgeobuf::write(&layer(towns)).unwrap()).unwrap();
    let summary = said("ogrinfo", &["-al", "-so"], &file);
    for part in [
        "Feature Count: 502",
        "Geometry: Multi Polygon",
        "ID[\"EPSG\",4326]",
        "name: String",
        "gaps: Integer64",
        "imaged_share: Real",
        "goal_met: Integer(Boolean)",
    ] {
        assert!(summary.contains(part), "{part} is not in {summary}");
    }
    let chosen = said("ogrinfo", &["-al", "-where", "name = '合庆镇'"], &file);
    for part in [
        "Feature Count: 1",
        "imaged_share (Real) = 0.25",
        "gaps (Integer64) = -3",
        "goal_met (Integer(Boolean)) = 0",
        "MULTIPOLYGON (((121.73 31.22,",
    ] {
        assert!(chosen.contains(part), "{part} is not in {chosen}");
    }
    // The index finds what lies in a window, and nothing else.
    let window = said(
        "ogrinfo",
        &["-al", "-so", "-spat", "121.705", "31.195", "121.706", "31.196"],
        &file,
    );
    assert!(window.contains("Feature Count: 1\n"), "{window}");
    let of_one = said(
        "ogrinfo",
        &["-al", "-spat", "121.72", "31.21", "121.80", "31.30"],
        &file,
    );
    assert!(
        of_one.contains("合庆镇") && of_one.contains("Feature Count: 1\n"),
        "{of_one}"
    );

    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gdal_reads_flatgeobuf_of_points() {
    let Some(folder) = folder("gdal_reads_flatgeobuf_of_points") else {
        return;
    };
    let points: Vec<Feature> = [[121.5, 31.2], [121.6, 31.1]]
        .into_iter()
        .map(|at| Feature {
            shape: Shape::Point(at),
            values: BTreeMap::from([("name".to_owned(), Value::Text("机场".to_owned()))]),
        })
        .collect();
    let file = folder.join("docks.fgb");
    fs::write(&file, flatgeobuf::write(&layer(points)).unwrap()).unwrap();
    let summary = said("ogrinfo", &["-al"], &file);
    for part in ["Geometry: Point", "POINT (121.5 31.2)", "name (String) = 机场"] {
        assert!(summary.contains(part), "{part} is not in {summary}");
    }
    assert!(!summary.contains("imaged_share (Real)"), "{summary}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gdal_reads_vector_tiles() {
    let Some(folder) = folder("gdal_reads_vector_tiles") else {
        return;
    };
    // Zoom 11, column 1716, row 836: longitude 121.640625 to 121.81640625, latitude 31.20 to 31.35.
    let tile = TileAddress::new(11, 1716, 836).unwrap();
    let layers = [
        TileLayer {
            name: "towns".to_owned(),
            features: vec![
                town("川沙新镇", [121.70, 31.22], 0.8, 2),
                town("远方", [100.0, 20.0], 0.1, 1),
            ],
        },
        TileLayer {
            name: "docks".to_owned(),
            features: vec![Feature {
                shape: Shape::Point([121.75, 31.25]),
                values: BTreeMap::new(),
            }],
        },
    ];
    let place = folder.join("11").join("1716");
    fs::create_dir_all(&place).unwrap();
    let file = place.join("836.mvt");
    fs::write(&file, vector_tile::write(tile, &layers).unwrap()).unwrap();
    let summary = said("ogrinfo", &["-al"], &file);
    for part in [
        "name (String) = 川沙新镇",
        "imaged_share (Real) = 0.8",
        "gaps (Integer) = -3",
        "goal_met (Integer(Boolean)) = 1",
        "Layer name: docks",
    ] {
        assert!(summary.contains(part), "{part} is not in {summary}");
    }
    assert!(!summary.contains("远方"));
    assert_places(&file);
    fs::remove_dir_all(folder).unwrap();
}

/// The town of the tile lies where it was put. In spherical Mercator metres: 121.70° is 13547582 m east.
fn assert_places(file: &Path) {
    let geometry = json(
        "ogr2ogr",
        &[
            "-f",
            "GeoJSON",
            "-t_srs",
            "EPSG:4326",
            "/vsistdout/",
            "-sql",
            "select * from towns",
        ],
        file,
    );
    let positions = &geometry["features"][0]["geometry"]["coordinates"];
    let mut numbers = Vec::new();
    flatten(positions, &mut numbers);
    let nearest = |to: f64| {
        numbers
            .iter()
            .map(|number| (number - to).abs())
            .fold(f64::INFINITY, f64::min)
    };
    for expected in [121.70, 121.71, 121.72, 121.73, 31.22, 31.23, 31.222, 31.226] {
        assert!(nearest(expected) < 5e-5, "{expected}: {}", nearest(expected));
    }
}

fn flatten(value: &serde_json::Value, numbers: &mut Vec<f64>) {
    match value.as_array() {
        Some(list) => list.iter().for_each(|item| flatten(item, numbers)),
        None => numbers.extend(value.as_f64()),
    }
}
