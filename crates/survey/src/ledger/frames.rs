//! The photos of a ledger: who they are, in which order they stand, which cells they show.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::parameters::{LedgerError, ViewClass};

/// A quick hash that is the same in every run; nothing is read out in its order. Keys are our own names and tiles, so
/// that nobody chooses them to collide.
pub(super) type Fixed = BuildHasherDefault<Quick>;

/// Words are mixed in by rotating and multiplying; the last step carries high bits down, where tables look.
#[derive(Debug, Clone, Default)]
pub(super) struct Quick(u64);

impl Quick {
    /// 2⁶⁴ over the golden ratio.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(Self::FACTOR);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_i32(&mut self, number: i32) {
        self.mix(u64::from(number.cast_unsigned()));
    }

    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(Self::FACTOR)
    }
}

fn hash_of(name: &str) -> u64 {
    let mut hasher = Quick::default();
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// What photos can have in common that a query can ask for; sorts by day first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stratum {
    /// Days since 1970-01-01.
    pub day: u16,
    /// GSD class, from 0.
    pub class: u8,
    pub view: ViewClass,
    pub dock: DockIndex,
}

/// Index of a dock's name; [`NO_DOCK`] without one.
pub(super) type DockIndex = u16;
pub(super) const NO_DOCK: DockIndex = u16::MAX;
/// Index of a photo; free again when it has left.
pub(super) type Slot = u32;

/// A photo. Name and cells lie in one piece of memory, because there are millions of them.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    bytes: Box<[u8]>,
    name_bytes: u16,
    pub stratum: Stratum,
}

impl Frame {
    /// `name` has at most 65,535 bytes; `cells` as [`super::spans::pack`] makes them.
    pub fn new(name: &str, cells: &[u8], stratum: Stratum) -> Self {
        let mut bytes = Vec::with_capacity(name.len() + cells.len());
        bytes.extend(name.as_bytes());
        bytes.extend(cells);
        Self {
            bytes: bytes.into_boxed_slice(),
            name_bytes: name.len() as u16,
            stratum,
        }
    }

    pub fn name(&self) -> &str {
        // It was one when it came in.
        std::str::from_utf8(self.name_as_bytes()).unwrap_or_default()
    }

    fn name_as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.name_bytes)]
    }

    pub fn cells(&self) -> &[u8] {
        &self.bytes[usize::from(self.name_bytes)..]
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    slots: Vec<Option<Frame>>,
    free: Vec<Slot>,
    /// By the hash of the name; a name whose hash is taken by another is in `others`.
    by_hash: HashMap<u64, Slot, Fixed>,
    others: BTreeMap<String, Slot>,
    docks: Vec<String>,
    /// Photos in each stratum; strata without one are not kept.
    counts: BTreeMap<Stratum, u64>,
}

impl Frames {
    pub fn slot_of(&self, name: &str) -> Option<Slot> {
        let by_hash = self.by_hash.get(&hash_of(name)).copied();
        let own = |slot: &Slot| {
            self.get(*slot)
                .is_some_and(|frame| frame.name_as_bytes() == name.as_bytes())
        };
        by_hash.filter(own).or_else(|| self.others.get(name).copied())
    }

    pub fn get(&self, slot: Slot) -> Option<&Frame> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Takes in a photo whose name is not there.
    pub fn insert(&mut self, frame: Frame) -> Slot {
        *self.counts.entry(frame.stratum).or_default() += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        match self.by_hash.entry(hash_of(frame.name())) {
            Entry::Vacant(free) => {
                free.insert(slot);
            }
            Entry::Occupied(_) => {
                self.others.insert(frame.name().to_owned(), slot);
            }
        }
        self.slots[slot as usize] = Some(frame);
        slot
    }

