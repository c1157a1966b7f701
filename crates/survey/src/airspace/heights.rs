//! How high may be flown at a place: all zones that hold it, and the lowest of their limits.

use geo::{BoundingRect, Intersects, MultiPolygon, Point, Rect};

use super::{AirspaceError, HeightLimit, HeightZone};
use crate::area::planar;
use crate::geodesy::{AltitudeAglM, OrthometricHeightM, Wgs84};
use crate::grid::{GridError, WorkingGrid};
use crate::layers::properties::{MAX_AGL_M, MAX_AMSL_M};
use crate::layers::{FeatureLayer, LayerFeature, Shape};

/// Heights that are believed, m.
const HEIGHTS_M: std::ops::RangeInclusive<f64> = -100.0..=10_000.0;

/// The zones of a layer of kind [`crate::layers::LayerKind::HeightLimit`]: every feature is an area and states `max_agl_m` (0 is no
/// flight) or `max_amsl_m`.
///
/// # Errors
/// [`AirspaceError`]: a feature that is no area, or a limit that is missing or cannot be meant.
pub fn height_zones(layer: &FeatureLayer) -> Result<Vec<HeightZone>, AirspaceError> {
    let features = layer.features.iter().enumerate();
    features.map(|at| zone(layer, at)).collect()
}

fn zone(layer: &FeatureLayer, at: (usize, &LayerFeature)) -> Result<HeightZone, AirspaceError> {
    let Shape::Areas(polygons) = &at.1.shape else {
        return Err(MAX_AGL_M.error(at, "only an area can limit heights").into());
    };
    let above_ground = MAX_AGL_M.number(at, HEIGHTS_M)?;
    let above_sea = MAX_AMSL_M.number(at, HEIGHTS_M)?;
    let limit = match (above_ground, above_sea) {
        (Some(agl_m), None) if agl_m <= 0.0 => HeightLimit::Closed,
        (Some(agl_m), None) => HeightLimit::AboveGround(AltitudeAglM(agl_m)),
        (None, Some(amsl_m)) => HeightLimit::AboveSea(OrthometricHeightM(amsl_m)),
        (None, None) => {
            return Err(MAX_AGL_M
                .error(at, "say max_agl_m (above ground) or max_amsl_m (above sea level)")
                .into());
        }
        (Some(_), Some(_)) => {
            return Err(MAX_AGL_M
                .error(at, "max_agl_m and max_amsl_m exclude each other")
                .into());
        }
    };
    Ok(HeightZone {
        name: at.1.name.clone().unwrap_or_default(),
        polygons: polygons.clone(),
        limit,
        layer: layer.layer_ref(),
    })
}

/// Zones laid out for many questions.
#[derive(Debug, Clone)]
pub struct HeightMap {
    grid: WorkingGrid,
    zones: Vec<(HeightZone, MultiPolygon, Option<Rect>)>,
}

/// What holds at a place. Limits above ground and above sea level are kept apart: they can only be compared where the
/// height of the ground is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling<'a> {
    /// A zone without any flight.
    pub closed: Option<&'a HeightZone>,
    /// Lowest limit above the ground.
    pub above_ground: Option<(AltitudeAglM, &'a HeightZone)>,
    /// Lowest limit above sea level.
    pub above_sea: Option<(OrthometricHeightM, &'a HeightZone)>,
}

/// The greatest height above the ground at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GreatestHeight {
    /// No zone limits it.
    Unlimited,
    /// So high above the ground; 0 where the ground itself reaches the limit or flight is closed.
    AboveGround(AltitudeAglM),
    /// A limit above sea level holds and the height of the ground is not known.
    Unknown,
}

impl HeightMap {
    /// Lays the zones out.
    ///
    /// # Errors
    /// [`GridError`] when a zone reaches beyond the working area.
    pub fn new(zones: Vec<HeightZone>, grid: &WorkingGrid) -> Result<Self, GridError> {
        let lay = |zone: HeightZone| -> Result<_, GridError> {
            let ground = planar::union_on_grid(&zone.polygons, grid)?;
            let bounds = ground.bounding_rect();
            Ok((zone, ground, bounds))
        };
        Ok(Self {
            grid: grid.clone(),
            zones: zones.into_iter().map(lay).collect::<Result<_, _>>()?,
        })
    }

    /// The limits at a place; edges belong to the zone.
    ///
    /// # Errors
    /// [`GridError`] for a place outside the working area.
    pub fn at(&self, place: Wgs84) -> Result<Ceiling<'_>, GridError> {
        let on_grid = self.grid.grid_from_wgs84(place)?;
        let point = Point::new(on_grid.easting_m, on_grid.northing_m);
        let mut ceiling = Ceiling {
            closed: None,
            above_ground: None,
            above_sea: None,
        };
        for (zone, ground, bounds) in &self.zones {
            let near = bounds.is_some_and(|bounds| bounds.intersects(&point));
            if near && ground.intersects(&point) {
                ceiling.lower(zone);
            }
        }
        Ok(ceiling)
    }

    /// The zones, as given.
    pub fn zones(&self) -> impl Iterator<Item = &HeightZone> {
        self.zones.iter().map(|(zone, _, _)| zone)
    }
}

impl<'a> Ceiling<'a> {
    fn lower(&mut self, zone: &'a HeightZone) {
        match zone.limit {
            HeightLimit::Closed => {
                self.closed.get_or_insert(zone);
            }
            HeightLimit::AboveGround(limit) => {
                if self.above_ground.is_none_or(|(lowest, _)| limit < lowest) {
                    self.above_ground = Some((limit, zone));
                }
            }
            HeightLimit::AboveSea(limit) => {
                if self.above_sea.is_none_or(|(lowest, _)| limit < lowest) {
                    self.above_sea = Some((limit, zone));
                }
            }
        }
    }

    /// The greatest height above ground that lies `ground` above sea level, if that is known.
    #[must_use]
    pub fn greatest_height(&self, ground: Option<OrthometricHeightM>) -> GreatestHeight {
        if self.closed.is_some() {
            return GreatestHeight::AboveGround(AltitudeAglM(0.0));
        }
        let from_sea = match (self.above_sea, ground) {
            (Some(_), None) => return GreatestHeight::Unknown,
            (Some((limit, _)), Some(ground)) => Some((limit.0 - ground.0).max(0.0)),
            (None, _) => None,
        };
        let from_ground = self.above_ground.map(|(limit, _)| limit.0);
        match from_sea.into_iter().chain(from_ground).reduce(f64::min) {
            Some(lowest_m) => GreatestHeight::AboveGround(AltitudeAglM(lowest_m)),
            None => GreatestHeight::Unlimited,
        }
    }
}
