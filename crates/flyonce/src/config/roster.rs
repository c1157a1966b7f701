//! The roster: the docks of the fleet, each with its vehicle. One TOML file, `[[dock]]` after `[[dock]]`.

use std::path::Path;

use flight::address::LinkAddress;
use flight::policy::FailsafePolicy;
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::Wgs84;

use crate::config::ConfigError;
use crate::config::failsafe::failsafe;
use crate::config::reader::{Reader, Section};
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
    /// MAVLink link of its vehicle.
    pub link: LinkAddress,
    /// MAVLink system id of its vehicle.
    pub system_id: u8,
    /// Where to land when the dock cannot take the vehicle.
    pub alternate_landing: Option<Wgs84>,
    /// What its vehicle has to do by itself, in place of what the fleet's do.
    pub failsafe: Option<FailsafePolicy>,
}

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
    let link = section.required_text("link").parse::<LinkAddress>();
    if let Err(error) = &link {
        section.reject(
            "link",
            Words::new(format!("链路地址有误:{error}"), error.to_string()),
        );
    }
    let dock = DockEntry {
        name: section.text("name").unwrap_or_else(|| dock_id.clone()),
        dock_id,
        position: position.ok()?,
        height_amsl_m: section.number("height_amsl_m", 0.0, -500.0..=9000.0),
        height_above_ground_m: section.number("height_above_ground_m", 0.0, 0.0..=600.0),
        link: link.ok()?,
        // Within 1..=250, which u8 holds.
        system_id: section.required_number("system_id", 1.0..=250.0) as u8,
        alternate_landing: alternate.transpose().ok()?,
        failsafe: failsafe(&section.section("failsafe")),
    };
    section.finish();
    Some(dock)
}

/// Two docks may share a link (the system id tells their vehicles apart) or a system id (on links of their own), but
/// never a name or a vehicle.
fn refuse_twins(section: &Section<'_, '_>, dock: &DockEntry, others: &[DockEntry]) {
    if others.iter().any(|other| other.dock_id == dock.dock_id) {
        section.reject("id", Words::new("机场编号重复", "another dock has this id"));
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
