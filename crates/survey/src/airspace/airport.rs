//! The surfaces round an airport, built from its runways by parameters: obstacle limitation surfaces after ICAO
//! Annex 14 (and MH 5001, which takes its dimensions from there), caps in steps as makers of drones set them, and the
//! clear zone (净空保护区). All of them are models: what is in force is what the authority publishes.

use geo::{
    BooleanOps, Buffer, ConvexHull, Coord, LineString, MultiPoint, MultiPolygon, Point,
    Polygon as GridPolygon,
};

use super::{AirspaceError, HeightLimit, Runway};
use crate::area::{Polygon, planar};
use crate::geodesy::{AltitudeAglM, OrthometricHeightM, Wgs84};
use crate::grid::{GridError, WorkingGrid};
use crate::layers::properties::{AIRPORT, RUNWAY};
use crate::layers::{FeatureLayer, LayerFeature, Shape};

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

/// The runways of a layer of kind `runway`: a line from end to end, or an outline of four corners. `airport` and
/// `runway` name them.
///
/// # Errors
/// [`AirspaceError`]: a shape that is no runway, a name that is missing.
pub fn runways_of(layer: &FeatureLayer) -> Result<Vec<Runway>, AirspaceError> {
    layer.features.iter().enumerate().map(runway).collect()
}

fn runway(at: (usize, &LayerFeature)) -> Result<Runway, AirspaceError> {
    let name = RUNWAY.of(at.1).or(at.1.name.as_deref());
    let name = name.ok_or_else(|| RUNWAY.error(at, "a name such as 16L/34R is expected"))?;
    let ends = ends_of(&at.1.shape);
    let expected = "a line from end to end or an outline of four corners is expected as its shape";
    Ok(Runway {
        airport: AIRPORT.of(at.1).unwrap_or_default().to_owned(),
        name: name.to_owned(),
        ends: ends.ok_or_else(|| RUNWAY.error(at, expected))?,
    })
}

fn ends_of(shape: &Shape) -> Option<[Wgs84; 2]> {
    match shape {
        Shape::Lines(lines) => match lines.as_slice() {
            [line] => Some([*line.first()?, *line.last()?]),
            _ => None,
        },
        Shape::Areas(polygons) => {
            let [a, b, c, d] = polygons.first()?.exterior[..] else {
                return None;
            };
            let middle = |p: Wgs84, q: Wgs84| Wgs84 {
                latitude_deg: f64::midpoint(p.latitude_deg, q.latitude_deg),
                longitude_deg: f64::midpoint(p.longitude_deg, q.longitude_deg),
            };
            let pairs = [[middle(a, b), middle(c, d)], [middle(b, c), middle(d, a)]];
            let length = |[p, q]: &[Wgs84; 2]| crate::geodesy::geodesic_distance_m(*p, *q);
            pairs.into_iter().max_by(|p, q| length(p).total_cmp(&length(q)))
        }
        Shape::Points(_) => None,
    }
}

/// A runway on the grid: where it ends and which way it runs.
struct OnGrid<'a> {
    name: &'a str,
    ends: [Coord; 2],
}

impl<'a> OnGrid<'a> {
    fn of(runway: &'a Runway, grid: &WorkingGrid) -> Result<Self, GridError> {
        let at = |place: Wgs84| {
            grid.grid_from_wgs84(place).map(|point| Coord {
                x: point.easting_m,
                y: point.northing_m,
            })
        };
        Ok(Self {
            name: &runway.name,
            ends: [at(runway.ends[0])?, at(runway.ends[1])?],
        })
    }

    /// Along the runway from the other end through this one, unit length.
    fn outward(&self, end: usize) -> Coord {
        let along = self.ends[end] - self.ends[1 - end];
        let length = along.x.hypot(along.y).max(1e-9);
        along / length
    }

    /// Ground `beside_m` to each side and `beyond_m` past each end.
    fn rectangle(&self, beside_m: f64, beyond_m: f64) -> GridPolygon {
        let out = self.outward(1);
        let (tip, tail) = (self.ends[1] + out * beyond_m, self.ends[0] - out * beyond_m);
        let aside = Coord { x: -out.y, y: out.x } * beside_m;
        ring(vec![tail + aside, tail - aside, tip - aside, tip + aside])
    }

    /// Ground of an approach between two distances from where it begins.
    fn trapezoid(
        &self,
        end: usize,
        (begin_m, half_m, splay): (f64, f64, f64),
        from_m: f64,
        to_m: f64,
    ) -> GridPolygon {
        let out = self.outward(end);
        let left = Coord { x: -out.y, y: out.x };
        let edge = |along_m: f64| {
            (
                self.ends[end] + out * (begin_m + along_m),
                half_m + splay * along_m,
            )
        };
        let ((near, near_half), (far, far_half)) = (edge(from_m), edge(to_m));
        ring(vec![
            near + left * near_half,
            near - left * near_half,
            far - left * far_half,
            far + left * far_half,
        ])
    }

    /// Name of the direction that approaches this end, `16L` of `16L/34R`.
    fn direction(&self, end: usize) -> &str {
        self.name.split('/').nth(end).unwrap_or(self.name)
    }
}

/// A ring that runs counter-clockwise, so that unions of several keep all of them.
fn ring(mut corners: Vec<Coord>) -> GridPolygon {
    let next = corners.iter().cycle().skip(1);
    let turn: f64 = corners.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    if turn < 0.0 {
        corners.reverse();
    }
    GridPolygon::new(LineString::new(corners), Vec::new())
}

/// The hull of all runway ends, made wider.
fn hull(runways: &[OnGrid<'_>], margin_m: f64) -> MultiPolygon {
    let ends: Vec<Point> = runways
        .iter()
        .flat_map(|runway| runway.ends)
        .map(Point::from)
        .collect();
    match ends.len() {
        0 => MultiPolygon::new(Vec::new()),
        // The hull of one runway is a line, which has no inside to be made wider.
        2 => geo::Line::new(ends[0].0, ends[1].0).buffer(margin_m),
        _ => MultiPoint::new(ends).convex_hull().buffer(margin_m),
    }
}

/// Ground within `margin_m` of the hull of the runways.
///
/// # Errors
/// [`GridError`] when it reaches beyond the working area.
pub fn runway_hull(runways: &[Runway], margin_m: f64, grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
    let runways = on_grid(runways, grid)?;
    planar::polygons_from_grid(&hull(&runways, margin_m), grid)
}

fn on_grid<'a>(runways: &'a [Runway], grid: &WorkingGrid) -> Result<Vec<OnGrid<'a>>, GridError> {
    runways.iter().map(|runway| OnGrid::of(runway, grid)).collect()
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
