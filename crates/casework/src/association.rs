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
//! 5. `fuse`: position and covariance of each site from the lines of sight of all its views, which also tell how
//!    high it stands, without counting common errors as if they averaged out.
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
mod site;

pub use book::SiteBook;
pub use site::{
    Assignment, AssociateError, Association, Belonging, DetectionForSite, PhotoBatch, PhotoShift, Site, View,
};

/// Associates photos, given in the order of capture, with the sites known so far.
///
/// A site's position comes from all its views by [`survey::triangulate::joined`]: the place and the height that fit
/// their lines of sight best, which is the information-weighted mean `x = S·Σ Cₖ⁻¹xₖ`, `S = (Σ Cₖ⁻¹)⁻¹`, where no sight
/// is known or all are parallel. For `n` equal views its covariance is `S · (1 + (n−1)·ρ) · b`. The middle factor is
/// the variance of a mean of equally correlated errors: with ρ = 0.5 it never falls below half of a single view's
/// variance, however many photos there are, since GNSS bias does not average out; ρ = 1 would be covariance
/// intersection with equal weights (Julier & Uhlmann 1997). `b` is the Birge ratio squared, `max(1, χ²/(2(n−1)))`,
/// which widens it when the views disagree more than they claim (Birge 1932).
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
