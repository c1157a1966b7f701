//! The reachable number (可达): what the docks' vehicles can get to, work over and come back from.

use anyhow::Result;
use survey::cells::CellSet;
use survey::grid::GridPoint;
use survey::raster::Lattice;
use survey::reach::{FleetReach, FreeSpace, Grounded, ReachRule, Vehicle, Wind};

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
        let rule = reach_rule(settings);
        let places: Vec<_> = basis.roster.docks.iter().map(|dock| dock.position).collect();
        let fleet = FleetReach::of(&places, &rule, &space, lattice)?;
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
            rule: rule_words(&rule, settings, &grounded),
            fleet,
        }))
    }

    /// The dock that is first at a point, by its place in the roster.
    pub fn quickest(&self, point: GridPoint) -> Option<usize> {
        self.fleet.quickest(point)
    }
}

/// Battery and reserve of the settings where they say so, else those of a light multirotor; never beyond the farthest a
/// mission may go.
fn reach_rule(settings: &Settings) -> ReachRule {
    let mut vehicle = Vehicle {
        reserve_percent: settings.fleet.reserve_percent,
        height_m: settings.coverage.gap_flights.height_agl_m,
        ..Vehicle::light_multirotor()
    };
    if let Some(endurance_s) = settings.fleet.endurance_s {
        vehicle.hover_endurance_s *= endurance_s / vehicle.endurance_s;
        vehicle.endurance_s = endurance_s;
    }
    ReachRule::Flown {
        vehicle,
        wind: Wind::AnySide { speed_ms: 5.0 },
        link_range_m: Some(settings.fleet.reach_m),
    }
}

fn rule_words(rule: &ReachRule, settings: &Settings, grounded: &[String]) -> Words {
    let ReachRule::Flown {
        vehicle,
        wind,
        link_range_m,
    } = rule
    else {
        return Words::new("圆盘半径", "a disc");
    };
    let assumed = settings.fleet.endurance_s.is_none();
    let (minutes, left, cruise) = (
        vehicle.endurance_s / 60.0,
        vehicle.reserve_percent,
        vehicle.cruise_ms,
    );
    let (work_min, range_m) = (
        vehicle.time_on_task_s / 60.0,
        link_range_m.unwrap_or(f64::INFINITY),
    );
    let mut words = Words::new(
        format!(
            "续航 {minutes:.0} 分钟{},留 {left:.0} % 电量,巡航 {cruise:.0} m/s,任意方向风 {:.0} m/s,现场作业 {work_min:.0} 分钟,绕开禁飞区,距机场不超过 {range_m:.0} m",
            if assumed {
                "(未配置,按轻型多旋翼假定)"
            } else {
                ""
            },
            wind.speed_ms()
        ),
        format!(
            "{minutes:.0} min of endurance{}, {left:.0} % kept, {cruise:.0} m/s, wind of {:.0} m/s from any side, {work_min:.0} min of work, round no-fly areas, at most {range_m:.0} m from the dock",
            if assumed {
                " (not configured: a light multirotor is assumed)"
            } else {
                ""
            },
            wind.speed_ms()
        ),
    );
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
