//! One model in one thread: tiles of a photo in, detections in photo pixels out.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::RgbImage;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;
use sha2::{Digest, Sha256};

use crate::card::Card;
use crate::contract::{mismatches, output_fits};
use crate::merge::{Candidate, MergeRules, merge_across_tiles, suppress_within_tile};
use crate::prepare::{Placement, TileInput};
use crate::runtime::Runtime;
use crate::tile::TileRect;

pub use crate::contract::Mismatch;

/// A box side this close to an inner tile border, in model pixels, may be cut by it: the stride of the finest
/// feature map of the usual detectors.
const BORDER_MODEL_PX: f64 = 8.0;

/// One object in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Index of the class on the card.
    pub class_index: usize,
    /// Identifier of the class on the card.
    pub class: String,
    /// Score of the model, 0..1; the best where several tiles saw the object.
    pub score: f32,
    /// Left, top, right, bottom in photo pixels, inside the photo.
    pub box_px: [f64; 4],
}

/// Where the time of one [`Detector::detect`] went, wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DetectTimings {
    /// Cutting and resizing tiles.
    pub resize: Duration,
    /// Filling the input tensor.
    pub prepare: Duration,
    /// Running the model and reading its outputs.
    pub infer: Duration,
    /// Suppression within tiles and merging across them.
    pub merge: Duration,
}

/// What one photo gave.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectOutput {
    /// Ordered by class, then score (best first), then box.
    pub detections: Vec<Detection>,
    /// Where the time went.
    pub timings: DetectTimings,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The ONNX file cannot be read.
    #[error("model file {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The ONNX file is not the one the card describes.
    #[error(
        "model file {} is not the one of its card: the card says SHA-256 {card}, the file has {file}",
        path.display()
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// SHA-256 on the card.
        card: String,
        /// SHA-256 of the file.
        file: String,
    },
    /// ONNX Runtime does not accept the file.
    #[error("model file {} was refused by ONNX Runtime: {message}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the runtime said.
        message: String,
    },
    /// The file does not keep what its card says.
    #[error("model file {} does not keep its card: {}", path.display(), joined(mismatches))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        mismatches: Vec<Mismatch>,
    },
    /// The model loads but does not run on an empty picture.
    #[error("model file {} does not run: {source}", path.display())]
    FirstRun {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: DetectError,
    },
}

/// Why a photo could not be looked at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DetectError {
    /// The scale is no usable number.
    #[error("the scale must be a positive number of model pixels per photo pixel, is {scale}")]
    Scale {
        /// The scale given.
        scale: f64,
    },
    /// A tile has no pixel of the photo.
    #[error("tile {tile} lies outside the photo of {width_px}×{height_px} px")]
    TileOutside {
        /// The tile.
        tile: TileRect,
        /// Width of the photo.
        width_px: u32,
        /// Height of the photo.
        height_px: u32,
    },
    /// A tile does not fit the model's input.
    #[error("tile {tile} at scale {scale} is larger than the model's input of {width_px}×{height_px} px")]
    TileTooLarge {
        /// The tile.
        tile: TileRect,
        /// Model pixels per photo pixel.
        scale: f64,
        /// Width of the input.
        width_px: u32,
        /// Height of the input.
        height_px: u32,
    },
    /// The tile could not be resized.
    #[error("tile {tile} could not be resized: {message}")]
    Resize {
        /// The tile.
        tile: TileRect,
        /// The cause.
        message: String,
    },
    /// ONNX Runtime failed.
    #[error("the model failed on tile {tile}: {message}")]
    Run {
        /// The tile.
        tile: TileRect,
        /// What the runtime said.
        message: String,
    },
    /// An output has another shape than the card says.
    #[error("the model gave an output against its card: {0}")]
    Output(#[from] Mismatch),
    /// The two outputs speak of different numbers of boxes.
    #[error("the model gave {boxes} boxes and {scores} rows of scores")]
    RowCount {
        /// Rows of the box tensor.
        boxes: usize,
        /// Rows of the score tensor.
        scores: usize,
    },
    /// A score or a box is not a finite number.
    #[error("the model gave a score or box that is not a finite number, on tile {tile}")]
    NotFinite {
        /// The tile.
        tile: TileRect,
    },
}

