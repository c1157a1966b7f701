//! What cannot be right is refused by name and changes nothing.

use super::*;

fn frame<'a>(shown: Shown<'a>, photo: &'a str) -> LedgerFrame<'a> {
    LedgerFrame {
        photo,
        day: CivilDay(20_000),
        gsd_cm: 2.0,
        view: ViewClass::Nadir,
        dock: None,
        shown,
    }
}

#[test]
fn refuses_what_cannot_be_right() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let none = Ledger::new(grid.clone(), 0.0, GsdLimits::default());
    assert!(matches!(none, Err(LedgerError::CellSize { .. })));
    assert!(GsdLimits::new([3.0, 3.0, 6.0, 9.0]).is_err() && GsdLimits::new([0.0, 1.0, 2.0, 3.0]).is_err());
    let mut ledger = empty();
    let before = ledger.to_bytes();
    let good = [places(&rectangle([0.0, 0.0], [100.0, 100.0], 0.0))];
    let wide = [places(&rectangle([0.0, 0.0], [50_000.0, 100.0], 0.0))];
    let place = |latitude_deg| Wgs84 {
        latitude_deg,
        longitude_deg: 121.5,
    };
    let (nowhere, far) = ([vec![place(f64::NAN); 4]], [vec![place(40.0); 4]]);
    let short = [good[0][..2].to_vec()];
    let beyond = [vec![
        GridPoint {
            easting_m: f64::INFINITY,
            northing_m: 0.0
        };
        3
    ]];
    let other_cells = CellSet::empty(grid, Lattice::new(2.0));
    let mut refused = |frame: LedgerFrame<'_>| ledger.enter(&frame).unwrap_err();
    let ring = |rings| frame(Shown::Rings(rings), "a");
    assert_eq!(refused(ring(&short)), LedgerError::TooFewPoints { points: 2 });
    assert!(matches!(refused(ring(&wide)), LedgerError::TooWide { .. }));
    assert!(matches!(refused(ring(&nowhere)), LedgerError::Place(_)));
    assert!(matches!(refused(ring(&far)), LedgerError::Grid(_)));
    assert!(matches!(
        refused(frame(Shown::OnGrid(&beyond), "a")),
        LedgerError::Grid(_)
    ));
    assert_eq!(
        refused(frame(Shown::Cells(&other_cells), "a")),
        LedgerError::OtherCells
    );
    assert_eq!(
        refused(frame(Shown::Rings(&good), "")),
        LedgerError::Name { bytes: 0 }
    );
    let with = |gsd_cm, day| LedgerFrame {
        gsd_cm,
        day: CivilDay(day),
        ..ring(&good)
    };
    assert!(matches!(
        refused(with(f64::NAN, 1)),
        LedgerError::ImpossibleGsd { .. }
    ));
    assert!(matches!(refused(with(21.0, 1)), LedgerError::TooCoarse { .. }));
    assert!(matches!(refused(with(2.0, -1)), LedgerError::Day { .. }));
    assert!(matches!(refused(with(2.0, 70_000)), LedgerError::Day { .. }));
    assert_eq!(ledger.to_bytes(), before);
}

#[test]
fn refuses_questions_without_an_answer() {
    let ledger = empty();
    let ask = |query: LedgerQuery<'_>| ledger.imaged(&query).unwrap_err();
    let reversed = LedgerQuery {
        since: Some(CivilDay(2)),
        until: Some(CivilDay(1)),
        ..LedgerQuery::default()
    };
    assert!(matches!(ask(reversed), LedgerError::WindowReversed { .. }));
    let sharp = LedgerQuery {
        max_gsd_cm: Some(0.5),
        ..LedgerQuery::default()
    };
    assert!(matches!(ask(sharp), LedgerError::GsdBelowClasses { .. }));
    let frame = RasterFrame::Grid {
        west_m: 0.0,
        north_m: 0.0,
        step_m: 5.0,
        columns: usize::MAX,
        rows: 2,
    };
    let raster = ledger.raster(&LedgerQuery::default(), &frame);
    assert!(matches!(raster, Err(LedgerError::RasterSize { .. })));
}

#[test]
fn cells_of_a_surface_model_are_taken_as_they_are() {
    let mut ledger = empty();
    let photo = Photo {
        name: "a".to_owned(),
        day: 20_000,
        gsd_cm: 2.0,
        view: ViewClass::Oblique,
        dock: None,
        ring: places(&rectangle([0.0, 0.0], [700.0, 500.0], 0.4)),
    };
    let hidden = Photo {
        ring: places(&rectangle([20.0, 30.0], [200.0, 100.0], 1.0)),
        ..photo.clone()
    };
    // With a fifth corner: rings of four are painted in another way when they stand alone.
    let [photo, hidden] = [photo, hidden].map(|mut photo| {
        photo.ring.insert(1, middle(&photo.ring));
        photo
    });
    let visible = photo.cells(&ledger).difference(&hidden.cells(&ledger));
    ledger.enter(&frame(Shown::Cells(&visible), "a")).unwrap();
    assert_eq!(ledger.imaged_cells(&LedgerQuery::default()).unwrap(), visible);
    let bytes = ledger.to_bytes();
    // The same as rings: the hidden part is a hole.
    let rings = [photo.ring, hidden.ring];
    let mut other = empty();
    other.enter(&frame(Shown::Rings(&rings), "a")).unwrap();
    assert_eq!(other.to_bytes(), bytes);
    assert_eq!(Ledger::from_bytes(&bytes).unwrap().to_bytes(), bytes);
}

/// Between the first two corners.
fn middle(ring: &[Wgs84]) -> Wgs84 {
    Wgs84 {
        latitude_deg: f64::midpoint(ring[0].latitude_deg, ring[1].latitude_deg),
        longitude_deg: f64::midpoint(ring[0].longitude_deg, ring[1].longitude_deg),
    }
}
