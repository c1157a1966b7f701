//! Flyable areas and other layers: polygons with a name, a version and a source, checked and brought to
//! WGS-84 once, measured exactly.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::geodesy::{Datum, Wgs84};
use crate::grid::{GridError, WorkingGrid};
use crate::reference::{Converter, Reference, ReferenceError};

mod crossing;
pub(crate) mod planar;
mod repair;
mod runs;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_many;

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
    #[error("polygon {polygon}, ring {ring}, vertex {vertex}: {problem}")]
    NotOnEarth {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// From 1.
        vertex: usize,
        /// What is wrong with it.
        problem: ReferenceError,
    },
    /// A ring has fewer than three different points.
    #[error(
        "polygon {polygon}, ring {ring}: only {distinct} different points near {latitude_deg:.6}, {longitude_deg:.6}; an area needs three"
    )]
    TooFewPoints {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// Different points found.
        distinct: usize,
        /// Where, degrees WGS-84.
        latitude_deg: f64,
        /// Where, degrees WGS-84.
        longitude_deg: f64,
    },
    /// A ring has no area: all its points lie on one line.
    #[error("polygon {polygon}, ring {ring} encloses no area near {latitude_deg:.6}, {longitude_deg:.6}")]
    NoArea {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// Where, degrees WGS-84.
        latitude_deg: f64,
        /// Where, degrees WGS-84.
        longitude_deg: f64,
    },
    /// The coordinate system cannot be used.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// What was changed while reading a layer; shown to whoever brings the layer in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Vertices where the ring turned back upon itself were dropped; they enclosed nothing.
    Spikes {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// How many vertices were dropped.
        dropped: usize,
        /// The first tip, degrees WGS-84.
        latitude_deg: f64,
        /// The first tip, degrees WGS-84.
        longitude_deg: f64,
    },
    /// The ring crossed itself: all ground it goes round at least once was kept.
    SelfCrossing {
        /// From 1.
        polygon: usize,
        /// 0 is the outline.
        ring: usize,
        /// The first crossing, degrees WGS-84.
        latitude_deg: f64,
        /// The first crossing, degrees WGS-84.
        longitude_deg: f64,
        /// What the surveyor's formula says of the ring as it was, loops against each other, m².
        area_before_m2: f64,
        /// What it encloses, m².
        area_after_m2: f64,
    },
    /// The same ring stood there already; one was dropped.
    DuplicateRing {
        /// From 1.
        polygon: usize,
        /// 0 is the outline: the whole polygon was dropped.
        ring: usize,
    },
    /// A hole reached beyond its outline; only what lies inside was cut out.
    HoleOutside {
        /// From 1.
        polygon: usize,
        /// The hole, from 1.
        ring: usize,
        /// Share of the hole that lay outside.
        share_outside: f64,
    },
    /// Holes of one polygon overlapped; the ground was cut out once.
    HolesOverlap {
        /// From 1.
        polygon: usize,
    },
    /// Polygons overlap; their ground counts once.
    PolygonsOverlap {
        /// Ground that stood in more than one, m²; more often where three met.
        area_m2: f64,
        /// How many lie wholly inside another: holes, perhaps, that were written as polygons of their own.
        #[serde(default)]
        inside: usize,
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
        let converter = Reference::Geographic(datum).converter()?;
        let (checked, more) = repair::polygons(polygons, &converter)?;
        repairs.extend(more);
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

/// Brings polygons of a file to WGS-84: repeated vertices, spikes, duplicate rings, wrong winding, crossings and holes
/// that reach beyond their outline are repaired and told. A crossing outline may become several polygons.
///
/// # Errors
/// The first [`AreaError`] found, naming polygon, ring, vertex and place.
pub fn repaired(
    polygons: &[RawPolygon],
    converter: &Converter,
) -> Result<(Vec<Polygon>, Vec<Repair>), AreaError> {
    repair::polygons(polygons, converter)
}

fn vertex_count(raw: &RawPolygon) -> usize {
    raw.exterior.len() + raw.holes.iter().map(Vec::len).sum::<usize>()
}
