//! Shapes as ground on the working grid.

use geo::{Buffer, LineString, MultiLineString, MultiPoint, MultiPolygon, Point};

use super::Shape;
use crate::area::{Polygon, planar};
use crate::grid::{GridError, WorkingGrid};

impl Shape {
    /// The ground within `margin_m` of the shape; of an area with margin 0 the area itself. Arcs are drawn as chords
    /// of 0.2 rad or so; the ground between chord and arc is below 0.5 % of the margin.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn grown(&self, margin_m: f64, grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
        planar::polygons_from_grid(&self.grown_on_grid(margin_m, grid)?, grid)
    }

    pub(crate) fn grown_on_grid(&self, margin_m: f64, grid: &WorkingGrid) -> Result<MultiPolygon, GridError> {
        Ok(match self {
            Self::Points(points) => {
                let places = planar::line_on_grid(points, grid)?.0;
                MultiPoint::new(places.into_iter().map(Point::from).collect()).buffer(margin_m)
            }
            Self::Lines(lines) => {
                let lines: Vec<LineString> = lines
                    .iter()
                    .map(|line| planar::line_on_grid(line, grid))
                    .collect::<Result<_, _>>()?;
                MultiLineString::new(lines).buffer(margin_m)
            }
            Self::Areas(polygons) => {
                let ground = planar::union_on_grid(polygons, grid)?;
                if margin_m == 0.0 {
                    ground
                } else {
                    ground.buffer(margin_m)
                }
            }
        })
    }
}
