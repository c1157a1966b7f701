//! The photos of a ledger: who they are, in which order they stand, which cells they show.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::parameters::{LedgerError, ViewClass};

/// A hash that is the same in every run; nothing is read out in its order.
pub(super) type Fixed = BuildHasherDefault<DefaultHasher>;

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

#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub name: Arc<str>,
    pub stratum: Stratum,
    /// Cells, see [`super::spans::pack`].
    pub cells: Box<[u8]>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    slots: Vec<Option<Frame>>,
    free: Vec<Slot>,
    by_name: HashMap<Arc<str>, Slot, Fixed>,
    docks: Vec<String>,
    /// Photos in each stratum; strata without one are not kept.
    counts: BTreeMap<Stratum, u64>,
}

impl Frames {
    pub fn slot_of(&self, name: &str) -> Option<Slot> {
        self.by_name.get(name).copied()
    }

    pub fn get(&self, slot: Slot) -> Option<&Frame> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub fn insert(&mut self, frame: Frame) -> Slot {
        *self.counts.entry(frame.stratum).or_default() += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        self.by_name.insert(Arc::clone(&frame.name), slot);
        self.slots[slot as usize] = Some(frame);
        slot
    }

    pub fn remove(&mut self, slot: Slot) -> Option<Frame> {
        let frame = self.slots.get_mut(slot as usize)?.take()?;
        self.by_name.remove(&frame.name);
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
        let key = |slot| self.get(slot).map(|frame| (frame.stratum.day, &*frame.name));
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
        self.by_name.len()
    }
}
