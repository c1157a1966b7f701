//! The saved form of a ledger: bytes that are the same for the same photos, and are read back or refused.
//!
//! All numbers are little-endian. Magic, version (u16); projection text, origin latitude and longitude (f64,
//! degrees), cell side (f64, m), class limits (4 × f64, cm); docks by name; photos by day and name, each with day
//! (u16), class (u8), view class (u8), dock (u16, 65535 without one), name, packed cells; a CRC-32 of planes and
//! strata; a CRC-32 of everything before it. Texts have their length (u16) before them, lists theirs (u32).

use crc32fast::Hasher;
use thiserror::Error;

use super::frames::{DockIndex, Frame, NO_DOCK, Slot, Stratum};
use super::parameters::{GSD_CLASSES, GsdLimits, LedgerError, ViewClass};
use super::{Ledger, check_spans, farthest_cell, spans};
use crate::grid::{GridDefinition, GridError, WorkingGrid};

const MAGIC: &[u8; 14] = b"FlyOnce ledger";
/// 2: cells have sample points; version 1 went by their centres.
const VERSION: u16 = 2;

/// Why bytes are no ledger. The cure is always the same: build the ledger from the photo rows again.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SavedError {
    /// The bytes do not begin as a saved ledger does.
    #[error("this is no saved coverage ledger")]
    NoLedger,
    /// Another version wrote it.
    #[error("the saved ledger has version {found}; this program reads version {VERSION}")]
    Version {
        /// As stated.
        found: u16,
    },
    /// The checksum does not fit: bytes were lost or changed.
    #[error("the saved ledger is damaged: its checksum is {found:08x} instead of {stated:08x}")]
    Checksum {
        /// As stated.
        stated: u32,
        /// As computed.
        found: u32,
    },
    /// The bytes end within a value.
    #[error("the saved ledger ends at byte {byte}, within a value")]
    Short {
        /// Where, from 0.
        byte: usize,
    },
    /// A value cannot be.
    #[error("the saved ledger, before byte {byte}: {problem}")]
    Value {
        /// Where the value ends, from 0.
        byte: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// Its photos do not give the planes and strata that it was saved with.
    #[error(
        "the saved ledger's photos give other cells than it was saved with ({found:08x}, not {stated:08x})"
    )]
    Cells {
        /// As stated.
        stated: u32,
        /// As computed.
        found: u32,
    },
    /// Cell size or class limits cannot be, or a photo's cells.
    #[error("the saved ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The grid cannot be built.
    #[error("the saved ledger: {0}")]
    Grid(#[from] GridError),
}

