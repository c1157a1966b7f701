//! Site association: which detections in overlapping photos, and on flights months apart, show one and the same
//! thing on the ground. One thing, one site, one lead for life.
//!
//! What makes it hard: the positions of one photo are wrong *together* (the drone was not quite where and how it
//! said), by metres, while sheds stand 6 m apart. So a photo is never compared thing by thing alone:
//!
//! 1. `nearby`: sites within reach of the photo's detections, from a spatial hash.
//! 2. `adjust`: the earlier photos of those sites are laid over each other (their own common errors taken out as
//!    far as shared sites tell), which gives a sharp local map.
//! 3. `shift`: the new photo's common shift, turn and stretch against that map, the likeliest under the pose's
//!    covariance; fewer than three agreeing pairs mean none.
//! 4. `assign`: chi-square gate (2 degrees of freedom, 99 %) on what is left, size gate, and an optimal one-to-one
//!    assignment: two detections of one photo never share a site. What stays over founds new sites.
//! 5. `fuse`: position and covariance of each site from all its views, without counting common errors as if
//!    they averaged out.
//!
//! The result depends only on the input: no randomness, ties by identity.

mod adjust;
mod assign;
mod book;
mod error_model;
mod fuse;
mod hull;
mod nearby;
mod scene;
mod setting;
mod shift;
mod similarity;

use serde::{Deserialize, Serialize};
use survey::geodesy::Wgs84;
use survey::identity::Ulid;
use survey::time::UtcMicros;

pub use book::SiteBook;

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
    /// Covariance of that place, (east, north), m²; see [`associate`].
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

/// Associates photos, given in the order of capture, with the sites known so far.
///
/// A site's position is the information-weighted mean of its `n` views, `x = S·Σ Cₖ⁻¹xₖ` with `S = (Σ Cₖ⁻¹)⁻¹`,
/// and its covariance `S · (1 + (n−1)·ρ) · b`. The middle factor is the variance of a mean of equally correlated
/// errors: with ρ = 0.5 it never falls below half of a single view's variance, however many photos there are,
/// since GNSS bias and the assumed ground height do not average out; ρ = 1 would be covariance intersection with
/// equal weights (Julier & Uhlmann 1997). `b` is the Birge ratio squared, `max(1, χ²/(2(n−1)))`, which widens it
/// when the views disagree more than they claim (Birge 1932).
///
/// To work through many photos with a large register keep a [`SiteBook`] instead; it also takes the photos'
/// footprints, which rows of equal things need.
///
/// # Errors
/// See [`AssociateError`]; nothing is associated then.
pub fn associate(existing: &[Site], photos: &[PhotoBatch]) -> Result<Association, AssociateError> {
    let mut book = SiteBook::new(existing.to_vec())?;
    let mut result = Association::default();
    for photo in photos {
        let (assignments, shift) = book.take_in(photo)?;
        result.assignments.extend(assignments);
        result.shifts.extend(shift);
    }
    result.sites = book.take_changed();
    Ok(result)
}
