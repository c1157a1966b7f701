//! The flyable area and its missing parts, margins, closures in time, heights, and surfaces round an airport.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::geodesy::{Datum, LocalTangent};
use crate::grid::WorkingGrid;
use crate::layers::{FeatureLayer, LayerFeature, LayerRecord, Shape, Validity, area_m2};
use crate::reference::Reference;

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};

fn grid() -> WorkingGrid {
    WorkingGrid::centred(CENTRE).unwrap()
}

fn at(east_m: f64, north_m: f64) -> Wgs84 {
    LocalTangent::at(CENTRE).wgs84_from_enu(east_m, north_m)
}

fn square(west_m: f64, south_m: f64, side_m: f64) -> Shape {
    Shape::Areas(vec![Polygon {
        exterior: vec![
            at(west_m, south_m),
            at(west_m + side_m, south_m),
            at(west_m + side_m, south_m + side_m),
            at(west_m, south_m + side_m),
        ],
        holes: Vec::new(),
    }])
}

fn layer(kind: LayerKind, features: Vec<(Shape, &[(&str, &str)])>) -> FeatureLayer {
    let feature = |(shape, properties): (Shape, &[(&str, &str)])| {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        LayerFeature {
            name: None,
            code: None,
            shape,
            properties: properties.iter().map(text).collect::<BTreeMap<_, _>>(),
        }
    };
    FeatureLayer {
        record: LayerRecord {
            kind,
            name: kind.name().to_owned(),
            version: "1".to_owned(),
            validity: Validity::default(),
            source: "made up".to_owned(),
            document: None,
            reference: Reference::Geographic(Datum::Wgs84),
        },
        features: features.into_iter().map(feature).collect(),
    }
}

fn km2(area: &FlyableArea) -> f64 {
    area.area_m2 / 1e6
}

#[test]
fn a_part_without_a_layer_is_named_and_never_everything() {
    let grid = grid();
    let free = layer(LayerKind::LegalFree, vec![(square(0.0, 0.0, 2000.0), &[])]);
    let approved = layer(LayerKind::Approved, vec![(square(2000.0, 0.0, 1000.0), &[])]);
    let clear = layer(LayerKind::ObstacleFree, vec![(square(1000.0, 0.0, 3000.0), &[])]);
    let all = flyable(&[&free, &approved, &clear], &grid).unwrap().unwrap();
    assert!(
        (km2(&all) - 3.0).abs() < 1e-4 && all.missing.is_empty(),
        "{all:?}"
    );
    assert_eq!(all.rests_on.len(), 3);
    let no_obstacles = flyable(&[&free, &approved], &grid).unwrap().unwrap();
    assert!((km2(&no_obstacles) - 5.0).abs() < 1e-4);
    assert_eq!(no_obstacles.missing, [LayerKind::ObstacleFree]);
    let law_only = flyable(&[&free], &grid).unwrap().unwrap();
    assert_eq!(law_only.missing, [LayerKind::Approved, LayerKind::ObstacleFree]);
    let approval_only = flyable(&[&approved, &clear], &grid).unwrap().unwrap();
    assert_eq!(approval_only.missing, [LayerKind::LegalFree]);
    assert!((km2(&approval_only) - 1.0).abs() < 1e-4);
    // Ground free of obstacles says nothing of where may be flown.
    assert_eq!(flyable(&[&clear], &grid).unwrap(), None);
    assert_eq!(flyable(&[], &grid).unwrap(), None);
    let whole = layer(LayerKind::Flyable, vec![(square(0.0, 0.0, 1000.0), &[])]);
    let stated = flyable(&[&free, &whole, &clear], &grid).unwrap().unwrap();
    assert!((km2(&stated) - 1.0).abs() < 1e-4 && stated.missing.is_empty());
    assert_eq!(stated.rests_on[0].kind, LayerKind::Flyable);
}

