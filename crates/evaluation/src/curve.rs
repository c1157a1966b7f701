//! Precision and recall as the score falls, the best score to cut at, and whether scores mean what they say.

use serde::{Deserialize, Serialize};

use crate::coco::ALL_SIZES_PX2;
use crate::matching::Scene;
use crate::picture::Picture;

/// One find that counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its score.
    pub score: f64,
    /// Whether it was of a truth.
    pub hit: bool,
    /// Index of its picture.
    pub picture: usize,
    /// Index among the finds of its picture.
    pub found: usize,
}

/// The finds of one class at one overlap, and the truths that nothing found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Outcomes {
    /// Finds that count, best first.
    pub finds: Vec<Outcome>,
    /// Truths that count.
    pub truths: usize,
    /// (picture, truth, score of the find that has it; `None` where none has).
    pub truth_scores: Vec<(usize, usize, Option<f64>)>,
}

/// Precision and recall when everything below a score is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtScore {
    /// The score.
    pub score: f64,
    /// Share of finds that are right; `None` where nothing is found.
    pub precision: Option<f64>,
    /// Share of truths that are found.
    pub recall: f64,
    /// Finds that are right.
    pub hits: usize,
    /// Finds that are not.
    pub false_alarms: usize,
}

impl AtScore {
    /// Harmonic mean of precision and recall, 0 where nothing is found.
    pub fn f1(&self) -> f64 {
        match self.precision {
            Some(precision) if precision + self.recall > 0.0 => {
                2.0 * precision * self.recall / (precision + self.recall)
            }
            _ => 0.0,
        }
    }
}

/// One bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Finds in it.
    pub n: usize,
    /// Their mean score.
    pub mean_score: f64,
    /// Share of them that are right.
    pub share_right: f64,
}

impl Outcomes {
    /// Of one class; a find counts from the overlap `least` on. At most `limit` finds per picture.
    pub fn of(pictures: &[Picture], class: usize, least: f64, limit: usize) -> Self {
        let mut outcomes = Self::default();
        for (index, picture) in pictures.iter().enumerate() {
            let Some(scene) = Scene::of(picture, class, limit) else {
                continue;
            };
            let matches = scene.matches(least, ALL_SIZES_PX2);
            outcomes.truths += matches.counted_truths;
            let rows = scene.found.iter().enumerate();
            outcomes
                .finds
                .extend(
                    rows.filter(|(row, _)| !matches.found_ignored[*row])
                        .map(|(row, found)| Outcome {
                            score: picture.found[*found].score,
                            hit: matches.truth_of_found[row].is_some(),
                            picture: index,
                            found: *found,
                        }),
                );
            let counted = scene.truths.iter().filter(|truth| !picture.truths[**truth].crowd);
            outcomes.truth_scores.extend(counted.map(|truth| {
                let row = matches
                    .truth_of_found
                    .iter()
                    .position(|taken| *taken == Some(*truth));
                (
                    index,
                    *truth,
                    row.map(|row| picture.found[scene.found[row]].score),
                )
            }));
        }
        outcomes.finds.sort_by(|a, b| b.score.total_cmp(&a.score));
        outcomes
    }

    /// Precision and recall with all finds of at least this score. `None` where there is no truth.
    pub fn at(&self, score: f64) -> Option<AtScore> {
        let kept = self.finds.partition_point(|find| find.score >= score);
        let hits = self.finds[..kept].iter().filter(|find| find.hit).count();
        self.counted(score, kept, hits)
    }

    fn counted(&self, score: f64, kept: usize, hits: usize) -> Option<AtScore> {
        (self.truths > 0).then(|| AtScore {
            score,
            precision: (kept > 0).then(|| hits as f64 / kept as f64),
            recall: hits as f64 / self.truths as f64,
            hits,
            false_alarms: kept - hits,
        })
    }

    /// Precision and recall at every score that occurs, falling.
    pub fn points(&self) -> Vec<AtScore> {
        let (mut points, mut hits) = (Vec::new(), 0);
        for (index, find) in self.finds.iter().enumerate() {
            hits += usize::from(find.hit);
            let last_of_score = self
                .finds
                .get(index + 1)
                .is_none_or(|next| next.score < find.score);
            if last_of_score {
                points.extend(self.counted(find.score, index + 1, hits));
            }
        }
        points
    }

