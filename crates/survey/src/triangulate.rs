//! One thing seen from several places: its place and its height above the assumed ground, from the lines of sight and
//! from what is known of heights beforehand. Where the lines cross at wide angles the height comes from them and roofs
//! no longer lean away from the camera; where they are nearly parallel this is the weighted mean of the places.

use nalgebra::{Matrix2, Matrix2x3, Matrix3, Matrix3x2, SymmetricEigen, Vector2, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::camera::CameraModel;
use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::{GeolocateError, sight_of};
use crate::pose::Pose;

/// Correlation of the errors of two views in everything but the height: satellite geometry and mounting are the same
/// for all photos of a flight. 0.5 keeps at least half of a single view's variance, however many views there are.
pub const COMMON_SHARE: f64 = 0.5;
/// Share of the variance of the height above ground that all views of a thing have in common: the whole of what ground
/// and roofs add (4 m of [`PoseSigmas::consumer_gnss`](crate::pose::PoseSigmas::consumer_gnss)'s 5 m) and half of the
/// camera's own (3 m), (16 + 4.5) / 25.
pub const COMMON_HEIGHT_SHARE: f64 = 0.8;
/// A view keeps at least this share of its variance in every direction when the height's part is taken out.
const LEAST_OWN_SHARE: f64 = 0.05;

/// Why views give no common place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TriangulateError {
    /// Nothing to join.
    #[error("there is no view to take a place from")]
    NoView,
    /// A covariance that is not one.
    #[error("view {index} has a covariance that is not positive definite")]
    Covariance {
        /// Number of the view, from 0.
        index: usize,
    },
}

/// The line of sight behind a place on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// How far (east, north) the place on the assumed ground lies beyond the thing for every metre that the thing stands
    /// above that ground, m per m: the line's cotangent, away from the camera.
    pub lean: [f64; 2],
    /// One standard deviation of the height above the assumed ground, as far as all views share it, m.
    pub height_sigma_m: f64,
}

/// One view of a thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenPlace {
    /// Its place on the assumed ground.
    pub position: Wgs84,
    /// Covariance of that place with all its causes, (east, north), m².
    pub covariance_m2: [[f64; 2]; 2],
    /// Its line of sight; `None` where the pose behind it is not known.
    pub sight: Option<Sight>,
}

/// One place from several views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinedPlace {
    /// The place.
    pub position: Wgs84,
    /// Covariance of (east, north), m², with what the views have in common.
    pub covariance_m2: [[f64; 2]; 2],
    /// Height above the assumed ground, m; nought where no line of sight tells it.
    pub height_m: f64,
    /// One standard deviation of the height, m.
    pub height_sigma_m: f64,
    /// Sum of squared misses in standard deviations.
    pub chi2: f64,
    /// Degrees of freedom: twice the views less two.
    pub freedom: usize,
}

impl Sight {
    /// The sight of a pixel from a pose.
    ///
    /// # Errors
    /// A pixel outside the image or above the horizon, an unusable pose.
    pub fn of(pose: &Pose, camera: &CameraModel, pixel: [f64; 2]) -> Result<Self, GeolocateError> {
        let sight = sight_of(pose, camera, pixel)?;
        Ok(Self {
            lean: [sight.y / sight.z, sight.x / sight.z],
            height_sigma_m: pose.sigmas.height_m * COMMON_HEIGHT_SHARE.sqrt(),
        })
    }
}

/// A view as the equations need it.
struct Line {
    place_m: Vector2<f64>,
    /// What place and height move the seen place by: `[1 0 lₑ; 0 1 lₙ]`.
    design: Matrix2x3<f64>,
    /// Covariance without the shared height, m².
    own_m2: Matrix2<f64>,
    information: Matrix2<f64>,
}

