//! Writes rasters as GeoTIFF (OGC 19-008r4; TIFF 6.0): one or more bands in deflated tiles, north up. A tile that has
//! nothing in it takes no room in the file, so that a city's raster may span the whole working area.

use std::fmt::Write as _;

use miniz_oxide::deflate::compress_to_vec_zlib;
use thiserror::Error;

use super::directory::tag;

/// Side of a tile in cells; TIFF asks for a multiple of 16.
pub const TILE_CELLS: usize = 256;
/// Effort of deflate, 0 to 10: more than this is hardly smaller.
const EFFORT: u8 = 6;
/// A GeoKey whose value stands beside the list, for "defined here".
const USER_DEFINED: u16 = 32767;

/// What the coordinates of a raster are.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// Longitude and latitude on WGS-84, degrees.
    Wgs84,
    /// A projected reference with an EPSG code, metres.
    Projected(u16),
    /// A transverse Mercator projection of WGS-84 that has no code.
    TransverseMercator(TransverseMercator),
}

/// Metres from a point of one's own: easting and northing are 0 there.
#[derive(Debug, Clone, PartialEq)]
pub struct TransverseMercator {
    /// Name that programs show.
    pub name: String,
    /// Latitude of the origin, degrees.
    pub origin_latitude_deg: f64,
    /// Central meridian, degrees.
    pub origin_longitude_deg: f64,
    /// Scale on the central meridian.
    pub scale: f64,
}

/// One band, as programs show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Description.
    pub name: String,
    /// Unit of its values after scaling.
    pub unit: String,
    /// What a stored value is multiplied by.
    pub scale: f64,
}

/// Where a raster lies and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster<T> {
    /// Columns.
    pub columns: usize,
    /// Rows, the northernmost first.
    pub rows: usize,
    /// Outer corner of the first cell: west, north.
    pub corner: [f64; 2],
    /// Size of a cell, both positive.
    pub cell: [f64; 2],
    /// What the coordinates are.
    pub reference: Reference,
    /// At least one.
    pub bands: Vec<Band>,
    /// What is to be said of the whole, as names and values; programs show it as metadata.
    pub notes: Vec<(String, String)>,
    /// The value that stands for "nothing known here".
    pub nothing: T,
}

/// The tile to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// Number of the band, from 0.
    pub band: usize,
    /// Column of its first cell.
    pub left: usize,
    /// Row of its first cell.
    pub top: usize,
}

/// Why a raster cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The description of the raster does not make one.
    #[error("the raster cannot be written: {problem}")]
    BadRaster {
        /// What is wrong.
        problem: String,
    },
    /// Offsets in a TIFF have 32 bits.
    #[error("the GeoTIFF would have more than 4 GiB; take larger cells or a smaller area")]
    TooLarge,
}

/// Numbers that cells may hold.
pub trait Sample: Copy + PartialEq + sealed::Bytes {}
impl Sample for u16 {}
impl Sample for f32 {}

mod sealed {
    pub trait Bytes {
        const BITS: u16;
        /// 1 whole without sign, 3 floating.
        const FORMAT: u16;
        fn push(self, bytes: &mut Vec<u8>);
        fn same_as(self, other: Self) -> bool;
        fn text(self) -> String;
    }

    impl Bytes for u16 {
        const BITS: u16 = 16;
        const FORMAT: u16 = 1;
        fn push(self, bytes: &mut Vec<u8>) {
            bytes.extend(self.to_le_bytes());
        }
        fn same_as(self, other: Self) -> bool {
            self == other
        }
        fn text(self) -> String {
            self.to_string()
        }
    }

    impl Bytes for f32 {
        const BITS: u16 = 32;
        const FORMAT: u16 = 3;
        fn push(self, bytes: &mut Vec<u8>) {
            bytes.extend(self.to_le_bytes());
        }
        fn same_as(self, other: Self) -> bool {
            self.to_bits() == other.to_bits()
        }
        fn text(self) -> String {
            if self.is_nan() {
                "nan".to_owned()
            } else {
                self.to_string()
            }
        }
    }
}

