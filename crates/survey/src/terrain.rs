//! A height model: heights on a raster in a stated reference, and where a line of sight meets them.

use std::fmt;

use nalgebra::{Matrix2, Vector2, Vector3};
use proj4rs::Proj;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::CameraModel;
use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::{GeolocateError, GroundFix, GroundPlane, ground_on_plane, sight_of};
use crate::grid::carry;
use crate::pose::Pose;
use crate::reference::{Reference, ReferenceError};

mod shown;
#[cfg(test)]
mod tests;

pub use shown::footprint_on_terrain;

/// Farthest from the camera's foot that is searched, as a multiple of its height above ground: what a ray of 5° below
/// the horizon reaches on level ground.
const REACH_HEIGHTS: f64 = 11.5;
/// Farthest in metres: beyond, the local raster axes are no longer straight.
const REACH_M: f64 = 5000.0;
/// Steps of the search, at least this share of a cell.
const STEP_CELLS: f64 = 0.5;
/// Halvings between two steps: 2⁻³⁰ of a cell.
const HALVINGS: usize = 30;
/// Slopes are taken over at least this far to either side, m: steps of roofs are not slopes.
const SLOPE_REACH_M: f64 = 2.0;

/// What heights count from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum VerticalDatum {
    /// Above the WGS-84 ellipsoid.
    Ellipsoidal,
    /// Above the geoid (sea level), which lies so far above the ellipsoid here (about +10 m in Shanghai).
    Orthometric {
        /// Geoid above ellipsoid, m.
        geoid_separation_m: f64,
    },
    /// Above the point of take-off: only for one dock's surroundings.
    AboveTakeoff,
}

impl VerticalDatum {
    /// A height of this datum in another one; `None` between heights above take-off and others.
    #[must_use]
    pub fn carried(self, height_m: f64, to: Self) -> Option<f64> {
        let above_ellipsoid_m = |datum: Self| match datum {
            Self::Ellipsoidal => Some(0.0),
            Self::Orthometric { geoid_separation_m } => Some(geoid_separation_m),
            Self::AboveTakeoff => None,
        };
        match (self, to) {
            (Self::AboveTakeoff, Self::AboveTakeoff) => Some(height_m),
            _ => Some(height_m + above_ellipsoid_m(self)? - above_ellipsoid_m(to)?),
        }
    }
}

/// Why a raster cannot be used as a height model.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TerrainError {
    /// The raster's coordinate reference is none of those known.
    #[error(
        "EPSG:{code} is not known; use 4326, 4490, WGS-84 UTM (326xx, 327xx) or CGCS2000 Gauss-Kruger (4491 to 4554)"
    )]
    UnknownReference {
        /// EPSG code.
        code: u32,
    },
    /// The numbers do not make a raster.
    #[error("the height raster is not usable: {problem}")]
    BadRaster {
        /// What is wrong.
        problem: String,
    },
}

/// Heights as a file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct HeightRaster {
    /// Columns.
    pub columns: usize,
    /// Rows, the northernmost first.
    pub rows: usize,
    /// Coordinates of the middle of the first cell: easting or longitude, northing or latitude.
    pub first: [f64; 2],
    /// Size of a cell in the same units, both positive.
    pub cell: [f64; 2],
    /// EPSG code of the coordinates.
    pub epsg: u32,
    /// Heights row by row, m; not-a-number where there is none.
    pub heights_m: Vec<f32>,
}

/// A height model that can be asked.
#[derive(Clone)]
pub struct Terrain {
    /// Name of the layer.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What its heights count from.
    pub datum: VerticalDatum,
    /// One standard deviation of its heights, m.
    pub sigma_m: f64,
    raster: HeightRaster,
    /// `None` for longitude and latitude.
    projection: Option<(Proj, Proj)>,
}

impl fmt::Debug for Terrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terrain")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("datum", &self.datum)
            .field("columns", &self.raster.columns)
            .field("rows", &self.raster.rows)
            .finish_non_exhaustive()
    }
}

