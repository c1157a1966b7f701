//! `/calendar`: the flights of a day, flown, refused, missed and still to come.

use axum::Json;
use axum::extract::{Query, State};
use schedule::calendar::slots_between;
use serde::Deserialize;
use survey::time::CivilDay;
use utoipa::IntoParams;

use crate::answers::calendar::CalendarAnswer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::fleet::MaybeFleet;
use crate::flight_log::{calendar_of, day_bounds};
use crate::lang::Words;
use crate::workplace::Workplace;

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CalendarQuery {
    /// Civil day of the city, yyyy-mm-dd; today when left out.
    pub day: Option<String>,
}

/// The calendar of a day.
#[utoipa::path(get, path = "/api/v1/calendar", params(CalendarQuery),
    responses((status = 200, body = CalendarAnswer), (status = 400, body = ErrorBody)))]
pub async fn calendar(
    State(workplace): State<Workplace>,
    State(fleet): State<MaybeFleet>,
    Query(query): Query<CalendarQuery>,
) -> Result<Json<CalendarAnswer>, ApiError> {
    let day: CivilDay = match query.day {
        None => workplace.zone.civil_day(fleet.city_now()),
        Some(text) => text.parse().map_err(|_unreadable| no_day(&text))?,
    };
    let (from, until) = day_bounds(&workplace, day)?;
    let scheduled = fleet
        .get()
        .map(|fleet| slots_between(fleet.calendar(), &workplace.zone, from, until));
    Ok(Json(
        calendar_of(&workplace, day, &scheduled.unwrap_or_default()).await?,
    ))
}

fn no_day(text: &str) -> ApiError {
    ApiError::bad_request(Words::new(
        format!("{text} 不是日期,须为 yyyy-mm-dd"),
        format!("{text} is no day; write yyyy-mm-dd"),
    ))
}
