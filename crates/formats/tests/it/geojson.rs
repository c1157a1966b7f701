//! GeoJSON in and out.

use fixtures::layers;
use formats::geojson::{Feature, FeatureCollection, GeoJsonError, Geometry, read_polygons};
use proptest::prelude::*;
use serde_json::json;

const CENTRE: [f64; 2] = [121.5, 31.2];

fn error(text: &str) -> String {
    read_polygons(text).unwrap_err().to_string()
}

#[test]
fn a_layer_is_read_with_name_datum_and_path() {
    let file = read_polygons(&layers::square_km2(CENTRE, 4.0)).unwrap();
    assert_eq!(
        (file.name.as_deref(), file.declared_datum.as_deref()),
        (Some("square"), Some("WGS-84"))
    );
    let [square] = file.polygons.as_slice() else {
        panic!("{file:?}")
    };
    assert_eq!(square.path, "features[0].geometry");
    assert_eq!((square.exterior.len(), square.holes.len()), (4, 0));
    // 2 km along the meridian at 31.2° N: one degree is 110.87 km (Helmert).
    let height_deg = square.exterior[2][1] - square.exterior[0][1];
    assert!((height_deg * 110.87 - 2.0).abs() < 0.001, "{height_deg}");

    let silent = read_polygons(&layers::without_datum(CENTRE, 4.0)).unwrap();
    assert_eq!((silent.declared_datum, silent.polygons), (None, file.polygons));
    assert_eq!(
        read_polygons(&layers::self_crossing(CENTRE, 4.0))
            .unwrap()
            .polygons[0]
            .exterior
            .len(),
        4
    );
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
    let file = read_polygons(&format!("\u{feff}{root}")).unwrap();
    let paths: Vec<&str> = file
        .polygons
        .iter()
        .map(|polygon| polygon.path.as_str())
        .collect();
    assert_eq!(
        paths[..2],
        [
            "features[0].geometry.geometries[0]",
            "features[0].geometry.geometries[1]"
        ]
    );
    assert_eq!((paths.len(), file.polygons[0].holes.len()), (5, 1));
    assert_eq!(file.polygons[4].name.as_deref(), Some("康桥"));
    let ignored: Vec<&str> = file.ignored.iter().map(|ignored| ignored.kind.as_str()).collect();
    assert_eq!(ignored, ["Point", "null"]);
    assert_eq!(read_polygons(&polygon.to_string()).unwrap().polygons.len(), 1);
    assert_eq!(read_polygons(&multi.to_string()).unwrap().polygons.len(), 2);
}

#[test]
fn datums_are_read_from_both_members_and_contradictions_refused() {
    let file =
        |members: &str| format!(r#"{{"type":"Polygon",{members}"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}"#);
    let crs = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
    let declared = |members: &str| read_polygons(&file(members)).map(|file| file.declared_datum);
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
    let unknown = declared(&crs("EPSG:4549")).unwrap_err().to_string();
    assert!(
        unknown.starts_with(r#"crs: "EPSG:4549" is not a datum"#),
        "{unknown}"
    );
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
        "coordinates[0][2]: expected degrees as a number, found text"
    );
    assert_eq!(
        ring("[[0,0],[1,0],[1,1],[0,1]]"),
        "coordinates[0]: the ring is not closed, its last position must repeat the first"
    );
    assert!(ring("[[0,0],[1,0],[0,0]]").contains("found 3"));
    assert!(ring("[[31.2,121.5],[31,121],[31,121],[31.2,121.5]]").ends_with("look swapped"));
    assert!(ring("[[351000,3456000],[0,0],[1,1],[351000,3456000]]").contains("metres of a projected system"));
    assert_eq!(
        error(r#"{"type":"FeatureCollection","features":[]}"#),
        GeoJsonError::NoPolygon.to_string()
    );
    assert_eq!(
        error(r#"{"type":"Polygon","coordinates":[]}"#),
        GeoJsonError::NoPolygon.to_string()
    );
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
        let _ = read_polygons(&text);
        let _ = read_polygons(&value.to_string());
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
        let file = read_polygons(&written.to_json().unwrap().to_string()).unwrap();
        let read = &file.polygons[0].exterior;
        prop_assert_eq!(read.len(), ring.len());
        if clockwise {
            ring.reverse();
        }
        for (read, put) in read.iter().zip(&ring) {
            prop_assert!((read[0] - put[0]).abs() <= 5.1e-8 && (read[1] - put[1]).abs() <= 5.1e-8);
        }
    }
}
