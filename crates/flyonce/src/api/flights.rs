//! `/flights`: the list, one flight with its story, and where it went as GeoJSON, KML and telemetry log.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use store::flights::FlightFilter;
use utoipa::IntoParams;

use crate::answers::flights::{FlightDetail, FlightList};
use crate::answers::track::tracks_geojson;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::fleet::MaybeFleet;
use crate::flight_log::{flight_detail, flown_track, tlog_path, todays_tracks};
use crate::lang::Words;
use crate::workplace::Workplace;

/// Filter and page of a flight list.
#[derive(Debug, Deserialize, IntoParams)]
pub struct FlightQuery {
    /// At most so many, 1 to 500.
    pub limit: Option<u32>,
    /// The flight after which the page begins.
    pub after: Option<String>,
    /// Only from this dock.
    pub dock: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
}

/// Flights, newest first.
#[utoipa::path(get, path = "/api/v1/flights", params(FlightQuery),
    responses((status = 200, body = FlightList), (status = 400, body = ErrorBody)))]
pub async fn list(
    State(workplace): State<Workplace>,
    Query(query): Query<FlightQuery>,
) -> Result<Json<FlightList>, ApiError> {
    let state = query.state.as_deref().map(str::parse).transpose();
    let state = state.map_err(|error: schedule::sortie::UnknownSortieState| {
        ApiError::bad_request(Words::new(
            format!("没有架次状态 {}", error.found),
            error.to_string(),
        ))
    })?;
    let filter = FlightFilter {
        limit: query.limit.unwrap_or(100).clamp(1, 500),
        after: query.after,
        state,
        dock_id: query.dock,
    };
    let rows = workplace.store.list_flights(&filter).await?;
    Ok(Json(FlightList::of(&rows, filter.limit)))
}

/// One flight with its steps, photos and plan.
#[utoipa::path(get, path = "/api/v1/flights/{sortie}", params(("sortie" = String, Path)),
    responses((status = 200, body = FlightDetail), (status = 404, body = ErrorBody)))]
pub async fn detail(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
) -> Result<Json<FlightDetail>, ApiError> {
    Ok(Json(flight_detail(&workplace, &sortie).await?))
}

/// Track, plan and photos of a flight as GeoJSON (RFC 7946, WGS-84).
#[utoipa::path(get, path = "/api/v1/flights/{sortie}/track.geojson", params(("sortie" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody)))]
pub async fn track_geojson(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(flown_track(&workplace, &sortie).await?.geojson()?))
}

/// Track, plan and photos of a flight as KML.
#[utoipa::path(get, path = "/api/v1/flights/{sortie}/track.kml", params(("sortie" = String, Path)),
    responses((status = 200, content_type = "application/vnd.google-earth.kml+xml", body = String),
        (status = 404, body = ErrorBody)))]
pub async fn track_kml(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
) -> Result<Response, ApiError> {
    let kml = flown_track(&workplace, &sortie).await?.kml()?;
    let name = format!("attachment; filename=\"{sortie}.kml\"");
    Ok(file(
        "application/vnd.google-earth.kml+xml",
        &name,
        kml.into_bytes(),
    ))
}

/// Telemetry log of a flight, both directions, as ground stations read it.
#[utoipa::path(get, path = "/api/v1/flights/{sortie}/flight.tlog", params(("sortie" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, body = ErrorBody)))]
pub async fn tlog(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
) -> Result<Response, ApiError> {
    // The row proves that the name is one of a flight, so that it cannot lead out of the folder.
    let flight = workplace.store.flight(&sortie).await?;
    let path = tlog_path(&workplace, &flight.sortie_id);
    match tokio::fs::read(&path).await {
        Ok(bytes) => {
            let name = format!("attachment; filename=\"{}.tlog\"", flight.sortie_id);
            Ok(file("application/octet-stream", &name, bytes))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ApiError::not_found(Words::new(
            format!("架次 {sortie} 没有遥测日志"),
            format!("flight {sortie} has no telemetry log"),
        ))),
        Err(error) => Err(ApiError::internal(error)),
    }
}

/// Lines of the flights that are in the air or flew today.
#[utoipa::path(get, path = "/api/v1/fleet/tracks.geojson", responses((status = 200, body = Object)))]
pub async fn tracks(
    State(workplace): State<Workplace>,
    State(fleet): State<MaybeFleet>,
) -> Result<Json<Value>, ApiError> {
    let tracks = todays_tracks(&workplace, fleet.city_now()).await?;
    Ok(Json(tracks_geojson(&tracks)?))
}

fn file(kind: &'static str, disposition: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, bytes).into_response()
}
