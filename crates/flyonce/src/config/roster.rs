//! The roster: the docks of the fleet, each with its vehicle. One TOML file, `[[dock]]` after `[[dock]]`.

use std::path::Path;

use flight::address::LinkAddress;
use flight::policy::FailsafePolicy;
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::Wgs84;
use survey::layers::Validity;
use survey::time::CivilDay;

use crate::config::ConfigError;
use crate::config::failsafe::failsafe;
use crate::config::reader::{Reader, Section};
use crate::config::validity::days;
use crate::lang::Words;

/// One dock and the vehicle that lives in it.
#[derive(Debug, Clone, PartialEq)]
pub struct DockEntry {
    /// Its name on the broker and everywhere, such as `D07`.
    pub dock_id: String,
    /// Name people use.
    pub name: String,
    /// Where it stands.
    pub position: Wgs84,
    /// Height of its landing pad above the sea, metres.
    pub height_amsl_m: f64,
    /// Height of its landing pad above the ground around it, metres: a dock on a roof counts against the ceiling.
    pub height_above_ground_m: f64,
    /// MAVLink link of its vehicle; `None` for a dock of the Cloud API, which does not show its vehicle's MAVLink.
    pub link: Option<LinkAddress>,
    /// MAVLink system id of its vehicle; [`NO_SYSTEM_ID`] for a dock of the Cloud API.
    pub system_id: u8,
    /// Serial numbers, if it is a dock of DJI's Cloud API.
    pub cloud: Option<CloudEntry>,
    /// Where to land when the dock cannot take the vehicle.
    pub alternate_landing: Option<Wgs84>,
    /// Days on which it stood there; open where nobody has stated them.
    pub in_service: Validity,
    /// What its vehicle has to do by itself, in place of what the fleet's do.
    pub failsafe: Option<FailsafePolicy>,
}

/// Stands for "no MAVLink vehicle": by MAVLink's rules 255 is a ground station, never a vehicle.
pub const NO_SYSTEM_ID: u8 = 255;

/// A dock of DJI's Cloud API (`protocol = "dji_cloud"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEntry {
    /// Serial number of the dock.
    pub gateway_sn: String,
    /// Serial number of the aircraft.
    pub aircraft_sn: String,
}

impl DockEntry {
    /// How its vehicle is reached, in one word: the link's address, or `dji_cloud:` and the dock's serial number.
    pub fn link_text(&self) -> String {
        match (&self.link, &self.cloud) {
            (Some(link), _) => link.to_string(),
            (None, Some(cloud)) => format!("{CLOUD_LINK}{}", cloud.gateway_sn),
            (None, None) => String::new(),
        }
    }
}

/// How [`DockEntry::link_text`] begins for docks of the Cloud API.
pub const CLOUD_LINK: &str = "dji_cloud:";

/// All docks, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Roster {
    /// The docks.
    pub docks: Vec<DockEntry>,
    /// The camera that the vehicles carry, for what a plan will show.
    pub camera: CameraModel,
}

