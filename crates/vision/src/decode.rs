//! JPEG bytes to RGB pixels, with a limit on size and an honest answer for cut-off files.
//!
//! The decoder fills the missing part of a cut-off photo with grey and reports success. Here the marker
//! structure is walked first, so that such a file is named instead of being looked at as if whole.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder, RgbImage};

/// Why a photo gave no pixels.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum DecodeError {
    /// Not a JPEG at all.
    #[error("not a JPEG file: it does not start with FF D8")]
    NotJpeg,
    /// The picture ends before its end marker.
    #[error("the JPEG is cut off: its {bytes} bytes end before the end-of-image marker")]
    Truncated {
        /// Size of the file.
        bytes: usize,
    },
    /// More pixels than the caller allows.
    #[error("the photo has {megapixels:.1} megapixels; the limit is {limit_megapixels:.1}")]
    TooLarge {
        /// Millions of pixels of the photo.
        megapixels: f64,
        /// Millions of pixels allowed.
        limit_megapixels: f64,
    },
    /// The decoder gave up.
    #[error("the JPEG is damaged: {message}")]
    Corrupt {
        /// What the decoder said.
        message: String,
    },
}

/// Decodes a whole JPEG to 8-bit RGB; grey and CMYK pictures become RGB. Pixels stay in the order of the
/// file: the EXIF orientation is not applied, since camera models speak of the sensor.
///
/// # Errors
/// See [`DecodeError`]; the size is checked before memory for the pixels is taken.
pub fn decode_jpeg(bytes: &[u8], max_pixels: u64) -> Result<RgbImage, DecodeError> {
    check_structure(bytes)?;
    let corrupt = |cause: image::ImageError| DecodeError::Corrupt {
        message: cause.to_string(),
    };
    let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(corrupt)?;
    let (width_px, height_px) = decoder.dimensions();
    let pixels = u64::from(width_px) * u64::from(height_px);
    if pixels > max_pixels {
        let megapixels = pixels as f64 / 1e6;
        return Err(DecodeError::TooLarge {
            megapixels,
            limit_megapixels: max_pixels as f64 / 1e6,
        });
    }
    Ok(DynamicImage::from_decoder(decoder).map_err(corrupt)?.into_rgb8())
}

/// Walks segments and entropy-coded data (ITU-T T.81, annex B) to the end-of-image marker of the main picture.
fn check_structure(bytes: &[u8]) -> Result<(), DecodeError> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return Err(DecodeError::NotJpeg);
    }
    let truncated = DecodeError::Truncated { bytes: bytes.len() };
    let mut at = 2;
    while let Some(marker_at) = next_marker(bytes, at) {
        let marker = bytes[marker_at];
        at = marker_at + 1;
        match marker {
            0xD9 => return Ok(()),
            0xD0..=0xD8 | 0x01 => {}
            _ => match bytes.get(at..at + 2) {
                Some(length) => at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2),
                None => return Err(truncated),
            },
        }
    }
    Err(truncated)
}

/// Position of the next marker code: a byte after FF that is neither stuffing (00) nor fill (FF).
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let offset = rest
        .windows(2)
        .position(|pair| pair[0] == 0xFF && pair[1] != 0x00 && pair[1] != 0xFF)?;
    Some(from + offset + 1)
}
