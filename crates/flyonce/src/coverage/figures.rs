//! The three numbers of the whole, of towns, docks, target classes and corridors.

use std::collections::BTreeMap;

use anyhow::Result;
use survey::cells::CellSet;
use survey::layers::{LayerKind, Shape};
use survey::ledger::{Ages, Ledger, LedgerQuery, MeasuredArea, Share};
use survey::targets::Target;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::age_steps::AgeSteps;
use crate::coverage::answer::{
    AgeAnswer, Amount, CoverageFigures, CoverageRow, CoverageSetting, CoverageTable, Goal, RowKind,
};
use crate::coverage::basis::ground_layer;
use crate::coverage::scene::Scene;
use crate::lang::Words;

/// Points and lines without a width of their own are ground so far around them, m.
pub const SMALLEST_REACH_M: f64 = 10.0;
/// Corridors are looked at in steps of this many cells.
const STEP_CELLS: f64 = 0.5;

/// Figures of one day from one ledger.
pub struct Figures<'a> {
    /// Layers, docks, reach and plans.
    pub scene: &'a Scene,
    /// The ledger, labelled with the scene's layers.
    pub ledger: &'a Ledger,
    /// First day that counts as imaged.
    pub since: CivilDay,
    /// Last day that counts.
    pub until: CivilDay,
    /// Coarsest ground sampling distance that counts, cm.
    pub max_gsd_cm: f64,
    /// Parameters, as they are said.
    pub setting: CoverageSetting,
    /// Whether only rows count that were in the store then.
    pub as_known_then: bool,
}

