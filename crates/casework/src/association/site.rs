//! What goes into association and what comes out: detections by photo, sites with their views, assignments.

use serde::{Deserialize, Serialize};
use survey::geodesy::Wgs84;
use survey::identity::Ulid;
use survey::time::UtcMicros;
use survey::triangulate::Sight;

/// One detection that has a place on the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionForSite {
    /// Identity, unique everywhere and the same on every run.
    pub detection_id: String,
    /// Photo it was made in.
    pub photo_id: String,
    /// Class; only detections of equal class share a site. Where several classes of a detector stand for one
    /// kind of thing, pass the name of the kind.
    pub class: String,
    /// Place of the box centre.
    pub position: Wgs84,
    /// Covariance of the place with all its causes, (east, north), m².
    pub covariance_m2: [[f64; 2]; 2],
    /// Width and height of the box on the ground, m.
    pub extent_m: [f64; 2],
    /// Detector score, 0 … 1.
    pub score: f64,
    /// Its line of sight, where the photo's pose is known: tells the height of things that several photos show.
    pub sight: Option<Sight>,
}

/// The detections of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoBatch {
    /// The photo.
    pub photo_id: String,
    /// When it was taken (or, unknown, when it came in): becomes the time part of new site ids.
    pub captured_at: UtcMicros,
    /// What was found in it, in any order.
    pub detections: Vec<DetectionForSite>,
}

/// A detection as a site remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The detection.
    pub detection_id: String,
    /// The photo it was made in.
    pub photo_id: String,
    /// Place as measured from this photo alone.
    pub position: Wgs84,
    /// Covariance of that place, (east, north), m².
    pub covariance_m2: [[f64; 2]; 2],
    /// Width and height of the box on the ground, m.
    pub extent_m: [f64; 2],
    /// Detector score, 0 … 1.
    pub score: f64,
    /// Its line of sight, where the photo's pose is known.
    pub sight: Option<Sight>,
}

/// One thing on the ground, with every view of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Identity for life.
    pub site_id: Ulid,
    /// Class of all its detections.
    pub class: String,
    /// Best place from all views.
    pub position: Wgs84,
    /// Covariance of that place, (east, north), m²; see [`associate`](super::associate).
    pub covariance_m2: [[f64; 2]; 2],
    /// Median width and height of the views, m.
    pub extent_m: [f64; 2],
    /// Every detection of it, oldest first, at most one per photo.
    pub views: Vec<View>,
}

/// How a detection came to its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// It was a view of the site before; nothing changed.
    Known,
    /// It joined a site that was there.
    Joined,
    /// It founded the site.
    Founded,
}

/// The site of one detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The detection.
    pub detection_id: String,
    /// Its site.
    pub site_id: Ulid,
    /// How it came there.
    pub belonging: Belonging,
}

/// The common shift that was found for one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoShift {
    /// The photo.
    pub photo_id: String,
    /// Offset, at the centre of its detections, from the sites seen before, (east, north), m.
    pub shift_enu_m: [f64; 2],
    /// Pairs of detection and site that agree on it, at least 3.
    pub pairs: usize,
}

/// Everything that a run over some photos found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Association {
    /// One per detection, photo by photo, by detection id within a photo.
    pub assignments: Vec<Assignment>,
    /// New sites and those whose views changed, as they are now, by id.
    pub sites: Vec<Site>,
    /// One per photo whose shift could be told.
    pub shifts: Vec<PhotoShift>,
}

/// Input that cannot be associated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssociateError {
    /// A covariance is not one: not finite, not symmetric or not positive definite.
    #[error("detection {detection_id}: its covariance is not a positive definite matrix")]
    Covariance {
        /// The detection (or view of a known site).
        detection_id: String,
    },
    /// A box without a finite size.
    #[error("detection {detection_id}: its extent on the ground is not a positive length")]
    Extent {
        /// The detection (or view of a known site).
        detection_id: String,
    },
    /// A detection says another photo than the batch it came in.
    #[error("detection {detection_id} is of photo {says}, but came with photo {batch}")]
    WrongPhoto {
        /// The detection.
        detection_id: String,
        /// The photo it names.
        says: String,
        /// The photo of the batch.
        batch: String,
    },
    /// The same detection twice.
    #[error("detection {detection_id} occurs twice")]
    Twice {
        /// The detection.
        detection_id: String,
    },
    /// A known site without any view has no place.
    #[error("site {site_id} has no view")]
    NoView {
        /// The site.
        site_id: Ulid,
    },
}
