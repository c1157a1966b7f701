//! `flyonce model check`: does a model that somebody brings along fit, and if not, what is to be done.

mod pictures;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use vision::card::Task;
use vision::inspect::{Finding, Inspection, Roles, TensorFact};
use vision::{Card, CardError, Detector, FeatureExtractor, Mismatch, ModelError, Runtime};

use crate::config::catalogue::Catalogue;
use crate::lang::Words;

/// What was found, for people and programs.
#[derive(Debug, Serialize)]
pub struct CheckAnswer {
    /// The ONNX file.
    pub file: String,
    /// Its card, if there is one.
    pub card: Option<String>,
    /// SHA-256 of the ONNX file.
    pub sha256: Option<String>,
    /// Task of the card.
    pub task: Option<&'static str>,
    /// Inputs of the file.
    pub inputs: Vec<Tensor>,
    /// Outputs of the file.
    pub outputs: Vec<Tensor>,
    /// True where the model can be used as it is.
    pub fits: bool,
    /// What has to be put right before it can be used.
    pub problems: Vec<Point>,
    /// What is worth a look.
    pub hints: Vec<Point>,
    /// Median milliseconds of processor time for one tile.
    pub ms_per_tile: Option<f64>,
    /// Memory of one session, megabytes; each worker has one.
    pub session_mb: Option<f64>,
    /// A card to begin with, where there is none.
    pub card_template: Option<String>,
}

/// A tensor of the file.
#[derive(Debug, Serialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Type of its numbers.
    pub element: String,
    /// Its sizes; null where one is open.
    pub sizes: Vec<Option<u64>>,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Short name for programs.
    pub code: &'static str,
    /// What it is and what to do.
    pub words: Words,
}

/// The two files of a model, from the path of either.
#[derive(Debug)]
struct Files {
    onnx: PathBuf,
    card: Option<PathBuf>,
}

impl Files {
    fn of(path: &Path) -> Self {
        if path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("onnx"))
        {
            let card = path.with_extension("toml");
            return Self {
                onnx: path.to_path_buf(),
                card: card.is_file().then_some(card),
            };
        }
        Self {
            onnx: path.with_extension("onnx"),
            card: Some(path.to_path_buf()),
        }
    }
}

/// Checks a card, or an ONNX file with or without one beside it; `pictures` are JPEG files to try it on.
///
/// # Errors
/// A picture that cannot be read. What is wrong with the model is in the answer.
pub fn check(
    runtime: &Runtime,
    catalogue: &Catalogue,
    path: &Path,
    pictures: &[PathBuf],
) -> Result<CheckAnswer> {
    let mut files = Files::of(path);
    let mut answer = CheckAnswer::new(&files);
    let card = read_card(&mut files, &mut answer);
    answer.file = files.onnx.display().to_string();
    answer.task = card.as_ref().map(|card| card.task.word());
    let inspected = Inspection::open(runtime, &files.onnx);
    match inspected {
        Err(error) => answer.problems.push(words::of_model_error(&error)),
        Ok(mut inspection) => {
            answer.take_facts(&inspection);
            answer.judge(inspection.findings(), card.as_ref());
            if let Some(card) = &card {
                answer.hold_against(runtime, catalogue, card, &inspection);
            } else if files.card.is_none() {
                answer
                    .problems
                    .push(words::no_card(&files.onnx.with_extension("toml")));
                answer.card_template = Some(inspection.card_template());
            }
            answer.try_out(&mut inspection, card.as_ref(), pictures)?;
        }
    }
    answer.fits = answer.problems.is_empty();
    Ok(answer)
}

fn read_card(files: &mut Files, answer: &mut CheckAnswer) -> Option<Card> {
    let path = files.card.as_ref()?;
    match Card::read(path) {
        Ok(card) => {
            files.onnx = path.with_file_name(&card.file);
            Some(card)
        }
        Err(CardError::Values { mistakes, .. }) => {
            answer
                .problems
                .extend(mistakes.iter().map(words::of_card_mistake));
            None
        }
        Err(CardError::Form { mistake, .. }) => {
            answer.problems.push(words::of_card_mistake(&mistake));
            None
        }
        Err(error @ CardError::Read { .. }) => {
            answer.problems.push(words::card_unreadable(&error));
            None
        }
    }
}

