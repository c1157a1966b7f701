//! MAVLink 2 signing with one key per vehicle: who may speak for a vehicle, and with which key we speak to it.
//! <https://mavlink.io/en/guide/message_signing.html>
//!
//! Two rules are wider than the guide's: frames that UDP reordered within the last few are taken (each once), and a
//! vehicle may have several keys at a time, so that a key that is being exchanged never locks anybody out. What a
//! vehicle signs with, we sign with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use mavlink::Message;
use mavlink::dialects::ardupilotmega::MavMessage;

use crate::address::LinkAddress;

mod clock;
mod frame;
mod guard;
mod key;
mod setup;
mod stream;

pub use clock::ClockError;
pub use guard::{SigningCounts, SigningTrouble};
pub use key::{KeyError, SecretKey};
pub use setup::{KeyChange, KeyChangeError};

use clock::SigningClock;
pub(crate) use guard::{Guard, Verdict};

/// Message that is taken unsigned by default: radios send it about themselves and cannot sign.
pub const RADIO_STATUS: u32 = 109;

/// The keys of one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleKeys {
    /// The vehicle's MAVLink system number.
    pub system_id: u8,
    /// The link on which this vehicle has the number; `None` for any link.
    pub link: Option<LinkAddress>,
    /// Keys it may sign with, the one in use first; more than one while a key is being exchanged.
    pub keys: Vec<SecretKey>,
    /// Whether it may also speak unsigned: while its first key is being set.
    pub unsigned_too: bool,
}

/// What the links of this program know about signing.
#[derive(Debug, Clone, Default)]
pub struct SigningSettings {
    /// Vehicles with keys. All others are spoken to unsigned, and believed.
    pub vehicles: Vec<VehicleKeys>,
    /// Messages that are taken unsigned also of vehicles with keys, by number.
    pub accept_unsigned: BTreeSet<u32>,
    /// Where the highest timestamp in use is kept, so that it never goes back, whatever our clock does.
    pub timestamp_file: Option<PathBuf>,
}

/// Signing for all links of a program: they share one file of timestamps. Clones are the same.
#[derive(Debug, Clone)]
pub struct Signing {
    settings: Arc<SigningSettings>,
    clock: Arc<SigningClock>,
}

impl Default for Signing {
    /// No keys.
    fn default() -> Self {
        Self {
            settings: Arc::default(),
            clock: Arc::default(),
        }
    }
}

impl Signing {
    /// Reads the timestamps in use so far.
    ///
    /// # Errors
    /// A file of timestamps that is there and cannot be read: starting without it could lock us out.
    pub fn open(settings: SigningSettings) -> Result<Self, ClockError> {
        let clock = SigningClock::open(settings.timestamp_file.clone())?;
        Ok(Self {
            settings: Arc::new(settings),
            clock: Arc::new(clock),
        })
    }

    /// What one link needs of it.
    pub(crate) fn guard(&self, address: &LinkAddress) -> Guard {
        let mut mine: Vec<&VehicleKeys> = Vec::new();
        for keys in &self.settings.vehicles {
            let here = keys.link.as_ref().is_none_or(|link| link == address);
            match mine.iter_mut().find(|other| other.system_id == keys.system_id) {
                // An entry that names the link goes before one for any link.
                Some(other) if here && other.link.is_none() => *other = keys,
                Some(_) => {}
                None if here => mine.push(keys),
                None => {}
            }
        }
        let accepted = self.settings.accept_unsigned.clone();
        Guard::new(&address.to_string(), mine, accepted, Arc::clone(&self.clock))
    }
}

/// The number of a message by its name, or by the number itself.
#[must_use]
pub fn message_number(text: &str) -> Option<u32> {
    let by_name = MavMessage::message_id_from_name(text);
    by_name.or_else(|| text.parse().ok().filter(|number| *number < 1 << 24))
}
