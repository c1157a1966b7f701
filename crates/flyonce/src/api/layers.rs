//! `/layers`: every layer and version, and each as GeoJSON for the map.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::Value;
use survey::time::CivilDay;
use utoipa::IntoParams;

use crate::answers::layers::{FLYABLE, LayerEntry, computed_flyable, entries, find};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::Fixed;
use crate::clock;
use crate::lang::Words;
use crate::layers::LayerBook;
use crate::layers::features::{flyable_members, ground_geojson, layer_geojson};
use crate::layers::words::Refused;
use crate::workplace::Workplace;

/// The day that is asked about.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LayerFilter {
    /// Civil day, yyyy-mm-dd; today where it is left out.
    pub on: Option<String>,
}

impl LayerFilter {
    fn day(&self, workplace: &Workplace) -> Result<CivilDay, ApiError> {
        let Some(text) = &self.on else {
            return Ok(workplace.zone.civil_day(clock::now()));
        };
        text.parse().map_err(|error| {
            ApiError::bad_request(Words::new(
                format!("{text} 不是日期,例如 2026-11-23"),
                format!("{text}: {error}"),
            ))
        })
    }
}

/// Layers of the configuration and of the data folder, with the flyable area of the day where that is made of parts.
#[utoipa::path(get, path = "/api/v1/layers", params(LayerFilter),
    responses((status = 200, body = Vec<LayerEntry>), (status = 400, body = ErrorBody)))]
pub async fn list(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Query(filter): Query<LayerFilter>,
) -> Result<Json<Vec<LayerEntry>>, ApiError> {
    let on = filter.day(&workplace)?;
    with_book(&fixed, move |book| {
        Ok(Json(entries(book, on).map_err(ApiError::internal)?))
    })
    .await
}

/// One layer as GeoJSON on WGS-84: by id, name, or `name@version`; of a name the version that counts on the day.
#[utoipa::path(get, path = "/api/v1/layers/{name}.geojson", params(("name" = String, Path), LayerFilter),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody)))]
pub async fn geojson(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path(file): Path<String>,
    Query(filter): Query<LayerFilter>,
) -> Result<Json<Value>, ApiError> {
    let on = filter.day(&workplace)?;
    with_book(&fixed, move |book| {
        let name = file.strip_suffix(".geojson").unwrap_or(&file);
        if name == FLYABLE
            && let Some(area) = computed_flyable(book, on).map_err(ApiError::internal)?
        {
            let members = flyable_members(&area, on);
            return Ok(Json(
                ground_geojson(&area.polygons, members).map_err(ApiError::internal)?,
            ));
        }
        let (layer, _) = find(book, name, on).map_err(|error| {
            let words = error.downcast_ref::<Refused>().map(|refused| refused.0.clone());
            ApiError::not_found(words.unwrap_or_else(|| Words::new(error.to_string(), error.to_string())))
        })?;
        Ok(Json(layer_geojson(layer).map_err(ApiError::internal)?))
    })
    .await
}

/// Reading and measuring layers is arithmetic for up to seconds: other requests go on meanwhile.
async fn with_book<T: Send + 'static>(
    fixed: &Arc<Fixed>,
    work: impl FnOnce(&LayerBook) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let fixed = Arc::clone(fixed);
    let done = tokio::task::spawn_blocking(move || {
        let book = fixed.layer_desk.book().map_err(ApiError::internal)?;
        work(&book)
    });
    done.await.map_err(ApiError::internal)?
}
