//! Bytes to values and back, pure: what a drone photo says about itself (EXIF, DJI XMP, JPEG header),
//! and GeoJSON areas in and features out. No file, clock or log is touched here; a value that cannot be
//! trusted is absent and named in a warning, never guessed.

pub mod geojson;
pub mod photo;

pub use photo::{
    AnglesDeg, CaptureSource, CaptureTime, CivilTime, Dewarp, Gnss, GnssSource, MetadataWarning, PhotoError,
    PhotoMetadata, Problem, Rtk, read_photo,
};
