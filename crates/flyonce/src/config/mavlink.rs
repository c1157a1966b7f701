//! `[mavlink]` and `[signing]`: who we are on the links, and where the keys of vehicles are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flight::signing::{RADIO_STATUS, message_number};

use crate::config::reader::Section;
use crate::lang::Words;

/// `[mavlink]` and `[signing]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MavlinkSettings {
    /// Our system number; vehicles' guard against a lost ground station listens to one number only.
    pub system_id: u8,
    /// Our component number.
    pub component_id: u8,
    /// Keys of vehicles.
    pub key_file: Option<PathBuf>,
    /// Messages that are taken unsigned also of vehicles with keys, by number.
    pub accept_unsigned: BTreeSet<u32>,
}

impl MavlinkSettings {
    pub(super) fn read(root: &Section<'_, '_>, base: &Path) -> Self {
        let (mavlink, signing) = (root.section("mavlink"), root.section("signing"));
        let settings = Self {
            // Within 1..=255, which u8 holds.
            system_id: mavlink.whole("system_id", 255, 1..=255) as u8,
            component_id: mavlink.whole("component_id", 190, 1..=255) as u8,
            key_file: signing.path("key_file", base),
            accept_unsigned: accepted(&signing),
        };
        for section in [mavlink, signing] {
            section.finish();
        }
        settings
    }
}

fn accepted(signing: &Section<'_, '_>) -> BTreeSet<u32> {
    let mut accepted = BTreeSet::from([RADIO_STATUS]);
    for name in signing.texts("accept_unsigned") {
        match message_number(&name) {
            Some(number) => drop(accepted.insert(number)),
            None => signing.reject(
                "accept_unsigned",
                Words::new(
                    format!("没有名为 {name} 的 MAVLink 消息"),
                    format!("there is no MAVLink message {name}"),
                ),
            ),
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::{Mistake, Reader};

    fn read(text: &str) -> Result<MavlinkSettings, Vec<Mistake>> {
        Reader::new("flyonce.toml", text).read(|root| {
            let settings = MavlinkSettings::read(root, Path::new("/etc/flyonce"));
            root.finish();
            settings
        })
    }

    #[test]
    fn defaults_are_a_ground_station_without_keys() {
        let settings = read("").unwrap();
        assert_eq!((settings.system_id, settings.component_id), (255, 190));
        assert_eq!(settings.accept_unsigned, BTreeSet::from([109]));
        let text = "[mavlink]\nsystem_id = 245\n[signing]\nkey_file = \"keys.toml\"\naccept_unsigned = [\"ADSB_VEHICLE\", \"66\"]\n";
        let settings = read(text).unwrap();
        assert_eq!(settings.key_file, Some(PathBuf::from("/etc/flyonce/keys.toml")));
        assert_eq!(settings.accept_unsigned, BTreeSet::from([66, 109, 246]));
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes =
            read("[mavlink]\nsystem_id = 0\n[signing]\naccept_unsigned = [\"HEARTBEET\"]\n").unwrap_err();
        let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["mavlink.system_id", "signing.accept_unsigned"]);
    }
}
