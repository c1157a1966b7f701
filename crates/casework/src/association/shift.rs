//! The common error of one photo against the map of sites seen before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use nalgebra::{Matrix2, Vector2};

use super::assign::{Pair, greedy};
use super::error_model::{CHI2_2DOF_99, mahalanobis2};
use super::setting::{START_SIGMA_M, Setting};
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

/// One assumed error and what speaks for it.
struct Tried {
    error: Similarity,
    matched: Vec<usize>,
    /// Detections on ground seen before and sites on ground shown now that have no partner.
    missing: usize,
    /// `pᵀC⁻¹p`: how unlikely so large an error is.
    unlikely: f64,
    /// Sum over the matches of squared distance and size difference, both in standard deviations.
    cost: f64,
}

/// Where an assumed common error takes one detection.
struct Prediction {
    offset_m: Vector2<f64>,
    offset_m2: Matrix2<f64>,
}

/// The likeliest common error: the `p` with the highest
/// `2a·pairs + b·missing + Σ_pairs (c − d² − s²) − pᵀC⁻¹p`, where `missing` counts the detections on ground seen
/// before and the sites on ground shown now that have no partner, `a` and `b` are the log odds of [`Setting::worth`],
/// `d²` is the squared Mahalanobis distance of a pair's offset from the one `p` predicts, `s²` its size difference,
/// `c` the usual `d² + s²` in the best fitting hypothesis, and `C` the covariance of common errors; each detection and
/// site counts once. Ground that only one side has seen counts neither way, and in an unbroken row, where a wrong
/// shift matches as well as the true one, `a` and `b` are near 0: the smallest shift wins.
///
/// Hypotheses are the offsets of the candidate pairs themselves, as plain shifts. The best are refined by matching
/// and fitting in turn, from the photo's centre outwards: a turn not known yet moves the picture's edge by more than
/// the distance of two sheds, so things there are compared once the inner ones have told the turn. That is consensus
/// voting (RANSAC, Fischler & Bolles 1981, tried exhaustively) with a maximum-a-posteriori score.
pub fn common_shift(candidates: &[Candidate], setting: &Setting) -> Option<Shift> {
    let start = |shift_m| setting.prior.with_shift(shift_m, START_SIGMA_M);
    let tried = hypotheses(candidates, setting)
        .into_iter()
        .map(|shift_m| attempt(candidates, setting, start(shift_m)))
        .collect();
    let starts = apart(ranked(tried, setting));
    let refined = starts
        .into_iter()
        .filter_map(|start| refine(candidates, setting, start))
        .collect();
    let best = ranked(refined, setting)
        .into_iter()
        .find(|tried| tried.matched.len() >= MIN_PAIRS)?;
    Some(Shift {
        scatter: scatter(candidates, &best),
        pairs: best.matched.len(),
        error: best.error,
    })
}

/// Best score first; equal ones stay in their order.
fn ranked(mut tried: Vec<Tried>, setting: &Setting) -> Vec<Tried> {
    let norm = Norm::of(&tried);
    let (match_worth, missing_worth) = setting.worth(norm.found);
    let score = |tried: &Tried| {
        let pairs = tried.matched.len() as f64;
        (2.0 * match_worth + norm.cost) * pairs + missing_worth * tried.missing as f64
            - tried.cost
            - tried.unlikely
    };
    tried.sort_by(|a, b| score(b).total_cmp(&score(a)));
    tried
}

/// What fits well in this photo, taken from the hypotheses with at least half of the most matches.
struct Norm {
    /// Highest share of things that have their partner.
    found: f64,
    /// Least mean cost of a match.
    cost: f64,
}

impl Norm {
    fn of(tried: &[Tried]) -> Self {
        let most = tried.iter().map(|tried| tried.matched.len()).max().unwrap_or(0);
        let many = || {
            tried
                .iter()
                .filter(|tried| tried.matched.len() * 2 >= most.max(2))
        };
        let partners = |tried: &Tried| 2.0 * tried.matched.len() as f64;
        let found = many().map(|tried| partners(tried) / (partners(tried) + tried.missing as f64));
        let cost = many().map(|tried| tried.cost / tried.matched.len() as f64);
        Self {
            found: found.reduce(f64::max).unwrap_or(1.0),
            cost: cost.reduce(f64::min).unwrap_or(0.0),
        }
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
    let mut costs = BTreeMap::new();
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
            costs.insert((candidate.row, candidate.column), (i, cost));
        }
    }
    let chosen = greedy(pairs);
    let (mut matched, costs): (Vec<usize>, Vec<f64>) =
        chosen.iter().filter_map(|pair| costs.get(pair)).copied().unzip();
    matched.sort_unstable();
    let (missing, unlikely) = (
        missing(setting, &error, &chosen),
        setting.prior.unlikeliness(&error),
    );
    Tried {
        error,
        matched,
        missing,
        unlikely,
        cost: costs.iter().sum(),
    }
}

/// How many things that both the photo and the map must show have no partner.
fn missing(setting: &Setting, error: &Similarity, matched: &[(usize, usize)]) -> usize {
    let (rows, columns): (HashSet<usize>, HashSet<usize>) = matched.iter().copied().unzip();
    let alone =
        (0..setting.detections_m.len()).filter(|row| !rows.contains(row) && setting.was_seen(*row, error));
    let missed =
        (0..setting.sites_m.len()).filter(|c| !columns.contains(c) && setting.should_show(*c, error));
    alone.count() + missed.count()
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
    use super::super::setting::surely_shown;
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
        // Both photos show the ground around, without anything else on it.
        let frame_m = [[-80.0, -60.0], [80.0, -60.0], [80.0, 60.0], [-80.0, 60.0]].map(Vector2::from);
        let shown = surely_shown(&frame_m, &[]);
        let setting = Setting::new(prior, places, sites_m, shown.clone(), vec![shown]);
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
