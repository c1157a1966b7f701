//! Which find belongs to which truth, in one picture and for one class: the rules of pycocotools' `evaluateImg`
//! (cocoeval.py, BSD-2-Clause), written anew.

use crate::picture::{Picture, overlap};

/// Finds and truths of one class in one picture, finds best first, with their overlaps.
pub(crate) struct Scene<'p> {
    /// Indices into the picture's finds, best score first.
    pub(crate) found: Vec<usize>,
    /// Indices into the picture's truths.
    pub(crate) truths: Vec<usize>,
    /// A row for each find.
    overlaps: Vec<Vec<f64>>,
    pub(crate) picture: &'p Picture,
}

/// What became of the finds and truths of a scene at one overlap and one size range.
pub(crate) struct Matches {
    /// For each find of the scene, the truth (index into the picture's truths).
    pub(crate) truth_of_found: Vec<Option<usize>>,
    /// For each find of the scene, whether it counts neither way.
    pub(crate) found_ignored: Vec<bool>,
    /// Truths that count.
    pub(crate) counted_truths: usize,
}

impl<'p> Scene<'p> {
    /// `None` where the picture was not labelled for the class or has nothing of it. At most `limit` finds are kept.
    pub(crate) fn of(picture: &'p Picture, class: usize, limit: usize) -> Option<Self> {
        if !picture.is_judged(class) {
            return None;
        }
        let of_class = |(index, other): (usize, usize)| (other == class).then_some(index);
        let truth_classes = picture.truths.iter().map(|truth| truth.class);
        let truths: Vec<usize> = truth_classes.enumerate().filter_map(of_class).collect();
        let found_classes = picture.found.iter().map(|found| found.class);
        let mut found: Vec<usize> = found_classes.enumerate().filter_map(of_class).collect();
        if truths.is_empty() && found.is_empty() {
            return None;
        }
        // Stable, so that equal scores keep their order, as in pycocotools.
        found.sort_by(|a, b| picture.found[*b].score.total_cmp(&picture.found[*a].score));
        found.truncate(limit);
        let row = |find: &usize| {
            let box_px = &picture.found[*find].xywh_px;
            let of = |truth: &usize| {
                let truth = &picture.truths[*truth];
                overlap(box_px, &truth.xywh_px, truth.crowd)
            };
            truths.iter().map(of).collect()
        };
        let overlaps = found.iter().map(row).collect();
        Some(Self {
            found,
            truths,
            overlaps,
            picture,
        })
    }

    /// Each find, best first, takes the truth it overlaps most, at least by `least`; truths that count go before
    /// those that do not (crowd regions, truths outside `area_px2`), and only crowd regions are taken twice.
    pub(crate) fn matches(&self, least: f64, area_px2: [f64; 2]) -> Matches {
        let outside = |area: f64| area < area_px2[0] || area > area_px2[1];
        let ignored: Vec<bool> = self
            .truths
            .iter()
            .map(|truth| {
                let truth = &self.picture.truths[*truth];
                truth.crowd || outside(truth.area_px2)
            })
            .collect();
        let mut order: Vec<usize> = (0..self.truths.len()).collect();
        order.sort_by_key(|truth| ignored[*truth]);
        let mut taken = vec![false; self.truths.len()];
        let mut matches = Matches {
            truth_of_found: Vec::with_capacity(self.found.len()),
            found_ignored: Vec::with_capacity(self.found.len()),
            counted_truths: ignored.iter().filter(|ignored| !**ignored).count(),
        };
        for (find, overlaps) in self.found.iter().zip(&self.overlaps) {
            let best = self.best_truth(overlaps, &order, (&ignored, &taken), least);
            if let Some(truth) = best {
                taken[truth] = true;
            }
            let [_, _, width, height] = self.picture.found[*find].xywh_px;
            let ignore = best.map_or_else(|| outside(width * height), |truth| ignored[truth]);
            matches.truth_of_found.push(best.map(|truth| self.truths[truth]));
            matches.found_ignored.push(ignore);
        }
        matches
    }

    fn best_truth(
        &self,
        overlaps: &[f64],
        order: &[usize],
        (ignored, taken): (&[bool], &[bool]),
        least: f64,
    ) -> Option<usize> {
        let mut best = None;
        let mut reached = least.min(1.0 - 1e-10);
        for &truth in order {
            if taken[truth] && !self.picture.truths[self.truths[truth]].crowd {
                continue;
            }
            if best.is_some_and(|best: usize| !ignored[best] && ignored[truth]) {
                break;
            }
            // Of equal overlaps the later truth is taken, as in pycocotools.
            if overlaps[truth] >= reached {
                reached = overlaps[truth];
                best = Some(truth);
            }
        }
        best
    }
}
