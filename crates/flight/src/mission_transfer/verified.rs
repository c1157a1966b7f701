//! An upload that is only done when the vehicle gives back what it was given: send, read back, compare; on any
//! difference clear, send once more, read back, compare; and never leave half a mission behind. Pure.

use std::time::Duration;

use schedule::mission::MissionItem;

use super::clear::Clear;
use super::download::Download;
use super::message::{Conversation, End, Incoming, Manners, Outgoing, Setback};
use super::upload::Upload;

/// Times a mission is sent as a whole.
const ATTEMPTS: u32 = 2;

/// How a verified upload ended without success.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// A part of it did not succeed.
    Setback(Setback),
    /// The vehicle has another number of items.
    OtherLength {
        /// Sent.
        sent: usize,
        /// Read back.
        found: usize,
    },
    /// An item is not what was sent, by its number on the wire.
    OtherItem {
        /// Its number.
        number: usize,
        /// Read back.
        found: Box<MissionItem>,
    },
}

#[derive(Debug)]
enum Phase {
    Upload(Upload),
    ReadBack(Download),
    Clear(Clear),
}

/// Judges an item that was read back: its number on the wire, as sent, as found.
pub type Compare = fn(usize, &MissionItem, &MissionItem) -> bool;

/// A verified upload on its way.
#[derive(Debug)]
pub struct VerifiedUpload {
    items: Vec<MissionItem>,
    length: u16,
    manners: Manners,
    same: Compare,
    phase: Phase,
    attempts: u32,
    acknowledged: bool,
    retransmissions: u32,
    failure: Option<Failure>,
    end: Option<Result<(), Failure>>,
}

impl VerifiedUpload {
    /// Begins: the messages to send first. `same(number, sent, found)` judges an item that was read back; `items`
    /// beyond 65535 are not sent.
    pub fn start(
        items: Vec<MissionItem>,
        manners: Manners,
        same: Compare,
        now: Duration,
    ) -> (Self, Vec<Outgoing>) {
        let length = u16::try_from(items.len()).unwrap_or(u16::MAX);
        let (upload, messages) = Upload::start(length, manners, now);
        let machine = Self {
            items,
            length,
            manners,
            same,
            phase: Phase::Upload(upload),
            attempts: 1,
            acknowledged: false,
            retransmissions: 0,
            failure: None,
            end: None,
        };
        (machine, messages)
    }

    /// How it ended, once it did.
    pub fn end(&self) -> Option<&Result<(), Failure>> {
        self.end.as_ref()
    }

    /// Times the mission was sent as a whole.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the last upload was acknowledged.
    pub fn acknowledged(&self) -> bool {
        self.acknowledged
    }

    fn go_on(&mut self, mut messages: Vec<Outgoing>, now: Duration) -> Vec<Outgoing> {
        let more = match &self.phase {
            Phase::Upload(part) => part.end().cloned().map(|end| self.after_upload(end, now)),
            Phase::ReadBack(part) => part.end().cloned().map(|end| self.after_read_back(end, now)),
            Phase::Clear(part) => part.end().cloned().map(|end| self.after_clear(end, now)),
        };
        messages.extend(more.unwrap_or_default());
        messages
    }

    fn after_upload(&mut self, end: End<bool>, now: Duration) -> Vec<Outgoing> {
        match end {
            Ok(acknowledged) => {
                self.acknowledged = acknowledged;
                let (download, messages) = Download::start(self.manners, now);
                self.enter(Phase::ReadBack(download));
                messages
            }
            Err(setback) => self.set_back(Failure::Setback(setback), now),
        }
    }

    fn after_read_back(&mut self, end: End<Vec<MissionItem>>, now: Duration) -> Vec<Outgoing> {
        let found = match end {
            Ok(found) => found,
            Err(setback) => return self.set_back(Failure::Setback(setback), now),
        };
        match self.difference(&found) {
            None => {
                self.end = Some(Ok(()));
                Vec::new()
            }
            Some(failure) => self.set_back(failure, now),
        }
    }

    /// Whether clearing succeeded does not matter where another upload follows: that one is read back too.
    fn after_clear(&mut self, _end: End<()>, now: Duration) -> Vec<Outgoing> {
        if self.attempts >= ATTEMPTS {
            self.end = self.failure.take().map(Err);
            return Vec::new();
        }
        self.attempts += 1;
        self.acknowledged = false;
        let (upload, messages) = Upload::start(self.length, self.manners, now);
        self.enter(Phase::Upload(upload));
        messages
    }

    fn set_back(&mut self, failure: Failure, now: Duration) -> Vec<Outgoing> {
        // Nobody there: neither clearing nor another upload would be heard.
        let is_silent = matches!(failure, Failure::Setback(Setback::Silent { .. }));
        if is_silent && self.attempts >= ATTEMPTS {
            self.end = Some(Err(failure));
            return Vec::new();
        }
        self.failure = Some(failure);
        let (clear, messages) = Clear::start(now);
        self.enter(Phase::Clear(clear));
        messages
    }

    fn enter(&mut self, phase: Phase) {
        self.retransmissions = self.retransmissions();
        self.phase = phase;
    }

    fn difference(&self, found: &[MissionItem]) -> Option<Failure> {
        let pairs = self.items.iter().zip(found).enumerate();
        let other = pairs
            .filter(|(number, (sent, found))| !(self.same)(*number, sent, found))
            .map(|(number, (_, found))| Failure::OtherItem {
                number,
                found: Box::new(found.clone()),
            });
        let other_length = (self.items.len() != found.len()).then_some(Failure::OtherLength {
            sent: self.items.len(),
            found: found.len(),
        });
        other_length.or_else(|| other.into_iter().next())
    }
}

impl Conversation for VerifiedUpload {
    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn deadline(&self) -> Duration {
        match &self.phase {
            Phase::Upload(part) => part.deadline(),
            Phase::ReadBack(part) => part.deadline(),
            Phase::Clear(part) => part.deadline(),
        }
    }

    fn take(&mut self, message: &Incoming, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        let messages = match &mut self.phase {
            Phase::Upload(part) => part.take(message, now),
            Phase::ReadBack(part) => part.take(message, now),
            Phase::Clear(part) => part.take(message, now),
        };
        self.go_on(messages, now)
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        let messages = match &mut self.phase {
            Phase::Upload(part) => part.timeout(now),
            Phase::ReadBack(part) => part.timeout(now),
            Phase::Clear(part) => part.timeout(now),
        };
        self.go_on(messages, now)
    }

    fn retransmissions(&self) -> u32 {
        let current = match &self.phase {
            Phase::Upload(part) => part.retransmissions(),
            Phase::ReadBack(part) => part.retransmissions(),
            Phase::Clear(part) => part.retransmissions(),
        };
        self.retransmissions + current
    }

    fn item(&self, number: u16) -> Option<&MissionItem> {
        self.items.get(usize::from(number))
    }
}
