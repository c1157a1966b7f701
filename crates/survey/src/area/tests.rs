//! Layers are read, repaired or refused; areas are exact.

use proptest::prelude::*;

use super::*;
use crate::geodesy::{LocalTangent, gcj02_from_wgs84};

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.5,
};

pub(super) fn build(
    datum: Datum,
    exterior: &[[f64; 2]],
    holes: &[&[[f64; 2]]],
) -> Result<(Layer, Vec<Repair>), AreaError> {
    let header = LayerHeader {
        name: "test".to_owned(),
        version: "1".to_owned(),
        datum,
        source: "made up".to_owned(),
    };
    let holes = holes.iter().map(|hole| hole.to_vec()).collect();
    Layer::new(
        header,
        &[RawPolygon {
            exterior: exterior.to_vec(),
            holes,
        }],
    )
}

/// Corners in m east and north of [`CENTRE`] as longitude, latitude.
pub(super) fn lon_lat(corners: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let plane = LocalTangent::at(CENTRE);
    let place = |[east, north]: &[f64; 2]| plane.wgs84_from_enu(*east, *north);
    corners
        .iter()
        .map(place)
        .map(|at| [at.longitude_deg, at.latitude_deg])
        .collect()
}

pub(super) const SQUARE: [[f64; 2]; 4] = [[0.0, 0.0], [1000.0, 0.0], [1000.0, 1000.0], [0.0, 1000.0]];
pub(super) const HOLE: [[f64; 2]; 4] = [[200.0, 200.0], [200.0, 300.0], [300.0, 300.0], [300.0, 200.0]];

#[test]
fn winding_duplicates_and_closing_vertex_are_put_right() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let mut backwards = lon_lat(&SQUARE);
    backwards.reverse();
    backwards.insert(1, backwards[0]);
    backwards.push(backwards[0]);
    let hole = lon_lat(&HOLE);
    let (layer, repairs) = build(Datum::Wgs84, &backwards, &[&hole]).unwrap();
    assert_eq!(
        repairs,
        [
            Repair::DuplicateVertices {
                polygon: 1,
                ring: 0,
                dropped: 1
            },
            Repair::WindingReversed { polygon: 1, ring: 0 },
        ]
    );
    assert_eq!(layer.polygons[0].exterior.len(), 4);
    assert!((layer.area_m2(&grid).unwrap() - 990_000.0).abs() < 0.5);
}

#[test]
fn overlapping_polygons_count_once() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let (one, two) = (lon_lat(&SQUARE), lon_lat(&SQUARE.map(|[e, n]| [e + 500.0, n])));
    let raw = [one, two].map(|exterior| RawPolygon {
        exterior,
        holes: Vec::new(),
    });
    let header = LayerHeader {
        name: "test".to_owned(),
        version: "1".to_owned(),
        datum: Datum::Cgcs2000,
        source: String::new(),
    };
    let (layer, repairs) = Layer::new(header, &raw).unwrap();
    let [Repair::PolygonsOverlap { area_m2, inside: 0 }] = repairs[..] else {
        panic!("{repairs:?}");
    };
    assert!((area_m2 - 500_000.0).abs() < 500.0, "{area_m2}");
    assert!((layer.area_m2(&grid).unwrap() - 1_500_000.0).abs() < 0.5);
}

#[test]
fn shifted_layers_are_converted() {
    let true_places = lon_lat(&SQUARE);
    let shifted: Vec<[f64; 2]> = true_places
        .iter()
        .map(|[lon, lat]| {
            gcj02_from_wgs84(Wgs84 {
                latitude_deg: *lat,
                longitude_deg: *lon,
            })
        })
        .map(|at| [at.longitude_deg, at.latitude_deg])
        .collect();
    let (layer, repairs) = build(Datum::Gcj02, &shifted, &[]).unwrap();
    assert_eq!(repairs, [Repair::ConvertedFromGcj02 { vertices: 4 }]);
    assert!((layer.polygons[0].exterior[2].longitude_deg - true_places[2][0]).abs() < 1e-10);
}

