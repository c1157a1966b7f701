//! KML 2.2 (OGC 07-147r2). Out: flown tracks as `gx:Track` with a time for every point, lines and points, on WGS-84.
//! In: the placemarks of a KML or KMZ file ([`read_kml`], [`read_kmz`]). The standard means WGS-84, but many files
//! drawn on Chinese web maps are not, so that what the coordinates are in has to be said by whoever brings the file.

mod reader;
mod writer;

use jiff::Timestamp;
use thiserror::Error;

pub use reader::{KmlReadError, read_kml, read_kmz};

/// A document to be written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KmlDocument {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// What it shows, in this order.
    pub placemarks: Vec<KmlPlacemark>,
}

/// One thing shown.
#[derive(Debug, Clone, PartialEq)]
pub struct KmlPlacemark {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// Moment of a thing that has only one; a track has its own times.
    pub when: Option<Timestamp>,
    /// Names and values beside it (`ExtendedData`).
    pub data: Vec<(String, String)>,
    /// What its heights are measured from.
    pub height_from: HeightFrom,
    /// Where it is.
    pub geometry: KmlGeometry,
}

/// What heights are measured from (`altitudeMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightFrom {
    /// No heights: it lies on the ground.
    Ground,
    /// Mean sea level.
    SeaLevel,
    /// The ground below each point.
    AboveGround,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq)]
pub enum KmlGeometry {
    /// One position.
    Point(KmlPosition),
    /// A line of at least two positions.
    LineString(Vec<KmlPosition>),
    /// Positions in time (`gx:Track`), at least one.
    Track(Vec<(Timestamp, KmlPosition)>),
}

/// A position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KmlPosition {
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Height from what the placemark says, metres.
    pub height_m: f64,
}

/// Why a document cannot be written.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum KmlError {
    /// A position that is no place on earth, or a height that is no number.
    #[error(
        "{placemark}: longitude {longitude_deg}, latitude {latitude_deg}, height {height_m} m is no place on earth"
    )]
    NoSuchPlace {
        /// Name of the placemark.
        placemark: String,
        /// Longitude, degrees.
        longitude_deg: f64,
        /// Latitude, degrees.
        latitude_deg: f64,
        /// Height, metres.
        height_m: f64,
    },
    /// A line or track with too few positions.
    #[error("{placemark}: {found} positions are no line")]
    TooShort {
        /// Name of the placemark.
        placemark: String,
        /// Number of positions.
        found: usize,
    },
}

impl KmlDocument {
    /// The document as KML text.
    ///
    /// # Errors
    /// A position that is no place on earth, a line of fewer than 2 positions, a track of none.
    pub fn to_kml(&self) -> Result<String, KmlError> {
        for placemark in &self.placemarks {
            placemark.check()?;
        }
        Ok(writer::document(self))
    }
}

impl KmlPlacemark {
    fn check(&self) -> Result<(), KmlError> {
        match &self.geometry {
            KmlGeometry::Point(position) => self.check_place(position),
            KmlGeometry::LineString(line) if line.len() < 2 => Err(self.too_short(line.len())),
            KmlGeometry::LineString(line) => line.iter().try_for_each(|position| self.check_place(position)),
            KmlGeometry::Track(track) if track.is_empty() => Err(self.too_short(0)),
            KmlGeometry::Track(track) => track
                .iter()
                .try_for_each(|(_, position)| self.check_place(position)),
        }
    }

    fn too_short(&self, found: usize) -> KmlError {
        KmlError::TooShort {
            placemark: self.name.clone(),
            found,
        }
    }

    /// NaN fails the comparisons and is refused like any other impossible place.
    fn check_place(&self, at: &KmlPosition) -> Result<(), KmlError> {
        if at.longitude_deg.abs() <= 180.0 && at.latitude_deg.abs() <= 90.0 && at.height_m.is_finite() {
            return Ok(());
        }
        Err(KmlError::NoSuchPlace {
            placemark: self.name.clone(),
            longitude_deg: at.longitude_deg,
            latitude_deg: at.latitude_deg,
            height_m: at.height_m,
        })
    }
}
