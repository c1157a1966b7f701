//! Heights from a GeoTIFF (OGC 19-008r4; TIFF 6.0): one band of whole or floating numbers in strips or tiles, plain or
//! deflated, north up, with the EPSG code of its coordinates. What its heights count from stands in hardly any file
//! and is not guessed from one. Rasters of our own are written by [`writer`].

use thiserror::Error;

mod directory;
mod samples;
pub mod writer;

use directory::{Directory, tag};

/// Larger rasters are refused: a city at 1 m has a tenth of it.
const MOST_CELLS: u64 = 200_000_000;
/// No compression packs more cells into a byte; a damaged size is told by it before memory is taken.
const MOST_CELLS_PER_BYTE: u64 = 2000;
/// GeoKeys: raster type, geographic and projected reference.
const RASTER_TYPE: u16 = 1025;
const GEOGRAPHIC: u16 = 2048;
const PROJECTED: u16 = 3072;

/// Why a file gives no heights.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GeoTiffError {
    /// Not a TIFF, a kind of TIFF that is not read, or a damaged one.
    #[error("the GeoTIFF cannot be read: {problem}")]
    Tiff {
        /// What is wrong.
        problem: String,
    },
    /// A tag that places the raster on the ground is missing or not as expected.
    #[error("the GeoTIFF's place is not usable: {problem}")]
    Place {
        /// What is wrong.
        problem: String,
    },
}

/// Heights as the file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct HeightGrid {
    /// Columns.
    pub columns: usize,
    /// Rows, the northernmost first.
    pub rows: usize,
    /// Coordinates of the middle of the first cell: easting or longitude, northing or latitude.
    pub first: [f64; 2],
    /// Size of a cell in the same units, both positive.
    pub cell: [f64; 2],
    /// EPSG code of the coordinates.
    pub epsg: u32,
    /// Heights row by row; not-a-number where the file has none.
    pub heights: Vec<f32>,
}

/// Reads the first picture of the file.
///
/// # Errors
/// [`GeoTiffError`].
pub fn read_heights(bytes: &[u8]) -> Result<HeightGrid, GeoTiffError> {
    let directory = Directory::read(bytes)?;
    let [columns, rows] = [tag::WIDTH, tag::LENGTH].map(|tag| directory.whole(tag).unwrap_or(0));
    let cells = u64::from(columns) * u64::from(rows);
    if cells == 0 || cells > MOST_CELLS.min(MOST_CELLS_PER_BYTE * bytes.len() as u64) {
        return Err(broken(format!("{columns} × {rows} cells")));
    }
    let (first, cell) = place(&directory)?;
    let (epsg, point) = reference(&directory)?;
    // An area's tie point is the corner of its cell, a point's is its middle.
    let half = if point { 0.0 } else { 0.5 };
    let size = [columns as usize, rows as usize];
    Ok(HeightGrid {
        columns: size[0],
        rows: size[1],
        first: [first[0] + half * cell[0], first[1] - half * cell[1]],
        cell,
        epsg,
        heights: samples::heights(&directory, size)?,
    })
}

fn broken(problem: impl Into<String>) -> GeoTiffError {
    GeoTiffError::Tiff {
        problem: problem.into(),
    }
}

fn misplaced(problem: &str) -> GeoTiffError {
    GeoTiffError::Place {
        problem: problem.to_owned(),
    }
}

/// Coordinates of the tie point carried to the first pixel, and the size of a cell.
fn place(directory: &Directory<'_>) -> Result<([f64; 2], [f64; 2]), GeoTiffError> {
    if directory.numbers(tag::TRANSFORMATION).is_some() {
        return Err(misplaced("it is turned or sheared; store it north up (gdalwarp)"));
    }
    let scale = directory.numbers(tag::PIXEL_SCALE).unwrap_or_default();
    let tie = directory.numbers(tag::TIEPOINT).unwrap_or_default();
    let ([across, down, ..], [column, row, _, x, y, ..]) = (&scale[..], &tie[..]) else {
        return Err(misplaced("it has no tie point or no size of cell"));
    };
    let usable = |side: f64| side.is_finite() && side > 0.0;
    let first = [x - column * across, y + row * down];
    if !usable(*across) || !usable(*down) || !first.iter().all(|place| place.is_finite()) {
        return Err(misplaced("its tie point or size of cell is not a number"));
    }
    Ok((first, [*across, *down]))
}