#[test]
fn margins_grow_points_lines_and_areas() {
    let grid = grid();
    let zones = no_fly_zones(
        &layer(
            LayerKind::NoFly,
            vec![
                (Shape::Points(vec![at(0.0, 0.0)]), &[("margin_m", "100")]),
                (
                    Shape::Lines(vec![vec![at(5000.0, 0.0), at(6000.0, 0.0)]]),
                    &[("外扩米", "50")],
                ),
                (square(0.0, 5000.0, 1000.0), &[("margin_m", "100")]),
                (square(0.0, 9000.0, 1000.0), &[("margin_m", "0")]),
            ],
        ),
        &grid,
    )
    .unwrap();
    let pi = std::f64::consts::PI;
    let exact = [
        pi * 1e4,
        1000.0 * 100.0 + pi * 2500.0,
        1e6 + 4.0 * 1000.0 * 100.0 + pi * 1e4,
        1e6,
    ];
    for (zone, exact) in zones.iter().zip(exact) {
        let area = area_m2(&zone.polygons, &grid).unwrap();
        assert!(
            (area / exact - 1.0).abs() < 0.01 && area < exact * 1.0001,
            "{area} {exact}"
        );
    }
    for (shape, properties) in [
        (Shape::Points(vec![CENTRE]), &[][..]),
        (Shape::Points(vec![CENTRE]), &[("margin_m", "0")][..]),
        (square(0.0, 0.0, 10.0), &[][..]),
        (square(0.0, 0.0, 10.0), &[("margin_m", "wide")][..]),
        (square(0.0, 0.0, 10.0), &[("margin_m", "-5")][..]),
    ] {
        let error = no_fly_zones(&layer(LayerKind::NoFly, vec![(shape, properties)]), &grid).unwrap_err();
        assert!(error.to_string().starts_with("feature 1: margin_m"), "{error}");
    }
}

#[test]
fn a_temporary_area_is_closed_for_its_time() {
    let temporary = |properties: &'static [(&str, &str)]| {
        no_fly_zones(
            &layer(LayerKind::Temporary, vec![(square(0.0, 0.0, 10.0), properties)]),
            &grid(),
        )
    };
    let zone = &temporary(&[
        ("margin_m", "0"),
        ("from", "2026-11-05T08:00:00+08:00"),
        ("until", "2026-11-10T20:00:00+08:00"),
    ])
    .unwrap()[0];
    let instant = |text: &str| UtcMicros::parse_rfc3339(text).unwrap();
    let hour = |text: &str| (instant(text), UtcMicros(instant(text).0 + 3_600_000_000));
    for (begin, closed) in [
        ("2026-11-05T07:00:00+08:00", false),
        ("2026-11-05T07:30:00+08:00", true),
        ("2026-11-10T19:59:59+08:00", true),
        ("2026-11-10T20:00:00+08:00", false),
    ] {
        let (begin_at, end_at) = hour(begin);
        assert_eq!(zone.closed_between(begin_at, end_at), closed, "{begin}");
    }
    assert!(temporary(&[("margin_m", "0"), ("from", "5 November")]).is_err());
    let backwards = temporary(&[
        ("margin_m", "0"),
        ("from", "2026-11-05T08:00:00Z"),
        ("until", "2026-11-05T08:00:00Z"),
    ]);
    assert!(backwards.unwrap_err().to_string().contains("after `from`"));
}

#[test]
fn the_lowest_limit_holds_and_unknown_ground_stays_unknown() {
    let zones = height_zones(&layer(
        LayerKind::HeightLimit,
        vec![
            (square(0.0, 0.0, 1000.0), &[("max_agl_m", "60")]),
            (square(0.0, 0.0, 500.0), &[("max_amsl_m", "49")]),
            (square(0.0, 0.0, 100.0), &[("max_agl_m", "0")]),
        ],
    ))
    .unwrap();
    let map = HeightMap::new(zones, &grid()).unwrap();
    let ground = Some(OrthometricHeightM(4.0));
    let height = |east: f64, ground| map.at(at(east, east)).unwrap().greatest_height(ground);
    assert_eq!(
        height(50.0, ground),
        GreatestHeight::AboveGround(AltitudeAglM(0.0))
    );
    assert_eq!(
        height(300.0, ground),
        GreatestHeight::AboveGround(AltitudeAglM(45.0))
    );
    assert_eq!(height(300.0, None), GreatestHeight::Unknown);
    assert_eq!(
        height(700.0, None),
        GreatestHeight::AboveGround(AltitudeAglM(60.0))
    );
    assert_eq!(height(2000.0, ground), GreatestHeight::Unlimited);
    for properties in [
        &[][..],
        &[("max_agl_m", "60"), ("max_amsl_m", "60")][..],
        &[("max_agl_m", "high")][..],
    ] {
        let zones = height_zones(&layer(
            LayerKind::HeightLimit,
            vec![(square(0.0, 0.0, 1.0), properties)],
        ));
        assert!(zones.is_err(), "{properties:?}");
    }
}

fn runways() -> Vec<Runway> {
    let runway = |name: &str, east_m: f64| Runway {
        airport: "ZZZZ".to_owned(),
        name: name.to_owned(),
        ends: [at(east_m, 1900.0), at(east_m, -1900.0)],
    };
    vec![runway("18L/36R", 400.0), runway("18R/36L", -400.0)]
}