/// A loaded model with its buffers: one worker, one thread. Make one for each worker.
pub struct Detector {
    session: Session,
    card: Card,
    input: TileInput,
    /// Least score of every class, instead of the card's thresholds.
    floor: Option<f32>,
}

impl Detector {
    /// Loads `card.file` from `model_dir`, checks it against the card and runs it once on grey, so that a model
    /// that cannot run is refused here and not at the first photo.
    ///
    /// # Errors
    /// See [`DetectorError`].
    pub fn load(runtime: &Runtime, card: &Card, model_dir: &Path) -> Result<Detector, DetectorError> {
        let path = model_dir.join(&card.file);
        let bytes = std::fs::read(&path).map_err(|source| DetectorError::Read {
            path: path.clone(),
            source,
        })?;
        let file = hex::encode(Sha256::digest(&bytes));
        if file != card.sha256 {
            return Err(DetectorError::Hash {
                path,
                card: card.sha256.clone(),
                file,
            });
        }
        let session = open_session(runtime, &bytes).map_err(|message| DetectorError::Refused {
            path: path.clone(),
            message,
        })?;
        let mismatches = mismatches(&session, card);
        if !mismatches.is_empty() {
            return Err(DetectorError::Mismatch { path, mismatches });
        }
        let (width_px, height_px) = (card.input.width_px, card.input.height_px);
        let input = TileInput::new(width_px, height_px);
        let mut detector = Detector {
            session,
            card: card.clone(),
            input,
            floor: None,
        };
        let whole = TileRect {
            x_px: 0,
            y_px: 0,
            width_px,
            height_px,
        };
        let placement = Placement::whole(whole);
        match detector.infer(whole, &placement) {
            Ok(_) => Ok(detector),
            Err(DetectError::Output(mismatch)) => Err(DetectorError::Mismatch {
                path,
                mismatches: vec![mismatch],
            }),
            Err(source) => Err(DetectorError::FirstRun { path, source }),
        }
    }

    /// The card the model was loaded with.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Looks at the tiles of a photo. `scale` is model pixels per photo pixel (below 1: the photo is shrunk).
    /// Classes that the card calls untrained give nothing. The same input gives the same output.
    ///
    /// # Errors
    /// See [`DetectError`]; nothing is returned of a photo that fails in one tile.
    pub fn detect(
        &mut self,
        photo: &RgbImage,
        tiles: &[TileRect],
        scale: f64,
    ) -> Result<DetectOutput, DetectError> {
        self.detect_with(photo, tiles, scale, None)
    }