impl Terrain {
    /// A model of that raster.
    ///
    /// # Errors
    /// [`TerrainError`].
    pub fn new(
        (name, version): (&str, &str),
        (datum, sigma_m): (VerticalDatum, f64),
        raster: HeightRaster,
    ) -> Result<Self, TerrainError> {
        let bad = |problem: &str| {
            Err(TerrainError::BadRaster {
                problem: problem.to_owned(),
            })
        };
        if raster.columns < 2 || raster.rows < 2 {
            return bad("it has fewer than two rows or columns");
        }
        if raster.heights_m.len() != raster.columns * raster.rows {
            return bad("the number of heights is not columns times rows");
        }
        if !raster.cell.iter().all(|side| side.is_finite() && *side > 0.0)
            || !raster.first.iter().all(|place| place.is_finite())
        {
            return bad("cell size or origin is not a number");
        }
        Ok(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            datum,
            sigma_m,
            projection: projection(raster.epsg)?,
            raster,
        })
    }

    /// Height at a place, m in the model's datum; `None` outside the raster and in its holes.
    #[must_use]
    pub fn height_m(&self, position: Wgs84) -> Option<f64> {
        self.raster.at(self.cell_of(position)?)
    }

    /// Column and row, fractions counted from the middle of the first cell.
    fn cell_of(&self, position: Wgs84) -> Option<Vector2<f64>> {
        let [x, y] = match &self.projection {
            None => [position.longitude_deg, position.latitude_deg],
            Some((geographic, projected)) => {
                let place = [
                    position.longitude_deg.to_radians(),
                    position.latitude_deg.to_radians(),
                ];
                carry(geographic, projected, place).ok()?
            }
        };
        let raster = &self.raster;
        Some(Vector2::new(
            (x - raster.first[0]) / raster.cell[0],
            (raster.first[1] - y) / raster.cell[1],
        ))
    }

    /// The raster around a place with straight axes: good to decimetres within [`REACH_M`].
    pub(crate) fn around(&self, position: Wgs84) -> Option<Surroundings<'_>> {
        const SPAN_M: f64 = 500.0;
        let plane = LocalTangent::at(position);
        let at = |east: f64, north: f64| self.cell_of(plane.wgs84_from_enu(east, north));
        let east = (at(SPAN_M, 0.0)? - at(-SPAN_M, 0.0)?) / (2.0 * SPAN_M);
        let north = (at(0.0, SPAN_M)? - at(0.0, -SPAN_M)?) / (2.0 * SPAN_M);
        let per_metre = Matrix2::from_columns(&[east, north]);
        Some(Surroundings {
            raster: &self.raster,
            foot: self.cell_of(position)?,
            cell_m: 1.0 / per_metre.determinant().abs().sqrt(),
            per_metre,
        })
    }
}

impl HeightRaster {
    /// Bilinear between the middles of four cells that all have a height.
    fn at(&self, cell: Vector2<f64>) -> Option<f64> {
        let (column, row) = (cell.x.floor(), cell.y.floor());
        let fits =
            column >= 0.0 && row >= 0.0 && column + 1.0 < self.columns as f64 && row + 1.0 < self.rows as f64;
        if !fits {
            return None;
        }
        let (across, down) = (cell.x - column, cell.y - row);
        let first = row as usize * self.columns + column as usize;
        let [a, b, c, d] = [first, first + 1, first + self.columns, first + self.columns + 1]
            .map(|at| f64::from(self.heights_m[at]));
        let height =
            (a * (1.0 - across) + b * across) * (1.0 - down) + (c * (1.0 - across) + d * across) * down;
        height.is_finite().then_some(height)
    }
}

/// A raster around a camera, with straight axes.
pub(crate) struct Surroundings<'t> {
    raster: &'t HeightRaster,
    /// Column and row below the camera.
    foot: Vector2<f64>,
    /// Columns and rows per metre east (first column) and north.
    per_metre: Matrix2<f64>,
    /// Side of a cell, m.
    cell_m: f64,
}

