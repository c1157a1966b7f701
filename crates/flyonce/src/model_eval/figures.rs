//! The figures of an evaluation, for programs, the page and the summary on the command line.

use std::collections::{BTreeMap, BTreeSet};

use evaluation::coco::{ALL_SIZES_PX2, SIZES_PX2, Settings, benchmark_overlaps, evaluate_class, mean};
use evaluation::confusion::{Confusion, confusion};
use evaluation::curve::{AtScore, Bin, Outcomes, expected_calibration_error};
use evaluation::picture::Picture;
use serde::Serialize;
use vision::Card;

use crate::lang::Words;
use crate::model_eval::ground_scale::ScaleSource;

/// At most so many finds per picture and class count: drone pictures hold more things than the 100 of the benchmark.
pub const MAX_FOUND: usize = 1000;
/// Bins of the reliability diagram and of the calibration error.
pub const CALIBRATION_BINS: usize = 15;
/// The overlap at which calibration is judged, and classes that nothing else is said of.
pub const COMMON_OVERLAP: f64 = 0.5;

/// Everything about one evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct EvaluationAnswer {
    /// Name of the data set, not its place.
    pub dataset: String,
    /// Its layout.
    pub layout: Words,
    /// The split.
    pub split: String,
    /// Pictures judged.
    pub pictures: usize,
    /// Scale of the pictures, per set.
    pub scales: Vec<ScaleAnswer>,
    /// Finds below this score were dropped.
    pub score_floor: f64,
    /// At most so many finds per picture and class count.
    pub max_found: usize,
    /// Figures of each model: the one asked for, then the one compared with.
    pub models: Vec<ModelFigures>,
    /// What was not judged, and why; what else a reader should know.
    pub notes: Vec<Words>,
    /// Wall-clock seconds of looking.
    pub seconds: f64,
}

/// The scales of the pictures of one set.
#[derive(Debug, Clone, Serialize)]
pub struct ScaleAnswer {
    /// The set.
    pub set: String,
    /// Where the scale comes from.
    pub source: ScaleSource,
    /// Pictures with a scale from there.
    pub pictures: usize,
    /// Least and greatest ground per pixel, cm.
    pub cm_per_px: [f64; 2],
    /// Least and greatest model pixels per picture pixel, as looked at.
    pub looked_at_scale: [f64; 2],
}

/// The figures of one model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelFigures {
    /// Name on the card.
    pub name: String,
    /// What tables and curves call it: its name, and the beginning of its SHA-256 where another model has that name.
    pub label: String,
    /// Version on the card.
    pub version: String,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// Classes over all sets.
    pub classes: Vec<ClassFigures>,
    /// Classes per set, where there is more than one.
    pub sets: Vec<SetFigures>,
    /// Means over the classes that have boxes.
    pub mean: MeanFigures,
    /// What was taken for what, at the card's thresholds.
    pub confusion: ConfusionAnswer,
    /// Tiles looked at.
    pub tiles: usize,
}

/// Means over classes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MeanFigures {
    /// Classes counted.
    pub classes: usize,
    /// Mean of `ap50`.
    pub ap50: Option<f64>,
    /// Mean of `ap50_95`.
    pub ap50_95: Option<f64>,
}

/// The classes of one set.
#[derive(Debug, Clone, Serialize)]
pub struct SetFigures {
    /// The set.
    pub set: String,
    /// Its pictures.
    pub pictures: usize,
    /// Classes for which any of them was labelled.
    pub classes: Vec<ClassFigures>,
}

/// The figures of one class on some pictures. Figures of a class without boxes are absent.
#[derive(Debug, Clone, Serialize)]
pub struct ClassFigures {
    /// Class id.
    pub class: String,
    /// Whether the card calls it trained.
    pub trained: bool,
    /// Pictures labelled for it.
    pub pictures: usize,
    /// Boxes in them.
    pub boxes: usize,
    /// Regions to be ignored in them.
    pub ignored_regions: usize,
    /// Average precision at overlap 0.3.
    pub ap30: Option<f64>,
    /// Average precision at overlap 0.5.
    pub ap50: Option<f64>,
    /// Mean of the average precision at overlaps 0.5 to 0.95.
    pub ap50_95: Option<f64>,
    /// The same for boxes up to 32², up to 96² and beyond 96² px of the picture.
    pub ap50_95_small_medium_large: [Option<f64>; 3],
    /// Mean recall over overlaps 0.5 to 0.95 with all finds.
    pub average_recall: Option<f64>,
    /// The overlap from which a find counts in what follows.
    pub overlap: f64,
    /// Precision and recall at the card's threshold.
    pub at_threshold: Option<AtScore>,
    /// The score with the best F1, and precision and recall there.
    pub best_f1: Option<AtScore>,
    /// F1 at that score.
    pub best_f1_value: Option<f64>,
    /// False alarms at the card's threshold, also where the class has no box.
    pub false_alarms_at_threshold: usize,
    /// The card's threshold.
    pub threshold: f64,
    /// Expected calibration error of all finds from the score floor on, at overlap 0.5.
    pub expected_calibration_error: Option<f64>,
    /// The same of finds over the card's threshold only.
    pub expected_calibration_error_at_threshold: Option<f64>,
    /// The reliability diagram.
    pub reliability: Vec<Option<Bin>>,
}

/// Confusion of the classes that were judged.
#[derive(Debug, Clone, Serialize)]
pub struct ConfusionAnswer {
    /// Class ids, in the order of rows and columns; the background comes after them.
    pub classes: Vec<String>,
    /// Rows are truths, columns finds.
    pub counts: Vec<Vec<usize>>,
}

