//! Figures against exact areas.

use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use super::*;

fn enter(ledger: &mut Ledger, name: &str, corners: &[[f64; 2]]) {
    let photo = Photo {
        name: name.to_owned(),
        day: 20_000,
        gsd_cm: 2.0,
        view: ViewClass::Nadir,
        dock: None,
        ring: places(corners),
    };
    photo.enter(ledger);
}

fn union_m2(frames: &[Vec<[f64; 2]>]) -> f64 {
    let union = frames.iter().fold(MultiPolygon::new(Vec::new()), |sum, corners| {
        let ring: LineString = corners.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
        sum.union(&Polygon::new(ring, Vec::new()))
    });
    union.unsigned_area()
}

#[test]
fn towns_and_flyable_ground_fill_up_to_their_exact_areas_and_no_more() {
    let mut ledger = empty();
    let labels = labels(&ledger);
    ledger.relabel(labels).unwrap();
    enter(&mut ledger, "all", &rectangle([0.0, 0.0], [3000.0, 3000.0], 0.3));
    let figures = ledger.imaged(&LedgerQuery::default()).unwrap();
    assert!((figures.imaged_m2 / 9e6 - 1.0).abs() < 1e-4, "{figures:?}");
    let flyable = figures.flyable.unwrap();
    assert!((flyable.area_m2 - 250_000.0).abs() < 1.0, "{flyable:?}");
    assert_eq!(flyable.percent(), Some(100.0));
    for (town, exact_m2) in figures.towns.iter().zip([420_000.0, 480_000.0]) {
        assert!((town.whole.area_m2 - exact_m2).abs() < 1.0, "{town:?}");
        assert_eq!(town.whole.percent(), Some(100.0));
        assert_eq!(town.flyable.unwrap().percent(), Some(100.0));
    }
    // The flyable area lies within the two towns but for where it reaches beyond their border.
    let parts: f64 = figures
        .towns
        .iter()
        .map(|town| town.flyable.unwrap().area_m2)
        .sum();
    assert!((parts / 250_000.0 - 1.0).abs() < 0.05, "{parts}");
    let half = MeasuredArea::new(
        ledger.grid(),
        ledger.lattice(),
        &layer("beyond the edge", &rectangle([1500.0, 0.0], [400.0, 400.0], 0.3)),
    );
    let shares = ledger
        .imaged_in(&LedgerQuery::default(), &[half.unwrap()])
        .unwrap();
    let percent = shares[0].percent().unwrap();
    let inside = Polygon::new(ring(&rectangle([1500.0, 0.0], [400.0, 400.0], 0.3)), Vec::new())
        .intersection(&Polygon::new(
            ring(&rectangle([0.0, 0.0], [3000.0, 3000.0], 0.3)),
            Vec::new(),
        ))
        .unsigned_area();
    assert!((percent - inside / 1600.0).abs() < 0.5, "{percent} {inside}");
}

fn ring(corners: &[[f64; 2]]) -> LineString {
    corners.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect()
}

#[test]
fn other_labels_need_no_photo_again() {
    let mut ledger = empty();
    enter(
        &mut ledger,
        "west",
        &rectangle([-450.0, 0.0], [200.0, 200.0], 0.0),
    );
    assert_eq!(ledger.imaged(&LedgerQuery::default()).unwrap().flyable, None);
    let labels = labels(&ledger);
    ledger.relabel(labels).unwrap();
    let figures = ledger.imaged(&LedgerQuery::default()).unwrap();
    assert!(figures.towns[0].whole.percent().unwrap() > 9.0, "{figures:?}");
    assert_eq!(figures.towns[1].whole.imaged_m2, 0.0);
    let seen = ledger.at(places(&[[-450.0, 0.0]])[0]).unwrap();
    assert_eq!((seen.town.as_deref(), seen.flyable), (Some("west"), Some(false)));
    let ages = ledger.ages(&LedgerQuery::default(), CivilDay(20_031)).unwrap();
    assert_eq!(ages.all.p50_days, None);
    assert_eq!(ages.all.never_share, Some(1.0));
    let whole = layer("west", &rectangle([-300.0, 0.0], [600.0, 700.0], 0.1));
    let bare = Labels::new(ledger.grid(), ledger.lattice(), &[whole], None).unwrap();
    ledger.relabel(bare).unwrap();
    let ages = ledger.ages(&LedgerQuery::default(), CivilDay(20_031)).unwrap();
    assert_eq!((ages.all.p50_days, ages.all.max_days), (Some(31), Some(31)));
    let never = ages.towns[0].1.never_share.unwrap();
    assert!((never - 380.0 / 420.0).abs() < 0.01, "{never}");
}

