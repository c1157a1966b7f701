//! Bytes to values and back, pure: what a drone photo says about itself (EXIF, DJI XMP, JPEG header), GeoJSON
//! areas in and features out, KML and Shapefile in, heights from GeoTIFF and rasters as one, FlatGeobuf and vector tiles
//! out, flight plans in, tracks out as KML, labelled pictures in, what S3's clients write around an upload. No file, clock
//! or log is touched here; a value that cannot be trusted is absent and named in a warning, or refused by name, never
//! guessed.

pub mod aws_chunked;
pub mod dataset;
pub mod features;
pub mod flatgeobuf;
pub mod geojson;
pub mod geotiff;
pub mod kml;
pub mod photo;
pub mod placed;
pub mod plan;
pub mod s3_xml;
pub mod shapefile;
pub mod vector_tile;
pub mod wpml;
mod xml;

pub use photo::{
    AnglesDeg, CaptureSource, CaptureTime, CivilTime, Dewarp, Gnss, GnssSource, MetadataWarning, PhotoError,
    PhotoMetadata, Problem, Rtk, read_photo,
};
