//! `/coverage/…`: the three numbers, what they rest on, how they went and will go, gaps, and wishes for the scheduler.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use survey::time::CivilDay;
use utoipa::IntoParams;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::{ApiState, Fixed};
use crate::coverage::answer::{
    CoverageFigures, CoverageTable, DemandList, Explanation, ForecastAnswer, GapList, History, RowKind,
};
use crate::coverage::desk::Asked;
use crate::coverage::gap_plans::{self, GapPlans};
use crate::coverage::{demands, explain, gap_list};
use crate::lang::Words;
use crate::workplace::Workplace;

/// Gaps listed where nobody says how many.
const GAPS_LISTED: usize = 200;
/// Days of a history where nobody says how many.
const HISTORY_DAYS: u32 = 90;

/// What every question of coverage may say.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct CoverageAsked {
    /// Day of the figures, yyyy-mm-dd; today if left out.
    pub as_of: Option<String>,
    /// Only what was known on that day.
    #[serde(default)]
    pub known_then: bool,
    /// First day that counts as imaged, instead of the configured number of days.
    pub since: Option<String>,
    /// Coarsest ground sampling distance that counts, cm per pixel; lowered to a class of the ledger.
    pub max_gsd_cm: Option<f64>,
    /// At most so many gaps or wishes, the most urgent ones.
    pub limit: Option<usize>,
    /// Days of a history.
    pub days: Option<u32>,
}

impl CoverageAsked {
    pub(super) fn read(&self) -> Result<Asked, ApiError> {
        Ok(Asked {
            as_of: self.as_of.as_deref().map(day).transpose()?,
            as_known_then: self.known_then,
            since: self.since.as_deref().map(day).transpose()?,
            max_gsd_cm: self.max_gsd_cm,
        })
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(GAPS_LISTED)
    }
}

/// The doors below `/coverage` that answer in figures.
pub fn router() -> Router<ApiState> {
    Router::new()
        .route("/figures", get(figures))
        .route("/by/{kind}", get(table))
        .route("/explain", get(explanation))
        .route("/history", get(history))
        .route("/forecast", get(forecast))
        .route("/gaps", get(gaps))
        .route("/gaps.geojson", get(gaps_geojson))
        .route("/gaps/{gap}/plans", get(gap_plans))
        .route("/gaps/{gap}/plans/{file}", get(gap_plan))
        .route("/demands", get(demands))
}

pub(super) fn day(text: &str) -> Result<CivilDay, ApiError> {
    text.parse().map_err(|error| {
        ApiError::bad_request(Words::new(
            format!("{text} 不是日期,例如 2026-11-23"),
            format!("{text}: {error}"),
        ))
    })
}

/// 404 where nothing says where this city is.
pub(super) fn somewhere<T>(answer: Option<T>) -> Result<T, ApiError> {
    answer.ok_or_else(|| {
        ApiError::not_found(Words::new(
            "尚无定位照片、图层或机场",
            "there is no placed photo, no layer and no dock yet",
        ))
    })
}

/// Building the ledger is told in the log.
pub(super) fn told(entered: u64, all: u64) {
    tracing::info!(entered, all, "building the coverage ledger");
}

