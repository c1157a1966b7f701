//! The command line, as clap reads it. Help texts are in both languages.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::layers::arguments::LayersCommand;
use crate::cli::model::ModelCommand;
use crate::cli::soak::SoakArguments;
use crate::cli::training_set::TrainingSetArguments;
use crate::lang::Lang;

pub use coverage::*;
pub use fleet::*;
pub use siting::*;

mod coverage;
mod fleet;
mod siting;

/// FlyOnce 飞一次: fly once, check everything. 自动飞一次、综合查一次。
#[derive(Debug, Parser)]
#[command(name = "flyonce", version, max_term_width = 110)]
pub struct Arguments {
    /// Configuration file (default: flyonce.toml here, if there is one) / 配置文件
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder, instead of the configured one / 数据文件夹
    #[arg(long, global = true, value_name = "FOLDER", env = "FLYONCE_DATA")]
    pub data: Option<PathBuf>,
    /// Language of the output (default: of the terminal) / 输出语言
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Print JSON for programs instead of text for people / 输出 JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take in photos: keep, look at, place, join into leads / 导入照片并生成线索
    Ingest(IngestArguments),
    /// List, show and decide leads / 查看与审核线索
    #[command(subcommand)]
    Leads(LeadsCommand),
    /// List the photos and what is wrong with them / 照片清单
    Photos(PhotosArguments),
    /// Reachable, planned and imaged ground, its gaps, how it went and will go / 覆盖:可达、计划、实拍
    Coverage(CoverageArguments),
    /// Layers: towns, flyable parts, closed ground, heights, targets / 图层
    #[command(subcommand)]
    Layers(LayersCommand),
    /// Where docks should stand, with a proven bound / 机场选址
    Siting(SitingArguments),
    /// What changed between two dates / 图频比对
    Compare(CompareArguments),
    /// Write the leads as GeoJSON (RFC 7946, WGS-84) / 导出线索
    Export(ExportArguments),
    /// Ground position of a pixel, with its error ellipse / 像素定位
    Geotag(GeotagArguments),
    /// What was flown, how it went, where it went / 架次
    #[command(subcommand)]
    Flights(FlightsCommand),
    /// Find every mistake in a configuration / 检查配置文件
    Check {
        /// The configuration file.
        file: PathBuf,
    },
    /// Serve the page and the HTTP API on loopback / 启动网页与接口
    Serve(ServeArguments),
    /// Fetch what is needed to look at photos (ONNX Runtime) / 准备运行环境
    Setup,
    /// One launch wave of a simulated fleet, from calendar to leads, in one command / 一键演示
    Demo(DemoArguments),
    /// Fly one plan on any MAVLink vehicle / 执飞一条航线
    ///
    /// The vehicle's own checks and those of the plan hold; there is no dock in it: no lid, no weather and none of the
    /// checks of a dock's gate. Sorties of the calendar have those / 不含机场:不检查舱盖、天气及机场放飞条件
    Fly(FlyArguments),
    /// Many vehicles at once, or everyone home / 机队
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// One vehicle: its signing key / 单机:签名密钥
    #[command(subcommand)]
    Vehicle(VehicleCommand),
    /// Models: how good they are / 模型
    #[command(subcommand)]
    Model(ModelCommand),
    /// Simulated docks, vehicles and cameras, as a process of its own / 模拟机队
    Simulate(simulator::fleet::FleetArguments),
    /// Simulated days in which things break by name; checks what must always hold / 模拟故障长测
    Soak(SoakArguments),
}

/// `ingest`.
#[derive(Debug, Args)]
pub struct IngestArguments {
    /// Folders (searched through) or single photos.
    #[arg(required = true, value_name = "FOLDER")]
    pub sources: Vec<PathBuf>,
}

/// `leads …`.
#[derive(Debug, Subcommand)]
pub enum LeadsCommand {
    /// The queue, most urgent first / 线索队列
    List {
        /// Only this state; `all` for every state.
        #[arg(long, default_value = "all")]
        state: String,
        /// Only this matter (code of the catalogue).
        #[arg(long)]
        matter: Option<String>,
        /// Only this class.
        #[arg(long)]
        class: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One lead with its views, place and history / 线索详情
    Show {
        /// Lead id or number.
        lead: String,
    },
    /// Decide a lead, or take the last decision back / 审核线索
    Decide {
        /// Lead id or number.
        lead: String,
        /// The decision.
        decision: DecisionWord,
        /// Reason code, needed for a false alarm.
        #[arg(long)]
        reason: Option<String>,
        /// Free text kept with the decision.
        #[arg(long)]
        note: Option<String>,
        /// Who decides.
        #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
        actor: Option<String>,
    },
    /// Reviewed leads as a training set: COCO with reasons and negatives / 导出训练集
    TrainingSet(TrainingSetArguments),
}

/// Decisions as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecisionWord {
    /// 属实
    Confirm,
    /// 误报
    FalseAlarm,
    /// 存量在册
    KnownStock,
    /// 补飞
    FlyAgain,
    /// 撤销
    Undo,
}

