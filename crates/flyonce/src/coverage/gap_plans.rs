//! Gaps as flight plans ready to fly: one `.plan` per battery, over ground that may be flown over, fenced in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use survey::cells::CellSet;
use survey::flight_lines::{ClearGround, Place, SortieRules, lines_over, split};
use survey::gaps::GapPiece;
use survey::grid::GridPoint;
use utoipa::ToSchema;

use crate::answers::place::rounded;
use crate::config::roster::DockEntry;
use crate::config::settings::Settings;
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps};
use crate::coverage::sortie_plan::{Flight, SortiePlan};
use crate::lang::Words;
use crate::whole_file::write_whole;

/// A dock stands in the open: its surroundings may be flown over to get away from it, m.
const DOCK_CLEARING_M: f64 = 60.0;
/// The way keeps so far from the edge of flyable ground, m.
const EDGE_M: f64 = 20.0;

/// A plan for one sortie over a gap.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapPlan {
    /// Its name, such as `gap-0001-2`; its file has the ending `.plan`.
    pub name: String,
    /// The gap.
    pub gap: String,
    /// Its number among the gap's plans, from 1.
    pub number: u32,
    /// The dock it flies from.
    pub dock_id: String,
    /// Lines in it.
    pub lines: usize,
    /// Photos that it takes.
    pub photos: usize,
    /// Minutes from take-off to touch-down, ways round closed ground among them.
    pub minutes: f64,
    /// Corners of its fence; 0 where no flyable layer says where it may be.
    pub fence_corners: usize,
    /// How far the fence's outline lies from that of the flyable ground at most, m.
    pub fence_tolerance_m: f64,
    /// The file's content.
    #[serde(skip)]
    #[schema(ignore)]
    pub text: String,
}

/// The plans of a gap.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapPlans {
    /// The gap's name in the list.
    pub gap: String,
    /// What the gap is known by.
    pub gap_id: String,
    /// One plan per sortie, each within what a battery gives.
    pub plans: Vec<GapPlan>,
    /// Why there are no plans, or not for all of the gap.
    pub left_out: Option<Words>,
    /// Length of lines that no sortie from the dock can fly, m.
    pub left_out_m: f64,
}

/// A plan that was written.
#[derive(Debug, Clone, Serialize)]
pub struct WrittenPlan {
    /// Its file.
    pub file: PathBuf,
    /// What it is.
    #[serde(flatten)]
    pub plan: GapPlan,
}

/// Plans that were written, and gaps that none could be made for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WrittenPlans {
    /// The plans.
    pub plans: Vec<WrittenPlan>,
    /// Gaps without plans, each with the reason.
    pub left_out: Vec<(String, Words)>,
    /// Length of lines that no sortie from the dock can fly, m.
    pub left_out_m: f64,
}

/// Writes plans for the most urgent gaps into a folder, at most `most` gaps.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_plans(
    figures: &Figures<'_>,
    found: &FoundGaps,
    settings: &Settings,
    (folder, most): (&Path, usize),
) -> Result<WrittenPlans> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut planner = GapPlanner::new(figures, settings, found.rules);
    let mut written = WrittenPlans::default();
    // What no dock reaches has no plan, however urgent it is.
    let flown = found.gaps.iter().filter(|gap| !gap.answer.flights.is_empty());
    for gap in flown.take(most) {
        let made = planner.plans_of(gap)?;
        written.left_out_m += made.left_out_m;
        written
            .left_out
            .extend(made.left_out.map(|words| (made.gap, words)));
        for plan in made.plans {
            let file = folder.join(format!("{}.plan", plan.name));
            write_whole(&file, plan.text.as_bytes())?;
            written.plans.push(WrittenPlan { file, plan });
        }
    }
    Ok(written)
}

/// The plans of the gap with this name or id; `None` where there is no such gap.
///
/// # Errors
/// Layers outside the working area.
pub fn plans_of(
    figures: &Figures<'_>,
    found: &FoundGaps,
    settings: &Settings,
    gap: &str,
) -> Result<Option<GapPlans>> {
    let is_asked = |found: &&FoundGap| found.answer.gap_id == gap || found.answer.name == gap;
    let Some(gap) = found.gaps.iter().find(is_asked) else {
        return Ok(None);
    };
    GapPlanner::new(figures, settings, found.rules)
        .plans_of(gap)
        .map(Some)
}

struct GapPlanner<'a> {
    figures: &'a Figures<'a>,
    settings: &'a Settings,
    rules: SortieRules,
    grounds: BTreeMap<String, DockGround>,
}

/// Where vehicles of a dock may be.
struct DockGround {
    start: Place,
    /// Ground that may be flown over; `None` where no flyable layer says.
    allowed: Option<CellSet>,
    /// Of it, what the way keeps to.
    inner: CellSet,
}

impl<'a> GapPlanner<'a> {
    fn new(figures: &'a Figures<'a>, settings: &'a Settings, rules: SortieRules) -> Self {
        Self {
            figures,
            settings,
            rules,
            grounds: BTreeMap::new(),
        }
    }

