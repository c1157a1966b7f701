//! Tests of the crate through its public door: made photos, damaged photos, real photos, GeoJSON files.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking, their helpers too")]

mod geojson;
mod photo_damage;
mod photo_values;
mod real_data;
