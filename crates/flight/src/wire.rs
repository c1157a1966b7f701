//! Bytes into MAVLink frames: finds frames of version 1 and 2 in a datagram or in a stream, finds its way back
//! after damage, and says by kind what could not be read. No socket, no clock.

use std::collections::BTreeMap;

use mavlink::dialects::ardupilotmega::MavMessage;
use mavlink::error::ParserError;
use mavlink::{MAV_STX, MAV_STX_V2, MAVLinkV2MessageRaw, MavHeader, MavlinkVersion, Message, calculate_crc};

/// Distinct unknown message numbers that are counted one by one; noise must not fill the memory.
const MAX_UNKNOWN_KINDS: usize = 64;
/// Incompatibility flag of a signed frame, which has 13 more bytes.
const FLAG_SIGNED: u8 = 0x01;
/// Incompatibility flag of a frame whose system number has 32 bits.
const FLAG_WIDE_SYSTEM: u8 = 0x02;
const SIGNATURE_BYTES: usize = 13;

/// One frame that could be read.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Sender and its running number.
    pub header: MavHeader,
    /// What it says.
    pub message: MavMessage,
    /// The frame as it came, first marker to checksum or signature.
    pub raw: Vec<u8>,
}

/// What was read and what could not be, since the link was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadStatistics {
    /// Frames with a right checksum and a known meaning.
    pub frames: u64,
    /// All bytes received.
    pub bytes: u64,
    /// Frames with a wrong checksum.
    pub wrong_checksum: u64,
    /// Frames by message number that this program does not know; their checksum cannot be checked.
    pub unknown_messages: BTreeMap<u32, u64>,
    /// Frames with a right checksum that hold a value which is not in its enumeration, by enumeration.
    pub unknown_values: BTreeMap<&'static str, u64>,
    /// Frames with a right checksum whose content is too long or too short.
    pub wrong_length: u64,
    /// Frames that a datagram cut off.
    pub cut_off: u64,
    /// Bytes that belong to no frame.
    pub stray_bytes: u64,
}

impl ReadStatistics {
    /// Adds what a reader counted since `before`.
    pub(crate) fn add(&mut self, now: &Self, before: &Self) {
        self.frames += now.frames - before.frames;
        self.bytes += now.bytes - before.bytes;
        self.wrong_checksum += now.wrong_checksum - before.wrong_checksum;
        self.wrong_length += now.wrong_length - before.wrong_length;
        self.cut_off += now.cut_off - before.cut_off;
        self.stray_bytes += now.stray_bytes - before.stray_bytes;
        for (kind, count) in &now.unknown_messages {
            let fresh = count - before.unknown_messages.get(kind).copied().unwrap_or(0);
            *self.unknown_messages.entry(*kind).or_default() += fresh;
        }
        for (kind, count) in &now.unknown_values {
            let fresh = count - before.unknown_values.get(kind).copied().unwrap_or(0);
            *self.unknown_values.entry(kind).or_default() += fresh;
        }
    }
}

/// Finds frames in bytes that come in pieces.
#[derive(Debug, Default)]
pub struct FrameReader {
    statistics: ReadStatistics,
}

enum Step {
    Frame(Box<Frame>, usize),
    Skip(usize),
    NeedMore,
}

impl FrameReader {
    /// All frames of one datagram. What is cut off at its end is counted and dropped.
    pub fn datagram(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut rest = bytes.to_vec();
        let mut frames = self.stream(&mut rest, bytes.len());
        if !rest.is_empty() {
            self.statistics.cut_off += 1;
        }
        // A damaged length may only look like a frame that is cut off: whole ones may follow.
        while !rest.is_empty() {
            rest.remove(0);
            frames.extend(self.stream(&mut rest, 0));
        }
        frames
    }

    /// All whole frames at the front of `buffer`, which are taken out of it; the beginning of a frame stays.
    /// `fresh` is how many bytes at the end of `buffer` are new since the last call.
    pub fn stream(&mut self, buffer: &mut Vec<u8>, fresh: usize) -> Vec<Frame> {
        self.statistics.bytes += fresh as u64;
        let mut frames = Vec::new();
        let mut at = 0;
        while at < buffer.len() {
            match self.step(&buffer[at..]) {
                Step::Frame(frame, length) => {
                    frames.push(*frame);
                    at += length;
                }
                Step::Skip(length) => at += length,
                Step::NeedMore => break,
            }
        }
        buffer.drain(..at);
        frames
    }

    /// What was read so far.
    pub fn statistics(&self) -> &ReadStatistics {
        &self.statistics
    }

