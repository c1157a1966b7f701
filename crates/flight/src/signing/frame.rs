//! Signatures on frames: sha256 of key and frame up to the timestamp, its first six bytes.

use mavlink::dialects::ardupilotmega::MavMessage;
use mavlink::{MAVLinkV2MessageRaw, MavHeader};
use sha2::{Digest, Sha256};

use super::key::SecretKey;

/// Bytes of the signature proper, at the very end.
const VALUE: usize = 6;
/// Bytes of the timestamp before it, little endian.
const TIMESTAMP: usize = 6;
/// Highest timestamp that fits.
const MOST: u64 = (1 << 48) - 1;

/// What a signed frame says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    pub link_id: u8,
    /// 10 µs since 2015.
    pub timestamp: u64,
}

/// The end of a frame that was read whole and is signed.
pub(super) fn trailer(raw: &[u8]) -> Option<Trailer> {
    let (rest, _value) = raw.split_last_chunk::<VALUE>()?;
    let (rest, stamp) = rest.split_last_chunk::<TIMESTAMP>()?;
    let mut bytes = [0; 8];
    bytes[..TIMESTAMP].copy_from_slice(stamp);
    Some(Trailer {
        link_id: *rest.last()?,
        timestamp: u64::from_le_bytes(bytes),
    })
}

/// Whether a signed frame was signed with this key.
pub(super) fn is_signed_with(raw: &[u8], key: &SecretKey) -> bool {
    raw.split_last_chunk::<VALUE>()
        .is_some_and(|(signed, value)| signature(signed, key) == *value)
}

/// The frame that carries `message`, signed.
pub(super) fn signed(
    header: MavHeader,
    message: &MavMessage,
    key: &SecretKey,
    Trailer { link_id, timestamp }: Trailer,
) -> Vec<u8> {
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message_for_signing(header, message);
    let mut frame = raw.raw_bytes().to_vec();
    frame.truncate(frame.len().saturating_sub(1 + TIMESTAMP + VALUE));
    frame.push(link_id);
    frame.extend(&timestamp.min(MOST).to_le_bytes()[..TIMESTAMP]);
    let value = signature(&frame, key);
    frame.extend(value);
    frame
}

fn signature(signed: &[u8], key: &SecretKey) -> [u8; VALUE] {
    let mut digest = Sha256::new();
    digest.update(key.bytes());
    digest.update(signed);
    let mut value = [0; VALUE];
    value.copy_from_slice(&digest.finalize()[..VALUE]);
    value
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::{HEARTBEAT_DATA, MavState};
    use proptest::prelude::*;

    use super::*;
    use crate::wire::FrameReader;

    fn message() -> MavMessage {
        MavMessage::HEARTBEAT(HEARTBEAT_DATA {
            custom_mode: 5,
            system_status: MavState::MAV_STATE_ACTIVE,
            mavlink_version: 3,
            ..Default::default()
        })
    }

    fn frame(key: &SecretKey, trailer: Trailer) -> Vec<u8> {
        let header = MavHeader {
            system_id: 7,
            component_id: 1,
            sequence: 9,
        };
        signed(header, &message(), key, trailer)
    }

    /// The library's own signer says the same.
    #[test]
    fn the_library_agrees() {
        let key = SecretKey::from_passphrase("correct horse").unwrap();
        let ours = frame(
            &key,
            Trailer {
                link_id: 3,
                timestamp: 0x0102_0304_0506,
            },
        );
        let mut raw = MAVLinkV2MessageRaw::new();
        let header = MavHeader {
            system_id: 7,
            component_id: 1,
            sequence: 9,
        };
        raw.serialize_message_for_signing(header, &message());
        *raw.signature_link_id_mut() = 3;
        raw.signature_timestamp_bytes_mut()
            .copy_from_slice(&[6, 5, 4, 3, 2, 1]);
        let mut value = [0; VALUE];
        raw.calculate_signature(key.bytes(), &mut value);
        raw.signature_value_mut().copy_from_slice(&value);
        assert_eq!(ours, raw.raw_bytes());
    }

    proptest! {
        #[test]
        fn what_is_signed_reads_back_and_any_changed_byte_is_noticed(
            bytes in any::<[u8; 32]>(), link_id: u8, timestamp in 0..=MOST, at in 0_usize..40, change in 1_u8..,
        ) {
            prop_assume!(bytes != [0; 32]);
            let key = SecretKey::from_bytes(bytes).unwrap();
            let trailer_in = Trailer { link_id, timestamp };
            let mut raw = frame(&key, trailer_in);
            let read = FrameReader::default().datagram(&raw);
            prop_assert_eq!(read.len(), 1);
            prop_assert!(read[0].signed && read[0].message == message());
            prop_assert_eq!(trailer(&raw), Some(trailer_in));
            prop_assert!(is_signed_with(&raw, &key));
            let at = at % raw.len();
            raw[at] ^= change;
            prop_assert!(!is_signed_with(&raw, &key));
        }

        #[test]
        fn any_bytes_have_an_end_or_none(raw in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(trailer(&raw).is_some(), raw.len() >= 13);
            let _ = is_signed_with(&raw, &SecretKey::from_passphrase("correct horse").unwrap());
        }
    }
}
