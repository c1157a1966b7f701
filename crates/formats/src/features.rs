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
    /// What had to be decided while reading.
    pub notes: Vec<Note>,
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
    pub kind: IgnoredKind,
}

/// Why something gives no feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoredKind {
    /// It has no geometry at all.
    NoGeometry,
    /// Its geometry is empty; the kind as written, such as `Polygon`.
    Empty(String),
    /// A row that its writer marked as deleted.
    DeletedRow,
    /// Something of this kind, which is no map feature: a track, a link to another file, a picture on the ground.
    NoMapFeature(String),
}

/// Something that had to be decided while reading a file. The programs that show it have the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Rings whose last position did not repeat the first were closed.
    RingsClosed {
        /// How many.
        count: usize,
        /// Where the first stands.
        first: String,
    },
    /// Heights of positions are not used.
    HeightsDropped {
        /// How many positions had one other than 0.
        count: usize,
    },
    /// Nothing says which encoding the text is in; it was read in this one.
    GuessedEncoding(&'static str),
    /// The file says the first encoding, but its bytes follow the rules of UTF-8, which is rare by chance.
    LooksLikeUtf8 {
        /// The encoding that it says.
        stated: &'static str,
    },
    /// A shapefile without its `.dbf`: names and attributes are missing.
    NoAttributes,
    /// Rings that lie inside another and turn the same way were read as holes.
    HolesTurnedLikeOutlines {
        /// How many.
        count: usize,
        /// Where the first stands.
        first: String,
    },
    /// One object a line, and not one object as the standard has it.
    LineDelimited {
        /// How many objects.
        objects: usize,
    },
    /// Several files of one archive were read.
    SeveralFiles(Vec<String>),
}

/// What is noticed position by position and told once.
#[derive(Debug, Default)]
pub(crate) struct Noticed {
    unclosed: usize,
    first_unclosed: String,
    heights: usize,
}

impl Noticed {
    /// Takes the closing repeat away, or notices that it is missing. Gives whether it was there.
    pub(crate) fn open_ring(&mut self, ring: &mut Vec<[f64; 2]>, path: impl Fn() -> String) -> bool {
        let is_closed = ring.len() > 1 && ring.first() == ring.last();
        if is_closed {
            ring.pop();
        } else {
            if self.unclosed == 0 {
                self.first_unclosed = path();
            }
            self.unclosed += 1;
        }
        is_closed
    }

    /// Notices a height.
    pub(crate) fn height(&mut self, height_m: f64) {
        self.heights += usize::from(height_m != 0.0 && height_m.is_finite());
    }

    /// All of it as notes.
    pub(crate) fn notes(self) -> Vec<Note> {
        let mut notes = Vec::new();
        if self.unclosed > 0 {
            notes.push(Note::RingsClosed {
                count: self.unclosed,
                first: self.first_unclosed,
            });
        }
        if self.heights > 0 {
            notes.push(Note::HeightsDropped { count: self.heights });
        }
        notes
    }
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
