//! What is known before a photo's pairs are looked at: how wrong it can be, what it and earlier photos have surely
//! seen, and how much a match means there.

use nalgebra::{Matrix2, Vector2};

use super::error_model::{CHI2_2DOF_99, largest_sigma_m};
use super::hull::Hull;
use super::similarity::Similarity;

/// Uncertainty of a shift taken from one voting cell, m.
pub const START_SIGMA_M: f64 = 1.0;
/// A place is compared when the common error there is known to this, m: well under half of 6 m between sheds …
const KNOWN_SIGMA_M: f64 = 1.8;
/// … or when it is among this many detections nearest to the centre.
const CORE: usize = 8;
/// How far a thing may lie outside the ring of things and still count as amid them, m.
const HULL_MARGIN_M: f64 = 1.5;
/// The share of a footprint, about its centre, in which things are not cut off by the picture's edge.
const FRAME_SHARE: f64 = 0.92;
/// Bounds of the share of things that are found again where they should be.
const FOUND_SHARE: (f64, f64) = (0.5, 0.9);
/// Bounds of the share that a wrong shift finds.
const BY_CHANCE: (f64, f64) = (0.02, 0.85);
/// How near another thing must be to be taken for the shifted one, m.
const ALIKE_M: f64 = 2.0;
/// Shorter lags are the thing itself, m.
const SHORTEST_LAG_M: f64 = 4.0;
/// Things near the centre whose distances to all others are tried as lags.
const LAG_ORIGINS: usize = 6;
/// Fewer comparisons say nothing of a lag.
const LAG_COMPARISONS: usize = 8;

/// The scene of one photo; all places are measured from the photo's centre, m.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How large the photo's common error against the map can be.
    pub prior: Similarity,
    /// Detections by row.
    pub detections_m: Vec<Vector2<f64>>,
    /// Sites by column.
    pub sites_m: Vec<Option<Vector2<f64>>>,
    /// What the photo has surely seen.
    shown: Hull,
    /// What earlier photos have surely seen, each on the map.
    seen: Vec<Hull>,
    limit_m: f64,
    by_chance: f64,
}

/// The ground that a photo surely shows: its footprint without the rim, or, where that is not known, the ground amid
/// the things it shows.
pub fn surely_shown(footprint_m: &[Vector2<f64>], things_m: &[Vector2<f64>]) -> Hull {
    if footprint_m.len() < 3 {
        return Hull::around(things_m, HULL_MARGIN_M);
    }
    let centre_m = footprint_m.iter().sum::<Vector2<f64>>() / footprint_m.len() as f64;
    let inner_m: Vec<Vector2<f64>> = footprint_m
        .iter()
        .map(|corner_m| centre_m + (corner_m - centre_m) * FRAME_SHARE)
        .collect();
    Hull::around(&inner_m, 0.0)
}

