//! Two numbers that need no photo: what the docks can reach, and what the sorties of a day were planned to see;
//! and how much of the plan was really seen. Never in place of the imaged number.

use anyhow::Result;
use serde::Serialize;
use store::flights::{FlightRow, ShotRow};
use survey::cells::CellSet;
use survey::geodesy::Wgs84;
use survey::grid::GridError;
use survey::raster::Lattice;
use survey::reach::{FleetReach, FreeSpace};
use utoipa::ToSchema;

use crate::answers::place::{outline, rounded};
use crate::clock;
use crate::config::roster::Roster;
use crate::coverage::basis::Basis;
use crate::coverage::planned::planned_outlines;
use crate::lang::Words;
use crate::workplace::Workplace;

/// Reachable and planned ground.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReachAnswer {
    /// Ground that a dock's vehicle gets to, can work over and comes back from, km².
    pub reachable_km2: f64,
    /// By which parameters.
    pub reach: Words,
    /// No-fly areas that ways go round.
    pub no_fly_areas: usize,
    /// Ground that the planned photos of the flights show, km².
    pub planned_km2: f64,
    /// Planned ground that was imaged, km².
    pub planned_imaged_km2: f64,
    /// Share of the planned ground that was imaged.
    pub planned_imaged_percent: Option<f64>,
}

/// Cells of the reach: kilometres need no finer ones, metres.
const REACH_CELL_M: f64 = 20.0;

/// Computes the answer for `flights`.
///
/// # Errors
/// Docks outside the working area, rows and layers that cannot be read.
pub async fn reach(
    workplace: &Workplace,
    roster: &Roster,
    flights: &[FlightRow],
) -> Result<Option<ReachAnswer>> {
    if roster.docks.is_empty() {
        return Ok(None);
    }
    let settings = &workplace.config.settings;
    let today = workplace.zone.civil_day(clock::now());
    let Some(basis) = Basis::of(workplace, today, None, settings.cell_m).await? else {
        return Ok(None);
    };
    let mut planned = Vec::new();
    for flight in flights {
        let shots = workplace.store.shots(&flight.sortie_id).await?;
        planned.extend(planned_outlines(roster, &planned_places(&shots)));
    }
    let rows = workplace
        .store
        .footprints(&store::ground::FootprintQuery {
            since: None,
            until: None,
            max_gsd_cm: Some(settings.max_gsd_cm),
        })
        .await?;
    tokio::task::block_in_place(|| {
        let space = FreeSpace::new(basis.grid.clone(), &basis.closed, 0.0, None)?;
        let docks: Vec<Wgs84> = roster.docks.iter().map(|dock| dock.position).collect();
        let reached = FleetReach::of(&docks, &settings.reach.rule, &space, Lattice::new(REACH_CELL_M))?;
        let imaged = rows.iter().map(outline).collect::<Result<Vec<_>>>()?;
        let planned = shown_by(&basis, &planned)?;
        let planned_imaged = planned.intersection(&shown_by(&basis, &imaged)?);
        let (planned_km2, planned_imaged_km2) = (planned.area_m2() / 1e6, planned_imaged.area_m2() / 1e6);
        Ok(Some(ReachAnswer {
            reachable_km2: rounded(reached.union.area_m2() / 1e6, 3),
            reach: settings.reach.words(),
            no_fly_areas: basis.closed.len(),
            planned_km2: rounded(planned_km2, 6),
            planned_imaged_km2: rounded(planned_imaged_km2, 6),
            planned_imaged_percent: (planned_km2 > 0.0)
                .then(|| rounded(100.0 * planned_imaged_km2 / planned_km2, 2)),
        }))
    })
}

/// The ground within any of the outlines.
fn shown_by(basis: &Basis, outlines: &[Vec<Wgs84>]) -> Result<CellSet, GridError> {
    let mut cells = CellSet::empty(basis.grid.clone(), basis.lattice);
    for outline in outlines {
        let ring = cells.ring_on_grid(outline)?;
        cells.paint(&[ring]);
    }
    Ok(cells)
}

/// Where photos were planned, and how high above the dock.
fn planned_places(shots: &[ShotRow]) -> Vec<(Wgs84, f64)> {
    shots
        .iter()
        .filter_map(|shot| {
            let position = Wgs84::new(shot.planned_latitude_deg?, shot.planned_longitude_deg?).ok()?;
            Some((position, shot.planned_height_above_home_m?))
        })
        .collect()
}
