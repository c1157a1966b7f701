//! The settings of the fleet: where the docks and the calendar are listed, the limits for launching, the MQTT
//! broker, and the door for photos.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flight::sortie::PauseLimits;
use schedule::interlock::Limits;

use crate::config::reader::Section;
use crate::lang::Words;

/// `[fleet]`, `[mqtt]` and `[photo_door]`.
#[derive(Debug, Clone)]
pub struct FleetSettings {
    /// List of docks; `None` is `fleet.toml` in the data folder, if there is one.
    pub roster_file: Option<PathBuf>,
    /// Folder of plans and `calendar.toml`; `None` is `flight-plans` in the data folder.
    pub flight_plans: Option<PathBuf>,
    /// What weather, battery and place must keep to before arming.
    pub limits: Limits,
    /// Farthest a mission may go from its dock, metres.
    pub reach_m: f64,
    /// Highest true height of a mission, metres above ground.
    pub ceiling_agl_m: f64,
    /// How long a person may hold a vehicle in the air.
    pub pause: PauseLimits,
    /// How often the rest of a mission is flown without being asked for.
    pub resume_at_most: u32,
    /// Broker of the docks.
    pub broker: BrokerSetting,
    /// Folder that is watched for photos of flights.
    pub watched_folder: Option<PathBuf>,
    /// How long after landing photos are waited for that the dock does not speak of, seconds.
    pub photos_within_s: f64,
}

/// Where the docks' messages go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerSetting {
    /// A broker inside this program.
    Embedded {
        /// Address it listens on.
        listen: SocketAddr,
    },
    /// One that runs elsewhere: `mqtt://[user:password@]host:port`.
    External {
        /// Its address.
        url: String,
    },
}

impl FleetSettings {
    pub(super) fn read(root: &Section<'_, '_>, base: &Path) -> Self {
        let (fleet, mqtt, door) = (
            root.section("fleet"),
            root.section("mqtt"),
            root.section("photo_door"),
        );
        let settings = Self {
            roster_file: fleet.path("roster", base),
            flight_plans: fleet.path("flight_plans", base),
            limits: limits(&fleet),
            reach_m: fleet.number("reach_m", 4500.0, 100.0..=50_000.0),
            ceiling_agl_m: fleet.number("ceiling_agl_m", 120.0, 10.0..=1000.0),
            pause: pause(&fleet),
            resume_at_most: fleet.whole("resume_at_most", 2, 0..=20),
            broker: broker(&mqtt),
            watched_folder: door.path("watched_folder", base),
            photos_within_s: door.number("photos_within_s", 1800.0, 1.0..=86_400.0),
        };
        for section in [fleet, mqtt, door] {
            section.finish();
        }
        settings
    }

    /// The list of docks to use with a data folder.
    pub fn roster_path(&self, data_folder: &Path) -> PathBuf {
        self.roster_file
            .clone()
            .unwrap_or_else(|| data_folder.join("fleet.toml"))
    }

    /// The folder of plans to use with a data folder.
    pub fn plans_path(&self, data_folder: &Path) -> PathBuf {
        self.flight_plans
            .clone()
            .unwrap_or_else(|| data_folder.join("flight-plans"))
    }
}

fn limits(fleet: &Section<'_, '_>) -> Limits {
    let default = Limits::default();
    Limits {
        wind_ms: fleet.number("max_wind_ms", default.wind_ms, 0.0..=30.0),
        gust_ms: fleet.number("max_gust_ms", default.gust_ms, 0.0..=40.0),
        // Within 0..=3, which u8 holds.
        rain_level: fleet.whole("max_rain_level", u32::from(default.rain_level), 0..=3) as u8,
        temperature_min_c: fleet.number("min_temperature_c", default.temperature_min_c, -60.0..=60.0),
        temperature_max_c: fleet.number("max_temperature_c", default.temperature_max_c, -60.0..=80.0),
        battery_percent: fleet.number("min_battery_percent", default.battery_percent, 0.0..=100.0),
        home_within_m: fleet.number("home_within_m", 5.0, 0.5..=25.0),
    }
}

fn pause(fleet: &Section<'_, '_>) -> PauseLimits {
    let default = PauseLimits::default();
    let longest_s = fleet.number("longest_pause_s", default.longest.as_secs_f64(), 10.0..=3600.0);
    PauseLimits {
        longest: Duration::from_secs_f64(longest_s),
        battery_percent: fleet.number("pause_battery_percent", default.battery_percent, 0.0..=100.0),
    }
}

fn broker(mqtt: &Section<'_, '_>) -> BrokerSetting {
    let listen = SocketAddr::from(([127, 0, 0, 1], 1883));
    let listen = match mqtt.text("listen").map(|text| text.parse::<SocketAddr>()) {
        None => listen,
        Some(Ok(address)) if address.ip().is_loopback() => address,
        Some(_) => {
            let problem = Words::new(
                "须为本机地址:端口,例如 127.0.0.1:1883;其他机器请用独立的消息服务器(broker)",
                "must be a loopback address:port such as 127.0.0.1:1883; for other machines run a broker of its own (broker)",
            );
            mqtt.reject("listen", problem);
            listen
        }
    };
    match mqtt.text("broker").as_deref() {
        None | Some("embedded") => BrokerSetting::Embedded { listen },
        Some(url) if url.parse::<flight::dock::BrokerAddress>().is_ok() => {
            BrokerSetting::External { url: url.to_owned() }
        }
        Some(_) => {
            let problem = Words::new(
                "须为 embedded 或 mqtt://主机:端口",
                "must be embedded or mqtt://host:port",
            );
            mqtt.reject("broker", problem);
            BrokerSetting::Embedded { listen }
        }
    }
}