impl Roster {
    /// Reads the file; a file that is not there is a fleet without docks.
    ///
    /// # Errors
    /// An unreadable file, or every mistake with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&path.display().to_string(), &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::read("no roster", ""),
            Err(source) => Err(ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads the text of `file`.
    ///
    /// # Errors
    /// Every mistake with its line.
    pub fn read(file: &str, text: &str) -> Result<Self, ConfigError> {
        let read = Reader::new(file, text).read(|root| {
            let mut docks: Vec<DockEntry> = Vec::new();
            for section in root.sections("dock") {
                let Some(dock) = dock(&section) else { continue };
                refuse_twins(&section, &dock, &docks);
                docks.push(dock);
            }
            let camera = camera(&root.section("camera"));
            root.finish();
            camera.map(|camera| Self { docks, camera })
        });
        // A camera that cannot be was reported as a mistake.
        read.map_err(ConfigError::Mistakes)?
            .ok_or_else(|| ConfigError::Mistakes(Vec::new()))
    }

    /// The docks that stood there on a day, by what they state.
    pub fn on(&self, day: CivilDay) -> Self {
        let standing = self.docks.iter().filter(|dock| dock.in_service.covers(day));
        Self {
            docks: standing.cloned().collect(),
            camera: self.camera.clone(),
        }
    }

    /// The dock of this name.
    pub fn dock(&self, dock_id: &str) -> Option<&DockEntry> {
        self.docks.iter().find(|dock| dock.dock_id == dock_id)
    }
}

/// The camera of the fleet; left out, a 4/3-inch wide camera of 24 mm equivalent (12.3 mm over 17.3 mm).
fn camera(section: &Section<'_, '_>) -> Option<CameraModel> {
    let width_px = section.whole("image_width_px", 5280, 64..=30_000);
    let height_px = section.whole("image_height_px", 3956, 64..=30_000);
    let focal_mm = section.number("focal_length_mm", 12.3, 1.0..=1000.0);
    let sensor_mm = section.number("sensor_width_mm", 17.3, 1.0..=100.0);
    section.finish();
    let focal_px = focal_mm / sensor_mm * f64::from(width_px);
    let camera = CameraModel::pinhole(width_px, height_px, focal_px, CameraSource::CameraTable);
    camera
        .map_err(|error| {
            section.reject(
                "focal_length_mm",
                Words::new(error.to_string(), error.to_string()),
            )
        })
        .ok()
}

/// One entry; `None` when a mistake was reported.
fn dock(section: &Section<'_, '_>) -> Option<DockEntry> {
    let dock_id = section.required_text("id");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=24).contains(&dock_id.len()) || !dock_id.chars().all(plain) {
        section.reject(
            "id",
            Words::new(
                "须为 1–24 个字母、数字、- 或 _",
                "must be 1 to 24 letters, digits, - or _",
            ),
        );
    }
    let position = Wgs84::new(
        section.required_number("latitude_deg", -90.0..=90.0),
        section.required_number("longitude_deg", -180.0..=180.0),
    );
    let alternate = section
        .pair("alternate_landing")
        .map(|[longitude_deg, latitude_deg]| {
            Wgs84::new(latitude_deg, longitude_deg).map_err(|error| {
                section.reject(
                    "alternate_landing",
                    Words::new(
                        format!("须为 [经度, 纬度]:{error}"),
                        format!("must be [longitude, latitude]: {error}"),
                    ),
                );
            })
        });
    let cloud = cloud(section);
    let link = match &cloud {
        Some(_) => Some(None),
        None => link(section).map(Some),
    };
    let dock = DockEntry {
        name: section.text("name").unwrap_or_else(|| dock_id.clone()),
        dock_id,
        position: position.ok()?,
        height_amsl_m: section.number("height_amsl_m", 0.0, -500.0..=9000.0),
        height_above_ground_m: section.number("height_above_ground_m", 0.0, 0.0..=600.0),
        link: link?,
        system_id: match &cloud {
            Some(_) => NO_SYSTEM_ID,
            // Within 1..=250, which u8 holds.
            None => section.required_number("system_id", 1.0..=250.0) as u8,
        },
        cloud: cloud.flatten(),
        alternate_landing: alternate.transpose().ok()?,
        in_service: days(section, ["in_service_from", "in_service_to"]),
        failsafe: failsafe(&section.section("failsafe")),
    };
    section.finish();
    Some(dock)
}

fn link(section: &Section<'_, '_>) -> Option<LinkAddress> {
    let link = section.required_text("link").parse::<LinkAddress>();
    if let Err(error) = &link {
        section.reject(
            "link",
            Words::new(format!("链路地址有误:{error}"), error.to_string()),
        );
    }
    link.ok()
}

/// `None` for a dock with a MAVLink vehicle; `Some(None)` when a mistake was reported.
fn cloud(section: &Section<'_, '_>) -> Option<Option<CloudEntry>> {
    match section.text("protocol").as_deref() {
        None | Some("mavlink") => return None,
        Some("dji_cloud") => {}
        Some(_) => {
            let problem = Words::new("须为 mavlink 或 dji_cloud", "must be mavlink or dji_cloud");
            section.reject("protocol", problem);
        }
    }
    let (gateway_sn, aircraft_sn) = (serial(section, "gateway_sn"), serial(section, "aircraft_sn"));
    Some(
        gateway_sn
            .zip(aircraft_sn)
            .map(|(gateway_sn, aircraft_sn)| CloudEntry {
                gateway_sn,
                aircraft_sn,
            }),
    )
}

