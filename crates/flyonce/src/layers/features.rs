//! A layer as GeoJSON on WGS-84, with everything its features carry.

use formats::geojson::{Feature, FeatureCollection, GeoJsonError, Geometry};
use serde_json::{Map, Value, json};
use survey::airspace::FlyableArea;
use survey::area::Polygon;
use survey::layers::{FeatureLayer, LayerFeature, LayerRecord, Shape};
use survey::time::CivilDay;

use crate::layers::compare::{place, rings};

/// The whole layer; who it is stands in members of the collection.
///
/// # Errors
/// A shape that cannot be written.
pub fn layer_geojson(layer: &FeatureLayer) -> Result<Value, GeoJsonError> {
    let features = layer
        .features
        .iter()
        .flat_map(|feature| written(feature, &layer.record))
        .collect();
    FeatureCollection {
        features,
        members: members(&layer.record),
    }
    .to_json()
}

/// Polygons of a computed area.
///
/// # Errors
/// A shape that cannot be written.
pub fn ground_geojson(polygons: &[Polygon], members: Map<String, Value>) -> Result<Value, GeoJsonError> {
    let feature = |polygon: &Polygon| Feature {
        geometry: Some(Geometry::Polygon(rings(polygon))),
        ..Feature::default()
    };
    FeatureCollection {
        features: polygons.iter().map(feature).collect(),
        members,
    }
    .to_json()
}

/// What stands beside the polygons of a computed flyable area.
pub fn flyable_members(area: &FlyableArea, on: CivilDay) -> Map<String, Value> {
    let members = json!({
        "name": "flyable", "datum": "WGS-84", "on": on.to_string(), "rests_on": area.rests_on, "missing": area.missing,
        "version": area.rests_on.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "),
    });
    members.as_object().cloned().unwrap_or_default()
}

fn members(record: &LayerRecord) -> Map<String, Value> {
    let day = |day: Option<CivilDay>| day.map(|day| day.to_string());
    let members = json!({
        "name": record.name, "datum": "WGS-84", "kind": record.kind, "version": record.version,
        "valid_from": day(record.validity.from), "valid_to": day(record.validity.to),
        "source": record.source, "document": record.document,
    });
    members.as_object().cloned().unwrap_or_default()
}

/// A feature of several points or lines becomes one each; areas stay together.
fn written(feature: &LayerFeature, record: &LayerRecord) -> Vec<Feature> {
    let mut properties: Map<String, Value> = feature
        .properties
        .iter()
        .map(|(name, text)| (name.clone(), json!(text)))
        .collect();
    let mut put = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            properties.insert(name.to_owned(), json!(value));
        }
    };
    put("name", &feature.name);
    put("code", &feature.code);
    properties.insert("layer".to_owned(), json!(record.name));
    let geometries: Vec<Geometry> = match &feature.shape {
        Shape::Points(points) => points.iter().map(|point| Geometry::Point(place(point))).collect(),
        Shape::Lines(lines) => {
            let line = |line: &Vec<_>| Geometry::LineString(line.iter().map(place).collect());
            lines.iter().map(line).collect()
        }
        Shape::Areas(polygons) => match polygons.as_slice() {
            [one] => vec![Geometry::Polygon(rings(one))],
            many => vec![Geometry::MultiPolygon(many.iter().map(rings).collect())],
        },
    };
    let feature = |geometry| Feature {
        id: None,
        geometry: Some(geometry),
        properties: properties.clone(),
    };
    geometries.into_iter().map(feature).collect()
}
