//! Rings of many vertices, many holes, and polygons that lie in each other.

use super::tests::{HOLE, SQUARE, area_m2, build, lon_lat};
use super::{Polygon, RawPolygon, Repair, repaired};
use crate::geodesy::Datum;
use crate::reference::Reference;

fn read(raw: &[RawPolygon]) -> (Vec<Polygon>, Vec<Repair>) {
    repaired(raw, &Reference::Geographic(Datum::Wgs84).converter().unwrap()).unwrap()
}

#[test]
fn a_hole_written_as_a_polygon_is_told() {
    let raw = [SQUARE, HOLE].map(|ring| RawPolygon {
        exterior: lon_lat(&ring),
        holes: Vec::new(),
    });
    let (polygons, repairs) = read(&raw);
    assert_eq!(polygons.len(), 2);
    assert!(
        repairs
            .iter()
            .any(|repair| matches!(repair, Repair::PolygonsOverlap { inside: 1, .. })),
        "{repairs:?}"
    );
}

/// A comb whose long teeth all lie over each other in one axis, and twenty thousand spikes: once quadratic.
#[test]
fn rings_of_many_vertices_are_read_and_a_crossing_at_their_end_is_found() {
    let teeth = 5_000;
    let mut comb: Vec<[f64; 2]> = Vec::new();
    for tooth in 0..teeth {
        let north = f64::from(tooth) * 0.5;
        comb.extend([[0.0, north], [5_000.0, north + 0.1], [0.0, north + 0.2]]);
    }
    comb.extend([[-10.0, f64::from(teeth)], [-10.0, 0.0]]);
    let read = |ring: &[[f64; 2]]| {
        read(&[RawPolygon {
            exterior: lon_lat(ring),
            holes: Vec::new(),
        }])
    };
    let (polygons, repairs) = read(&comb);
    assert_eq!(polygons[0].exterior.len(), comb.len());
    assert!(
        matches!(repairs[..], [] | [Repair::WindingReversed { .. }]),
        "{repairs:?}"
    );
    let last = comb.len() - 3;
    // Back across the tooth before.
    comb[last][1] -= 0.6;
    let (_, repairs) = read(&comb);
    assert!(matches!(repairs[0], Repair::SelfCrossing { .. }), "{repairs:?}");

    let mut spiky = Vec::new();
    for spike in 0..20_000 {
        let east = f64::from(spike) * 0.1;
        spiky.extend([[east, 0.0], [east, -50.0], [east, 0.0]]);
    }
    spiky.extend([[2_000.0, 1000.0], [0.0, 1000.0]]);
    let (polygons, repairs) = read(&spiky);
    assert!(
        repairs
            .iter()
            .any(|repair| matches!(repair, Repair::Spikes { dropped: 40_000, .. })),
        "{:?}",
        &repairs[..repairs.len().min(3)]
    );
    assert_eq!(polygons[0].exterior.len(), 20_002);
}

#[test]
fn many_holes_are_cut_at_once_and_each_that_reaches_out_is_named() {
    let mut holes = Vec::new();
    for row in 0..60 {
        for column in 0..60 {
            let corner = [f64::from(column) * 16.0 + 5.0, f64::from(row) * 16.0 + 5.0];
            holes.push(lon_lat(&HOLE.map(|[e, n]| {
                [(e - 200.0) / 10.0 + corner[0], (n - 200.0) / 10.0 + corner[1]]
            })));
        }
    }
    let outside = lon_lat(&[[995.0, 500.0], [995.0, 510.0], [1005.0, 510.0], [1005.0, 500.0]]);
    let read = |holes: &[Vec<[f64; 2]>]| {
        let holes: Vec<&[[f64; 2]]> = holes.iter().map(Vec::as_slice).collect();
        build(Datum::Wgs84, &lon_lat(&SQUARE), &holes).unwrap()
    };
    let (layer, repairs) = read(&holes);
    assert!(repairs.is_empty(), "{:?}", repairs.first());
    assert_eq!(layer.polygons[0].holes.len(), 3600);
    assert!(
        (area_m2(&layer) - (1e6 - 3600.0 * 100.0)).abs() < 1.0,
        "{}",
        area_m2(&layer)
    );
    holes.push(outside);
    let (layer, repairs) = read(&holes);
    let [
        Repair::HoleOutside {
            ring: 3601,
            share_outside,
            ..
        },
    ] = repairs[..]
    else {
        panic!("{repairs:?}");
    };
    assert!((share_outside - 0.5).abs() < 0.01, "{share_outside}");
    assert!(
        (area_m2(&layer) - (1e6 - 3600.0 * 100.0 - 50.0)).abs() < 1.0,
        "{}",
        area_m2(&layer)
    );
}
