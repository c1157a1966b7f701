//! Versions by day, features from raw shapes, overlaps and differences.

use std::collections::BTreeMap;

use super::*;
use crate::area::{RawPolygon, Repair};
use crate::geodesy::{Datum, LocalTangent};
use crate::grid::WorkingGrid;
use crate::reference::Reference;

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};

fn record(kind: LayerKind, name: &str, version: &str, from: Option<&str>, to: Option<&str>) -> LayerRecord {
    let day = |text: &str| text.parse().unwrap();
    LayerRecord {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        validity: Validity {
            from: from.map(day),
            to: to.map(day),
        },
        source: "made up".to_owned(),
        document: Some("〔2026〕1".to_owned()),
        reference: Reference::Geographic(Datum::Wgs84),
    }
}

fn square(west_m: f64, south_m: f64, side_m: f64) -> RawShape {
    let plane = LocalTangent::at(CENTRE);
    let corner = |east_m: f64, north_m: f64| {
        let at = plane.wgs84_from_enu(west_m + east_m, south_m + north_m);
        [at.longitude_deg, at.latitude_deg]
    };
    RawShape::Areas(vec![RawPolygon {
        exterior: vec![
            corner(0.0, 0.0),
            corner(side_m, 0.0),
            corner(side_m, side_m),
            corner(0.0, side_m),
        ],
        holes: Vec::new(),
    }])
}

fn raw(path: &str, shape: RawShape, properties: &[(&str, &str)]) -> RawFeature {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RawFeature {
        path: path.to_owned(),
        shape,
        properties: properties.iter().map(text).collect::<BTreeMap<_, _>>(),
    }
}

fn build(
    kind: LayerKind,
    features: Vec<RawFeature>,
) -> Result<(FeatureLayer, Vec<FeatureRepair>), BuildError> {
    let record = record(kind, "layer", "1", None, None);
    let converter = record.reference.converter().unwrap();
    FeatureLayer::build(record, &converter, features)
}

#[test]
fn the_version_of_a_day_is_the_one_that_began_last() {
    let layer = |version: &str, from: Option<&str>, to: Option<&str>| FeatureLayer {
        record: record(LayerKind::LegalFree, "free", version, from, to),
        features: Vec::new(),
    };
    let layers = [
        layer("2025", Some("2025-01-01"), None),
        layer("2026", Some("2026-02-01"), Some("2026-12-31")),
        layer("2026b", Some("2026-02-01"), Some("2026-06-30")),
        layer("old", None, Some("2025-06-30")),
    ];
    let on = |day: &str| {
        let valid = valid_on(&layers, day.parse().unwrap());
        valid
            .iter()
            .map(|layer| layer.record.version.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(on("2024-12-31"), ["old"]);
    assert_eq!(on("2025-06-30"), ["2025"]);
    assert_eq!(on("2026-01-31"), ["2025"]);
    // Two that began the same day: the one brought in later, as long as it lasts.
    assert_eq!(on("2026-06-30"), ["2026b"]);
    assert_eq!(on("2026-07-01"), ["2026"]);
    assert_eq!(on("2027-01-01"), ["2025"]);
    let other = FeatureLayer {
        record: record(LayerKind::LegalFree, "another", "1", None, None),
        features: Vec::new(),
    };
    let both = [layers[0].clone(), other];
    assert_eq!(valid_on(&both, "2026-01-01".parse().unwrap()).len(), 2);
}

#[test]
fn kinds_are_read_by_name() {
    for kind in LayerKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(kind.name().to_uppercase().replace('-', "_").parse(), Ok(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
    let error = "no-such".parse::<LayerKind>().unwrap_err().to_string();
    assert!(error.contains("legal-free"), "{error}");
}

#[test]
fn features_keep_names_codes_and_what_was_repaired() {
    let mut turned = square(0.0, 0.0, 1000.0);
    if let RawShape::Areas(polygons) = &mut turned {
        polygons[0].exterior.reverse();
    }
    let towns = vec![
        raw("record 1", turned, &[("XZQMC", "甲镇"), ("XZQDM", "310115001")]),
        raw("record 2", square(1000.0, 0.0, 1000.0), &[("名称", "乙镇")]),
    ];
    let (layer, repairs) = build(LayerKind::Town, towns).unwrap();
    assert_eq!(layer.features[0].name.as_deref(), Some("甲镇"));
    assert_eq!(layer.features[0].code.as_deref(), Some("310115001"));
    let [FeatureRepair { path, name, repair }] = &repairs[..] else {
        panic!("{repairs:?}");
    };
    assert_eq!((path.as_str(), name.as_deref()), ("record 1", Some("甲镇")));
    assert!(matches!(repair, Repair::WindingReversed { .. }));
    let nameless = build(
        LayerKind::Town,
        vec![raw("record 1", square(0.0, 0.0, 10.0), &[("a", "b")])],
    );
    assert!(matches!(nameless, Err(BuildError::NoName { .. })));
    let point = raw("record 1", RawShape::Points(vec![[121.6, 31.2]]), &[]);
    let wrong = build(LayerKind::District, vec![point]).unwrap_err().to_string();
    assert_eq!(
        wrong,
        "record 1: a layer of kind district needs areas, this is a point"
    );
    assert_eq!(build(LayerKind::Shown, Vec::new()), Err(BuildError::Empty));
    let nowhere = raw(
        "record 7",
        RawShape::Lines(vec![vec![[121.6, 31.2], [121.6, 131.2]]]),
        &[],
    );
    let error = build(LayerKind::TargetCorridor, vec![nowhere])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("record 7, position 2:"), "{error}");
}

#[test]
fn overlaps_are_found_and_borders_are_none() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let features = vec![
        raw("1", square(0.0, 0.0, 1000.0), &[("name", "a")]),
        raw("2", square(1000.0, 0.0, 1000.0), &[("name", "b")]),
        raw("3", square(900.0, 900.0, 1000.0), &[("name", "c")]),
    ];
    let (layer, _) = build(LayerKind::Town, features).unwrap();
    let overlaps = layer.overlaps(&grid).unwrap();
    let pairs: Vec<_> = overlaps.iter().map(|overlap| overlap.features).collect();
    assert_eq!(pairs, [[1, 3], [2, 3]]);
    assert!((overlaps[0].area_m2 - 10_000.0).abs() < 1.0, "{overlaps:?}");
    assert!((layer.area_m2(&grid).unwrap() - 2_900_000.0).abs() < 5.0);
}

#[test]
fn a_difference_adds_up() {
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let ground = |shape| {
        build(LayerKind::Flyable, vec![raw("1", shape, &[])])
            .unwrap()
            .0
            .polygons()
    };
    let (old, new) = (
        ground(square(0.0, 0.0, 1000.0)),
        ground(square(500.0, 0.0, 1000.0)),
    );
    let found = difference(&old, &new, &grid).unwrap();
    let areas = found.areas;
    assert!(
        (areas.gained_m2 - 500_000.0).abs() < 1.0 && (areas.lost_m2 - 500_000.0).abs() < 1.0,
        "{areas:?}"
    );
    let balance = areas.first_m2 + areas.gained_m2 - areas.lost_m2 - areas.second_m2;
    assert!(balance.abs() < 0.1, "{balance}");
    let same = difference(&old, &old, &grid).unwrap();
    assert!(same.gained.is_empty() && same.lost.is_empty());
    let shared = shared_ground(&old, &new, &grid).unwrap();
    assert!((area_m2(&shared, &grid).unwrap() - 500_000.0).abs() < 1.0);
}