/// The bytes of a GeoTIFF. `fill` is asked for every tile, row by row of tiles, each for all bands in turn, and gets its
/// cells row by row, [`TILE_CELLS`] in each, all set to [`Raster::nothing`]; cells beyond the raster's edge are not shown by any program.
///
/// # Errors
/// [`WriteError`].
pub fn write<T: Sample>(
    raster: &Raster<T>,
    mut fill: impl FnMut(TilePlace, &mut [T]),
) -> Result<Vec<u8>, WriteError> {
    check(raster)?;
    let mut bytes = b"II\x2a\0\0\0\0\0".to_vec();
    let [across, down] = [raster.columns, raster.rows].map(|side| side.div_ceil(TILE_CELLS));
    let (bands, tiles) = (raster.bands.len(), across * down);
    // One band after the other in the lists, whatever the order of the tiles in the file.
    let (mut offsets, mut lengths) = (vec![0; bands * tiles], vec![0; bands * tiles]);
    let mut cells = vec![raster.nothing; TILE_CELLS * TILE_CELLS];
    let mut plain = Vec::with_capacity(cells.len() * usize::from(T::BITS / 8));
    for number in 0..tiles {
        let [left, top] = [number % across, number / across].map(|tile| tile * TILE_CELLS);
        for band in 0..bands {
            cells.fill(raster.nothing);
            fill(TilePlace { band, left, top }, &mut cells);
            if cells.iter().all(|cell| cell.same_as(raster.nothing)) {
                continue;
            }
            plain.clear();
            cells.iter().for_each(|cell| cell.push(&mut plain));
            let packed = compress_to_vec_zlib(&plain, EFFORT);
            offsets[band * tiles + number] = place(&bytes)?;
            lengths[band * tiles + number] = u32::try_from(packed.len()).ok().ok_or(WriteError::TooLarge)?;
            bytes.extend(packed);
        }
    }
    let entries = entries(raster, &offsets, &lengths)?;
    append_directory(&mut bytes, entries)?;
    Ok(bytes)
}

fn check<T>(raster: &Raster<T>) -> Result<(), WriteError> {
    let bad = |problem: &str| {
        Err(WriteError::BadRaster {
            problem: problem.to_owned(),
        })
    };
    let is_size = |side: usize| side > 0 && u32::try_from(side).is_ok();
    if !is_size(raster.columns) || !is_size(raster.rows) {
        return bad("it has no cells");
    }
    if raster.bands.is_empty() || u16::try_from(raster.bands.len()).is_err() {
        return bad("it has no bands");
    }
    if !raster.cell.iter().all(|side| side.is_finite() && *side > 0.0)
        || !raster.corner.iter().all(|place| place.is_finite())
    {
        return bad("its corner or the size of its cells is not a number");
    }
    Ok(())
}

/// The next place in the file, on a word.
fn place(bytes: &[u8]) -> Result<u32, WriteError> {
    u32::try_from(bytes.len()).ok().ok_or(WriteError::TooLarge)
}

/// Tag, type, number of values, the values.
type Entry = (u16, u16, u32, Vec<u8>);

fn shorts(tag: u16, values: &[u16]) -> Entry {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    (tag, 3, values.len() as u32, bytes)
}

fn longs(tag: u16, values: &[u32]) -> Entry {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    (tag, 4, values.len() as u32, bytes)
}

fn doubles(tag: u16, values: &[f64]) -> Entry {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    (tag, 12, values.len() as u32, bytes)
}

fn text(tag: u16, text: &str) -> Entry {
    let bytes = [text.as_bytes(), b"\0"].concat();
    (tag, 2, bytes.len() as u32, bytes)
}

