//! The surfaces round an airport, built from its runways by parameters: obstacle limitation surfaces after ICAO
//! Annex 14 (and MH 5001, which takes its dimensions from there). All of them are models: what is in force is what the
//! authority publishes.

use geo::{
    BooleanOps, Contains, ConvexHull, Distance, Euclidean, MultiPoint, MultiPolygon, Point,
    Polygon as GridPolygon,
};

use super::fan::{Fan, steps};
use super::runways::{OnGrid, hull, on_grid};
use super::{HeightLimit, Runway};
use crate::area::{Polygon, planar};
use crate::geodesy::{OrthometricHeightM, Wgs84};
use crate::grid::{GridError, WorkingGrid};

/// One part of a surface with a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Its name in Chinese and English, such as `16L 进近面 approach +20 m`.
    pub name: String,
    /// Its ground.
    pub polygons: Vec<Polygon>,
    /// What may not be passed anywhere on it.
    pub limit: HeightLimit,
}

/// Which surface is the lowest at a place, and how high it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceHeight {
    /// Its name, as in [`Surface::name`] without the height of a step.
    pub name: String,
    /// Above the aerodrome, m, exactly and not in steps; 0 on a strip.
    pub above_aerodrome_m: f64,
}

/// Dimensions of obstacle limitation surfaces. The default is code number 4 with precision approach (Annex 14
/// volume I, tables 4-1 and 4-2; MH 5001), with approaches of 15 km and an inner edge of 300 m (newer editions have
/// 280 m). The strip is as wide as the inner edge of an approach and ends there. The inner approach, inner transitional
/// and balked landing surfaces are nowhere lower than these and are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Annex14 {
    /// Approach surface (进近面).
    pub approach: Fan,
    /// Take-off climb surface (起飞爬升面).
    pub take_off: Fan,
    /// Slope of the transitional surface (过渡面), across the runway.
    pub transitional_slope: f64,
    /// Radius of the inner horizontal surface (内水平面) about the runway ends, m.
    pub inner_radius_m: f64,
    /// Its height above the aerodrome, m.
    pub inner_height_m: f64,
    /// Slope of the conical surface (锥形面).
    pub conical_slope: f64,
    /// Its rise above the inner horizontal surface, m.
    pub conical_rise_m: f64,
    /// Slopes become steps of this height, each with the limit at its lower edge, m.
    pub step_m: f64,
}

