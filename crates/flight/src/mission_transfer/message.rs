//! What the two sides of a mission transfer say, without addresses.

use mavlink::dialects::ardupilotmega::MavMissionResult;
use schedule::mission::MissionItem;

/// From the vehicle to us.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// It wants this item (MISSION_REQUEST or MISSION_REQUEST_INT).
    Request(u16),
    /// MISSION_ACK.
    Ack(MavMissionResult),
    /// It has so many items.
    Count(u16),
    /// One of its items.
    Item {
        /// Its number, from 0.
        number: u16,
        /// The item.
        item: MissionItem,
    },
}

/// From us to the vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// We have so many items.
    Count(u16),
    /// Here is this item of ours.
    Item(u16),
    /// How many items have you?
    RequestList,
    /// Give us this item.
    Request(u16),
    /// We have them all.
    Accept,
    /// Forget all items.
    Clear,
}

/// How a part of a transfer ended.
pub type End<T> = Result<T, Setback>;

/// Where a transfer stood, items by their number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Saying how many items come, or asking how many there are.
    Announce,
    /// At this item.
    Item(u16),
    /// Clearing.
    Clear,
}

/// Why a part of a transfer did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum Setback {
    /// No answer.
    Silent {
        /// Where it stood.
        step: Step,
        /// How often it was tried.
        tries: u32,
    },
    /// The vehicle said no.
    Refused {
        /// Its answer.
        result: MavMissionResult,
        /// Where it stood.
        step: Step,
    },
    /// The vehicle asked for the same things again and again.
    GoesRound,
}
