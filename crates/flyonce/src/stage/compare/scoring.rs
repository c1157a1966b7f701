//! How good the comparison is on pairs whose truth is known: a folder with A (before), B (after) and label (white =
//! changed) of the same file names, laid on each other already.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use vision::change::measure::{Counts, otsu, plain_difference};
use vision::change::regions::changed_pixels;
use vision::change::{ChangeMap, Plane};

use super::dated::read_picture;
use super::pair::Comparer;

/// Threshold of the plain difference, 0..255: the best one on the made pairs of models/train/change.
pub const DIFFERENCE_THRESHOLD: f32 = 60.0;
/// Objects of the truth smaller than this are not counted, pixels.
const SMALLEST_OBJECT_PX: u64 = 16;
/// Steps in which thresholds are tried for the best possible one.
const STEPS: u16 = 64;

/// Figures of one method.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MethodScore {
    /// F1 of the pixels.
    pub pixel_f1: f64,
    /// Share of objects of which more than a tenth was found.
    pub object_recall_01: f64,
    /// Share of objects of which more than half was found.
    pub object_recall_05: f64,
    /// Share of called objects of which more than a tenth is right.
    pub object_precision_01: f64,
    /// Share of called objects of which more than half is right.
    pub object_precision_05: f64,
}

/// Figures of one pair, of their mean, or of all pixels together.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PairScore {
    /// Name of the pair.
    pub name: String,
    /// Objects of the truth.
    pub objects: u64,
    /// The comparison as shipped.
    pub model: MethodScore,
    /// Plain difference at its one threshold.
    pub difference: MethodScore,
    /// Plain difference, each pair at Otsu's threshold.
    pub difference_otsu: MethodScore,
}

/// F1 at the threshold that would have been best on these very pairs, all pixels together.
#[derive(Debug, Clone, Serialize)]
pub struct BestPossible {
    /// Of the comparison.
    pub model: f64,
    /// Of the plain difference.
    pub difference: f64,
}

/// The table.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreAnswer {
    /// Threshold of the comparison.
    pub threshold: f32,
    /// Threshold of the plain difference.
    pub difference_threshold: f32,
    /// Every pair.
    pub pairs: Vec<PairScore>,
    /// Mean over the pairs.
    pub mean: PairScore,
    /// All pixels and objects together.
    pub pooled: PairScore,
    /// For comparison only.
    pub best_possible: BestPossible,
}

/// Counts at both overlaps.
#[derive(Clone, Copy, Default)]
struct Both([Counts; 2]);

impl Both {
    fn of(called: &[bool], truth: &[bool], width: usize) -> Self {
        Self([0.1, 0.5].map(|overlap| Counts::of(called, truth, width, (overlap, SMALLEST_OBJECT_PX))))
    }

    fn and(&self, other: &Self) -> Self {
        Self([0, 1].map(|index| self.0[index].and(&other.0[index])))
    }

    fn score(&self) -> MethodScore {
        let [loose, strict] = &self.0;
        MethodScore {
            pixel_f1: loose.pixel_f1(),
            object_recall_01: loose.object_recall(),
            object_recall_05: strict.object_recall(),
            object_precision_01: loose.object_precision(),
            object_precision_05: strict.object_precision(),
        }
    }
}

/// One pair with everything that is counted on it.
struct Scored {
    name: String,
    truth: Vec<bool>,
    difference: Plane,
    map: ChangeMap,
    /// Model, difference, difference by Otsu.
    counts: [Both; 3],
}

/// Scores all pairs below `folder`; sets in folders of their own (LEVIR/A, DSIFN/A …) are taken together.
///
/// # Errors
/// A folder without pairs, a picture without its counterpart, sizes that differ.
pub fn score_folder(
    comparer: &mut Comparer,
    folder: &Path,
    pair_done: &mut dyn FnMut(usize, usize),
) -> Result<ScoreAnswer> {
    let pairs = pairs_below(folder)?;
    let mut scored = Vec::new();
    for (name, paths) in &pairs {
        scored.push(score_pair(comparer, name, paths).with_context(|| name.clone())?);
        pair_done(scored.len(), pairs.len());
    }
    Ok(summed_up(comparer, &scored))
}

