//! `/withdrawals` and `/flights/{sortie}/withdraw|restore`: flights and imports that make no coverage by a person's word.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use store::rows::Actor;
use utoipa::ToSchema;

use crate::answers::withdrawals::{RestoredAnswer, WithdrawalList, WithdrawnAnswer};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::fleet::{OrderRequest, must_be_named, read_body, read_order};
use crate::clock;
use crate::lang::Words;
use crate::workplace::Workplace;

/// Who takes a sortie out of coverage, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// Name of the person.
    pub actor: String,
    /// Why; it is kept with the withdrawal.
    pub reason: String,
}

/// Withdrawn flights and imports, the latest first.
#[utoipa::path(get, path = "/api/v1/withdrawals", responses((status = 200, body = WithdrawalList)))]
pub async fn list(State(workplace): State<Workplace>) -> Result<Json<WithdrawalList>, ApiError> {
    let rows = workplace.store.withdrawals().await?;
    Ok(Json(WithdrawalList::of(&rows)))
}

/// Takes the photos of a flight or an import out of coverage. Withdrawing once more changes nothing and is answered with
/// the withdrawal that stands.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/withdraw", request_body = WithdrawRequest,
    params(("sortie" = String, Path, description = "Flight or import")),
    responses((status = 200, body = WithdrawnAnswer), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn withdraw(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
    body: Result<Json<WithdrawRequest>, JsonRejection>,
) -> Result<Json<WithdrawnAnswer>, ApiError> {
    let request = read_body(body)?;
    must_be_named(&request.actor)?;
    let reason = request.reason.trim();
    if reason.is_empty() {
        let words = Words::new("请填写撤销原因", "a reason is needed");
        return Err(ApiError::incomplete("reason_missing", words));
    }
    let actor = reviewer(&request.actor);
    let made = workplace
        .store
        .withdraw_sortie(&sortie, reason, &actor, clock::now())
        .await?;
    Ok(Json(WithdrawnAnswer::of(&made)))
}

/// Lets a withdrawn flight or import count again; photos that are not good enough stay out.
#[utoipa::path(post, path = "/api/v1/flights/{sortie}/restore", request_body = OrderRequest,
    params(("sortie" = String, Path, description = "Flight or import")),
    responses((status = 200, body = RestoredAnswer), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn restore(
    State(workplace): State<Workplace>,
    Path(sortie): Path<String>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<RestoredAnswer>, ApiError> {
    let order = read_order(body)?;
    let actor = reviewer(&order.actor);
    let reason = order
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|reason| !reason.is_empty());
    let photos = workplace
        .store
        .restore_sortie(&sortie, reason, &actor, clock::now())
        .await?;
    Ok(Json(RestoredAnswer {
        sortie_id: sortie,
        photos,
    }))
}

fn reviewer(name: &str) -> Actor {
    Actor {
        name: name.trim().to_owned(),
        role: "reviewer".to_owned(),
    }
}
