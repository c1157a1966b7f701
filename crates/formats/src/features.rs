//! What files of map features have in common: things with a shape and properties, in coordinates that the file may or
//! may not name. GeoJSON, KML and Shapefile all become a [`FeatureFile`].

use std::collections::BTreeMap;

/// The features of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureFile {
    /// The file's own name for itself.
    pub name: Option<String>,
    /// What the coordinates are in, if the file says so.
    pub declared: Option<Declared>,
    /// In file order; a thing with points and areas gives a feature for each. Never empty.
    pub features: Vec<FileFeature>,
    /// What had to be decided while reading, in words.
    pub notes: Vec<String>,
    /// What else is in the file and was left out, so that the caller can say so.
    pub ignored: Vec<Ignored>,
}

/// What a file says its coordinates are in.
#[derive(Debug, Clone, PartialEq)]
pub enum Declared {
    /// By name: `WGS-84`, `CGCS2000`, `GCJ-02`, or `EPSG:` and a code.
    Named(String),
    /// A transverse Mercator projection by its parameters.
    TransverseMercator(ProjectionText),
}

/// A transverse Mercator projection as a `.prj` file writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionText {
    /// The system's name in the file.
    pub name: String,
    /// `WGS-84` or `CGCS2000`.
    pub datum: String,
    /// Longitude of the central meridian, degrees.
    pub central_meridian_deg: f64,
    /// Latitude of the origin, degrees.
    pub origin_latitude_deg: f64,
    /// Scale on the central meridian.
    pub scale: f64,
    /// Easting of the central meridian, m.
    pub false_easting_m: f64,
    /// Northing of the origin, m.
    pub false_northing_m: f64,
}

/// One thing.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFeature {
    /// Where it stands, e.g. `features[3].geometry`, `Placemark 4`, `record 17`.
    pub path: String,
    /// Where it is.
    pub geometry: FileGeometry,
    /// What the file says of it; nested values as JSON text.
    pub properties: BTreeMap<String, String>,
}

/// A shape as written: `[x, y]`, longitude or easting first, heights dropped.
#[derive(Debug, Clone, PartialEq)]
pub enum FileGeometry {
    /// Points.
    Points(Vec<[f64; 2]>),
    /// Lines of at least two positions.
    Lines(Vec<Vec<[f64; 2]>>),
    /// Areas.
    Areas(Vec<FileArea>),
}

/// Rings of at least three positions, the closing repeat removed, winding as written.
#[derive(Debug, Clone, PartialEq)]
pub struct FileArea {
    /// Outer ring.
    pub exterior: Vec<[f64; 2]>,
    /// Inner rings.
    pub holes: Vec<Vec<[f64; 2]>>,
}

/// Something that gives no feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Where it stands.
    pub path: String,
    /// What it is.
    pub kind: String,
}

impl FeatureFile {
    /// All areas of all features.
    pub fn areas(&self) -> impl Iterator<Item = &FileArea> {
        self.features.iter().flat_map(|feature| match &feature.geometry {
            FileGeometry::Areas(areas) => areas.as_slice(),
            FileGeometry::Points(_) | FileGeometry::Lines(_) => &[],
        })
    }
}
