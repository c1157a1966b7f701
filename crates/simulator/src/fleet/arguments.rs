//! The command line of the simulated fleet.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::dock::BrokerAddress;
use crate::fleet::faults::FaultOrder;
use crate::photo::PHOTO_SIZE_PX;
use crate::vehicle::Profile;

/// Microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StartInstant(pub(crate) i64);

/// Whose manners the vehicles have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProfileChoice {
    /// All behave like ArduCopter 4.5.6.
    #[default]
    Ardupilot,
    /// All behave like PX4 1.15.
    Px4,
    /// Odd numbers like ArduCopter, even ones like PX4.
    Mixed,
}

/// Simulated docks, vehicles and cameras on loopback, as another process than the one that commands them.
#[derive(Args, Clone, Debug)]
pub struct FleetArguments {
    /// Docks, each with one vehicle.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=200))]
    pub docks: u8,
    /// Seed of city, weather and vehicles; the same seed gives the same world and the same flights.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// City seconds per second of the wall clock, for flying, lids and weather.
    #[arg(long, default_value_t = 1.0, value_parser = parse_speed)]
    pub speed: f64,
    /// MQTT 5 broker of the docks; they wait for it, and come back to it for ever.
    #[arg(
        long,
        default_value = "mqtt://127.0.0.1:1883",
        value_name = "mqtt[s]://HOST:PORT"
    )]
    pub mqtt: BrokerAddress,
    /// Certificate of the broker's authority (PEM), for mqtts://.
    #[arg(long, value_name = "FILE")]
    pub mqtt_ca: Option<PathBuf>,
    /// Certificate of the docks (PEM), where the broker wants one.
    #[arg(long, value_name = "FILE")]
    pub mqtt_certificate: Option<PathBuf>,
    /// Key of that certificate (PEM).
    #[arg(long, value_name = "FILE")]
    pub mqtt_key: Option<PathBuf>,
    /// Host to which the vehicles speak MAVLink over UDP.
    #[arg(long, default_value = "127.0.0.1", value_name = "HOST")]
    pub mavlink_host: String,
    /// Vehicle n speaks to this port + n.
    #[arg(long, default_value_t = 14550, value_name = "PORT")]
    pub mavlink_base_port: u16,
    /// Folder for the world: fleet.toml, flight-plans/, truth/ and the spool of photos under way. The spool is
    /// emptied at the start: photos that an earlier run did not bring to the service are not taken up again.
    #[arg(long, value_name = "DIR", required_unless_present = "list_faults")]
    pub world: Option<PathBuf>,
    /// Docks that speak DJI's Cloud API instead of MAVLink: D03,D07 or all.
    #[arg(long, value_name = "DOCK,…", value_delimiter = ',')]
    pub dji: Vec<String>,
    /// Whose manners the vehicles have on the wire.
    #[arg(long, value_enum, default_value_t)]
    pub profile: ProfileChoice,
    /// City time at the start, RFC 3339; flights are dated from here.
    #[arg(long, default_value = "2026-03-02T02:00:00Z", value_name = "TIME", value_parser = parse_start)]
    pub(crate) start: StartInstant,
    /// Something that goes wrong: DOCK:NAME or DOCK:NAME=VALUE, DOCK may be `all`; may be repeated. See --list-faults.
    #[arg(long = "fault", value_name = "DOCK:NAME[=VALUE]")]
    pub faults: Vec<FaultOrder>,
    /// Print all faults with a sentence each, and end.
    #[arg(long)]
    pub list_faults: bool,
    /// Threads that make pictures; default 1, or half of the processor's threads where there are more than two.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub render_threads: Option<u16>,
    /// Width of the pictures in pixels, with the same view; small ones cost little and show little.
    #[arg(long, value_name = "PX", default_value_t = PHOTO_SIZE_PX[0], value_parser = clap::value_parser!(u32).range(64..=1664))]
    pub photo_width: u32,
    /// One JSON object per line on stdout instead of text.
    #[arg(long)]
    pub json: bool,
    /// End when standard input closes, as it does when the process that started this one is gone.
    #[arg(long)]
    pub exit_with_parent: bool,
}