    fn plans_of(&mut self, found: &FoundGap) -> Result<GapPlans> {
        let mut made = GapPlans {
            gap: found.answer.name.clone(),
            gap_id: found.answer.gap_id.clone(),
            plans: Vec::new(),
            left_out: None,
            left_out_m: 0.0,
        };
        let roster = &self.figures.scene.basis.roster;
        let dock_id = found.answer.dock_id.as_deref();
        let Some(dock) = dock_id.and_then(|dock_id| roster.dock(dock_id)) else {
            made.left_out = Some(Words::new("没有机场", "there is no dock"));
            return Ok(made);
        };
        let ground = match self.grounds.remove(&dock.dock_id) {
            Some(ground) => ground,
            None => self.ground(dock)?,
        };
        for piece in found.pieces.iter().filter(|piece| piece.flight_s.is_some()) {
            self.add(&mut made, piece, (dock, &ground))?;
        }
        self.grounds.insert(dock.dock_id.clone(), ground);
        if made.plans.is_empty() && made.left_out.is_none() {
            made.left_out = Some(Words::new(
                format!("从机场 {} 出发,一块电池飞不到或没有可飞的路径", dock.dock_id),
                format!(
                    "no battery or no clear way leads there from dock {}",
                    dock.dock_id
                ),
            ));
        }
        Ok(made)
    }

    /// Plans for a piece: one, or more where ways round closed ground take more than was kept for them.
    fn add(
        &self,
        made: &mut GapPlans,
        piece: &GapPiece,
        (dock, ground): (&DockEntry, &DockGround),
    ) -> Result<()> {
        let basis = &self.figures.scene.basis;
        let clear = Some(ClearGround::new(&ground.inner));
        let rings = places(&piece.rings);
        let lines = lines_over(&rings, &self.rules.lines, ground.start, clear.as_ref());
        let split = split(&lines.lines, ground.start, &self.rules, clear.as_ref());
        made.left_out_m += split.left_out_m;
        let flight = Flight {
            dock,
            start: ground.start,
            allowed: ground.allowed.as_ref(),
            grid: &basis.grid,
            roster: &basis.roster,
            settings: self.settings,
            rules: self.rules,
        };
        for sortie in &split.sorties {
            let number = made.plans.len() as u32 + 1;
            let name = format!("{}-{number}", made.gap);
            match flight.plan(sortie, &name)? {
                Ok(SortiePlan {
                    text,
                    photos,
                    fence_corners,
                    fence_tolerance_m,
                }) => made.plans.push(GapPlan {
                    name,
                    gap: made.gap.clone(),
                    number,
                    dock_id: dock.dock_id.clone(),
                    lines: sortie.lines.len(),
                    photos,
                    minutes: rounded(sortie.time_s / 60.0, 1),
                    fence_corners,
                    fence_tolerance_m,
                    text,
                }),
                Err(words) => made.left_out = Some(words),
            }
        }
        Ok(())
    }

    fn ground(&self, dock: &DockEntry) -> Result<DockGround> {
        let basis = &self.figures.scene.basis;
        let on_grid = basis.grid.grid_from_wgs84(dock.position)?;
        let allowed = basis.flyable.is_some().then(|| self.allowed(on_grid));
        let edge_cells = (EDGE_M / basis.lattice.cell_m()).ceil() as u32;
        let near = self.disc(on_grid, self.settings.fleet.reach_m - EDGE_M);
        let inner = match &allowed {
            Some(allowed) => allowed.shrunk(edge_cells).intersection(&near),
            None => near,
        };
        Ok(DockGround {
            start: [on_grid.easting_m, on_grid.northing_m],
            allowed,
            inner,
        })
    }

    fn disc(&self, middle: GridPoint, radius_m: f64) -> CellSet {
        let basis = &self.figures.scene.basis;
        let mut disc = CellSet::empty(basis.grid.clone(), basis.lattice);
        let corner = |step: u32| {
            let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 90.0).sin_cos();
            GridPoint {
                easting_m: middle.easting_m + radius_m * cos,
                northing_m: middle.northing_m + radius_m * sin,
            }
        };
        disc.paint(&[(0..90).map(corner).collect()]);
        disc
    }

    /// Ground that may be flown over, the dock's surroundings among it, closed ground not.
    fn allowed(&self, dock: GridPoint) -> CellSet {
        let basis = &self.figures.scene.basis;
        let clearing = self.disc(dock, DOCK_CLEARING_M);
        // Closed ground outside the working area closes nothing here.
        let closed = basis
            .cells(&basis.closed)
            .unwrap_or_else(|_| CellSet::empty(basis.grid.clone(), basis.lattice));
        basis.flyable_cells.union(&clearing).difference(&closed)
    }
}

fn places(rings: &[Vec<GridPoint>]) -> Vec<Vec<Place>> {
    let ring = |ring: &Vec<GridPoint>| {
        ring.iter()
            .map(|point| [point.easting_m, point.northing_m])
            .collect()
    };
    rings.iter().map(ring).collect()
}
