//! The surfaces round an airport, built from its runways by parameters: obstacle limitation surfaces after ICAO
//! Annex 14 (and MH 5001, which takes its dimensions from there), caps in steps as makers of drones set them, and the
//! clear zone (净空保护区). All of them are models: what is in force is what the authority publishes.

use geo::{BooleanOps, Buffer, ConvexHull, Coord, MultiPoint, MultiPolygon, Point, Polygon as GridPolygon};

use super::runways::{OnGrid, hull, on_grid};
use super::{HeightLimit, Runway};
use crate::area::{Polygon, planar};
use crate::geodesy::{AltitudeAglM, OrthometricHeightM, Wgs84};
use crate::grid::{GridError, WorkingGrid};

/// One part of a surface with a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Its name.
    pub name: String,
    /// Its ground.
    pub polygons: Vec<Polygon>,
    /// What may not be passed anywhere on it.
    pub limit: HeightLimit,
}

/// Dimensions of obstacle limitation surfaces. The default is code number 4 with precision approach (Annex 14
/// volume I, table 4-1), with approaches of 15 km. Transitional surfaces are taken into the closed strip.
#[derive(Debug, Clone, PartialEq)]
pub struct Annex14 {
    /// Half the width of the strip and of the inner edge of an approach, m.
    pub strip_half_width_m: f64,
    /// Length of the strip beyond an end, where the approach begins, m.
    pub strip_end_m: f64,
    /// Ground beside the strip over which the transitional surface rises to the inner horizontal one, m.
    pub transitional_m: f64,
    /// Radius of the inner horizontal surface about the runway ends, m.
    pub inner_radius_m: f64,
    /// Its height above the aerodrome, m.
    pub inner_height_m: f64,
    /// Slope of the conical surface.
    pub conical_slope: f64,
    /// Its rise above the inner horizontal surface, m.
    pub conical_rise_m: f64,
    /// How much an approach widens to each side.
    pub splay: f64,
    /// Lengths and slopes of the sections of an approach, from the runway.
    pub sections: Vec<(f64, f64)>,
    /// Slopes become steps of this height, each with the limit at its lower edge, m.
    pub step_m: f64,
}

impl Default for Annex14 {
    fn default() -> Self {
        Self {
            strip_half_width_m: 150.0,
            strip_end_m: 60.0,
            transitional_m: 315.0,
            inner_radius_m: 4_000.0,
            inner_height_m: 45.0,
            conical_slope: 0.05,
            conical_rise_m: 100.0,
            splay: 0.15,
            sections: vec![(3_000.0, 0.02), (3_600.0, 0.025), (8_400.0, 0.0)],
            step_m: 10.0,
        }
    }
}

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

impl Annex14 {
    /// The surfaces of the runways of one aerodrome that lies `elevation` above sea level.
    ///
    /// # Errors
    /// [`GridError`] when they reach beyond the working area.
    pub fn surfaces(
        &self,
        runways: &[Runway],
        elevation: OrthometricHeightM,
        grid: &WorkingGrid,
    ) -> Result<Vec<Surface>, GridError> {
        let runways = on_grid(runways, grid)?;
        let sea = |above_m: f64| HeightLimit::AboveSea(OrthometricHeightM(elevation.0 + above_m));
        let mut surfaces = Vec::new();
        let mut put = |name: String, ground: MultiPolygon, limit: HeightLimit| -> Result<(), GridError> {
            surfaces.push(Surface {
                name,
                polygons: planar::polygons_from_grid(&ground, grid)?,
                limit,
            });
            Ok(())
        };
        for runway in &runways {
            let beside_m = self.strip_half_width_m + self.transitional_m;
            let strip = runway.rectangle(beside_m, self.strip_end_m).into();
            put(format!("{} strip", runway.name), strip, HeightLimit::Closed)?;
        }
        let inner = hull(&runways, self.inner_radius_m);
        put(
            "inner horizontal".to_owned(),
            inner.clone(),
            sea(self.inner_height_m),
        )?;
        let mut within = inner;
        for (rise_m, next_m) in steps(self.conical_rise_m, self.step_m) {
            let ground = hull(&runways, self.inner_radius_m + next_m / self.conical_slope);
            let band = ground.difference(&within);
            put(
                format!("conical +{rise_m:.0} m"),
                band,
                sea(self.inner_height_m + rise_m),
            )?;
            within = ground;
        }
        for runway in &runways {
            for end in [0, 1] {
                for (from_m, to_m, height_m) in self.approach_steps() {
                    let shape = (self.strip_end_m, self.strip_half_width_m, self.splay);
                    let ground = runway.trapezoid(end, shape, from_m, to_m).into();
                    put(
                        format!("{} approach +{height_m:.0} m", runway.direction(end)),
                        ground,
                        sea(height_m),
                    )?;
                }
            }
        }
        Ok(surfaces)
    }

