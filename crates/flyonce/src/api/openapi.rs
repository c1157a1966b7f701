//! `/openapi.json`: the description of the API, made from the code that answers.

use axum::Json;
use utoipa::OpenApi;

use crate::api::{
    calendar, coverage, coverage_maps, coverage_questions, events, fleet, flights, health, images, layers,
    leads, orders, overrides, photo_door, photos, siting, withdrawals,
};

/// All doors.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "FlyOnce 飞一次",
        description = "Leads, photos and coverage. Loopback only until there are accounts."
    ),
    paths(
        health::health,
        health::catalogue,
        leads::list,
        leads::geojson,
        leads::detail,
        leads::decide,
        photos::list,
        photos::footprints,
        photos::detections,
        images::view,
        images::original,
        images::crop,
        flights::list,
        flights::detail,
        flights::track_geojson,
        flights::track_kml,
        flights::tlog,
        flights::tracks,
        calendar::calendar,
        photo_door::state,
        photo_door::put,
        coverage::coverage,
        coverage_questions::figures,
        coverage_questions::table,
        coverage_questions::explanation,
        coverage_questions::history,
        coverage_questions::forecast,
        coverage_questions::gaps,
        coverage_questions::gaps_geojson,
        coverage_questions::gap_plans,
        coverage_questions::gap_plan,
        coverage_questions::demands,
        coverage_maps::map,
        coverage_maps::age_tile,
        coverage_maps::tile_set,
        coverage_maps::vector_tile,
        layers::list,
        layers::geojson,
        siting::list,
        siting::geojson,
        fleet::fleet,
        fleet::return_all,
        fleet::release,
        fleet::by_hand,
        overrides::list,
        overrides::give,
        overrides::withdraw,
        orders::return_one,
        orders::pause,
        orders::go_on,
        orders::divert,
        orders::land,
        orders::resume,
        withdrawals::list,
        withdrawals::withdraw,
        withdrawals::restore,
        events::events,
    )
)]
struct Api;

/// `GET /api/v1/openapi.json`
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Api::openapi())
}
