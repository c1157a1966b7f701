//! Orders of people to one sortie: pause, continue, return, divert, land, and flying on where one broke off.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::rows::Actor;
use survey::geodesy::Wgs84;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::fleet::{MaybeFleet, OrderRequest, Recalled, must_be_named, read_body};
use crate::fleet::orders::{Refusal, SortieOrder, give};
use crate::fleet::resume::fly_on;
use crate::lang::Words;

/// Who orders a landing at another place, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DivertRequest {
    /// Name of the person.
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where; left out, the alternate landing point of its dock.
    #[serde(default)]
    pub to: Option<PlaceRequest>,
}

/// A place to land at.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceRequest {
    /// Degrees east, WGS-84.
    pub longitude_deg: f64,
    /// Degrees north, WGS-84.
    pub latitude_deg: f64,
}

/// An order that was passed on. What became of it is in the sortie's steps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ordered {
    /// The sortie.
    pub sortie_id: String,
    /// The step it was written down as.
    pub step: String,
}

/// A sortie that flies the rest of a mission.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resumed {
    /// The new sortie.
    pub sortie_id: String,
    /// The first sortie of the mission.
    pub continues: String,
    /// Photos it is to take.
    pub photos: usize,
}

/// Holds a sortie in the air.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/pause", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "Sortie")),
    responses((status = 200, body = Ordered), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn pause(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Ordered>, ApiError> {
    plain(&fleet, sortie, body, SortieOrder::Pause).await
}

/// Lets a paused sortie go on with its mission.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/continue", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "Sortie")),
    responses((status = 200, body = Ordered), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn go_on(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Ordered>, ApiError> {
    plain(&fleet, sortie, body, SortieOrder::Continue).await
}

/// Lands a sortie where it is.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/land", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "Sortie")),
    responses((status = 200, body = Ordered), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn land(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Ordered>, ApiError> {
    plain(&fleet, sortie, body, SortieOrder::Land).await
}

/// Lands a sortie at another place: its dock's alternate point, or one that is named.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/divert", request_body = DivertRequest,
    params(("sortie" = String, Path, description = "Sortie")),
    responses((status = 200, body = Ordered), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn divert(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<DivertRequest>, JsonRejection>,
) -> Result<Json<Ordered>, ApiError> {
    let request = read_body(body)?;
    must_be_named(&request.actor)?;
    let to = request
        .to
        .map(|to| Wgs84::new(to.latitude_deg, to.longitude_deg))
        .transpose();
    let to = to.map_err(|error| {
        ApiError::bad_request(Words::new(
            format!("地点无效:{error}"),
            format!("no such place: {error}"),
        ))
    })?;
    order(
        &fleet,
        sortie,
        SortieOrder::Divert(to),
        (&request.actor, request.reason.as_deref()),
    )
    .await
}

/// Brings one sortie home.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/return", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "Sortie")),
    responses((status = 200, body = Recalled), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn return_one(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Recalled>, ApiError> {
    let Json(ordered) = plain(&fleet, sortie, body, SortieOrder::Return).await?;
    Ok(Json(Recalled {
        recalled: vec![ordered.sortie_id],
        grounded: false,
    }))
}

/// Flies the rest of a mission that broke off: its missing photos and no others.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/resume", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "A sortie of the mission")),
    responses((status = 200, body = Resumed), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn resume(
    State(fleet): State<MaybeFleet>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Resumed>, ApiError> {
    let request = read_body(body)?;
    must_be_named(&request.actor)?;
    let actor = Actor {
        name: request.actor,
        role: "operator".to_owned(),
    };
    let on = fly_on(fleet.there()?, &sortie, &actor).await?.map_err(conflict)?;
    Ok(Json(Resumed {
        sortie_id: on.sortie_id,
        continues: on.continues,
        photos: on.photos,
    }))
}

async fn plain(
    fleet: &MaybeFleet,
    sortie: String,
    body: Result<Json<OrderRequest>, JsonRejection>,
    what: SortieOrder,
) -> Result<Json<Ordered>, ApiError> {
    let request = read_body(body)?;
    must_be_named(&request.actor)?;
    order(fleet, sortie, what, (&request.actor, request.reason.as_deref())).await
}

async fn order(
    fleet: &MaybeFleet,
    sortie: String,
    what: SortieOrder,
    who: (&str, Option<&str>),
) -> Result<Json<Ordered>, ApiError> {
    give(fleet.there()?, &sortie, what, who).await.map_err(conflict)?;
    Ok(Json(Ordered {
        sortie_id: sortie,
        step: what.step().to_owned(),
    }))
}

fn conflict(refusal: Refusal) -> ApiError {
    ApiError::conflict(refusal.code, refusal.words)
}
