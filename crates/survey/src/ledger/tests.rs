//! The ledger against a list of photos that is gone through for every question.

use proptest::prelude::*;

use super::*;
use crate::area::{Layer, LayerHeader, RawPolygon};
use crate::cells::CellSet;
use crate::geodesy::{Datum, LocalTangent, Wgs84};

mod figures;
mod refusals;
mod saved;

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.5,
};
const CELL_M: f64 = 5.0;

fn empty() -> Ledger {
    Ledger::new(
        WorkingGrid::centred(CENTRE).unwrap(),
        CELL_M,
        GsdLimits::default(),
    )
    .unwrap()
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

fn layer(name: &str, corners: &[[f64; 2]]) -> Layer {
    let exterior = places(corners)
        .iter()
        .map(|place| [place.longitude_deg, place.latitude_deg])
        .collect();
    let header = LayerHeader {
        name: name.to_owned(),
        version: "1".to_owned(),
        datum: Datum::Wgs84,
        source: "made up".to_owned(),
    };
    let polygon = RawPolygon {
        exterior,
        holes: Vec::new(),
    };
    Layer::new(header, &[polygon]).unwrap().0
}

/// Two towns side by side and a flyable area across their border.
fn labels(ledger: &Ledger) -> Labels {
    let towns = [
        layer("west", &rectangle([-300.0, 0.0], [600.0, 700.0], 0.1)),
        layer("east", &rectangle([290.0, 30.0], [600.0, 800.0], 0.1)),
    ];
    let flyable = layer("flyable", &rectangle([20.0, -40.0], [500.0, 500.0], 0.7));
    Labels::new(ledger.grid(), ledger.lattice(), &towns, Some(&flyable)).unwrap()
}

#[derive(Debug, Clone, PartialEq)]
struct Photo {
    name: String,
    day: i32,
    gsd_cm: f64,
    view: ViewClass,
    dock: Option<&'static str>,
    ring: Vec<Wgs84>,
}

impl Photo {
    fn enter(&self, ledger: &mut Ledger) -> Entered {
        let rings = [self.ring.clone()];
        ledger
            .enter(&LedgerFrame {
                photo: &self.name,
                day: CivilDay(self.day),
                gsd_cm: self.gsd_cm,
                view: self.view,
                dock: self.dock,
                shown: Shown::Rings(&rings),
            })
            .unwrap()
    }

    fn cells(&self, ledger: &Ledger) -> CellSet {
        let mut set = CellSet::empty(ledger.grid().clone(), ledger.lattice());
        let mut projector = Projector::new(ledger.grid().clone());
        let ring = self
            .ring
            .iter()
            .map(|place| projector.grid_from_wgs84(*place).unwrap());
        set.paint(&[ring.collect()]);
        set
    }
}

fn photo() -> impl Strategy<Value = Photo> {
    let place = (
        -500.0..500.0_f64,
        -500.0..500.0_f64,
        0.0..6.3_f64,
        20.0..400.0_f64,
    );
    let facts = (
        0..40_u32,
        20_000..20_006_i32,
        prop::sample::select(vec![2.0, 3.0, 5.5, 9.0, 20.0]),
        prop::sample::select(ViewClass::ALL.to_vec()),
        prop::sample::select(vec![None, Some("D01"), Some("D02"), Some("船")]),
    );
    (place, facts).prop_map(|((x, y, turn, width), (name, day, gsd_cm, view, dock))| Photo {
        name: format!("photo-{name:02}"),
        day,
        gsd_cm,
        view,
        dock,
        ring: places(&rectangle([x, y], [width, 0.7 * width], turn)),
    })
}

fn photos() -> impl Strategy<Value = Vec<Photo>> {
    prop::collection::vec(photo(), 1..40)
}

/// The photos that count in the end: the last of each name.
fn standing(photos: &[Photo]) -> Vec<Photo> {
    let last: std::collections::BTreeMap<&str, &Photo> =
        photos.iter().map(|photo| (photo.name.as_str(), photo)).collect();
    last.into_values().cloned().collect()
}

fn ledger_of<'a>(photos: impl IntoIterator<Item = &'a Photo>) -> Ledger {
    let mut ledger = empty();
    let labels = labels(&ledger);
    ledger.relabel(labels).unwrap();
    photos.into_iter().for_each(|photo| {
        photo.enter(&mut ledger);
    });
    ledger
}

/// What the histograms say, for all days and classes, must be what the strata say and what counting the cells again
/// says.
fn check_histograms(ledger: &Ledger) {
    let mut recounted = ledger.clone();
    recounted.relabel(ledger.labels.clone()).unwrap();
    for class in 0..GSD_CLASSES {
        for since in [0, 20_001, 20_003, 20_005, 20_009] {
            let query = LedgerQuery {
                since: Some(CivilDay(since)),
                max_gsd_cm: Some(ledger.limits().cm()[class]),
                ..LedgerQuery::default()
            };
            let filter = query.filter(ledger.limits, &ledger.frames).unwrap();
            assert!(filter.is_since(ledger.newest_day()));
            let by_strata = ledger.rows_in(&filter);
            for (row, expected) in by_strata.iter().enumerate() {
                assert_eq!(ledger.histogram.since(row, class, since as u16), *expected);
                assert_eq!(recounted.histogram.since(row, class, since as u16), *expected);
            }
        }
    }
}