#[test]
fn surfaces_have_the_areas_of_their_formulas() {
    let (grid, runways) = (grid(), runways());
    let pi = std::f64::consts::PI;
    let hull = |margin: f64| 3800.0 * 800.0 + 2.0 * (3800.0 + 800.0) * margin + pi * margin * margin;
    for margin in [4000.0, 6000.0] {
        let area = area_m2(&runway_hull(&runways, margin, &grid).unwrap(), &grid).unwrap();
        assert!(
            (area / hull(margin) - 1.0).abs() < 5e-3,
            "{area} {}",
            hull(margin)
        );
    }
    let one = &runways[..1];
    let approaches = area_m2(&Annex14::default().approaches(one, &grid).unwrap(), &grid).unwrap();
    let exact = 2.0 * 15_000.0 * (300.0 + 300.0 + 2.0 * 0.15 * 15_000.0) / 2.0;
    assert!((approaches / exact - 1.0).abs() < 1e-4, "{approaches} {exact}");
    let clear = area_m2(&ClearZone::default().ground(one, &grid).unwrap(), &grid).unwrap();
    assert!((clear / (20_000.0 * 43_800.0) - 1.0).abs() < 1e-4, "{clear}");
    let caps = SteppedCaps::default().surfaces(&runways, &grid).unwrap();
    assert_eq!(caps.len(), 4);
    assert_eq!(caps[0].limit, HeightLimit::Closed);
}

fn map_of(surfaces: Vec<Surface>) -> HeightMap {
    let layer_ref = layer(LayerKind::HeightLimit, Vec::new()).layer_ref();
    let zone = |surface: Surface| HeightZone {
        name: surface.name,
        polygons: surface.polygons,
        limit: surface.limit,
        layer: layer_ref.clone(),
    };
    HeightMap::new(surfaces.into_iter().map(zone).collect(), &grid()).unwrap()
}

#[test]
fn caps_of_a_maker_step_up_with_distance() {
    let map = map_of(SteppedCaps::default().surfaces(&runways(), &grid()).unwrap());
    let height = |east: f64, north: f64| map.at(at(east, north)).unwrap().greatest_height(None);
    let capped = |metres: f64| GreatestHeight::AboveGround(AltitudeAglM(metres));
    assert_eq!(height(0.0, 0.0), capped(0.0));
    assert_eq!(height(3000.0, 0.0), capped(30.0));
    assert_eq!(height(9000.0, 0.0), capped(120.0));
    assert_eq!(height(0.0, 14_000.0), capped(60.0));
    assert_eq!(height(0.0, 18_000.0), GreatestHeight::Unlimited);
}

#[test]
fn runways_come_from_lines_and_outlines() {
    let line = Shape::Lines(vec![vec![at(0.0, 1900.0), at(0.0, -1900.0)]]);
    let outline = Shape::Areas(vec![Polygon {
        exterior: vec![
            at(30.0, -1900.0),
            at(30.0, 1900.0),
            at(-30.0, 1900.0),
            at(-30.0, -1900.0),
        ],
        holes: Vec::new(),
    }]);
    for shape in [line, outline] {
        let runways = runways_of(&layer(
            LayerKind::Runway,
            vec![(shape, &[("runway", "18/36"), ("airport", "ZZZZ")])],
        ))
        .unwrap();
        let length_m = crate::geodesy::geodesic_distance_m(runways[0].ends[0], runways[0].ends[1]);
        assert!((length_m - 3800.0).abs() < 0.1, "{length_m}");
    }
    let point = layer(
        LayerKind::Runway,
        vec![(Shape::Points(vec![CENTRE]), &[("runway", "18/36")])],
    );
    assert!(runways_of(&point).is_err());
}

