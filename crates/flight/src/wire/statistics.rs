//! What a link read and what it could not read, by kind: nothing that comes is lost without a number.

use std::collections::BTreeMap;

use serde::Serialize;

/// Distinct kinds that are counted one by one; noise must not fill the memory. Further ones count together.
const MAX_KINDS: usize = 64;

/// What was read and what could not be, since the link was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadStatistics {
    /// Frames with a right checksum and a known meaning, whole or mended.
    pub frames: u64,
    /// Of these, frames of MAVLink 1.
    pub version_1: u64,
    /// Of these, frames that carry a signature, whether or not it was checked.
    pub signed: u64,
    /// All bytes received.
    pub bytes: u64,
    /// Frames with a wrong checksum.
    pub wrong_checksum: u64,
    /// Frames by message number that this program does not know; their checksum cannot be checked.
    pub unknown_messages: BTreeMap<u32, u64>,
    /// Frames with a right checksum that hold a value which is not in its enumeration, by message number.
    pub unknown_values: BTreeMap<u32, u64>,
    /// The last such value, as `MavResult 77`.
    pub last_unknown_value: Option<String>,
    /// Of the frames with unknown values, those whose other fields were used all the same.
    pub mended: u64,
    /// Unknown messages and values of kinds beyond the first 64.
    pub further_unknown: u64,
    /// Frames with a right checksum whose content is too long or too short.
    pub wrong_length: u64,
    /// Frames that a datagram cut off.
    pub cut_off: u64,
    /// Bytes that belong to no frame.
    pub stray_bytes: u64,
}

impl ReadStatistics {
    pub(super) fn note_unknown_message(&mut self, message_id: u32) {
        count(&mut self.unknown_messages, message_id, &mut self.further_unknown);
    }

    pub(super) fn note_unknown_value(&mut self, message_id: u32, enumeration: &str, value: u64) {
        count(&mut self.unknown_values, message_id, &mut self.further_unknown);
        self.last_unknown_value = Some(format!("{enumeration} {value}"));
    }

    /// Adds what a reader counted since `before`.
    pub(crate) fn add(&mut self, now: &Self, before: &Self) {
        self.frames += now.frames - before.frames;
        self.version_1 += now.version_1 - before.version_1;
        self.signed += now.signed - before.signed;
        self.bytes += now.bytes - before.bytes;
        self.wrong_checksum += now.wrong_checksum - before.wrong_checksum;
        self.mended += now.mended - before.mended;
        self.further_unknown += now.further_unknown - before.further_unknown;
        self.wrong_length += now.wrong_length - before.wrong_length;
        self.cut_off += now.cut_off - before.cut_off;
        self.stray_bytes += now.stray_bytes - before.stray_bytes;
        add_kinds(
            &mut self.unknown_messages,
            &now.unknown_messages,
            &before.unknown_messages,
        );
        add_kinds(
            &mut self.unknown_values,
            &now.unknown_values,
            &before.unknown_values,
        );
        if now.last_unknown_value.is_some() {
            self.last_unknown_value.clone_from(&now.last_unknown_value);
        }
    }
}

fn count(kinds: &mut BTreeMap<u32, u64>, kind: u32, further: &mut u64) {
    if kinds.len() < MAX_KINDS || kinds.contains_key(&kind) {
        *kinds.entry(kind).or_default() += 1;
    } else {
        *further += 1;
    }
}

fn add_kinds(to: &mut BTreeMap<u32, u64>, now: &BTreeMap<u32, u64>, before: &BTreeMap<u32, u64>) {
    for (kind, total) in now {
        let fresh = total - before.get(kind).copied().unwrap_or(0);
        if fresh > 0 {
            *to.entry(*kind).or_default() += fresh;
        }
    }
}