impl Ledger {
    /// The saved form: what the ledger was made with, the photos by day and name with their cells, a checksum of all
    /// planes and strata, a checksum of everything. Labels are not in it; they come from the layers in force, see
    /// [`Ledger::relabel`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        let definition = self.grid.definition();
        push_text(&mut bytes, &definition.projection);
        let origin = [definition.origin_latitude_deg, definition.origin_longitude_deg];
        for number in origin
            .into_iter()
            .chain([self.lattice.cell_m()])
            .chain(self.limits.cm())
        {
            bytes.extend(number.to_le_bytes());
        }
        let docks = self.docks_by_name();
        bytes.extend((docks.len() as u32).to_le_bytes());
        docks.iter().for_each(|(name, _)| push_text(&mut bytes, name));
        let order = self.frames.in_order();
        bytes.extend((order.len() as u32).to_le_bytes());
        for frame in order.iter().filter_map(|slot| self.frames.get(*slot)) {
            push_stratum(&mut bytes, &frame.stratum, &docks);
            push_text(&mut bytes, frame.name());
            bytes.extend((frame.cells().len() as u32).to_le_bytes());
            bytes.extend(frame.cells());
        }
        bytes.extend(self.checksum_of_cells(&order, &docks).to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads a saved ledger; it has no labels.
    ///
    /// # Errors
    /// [`SavedError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(MAGIC.len()) != Ok(MAGIC) {
            return Err(SavedError::NoLedger);
        }
        let found = u16::from_le_bytes(reader.array()?);
        if found != VERSION {
            return Err(SavedError::Version { found });
        }
        let Some((covered, stated)) = bytes[reader.at..].split_last_chunk() else {
            return Err(SavedError::Short { byte: bytes.len() });
        };
        let (end, stated) = (reader.at + covered.len(), u32::from_le_bytes(*stated));
        let found = crc32fast::hash(&bytes[..end]);
        if found != stated {
            return Err(SavedError::Checksum { stated, found });
        }
        reader.bytes = &bytes[..end];
        let mut ledger = reader.empty_ledger()?;
        reader.docks(&mut ledger)?;
        for _ in 0..u32::from_le_bytes(reader.array()?) {
            reader.frame(&mut ledger)?;
        }
        let stated = u32::from_le_bytes(reader.array()?);
        if reader.at != end {
            return Err(reader.refuse("bytes are left behind the last value"));
        }
        let found = ledger.checksum_of_cells(&ledger.frames.in_order(), &ledger.docks_by_name());
        if found != stated {
            return Err(SavedError::Cells { stated, found });
        }
        Ok(ledger)
    }

    /// The docks that photos were flown from.
    fn docks_by_name(&self) -> Vec<(&str, DockIndex)> {
        let strata = self.frames.counts().keys();
        let mut docks: Vec<_> = strata
            .filter_map(|stratum| Some((self.frames.dock_name(stratum.dock)?, stratum.dock)))
            .collect();
        docks.sort_unstable();
        docks.dedup();
        docks
    }

    /// Over tiles by key: every plane as numbers of photos in `order`, every stratum with its cells.
    fn checksum_of_cells(&self, order: &[Slot], docks: &[(&str, DockIndex)]) -> u32 {
        let last = order.iter().max().map_or(0, |slot| *slot as usize);
        let mut number_of = vec![0_u32; last + 1];
        for (number, slot) in (1_u32..).zip(order) {
            number_of[*slot as usize] = number;
        }
        let mut tiles: Vec<_> = self.tiles.iter().collect();
        tiles.sort_unstable_by_key(|tile| tile.key);
        let (mut hasher, mut bytes) = (Hasher::new(), Vec::new());
        for tile in tiles {
            bytes.clear();
            bytes.extend([tile.key.0, tile.key.1].map(i32::to_le_bytes).as_flattened());
            for (class, cells) in tile.planes() {
                bytes.push(class as u8);
                for slot in cells {
                    bytes.extend(slot.map_or(0, |slot| number_of[slot as usize]).to_le_bytes());
                }
            }
            let mut strata: Vec<_> = tile
                .strata()
                .iter()
                .map(|(stratum, bits)| {
                    let mut facts = Vec::new();
                    push_stratum(&mut facts, stratum, docks);
                    (stratum.day, facts, bits)
                })
                .collect();
            strata.sort_unstable();
            for (_, facts, bits) in strata {
                bytes.extend(facts);
                bytes.extend(bits.map(u64::to_le_bytes).as_flattened());
            }
            hasher.update(&bytes);
        }
        hasher.finalize()
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn push_stratum(bytes: &mut Vec<u8>, stratum: &Stratum, docks: &[(&str, DockIndex)]) {
    let dock = docks.iter().position(|(_, index)| *index == stratum.dock);
    bytes.extend(stratum.day.to_le_bytes());
    bytes.extend([stratum.class, stratum.view as u8]);
    bytes.extend(dock.map_or(NO_DOCK, |dock| dock as DockIndex).to_le_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SavedError> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or(SavedError::Short {
            byte: self.bytes.len(),
        })?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SavedError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn number(&mut self) -> Result<f64, SavedError> {
        self.array().map(f64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, SavedError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(length.into())?;
        std::str::from_utf8(bytes).map_err(|_not_utf8| self.refuse("a text is not UTF-8"))
    }

    fn refuse(&self, problem: &'static str) -> SavedError {
        SavedError::Value {
            byte: self.at,
            problem,
        }
    }

    fn empty_ledger(&mut self) -> Result<Ledger, SavedError> {
        let grid = WorkingGrid::from_definition(&GridDefinition {
            projection: self.text()?.to_owned(),
            origin_latitude_deg: self.number()?,
            origin_longitude_deg: self.number()?,
        })?;
        let cell_m = self.number()?;
        let mut limits_cm = [0.0; GSD_CLASSES];
        for limit_cm in &mut limits_cm {
            *limit_cm = self.number()?;
        }
        Ok(Ledger::new(grid, cell_m, GsdLimits::new(limits_cm)?)?)
    }

    fn docks(&mut self, ledger: &mut Ledger) -> Result<(), SavedError> {
        let mut last = "";
        for _ in 0..u32::from_le_bytes(self.array()?) {
            let name = self.text()?;
            if name <= last {
                return Err(self.refuse("docks are not in order of their names"));
            }
            ledger.frames.dock_index(Some(name))?;
            last = name;
        }
        Ok(())
    }

    fn frame(&mut self, ledger: &mut Ledger) -> Result<(), SavedError> {
        let day = u16::from_le_bytes(self.array()?);
        let [class, view] = self.array()?;
        let dock = u16::from_le_bytes(self.array()?);
        if usize::from(class) >= GSD_CLASSES {
            return Err(self.refuse("there is no such GSD class"));
        }
        let Some(view) = ViewClass::ALL.get(usize::from(view)).copied() else {
            return Err(self.refuse("there is no such view class"));
        };
        if dock != NO_DOCK && ledger.frames.dock_name(dock).is_none() {
            return Err(self.refuse("there is no such dock"));
        }
        let name = self.text()?;
        if name.is_empty() || ledger.frames.slot_of(name).is_some() {
            return Err(self.refuse("a photo has no name or another's"));
        }
        let length = u32::from_le_bytes(self.array()?);
        let cells = self.take(length as usize)?;
        self.cells(ledger, cells)?;
        let stratum = Stratum {
            day,
            class,
            view,
            dock,
        };
        ledger.insert(Frame::new(name, cells, stratum));
        Ok(())
    }

    /// Unpacks a photo's cells; they must be packed as this version packs them.
    fn cells(&self, ledger: &mut Ledger, cells: &[u8]) -> Result<(), SavedError> {
        let farthest = farthest_cell(ledger.lattice);
        let brush = &mut ledger.brush;
        if spans::unpack(cells, farthest, &mut brush.spans).is_none() {
            return Err(self.refuse("a photo's cells cannot be read"));
        }
        spans::pack(&brush.spans, &mut brush.packed);
        if *brush.packed != *cells {
            return Err(self.refuse("a photo's cells are not packed in the one way"));
        }
        Ok(check_spans(&brush.spans, ledger.lattice)?)
    }
}
