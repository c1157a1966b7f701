//! The common error of one photo against the map of sites seen before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::f64::consts::TAU;

use nalgebra::{Matrix2, Vector2};

use super::assign::{Pair, greedy};
use super::error_model::{CHI2_2DOF_99, largest_sigma_m, mahalanobis2};
use super::hull::Hull;
use super::similarity::{Normal, Similarity};

/// Fewer agreeing pairs do not tell a shift from other errors.
const MIN_PAIRS: usize = 3;
/// Shifts tried at most; beyond, those with most votes.
const MAX_HYPOTHESES: usize = 1000;
/// Hypotheses refined.
const REFINED: usize = 24;
/// Rounds of matching and fitting per refined hypothesis.
const ROUNDS: usize = 8;
/// Side of a voting cell, m.
const VOTE_CELL_M: f64 = 2.0;
/// Uncertainty of a shift taken from one voting cell, m.
const START_SIGMA_M: f64 = VOTE_CELL_M / 2.0;
/// A place is compared when the common error there is known to this, m: well under half of 6 m between sheds …
const KNOWN_SIGMA_M: f64 = 1.8;
/// … or when it is among this many detections nearest to the centre.
const CORE: usize = 8;
/// Share of things that the detector finds.
const FOUND_SHARE: f64 = 0.9;
/// Bounds of what a matched pair is worth: never nothing, never more than its gate.
const WORTH: (f64, f64) = (1.0, CHI2_2DOF_99);
/// What a known site costs that lies amid the photo's detections and has none: −2 ln 0.1, one in ten is missed.
const MISS_COST: f64 = 4.605_170_185_988_091;
/// How far a site may lie outside the ring of detections and still count as amid them, m.
const HULL_MARGIN_M: f64 = 1.5;
/// Weight of the assumed scatter against the observed one, in pseudo-observations.
const SCATTER_PRIOR: f64 = 4.0;
/// The observed scatter may shrink the assumed variance to this share, not further: boxes that are cut off or
/// hidden scatter more than the rest.
const SCATTER_MIN: f64 = 0.25;
/// … and widen it to this multiple.
const SCATTER_MAX: f64 = 4.0;

/// A detection and a site that might be one thing.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Number of the detection.
    pub row: usize,
    /// Number of the site.
    pub column: usize,
    /// Detection from the photo's centre, (east, north), m.
    pub from_centre_m: Vector2<f64>,
    /// Detection minus site, (east, north), m.
    pub offset_m: Vector2<f64>,
    /// Covariance of the offset without the photo's common error, m².
    pub own_m2: Matrix2<f64>,
    /// Squared size difference in standard deviations.
    pub size2: f64,
}

/// What is known before the pairs are looked at; places are measured from the photo's centre.
#[derive(Clone, Debug)]
pub struct Setting {
    prior: Similarity,
    detections_m: Vec<Vector2<f64>>,
    sites_m: Vec<Option<Vector2<f64>>>,
    hull: Hull,
    /// Things per m² amid the detections.
    density: f64,
    limit_m: f64,
}

/// A common error that at least three pairs agree on.
#[derive(Clone, Debug)]
pub struct Shift {
    /// Detections against sites.
    pub error: Similarity,
    /// Pairs that agree.
    pub pairs: usize,
    /// Observed scatter of the pairs over the assumed one, as a ratio of variances.
    pub scatter: f64,
}

struct Tried {
    error: Similarity,
    score: f64,
    matched: Vec<usize>,
}

/// Where an assumed common error takes one detection.
struct Prediction {
    offset_m: Vector2<f64>,
    offset_m2: Matrix2<f64>,
}

/// The likeliest common error: the `p` that maximises
/// `Σ_pairs (g − d² − s²) − m·missed − pᵀC⁻¹p`, where `d²` is the squared Mahalanobis distance of a pair's offset
/// from the one `p` predicts, `s²` its size difference, `g` what a pair is worth against
/// two unrelated things (by the density of things, at most the 99 % gate), `missed` the sites that lie amid the detections and have none, `C` the covariance of common
/// errors; each detection and site counts once.
///
/// Hypotheses are the offsets of the candidate pairs themselves, as plain shifts. The best are refined by matching
/// and fitting in turn, from the photo's centre outwards: a turn not known yet moves the picture's edge by more than
/// the distance of two sheds, so things there are compared once the inner ones have told the turn. That is consensus
/// voting (RANSAC, Fischler & Bolles 1981, tried exhaustively) with a maximum-a-posteriori score.
pub fn common_shift(candidates: &[Candidate], setting: &Setting) -> Option<Shift> {
    let start = |shift_m| setting.prior.with_shift(shift_m, START_SIGMA_M);
    let mut tried: Vec<Tried> = hypotheses(candidates, setting)
        .into_iter()
        .map(|shift_m| attempt(candidates, setting, start(shift_m)))
        .collect();
    tried.sort_by(|a, b| b.score.total_cmp(&a.score));
    let refined = apart(tried)
        .into_iter()
        .filter_map(|start| refine(candidates, setting, start));
    let best = refined.reduce(|best, other| if other.score > best.score { other } else { best })?;
    (best.matched.len() >= MIN_PAIRS).then(|| Shift {
        scatter: scatter(candidates, &best),
        pairs: best.matched.len(),
        error: best.error,
    })
}

