//! The cells of a TIFF: strips or tiles, inflated, the predictor undone, as heights.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::directory::{Directory, tag};
use super::{GeoTiffError, broken};

/// No mountain and no trench is further from the sea's level; what is stands for "nothing" in many files.
const LARGEST_M: f64 = 20_000.0;

/// How the numbers of a cell are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sample {
    U16,
    I16,
    I32,
    F32,
    F64,
}

impl Sample {
    fn of(directory: &Directory<'_>) -> Result<Self, GeoTiffError> {
        let bits = directory.whole(tag::BITS).unwrap_or(1);
        // 1 unsigned, 2 signed, 3 floating.
        match (bits, directory.whole(tag::SAMPLE_FORMAT).unwrap_or(1)) {
            (16, 1) => Ok(Self::U16),
            (16, 2) => Ok(Self::I16),
            (32, 2) => Ok(Self::I32),
            (32, 3) => Ok(Self::F32),
            (64, 3) => Ok(Self::F64),
            (bits, _) => Err(broken(format!(
                "cells of {bits} bits are no heights; 16 or 32 bit whole numbers and floats are read"
            ))),
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::U16 | Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Of bytes that were brought to little-endian order.
    fn value(self, bytes: &[u8]) -> Option<f64> {
        Some(match self {
            Self::U16 => f64::from(u16::from_le_bytes(bytes.try_into().ok()?)),
            Self::I16 => f64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
            Self::I32 => f64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
            Self::F32 => f64::from(f32::from_le_bytes(bytes.try_into().ok()?)),
            Self::F64 => f64::from_le_bytes(bytes.try_into().ok()?),
        })
    }
}

/// The blocks that a picture is stored in.
struct Blocks {
    offsets: Vec<f64>,
    lengths: Vec<f64>,
    size: [usize; 2],
}

impl Blocks {
    fn of(directory: &Directory<'_>, [columns, rows]: [usize; 2]) -> Result<Self, GeoTiffError> {
        let missing = || broken("it does not say where its cells are");
        let list = |tag: u16| directory.numbers(tag).ok_or_else(missing);
        let whole = |tag: u16| directory.whole(tag).map(|value| value as usize);
        let blocks = if let Some(width) = whole(tag::TILE_WIDTH) {
            Self {
                offsets: list(tag::TILE_OFFSETS)?,
                lengths: list(tag::TILE_BYTES)?,
                size: [width, whole(tag::TILE_LENGTH).unwrap_or(0)],
            }
        } else {
            Self {
                offsets: list(tag::STRIP_OFFSETS)?,
                lengths: list(tag::STRIP_BYTES)?,
                size: [columns, whole(tag::ROWS_PER_STRIP).unwrap_or(rows).min(rows)],
            }
        };
        let [width, height] = blocks.size;
        if width == 0 || height == 0 || width > columns.max(65_536) || height > rows.max(65_536) {
            return Err(broken("the size of its strips or tiles is impossible"));
        }
        Ok(blocks)
    }
}

/// All heights row by row, not-a-number where there is none.
pub(super) fn heights(directory: &Directory<'_>, size: [usize; 2]) -> Result<Vec<f32>, GeoTiffError> {
    if directory.whole(tag::SAMPLES_PER_PIXEL).unwrap_or(1) != 1 {
        return Err(broken("it has more than one band"));
    }
    let sample = Sample::of(directory)?;
    let nothing = directory
        .text(tag::NOTHING)
        .and_then(|text| text.parse::<f64>().ok());
    let [columns, rows] = size;
    let blocks = Blocks::of(directory, size)?;
    let across = columns.div_ceil(blocks.size[0]);
    let mut heights = vec![f32::NAN; columns * rows];
    for (number, (offset, length)) in blocks.offsets.iter().zip(&blocks.lengths).enumerate() {
        let [left, top] = [number % across * blocks.size[0], number / across * blocks.size[1]];
        if top >= rows {
            break;
        }
        // A block that was never written has no length: a hole.
        if *length == 0.0 {
            continue;
        }
        let block = block(
            directory,
            (*offset as usize, *length as usize),
            (blocks.size, sample),
        )?;
        let wide = blocks.size[0] * sample.bytes();
        for (line, row) in block.chunks_exact(wide).zip(top..rows) {
            for (cell, column) in line.chunks_exact(sample.bytes()).zip(left..columns) {
                if let Some(value) = sample.value(cell) {
                    heights[row * columns + column] = known(value, nothing);
                }
            }
        }
    }
    Ok(heights)
}

fn known(value: f64, nothing: Option<f64>) -> f32 {
    // "Nothing" is written in decimals, which a single float rounds.
    let is_nothing = nothing.is_some_and(|nothing| nothing == value || nothing as f32 == value as f32);
    let there = value.is_finite() && value.abs() < LARGEST_M && !is_nothing;
    if there { value as f32 } else { f32::NAN }
}

/// One strip or tile in little-endian order.
fn block(
    directory: &Directory<'_>,
    (offset, length): (usize, usize),
    (size, sample): ([usize; 2], Sample),
) -> Result<Vec<u8>, GeoTiffError> {
    let end = offset.checked_add(length);
    let stored = end.and_then(|end| directory.bytes.get(offset..end));
    let stored = stored.ok_or_else(|| broken("a strip or tile lies beyond the end of the file"))?;
    let whole = size[0] * size[1] * sample.bytes();
    let mut block = match directory.whole(tag::COMPRESSION).unwrap_or(1) {
        1 => stored.to_vec(),
        8 | 32946 => decompress_to_vec_zlib_with_limit(stored, whole)
            .map_err(|error| broken(format!("a strip or tile cannot be inflated ({:?})", error.status)))?,
        other => {
            return Err(broken(format!(
                "compression {other} is not read; write it with gdal_translate -co COMPRESS=DEFLATE"
            )));
        }
    };
    let line = size[0] * sample.bytes();
    match directory.whole(tag::PREDICTOR).unwrap_or(1) {
        1 => to_little_endian(directory, &mut block, sample),
        2 => {
            to_little_endian(directory, &mut block, sample);
            block
                .chunks_exact_mut(line)
                .for_each(|line| undo_differences(line, sample));
        }
        3 if matches!(sample, Sample::F32 | Sample::F64) => {
            block
                .chunks_exact_mut(line)
                .for_each(|line| undo_floating(line, sample));
        }
        other => return Err(broken(format!("predictor {other} is not known"))),
    }
    Ok(block)
}

fn to_little_endian(directory: &Directory<'_>, block: &mut [u8], sample: Sample) {
    if !directory.little_endian {
        block.chunks_exact_mut(sample.bytes()).for_each(<[u8]>::reverse);
    }
}

/// Each cell is written as the difference from the one before (TIFF 6.0, section 14).
fn undo_differences(line: &mut [u8], sample: Sample) {
    let size = sample.bytes();
    let mut before = 0_u64;
    for cell in line.chunks_exact_mut(size) {
        let mut wide = [0; 8];
        wide[..size].copy_from_slice(cell);
        before = before.wrapping_add(u64::from_le_bytes(wide));
        cell.copy_from_slice(&before.to_le_bytes()[..size]);
    }
}

/// Bytes are written as differences along the line, all first bytes first, most significant ones in front (Adobe
/// Photoshop TIFF Technical Note 3).
fn undo_floating(line: &mut [u8], sample: Sample) {
    let size = sample.bytes();
    for at in 1..line.len() {
        line[at] = line[at].wrapping_add(line[at - 1]);
    }
    let planes = line.to_vec();
    let columns = line.len() / size;
    for (column, cell) in line.chunks_exact_mut(size).enumerate() {
        for (byte, slot) in cell.iter_mut().rev().enumerate() {
            *slot = planes[byte * columns + column];
        }
    }
}
