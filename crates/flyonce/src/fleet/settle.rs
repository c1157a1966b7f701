//! The end of a sortie's photo ledger: photos that are still on their way are waited for, the rest is named lost.

use std::time::Duration;

use anyhow::Result;
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use store::flights::FlightRow;

use crate::clock;
use crate::fleet::cloud::media;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::service::Fleet;

/// How often it is looked whether everything has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until every captured photo of a landed sortie has its file, or until nothing more is to be expected, then
/// names the losses and closes the sortie. Returns at once for a sortie that did not fly.
pub async fn settle_when_quiet(fleet: &Fleet, sortie: &SortieId) {
    loop {
        match settle_if_quiet(fleet, sortie).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(sortie.id = %sortie, error = %format!("{error:#}"), "the ledger could not be settled")
            }
        }
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// A dock that says how many photos it still has is waited for as long as it has any; one that says nothing, or
/// that has none left, for the time set. Photos travel in real time, however fast the city's clock runs.
fn is_patience_over(fleet: &Fleet, flight: &FlightRow) -> bool {
    let dock_has_some = flight
        .dock_id
        .as_deref()
        .and_then(|dock_id| fleet.docks().dock(dock_id))
        .filter(|dock| dock.sortie_id.as_deref() == Some(&flight.sortie_id))
        .and_then(|dock| dock.media_waiting)
        .is_some_and(|waiting| waiting > 0);
    let landed_at = flight.landed_at.unwrap_or(flight.created_at);
    let city_s = (fleet.clock().now().0 - landed_at.0) as f64 / 1e6;
    !dock_has_some && fleet.clock().wall_time(city_s).as_secs_f64() > fleet.settings().photos_within_s
}

/// Whether nothing is left to do.
async fn settle_if_quiet(fleet: &Fleet, sortie: &SortieId) -> Result<bool> {
    let store = &fleet.workplace().store;
    let flight = store.flight(sortie.as_str()).await?;
    match flight.state {
        SortieState::Landed => {}
        SortieState::Refused | SortieState::Failed => {
            store.settle_shots(sortie, clock::now()).await?;
            return Ok(true);
        }
        SortieState::Closed => return Ok(true),
        _open => return Ok(fleet.stop().is_cancelled()),
    }
    if !store.photos_waiting(sortie.as_str()).await?.is_empty() && !is_patience_over(fleet, &flight) {
        return Ok(false);
    }
    if media::are_awaited(fleet, &flight).await? && !is_patience_over(fleet, &flight) {
        return Ok(false);
    }
    media::name_taken(fleet, &flight).await?;
    let lost = store.settle_shots(sortie, clock::now()).await?;
    let record = FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie.clone());
    let note = (lost > 0).then(|| format!("{lost} planned photos lost"));
    // How it came home stays on it: diverted, or returned early.
    let code = flight.state_code.as_deref();
    record.move_to(SortieState::Closed, code, note.as_deref()).await?;
    Ok(true)
}
