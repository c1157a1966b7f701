//! What was taken for what.

use serde::{Deserialize, Serialize};

use crate::coco::ALL_SIZES_PX2;
use crate::matching::Scene;
use crate::picture::{Picture, overlap};

/// Counts of truths (rows) and finds (columns). The last row and column are the background: finds of nothing, and
/// truths that nothing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// `counts[truth][found]`.
    pub counts: Vec<Vec<usize>>,
}

/// The confusion of all finds that reach their class's score. Finds of the right class are matched first, by the
/// rules of the benchmark; a building and the blue roof on it are both there, and neither is taken for the other.
/// What is left is matched across classes, best overlap first. Finds in crowd regions are left out.
pub fn confusion(pictures: &[Picture], least_scores: &[f64], least_overlap: f64) -> Confusion {
    let background = least_scores.len();
    let mut counts = vec![vec![0; background + 1]; background + 1];
    for picture in pictures {
        let (mut truths, mut finds) = (Vec::new(), Vec::new());
        for (class, least_score) in least_scores.iter().enumerate() {
            let Some(scene) = Scene::of(picture, class, usize::MAX) else {
                continue;
            };
            let matches = scene.matches(least_overlap, ALL_SIZES_PX2);
            let mut found_truths = Vec::new();
            for (row, find) in scene.found.iter().enumerate() {
                if picture.found[*find].score < *least_score || matches.found_ignored[row] {
                    continue;
                }
                match matches.truth_of_found[row] {
                    Some(truth) => {
                        counts[class][class] += 1;
                        found_truths.push(truth);
                    }
                    None => finds.push(*find),
                }
            }
            truths.extend(
                scene
                    .truths
                    .iter()
                    .filter(|truth| !picture.truths[**truth].crowd && !found_truths.contains(truth)),
            );
        }
        for (truth, find) in across_classes(picture, truths, finds, least_overlap) {
            let row = truth.map_or(background, |truth| picture.truths[truth].class);
            let column = find.map_or(background, |find| picture.found[find].class);
            counts[row][column] += 1;
        }
    }
    Confusion { counts }
}

/// Pairs of truths and finds of different classes, and then what has no partner.
fn across_classes(
    picture: &Picture,
    mut truths: Vec<usize>,
    mut finds: Vec<usize>,
    least_overlap: f64,
) -> Vec<(Option<usize>, Option<usize>)> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for &truth in &truths {
        for &find in &finds {
            let (there, found) = (&picture.truths[truth], &picture.found[find]);
            let shared = overlap(&found.xywh_px, &there.xywh_px, false);
            if shared >= least_overlap && there.class != found.class {
                pairs.push((shared, truth, find));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut joined = Vec::new();
    for (_, truth, find) in pairs {
        if truths.contains(&truth) && finds.contains(&find) {
            truths.retain(|other| *other != truth);
            finds.retain(|other| *other != find);
            joined.push((Some(truth), Some(find)));
        }
    }
    joined.extend(truths.into_iter().map(|truth| (Some(truth), None)));
    joined.extend(finds.into_iter().map(|find| (None, Some(find))));
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{FoundBox, TruthBox};

    fn truth(class: usize, x: f64, crowd: bool) -> TruthBox {
        TruthBox {
            class,
            xywh_px: [x, 0.0, 10.0, 10.0],
            area_px2: 100.0,
            crowd,
        }
    }

    fn found(class: usize, x: f64, score: f64) -> FoundBox {
        FoundBox {
            class,
            xywh_px: [x, 0.0, 10.0, 10.0],
            score,
        }
    }

    #[test]
    fn right_ones_first_then_across_classes_then_background() {
        let picture = Picture {
            truths: vec![
                truth(0, 0.0, false),
                truth(1, 0.0, false),
                truth(0, 50.0, false),
                truth(1, 90.0, false),
                truth(1, 150.0, true),
            ],
            found: vec![
                found(0, 0.0, 0.9),
                found(1, 1.0, 0.8),
                found(1, 50.0, 0.7),
                found(0, 200.0, 0.6),
                found(1, 90.0, 0.1),
                found(1, 150.0, 0.9),
            ],
            judged: vec![true, true],
        };
        let confusion = confusion(&[picture], &[0.5, 0.5], 0.5);
        // Class 1 at 90 was found, but below its score: missed. The find in the crowd region is left out.
        assert_eq!(confusion.counts, [vec![1, 1, 0], vec![0, 1, 1], vec![1, 0, 0]]);
    }
}
