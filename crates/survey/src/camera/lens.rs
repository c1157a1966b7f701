//! Lens distortion after Brown and Conrady in OpenCV's convention: forward in closed form, backward by
//! Newton's method.

use serde::{Deserialize, Serialize};

const MOST_STEPS: usize = 25;
const CONVERGED: f64 = 1e-13;

/// Radial (k) and tangential (p) coefficients on coordinates divided by the focal length:
/// seen = ideal·(1 + k1 r² + k2 r⁴ + k3 r⁶) + tangential part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BrownConrady {
    /// Radial, r².
    pub k1: f64,
    /// Radial, r⁴.
    pub k2: f64,
    /// Tangential.
    pub p1: f64,
    /// Tangential.
    pub p2: f64,
    /// Radial, r⁶.
    pub k3: f64,
}

impl BrownConrady {
    /// Where the lens shows a point that a perfect lens would show at `ideal`.
    #[must_use]
    pub fn seen_from_ideal(&self, ideal: [f64; 2]) -> [f64; 2] {
        let [x, y] = ideal;
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3));
        [
            x * radial + 2.0 * self.p1 * x * y + self.p2 * (r2 + 2.0 * x * x),
            y * radial + self.p1 * (r2 + 2.0 * y * y) + 2.0 * self.p2 * x * y,
        ]
    }

    /// As [`BrownConrady::seen_from_ideal`], but `None` beyond the radius where the polynomial turns back
    /// and would fold far-away ground into the picture.
    #[must_use]
    pub fn seen_from_ideal_checked(&self, ideal: [f64; 2]) -> Option<[f64; 2]> {
        self.rises_up_to(ideal).then(|| self.seen_from_ideal(ideal))
    }

    /// The inverse of [`BrownConrady::seen_from_ideal`] on its rising branch, or `None` where there is none.
    #[must_use]
    pub fn ideal_from_seen(&self, seen: [f64; 2]) -> Option<[f64; 2]> {
        let mut ideal = seen;
        for _ in 0..MOST_STEPS {
            let shown = self.seen_from_ideal(ideal);
            let miss = [seen[0] - shown[0], seen[1] - shown[1]];
            let [[xx, xy], [yx, yy]] = self.derivative(ideal);
            let determinant = xx * yy - xy * yx;
            if determinant <= 1e-6 {
                return None;
            }
            let step = [
                (yy * miss[0] - xy * miss[1]) / determinant,
                (xx * miss[1] - yx * miss[0]) / determinant,
            ];
            ideal = [ideal[0] + step[0], ideal[1] + step[1]];
            if step[0].abs() + step[1].abs() < CONVERGED {
                return self.rises_up_to(ideal).then_some(ideal);
            }
        }
        None
    }

    /// ∂seen/∂ideal, rows seen x and y.
    fn derivative(&self, ideal: [f64; 2]) -> [[f64; 2]; 2] {
        let [x, y] = ideal;
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3));
        let slope = 2.0 * (self.k1 + r2 * (2.0 * self.k2 + 3.0 * r2 * self.k3));
        let mixed = x * y * slope + 2.0 * (self.p1 * x + self.p2 * y);
        [
            [
                radial + x * x * slope + 2.0 * self.p1 * y + 6.0 * self.p2 * x,
                mixed,
            ],
            [
                mixed,
                radial + y * y * slope + 6.0 * self.p1 * y + 2.0 * self.p2 * x,
            ],
        ]
    }

    /// Whether r·(1 + k1 r² + k2 r⁴ + k3 r⁶) rises all the way from the axis to this point.
    fn rises_up_to(&self, ideal: [f64; 2]) -> bool {
        let end = ideal[0] * ideal[0] + ideal[1] * ideal[1];
        let slope = |r2: f64| 1.0 + r2 * (3.0 * self.k1 + r2 * (5.0 * self.k2 + r2 * 7.0 * self.k3));
        // The slope is a cubic in r²: besides the end, only its turning points inside can be lower.
        let [a, b, c] = [21.0 * self.k3, 10.0 * self.k2, 3.0 * self.k1];
        let turning = if a.abs() < 1e-12 {
            [-c / b, f64::NAN]
        } else {
            let root = (b * b - 4.0 * a * c).sqrt();
            [(-b + root) / (2.0 * a), (-b - root) / (2.0 * a)]
        };
        let inside = turning.into_iter().filter(|r2| *r2 > 0.0 && *r2 < end);
        inside.chain([end]).all(|r2| slope(r2) > 1e-3)
    }
}
