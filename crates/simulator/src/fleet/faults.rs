//! Faults by name for docks, vehicles and cameras: `D03:refuse_arming`, `D05:drop=0.2`, `all:wind=14`.

use std::fmt::Write as _;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

use crate::cloud_dock::{CLOUD_FAULTS, CloudFaults};
use crate::dock::{DOCK_FAULTS, DockFaults, FaultProblem};
use crate::fleet::photos::{PHOTO_FAULTS, PhotoFaults};
use crate::vehicle::{CAMERA_FAULTS, FLIGHT_FAULTS, FaultError, LINE_FAULTS, PROTOCOL_FAULTS, VehicleFaults};

/// Every fault of a vehicle: name, value it takes (empty for none), and what it does.
pub const VEHICLE_FAULTS: [(&str, &str, &str); 23] = [
    (
        "silent",
        "",
        "the vehicle's radio is dead: nothing is sent and nothing heard",
    ),
    (
        "late",
        "MS",
        "every answer of the vehicle leaves that many milliseconds late; streams do not",
    ),
    ("refuse_arming", "", "arming is refused: Compass not healthy"),
    ("refuse_upload", "", "every mission upload ends with NO_SPACE"),
    (
        "drop",
        "SHARE",
        "that share of all frames is lost, each way, 0 to 1",
    ),
    (
        "reboot_at",
        "S",
        "the autopilot restarts in flight, S vehicle seconds after the start",
    ),
    (
        "lost_link_at",
        "S",
        "the radio is dead for good from S vehicle seconds after the start",
    ),
    (
        "same_system_id",
        "ID",
        "the vehicle speaks under another vehicle's system id",
    ),
    (
        "clock_off",
        "S",
        "the vehicle's UTC is S seconds fast (negative: slow)",
    ),
    (
        "misfire",
        "N",
        "every N-th trigger is reported but takes no picture",
    ),
    (
        "silent_capture",
        "N",
        "every N-th picture is taken but never reported",
    ),
    (
        "lose_final_ack",
        "",
        "the first MISSION_ACK that ends an upload is lost",
    ),
    (
        "late_gps",
        "S",
        "the position estimate takes S vehicle seconds after boot",
    ),
    ("low_battery", "PERCENT", "the battery starts at PERCENT"),
    (
        "gps_jump",
        "M",
        "40 s after the start the vehicle believes to be M metres further east than it is",
    ),
    (
        "altered_item",
        "SEQ",
        "mission item SEQ is kept 5 m higher than it was sent",
    ),
    (
        "no_takeoff",
        "",
        "the vehicle arms, accepts the start and stays on the ground",
    ),
    (
        "new_parameter_names",
        "",
        "the vehicle has the parameter names of ArduCopter 4.7",
    ),
    (
        "stubborn_parameters",
        "",
        "the vehicle repeats parameters that are set and keeps the old values",
    ),
    (
        "asks_authorisation",
        "",
        "the vehicle asks for leave before it arms (MAV_CMD_ARM_AUTHORIZATION_REQUEST)",
    ),
    (
        "events_only",
        "",
        "the vehicle says by EVENT, without words, why it does not arm",
    ),
    (
        "signing_key",
        "HEX",
        "the vehicle signs with that key of 64 digits and hears only what is signed with it",
    ),
    (
        "signing_ignored_setup",
        "",
        "SETUP_SIGNING has no effect: the vehicle keeps the key it has, or none",
    ),
];

/// One `--fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultOrder {
    /// Dock, or `None` for all.
    dock_id: Option<String>,
    /// `name` or `name=value`.
    fault: String,
}

/// Everything that is wrong around one dock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultSet {
    /// With the dock.
    pub dock: DockFaults,
    /// With the vehicle.
    pub vehicle: VehicleFaults,
    /// With the photos.
    pub photos: PhotoFaults,
    /// With a dock that speaks the Cloud API.
    pub cloud: CloudFaults,
}

impl FaultSet {
    /// Adds a fault, `name` or `name=value`, to whom it belongs.
    ///
    /// # Errors
    /// When nobody knows the name (then all names are listed), or the value does not fit.
    pub fn add(&mut self, fault: &str) -> anyhow::Result<()> {
        let (name, value) = match fault.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (fault.trim(), None),
        };
        match self.dock.set(name, value) {
            Err(FaultProblem::Unknown { .. }) => {}
            settled => return Ok(settled?),
        }
        match self.photos.set(name, value) {
            Err(FaultProblem::Unknown { .. }) => {}
            settled => return Ok(settled?),
        }
        match self.cloud.set(name, value) {
            Err(FaultProblem::Unknown { .. }) => {}
            settled => return Ok(settled?),
        }
        match self.vehicle.add(fault) {
            Err(FaultError::Unknown(_)) => bail!("no fault is called '{name}'.\n{}", fault_list()),
            settled => {
                settled?;
                // The mast stands in the same wind.
                self.dock.gust_at_s = self.vehicle.flight.gust_at_s;
                Ok(())
            }
        }
    }
}

