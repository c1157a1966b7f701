//! The model card: a TOML file beside the ONNX file that says what the model takes, gives, knows and does not
//! know. The program refuses a model that does not keep what its card says.

mod change;
mod checks;
mod places;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use change::{ChangeCard, CueCard};
use places::Places;

/// A whole model card. Keys outside this structure are mistakes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the model, as shown with every detection.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// What the model does.
    pub task: Task,
    /// Arithmetic of the weights and activations.
    #[serde(default)]
    pub precision: Precision,
    /// File name of the ONNX file, in the folder of the card.
    pub file: String,
    /// SHA-256 of the ONNX file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Licence of the weights.
    pub licence: String,
    /// Attribution that must go with the model, from the licences of its data.
    pub attribution: String,
    /// The picture the model takes.
    pub input: InputCard,
    /// The tensors the model gives.
    pub outputs: OutputCard,
    /// The ground scale the model was trained for.
    pub scale: ScaleCard,
    /// How its boxes are merged; of a detector, and only of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeCard>,
    /// What counts as changed; of a change model, and only of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeCard>,
    /// The classes, in the order of the columns of the score tensor; a change model has none.
    #[serde(rename = "class", default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCard>,
    /// Measured figures, one for each class and set of pictures.
    #[serde(rename = "figure", default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureCard>,
    /// How the model was trained.
    pub training: TrainingCard,
    /// The data it was trained on.
    pub data: Vec<DataCard>,
    /// What it must not be used for.
    pub limits: LimitsCard,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Axis-aligned boxes with a score for each class.
    Detector,
    /// A score for each class, for the tile as a whole.
    TileClassifier,
    /// Feature maps of a picture, for comparing two dates.
    Change,
}

impl Task {
    /// The word on the card.
    pub fn word(self) -> &'static str {
        match self {
            Task::Detector => "detector",
            Task::TileClassifier => "tile_classifier",
            Task::Change => "change",
        }
    }
}

/// Arithmetic of a model. Both run alike: an int8 file carries its own quantisation (QDQ), inputs and outputs stay
/// `f32`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    Fp32,
    /// 8-bit integers.
    Int8,
}

/// The input tensor: one `f32` tensor `[1, 3, height_px, width_px]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCard {
    /// Name of the tensor.
    pub name: String,
    /// Width in model pixels, a multiple of 32.
    pub width_px: u32,
    /// Height in model pixels, a multiple of 32.
    pub height_px: u32,
    /// Order of the colour channels.
    pub channels: Channels,
    /// Range of the values.
    pub range: ValueRange,
    /// Order of the axes.
    pub layout: Layout,
}

/// Order of the colour channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channels {
    /// Red, green, blue.
    #[serde(rename = "rgb")]
    Rgb,
}

/// Range of the input values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueRange {
    /// 8-bit values as they are; any scaling is inside the model.
    #[serde(rename = "0..255")]
    Bytes,
}

/// Order of the axes of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// Picture, channel, row, column.
    #[serde(rename = "nchw")]
    Nchw,
}

/// The output tensors, all `f32`. Which of them a card has to name depends on its task:
///
/// | task | tensors |
/// |---|---|
/// | `detector` | `boxes` `[1, N, 4]`, `scores` `[1, N, number of classes]` |
/// | `tile_classifier` | `scores` `[1, number of classes]` |
/// | `change` | each of `features` `[1, C, height_px / stride, width_px / stride]` |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputCard {
    /// Name of the box tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<String>,
    /// Name of the score tensor; scores are 0..1 and independent for each class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<String>,
    /// What the four numbers of a box mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub box_format: Option<BoxFormat>,
    /// Names of the feature maps, finest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Model pixels per cell of each feature map, in the order of `features`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strides: Vec<u32>,
}

/// What the four numbers of a box mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BoxFormat {
    /// Left, top, right, bottom in pixels of the model's input.
    #[serde(rename = "xyxy_input_px")]
    XyxyInputPx,
}

/// Size of a model pixel on the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleCard {
    /// Centimetres on the ground per model pixel to aim for.
    pub ground_scale_cm_per_px: f64,
    /// Sharpest scale seen in training, cm per model pixel.
    pub trained_from_cm_per_px: f64,
    /// Coarsest scale seen in training, cm per model pixel.
    pub trained_to_cm_per_px: f64,
}

/// How the boxes of a model are merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeCard {
    /// Two boxes of one class that overlap at least this much (intersection over union) are one object.
    pub iou: f64,
    /// At most this many boxes are kept from one tile, best first.
    pub max_detections_per_tile: usize,
}

