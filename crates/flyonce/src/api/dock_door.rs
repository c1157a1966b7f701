//! The door of docks of DJI's Cloud API: they download waylines and bring photos here. It is part of the page's door,
//! which is for this machine only, and with `[dji_cloud] listen` a door of its own that has nothing else behind it:
//! what it gives out has an address that nobody can guess, and what it takes in is signed.

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::api::fleet::MaybeFleet;
use crate::api::object_door;
use crate::api::state::ApiState;

/// The routes on the page's door.
pub fn on_the_page_door() -> Router<ApiState> {
    Router::new()
        .route("/waylines/{token}/{file}", get(wayline))
        .route("/objects/{bucket}", get(object_door::bucket))
        .route("/objects/{bucket}/{*key}", object_door::object())
}

/// Opens the door of its own, if the configuration names one and there are docks for it.
///
/// # Errors
/// An address that cannot be listened on.
pub async fn open(state: &ApiState) -> Result<()> {
    let Some(fleet) = state.fleet.as_ref().filter(|fleet| fleet.cloud().is_some()) else {
        return Ok(());
    };
    let Some(listen) = fleet.settings().cloud.listen else {
        return Ok(());
    };
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("the door of the docks cannot listen on {listen}"))?;
    let router = Router::new()
        .route("/waylines/{token}/{file}", get(wayline))
        .route("/{bucket}", get(object_door::bucket))
        .route("/{bucket}/{*key}", object_door::object())
        .layer(DefaultBodyLimit::disable())
        .with_state(state.clone());
    let stop = state.fixed.stop.clone();
    state.fixed.tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the door of the docks failed");
        }
    });
    Ok(())
}

/// A wayline, for whoever was told its address.
async fn wayline(State(fleet): State<MaybeFleet>, Path((token, file)): Path<(String, String)>) -> Response {
    let bytes = fleet
        .get()
        .and_then(|fleet| fleet.cloud())
        .and_then(|cloud| cloud.shelf.file(&token, &file));
    match bytes {
        Some(bytes) => (
            [(header::CONTENT_TYPE, "application/vnd.google-earth.kmz")],
            bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
