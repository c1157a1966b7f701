//! `/layers`: the polygons of the configuration, for the map.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde::Serialize;
use serde_json::{Map, Value, json};
use survey::area::Polygon;
use survey::geodesy::Wgs84;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::Fixed;
use crate::config::settings::LayerRole;
use crate::lang::Words;

/// One layer.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayerEntry {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// `flyable` or `shown`.
    pub role: String,
}

/// Layers of the configuration.
#[utoipa::path(get, path = "/api/v1/layers", responses((status = 200, body = Vec<LayerEntry>)))]
pub async fn list(State(fixed): State<Arc<Fixed>>) -> Json<Vec<LayerEntry>> {
    let entry = |loaded: &crate::config::layers::LoadedLayer| LayerEntry {
        name: loaded.layer.name.clone(),
        version: loaded.layer.version.clone(),
        role: match loaded.role {
            LayerRole::Flyable => "flyable".to_owned(),
            LayerRole::Shown => "shown".to_owned(),
        },
    };
    Json(fixed.layers.iter().map(entry).collect())
}

/// One layer as GeoJSON on WGS-84.
#[utoipa::path(get, path = "/api/v1/layers/{name}.geojson", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody)))]
pub async fn geojson(
    State(fixed): State<Arc<Fixed>>,
    Path(file): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let name = file.strip_suffix(".geojson").unwrap_or(&file);
    let loaded = fixed.layers.iter().find(|loaded| loaded.layer.name == name);
    let loaded = loaded.ok_or_else(|| {
        ApiError::not_found(Words::new(
            format!("没有图层 {name}"),
            format!("there is no layer {name}"),
        ))
    })?;
    let feature = |polygon: &Polygon| Feature {
        id: None,
        geometry: Some(Geometry::Polygon(rings(polygon))),
        properties: Map::from_iter([("layer".to_owned(), json!(loaded.layer.name))]),
    };
    let features = loaded.layer.polygons.iter().map(feature).collect();
    let members = Map::from_iter([("version".to_owned(), json!(loaded.layer.version))]);
    let collection = FeatureCollection { features, members };
    Ok(Json(collection.to_json().map_err(ApiError::internal)?))
}

fn rings(polygon: &Polygon) -> Vec<Vec<[f64; 2]>> {
    let ring = |points: &Vec<Wgs84>| {
        points
            .iter()
            .map(|point| [point.longitude_deg, point.latitude_deg])
            .collect()
    };
    std::iter::once(&polygon.exterior)
        .chain(&polygon.holes)
        .map(ring)
        .collect()
}
