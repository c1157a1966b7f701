//! The first image file directory of a TIFF: tags and their values, either byte order.

use super::{GeoTiffError, broken};

/// Tag numbers.
pub(super) mod tag {
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const LENGTH: u16 = 257;
    pub(in super::super) const BITS: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_BYTES: u16 = 279;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_LENGTH: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_BYTES: u16 = 325;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const PIXEL_SCALE: u16 = 33550;
    pub(in super::super) const TIEPOINT: u16 = 33922;
    pub(in super::super) const TRANSFORMATION: u16 = 34264;
    pub(in super::super) const GEO_KEYS: u16 = 34735;
    pub(in super::super) const GEO_DOUBLES: u16 = 34736;
    pub(in super::super) const GEO_TEXTS: u16 = 34737;
    pub(in super::super) const GDAL_METADATA: u16 = 42112;
    pub(in super::super) const NOTHING: u16 = 42113;
}

/// Values longer than this belong to no raster that is read.
const MOST_VALUES: usize = 4_000_000;

/// The file and where its tags' values stand.
pub(super) struct Directory<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) little_endian: bool,
    /// Tag, type, number of values, place of the first.
    entries: Vec<(u16, u16, usize, usize)>,
}

impl<'b> Directory<'b> {
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, GeoTiffError> {
        let little_endian = match bytes.get(..4) {
            Some(b"II\x2a\0") => true,
            Some(b"MM\0\x2a") => false,
            Some(b"II\x2b\0" | b"MM\0\x2b") => {
                return Err(broken("it is a BigTIFF; write it with BIGTIFF=NO"));
            }
            _ => return Err(broken("it does not begin like a TIFF")),
        };
        let mut directory = Self {
            bytes,
            little_endian,
            entries: Vec::new(),
        };
        let cut = || broken("its directory is cut off");
        let start = directory.u32_at(4).ok_or_else(cut)? as usize;
        let count = directory.u16_at(start).ok_or_else(cut)?;
        for number in 0..usize::from(count) {
            let at = start.checked_add(2 + number * 12).ok_or_else(cut)?;
            let entry = directory.entry(at).ok_or_else(cut)?;
            directory.entries.extend(entry);
        }
        Ok(directory)
    }

    /// One entry; inside, nothing for a type that is not known.
    #[expect(clippy::option_option, reason = "cut off and not known are two things")]
    fn entry(&self, at: usize) -> Option<Option<(u16, u16, usize, usize)>> {
        let (tag, kind) = (self.u16_at(at)?, self.u16_at(at + 2)?);
        let count = self.u32_at(at + 4)? as usize;
        let inside = self.u32_at(at + 8)? as usize;
        let Some(size) = size_of(kind) else {
            return Some(None);
        };
        let fits = count.checked_mul(size).is_some_and(|length| length <= 4);
        Some(Some((tag, kind, count, if fits { at + 8 } else { inside })))
    }

    /// All values of a tag as numbers; none where it is absent, cut off or text.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<f64>> {
        let (_, kind, count, start) = *self.entries.iter().find(|entry| entry.0 == tag)?;
        let size = size_of(kind)?;
        if count > MOST_VALUES || start.checked_add(count * size)? > self.bytes.len() {
            return None;
        }
        let value = |number: usize| {
            let at = start + number * size;
            Some(match kind {
                1 | 6 | 7 => f64::from(*self.bytes.get(at)?),
                3 => f64::from(self.u16_at(at)?),
                4 => f64::from(self.u32_at(at)?),
                12 => f64::from_bits(self.u64_at(at)?),
                _ => return None,
            })
        };
        (0..count).map(value).collect()
    }

    /// The one value of a tag as a whole number.
    pub(super) fn whole(&self, tag: u16) -> Option<u32> {
        self.numbers(tag)?.first().map(|value| *value as u32)
    }

    /// The text of a tag.
    pub(super) fn text(&self, tag: u16) -> Option<&'b str> {
        let (_, kind, count, start) = *self.entries.iter().find(|entry| entry.0 == tag)?;
        let bytes = self
            .bytes
            .get(start..start.checked_add(count)?)
            .filter(|_| kind == 2)?;
        std::str::from_utf8(bytes)
            .ok()
            .map(|text| text.trim_matches(['\0', ' ']))
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()?;
        if !self.little_endian {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn u16_at(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32_at(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn u64_at(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }
}

/// Bytes of one value of a type (TIFF 6.0, section 2).
fn size_of(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}