    fn step(&mut self, bytes: &[u8]) -> Step {
        let marker = bytes.iter().position(|byte| [MAV_STX, MAV_STX_V2].contains(byte));
        let stray = marker.unwrap_or(bytes.len());
        if stray > 0 {
            self.statistics.stray_bytes += stray as u64;
            return Step::Skip(stray);
        }
        let Some(layout) = Layout::of(bytes) else {
            return Step::NeedMore;
        };
        if !layout.flags_known {
            return self.stray_marker();
        }
        if bytes.len() < layout.total {
            return Step::NeedMore;
        }
        let frame = &bytes[..layout.total];
        let checked = &frame[1..layout.payload + layout.payload_length];
        let sent_crc = u16::from_le_bytes([
            frame[layout.payload + layout.payload_length],
            frame[layout.payload + layout.payload_length + 1],
        ]);
        let extra = MavMessage::extra_crc(layout.message_id);
        let parse = |content| MavMessage::parse(layout.version, layout.message_id, content);
        if extra == 0 && matches!(parse(&[]), Err(ParserError::UnknownMessage { .. })) {
            return self.unknown(layout.message_id, bytes, layout.total);
        }
        if calculate_crc(checked, extra) != sent_crc {
            self.statistics.wrong_checksum += 1;
            // The damaged byte may be the length: look for the next marker inside.
            return Step::Skip(1);
        }
        match parse(&frame[layout.payload..layout.payload + layout.payload_length]) {
            Ok(message) => {
                self.statistics.frames += 1;
                let raw = frame.to_vec();
                Step::Frame(
                    Box::new(Frame {
                        header: layout.header,
                        message,
                        raw,
                    }),
                    layout.total,
                )
            }
            Err(ParserError::InvalidEnum { enum_type, .. }) => {
                *self.statistics.unknown_values.entry(enum_type).or_default() += 1;
                Step::Skip(layout.total)
            }
            Err(_other) => {
                self.statistics.wrong_length += 1;
                Step::Skip(layout.total)
            }
        }
    }

    /// A frame of unknown meaning is believed to be one when another begins right behind it.
    fn unknown(&mut self, id: u32, bytes: &[u8], total: usize) -> Step {
        let followed = bytes
            .get(total)
            .is_none_or(|next| [MAV_STX, MAV_STX_V2].contains(next));
        if !followed {
            return self.stray_marker();
        }
        let kinds = self.statistics.unknown_messages.len();
        if kinds < MAX_UNKNOWN_KINDS || self.statistics.unknown_messages.contains_key(&id) {
            *self.statistics.unknown_messages.entry(id).or_default() += 1;
        }
        Step::Skip(total)
    }

    fn stray_marker(&mut self) -> Step {
        self.statistics.stray_bytes += 1;
        Step::Skip(1)
    }
}

/// The frame that carries `message`, version 2, unsigned.
pub fn encode(header: MavHeader, message: &MavMessage) -> Vec<u8> {
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message(header, message);
    raw.raw_bytes().to_vec()
}

struct Layout {
    version: MavlinkVersion,
    flags_known: bool,
    header: MavHeader,
    message_id: u32,
    payload: usize,
    payload_length: usize,
    total: usize,
}

impl Layout {
    /// <https://mavlink.io/en/guide/serialization.html>; None while the head is not whole.
    fn of(bytes: &[u8]) -> Option<Self> {
        let payload_length = usize::from(*bytes.get(1)?);
        if bytes[0] == MAV_STX {
            let header = MavHeader {
                sequence: *bytes.get(2)?,
                system_id: u32::from(*bytes.get(3)?),
                component_id: *bytes.get(4)?,
            };
            return Some(Self {
                version: MavlinkVersion::V1,
                flags_known: true,
                header,
                message_id: u32::from(*bytes.get(5)?),
                payload: 6,
                payload_length,
                total: 6 + payload_length + 2,
            });
        }
        let flags = *bytes.get(2)?;
        let wide = if flags & FLAG_WIDE_SYSTEM == 0 { 0 } else { 3 };
        let low = u32::from(*bytes.get(5)?);
        let system_id = if wide == 0 {
            low
        } else {
            u32::from_le_bytes([bytes[5], *bytes.get(6)?, *bytes.get(7)?, *bytes.get(8)?])
        };
        let number = bytes.get(7 + wide..10 + wide)?;
        let signature = if flags & FLAG_SIGNED == 0 {
            0
        } else {
            SIGNATURE_BYTES
        };
        Some(Self {
            version: MavlinkVersion::V2,
            flags_known: flags & !(FLAG_SIGNED | FLAG_WIDE_SYSTEM) == 0,
            header: MavHeader {
                sequence: bytes[4],
                system_id,
                component_id: bytes[6 + wide],
            },
            message_id: u32::from_le_bytes([number[0], number[1], number[2], 0]),
            payload: 10 + wide,
            payload_length,
            total: 10 + wide + payload_length + 2 + signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::{HEARTBEAT_DATA, MISSION_COUNT_DATA, STATUSTEXT_DATA};
    use mavlink::{MAVLinkV1MessageRaw, MavHeader};
    use proptest::prelude::*;

    use super::*;

    fn header() -> MavHeader {
        MavHeader {
            system_id: 7,
            component_id: 1,
            sequence: 3,
        }
    }

    fn heartbeat() -> MavMessage {
        MavMessage::HEARTBEAT(HEARTBEAT_DATA {
            custom_mode: 9,
            mavlink_version: 3,
            ..Default::default()
        })
    }

    fn text() -> MavMessage {
        MavMessage::STATUSTEXT(STATUSTEXT_DATA {
            text: "Arm: Compass".into(),
            ..Default::default()
        })
    }

    #[test]
    fn one_datagram_may_hold_both_versions_and_several_frames() {
        let mut v1 = MAVLinkV1MessageRaw::new();
        v1.serialize_message(header(), &heartbeat());
        let bytes = [
            v1.raw_bytes(),
            &encode(header(), &text()),
            &encode(header(), &heartbeat()),
        ]
        .concat();
        let mut reader = FrameReader::default();
        let frames = reader.datagram(&bytes);
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[1].message, text());
        assert_eq!(
            frames.iter().map(|frame| frame.raw.len()).sum::<usize>(),
            bytes.len()
        );
        assert_eq!(reader.statistics().stray_bytes, 0);
    }

    #[test]
    fn a_wrong_checksum_costs_one_frame_only() {
        let mut bad = encode(header(), &text());
        bad[14] ^= 1;
        let bytes = [bad, encode(header(), &heartbeat())].concat();
        let mut reader = FrameReader::default();
        let frames = reader.datagram(&bytes);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].message, heartbeat());
        assert_eq!(reader.statistics().wrong_checksum, 1);
    }

