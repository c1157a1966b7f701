//! The ellipse that holds a place with a given probability.

use nalgebra::{Matrix2, SymmetricEigen};
use serde::{Deserialize, Serialize};

use crate::geodesy::{LocalTangent, Wgs84};

/// The region that holds the true place with a given probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorEllipse {
    /// Half the long axis, m.
    pub semi_major_m: f64,
    /// Half the short axis, m.
    pub semi_minor_m: f64,
    /// Direction of the long axis, clockwise from north, 0 to π.
    pub azimuth_rad: f64,
    /// Probability that the place lies inside, 0 to 1.
    pub confidence: f64,
}

impl ErrorEllipse {
    /// The ellipse of a covariance of (east, north), m². Its axes are the eigenvectors, stretched by
    /// √(−2 ln(1 − confidence)), the quantile of χ² with two degrees of freedom. `confidence` is held between
    /// 0 and 0.999 999.
    #[must_use]
    pub fn from_covariance(covariance_m2: [[f64; 2]; 2], confidence: f64) -> Self {
        let confidence = confidence.clamp(0.0, 0.999_999);
        let [[east, mixed], [_, north]] = covariance_m2;
        let eigen = SymmetricEigen::new(Matrix2::new(east, mixed, mixed, north));
        let (major, minor) = if eigen.eigenvalues[0] >= eigen.eigenvalues[1] {
            (0, 1)
        } else {
            (1, 0)
        };
        let axis = eigen.eigenvectors.column(major);
        let stretch = (-2.0 * (1.0 - confidence).ln()).sqrt();
        Self {
            semi_major_m: stretch * eigen.eigenvalues[major].max(0.0).sqrt(),
            semi_minor_m: stretch * eigen.eigenvalues[minor].max(0.0).sqrt(),
            azimuth_rad: axis[0].atan2(axis[1]).rem_euclid(std::f64::consts::PI),
            confidence,
        }
    }

    /// `points` positions around the ellipse, counter-clockwise, the first not repeated.
    #[must_use]
    pub fn outline(&self, centre: Wgs84, points: usize) -> Vec<Wgs84> {
        let plane = LocalTangent::at(centre);
        let (sin_az, cos_az) = self.azimuth_rad.sin_cos();
        (0..points)
            .map(|i| {
                let (sin, cos) = (i as f64 / points as f64 * std::f64::consts::TAU).sin_cos();
                let (along, left) = (self.semi_major_m * cos, self.semi_minor_m * sin);
                plane.wgs84_from_enu(along * sin_az - left * cos_az, along * cos_az + left * sin_az)
            })
            .collect()
    }
}
