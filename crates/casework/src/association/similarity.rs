//! The error that a whole photo shares: a shift, a turn (yaw error) and a stretch (height error).

use nalgebra::{Matrix2, Matrix2x4, Matrix4, Vector2, Vector4};

/// Yaw error of one photo, standard deviation, rad: 3°, as in the pose defaults.
const TURN_SIGMA: f64 = 0.052;
/// Relative height error of one photo, standard deviation: 5 m at 100 m above ground.
const STRETCH_SIGMA: f64 = 0.05;

/// A photo's common error as found: at `q` metres from the photo's centre it moves things by `J(q)·p`, with
/// `p = (shift east m, shift north m, stretch, turn rad)` and `J(q) = [1 0 qₑ −qₙ; 0 1 qₙ qₑ]` (a similarity
/// transform for small turns; counter-clockwise positive).
#[derive(Clone, Debug)]
pub struct Similarity {
    /// `p`.
    pub parameters: Vector4<f64>,
    /// Covariance of `p`.
    pub covariance: Matrix4<f64>,
}

/// Normal equations of a similarity, beginning with what is known beforehand.
#[derive(Clone, Debug)]
pub struct Normal {
    information: Matrix4<f64>,
    weighted: Vector4<f64>,
}

/// `J(q)`: how the four parameters move a thing at `q_m` from the photo's centre.
pub fn design(q_m: &Vector2<f64>) -> Matrix2x4<f64> {
    Matrix2x4::new(1.0, 0.0, q_m.x, -q_m.y, 0.0, 1.0, q_m.y, q_m.x)
}

impl Similarity {
    /// No error at all is the best guess; the shift is as uncertain as `shift_m2` (m²), turn and stretch as those of
    /// `photos` photos added up.
    pub fn unknown(shift_m2: &Matrix2<f64>, photos: f64) -> Self {
        let mut covariance = Matrix4::zeros();
        covariance.fixed_view_mut::<2, 2>(0, 0).copy_from(shift_m2);
        covariance[(2, 2)] = STRETCH_SIGMA * STRETCH_SIGMA * photos;
        covariance[(3, 3)] = TURN_SIGMA * TURN_SIGMA * photos;
        Self {
            parameters: Vector4::zeros(),
            covariance,
        }
    }

    /// The same with a shift assumed that is known to `sigma_m`.
    pub fn with_shift(&self, shift_m: Vector2<f64>, sigma_m: f64) -> Self {
        let mut covariance = Matrix4::identity() * (sigma_m * sigma_m);
        covariance[(2, 2)] = self.covariance[(2, 2)];
        covariance[(3, 3)] = self.covariance[(3, 3)];
        Self {
            parameters: Vector4::new(shift_m.x, shift_m.y, 0.0, 0.0),
            covariance,
        }
    }

    /// How far it moves a thing at `q_m` from the photo's centre, m.
    pub fn offset_m(&self, q_m: &Vector2<f64>) -> Vector2<f64> {
        design(q_m) * self.parameters
    }

    /// Covariance of [`Self::offset_m`], m².
    pub fn offset_m2(&self, q_m: &Vector2<f64>) -> Matrix2<f64> {
        let design = design(q_m);
        design * self.covariance * design.transpose()
    }

    /// `pᵀC⁻¹p` of another error against this covariance: how far it is from the best guess of none.
    pub fn unlikeliness(&self, other: &Similarity) -> f64 {
        let inverse = self.covariance.try_inverse();
        inverse.map_or(f64::INFINITY, |inverse| {
            (other.parameters.transpose() * inverse * other.parameters).x
        })
    }

    /// The shift at the photo's centre, m.
    pub fn shift_m(&self) -> Vector2<f64> {
        Vector2::new(self.parameters[0], self.parameters[1])
    }
}

impl Normal {
    /// Begins with prior knowledge; nothing if its covariance is singular.
    pub fn from_prior(prior: &Similarity) -> Option<Self> {
        let information = prior.covariance.try_inverse()?;
        Some(Self {
            information,
            weighted: information * prior.parameters,
        })
    }

    /// Adds an observed offset at `q_m`, weighted by the inverse of its covariance.
    pub fn observe(&mut self, q_m: &Vector2<f64>, offset_m: &Vector2<f64>, information: &Matrix2<f64>) {
        let weighted_design = design(q_m).transpose() * information;
        self.information += weighted_design * design(q_m);
        self.weighted += weighted_design * offset_m;
    }

    /// The maximum-a-posteriori similarity.
    pub fn solved(&self) -> Option<Similarity> {
        let covariance = self.information.try_inverse()?;
        Some(Similarity {
            parameters: covariance * self.weighted,
            covariance,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_sharp_offsets_give_back_the_error_they_were_made_with() {
        let made = Similarity {
            parameters: Vector4::new(3.0, -2.0, 0.04, -0.03),
            covariance: Matrix4::zeros(),
        };
        let prior = Similarity::unknown(&(Matrix2::identity() * 10.0), 1.0);
        let mut normal = Normal::from_prior(&prior).unwrap();
        for q_m in [[-50.0, -30.0], [40.0, -35.0], [5.0, 45.0], [60.0, 20.0]].map(Vector2::from) {
            normal.observe(&q_m, &made.offset_m(&q_m), &(Matrix2::identity() * 1e6));
        }
        let found = normal.solved().unwrap();
        assert!((found.parameters - made.parameters).norm() < 1e-4, "{found:?}");
        let near = found.offset_m2(&Vector2::new(0.0, 0.0)).trace();
        assert!(found.offset_m2(&Vector2::new(300.0, 0.0)).trace() > 10.0 * near);
    }

    #[test]
    fn a_turn_is_counter_clockwise() {
        let turned = Similarity {
            parameters: Vector4::new(0.0, 0.0, 0.0, 0.1),
            covariance: Matrix4::zeros(),
        };
        assert!((turned.offset_m(&Vector2::new(10.0, 0.0)) - Vector2::new(0.0, 1.0)).norm() < 1e-12);
    }
}
