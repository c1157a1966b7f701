//! The common shift of one photo against the map of sites seen before.

use nalgebra::{Matrix2, Vector2};

use super::assign::{Pair, greedy};
use super::error_model::{CHI2_2DOF_99, mahalanobis2};

/// Fewer agreeing pairs do not tell a shift from other errors.
const MIN_PAIRS: usize = 3;
/// Shifts tried at most; beyond, those with most votes.
const MAX_HYPOTHESES: usize = 120;
/// Hypotheses refined.
const REFINED: usize = 8;
/// Side of a voting cell, m.
const VOTE_CELL_M: f64 = 2.0;
/// Weight of the assumed scatter against the observed one, in pseudo-observations.
const SCATTER_PRIOR: f64 = 4.0;
/// The observed scatter may shrink the assumed variance to this share, not further: boxes that are cut off or
/// hidden scatter more than the rest.
const SCATTER_MIN: f64 = 0.15;
/// … and widen it to this multiple.
const SCATTER_MAX: f64 = 4.0;

/// A detection and a site that might be one thing.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Number of the detection.
    pub row: usize,
    /// Number of the site.
    pub column: usize,
    /// Detection minus site, (east, north), m.
    pub offset_m: Vector2<f64>,
    /// Covariance of the offset without the photo's common error, m².
    pub own_m2: Matrix2<f64>,
    /// Squared size difference in standard deviations.
    pub size2: f64,
}

/// A shift that at least three pairs agree on.
#[derive(Clone, Debug)]
pub struct Shift {
    /// Detections minus sites, (east, north), m.
    pub offset_m: Vector2<f64>,
    /// Pairs that agree.
    pub pairs: usize,
    /// Observed scatter of the pairs over the assumed one, as a ratio of variances.
    pub scatter: f64,
}

struct Tried {
    offset_m: Vector2<f64>,
    score: f64,
    matched: Vec<usize>,
}

/// The likeliest common shift: the `t` that maximises `Σ_pairs (g − d² − s²) − tᵀC⁻¹t`, where `d²` is the squared
/// Mahalanobis distance of a pair's offset from `t`, `s²` its size difference, `g` the 99 % gate (what a pair is
/// worth against two unrelated things), `C` the covariance of common errors, and each detection and site counts
/// once. Hypotheses are the offsets of the candidate pairs themselves; the best are refined by the weighted mean
/// of their pairs, with the prior. That is consensus voting (RANSAC, Fischler & Bolles 1981, tried exhaustively)
/// with a maximum-a-posteriori score.
pub fn common_shift(candidates: &[Candidate], common_m2: &Matrix2<f64>) -> Option<Shift> {
    let prior = common_m2.try_inverse()?;
    let mut tried: Vec<Tried> = hypotheses(candidates)
        .into_iter()
        .map(|offset_m| attempt(candidates, &prior, offset_m))
        .collect();
    tried.sort_by(|a, b| b.score.total_cmp(&a.score));
    tried.truncate(REFINED);
    let refined = tried.into_iter().map(|start| refine(candidates, &prior, start));
    let best = refined.reduce(|best, other| if other.score > best.score { other } else { best })?;
    (best.matched.len() >= MIN_PAIRS).then(|| Shift {
        offset_m: best.offset_m,
        pairs: best.matched.len(),
        scatter: scatter(candidates, &best),
    })
}

fn hypotheses(candidates: &[Candidate]) -> Vec<Vector2<f64>> {
    let cell = |candidate: &Candidate| {
        [candidate.offset_m.x, candidate.offset_m.y].map(|metres| (metres / VOTE_CELL_M).floor() as i64)
    };
    let mut votes = std::collections::HashMap::new();
    for candidate in candidates {
        let [x, y] = cell(candidate);
        for near in [[x - 1, y], [x, y], [x + 1, y], [x, y - 1], [x, y + 1]] {
            *votes.entry(near).or_insert(0usize) += 1;
        }
    }
    let mut by_votes: Vec<&Candidate> = candidates.iter().collect();
    by_votes.sort_by_key(|candidate| {
        (
            std::cmp::Reverse(votes.get(&cell(candidate)).copied()),
            candidate.row,
            candidate.column,
        )
    });
    by_votes
        .into_iter()
        .take(MAX_HYPOTHESES)
        .map(|candidate| candidate.offset_m)
        .collect()
}

