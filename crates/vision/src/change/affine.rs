//! Affine maps of the picture plane, and their fit to pairs of points.

/// Takes (x, y) to (m₀₀x + m₀₁y + m₀₂, m₁₀x + m₁₁y + m₁₂), pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine(pub [[f64; 3]; 2]);

/// A point of the first picture, where it lies in the second, and how much that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tie {
    pub(crate) from: [f64; 2],
    pub(crate) to: [f64; 2],
    pub(crate) weight: f64,
}

impl Affine {
    /// Leaves every point where it is.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);

    /// A turn by `angle_rad` (from x towards y) and a scale about `centre`, then a shift.
    #[must_use]
    pub fn similarity(centre: [f64; 2], angle_rad: f64, scale: f64, shift: [f64; 2]) -> Self {
        let (sin, cos) = angle_rad.sin_cos();
        let (c, s) = (scale * cos, scale * sin);
        let [x, y] = centre;
        Self([
            [c, -s, x - c * x + s * y + shift[0]],
            [s, c, y - s * x - c * y + shift[1]],
        ])
    }

    /// Where a point goes.
    #[must_use]
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.0.map(|[a, b, c]| a * x + b * y + c)
    }

    /// First `self`, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let [[a, b, c], [d, e, f]] = self.0;
        Self(
            next.0
                .map(|[p, q, r]| [p * a + q * d, p * b + q * e, p * c + q * f + r]),
        )
    }

    /// The map back; `None` where everything falls onto a line.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let [[a, b, c], [d, e, f]] = self.0;
        let determinant = a * e - b * d;
        if determinant.abs() < 1e-12 {
            return None;
        }
        let [a, b, d, e] = [e, -b, -d, a].map(|value| value / determinant);
        Some(Self([[a, b, -(a * c + b * f)], [d, e, -(d * c + e * f)]]))
    }

    /// The same map where both pictures are `factor` times as large.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self(self.0.map(|[a, b, c]| [a, b, c * factor]))
    }

    /// How far it moves the point of a picture of this size that it moves farthest, pixels.
    #[must_use]
    pub fn farthest_move(&self, width: f64, height: f64) -> f64 {
        [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]]
            .iter()
            .map(|corner| {
                let [x, y] = self.apply(*corner);
                (x - corner[0]).hypot(y - corner[1])
            })
            .fold(0.0, f64::max)
    }

    /// The turn (rad, from x towards y) and the scale nearest to this map.
    #[must_use]
    pub fn turn_and_scale(&self) -> (f64, f64) {
        let [[a, b, _], [d, e, _]] = self.0;
        ((d - b).atan2(a + e), (a * e - b * d).abs().sqrt())
    }

    /// The shift that fits the ties best.
    pub(crate) fn fit_shift(ties: &[Tie]) -> Option<Self> {
        let total: f64 = ties.iter().map(|tie| tie.weight).sum();
        (total > 0.0).then(|| {
            let mean = |axis: usize| {
                ties.iter()
                    .map(|tie| tie.weight * (tie.to[axis] - tie.from[axis]))
                    .sum::<f64>()
                    / total
            };
            Self([[1.0, 0.0, mean(0)], [0.0, 1.0, mean(1)]])
        })
    }

    /// The turn, scale and shift that fit the ties best (weighted least squares).
    pub(crate) fn fit_similarity(ties: &[Tie]) -> Option<Self> {
        let (from, to) = (centre(ties, |tie| tie.from)?, centre(ties, |tie| tie.to)?);
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for tie in ties {
            let [x, y] = [tie.from[0] - from[0], tie.from[1] - from[1]];
            let [u, v] = [tie.to[0] - to[0], tie.to[1] - to[1]];
            along += tie.weight * (x * u + y * v);
            across += tie.weight * (x * v - y * u);
            spread += tie.weight * (x * x + y * y);
        }
        if spread < 1e-9 {
            return None;
        }
        let (c, s) = (along / spread, across / spread);
        Some(Self([
            [c, -s, to[0] - c * from[0] + s * from[1]],
            [s, c, to[1] - s * from[0] - c * from[1]],
        ]))
    }

    /// The affine map that fits the ties best (weighted least squares); `None` where they lie on a line.
    pub(crate) fn fit(ties: &[Tie]) -> Option<Self> {
        let (from, to) = (centre(ties, |tie| tie.from)?, centre(ties, |tie| tie.to)?);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        let mut right = [[0.0; 2]; 2];
        for tie in ties {
            let [x, y] = [tie.from[0] - from[0], tie.from[1] - from[1]];
            xx += tie.weight * x * x;
            xy += tie.weight * x * y;
            yy += tie.weight * y * y;
            for axis in 0..2 {
                right[axis][0] += tie.weight * x * (tie.to[axis] - to[axis]);
                right[axis][1] += tie.weight * y * (tie.to[axis] - to[axis]);
            }
        }
        let determinant = xx * yy - xy * xy;
        if determinant <= 1e-6 * (xx + yy).powi(2) {
            return None;
        }
        let row = |axis: usize| {
            let [p, q] = right[axis];
            let (a, b) = ((p * yy - q * xy) / determinant, (q * xx - p * xy) / determinant);
            [a, b, to[axis] - a * from[0] - b * from[1]]
        };
        Some(Self([row(0), row(1)]))
    }
}

fn centre(ties: &[Tie], of: impl Fn(&Tie) -> [f64; 2]) -> Option<[f64; 2]> {
    let total: f64 = ties.iter().map(|tie| tie.weight).sum();
    (total > 0.0)
        .then(|| [0, 1].map(|axis| ties.iter().map(|tie| tie.weight * of(tie)[axis]).sum::<f64>() / total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6
    }

    proptest! {
        #[test]
        fn the_inverse_goes_back_and_fits_find_the_map(
            angle in -0.5..0.5f64, scale in 0.7..1.4f64, x in -50.0..50.0f64, y in -50.0..50.0f64, skew in -0.2..0.2f64,
        ) {
            let turned = Affine::similarity([120.0, 80.0], angle, scale, [x, y]);
            let map = turned.then(&Affine([[1.0, skew, 3.0], [0.0, 1.0, -2.0]]));
            let back = map.then(&map.inverse().unwrap());
            prop_assert!(near(back.apply([33.0, -7.0]), [33.0, -7.0]));
            let corners = [[0.0, 0.0], [200.0, 10.0], [20.0, 180.0], [150.0, 160.0]];
            let ties = |map: &Affine| corners.map(|from| Tie { from, to: map.apply(from), weight: 1.0 });
            prop_assert!(near(Affine::fit(&ties(&map)).unwrap().apply([77.0, 5.0]), map.apply([77.0, 5.0])));
            let similar = Affine::fit_similarity(&ties(&turned)).unwrap();
            prop_assert!(near(similar.apply([77.0, 5.0]), turned.apply([77.0, 5.0])));
            let (found_angle, found_scale) = turned.turn_and_scale();
            prop_assert!((found_angle - angle).abs() < 1e-9 && (found_scale - scale).abs() < 1e-9);
        }
    }

    #[test]
    fn ties_on_a_line_fit_no_affine_map() {
        let tie = |x: f64| Tie {
            from: [x, 2.0 * x],
            to: [x, 2.0 * x],
            weight: 1.0,
        };
        assert_eq!(Affine::fit(&[tie(0.0), tie(1.0), tie(5.0)]), None);
        assert_eq!(Affine::fit_shift(&[]), None);
    }
}