#[test]
fn ages_are_percentiles_of_ground() {
    let mut ledger = empty();
    for (name, day, west, height) in [
        ("a", 20_000, -400.0, 200.0),
        ("b", 20_010, 0.0, 210.0),
        ("c", 20_020, 400.0, 220.0),
    ] {
        let photo = Photo {
            name: name.to_owned(),
            day,
            gsd_cm: 2.0,
            view: ViewClass::Steep,
            dock: None,
            ring: places(&rectangle([west, 0.0], [200.0, height], 0.0)),
        };
        photo.enter(&mut ledger);
    }
    let days = |query: LedgerQuery<'_>, as_of| {
        let ages = ledger.ages(&query, CivilDay(as_of)).unwrap().all;
        [ages.p50_days, ages.p90_days, ages.max_days].map(|days| days.map_or(-1, i64::from))
    };
    assert_eq!(days(LedgerQuery::default(), 20_020), [10, 20, 20]);
    // As of a day before the last photo, it does not count.
    assert_eq!(days(LedgerQuery::default(), 20_015), [5, 15, 15]);
    assert_eq!(days(LedgerQuery::default(), -5), [-1, -1, -1]);
    let since = LedgerQuery {
        since: Some(CivilDay(20_005)),
        ..LedgerQuery::default()
    };
    assert_eq!(days(since, 20_100), [80, 90, 90]);
}

#[test]
fn long_straight_edges_do_not_bias_the_number() {
    // 3 m cells against an area whose sides follow the meridian: 3003 m is no multiple of 3 m.
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let mut ledger = Ledger::new(grid, 3.0, GsdLimits::default()).unwrap();
    enter(
        &mut ledger,
        "block",
        &rectangle([0.0, 0.0], [3004.0, 2002.0], 0.0),
    );
    let imaged_m2 = ledger.imaged(&LedgerQuery::default()).unwrap().imaged_m2;
    assert!((imaged_m2 / (3004.0 * 2002.0) - 1.0).abs() < 1e-4, "{imaged_m2}");
}

#[test]
fn a_corridor_is_seen_for_a_share_of_its_length() {
    let mut ledger = empty();
    enter(&mut ledger, "middle", &rectangle([0.0, 0.0], [400.0, 200.0], 0.0));
    let seen = ledger.imaged_cells(&LedgerQuery::default()).unwrap();
    let line = places(&[[-500.0, 30.0], [0.0, 30.0], [500.0, 30.0], [500.0, 400.0]]);
    let along = length_seen(&seen, &line, 2.0).unwrap();
    assert!((along.length_m - 1370.0).abs() < 0.1, "{along:?}");
    assert!((along.seen_m - 400.0).abs() < 6.0, "{along:?}");
    assert_eq!(length_seen(&seen, &line[..1], 2.0).unwrap().length_m, 0.0);
    assert!(matches!(
        length_seen(&seen, &line, 0.0),
        Err(LedgerError::Step { .. })
    ));
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
        let grid = WorkingGrid::centred(CENTRE).unwrap();
        let mut ledger = Ledger::new(grid, 2.0, GsdLimits::default()).unwrap();
        for (index, corners) in frames.iter().enumerate() {
            enter(&mut ledger, &index.to_string(), corners);
        }
        let imaged_m2 = ledger.imaged(&LedgerQuery::default()).unwrap().imaged_m2;
        let exact = union_m2(&frames) / tilt;
        prop_assert!((imaged_m2 / exact - 1.0).abs() < 2e-3, "{} {}", imaged_m2, exact);
    }
}

/// Percentiles by the plain definition: weighed ages, the youngest first.
fn plain_ages(mut seen: Vec<(u32, u64)>, all: u64) -> [Option<f64>; 4] {
    seen.sort_unstable();
    let sum: u64 = seen.iter().map(|(_, weight)| weight).sum();
    let within = |percent: u64| {
        let mut so_far = 0;
        let age = seen.iter().find(|(_, weight)| {
            so_far += weight;
            so_far * 100 >= sum * percent
        });
        age.map(|(age, _)| f64::from(*age))
    };
    let never = (all > 0).then(|| 1.0 - sum as f64 / all as f64);
    [within(50), within(90), within(100), never]
}