fn attempt(candidates: &[Candidate], prior: &Matrix2<f64>, offset_m: Vector2<f64>) -> Tried {
    let cost = |candidate: &Candidate| {
        mahalanobis2(&(candidate.offset_m - offset_m), &candidate.own_m2) + candidate.size2
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
    let chosen: std::collections::HashSet<(usize, usize)> = greedy(pairs).into_iter().collect();
    let is_chosen = |i: &usize| chosen.contains(&(candidates[*i].row, candidates[*i].column));
    let matched: Vec<usize> = (0..candidates.len()).filter(is_chosen).collect();
    let gain: f64 = matched.iter().map(|&i| CHI2_2DOF_99 - cost(&candidates[i])).sum();
    let score = gain - (offset_m.transpose() * prior * offset_m).x;
    Tried {
        offset_m,
        score,
        matched,
    }
}

fn refine(candidates: &[Candidate], prior: &Matrix2<f64>, start: Tried) -> Tried {
    let mut best = start;
    for _ in 0..4 {
        let (mut information, mut weighted) = (*prior, Vector2::zeros());
        for &i in &best.matched {
            let Some(inverse) = candidates[i].own_m2.try_inverse() else {
                continue;
            };
            information += inverse;
            weighted += inverse * candidates[i].offset_m;
        }
        let Some(covariance) = information.try_inverse() else {
            break;
        };
        let next = attempt(candidates, prior, covariance * weighted);
        if next.score <= best.score {
            break;
        }
        best = next;
    }
    best
}

/// Variance of the residuals over the assumed one: posterior mean under a scaled inverse-chi-square prior worth
/// four observations (Gelman et al., Bayesian Data Analysis, §2.6); two degrees of freedom went into the shift.
fn scatter(candidates: &[Candidate], best: &Tried) -> f64 {
    let residual2 =
        |&i: &usize| mahalanobis2(&(candidates[i].offset_m - best.offset_m), &candidates[i].own_m2);
    let chi2: f64 = best.matched.iter().map(residual2).sum();
    let freedom = 2.0 * best.matched.len() as f64 - 2.0;
    ((SCATTER_PRIOR + chi2) / (SCATTER_PRIOR + freedom)).clamp(SCATTER_MIN, SCATTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(things: &[[f64; 2]], shift: [f64; 2]) -> Vec<Candidate> {
        let mut all = Vec::new();
        for (row, thing) in things.iter().enumerate() {
            for (column, site) in things.iter().enumerate() {
                let offset_m = Vector2::new(thing[0] + shift[0] - site[0], thing[1] + shift[1] - site[1]);
                if offset_m.norm() < 15.0 {
                    all.push(Candidate {
                        row,
                        column,
                        offset_m,
                        own_m2: Matrix2::identity(),
                        size2: 0.0,
                    });
                }
            }
        }
        all
    }

    #[test]
    fn scattered_things_tell_their_shift() {
        let things = [[0.0, 0.0], [9.0, 2.0], [21.0, -4.0], [30.0, 11.0]];
        let found = common_shift(&candidates(&things, [5.0, -3.0]), &(Matrix2::identity() * 18.0)).unwrap();
        assert_eq!(found.pairs, 4);
        // The prior draws it a little towards none.
        assert!(
            (found.offset_m - Vector2::new(5.0, -3.0)).norm() < 0.2,
            "{found:?}"
        );
        assert!(
            found.scatter < 0.5,
            "perfect pairs scatter less than assumed: {}",
            found.scatter
        );
    }

    #[test]
    fn two_pairs_tell_no_shift() {
        let things = [[0.0, 0.0], [9.0, 2.0]];
        assert!(common_shift(&candidates(&things, [2.0, 0.0]), &(Matrix2::identity() * 18.0)).is_none());
        assert!(common_shift(&[], &Matrix2::identity()).is_none());
    }

    #[test]
    fn the_whole_row_speaks_for_the_true_shift_and_not_for_the_nearest_neighbour() {
        let row: Vec<[f64; 2]> = (0..12).map(|i| [6.0 * f64::from(i), 0.0]).collect();
        let found = common_shift(&candidates(&row, [5.0, 0.0]), &(Matrix2::identity() * 50.0)).unwrap();
        assert_eq!(found.pairs, 12);
        assert!((found.offset_m.x - 5.0).abs() < 0.1);
    }
}