#[test]
fn places_off_the_earth_name_their_vertex() {
    let square = lon_lat(&SQUARE);
    let swapped: Vec<_> = square.iter().map(|[lon, lat]| [*lat, *lon]).collect();
    let error = build(Datum::Wgs84, &swapped, &[]).unwrap_err();
    assert!(matches!(
        error,
        AreaError::NotOnEarth {
            polygon: 1,
            ring: 0,
            vertex: 1,
            ..
        }
    ));
    assert!(error.to_string().contains("exchanged"), "{error}");
    let nan = [[f64::NAN, 31.0], [121.0, 31.0], [121.0, 32.0]];
    assert!(matches!(
        build(Datum::Gcj02, &nan, &[]),
        Err(AreaError::NotOnEarth { .. })
    ));
    let header = LayerHeader {
        name: "e".to_owned(),
        version: String::new(),
        datum: Datum::Wgs84,
        source: String::new(),
    };
    assert!(matches!(Layer::new(header, &[]), Err(AreaError::Empty { .. })));
}

#[test]
fn what_encloses_nothing_is_refused_with_its_place() {
    let square = lon_lat(&SQUARE);
    let thin = lon_lat(&[[0.0, 0.0], [10.0, 0.0], [0.0, 0.0]]);
    let error = build(Datum::Wgs84, &square, &[&thin]).unwrap_err();
    assert!(
        matches!(
            error,
            AreaError::TooFewPoints {
                polygon: 1,
                ring: 1,
                distinct: 2,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("31.200000, 121.500000"), "{error}");
    let flat = [[121.0, 31.0], [121.5, 31.0], [122.0, 31.0]];
    let error = build(Datum::Wgs84, &flat, &[]).unwrap_err();
    assert!(
        matches!(
            error,
            AreaError::NoArea {
                polygon: 1,
                ring: 0,
                ..
            }
        ),
        "{error}"
    );
}

pub(super) fn area_m2(layer: &Layer) -> f64 {
    layer.area_m2(&WorkingGrid::centred(CENTRE).unwrap()).unwrap()
}

#[test]
fn a_crossing_ring_keeps_all_ground_it_goes_round() {
    let bow_tie = lon_lat(&[[0.0, 0.0], [100.0, 100.0], [100.0, 0.0], [0.0, 100.0]]);
    let (layer, repairs) = build(Datum::Wgs84, &bow_tie, &[]).unwrap();
    assert_eq!(layer.polygons.len(), 2);
    assert!((area_m2(&layer) - 5000.0).abs() < 0.1, "{}", area_m2(&layer));
    let [
        Repair::SelfCrossing {
            area_before_m2,
            area_after_m2,
            latitude_deg,
            ..
        },
    ] = repairs[..]
    else {
        panic!("{repairs:?}");
    };
    // Its wings run against each other: the surveyor's formula says nothing at all.
    assert!(
        area_before_m2 < 0.1 && (area_after_m2 - 5000.0).abs() < 10.0,
        "{repairs:?}"
    );
    assert!((latitude_deg - 31.200_451).abs() < 1e-6, "{latitude_deg}");
    // A line that overshoots its beginning and goes on a little: the small loop is inside, not a hole.
    let overshot = [
        [0.0, 0.0],
        [1000.0, 0.0],
        [1000.0, 1000.0],
        [0.0, 1000.0],
        [0.0, 0.0],
        [200.0, 0.0],
        [200.0, 100.0],
        [-50.0, 100.0],
    ];
    let (layer, _) = build(Datum::Wgs84, &lon_lat(&overshot), &[]).unwrap();
    assert!((area_m2(&layer) - 1_002_500.0).abs() < 2.0, "{}", area_m2(&layer));
    // Three times round: once is enough.
    let rounds: Vec<[f64; 2]> = SQUARE.iter().chain(&SQUARE).chain(&SQUARE).copied().collect();
    let (layer, _) = build(Datum::Wgs84, &lon_lat(&rounds), &[]).unwrap();
    assert!((area_m2(&layer) - 1e6).abs() < 1.0, "{}", area_m2(&layer));
}

#[test]
fn spikes_are_cut_off() {
    let spiky = [
        [0.0, 0.0],
        [1000.0, 0.0],
        [1000.0, 1000.0],
        [500.0, 1000.0],
        [500.0, 1500.0],
        [500.0, 1000.0],
        [0.0, 1000.0],
    ];
    let (layer, repairs) = build(Datum::Wgs84, &lon_lat(&spiky), &[]).unwrap();
    assert!(
        matches!(
            repairs[..],
            [Repair::Spikes {
                polygon: 1,
                ring: 0,
                dropped: 2,
                ..
            }]
        ),
        "{repairs:?}"
    );
    assert_eq!(layer.polygons[0].exterior.len(), 5);
    assert!((area_m2(&layer) - 1e6).abs() < 1.0);
}

#[test]
fn a_ring_may_touch_itself_and_a_twist_keeps_both_parts() {
    let (a, b, c, d, middle) = (
        [0.0, 0.0],
        [100.0, 0.0],
        [100.0, 100.0],
        [0.0, 100.0],
        [50.0, 50.0],
    );
    let hourglass = lon_lat(&[a, b, middle, c, d, middle]);
    assert!(build(Datum::Wgs84, &hourglass, &[]).unwrap().1.is_empty());
    let twisted = lon_lat(&[a, b, middle, d, c, middle]);
    let (layer, repairs) = build(Datum::Wgs84, &twisted, &[]).unwrap();
    assert!(
        matches!(repairs[..], [Repair::SelfCrossing { .. }]),
        "{repairs:?}"
    );
    assert!((area_m2(&layer) - 5000.0).abs() < 0.1);
}

#[test]
fn holes_cut_what_lies_inside_once() {
    let square = lon_lat(&SQUARE);
    let half_outside = lon_lat(&HOLE.map(|[e, n]| [e + 750.0, n]));
    let (layer, repairs) = build(Datum::Wgs84, &square, &[&lon_lat(&HOLE), &half_outside]).unwrap();
    let [
        Repair::HoleOutside {
            ring: 2,
            share_outside,
            ..
        },
    ] = repairs[..]
    else {
        panic!("{repairs:?}");
    };
    assert!((share_outside - 0.5).abs() < 1e-3, "{share_outside}");
    assert!((area_m2(&layer) - 985_000.0).abs() < 1.0, "{}", area_m2(&layer));
    let overlapping = lon_lat(&HOLE.map(|[e, n]| [e + 50.0, n]));
    let (layer, repairs) = build(Datum::Wgs84, &square, &[&lon_lat(&HOLE), &overlapping]).unwrap();
    assert!(
        repairs.contains(&Repair::HolesOverlap { polygon: 1 }),
        "{repairs:?}"
    );
    assert!((area_m2(&layer) - 985_000.0).abs() < 1.0, "{}", area_m2(&layer));
    let everything = lon_lat(&SQUARE.map(|[e, n]| [e * 3.0 - 500.0, n * 3.0 - 500.0]));
    let error = build(Datum::Wgs84, &square, &[&everything]).unwrap_err();
    assert!(
        matches!(
            error,
            AreaError::NoArea {
                polygon: 1,
                ring: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn the_same_ring_twice_counts_once() {
    let square = lon_lat(&SQUARE);
    let mut turned: Vec<[f64; 2]> = square.iter().rev().copied().collect();
    turned.rotate_left(1);
    let raw = [square.clone(), turned].map(|exterior| RawPolygon {
        exterior,
        holes: Vec::new(),
    });
    let converter = Reference::Geographic(Datum::Wgs84).converter().unwrap();
    let (polygons, repairs) = repaired(&raw, &converter).unwrap();
    assert_eq!(polygons.len(), 1);
    assert!(
        repairs.contains(&Repair::DuplicateRing { polygon: 2, ring: 0 }),
        "{repairs:?}"
    );
    let hole = lon_lat(&HOLE);
    let (layer, repairs) = build(Datum::Wgs84, &square, &[&hole, &hole]).unwrap();
    assert!(
        repairs.contains(&Repair::DuplicateRing { polygon: 1, ring: 2 }),
        "{repairs:?}"
    );
    assert_eq!(layer.polygons[0].holes.len(), 1);
}

#[test]
fn area_is_that_of_the_ellipsoid_far_from_the_origin() {
    // 0.01° × 0.01° at 123.5°E 31.4°N, 190 km from the origin, against the closed form on the ellipsoid.
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let (west, south, step) = (123.5, 31.4, 0.01);
    let corners = [
        [west, south],
        [west + step, south],
        [west + step, south + step],
        [west, south + step],
    ];
    let (layer, _) = build(Datum::Wgs84, &corners, &[]).unwrap();
    let q = |latitude_deg: f64| {
        let (s, e2) = (
            latitude_deg.to_radians().sin(),
            crate::geodesy::WGS84_ECCENTRICITY_SQUARED,
        );
        let e = e2.sqrt();
        s / (2.0 * (1.0 - e2 * s * s)) + ((1.0 + e * s) / (1.0 - e * s)).ln() / (4.0 * e)
    };
    let semi_minor_m = crate::geodesy::WGS84_SEMI_MAJOR_M * (1.0 - crate::geodesy::WGS84_FLATTENING);
    let exact = semi_minor_m.powi(2) * f64::to_radians(step) * (q(south + step) - q(south));
    let measured = layer.area_m2(&grid).unwrap();
    assert!((measured / exact - 1.0).abs() < 5e-6, "{measured} {exact}");
}

proptest! {
    #[test]
    fn any_ring_is_repaired_or_refused(
        ring in prop::collection::vec((0..12_i32, 0..12_i32), 0..12),
        hole in prop::collection::vec((0..12_i32, 0..12_i32), 0..6),
    ) {
        // Corners of a coarse lattice: crossings, touching, running along itself and spikes are the rule.
        let places = |ring: Vec<(i32, i32)>| -> Vec<[f64; 2]> {
            ring.into_iter().map(|(x, y)| [121.0 + f64::from(x) * 0.001, 31.0 + f64::from(y) * 0.001]).collect()
        };
        let (ring, hole) = (places(ring), places(hole));
        let built = build(Datum::Wgs84, &ring, &[&hole]).or_else(|_| build(Datum::Wgs84, &ring, &[]));
        if let Ok((layer, _)) = built {
            for polygon in &layer.polygons {
                prop_assert!(crossing::signed_area(&polygon.exterior) > 0.0);
                prop_assert_eq!(crossing::self_crossing(&polygon.exterior), None);
                prop_assert!(polygon.holes.iter().all(|hole| crossing::signed_area(hole) < 0.0));
            }
            // What was repaired needs no repair: area stays, to the corners.
            let raw: Vec<RawPolygon> = layer.polygons.iter().map(|polygon| RawPolygon {
                exterior: polygon.exterior.iter().map(|at| [at.longitude_deg, at.latitude_deg]).collect(),
                holes: polygon.holes.iter().map(|hole| hole.iter().map(|at| [at.longitude_deg, at.latitude_deg]).collect()).collect(),
            }).collect();
            let converter = Reference::Geographic(Datum::Wgs84).converter().unwrap();
            let (again, _) = repaired(&raw, &converter).unwrap();
            let once = area_m2(&layer);
            let twice = area_m2(&Layer { polygons: again, ..layer.clone() });
            prop_assert!((once - twice).abs() <= 1e-6 * once + 1.0, "{} {}", once, twice);
        }
    }

    #[test]
    fn stars_keep_their_area(radii in prop::collection::vec(50.0..500.0_f64, 3..40), turned: bool) {
        let count = radii.len() as f64;
        let mut corners: Vec<[f64; 2]> = radii.iter().enumerate().map(|(i, radius)| {
            let (sin, cos) = (i as f64 / count * std::f64::consts::TAU).sin_cos();
            [radius * cos, radius * sin]
        }).collect();
        let next = corners.iter().cycle().skip(1);
        let exact = corners.iter().zip(next).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>() / 2.0;
        if turned {
            corners.reverse();
        }
        let (layer, repairs) = build(Datum::Wgs84, &lon_lat(&corners), &[]).unwrap();
        prop_assert_eq!(repairs.len(), usize::from(turned));
        let area = layer.area_m2(&WorkingGrid::centred(CENTRE).unwrap()).unwrap();
        prop_assert!((area / exact - 1.0).abs() < 1e-6, "{} {}", area, exact);
    }
}
