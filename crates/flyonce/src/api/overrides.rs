//! `/fleet/overrides`: checks before a flight that a named person lets pass, for a limited time.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};

use crate::api::error::{ApiError, ErrorBody};
use crate::api::fleet::{MaybeFleet, OrderRequest, read_order};
use crate::fleet::overrides::{self, NotGiven, OverrideList, OverrideRequest, OverrideView};
use crate::lang::Words;

impl From<NotGiven> for ApiError {
    fn from(not_given: NotGiven) -> Self {
        match not_given {
            NotGiven::Refused(code, words) => Self::incomplete(code, words),
            NotGiven::Failed(error) => error.into(),
        }
    }
}

/// The newest overrides, and the checks that may be overridden.
#[utoipa::path(get, path = "/api/v1/fleet/overrides",
    responses((status = 200, body = OverrideList), (status = 404, body = ErrorBody)))]
pub async fn list(State(fleet): State<MaybeFleet>) -> Result<Json<OverrideList>, ApiError> {
    Ok(Json(overrides::list(fleet.there()?).await?))
}

/// Lets a check pass for a dock or a sortie, in somebody's name and for a limited time.
#[utoipa::path(post, path = "/api/v1/fleet/overrides", request_body = OverrideRequest,
    responses((status = 200, body = OverrideView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn give(
    State(fleet): State<MaybeFleet>,
    body: Result<Json<OverrideRequest>, JsonRejection>,
) -> Result<Json<OverrideView>, ApiError> {
    let Json(request) = body.map_err(|rejection| {
        let text = rejection.body_text();
        ApiError::bad_request(Words::new(
            format!("请求内容有误:{text}"),
            format!("bad request body: {text}"),
        ))
    })?;
    Ok(Json(overrides::give(fleet.there()?, request).await?))
}

/// Withdraws an override.
#[utoipa::path(post, path = "/api/v1/fleet/overrides/{id}/withdraw", request_body = OrderRequest,
    params(("id" = String, Path, description = "Override")),
    responses((status = 200, body = OverrideView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn withdraw(
    State(fleet): State<MaybeFleet>,
    Path(id): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<OverrideView>, ApiError> {
    let order = read_order(body)?;
    let gone = overrides::withdraw(fleet.there()?, &id, &order.actor, order.reason.as_deref()).await?;
    Ok(Json(gone))
}
