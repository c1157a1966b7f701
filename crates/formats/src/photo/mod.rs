//! What a drone photo says about itself: size, time, place, attitude, lens. [`read_photo`] is the door;
//! the flow is `jpeg` (find the blocks) → `exif_fields` and `xmp_fields` (read them) → `checks` (believe
//! only what holds together).

mod metadata;
mod warning;

pub use metadata::{
    AnglesDeg, CaptureSource, CaptureTime, CivilTime, Dewarp, Gnss, GnssSource, PhotoMetadata, Rtk,
};
pub use warning::{MetadataWarning, PhotoError, Problem};

/// Reads the description of a JPEG photo from its bytes.
///
/// Only a file that cannot be a photo is an error; a bad value inside the description is left out and
/// named in [`PhotoMetadata::warnings`]. Memory beyond `bytes` stays below a few times the size of the
/// EXIF and XMP blocks: no length in the file is trusted.
pub fn read_photo(bytes: &[u8]) -> Result<PhotoMetadata, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    Err(PhotoError::NotJpeg { found: "reader under construction" })
}
