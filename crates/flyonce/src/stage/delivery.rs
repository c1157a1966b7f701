//! A parcel that is whole becomes a photo of its flight: content compared with its address, original kept, row
//! committed, part removed, in this order, so that a kill between any two of them loses nothing.

use anyhow::Result;
use store::StoreError;
use store::flights::FlightRow;

use crate::lang::Words;
use crate::stage::flight_photo::{FlightFile, FlightPhoto, take_flight_photo};
use crate::stage::incoming::{Incoming, Parcel};
use crate::stage::intake::refusal;
use crate::workplace::Workplace;

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It is a photo of its flight.
    Stored(FlightPhoto),
    /// The bytes are not those of the address; they were dropped.
    OtherContent,
    /// The bytes are as sent, but no photo; they were dropped.
    NoPhoto(Words),
}

/// Takes in a parcel whose last byte came.
///
/// # Errors
/// A full disk, the database; the part stays and the same call may be repeated.
pub async fn deliver(
    workplace: &Workplace,
    incoming: &Incoming,
    parcel: &Parcel,
    flight: &FlightRow,
) -> Result<Delivered> {
    if incoming.digest(parcel).await? != parcel.sha256 {
        incoming.remove(parcel).await?;
        return Ok(Delivered::OtherContent);
    }
    let path = incoming.path(parcel);
    let looked_at = path.clone();
    if let Some(words) = tokio::task::spawn_blocking(move || refusal(&looked_at)).await? {
        incoming.remove(parcel).await?;
        return Ok(Delivered::NoPhoto(words));
    }
    let file = FlightFile {
        flight,
        image_index: Some(parcel.image_index),
        path: &path,
        name: parcel.photo_name(),
        brought_by: "photo-door",
    };
    let photo = take_flight_photo(workplace, file).await?;
    incoming.remove(parcel).await?;
    Ok(Delivered::Stored(photo))
}

/// Takes in what was whole when the program was stopped; answers how many. What is not whole waits for its sender.
///
/// # Errors
/// A folder that cannot be read, the database.
pub async fn deliver_leftovers(workplace: &Workplace, incoming: &Incoming) -> Result<usize> {
    let mut delivered = 0;
    for parcel in incoming.waiting().await? {
        let _turn = incoming.turn(&parcel).await;
        if incoming.received(&parcel).await? == 0 || incoming.digest(&parcel).await? != parcel.sha256 {
            continue;
        }
        let flight = match workplace.store.flight(parcel.sortie_id.as_str()).await {
            Err(StoreError::NotFound { .. }) => continue,
            other => other?,
        };
        deliver(workplace, incoming, &parcel, &flight).await?;
        delivered += 1;
    }
    Ok(delivered)
}
