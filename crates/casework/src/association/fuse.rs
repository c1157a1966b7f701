//! One place and one size from all views of a site.

use survey::geodesy::Wgs84;
use survey::triangulate::{SeenPlace, joined};

use super::site::View;

/// Position and covariance (m²) of a site from its views (at least one); see [`super::associate`] for the formula.
pub fn fused(views: &[View]) -> Option<(Wgs84, [[f64; 2]; 2])> {
    let seen: Vec<SeenPlace> = views
        .iter()
        .map(|view| SeenPlace {
            position: view.position,
            covariance_m2: view.covariance_m2,
            sight: view.sight,
        })
        .collect();
    let place = joined(&seen).ok()?;
    let birge2 = if place.freedom > 0 {
        (place.chi2 / place.freedom as f64).max(1.0)
    } else {
        1.0
    };
    Some((
        place.position,
        place.covariance_m2.map(|row| row.map(|value| value * birge2)),
    ))
}

/// Median width and height: boxes cut off at a picture's edge do not count as shrinking.
pub fn median_extent_m(views: &[View]) -> [f64; 2] {
    [0, 1].map(|side| {
        let mut lengths: Vec<f64> = views.iter().map(|view| view.extent_m[side]).collect();
        lengths.sort_by(f64::total_cmp);
        lengths.get(lengths.len() / 2).copied().unwrap_or(0.0)
    })
}

#[cfg(test)]
mod tests {
    use survey::geodesy::LocalTangent;

    use super::*;

    fn views(east_m: &[f64], sigma_m: f64) -> Vec<View> {
        let plane = LocalTangent::at(Wgs84 {
            latitude_deg: 31.2,
            longitude_deg: 121.5,
        });
        let variance = sigma_m * sigma_m;
        east_m
            .iter()
            .enumerate()
            .map(|(i, &east_m)| View {
                detection_id: format!("d{i}"),
                photo_id: format!("p{i}"),
                position: plane.wgs84_from_enu(east_m, 0.0),
                covariance_m2: [[variance, 0.0], [0.0, variance]],
                extent_m: [10.0, 5.0],
                score: 0.9,
                sight: None,
            })
            .collect()
    }

    #[test]
    fn one_view_stays_as_it_is() {
        let (place, covariance) = fused(&views(&[0.0], 3.0)).unwrap();
        assert!((place.latitude_deg - 31.2).abs() < 1e-12);
        assert!((covariance[0][0] - 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_hundred_photos_do_not_beat_their_common_error() {
        let (_, covariance) = fused(&views(&[0.0; 100], 3.0)).unwrap();
        // 9/100 · (1 + 99·0.5)
        assert!((covariance[0][0] - 4.545).abs() < 1e-6, "{covariance:?}");
    }

    #[test]
    fn views_that_disagree_widen_the_ellipse() {
        let (_, agreeing) = fused(&views(&[0.0, 0.5], 1.0)).unwrap();
        let (_, torn) = fused(&views(&[-10.0, 10.0], 1.0)).unwrap();
        assert!((agreeing[0][0] - 0.75).abs() < 1e-6);
        // χ² = 200 over 2 degrees of freedom.
        assert!((torn[0][0] - 75.0).abs() < 0.01, "{torn:?}");
    }

    #[test]
    fn a_sharp_view_outweighs_a_blurred_one() {
        let mut both = views(&[0.0, 5.0], 5.0);
        both[0].covariance_m2 = [[0.01, 0.0], [0.0, 0.01]];
        let (place, _) = fused(&both).unwrap();
        let plane = LocalTangent::at(both[0].position);
        assert!(plane.enu_from_wgs84(place)[0] < 0.01);
    }
}