    pub fn remove(&mut self, slot: Slot) -> Option<Frame> {
        let frame = self.slots.get_mut(slot as usize)?.take()?;
        let hash = hash_of(frame.name());
        if self.by_hash.get(&hash) == Some(&slot) {
            self.by_hash.remove(&hash);
        } else {
            self.others.remove(frame.name());
        }
        self.free.push(slot);
        if let Some(count) = self.counts.get_mut(&frame.stratum) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&frame.stratum);
            }
        }
        Some(frame)
    }

    /// By day, then by name. Slots that are free come first.
    pub fn order(&self, a: Slot, b: Slot) -> Ordering {
        let key = |slot| {
            self.get(slot)
                .map(|frame| (frame.stratum.day, frame.name_as_bytes()))
        };
        key(a).cmp(&key(b))
    }

    /// Where `slot` stands or would stand in a list in [`Frames::order`]. Photos mostly come in order, so that it is
    /// mostly the end.
    pub fn place_in<T>(&self, list: &[T], slot: Slot, slot_of: impl Fn(&T) -> Slot) -> usize {
        match list.last() {
            Some(last) if self.order(slot_of(last), slot) != Ordering::Less => {
                list.partition_point(|one| self.order(slot_of(one), slot) == Ordering::Less)
            }
            _ => list.len(),
        }
    }

    /// All photos by day and name.
    pub fn in_order(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = (0_u32..)
            .zip(&self.slots)
            .filter_map(|(slot, frame)| frame.is_some().then_some(slot))
            .collect();
        slots.sort_unstable_by(|a, b| self.order(*a, *b));
        slots
    }

    /// # Errors
    /// [`LedgerError::TooManyDocks`].
    pub fn dock_index(&mut self, name: Option<&str>) -> Result<DockIndex, LedgerError> {
        let Some(name) = name else {
            return Ok(NO_DOCK);
        };
        if let Some(known) = self.known_dock(name) {
            return Ok(known);
        }
        if self.docks.len() >= usize::from(NO_DOCK) {
            return Err(LedgerError::TooManyDocks);
        }
        self.docks.push(name.to_owned());
        Ok((self.docks.len() - 1) as DockIndex)
    }

    /// A city has few docks, and photos of one come together: looking through them is as quick as a table.
    pub fn known_dock(&self, name: &str) -> Option<DockIndex> {
        let index = self.docks.iter().position(|dock| dock == name)?;
        DockIndex::try_from(index).ok()
    }

    pub fn dock_name(&self, index: DockIndex) -> Option<&str> {
        self.docks.get(usize::from(index)).map(String::as_str)
    }

    pub fn counts(&self) -> &BTreeMap<Stratum, u64> {
        &self.counts
    }

    pub fn len(&self) -> usize {
        self.by_hash.len() + self.others.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_hash_are_told_apart() {
        let first = "S0000001-0000002";
        let word = |text: &[u8]| u64::from_le_bytes(text.try_into().unwrap());
        let after = |word: u64| word.wrapping_mul(Quick::FACTOR).rotate_left(5);
        let (begin, end) = first.as_bytes().split_at(8);
        // The second word undoes what another first word does, where it can be a text at all.
        let second = (0..100_000_u32)
            .find_map(|number| {
                let begin_2 = format!("{number:0<8}");
                let end_2 = word(end) ^ after(word(begin)) ^ after(word(begin_2.as_bytes()));
                let tail = std::str::from_utf8(&end_2.to_le_bytes()).ok()?.to_owned();
                Some(begin_2 + &tail)
            })
            .unwrap();
        assert_eq!(hash_of(first), hash_of(&second));
        let stratum = Stratum {
            day: 1,
            class: 0,
            view: ViewClass::Nadir,
            dock: NO_DOCK,
        };
        let mut frames = Frames::default();
        let slots = [first, &second].map(|name| frames.insert(Frame::new(name, &[], stratum)));
        assert_eq!([first, &second].map(|name| frames.slot_of(name)), slots.map(Some));
        assert_eq!(frames.len(), 2);
        frames.remove(slots[0]);
        assert_eq!(
            [first, &second].map(|name| frames.slot_of(name)),
            [None, Some(slots[1])]
        );
        let again = frames.insert(Frame::new(first, &[], stratum));
        frames.remove(slots[1]);
        assert_eq!(
            [first, &second].map(|name| frames.slot_of(name)),
            [Some(again), None]
        );
    }
}