impl CheckAnswer {
    fn new(files: &Files) -> Self {
        Self {
            file: files.onnx.display().to_string(),
            card: files.card.as_ref().map(|path| path.display().to_string()),
            sha256: None,
            task: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            fits: false,
            problems: Vec::new(),
            hints: Vec::new(),
            ms_per_tile: None,
            session_mb: None,
            card_template: None,
        }
    }

    fn take_facts(&mut self, inspection: &Inspection) {
        let tensor = |fact: &TensorFact| Tensor {
            name: fact.name.clone(),
            element: fact.element.clone(),
            sizes: fact.sizes.clone(),
        };
        self.sha256 = Some(inspection.sha256.clone());
        self.inputs = inspection.inputs.iter().map(tensor).collect();
        self.outputs = inspection.outputs.iter().map(tensor).collect();
        self.session_mb = inspection
            .session_bytes
            .map(|bytes| (bytes as f64 / 1e5).round() / 10.0);
    }

    /// Open sizes are only a hint: they are held against the card when the model runs.
    fn judge(&mut self, findings: Vec<Finding>, card: Option<&Card>) {
        let changes = card.is_some_and(|card| card.task == Task::Change);
        for finding in findings {
            let point = words::of_finding(&finding);
            match finding {
                Finding::OpenSizes { .. } | Finding::SameForEverything | Finding::WantsUnitRange { .. } => {
                    self.hints.push(point);
                }
                // A change model's feature maps are not meant to be boxes.
                Finding::BoxesInColumns { .. }
                | Finding::BoxesAndScoresInRows { .. }
                | Finding::FinishedBoxes { .. }
                    if changes => {}
                _ => self.problems.push(point),
            }
        }
    }

    fn hold_against(
        &mut self,
        runtime: &Runtime,
        catalogue: &Catalogue,
        card: &Card,
        inspection: &Inspection,
    ) {
        let folder = inspection.path.parent().unwrap_or(Path::new(""));
        let loaded = match card.task {
            Task::Change => FeatureExtractor::load(runtime, card, folder).map(drop),
            Task::Detector | Task::TileClassifier => Detector::load(runtime, card, folder).map(drop),
        };
        match loaded {
            Ok(()) => {}
            Err(ModelError::Mismatch { mismatches, .. }) => {
                self.problems
                    .extend(mismatches.iter().map(|it: &Mismatch| words::of_mismatch(it)));
            }
            Err(error) => self.problems.push(words::of_model_error(&error)),
        }
        for class in &card.classes {
            if !catalogue.classes.iter().any(|known| known.id == class.id) {
                self.problems.push(words::unknown_class(&class.id));
            }
        }
    }

    fn try_out(
        &mut self,
        inspection: &mut Inspection,
        card: Option<&Card>,
        pictures: &[PathBuf],
    ) -> Result<()> {
        let roles = match card {
            Some(card) => Roles::of(card),
            None => inspection.guessed_roles(),
        };
        let Some(size) = inspection.picture_size() else {
            return Ok(());
        };
        // A change model has no scores to look at; it is run for its time.
        let roles = roles.unwrap_or(Roles {
            boxes: None,
            scores: String::new(),
        });
        let mut tried = pictures::painted(size);
        for path in pictures {
            let picture = pictures::read(path, size);
            tried.push(picture.with_context(|| format!("cannot use the picture {}", path.display()))?);
        }
        let trial = inspection.try_out(&roles, &tried);
        self.judge(trial.findings, card);
        self.ms_per_tile = trial
            .median_run
            .map(|time| (time.as_secs_f64() * 1e4).round() / 10.0);
        Ok(())
    }
}