fn entries<T: Sample>(
    raster: &Raster<T>,
    offsets: &[u32],
    lengths: &[u32],
) -> Result<Vec<Entry>, WriteError> {
    let bands = raster.bands.len();
    let size = |side: usize| u32::try_from(side).ok().ok_or(WriteError::TooLarge);
    let side = TILE_CELLS as u32;
    let [west, north] = raster.corner;
    let mut entries = vec![
        longs(tag::WIDTH, &[size(raster.columns)?]),
        longs(tag::LENGTH, &[size(raster.rows)?]),
        shorts(tag::BITS, &vec![T::BITS; bands]),
        shorts(tag::COMPRESSION, &[8]),
        // The smallest value is black.
        shorts(tag::PHOTOMETRIC, &[1]),
        shorts(tag::SAMPLES_PER_PIXEL, &[bands as u16]),
        // One band after the other.
        shorts(tag::PLANAR, &[if bands > 1 { 2 } else { 1 }]),
        longs(tag::TILE_WIDTH, &[side]),
        longs(tag::TILE_LENGTH, &[side]),
        longs(tag::TILE_OFFSETS, offsets),
        longs(tag::TILE_BYTES, lengths),
        shorts(tag::SAMPLE_FORMAT, &vec![T::FORMAT; bands]),
        doubles(tag::PIXEL_SCALE, &[raster.cell[0], raster.cell[1], 0.0]),
        doubles(tag::TIEPOINT, &[0.0, 0.0, 0.0, west, north, 0.0]),
        text(tag::GDAL_METADATA, &words(&raster.notes, &raster.bands)),
        text(tag::NOTHING, &raster.nothing.text()),
    ];
    if bands > 1 {
        entries.push(shorts(tag::EXTRA_SAMPLES, &vec![0; bands - 1]));
    }
    entries.extend(reference_entries(&raster.reference));
    entries.sort_by_key(|entry| entry.0);
    Ok(entries)
}

/// What GDAL keeps of the whole, and of bands names, units, scales (its own tag, an XML text).
fn words(notes: &[(String, String)], bands: &[Band]) -> String {
    let escaped = |text: &str| quick_xml::escape::escape(text).into_owned();
    let mut words = "<GDALMetadata>\n".to_owned();
    for (name, value) in notes {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(words, "  <Item name=\"{name}\">{value}</Item>");
    }
    for (at, band) in bands.iter().enumerate() {
        let (name, unit, scale) = (escaped(&band.name), escaped(&band.unit), band.scale);
        // Writing into a text does not fail.
        let _ = write!(
            words,
            "  <Item name=\"DESCRIPTION\" sample=\"{at}\" role=\"description\">{name}</Item>\n\
             \x20 <Item name=\"UNITTYPE\" sample=\"{at}\" role=\"unittype\">{unit}</Item>\n\
             \x20 <Item name=\"SCALE\" sample=\"{at}\" role=\"scale\">{scale}</Item>\n\
             \x20 <Item name=\"OFFSET\" sample=\"{at}\" role=\"offset\">0</Item>\n"
        );
    }
    words + "</GDALMetadata>\n"
}

/// The GeoKeys, with the numbers and texts that stand beside them.
fn reference_entries(reference: &Reference) -> Vec<Entry> {
    const MODEL_TYPE: u16 = 1024;
    const ANGULAR_UNITS: u16 = 2054;
    const DEGREE: u16 = 9102;
    const LINEAR_UNITS: u16 = 3076;
    const METRE: u16 = 9001;
    let area = [super::RASTER_TYPE, 0, 1, 1];
    let own = |projection: &TransverseMercator| {
        let name = format!("{}|", projection.name.replace('|', "/"));
        let (latitude_deg, longitude_deg) = (projection.origin_latitude_deg, projection.origin_longitude_deg);
        let beside = [longitude_deg, latitude_deg, 0.0, 0.0, projection.scale];
        let number = |key: u16, at: u16| [key, tag::GEO_DOUBLES, 1, at];
        let keys = vec![
            [MODEL_TYPE, 0, 1, 1],
            area,
            // Citation of the whole.
            [1026, tag::GEO_TEXTS, name.len() as u16, 0],
            [super::GEOGRAPHIC, 0, 1, 4326],
            [ANGULAR_UNITS, 0, 1, DEGREE],
            [super::PROJECTED, 0, 1, USER_DEFINED],
            [3074, 0, 1, USER_DEFINED],
            // Transverse Mercator.
            [3075, 0, 1, 1],
            [LINEAR_UNITS, 0, 1, METRE],
            // Natural origin: longitude, latitude; false easting, northing; scale there.
            number(3080, 0),
            number(3081, 1),
            number(3082, 2),
            number(3083, 3),
            number(3092, 4),
        ];
        (
            keys,
            vec![doubles(tag::GEO_DOUBLES, &beside), text(tag::GEO_TEXTS, &name)],
        )
    };
    let (keys, beside) = match reference {
        Reference::Wgs84 => (
            vec![
                [MODEL_TYPE, 0, 1, 2],
                area,
                [super::GEOGRAPHIC, 0, 1, 4326],
                [ANGULAR_UNITS, 0, 1, DEGREE],
            ],
            Vec::new(),
        ),
        Reference::Projected(code) => (
            vec![
                [MODEL_TYPE, 0, 1, 1],
                area,
                [super::PROJECTED, 0, 1, *code],
                [LINEAR_UNITS, 0, 1, METRE],
            ],
            Vec::new(),
        ),
        Reference::TransverseMercator(projection) => own(projection),
    };
    let mut directory = vec![1, 1, 0, keys.len() as u16];
    directory.extend(keys.into_iter().flatten());
    std::iter::once(shorts(tag::GEO_KEYS, &directory))
        .chain(beside)
        .collect()
}

