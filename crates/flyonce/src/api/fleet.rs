//! `/fleet`: docks, vehicles and sorties at one glance; bringing everyone home.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRef, Path, State};
use serde::{Deserialize, Serialize};
use survey::time::UtcMicros;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::ApiState;
use crate::clock;
use crate::fleet::by_hand;
use crate::fleet::hands::{Hand, HandView};
use crate::fleet::recall;
use crate::fleet::service::Fleet;
use crate::fleet::shown::FleetView;
use crate::fleet::view::fleet_view;
use crate::lang::Words;

/// The fleet, if the roster names any dock.
#[derive(Clone)]
pub struct MaybeFleet(Option<Fleet>);

impl FromRef<ApiState> for MaybeFleet {
    fn from_ref(state: &ApiState) -> Self {
        Self(state.fleet.clone())
    }
}

impl MaybeFleet {
    /// The fleet, if there is one.
    pub fn get(&self) -> Option<&Fleet> {
        self.0.as_ref()
    }

    /// City time now; without a fleet the real time.
    pub fn city_now(&self) -> UtcMicros {
        self.0
            .as_ref()
            .map_or_else(clock::now, |fleet| fleet.clock().now())
    }

    /// The fleet, or that there is none.
    ///
    /// # Errors
    /// 404.
    pub fn there(&self) -> Result<&Fleet, ApiError> {
        self.0.as_ref().ok_or_else(|| {
            ApiError::not_found(Words::new(
                "没有机场:请在数据文件夹放置 fleet.toml",
                "there are no docks: put a fleet.toml into the data folder",
            ))
        })
    }
}

/// Who orders it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// Name of the person.
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What a dock is to do by hand, and who says so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandRequest {
    /// What.
    pub command: Hand,
    /// Name of the person.
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Who was called home.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recalled {
    /// Sorties that were told to return or not to start.
    pub recalled: Vec<String>,
    /// Whether nothing may take off until the ground stop is lifted.
    pub grounded: bool,
}

/// Docks, vehicles, sorties and the day's tally. Without docks: 404.
#[utoipa::path(get, path = "/api/v1/fleet",
    responses((status = 200, body = FleetView), (status = 404, body = ErrorBody)))]
pub async fn fleet(State(fleet): State<MaybeFleet>) -> Result<Json<FleetView>, ApiError> {
    fleet_view(fleet.there()?)
        .await
        .map(Json)
        .map_err(ApiError::internal)
}

/// Brings everyone home and grounds the fleet.
#[utoipa::path(post, path = "/api/v1/fleet/return-all", request_body = OrderRequest,
    responses((status = 200, body = Recalled), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn return_all(
    State(fleet): State<MaybeFleet>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Recalled>, ApiError> {
    let order = read_order(body)?;
    let recalled = recall::return_all(fleet.there()?, &order.actor, order.reason.as_deref()).await;
    Ok(Json(Recalled {
        recalled: recalled.map_err(ApiError::internal)?,
        grounded: true,
    }))
}

/// Lifts the ground stop.
#[utoipa::path(post, path = "/api/v1/fleet/release", request_body = OrderRequest,
    responses((status = 200, body = Recalled), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn release(
    State(fleet): State<MaybeFleet>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<Recalled>, ApiError> {
    let order = read_order(body)?;
    fleet.there()?.ground_stop().lift().map_err(ApiError::internal)?;
    tracing::info!(actor = order.actor, "ground stop lifted");
    Ok(Json(Recalled {
        recalled: Vec::new(),
        grounded: false,
    }))
}

/// Has a dock do something by hand. The answer says that it began; how far it is, is `by_hand` of the dock in `/fleet`.
#[utoipa::path(post, path = "/api/v1/fleet/docks/{dock}/by-hand", request_body = HandRequest,
    params(("dock" = String, Path, description = "Dock")),
    responses((status = 200, body = HandView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn by_hand(
    State(fleet): State<MaybeFleet>,
    Path(dock): Path<String>,
    body: Result<Json<HandRequest>, JsonRejection>,
) -> Result<Json<HandView>, ApiError> {
    let request = read_body(body)?;
    must_be_named(&request.actor)?;
    let who = (request.actor.as_str(), request.reason.as_deref());
    let given = by_hand::give(fleet.there()?, &dock, request.command, who).await;
    given
        .map_err(|error| ApiError::internal(format!("{error:#}")))?
        .map(Json)
        .map_err(|refusal| ApiError::conflict(refusal.code, refusal.words))
}

/// Who orders it; a body that does not say is refused.
///
/// # Errors
/// 400 and 422.
pub fn read_order(body: Result<Json<OrderRequest>, JsonRejection>) -> Result<OrderRequest, ApiError> {
    let order = read_body(body)?;
    must_be_named(&order.actor)?;
    Ok(order)
}

/// The body of an order.
///
/// # Errors
/// One that cannot be read, in words.
pub fn read_body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, ApiError> {
    let Json(order) = body.map_err(|rejection| {
        let text = rejection.body_text();
        ApiError::bad_request(Words::new(
            format!("请求内容有误:{text}"),
            format!("bad request body: {text}"),
        ))
    })?;
    Ok(order)
}

/// Orders have somebody who gave them.
///
/// # Errors
/// Nobody is named.
pub fn must_be_named(actor: &str) -> Result<(), ApiError> {
    if actor.trim().is_empty() {
        let words = Words::new("须写明是谁下的指令", "who orders it must be said");
        return Err(ApiError::incomplete("actor_missing", words));
    }
    Ok(())
}