impl Figures<'_> {
    /// The photos that count as imaged.
    pub fn query(&self) -> LedgerQuery<'static> {
        LedgerQuery {
            since: Some(self.since),
            until: Some(self.until),
            max_gsd_cm: Some(self.max_gsd_cm),
            ..LedgerQuery::default()
        }
    }

    /// All photos that are sharp enough, up to the day of the figures.
    pub fn ever(&self) -> LedgerQuery<'static> {
        LedgerQuery {
            since: None,
            ..self.query()
        }
    }

    /// The whole with its targets.
    ///
    /// # Errors
    /// Parameters that a ledger cannot answer.
    pub fn figures(&self) -> Result<CoverageFigures> {
        let whole = self.whole()?;
        let targets = &self.scene.targets;
        let goal = |number: &str, target_percent: f64, amount: &Amount| Goal {
            number: number.to_owned(),
            target_percent,
            percent: amount.percent,
            met: amount.percent.map(|percent| percent >= target_percent),
        };
        Ok(CoverageFigures {
            as_of: self.until.to_string(),
            as_known_then: self.as_known_then,
            goals: vec![
                goal("reachable", targets.reachable_percent, &whole.reachable),
                goal("imaged", targets.imaged_percent, &whole.imaged),
            ],
            whole,
            layers: self.scene.basis.figure_layers(),
            missing_layers: self.scene.basis.missing(),
            setting: self.setting.clone(),
        })
    }

    /// The rows of a kind.
    ///
    /// # Errors
    /// Parameters that a ledger cannot answer, targets outside the working area.
    pub fn table(&self, kind: RowKind) -> Result<CoverageTable> {
        use LayerKind::{TargetArea, TargetCorridor, TargetPoint, TargetSite};
        let basis = &self.scene.basis;
        let (rows, kinds): (Vec<CoverageRow>, &[LayerKind]) = match kind {
            RowKind::District => (vec![self.whole()?], &[LayerKind::District]),
            RowKind::Town => (self.towns()?, &[LayerKind::Town]),
            RowKind::Dock => (self.docks()?, &[]),
            RowKind::Class => (
                self.classes()?,
                &[TargetPoint, TargetCorridor, TargetArea, TargetSite],
            ),
            RowKind::Corridor => (self.corridors()?, &[TargetCorridor]),
        };
        let mut layers = basis.figure_layers();
        layers.extend(
            basis
                .layers(kinds)
                .into_iter()
                .filter(|layer| layer.kind.starts_with("target")),
        );
        Ok(CoverageTable {
            as_of: self.until.to_string(),
            kind,
            unknown: rows.is_empty().then(|| nothing_of(kind)),
            rows,
            layers,
            setting: self.setting.clone(),
        })
    }

    fn whole(&self) -> Result<CoverageRow> {
        let basis = &self.scene.basis;
        let imaged = self.ledger.imaged(&self.query())?;
        let ages = self.ledger.ages(&self.ever(), self.until)?.all;
        let Some(flyable) = &basis.flyable else {
            let mut row = self.row(RowKind::District, "全部 / all", None, no_flyable());
            row.imaged = Amount {
                km2: Some(km2(imaged.imaged_m2)),
                ..unknown(no_flyable())
            };
            row.ages = age_answer(ages);
            return Ok(row);
        };
        let ground = Ground {
            cells: &basis.flyable_cells,
            area_m2: flyable.area_m2,
        };
        let name = flyable
            .rests_on
            .first()
            .map_or("flyable", |layer| layer.name.as_str());
        let mut row = self.row(RowKind::District, name, Some(&ground), no_flyable());
        row.imaged = imaged.flyable.map_or_else(|| unknown(no_flyable()), of_share);
        row.ages = age_answer(ages);
        Ok(row)
    }

    fn towns(&self) -> Result<Vec<CoverageRow>> {
        let basis = &self.scene.basis;
        let imaged = self.ledger.imaged(&self.query())?;
        let ages = self.ledger.ages(&self.ever(), self.until)?.towns;
        let mut rows = Vec::new();
        for (index, town) in basis.towns.iter().enumerate() {
            let figures = imaged.towns.get(index);
            let share = figures.and_then(|figures| figures.flyable);
            let cells = &self.scene.town_cells[index];
            let ground = share.map(|share| Ground {
                cells,
                area_m2: share.area_m2,
            });
            let mut row = self.row(RowKind::Town, &town.name, ground.as_ref(), no_flyable());
            row.code.clone_from(&town.code);
            row.imaged = match (share, figures) {
                (Some(share), _) => of_share(share),
                (None, Some(figures)) => Amount {
                    km2: Some(km2(figures.whole.imaged_m2)),
                    ..unknown(no_flyable())
                },
                (None, None) => unknown(no_flyable()),
            };
            row.ages = ages
                .get(index)
                .map_or_else(AgeAnswer::default, |(_, ages)| age_answer(*ages));
            rows.push(row);
        }
        Ok(rows)
    }

    fn docks(&self) -> Result<Vec<CoverageRow>> {
        let (basis, scene) = (&self.scene.basis, self.scene);
        let by_dock = self.ledger.docks(&self.query())?;
        let whole_m2 = basis.flyable.as_ref().map(|flyable| flyable.area_m2);
        let ground = whole_m2.map(|area_m2| Ground {
            cells: &basis.flyable_cells,
            area_m2,
        });
        let mut rows = Vec::new();
        for (index, dock) in basis.roster.docks.iter().enumerate() {
            let mut row = self.row(RowKind::Dock, &dock.dock_id, ground.as_ref(), no_flyable());
            row.code = Some(dock.name.clone());
            let reach = scene.reached.as_ref().map(|reached| &reached.docks[index]);
            row.reachable = seen_of(reach, ground.as_ref(), no_docks());
            let planned = scene
                .planned
                .as_ref()
                .and_then(|planned| planned.docks.get(&dock.dock_id));
            row.planned = match (&scene.planned, planned) {
                (Some(_), None) => amount(0.0, whole_m2),
                (_, planned) => seen_of(planned, ground.as_ref(), no_calendar()),
            };
            let figures = by_dock
                .iter()
                .find(|figures| figures.dock.as_deref() == Some(&dock.dock_id));
            let [imaged_m2, alone_m2] = figures.map_or([0.0; 2], |figures| {
                figures
                    .flyable_m2
                    .unwrap_or([figures.imaged_m2, figures.alone_m2])
            });
            row.imaged = amount(imaged_m2, whole_m2);
            row.alone_km2 = Some(km2(alone_m2));
            rows.push(row);
        }
        Ok(rows)
    }

    fn classes(&self) -> Result<Vec<CoverageRow>> {
        let basis = &self.scene.basis;
        let mut classes: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
        for target in &basis.targets {
            classes.entry(&target.class).or_default().push(target);
        }
        let ages = self.age_steps(!classes.is_empty())?;
        let mut rows = Vec::new();
        for (class, targets) in classes {
            let mut polygons = Vec::new();
            for target in &targets {
                polygons.extend(target_ground(target, &basis.grid)?);
            }
            let layer = ground_layer(&targets[0].layer, class, &polygons);
            let area = MeasuredArea::new(&basis.grid, basis.lattice, &layer)?;
            let cells = basis.cells(&polygons)?;
            let shares = self
                .ledger
                .imaged_in(&self.query(), std::slice::from_ref(&area))?;
            let Some(share) = shares.first().copied() else {
                continue;
            };
            let ground = Ground {
                cells: &cells,
                area_m2: share.area_m2,
            };
            let mut row = self.row(RowKind::Class, class, Some(&ground), no_flyable());
            row.imaged = of_share(share);
            row.ages = ages.ages(&cells);
            row.wished_interval_days = targets
                .iter()
                .filter_map(|target| target.wished_interval_days)
                .reduce(f64::min);
            rows.push(row);
        }
        Ok(rows)
    }

    fn corridors(&self) -> Result<Vec<CoverageRow>> {
        let basis = &self.scene.basis;
        let imaged = self.ledger.imaged_cells(&self.query())?;
        let step_m = STEP_CELLS * basis.lattice.cell_m();
        let ages = self.age_steps(
            basis
                .targets
                .iter()
                .any(|target| target.kind == LayerKind::TargetCorridor),
        )?;
        let mut rows = Vec::new();
        for target in basis
            .targets
            .iter()
            .filter(|target| target.kind == LayerKind::TargetCorridor)
        {
            let Shape::Lines(_) = &target.shape else { continue };
            let mut pieces = Vec::new();
            for (middle, length_m) in target.pieces(step_m) {
                pieces.push((basis.grid.grid_from_wgs84(middle)?, length_m));
            }
            let length_m: f64 = pieces.iter().map(|(_, length_m)| length_m).sum();
            let along = |cells: Option<&CellSet>, why: Words| match cells {
                None => unknown(why),
                Some(cells) => {
                    let seen = pieces.iter().filter(|(middle, _)| cells.contains(*middle));
                    let seen_m: f64 = seen.map(|(_, length_m)| length_m).sum();
                    Amount {
                        km: Some(rounded(seen_m / 1000.0, 3)),
                        percent: (length_m > 0.0).then(|| rounded(100.0 * seen_m / length_m, 3)),
                        ..Amount::default()
                    }
                }
            };
            let mut row = self.row(RowKind::Corridor, &target.name, None, no_flyable());
            row.code.clone_from(&target.code);
            row.length_km = Some(rounded(length_m / 1000.0, 3));
            row.reachable = along(
                self.scene.reached.as_ref().map(|reached| &reached.all),
                no_docks(),
            );
            row.planned = along(
                self.scene.planned.as_ref().map(|planned| &planned.all),
                no_calendar(),
            );
            row.imaged = along(Some(&imaged), no_flyable());
            let ground = basis.cells(&target_ground(target, &basis.grid)?)?;
            row.ages = ages.ages(&ground);
            row.wished_interval_days = target.wished_interval_days;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Sets of the ages of ground without a label; only made where there is such ground.
    fn age_steps(&self, needed: bool) -> Result<AgeSteps> {
        if needed {
            return AgeSteps::of(self.ledger, &self.ever(), self.until);
        }
        Ok(AgeSteps::default())
    }

    /// A row with what does not come from the ledger.
    fn row(&self, kind: RowKind, name: &str, ground: Option<&Ground<'_>>, why: Words) -> CoverageRow {
        let reached = self.scene.reached.as_ref().map(|reached| &reached.all);
        let planned = self.scene.planned.as_ref().map(|planned| &planned.all);
        CoverageRow {
            kind,
            name: name.to_owned(),
            code: None,
            area_km2: ground.map(|ground| km2(ground.area_m2)),
            length_km: None,
            reachable: seen_of(reached, ground, no_docks()),
            planned: seen_of(planned, ground, no_calendar()),
            imaged: unknown(why),
            ages: AgeAnswer::default(),
            alone_km2: None,
            wished_interval_days: None,
        }
    }
}

/// A piece of ground as cells, with its exact area.
struct Ground<'a> {
    cells: &'a CellSet,
    area_m2: f64,
}