fn query() -> impl Strategy<Value = LedgerQuery<'static>> {
    let day = || prop::option::of((19_999..20_008_i32).prop_map(CivilDay));
    (
        day(),
        day(),
        prop::option::of(prop::sample::select(vec![3.0, 6.0, 13.0, 99.0])),
        prop::array::uniform3(any::<bool>()),
        prop::sample::select(vec![None, Some("D01"), Some("nowhere")]),
    )
        .prop_filter_map("a window", |(since, until, max_gsd_cm, views, dock)| {
            let views = ViewClass::ALL
                .into_iter()
                .zip(views)
                .filter(|(_, counts)| *counts)
                .fold(Views::NONE, |views, (class, _)| views.with(class));
            let query = LedgerQuery {
                since,
                until,
                max_gsd_cm,
                views: if views == Views::NONE { Views::ALL } else { views },
                dock,
            };
            (since.is_none() || until.is_none() || since <= until).then_some(query)
        })
}

fn counts(query: &LedgerQuery<'_>, photo: &Photo) -> bool {
    let limit_cm = match query.max_gsd_cm {
        Some(3.0) => 3.0,
        Some(6.0) => 6.0,
        Some(13.0) => 12.0,
        _ => 20.0,
    };
    query.since.is_none_or(|since| photo.day >= since.0)
        && query.until.is_none_or(|until| photo.day <= until.0)
        && photo.gsd_cm <= limit_cm
        && query.views.has(photo.view)
        && query.dock.is_none_or(|dock| photo.dock == Some(dock))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_photos_does_not_matter(photos in photos(), seed in any::<u64>()) {
        let photos = standing(&photos);
        let ledger = ledger_of(&photos);
        let mut shuffled: Vec<&Photo> = photos.iter().collect();
        shuffled.sort_by_key(|photo| crc32fast::hash(format!("{seed} {}", photo.name).as_bytes()));
        let other = ledger_of(shuffled);
        prop_assert_eq!(ledger.to_bytes(), other.to_bytes());
        check_histograms(&ledger);
        check_histograms(&other);
    }

    #[test]
    fn entering_and_withdrawing_leaves_nothing(first in photos(), second in photos()) {
        let mut ledger = ledger_of(&first);
        let before = (ledger.to_bytes(), ledger.imaged(&LedgerQuery::default()).unwrap());
        let new: Vec<Photo> = standing(&second)
            .into_iter()
            .map(|photo| Photo { name: format!("new {}", photo.name), ..photo })
            .collect();
        new.iter().for_each(|photo| assert_eq!(photo.enter(&mut ledger), Entered::New));
        check_histograms(&ledger);
        let names = new.iter().map(|photo| photo.name.as_str()).chain(["nobody"]);
        prop_assert_eq!(ledger.withdraw(names), new.len());
        prop_assert_eq!((ledger.to_bytes(), ledger.imaged(&LedgerQuery::default()).unwrap()), before);
        check_histograms(&ledger);
    }

    #[test]
    fn rebuilt_is_live(entered in photos(), leaving in prop::collection::vec(0..40_u32, 0..20)) {
        let mut live = ledger_of(&entered);
        let leaving: Vec<String> = leaving.iter().map(|name| format!("photo-{name:02}")).collect();
        live.withdraw(leaving.iter().map(String::as_str));
        let stay: Vec<Photo> =
            standing(&entered).into_iter().filter(|photo| !leaving.contains(&photo.name)).collect();
        let rebuilt = ledger_of(&stay);
        prop_assert_eq!(live.to_bytes(), rebuilt.to_bytes());
        prop_assert_eq!(live.len(), stay.len());
        check_histograms(&live);
        let query = LedgerQuery::default();
        prop_assert_eq!(live.imaged(&query).unwrap(), rebuilt.imaged(&query).unwrap());
        let names: Vec<_> = live.frames().map(|facts| (facts.day.0, facts.photo.to_owned())).collect();
        prop_assert!(names.is_sorted());
        for photo in &stay {
            prop_assert_eq!(photo.enter(&mut live), Entered::Same);
        }
    }

    #[test]
    fn any_window_is_the_union_of_its_photos(photos in photos(), query in query()) {
        let ledger = ledger_of(&photos);
        let counting: Vec<Photo> =
            standing(&photos).into_iter().filter(|photo| counts(&query, photo)).collect();
        let union = |photos: &mut dyn Iterator<Item = &Photo>| {
            let none = CellSet::empty(ledger.grid().clone(), ledger.lattice());
            photos.fold(none, |sum, photo| sum.union(&photo.cells(&ledger)))
        };
        let seen = union(&mut counting.iter());
        prop_assert_eq!(&ledger.imaged_cells(&query).unwrap(), &seen);
        let figures = ledger.imaged(&query).unwrap();
        prop_assert_eq!(figures.photos, counting.len() as u64);
        prop_assert!((figures.imaged_m2 - seen.area_m2()).abs() < 0.05);
        for figures in ledger.docks(&query).unwrap() {
            let own = union(&mut counting.iter().filter(|photo| photo.dock == figures.dock.as_deref()));
            let others = union(&mut counting.iter().filter(|photo| photo.dock != figures.dock.as_deref()));
            prop_assert!((figures.imaged_m2 - own.area_m2()).abs() < 0.05);
            prop_assert!((figures.alone_m2 - own.difference(&others).area_m2()).abs() < 0.05);
        }
    }

    #[test]
    fn a_cell_knows_its_last_photo(photos in photos(), at in (-400.0..400.0_f64, -400.0..400.0_f64)) {
        let ledger = ledger_of(&photos);
        let place = places(&[[at.0, at.1]])[0];
        let (key, cell) = tile_and_cell(ledger.lattice(), ledger.grid().grid_from_wgs84(place).unwrap());
        let shows = |photo: &Photo| {
            let cells = photo.cells(&ledger);
            cells.tiles().get(&key).is_some_and(|bits| bits[cell / 64] >> (cell % 64) & 1 == 1)
        };
        let showing: Vec<Photo> = standing(&photos).into_iter().filter(shows).collect();
        let known = ledger.at(place).unwrap();
        for (class, last) in known.last.iter().enumerate() {
            let expected = showing
                .iter()
                .filter(|photo| photo.gsd_cm <= ledger.limits().cm()[class])
                .map(|photo| (CivilDay(photo.day), photo.name.clone()))
                .max();
            prop_assert_eq!(last, &expected);
        }
        let pixel = RasterFrame::Degrees {
            west_deg: place.longitude_deg - 5e-6,
            north_deg: place.latitude_deg + 5e-6,
            step_deg: [1e-5; 2],
            columns: 1,
            rows: 1,
        };
        let raster = ledger.raster(&LedgerQuery::default(), &pixel).unwrap();
        let last = showing.iter().map(|photo| photo.day).max();
        prop_assert_eq!(raster.last_seen_day[0], last.unwrap_or(GroundRaster::NEVER));
        let sharpest = showing.iter().map(|photo| ledger.limits().class_of(photo.gsd_cm).unwrap()).min();
        match sharpest {
            Some(class) => prop_assert_eq!(f64::from(raster.best_gsd_cm[0]), ledger.limits().cm()[class]),
            None => prop_assert!(raster.best_gsd_cm[0].is_nan()),
        }
    }

    #[test]
    fn ages_off_histograms_are_ages_off_strata(photos in photos(), since in 19_999..20_007_i32) {
        let ledger = ledger_of(&photos);
        let query = LedgerQuery { since: Some(CivilDay(since)), ..LedgerQuery::default() };
        let quick = ledger.ages(&query, CivilDay(20_010)).unwrap();
        // The same photos, asked for so that the histograms cannot answer.
        let mut with_later = ledger.clone();
        let later = Photo { name: "later".to_owned(), day: 20_020, ..photos[0].clone() };
        later.enter(&mut with_later);
        prop_assert_eq!(with_later.ages(&query, CivilDay(20_010)).unwrap(), quick);
    }
}

