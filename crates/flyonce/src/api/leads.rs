//! `/leads`: the queue, single cases, decisions.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use casework::lead::{Decision, LeadState};
use serde::Deserialize;
use serde_json::Value;
use store::leads::LeadFilter;
use utoipa::{IntoParams, ToSchema};

use crate::answers::leads::{LeadDetail, LeadList, LeadSummary};
use crate::answers::leads_geojson::leads_geojson;
use crate::api::error::{ApiError, ErrorBody};
use crate::lang::Words;
use crate::review::{self, Verdict, lead_detail};
use crate::workplace::Workplace;

/// Filter and page of a lead list.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LeadQuery {
    /// Only this state.
    pub state: Option<String>,
    /// Only this class.
    pub class: Option<String>,
    /// Only this matter.
    pub matter: Option<String>,
    /// At most so many, 1 to 500.
    pub limit: Option<u32>,
    /// The lead after which the page begins.
    pub after: Option<String>,
}

/// A decision on a lead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// `confirm`, `false_alarm`, `known_stock`, `fly_again` or `undo`.
    pub decision: String,
    /// Reason code of the catalogue; needed for a false alarm.
    pub reason: Option<String>,
    /// Free words.
    pub note: Option<String>,
    /// Who decides.
    pub actor: String,
    /// The state the person saw; the decision is refused if it changed.
    pub expected_state: Option<String>,
}

/// The queue, most urgent first.
#[utoipa::path(get, path = "/api/v1/leads", params(LeadQuery),
    responses((status = 200, body = LeadList), (status = 400, body = ErrorBody)))]
pub async fn list(
    State(workplace): State<Workplace>,
    Query(query): Query<LeadQuery>,
) -> Result<Json<LeadList>, ApiError> {
    let state = query.state.as_deref().map(state_of).transpose()?;
    let filter = LeadFilter {
        state,
        class: query.class,
        matter_code: query.matter,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let rows = workplace
        .store
        .list_leads(&filter, limit, query.after.as_deref())
        .await?;
    let counts = workplace.store.lead_counts().await?;
    let full_page = rows.len() as u64 == u64::from(limit);
    Ok(Json(LeadList {
        next: rows.last().filter(|_| full_page).map(|row| row.lead_id.clone()),
        leads: rows.iter().map(LeadSummary::of).collect(),
        total: workplace.store.count_leads(&filter).await?,
        counts: counts
            .into_iter()
            .map(|(state, n)| (state.to_string(), n))
            .collect(),
    }))
}

/// All leads as GeoJSON (RFC 7946, WGS-84); a lead of unknown place has a null geometry.
#[utoipa::path(get, path = "/api/v1/leads.geojson", responses((status = 200, body = Object)))]
pub async fn geojson(State(workplace): State<Workplace>) -> Result<Json<Value>, ApiError> {
    let rows = workplace
        .store
        .list_leads(&LeadFilter::default(), u32::MAX, None)
        .await?;
    let leads: Vec<LeadSummary> = rows.iter().map(LeadSummary::of).collect();
    Ok(Json(leads_geojson(&leads)?))
}

/// One lead by id or number, with its views, place and history.
#[utoipa::path(get, path = "/api/v1/leads/{lead}", params(("lead" = String, Path, description = "Id or number")),
    responses((status = 200, body = LeadDetail), (status = 404, body = ErrorBody)))]
pub async fn detail(
    State(workplace): State<Workplace>,
    Path(lead): Path<String>,
) -> Result<Json<LeadDetail>, ApiError> {
    Ok(Json(lead_detail(&workplace, &lead).await?))
}

/// Decides a lead, or takes the last decision back.
#[utoipa::path(post, path = "/api/v1/leads/{lead}/decisions", request_body = DecisionRequest,
    params(("lead" = String, Path, description = "Id or number")),
    responses((status = 200, body = LeadDetail), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn decide(
    State(workplace): State<Workplace>,
    Path(lead): Path<String>,
    body: Result<Json<DecisionRequest>, JsonRejection>,
) -> Result<Json<LeadDetail>, ApiError> {
    let Json(request) = body.map_err(|rejection| {
        let text = rejection.body_text();
        ApiError::bad_request(Words::new(
            format!("请求内容有误:{text}"),
            format!("bad request body: {text}"),
        ))
    })?;
    let verdict = Verdict {
        decision: decision_of(&request.decision)?,
        reason: request.reason.filter(|reason| !reason.is_empty()),
        note: request.note,
        actor: request.actor,
        expected_state: request.expected_state.as_deref().map(state_of).transpose()?,
    };
    let row = review::decide(&workplace, &lead, verdict).await?;
    Ok(Json(lead_detail(&workplace, &row.lead_id).await?))
}

fn state_of(text: &str) -> Result<LeadState, ApiError> {
    text.parse()
        .map_err(|error| ApiError::bad_request(Words::new(format!("没有状态 {text}"), format!("{error}"))))
}

fn decision_of(text: &str) -> Result<Decision, ApiError> {
    text.parse().map_err(|error| {
        ApiError::incomplete(
            "unknown_decision",
            Words::new(format!("没有审核结论 {text}"), format!("{error}")),
        )
    })
}