/// Name and paths of A, B and label of every pair.
fn pairs_below(folder: &Path) -> Result<Vec<(String, [PathBuf; 3])>> {
    let mut roots = vec![folder.to_owned()];
    roots.extend(entries(folder)?.into_iter().filter(|path| path.is_dir()));
    let mut pairs = Vec::new();
    for root in roots.iter().filter(|root| root.join("A").is_dir()) {
        for first in entries(&root.join("A"))? {
            let file = first.file_name().context("a file without a name")?;
            let [second, label] = ["B", "label"].map(|part| root.join(part).join(file));
            for path in [&second, &label] {
                ensure!(
                    path.is_file(),
                    "{} is missing: {} has no counterpart",
                    path.display(),
                    first.display()
                );
            }
            let set = if root == folder {
                String::new()
            } else {
                format!("{}/", root.file_name().unwrap_or_default().to_string_lossy())
            };
            pairs.push((
                format!("{set}{}", file.to_string_lossy()),
                [first.clone(), second, label],
            ));
        }
    }
    if pairs.is_empty() {
        bail!(
            "{} holds no pairs: folders A, B and label with files of the same names are needed",
            folder.display()
        );
    }
    Ok(pairs)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = listed
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("cannot list {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn score_pair(comparer: &mut Comparer, name: &str, paths: &[PathBuf; 3]) -> Result<Scored> {
    let limit = comparer.options.max_megapixels;
    let [first, second, label] = [0, 1, 2]
        .map(|index| read_picture(&paths[index], limit).with_context(|| paths[index].display().to_string()));
    let (first, second, label) = (first?, second?, label?);
    ensure!(
        first.dimensions() == second.dimensions() && first.dimensions() == label.dimensions(),
        "A, B and label have different sizes: {:?}, {:?}, {:?}",
        first.dimensions(),
        second.dimensions(),
        label.dimensions()
    );
    let truth: Vec<bool> = label.pixels().map(|pixel| pixel.0[0] > 127).collect();
    let width = first.width() as usize;
    let shown = Plane::filled(width, first.height() as usize, 1.0);
    let map = comparer.scores(&first, &second, &shown, &mut |_, _| ())?;
    let called = changed_pixels(&map, &comparer.settings(comparer.options.gsd_m));
    let difference = plain_difference(&first, &second);
    let over = |threshold: f32| {
        difference
            .values
            .iter()
            .map(|value| *value >= threshold)
            .collect::<Vec<_>>()
    };
    let counts = [called, over(DIFFERENCE_THRESHOLD), over(otsu(&difference))]
        .map(|called| Both::of(&called, &truth, width));
    Ok(Scored {
        name: name.to_owned(),
        truth,
        difference,
        map,
        counts,
    })
}

fn summed_up(comparer: &Comparer, scored: &[Scored]) -> ScoreAnswer {
    let row = |name: &str, counts: &[Both; 3]| PairScore {
        name: name.to_owned(),
        objects: counts[0].0[0].objects,
        model: counts[0].score(),
        difference: counts[1].score(),
        difference_otsu: counts[2].score(),
    };
    let pairs: Vec<PairScore> = scored.iter().map(|pair| row(&pair.name, &pair.counts)).collect();
    let all = scored.iter().fold([Both::default(); 3], |sum, pair| {
        [0, 1, 2].map(|index| sum[index].and(&pair.counts[index]))
    });
    let settings = comparer.settings(comparer.options.gsd_m);
    let best = |called: &dyn Fn(&Scored, f32) -> Vec<bool>| {
        (1..STEPS)
            .map(|step| f32::from(step) / f32::from(STEPS))
            .map(|part| {
                scored
                    .iter()
                    .map(|pair| Counts::of(&called(pair, part), &pair.truth, 1, (1.0, u64::MAX)))
                    .fold(Counts::default(), |sum, counts| sum.and(&counts))
                    .pixel_f1()
            })
            .fold(0.0, f64::max)
    };
    let by_model = |pair: &Scored, part: f32| {
        let loose = vision::change::ChangeSettings {
            threshold: part,
            strong_threshold: part,
            ..settings
        };
        changed_pixels(&pair.map, &loose)
    };
    let by_difference = |pair: &Scored, part: f32| {
        pair.difference
            .values
            .iter()
            .map(|value| *value >= 255.0 * part)
            .collect()
    };
    ScoreAnswer {
        threshold: settings.threshold,
        difference_threshold: DIFFERENCE_THRESHOLD,
        mean: mean(&pairs),
        pooled: row("pooled", &all),
        best_possible: BestPossible {
            model: best(&by_model),
            difference: best(&by_difference),
        },
        pairs,
    }
}

fn mean(pairs: &[PairScore]) -> PairScore {
    let count = pairs.len().max(1) as f64;
    let of = |method: fn(&PairScore) -> &MethodScore| {
        let mean = |figure: fn(&MethodScore) -> f64| {
            pairs.iter().map(|pair| figure(method(pair))).sum::<f64>() / count
        };
        MethodScore {
            pixel_f1: mean(|it| it.pixel_f1),
            object_recall_01: mean(|it| it.object_recall_01),
            object_recall_05: mean(|it| it.object_recall_05),
            object_precision_01: mean(|it| it.object_precision_01),
            object_precision_05: mean(|it| it.object_precision_05),
        }
    };
    PairScore {
        name: "mean".to_owned(),
        objects: pairs.iter().map(|pair| pair.objects).sum(),
        model: of(|pair| &pair.model),
        difference: of(|pair| &pair.difference),
        difference_otsu: of(|pair| &pair.difference_otsu),
    }
}
