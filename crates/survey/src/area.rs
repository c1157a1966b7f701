//! Flyable areas and other layers: polygons with a name, a version and a source, checked and brought to
//! WGS-84 once, measured exactly.

use geo::{Area, BooleanOps, LineString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::geodesy::{Datum, Gcj02, GeodesyError, Wgs84, wgs84_from_gcj02};
use crate::grid::{GridError, WorkingGrid};

mod crossing;
pub(crate) mod planar;
#[cfg(test)]
mod tests;

/// Holes and unions must agree with the plain sum of ring areas to this share, or rings overlap.
const AREA_AGREEMENT: f64 = 1e-6;

/// Why polygons cannot be a layer. `polygon` counts from 1; `ring` 0 is the outline, 1 the first hole.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AreaError {
    /// There is no polygon.
    #[error("layer `{name}` has no polygon")]
    Empty {
        /// The layer's name.
        name: String,
    },
    /// A vertex is no place on Earth.
    #[error("polygon {polygon}, ring {ring}, vertex {vertex}: {problem}{}", swap_hint(*.swapped))]
    NotOnEarth {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// From 1.
        vertex: usize,
        /// What is wrong with it.
        problem: GeodesyError,
        /// Whether latitude and longitude look exchanged.
        swapped: bool,
    },
    /// A ring has fewer than three different points.
    #[error("polygon {polygon}, ring {ring}: only {distinct} different points; an area needs three")]
    TooFewPoints {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// Different points found.
        distinct: usize,
    },
    /// A ring crosses itself.
    #[error("polygon {polygon}, ring {ring} crosses itself near {latitude_deg:.6}, {longitude_deg:.6}")]
    SelfCrossing {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// Where, degrees WGS-84.
        latitude_deg: f64,
        /// Where, degrees WGS-84.
        longitude_deg: f64,
    },
    /// A ring has no area: all its points lie on one line.
    #[error("polygon {polygon}, ring {ring} has no area")]
    NoArea {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
    },
    /// A hole reaches beyond its outline.
    #[error("polygon {polygon}: hole {ring} reaches beyond the outline")]
    HoleOutside {
        /// From 1.
        polygon: usize,
        /// The hole, from 1.
        ring: usize,
    },
    /// Holes of one polygon overlap.
    #[error("polygon {polygon}: holes overlap each other")]
    HolesOverlap {
        /// From 1.
        polygon: usize,
    },
}

/// What was changed while reading a layer; shown to whoever brings the layer in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Repair {
    /// Repeated vertices were dropped.
    DuplicateVertices {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// How many were dropped.
        dropped: usize,
    },
    /// The ring ran the wrong way round and was turned.
    WindingReversed {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
    },
    /// The whole layer was converted from GCJ-02.
    ConvertedFromGcj02 {
        /// How many vertices.
        vertices: usize,
    },
}

/// Who a layer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerHeader {
    /// Name, e.g. `pudong_flyable`.
    pub name: String,
    /// Version as the source gives it; a coverage number always names it.
    pub version: String,
    /// The datum the coordinates were written in.
    pub datum: Datum,
    /// Where it comes from and under which licence.
    pub source: String,
}

/// A polygon as files carry it: rings of `[longitude_deg, latitude_deg]` in the layer's datum, closed or not,
/// running either way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawPolygon {
    /// Outer ring.
    pub exterior: Vec<[f64; 2]>,
    /// Rings cut out.
    pub holes: Vec<Vec<[f64; 2]>>,
}

/// A polygon in WGS-84: outer ring counter-clockwise, holes clockwise, first points not repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Polygon {
    /// Outer ring.
    pub exterior: Vec<Wgs84>,
    /// Rings cut out.
    pub holes: Vec<Vec<Wgs84>>,
}

/// A named, versioned set of polygons in WGS-84. Build it with [`Layer::new`]; serde reads back what was
/// built and does not check again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Name, e.g. `pudong_flyable`.
    pub name: String,
    /// Version as the source gives it.
    pub version: String,
    /// The datum the source was written in; the polygons here are WGS-84 whatever it says.
    pub datum: Datum,
    /// The polygons; where they overlap the ground counts once.
    pub polygons: Vec<Polygon>,
    /// Where it comes from and under which licence.
    pub source: String,
}

impl Layer {
    /// Checks the polygons, brings them to WGS-84 and reports what was changed.
    ///
    /// # Errors
    /// The first [`AreaError`] found, naming polygon and ring.
    pub fn new(header: LayerHeader, polygons: &[RawPolygon]) -> Result<(Self, Vec<Repair>), AreaError> {
        let LayerHeader {
            name,
            version,
            datum,
            source,
        } = header;
        if polygons.is_empty() {
            return Err(AreaError::Empty { name });
        }
        let mut repairs = Vec::new();
        if datum == Datum::Gcj02 {
            repairs.push(Repair::ConvertedFromGcj02 {
                vertices: polygons.iter().map(vertex_count).sum(),
            });
        }
        let mut checked = Vec::with_capacity(polygons.len());
        for (index, raw) in polygons.iter().enumerate() {
            checked.push(
                PolygonReader {
                    polygon: index + 1,
                    datum,
                    repairs: &mut repairs,
                }
                .read(raw)?,
            );
        }
        Ok((
            Self {
                name,
                version,
                datum,
                polygons: checked,
                source,
            },
            repairs,
        ))
    }

