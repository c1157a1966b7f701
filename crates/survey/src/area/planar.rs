//! Areas on the working grid: union of polygons, corrected for the grid's areal scale.

use geo::{LineString, MultiPolygon, Polygon as GridPolygon};

use super::Polygon;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, WorkingGrid};

/// A polygon with its rings in grid m, winding kept.
pub(super) fn on_grid(polygon: &Polygon, grid: &WorkingGrid) -> Result<GridPolygon, GridError> {
    let ring = |points: &[Wgs84]| -> Result<LineString, GridError> {
        points
            .iter()
            .map(|point| {
                grid.grid_from_wgs84(*point)
                    .map(|at| (at.easting_m, at.northing_m))
            })
            .collect()
    };
    let holes = polygon
        .holes
        .iter()
        .map(|hole| ring(hole))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(GridPolygon::new(ring(&polygon.exterior)?, holes))
}

/// True area of the union, m². The areal scale is 1 + E²/R² up to fourth order, so that the correction is
/// the second moment about the central meridian, which a polygon has in closed form.
pub(super) fn true_area_m2(parts: &[GridPolygon], radius_m: f64) -> f64 {
    let union = match parts {
        [one] => MultiPolygon::new(vec![one.clone()]),
        many => geo::unary_union(many),
    };
    union.iter().map(|part| polygon_area(part, radius_m)).sum()
}

fn polygon_area(part: &GridPolygon, radius_m: f64) -> f64 {
    let holes: f64 = part
        .interiors()
        .iter()
        .map(|hole| ring_area(hole, radius_m))
        .sum();
    ring_area(part.exterior(), radius_m) - holes
}

/// |∬ (1 − E²/R²) dA| of one ring (Green's theorem, coordinates about the first vertex's northing).
fn ring_area(ring: &LineString, radius_m: f64) -> f64 {
    let Some(first) = ring.0.first() else {
        return 0.0;
    };
    let (mut area, mut moment) = (0.0, 0.0);
    for edge in ring.lines() {
        let (x0, y0) = (edge.start.x, edge.start.y - first.y);
        let (x1, y1) = (edge.end.x, edge.end.y - first.y);
        let cross = x0 * y1 - x1 * y0;
        area += cross / 2.0;
        moment += cross * (x0 * x0 + x0 * x1 + x1 * x1) / 12.0;
    }
    (area - moment / (radius_m * radius_m)).abs()
}