fn told_ages(ages: &Ages) -> [Option<f64>; 4] {
    let days = |days: Option<u32>| days.map(f64::from);
    [
        days(ages.p50_days),
        days(ages.p90_days),
        days(ages.max_days),
        ages.never_share,
    ]
}

fn assert_same_ages(told: &Ages, plain: [Option<f64>; 4]) {
    for (told, plain) in told_ages(told).into_iter().zip(plain) {
        assert_eq!(told.is_some(), plain.is_some(), "{told:?} {plain:?}");
        assert!(
            (told.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-9,
            "{told:?} {plain:?}"
        );
    }
}

/// Rows and columns of a set's cells.
fn cells_of(set: &CellSet) -> impl Iterator<Item = (i32, i32)> {
    set.tiles().iter().flat_map(|((band, column), bits)| {
        (0..64 * 64)
            .filter(|cell| bits[cell / 64] >> (cell % 64) & 1 == 1)
            .map(move |cell| (band * 64 + cell as i32 / 64, column * 64 + cell as i32 % 64))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Of areas and along lines: the last day of every cell, one by one.
    #[test]
    fn ages_are_those_of_the_cells(
        photos in photos(),
        query in query(),
        middle in (-400.0..400.0_f64, -400.0..400.0_f64),
        size in (20.0..500.0_f64, 20.0..500.0_f64, 0.0..3.1_f64),
        as_of in 20_001..20_009_i32,
    ) {
        let ledger = ledger_of(&photos);
        let counting: Vec<(i32, CellSet)> = standing(&photos)
            .into_iter()
            .filter(|photo| counts(&query, photo) && photo.day <= as_of)
            .map(|photo| (photo.day, photo.cells(&ledger)))
            .collect();
        let age_at = |point: GridPoint| {
            let last = counting.iter().filter(|(_, cells)| cells.contains(point)).map(|(day, _)| *day).max();
            last.map(|day| (as_of - day) as u32)
        };
        let corners = rectangle([middle.0, middle.1], [size.0, size.1], size.2);
        let area = MeasuredArea::new(ledger.grid(), ledger.lattice(), &layer("area", &corners)).unwrap();
        let (mut seen, mut all) = (Vec::new(), 0);
        for (row, column) in cells_of(area.cells()) {
            let weight = labels::cell_mm2(ledger.grid(), ledger.lattice(), tile_of(row, column).0);
            all += weight;
            seen.extend(age_at(ledger.lattice().cell_centre(row, column)).map(|age| (age, weight)));
        }
        let up_to = LedgerQuery { until: Some(query.until.map_or(CivilDay(as_of), |day| day.min(CivilDay(as_of)))), ..query };
        if up_to.since.is_none_or(|since| Some(since) <= up_to.until) {
            let days = ledger.last_days(&up_to, area.cells()).unwrap();
            let told: Vec<(u32, u64)> = cells_of(area.cells())
                .filter_map(|(row, column)| days.at(row, column))
                .map(|day| ((as_of - day.0) as u32, 1))
                .collect();
            let plain: Vec<(u32, u64)> = seen.iter().map(|(age, _)| (*age, 1)).collect();
            prop_assert_eq!(told, plain);
            let photos: u64 = ledger.days_of_photos(&up_to).unwrap().values().sum();
            prop_assert_eq!(photos, counting.len() as u64);
        }
        let told = ledger.ages_in(&query, CivilDay(as_of), std::slice::from_ref(&area)).unwrap();
        assert_same_ages(&told[0], plain_ages(seen, all));

        let on_grid = |at: [f64; 2]| ledger.grid().grid_from_wgs84(places(&[at])[0]).unwrap();
        let pieces: Vec<(GridPoint, f64)> = (0..120)
            .map(|piece| (on_grid([middle.0 - 300.0 + 5.0 * f64::from(piece), middle.1]), 5.0))
            .collect();
        let along = pieces.iter().filter_map(|(middle, _)| Some((age_at(*middle)?, 5000)));
        let told = ledger.ages_along(&query, CivilDay(as_of), &pieces).unwrap();
        assert_same_ages(&told, plain_ages(along.collect(), 120 * 5000));
    }
}
