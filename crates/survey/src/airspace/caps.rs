//! Caps in steps as makers of drones set them round airports, and the clear zone (净空保护区).

use geo::{Buffer, Coord, MultiPoint, MultiPolygon, Point, Polygon as GridPolygon};

use super::airport::Surface;
use super::fan::Fan;
use super::runways::{hull, on_grid};
use super::{HeightLimit, Runway};
use crate::area::{Polygon, planar};
use crate::geodesy::AltitudeAglM;
use crate::grid::{GridError, WorkingGrid};

/// Caps in steps above the ground, as makers of drones set them round airports of the mainland.
#[derive(Debug, Clone, PartialEq)]
pub struct SteppedCaps {
    /// Ground round the hull of the runways without any flight, m.
    pub closed_margin_m: f64,
    /// Circles about the runway ends: radius and cap, m.
    pub ends: (f64, f64),
    /// Approach trapezoids: half width at the end of the runway, length, widening to each side, and cap.
    pub approach: (f64, f64, f64, f64),
    /// Circle about the middle of the airport: radius and cap, m.
    pub circle: (f64, f64),
}

impl Default for SteppedCaps {
    fn default() -> Self {
        Self {
            closed_margin_m: 2_000.0,
            ends: (7_000.0, 30.0),
            approach: (150.0, 15_000.0, 0.15, 60.0),
            circle: (10_000.0, 120.0),
        }
    }
}

/// The clear zone: so far to each side of the centre line and beyond each end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClearZone {
    /// To each side, m.
    pub beside_m: f64,
    /// Beyond each end, m.
    pub beyond_m: f64,
}

impl Default for ClearZone {
    fn default() -> Self {
        Self {
            beside_m: 10_000.0,
            beyond_m: 20_000.0,
        }
    }
}

impl SteppedCaps {
    /// The caps round the runways of one airport.
    ///
    /// # Errors
    /// [`GridError`] when they reach beyond the working area.
    pub fn surfaces(&self, runways: &[Runway], grid: &WorkingGrid) -> Result<Vec<Surface>, GridError> {
        let runways = on_grid(runways, grid)?;
        let ends: Vec<Point> = runways
            .iter()
            .flat_map(|runway| runway.ends)
            .map(Point::from)
            .collect();
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let cap = |cap_m: f64| HeightLimit::AboveGround(AltitudeAglM(cap_m));
        let count = ends.len() as f64;
        let middle = ends.iter().fold(Coord { x: 0.0, y: 0.0 }, |sum, end| sum + end.0) / count;
        let (half_width_m, length_m, splay, approach_cap_m) = self.approach;
        let fan = Fan {
            begin_m: 0.0,
            half_width_m,
            splay,
            greatest_half_width_m: None,
            sections: vec![(length_m, 0.0)],
        };
        let trapezoids: Vec<GridPolygon> = runways
            .iter()
            .flat_map(|runway| [0, 1].map(|end| fan.ground(runway, end, 0.0, length_m)))
            .collect();
        let parts = [
            (
                "禁飞 closed",
                hull(&runways, self.closed_margin_m),
                HeightLimit::Closed,
            ),
            (
                "跑道端 runway ends",
                MultiPoint::new(ends).buffer(self.ends.0),
                cap(self.ends.1),
            ),
            (
                "进近 approaches",
                geo::unary_union(&trapezoids),
                cap(approach_cap_m),
            ),
            (
                "圆 circle",
                Point::from(middle).buffer(self.circle.0),
                cap(self.circle.1),
            ),
        ];
        let surface =
            |(name, ground, limit): (&str, MultiPolygon, HeightLimit)| -> Result<Surface, GridError> {
                Ok(Surface {
                    name: name.to_owned(),
                    polygons: planar::polygons_from_grid(&ground, grid)?,
                    limit,
                })
            };
        parts.into_iter().map(surface).collect()
    }
}

impl ClearZone {
    /// The ground of the zone.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn ground(&self, runways: &[Runway], grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
        let runways = on_grid(runways, grid)?;
        let grounds: Vec<GridPolygon> = runways
            .iter()
            .map(|runway| runway.rectangle(self.beside_m, self.beyond_m))
            .collect();
        planar::polygons_from_grid(&geo::unary_union(&grounds), grid)
    }
}