/// Reachable, planned and imaged ground of all flyable ground, with the targets.
#[utoipa::path(get, path = "/api/v1/coverage/figures", params(CoverageAsked),
    responses((status = 200, body = CoverageFigures), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn figures(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<CoverageFigures>, ApiError> {
    let answer = fixed
        .coverage
        .ask(asked.read()?, &told, |figures, _| figures.figures())
        .await;
    Ok(Json(somewhere(sensible(answer)?)?))
}

/// The same row by row.
#[utoipa::path(get, path = "/api/v1/coverage/by/{kind}", params(("kind" = RowKind, Path), CoverageAsked),
    responses((status = 200, body = CoverageTable), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn table(
    State(fixed): State<Arc<Fixed>>,
    Path(kind): Path<String>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<CoverageTable>, ApiError> {
    let kind: RowKind =
        serde_json::from_value(serde_json::Value::String(kind.clone())).map_err(|_no_kind| {
            ApiError::not_found(Words::new(
                format!("没有 {kind};可用 district、town、dock、class、corridor"),
                format!("there is no {kind}; use district, town, dock, class or corridor"),
            ))
        })?;
    let answer = fixed
        .coverage
        .ask(asked.read()?, &told, |figures, _| figures.table(kind))
        .await;
    Ok(Json(somewhere(sensible(answer)?)?))
}

/// Everything the figures rest on.
#[utoipa::path(get, path = "/api/v1/coverage/explain", params(CoverageAsked),
    responses((status = 200, body = Explanation), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn explanation(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<Explanation>, ApiError> {
    let answer = explain::explain(&fixed.coverage, asked.read()?, &told).await;
    Ok(Json(somewhere(sensible(answer)?)?))
}

/// Each number by day.
#[utoipa::path(get, path = "/api/v1/coverage/history", params(CoverageAsked),
    responses((status = 200, body = History), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn history(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<History>, ApiError> {
    let days = asked.days.unwrap_or(HISTORY_DAYS);
    if !(1..=explain::LONGEST_HISTORY_DAYS).contains(&days) {
        return Err(ApiError::bad_request(Words::new(
            format!("天数须为 1 至 {}", explain::LONGEST_HISTORY_DAYS),
            format!("days must be 1 to {}", explain::LONGEST_HISTORY_DAYS),
        )));
    }
    let answer = explain::history(&fixed.coverage, asked.read()?, days, &told).await;
    Ok(Json(somewhere(sensible(answer)?)?))
}

/// When the imaged target will be reached at the rate of the last weeks.
#[utoipa::path(get, path = "/api/v1/coverage/forecast", params(CoverageAsked),
    responses((status = 200, body = ForecastAnswer), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn forecast(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<ForecastAnswer>, ApiError> {
    let answer = explain::foresee(&fixed.coverage, asked.read()?, &told).await;
    Ok(Json(somewhere(sensible(answer)?)?))
}

/// Ground that may be flown and was not seen in time, the most urgent first.
#[utoipa::path(get, path = "/api/v1/coverage/gaps", params(CoverageAsked),
    responses((status = 200, body = GapList), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn gaps(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<GapList>, ApiError> {
    let (settings, limit) = (&workplace.config.settings, asked.limit());
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        Ok(gap_list::gap_list(figures, found, settings, limit))
    });
    Ok(Json(somewhere(sensible(answer.await)?)?))
}

/// The same as GeoJSON polygons on WGS-84.
#[utoipa::path(get, path = "/api/v1/coverage/gaps.geojson", params(CoverageAsked),
    responses((status = 200, body = Object, content_type = "application/geo+json"), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn gaps_geojson(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Response, ApiError> {
    let (settings, limit) = (&workplace.config.settings, asked.limit());
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        let list = gap_list::gap_list(figures, found, settings, limit);
        gap_list::geojson(&list, found)
    });
    let json = somewhere(sensible(answer.await)?)?;
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], json.to_string()).into_response())
}

/// The plans that fly a gap, one per battery, each checked as before a flight.
#[utoipa::path(get, path = "/api/v1/coverage/gaps/{gap}/plans",
    params(CoverageAsked, ("gap" = String, Path, description = "Id of the gap, or its name in the list")),
    responses((status = 200, body = GapPlans), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn gap_plans(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path(gap): Path<String>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<GapPlans>, ApiError> {
    plans_of(&workplace, &fixed, &gap, &asked).await.map(Json)
}

/// One of them, as QGroundControl and `flyonce fly` read it.
#[utoipa::path(get, path = "/api/v1/coverage/gaps/{gap}/plans/{number}.plan",
    params(CoverageAsked, ("gap" = String, Path, description = "Id of the gap, or its name in the list"),
        ("number" = u32, Path, description = "Number of the plan, from 1")),
    responses((status = 200, body = Object), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn gap_plan(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path((gap, file)): Path<(String, String)>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Response, ApiError> {
    let made = plans_of(&workplace, &fixed, &gap, &asked).await?;
    let number = file.strip_suffix(".plan").and_then(|number| number.parse().ok());
    let plan = made.plans.into_iter().find(|plan| Some(plan.number) == number);
    let plan = plan.ok_or_else(|| {
        ApiError::not_found(Words::new(
            format!("空白 {gap} 没有航线 {file}"),
            format!("gap {gap} has no plan {file}"),
        ))
    })?;
    let name = format!("attachment; filename=\"{}.plan\"", plan.name);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, &name),
    ];
    Ok((headers, plan.text).into_response())
}

async fn plans_of(
    workplace: &Workplace,
    fixed: &Fixed,
    gap: &str,
    asked: &CoverageAsked,
) -> Result<GapPlans, ApiError> {
    let settings = &workplace.config.settings;
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        gap_plans::plans_of(figures, found, settings, gap)
    });
    somewhere(sensible(answer.await)?)?.ok_or_else(|| {
        ApiError::not_found(Words::new(
            format!("没有空白 {gap};照片到齐后列表会变,请重新取列表"),
            format!("there is no gap {gap}; the list changes as photos come, so get it again"),
        ))
    })
}

/// Wishes for flights: pieces of gaps that one battery flies from a dock, for the scheduler.
#[utoipa::path(get, path = "/api/v1/coverage/demands", params(CoverageAsked),
    responses((status = 200, body = DemandList), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn demands(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Json<DemandList>, ApiError> {
    let limit = asked.limit();
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        Ok(demands::demands(figures, found, limit))
    });
    Ok(Json(somewhere(sensible(answer.await)?)?))
}

/// A question that a ledger cannot answer is the asker's mistake, not the service's.
pub(super) fn sensible<T>(answer: anyhow::Result<T>) -> Result<T, ApiError> {
    answer.map_err(|error| {
        let asked_wrong = error.downcast_ref::<survey::ledger::LedgerError>().is_some();
        if asked_wrong
            || error
                .downcast_ref::<crate::coverage::desk::WindowReversed>()
                .is_some()
        {
            return ApiError::bad_request(Words::new(format!("无法回答:{error}"), error.to_string()));
        }
        ApiError::from(error)
    })
}
