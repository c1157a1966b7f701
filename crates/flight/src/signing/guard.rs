//! Signing on one link: which frames are believed, and how what we say is signed. Counted per system.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::MavMessage;
use mavlink::{MavHeader, Message};
use serde::Serialize;
use survey::time::UtcMicros;

use super::VehicleKeys;
use super::clock::SigningClock;
use super::frame::{Trailer, is_signed_with, signed, trailer};
use super::key::SecretKey;
use super::stream::{Stream, may_begin};
use crate::port::locked;
use crate::wire::{Frame, encode};

const AUTOPILOT_COMPONENT: u8 = 1;
/// Streams that are followed per vehicle; a vehicle has one per link it sends on.
const MAX_STREAMS: usize = 32;
/// What happened longer ago says nothing about now.
const RECENT: Duration = Duration::from_secs(5);

/// What signing did on a link, for one system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SigningCounts {
    /// Frames with a right signature.
    pub signed: u64,
    /// Frames without signature that were taken: allowed for their message, or while the first key is being set.
    pub unsigned_taken: u64,
    /// Frames without signature that were refused.
    pub unsigned_refused: u64,
    /// Frames signed with a key that is not here.
    pub wrong_key: u64,
    /// Frames with a right signature and a timestamp that was used before.
    pub replayed: u64,
    /// Frames with a right signature that is more than a minute older than ours.
    pub stale: u64,
    /// Signed frames of a system without a key here: believed, not checked.
    pub unchecked: u64,
}

/// Why a vehicle that sends is not understood, or will not understand us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningTrouble {
    /// It signs with a key that is not here.
    WrongKey,
    /// It should sign and does not.
    Unsigned,
    /// Its signing clock is more than a minute behind and does not follow ours.
    Stale,
    /// It signs, and there is no key for it here: what we say unsigned may not count.
    NoKeyHere,
}

impl SigningTrouble {
    /// What it means.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::WrongKey => "it signs with another key than the one in the key file",
            Self::Unsigned => "it does not sign although the key file has a key for it",
            Self::Stale => "its signing clock is more than a minute behind ours and does not follow",
            Self::NoKeyHere => "it signs its messages and the key file has no key for it",
        }
    }
}

/// What is done with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Take,
    /// Not believed. Whoever sent it may still be spoken to: what we sign sets its clock right.
    Refuse,
}

#[derive(Debug)]
struct Ring {
    name: String,
    keys: Vec<SecretKey>,
    unsigned_too: bool,
    /// The key that the vehicle signs with now, and so do we; `None`: unsigned.
    active: Option<usize>,
    streams: BTreeMap<(u8, u8), Stream>,
}

#[derive(Debug, Default)]
struct Record {
    counts: SigningCounts,
    taken_at: Option<Instant>,
    trouble: Option<(SigningTrouble, Instant)>,
    /// Frames signed with each key, by fingerprint.
    by_key: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct State {
    rings: BTreeMap<u8, Ring>,
    records: BTreeMap<u8, Record>,
}

/// Signing on one link.
#[derive(Debug)]
pub(crate) struct Guard {
    link_id: u8,
    link: String,
    accept_unsigned: BTreeSet<u32>,
    clock: Arc<SigningClock>,
    state: Mutex<State>,
}

impl Guard {
    pub(super) fn new(
        link: &str,
        vehicles: Vec<&VehicleKeys>,
        accept_unsigned: BTreeSet<u32>,
        clock: Arc<SigningClock>,
    ) -> Self {
        let mut state = State::default();
        for vehicle in vehicles {
            let ring = Ring {
                name: format!("{link}/{}", vehicle.system_id),
                keys: vehicle.keys.clone(),
                unsigned_too: vehicle.unsigned_too,
                active: (!vehicle.unsigned_too && !vehicle.keys.is_empty()).then_some(0),
                streams: BTreeMap::new(),
            };
            state.rings.insert(vehicle.system_id, ring);
        }
        Self {
            link_id: link_id(link),
            link: link.to_owned(),
            accept_unsigned,
            clock,
            state: Mutex::new(state),
        }
    }