impl FleetArguments {
    /// Width and height of the pictures.
    pub(crate) fn photo_size_px(&self) -> [u32; 2] {
        let [width, height] = PHOTO_SIZE_PX;
        [self.photo_width, self.photo_width * height / width]
    }

    /// Threads that make pictures.
    pub(crate) fn picture_threads(&self) -> usize {
        match self.render_threads {
            Some(threads) => usize::from(threads),
            None => (crate::render::available_threads() / 2).max(1),
        }
    }

    /// Which of these docks speak the Cloud API.
    ///
    /// # Errors
    /// When a dock is named that is not there.
    pub(crate) fn cloud_docks(&self, dock_ids: &[&str]) -> anyhow::Result<Vec<String>> {
        let named = |word: &str| self.dji.iter().any(|wanted| wanted.trim() == word);
        for wanted in &self.dji {
            let known = wanted.trim() == "all" || dock_ids.contains(&wanted.trim());
            anyhow::ensure!(
                known,
                "--dji names dock {wanted}, and there is none; there are {}",
                dock_ids.join(", ")
            );
        }
        let chosen = dock_ids.iter().filter(|id| named("all") || named(id));
        Ok(chosen.map(|id| (*id).to_owned()).collect())
    }

    /// Manners of a vehicle.
    pub(crate) fn profile_of(&self, system_id: u8) -> Profile {
        match self.profile {
            ProfileChoice::Ardupilot => Profile::ArduCopter,
            ProfileChoice::Px4 => Profile::Px4,
            ProfileChoice::Mixed if system_id % 2 == 1 => Profile::ArduCopter,
            ProfileChoice::Mixed => Profile::Px4,
        }
    }
}

fn parse_start(text: &str) -> Result<StartInstant, String> {
    text.parse::<jiff::Timestamp>()
        .map(|time| StartInstant(time.as_microsecond()))
        .map_err(|error| format!("{text:?} is no instant such as 2026-03-02T02:00:00Z: {error}"))
}

fn parse_speed(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|speed| (0.1..=100.0).contains(speed))
        .ok_or_else(|| format!("{text:?} is no speed between 0.1 and 100"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        fleet: FleetArguments,
    }

    fn read(words: &[&str]) -> Result<FleetArguments, clap::Error> {
        Line::try_parse_from([&["fleet"], words].concat()).map(|line| line.fleet)
    }

    #[test]
    fn defaults_are_those_of_sixteen_docks_on_loopback() {
        let arguments = read(&["--world", "w"]).unwrap();
        assert_eq!((arguments.docks, arguments.mavlink_base_port), (16, 14550));
        assert_eq!(arguments.mqtt.to_string(), "mqtt://127.0.0.1:1883");
        assert_eq!(arguments.start, StartInstant(1_772_416_800_000_000));
        assert_eq!(arguments.profile_of(2), Profile::ArduCopter);
    }

    #[test]
    fn docks_of_the_cloud_api_are_named_one_by_one_or_all() {
        let docks = ["D01", "D02", "D03"];
        let chosen = |word: &str| {
            read(&["--world", "w", "--dji", word])
                .unwrap()
                .cloud_docks(&docks)
        };
        assert_eq!(chosen("D03,D01").unwrap(), ["D01", "D03"]);
        assert_eq!(chosen("all").unwrap().len(), 3);
        assert!(chosen("D09").unwrap_err().to_string().contains("D09"));
        assert!(
            read(&["--world", "w"])
                .unwrap()
                .cloud_docks(&docks)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn wrong_values_are_told_apart() {
        for words in [
            vec![],
            vec!["--world", "w", "--docks", "201"],
            vec!["--world", "w", "--speed", "0"],
            vec!["--world", "w", "--start", "tomorrow"],
            vec!["--world", "w", "--mqtt", "127.0.0.1"],
            vec!["--world", "w", "--fault", "D01:gremlins"],
        ] {
            assert!(read(&words).is_err(), "{words:?}");
        }
        let mixed = read(&["--world", "w", "--profile", "mixed", "--fault", "all:wind=14"]).unwrap();
        assert_eq!(mixed.faults.len(), 1);
        assert_eq!(
            (mixed.profile_of(1), mixed.profile_of(2)),
            (Profile::ArduCopter, Profile::Px4)
        );
        assert!(read(&["--list-faults"]).unwrap().world.is_none());
    }
}
