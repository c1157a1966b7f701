//! Bytes into MAVLink frames: finds frames of version 1 and 2 in a datagram or in a stream, finds its way back
//! after damage, and says by kind what could not be read. No socket, no clock.

use mavlink::dialects::ardupilotmega::MavMessage;
use mavlink::error::ParserError;
use mavlink::{MAV_STX, MAV_STX_V2, MAVLinkV2MessageRaw, MavHeader, MavlinkVersion, Message, calculate_crc};

mod mend;
mod statistics;

pub use statistics::ReadStatistics;

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
    /// Whether it ends with a signature.
    pub signed: bool,
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
        let payload = &frame[layout.payload..layout.payload + layout.payload_length];
        match parse(payload) {
            Ok(message) => self.take(&layout, message, frame),
            Err(ParserError::InvalidEnum { enum_type, value }) => {
                self.statistics
                    .note_unknown_value(layout.message_id, enum_type, value);
                match mend::mended(layout.version, layout.message_id, payload) {
                    Some(message) => {
                        self.statistics.mended += 1;
                        self.take(&layout, message, frame)
                    }
                    None => Step::Skip(layout.total),
                }
            }
            Err(_other) => {
                self.statistics.wrong_length += 1;
                Step::Skip(layout.total)
            }
        }
    }

    fn take(&mut self, layout: &Layout, message: MavMessage, raw: &[u8]) -> Step {
        self.statistics.frames += 1;
        self.statistics.version_1 += u64::from(layout.version == MavlinkVersion::V1);
        self.statistics.signed += u64::from(layout.signed);
        let frame = Frame {
            header: layout.header,
            message,
            raw: raw.to_vec(),
            signed: layout.signed,
        };
        Step::Frame(Box::new(frame), layout.total)
    }

    /// A frame of unknown meaning is believed to be one when another begins right behind it.
    fn unknown(&mut self, id: u32, bytes: &[u8], total: usize) -> Step {
        let followed = bytes
            .get(total)
            .is_none_or(|next| [MAV_STX, MAV_STX_V2].contains(next));
        if !followed {
            return self.stray_marker();
        }
        self.statistics.note_unknown_message(id);
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
    signed: bool,
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
                signed: false,
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
            signed: signature > 0,
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
        assert_eq!(
            (reader.statistics().stray_bytes, reader.statistics().version_1),
            (0, 1)
        );
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
        assert_eq!(statistics.unknown_values.get(&44), Some(&1));
        assert_eq!(
            statistics.last_unknown_value.as_deref(),
            Some("MavMissionType 99")
        );
        assert_eq!(statistics.mended, 0);
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
        assert_eq!((frames[0].signed, frames[1].signed), (true, false));
        assert_eq!(reader.statistics().signed, 1);
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
        fn any_bytes_are_read_without_end_or_panic(
            bytes in prop::collection::vec(prop_oneof![Just(0xFD_u8), Just(0xFE), Just(0), any::<u8>()], 0..600),
            cuts in prop::collection::vec(1_usize..90, 1..20),
        ) {
            let mut reader = FrameReader::default();
            reader.datagram(&bytes);
            let (mut pieces, mut at) = (Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                let piece = &bytes[at..(at + cut).min(bytes.len())];
                pieces.extend(piece);
                reader.stream(&mut pieces, piece.len());
                at += piece.len();
                if at >= bytes.len() {
                    break;
                }
            }
            prop_assert!(pieces.len() <= 300);
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