/// How much of a ground lies in `seen`. Without a ground, all of `seen` and no share.
fn seen_of(seen: Option<&CellSet>, ground: Option<&Ground<'_>>, why: Words) -> Amount {
    match (seen, ground) {
        (None, _) => unknown(why),
        (Some(seen), None) => Amount {
            km2: Some(km2(seen.area_m2())),
            ..unknown(no_flyable())
        },
        (Some(seen), Some(ground)) => {
            let all = ground.cells.count();
            if all == 0 {
                return amount(0.0, Some(ground.area_m2));
            }
            let share = ground.cells.intersection(seen).count() as f64 / all as f64;
            amount(share * ground.area_m2, Some(ground.area_m2))
        }
    }
}

fn amount(seen_m2: f64, area_m2: Option<f64>) -> Amount {
    let percent = area_m2
        .filter(|area_m2| *area_m2 > 0.0)
        .map(|area_m2| rounded(100.0 * seen_m2 / area_m2, 4));
    Amount {
        km2: Some(km2(seen_m2)),
        km: None,
        percent,
        unknown: area_m2.is_none().then(no_flyable),
    }
}

fn of_share(share: Share) -> Amount {
    amount(share.imaged_m2, Some(share.area_m2))
}

fn unknown(why: Words) -> Amount {
    Amount {
        unknown: Some(why),
        ..Amount::default()
    }
}

