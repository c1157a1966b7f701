//! The command line, as clap reads it. Help texts are in both languages.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::model::ModelCommand;
use crate::cli::soak::SoakArguments;
use crate::cli::training_set::TrainingSetArguments;
use crate::lang::Lang;

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
    /// Imaged area, and its share of a flyable layer / 实拍覆盖
    Coverage(CoverageArguments),
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

/// `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArguments {
    /// GeoJSON of the flyable area, instead of the configured layer.
    #[arg(long, value_name = "FILE")]
    pub layer: Option<PathBuf>,
    /// Datum of that file: WGS-84, CGCS2000 or GCJ-02 (needed unless the file states it).
    #[arg(long, requires = "layer")]
    pub datum: Option<String>,
    /// Version of that layer, printed beside the figure.
    #[arg(long, requires = "layer")]
    pub layer_version: Option<String>,
    /// Only photos taken on or after this day (yyyy-mm-dd).
    #[arg(long)]
    pub since: Option<String>,
    /// Only photos taken on or before this day (yyyy-mm-dd).
    #[arg(long)]
    pub until: Option<String>,
    /// Only photos at least this sharp on the ground.
    #[arg(long)]
    pub max_gsd_cm: Option<f64>,
    /// Size of the ground cells of this calculation.
    #[arg(long)]
    pub cell_m: Option<f64>,
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

/// `fleet …`.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Fly every [[flight]] of a file at once / 多机同时执飞
    Fly {
        /// TOML: [[flight]] with plan, link, system_id, name.
        wave: PathBuf,
    },
    /// Call everyone home and ground the fleet / 一键全部返航
    Home(HomeArguments),
    /// Lift the ground stop / 解除停飞
    Release(HomeArguments),
    /// Hold one sortie in the air / 空中暂停
    Pause(SortieArguments),
    /// Let a paused sortie go on / 继续任务
    Continue(SortieArguments),
    /// Land one sortie at the alternate point, or at a place / 备降
    Divert(DivertArguments),
    /// Land one sortie where it is / 就地降落
    Land(SortieArguments),
    /// Docks, vehicles and sorties of the running service / 机队状态
    Status(ServiceArguments),
    /// Let a check before the flight pass, in your name and for a limited time / 人工放行某项检查
    Override(OverrideArguments),
    /// Overrides in force, and the last ones / 放行清单
    Overrides(ServiceArguments),
    /// Withdraw an override / 撤销放行
    Withdraw(WithdrawArguments),
}

/// `vehicle …`.
#[derive(Debug, Subcommand)]
pub enum VehicleCommand {
    /// MAVLink 2 signing keys, kept in [signing] key_file / 签名密钥
    #[command(subcommand)]
    Key(KeyCommand),
}

/// `vehicle key …`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Give a vehicle without a key its first one / 首次设置密钥
    Set(KeyArguments),
    /// Exchange a vehicle's key for a new one / 更换密钥
    Roll(KeyArguments),
    /// See what a vehicle signs with, and whether it obeys us / 检查密钥
    Check(KeyArguments),
}

/// `vehicle key set`, `roll` and `check`.
#[derive(Debug, Args)]
pub struct KeyArguments {
    /// How the vehicle is reached; keys are set over serial:DEVICE:BAUD or loopback.
    #[arg(long, value_name = "ADDRESS")]
    pub link: flight::address::LinkAddress,
    /// MAVLink system id of the vehicle.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=255))]
    pub sysid: u8,
    /// Make the key of the passphrase in this file, as other ground stations do; otherwise it is random.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Nobody else can listen to this link: send the key over it.
    #[arg(long)]
    pub safe_link: bool,
}

/// A running service to talk to.
#[derive(Debug, Args)]
pub struct ServiceArguments {
    /// Address of the running service (default: the configured one).
    #[arg(long)]
    pub service: Option<SocketAddr>,
}

/// `fleet home` and `fleet release`.
#[derive(Debug, Args)]
pub struct HomeArguments {
    /// The running service.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Who orders it.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: Option<String>,
    /// Only this sortie comes home; the fleet is not grounded.
    #[arg(long, value_name = "SORTIE")]
    pub only: Option<String>,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `fleet override`.
#[derive(Debug, Args)]
pub struct OverrideArguments {
    /// The dock, for every sortie that starts there.
    #[arg(required_unless_present = "sortie")]
    pub dock: Option<String>,
    /// Name of the check, such as wind; `flyonce fleet overrides` lists those that may be overridden.
    #[arg(required_unless_present = "check_named")]
    pub check: Option<String>,
    /// The running service.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Name of the check, where no dock is given.
    #[arg(long = "check", value_name = "CHECK")]
    pub check_named: Option<String>,
    /// Only this sortie, instead of the dock.
    #[arg(
        long,
        value_name = "SORTIE",
        conflicts_with = "dock",
        requires = "check_named"
    )]
    pub sortie: Option<String>,
    /// Who takes it upon himself.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: String,
    /// In which role.
    #[arg(long, default_value = "dispatcher")]
    pub role: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// For how long: 45s, 30m or 2h of the city's time, a day at most.
    #[arg(long = "for", value_name = "TIME", default_value = "30m", value_parser = span_s)]
    pub for_s: u32,
}

/// `fleet withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArguments {
    /// Number of the override, such as V3.
    pub id: String,
    /// The running service.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Who withdraws it.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: String,
}

fn span_s(text: &str) -> Result<u32, String> {
    let (number, factor) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _bare => (text, 1),
    };
    let seconds = number.parse::<u32>().ok().and_then(|n| n.checked_mul(factor));
    match seconds {
        Some(seconds) if (1..=86_400).contains(&seconds) => Ok(seconds),
        _ => Err(format!(
            "{text} is not a time such as 45s, 30m or 2h, a day at most"
        )),
    }
}

/// An order to one sortie.
#[derive(Debug, Args)]
pub struct SortieArguments {
    /// The sortie.
    pub sortie: String,
    /// The running service.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Who orders it.
    #[arg(long = "as", value_name = "NAME", env = "FLYONCE_ACTOR")]
    pub actor: Option<String>,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `fleet divert`.
#[derive(Debug, Args)]
pub struct DivertArguments {
    /// Which sortie, and who says so.
    #[command(flatten)]
    pub order: SortieArguments,
    /// Where to land, degrees WGS-84 (default: the alternate point of its dock).
    #[arg(long, value_name = "LON,LAT", value_parser = place, allow_hyphen_values = true)]
    pub to: Option<[f64; 2]>,
}

fn place(text: &str) -> Result<[f64; 2], String> {
    let wrong = || format!("{text} is not LON,LAT in degrees, such as 121.553,31.208");
    let (longitude, latitude) = text.split_once(',').ok_or_else(wrong)?;
    let numbers = longitude
        .trim()
        .parse::<f64>()
        .ok()
        .zip(latitude.trim().parse::<f64>().ok());
    let (longitude, latitude) = numbers.ok_or_else(wrong)?;
    let on_earth = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    on_earth.then_some([longitude, latitude]).ok_or_else(wrong)
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
