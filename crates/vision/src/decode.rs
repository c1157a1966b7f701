//! JPEG bytes to RGB pixels, with a limit on size and an honest answer for cut-off files.
//!
//! The decoder fills the missing part of a cut-off photo with grey and reports success. Here the marker
//! structure is walked first, so that such a file is named instead of being looked at as if whole. Damage that
//! leaves the end marker in place cannot be told from a picture.

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

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb};
    use proptest::prelude::*;

    use super::*;

    const CMYK: &[u8] = include_bytes!("../tests/it/cmyk.jpg");
    const PROGRESSIVE: &[u8] = include_bytes!("../tests/it/progressive.jpg");

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let photo = RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x * 5) as u8, (y * 7) as u8, ((x * y) % 251) as u8])
        });
        let mut bytes = Vec::new();
        photo
            .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
            .unwrap();
        bytes
    }

    #[test]
    fn a_whole_photo_is_decoded() {
        let photo = decode_jpeg(&jpeg(70, 50), 10_000).unwrap();
        assert_eq!(photo.dimensions(), (70, 50));
        let pixel = photo.get_pixel(40, 8).0;
        assert!(
            pixel[0].abs_diff(200) < 12 && pixel[1].abs_diff(56) < 12,
            "{pixel:?}"
        );
    }

    #[test]
    fn grey_and_cmyk_become_rgb() {
        let mut bytes = Vec::new();
        let grey = GrayImage::from_pixel(16, 16, Luma([90]));
        grey.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
            .unwrap();
        assert_eq!(decode_jpeg(&bytes, 256).unwrap().get_pixel(3, 3).0, [90, 90, 90]);
        let pixel = decode_jpeg(CMYK, 256).unwrap().get_pixel(8, 8).0;
        assert!(
            pixel[0] > 200 && pixel[1] < 60 && pixel[2] < 60,
            "painted red, is {pixel:?}"
        );
    }

    #[test]
    fn a_cut_at_any_byte_is_named() {
        for whole in [jpeg(40, 30), PROGRESSIVE.to_vec()] {
            assert!(decode_jpeg(&whole, 10_000).is_ok());
            for length in 2..whole.len() {
                let error = decode_jpeg(&whole[..length], 10_000).unwrap_err();
                assert_eq!(error, DecodeError::Truncated { bytes: length });
            }
        }
    }

    #[test]
    fn zeros_in_place_of_the_rest_are_a_cut_and_bytes_after_the_end_are_not() {
        let whole = jpeg(40, 30);
        let mut padded = whole[..whole.len() / 2].to_vec();
        padded.resize(whole.len() * 2, 0);
        assert!(matches!(
            decode_jpeg(&padded, 10_000),
            Err(DecodeError::Truncated { .. })
        ));
        let followed = [whole.as_slice(), &[0; 100]].concat();
        assert!(decode_jpeg(&followed, 10_000).is_ok());
    }

    #[test]
    fn other_files_and_large_photos_are_refused() {
        assert_eq!(decode_jpeg(b"", 1), Err(DecodeError::NotJpeg));
        assert_eq!(decode_jpeg(b"\x89PNG\r\n", 1), Err(DecodeError::NotJpeg));
        let error = decode_jpeg(&jpeg(70, 50), 3_499).unwrap_err();
        assert!(matches!(error, DecodeError::TooLarge { .. }), "{error}");
        assert!(decode_jpeg(&jpeg(70, 50), 3_500).is_ok());
    }

    #[test]
    fn a_header_that_claims_the_largest_photo_takes_no_memory() {
        let mut bytes = jpeg(16, 16);
        let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        bytes[frame + 5..frame + 9].fill(0xFF);
        let error = decode_jpeg(&bytes, 108_000_000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the photo has 4294.8 megapixels; the limit is 108.0"
        );
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_a_photo_of_the_claimed_size(
            hits in prop::collection::vec((2usize..2000, any::<u8>()), 1..6), progressive in any::<bool>(),
        ) {
            let mut bytes = if progressive { PROGRESSIVE.to_vec() } else { jpeg(40, 30) };
            for (at, value) in hits {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            if let Ok(photo) = decode_jpeg(&bytes, 100_000) {
                prop_assert!(u64::from(photo.width()) * u64::from(photo.height()) <= 100_000);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            bytes.splice(0..0, [0xFF, 0xD8]);
            let _ = decode_jpeg(&bytes, 10_000);
        }
    }
}