/// EPSG code, and whether cells stand for points.
fn reference(directory: &Directory<'_>) -> Result<(u32, bool), GeoTiffError> {
    let keys = directory.numbers(tag::GEO_KEYS).unwrap_or_default();
    let value = |wanted: u16| {
        let entries = keys.get(4..).unwrap_or_default().chunks_exact(4);
        // Location 0 means that the value stands in the entry itself.
        let mut own = entries.filter(|entry| entry[0] == f64::from(wanted) && entry[1] == 0.0);
        own.next().map(|entry| entry[3] as u32)
    };
    let code = value(PROJECTED).or_else(|| value(GEOGRAPHIC));
    let code = code.filter(|code| *code != 32767).ok_or_else(|| {
        misplaced("it names no EPSG code of its coordinates (gdal_translate -a_srs EPSG:… writes one)")
    })?;
    Ok((code, value(RASTER_TYPE) == Some(2)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(bytes: &mut Vec<u8>, (tag, kind, count): (u16, u16, u32), value: u32) {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }

    /// Three by two cells of 30 m, the outer corner at 300 000, 3 400 000; floats in one strip.
    fn file(point: bool, epsg: u16, deflated: bool) -> Vec<u8> {
        let plain: Vec<u8> = [1.5_f32, 2.5, -9999.0, 4.0, 5.0, 6.0]
            .iter()
            .flat_map(|it| it.to_le_bytes())
            .collect();
        let data = if deflated {
            miniz_oxide::deflate::compress_to_vec_zlib(&plain, 6)
        } else {
            plain
        };
        let kind: u16 = if point { 2 } else { 1 };
        let keys: Vec<u8> = [1, 1, 0, 2, RASTER_TYPE, 0, 1, kind, PROJECTED, 0, 1, epsg]
            .iter()
            .flat_map(|it: &u16| it.to_le_bytes())
            .collect();
        let doubles = |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|it| it.to_le_bytes()).collect() };
        let scale = doubles(&[30.0, 30.0, 0.0]);
        let tie = doubles(&[0.0, 0.0, 0.0, 300_000.0, 3_400_000.0, 0.0]);
        let nothing = b"-9999\0";
        let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
        let entries: u16 = 14;
        let mut at = 8 + 2 + u32::from(entries) * 12 + 4;
        let mut place = |length: usize| {
            let here = at;
            at += length as u32;
            here
        };
        let places = [&data, &scale, &tie, &keys, &nothing.to_vec()].map(|part| place(part.len()));
        bytes.extend(entries.to_le_bytes());
        entry(&mut bytes, (256, 3, 1), 3);
        entry(&mut bytes, (257, 3, 1), 2);
        entry(&mut bytes, (258, 3, 1), 32);
        entry(&mut bytes, (259, 3, 1), if deflated { 8 } else { 1 });
        entry(&mut bytes, (262, 3, 1), 1);
        entry(&mut bytes, (273, 4, 1), places[0]);
        entry(&mut bytes, (277, 3, 1), 1);
        entry(&mut bytes, (278, 3, 1), 2);
        entry(&mut bytes, (279, 4, 1), data.len() as u32);
        entry(&mut bytes, (339, 3, 1), 3);
        entry(&mut bytes, (33550, 12, 3), places[1]);
        entry(&mut bytes, (33922, 12, 6), places[2]);
        entry(&mut bytes, (34735, 3, 12), places[3]);
        entry(&mut bytes, (42113, 2, 6), places[4]);
        bytes.extend([0; 4]);
        for part in [&data, &scale, &tie, &keys, &nothing.to_vec()] {
            bytes.extend(part);
        }
        bytes
    }

    #[test]
    fn heights_places_and_holes_are_read() {
        for deflated in [false, true] {
            let grid = read_heights(&file(false, 32651, deflated)).unwrap();
            assert_eq!((grid.columns, grid.rows, grid.epsg), (3, 2, 32651));
            assert_eq!((grid.first, grid.cell), ([300_015.0, 3_399_985.0], [30.0, 30.0]));
            assert_eq!((grid.heights[1], grid.heights[5]), (2.5, 6.0));
            assert!(grid.heights[2].is_nan());
        }
        let points = read_heights(&file(true, 32651, false)).unwrap();
        assert_eq!(points.first, [300_000.0, 3_400_000.0]);
    }

    #[test]
    fn a_file_without_a_reference_or_of_another_kind_is_refused_in_words() {
        let said = read_heights(&file(false, 32767, false)).unwrap_err().to_string();
        assert!(said.contains("EPSG"), "{said}");
        for bytes in [&b"no tiff at all"[..], b"", b"II\x2a\0\xff\xff\xff\xff"] {
            assert!(matches!(read_heights(bytes), Err(GeoTiffError::Tiff { .. })));
        }
    }

    proptest! {
        #[test]
        fn damaged_files_are_refused_or_read_without_panic(at in 0..420usize, byte in any::<u8>(), cut in 0..420usize) {
            let mut bytes = file(false, 32651, true);
            let last = bytes.len() - 1;
            bytes[at.min(last)] = byte;
            let _ = read_heights(&bytes);
            bytes.truncate(cut);
            let _ = read_heights(&bytes);
        }
    }
}