impl Setting {
    /// Detections by row, sites by column, and how large the photo's common error can be.
    pub fn new(
        prior: Similarity,
        detections_m: Vec<Vector2<f64>>,
        sites_m: Vec<Option<Vector2<f64>>>,
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
        let hull = Hull::around(&detections_m, HULL_MARGIN_M);
        let density = detections_m.len() as f64 / hull.area_m2().max(1.0);
        Self {
            prior,
            detections_m,
            sites_m,
            hull,
            density,
            limit_m: core.max(KNOWN_SIGMA_M),
        }
    }

    /// What a pair is worth against a thing of its own that happens to stand there, as −2 ln of the odds without the
    /// distance: much where things are rare, little in rows of sheds, where any shift meets something.
    fn worth(&self, gate_m2: &Matrix2<f64>) -> f64 {
        let by_chance = TAU * gate_m2.determinant().sqrt() * self.density;
        (2.0 * (FOUND_SHARE / by_chance).ln()).clamp(WORTH.0, WORTH.1)
    }

    /// Whether the error at a place is known well enough to compare there.
    fn is_known(&self, offset_m2: &Matrix2<f64>) -> bool {
        largest_sigma_m(offset_m2) <= self.limit_m
    }
}

/// The offsets of the candidates near the photo's centre, one (their mean) for each voting cell, cells with most
/// votes in and around them first.
fn hypotheses(candidates: &[Candidate], setting: &Setting) -> Vec<Vector2<f64>> {
    let start = setting.prior.with_shift(Vector2::zeros(), START_SIGMA_M);
    let mut cells: BTreeMap<[i64; 2], (Vector2<f64>, usize)> = BTreeMap::new();
    for candidate in candidates {
        if !setting.is_known(&start.offset_m2(&candidate.from_centre_m)) {
            continue;
        }
        let place =
            [candidate.offset_m.x, candidate.offset_m.y].map(|metres| (metres / VOTE_CELL_M).floor() as i64);
        let (sum, votes) = cells.entry(place).or_default();
        *sum += candidate.offset_m;
        *votes += 1;
    }
    let votes = |place: [i64; 2]| cells.get(&place).map_or(0, |&(_, votes)| votes);
    let around = |[x, y]: [i64; 2]| {
        [[x, y], [x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]]
            .map(votes)
            .iter()
            .sum()
    };
    let mut ranked: Vec<(Reverse<usize>, Vector2<f64>)> = cells
        .iter()
        .map(|(&place, &(sum, votes))| (Reverse(around(place)), sum / votes as f64))
        .collect();
    // A stable sort: equal votes stay in the order of the cells.
    ranked.sort_by_key(|&(votes, _)| votes);
    ranked
        .into_iter()
        .take(MAX_HYPOTHESES)
        .map(|(_, shift_m)| shift_m)
        .collect()
}

/// The best hypotheses that are not the same one over again.
fn apart(ranked: Vec<Tried>) -> Vec<Tried> {
    let mut kept: Vec<Tried> = Vec::new();
    for tried in ranked {
        let shift_m = tried.error.shift_m();
        if kept
            .iter()
            .all(|better| (better.error.shift_m() - shift_m).norm() > VOTE_CELL_M)
        {
            kept.push(tried);
        }
        if kept.len() == REFINED {
            break;
        }
    }
    kept
}

/// Matches under an assumed error where that is known well enough, with its uncertainty in the gate.
fn attempt(candidates: &[Candidate], setting: &Setting, error: Similarity) -> Tried {
    let predict = |place_m: &Vector2<f64>| {
        let offset_m2 = error.offset_m2(place_m);
        setting.is_known(&offset_m2).then(|| Prediction {
            offset_m: error.offset_m(place_m),
            offset_m2,
        })
    };
    let predicted: Vec<Option<Prediction>> = setting.detections_m.iter().map(predict).collect();
    let mut pairs = Vec::new();
    let mut gains = BTreeMap::new();
    for (i, candidate) in candidates.iter().enumerate() {
        let Some(prediction) = &predicted[candidate.row] else {
            continue;
        };
        let left_m2 = candidate.own_m2 + prediction.offset_m2;
        let cost = gated2(&(candidate.offset_m - prediction.offset_m), &left_m2) + candidate.size2;
        if cost <= CHI2_2DOF_99 {
            pairs.push(Pair {
                row: candidate.row,
                column: candidate.column,
                cost,
            });
            gains.insert(
                (candidate.row, candidate.column),
                (i, setting.worth(&left_m2) - cost),
            );
        }
    }
    let chosen = greedy(pairs);
    let (mut matched, gained): (Vec<usize>, Vec<f64>) =
        chosen.iter().filter_map(|pair| gains.get(pair)).copied().unzip();
    matched.sort_unstable();
    let gain: f64 = gained.iter().sum();
    let met: HashSet<usize> = chosen.iter().map(|&(_, column)| column).collect();
    let score = gain - MISS_COST * missed(setting, &error, &met) - setting.prior.unlikeliness(&error);
    Tried {
        error,
        score,
        matched,
    }
}

