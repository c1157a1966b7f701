//! Lays the earlier photos of a neighbourhood over each other: a block adjustment with one common offset per photo.
//!
//! Without it, a site seen in photos 1 and 2 and its neighbour seen in photos 2 and 3 would stand metres wrong to
//! each other, because each is the mean of other photos' errors. Only raw measurements go in and the offsets are
//! found anew for every photo that comes, so nothing drifts along a strip of photos.

use nalgebra::{Matrix2, Vector2};

/// Sweeps over all photos and sites; relative offsets settle in a few, and what both share does not matter here.
const SWEEPS: usize = 12;

/// One view of a site, in the local plane.
#[derive(Clone, Debug)]
pub struct LocalView {
    /// Number of the site, from 0 without gaps.
    pub site: usize,
    /// Number of the photo, from 0 without gaps.
    pub photo: usize,
    /// Measured place, (east, north), m.
    pub place_m: Vector2<f64>,
    /// Inverse of the view's own covariance, 1/m².
    pub own_information: Matrix2<f64>,
    /// Inverse of the covariance it shares with its photo, 1/m².
    pub common_information: Matrix2<f64>,
}

/// A site in the adjusted map.
#[derive(Clone, Debug)]
pub struct LocalSite {
    /// Place with the photos' offsets taken out, (east, north), m.
    pub place_m: Vector2<f64>,
    /// Covariance of the place against other sites of the map, m².
    pub own_m2: Matrix2<f64>,
}

/// The map that fits all views best: minimises `Σ_photos eᵀC⁻¹e + Σ_views (z − e − x)ᵀP⁻¹(z − e − x)` over photo
/// offsets `e` and site places `x` by solving for the one and the other in turn (block Gauss–Seidel on the normal
/// equations of the bundle adjustment). A site whose views carry no information is left out as `None`.
pub fn adjusted(views: &[LocalView], n_sites: usize, n_photos: usize) -> Vec<Option<LocalSite>> {
    let mut offsets = vec![Vector2::zeros(); n_photos];
    let mut sites = placed(views, &offsets, n_sites);
    for _ in 0..SWEEPS {
        offsets = photo_offsets(views, &sites, n_photos);
        sites = placed(views, &offsets, n_sites);
    }
    sites
}

fn placed(views: &[LocalView], offsets: &[Vector2<f64>], n_sites: usize) -> Vec<Option<LocalSite>> {
    let mut sums = vec![(Matrix2::zeros(), Vector2::zeros()); n_sites];
    for view in views {
        let (information, weighted) = &mut sums[view.site];
        *information += view.own_information;
        *weighted += view.own_information * (view.place_m - offsets[view.photo]);
    }
    let site = |(information, weighted): (Matrix2<f64>, Vector2<f64>)| {
        let own_m2 = information.try_inverse()?;
        Some(LocalSite {
            place_m: own_m2 * weighted,
            own_m2,
        })
    };
    sums.into_iter().map(site).collect()
}

fn photo_offsets(views: &[LocalView], sites: &[Option<LocalSite>], n_photos: usize) -> Vec<Vector2<f64>> {
    let mut sums = vec![(Matrix2::zeros(), Vector2::zeros(), Matrix2::zeros(), 0.0); n_photos];
    for view in views {
        let Some(site) = &sites[view.site] else { continue };
        let (information, weighted, prior, n) = &mut sums[view.photo];
        *information += view.own_information;
        *weighted += view.own_information * (view.place_m - site.place_m);
        *prior += view.common_information;
        *n += 1.0;
    }
    let offset = |(information, weighted, prior, n): (Matrix2<f64>, Vector2<f64>, Matrix2<f64>, f64)| {
        let normal = information + prior / f64::max(n, 1.0);
        normal
            .try_inverse()
            .map_or_else(Vector2::zeros, |inverse| inverse * weighted)
    };
    sums.into_iter().map(offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_of_different_photos_stand_right_to_each_other() {
        // Seven sheds 10 m apart; photo p sees sheds p … p+2 and is off by its own metres.
        let errors = [[4.0, -3.0], [-5.0, 2.0], [0.0, 6.0], [3.0, 3.0], [-6.0, -1.0]];
        let mut views = Vec::new();
        for (photo, error) in errors.iter().enumerate() {
            for site in photo..photo + 3 {
                views.push(LocalView {
                    site,
                    photo,
                    place_m: Vector2::new(10.0 * site as f64 + error[0], error[1]),
                    own_information: Matrix2::identity() / 0.01,
                    common_information: Matrix2::identity() / 16.0,
                });
            }
        }
        let map = adjusted(&views, 7, 5);
        let place = |site: usize| map[site].as_ref().unwrap().place_m;
        let spread = |errors: &[f64]| {
            errors.iter().copied().fold(f64::MIN, f64::max) - errors.iter().copied().fold(f64::MAX, f64::min)
        };
        let east: Vec<f64> = (0..7).map(|site| place(site).x - 10.0 * site as f64).collect();
        assert!(spread(&east) < 1.0, "{east:?}");
        // The plain means are metres apart.
        assert!((errors[0][0] - errors[4][0]).abs() > 9.0);
    }
}
