//! What a drone photo says about itself: size, time, place, attitude, lens. [`read_photo`] is the door;
//! the flow is `jpeg` (find the blocks) → `exif_fields` and `xmp_packet`, `xmp_fields` (read them) →
//! `checks` (believe only what holds together).

mod checks;
mod clock;
mod exif_fields;
mod jpeg;
mod metadata;
mod warning;
mod warnings;
mod xmp_fields;
mod xmp_packet;

pub use metadata::{
    AnglesDeg, CaptureSource, CaptureTime, CivilTime, Dewarp, Gnss, GnssSource, PhotoMetadata, Rtk,
};
pub use warning::{MetadataWarning, PhotoError, Problem};

use exif_fields::ExifFields;
use warnings::Warnings;

/// Reads the description of a JPEG photo from its bytes.
///
/// A bad value inside the description is left out and named in [`PhotoMetadata::warnings`]. Memory beyond
/// `bytes` stays within a few times the size of the EXIF and XMP blocks: no length in the file is trusted.
///
/// # Errors
/// [`PhotoError`] when the bytes cannot be a photo: empty, another format, or cut off before the size of
/// the picture. A picture cut off later is no error; it has `complete: false`.
pub fn read_photo(bytes: &[u8]) -> Result<PhotoMetadata, PhotoError> {
    let blocks = jpeg::find_blocks(bytes)?;
    let mut warnings = Warnings::default();
    let exif = match blocks.exif {
        Some(tiff) => exif_fields::read(tiff, &mut warnings),
        None => {
            warnings.note("EXIF", Problem::NoExif);
            ExifFields::default()
        }
    };
    let xmp = xmp_fields::read(&blocks.xmp, &mut warnings);
    Ok(checks::combine(&blocks, exif, xmp, warnings))
}
