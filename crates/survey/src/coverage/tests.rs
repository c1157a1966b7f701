//! The ledger against exact unions, its windows, its refusals.

use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use super::*;
use crate::area::{LayerHeader, RawPolygon};
use crate::geodesy::Datum;

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.5,
};

fn ledger(cell_m: f64) -> Ledger {
    Ledger::new(WorkingGrid::centred(CENTRE).unwrap(), cell_m).unwrap()
}

/// Corners of a rectangle of `size` m around `middle`, east and north of the centre, turned by `turn` rad.
fn rectangle(middle: [f64; 2], size: [f64; 2], turn: f64) -> Vec<[f64; 2]> {
    let (sin, cos) = turn.sin_cos();
    [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
        .map(|[a, b]| {
            let (x, y) = (a * size[0], b * size[1]);
            [middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y]
        })
        .to_vec()
}

fn places(corners: &[[f64; 2]]) -> Vec<Wgs84> {
    let plane = LocalTangent::at(CENTRE);
    corners
        .iter()
        .map(|[east, north]| plane.wgs84_from_enu(*east, *north))
        .collect()
}

fn layer(corners: &[[f64; 2]]) -> Layer {
    let exterior = places(corners)
        .iter()
        .map(|place| [place.longitude_deg, place.latitude_deg])
        .collect();
    let header = LayerHeader {
        name: "test".to_owned(),
        version: "1".to_owned(),
        datum: Datum::Wgs84,
        source: "made up".to_owned(),
    };
    Layer::new(
        header,
        &[RawPolygon {
            exterior,
            holes: Vec::new(),
        }],
    )
    .unwrap()
    .0
}

fn union_m2(frames: &[Vec<[f64; 2]>]) -> f64 {
    let union = frames.iter().fold(MultiPolygon::new(Vec::new()), |sum, corners| {
        let ring: LineString = corners.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
        sum.union(&Polygon::new(ring, Vec::new()))
    });
    union.unsigned_area()
}

#[test]
fn window_layer_and_sharpness_narrow_the_number() {
    let mut ledger = ledger(2.0);
    let (west, east) = (
        rectangle([-200.0, 0.0], [300.0, 200.0], 0.1),
        rectangle([200.0, 0.0], [300.0, 200.0], 0.2),
    );
    ledger.enter(&places(&west), CivilDay(100), 1.9).unwrap();
    ledger.enter(&places(&west), CivilDay(110), 6.0).unwrap();
    ledger.enter(&places(&east), CivilDay(105), 3.0).unwrap();
    let ask = |since: Option<i32>, until: Option<i32>, max_gsd_cm: Option<f64>| {
        let query = CoverageQuery {
            layer: None,
            since: since.map(CivilDay),
            until: until.map(CivilDay),
            max_gsd_cm,
        };
        let figure = ledger.imaged(&query).unwrap();
        (
            (figure.imaged_km2 / 0.06 * 100.0).round() as i64,
            figure.photos,
            figure.max_gsd_applied_cm,
        )
    };
    assert_eq!(ask(None, None, None), (200, 3, None));
    assert_eq!(ask(Some(101), None, None), (200, 2, None));
    assert_eq!(ask(Some(106), None, None), (100, 1, None));
    // Seen inside and after the window: still counts.
    assert_eq!(ask(None, Some(104), None), (100, 1, None));
    assert_eq!(ask(None, None, Some(5.0)), (200, 2, Some(4.0)));
    assert_eq!(ask(None, None, Some(3.9)), (100, 1, Some(2.0)));
    let half = layer(&rectangle([-200.0, 0.0], [300.0, 100.0], 0.1));
    let figure = ledger
        .imaged(&CoverageQuery {
            layer: Some(&half),
            ..CoverageQuery::default()
        })
        .unwrap();
    assert!((figure.percent.unwrap() - 100.0).abs() < 0.5, "{figure:?}");
    assert!((figure.layer_km2.unwrap() - 0.03).abs() < 1e-6);
    assert!(figure.imaged_km2 <= figure.layer_km2.unwrap() && figure.imaged_total_km2 > 0.119);
}

#[test]
fn long_straight_edges_do_not_bias_the_number() {
    // 3 m cells against an area whose sides follow the meridian: 3003 m is no multiple of 3 m.
    let block = rectangle([0.0, 0.0], [3004.0, 2002.0], 0.0);
    let mut ledger = ledger(3.0);
    ledger.enter(&places(&block), CivilDay(1), 2.0).unwrap();
    let imaged = ledger.imaged(&CoverageQuery::default()).unwrap().imaged_total_km2;
    assert!((imaged / (3.004 * 2.002) - 1.0).abs() < 1e-4, "{imaged}");
}

#[test]
fn refuses_what_cannot_be_right() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    assert!(matches!(
        Ledger::new(grid, 0.0),
        Err(CoverageError::CellSize { .. })
    ));
    let mut ledger = ledger(5.0);
    let frame = places(&rectangle([0.0, 0.0], [100.0, 100.0], 0.0));
    assert!(matches!(
        ledger.enter(&frame[..2], CivilDay(1), 2.0),
        Err(CoverageError::TooFewPoints { points: 2 })
    ));
    assert!(matches!(
        ledger.enter(&frame, CivilDay(1), f64::NAN),
        Err(CoverageError::ImpossibleGsd { .. })
    ));
    let wide = places(&rectangle([0.0, 0.0], [50_000.0, 100.0], 0.0));
    assert!(matches!(
        ledger.enter(&wide, CivilDay(1), 2.0),
        Err(CoverageError::TooWide { .. })
    ));
    let nowhere = vec![
        Wgs84 {
            latitude_deg: f64::NAN,
            longitude_deg: 0.0
        };
        4
    ];
    assert!(matches!(
        ledger.enter(&nowhere, CivilDay(1), 2.0),
        Err(CoverageError::Place(_))
    ));
    let far = vec![
        Wgs84 {
            latitude_deg: 40.0,
            longitude_deg: 121.5
        };
        4
    ];
    assert!(matches!(
        ledger.enter(&far, CivilDay(1), 2.0),
        Err(CoverageError::Grid(_))
    ));
    let reversed = CoverageQuery {
        since: Some(CivilDay(2)),
        until: Some(CivilDay(1)),
        ..CoverageQuery::default()
    };
    assert!(matches!(
        ledger.imaged(&reversed),
        Err(CoverageError::WindowReversed { .. })
    ));
    let sharp = CoverageQuery {
        max_gsd_cm: Some(0.5),
        ..CoverageQuery::default()
    };
    assert!(matches!(
        ledger.imaged(&sharp),
        Err(CoverageError::GsdBelowClasses { .. })
    ));
    assert_eq!(ledger.imaged(&CoverageQuery::default()).unwrap().photos, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn agrees_with_the_exact_union(
        frames in prop::collection::vec((-400.0..400.0_f64, -400.0..400.0_f64, 0.0..6.3_f64), 20..60),
        away_km in 0.0..40.0_f64,
    ) {
        let frames: Vec<_> = frames
            .iter()
            .map(|(x, y, turn)| rectangle([x + away_km * 1000.0, *y], [180.0, 120.0], *turn))
            .collect();
        // The plane of `places` touches at CENTRE; far away it is tilted, so that true areas are larger.
        let tilt = (away_km / 6371.0).cos();
        let mut ledger = ledger(2.0);
        for corners in &frames {
            ledger.enter(&places(corners), CivilDay(1), 2.0).unwrap();
        }
        let imaged = ledger.imaged(&CoverageQuery::default()).unwrap().imaged_total_km2 * 1e6;
        let exact = union_m2(&frames) / tilt;
        prop_assert!((imaged / exact - 1.0).abs() < 2e-3, "{} {}", imaged, exact);
    }

    #[test]
    fn order_of_entry_does_not_matter(turns in prop::collection::vec((0.0..6.3_f64, 0..5_i32), 1..8)) {
        let enter = |order: &mut dyn Iterator<Item = &(f64, i32)>| {
            let mut ledger = ledger(5.0);
            for (turn, day) in order {
                ledger.enter(&places(&rectangle([turn * 20.0, 0.0], [100.0, 60.0], *turn)), CivilDay(*day), 3.0).unwrap();
            }
            ledger
        };
        prop_assert_eq!(enter(&mut turns.iter()), enter(&mut turns.iter().rev()));
    }
}
