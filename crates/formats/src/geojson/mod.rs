//! GeoJSON (RFC 7946): features in ([`read_features`]) and out ([`FeatureCollection`]).

mod datum;
mod error;
mod reader;
mod writer;

pub use error::GeoJsonError;
pub use reader::{read_bytes, read_features};
pub use writer::{Feature, FeatureCollection, Geometry};
