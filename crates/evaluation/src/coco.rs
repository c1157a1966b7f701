//! Average precision and recall of the COCO benchmark, equal to pycocotools' on the same boxes
//! (`tests/it/pycocotools.rs` compares).

use serde::{Deserialize, Serialize};

use crate::matching::{Matches, Scene};
use crate::picture::Picture;

/// Steps of recall at which precision is read off.
const RECALL_STEPS: usize = 101;

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Least overlaps (intersection over union) at which a find counts.
    pub overlaps: Vec<f64>,
    /// Size ranges of truths, px², ends included.
    pub areas_px2: Vec<[f64; 2]>,
    /// At most so many finds per picture and class count, ascending.
    pub max_found: Vec<usize>,
}

/// Every size.
pub const ALL_SIZES_PX2: [f64; 2] = [0.0, 1e10];

/// Small, medium and large things of the benchmark.
pub const SIZES_PX2: [[f64; 2]; 3] = [[0.0, 1024.0], [1024.0, 9216.0], [9216.0, 1e10]];

/// The ten overlaps of the benchmark, 0.5 to 0.95, as numpy's `linspace` makes them.
pub fn benchmark_overlaps() -> Vec<f64> {
    let step = (0.95 - 0.5) / 9.0;
    (0..10)
        .map(|i| if i == 9 { 0.95 } else { f64::from(i) * step + 0.5 })
        .collect()
}

impl Settings {
    /// Those of the benchmark: ten overlaps, all and three sizes, at most 1, 10 and 100 finds.
    pub fn benchmark() -> Self {
        Self {
            overlaps: benchmark_overlaps(),
            areas_px2: [&[ALL_SIZES_PX2][..], &SIZES_PX2].concat(),
            max_found: vec![1, 10, 100],
        }
    }
}

/// Precision and recall at one overlap, size range and number of finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Precision at recall 0, 0.01, … 1: the best that is reached at this recall or a higher one.
    pub precision: Vec<f64>,
    /// Recall with all finds.
    pub recall: f64,
}

/// The evaluation of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassResult {
    /// Index: size range, number of finds, overlap. A size range without any truth is `None`.
    pub cells: Vec<Vec<Option<Vec<Cell>>>>,
}

impl ClassResult {
    /// Mean precision over the recall steps and the overlaps (indices); `None` where there is no truth.
    pub fn average_precision(&self, area: usize, max_found: usize, overlaps: &[usize]) -> Option<f64> {
        let cells = self.cells.get(area)?.get(max_found)?.as_ref()?;
        let of = |cell: &Cell| cell.precision.iter().sum::<f64>() / cell.precision.len() as f64;
        mean(overlaps.iter().filter_map(|overlap| cells.get(*overlap)).map(of))
    }

    /// Mean recall over the overlaps (indices); `None` where there is no truth.
    pub fn average_recall(&self, area: usize, max_found: usize, overlaps: &[usize]) -> Option<f64> {
        let cells = self.cells.get(area)?.get(max_found)?.as_ref()?;
        mean(
            overlaps
                .iter()
                .filter_map(|overlap| cells.get(*overlap))
                .map(|cell| cell.recall),
        )
    }
}

/// The mean, of anything there is.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u32), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// Evaluates one class over the pictures that were labelled for it. The order of pictures decides between finds
/// of equal score, as in pycocotools.
pub fn evaluate_class(pictures: &[Picture], class: usize, settings: &Settings) -> ClassResult {
    let most = settings.max_found.last().copied().unwrap_or(0);
    let scenes: Vec<Scene> = pictures
        .iter()
        .filter_map(|picture| Scene::of(picture, class, most))
        .collect();
    let cells = settings.areas_px2.iter().map(|area| {
        let by_overlap: Vec<Vec<Matches>> = settings
            .overlaps
            .iter()
            .map(|least| scenes.iter().map(|scene| scene.matches(*least, *area)).collect())
            .collect();
        let of_limit = |limit: &usize| {
            let cells = by_overlap.iter().map(|matches| cell(&scenes, matches, *limit));
            cells.collect()
        };
        settings.max_found.iter().map(of_limit).collect()
    });
    ClassResult {
        cells: cells.collect(),
    }
}

fn cell(scenes: &[Scene], matches: &[Matches], limit: usize) -> Option<Cell> {
    let truths: usize = matches.iter().map(|matches| matches.counted_truths).sum();
    if truths == 0 {
        return None;
    }
    let mut finds: Vec<(f64, bool)> = Vec::new();
    for (scene, matches) in scenes.iter().zip(matches) {
        let kept = scene.found.iter().take(limit).enumerate();
        finds.extend(
            kept.filter(|(row, _)| !matches.found_ignored[*row])
                .map(|(row, find)| {
                    (
                        scene.picture.found[*find].score,
                        matches.truth_of_found[row].is_some(),
                    )
                }),
        );
    }
    finds.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut wrong) = (0.0, 0.0);
    let mut curve: Vec<[f64; 2]> = Vec::with_capacity(finds.len());
    for (_, hit) in &finds {
        *(if *hit { &mut right } else { &mut wrong }) += 1.0;
        // The smallest number above 1, less 1: keeps 0 / 0 away, as numpy's `spacing(1)` does there.
        curve.push([right / truths as f64, right / (right + wrong + f64::EPSILON)]);
    }
    for index in (1..curve.len()).rev() {
        curve[index - 1][1] = curve[index - 1][1].max(curve[index][1]);
    }
    let precision = (0..RECALL_STEPS).map(|step| {
        let recall = if step == RECALL_STEPS - 1 {
            1.0
        } else {
            step as f64 * 0.01
        };
        let at = curve.partition_point(|[reached, _]| *reached < recall);
        curve.get(at).map_or(0.0, |[_, precision]| *precision)
    });
    Some(Cell {
        precision: precision.collect(),
        recall: right / truths as f64,
    })
}