impl Default for Annex14 {
    fn default() -> Self {
        Self {
            approach: Fan {
                begin_m: 60.0,
                half_width_m: 150.0,
                splay: 0.15,
                greatest_half_width_m: None,
                sections: vec![(3_000.0, 0.02), (3_600.0, 0.025), (8_400.0, 0.0)],
            },
            take_off: Fan {
                begin_m: 60.0,
                half_width_m: 90.0,
                splay: 0.125,
                // 1,800 m: flights turn by more than 15° in clouds or at night. 1,200 m else.
                greatest_half_width_m: Some(900.0),
                sections: vec![(15_000.0, 0.02)],
            },
            transitional_slope: 0.143,
            inner_radius_m: 4_000.0,
            inner_height_m: 45.0,
            conical_slope: 0.05,
            conical_rise_m: 100.0,
            step_m: 10.0,
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
        let mut parts = Vec::new();
        for runway in &runways {
            let strip = runway.rectangle(self.approach.half_width_m, self.approach.begin_m);
            parts.push((format!("{} 升降带 strip", runway.name), strip.into(), None));
        }
        self.level_parts(&runways, &mut parts);
        for runway in &runways {
            self.sloped_parts(runway, &mut parts);
        }
        let surface = |(name, ground, above_m): Part| {
            let limit = above_m.map_or(HeightLimit::Closed, |above_m| {
                HeightLimit::AboveSea(OrthometricHeightM(elevation.0 + above_m))
            });
            Ok(Surface {
                name,
                polygons: planar::polygons_from_grid(&ground, grid)?,
                limit,
            })
        };
        parts.into_iter().map(surface).collect()
    }

    /// The inner horizontal surface and the bands of the cone.
    fn level_parts(&self, runways: &[OnGrid<'_>], parts: &mut Vec<Part>) {
        let inner = hull(runways, self.inner_radius_m);
        let name = "内水平面 inner horizontal".to_owned();
        parts.push((name, inner.clone(), Some(self.inner_height_m)));
        let mut within = inner;
        for (rise_m, next_m) in steps(self.conical_rise_m, self.step_m) {
            let ground = hull(runways, self.inner_radius_m + next_m / self.conical_slope);
            let band = ground.difference(&within);
            let name = format!("锥形面 conical +{rise_m:.0} m");
            parts.push((name, band, Some(self.inner_height_m + rise_m)));
            within = ground;
        }
    }

    /// Transitional surfaces, approaches and take-off climbs of a runway.
    fn sloped_parts(&self, runway: &OnGrid<'_>, parts: &mut Vec<Part>) {
        for heights in steps(self.inner_height_m, self.step_m) {
            let sides = [1.0, -1.0].map(|side| {
                self.approach
                    .transitional(runway, side, self.transitional_slope, heights)
            });
            let name = format!("{} 过渡面 transitional +{:.0} m", runway.name, heights.0);
            parts.push((name, MultiPolygon::new(sides.to_vec()), Some(heights.0)));
        }
        for end in [0, 1] {
            for step in self.approach.steps(self.step_m) {
                let ground = self.approach.ground(runway, end, step.from_m, step.to_m);
                let name = format!(
                    "{} 进近面 approach +{:.0} m",
                    runway.direction(end),
                    step.height_m
                );
                parts.push((name, ground.into(), Some(step.height_m)));
            }
            for step in self.take_off.steps(self.step_m) {
                let ground = self.take_off.ground(runway, end, step.from_m, step.to_m);
                // Who takes off in a direction climbs out beyond the other end.
                let direction = runway.direction(1 - end);
                let name = format!("{direction} 起飞爬升面 take-off climb +{:.0} m", step.height_m);
                parts.push((name, ground.into(), Some(step.height_m)));
            }
        }
    }

    /// The ground of all approaches.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn approaches(&self, runways: &[Runway], grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
        let length_m = self.approach.length_m();
        let runways = on_grid(runways, grid)?;
        let both = |runway: &OnGrid<'_>| [0, 1].map(|end| self.approach.ground(runway, end, 0.0, length_m));
        let grounds: Vec<GridPolygon> = runways.iter().flat_map(both).collect();
        planar::polygons_from_grid(&geo::unary_union(&grounds), grid)
    }

    /// The lowest of the surfaces at a place; `None` beyond all of them.
    ///
    /// # Errors
    /// [`GridError`] for a place outside the working area.
    pub fn lowest_at(
        &self,
        runways: &[Runway],
        place: Wgs84,
        grid: &WorkingGrid,
    ) -> Result<Option<SurfaceHeight>, GridError> {
        let at = grid.grid_from_wgs84(place)?;
        let point = Point::new(at.easting_m, at.northing_m);
        let runways = on_grid(runways, grid)?;
        let mut found: Vec<(f64, String)> = self.level_at(&runways, point).into_iter().collect();
        for runway in &runways {
            found.extend(self.sloped_at(runway, point));
        }
        let lowest = found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        Ok(lowest.map(|(above_aerodrome_m, name)| SurfaceHeight {
            name,
            above_aerodrome_m,
        }))
    }

    fn level_at(&self, runways: &[OnGrid<'_>], point: Point) -> Option<(f64, String)> {
        let ends: Vec<Point> = runways
            .iter()
            .flat_map(|runway| runway.ends)
            .map(Point::from)
            .collect();
        let away_m = match ends.len() {
            0 => return None,
            2 => Euclidean.distance(&point, &geo::Line::new(ends[0].0, ends[1].0)),
            _ => Euclidean.distance(&point, &MultiPoint::new(ends).convex_hull()),
        };
        let rise_m = (away_m - self.inner_radius_m) * self.conical_slope;
        if rise_m > self.conical_rise_m {
            return None;
        }
        let name = if rise_m > 0.0 {
            "锥形面 conical"
        } else {
            "内水平面 inner horizontal"
        };
        Some((self.inner_height_m + rise_m.max(0.0), name.to_owned()))
    }

    fn sloped_at(&self, runway: &OnGrid<'_>, point: Point) -> Vec<(f64, String)> {
        let mut found = Vec::new();
        let strip = runway.rectangle(self.approach.half_width_m, self.approach.begin_m);
        if strip.contains(&point) {
            found.push((0.0, format!("{} 升降带 strip", runway.name)));
        }
        for end in [0, 1] {
            let (out_m, aside_m) = runway.out_and_aside_m(end, point.0);
            let fans = [
                (&self.approach, end, "进近面 approach"),
                (&self.take_off, 1 - end, "起飞爬升面 take-off climb"),
            ];
            for (fan, direction, what) in fans {
                let along_m = out_m - fan.begin_m;
                let holds = along_m >= 0.0 && aside_m <= fan.half_width_at_m(along_m);
                if let Some(height_m) = fan.height_at_m(along_m).filter(|_| holds) {
                    found.push((height_m, format!("{} {what}", runway.direction(direction))));
                }
            }
        }
        let beyond = [0, 1].map(|end| runway.out_and_aside_m(end, point.0));
        let along_m = beyond[0].0.max(beyond[1].0) - self.approach.begin_m;
        let transitional = self.approach.transitional_height_m(
            along_m,
            beyond[0].1,
            self.transitional_slope,
            self.inner_height_m,
        );
        found.extend(transitional.map(|height_m| (height_m, format!("{} 过渡面 transitional", runway.name))));
        found
    }
}

/// Name, ground, and height above the aerodrome (m) of a part; no height is no flight.
type Part = (String, MultiPolygon, Option<f64>);