/// The place and the height that fit all views best.
///
/// A thing at place x, z above the assumed ground, is seen at `p = x + l·z + e` with the lean l of its line of sight.
/// x and z come from least squares with the weights `C⁻¹`, C the view's covariance less the height's part `l·lᵀ·σ_z²`,
/// and z = 0 ± σ_z known beforehand: with equal leans the weighted mean of the places, with lines from several sides
/// their intersection (mid-point triangulation, Hartley & Sturm 1997), and anything in between.
///
/// The errors of two views are correlated by ρ = [`COMMON_SHARE`]: with the gains `W = P·Aᵀ·C⁻¹` (A the design, P the
/// inverse of the normal matrix) the covariance is `(1 − ρ)·Σ W·C·Wᵀ + ρ·M·Mᵀ + P·Λ·P`, `M = Σ W·√C`, Λ the
/// information on z known beforehand. For n equal views that is C·(1 + (n − 1)·ρ)/n, for one view its own covariance.
///
/// # Errors
/// [`TriangulateError`].
pub fn joined(views: &[SeenPlace]) -> Result<JoinedPlace, TriangulateError> {
    let origin = views.first().ok_or(TriangulateError::NoView)?.position;
    let plane = LocalTangent::at(origin);
    let height_sigma_m = common_height_sigma_m(views);
    let lines = views
        .iter()
        .enumerate()
        .map(|(index, view)| line(view, &plane, height_sigma_m).ok_or(TriangulateError::Covariance { index }))
        .collect::<Result<Vec<Line>, _>>()?;
    let not_definite = TriangulateError::Covariance { index: 0 };
    // Without any lean the height is what it was known to be before.
    let known = Matrix3::from_diagonal(&Vector3::new(0.0, 0.0, height_sigma_m.powi(-2)));
    let (mut normal, mut weighted) = (known, Vector3::zeros());
    for line in &lines {
        let gain = line.design.transpose() * line.information;
        normal += gain * line.design;
        weighted += gain * line.place_m;
    }
    let inverse = normal.try_inverse().ok_or(not_definite)?;
    let found = inverse * weighted;
    let (mut single, mut common) = (Matrix3::zeros(), Matrix3x2::zeros());
    let mut chi2 = (found.z / height_sigma_m).powi(2);
    for line in &lines {
        let gain = inverse * line.design.transpose() * line.information;
        single += gain * line.own_m2 * gain.transpose();
        common += gain * root(&line.own_m2);
        let miss = line.place_m - line.design * found;
        chi2 += (miss.transpose() * line.information * miss).x;
    }
    let covariance = single * (1.0 - COMMON_SHARE)
        + common * common.transpose() * COMMON_SHARE
        + inverse * known * inverse;
    let mixed = (covariance[(0, 1)] + covariance[(1, 0)]) / 2.0;
    Ok(JoinedPlace {
        position: plane.wgs84_from_enu(found.x, found.y),
        covariance_m2: [[covariance[(0, 0)], mixed], [mixed, covariance[(1, 1)]]],
        height_m: found.z,
        height_sigma_m: covariance[(2, 2)].max(0.0).sqrt(),
        chi2,
        freedom: 2 * (lines.len() - 1),
    })
}

/// The quadratic mean of what the views say; a metre where none says anything, which then moves nothing.
fn common_height_sigma_m(views: &[SeenPlace]) -> f64 {
    let squares: Vec<f64> = views
        .iter()
        .filter_map(|view| view.sight.map(|sight| sight.height_sigma_m.powi(2)))
        .collect();
    let mean = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
    if mean > 1e-6 && mean.is_finite() {
        mean.sqrt()
    } else {
        1.0
    }
}

fn line(view: &SeenPlace, plane: &LocalTangent, height_sigma_m: f64) -> Option<Line> {
    let [[ee, en], [ne, nn]] = view.covariance_m2;
    let whole_m2 = Matrix2::new(ee, (en + ne) / 2.0, (en + ne) / 2.0, nn);
    let lean = view
        .sight
        .map_or(Vector2::zeros(), |sight| Vector2::from(sight.lean));
    let whole_information = whole_m2.cholesky()?.inverse();
    // C − s·l·lᵀ is positive definite just while s·lᵀC⁻¹l < 1.
    let part = (lean.transpose() * whole_information * lean).x;
    let most_m2 = (1.0 - LEAST_OWN_SHARE) / part.max(f64::MIN_POSITIVE);
    let own_m2 = whole_m2 - lean * lean.transpose() * height_sigma_m.powi(2).min(most_m2);
    Some(Line {
        place_m: plane.enu_from_wgs84(view.position).into(),
        design: Matrix2x3::new(1.0, 0.0, lean.x, 0.0, 1.0, lean.y),
        own_m2,
        information: own_m2.cholesky()?.inverse(),
    })
}

/// The symmetric square root of a covariance.
fn root(covariance: &Matrix2<f64>) -> Matrix2<f64> {
    let eigen = SymmetricEigen::new(*covariance);
    let roots = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    eigen.eigenvectors * Matrix2::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

#[cfg(test)]
mod tests;
