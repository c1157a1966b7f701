//! Objects that are not flown over: each feature with its margin, closed for good or for a time.

use geo::{Intersects, Point};

use super::{AirspaceError, ClosedTime, NoFlyZone};
use crate::area::planar;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, WorkingGrid};
use crate::layers::properties::{FROM, Field, MARGIN_M, UNTIL};
use crate::layers::{FeatureLayer, LayerFeature, LayerKind, Shape};
use crate::time::UtcMicros;

/// Widest margin that is believed, m.
const WIDEST_MARGIN_M: f64 = 50_000.0;

/// The closed ground of a layer of kind [`LayerKind::NoFly`] or [`LayerKind::Temporary`]. Every feature states its
/// `margin_m`; 0 is a margin too, but only for areas. A temporary area may state `from` and `until` (RFC 3339).
///
/// # Errors
/// [`AirspaceError`]: a margin or time that is missing or cannot be meant, a place outside the working area.
pub fn no_fly_zones(layer: &FeatureLayer, grid: &WorkingGrid) -> Result<Vec<NoFlyZone>, AirspaceError> {
    let features = layer.features.iter().enumerate();
    features.map(|at| zone(layer, at, grid)).collect()
}

fn zone(
    layer: &FeatureLayer,
    at: (usize, &LayerFeature),
    grid: &WorkingGrid,
) -> Result<NoFlyZone, AirspaceError> {
    let margin_m = margin_of(at)?;
    let closed = match layer.record.kind {
        LayerKind::Temporary => Some(closed_time(at)?),
        _ => None,
    };
    Ok(NoFlyZone {
        name: at.1.name.clone().unwrap_or_default(),
        polygons: at.1.shape.grown(margin_m, grid)?,
        margin_m,
        closed,
        layer: layer.layer_ref(),
    })
}

fn margin_of(at: (usize, &LayerFeature)) -> Result<f64, AirspaceError> {
    let margin = MARGIN_M.number(at, 0.0..=WIDEST_MARGIN_M)?;
    let is_area = matches!(at.1.shape, Shape::Areas(_));
    match margin {
        Some(margin_m) if margin_m > 0.0 || is_area => Ok(margin_m),
        Some(_) => Err(MARGIN_M
            .error(at, "a point or line needs a margin above 0 m")
            .into()),
        None => Err(MARGIN_M
            .error(at, "say how many metres are kept clear; 0 for an area as drawn")
            .into()),
    }
}

fn closed_time(at: (usize, &LayerFeature)) -> Result<ClosedTime, AirspaceError> {
    let instant = |field: Field| -> Result<Option<UtcMicros>, AirspaceError> {
        let Some(text) = field.of(at.1) else {
            return Ok(None);
        };
        let parsed = UtcMicros::parse_rfc3339(text);
        let expected = "a time such as 2026-11-05T08:00:00+08:00 is expected";
        parsed
            .map(Some)
            .map_err(|_not_a_time| field.error(at, expected).into())
    };
    let (from, until) = (instant(FROM)?, instant(UNTIL)?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(UNTIL.error(at, "it has to lie after `from`").into());
    }
    Ok(ClosedTime { from, until })
}

impl NoFlyZone {
    /// Whether the place lies in the zone, its edge included.
    ///
    /// # Errors
    /// [`GridError`] when the place or the zone lies outside the working area.
    pub fn contains(&self, place: Wgs84, grid: &WorkingGrid) -> Result<bool, GridError> {
        let at = grid.grid_from_wgs84(place)?;
        let ground = planar::union_on_grid(&self.polygons, grid)?;
        Ok(ground.intersects(&Point::new(at.easting_m, at.northing_m)))
    }

    /// Whether the ground is closed at any time between the two instants.
    #[must_use]
    pub fn closed_between(&self, begin: UtcMicros, end: UtcMicros) -> bool {
        self.closed.is_none_or(|closed| {
            closed.from.is_none_or(|from| from < end) && closed.until.is_none_or(|until| begin < until)
        })
    }
}
