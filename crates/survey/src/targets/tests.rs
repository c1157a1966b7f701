//! Targets are read with their class, weight and interval, measured and cut into pieces.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::geodesy::{Datum, LocalTangent};
use crate::layers::{LayerRecord, Validity, area_m2};
use crate::reference::Reference;

const CENTRE: Wgs84 = Wgs84 {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};

fn layer(kind: LayerKind, shape: Shape, properties: &[(&str, &str)]) -> FeatureLayer {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    FeatureLayer {
        record: LayerRecord {
            kind,
            name: "targets".to_owned(),
            version: "3".to_owned(),
            validity: Validity::default(),
            source: String::new(),
            document: None,
            reference: Reference::Geographic(Datum::Wgs84),
        },
        features: vec![LayerFeature {
            name: None,
            code: None,
            shape,
            properties: properties.iter().map(text).collect::<BTreeMap<_, _>>(),
        }],
    }
}

fn line(length_m: f64) -> Shape {
    Shape::Lines(vec![vec![
        CENTRE,
        LocalTangent::at(CENTRE).wgs84_from_enu(length_m, 0.0),
    ]])
}

#[test]
fn what_is_stated_is_read_and_the_rest_is_usual() {
    let properties = [
        ("等级", "重点"),
        ("权重", "2.5"),
        ("周期天", "7"),
        ("reach_m", "50"),
    ];
    let target = targets_of(&layer(LayerKind::TargetCorridor, line(1000.0), &properties))
        .unwrap()
        .remove(0);
    assert_eq!((target.class.as_str(), target.weight), ("重点", 2.5));
    assert_eq!((target.wished_interval_days, target.reach_m), (Some(7.0), 50.0));
    assert_eq!(target.name, "targets 1");
    assert_eq!(target.layer.to_string(), "targets (target-corridor 3)");
    assert!((target.length_m() - 1000.0).abs() < 0.01);
    let grid = WorkingGrid::centred(CENTRE).unwrap();
    let ground = area_m2(&target.ground(&grid).unwrap(), &grid).unwrap();
    assert!(
        (ground / (1e5 + std::f64::consts::PI * 2500.0) - 1.0).abs() < 0.01,
        "{ground}"
    );
    let plain = targets_of(&layer(LayerKind::TargetPoint, Shape::Points(vec![CENTRE]), &[]))
        .unwrap()
        .remove(0);
    assert_eq!(
        (plain.class.as_str(), plain.weight, plain.wished_interval_days),
        ("一般", 1.0, None)
    );
    assert!(plain.ground(&grid).unwrap().is_empty());
}

#[test]
fn shapes_and_numbers_that_cannot_be_meant_are_refused() {
    let point = || Shape::Points(vec![CENTRE]);
    for (kind, shape, properties) in [
        (LayerKind::TargetCorridor, point(), &[][..]),
        (LayerKind::TargetPoint, line(10.0), &[][..]),
        (LayerKind::TargetArea, line(10.0), &[][..]),
        (LayerKind::TargetSite, point(), &[][..]),
        (LayerKind::TargetPoint, point(), &[("weight", "-1")][..]),
        (
            LayerKind::TargetPoint,
            point(),
            &[("interval_days", "weekly")][..],
        ),
    ] {
        assert!(
            targets_of(&layer(kind, shape, properties)).is_err(),
            "{kind} {properties:?}"
        );
    }
    assert!(targets_of(&layer(LayerKind::TargetSite, point(), &[("reach_m", "80")])).is_ok());
}

proptest! {
    #[test]
    fn pieces_add_up_to_the_line(length_m in 1.0..20_000.0_f64, step_m in 1.0..500.0_f64) {
        let target = targets_of(&layer(LayerKind::TargetCorridor, line(length_m), &[])).unwrap().remove(0);
        let pieces = target.pieces(step_m);
        let sum: f64 = pieces.iter().map(|(_, length)| length).sum();
        prop_assert!((sum - target.length_m()).abs() < 1e-6 * length_m);
        prop_assert!(pieces.iter().all(|(_, length)| *length <= step_m + 1e-9));
    }
}
