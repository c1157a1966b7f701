//! Rows of ground that the ledger has no labels for: districts, target classes, and corridors by their length.

use std::collections::BTreeMap;

use anyhow::Result;
use survey::area::Polygon;
use survey::cells::CellSet;
use survey::grid::GridPoint;
use survey::layers::{LayerKind, LayerRef, Shape, shared_ground};
use survey::ledger::MeasuredArea;
use survey::targets::Target;

use crate::answers::place::rounded;
use crate::coverage::answer::{Amount, CoverageRow, RowKind};
use crate::coverage::basis::ground_layer;
use crate::coverage::figures::{
    Figures, Ground, age_answer, no_calendar, no_docks, no_flyable, of_share, seen_of, target_ground, unknown,
};
use crate::lang::Words;

/// Corridors are looked at in steps of this many cells.
const STEP_CELLS: f64 = 0.5;

/// Ground to ask about.
struct AskedGround<'a> {
    kind: RowKind,
    name: &'a str,
    polygons: &'a [Polygon],
    layer: &'a LayerRef,
}

/// The pieces of a corridor: the middle of each and its length, m.
type Pieces = Vec<(GridPoint, f64)>;

impl Figures<'_> {
    /// The flyable ground of each district that a layer names; all of its ground where no layer says what is flyable.
    pub(super) fn districts(&self) -> Result<Vec<CoverageRow>> {
        let basis = &self.scene.basis;
        let mut rows = Vec::new();
        for district in &basis.districts {
            let polygons = match &basis.flyable {
                Some(flyable) => shared_ground(&district.polygons, &flyable.polygons, &basis.grid)?,
                None => district.polygons.clone(),
            };
            let mut row = self.ground_row(&AskedGround {
                kind: RowKind::District,
                name: &district.name,
                polygons: &polygons,
                layer: &district.layer,
            })?;
            row.flyable_percent = None;
            row.code.clone_from(&district.code);
            rows.push(row);
        }
        Ok(rows)
    }

    pub(super) fn classes(&self) -> Result<Vec<CoverageRow>> {
        let basis = &self.scene.basis;
        let mut classes: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
        for target in &basis.targets {
            classes.entry(&target.class).or_default().push(target);
        }
        let mut rows = Vec::new();
        for (class, targets) in classes {
            let mut polygons = Vec::new();
            for target in &targets {
                polygons.extend(target_ground(target, &basis.grid)?);
            }
            let mut row = self.ground_row(&AskedGround {
                kind: RowKind::Class,
                name: class,
                polygons: &polygons,
                layer: &targets[0].layer,
            })?;
            let wished = targets.iter().filter_map(|target| target.wished_interval_days);
            row.wished_interval_days = wished.reduce(f64::min);
            rows.push(row);
        }
        Ok(rows)
    }

    pub(super) fn corridors(&self) -> Result<Vec<CoverageRow>> {
        let targets = self.scene.basis.targets.iter();
        let corridors = targets.filter(|target| target.kind == LayerKind::TargetCorridor);
        let imaged = self.ledger.imaged_cells(&self.query())?;
        corridors
            .map(|target| {
                let mut row = match &target.shape {
                    Shape::Lines(_) => self.line_row(target, &imaged)?,
                    // A corridor that is drawn as an area has no length.
                    Shape::Areas(_) | Shape::Points(_) => self.ground_row(&AskedGround {
                        kind: RowKind::Corridor,
                        name: &target.name,
                        polygons: &target_ground(target, &self.scene.basis.grid)?,
                        layer: &target.layer,
                    })?,
                };
                row.code.clone_from(&target.code);
                row.wished_interval_days = target.wished_interval_days;
                Ok(row)
            })
            .collect()
    }

    /// Shares of all of a ground, flyable or not; reachable is what of it is flyable, too.
    fn ground_row(&self, asked: &AskedGround<'_>) -> Result<CoverageRow> {
        let basis = &self.scene.basis;
        let layer = ground_layer(asked.layer, asked.name, asked.polygons);
        let area = MeasuredArea::new(&basis.grid, basis.lattice, &layer)?;
        let areas = std::slice::from_ref(&area);
        let shares = self.ledger.imaged_in(&self.query(), areas)?;
        let ages = self.ledger.ages_in(&self.ever(), self.until, areas)?;
        let ground = Ground {
            cells: area.cells(),
            area_m2: area.area_m2(),
        };
        let mut row = self.row(asked.kind, asked.name, Some(&ground), no_flyable());
        let reached = self.flown_and_reached();
        row.reachable = seen_of(reached.as_ref(), Some(&ground), no_docks());
        row.flyable_percent = basis.flyable.as_ref().and_then(|_| {
            let flyable = seen_of(Some(&basis.flyable_cells), Some(&ground), no_flyable());
            flyable.percent
        });
        row.imaged = shares
            .first()
            .map_or_else(|| unknown(no_flyable()), |share| of_share(*share));
        row.ages = ages.first().copied().map(age_answer).unwrap_or_default();
        Ok(row)
    }

    /// Shares of the length of a corridor that is a line.
    fn line_row(&self, target: &Target, imaged: &CellSet) -> Result<CoverageRow> {
        let (basis, scene) = (&self.scene.basis, self.scene);
        let mut pieces: Pieces = Vec::new();
        for (middle, length_m) in target.pieces(STEP_CELLS * basis.lattice.cell_m()) {
            pieces.push((basis.grid.grid_from_wgs84(middle)?, length_m));
        }
        let mut row = self.row(RowKind::Corridor, &target.name, None, no_flyable());
        let length_m: f64 = pieces.iter().map(|(_, length_m)| length_m).sum();
        row.length_km = Some(rounded(length_m / 1000.0, 3));
        row.reachable = along(&pieces, self.flown_and_reached().as_ref(), no_docks());
        let planned = scene.planned.as_ref().map(|planned| &planned.all);
        row.planned = along(&pieces, planned, no_calendar());
        row.imaged = along(&pieces, Some(imaged), no_flyable());
        let flyable = basis.flyable.is_some().then_some(&basis.flyable_cells);
        row.flyable_percent = along(&pieces, flyable, no_flyable()).percent;
        row.ages = age_answer(self.ledger.ages_along(&self.ever(), self.until, &pieces)?);
        Ok(row)
    }

    /// What docks reach of the flyable ground: of all ground where no layer says what is flyable. `None` without docks.
    fn flown_and_reached(&self) -> Option<CellSet> {
        let (basis, reached) = (&self.scene.basis, self.scene.reached.as_ref()?);
        Some(match basis.flyable {
            Some(_) => reached.all.intersection(&basis.flyable_cells),
            None => reached.all.clone(),
        })
    }
}

/// The length of the pieces whose middles lie in `cells`; in words why it is not known.
fn along(pieces: &Pieces, cells: Option<&CellSet>, why: Words) -> Amount {
    let Some(cells) = cells else {
        return unknown(why);
    };
    let length_m: f64 = pieces.iter().map(|(_, length_m)| length_m).sum();
    let seen = pieces.iter().filter(|(middle, _)| cells.contains(*middle));
    let seen_m: f64 = seen.map(|(_, length_m)| length_m).sum();
    Amount {
        km: Some(rounded(seen_m / 1000.0, 3)),
        percent: (length_m > 0.0).then(|| rounded(100.0 * seen_m / length_m, 3)),
        ..Amount::default()
    }
}
