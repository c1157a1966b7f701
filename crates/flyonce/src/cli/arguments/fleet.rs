//! What is said to the fleet and to its vehicles: `fleet …`, `vehicle …`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::fleet::hands::Hand;

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
    /// Have a dock do something by hand, and wait until it is done / 手动操作机场
    Dock(HandArguments),
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
    /// MAVLink 2 signing keys, kept in the key file of the configuration / 签名密钥
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
    /// Switches a vehicle's signing off; the key file lets go of its key only once the vehicle speaks and answers unsigned.
    Remove(KeyArguments),
    /// See what a vehicle signs with, and whether it obeys us / 检查密钥
    Check(KeyArguments),
}

/// `vehicle key set`, `roll`, `remove` and `check`.
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
    /// Why; it goes into the evidence chain.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
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

/// `fleet dock`.
#[derive(Debug, Args)]
pub struct HandArguments {
    /// The dock.
    pub dock: String,
    /// What it is to do.
    #[arg(value_enum)]
    pub command: Hand,
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
