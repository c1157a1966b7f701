//! The settings of the fleet: where the docks and the calendar are listed, the limits for launching, the MQTT
//! broker, and the door for photos.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flight::dock::{BrokerAddress, TlsFiles};
use flight::policy::FailsafePolicy;
use flight::sortie::PauseLimits;
use schedule::interlock::{ClockRule, Limits};

use crate::config::cloud::CloudSettings;
use crate::config::failsafe::failsafe;
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
    /// How long a full battery flies, s; none where nobody said.
    pub endurance_s: Option<f64>,
    /// What has to be left in it at touch-down, percent.
    pub reserve_percent: f64,
    /// What the vehicles have to do by themselves; none leaves that to how each is set up.
    pub failsafe: Option<FailsafePolicy>,
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
    /// What docks of DJI's Cloud API are told.
    pub cloud: CloudSettings,
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
    /// One that runs elsewhere: `mqtt://[user:password@]host:port`, or `mqtts://` with TLS.
    External {
        /// Its address.
        url: String,
        /// Certificates for `mqtts://`.
        tls: TlsFiles,
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
            endurance_s: fleet
                .maybe_number("endurance_min", 1.0..=600.0)
                .map(|minutes| minutes * 60.0),
            reserve_percent: fleet.number("reserve_percent", 15.0, 0.0..=90.0),
            failsafe: failsafe(&root.section("failsafe")),
            reach_m: fleet.number("reach_m", 4500.0, 100.0..=50_000.0),
            ceiling_agl_m: fleet.number("ceiling_agl_m", 120.0, 10.0..=1000.0),
            pause: pause(&fleet),
            resume_at_most: fleet.whole("resume_at_most", 2, 0..=20),
            broker: broker(&mqtt, base),
            cloud: CloudSettings::read(root),
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
    let clock_off_s = fleet.maybe_number("max_clock_offset_s", 0.1..=86_400.0);
    Limits {
        wind_ms: fleet.number("max_wind_ms", default.wind_ms, 0.0..=30.0),
        gust_ms: fleet.number("max_gust_ms", default.gust_ms, 0.0..=40.0),
        // Within 0..=3, which u8 holds.
        rain_level: fleet.whole("max_rain_level", u32::from(default.rain_level), 0..=3) as u8,
        temperature_min_c: fleet.number("min_temperature_c", default.temperature_min_c, -60.0..=60.0),
        temperature_max_c: fleet.number("max_temperature_c", default.temperature_max_c, -60.0..=80.0),
        battery_percent: fleet.number("min_battery_percent", default.battery_percent, 0.0..=100.0),
        home_within_m: fleet.number("home_within_m", 5.0, 0.5..=25.0),
        battery_v: fleet.maybe_number("min_battery_volts", 3.0..=120.0),
        cell_v: fleet.number("min_cell_volts", default.cell_v, 2.5..=4.4),
        satellites: fleet.whole("min_satellites", u32::from(default.satellites), 0..=60) as u8,
        clock_off_s: clock_off_s.unwrap_or(default.clock_off_s),
        clock_rule: match clock_off_s {
            Some(_) => ClockRule::Refused,
            None => ClockRule::Shown,
        },
        free_gb: fleet.number("min_free_gb", default.free_gb, 0.0..=100_000.0),
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

fn broker(mqtt: &Section<'_, '_>, base: &Path) -> BrokerSetting {
    let tls = tls_files(mqtt, base);
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
    let broker = mqtt.text("broker").unwrap_or_else(|| "embedded".to_owned());
    let address = broker.parse::<BrokerAddress>();
    let encrypted = address.as_ref().is_ok_and(|address| address.tls);
    if !encrypted && tls != TlsFiles::default() {
        let problem = Words::new(
            "证书只用于 broker = \"mqtts://…\"",
            "certificates go with broker = \"mqtts://…\" only",
        );
        let given = ["ca_file", "client_certificate"]
            .into_iter()
            .find(|key| mqtt.text(key).is_some());
        mqtt.reject(given.unwrap_or("ca_file"), problem);
    }
    match address {
        _ if broker == "embedded" => BrokerSetting::Embedded { listen },
        Ok(_) => BrokerSetting::External { url: broker, tls },
        Err(error) => {
            let problem = Words::new(
                format!("须为 embedded、mqtt://主机:端口 或 mqtts://主机:端口:{error}"),
                format!("must be embedded, mqtt://host:port or mqtts://host:port: {error}"),
            );
            mqtt.reject("broker", problem);
            BrokerSetting::Embedded { listen }
        }
    }
}

/// `ca_file`, `client_certificate` and `client_key`; what is in the files is looked at when they are used.
fn tls_files(mqtt: &Section<'_, '_>, base: &Path) -> TlsFiles {
    let file = |key: &str| {
        let path = mqtt.path(key, base);
        if let Some(missing) = path.as_ref().filter(|path| !path.is_file()) {
            let problem = Words::new(
                format!("文件不存在:{}", missing.display()),
                format!("the file does not exist: {}", missing.display()),
            );
            mqtt.reject(key, problem);
        }
        path
    };
    let (ca_file, certificate, key) = (file("ca_file"), file("client_certificate"), file("client_key"));
    if certificate.is_some() != key.is_some() {
        let (given, lacking) = match certificate.is_some() {
            true => ("client_certificate", "client_key"),
            false => ("client_key", "client_certificate"),
        };
        let problem = Words::new(
            format!("还缺少 {lacking}"),
            format!("goes with {lacking}, which is missing"),
        );
        mqtt.reject(given, problem);
    }
    TlsFiles {
        ca_file,
        client: certificate.zip(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::{Mistake, Reader};

    fn read(text: &str, base: &Path) -> Result<FleetSettings, Vec<Mistake>> {
        Reader::new("flyonce.toml", text).read(|root| FleetSettings::read(root, base))
    }

    #[test]
    fn a_broker_with_tls_has_its_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "us.pem", "us.key"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let text = "[mqtt]\nbroker = \"mqtts://broker.local\"\nca_file = \"ca.pem\"\nclient_certificate = \"us.pem\"\nclient_key = \"us.key\"\n";
        let settings = read(text, folder.path()).unwrap();
        let wanted = TlsFiles {
            ca_file: Some(folder.path().join("ca.pem")),
            client: Some((folder.path().join("us.pem"), folder.path().join("us.key"))),
        };
        let url = "mqtts://broker.local".to_owned();
        assert_eq!(settings.broker, BrokerSetting::External { url, tls: wanted });
    }

    #[test]
    fn files_that_are_missing_or_go_with_nothing_are_named() {
        let fields = |text: &str| -> Vec<String> {
            let mistakes = read(text, Path::new("/nonexistent")).unwrap_err();
            mistakes.iter().map(|mistake| mistake.field.clone()).collect()
        };
        let missing = "[mqtt]\nbroker = \"mqtts://h\"\nca_file = \"ca.pem\"\nclient_key = \"us.key\"\n";
        assert_eq!(
            fields(missing),
            ["mqtt.ca_file", "mqtt.client_key", "mqtt.client_key"]
        );
        assert_eq!(
            fields("[mqtt]\nbroker = \"mqtt://h\"\nca_file = \"/etc/hostname\"\n"),
            ["mqtt.ca_file"]
        );
        assert_eq!(fields("[mqtt]\nbroker = \"wss://h\"\n"), ["mqtt.broker"]);
    }
}