    /// Whether a frame of a system counts.
    pub(crate) fn judge(&self, system_id: u8, frame: &Frame, now: Instant, utc: UtcMicros) -> Verdict {
        let mut state = locked(&self.state);
        let State { rings, records } = &mut *state;
        let Some(ring) = rings.get_mut(&system_id) else {
            if frame.signed {
                let record = records.entry(system_id).or_default();
                record.counts.unchecked += 1;
                record.trouble = Some((SigningTrouble::NoKeyHere, now));
            }
            return Verdict::Take;
        };
        let record = records.entry(system_id).or_default();
        let refused = match trailer(&frame.raw).filter(|_| frame.signed) {
            None => self.judge_unsigned(ring, record, frame),
            Some(trailer) => self.judge_signed(ring, record, (frame, trailer), utc),
        };
        match refused {
            Ok(()) => {
                record.taken_at = Some(now);
                Verdict::Take
            }
            Err(trouble) => {
                if let Some(trouble) = trouble {
                    record.trouble = Some((trouble, now));
                }
                Verdict::Refuse
            }
        }
    }

    fn judge_unsigned(
        &self,
        ring: &mut Ring,
        record: &mut Record,
        frame: &Frame,
    ) -> Result<(), Option<SigningTrouble>> {
        if ring.unsigned_too || self.accept_unsigned.contains(&frame.message.message_id()) {
            // Gimbals and cameras of a vehicle often cannot sign; what the autopilot does tells what it expects.
            if ring.unsigned_too && frame.header.component_id == AUTOPILOT_COMPONENT {
                ring.active = None;
            }
            record.counts.unsigned_taken += 1;
            return Ok(());
        }
        record.counts.unsigned_refused += 1;
        Err(Some(SigningTrouble::Unsigned))
    }

    fn judge_signed(
        &self,
        ring: &mut Ring,
        record: &mut Record,
        (frame, Trailer { link_id, timestamp }): (&Frame, Trailer),
        utc: UtcMicros,
    ) -> Result<(), Option<SigningTrouble>> {
        let Some(index) = ring.keys.iter().position(|key| is_signed_with(&frame.raw, key)) else {
            record.counts.wrong_key += 1;
            return Err(Some(SigningTrouble::WrongKey));
        };
        let stream = (link_id, frame.header.component_id);
        if !ring.streams.contains_key(&stream) {
            if !may_begin(timestamp, self.clock.now(&ring.name, utc)) || ring.streams.len() >= MAX_STREAMS {
                record.counts.stale += 1;
                return Err(Some(SigningTrouble::Stale));
            }
            ring.streams.insert(stream, Stream::default());
        }
        let fresh = ring
            .streams
            .get_mut(&stream)
            .is_some_and(|stream| stream.take(timestamp));
        if !fresh {
            record.counts.replayed += 1;
            return Err(None);
        }
        self.clock.heard(&ring.name, timestamp);
        if frame.header.component_id == AUTOPILOT_COMPONENT {
            ring.active = Some(index);
        }
        record.counts.signed += 1;
        *record.by_key.entry(ring.keys[index].fingerprint()).or_default() += 1;
        Ok(())
    }

    /// The frame that carries `message` to a system, signed as that system signs.
    pub(crate) fn seal(
        &self,
        system_id: u8,
        header: MavHeader,
        message: &MavMessage,
        utc: UtcMicros,
    ) -> Vec<u8> {
        let key = {
            let state = locked(&self.state);
            let ring = state.rings.get(&system_id);
            ring.and_then(|ring| Some(ring.keys.get(ring.active?)?.clone()))
        };
        self.seal_with(key.as_ref(), system_id, (header, message), utc)
    }

