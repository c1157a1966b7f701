//! `flyonce layers …` as clap reads it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use survey::layers::LayerKind;
use survey::reference::Reference;
use survey::time::CivilDay;

/// `layers …`.
#[derive(Debug, Subcommand)]
pub enum LayersCommand {
    /// Bring a file in: GeoJSON, KML, KMZ, or Shapefile (zip, .shp, or its folder) / 导入图层
    Import(Box<ImportArguments>),
    /// Every layer and version, and which count on a day / 图层清单
    List {
        /// Which count on this day (default: today).
        #[arg(long)]
        on: Option<CivilDay>,
        /// Layers that were taken out of use too.
        #[arg(long)]
        all: bool,
    },
    /// One layer: who it is, what was mended, its features / 图层详情
    Show {
        /// Id, `name`, or `name@version`.
        layer: String,
    },
    /// Ground that the second layer has more and less than the first / 图层比较
    Compare(CompareLayersArguments),
    /// Reads a file as `import` would, or every layer of the data folder, and brings nothing in / 检查图层
    Check(Box<CheckArguments>),
    /// Takes a layer out of use; `restore` undoes it / 停用图层
    Remove(RetireArguments),
    /// Brings a layer back that was taken out of use / 恢复图层
    Restore(RetireArguments),
    /// Writes a layer as GeoJSON on WGS-84 / 导出图层
    Export {
        /// Id, `name`, or `name@version`; `flyable` is the flyable area of a day.
        layer: String,
        /// File to write; else standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Day of the flyable area (default: today).
        #[arg(long)]
        on: Option<CivilDay>,
    },
    /// The flyable area of a day: (free by law ∪ approved) ∩ free of obstacles / 适飞范围
    Flyable {
        /// The day (default: today).
        #[arg(long)]
        on: Option<CivilDay>,
    },
    /// The greatest height and what is closed at a place / 某点限高
    At {
        /// LATITUDE,LONGITUDE in degrees WGS-84, such as 31.14,121.80; or the longitude alone, with the latitude behind it.
        #[arg(allow_hyphen_values = true)]
        place: String,
        /// Latitude, degrees WGS-84, where the longitude stands before it.
        #[arg(allow_negative_numbers = true)]
        latitude_deg: Option<f64>,
        /// Height of the ground there above sea level, m.
        #[arg(long, allow_negative_numbers = true)]
        ground_amsl_m: Option<f64>,
        /// The day (default: today).
        #[arg(long)]
        on: Option<CivilDay>,
    },
    /// Builds surfaces round an airport from a layer of runways and brings them in as height limits / 机场限制面
    Airport(AirportArguments),
    /// Brings in the made-up layers of the simulated city / 导入演示图层
    Demo,
}

/// What is said of a file.
#[derive(Debug, Args)]
pub struct StatedArguments {
    /// What its features are: district, town, legal-free, approved, obstacle-free, flyable, no-fly, temporary, runway,
    /// height-limit, target-point, target-corridor, target-area, target-site, shown.
    #[arg(long)]
    pub kind: LayerKind,
    /// Name; versions of one name follow each other (default: the file's own).
    #[arg(long)]
    pub name: Option<String>,
    /// What the coordinates are in, unless the file says so: WGS-84, CGCS2000, GCJ-02, or an EPSG code of UTM or CGCS2000
    /// Gauss-Krüger.
    #[arg(long)]
    pub datum: Option<Reference>,
    /// First day it counts on.
    #[arg(long)]
    pub valid_from: Option<CivilDay>,
    /// Last day it counts on.
    #[arg(long)]
    pub valid_to: Option<CivilDay>,
    /// Number of the document that put it in force.
    #[arg(long)]
    pub document: Option<String>,
    /// Ground kept clear round no-fly and temporary features that state no margin_m themselves.
    #[arg(long)]
    pub margin_m: Option<f64>,
}

/// `layers import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The file.
    pub file: PathBuf,
    #[command(flatten)]
    pub stated: StatedArguments,
    /// Version as its source gives it; printed beside every figure.
    #[arg(long)]
    pub layer_version: String,
    /// Who made it, from what, and under which licence.
    #[arg(long)]
    pub source: String,
    /// Who brings it in.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: Option<String>,
}

/// `layers check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// A file; without one, every layer of the configuration and the data folder.
    #[arg(requires = "kind")]
    pub file: Option<PathBuf>,
    /// What its features are.
    #[arg(long)]
    pub kind: Option<LayerKind>,
    /// What the coordinates are in, unless the file says so.
    #[arg(long)]
    pub datum: Option<Reference>,
    /// Margin of features that state none.
    #[arg(long)]
    pub margin_m: Option<f64>,
}

/// `layers compare`.
#[derive(Debug, Args)]
pub struct CompareLayersArguments {
    /// The earlier layer: id, `name`, or `name@version`.
    pub first: String,
    /// The later one.
    pub second: String,
    /// Towns of this day, and the version that counts then where only a name is given (default: today).
    #[arg(long)]
    pub on: Option<CivilDay>,
    /// GeoJSON of gained and lost ground to write.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Picture to write: kept ground grey, gained green, lost red, towns outlined.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
}

/// `layers remove`, `layers restore`.
#[derive(Debug, Args)]
pub struct RetireArguments {
    /// Id, `name`, or `name@version` of an imported layer.
    pub layer: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Who does it.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: Option<String>,
}

/// Which surfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SurfaceSet {
    /// Obstacle limitation surfaces after ICAO Annex 14, code 4 with precision approach.
    Annex14,
    /// Caps in steps above the ground, as makers of drones set them.
    Stepped,
}

/// `layers airport`.
#[derive(Debug, Args)]
pub struct AirportArguments {
    /// Layer of runways: id, `name`, or `name@version`.
    pub runways: String,
    /// Which surfaces to build.
    #[arg(long, value_enum, default_value = "annex14")]
    pub surfaces: SurfaceSet,
    /// Only the runways of this airport.
    #[arg(long)]
    pub airport: Option<String>,
    /// Height of the aerodrome above sea level, m; needed for annex14.
    #[arg(long, allow_negative_numbers = true, required_if_eq("surfaces", "annex14"))]
    pub elevation_amsl_m: Option<f64>,
    /// Slopes become steps of this height, m.
    #[arg(long, default_value_t = 10.0)]
    pub step_m: f64,
    /// Name of the layer to make.
    #[arg(long)]
    pub name: String,
    /// Its version.
    #[arg(long)]
    pub layer_version: String,
    /// First day it counts on.
    #[arg(long)]
    pub valid_from: Option<CivilDay>,
    /// Who brings it in.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: Option<String>,
}
