//! The convex hull of a photo's detections: the ground that the photo has surely seen.

use nalgebra::Vector2;

/// Corners counter-clockwise; none for no points.
#[derive(Clone, Debug, Default)]
pub struct Hull {
    corners_m: Vec<Vector2<f64>>,
}

impl Hull {
    /// The hull of some points, each widened to a square of `margin_m` to every side (monotone chain, Andrew 1979).
    pub fn around(points_m: &[Vector2<f64>], margin_m: f64) -> Self {
        let corner = |x: f64, y: f64| Vector2::new(x, y) * margin_m;
        let square = [
            corner(-1.0, -1.0),
            corner(1.0, -1.0),
            corner(1.0, 1.0),
            corner(-1.0, 1.0),
        ];
        let mut sorted: Vec<Vector2<f64>> = points_m
            .iter()
            .flat_map(|point| square.map(|corner| point + corner))
            .collect();
        sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let mut corners_m = chain(sorted.iter());
        corners_m.extend(chain(sorted.iter().rev()));
        Self {
            corners_m: if corners_m.len() < 3 {
                Vec::new()
            } else {
                corners_m
            },
        }
    }

    /// Area, m² (shoelace formula).
    pub fn area_m2(&self) -> f64 {
        let next = self.corners_m.iter().cycle().skip(1);
        self.corners_m
            .iter()
            .zip(next)
            .map(|(a, b)| a.perp(b))
            .sum::<f64>()
            / 2.0
    }

    /// Whether a point lies in the hull or on its border.
    pub fn contains(&self, point_m: &Vector2<f64>) -> bool {
        let next = self.corners_m.iter().cycle().skip(1);
        !self.corners_m.is_empty()
            && self
                .corners_m
                .iter()
                .zip(next)
                .all(|(a, b)| (b - a).perp(&(point_m - a)) >= 0.0)
    }
}

/// The lower hull from the first to the last point, without the last.
fn chain<'a>(points_m: impl Iterator<Item = &'a Vector2<f64>>) -> Vec<Vector2<f64>> {
    let mut corners: Vec<Vector2<f64>> = Vec::new();
    for point in points_m {
        while let [.., a, b] = corners[..]
            && (b - a).perp(&(point - b)) <= 0.0
        {
            corners.pop();
        }
        corners.push(*point);
    }
    corners.pop();
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_is_as_wide_as_its_margin() {
        let row: Vec<Vector2<f64>> = (0..5).map(|i| Vector2::new(f64::from(i), 0.0)).collect();
        let hull = Hull::around(&row, 1.0);
        assert!(hull.contains(&Vector2::new(2.5, 0.9)));
        assert!(!hull.contains(&Vector2::new(2.5, 1.1)));
        assert!((hull.area_m2() - 12.0).abs() < 1e-9);
        assert!(!Hull::around(&[], 1.0).contains(&Vector2::zeros()));
    }

    proptest! {
        #[test]
        fn means_of_its_points_lie_inside_and_far_points_outside(
            points in prop::collection::vec((-50.0..50.0f64, -50.0..50.0f64), 3..30), a in 0usize..30, b in 0usize..30
        ) {
            let points: Vec<Vector2<f64>> = points.into_iter().map(|(x, y)| Vector2::new(x, y)).collect();
            let hull = Hull::around(&points, 0.5);
            let centre = points.iter().sum::<Vector2<f64>>() / points.len() as f64;
            let pick = |i: usize| points[i % points.len()];
            prop_assert!(hull.contains(&((pick(a) + pick(b) + centre) / 3.0)));
            prop_assert!(!hull.contains(&Vector2::new(50.6, pick(a).y)));
        }
    }
}