#[test]
fn more_photos_than_an_index_can_name_touch_one_tile() {
    let mut ledger = empty();
    let near = |index: u32| {
        let (x, y) = (f64::from(index % 97), f64::from(index % 89));
        let day = 20_000 + index as i32 / 400;
        Photo {
            name: format!("{index:06}"),
            day,
            gsd_cm: if index.is_multiple_of(50) { 5.0 } else { 2.0 },
            view: ViewClass::Nadir,
            dock: None,
            ring: places(&rectangle([x, y], [30.0, 20.0], f64::from(index))),
        }
    };
    let photos: Vec<Photo> = (0..70_000).map(near).collect();
    photos.iter().for_each(|photo| {
        photo.enter(&mut ledger);
    });
    // A late-comer of an early day goes in front of all of them and changes nothing but unseen cells.
    let early = Photo {
        name: "early".to_owned(),
        day: 19_000,
        ring: places(&rectangle([50.0, 50.0], [400.0, 400.0], 0.0)),
        ..photos[0].clone()
    };
    early.enter(&mut ledger);
    for at in [[10.0, 12.0], [48.0, 44.0], [80.0, 71.0], [-60.0, 60.0]] {
        let place = places(&[at])[0];
        let (key, cell) = tile_and_cell(ledger.lattice(), ledger.grid().grid_from_wgs84(place).unwrap());
        let shows = |photo: &&Photo| {
            let cells = photo.cells(&ledger);
            cells
                .tiles()
                .get(&key)
                .is_some_and(|bits| bits[cell / 64] >> (cell % 64) & 1 == 1)
        };
        let last = photos.iter().rev().find(shows).unwrap_or(&early);
        assert_eq!(
            ledger.at(place).unwrap().last[1],
            Some((CivilDay(last.day), last.name.clone())),
            "{at:?}"
        );
    }
}
