//! MAVLink 2 signing as ArduPilot does it: one key that outlives restarts, one timestamp for all links, and a table
//! of streams whose timestamps must rise. What is signed with another key, or not at all, is not heard.
//! <https://mavlink.io/en/guide/message_signing.html>

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use mavlink::dialects::ardupilotmega::{MavMessage, SETUP_SIGNING_DATA};
use mavlink::{MAVLinkMessageRaw, Message, calculate_crc};
use sha2::{Digest, Sha256};

/// 2015-01-01 in 10 µs since 1970.
const EPOCH_UNITS: u128 = 142_007_040_000_000;
/// A new stream may be one minute behind.
const NEW_STREAM_UNITS: u64 = 6_000_000;
/// Streams that fit the table.
const STREAMS: usize = 16;
/// Incompatibility flag of a signed frame.
const SIGNED: u8 = 1;
/// Radios send this about themselves, unsigned.
const RADIO_STATUS: u32 = 109;
/// The one link of this vehicle.
const LINK_ID: u8 = 1;

/// Key, clock and streams of one vehicle.
#[derive(Debug, Default)]
pub(super) struct Signing {
    key: Option<[u8; 32]>,
    timestamp: u64,
    streams: BTreeMap<(u8, u32, u8), u64>,
}

impl Signing {
    /// As left by an earlier day; its clock is set by its satellites.
    pub(super) fn with(key: Option<[u8; 32]>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let units = (since.as_micros() / 10).saturating_sub(EPOCH_UNITS);
        Self {
            key,
            timestamp: u64::try_from(units).unwrap_or(0),
            streams: BTreeMap::new(),
        }
    }

    /// Whether a frame is heard.
    pub(super) fn hears(&mut self, frame: &MAVLinkMessageRaw) -> bool {
        let Some(key) = &self.key else {
            return true;
        };
        let signed = match frame {
            MAVLinkMessageRaw::V2(v2) if v2.incompatibility_flags() & SIGNED != 0 => v2,
            _unsigned => return frame.message_id() == RADIO_STATUS,
        };
        let raw = signed.raw_bytes();
        let Some((content, signature)) = raw.split_last_chunk::<6>() else {
            return false;
        };
        if digest(key, content) != *signature {
            return false;
        }
        let stamp = content[content.len() - 6..]
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let stream = (
            content[content.len() - 7],
            signed.system_id(),
            signed.component_id(),
        );
        match self.streams.get(&stream) {
            Some(last) if stamp <= *last => return false,
            Some(_) => {}
            None if self.streams.len() >= STREAMS || stamp + NEW_STREAM_UNITS < self.timestamp => {
                return false;
            }
            None => {}
        }
        self.streams.insert(stream, stamp);
        self.timestamp = self.timestamp.max(stamp);
        true
    }

    /// Takes the key of a SETUP_SIGNING. As GCS_MAVLINK::load_signing_key has it, only a key and a timestamp that are both
    /// zero switch signing off; with a timestamp, a key of zeros is a key.
    pub(super) fn set_up(&mut self, setup: &SETUP_SIGNING_DATA) {
        let off = setup.secret_key == [0; 32] && setup.initial_timestamp == 0;
        self.key = (!off).then_some(setup.secret_key);
        self.timestamp = self.timestamp.max(setup.initial_timestamp);
        self.streams.clear();
    }

    /// Signs a whole unsigned frame of version 2.
    pub(super) fn seal(&mut self, frame: &mut Vec<u8>) {
        let Some(key) = &self.key else {
            return;
        };
        self.timestamp += 1;
        frame[2] |= SIGNED;
        let id = u32::from_le_bytes([frame[7], frame[8], frame[9], 0]);
        let end = frame.len() - 2;
        let crc = calculate_crc(&frame[1..end], MavMessage::extra_crc(id));
        frame[end..].copy_from_slice(&crc.to_le_bytes());
        frame.push(LINK_ID);
        frame.extend(&self.timestamp.to_le_bytes()[..6]);
        let signature = digest(key, frame);
        frame.extend(signature);
    }
}

fn digest(key: &[u8; 32], content: &[u8]) -> [u8; 6] {
    let mut digest = Sha256::new();
    digest.update(key);
    digest.update(content);
    let mut first = [0; 6];
    first.copy_from_slice(&digest.finalize()[..6]);
    first
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::HEARTBEAT_DATA;
    use mavlink::{MAVLinkV2MessageRaw, MavHeader, MavlinkReader};

    use super::*;

    fn frame(signing: &mut Signing, link: u8) -> MAVLinkMessageRaw {
        let mut raw = MAVLinkV2MessageRaw::new();
        let header = MavHeader {
            system_id: 255,
            component_id: 190,
            sequence: link,
        };
        raw.serialize_message(header, &MavMessage::HEARTBEAT(HEARTBEAT_DATA::default()));
        let mut bytes = raw.raw_bytes().to_vec();
        signing.seal(&mut bytes);
        let mut reader = MavlinkReader::new(bytes.as_slice());
        reader.read_any_raw_message::<MavMessage>().unwrap()
    }

    #[test]
    fn only_the_right_key_and_rising_timestamps_are_heard() {
        let mut vehicle = Signing::with(Some([3; 32]));
        let mut ground = Signing::with(Some([3; 32]));
        let first = frame(&mut ground, 1);
        let second = frame(&mut ground, 1);
        assert!(vehicle.hears(&first) && vehicle.hears(&second));
        assert!(!vehicle.hears(&first), "played back");
        assert!(!vehicle.hears(&frame(&mut Signing::with(Some([4; 32])), 1)));
        assert!(!vehicle.hears(&frame(&mut Signing::default(), 1)));
        let setup = SETUP_SIGNING_DATA {
            secret_key: [5; 32],
            ..Default::default()
        };
        vehicle.set_up(&setup);
        assert!(!vehicle.hears(&frame(&mut ground, 1)));
        assert!(vehicle.hears(&frame(&mut Signing::with(Some([5; 32])), 1)));
        vehicle.set_up(&SETUP_SIGNING_DATA::default());
        assert!(vehicle.hears(&frame(&mut Signing::default(), 1)));
    }

    #[test]
    fn a_stream_that_begins_too_late_is_not_heard() {
        let mut vehicle = Signing::with(Some([3; 32]));
        let mut old = Signing {
            timestamp: vehicle.timestamp - NEW_STREAM_UNITS - 10,
            ..Signing::with(Some([3; 32]))
        };
        assert!(!vehicle.hears(&frame(&mut old, 1)));
    }
}
