//! Runways as a layer has them and on the working grid: strips, approaches, hulls.

use geo::{Buffer, ConvexHull, Coord, LineString, MultiPoint, MultiPolygon, Point, Polygon as GridPolygon};

use super::{AirspaceError, Runway};
use crate::area::{Polygon, planar};
use crate::geodesy::{Wgs84, geodesic_distance_m};
use crate::grid::{GridError, WorkingGrid};
use crate::layers::properties::{AIRPORT, RUNWAY};
use crate::layers::{FeatureLayer, LayerFeature, Shape};

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
        ends: in_order(name, ends.ok_or_else(|| RUNWAY.error(at, expected))?),
    })
}

/// The end at which the first direction of the name begins comes first: 16L runs towards 160°. An outline does not say
/// which end is which, and lines are drawn either way; magnetic and true north are never far enough apart to matter.
fn in_order(name: &str, ends: [Wgs84; 2]) -> [Wgs84; 2] {
    let digits: String = name.trim().chars().take_while(char::is_ascii_digit).collect();
    let Some(tens) = digits.parse::<f64>().ok().filter(|tens| *tens <= 36.0) else {
        return ends;
    };
    let [from, to] = ends;
    let east = (to.longitude_deg - from.longitude_deg) * from.latitude_deg.to_radians().cos();
    let north = to.latitude_deg - from.latitude_deg;
    let (sin, cos) = (tens * 10.0).to_radians().sin_cos();
    if east * sin + north * cos < 0.0 {
        [to, from]
    } else {
        ends
    }
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
            let length = |[p, q]: &[Wgs84; 2]| geodesic_distance_m(*p, *q);
            pairs.into_iter().max_by(|p, q| length(p).total_cmp(&length(q)))
        }
        Shape::Points(_) => None,
    }
}

/// A runway on the grid: where it ends and which way it runs.
pub(super) struct OnGrid<'a> {
    pub(super) name: &'a str,
    pub(super) ends: [Coord; 2],
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
    pub(super) fn outward(&self, end: usize) -> Coord {
        let along = self.ends[end] - self.ends[1 - end];
        let length = along.x.hypot(along.y).max(1e-9);
        along / length
    }

    /// Ground `beside_m` to each side and `beyond_m` past each end.
    pub(super) fn rectangle(&self, beside_m: f64, beyond_m: f64) -> GridPolygon {
        let out = self.outward(1);
        let (tip, tail) = (self.ends[1] + out * beyond_m, self.ends[0] - out * beyond_m);
        let aside = Coord { x: -out.y, y: out.x } * beside_m;
        ring(vec![tail + aside, tail - aside, tip - aside, tip + aside])
    }

    /// A place so far out beyond an end and to the left of the way out (negative: to the right).
    pub(super) fn place(&self, end: usize, out_m: f64, left_m: f64) -> Coord {
        let out = self.outward(end);
        self.ends[end] + out * out_m + Coord { x: -out.y, y: out.x } * left_m
    }

    /// How far a place lies out beyond an end (negative: along the runway) and from the centre line, m.
    pub(super) fn out_and_aside_m(&self, end: usize, place: Coord) -> (f64, f64) {
        let out = self.outward(end);
        let from_end = place - self.ends[end];
        (
            from_end.x * out.x + from_end.y * out.y,
            (from_end.y * out.x - from_end.x * out.y).abs(),
        )
    }

    /// Name of the direction that approaches this end, `16L` of `16L/34R`.
    pub(super) fn direction(&self, end: usize) -> &str {
        self.name.split('/').nth(end).unwrap_or(self.name)
    }
}

/// A ring that runs counter-clockwise, so that unions of several keep all of them.
pub(super) fn ring(mut corners: Vec<Coord>) -> GridPolygon {
    let next = corners.iter().cycle().skip(1);
    let turn: f64 = corners.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    if turn < 0.0 {
        corners.reverse();
    }
    GridPolygon::new(LineString::new(corners), Vec::new())
}

/// The hull of all runway ends, made wider.
pub(super) fn hull(runways: &[OnGrid<'_>], margin_m: f64) -> MultiPolygon {
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

/// Runways on the grid.
pub(super) fn on_grid<'a>(runways: &'a [Runway], grid: &WorkingGrid) -> Result<Vec<OnGrid<'a>>, GridError> {
    runways.iter().map(|runway| OnGrid::of(runway, grid)).collect()
}