impl Surroundings<'_> {
    /// Height at an offset east and north of the camera's foot.
    pub(crate) fn height_m(&self, offset_m: Vector2<f64>) -> Option<f64> {
        self.raster.at(self.cell_at(offset_m))
    }

    /// Column and row of an offset, fractions counted from the middle of the first cell.
    pub(crate) fn cell_at(&self, offset_m: Vector2<f64>) -> Vector2<f64> {
        self.foot + self.per_metre * offset_m
    }

    /// Height at a column and row.
    pub(crate) fn height_of_cell(&self, cell: Vector2<f64>) -> Option<f64> {
        self.raster.at(cell)
    }

    /// The highest height known in a box of offsets, south-west to north-east; endlessly low where none is.
    pub(crate) fn highest_m(&self, low: [f64; 2], high: [f64; 2]) -> f64 {
        let corners = [low, [low[0], high[1]], [high[0], low[1]], high].map(|at| self.cell_at(at.into()));
        let range = |axis: usize, end: usize| {
            let sides = corners.map(|corner| corner[axis]);
            let first = sides
                .iter()
                .copied()
                .fold(f64::INFINITY, f64::min)
                .floor()
                .max(0.0);
            let last = sides.iter().copied().fold(0.0, f64::max).ceil();
            first as usize..end.min(last as usize + 1)
        };
        let columns = range(0, self.raster.columns);
        let rows = range(1, self.raster.rows).filter(|_| !columns.is_empty());
        let heights = rows.flat_map(|row| {
            let start = row * self.raster.columns;
            &self.raster.heights_m[start + columns.start..start + columns.end]
        });
        heights.fold(f64::NEG_INFINITY, |highest, height| {
            highest.max(f64::from(*height))
        })
    }

    /// Distance from the camera's foot where the sight first comes below the ground, m.
    fn meeting_m(&self, camera_m: f64, sight: &Vector3<f64>) -> Result<f64, GeolocateError> {
        let level = sight.y.hypot(sight.x);
        let direction = Vector2::new(sight.y, sight.x) / level.max(1e-12);
        let fall = sight.z / level.max(1e-12);
        let above = |away_m: f64| -> Result<f64, GeolocateError> {
            let ground_m = self.height_m(direction * away_m);
            ground_m
                .map(|ground_m| camera_m - away_m * fall - ground_m)
                .ok_or(GeolocateError::NoHeightThere { away_m })
        };
        let under_foot_m = above(0.0)?;
        if under_foot_m <= 0.0 {
            return Err(GeolocateError::NotAboveGround {
                altitude_agl_m: under_foot_m,
            });
        }
        // Straight down there is nothing to search.
        if level < 1e-9 * sight.z {
            return Ok(0.0);
        }
        let step_m = STEP_CELLS * self.cell_m;
        let reach_m = (REACH_HEIGHTS * under_foot_m).min(REACH_M);
        let mut before_m = 0.0;
        while before_m < reach_m {
            let next_m = before_m + step_m;
            if above(next_m)? <= 0.0 {
                return halved(before_m, next_m, above);
            }
            before_m = next_m;
        }
        Err(GeolocateError::NoHeightThere { away_m: reach_m })
    }

    /// The plane that touches the ground at an offset, as seen from the camera.
    fn plane(&self, camera_m: f64, at: Vector2<f64>) -> Option<GroundPlane> {
        let reach_m = self.cell_m.max(SLOPE_REACH_M);
        let here = self.height_m(at)?;
        // At an edge or beside a hole the slope of the side that is there.
        let slope = |step: Vector2<f64>| {
            let (more, less) = (self.height_m(at + step), self.height_m(at - step));
            match (more, less) {
                (Some(more), Some(less)) => (more - less) / (2.0 * reach_m),
                (Some(more), None) => (more - here) / reach_m,
                (None, Some(less)) => (here - less) / reach_m,
                (None, None) => 0.0,
            }
        };
        let slope = [
            slope(Vector2::new(reach_m, 0.0)),
            slope(Vector2::new(0.0, reach_m)),
        ];
        Some(GroundPlane {
            depth_m: camera_m - (here - slope[0] * at.x - slope[1] * at.y),
            slope,
        })
    }
}

fn halved(
    above_m: f64,
    below_m: f64,
    above: impl Fn(f64) -> Result<f64, GeolocateError>,
) -> Result<f64, GeolocateError> {
    let (mut near, mut far) = (above_m, below_m);
    for _ in 0..HALVINGS {
        let half = (near + far) / 2.0;
        if above(half)? > 0.0 {
            near = half
        } else {
            far = half
        }
    }
    Ok((near + far) / 2.0)
}

/// The ground point a pixel shows on a height model, the camera at `camera_m` in the model's datum. The covariance is
/// that of [`ground_on_plane`] on the plane that touches the model there.
///
/// # Errors
/// [`GeolocateError::NoHeightThere`] where the ray leaves the raster or meets a hole, and all others.
pub fn ground_on_terrain(
    pose: &Pose,
    camera: &CameraModel,
    pixel: [f64; 2],
    (terrain, camera_m): (&Terrain, f64),
) -> Result<GroundFix, GeolocateError> {
    let sight = sight_of(pose, camera, pixel)?;
    let nothing = GeolocateError::NoHeightThere { away_m: 0.0 };
    let around = terrain.around(pose.position).ok_or(nothing.clone())?;
    let away_m = around.meeting_m(camera_m, &sight)?;
    let level = sight.y.hypot(sight.x).max(1e-12);
    let at = Vector2::new(sight.y, sight.x) * (away_m / level);
    let plane = around.plane(camera_m, at).ok_or(nothing)?;
    ground_on_plane(pose, camera, pixel, &plane)
}

/// The projection of a raster's coordinates from longitude and latitude; `None` where they are that already.
fn projection(code: u32) -> Result<Option<(Proj, Proj)>, TerrainError> {
    match Reference::from_epsg(code) {
        Err(_unknown) => Err(TerrainError::UnknownReference { code }),
        Ok(Reference::Geographic(_)) => Ok(None),
        Ok(Reference::Projected(projection)) => {
            let bad = |error: ReferenceError| TerrainError::BadRaster {
                problem: error.to_string(),
            };
            projection.projections().map(Some).map_err(bad)
        }
    }
}