/// A place and the height that is allowed there by which surface.
type Worked = ([f64; 2], Option<(f64, &'static str)>);

/// Worked by hand from the tables: runway 18/36, its ends 1,900 m north and south of the centre. An approach begins 60 m
/// beyond an end, 300 m wide, 2 % over 3,000 m, 2.5 % over 3,600 m, then level at 150 m; a take-off climb 180 m wide, 2 %,
/// 1,800 m wide at most; a transitional surface rises by 14.3 % to 45 m; the cone by 5 %.
const BY_HAND: [Worked; 19] = [
    ([0.0, 0.0], Some((0.0, "18/36 升降带 strip"))),
    ([149.0, 1950.0], Some((0.0, "18/36 升降带 strip"))),
    ([250.0, 0.0], Some((14.3, "18/36 过渡面 transitional"))),
    ([-250.0, 1900.0], Some((14.3, "18/36 过渡面 transitional"))),
    ([400.0, -1000.0], Some((35.75, "18/36 过渡面 transitional"))),
    ([600.0, 0.0], Some((45.0, "内水平面 inner horizontal"))),
    ([0.0, 2960.0], Some((20.0, "18 进近面 approach"))),
    ([0.0, -2960.0], Some((20.0, "36 进近面 approach"))),
    // Beside the approach: 20 m at its edge 300 m out, 50 m farther 7.15 m more.
    ([350.0, 2960.0], Some((27.15, "18/36 过渡面 transitional"))),
    ([-480.0, -3960.0], Some((44.29, "18/36 过渡面 transitional"))),
    ([500.0, 3960.0], Some((45.0, "内水平面 inner horizontal"))),
    ([5000.0, 0.0], Some((95.0, "锥形面 conical"))),
    ([-5990.0, 0.0], Some((144.5, "锥形面 conical"))),
    ([6010.0, 0.0], None),
    // 7,000 m out: the take-off climb is at 140 m where the approach is level at 150 m already, and less wide.
    ([0.0, 8960.0], Some((140.0, "36 起飞爬升面 take-off climb"))),
    ([890.0, -8960.0], Some((140.0, "18 起飞爬升面 take-off climb"))),
    ([950.0, 8960.0], Some((150.0, "18 进近面 approach"))),
    ([2000.0, 16_800.0], Some((150.0, "18 进近面 approach"))),
    ([0.0, 16_980.0], None),
];

#[test]
fn heights_are_those_of_the_standard_by_hand() {
    let grid = grid();
    for ends in [[1900.0, -1900.0], [-1900.0, 1900.0]] {
        // A line drawn either way is the same runway: its name says which end is which.
        let line = Shape::Lines(vec![ends.map(|north_m| at(0.0, north_m)).to_vec()]);
        let runways = runways_of(&layer(LayerKind::Runway, vec![(line, &[("runway", "18/36")])])).unwrap();
        for ([east_m, north_m], expected) in BY_HAND {
            let found = Annex14::default()
                .lowest_at(&runways, at(east_m, north_m), &grid)
                .unwrap();
            let found = found.map(|lowest| (lowest.above_aerodrome_m, lowest.name));
            match (&found, expected) {
                (Some((found_m, name)), Some((by_hand_m, surface))) => assert!(
                    (found_m - by_hand_m).abs() < 0.01 && name == surface,
                    "{east_m} {north_m}: {found:?}, by hand {expected:?}"
                ),
                (None, None) => {}
                _ => panic!("{east_m} {north_m}: {found:?}, by hand {expected:?}"),
            }
        }
    }
}

#[test]
fn the_layer_says_which_surface_gives_the_ceiling() {
    let runways = &runways()[..1];
    let parameters = Annex14 {
        step_m: 5.0,
        ..Annex14::default()
    };
    let map = map_of(
        parameters
            .surfaces(runways, OrthometricHeightM(4.0), &grid())
            .unwrap(),
    );
    for ([east_m, north_m], limit_m, surface) in [
        ([250.0, 0.0], 10.0, "18L/36R 过渡面 transitional +10 m"),
        ([350.0, 2960.0], 25.0, "18L/36R 过渡面 transitional +25 m"),
        ([0.0, 2965.0], 20.0, "18L 进近面 approach +20 m"),
        ([0.0, 8965.0], 140.0, "36R 起飞爬升面 take-off climb +140 m"),
        ([5010.0, 0.0], 95.0, "锥形面 conical +50 m"),
    ] {
        // The runway lies 400 m east of the centre.
        let ceiling = map.at(at(400.0 + east_m, north_m)).unwrap();
        let (limit, zone) = ceiling.above_sea.unwrap();
        assert_eq!((limit.0, zone.name.as_str()), (4.0 + limit_m, surface));
    }
}

proptest! {
    /// Steps are never above the exact surface and never more than a step below it.
    #[test]
    fn steps_stay_below_the_slope(east_m in -8000.0..8000.0_f64, north_m in -18_000.0..18_000.0_f64) {
        let (grid, runways) = (grid(), runways());
        let parameters = Annex14::default();
        // The map is the same for all cases, but cheap enough to be made again.
        let map = map_of(parameters.surfaces(&runways, OrthometricHeightM(0.0), &grid).unwrap());
        let place = at(east_m, north_m);
        let ground = Some(OrthometricHeightM(0.0));
        let stepped = map.at(place).unwrap().greatest_height(ground);
        let exact = parameters.lowest_at(&runways, place, &grid).unwrap().map(|lowest| lowest.above_aerodrome_m);
        match (exact, stepped) {
            (Some(exact_m), GreatestHeight::AboveGround(AltitudeAglM(step_m))) => {
                // Round margins are drawn as chords: 0.5 % of 6 km are 30 m across, 1.5 m up the cone.
                prop_assert!(step_m <= exact_m + 1.6 && exact_m - step_m <= parameters.step_m + 1.6,
                    "{} {}", exact_m, step_m);
            }
            // On the rim of the cone the chord lies inside the circle.
            (Some(exact_m), GreatestHeight::Unlimited) => prop_assert!(exact_m > 143.0, "{}", exact_m),
            (None, GreatestHeight::Unlimited) => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