/// How classes are judged.
#[derive(Debug, Clone)]
pub struct Judging<'j> {
    /// The model's card.
    pub card: &'j Card,
    /// Overlap from which a find of a class counts, where it is not [`COMMON_OVERLAP`].
    pub overlaps: &'j BTreeMap<String, f64>,
}

impl Judging<'_> {
    /// Overlap from which a find of a class counts.
    pub fn overlap(&self, class: usize) -> f64 {
        let id = &self.card.classes[class].id;
        self.overlaps.get(id).copied().unwrap_or(COMMON_OVERLAP)
    }

    /// The finds and truths of a class.
    pub fn outcomes(&self, pictures: &[Picture], class: usize) -> Outcomes {
        Outcomes::of(pictures, class, self.overlap(class), MAX_FOUND)
    }

    /// Figures of a model; `sets` has the set of each picture.
    pub fn figures(&self, pictures: &[Picture], sets: &[&str], tiles: usize) -> ModelFigures {
        let classes = self.classes(pictures);
        let names: BTreeSet<&str> = sets.iter().copied().collect();
        let of_set = |set: &str| {
            let chosen = pictures.iter().zip(sets).filter(|(_, other)| **other == set);
            let chosen: Vec<Picture> = chosen.map(|(picture, _)| picture.clone()).collect();
            SetFigures {
                set: set.to_owned(),
                pictures: chosen.len(),
                classes: self.classes(&chosen),
            }
        };
        let by_set = if names.len() > 1 {
            names.into_iter().map(of_set).collect()
        } else {
            Vec::new()
        };
        let counted: Vec<&ClassFigures> = classes.iter().filter(|class| class.boxes > 0).collect();
        ModelFigures {
            name: self.card.name.clone(),
            label: self.card.name.clone(),
            version: self.card.version.clone(),
            sha256: self.card.sha256.clone(),
            mean: MeanFigures {
                classes: counted.len(),
                ap50: mean(counted.iter().filter_map(|class| class.ap50)),
                ap50_95: mean(counted.iter().filter_map(|class| class.ap50_95)),
            },
            confusion: self.confusion(pictures),
            classes,
            sets: by_set,
            tiles,
        }
    }

    /// Figures of the classes for which any of the pictures was labelled.
    fn classes(&self, pictures: &[Picture]) -> Vec<ClassFigures> {
        let judged = |class: &usize| pictures.iter().any(|picture| picture.is_judged(*class));
        (0..self.card.classes.len())
            .filter(judged)
            .map(|class| self.class(pictures, class))
            .collect()
    }

    fn class(&self, pictures: &[Picture], class: usize) -> ClassFigures {
        let card = &self.card.classes[class];
        let settings = Settings {
            overlaps: [benchmark_overlaps(), vec![0.3]].concat(),
            areas_px2: [&[ALL_SIZES_PX2][..], &SIZES_PX2].concat(),
            max_found: vec![MAX_FOUND],
        };
        let result = evaluate_class(pictures, class, &settings);
        let benchmark: Vec<usize> = (0..10).collect();
        let outcomes = self.outcomes(pictures, class);
        let common = Outcomes::of(pictures, class, COMMON_OVERLAP, MAX_FOUND);
        let threshold = f64::from(card.threshold);
        let reliability = common.bins(CALIBRATION_BINS, 0.0);
        let judged = pictures.iter().filter(|picture| picture.is_judged(class));
        let regions = judged
            .clone()
            .flat_map(|picture| &picture.truths)
            .filter(|truth| truth.class == class);
        let best_f1 = outcomes.best_f1();
        let over = |find: &&evaluation::curve::Outcome| find.score >= threshold && !find.hit;
        ClassFigures {
            class: card.id.clone(),
            trained: card.trained,
            pictures: judged.count(),
            boxes: outcomes.truths,
            ignored_regions: regions.filter(|truth| truth.crowd).count(),
            ap30: result.average_precision(0, 0, &[10]),
            ap50: result.average_precision(0, 0, &[0]),
            ap50_95: result.average_precision(0, 0, &benchmark),
            ap50_95_small_medium_large: [1, 2, 3].map(|area| result.average_precision(area, 0, &benchmark)),
            average_recall: result.average_recall(0, 0, &benchmark),
            overlap: self.overlap(class),
            at_threshold: outcomes.at(threshold),
            best_f1,
            best_f1_value: best_f1.map(|best| best.f1()),
            false_alarms_at_threshold: outcomes.finds.iter().filter(over).count(),
            threshold,
            expected_calibration_error: expected_calibration_error(&reliability),
            expected_calibration_error_at_threshold: expected_calibration_error(
                &common.bins(CALIBRATION_BINS, threshold),
            ),
            reliability,
        }
    }

    /// Over the classes that were judged somewhere.
    fn confusion(&self, pictures: &[Picture]) -> ConfusionAnswer {
        let least: Vec<f64> = self
            .card
            .classes
            .iter()
            .map(|class| f64::from(class.threshold))
            .collect();
        let Confusion { counts } = confusion(pictures, &least, COMMON_OVERLAP);
        let judged: Vec<usize> = (0..least.len())
            .filter(|class| pictures.iter().any(|picture| picture.is_judged(*class)))
            .collect();
        let kept: Vec<usize> = judged.iter().copied().chain([least.len()]).collect();
        ConfusionAnswer {
            classes: judged
                .iter()
                .map(|class| self.card.classes[*class].id.clone())
                .collect(),
            counts: kept
                .iter()
                .map(|row| kept.iter().map(|column| counts[*row][*column]).collect())
                .collect(),
        }
    }
}