    /// The ground of all approaches.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn approaches(&self, runways: &[Runway], grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
        let length_m: f64 = self.sections.iter().map(|(length_m, _)| length_m).sum();
        let shape = (self.strip_end_m, self.strip_half_width_m, self.splay);
        let runways = on_grid(runways, grid)?;
        let both = |runway: &OnGrid<'_>| [0, 1].map(|end| runway.trapezoid(end, shape, 0.0, length_m));
        let grounds: Vec<GridPolygon> = runways.iter().flat_map(both).collect();
        planar::polygons_from_grid(&geo::unary_union(&grounds), grid)
    }

    /// Height of the surfaces above the aerodrome at a place, m: the lowest of those that hold it, exactly and not in
    /// steps. `None` beyond all of them, 0 on a strip.
    ///
    /// # Errors
    /// [`GridError`] for a place outside the working area.
    pub fn height_m(
        &self,
        runways: &[Runway],
        place: Wgs84,
        grid: &WorkingGrid,
    ) -> Result<Option<f64>, GridError> {
        use geo::{Contains, Distance, Euclidean};
        let at = grid.grid_from_wgs84(place)?;
        let point = Point::new(at.easting_m, at.northing_m);
        let runways = on_grid(runways, grid)?;
        let mut lowest: Option<f64> = None;
        let mut lower = |height_m: f64| lowest = Some(lowest.map_or(height_m, |low| low.min(height_m)));
        let ends: Vec<Point> = runways
            .iter()
            .flat_map(|runway| runway.ends)
            .map(Point::from)
            .collect();
        let away_m = match ends.len() {
            0 => return Ok(None),
            2 => Euclidean.distance(&point, &geo::Line::new(ends[0].0, ends[1].0)),
            _ => Euclidean.distance(&point, &MultiPoint::new(ends).convex_hull()),
        };
        let rise_m = (away_m - self.inner_radius_m) * self.conical_slope;
        if rise_m <= self.conical_rise_m {
            lower(self.inner_height_m + rise_m.max(0.0));
        }
        for runway in &runways {
            let beside_m = self.strip_half_width_m + self.transitional_m;
            if runway.rectangle(beside_m, self.strip_end_m).contains(&point) {
                lower(0.0);
            }
            for end in [0, 1] {
                let out = runway.outward(end);
                let from_end = point.0 - runway.ends[end];
                let along_m = from_end.x * out.x + from_end.y * out.y - self.strip_end_m;
                let aside_m = (from_end.y * out.x - from_end.x * out.y).abs();
                if along_m >= 0.0
                    && aside_m <= self.strip_half_width_m + self.splay * along_m
                    && let Some(height_m) = self.approach_height_m(along_m)
                {
                    lower(height_m);
                }
            }
        }
        Ok(lowest)
    }

    fn approach_height_m(&self, along_m: f64) -> Option<f64> {
        let (mut begin_m, mut height_m) = (0.0, 0.0);
        for (length_m, slope) in &self.sections {
            if along_m <= begin_m + length_m {
                return Some(height_m + (along_m - begin_m) * slope);
            }
            begin_m += length_m;
            height_m += length_m * slope;
        }
        None
    }

    /// From, to and lowest height of the steps of an approach, m.
    fn approach_steps(&self) -> Vec<(f64, f64, f64)> {
        let mut found = Vec::new();
        let (mut begin_m, mut height_m) = (0.0, 0.0);
        for (length_m, slope) in &self.sections {
            if *slope <= 0.0 {
                found.push((begin_m, begin_m + length_m, height_m));
            } else {
                let rises = steps(length_m * slope, self.step_m);
                let step = |(low_m, high_m): (f64, f64)| {
                    (
                        begin_m + low_m / slope,
                        begin_m + high_m / slope,
                        height_m + low_m,
                    )
                };
                found.extend(rises.into_iter().map(step));
            }
            begin_m += length_m;
            height_m += length_m * slope;
        }
        found
    }
}

/// A rise cut into steps: lower and upper edge of each.
fn steps(rise_m: f64, step_m: f64) -> Vec<(f64, f64)> {
    let step_m = step_m.max(1.0);
    let count = (rise_m / step_m).ceil().max(1.0) as u32;
    (0..count)
        .map(|step| {
            (
                f64::from(step) * step_m,
                (f64::from(step + 1) * step_m).min(rise_m),
            )
        })
        .collect()
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
        let (half_m, length_m, splay, approach_cap_m) = self.approach;
        let trapezoids: Vec<GridPolygon> = runways
            .iter()
            .flat_map(|runway| [0, 1].map(|end| runway.trapezoid(end, (0.0, half_m, splay), 0.0, length_m)))
            .collect();
        let parts = [
            (
                "closed",
                hull(&runways, self.closed_margin_m),
                HeightLimit::Closed,
            ),
            (
                "runway ends",
                MultiPoint::new(ends).buffer(self.ends.0),
                cap(self.ends.1),
            ),
            ("approaches", geo::unary_union(&trapezoids), cap(approach_cap_m)),
            (
                "circle",
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
