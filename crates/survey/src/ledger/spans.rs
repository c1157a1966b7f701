//! The cells of one photo as runs of columns, row by row: packed into bytes, cut into tiles.

use std::ops::Range;

use crate::raster::{Bits, Span, TILE_CELLS, TileKey, push_bits, push_span};

/// Cells `from..to` of one row of one tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub row: u8,
    pub from: u8,
    pub to: u8,
}

impl Run {
    /// The cells as bits of the row.
    pub fn bits(self) -> u64 {
        (u64::MAX >> (64 - (self.to - self.from))) << self.from
    }

    /// The cells as places in a tile's plane.
    pub fn cells(self) -> Range<usize> {
        let row = usize::from(self.row) * 64;
        row + usize::from(self.from)..row + usize::from(self.to)
    }
}

/// The spans of tiles that come in order of their keys.
pub(super) fn of_tiles<'a>(tiles: impl Iterator<Item = (&'a TileKey, &'a Bits)>, spans: &mut Vec<Span>) {
    let mut found = Vec::new();
    for ((down, along), bits) in tiles {
        for (row, word) in (down * TILE_CELLS..).zip(bits.iter()) {
            push_bits(&mut found, row, along * TILE_CELLS, *word);
        }
    }
    found.sort_unstable_by_key(|span| (span.row, span.from));
    spans.clear();
    found.into_iter().for_each(|span| push_span(spans, span));
}

/// The spans in about two bytes each: steps from the span before, as variable-length numbers.
pub(super) fn pack(spans: &[Span], bytes: &mut Vec<u8>) {
    bytes.clear();
    let (mut row, mut from, mut width) = (0, 0, 0);
    for (index, span) in spans.iter().enumerate() {
        let (down, step) = (span.row - row, i64::from(span.from - from));
        if index > 0 && down == 1 {
            push_number(bytes, zigzag(step) << 1);
        } else {
            push_number(bytes, zigzag(step) << 1 | 1);
            push_number(bytes, zigzag(i64::from(down)));
        }
        push_number(bytes, zigzag(i64::from(span.to - span.from - width)));
        (row, from, width) = (span.row, span.from, span.to - span.from);
    }
}

/// Reads packed spans again; nothing when the bytes are no spans in order, within `farthest` cells of the origin.
pub(super) fn unpack(bytes: &[u8], farthest: i32, spans: &mut Vec<Span>) -> Option<()> {
    spans.clear();
    let (mut rest, mut row, mut from, mut width) = (bytes, 0_i64, 0_i64, 0_i64);
    let within = i64::from(-farthest)..=i64::from(farthest);
    while !rest.is_empty() {
        let step = take_number(&mut rest)?;
        let down = if step & 1 == 1 {
            unzigzag(take_number(&mut rest)?)
        } else {
            1
        };
        width = width.checked_add(unzigzag(take_number(&mut rest)?))?;
        from = from.checked_add(unzigzag(step >> 1))?;
        row = row.checked_add(down)?;
        let to = from.checked_add(width)?;
        let inside = within.contains(&row) && within.contains(&from) && within.contains(&to);
        let next = Span {
            row: i32::try_from(row).ok()?,
            from: i32::try_from(from).ok()?,
            to: i32::try_from(to).ok()?,
        };
        let in_order = spans
            .last()
            .is_none_or(|last| last.row < next.row || (last.row == next.row && last.to < next.from));
        if !inside || width < 1 || !in_order {
            return None;
        }
        spans.push(next);
    }
    Some(())
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// One number of at most 35 bits, which is more than a step can need.
fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..5 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Calls `tile` with every tile that has cells of the spans, and its runs in order.
pub(super) fn for_tiles(spans: &[Span], runs: &mut Vec<Run>, mut tile: impl FnMut(TileKey, &[Run])) {
    let mut rest = spans;
    while let Some(first) = rest.first() {
        let down = first.row.div_euclid(TILE_CELLS);
        let band = rest.partition_point(|span| span.row < (down + 1) * TILE_CELLS);
        let (here, after) = rest.split_at(band);
        rest = after;
        let (west, east) = here.iter().fold((i32::MAX, i32::MIN), |(west, east), span| {
            (west.min(span.from), east.max(span.to))
        });
        for along in west.div_euclid(TILE_CELLS)..=(east - 1).div_euclid(TILE_CELLS) {
            clip(here, (down, along), runs);
            if !runs.is_empty() {
                tile((down, along), runs);
            }
        }
    }
}

/// The runs of one tile.
pub(super) fn runs_in(spans: &[Span], key: TileKey, runs: &mut Vec<Run>) {
    let first = spans.partition_point(|span| span.row < key.0 * TILE_CELLS);
    let end = spans.partition_point(|span| span.row < (key.0 + 1) * TILE_CELLS);
    clip(&spans[first..end], key, runs);
}

/// The runs of one tile out of spans of its rows.
fn clip(here: &[Span], (down, along): TileKey, runs: &mut Vec<Run>) {
    let (top, left) = (down * TILE_CELLS, along * TILE_CELLS);
    runs.clear();
    runs.reserve(here.len());
    for span in here {
        let (from, to) = ((span.from - left).max(0), (span.to - left).min(TILE_CELLS));
        if from < to {
            runs.push(Run {
                row: (span.row - top) as u8,
                from: from as u8,
                to: to as u8,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::grid::GridPoint;
    use crate::raster::Lattice;

    fn tiles_of(spans: &[Span]) -> BTreeMap<TileKey, Bits> {
        let mut tiles: BTreeMap<TileKey, Bits> = BTreeMap::new();
        for_tiles(spans, &mut Vec::new(), |key, runs| {
            let bits = tiles.entry(key).or_insert_with(|| Box::new([0; 64]));
            runs.iter()
                .for_each(|run| bits[usize::from(run.row)] |= run.bits());
        });
        tiles
    }

    proptest! {
        #[test]
        fn packs_without_loss(
            rings in prop::collection::vec(prop::collection::vec((-900.0..900.0_f64, -900.0..900.0_f64), 3..9), 1..3),
        ) {
            let lattice = Lattice::new(5.0);
            let on_grid: Vec<Vec<GridPoint>> = rings
                .iter()
                .map(|ring| ring.iter().map(|(e, n)| GridPoint { easting_m: *e, northing_m: *n }).collect())
                .collect();
            let expected: BTreeMap<TileKey, Bits> = lattice.paint(&on_grid).into_iter().collect();
            let (mut spans, mut bytes, mut unpacked) = (Vec::new(), Vec::new(), Vec::new());
            of_tiles(expected.iter(), &mut spans);
            prop_assert_eq!(&tiles_of(&spans), &expected);
            pack(&spans, &mut bytes);
            prop_assert_eq!(unpack(&bytes, 10_000, &mut unpacked), Some(()));
            prop_assert_eq!(unpacked, spans);
        }

        #[test]
        fn any_bytes_are_spans_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut spans = Vec::new();
            if unpack(&bytes, 1_000_000, &mut spans).is_some() {
                prop_assert!(spans.iter().all(|span| span.from < span.to));
            }
        }
    }
}