/// One class of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassCard {
    /// Identifier, as in the class table of the configuration.
    pub id: String,
    /// Boxes with a lower score are dropped.
    pub threshold: f32,
    /// False where too little data was there: the column exists but is not to be relied on, and gives no boxes.
    pub trained: bool,
    /// Average precision at an overlap of 0.5 on the validation pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ap50: Option<f64>,
    /// Average precision, mean over overlaps 0.5 to 0.95.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ap50_95: Option<f64>,
    /// Number of boxes of this class in the validation pictures.
    pub validation_boxes: u32,
    /// Share of the boxes over the threshold that are right, on the validation pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Share of the things found at the threshold, on the validation pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Mean distance between score and share right, 0..1 (Guo et al. 2017, "On calibration of modern neural networks").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_calibration_error: Option<f64>,
    /// False alarms for each km² of pictures without the thing, at the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_alarms_per_km2: Option<f64>,
    /// False alarms for each km² that the threshold was chosen to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_alarm_budget_per_km2: Option<f64>,
    /// True where no real picture of the class was trained on, only renders.
    #[serde(default)]
    pub simulated_only: bool,
    /// Anything a reader of the figures should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A figure of one class on one set of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureCard {
    /// Identifier of the class, as in `[[class]]`.
    pub class: String,
    /// Name of the set of pictures.
    pub set: String,
    /// True where no picture of the set, of any split, was trained on.
    pub never_trained_on: bool,
    /// Number of boxes of the class in the set.
    pub boxes: u32,
    /// Average precision at an overlap of 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ap50: Option<f64>,
    /// Average precision, mean over overlaps 0.5 to 0.95.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ap50_95: Option<f64>,
    /// Share of the boxes over the shipped threshold that are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Share of the things found at the shipped threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Mean distance between score and share right, 0..1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_calibration_error: Option<f64>,
    /// Average precision at an overlap of 0.5 of the fp32 model that an int8 one was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ap50_fp32: Option<f64>,
}

/// How the model was trained, enough to repeat it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingCard {
    /// Seed of every random choice.
    pub seed: u64,
    /// Pictures shown to the model, repetitions counted.
    pub pictures_seen: u64,
    /// Duration in minutes.
    pub minutes: f64,
    /// Path of the recipe in the repository.
    pub recipe: String,
    /// The command that ran it.
    pub command: String,
    /// Version of PyTorch.
    pub pytorch: String,
}

/// One source of training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCard {
    /// Name of the data set.
    pub name: String,
    /// Its licence.
    pub licence: String,
    /// Its attribution.
    pub attribution: String,
    /// Its share of the pictures seen, 0..1.
    pub share: f64,
}

/// What the model must not be used for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsCard {
    /// Targets that the bureau may expect and the model does not know.
    pub not_trained_for: Vec<String>,
    /// Anything else.
    pub notes: String,
}

/// One thing wrong in a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, {field}: {problem}")]
pub struct CardMistake {
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in the line, in characters, from 1.
    pub column: usize,
    /// Path of the key, e.g. `class[2].threshold`; list items count from 0.
    pub field: String,
    /// What is wrong, with the value found.
    pub problem: String,
}

/// Why a card cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The file cannot be read.
    #[error("model card {} cannot be read: {source}", path.display())]
    Read {
        /// The card.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The text is not TOML, or its keys and types are not those of a card.
    #[error("model card {}, {mistake}", path.display())]
    Form {
        /// The card.
        path: PathBuf,
        /// The first mistake.
        mistake: CardMistake,
    },
    /// The form is right and some values are not; all of them are listed.
    #[error("model card {}: {}", path.display(), in_lines(mistakes))]
    Values {
        /// The card.
        path: PathBuf,
        /// Every mistake, in the order of the file.
        mistakes: Vec<CardMistake>,
    },
}

impl Card {
    /// Reads and checks a card.
    ///
    /// # Errors
    /// See [`CardError`]; each names the file, line, column and key.
    pub fn read(path: &Path) -> Result<Card, CardError> {
        let text = std::fs::read_to_string(path).map_err(|source| CardError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Card::parse(&text, path)
    }

    /// As [`Card::read`], from text; `path` appears in errors only.
    ///
    /// # Errors
    /// [`CardError::Form`] or [`CardError::Values`].
    pub fn parse(text: &str, path: &Path) -> Result<Card, CardError> {
        let form = |places: &Places, cause: &toml::de::Error| CardError::Form {
            path: path.to_path_buf(),
            mistake: places.mistake_at(cause.span().map_or(0, |span| span.start), cause.message()),
        };
        let places = Places::of(text).map_err(|cause| form(&Places::unknown(text), &cause))?;
        let card: Card = toml::from_str(text).map_err(|cause| form(&places, &cause))?;
        let mut mistakes: Vec<CardMistake> = checks::problems(&card)
            .into_iter()
            .map(|(field, problem)| places.mistake_in(&field, &problem))
            .collect();
        if mistakes.is_empty() {
            return Ok(card);
        }
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Err(CardError::Values {
            path: path.to_path_buf(),
            mistakes,
        })
    }
}

fn in_lines(mistakes: &[CardMistake]) -> String {
    mistakes
        .iter()
        .map(CardMistake::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
