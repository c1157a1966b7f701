//! `/siting`: sitings that were computed on this data folder, newest first, and each as GeoJSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::api::error::{ApiError, ErrorBody};
use crate::lang::Words;
use crate::siting::runs::{Runs, SitingRun};
use crate::workplace::Workplace;

/// Most runs in the list.
const MOST_RUNS: usize = 50;

/// The sitings of `flyonce siting`, newest first, at most 50: sites, value, proven bound, what more docks would add.
#[utoipa::path(get, path = "/api/v1/siting",
    responses((status = 200, body = Vec<SitingRun>)))]
pub async fn list(State(workplace): State<Workplace>) -> Result<Json<Vec<SitingRun>>, ApiError> {
    let runs = read(&workplace, |runs| runs.newest(MOST_RUNS)).await?;
    Ok(Json(runs))
}

/// One of them as GeoJSON on WGS-84: features of `kind` `site`, `next_site`, `reach` and `uncovered`; its figures are in
/// the member `siting`.
#[utoipa::path(get, path = "/api/v1/siting/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody)))]
pub async fn geojson(
    State(workplace): State<Workplace>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let asked = id.clone();
    let found = read(&workplace, move |runs| runs.geojson(&asked)).await?;
    let text = found.ok_or_else(|| {
        ApiError::not_found(Words::new(
            format!("没有选址 {id}"),
            format!("there is no siting {id}"),
        ))
    })?;
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], text).into_response())
}

/// Files are read beside the requests.
async fn read<T: Send + 'static>(
    workplace: &Workplace,
    work: impl FnOnce(&Runs) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let runs = Runs::of(workplace.store.folder());
    let done = tokio::task::spawn_blocking(move || work(&runs));
    Ok(done.await.map_err(ApiError::internal)??)
}
