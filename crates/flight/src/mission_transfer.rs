//! Missions to and from a vehicle. An upload is done when the vehicle gives back what it was given, not when it says
//! so: acknowledgements get lost, and ArduPilot mixes old and new items when an upload breaks off. Fences and rally
//! points go the same way (`areas`).
//!
//! `upload`, `download`, `clear` and `verified` are state machines without clock or socket; in `converse` they meet
//! the vehicle.

use mavlink::dialects::ardupilotmega::{MavCmd, MavFrame};
use num_traits::FromPrimitive;
use schedule::mission::MissionItem;
use survey::geodesy::Wgs84;

use crate::telemetry::Autopilot;
use crate::vehicle::Vehicle;

mod areas;
mod clear;
mod converse;
mod download;
mod fence;
mod form;
mod kind;
mod message;
mod outcome;
mod pace;
#[cfg(test)]
mod peer_tests;
mod rally;
mod speech;
mod upload;
mod verified;

pub use areas::{FenceTransferError, RallyTransferError};
pub(crate) use areas::{is_from_fence, is_from_rally};
pub use fence::FenceError;
pub(crate) use form::is_kept;
pub use kind::ListKind;
pub use outcome::{MissionTransferError, UploadReport};
pub use rally::RallyError;

impl Vehicle {
    /// Puts a mission on the vehicle in place of what it has, reads it back and compares. `home` (place and height
    /// above sea level, m) only fills the place that ArduPilot keeps for its own home.
    ///
    /// After an error the mission on the vehicle is cleared, or unknown when it does not answer: do not fly.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn upload_mission(
        &self,
        items: &[MissionItem],
        home: Option<(Wgs84, f64)>,
    ) -> Result<UploadReport, MissionTransferError> {
        check(items)?;
        let list = self.list(ListKind::Mission).await?;
        let same = match list.autopilot {
            Autopilot::ArduPilot => form::same_to_ardupilot,
            Autopilot::Px4 => form::same_to_px4,
            Autopilot::Unknown | Autopilot::Other => form::same_to_other,
        };
        let wire = form::wire_items(items, home, list.autopilot);
        self.put(list, wire, same).await
    }

    /// The mission on the vehicle, without ArduPilot's home at 0.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn download_mission(&self) -> Result<Vec<MissionItem>, MissionTransferError> {
        let list = self.list(ListKind::Mission).await?;
        Ok(form::own_items(self.fetch(list).await?, list.autopilot))
    }

    /// Takes the mission off the vehicle.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn clear_mission(&self) -> Result<(), MissionTransferError> {
        let list = self.list(ListKind::Mission).await?;
        self.clear(list).await
    }
}

fn check(items: &[MissionItem]) -> Result<(), MissionTransferError> {
    if items.is_empty() {
        return Err(MissionTransferError::Empty);
    }
    if items.len() >= usize::from(u16::MAX) {
        return Err(MissionTransferError::TooMany { count: items.len() });
    }
    let is_known = |item: &MissionItem| {
        MavCmd::from_u16(item.command).is_some() && MavFrame::from_u8(item.frame).is_some()
    };
    match items.iter().enumerate().find(|(_, item)| !is_known(item)) {
        Some((item, MissionItem { command, frame, .. })) => Err(MissionTransferError::UnknownItem {
            item,
            command: *command,
            frame: *frame,
        }),
        None => Ok(()),
    }
}
