//! The imaged number once more by exact polygons, and how far the ledger's cells are from it.

use anyhow::{Context, Result};
use survey::exact_cover::{ExactCover, exact_cover};
use survey::grid::GridPoint;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::answer::{Audit, AuditRow};
use crate::coverage::desk::{Asked, Desk};
use crate::coverage::figures::Figures;
use crate::coverage::keep::{OnEntered, hidden, rings};
use crate::lang::Words;

/// Rows read at once.
const PAGE: u32 = 4000;

/// Footprints as rings on the grid.
type Footprints = Vec<Vec<Vec<GridPoint>>>;

/// Recomputes the imaged share of the flyable ground and of its part in each town.
///
/// # Errors
/// No flyable layer; the database.
pub async fn audit(desk: &Desk, asked: Asked, on_entered: OnEntered<'_>) -> Result<Option<Audit>> {
    let facts = desk.ask(asked, on_entered, |figures, _| {
        let window = (figures.since, figures.until, figures.max_gsd_cm);
        Ok((figures.scene.basis.grid.clone(), window))
    });
    let Some((grid, window)) = facts.await? else {
        return Ok(None);
    };
    let known = match asked.as_known_then {
        true => Some(desk.known_then(window.1).await?),
        false => None,
    };
    let (mut footprints, mut after): (Footprints, String) = (Vec::new(), String::new());
    loop {
        let rows = desk
            .workplace()
            .store
            .ledger_rows(&after, PAGE, known.as_ref())
            .await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.photo_id);
        let counts = |day: CivilDay, gsd_cm: f64| day >= window.0 && day <= window.1 && gsd_cm <= window.2;
        for row in rows.iter().filter(|row| counts(row.civil_day, row.gsd_cm)) {
            let unreadable = || format!("the footprint of {} cannot be read", row.photo_id);
            let on_grid = |ring: &Vec<_>| {
                ring.iter()
                    .map(|point| grid.grid_from_wgs84(*point))
                    .collect::<Result<_, _>>()
            };
            let outline = rings(&row.outline_json).with_context(unreadable)?;
            let parts = match (hidden(row).with_context(unreadable)?, outline.first()) {
                (Some(hidden), Some(whole)) => {
                    let seen = hidden.seen_polygons(whole).into_iter();
                    seen.map(|part| std::iter::once(part.exterior).chain(part.holes).collect())
                        .collect()
                }
                _ => vec![outline],
            };
            for part in parts {
                let on_grid: Result<Vec<Vec<GridPoint>>, _> = part.iter().map(on_grid).collect();
                footprints.push(on_grid.with_context(unreadable)?);
            }
        }
    }
    desk.ask(asked, on_entered, |figures, _| held_against(figures, &footprints))
        .await
}

fn held_against(figures: &Figures<'_>, footprints: &Footprints) -> Result<Audit> {
    let basis = &figures.scene.basis;
    let flyable = basis
        .flyable
        .as_ref()
        .context("without a flyable layer there is no share to audit")?;
    let towns: Vec<_> = basis.towns.iter().map(|town| town.polygons.clone()).collect();
    let exact = exact_cover(&basis.grid, footprints, &flyable.polygons, &towns)?;
    let imaged = figures.ledger.imaged(&figures.query())?;
    let whole_name = flyable
        .rests_on
        .first()
        .map_or("flyable", |layer| layer.name.as_str());
    let whole = (whole_name, imaged.flyable);
    let of_towns = imaged.towns.iter().map(|town| (town.name.as_str(), town.flyable));
    let mut rows = Vec::new();
    for ((name, share), exact) in std::iter::once(whole).chain(of_towns).zip(&exact) {
        rows.extend(row(name, share.and_then(survey::ledger::Share::percent), exact));
    }
    let largest = rows
        .iter()
        .map(|row| row.difference_points.abs())
        .fold(0.0, f64::max);
    Ok(Audit {
        largest_difference_points: rounded(largest, 6),
        rows,
        footprints: footprints.len() as u64,
        method: Words::new(
            format!(
                "核算:照片范围精确求并后与适飞区域、街镇多边形求交,对照 {} m 格网台账",
                basis.lattice.cell_m()
            ),
            format!(
                "audit: footprints united exactly and cut with the polygons of flyable ground and towns, against the ledger's cells of {} m",
                basis.lattice.cell_m()
            ),
        ),
    })
}

fn row(name: &str, ledger_percent: Option<f64>, exact: &ExactCover) -> Option<AuditRow> {
    let (exact_percent, ledger_percent) = exact.percent().zip(ledger_percent)?;
    Some(AuditRow {
        name: name.to_owned(),
        exact_percent: rounded(exact_percent, 6),
        ledger_percent: rounded(ledger_percent, 6),
        difference_points: rounded(ledger_percent - exact_percent, 6),
    })
}
