//! One model in one thread: tiles of a photo in, detections in photo pixels out.

use std::path::Path;
use std::time::{Duration, Instant};

use image::RgbImage;

use crate::card::{Card, MergeCard, Task};
use crate::contract::Mismatch;
use crate::merge::{Candidate, MergeRules, Merged, merge_across_tiles, suppress_within_tile};
use crate::prepare::{Placement, TileInput};
use crate::runtime::Runtime;
use crate::session::{Model, ModelError, RunError, first_run};
use crate::tile::{ScaledTile, TileRect};

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

/// Why a photo could not be looked at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DetectError {
    /// The scale is no usable number.
    #[error("the scale of tile {tile} must be a positive number of model pixels per photo pixel, is {scale}")]
    Scale {
        /// The tile.
        tile: TileRect,
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

/// A loaded detector or tile classifier with its buffers: one worker, one thread. Make one for each worker.
pub struct Detector {
    model: Model,
    reading: Reading,
    card: Card,
    input: TileInput,
    /// Least score of every class, instead of the card's thresholds.
    floor: Option<f32>,
}

/// How detections come out of the outputs.
#[derive(Debug, Clone)]
enum Reading {
    /// A box and a row of scores for every thing.
    Boxes {
        boxes: String,
        scores: String,
        merge: MergeCard,
    },
    /// A row of scores for the tile.
    WholeTile { scores: String },
}

impl Reading {
    /// `None` for a card of another task, or without the keys of its task, which [`Card::read`] does not give.
    fn of(card: &Card) -> Option<Self> {
        let scores = card.outputs.scores.clone();
        match card.task {
            Task::Detector => Some(Reading::Boxes {
                boxes: card.outputs.boxes.clone()?,
                scores: scores?,
                merge: card.merge.clone()?,
            }),
            Task::TileClassifier => Some(Reading::WholeTile { scores: scores? }),
            Task::Change => None,
        }
    }
}

impl Detector {
    /// Loads `card.file` from `model_dir`, checks it against the card and runs it once on grey, so that a model
    /// that cannot run is refused here and not at the first photo.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn load(runtime: &Runtime, card: &Card, model_dir: &Path) -> Result<Detector, ModelError> {
        let reading = Reading::of(card).ok_or_else(|| ModelError::Task {
            name: card.name.clone(),
            found: card.task,
            wanted: "\"detector\" or \"tile_classifier\"",
        })?;
        let mut model = Model::open(runtime, card, model_dir)?;
        let input = TileInput::new(card.input.width_px, card.input.height_px);
        model
            .run(&input.tensor)
            .map(drop)
            .map_err(|error| first_run(card, model_dir, error))?;
        Ok(Detector {
            model,
            reading,
            card: card.clone(),
            input,
            floor: None,
        })
    }

    /// The card the model was loaded with.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Looks at the tiles of a photo, each at its own scale; tiles may lie anywhere, overlap and leave parts of
    /// the photo out. Classes that the card calls untrained give nothing. The same input gives the same output.
    ///
    /// A detector gives one box for every thing, however many tiles saw it; a tile classifier gives each tile over
    /// the threshold as a box of its own.
    ///
    /// # Errors
    /// See [`DetectError`]; nothing is returned of a photo that fails in one tile.
    pub fn detect(&mut self, photo: &RgbImage, tiles: &[ScaledTile]) -> Result<DetectOutput, DetectError> {
        self.detect_with(photo, tiles, None)
    }

    /// As [`Detector::detect`], for evaluation: with `floor`, every class gives its boxes from this score on, those
    /// that the card calls untrained, too, and the card's thresholds do not apply.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    pub fn detect_with(
        &mut self,
        photo: &RgbImage,
        tiles: &[ScaledTile],
        floor: Option<f32>,
    ) -> Result<DetectOutput, DetectError> {
        self.floor = floor;
        let mut timings = DetectTimings::default();
        let mut candidates = Vec::new();
        for &tile in tiles {
            candidates.extend(self.look_at(photo, tile, &mut timings)?);
        }
        let start = Instant::now();
        let merged = match &self.reading {
            Reading::Boxes { merge, .. } => {
                let rules = MergeRules {
                    iou: merge.iou,
                    photo_px: [photo.width(), photo.height()],
                };
                merge_across_tiles(candidates, &rules)
            }
            Reading::WholeTile { .. } => Merged::each(candidates),
        };
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
        ScaledTile { rect: tile, scale }: ScaledTile,
        timings: &mut DetectTimings,
    ) -> Result<Vec<Candidate>, DetectError> {
        if !(scale.is_finite() && scale > 0.0) {
            return Err(DetectError::Scale { tile, scale });
        }
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
        let seen = View {
            tile: inside,
            border_px: BORDER_MODEL_PX / scale,
            placement,
        };
        let found = self.infer(&seen)?;
        let inferred = Instant::now();
        let kept = match &self.reading {
            Reading::Boxes { merge, .. } => {
                suppress_within_tile(found, merge.iou, merge.max_detections_per_tile)
            }
            Reading::WholeTile { .. } => found,
        };
        timings.resize += resized - start;
        timings.prepare += filled - resized;
        timings.infer += inferred - filled;
        timings.merge += inferred.elapsed();
        Ok(kept)
    }

    /// Runs the model on the filled input and takes what is over the threshold of its class.
    fn infer(&mut self, view: &View) -> Result<Vec<Candidate>, DetectError> {
        let tile = view.tile;
        let failed = |error: RunError| match error {
            RunError::Output(mismatch) => DetectError::Output(mismatch),
            RunError::Runtime(message) => DetectError::Run { tile, message },
        };
        let outputs = self.model.run(&self.input.tensor).map_err(failed)?;
        let classes = self.card.classes.len();
        let [across, down] = view.placement.size_model_px.map(|size| size as f32);
        let whole_tile = [0.0, 0.0, across, down];
        let (boxes, scores) = match &self.reading {
            Reading::Boxes { boxes, scores, .. } => {
                let (_, boxes) = outputs.tensor(boxes).map_err(failed)?;
                (boxes, outputs.tensor(scores).map_err(failed)?.1)
            }
            Reading::WholeTile { scores } => (&whole_tile[..], outputs.tensor(scores).map_err(failed)?.1),
        };
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
                let box_px = view.placement.photo_from_model(corners);
                found.extend(box_px.map(|box_px| view.candidate(class_index, score, box_px)));
            }
        }
        Ok(found)
    }
}

/// One tile as it was looked at.
struct View {
    /// Cut to the photo.
    tile: TileRect,
    border_px: f64,
    placement: Placement,
}

impl View {
    fn candidate(&self, class_index: usize, score: f32, box_px: [f64; 4]) -> Candidate {
        Candidate {
            class_index,
            score,
            box_px,
            tile: self.tile,
            border_px: self.border_px,
        }
    }
}