    /// True area, m²: the union of the polygons on the grid, each part divided by its areal scale. Edges run
    /// straight on the grid.
    ///
    /// # Errors
    /// [`GridError`] when the layer reaches beyond the working area.
    pub fn area_m2(&self, grid: &WorkingGrid) -> Result<f64, GridError> {
        let parts = self
            .polygons
            .iter()
            .map(|polygon| planar::on_grid(polygon, grid))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(planar::true_area_m2(&parts, grid.radius_m()))
    }
}

struct PolygonReader<'a> {
    polygon: usize,
    datum: Datum,
    repairs: &'a mut Vec<Repair>,
}

impl PolygonReader<'_> {
    fn read(mut self, raw: &RawPolygon) -> Result<Polygon, AreaError> {
        let exterior = self.ring(0, &raw.exterior)?;
        let holes = raw
            .holes
            .iter()
            .enumerate()
            .map(|(i, hole)| self.ring(i + 1, hole))
            .collect::<Result<Vec<_>, _>>()?;
        self.check_holes(&exterior, &holes)?;
        Ok(Polygon { exterior, holes })
    }

    fn ring(&mut self, ring: usize, raw: &[[f64; 2]]) -> Result<Vec<Wgs84>, AreaError> {
        let polygon = self.polygon;
        let mut points = Vec::with_capacity(raw.len());
        for (index, place) in raw.iter().enumerate() {
            points.push(self.vertex(ring, index + 1, *place)?);
        }
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        let before = points.len();
        points.dedup();
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < before {
            self.repairs.push(Repair::DuplicateVertices {
                polygon,
                ring,
                dropped: before - points.len(),
            });
        }
        let distinct = crossing::distinct_points(&points);
        if distinct < 3 {
            return Err(AreaError::TooFewPoints {
                polygon,
                ring,
                distinct,
            });
        }
        if let Some(place) = crossing::self_crossing(&points) {
            let Wgs84 {
                latitude_deg,
                longitude_deg,
            } = place;
            return Err(AreaError::SelfCrossing {
                polygon,
                ring,
                latitude_deg,
                longitude_deg,
            });
        }
        let area = crossing::signed_area(&points);
        if area == 0.0 {
            return Err(AreaError::NoArea { polygon, ring });
        }
        if (area > 0.0) != (ring == 0) {
            points.reverse();
            self.repairs.push(Repair::WindingReversed { polygon, ring });
        }
        Ok(points)
    }

    fn vertex(&self, ring: usize, vertex: usize, place: [f64; 2]) -> Result<Wgs84, AreaError> {
        let [longitude_deg, latitude_deg] = place;
        let read = match self.datum {
            Datum::Wgs84 | Datum::Cgcs2000 => Wgs84::new(latitude_deg, longitude_deg),
            Datum::Gcj02 => Gcj02::new(latitude_deg, longitude_deg).map(wgs84_from_gcj02),
        };
        read.map_err(|problem| {
            let swapped = Wgs84::new(longitude_deg, latitude_deg).is_ok();
            AreaError::NotOnEarth {
                polygon: self.polygon,
                ring,
                vertex,
                problem,
                swapped,
            }
        })
    }

    fn check_holes(&self, exterior: &[Wgs84], holes: &[Vec<Wgs84>]) -> Result<(), AreaError> {
        if holes.is_empty() {
            return Ok(());
        }
        let outline = degree_polygon(exterior);
        let mut sum = 0.0;
        for (index, hole) in holes.iter().enumerate() {
            let cut = degree_polygon(hole);
            let area = cut.unsigned_area();
            if cut.intersection(&outline).unsigned_area() < area * (1.0 - AREA_AGREEMENT) {
                return Err(AreaError::HoleOutside {
                    polygon: self.polygon,
                    ring: index + 1,
                });
            }
            sum += area;
        }
        let cuts: Vec<_> = holes.iter().map(|hole| degree_polygon(hole)).collect();
        if geo::unary_union(&cuts).unsigned_area() < sum * (1.0 - AREA_AGREEMENT) {
            return Err(AreaError::HolesOverlap {
                polygon: self.polygon,
            });
        }
        Ok(())
    }
}

fn vertex_count(raw: &RawPolygon) -> usize {
    raw.exterior.len() + raw.holes.iter().map(Vec::len).sum::<usize>()
}

fn swap_hint(swapped: bool) -> &'static str {
    if swapped {
        "; latitude and longitude look exchanged (longitude comes first)"
    } else {
        ""
    }
}

fn degree_polygon(ring: &[Wgs84]) -> geo::Polygon {
    let line: LineString = ring
        .iter()
        .map(|point| (point.longitude_deg, point.latitude_deg))
        .collect();
    geo::Polygon::new(line, Vec::new())
}