    /// As [`Guard::seal`], with this key or none, whatever the system signs with.
    pub(crate) fn seal_with(
        &self,
        key: Option<&SecretKey>,
        system_id: u8,
        (header, message): (MavHeader, &MavMessage),
        utc: UtcMicros,
    ) -> Vec<u8> {
        let Some(key) = key else {
            return encode(header, message);
        };
        let trailer = Trailer {
            link_id: self.link_id,
            timestamp: self.clock.next(&self.name_of(system_id), utc),
        };
        signed(header, message, key, trailer)
    }

    /// Whether a system is spoken to with a key of its own.
    pub(crate) fn has_key(&self, system_id: u8) -> bool {
        locked(&self.state)
            .rings
            .get(&system_id)
            .is_some_and(|ring| !ring.keys.is_empty())
    }

    /// A further key from now on, besides those that a system has; the one it signs with now, if any.
    pub(super) fn offer(&self, system_id: u8, key: &SecretKey) -> Option<SecretKey> {
        let mut state = locked(&self.state);
        let ring = state.rings.entry(system_id).or_insert_with(|| Ring {
            name: self.name_of(system_id),
            keys: Vec::new(),
            unsigned_too: true,
            active: None,
            streams: BTreeMap::new(),
        });
        if !ring.keys.contains(key) {
            ring.keys.push(key.clone());
        }
        ring.active.and_then(|index| ring.keys.get(index).cloned())
    }

    /// Only this key from now on.
    pub(super) fn settle(&self, system_id: u8, key: &SecretKey) {
        if let Some(ring) = locked(&self.state).rings.get_mut(&system_id) {
            ring.keys = vec![key.clone()];
            ring.active = Some(0);
            ring.unsigned_too = false;
        }
    }

    /// Unsigned frames of a system count besides signed ones from now on, or no more.
    pub(super) fn take_unsigned(&self, system_id: u8, taken: bool) {
        if let Some(ring) = locked(&self.state).rings.get_mut(&system_id) {
            ring.unsigned_too = taken;
        }
    }

    /// A system has no key any more.
    pub(super) fn forget(&self, system_id: u8) {
        locked(&self.state).rings.remove(&system_id);
    }

    /// Frames of a system that were signed with a key.
    pub(super) fn signed_with(&self, system_id: u8, key: &SecretKey) -> u64 {
        let state = locked(&self.state);
        let record = state.records.get(&system_id);
        record
            .and_then(|record| record.by_key.get(&key.fingerprint()).copied())
            .unwrap_or(0)
    }

    /// The timestamp that a system may begin to sign with.
    pub(super) fn next_timestamp(&self, system_id: u8, utc: UtcMicros) -> u64 {
        self.clock.next(&self.name_of(system_id), utc)
    }

    /// The key that a system signs with now.
    pub(super) fn active(&self, system_id: u8) -> Option<SecretKey> {
        let state = locked(&self.state);
        let ring = state.rings.get(&system_id)?;
        ring.keys.get(ring.active?).cloned()
    }

    /// Why a system is not understood now.
    pub(crate) fn trouble(&self, system_id: u8, now: Instant) -> Option<SigningTrouble> {
        let state = locked(&self.state);
        let record = state.records.get(&system_id)?;
        let (trouble, at) = record.trouble?;
        let recent = |at: Instant| now.saturating_duration_since(at) <= RECENT;
        let understood = record.taken_at.is_some_and(recent);
        (recent(at) && !understood).then_some(trouble)
    }

    /// What was counted, by system.
    pub(crate) fn counts(&self) -> BTreeMap<u8, SigningCounts> {
        let state = locked(&self.state);
        let counts = |(id, record): (&u8, &Record)| (*id, record.counts.clone());
        state.records.iter().map(counts).collect()
    }

    fn name_of(&self, system_id: u8) -> String {
        format!("{}/{system_id}", self.link)
    }
}

/// The link's own number in signatures, the same at every start: a vehicle remembers only a few streams. 0 is what
/// others mostly use.
fn link_id(link: &str) -> u8 {
    let sum = link.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    // 1 to 255, which u8 holds.
    (sum % 255 + 1) as u8
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