fn km2(m2: f64) -> f64 {
    rounded(m2 / 1e6, 6)
}

/// Ages as they are said.
pub fn age_answer(ages: Ages) -> AgeAnswer {
    AgeAnswer {
        p50_days: ages.p50_days,
        p90_days: ages.p90_days,
        max_days: ages.max_days,
        never_percent: ages.never_share.map(|share| rounded(100.0 * share, 3)),
    }
}

/// The ground of a target; points and lines without a width count as [`SMALLEST_REACH_M`] around them.
///
/// # Errors
/// A target outside the working area.
pub fn target_ground(
    target: &Target,
    grid: &survey::grid::WorkingGrid,
) -> Result<Vec<survey::area::Polygon>> {
    let ground = target.ground(grid)?;
    if ground.is_empty() {
        return Ok(target.shape.grown(SMALLEST_REACH_M, grid)?);
    }
    Ok(ground)
}

fn no_flyable() -> Words {
    Words::new(
        "没有适飞图层,无法计算比例",
        "there is no flyable layer to take a share of",
    )
}

fn no_docks() -> Words {
    Words::new("没有机场清单", "there are no docks")
}

fn no_calendar() -> Words {
    Words::new("没有任务日历", "there is no calendar of missions")
}

fn nothing_of(kind: RowKind) -> Words {
    match kind {
        RowKind::District => no_flyable(),
        RowKind::Town => Words::new("没有街镇图层", "there is no layer of towns"),
        RowKind::Dock => no_docks(),
        RowKind::Class => Words::new("没有目标图层", "there is no layer of targets"),
        RowKind::Corridor => Words::new("没有线状目标(河道、海塘)图层", "there is no layer of corridors"),
    }
}
