//! GeoJSON (RFC 7946): areas in ([`read_polygons`]), features out ([`FeatureCollection`]).

mod datum;
mod error;
mod polygons;
mod writer;

pub use error::GeoJsonError;
pub use polygons::{FilePolygon, IgnoredGeometry, PolygonFile, read_polygons};
pub use writer::{Feature, FeatureCollection, Geometry};
