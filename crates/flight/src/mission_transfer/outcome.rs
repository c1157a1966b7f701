//! How a transfer ended.

use std::net::SocketAddr;
use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;
use schedule::mission::MissionItem;
use thiserror::Error;

use super::kind::ListKind;
use crate::vehicle::SendError;

/// A mission that is on the vehicle, compared item by item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadReport {
    /// Number of our items, without home.
    pub items: usize,
    /// Messages of ours that had to be sent again, reading back included.
    pub retransmissions: u32,
    /// How often the mission was sent as a whole; 2 when the first reading back differed.
    pub attempts: u32,
    /// Whether the vehicle's acknowledgement arrived; if not, reading back alone proves the mission.
    pub acknowledged: bool,
    /// From the first message to the comparison of the last item.
    pub duration: Duration,
}

/// Why a mission (or fence, or rally points) is not on the vehicle or could not be read. Item numbers count our items
/// from 0.
#[derive(Debug, Error)]
pub enum MissionTransferError {
    /// Nothing to send.
    #[error("the mission has no items")]
    Empty,
    /// More items than a mission can number.
    #[error("the mission has {count} items; at most 65534 can be sent")]
    TooMany {
        /// Number of items.
        count: usize,
    },
    /// A command or frame number that MAVLink does not define.
    #[error(
        "item {item} of the mission cannot be sent: MAVLink has no command {command} or no frame {frame}"
    )]
    UnknownItem {
        /// Which item.
        item: usize,
        /// Its command.
        command: u16,
        /// Its frame.
        frame: u8,
    },
    /// The vehicle does not answer.
    #[error("vehicle {system_id} does not answer: {place}, tried {tries} times")]
    NoAnswer {
        /// The vehicle.
        system_id: u8,
        /// Where the transfer stood.
        place: String,
        /// How often it was tried.
        tries: u32,
    },
    /// The vehicle refuses the mission, an item, or giving its mission.
    #[error("vehicle {system_id} refuses: {place} ({result:?}){}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// The vehicle.
        system_id: u8,
        /// Where the transfer stood.
        place: String,
        /// Its answer.
        result: MavMissionResult,
        /// What it said in words meanwhile.
        reason: Option<String>,
    },
    /// The vehicle asks for the same items for ever.
    #[error("vehicle {system_id} asks for the same items again and again; the transfer was broken off")]
    GoesRound {
        /// The vehicle.
        system_id: u8,
    },
    /// The vehicle gives back another item than it was given, twice.
    #[error(
        "vehicle {system_id} gives back another item {item} than it was given: sent {sent:?}, read back {found:?}"
    )]
    Differs {
        /// The vehicle.
        system_id: u8,
        /// The first item that differs.
        item: usize,
        /// As sent.
        sent: Box<MissionItem>,
        /// As read back.
        found: Box<MissionItem>,
    },
    /// The vehicle gives back another number of items than it was given, twice.
    #[error("vehicle {system_id} gives back {found} items instead of {sent}")]
    DiffersInLength {
        /// The vehicle.
        system_id: u8,
        /// Sent, as numbered on the wire.
        sent: usize,
        /// Read back.
        found: usize,
    },
    /// The vehicle does not know such lists.
    #[error("vehicle {system_id} does not support {kind} by the mission protocol")]
    NotSupported {
        /// The vehicle.
        system_id: u8,
        /// What it does not take.
        kind: ListKind,
    },
    /// Two vehicles share one number.
    #[error(
        "two vehicles use the number {system_id} ({addresses:?}): no mission is sent before one of them is renumbered"
    )]
    TwoVehicles {
        /// The number.
        system_id: u8,
        /// Where they are heard from.
        addresses: Vec<SocketAddr>,
    },
    /// It could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
}
