//! The HTTP API under `/api/v1` and the page. One file per subject; `openapi` describes them all.

mod calendar;
mod chunk_signature;
mod compression;
mod content_range;
mod coverage;
mod coverage_maps;
mod coverage_questions;
mod dock_door;
mod door_error;
mod error;
mod events;
mod fleet;
mod flights;
mod health;
mod images;
mod layers;
mod leads;
mod object_body;
mod object_door;
mod object_parts;
mod openapi;
mod orders;
mod overrides;
mod page;
mod photo_door;
mod photos;
mod s3_error;
mod signature;
mod siting;
mod state;
mod withdrawals;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::coverage::daily::keep_coverage;
use crate::fleet::service::{Fleet, Lives};
use crate::lang::Words;
use crate::stage::delivery::deliver_leftovers;
use crate::stage::watched_folder::watch;
use crate::workplace::Workplace;

/// Decisions are small; nothing larger is taken.
const LARGEST_BODY_BYTES: usize = 64 * 1024;

/// Serves on `listener` until `lives.stop`.
///
/// # Errors
/// Layers of the configuration that cannot be read, or a listener that fails.
pub async fn serve(
    listener: TcpListener,
    workplace: Workplace,
    fleet: Option<Fleet>,
    lives: Lives,
) -> Result<()> {
    let address = listener.local_addr()?;
    let state = ApiState::new(workplace, address, (fleet, &lives))?;
    take_in_what_lies_ready(&state);
    state.fixed.tasks.spawn(keep_coverage(
        state.fixed.coverage.clone(),
        state.fixed.stop.clone(),
    ));
    dock_door::open(&state).await?;
    axum::serve(listener, router(state))
        .with_graceful_shutdown(lives.stop.cancelled_owned())
        .await
        .context("the HTTP service failed")
}

/// Photos that were whole when the program was stopped, and the watched folder if there is one.
fn take_in_what_lies_ready(state: &ApiState) {
    let (workplace, incoming) = (state.workplace.clone(), state.fixed.incoming.clone());
    state.fixed.tasks.spawn(async move {
        match deliver_leftovers(&workplace, &incoming).await {
            Ok(0) => {}
            Ok(photos) => tracing::info!(photos, "photos that were whole at the last stop are stored now"),
            Err(error) => tracing::error!(error = %format!("{error:#}"), "photos lie in incoming/"),
        }
    });
    if let Some(folder) = state.workplace.config.settings.fleet.watched_folder.clone() {
        let watching = watch(state.workplace.clone(), folder, state.fixed.stop.clone());
        state.fixed.tasks.spawn(watching);
    }
}

fn router(state: ApiState) -> Router {
    let api = Router::new()
        .route("/health", get(health::health))
        .route("/catalogue", get(health::catalogue))
        .route("/leads", get(leads::list))
        .route("/leads.geojson", get(leads::geojson))
        .route("/leads/{lead}", get(leads::detail))
        .route("/leads/{lead}/decisions", post(leads::decide))
        .route("/photos", get(photos::list))
        .route("/photos/footprints", get(photos::footprints))
        .route("/photos/{photo_id}/detections", get(photos::detections))
        .route("/images/{sha256}", get(images::view))
        .route("/images/{sha256}/original", get(images::original))
        .route("/crops/{detection}", get(images::crop))
        .route("/flights", get(flights::list))
        .route("/flights/{sortie}", get(flights::detail))
        .route("/flights/{sortie}/track.geojson", get(flights::track_geojson))
        .route("/flights/{sortie}/track.kml", get(flights::track_kml))
        .route("/flights/{sortie}/flight.tlog", get(flights::tlog))
        .route("/fleet/tracks.geojson", get(flights::tracks))
        .route("/calendar", get(calendar::calendar))
        .route(
            "/photo-door/{sortie}/{image_index}/{sha256}",
            get(photo_door::state).put(photo_door::put),
        )
        .route("/coverage", get(coverage::coverage))
        .nest(
            "/coverage",
            coverage_questions::router().merge(coverage_maps::router()),
        )
        .route("/layers", get(layers::list))
        .route("/layers/{file}", get(layers::geojson))
        .route("/siting", get(siting::list))
        .route("/siting/{id}", get(siting::geojson))
        .route("/fleet", get(fleet::fleet))
        .route("/fleet/return-all", post(fleet::return_all))
        .route("/fleet/release", post(fleet::release))
        .route("/fleet/docks/{dock}/by-hand", post(fleet::by_hand))
        .route("/fleet/overrides", get(overrides::list).post(overrides::give))
        .route("/fleet/overrides/{id}/withdraw", post(overrides::withdraw))
        .route("/flights/{sortie}/return", post(orders::return_one))
        .route("/flights/{sortie}/pause", post(orders::pause))
        .route("/flights/{sortie}/continue", post(orders::go_on))
        .route("/flights/{sortie}/divert", post(orders::divert))
        .route("/flights/{sortie}/land", post(orders::land))
        .route("/flights/{sortie}/resume", post(orders::resume))
        .route("/flights/{sortie}/withdraw", post(withdrawals::withdraw))
        .route("/flights/{sortie}/restore", post(withdrawals::restore))
        .route("/withdrawals", get(withdrawals::list))
        .route("/events", get(events::events))
        .route("/openapi.json", get(openapi::document))
        .fallback(no_such_door);
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(page::index))
        .fallback(page::asset)
        .layer(compression::gzip())
        .merge(dock_door::on_the_page_door())
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .layer(middleware::from_fn(only_this_machine))
        .with_state(state)
}

async fn no_such_door() -> ApiError {
    ApiError::not_found(Words::new(
        "没有此接口,见 /api/v1/openapi.json",
        "there is no such door; see /api/v1/openapi.json",
    ))
}

/// A page of another site could have its own name resolve to this machine and then read everything here; its
/// requests still carry that name.
async fn only_this_machine(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if ["localhost", "127.0.0.1", "::1", ""].contains(&name) {
        return next.run(request).await;
    }
    let words = Words::new(
        "只接受发往本机地址的请求",
        "only requests addressed to this machine are answered (Host: localhost or a loopback address)",
    );
    ApiError::forbidden(words).into_response()
}
