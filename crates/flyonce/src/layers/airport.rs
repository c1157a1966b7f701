//! Surfaces round an airport as a layer of height limits.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;
use survey::airspace::{HeightLimit, Surface};
use survey::geodesy::Datum;
use survey::layers::properties::{MAX_AGL_M, MAX_AMSL_M};
use survey::layers::{FeatureLayer, LayerFeature, LayerRecord, Shape};
use survey::reference::Reference;

use crate::layers::building::{Built, Measured, Statement};
use crate::layers::features::layer_geojson;
use crate::layers::reading::Originals;

/// The layer of the surfaces, and the GeoJSON that stands for its original file.
///
/// # Errors
/// A shape that cannot be written.
pub fn height_layer(surfaces: &[Surface], statement: &Statement) -> Result<(Built, Originals)> {
    let name = statement.name.clone().unwrap_or_else(|| "airport".to_owned());
    let record = LayerRecord {
        kind: statement.kind,
        name: name.clone(),
        version: statement.version.clone(),
        validity: statement.validity,
        source: statement.source.clone(),
        document: statement.document.clone(),
        reference: Reference::Geographic(Datum::Wgs84),
    };
    // A band that other surfaces swallow has no ground.
    let with_ground = surfaces.iter().filter(|surface| !surface.polygons.is_empty());
    let layer = FeatureLayer {
        record,
        features: with_ground.map(feature).collect(),
    };
    let text = serde_json::to_vec(&json!(layer_geojson(&layer)?))?;
    let built = Built {
        measured: Measured::of(&layer)?,
        layer,
        repairs: Vec::new(),
        notes: Vec::new(),
        ignored: Vec::new(),
    };
    Ok((built, vec![(format!("{name}.geojson"), text)]))
}

fn feature(surface: &Surface) -> LayerFeature {
    let (field, height_m) = match surface.limit {
        HeightLimit::Closed => (MAX_AGL_M, 0.0),
        HeightLimit::AboveGround(limit) => (MAX_AGL_M, limit.0),
        HeightLimit::AboveSea(limit) => (MAX_AMSL_M, limit.0),
    };
    LayerFeature {
        name: Some(surface.name.clone()),
        code: None,
        shape: Shape::Areas(surface.polygons.clone()),
        properties: BTreeMap::from([(field.name().to_owned(), height_m.to_string())]),
    }
}
