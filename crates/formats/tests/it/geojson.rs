//! GeoJSON in and out.

use fixtures::layers;
use formats::features::{Declared, FeatureFile, FileArea, FileGeometry, IgnoredKind, Note};
use formats::geojson::{Feature, FeatureCollection, GeoJsonError, Geometry, read_bytes, read_features};
use proptest::prelude::*;
use serde_json::json;

const CENTRE: [f64; 2] = [121.5, 31.2];

fn areas(file: &FeatureFile) -> Vec<&FileArea> {
    file.areas().collect()
}

fn named(declared: Option<Declared>) -> Option<String> {
    declared.map(|declared| match declared {
        Declared::Named(name) => name,
        Declared::TransverseMercator(projection) => panic!("{projection:?}"),
    })
}

fn error(text: &str) -> String {
    read_features(text).unwrap_err().to_string()
}

#[test]
fn a_layer_is_read_with_name_datum_and_path() {
    let file = read_features(&layers::square_km2(CENTRE, 4.0)).unwrap();
    assert_eq!(
        (file.name.as_deref(), file.declared.clone()),
        (Some("square"), Some(Declared::Named("WGS-84".to_owned())))
    );
    let [square] = areas(&file)[..] else {
        panic!("{file:?}")
    };
    assert_eq!(file.features[0].path, "features[0].geometry");
    assert_eq!(file.features[0].properties["name"], "square");
    assert_eq!((square.exterior.len(), square.holes.len()), (4, 0));
    // 2 km along the meridian at 31.2° N: one degree is 110.87 km (Helmert).
    let height_deg = square.exterior[2][1] - square.exterior[0][1];
    assert!((height_deg * 110.87 - 2.0).abs() < 0.001, "{height_deg}");

    let silent = read_features(&layers::without_datum(CENTRE, 4.0)).unwrap();
    assert_eq!((silent.declared, silent.features), (None, file.features));
    let crossing = read_features(&layers::self_crossing(CENTRE, 4.0)).unwrap();
    assert_eq!(areas(&crossing)[0].exterior.len(), 4);
}

#[test]
fn every_shape_that_holds_areas_is_read() {
    let ring = json!([[0, 0], [1, 0], [1, 1, 5.5], [0, 0]]);
    let polygon = json!({"type": "Polygon", "coordinates": [ring, ring]});
    let multi = json!({"type": "MultiPolygon", "coordinates": [[ring], [ring]]});
    let point = json!({"type": "Point", "coordinates": [0, 0]});
    let collection = json!({"type": "GeometryCollection", "geometries": [polygon, multi, point]});
    let feature = json!({"type": "Feature", "properties": null, "geometry": collection});
    let root = json!({"type": "FeatureCollection", "features": [
        feature, {"type": "Feature", "properties": {"name": "康桥"}, "geometry": multi},
        {"type": "Feature", "properties": {}, "geometry": null}]});
    let file = read_features(&format!("\u{feff}{root}")).unwrap();
    let paths: Vec<&str> = file
        .features
        .iter()
        .map(|feature| feature.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "features[0].geometry.geometries[0]",
            "features[0].geometry.geometries[1]",
            "features[0].geometry.geometries[2]",
            "features[1].geometry"
        ]
    );
    assert_eq!((areas(&file).len(), areas(&file)[0].holes.len()), (5, 1));
    assert_eq!(file.features[2].geometry, FileGeometry::Points(vec![[0.0, 0.0]]));
    assert_eq!(file.features[3].properties["name"], "康桥");
    let ignored: Vec<&IgnoredKind> = file.ignored.iter().map(|ignored| &ignored.kind).collect();
    assert_eq!(ignored, [&IgnoredKind::NoGeometry]);
    assert_eq!(areas(&read_features(&polygon.to_string()).unwrap()).len(), 1);
    let parts = read_features(&multi.to_string()).unwrap();
    assert_eq!((parts.features.len(), areas(&parts).len()), (1, 2));
    let line = json!({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3, 9]]]});
    let FileGeometry::Lines(lines) = &read_features(&line.to_string()).unwrap().features[0].geometry else {
        panic!("{line}");
    };
    assert_eq!(lines[1], [[2.0, 2.0], [3.0, 3.0]]);
}

