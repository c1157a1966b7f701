//! The reachable number (可达): what the docks' vehicles can get to, work over and come back from.

use anyhow::Result;
use survey::cells::CellSet;
use survey::grid::GridPoint;
use survey::raster::Lattice;
use survey::reach::{FleetReach, FreeSpace, Grounded};

use crate::config::settings::Settings;
use crate::coverage::basis::Basis;
use crate::lang::Words;

/// Reach is computed in cells of about this size, metres: it is kilometres wide.
const REACH_CELL_M: f64 = 20.0;

/// What the docks reach, in cells of the basis.
#[derive(Debug, Clone)]
pub struct Reached {
    fleet: FleetReach,
    /// What any dock reaches.
    pub all: CellSet,
    /// What each dock of the roster reaches.
    pub docks: Vec<CellSet>,
    /// By which rule.
    pub rule: Words,
}

impl Reached {
    /// Computes it; `None` without docks.
    ///
    /// # Errors
    /// Docks or layers outside the working area.
    pub fn of(basis: &Basis, settings: &Settings) -> Result<Option<Self>> {
        if basis.roster.docks.is_empty() {
            return Ok(None);
        }
        let factor = (REACH_CELL_M / basis.lattice.cell_m()).round().max(1.0) as u32;
        let lattice = Lattice::new(basis.lattice.cell_m() * f64::from(factor));
        let space = FreeSpace::new(basis.grid.clone(), &basis.closed, 0.0, None)?;
        let places: Vec<_> = basis.roster.docks.iter().map(|dock| dock.position).collect();
        let fleet = FleetReach::of(&places, &settings.reach.rule, &space, lattice)?;
        let grounded: Vec<String> = basis
            .roster
            .docks
            .iter()
            .zip(&fleet.docks)
            .filter_map(|(dock, reach)| Some((dock, reach.grounded()?)))
            .map(|(dock, why)| format!("{}: {}", dock.dock_id, grounded_words(&why).en))
            .collect();
        Ok(Some(Self {
            all: fleet.union.refined(factor),
            docks: fleet
                .docks
                .iter()
                .map(|dock| dock.cells().refined(factor))
                .collect(),
            rule: rule_words(settings, &grounded),
            fleet,
        }))
    }

    /// The dock that is first at a point, by its place in the roster.
    pub fn quickest(&self, point: GridPoint) -> Option<usize> {
        self.fleet.quickest(point)
    }
}

/// The parameters, and which docks reach nothing.
fn rule_words(settings: &Settings, grounded: &[String]) -> Words {
    let mut words = settings.reach.words();
    if !grounded.is_empty() {
        words
            .zh
            .push_str(&format!(";无法起飞的机场:{}", grounded.join("、")));
        words.en.push_str(&format!("; grounded: {}", grounded.join(", ")));
    }
    words
}

fn grounded_words(why: &Grounded) -> Words {
    let zh = match why {
        Grounded::Wind { .. } => "风过大",
        Grounded::Battery { .. } => "电量不足以作业",
        Grounded::DockInNoFly => "机场在禁飞区内",
    };
    Words::new(zh, why.to_string())
}