    #[test]
    fn unknown_numbers_and_values_are_counted_by_kind_and_nothing_else_is_lost() {
        let mut unknown = encode(header(), &heartbeat());
        unknown[7..10].copy_from_slice(&[0x40, 0x9c, 0x0f]);
        let count = MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            opaque_id: 1,
            ..Default::default()
        });
        let mut value = encode(header(), &count);
        value[14] = 99;
        let end = value.len() - 2;
        let crc = calculate_crc(&value[1..end], MavMessage::extra_crc(44));
        value[end..].copy_from_slice(&crc.to_le_bytes());
        let bytes = [unknown, value, encode(header(), &heartbeat())].concat();
        let mut reader = FrameReader::default();
        assert_eq!(reader.datagram(&bytes).len(), 1);
        let statistics = reader.statistics();
        assert_eq!(statistics.unknown_messages.get(&0x0f_9c40), Some(&1));
        assert_eq!(statistics.unknown_values.get("MavMissionType"), Some(&1));
    }

    #[test]
    fn a_signed_frame_is_read_whole() {
        let mut signed = encode(header(), &heartbeat());
        signed[2] = FLAG_SIGNED;
        let end = signed.len() - 2;
        let crc = calculate_crc(&signed[1..end], MavMessage::extra_crc(0));
        signed[end..].copy_from_slice(&crc.to_le_bytes());
        signed.extend([0xFD; SIGNATURE_BYTES]);
        let mut reader = FrameReader::default();
        let frames = reader.datagram(&[signed.clone(), encode(header(), &text())].concat());
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0].raw, signed);
    }

    #[test]
    fn an_empty_or_cut_datagram_is_no_harm() {
        let mut reader = FrameReader::default();
        assert!(reader.datagram(&[]).is_empty());
        let whole = encode(header(), &text());
        assert!(reader.datagram(&whole[..whole.len() - 3]).is_empty());
        assert_eq!(reader.statistics().cut_off, 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_end_or_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut reader = FrameReader::default();
            reader.datagram(&bytes);
            let mut buffer = bytes.clone();
            reader.stream(&mut buffer, bytes.len());
            prop_assert!(buffer.len() <= 300);
        }

        #[test]
        fn a_stream_in_pieces_behind_noise_gives_every_frame(
            noise in prop::collection::vec(0_u8..0xFD, 0..40),
            cuts in prop::collection::vec(1_usize..40, 1..60),
        ) {
            let mut bytes = noise;
            for _ in 0..6 {
                bytes.extend(encode(header(), &text()));
                bytes.extend(encode(header(), &heartbeat()));
            }
            let mut reader = FrameReader::default();
            let (mut buffer, mut frames, mut at, mut turn) = (Vec::new(), Vec::new(), 0, 0);
            while at < bytes.len() {
                let size = cuts[turn % cuts.len()].min(bytes.len() - at);
                buffer.extend(&bytes[at..at + size]);
                frames.extend(reader.stream(&mut buffer, size));
                at += size;
                turn += 1;
            }
            prop_assert_eq!(frames.len(), 12);
        }
    }
}
