//! Where a mission starts, and the rules that hold for missions from there.

use schedule::mission::MissionRules;
use survey::geodesy::Wgs84;

use crate::config::fleet::FleetSettings;
use crate::config::roster::DockEntry;

/// Where a mission starts.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartPlace {
    /// Where, if known.
    pub home: Option<Wgs84>,
    /// Height above the sea there, metres.
    pub home_amsl_m: Option<f64>,
    /// Height above the ground around it, metres.
    pub home_height_agl_m: f64,
    /// Where it lands when the dock cannot take it.
    pub alternate: Option<Wgs84>,
}

impl StartPlace {
    /// The pad of a dock.
    pub fn of_dock(dock: &DockEntry) -> Self {
        Self {
            home: Some(dock.position),
            home_amsl_m: Some(dock.height_amsl_m),
            home_height_agl_m: dock.height_above_ground_m,
            alternate: dock.alternate_landing,
        }
    }

    /// The rules that hold for missions from here.
    pub fn rules(&self, settings: &FleetSettings) -> MissionRules {
        MissionRules {
            home: self.home,
            home_amsl_m: self.home_amsl_m,
            reach_m: settings.reach_m,
            ceiling_agl_m: settings.ceiling_agl_m,
            home_height_agl_m: self.home_height_agl_m,
            max_items: MOST_ITEMS,
        }
    }
}

/// More items than this are no mission of one battery.
const MOST_ITEMS: usize = 5000;
