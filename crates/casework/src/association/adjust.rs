//! Lays the earlier photos of a neighbourhood over each other: a block adjustment with one common error per photo.
//!
//! Without it, a site seen in photos 1 and 2 and its neighbour seen in photos 2 and 3 would stand metres wrong to
//! each other, because each is the mean of other photos' errors. Only raw measurements go in and the photos' errors
//! are found anew for every photo that comes, so nothing drifts along a strip of photos.

use nalgebra::{DMatrix, DVector, Matrix2, Matrix2x4, Matrix4, Matrix4x2, Vector2, Vector4};

use super::similarity::{Similarity, design};

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
    /// The covariance it shares with its photo, m².
    pub common_m2: Matrix2<f64>,
}

/// A site in the adjusted map.
#[derive(Clone, Debug)]
pub struct LocalSite {
    /// Place with the photos' errors taken out, (east, north), m.
    pub place_m: Vector2<f64>,
    /// Covariance of the place against other sites of the map, m².
    pub own_m2: Matrix2<f64>,
}

/// The photos of a neighbourhood laid over each other.
pub struct LocalMap {
    /// Sites by number; one without any view is `None`.
    pub sites: Vec<Option<LocalSite>>,
    centres_m: Vec<Vector2<f64>>,
    errors: DVector<f64>,
}

impl LocalMap {
    /// Where a place measured in a photo lies on the map.
    pub fn cleared_m(&self, photo: usize, place_m: Vector2<f64>) -> Vector2<f64> {
        place_m - design(&(place_m - self.centres_m[photo])) * error_of(&self.errors, photo)
    }
}

/// The map that fits all views best: minimises `Σ_photos pᵀC⁻¹p + Σ_views rᵀP⁻¹r` with `r = z − J(q)·p − x` over
/// the photos' errors `p` (see [`Similarity`]) and the site places `x`: the normal equations of a bundle adjustment
/// with the places eliminated (Schur complement; Triggs et al. 2000, "Bundle Adjustment", §6).
pub fn adjusted(views: &[LocalView], n_sites: usize, n_photos: usize) -> LocalMap {
    let (centres_m, priors) = photos_of(views, n_photos);
    let designs: Vec<Matrix2x4<f64>> = views
        .iter()
        .map(|view| design(&(view.place_m - centres_m[view.photo])))
        .collect();
    let mut views_of = vec![Vec::new(); n_sites];
    for (view, entry) in views.iter().zip(&designs) {
        views_of[view.site].push((view, entry));
    }
    let mut normal = Reduced::from_priors(&priors);
    views_of.iter().for_each(|views| normal.add_site(views));
    let errors = normal.solved();
    let place = |views: &Vec<(&LocalView, &Matrix2x4<f64>)>| {
        let own_m2 = views
            .iter()
            .map(|(view, _)| view.own_information)
            .sum::<Matrix2<f64>>()
            .try_inverse()?;
        let cleared = |(view, design): &(&LocalView, &Matrix2x4<f64>)| {
            view.own_information * (view.place_m - *design * error_of(&errors, view.photo))
        };
        Some(LocalSite {
            place_m: own_m2 * views.iter().map(cleared).sum::<Vector2<f64>>(),
            own_m2,
        })
    };
    LocalMap {
        sites: views_of.iter().map(place).collect(),
        centres_m,
        errors,
    }
}

/// The normal equations of the photos' errors, four unknowns each.
struct Reduced {
    information: DMatrix<f64>,
    weighted: DVector<f64>,
}

impl Reduced {
    fn from_priors(priors: &[Matrix4<f64>]) -> Self {
        let unknowns = 4 * priors.len();
        let mut information = DMatrix::zeros(unknowns, unknowns);
        for (photo, prior) in priors.iter().enumerate() {
            information
                .fixed_view_mut::<4, 4>(4 * photo, 4 * photo)
                .copy_from(prior);
        }
        Self {
            information,
            weighted: DVector::zeros(unknowns),
        }
    }

    fn add_site(&mut self, views: &[(&LocalView, &Matrix2x4<f64>)]) {
        let sum: Matrix2<f64> = views.iter().map(|(view, _)| view.own_information).sum();
        let Some(own_m2) = sum.try_inverse() else { return };
        let mean_m = own_m2
            * views
                .iter()
                .map(|(view, _)| view.own_information * view.place_m)
                .sum::<Vector2<f64>>();
        for (view, design) in views {
            let at = 4 * view.photo;
            let weighted_design: Matrix4x2<f64> = design.transpose() * view.own_information;
            let mut own_block = self.information.fixed_view_mut::<4, 4>(at, at);
            own_block += weighted_design * *design;
            let mut own_rows = self.weighted.fixed_rows_mut::<4>(at);
            own_rows += weighted_design * (view.place_m - mean_m);
            for (other, other_design) in views {
                let mut block = self.information.fixed_view_mut::<4, 4>(at, 4 * other.photo);
                block -= weighted_design * own_m2 * other.own_information * *other_design;
            }
        }
    }

    /// The errors of all photos, one after the other; none where the equations are singular.
    fn solved(self) -> DVector<f64> {
        let unknowns = self.weighted.len();
        self.information
            .cholesky()
            .map_or_else(|| DVector::zeros(unknowns), |factor| factor.solve(&self.weighted))
    }
}

fn error_of(errors: &DVector<f64>, photo: usize) -> Vector4<f64> {
    errors.fixed_rows::<4>(4 * photo).into_owned()
}

/// Centre of each photo's views and the inverse covariance of its error before any view is compared.
fn photos_of(views: &[LocalView], n_photos: usize) -> (Vec<Vector2<f64>>, Vec<Matrix4<f64>>) {
    let mut sums = vec![(Vector2::zeros(), Matrix2::zeros(), 0.0); n_photos];
    for view in views {
        let (place, common, n) = &mut sums[view.photo];
        *place += view.place_m;
        *common += view.common_m2;
        *n += 1.0;
    }
    let photo = |(place, common, n): (Vector2<f64>, Matrix2<f64>, f64)| {
        let n = f64::max(n, 1.0);
        let prior = Similarity::unknown(&(common / n), 1.0).covariance.try_inverse();
        // No prior would leave the equations open to any error; a firm one leaves such a photo as it is.
        (place / n, prior.unwrap_or_else(|| Matrix4::identity() * 1e9))
    };
    sums.into_iter().map(photo).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_seen_by_different_photos_stand_right_to_each_other() {
        // Sheds 10 m apart in two rows; photo 0 sees columns 0 … 5, photo 1 columns 3 … 8, 10 m off each other.
        let mut views = Vec::new();
        for (photo, error_m) in [5.0, -5.0].into_iter().enumerate() {
            for site in 6 * photo..6 * photo + 12 {
                let (column, row) = ((site / 2) as f64, (site % 2) as f64);
                views.push(LocalView {
                    site,
                    photo,
                    place_m: Vector2::new(10.0 * column + error_m, 20.0 * row),
                    own_information: Matrix2::identity() / 0.01,
                    common_m2: Matrix2::identity() * 25.0,
                });
            }
        }
        let map = adjusted(&views, 18, 2);
        let error_m = |site: usize| map.sites[site].as_ref().unwrap().place_m.x - 10.0 * (site / 2) as f64;
        for site in 0..16 {
            let step_m = error_m(site + 2) - error_m(site);
            // The plain means jump by 5 m where photo 1 begins and where photo 0 ends.
            assert!(step_m.abs() < 0.3, "between {site} and its neighbour: {step_m} m");
        }
    }
}
