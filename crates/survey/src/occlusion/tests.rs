//! Boxes on level ground, seen from one camera.

use proptest::prelude::*;

use super::*;
use crate::grid::WorkingGrid;
use crate::raster::Lattice;
use crate::terrain::{HeightRaster, VerticalDatum};

const FOOT: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 123.0,
};
const CAMERA_M: f64 = 120.0;

/// 1 m cells on UTM 51, whose central meridian the foot lies on, 300 m each way.
fn surface(height: impl Fn(f64, f64) -> f64) -> Terrain {
    let side = 601;
    let mut raster = HeightRaster {
        columns: side,
        rows: side,
        // Northing on the central meridian: its arc, scaled.
        first: [500_000.0 - 300.0, meridian_arc_m(31.2) * 0.9996 + 300.0],
        cell: [1.0, 1.0],
        epsg: 32651,
        heights_m: vec![0.0; side * side],
    };
    for at in 0..side * side {
        let (east, north) = ((at % side) as f64 - 300.0, 300.0 - (at / side) as f64);
        raster.heights_m[at] = height(east, north) as f32;
    }
    Terrain::new(("dsm", "2026-11"), (VerticalDatum::AboveTakeoff, 0.3), raster).unwrap()
}

/// From the equator, m (Snyder 1987, eq. 3-21), WGS-84.
fn meridian_arc_m(latitude_deg: f64) -> f64 {
    let (a, e2, lat) = (6_378_137.0, 0.006_694_379_990_14_f64, latitude_deg.to_radians());
    let (e4, e6) = (e2 * e2, e2 * e2 * e2);
    a * ((1.0 - e2 / 4.0 - 3.0 * e4 / 64.0 - 5.0 * e6 / 256.0) * lat
        - (3.0 * e2 / 8.0 + 3.0 * e4 / 32.0 + 45.0 * e6 / 1024.0) * (2.0 * lat).sin()
        + (15.0 * e4 / 256.0 + 45.0 * e6 / 1024.0) * (4.0 * lat).sin()
        - (35.0 * e6 / 3072.0) * (6.0 * lat).sin())
}

fn outline(west: f64, south: f64, east: f64, north: f64) -> Vec<Wgs84> {
    let plane = LocalTangent::at(FOOT);
    [[west, south], [east, south], [east, north], [west, north]]
        .map(|[e, n]| plane.wgs84_from_enu(e, n))
        .to_vec()
}

/// A box from `near` to `far` metres east, as wide as `half` to either side.
fn box_at(near: f64, far: f64, half: f64, height_m: f64) -> impl Fn(f64, f64) -> f64 {
    move |east, north| {
        let inside = east >= near && east <= far && north.abs() <= half;
        if inside { height_m } else { 0.0 }
    }
}

fn hidden(surface: &Terrain, outline: &[Wgs84]) -> HiddenGround {
    hidden_ground(outline, (FOOT, CAMERA_M), surface).unwrap()
}

#[test]
fn a_box_hides_a_shadow_as_long_as_its_height_times_the_tangent() {
    // The far edge is 100 m away and 20 m high: its line of sight comes down at 100 · 120 / 100 = 120 m, where the
    // zenith angle θ has tan θ = 1: the shadow is 20 m · tan θ = 20 m long.
    let surface = surface(box_at(80.0, 100.0, 40.0, 20.0));
    let hidden = hidden(&surface, &outline(-50.0, -100.0, 200.0, 100.0));
    assert_eq!(hidden.unknown_m2, 0.0);
    // The roof thrown onto the ground is 1.2 times as far away and as large; hidden is what lies between it and the
    // box: x from 80 to 96 m with 80 to 96 m of width, then to 120 m with 96 m, less the box.
    let expected_m2 = 16.0 * 88.0 + 24.0 * 96.0 - 20.0 * 80.0;
    let off = hidden.area_m2() / expected_m2 - 1.0;
    assert!(off.abs() < 0.02, "{off}");
    let mask = hidden.mask();
    for (east, is_hidden) in [
        (70.0, false),
        (90.0, false),
        (104.0, true),
        (117.0, true),
        (123.0, false),
    ] {
        assert_eq!(
            hidden.is_hidden(&mask, Vector2::new(east, 3.0)),
            is_hidden,
            "{east}"
        );
    }
}

