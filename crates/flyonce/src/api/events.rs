//! `/events`: what happens, as server-sent events. The source is the event table, so that what another program
//! does with the same data folder is seen too, and a client that was away gets what it missed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use casework::evidence::StoredEvent;
use serde_json::json;
use store::jobs::{JobCounts, JobKind};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::api::error::ApiError;
use crate::api::fleet::MaybeFleet;
use crate::api::state::Fixed;
use crate::fleet::shown::FleetView;
use crate::workplace::Workplace;

/// How often the table is asked; people do not notice half a second.
const INTERVAL: Duration = Duration::from_millis(500);
const AT_ONCE: u32 = 200;

/// The live stream. `Last-Event-ID` continues after that event; without it the stream begins now.
#[utoipa::path(get, path = "/api/v1/events",
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn events(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    State(fleet): State<MaybeFleet>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let asked = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let seq = match asked {
        Some(seq) => seq,
        None => workplace.store.newest_event_seq().await?,
    };
    let hello = Event::default()
        .event("hello")
        .id(seq.to_string())
        .data(json!({ "seq": seq }).to_string());
    let feed = Feed {
        workplace,
        stop: fixed.stop.clone(),
        seq,
        progress: None,
        fleet: fleet.get().map(|fleet| fleet.view().subscribe()),
        ready: VecDeque::from([hello]),
    };
    let (tell, receive) = mpsc::channel(AT_ONCE as usize);
    fixed.tasks.spawn(run(feed, tell));
    let stream = ReceiverStream::new(receive).map(Ok);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Feed {
    workplace: Workplace,
    stop: CancellationToken,
    seq: i64,
    progress: Option<JobCounts>,
    fleet: Option<watch::Receiver<Option<FleetView>>>,
    ready: VecDeque<Event>,
}

/// Ends when the client is gone or the service stops.
async fn run(mut feed: Feed, tell: mpsc::Sender<Event>) {
    loop {
        while let Some(event) = feed.ready.pop_front() {
            if tell.send(event).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = feed.stop.cancelled() => return,
            () = tell.closed() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if let Err(error) = feed.look().await {
            tracing::warn!(%error, "event feed could not read");
        }
    }
}

impl Feed {
    async fn look(&mut self) -> Result<(), store::StoreError> {
        for stored in self.workplace.store.events_after(self.seq, AT_ONCE).await? {
            self.seq = stored.seq;
            self.ready.extend(message(&stored));
        }
        let counts = self.workplace.store.job_counts(JobKind::Look).await?;
        if self.progress.as_ref() != Some(&counts) {
            let total = counts.queued + counts.running + counts.done + counts.failed;
            let data = json!({ "looked_at": counts.done + counts.failed, "total": total });
            self.ready
                .push_back(Event::default().event("progress").data(data.to_string()));
            self.progress = Some(counts);
        }
        self.look_at_fleet();
        Ok(())
    }

    /// The newest view only: a page that was slow has no use for the ones between.
    fn look_at_fleet(&mut self) {
        let Some(view) = self
            .fleet
            .as_mut()
            .filter(|view| view.has_changed().unwrap_or(false))
        else {
            return;
        };
        let data = view.borrow_and_update().as_ref().map(serde_json::to_string);
        if let Some(Ok(data)) = data {
            self.ready.push_back(Event::default().event("fleet").data(data));
        }
    }
}

fn message(stored: &StoredEvent) -> Option<Event> {
    let body = &stored.body;
    let data = match body.subject_kind.as_str() {
        "lead" => {
            json!({ "lead_id": body.subject_id, "state": body.to, "kind": body.kind, "seq": stored.seq })
        }
        "photo" => json!({ "photo_id": body.subject_id, "state": body.to, "seq": stored.seq }),
        "sortie" => {
            // The use of an override is no move: it has a reason in words and no code.
            let code = body.reason.as_ref().filter(|_| body.kind != "overridden");
            json!({ "sortie_id": body.subject_id, "state": body.to, "code": code, "seq": stored.seq })
        }
        _ => return None,
    };
    Some(
        Event::default()
            .event(&body.subject_kind)
            .id(stored.seq.to_string())
            .data(data.to_string()),
    )
}
