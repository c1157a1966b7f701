//! Tests of the crate through its public door: made, damaged and real photos, GeoJSON files, flight plans, KML.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panicking, their helpers too"
)]

mod datasets;
mod flight_plans;
mod gdal;
mod geojson;
mod kml;
mod kml_in;
mod photo_damage;
mod photo_values;
mod real_data;
mod shapefile;
