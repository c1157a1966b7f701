//! The three numbers of the whole, of towns and docks; `area_rows` has those of districts, target classes and corridors.

use anyhow::Result;
use survey::cells::CellSet;
use survey::layers::LayerKind;
use survey::ledger::{Ages, Ledger, LedgerQuery, Share};
use survey::targets::Target;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::answer::{
    AgeAnswer, Amount, AsKnownThen, CoverageFigures, CoverageRow, CoverageSetting, CoverageTable, Goal,
    RowKind,
};
use crate::coverage::scene::Scene;
use crate::lang::Words;

/// Points and lines without a width of their own are ground so far around them, m.
pub const SMALLEST_REACH_M: f64 = 10.0;

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
    /// Whether only what was known then counts.
    pub as_known_then: bool,
    /// Which parts of that are of then, and which of today.
    pub known_then: Option<AsKnownThen>,
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
        let sharp = LedgerQuery {
            until: None,
            ..self.ever()
        };
        let photos = self.ledger.days_of_photos(&sharp)?;
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
            known_then: self.known_then.clone(),
            photos: photos
                .range(self.since..=self.until)
                .map(|(_, photos)| photos)
                .sum(),
            newest_photo: photos.last_key_value().map(|(day, _)| day.to_string()),
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
            RowKind::District => {
                let mut rows = vec![self.whole()?];
                rows.extend(self.districts()?);
                (rows, &[LayerKind::District])
            }
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

    /// A row with what does not come from the ledger.
    pub(super) fn row(
        &self,
        kind: RowKind,
        name: &str,
        ground: Option<&Ground<'_>>,
        why: Words,
    ) -> CoverageRow {
        let reached = self.scene.reached.as_ref().map(|reached| &reached.all);
        let planned = self.scene.planned.as_ref().map(|planned| &planned.all);
        CoverageRow {
            kind,
            name: name.to_owned(),
            code: None,
            area_km2: ground.map(|ground| km2(ground.area_m2)),
            flyable_percent: None,
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
pub(super) struct Ground<'a> {
    pub cells: &'a CellSet,
    pub area_m2: f64,
}

/// How much of a ground lies in `seen`. Without a ground, all of `seen` and no share.
pub(super) fn seen_of(seen: Option<&CellSet>, ground: Option<&Ground<'_>>, why: Words) -> Amount {
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

pub(super) fn of_share(share: Share) -> Amount {
    amount(share.imaged_m2, Some(share.area_m2))
}

pub(super) fn unknown(why: Words) -> Amount {
    Amount {
        unknown: Some(why),
        ..Amount::default()
    }
}

pub(super) fn km2(m2: f64) -> f64 {
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

pub(super) fn no_flyable() -> Words {
    Words::new(
        "没有适飞图层,无法计算比例",
        "there is no flyable layer to take a share of",
    )
}

pub(super) fn no_docks() -> Words {
    Words::new("没有机场清单", "there are no docks")
}

pub(super) fn no_calendar() -> Words {
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