/// `photos`.
#[derive(Debug, Args)]
pub struct PhotosArguments {
    /// Only photos with a problem.
    #[arg(long)]
    pub problems: bool,
    /// At most so many.
    #[arg(long, default_value_t = 200)]
    pub limit: u32,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The first date: a picture (JPEG, PNG), a folder of photos, or a sortie of the data folder.
    #[arg(value_name = "A", required_unless_present = "score")]
    pub first: Option<String>,
    /// The second date: the same kind of thing.
    #[arg(value_name = "B", required_unless_present = "score")]
    pub second: Option<String>,
    /// Page to write: before and after side by side, outlines drawn.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// GeoJSON to write (RFC 7946, WGS-84).
    #[arg(long, value_name = "FILE")]
    pub geojson: Option<PathBuf>,
    /// Score from which on a place counts as changed (default: of the model's card).
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub threshold: Option<f32>,
    /// Smaller changes are not told, m² (default: of the model's card).
    #[arg(long, value_name = "M2")]
    pub smallest_m2: Option<f64>,
    /// Pictures without poses that lie on each other already: do not look for how.
    #[arg(long)]
    pub aligned: bool,
    /// Scale of pictures without poses, cm per pixel.
    #[arg(long, value_name = "CM", value_parser = gsd)]
    pub gsd_cm: Option<f64>,
    /// Score pairs whose truth is known: a folder with A, B and label, or with folders that have them.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["first", "second"])]
    pub score: Option<PathBuf>,
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err(format!("{text} is not a number between 0 and 1")),
    }
}

fn gsd(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(cm) if (0.1..=1000.0).contains(&cm) => Ok(cm),
        _ => Err(format!("{text} is not a scale from 0.1 to 1000 cm per pixel")),
    }
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// File to write; left out, the standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only leads in this state.
    #[arg(long, default_value = "all")]
    pub state: String,
}

/// `geotag`.
#[derive(Debug, Args)]
pub struct GeotagArguments {
    /// A photo file, or the id or sha256 of a photo in the data folder.
    pub photo: String,
    /// In pixels from the top left corner: X Y of a pixel; LEFT TOP RIGHT BOTTOM of a box; X Y X Y X Y … of an outline.
    #[arg(value_name = "PX", required = true, num_args = 2.., allow_negative_numbers = true)]
    pub numbers: Vec<f64>,
}

/// `flights …`.
#[derive(Debug, Subcommand)]
pub enum FlightsCommand {
    /// Flights, newest first / 架次清单
    List {
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Only in this state.
        #[arg(long)]
        state: Option<String>,
        /// Only from this dock.
        #[arg(long)]
        dock: Option<String>,
    },
    /// One flight: what happened, and what became of every photo / 架次详情
    Show {
        /// The flight.
        sortie: String,
    },
    /// Where it went, with plan and photos / 航迹
    Track {
        /// The flight.
        sortie: String,
        /// Format of the file.
        #[arg(long, default_value = "geojson")]
        format: TrackFormat,
        /// File to write; left out, the standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take the photos of a flight or an import out of coverage / 撤销架次,不计入覆盖
    Withdraw {
        /// The flight or import.
        sortie: String,
        /// Why, kept with it.
        #[arg(long)]
        reason: String,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
        actor: Option<String>,
    },
    /// Let a withdrawn one count again / 恢复架次
    Restore {
        /// The flight or import.
        sortie: String,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
        actor: Option<String>,
    },
    /// Those that were withdrawn / 已撤销架次
    Withdrawn,
    /// Fly the rest of a mission that broke off: its missing photos and no others / 补飞剩余照片
    Resume(SortieArguments),
    /// The telemetry log: where it lies, or a copy of it / 遥测日志
    Tlog {
        /// The flight.
        sortie: String,
        /// File to write a copy to; left out, the place of the log is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Formats of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrackFormat {
    /// GeoJSON (RFC 7946, WGS-84).
    Geojson,
    /// KML with times.
    Kml,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Address to listen on, loopback only; port 0 takes a free one.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// For simulated fleets: the city's time when this starts (RFC 3339), instead of the real time.
    #[arg(long, value_name = "TIME")]
    pub city_time: Option<String>,
    /// The real time at which the city's time was that (default: now); a restarted service goes on in the same day.
    #[arg(long, value_name = "TIME", requires = "city_time")]
    pub city_time_was_at: Option<String>,
    /// City seconds per second.
    #[arg(long, value_name = "FACTOR", requires = "city_time", default_value_t = 1.0, value_parser = speed)]
    pub city_speed: f64,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Stop after the summary.
    #[arg(long)]
    pub no_serve: bool,
    /// Seed of the simulated city.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Docks that launch together.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub docks: u16,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 8.0, value_parser = speed)]
    pub speed: f64,
    /// Something that goes wrong, such as D03:refuse_arming; may be given again (see simulate --list-faults).
    #[arg(long, value_name = "DOCK:FAULT")]
    pub fault: Vec<String>,
    /// Address to listen on, loopback only.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
}

/// `fly`.
#[derive(Debug, Args)]
pub struct FlyArguments {
    /// QGroundControl .plan, or .waypoints (QGC WPL 110).
    pub plan: PathBuf,
    /// How the vehicle is reached: udpin:HOST:PORT (it sends to us), udpout:HOST:PORT, tcpin:, tcpout: or serial:DEVICE:BAUD.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "check")]
    pub link: Option<flight::address::LinkAddress>,
    /// MAVLink system id of the vehicle.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=250), required_unless_present = "check")]
    pub sysid: Option<u8>,
    /// Only say whether the plan may fly.
    #[arg(long)]
    pub check: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text
        .parse()
        .map_err(|_no_number| format!("{text} is not a number"))?;
    if (0.1..=20.0).contains(&speed) {
        Ok(speed)
    } else {
        Err(format!("{text} is outside 0.1 to 20"))
    }
}
