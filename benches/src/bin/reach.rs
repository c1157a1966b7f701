//! Reach of 16 docks over 40 × 40 km, in processor time: discs, battery and wind, and ways round no-fly areas.
//! `cargo run --release -p benches --bin reach -- [CELL_M] [NO_FLY]`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use benches::{Spread, processor_seconds};
use survey::area::Polygon;
use survey::geodesy::{LocalTangent, Wgs84};
use survey::grid::WorkingGrid;
use survey::raster::Lattice;
use survey::reach::{FleetReach, FreeSpace, ReachRule, Vehicle, Wind};

/// Corners of a no-fly area: a star, so that ways bend at every second one.
const CORNERS: usize = 16;

/// What the first two words of the command line say: side of a cell, m, and number of no-fly areas.
fn asked() -> (f64, usize) {
    let mut words = std::env::args().skip(1);
    let cell_m: f64 = words
        .next()
        .map_or(25.0, |word| word.parse().expect("a size in metres"));
    let count: usize = words
        .next()
        .map_or(60, |word| word.parse().expect("a number of areas"));
    (cell_m, count)
}

fn main() {
    let (cell_m, count) = asked();
    let centre = Wgs84::new(31.2, 121.6).expect("a place");
    let (grid, plane) = (
        WorkingGrid::centred(centre).expect("a grid"),
        LocalTangent::at(centre),
    );
    let mut spread = Spread::new(7);
    let mut anywhere = move || {
        [
            spread.next() * 40_000.0 - 20_000.0,
            spread.next() * 40_000.0 - 20_000.0,
        ]
    };
    let docks: Vec<Wgs84> = (0..16)
        .map(|_| anywhere())
        .map(|[east, north]| plane.wgs84_from_enu(east, north))
        .collect();
    let no_fly: Vec<Polygon> = (0..count).map(|_| star(&plane, anywhere())).collect();
    let flown = |wind| ReachRule::Flown {
        vehicle: Vehicle::light_multirotor(),
        wind,
        link_range_m: Some(8_000.0),
    };
    let steady = Wind::Steady {
        speed_ms: 6.0,
        from_deg: 135.0,
    };
    let open = FreeSpace::open(grid.clone());
    let started = processor_seconds();
    let closed = FreeSpace::new(grid, &no_fly, 100.0, None).expect("areas near the centre");
    println!(
        "16 docks, cells of {cell_m} m, at most 8 km; {count} no-fly areas of {CORNERS} corners and 100 m of margin, joined in {:.3} s",
        processor_seconds() - started
    );
    for (name, rule, space) in [
        ("disc of 4.5 km", ReachRule::Disc { radius_m: 4_500.0 }, &open),
        ("no wind", flown(Wind::Calm), &open),
        ("wind of 6 m/s from 135°", flown(steady), &open),
        ("no wind, round no-fly areas", flown(Wind::Calm), &closed),
        (
            "wind of 6 m/s from 135°, round no-fly areas",
            flown(steady),
            &closed,
        ),
    ] {
        let started = processor_seconds();
        let fleet =
            FleetReach::of(&docks, &rule, space, Lattice::new(cell_m)).expect("docks near the centre");
        println!(
            "{name}: {:.1} km² together, {} docks grounded, {:.3} s",
            fleet.union.area_m2() / 1e6,
            fleet
                .docks
                .iter()
                .filter(|dock| dock.grounded().is_some())
                .count(),
            processor_seconds() - started
        );
    }
}

fn star(plane: &LocalTangent, [east, north]: [f64; 2]) -> Polygon {
    let corner = |index: usize| {
        let (sin, cos) = (index as f64 / CORNERS as f64 * std::f64::consts::TAU).sin_cos();
        let radius_m = if index.is_multiple_of(2) { 900.0 } else { 450.0 };
        plane.wgs84_from_enu(east + radius_m * cos, north + radius_m * sin)
    };
    Polygon {
        exterior: (0..CORNERS).map(corner).collect(),
        holes: Vec::new(),
    }
}
