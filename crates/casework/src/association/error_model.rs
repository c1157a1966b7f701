//! How the covariance of a detection splits into what its whole photo shares and what is its own, and the gates
//! that follow from it.

use nalgebra::{Matrix2, Vector2};

/// 99 % quantile of chi-square with 2 degrees of freedom: −2 ln 0.01.
pub const CHI2_2DOF_99: f64 = 9.210_340_371_976_184;

/// 99.99 % quantile: −2 ln 0.0001. Pairs this far apart still vote on a photo's common error; with 99 % one photo
/// in a hundred would find its true shift shut out and take a neighbouring row for its own.
pub const CHI2_2DOF_9999: f64 = 18.420_680_743_952_367;

/// Share of a detection's variance that is neither shift, turn nor stretch of its whole photo: mostly the lean of
/// things of unlike height. 0.1 of a usual (3.5 m)² is (1.1 m)²; the scatter actually seen corrects it.
const OWN_SHARE: f64 = 0.1;
/// Error of a box centre for a very small thing, standard deviation per axis, m.
const BOX_SIGMA_M: f64 = 0.25;
/// Error of a box centre as a share of the box diagonal.
const BOX_SIGMA_SHARE: f64 = 0.05;
/// Standard deviation of the logarithm of a measured diagonal: the box of a long thing grows by up to √2 when it
/// is turned.
const SIZE_SIGMA_LN: f64 = 0.35;
/// Diagonals that differ by more than this factor are different things.
const SIZE_MAX_RATIO: f64 = 2.5;

/// The error that the whole photo shares, m².
pub fn common(covariance: &Matrix2<f64>) -> Matrix2<f64> {
    covariance * (1.0 - OWN_SHARE)
}

/// The error that is the detection's own, m².
pub fn own(covariance: &Matrix2<f64>, extent_m: [f64; 2]) -> Matrix2<f64> {
    let box_sigma_m = BOX_SIGMA_M.hypot(BOX_SIGMA_SHARE * diagonal_m(extent_m));
    covariance * OWN_SHARE + Matrix2::identity() * (box_sigma_m * box_sigma_m)
}

/// Squared size difference in standard deviations, or nothing when the sizes exclude each other. Diagonals are
/// compared because the box of a thing changes least along them when the photo is turned.
pub fn size_distance2(a_m: [f64; 2], b_m: [f64; 2]) -> Option<f64> {
    let ln_ratio = (diagonal_m(a_m) / diagonal_m(b_m)).ln();
    (ln_ratio.abs() <= SIZE_MAX_RATIO.ln()).then(|| (ln_ratio / SIZE_SIGMA_LN).powi(2))
}

/// The largest cost of a pair that passes both gates; leaving a detection alone costs as much, so that a pair
/// within the gates is never passed over for nothing.
pub fn largest_pair_cost() -> f64 {
    CHI2_2DOF_99 + (SIZE_MAX_RATIO.ln() / SIZE_SIGMA_LN).powi(2)
}

/// `rᵀ C⁻¹ r`, infinite for a singular `C`.
pub fn mahalanobis2(residual_m: &Vector2<f64>, covariance_m2: &Matrix2<f64>) -> f64 {
    covariance_m2.try_inverse().map_or(f64::INFINITY, |inverse| {
        (residual_m.transpose() * inverse * residual_m).x
    })
}

/// Largest standard deviation in any direction, m.
pub fn largest_sigma_m(covariance_m2: &Matrix2<f64>) -> f64 {
    let half_difference = (covariance_m2[(0, 0)] - covariance_m2[(1, 1)]) / 2.0;
    let mean = (covariance_m2[(0, 0)] + covariance_m2[(1, 1)]) / 2.0;
    (mean + half_difference.hypot(covariance_m2[(0, 1)])).sqrt()
}

/// The matrix of rows as given by callers.
pub fn matrix(rows: [[f64; 2]; 2]) -> Matrix2<f64> {
    Matrix2::new(rows[0][0], rows[0][1], rows[1][0], rows[1][1])
}

/// Whether it is a covariance: finite, symmetric, positive definite.
pub fn is_covariance(rows: [[f64; 2]; 2]) -> bool {
    let [[ee, en], [ne, nn]] = rows;
    let finite = rows.iter().flatten().all(|value| value.is_finite());
    finite && (en - ne).abs() <= 1e-9 * (ee + nn) && ee > 0.0 && ee * nn - en * ne > 1e-12 * ee * nn
}

fn diagonal_m(extent_m: [f64; 2]) -> f64 {
    extent_m[0].hypot(extent_m[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_sigma_is_the_root_of_the_largest_eigenvalue() {
        let covariance: Matrix2<f64> = Matrix2::new(5.0, 2.0, 2.0, 3.0);
        let expected = covariance.symmetric_eigenvalues().max().sqrt();
        assert!((largest_sigma_m(&covariance) - expected).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        assert!(is_covariance([[4.0, 1.0], [1.0, 9.0]]));
        for rows in [
            [[0.0, 0.0], [0.0, 0.0]],
            [[4.0, 1.0], [0.0, 9.0]],
            [[4.0, 6.0], [6.0, 9.0]],
            [[-4.0, 0.0], [0.0, -9.0]],
            [[f64::NAN, 0.0], [0.0, 9.0]],
        ] {
            assert!(!is_covariance(rows), "{rows:?}");
        }
    }

    #[test]
    fn a_turned_box_is_still_the_same_size_and_a_hall_is_no_hut() {
        assert!(size_distance2([20.0, 5.0], [17.7, 17.7]).is_some_and(|d2| d2 < 1.0));
        assert_eq!(size_distance2([40.0, 20.0], [5.0, 4.0]), None);
    }
}
