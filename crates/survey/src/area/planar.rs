//! Polygons on the working grid: there and back, union, true area.

use geo::{LineString, MultiPolygon, Polygon as GridPolygon};

use super::Polygon;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};

/// A polygon with its rings in grid m, winding kept.
pub(crate) fn on_grid(polygon: &Polygon, grid: &WorkingGrid) -> Result<GridPolygon, GridError> {
    let holes = polygon
        .holes
        .iter()
        .map(|hole| line_on_grid(hole, grid))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(GridPolygon::new(line_on_grid(&polygon.exterior, grid)?, holes))
}

/// A line in grid m.
pub(crate) fn line_on_grid(points: &[Wgs84], grid: &WorkingGrid) -> Result<LineString, GridError> {
    points
        .iter()
        .map(|point| {
            grid.grid_from_wgs84(*point)
                .map(|at| (at.easting_m, at.northing_m))
        })
        .collect()
}

/// The ground that any of the polygons covers, in grid m.
pub(crate) fn union_on_grid(polygons: &[Polygon], grid: &WorkingGrid) -> Result<MultiPolygon, GridError> {
    let parts = polygons
        .iter()
        .map(|polygon| on_grid(polygon, grid))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(geo::unary_union(&parts))
}

/// Polygons of the working grid as places: outer rings counter-clockwise, holes clockwise, first points not repeated.
pub(crate) fn polygons_from_grid(
    ground: &MultiPolygon,
    grid: &WorkingGrid,
) -> Result<Vec<Polygon>, GridError> {
    let ring = |line: &LineString, outer: bool| -> Result<Vec<Wgs84>, GridError> {
        let mut points = line
            .0
            .iter()
            .map(|at| {
                grid.wgs84_from_grid(GridPoint {
                    easting_m: at.x,
                    northing_m: at.y,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if points.len() > 1 && line.0.first() == line.0.last() {
            points.pop();
        }
        if (super::crossing::signed_area(&points) > 0.0) != outer {
            points.reverse();
        }
        Ok(points)
    };
    let polygon = |part: &GridPolygon| -> Result<Polygon, GridError> {
        Ok(Polygon {
            exterior: ring(part.exterior(), true)?,
            holes: part
                .interiors()
                .iter()
                .map(|hole| ring(hole, false))
                .collect::<Result<_, _>>()?,
        })
    };
    ground.iter().map(polygon).collect()
}

/// True area of the union, m². The areal scale is 1 + E²/R² up to fourth order, so that the correction is
/// the second moment about the central meridian, which a polygon has in closed form.
pub(super) fn true_area_m2(parts: &[GridPolygon], radius_m: f64) -> f64 {
    let union = match parts {
        [one] => MultiPolygon::new(vec![one.clone()]),
        many => geo::unary_union(many),
    };
    true_area_of_union_m2(&union, radius_m)
}

/// True area, m², of parts that do not overlap.
pub(crate) fn true_area_of_union_m2(union: &MultiPolygon, radius_m: f64) -> f64 {
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
