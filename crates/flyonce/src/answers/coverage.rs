//! The imaged number (实拍覆盖): how much ground was photographed sharply enough in a window of days, and how
//! much of the flyable layer that is, with everything the figure rests on.

use anyhow::Result;
use serde::Serialize;
use store::ground::FootprintQuery;
use store::rows::FootprintRow;
use survey::area::Layer;
use survey::coverage::{CoverageQuery, Ledger};
use survey::grid::{GridDefinition, WorkingGrid};
use survey::time::CivilDay;
use utoipa::ToSchema;

use crate::answers::place::{hidden, outline, rounded};
use crate::workplace::Workplace;

/// What the figure is asked for.
#[derive(Debug, Clone, Copy)]
pub struct CoverageRequest {
    /// First civil day that counts.
    pub since: Option<CivilDay>,
    /// Last civil day that counts.
    pub until: Option<CivilDay>,
    /// Coarsest ground sampling distance at the photo's centre that counts, cm per pixel.
    pub max_gsd_cm: f64,
    /// Side of a ground cell, metres.
    pub cell_m: f64,
}

/// The figure and its parameters.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoverageAnswer {
    /// Imaged ground inside the layer (everywhere, if there is no layer), km².
    pub imaged_km2: f64,
    /// Imaged ground inside or outside the layer, km².
    pub imaged_total_km2: f64,
    /// The layer the percentage is taken of.
    pub layer: Option<LayerAnswer>,
    /// Imaged share of the layer.
    pub percent: Option<f64>,
    /// Photos that count.
    pub photos_counted: u64,
    /// Photos in the data folder that cannot count: no usable pose, no time, cut short or too far away.
    pub photos_without_pose: u64,
    /// Side of a ground cell, metres.
    pub cell_m: f64,
    /// Grid the cells lie on; absent as long as no photo has a pose.
    #[schema(value_type = Option<Object>)]
    pub grid: Option<GridDefinition>,
    /// The window and limit.
    pub parameters: CoverageParameters,
}

/// Who the layer is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LayerAnswer {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Datum its file is on.
    pub datum: String,
    /// Area, km².
    pub area_km2: f64,
    /// Who made it.
    pub source: String,
}

/// Window and limit of a figure.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoverageParameters {
    /// First civil day.
    pub since: Option<String>,
    /// Last civil day.
    pub until: Option<String>,
    /// Zone of the civil days.
    pub time_zone: String,
    /// Coarsest GSD, cm per pixel.
    pub max_gsd_cm: f64,
}

/// Computes the figure from the footprint rows.
///
/// # Errors
/// A window that ends before it begins, a layer outside the working area, rows that cannot be read.
pub async fn coverage(
    workplace: &Workplace,
    request: &CoverageRequest,
    layer: Option<&Layer>,
) -> Result<CoverageAnswer> {
    if let (Some(since), Some(until)) = (request.since, request.until) {
        anyhow::ensure!(
            since <= until,
            "the window ends ({until}) before it begins ({since})"
        );
    }
    let counts = workplace.store.counts().await?;
    let parameters = CoverageParameters {
        since: request.since.map(|day| day.to_string()),
        until: request.until.map(|day| day.to_string()),
        time_zone: workplace.config.settings.time_zone.clone(),
        max_gsd_cm: request.max_gsd_cm,
    };
    let mut answer = CoverageAnswer {
        imaged_km2: 0.0,
        imaged_total_km2: 0.0,
        layer: None,
        percent: None,
        photos_counted: 0,
        photos_without_pose: counts.photos_without_footprint,
        cell_m: request.cell_m,
        grid: None,
        parameters,
    };
    let Some(grid) = grid_for(workplace, layer).await? else {
        return Ok(answer);
    };
    let footprints = FootprintQuery {
        since: request.since,
        until: request.until,
        max_gsd_cm: Some(request.max_gsd_cm),
    };
    let rows = workplace.store.footprints(&footprints).await?;
    // Painting cells is arithmetic for up to seconds: other requests go on meanwhile.
    let (definition, figure) = tokio::task::block_in_place(|| -> Result<_> {
        let ledger = ledger_of(&rows, grid, request.cell_m)?;
        // Window and limit were applied to the rows, exactly; the ledger's own classes would round the limit down.
        let query = CoverageQuery {
            layer,
            ..CoverageQuery::default()
        };
        Ok((ledger.grid().definition(), ledger.imaged(&query)?))
    })?;
    answer.imaged_km2 = rounded(figure.imaged_km2, 6);
    answer.imaged_total_km2 = rounded(figure.imaged_total_km2, 6);
    answer.percent = figure.percent.map(|percent| rounded(percent, 4));
    answer.photos_counted = rows.len() as u64;
    answer.grid = Some(definition);
    answer.layer = layer.zip(figure.layer_km2).map(|(layer, area_km2)| LayerAnswer {
        name: layer.name.clone(),
        version: layer.version.clone(),
        datum: layer.datum.to_string(),
        area_km2: rounded(area_km2, 6),
        source: layer.source.clone(),
    });
    Ok(answer)
}

/// The data folder's grid; before any photo has a pose, one around the layer, so that its area can be told.
async fn grid_for(workplace: &Workplace, layer: Option<&Layer>) -> Result<Option<WorkingGrid>> {
    if let Some(grid) = workplace.working_grid().await? {
        return Ok(Some(grid));
    }
    let corner = layer.and_then(|layer| layer.polygons.first()?.exterior.first());
    Ok(corner.map(|corner| WorkingGrid::centred(*corner)).transpose()?)
}

fn ledger_of(rows: &[FootprintRow], grid: WorkingGrid, cell_m: f64) -> Result<Ledger> {
    let mut ledger = Ledger::new(grid, cell_m)?;
    for row in rows {
        let outline = outline(row)?;
        let hidden = hidden(row)?;
        let seen = (&outline[..], hidden.as_ref());
        ledger.enter_seen(seen, row.footprint.civil_day, row.footprint.gsd_cm)?;
    }
    Ok(ledger)
}