    /// The score with the best harmonic mean of precision and recall; of equal ones the highest score.
    pub fn best_f1(&self) -> Option<AtScore> {
        self.points()
            .into_iter()
            .reduce(|best, next| if next.f1() > best.f1() { next } else { best })
    }

    /// The reliability diagram: `count` bins of equal width over the scores 0 to 1; `None` for an empty bin. Only
    /// finds of at least `floor`.
    pub fn bins(&self, count: usize, floor: f64) -> Vec<Option<Bin>> {
        let mut sums = vec![(0_usize, 0.0, 0_usize); count];
        for find in self.finds.iter().filter(|find| find.score >= floor) {
            let bin = ((find.score * count as f64) as usize).min(count.saturating_sub(1));
            let (n, score, hits) = &mut sums[bin];
            *n += 1;
            *score += find.score;
            *hits += usize::from(find.hit);
        }
        let bin = |(n, score, hits): (usize, f64, usize)| {
            (n > 0).then(|| Bin {
                n,
                mean_score: score / n as f64,
                share_right: hits as f64 / n as f64,
            })
        };
        sums.into_iter().map(bin).collect()
    }
}

/// Expected calibration error (Naeini et al., AAAI 2015): mean distance of score and share that is right, weighted
/// by the finds of a bin. `None` without finds.
pub fn expected_calibration_error(bins: &[Option<Bin>]) -> Option<f64> {
    let n: usize = bins.iter().flatten().map(|bin| bin.n).sum();
    let distance = |bin: &Bin| bin.n as f64 * (bin.mean_score - bin.share_right).abs();
    (n > 0).then(|| bins.iter().flatten().map(distance).sum::<f64>() / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{FoundBox, TruthBox};

    /// Two truths; found: one rightly at 0.9, nothing there at 0.6, the other rightly at 0.3.
    fn outcomes() -> Outcomes {
        let truth = |x: f64| TruthBox {
            class: 0,
            xywh_px: [x, 0.0, 10.0, 10.0],
            area_px2: 100.0,
            crowd: false,
        };
        let found = |x: f64, score: f64| FoundBox {
            class: 0,
            xywh_px: [x, 0.0, 10.0, 10.0],
            score,
        };
        let picture = Picture {
            truths: vec![truth(0.0), truth(50.0)],
            found: vec![found(50.0, 0.3), found(100.0, 0.6), found(0.0, 0.9)],
            judged: vec![true],
        };
        Outcomes::of(&[picture], 0, 0.5, 100)
    }

    #[test]
    fn precision_and_recall_at_a_score() {
        let at = outcomes().at(0.5).unwrap();
        assert_eq!((at.precision, at.recall), (Some(0.5), 0.5));
        assert_eq!((at.hits, at.false_alarms), (1, 1));
        assert_eq!(outcomes().at(0.95).unwrap().precision, None);
        assert_eq!(Outcomes::default().at(0.5), None);
    }

    #[test]
    fn the_best_cut_is_the_one_with_the_best_harmonic_mean() {
        // 0.9: 1 and 0.5 → 0.667; 0.6: 0.5 and 0.5; 0.3: 2/3 and 1 → 0.8.
        let best = outcomes().best_f1().unwrap();
        assert_eq!(best.score, 0.3);
        assert!((best.f1() - 0.8).abs() < 1e-12);
    }

    #[test]
    fn calibration_error_is_the_weighted_distance() {
        let bins = outcomes().bins(15, 0.0);
        assert_eq!(bins.iter().flatten().count(), 3);
        // |0.9 − 1| + |0.6 − 0| + |0.3 − 1|, a third each.
        let error = expected_calibration_error(&bins).unwrap();
        assert!((error - 1.4 / 3.0).abs() < 1e-12, "{error}");
        assert_eq!(
            expected_calibration_error(&outcomes().bins(15, 0.95)),
            None,
            "no finds, no error"
        );
    }

    #[test]
    fn every_truth_says_which_score_found_it() {
        assert_eq!(outcomes().truth_scores, [(0, 0, Some(0.9)), (0, 1, Some(0.3))]);
    }
}
