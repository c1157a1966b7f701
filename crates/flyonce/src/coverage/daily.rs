//! Coverage in the running service: the ledger is made ready soon after the start, the figures of each day are kept as
//! they were stated, and what changed is written into the data folder.

use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::coverage::desk::{Asked, Desk};

/// Other things come first after a start. What takes longest, the ledger, the scene and the gaps, is at hand from then on.
const FIRST_AFTER: Duration = Duration::from_secs(10);
/// Then this often.
const EVERY: Duration = Duration::from_secs(1800);

/// Keeps coverage until the service stops.
pub async fn keep_coverage(desk: Desk, stop: CancellationToken) {
    let mut wait = FIRST_AFTER;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
        if let Err(error) = state_today(&desk).await {
            tracing::warn!(error = %format!("{error:#}"), "the figures of coverage could not be kept");
        }
        wait = EVERY;
    }
    if let Err(error) = desk.save().await {
        tracing::warn!(error = %format!("{error:#}"), "the coverage ledger could not be written");
    }
}

async fn state_today(desk: &Desk) -> Result<()> {
    let on_entered = |entered, all| tracing::info!(entered, all, "building the coverage ledger");
    let figures = desk
        .ask_gaps(Asked::default(), &on_entered, |figures, _| figures.figures())
        .await?;
    if let Some(figures) = figures {
        desk.state(&figures).await?;
    }
    desk.save().await
}
