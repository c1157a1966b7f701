//! Arguments of `flyonce siting`.

use std::path::PathBuf;

use clap::Args;

/// `siting`.
#[derive(Debug, Args)]
pub struct SitingArguments {
    /// Where docks could stand: a GeoJSON of points, or grid:STEP_M for a square lattice over the demand.
    #[arg(long, value_name = "FILE|grid:STEP_M", default_value = "grid:1000")]
    pub candidates: String,
    /// Sites in all, kept ones included.
    #[arg(long, value_name = "P", default_value_t = 16)]
    pub sites: usize,
    /// Sites that stay: `docks` for the docks of the roster, or a GeoJSON of points.
    #[arg(long, value_name = "docks|FILE")]
    pub keep: Option<String>,
    /// What further docks would add to the choice, so many of them.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub more: usize,
    /// How far docks reach: `flown` by battery, wind and detours as `[reach]` says, or disc:RADIUS_M.
    #[arg(long, value_name = "flown|disc:RADIUS_M", default_value = "flown")]
    pub reach: String,
    /// Polygons (GeoJSON) of the ground to be reached, instead of the configured flyable area.
    #[arg(long, value_name = "FILE")]
    pub layer: Option<PathBuf>,
    /// Version of that layer, printed beside the figures.
    #[arg(long, requires = "layer")]
    pub layer_version: Option<String>,
    /// Polygons (GeoJSON) that nothing flies over, beside the configured no-fly areas.
    #[arg(long, value_name = "FILE")]
    pub no_fly: Vec<PathBuf>,
    /// Kept clear round the polygons of --no-fly, metres.
    #[arg(long, value_name = "M", default_value_t = 0.0)]
    pub margin_m: f64,
    /// Datum of the files given here that do not state theirs: WGS-84, CGCS2000 or GCJ-02.
    #[arg(long)]
    pub datum: Option<String>,
    /// Size of the cells of demand, metres.
    #[arg(long, value_name = "M", default_value_t = 200.0)]
    pub cell_m: f64,
    /// Longest time to search and prove, seconds; each further dock takes up to a fifth of it more.
    #[arg(long, default_value_t = 60.0)]
    pub seconds: f64,
    /// Seed of the search: the same seed gives the same answer, unless time runs out.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write sites, their reach and the demand that is not reached as GeoJSON.
    #[arg(long, value_name = "FILE")]
    pub geojson: Option<PathBuf>,
    /// Write the map as PNG.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
}