/// Adds the directory and the values that do not fit in it; the header then points to it.
fn append_directory(bytes: &mut Vec<u8>, entries: Vec<Entry>) -> Result<(), WriteError> {
    let mut inside = Vec::new();
    for (tag, kind, count, mut value) in entries {
        if value.len() > 4 {
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            let at = place(bytes)?;
            bytes.extend(&value);
            value = at.to_le_bytes().to_vec();
        }
        value.resize(4, 0);
        inside.push((tag, kind, count, value));
    }
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let start = place(bytes)?;
    bytes[4..8].copy_from_slice(&start.to_le_bytes());
    bytes.extend((inside.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in inside {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value);
    }
    bytes.extend([0; 4]);
    // All offsets lie before the end.
    place(bytes).map(|_| ())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geotiff::read_heights;

    fn raster<T>(columns: usize, rows: usize, reference: Reference, nothing: T) -> Raster<T> {
        let band = Band {
            name: "last seen".to_owned(),
            unit: "d".to_owned(),
            scale: 1.0,
        };
        Raster {
            columns,
            rows,
            corner: [300_000.0, 3_400_000.0],
            cell: [5.0, 5.0],
            reference,
            bands: vec![band],
            notes: Vec::new(),
            nothing,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            columns in 1..700_usize, rows in 1..520_usize,
            known in prop::collection::vec((0..700_usize, 0..520_usize, 1..20_000_u16), 0..40),
        ) {
            let raster = raster(columns, rows, Reference::Projected(32651), 0_u16);
            let bytes = write(&raster, |tile, cells| {
                for (column, row, value) in &known {
                    let inside = |at: &usize, from: usize| (from..from + TILE_CELLS).contains(at);
                    if inside(column, tile.left) && inside(row, tile.top) {
                        cells[(row - tile.top) * TILE_CELLS + column - tile.left] = *value;
                    }
                }
            }).unwrap();
            let grid = read_heights(&bytes).unwrap();
            prop_assert_eq!((grid.columns, grid.rows, grid.epsg), (columns, rows, 32651));
            prop_assert_eq!((grid.first, grid.cell), ([300_002.5, 3_399_997.5], [5.0, 5.0]));
            let mut expected = vec![f32::NAN; columns * rows];
            for (column, row, value) in known {
                if column < columns && row < rows {
                    expected[row * columns + column] = f32::from(value);
                }
            }
            let same = expected.iter().zip(&grid.heights).all(|(a, b)| a.to_bits() == b.to_bits() || a == b);
            prop_assert!(same);
        }
    }

    #[test]
    fn tiles_without_a_value_take_no_room() {
        let large = raster(20_000, 20_000, Reference::Wgs84, f32::NAN);
        let bytes = write(&large, |tile, cells| {
            if (tile.left, tile.top) == (0, 0) {
                cells[0] = 7.5;
            }
        });
        assert!(bytes.unwrap().len() < 60_000);
    }

    #[test]
    fn what_is_no_raster_is_refused() {
        let nothing = |_: TilePlace, _: &mut [u16]| ();
        assert!(write(&raster(0, 4, Reference::Wgs84, 0), nothing).is_err());
        let flat = Raster {
            cell: [0.0, 5.0],
            ..raster(4, 4, Reference::Wgs84, 0)
        };
        assert!(write(&flat, nothing).is_err());
    }
}
