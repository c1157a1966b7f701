//! What the two sides of a mission transfer say, without addresses.

use std::time::Duration;

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

/// How the other side takes a transfer, as far as its firmware tells. What is on its way at once stays small: a slow
/// telemetry radio carries about a hundred items a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// Items that may follow the one that was asked for without being asked for, once the line was seen to lose:
    /// the vehicle takes the one it waits for, whether or not we saw it ask, and passes over others.
    pub ahead: u16,
    /// Items that may be asked for at once.
    pub window: u16,
}

impl Manners {
    /// ArduPilot 4.0 to 4.7 (`MissionItemProtocol.cpp`): an item that is not the awaited one is answered with
    /// INVALID_SEQUENCE and changes nothing; any item is handed out at any time.
    pub const ARDUPILOT: Self = Self { ahead: 3, window: 5 };
    /// PX4 1.12 to 1.16 (`mavlink_mission.cpp`): an item that is not the awaited one is passed over in silence; items
    /// are handed out in order only, anything but the next or the last one ends the transfer.
    pub const PX4: Self = Self { ahead: 3, window: 1 };
    /// Others are taken to know nothing but the letter of the protocol.
    pub const PLAIN: Self = Self { ahead: 0, window: 1 };
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

/// A conversation without clock or line: messages and time go in, messages come out.
pub trait Conversation {
    /// Whether it came to its end.
    fn is_over(&self) -> bool;
    /// When [`Self::timeout`] is due, counted from the beginning.
    fn deadline(&self) -> Duration;
    /// Takes a message of the vehicle in.
    fn take(&mut self, message: &Incoming, now: Duration) -> Vec<Outgoing>;
    /// Nothing came in time.
    fn timeout(&mut self, now: Duration) -> Vec<Outgoing>;
    /// Messages that went out more than once.
    fn retransmissions(&self) -> u32;
    /// Our item with this number on the wire.
    fn item(&self, _number: u16) -> Option<&MissionItem> {
        None
    }
}
