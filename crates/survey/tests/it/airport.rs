//! Surfaces round a real airport from its runway ends, against the same figures by shapely (GEOS) and against areas
//! that were published with another outline of the land. Skipped visibly where the files are absent.

use survey::airspace::{Annex14, ClearZone, Runway, runway_hull};
use survey::area::Polygon;
use survey::geodesy::{Wgs84, geodesic_distance_m};
use survey::grid::WorkingGrid;
use survey::layers::{area_m2, shared_ground};

use crate::pudong::layer;

/// Runways of the airport in the east, from outlines of four corners.
fn runways(outlines: &[Polygon]) -> Vec<Runway> {
    let middle = |p: Wgs84, q: Wgs84| Wgs84 {
        latitude_deg: f64::midpoint(p.latitude_deg, q.latitude_deg),
        longitude_deg: f64::midpoint(p.longitude_deg, q.longitude_deg),
    };
    let runway = |outline: &Polygon| {
        let [a, b, c, d] = outline.exterior[..] else {
            panic!("{outline:?}");
        };
        let pairs = [[middle(a, b), middle(c, d)], [middle(b, c), middle(d, a)]];
        let length = |[p, q]: &[Wgs84; 2]| geodesic_distance_m(*p, *q);
        Runway {
            airport: "ZSPD".to_owned(),
            name: "runway".to_owned(),
            ends: pairs
                .into_iter()
                .max_by(|p, q| length(p).total_cmp(&length(q)))
                .unwrap(),
        }
    };
    let in_the_east = outlines
        .iter()
        .filter(|outline| outline.exterior[0].longitude_deg > 121.6);
    in_the_east.map(runway).collect()
}

#[test]
fn margins_round_the_runways_have_their_known_areas() {
    let (Some(outlines), Some(land)) = (layer("airport_runways_wgs84"), layer("pudong_boundary_wgs84"))
    else {
        return;
    };
    let runways = runways(&outlines.polygons);
    assert_eq!(runways.len(), 4);
    let grid = WorkingGrid::centred(Wgs84::new(31.13, 121.7).unwrap()).unwrap();
    let on_land_km2 = |ground: &[Polygon]| {
        area_m2(&shared_ground(ground, &land.polygons, &grid).unwrap(), &grid).unwrap() / 1e6
    };
    let hull = |margin_m: f64| runway_hull(&runways, margin_m, &grid).unwrap();
    let approaches = Annex14::default().approaches(&runways, &grid).unwrap();
    let conical_and_approaches = [hull(6000.0), approaches].concat();
    let clear = ClearZone::default().ground(&runways, &grid).unwrap();
    // By shapely on the same land; and as published on a land outline of 1,344 km² with a simpler coast.
    for (what, ground, by_shapely_km2, published_km2) in [
        ("hull + 4 km", hull(4000.0), 89.5, 99.0),
        ("hull + 6 km", hull(6000.0), 147.7, 153.0),
        ("hull + 6 km and approaches", conical_and_approaches, 225.7, 225.0),
        ("clear zone 10 km x 20 km", clear, 619.2, 569.0),
    ] {
        let area = on_land_km2(&ground);
        println!("{what}: {area:.1} km² of the land (shapely {by_shapely_km2}, published {published_km2})");
        assert!(
            (area / by_shapely_km2 - 1.0).abs() < 0.01,
            "{what}: {area} {by_shapely_km2}"
        );
        assert!(
            (area / published_km2 - 1.0).abs() < 0.11,
            "{what}: {area} {published_km2}"
        );
    }
}

#[test]
fn surfaces_are_those_of_the_file() {
    let (Some(outlines), Some(file)) = (layer("airport_runways_wgs84"), layer("airport_surfaces_wgs84"))
    else {
        return;
    };
    let runways = runways(&outlines.polygons);
    let grid = WorkingGrid::centred(Wgs84::new(31.13, 121.7).unwrap()).unwrap();
    let area = |ground: &[Polygon]| area_m2(ground, &grid).unwrap() / 1e6;
    // The file begins with the inner horizontal and the conical surface of this airport, then eight approaches.
    let inner = runway_hull(&runways, 4000.0, &grid).unwrap();
    let shared = area(&shared_ground(&inner, &file.polygons[..1], &grid).unwrap());
    let both = area(&[inner.clone(), file.polygons[..1].to_vec()].concat());
    // The file's hull holds the strip ends, 60 m beyond the runways.
    assert!(shared / both > 0.98, "{shared} {both}");
    let approaches = Annex14::default().approaches(&runways, &grid).unwrap();
    let theirs = &file.polygons[2..10];
    let shared = area(&shared_ground(&approaches, theirs, &grid).unwrap());
    let both = area(&[approaches, theirs.to_vec()].concat());
    assert!(shared / both > 0.995, "{shared} {both}");
}