fn serial(section: &Section<'_, '_>, key: &str) -> Option<String> {
    let text = section.required_text(key);
    let is_serial = (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_serial {
        let problem = Words::new(
            "须为设备序列号:1–64 个字母和数字,见设备铭牌或 DJI Pilot 2",
            "must be a serial number of 1 to 64 letters and digits, as on the device or in DJI Pilot 2",
        );
        section.reject(key, problem);
    }
    is_serial.then_some(text)
}

/// Two docks may share a link (the system id tells their vehicles apart) or a system id (on links of their own), but
/// never a name or a vehicle.
fn refuse_twins(section: &Section<'_, '_>, dock: &DockEntry, others: &[DockEntry]) {
    if others.iter().any(|other| other.dock_id == dock.dock_id) {
        section.reject("id", Words::new("机场编号重复", "another dock has this id"));
    }
    let serials = |dock: &DockEntry| {
        let cloud = dock.cloud.clone();
        cloud.map(|cloud| [cloud.gateway_sn, cloud.aircraft_sn])
    };
    if let Some(mine) = serials(dock) {
        let taken = others
            .iter()
            .filter_map(serials)
            .flatten()
            .any(|theirs| mine.contains(&theirs));
        if taken || mine[0] == mine[1] {
            section.reject(
                "gateway_sn",
                Words::new("序列号重复", "a serial number is used twice"),
            );
        }
        return;
    }
    if let Some(other) = others
        .iter()
        .find(|other| (&other.link, other.system_id) == (&dock.link, dock.system_id))
    {
        let (zh, en) = (
            format!("同一链路上飞机编号与机场 {} 相同", other.dock_id),
            format!(
                "dock {} has a vehicle of this system id on the same link",
                other.dock_id
            ),
        );
        section.reject("system_id", Words::new(zh, en));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[dock]]\nid = \"D01\"\nname = \"花木\"\nlongitude_deg = 121.55\nlatitude_deg = 31.21\n\
        link = \"udpin:127.0.0.1:14551\"\nsystem_id = 1\nalternate_landing = [121.551, 31.211]\n";

    #[test]
    fn a_roster_is_read() {
        let roster = Roster::read("fleet.toml", ONE).unwrap();
        let dock = roster.dock("D01").unwrap();
        assert_eq!((dock.system_id, dock.name.as_str()), (1, "花木"));
        assert_eq!(dock.alternate_landing.unwrap().longitude_deg, 121.551);
    }

    #[test]
    fn a_dock_stands_there_from_its_first_day_to_its_last() {
        let later = ONE.replace("D01", "D02").replace("14551", "14552");
        let text = format!("{ONE}{later}in_service_from = \"2026-03-10\"\nin_service_to = \"2026-05-31\"\n");
        let roster = Roster::read("fleet.toml", &text).unwrap();
        let standing = |day: &str| {
            let on = roster.on(day.parse().unwrap());
            on.docks
                .iter()
                .map(|dock| dock.dock_id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(standing("2026-03-09"), ["D01"]);
        assert_eq!(standing("2026-03-10"), ["D01", "D02"]);
        assert_eq!(standing("2026-06-01"), ["D01"]);
        let wrong = text.replace("2026-05-31", "May");
        assert!(
            Roster::read("fleet.toml", &wrong)
                .unwrap_err()
                .to_string()
                .contains("in_service_to")
        );
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let two = format!("{ONE}{}", ONE.replace("udpin:127.0.0.1:14551", "carrier pigeon"));
        let ConfigError::Mistakes(mistakes) = Roster::read("fleet.toml", &two).unwrap_err() else {
            panic!("expected mistakes");
        };
        assert_eq!(
            (mistakes[0].line, mistakes[0].field.as_str()),
            (14, "dock[1].link")
        );
        let twins = Roster::read("fleet.toml", &format!("{ONE}{ONE}")).unwrap_err();
        assert!(
            twins
                .to_string()
                .contains("dock D01 has a vehicle of this system id on the same link"),
            "{twins}"
        );
    }

    #[test]
    fn a_dock_of_the_cloud_api_has_serial_numbers_instead_of_a_link() {
        let text = "[[dock]]\nid = \"D02\"\nlongitude_deg = 121.5\nlatitude_deg = 31.2\nprotocol = \"dji_cloud\"\n\
            gateway_sn = \"7CTDM3D00B1234\"\naircraft_sn = \"1581F6Q8D23CT0\"\n";
        let roster = Roster::read("fleet.toml", &format!("{ONE}{text}")).unwrap();
        let dock = roster.dock("D02").unwrap();
        assert_eq!((dock.link.is_none(), dock.system_id), (true, NO_SYSTEM_ID));
        assert_eq!(dock.link_text(), "dji_cloud:7CTDM3D00B1234");
        let twins = Roster::read("fleet.toml", &format!("{text}{}", text.replace("D02", "D03"))).unwrap_err();
        assert!(twins.to_string().contains("used twice"), "{twins}");
        let bad = Roster::read("fleet.toml", &text.replace("1581F6Q8D23CT0", "a/b")).unwrap_err();
        assert!(bad.to_string().contains("serial number"), "{bad}");
        let odd = Roster::read("fleet.toml", &text.replace("dji_cloud", "smoke")).unwrap_err();
        assert!(odd.to_string().contains("mavlink or dji_cloud"), "{odd}");
    }

    #[test]
    fn vehicles_of_one_number_live_on_links_of_their_own() {
        let second = ONE.replace("D01", "D02").replace("14551", "14552");
        let roster = Roster::read("fleet.toml", &format!("{ONE}{second}")).unwrap();
        assert_eq!(roster.docks[0].system_id, roster.docks[1].system_id);
    }

    #[test]
    fn a_missing_file_is_a_fleet_without_docks() {
        assert!(
            Roster::load(Path::new("/nonexistent/fleet.toml"))
                .unwrap()
                .docks
                .is_empty()
        );
    }
}