impl FromStr for FaultOrder {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (dock, fault) = text
            .split_once(':')
            .with_context(|| format!("'{text}' lacks its dock: write D03:{text} or all:{text}"))?;
        ensure!(
            !dock.trim().is_empty(),
            "'{text}' lacks its dock before the colon"
        );
        FaultSet::default().add(fault)?;
        Ok(Self {
            dock_id: (dock.trim() != "all").then(|| dock.trim().to_owned()),
            fault: fault.trim().to_owned(),
        })
    }
}

/// The faults around each of the docks.
///
/// # Errors
/// When an order names a dock that is not there.
pub fn faults_of_docks(orders: &[FaultOrder], dock_ids: &[&str]) -> anyhow::Result<Vec<FaultSet>> {
    let mut sets = vec![FaultSet::default(); dock_ids.len()];
    for order in orders {
        let mut hit = false;
        for (set, dock_id) in sets.iter_mut().zip(dock_ids) {
            if order.dock_id.as_deref().is_none_or(|wanted| wanted == *dock_id) {
                set.add(&order.fault)?;
                hit = true;
            }
        }
        ensure!(
            hit,
            "fault {} is for dock {}, and there is none; there are {}",
            order.fault,
            order.dock_id.as_deref().unwrap_or("all"),
            dock_ids.join(", ")
        );
    }
    Ok(sets)
}

/// Faults of one kind: name, value it takes (empty for none), and what it does.
pub type FaultGroup = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

/// Every fault there is, by what it is wrong with.
pub const FAULT_CATALOGUE: &[FaultGroup] = &[
    ("vehicle", &VEHICLE_FAULTS),
    ("line", LINE_FAULTS),
    ("protocols", PROTOCOL_FAULTS),
    ("flight", FLIGHT_FAULTS),
    ("reports of photos", CAMERA_FAULTS),
    ("dock", &DOCK_FAULTS),
    ("photos", &PHOTO_FAULTS),
    ("dock of the Cloud API (--dji)", &CLOUD_FAULTS),
];

/// All faults with a sentence each.
pub fn fault_list() -> String {
    let mut text = "Faults, as in --fault D03:NAME or --fault all:NAME=VALUE:\n".to_owned();
    for (group, faults) in FAULT_CATALOGUE {
        add_group(&mut text, group, faults);
    }
    text
}

fn add_group(text: &mut String, group: &str, faults: &[(&str, &str, &str)]) {
    text.push_str(&format!("{group}:\n"));
    for (name, takes, sentence) in faults {
        let equals = if takes.is_empty() { "" } else { "=" };
        let word = format!("{name}{equals}{takes}");
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {word:<22} {sentence}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_listed_fault_is_known_to_someone() {
        for (name, takes, sentence) in FAULT_CATALOGUE.iter().flat_map(|(_, faults)| *faults) {
            let fault = match *takes {
                "" => (*name).to_owned(),
                "HEX" => format!("{name}={}", "1".repeat(64)),
                _ => format!("{name}=1"),
            };
            let mut set = FaultSet::default();
            set.add(&fault).unwrap();
            assert_ne!(set, FaultSet::default(), "{name}");
            assert!(fault_list().contains(sentence));
        }
    }

    #[test]
    fn faults_go_to_their_docks() {
        let orders: Vec<FaultOrder> = ["D02:refuse_arming", "D01:photo_lost=3", "all:wind=14"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let sets = faults_of_docks(&orders, &["D01", "D02"]).unwrap();
        assert!(sets[1].vehicle.refuse_arming && !sets[0].vehicle.refuse_arming);
        assert_eq!((sets[0].photos.lost, sets[1].photos.lost), (Some(3), None));
        assert!(sets.iter().all(|set| set.dock.wind_ms == Some(14.0)));
        let astray = faults_of_docks(&["D09:silent".parse().unwrap()], &["D01"]).unwrap_err();
        assert!(astray.to_string().contains("D09") && astray.to_string().contains("D01"));
    }

    #[test]
    fn an_unknown_fault_lists_all() {
        let error = "D01:gremlins".parse::<FaultOrder>().unwrap_err().to_string();
        assert!(error.contains("gremlins") && error.contains("lid_half") && error.contains("refuse_arming"));
        assert!(
            "refuse_arming"
                .parse::<FaultOrder>()
                .unwrap_err()
                .to_string()
                .contains("D03:refuse_arming")
        );
        assert!(
            "D01:rain=9"
                .parse::<FaultOrder>()
                .unwrap_err()
                .to_string()
                .contains("rain")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = text.parse::<FaultOrder>();
        }
    }
}
