//! Which messages count: sane size, JSON of our version, the dock it claims to be, in order. What does not count
//! changes nothing, so that the last good knowledge stays and grows old.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::de::DeserializeOwned;

use super::messages::{
    Kind, MAX_PAYLOAD, ProgressMessage, ReplyMessage, StatusMessage, TelemetryMessage, VERSION, parse_topic,
};
use super::state::{DockState, HEARD_WITHIN};

/// More docks than any city has; a sender that invents names may not fill the memory.
const MOST_DOCKS: usize = 1000;

/// All docks that were ever heard.
#[derive(Debug, Default)]
pub(super) struct Book {
    docks: BTreeMap<String, Record>,
}

/// One message from the broker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub(super) topic: &'a [u8],
    pub(super) payload: &'a [u8],
    /// The broker repeats it; the dock may be long gone.
    pub(super) retained: bool,
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum Taken {
    /// A dock's state is new.
    State,
    /// A dock's state is new, and it was offline before.
    DockIsBack(String),
    /// An answer to the command of this id.
    Reply(String, ReplyMessage),
    /// News of the command of this id.
    Progress(String, ProgressMessage),
    /// Older than what is known.
    OutOfOrder,
}

/// Why a message does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadMessage {
    #[error("not a topic of a dock")]
    Topic,
    #[error("{bytes} bytes are more than {MAX_PAYLOAD}")]
    TooLarge { bytes: usize },
    #[error("{0}")]
    Json(String),
    #[error("version {0} instead of {VERSION}")]
    Version(u32),
    #[error("the payload says dock {0:?}")]
    OtherDock(String),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("more than {MOST_DOCKS} docks")]
    TooManyDocks,
}

#[derive(Debug)]
struct Record {
    state: DockState,
    status_order: Order,
    telemetry_order: Order,
}

/// The last message that counted of one topic.
#[derive(Debug, Clone, Copy, Default)]
struct Order {
    last: Option<(u64, u64, Instant)>,
}

impl Book {
    /// Takes a message in.
    ///
    /// # Errors
    /// [`BadMessage`]; nothing has changed then.
    pub(super) fn take(&mut self, incoming: Incoming<'_>, now: Instant) -> Result<Taken, BadMessage> {
        let (dock_id, kind) = parse_topic(incoming.topic).ok_or(BadMessage::Topic)?;
        if incoming.payload.len() > MAX_PAYLOAD {
            return Err(BadMessage::TooLarge {
                bytes: incoming.payload.len(),
            });
        }
        let taken = match kind {
            Kind::Status => self.take_status(dock_id, read(incoming.payload)?, now)?,
            Kind::Telemetry => self.take_telemetry(dock_id, read(incoming.payload)?, now)?,
            Kind::Reply => {
                let reply: ReplyMessage = read(incoming.payload)?;
                of_our_version(reply.v)?;
                Taken::Reply(dock_id.to_owned(), reply)
            }
            Kind::Progress => {
                let progress: ProgressMessage = read(incoming.payload)?;
                of_our_version(progress.v)?;
                Taken::Progress(dock_id.to_owned(), progress)
            }
        };
        if !incoming.retained
            && let Some(record) = self.docks.get_mut(dock_id)
        {
            record.state.heard_at = Some(now);
        }
        Ok(taken)
    }

    /// The connection to the broker is a new one: docks may have restarted unseen, so every number counts again.
    pub(super) fn start_over(&mut self) {
        for record in self.docks.values_mut() {
            record.forget_order();
        }
    }

    /// Every dock at `now`, by name.
    pub(super) fn states(&self, now: Instant) -> Vec<DockState> {
        self.docks
            .values()
            .map(|record| record.state.clone().aged(now))
            .collect()
    }

    /// One dock at `now`.
    pub(super) fn state(&self, dock_id: &str, now: Instant) -> Option<DockState> {
        self.docks
            .get(dock_id)
            .map(|record| record.state.clone().aged(now))
    }

    fn take_status(
        &mut self,
        dock_id: &str,
        message: StatusMessage,
        now: Instant,
    ) -> Result<Taken, BadMessage> {
        of_our_version(message.v)?;
        of_this_dock(dock_id, &message.dock_id)?;
        let number = match message.online {
            true => Some((
                message.seq.ok_or(BadMessage::Missing("seq"))?,
                message.at_ms.ok_or(BadMessage::Missing("at_ms"))?,
            )),
            false => None,
        };
        let record = self.record(dock_id)?;
        match number {
            Some((seq, at_ms)) if !record.status_order.accepts(seq, at_ms, now) => {
                return Ok(Taken::OutOfOrder);
            }
            Some(_) => {}
            None => record.forget_order(),
        }
        let is_back = message.online && record.state.online == Some(false);
        record.state.take_status(message);
        record.state.status_at = Some(now);
        Ok(match is_back {
            true => Taken::DockIsBack(dock_id.to_owned()),
            false => Taken::State,
        })
    }

    fn take_telemetry(
        &mut self,
        dock_id: &str,
        message: TelemetryMessage,
        now: Instant,
    ) -> Result<Taken, BadMessage> {
        of_our_version(message.v)?;
        of_this_dock(dock_id, &message.dock_id)?;
        let record = self.record(dock_id)?;
        if !record.telemetry_order.accepts(message.seq, message.at_ms, now) {
            return Ok(Taken::OutOfOrder);
        }
        record.state.take_telemetry(message);
        record.state.telemetry_at = Some(now);
        Ok(Taken::State)
    }

    fn record(&mut self, dock_id: &str) -> Result<&mut Record, BadMessage> {
        if self.docks.len() >= MOST_DOCKS && !self.docks.contains_key(dock_id) {
            return Err(BadMessage::TooManyDocks);
        }
        Ok(self
            .docks
            .entry(dock_id.to_owned())
            .or_insert_with(|| Record::new(dock_id)))
    }
}

impl Record {
    fn new(dock_id: &str) -> Self {
        Self {
            state: DockState::unheard(dock_id),
            status_order: Order::default(),
            telemetry_order: Order::default(),
        }
    }

    fn forget_order(&mut self) {
        self.status_order = Order::default();
        self.telemetry_order = Order::default();
    }
}

impl Order {
    /// Whether a message is news. A number that does not go up is news only where the dock's clock went on (it
    /// restarted without anybody noticing) or where nothing else was heard for so long that anything is better.
    fn accepts(&mut self, seq: u64, at_ms: u64, now: Instant) -> bool {
        let is_news = self.last.is_none_or(|(last_seq, last_at_ms, heard)| {
            seq > last_seq
                || (seq < last_seq && at_ms > last_at_ms)
                || now.saturating_duration_since(heard) > HEARD_WITHIN
        });
        if is_news {
            self.last = Some((seq, at_ms, now));
        }
        is_news
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, BadMessage> {
    serde_json::from_slice(payload).map_err(|error| BadMessage::Json(error.to_string()))
}

fn of_our_version(version: u32) -> Result<(), BadMessage> {
    match version {
        VERSION => Ok(()),
        other => Err(BadMessage::Version(other)),
    }
}

fn of_this_dock(topic: &str, payload: &str) -> Result<(), BadMessage> {
    if topic == payload {
        return Ok(());
    }
    let short: String = payload.chars().take(64).collect();
    Err(BadMessage::OtherDock(short))
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
