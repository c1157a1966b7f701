//! Two numbers that need no photo: what the docks can reach, and what the sorties of a day were planned to see;
//! and how much of the plan was really seen. Never in place of the imaged number.

use anyhow::Result;
use serde::Serialize;
use store::flights::{FlightRow, ShotRow};
use survey::coverage::{CoverageQuery, Ledger};
use survey::footprint::footprint;
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::grid::WorkingGrid;
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};
use survey::time::CivilDay;
use utoipa::ToSchema;

use crate::answers::place::{outline, rounded};
use crate::config::roster::Roster;
use crate::workplace::Workplace;

/// Reachable and planned ground.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReachAnswer {
    /// Ground within `reach_m` of a dock, km². A disc round each dock: no wind, no detours, no airspace.
    pub reachable_km2: f64,
    /// Radius of the discs, metres.
    pub reach_m: f64,
    /// Ground that the planned photos of the flights show, km².
    pub planned_km2: f64,
    /// Planned ground that was imaged, km².
    pub planned_imaged_km2: f64,
    /// Share of the planned ground that was imaged.
    pub planned_imaged_percent: Option<f64>,
}

/// Cells of the reach: discs of kilometres need no finer ones, metres.
const REACH_CELL_M: f64 = 20.0;
/// Corners of a disc; 180 lose 0.02 % of its area.
const DISC_CORNERS: u32 = 180;

/// Computes the answer for `flights`.
///
/// # Errors
/// Docks outside the working area, rows that cannot be read.
pub async fn reach(
    workplace: &Workplace,
    roster: &Roster,
    flights: &[FlightRow],
) -> Result<Option<ReachAnswer>> {
    let Some(first) = roster.docks.first() else {
        return Ok(None);
    };
    let grid = match workplace.working_grid().await? {
        Some(grid) => grid,
        None => WorkingGrid::centred(first.position)?,
    };
    let settings = &workplace.config.settings;
    let mut planned = Vec::new();
    for flight in flights {
        let shots = workplace.store.shots(&flight.sortie_id).await?;
        planned.extend(planned_outlines(roster, &shots));
    }
    let rows = workplace
        .store
        .footprints(&store::ground::FootprintQuery {
            since: None,
            until: None,
            max_gsd_cm: Some(settings.max_gsd_cm),
        })
        .await?;
    let (reach_m, cell_m) = (settings.fleet.reach_m, settings.cell_m);
    tokio::task::block_in_place(|| {
        let discs: Vec<Vec<Wgs84>> = roster
            .docks
            .iter()
            .map(|dock| disc(dock.position, reach_m))
            .collect();
        let imaged = rows.iter().map(outline).collect::<Result<Vec<_>>>()?;
        let area = |outlines: &[&[Vec<Wgs84>]], cell_m| area_km2(grid.clone(), outlines, cell_m);
        let planned_km2 = area(&[&planned], cell_m)?;
        // |A ∩ B| = |A| + |B| − |A ∪ B|, on the same cells.
        let planned_imaged_km2 =
            planned_km2 + area(&[&imaged], cell_m)? - area(&[&planned, &imaged], cell_m)?;
        Ok(Some(ReachAnswer {
            reachable_km2: rounded(area(&[&discs], REACH_CELL_M)?, 3),
            reach_m,
            planned_km2: rounded(planned_km2, 6),
            planned_imaged_km2: rounded(planned_imaged_km2, 6),
            planned_imaged_percent: (planned_km2 > 0.0)
                .then(|| rounded(100.0 * planned_imaged_km2 / planned_km2, 2)),
        }))
    })
}

/// What the planned photos show: straight down, the top of the picture along the flight.
fn planned_outlines(roster: &Roster, shots: &[ShotRow]) -> Vec<Vec<Wgs84>> {
    let places: Vec<(Wgs84, f64)> = shots
        .iter()
        .filter_map(|shot| {
            let position = Wgs84::new(shot.planned_latitude_deg?, shot.planned_longitude_deg?).ok()?;
            Some((position, shot.planned_height_above_home_m?))
        })
        .collect();
    let mut outlines = Vec::new();
    for (index, (position, height_m)) in places.iter().enumerate() {
        let ahead = places
            .get(index + 1)
            .or_else(|| index.checked_sub(1).and_then(|before| places.get(before)));
        let Some((ahead, _)) = ahead else { continue };
        let [east_m, north_m] = LocalTangent::at(*position).enu_from_wgs84(*ahead);
        let pose = Pose {
            position: *position,
            altitude_agl_m: AltitudeAglM(*height_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude {
                yaw_rad: east_m.atan2(north_m),
                pitch_rad: -std::f64::consts::FRAC_PI_2,
                roll_rad: 0.0,
            },
            sigmas: PoseSigmas::consumer_gnss(),
        };
        // A height at or below the ground shows nothing.
        if let Ok(shown) = footprint(&pose, &roster.camera) {
            outlines.push(shown.outline);
        }
    }
    outlines
}

fn disc(centre: Wgs84, radius_m: f64) -> Vec<Wgs84> {
    let plane = LocalTangent::at(centre);
    (0..DISC_CORNERS)
        .map(|corner| {
            let angle_rad = std::f64::consts::TAU * f64::from(corner) / f64::from(DISC_CORNERS);
            plane.wgs84_from_enu(radius_m * angle_rad.cos(), radius_m * angle_rad.sin())
        })
        .collect()
}

fn area_km2(grid: WorkingGrid, outlines: &[&[Vec<Wgs84>]], cell_m: f64) -> Result<f64> {
    let mut ledger = Ledger::new(grid, cell_m)?;
    for outline in outlines.iter().copied().flatten() {
        ledger.enter(outline, CivilDay(0), 1.0)?;
    }
    Ok(ledger.imaged(&CoverageQuery::default())?.imaged_total_km2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_has_the_area_of_its_circle() {
        let centre = Wgs84::new(31.2, 121.6).unwrap();
        let grid = WorkingGrid::centred(centre).unwrap();
        let area = area_km2(grid, &[&[disc(centre, 1000.0)]], 5.0).unwrap();
        assert!((area - std::f64::consts::PI).abs() < 0.005, "{area}");
    }
}
