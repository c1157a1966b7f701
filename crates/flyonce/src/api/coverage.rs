//! `/coverage`: the imaged number with everything it rests on.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use survey::time::CivilDay;
use utoipa::IntoParams;

use crate::answers::coverage::{CoverageAnswer, CoverageRequest, coverage as compute};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::Fixed;
use crate::config::settings::LayerRole;
use crate::lang::Words;
use crate::workplace::Workplace;

/// Window and limit.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CoverageFilter {
    /// First civil day, yyyy-mm-dd.
    pub since: Option<String>,
    /// Last civil day, yyyy-mm-dd.
    pub until: Option<String>,
    /// Coarsest ground sampling distance that counts, cm per pixel.
    pub max_gsd_cm: Option<f64>,
}

/// Imaged area, and its share of the flyable layer.
#[utoipa::path(get, path = "/api/v1/coverage", params(CoverageFilter),
    responses((status = 200, body = CoverageAnswer), (status = 400, body = ErrorBody)))]
pub async fn coverage(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Query(filter): Query<CoverageFilter>,
) -> Result<Json<CoverageAnswer>, ApiError> {
    let settings = &workplace.config.settings;
    let request = CoverageRequest {
        since: filter.since.as_deref().map(day).transpose()?,
        until: filter.until.as_deref().map(day).transpose()?,
        max_gsd_cm: filter.max_gsd_cm.unwrap_or(settings.max_gsd_cm),
        cell_m: settings.cell_m,
    };
    if let (Some(since), Some(until)) = (request.since, request.until)
        && since > until
    {
        return Err(ApiError::bad_request(Words::new(
            "结束日期早于开始日期",
            "the window ends before it begins",
        )));
    }
    let layer = fixed
        .layers
        .iter()
        .find(|loaded| loaded.role == LayerRole::Flyable);
    Ok(Json(
        compute(&workplace, &request, layer.map(|loaded| &loaded.layer)).await?,
    ))
}

fn day(text: &str) -> Result<CivilDay, ApiError> {
    text.parse().map_err(|error| {
        ApiError::bad_request(Words::new(
            format!("{text} 不是日期,例如 2026-11-23"),
            format!("{text}: {error}"),
        ))
    })
}