#[test]
fn cells_of_the_ledger_lose_what_is_hidden() {
    let surface = surface(box_at(80.0, 100.0, 40.0, 20.0));
    let outline = outline(-50.0, -100.0, 200.0, 100.0);
    let hidden = hidden(&surface, &outline);
    for cell_m in [2.0, 5.0] {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 123.0).unwrap()).unwrap();
        let mut shown = CellSet::empty(grid, Lattice::new(cell_m));
        let ring = shown.ring_on_grid(&outline).unwrap();
        shown.paint(&[ring]);
        let seen = hidden.seen_of(&shown);
        assert!(seen.difference(&shown).is_empty());
        let lost_m2 = shown.area_m2() - seen.area_m2();
        assert!(
            (lost_m2 / hidden.area_m2() - 1.0).abs() < 0.06,
            "{cell_m}: {lost_m2}"
        );
        // The middle of the shadow is gone, the roof is not.
        let plane = LocalTangent::at(FOOT);
        let lone = |east_m: f64| {
            let at = shown
                .grid()
                .grid_from_wgs84(plane.wgs84_from_enu(east_m, 0.0))
                .unwrap();
            let [column, row] = shown.lattice().in_cells(at).map(|cell| cell.floor() as i32);
            let tile = seen.tiles().get(&(row.div_euclid(64), column.div_euclid(64)));
            tile.is_some_and(|bits| bits[row.rem_euclid(64) as usize] >> column.rem_euclid(64) & 1 == 1)
        };
        assert!(lone(90.0) && !lone(110.0) && lone(140.0));
        // The exact polygons have the same cells, but for those on edges.
        let polygons = hidden.seen_polygons(&outline);
        let exact = CellSet::of_polygons(shown.grid().clone(), shown.lattice(), &polygons).unwrap();
        let apart = exact.difference(&seen).count() + seen.difference(&exact).count();
        assert!(
            apart as f64 <= 0.005 * seen.count() as f64,
            "{apart} of {}",
            seen.count()
        );
    }
}

#[test]
fn straight_down_and_on_open_ground_nothing_is_hidden() {
    let open = surface(|east, north| 0.05 * east - 0.03 * north);
    assert_eq!(hidden(&open, &outline(-80.0, -45.0, 80.0, 45.0)).area_m2(), 0.0);
    // Below the camera, whatever stands around.
    let yard = surface(|east, north| if east.hypot(north) > 30.0 { 60.0 } else { 0.0 });
    assert_eq!(hidden(&yard, &outline(-8.0, -8.0, 8.0, 8.0)).area_m2(), 0.0);
}

#[test]
fn what_is_not_known_is_not_hidden_and_said() {
    let surface = surface(|east, north| {
        if east > 60.0 {
            f64::NAN
        } else {
            box_at(30.0, 40.0, 20.0, 30.0)(east, north)
        }
    });
    let judged = hidden(&surface, &outline(-20.0, -30.0, 100.0, 30.0));
    assert!(
        (judged.unknown_m2 / (40.0 * 60.0) - 1.0).abs() < 0.1,
        "{}",
        judged.unknown_m2
    );
    assert!(judged.area_m2() > 0.0);
    let elsewhere = Wgs84::new(40.0, 123.0).unwrap();
    assert_eq!(
        hidden_ground(&outline(0.0, 0.0, 9.0, 9.0), (elsewhere, 120.0), &surface),
        None
    );
}

#[test]
fn a_wall_thinner_than_the_steps_of_the_ground_hides_all_the_same() {
    let wall = surface(|east, _| if (east - 50.0).abs() < 0.5 { 60.0 } else { 0.0 });
    let judged = hidden(&wall, &outline(56.0, -20.0, 90.0, 20.0));
    assert!(judged.area_m2() > 0.97 * 34.0 * 40.0, "{}", judged.area_m2());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_taller_box_hides_no_less(
        near in 10.0..120.0_f64, deep in 3.0..40.0_f64, half in 3.0..40.0_f64, low in 2.0..50.0_f64, more in 1.0..50.0_f64,
    ) {
        let ground = outline(-30.0, -60.0, 250.0, 60.0);
        let shorter = hidden(&surface(box_at(near, near + deep, half, low)), &ground);
        let taller = hidden(&surface(box_at(near, near + deep, half, low + more)), &ground);
        prop_assert!(taller.area_m2() >= shorter.area_m2(), "{} {}", taller.area_m2(), shorter.area_m2());
        prop_assert!(taller.runs.iter().map(|run| u64::from(*run)).sum::<u64>() == u64::from(taller.size[0]) * u64::from(taller.size[1]));
    }
}
