//! Arguments of `flyonce siting`.

use std::path::PathBuf;

use clap::Args;

/// What ground counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Weigh {
    /// Its area.
    Area,
    /// Its area times the class weight of its targets.
    Class,
}

/// `siting`.
#[derive(Debug, Args)]
pub struct SitingArguments {
    /// Where docks could stand: a file of points (GeoJSON, KML, KMZ, Shapefile), or grid:STEP_M for a square lattice over
    /// the demand.
    #[arg(long, value_name = "FILE|grid:STEP_M", default_value = "grid:1000")]
    pub candidates: String,
    /// Sites in all, kept ones included.
    #[arg(long, value_name = "P", default_value_t = 16)]
    pub sites: usize,
    /// Sites that stay: `docks` for the docks of the roster, ids:A,B,… for candidates by their ids, or a file of points.
    #[arg(long, value_name = "docks|ids:A,B|FILE")]
    pub keep: Option<String>,
    /// What further docks would add to the choice, so many of them.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub more: usize,
    /// How far docks reach: `flown` by battery, wind and detours as `[reach]` says, or disc:RADIUS_M.
    #[arg(long, value_name = "flown|disc:RADIUS_M", default_value = "flown")]
    pub reach: String,
    /// What ground counts: its area, or its area times the class weight of the targets in it (1 where there is none).
    #[arg(long, value_enum, default_value_t = Weigh::Area)]
    pub weigh: Weigh,
    /// Polygons of the ground to be reached (any file of a layer), instead of the configured flyable area.
    #[arg(long, value_name = "FILE")]
    pub layer: Option<PathBuf>,
    /// Version of that layer, printed beside the figures.
    #[arg(long, requires = "layer")]
    pub layer_version: Option<String>,
    /// Polygons that nothing flies over (any file of a layer), beside the configured no-fly areas.
    #[arg(long, value_name = "FILE")]
    pub no_fly: Vec<PathBuf>,
    /// Kept clear round the polygons of --no-fly, metres.
    #[arg(long, value_name = "M", default_value_t = 0.0)]
    pub margin_m: f64,
    /// What the coordinates of the files given here are in: WGS-84, CGCS2000, GCJ-02 or an EPSG code. A file that says
    /// otherwise is refused.
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
