//! `/photos`: the list, footprints for the map, detections of one photo.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::Value;
use store::ground::FootprintQuery;
use utoipa::IntoParams;

use crate::answers::photos::{PhotoAnswer, PhotoDetections, PhotoList, footprints_geojson};
use crate::api::error::{ApiError, ErrorBody};
use crate::workplace::Workplace;

/// Page of a photo list.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PhotoQuery {
    /// At most so many, 1 to 500.
    pub limit: Option<u32>,
    /// The photo after which the page begins.
    pub after: Option<String>,
}

/// Photos, newest first.
#[utoipa::path(get, path = "/api/v1/photos", params(PhotoQuery), responses((status = 200, body = PhotoList)))]
pub async fn list(
    State(workplace): State<Workplace>,
    Query(query): Query<PhotoQuery>,
) -> Result<Json<PhotoList>, ApiError> {
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let rows = workplace.store.list_photos(limit, query.after.as_deref()).await?;
    let full_page = rows.len() as u64 == u64::from(limit);
    Ok(Json(PhotoList {
        next: rows.last().filter(|_| full_page).map(|row| row.photo_id.clone()),
        photos: rows.iter().map(PhotoAnswer::of).collect(),
        total: workplace.store.counts().await?.photos,
    }))
}

/// The ground each photo shows, as GeoJSON polygons.
#[utoipa::path(get, path = "/api/v1/photos/footprints", responses((status = 200, body = Object)))]
pub async fn footprints(State(workplace): State<Workplace>) -> Result<Json<Value>, ApiError> {
    let rows = workplace.store.footprints(&FootprintQuery::default()).await?;
    Ok(Json(footprints_geojson(&rows)?))
}

/// What was seen in one photo.
#[utoipa::path(get, path = "/api/v1/photos/{photo_id}/detections",
    params(("photo_id" = String, Path, description = "Photo id, its slash written as %2F")),
    responses((status = 200, body = PhotoDetections), (status = 404, body = ErrorBody)))]
pub async fn detections(
    State(workplace): State<Workplace>,
    Path(photo_id): Path<String>,
) -> Result<Json<PhotoDetections>, ApiError> {
    let photo = workplace.store.photo(&photo_id).await?;
    Ok(Json(PhotoDetections::of(
        &workplace.store.detections_of_photo(&photo.photo_id).await?,
    )))
}
