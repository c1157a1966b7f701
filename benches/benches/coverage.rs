//! The imaged area of many footprints: the ledger's cells beside the polygon union of the `geo` crate, which is
//! what one would pick instead. Same footprints, same run. `cargo bench -p benches --bench coverage`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use benches::{lawnmower_footprints, median};
use geo::{Area, Coord, LineString, Polygon, unary_union};
use survey::coverage::{CoverageQuery, Ledger};
use survey::geodesy::Wgs84;
use survey::grid::WorkingGrid;
use survey::time::CivilDay;

fn main() {
    let grid = WorkingGrid::centred(Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.6,
    })
    .expect("a place on earth");
    println!("photos  cells     union     union/cells  area cells  area union  difference");
    for photos in [1_000, 4_000] {
        let footprints = lawnmower_footprints(photos);
        let (mut by_cells_km2, mut by_union_km2) = (0.0, 0.0);
        let cells = median(5, || by_cells_km2 = imaged_by_cells(&grid, &footprints));
        let union = median(3, || by_union_km2 = imaged_by_union(&grid, &footprints));
        println!(
            "{photos:>6}  {:>6.1} ms {:>6.0} ms {:>8.1}     {by_cells_km2:.4} km² {by_union_km2:.4} km² {:+.3} %",
            cells.as_secs_f64() * 1e3,
            union.as_secs_f64() * 1e3,
            union.as_secs_f64() / cells.as_secs_f64(),
            (by_cells_km2 / by_union_km2 - 1.0) * 100.0
        );
    }
}

fn imaged_by_cells(grid: &WorkingGrid, footprints: &[Vec<Wgs84>]) -> f64 {
    let mut ledger = Ledger::new(grid.clone(), 5.0).expect("a usable cell size");
    for outline in footprints {
        ledger
            .enter(outline, CivilDay(20_000), 3.0)
            .expect("inside the working area");
    }
    ledger
        .imaged(&CoverageQuery::default())
        .expect("a whole window")
        .imaged_km2
}

fn imaged_by_union(grid: &WorkingGrid, footprints: &[Vec<Wgs84>]) -> f64 {
    let corner = |corner: &Wgs84| {
        let point = grid.grid_from_wgs84(*corner).expect("inside the working area");
        Coord {
            x: point.easting_m,
            y: point.northing_m,
        }
    };
    let polygons: Vec<Polygon> = footprints
        .iter()
        .map(|outline| {
            Polygon::new(
                LineString::from(outline.iter().map(corner).collect::<Vec<_>>()),
                Vec::new(),
            )
        })
        .collect();
    unary_union(&polygons).unsigned_area() / 1e6
}
