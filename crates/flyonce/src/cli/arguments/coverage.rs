//! Arguments of `flyonce coverage`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::coverage::answer::RowKind;

/// `coverage`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CoverageArguments {
    /// A page per town instead of figures here.
    #[command(subcommand)]
    pub command: Option<CoverageCommand>,
    /// Figures, and what is made of them.
    #[command(flatten)]
    pub asked: CoverageQuestion,
}

/// `coverage …`.
#[derive(Debug, Subcommand)]
pub enum CoverageCommand {
    /// One HTML page per town for a month, fit for printing / 街镇月报
    Report {
        /// The month, yyyy-mm; its last day (today, for this month) is the day of the figures.
        #[arg(long, value_name = "MONTH")]
        month: String,
        /// Folder to write the pages into.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Only this town.
        #[arg(long)]
        town: Option<String>,
    },
}

/// What is asked of coverage.
#[derive(Debug, Args)]
pub struct CoverageQuestion {
    /// A table by town, dock, class or corridor (default: by town, where there are towns).
    #[arg(long, value_name = "KIND")]
    pub by: Option<RowKind>,
    /// Everything the figures rest on.
    #[arg(long)]
    pub explain: bool,
    /// Recompute the imaged number with exact polygons and state the difference.
    #[arg(long)]
    pub audit: bool,
    /// What was known on that day (yyyy-mm-dd): only photos that were stored by then, the layers that counted then.
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<String>,
    /// The numbers by day, so many days back (default 90).
    #[arg(long, value_name = "DAYS", num_args = 0..=1, default_missing_value = "90", value_parser = clap::value_parser!(u32).range(1..=400))]
    pub history: Option<u32>,
    /// The history as CSV.
    #[arg(long, requires = "history")]
    pub csv: bool,
    /// When the imaged target will be reached at the rate of the last weeks.
    #[arg(long)]
    pub forecast: bool,
    /// GeoJSON of the gaps, the most urgent first.
    #[arg(long, value_name = "FILE")]
    pub gaps: Option<PathBuf>,
    /// Folder for .plan files (QGroundControl) that fly the gaps.
    #[arg(long, value_name = "FOLDER")]
    pub gap_plans: Option<PathBuf>,
    /// At most so many gaps in files and plans, the most urgent ones.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub most_gaps: usize,
    /// Map: age of ground, docks, gaps, legend, scale bar, north.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// GeoTIFF: last-seen day, sharpest class seen.
    #[arg(long, value_name = "FILE")]
    pub geotiff: Option<PathBuf>,
    /// FlatGeobuf of the gaps.
    #[arg(long, value_name = "FILE")]
    pub flatgeobuf: Option<PathBuf>,
    /// GeoJSON of the flyable area, instead of the configured layers: only the imaged number then.
    #[arg(long, value_name = "FILE")]
    pub layer: Option<PathBuf>,
    /// Datum of that file: WGS-84, CGCS2000 or GCJ-02 (needed unless the file states it).
    #[arg(long, requires = "layer")]
    pub datum: Option<String>,
    /// Version of that layer, printed beside the figure.
    #[arg(long, requires = "layer")]
    pub layer_version: Option<String>,
    /// First day that counts as imaged (yyyy-mm-dd), instead of the configured number of days.
    #[arg(long)]
    pub since: Option<String>,
    /// Last day that counts (yyyy-mm-dd), the day of the figures; today if left out.
    #[arg(long, conflicts_with = "as_of")]
    pub until: Option<String>,
    /// Only photos at least this sharp on the ground.
    #[arg(long)]
    pub max_gsd_cm: Option<f64>,
    /// Size of the ground cells of the imaged number in all days.
    #[arg(long)]
    pub cell_m: Option<f64>,
}