    /// As [`Detector::detect`], for evaluation: with `floor`, every class gives its boxes from this score on, those
    /// that the card calls untrained, too, and the card's thresholds do not apply.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    pub fn detect_with(
        &mut self,
        photo: &RgbImage,
        tiles: &[TileRect],
        scale: f64,
        floor: Option<f32>,
    ) -> Result<DetectOutput, DetectError> {
        if !(scale.is_finite() && scale > 0.0) {
            return Err(DetectError::Scale { scale });
        }
        self.floor = floor;
        let mut timings = DetectTimings::default();
        let mut candidates = Vec::new();
        for &tile in tiles {
            candidates.extend(self.look_at(photo, tile, scale, &mut timings)?);
        }
        let start = Instant::now();
        let photo_px = [photo.width(), photo.height()];
        let rules = MergeRules {
            iou: self.card.merge.iou,
            border_px: BORDER_MODEL_PX / scale,
            photo_px,
        };
        let merged = merge_across_tiles(candidates, &rules);
        let detections = merged
            .into_iter()
            .map(|object| Detection {
                class_index: object.class_index,
                class: self.card.classes[object.class_index].id.clone(),
                score: object.score,
                box_px: object.box_px,
            })
            .collect();
        timings.merge += start.elapsed();
        Ok(DetectOutput { detections, timings })
    }

    fn look_at(
        &mut self,
        photo: &RgbImage,
        tile: TileRect,
        scale: f64,
        timings: &mut DetectTimings,
    ) -> Result<Vec<Candidate>, DetectError> {
        let (width_px, height_px) = photo.dimensions();
        let inside = tile
            .clipped_to(width_px, height_px)
            .ok_or(DetectError::TileOutside {
                tile,
                width_px,
                height_px,
            })?;
        let (width_px, height_px) = (self.card.input.width_px, self.card.input.height_px);
        let placement =
            Placement::of(inside, scale, [width_px, height_px]).ok_or(DetectError::TileTooLarge {
                tile,
                scale,
                width_px,
                height_px,
            })?;
        let start = Instant::now();
        self.input
            .resize(photo, &placement)
            .map_err(|message| DetectError::Resize { tile, message })?;
        let resized = Instant::now();
        self.input.fill(&placement);
        let filled = Instant::now();
        let found = self.infer(inside, &placement)?;
        let inferred = Instant::now();
        let merge = &self.card.merge;
        let kept = suppress_within_tile(found, merge.iou, merge.max_detections_per_tile);
        timings.resize += resized - start;
        timings.prepare += filled - resized;
        timings.infer += inferred - filled;
        timings.merge += inferred.elapsed();
        Ok(kept)
    }

    /// Runs the model on the filled input and takes every box over the threshold of its class.
    fn infer(&mut self, tile: TileRect, placement: &Placement) -> Result<Vec<Candidate>, DetectError> {
        let failed = |cause: ort::Error| DetectError::Run {
            tile,
            message: cause.to_string(),
        };
        let shape = [
            1,
            3,
            self.card.input.height_px as usize,
            self.card.input.width_px as usize,
        ];
        let input = TensorRef::from_array_view((shape, self.input.tensor.as_slice())).map_err(failed)?;
        let outputs = self
            .session
            .run(ort::inputs![self.card.input.name.as_str() => input])
            .map_err(failed)?;
        let classes = self.card.classes.len();
        let boxes = rows(&self.card, &outputs, &self.card.outputs.boxes, 4, tile)?;
        let scores = rows(&self.card, &outputs, &self.card.outputs.scores, classes, tile)?;
        if boxes.len() / 4 != scores.len() / classes {
            return Err(DetectError::RowCount {
                boxes: boxes.len() / 4,
                scores: scores.len() / classes,
            });
        }
        let mut found = Vec::new();
        for (corners, row) in boxes.chunks_exact(4).zip(scores.chunks_exact(classes)) {
            for ((class_index, class), &score) in self.card.classes.iter().enumerate().zip(row) {
                let least = self.floor.unwrap_or(class.threshold);
                if score.is_finite() && (score < least || !(class.trained || self.floor.is_some())) {
                    continue;
                }
                let corners = [corners[0], corners[1], corners[2], corners[3]];
                if !score.is_finite() || corners.iter().any(|value| !value.is_finite()) {
                    return Err(DetectError::NotFinite { tile });
                }
                let box_px = placement.photo_from_model(corners);
                found.extend(box_px.map(|box_px| Candidate {
                    class_index,
                    score,
                    box_px,
                    tile,
                }));
            }
        }
        Ok(found)
    }
}

fn open_session(runtime: &Runtime, bytes: &[u8]) -> Result<Session, String> {
    // One thread per session: tiles are independent, so workers side by side beat threads inside one run, and
    // spinning threads would take the other workers' processor time.
    let said = |cause: ort::Error| cause.to_string();
    let refused = |cause: ort::Error<SessionBuilder>| cause.to_string();
    let builder = Session::builder(runtime.environment()).map_err(said)?;
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(refused)?;
    let builder = builder.with_intra_threads(1).map_err(refused)?;
    let builder = builder.with_inter_threads(1).map_err(refused)?;
    let builder = builder.with_intra_op_spinning(false).map_err(refused)?;
    let mut builder = builder.with_inter_op_spinning(false).map_err(refused)?;
    builder.commit_from_memory(bytes).map_err(said)
}

/// The values of an output of shape `[1, N, columns]`.
fn rows<'o>(
    card: &Card,
    outputs: &'o SessionOutputs<'_>,
    name: &str,
    columns: usize,
    tile: TileRect,
) -> Result<&'o [f32], DetectError> {
    let failed = |message: String| DetectError::Run { tile, message };
    let value = outputs
        .get(name)
        .ok_or_else(|| failed(format!("no output \"{name}\"")))?;
    let (shape, values) = value
        .try_extract_tensor::<f32>()
        .map_err(|cause| failed(cause.to_string()))?;
    output_fits(card, name, shape, columns)?;
    Ok(values)
}

fn joined(mismatches: &[Mismatch]) -> String {
    mismatches
        .iter()
        .map(Mismatch::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