#[test]
fn datums_are_read_from_both_members_and_contradictions_refused() {
    let file =
        |members: &str| format!(r#"{{"type":"Polygon",{members}"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}"#);
    let crs = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
    let declared = |members: &str| read_features(&file(members)).map(|file| named(file.declared));
    assert_eq!(
        declared(&crs("urn:ogc:def:crs:OGC:1.3:CRS84"))
            .unwrap()
            .as_deref(),
        Some("WGS-84")
    );
    assert_eq!(declared(&crs("EPSG:4490")).unwrap().as_deref(), Some("CGCS2000"));
    assert_eq!(
        declared(r#""datum":"gcj-02","#).unwrap().as_deref(),
        Some("GCJ-02")
    );
    assert_eq!(declared(r#""crs":null,"#).unwrap(), None);
    let both = format!(r#""datum":"GCJ-02",{}"#, crs("OGC:CRS84"));
    assert!(matches!(
        declared(&both),
        Err(GeoJsonError::DatumsDisagree { .. })
    ));
    assert_eq!(declared(&crs("EPSG:4549")).unwrap().as_deref(), Some("EPSG:4549"));
    let unknown = declared(&crs("BD-09")).unwrap_err().to_string();
    assert!(unknown.starts_with(r#"crs: "BD-09" is not a datum"#), "{unknown}");
    assert!(
        declared(r#""datum":84,"#)
            .unwrap_err()
            .to_string()
            .starts_with("datum: expected")
    );
    assert!(declared(r#""crs":{"type":"link"},"#).is_err());
}

#[test]
fn faults_are_told_with_line_or_path() {
    assert_eq!(
        error("{\n \"type\": \"Polygon\",\n oops }"),
        "line 3, column 2: not valid JSON (key must be a string)"
    );
    assert!(error("").starts_with("line 1, column 0"), "{}", error(""));
    assert_eq!(error("[]"), "top level: expected an object, found a list");
    assert_eq!(
        error(r#"{"type":"Circle"}"#),
        "type: expected a GeoJSON type, found Circle"
    );
    assert_eq!(error("{}"), "type: expected a GeoJSON type, found nothing");
    assert_eq!(
        error(
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon"}}]}"#
        ),
        "features[0].geometry.coordinates: expected a list, found nothing"
    );
    let ring = |ring: &str| error(&format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#));
    assert_eq!(
        ring("[[0,0],[1,0],[1,\"x\"],[0,0]]"),
        "coordinates[0][2]: expected a coordinate as a number, found text"
    );
    assert!(ring("[[0,0],[1,0],[0,0]]").contains("found 3"));
    assert!(ring("[[0,0],[1,0]]").contains("found 2"));
    assert!(ring("[[0,0],[NaN,0],[0,1],[0,0]]").contains("NaN and Infinity are no numbers"));
    assert!(ring("[[0,0],[1,-Infinity],[0,1],[0,0]]").contains("NaN and Infinity are no numbers"));
    assert!(
        error(r#"{"type":"Polygon","coordinates":[[[0,0],[1"#)
            .contains("the text breaks off; was the file copied whole?")
    );
    assert_eq!(
        error(r#"{"type":"LineString","coordinates":[[0,0]]}"#),
        "coordinates: a line needs at least 2 positions, found 1"
    );
    assert_eq!(
        error(r#"{"type":"FeatureCollection","features":[]}"#),
        GeoJsonError::NoFeature.to_string()
    );
    assert_eq!(
        error(r#"{"type":"Polygon","coordinates":[]}"#),
        GeoJsonError::NoFeature.to_string()
    );
}

#[test]
fn what_was_decided_is_told_once() {
    let file = read_features(
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0,5],[1,0,5],[1,1,5]]],[[[2,2],[3,2],[3,3,0],[2,2]],[[4,4],[5,4],[5,5]]]]}"#,
    )
    .unwrap();
    assert_eq!(areas(&file)[0].exterior, [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
    assert_eq!(
        file.notes,
        [
            Note::RingsClosed {
                count: 2,
                first: "coordinates[0][0]".to_owned()
            },
            Note::HeightsDropped { count: 3 },
        ]
    );
}

#[test]
fn an_object_a_line_is_read_line_by_line() {
    let point = |x: u32| {
        format!(
            r#"{{"type":"Feature","id":{x},"properties":{{"n":"甲"}},"geometry":{{"type":"Point","coordinates":[{x},2]}}}}"#
        )
    };
    let (one, two) = (point(1), point(2));
    for text in [
        format!("{one}\n{two}"),
        format!("\u{feff}{one}\r\n\r\n{two}\r\n"),
        format!("\u{1e}{one}\n\u{1e}{two}\n"),
    ] {
        let file = read_features(&text).unwrap();
        assert_eq!(file.features.len(), 2, "{text}");
        assert_eq!(file.features[1].properties["id"], "2");
        assert_eq!(file.notes, [Note::LineDelimited { objects: 2 }]);
    }
    assert_eq!(
        error(&format!("{one}\n{two}\n{{\"type\":")),
        "line 3, column 8: not valid JSON (the text breaks off; was the file copied whole?)"
    );
    assert!(
        error(&format!("{one}\n{{\"type\":\"Circle\"}}")).starts_with("line 2.type: expected a GeoJSON type")
    );
}

#[test]
fn texts_in_other_encodings_are_read_and_told() {
    let text =
        r#"{"type":"Feature","properties":{"name":"花木"},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    let (head, tail) = text.split_once("花木").unwrap();
    let gbk = [head.as_bytes(), &[0xBB, 0xA8, 0xC4, 0xBE], tail.as_bytes()].concat();
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, notes) in [
        (text.as_bytes().to_vec(), vec![]),
        (utf16, vec![]),
        (gbk, vec![Note::GuessedEncoding("gb18030")]),
    ] {
        let file = read_bytes(&bytes).unwrap();
        assert_eq!(file.features[0].properties["name"], "花木");
        assert_eq!(file.notes, notes);
    }
    assert_eq!(read_bytes(&[b'{', 0xFF, 0xFF]), Err(GeoJsonError::NoText));
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = r#"{"type":"GeometryCollection","geometries":["#.repeat(100_000);
    assert!(error(&deep).contains("recursion limit"), "{}", error(&deep));
}

#[test]
fn a_collection_is_written_as_the_standard_asks() {
    let clockwise_open = vec![[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.123_456_789]];
    let hole = vec![[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]];
    let mut collection = FeatureCollection::default();
    collection.members.insert("datum".to_owned(), json!("WGS-84"));
    collection.members.insert("type".to_owned(), json!("overwritten"));
    collection.features.push(Feature {
        id: Some("a".to_owned()),
        geometry: Some(Geometry::Polygon(vec![clockwise_open, hole])),
        properties: json!({"n": 1}).as_object().unwrap().clone(),
    });
    collection.features.push(Feature::default());
    collection.features.push(Feature {
        geometry: Some(Geometry::Point([-1.0, 2.0])),
        ..Feature::default()
    });
    let written = collection.to_json().unwrap();
    assert_eq!(
        written,
        json!({"type": "FeatureCollection", "datum": "WGS-84", "bbox": [-1.0, 0.0, 1.0, 2.0], "features": [
            {"type": "Feature", "id": "a", "properties": {"n": 1}, "geometry": {"type": "Polygon", "coordinates": [
                [[1.0, 0.1234568], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.1234568]],
                [[0.4, 0.4], [0.4, 0.2], [0.2, 0.2], [0.4, 0.4]]]}},
            {"type": "Feature", "properties": {}, "geometry": null},
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [-1.0, 2.0]}}]})
    );
    let empty = FeatureCollection::default().to_json().unwrap();
    assert_eq!(empty, json!({"type": "FeatureCollection", "features": []}));
}

#[test]
fn what_is_no_place_is_not_written() {
    let write = |geometry| {
        let feature = Feature {
            geometry: Some(geometry),
            ..Feature::default()
        };
        FeatureCollection {
            features: vec![feature],
            ..FeatureCollection::default()
        }
        .to_json()
    };
    let nowhere = write(Geometry::Point([f64::NAN, 0.0])).unwrap_err().to_string();
    assert!(
        nowhere.starts_with("features[0].geometry.coordinates: longitude NaN"),
        "{nowhere}"
    );
    assert!(write(Geometry::LineString(vec![[0.0, 0.0]])).is_err());
    assert!(
        write(Geometry::MultiPolygon(vec![vec![vec![
            [0.0, 0.0],
            [1.0, 0.0],
            [0.0, 0.0]
        ]]]))
        .is_err()
    );
}

fn json_like() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<f64>().prop_map(|number| json!(number)),
        (-200.0..200.0_f64).prop_map(|number| json!(number)),
        prop_oneof![
            Just("Polygon"),
            Just("Feature"),
            Just("MultiPolygon"),
            Just("FeatureCollection"),
            Just("WGS-84")
        ]
        .prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 80, 6, |inner| {
        let key = prop_oneof![
            Just("type"),
            Just("coordinates"),
            Just("features"),
            Just("geometry"),
            Just("geometries"),
            Just("properties"),
            Just("datum"),
            Just("crs"),
            Just("name")
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|list| json!(list)),
            proptest::collection::btree_map(key, inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn random_text_and_json_never_panic(text in "\\PC{0,200}", value in json_like()) {
        let _ = read_features(&text);
        let _ = read_features(&value.to_string());
    }

    #[test]
    fn a_ring_written_is_the_ring_read(
        centre in (-170.0..170.0_f64, -80.0..80.0_f64),
        radii in proptest::collection::vec(0.001..5.0_f64, 3..40),
        clockwise: bool,
    ) {
        let step = std::f64::consts::TAU / radii.len() as f64;
        let mut ring: Vec<[f64; 2]> = radii.iter().enumerate().map(|(i, radius)| {
            let (sin, cos) = (i as f64 * step).sin_cos();
            [centre.0 + radius * cos, centre.1 + radius * sin]
        }).collect();
        if clockwise {
            ring.reverse();
        }
        let feature = Feature { geometry: Some(Geometry::Polygon(vec![ring.clone()])), ..Feature::default() };
        let written = FeatureCollection { features: vec![feature], ..FeatureCollection::default() };
        let file = read_features(&written.to_json().unwrap().to_string()).unwrap();
        let read = &areas(&file)[0].exterior;
        prop_assert_eq!(read.len(), ring.len());
        if clockwise {
            ring.reverse();
        }
        for (read, put) in read.iter().zip(&ring) {
            prop_assert!((read[0] - put[0]).abs() <= 5.1e-8 && (read[1] - put[1]).abs() <= 5.1e-8);
        }
    }
}
