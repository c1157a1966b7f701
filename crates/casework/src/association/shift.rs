//! The common error of one photo against the map of sites seen before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use nalgebra::{Matrix2, Vector2};

use super::assign::{Pair, greedy};
use super::error_model::{CHI2_2DOF_99, mahalanobis2};
use super::hull::Hull;
use super::similarity::{Normal, Similarity};

/// Fewer agreeing pairs do not tell a shift from other errors.
const MIN_PAIRS: usize = 3;
/// Shifts tried at most; beyond, those with most votes.
const MAX_HYPOTHESES: usize = 120;
/// Hypotheses refined.
const REFINED: usize = 12;
/// Rounds of matching and fitting per refined hypothesis.
const ROUNDS: usize = 6;
/// Side of a voting cell, m.
const VOTE_CELL_M: f64 = 2.0;
/// What a known site costs that lies amid the photo's detections and has none: −2 ln 0.1, one in ten is missed.
const MISS_COST: f64 = 4.605_170_185_988_091;
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

/// What is known before the pairs are looked at.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How large the photo's common error can be.
    pub prior: Similarity,
    /// The area amid the photo's detections, from the photo's centre, m.
    pub hull: Hull,
    /// The sites by column, from the photo's centre, m.
    pub sites_m: Vec<Option<Vector2<f64>>>,
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

/// The likeliest common error: the `p` that maximises
/// `Σ_pairs (g − d² − s²) − m·missed − pᵀC⁻¹p`, where `d²` is the squared Mahalanobis distance of a pair's offset
/// from the one `p` predicts, `s²` its size difference, `g` the 99 % gate (what a pair is worth against two
/// unrelated things), `missed` the sites that lie amid the detections and have none, `C` the covariance of common
/// errors; each detection and site counts once. Hypotheses are the offsets of the candidate pairs themselves, as
/// plain shifts; the best are refined by matching and fitting in turn. That is consensus voting (RANSAC, Fischler &
/// Bolles 1981, tried exhaustively) with a maximum-a-posteriori score.
pub fn common_shift(candidates: &[Candidate], setting: &Setting) -> Option<Shift> {
    let mut tried: Vec<Tried> = hypotheses(candidates)
        .into_iter()
        .map(|shift_m| {
            attempt(
                candidates,
                setting,
                setting.prior.with_shift(shift_m, VOTE_CELL_M / 2.0),
            )
        })
        .collect();
    tried.sort_by(|a, b| b.score.total_cmp(&a.score));
    tried.truncate(REFINED);
    let refined = tried
        .into_iter()
        .filter_map(|start| refine(candidates, setting, start));
    let best = refined.reduce(|best, other| if other.score > best.score { other } else { best })?;
    (best.matched.len() >= MIN_PAIRS).then(|| Shift {
        scatter: scatter(candidates, &best),
        pairs: best.matched.len(),
        error: best.error,
    })
}

/// The candidates' offsets, one (their mean) for each voting cell, cells with most votes in and around them first.
fn hypotheses(candidates: &[Candidate]) -> Vec<Vector2<f64>> {
    let mut cells: BTreeMap<[i64; 2], (Vector2<f64>, usize)> = BTreeMap::new();
    for candidate in candidates {
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

/// Matches under an assumed error, with its uncertainty in the gate.
fn attempt(candidates: &[Candidate], setting: &Setting, error: Similarity) -> Tried {
    let cost = |candidate: &Candidate| {
        let gate_m2 = candidate.own_m2 + error.offset_m2(&candidate.from_centre_m);
        residual2(candidate, &error, &gate_m2) + candidate.size2
    };
    let pairs: Vec<Pair> = candidates
        .iter()
        .map(|candidate| Pair {
            row: candidate.row,
            column: candidate.column,
            cost: cost(candidate),
        })
        .filter(|pair| pair.cost <= CHI2_2DOF_99)
        .collect();
    let chosen: HashSet<(usize, usize)> = greedy(pairs).into_iter().collect();
    let is_chosen = |i: &usize| chosen.contains(&(candidates[*i].row, candidates[*i].column));
    let matched: Vec<usize> = (0..candidates.len()).filter(is_chosen).collect();
    let score = score(candidates, setting, &error, &matched);
    Tried {
        error,
        score,
        matched,
    }
}

fn score(candidates: &[Candidate], setting: &Setting, error: &Similarity, matched: &[usize]) -> f64 {
    let gain = |&i: &usize| {
        let candidate = &candidates[i];
        // What turn and stretch leave open before they are fitted must not count against a hypothesis.
        let gate_m2 = candidate.own_m2 + error.offset_m2(&candidate.from_centre_m);
        CHI2_2DOF_99 - residual2(candidate, error, &gate_m2) - candidate.size2
    };
    let met: HashSet<usize> = matched.iter().map(|&i| candidates[i].column).collect();
    let is_missed = |(column, site): (usize, &Option<Vector2<f64>>)| {
        let amid = site.is_some_and(|site| setting.hull.contains(&(site + error.offset_m(&site))));
        amid && !met.contains(&column)
    };
    let missed = setting
        .sites_m
        .iter()
        .enumerate()
        .filter(|&site| is_missed(site))
        .count() as f64;
    let unlikely = setting
        .prior
        .covariance
        .try_inverse()
        .map_or(f64::INFINITY, |inverse| {
            (error.parameters.transpose() * inverse * error.parameters).x
        });
    matched.iter().map(gain).sum::<f64>() - MISS_COST * missed - unlikely
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

fn residual2(candidate: &Candidate, error: &Similarity, covariance_m2: &Matrix2<f64>) -> f64 {
    mahalanobis2(
        &(candidate.offset_m - error.offset_m(&candidate.from_centre_m)),
        covariance_m2,
    )
}

/// Variance of the residuals over the assumed one: posterior mean under a scaled inverse-chi-square prior worth
/// four observations (Gelman et al., Bayesian Data Analysis, §2.6); up to four degrees of freedom went into the fit.
fn scatter(candidates: &[Candidate], best: &Tried) -> f64 {
    let residuals = best
        .matched
        .iter()
        .map(|&i| residual2(&candidates[i], &best.error, &candidates[i].own_m2));
    let chi2: f64 = residuals.sum();
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
        let setting = Setting {
            prior: Similarity::unknown(&(Matrix2::identity() * sigma_m * sigma_m), 2.0),
            hull: Hull::around(&places, 1.5),
            sites_m: things.iter().map(|site| Some(Vector2::from(*site))).collect(),
        };
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
