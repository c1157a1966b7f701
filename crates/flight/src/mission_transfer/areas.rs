//! Fences and rally points to and from a vehicle, with the same guarantees as missions.

use schedule::mission::{Fence, RallyPoint};
use thiserror::Error;

use super::fence::{FenceError, fence_items, fence_of, same_fence};
use super::kind::ListKind;
use super::outcome::{MissionTransferError, UploadReport};
use super::rally::{RallyError, rally_items, rally_of, same_rally};
use crate::vehicle::Vehicle;

/// Why a fence is not on the vehicle or could not be read.
#[derive(Debug, Error)]
pub enum FenceTransferError {
    /// It cannot be sent, or what was read is none.
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// The transfer did not succeed.
    #[error("the fence: {0}")]
    Transfer(#[from] MissionTransferError),
}

/// Why rally points are not on the vehicle or could not be read.
#[derive(Debug, Error)]
pub enum RallyTransferError {
    /// They cannot be sent, or what was read are none.
    #[error(transparent)]
    Rally(#[from] RallyError),
    /// The transfer did not succeed.
    #[error("the rally points: {0}")]
    Transfer(#[from] MissionTransferError),
}

/// Whether a fence that was found on a vehicle is this one, or what a broken upload of it leaves: none.
pub(crate) fn is_from_fence(found: &Fence, ours: &Fence) -> bool {
    if found.is_empty() {
        return true;
    }
    let (Ok(found), Ok(ours)) = (fence_items(found), fence_items(ours)) else {
        return false;
    };
    found.len() == ours.len()
        && ours
            .iter()
            .zip(&found)
            .all(|(ours, found)| same_fence(0, ours, found))
}

/// Whether rally points that were found on a vehicle are these, or what a broken upload leaves of them: ArduPilot
/// writes them one by one.
pub(crate) fn is_from_rally(found: &[RallyPoint], ours: &[RallyPoint]) -> bool {
    if found.is_empty() {
        return true;
    }
    let (Ok(found), Ok(ours)) = (rally_items(found), rally_items(ours)) else {
        return false;
    };
    found
        .iter()
        .all(|found| ours.iter().any(|ours| same_rally(0, ours, found)))
}

impl Vehicle {
    /// Puts a fence on the vehicle in place of what it has, reads it back and compares. Whether it is obeyed is a
    /// matter of parameters. After an error the fence on the vehicle is cleared or unknown.
    ///
    /// # Errors
    /// [`FenceTransferError`]; [`MissionTransferError::NotSupported`] from a vehicle that knows no fences.
    pub async fn upload_fence(&self, fence: &Fence) -> Result<UploadReport, FenceTransferError> {
        let items = fence_items(fence)?;
        let list = self.list(ListKind::Fence).await?;
        Ok(self.put(list, items, same_fence).await?)
    }

    /// The fence on the vehicle; an empty one where there is none.
    ///
    /// # Errors
    /// [`FenceTransferError`].
    pub async fn download_fence(&self) -> Result<Fence, FenceTransferError> {
        let list = self.list(ListKind::Fence).await?;
        Ok(fence_of(&self.fetch(list).await?)?)
    }

    /// Takes the fence off the vehicle and reads back that none is left; how many items there were.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn clear_fence(&self) -> Result<usize, MissionTransferError> {
        self.clear_list(ListKind::Fence).await
    }

    /// Puts rally points on the vehicle in place of those it has, reads them back and compares.
    ///
    /// # Errors
    /// [`RallyTransferError`]; [`MissionTransferError::NotSupported`] from a vehicle that knows no rally points.
    pub async fn upload_rally(&self, points: &[RallyPoint]) -> Result<UploadReport, RallyTransferError> {
        let items = rally_items(points)?;
        let list = self.list(ListKind::Rally).await?;
        Ok(self.put(list, items, same_rally).await?)
    }

    /// The rally points on the vehicle.
    ///
    /// # Errors
    /// [`RallyTransferError`].
    pub async fn download_rally(&self) -> Result<Vec<RallyPoint>, RallyTransferError> {
        let list = self.list(ListKind::Rally).await?;
        Ok(rally_of(&self.fetch(list).await?)?)
    }

    /// Takes the rally points off the vehicle and reads back that none is left; how many there were.
    ///
    /// # Errors
    /// [`MissionTransferError`].
    pub async fn clear_rally(&self) -> Result<usize, MissionTransferError> {
        self.clear_list(ListKind::Rally).await
    }

    /// A list that is empty already is left alone.
    async fn clear_list(&self, kind: ListKind) -> Result<usize, MissionTransferError> {
        let list = self.list(kind).await?;
        let before = self.fetch(list).await?.len();
        if before == 0 {
            return Ok(0);
        }
        self.clear(list).await?;
        match self.fetch(list).await?.len() {
            0 => Ok(before),
            found => Err(MissionTransferError::DiffersInLength {
                system_id: self.system_id(),
                sent: 0,
                found,
            }),
        }
    }
}
