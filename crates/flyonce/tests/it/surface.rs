//! Height and surface models: footprints on the terrain, and ground hidden behind buildings that makes no coverage.

use fixtures::photos::JpegSpec;
use formats::geotiff::writer::{self, Band, Raster, Reference, TILE_CELLS};
use serde_json::Value;

use crate::program::{Program, can_look};

/// The photo's place, on the central meridian of UTM zone 51.
const LATITUDE_DEG: f64 = 31.2;
const LONGITUDE_DEG: f64 = 123.0;
/// Cells of 0.00001° are 1.1 m north and 1.0 m east.
const CELL_DEG: f64 = 0.000_01;
const CELLS: usize = 700;

/// A raster in degrees around the photo; heights by metres east and north of it.
fn raster(height: impl Fn(f64, f64) -> f64) -> Vec<u8> {
    let metres_east = CELL_DEG * 111_320.0 * LATITUDE_DEG.to_radians().cos();
    let metres_north = CELL_DEG * 110_870.0;
    let half = CELLS as f64 / 2.0;
    let raster = Raster {
        columns: CELLS,
        rows: CELLS,
        corner: [LONGITUDE_DEG - half * CELL_DEG, LATITUDE_DEG + half * CELL_DEG],
        cell: [CELL_DEG; 2],
        reference: Reference::Wgs84,
        bands: vec![Band {
            name: "height".to_owned(),
            unit: "m".to_owned(),
            scale: 1.0,
        }],
        notes: Vec::new(),
        nothing: -9999.0_f32,
    };
    writer::write(&raster, |tile, cells| {
        for (at, cell) in cells.iter_mut().enumerate() {
            let (column, row) = (tile.left + at % TILE_CELLS, tile.top + at / TILE_CELLS);
            if column < CELLS && row < CELLS {
                let (east, north) = (column as f64 + 0.5 - half, half - row as f64 - 0.5);
                *cell = height(east * metres_east, north * metres_north) as f32;
            }
        }
    })
    .unwrap()
}

const HEIGHTS: &str = "[[layer]]\nname = \"terrain\"\nversion = \"1\"\nrole = \"height\"\nfile = \"terrain.tif\"\n\
    vertical_datum = \"orthometric\"\ngeoid_separation_m = 10.0\nsource = \"test\"\n";
const SURFACE: &str = "[[layer]]\nname = \"surface\"\nversion = \"1\"\nrole = \"surface\"\nfile = \"surface.tif\"\n\
    vertical_datum = \"ellipsoidal\"\nsource = \"test\"\n";

/// A photo from 100 m, 45° down to the east, and what it makes of coverage.
fn imaged_m2(configuration: &str) -> f64 {
    let program = Program::new();
    program.write("terrain.tif", raster(|_, _| 4.0));
    // A block 20 m high, 50 m deep and 100 m wide, 60 m away; heights above the ellipsoid.
    let block = |east: f64, north: f64| (60.0..110.0).contains(&east) && north.abs() < 50.0;
    program.write(
        "surface.tif",
        raster(|east, north| if block(east, north) { 34.0 } else { 14.0 }),
    );
    program.write("flyonce.toml", configuration);
    let photo = JpegSpec::dji(LATITUDE_DEG, LONGITUDE_DEG, 100.0)
        .gimbal(90.0, -45.0, 0.0)
        .size(640, 480);
    program.write("in/1.jpg", photo.bytes().unwrap());
    program.json(&["--config", "flyonce.toml", "ingest", "in"]);
    let arguments = [
        "--config",
        "flyonce.toml",
        "coverage",
        "--max-gsd-cm",
        "100",
        "--since",
        "2026-01-01",
    ];
    let figures: Value = program.json(&arguments);
    let km2 = figures["figures"]["whole"]["imaged"]["km2"].as_f64();
    let km2 = km2.unwrap_or_else(|| panic!("{figures:#}"));
    // The figure of any window and limit says the same.
    assert!(
        (km2 - figures["imaged_km2"].as_f64().unwrap()).abs() < 1e-6,
        "{figures:#}"
    );
    1e6 * km2
}

#[test]
fn ground_behind_buildings_makes_no_coverage() {
    if !can_look("ground_behind_buildings_makes_no_coverage") {
        return;
    }
    let coverage = "[coverage]\ncell_m = 2.0\nmax_gsd_cm = 100.0\n";
    let flat = imaged_m2(coverage);
    let on_terrain = imaged_m2(&format!("{coverage}{HEIGHTS}"));
    // The terrain is level, so the camera is as high above it as above the take-off point.
    assert!((on_terrain / flat - 1.0).abs() < 0.01, "{flat} {on_terrain}");
    let behind = imaged_m2(&format!("{coverage}{HEIGHTS}{SURFACE}"));
    // The far edge's line of sight comes down at 110 · 100 / 80 = 137.5 m; the roof thrown onto the ground, less the
    // block: from 60 to 75 m it widens from 100 to 125 m, and stays so wide to 137.5 m.
    let hidden = 15.0 * 112.5 + 62.5 * 125.0 - 50.0 * 100.0;
    let lost = on_terrain - behind;
    // Cells of a few metres go by their middles, and the raster's walls are a metre wide.
    assert!((lost / hidden - 1.0).abs() < 0.08, "{lost} of {hidden}");
}

#[test]
fn a_surface_needs_the_ground_it_stands_on() {
    let program = Program::new();
    program.write("surface.tif", raster(|_, _| 14.0));
    program.write("flyonce.toml", SURFACE);
    let refused = program.run(&["check", "flyonce.toml"]);
    assert!(!refused.ok);
    let said = refused.stdout + &refused.stderr;
    assert!(said.contains("height") && said.contains("layer[0]"), "{said}");
}