/// Squared Mahalanobis distance, or infinity when a bound by the trace already shows it beyond the gate.
fn gated2(left_m: &Vector2<f64>, left_m2: &Matrix2<f64>) -> f64 {
    let near = left_m.norm_squared() <= CHI2_2DOF_99 * left_m2.trace();
    if near {
        mahalanobis2(left_m, left_m2)
    } else {
        f64::INFINITY
    }
}

/// Sites amid the detections that none was matched with, where the error is known well enough to say so.
fn missed(setting: &Setting, error: &Similarity, met: &HashSet<usize>) -> f64 {
    let is_missed = |(column, site_m): (usize, &Option<Vector2<f64>>)| {
        let Some(site_m) = site_m.filter(|_| !met.contains(&column)) else {
            return false;
        };
        let seen_m = site_m + error.offset_m(&site_m);
        setting.hull.contains(&seen_m) && setting.is_known(&error.offset_m2(&seen_m))
    };
    setting
        .sites_m
        .iter()
        .enumerate()
        .filter(|&site| is_missed(site))
        .count() as f64
}

fn refine(candidates: &[Candidate], setting: &Setting, start: Tried) -> Option<Tried> {
    let mut now = start;
    for _ in 0..ROUNDS {
        let mut normal = Normal::from_prior(&setting.prior)?;
        for &i in &now.matched {
            let candidate = &candidates[i];
            normal.observe(
                &candidate.from_centre_m,
                &candidate.offset_m,
                &candidate.own_m2.try_inverse()?,
            );
        }
        let next = attempt(candidates, setting, normal.solved()?);
        let settled = next.matched == now.matched;
        now = next;
        if settled {
            break;
        }
    }
    Some(now)
}

/// Variance of the residuals over the assumed one: posterior mean under a scaled inverse-chi-square prior worth
/// four observations (Gelman et al., Bayesian Data Analysis, §2.6); up to four degrees of freedom went into the fit.
fn scatter(candidates: &[Candidate], best: &Tried) -> f64 {
    let residual2 = |&i: &usize| {
        let candidate = &candidates[i];
        let left_m = candidate.offset_m - best.error.offset_m(&candidate.from_centre_m);
        mahalanobis2(&left_m, &candidate.own_m2)
    };
    let chi2: f64 = best.matched.iter().map(residual2).sum();
    let freedom = 2.0 * best.matched.len() as f64 - 4.0;
    ((SCATTER_PRIOR + chi2) / (SCATTER_PRIOR + freedom)).clamp(SCATTER_MIN, SCATTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(things: &[[f64; 2]], shift: [f64; 2], sigma_m: f64) -> Option<Shift> {
        let mut all = Vec::new();
        let places: Vec<Vector2<f64>> = things
            .iter()
            .map(|thing| Vector2::new(thing[0] + shift[0], thing[1] + shift[1]))
            .collect();
        for (row, place) in places.iter().enumerate() {
            for (column, site) in things.iter().enumerate() {
                let offset_m = place - Vector2::from(*site);
                if offset_m.norm() < 15.0 {
                    let (own_m2, size2) = (Matrix2::identity(), 0.0);
                    all.push(Candidate {
                        row,
                        column,
                        from_centre_m: *place,
                        offset_m,
                        own_m2,
                        size2,
                    });
                }
            }
        }
        let prior = Similarity::unknown(&(Matrix2::identity() * sigma_m * sigma_m), 2.0);
        let sites_m = things.iter().map(|site| Some(Vector2::from(*site))).collect();
        let setting = Setting::new(prior, places, sites_m);
        common_shift(&all, &setting)
    }

    #[test]
    fn scattered_things_tell_their_shift() {
        let things = [[-20.0, 0.0], [-9.0, 2.0], [1.0, -14.0], [20.0, 11.0]];
        let found = told(&things, [5.0, -3.0], 4.0).unwrap();
        assert_eq!(found.pairs, 4);
        // The prior draws it a little towards none.
        assert!(
            (found.error.shift_m() - Vector2::new(5.0, -3.0)).norm() < 0.3,
            "{found:?}"
        );
        assert!(
            found.scatter < 0.6,
            "perfect pairs scatter less than assumed: {}",
            found.scatter
        );
    }

    #[test]
    fn two_pairs_tell_no_shift() {
        assert!(told(&[[0.0, 0.0], [9.0, 2.0]], [2.0, 0.0], 4.0).is_none());
        assert!(told(&[], [0.0, 0.0], 4.0).is_none());
    }

    #[test]
    fn the_whole_row_speaks_for_the_true_shift_and_not_for_the_nearest_neighbour() {
        let row: Vec<[f64; 2]> = (-6..6).map(|i| [6.0 * f64::from(i), 0.0]).collect();
        let found = told(&row, [5.0, 0.0], 7.0).unwrap();
        assert_eq!(found.pairs, 12);
        assert!((found.error.shift_m().x - 5.0).abs() < 0.3, "{found:?}");
    }
}