impl Setting {
    /// `shown` is the ground this photo shows, `seen` that of each earlier photo on the map.
    pub fn new(
        prior: Similarity,
        detections_m: Vec<Vector2<f64>>,
        sites_m: Vec<Option<Vector2<f64>>>,
        shown: Hull,
        seen: Vec<Hull>,
    ) -> Self {
        let start = prior.with_shift(Vector2::zeros(), START_SIGMA_M);
        let mut sigmas_m: Vec<f64> = detections_m
            .iter()
            .map(|place_m| largest_sigma_m(&start.offset_m2(place_m)))
            .collect();
        sigmas_m.sort_by(f64::total_cmp);
        let core = sigmas_m
            .get(CORE.min(sigmas_m.len()).saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let amid = Hull::around(&detections_m, HULL_MARGIN_M);
        let reach_m = CHI2_2DOF_99.sqrt() * largest_sigma_m(&prior.offset_m2(&Vector2::zeros()));
        let by_chance = found_by_chance(&detections_m, &amid, reach_m);
        let limit_m = core.max(KNOWN_SIGMA_M);
        Self {
            prior,
            detections_m,
            sites_m,
            shown,
            seen,
            limit_m,
            by_chance,
        }
    }

    /// Whether the error at a place is known well enough to compare there; so matching grows from the centre.
    pub fn is_known(&self, offset_m2: &Matrix2<f64>) -> bool {
        largest_sigma_m(offset_m2) <= self.limit_m
    }

    /// What a match and a missing partner say for a shift, as 2 ln of the odds against a wrong shift, where the best
    /// shift finds the share `found` of things again; the first is not negative, the second not positive.
    pub fn worth(&self, found: f64) -> (f64, f64) {
        let found = found.clamp(FOUND_SHARE.0, FOUND_SHARE.1);
        let by_chance = self.by_chance.min(found);
        (
            2.0 * (found / by_chance).ln(),
            2.0 * ((1.0 - found) / (1.0 - by_chance)).ln(),
        )
    }

    /// Whether this photo must have seen the site in `column` if `error` is its error.
    pub fn should_show(&self, column: usize, error: &Similarity) -> bool {
        self.sites_m[column].is_some_and(|site_m| {
            let shown_m = site_m + error.offset_m(&site_m);
            self.shown.contains(&shown_m) && self.is_known(&error.offset_m2(&shown_m))
        })
    }

    /// Whether an earlier photo must have seen the detection in `row` if `error` is this photo's error.
    pub fn was_seen(&self, row: usize, error: &Similarity) -> bool {
        let place_m = self.detections_m[row];
        let on_map_m = place_m - error.offset_m(&place_m);
        self.is_known(&error.offset_m2(&place_m)) && self.seen.iter().any(|hull| hull.contains(&on_map_m))
    }
}

/// The share of things that meet another one when all are shifted by a wrong amount: the highest among the photo's
/// own lags, which is near 1 for an unbroken row of sheds and tells that matches there mean nothing; at least what
/// the density of a random scatter gives, `1 − exp(−density · π · r²)`.
fn found_by_chance(places_m: &[Vector2<f64>], hull: &Hull, reach_m: f64) -> f64 {
    let density = places_m.len() as f64 / hull.area_m2().max(1.0);
    let scattered = 1.0 - (-density * std::f64::consts::PI * ALIKE_M * ALIKE_M).exp();
    let mut origins: Vec<&Vector2<f64>> = places_m.iter().collect();
    origins.sort_by(|a, b| a.norm_squared().total_cmp(&b.norm_squared()));
    let lags = origins
        .iter()
        .take(LAG_ORIGINS)
        .flat_map(|origin| places_m.iter().map(move |place| place - *origin));
    let alike = lags
        .filter(|lag| lag.norm() > SHORTEST_LAG_M && lag.norm() <= reach_m)
        .filter_map(|lag| self_likeness(places_m, hull, &lag));
    alike.fold(scattered, f64::max).clamp(BY_CHANCE.0, BY_CHANCE.1)
}

/// Share of things that have another one at `lag`, among those whose shifted place lies amid all.
fn self_likeness(places_m: &[Vector2<f64>], hull: &Hull, lag: &Vector2<f64>) -> Option<f64> {
    let shifted = places_m
        .iter()
        .map(|place| place + lag)
        .filter(|place| hull.contains(place));
    let (mut compared, mut met) = (0, 0);
    for place in shifted {
        compared += 1;
        met += usize::from(
            places_m
                .iter()
                .any(|other| (other - place).norm_squared() < ALIKE_M * ALIKE_M),
        );
    }
    (compared >= LAG_COMPARISONS).then(|| met as f64 / compared as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_chance(places_m: &[Vector2<f64>]) -> f64 {
        found_by_chance(places_m, &Hull::around(places_m, HULL_MARGIN_M), 20.0)
    }

    #[test]
    fn a_lattice_is_like_itself_and_a_scatter_is_not() {
        let lattice: Vec<Vector2<f64>> = (0..100)
            .map(|i| Vector2::new(f64::from(i % 10) * 8.0, f64::from(i / 10) * 8.0))
            .collect();
        assert_eq!(by_chance(&lattice), BY_CHANCE.1);
        // The golden-ratio spiral has no lag that repeats.
        let scatter: Vec<Vector2<f64>> = (0..100)
            .map(|i| {
                let (sin, cos) = (f64::from(i) * 2.399_963).sin_cos();
                Vector2::new(cos, sin) * (8.0 * f64::from(i).sqrt())
            })
            .collect();
        assert!(by_chance(&scatter) < 0.6, "{}", by_chance(&scatter));
        let few = [
            Vector2::new(0.0, 0.0),
            Vector2::new(60.0, 10.0),
            Vector2::new(20.0, 50.0),
        ];
        assert!(by_chance(&few) < 0.05);
    }

    #[test]
    fn what_lies_beyond_the_map_is_not_missed() {
        let square = [[-9.0, -9.0], [9.0, -9.0], [9.0, 9.0], [-9.0, 9.0]].map(Vector2::from);
        let prior = Similarity::unknown(&Matrix2::identity(), 1.0);
        let places = vec![
            Vector2::new(0.0, 0.0),
            Vector2::new(20.0, 0.0),
            Vector2::new(0.0, 20.0),
        ];
        let shown = surely_shown(&[], &places);
        let sites = vec![Some(Vector2::new(5.0, 5.0)), None];
        let setting = Setting::new(prior, places, sites, shown, vec![surely_shown(&square, &[])]);
        let none = setting.prior.with_shift(Vector2::zeros(), 0.1);
        assert!(setting.was_seen(0, &none) && !setting.was_seen(1, &none));
        assert!(setting.should_show(0, &none) && !setting.should_show(1, &none));
        let far = setting.prior.with_shift(Vector2::new(30.0, 0.0), 0.1);
        assert!(!setting.was_seen(0, &far) && !setting.should_show(0, &far));
    }
}
