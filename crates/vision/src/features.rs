//! Feature maps of a picture, for comparing two dates: a model of task `change` in one thread.

use std::path::Path;

use image::RgbImage;

use crate::card::{Card, Task};
use crate::contract::Mismatch;
use crate::prepare::{Placement, TileInput};
use crate::runtime::Runtime;
use crate::session::{Model, ModelError, RunError, first_run};
use crate::tile::TileRect;

/// One feature map `[channels, height, width]`, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMap {
    /// Name of the tensor on the card.
    pub name: String,
    /// Model pixels per cell.
    pub stride_px: u32,
    /// Number of channels.
    pub channels: usize,
    /// Cells from top to bottom.
    pub height: usize,
    /// Cells from left to right.
    pub width: usize,
    /// The values: channel, then row, then column.
    pub values: Vec<f32>,
}

/// Why a picture gave no features.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FeatureError {
    /// The picture has not the size of the model's input.
    #[error("the picture is {found_px:?} px; the model takes {wanted_px:?} px")]
    PictureSize {
        /// Width and height of the picture.
        found_px: [u32; 2],
        /// Width and height of the input.
        wanted_px: [u32; 2],
    },
    /// ONNX Runtime failed.
    #[error("the model failed: {message}")]
    Run {
        /// What the runtime said.
        message: String,
    },
    /// An output has another shape than the card says.
    #[error("the model gave an output against its card: {0}")]
    Output(#[from] Mismatch),
    /// A value is not a finite number.
    #[error("the model gave a value in \"{name}\" that is not a finite number")]
    NotFinite {
        /// Name of the feature map.
        name: String,
    },
}

/// A loaded change model with its buffers: one worker, one thread. Make one for each worker.
pub struct FeatureExtractor {
    model: Model,
    card: Card,
    input: TileInput,
    placement: Placement,
}

impl FeatureExtractor {
    /// Loads `card.file` from `model_dir`, checks it against the card and runs it once on grey.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn load(runtime: &Runtime, card: &Card, model_dir: &Path) -> Result<Self, ModelError> {
        if card.task != Task::Change {
            return Err(ModelError::Task {
                name: card.name.clone(),
                found: card.task,
                wanted: "\"change\"",
            });
        }
        let mut model = Model::open(runtime, card, model_dir)?;
        let (width_px, height_px) = (card.input.width_px, card.input.height_px);
        let input = TileInput::new(width_px, height_px);
        model
            .run(&input.tensor)
            .map(drop)
            .map_err(|error| first_run(card, model_dir, error))?;
        let placement = Placement::whole(TileRect {
            x_px: 0,
            y_px: 0,
            width_px,
            height_px,
        });
        Ok(Self {
            model,
            card: card.clone(),
            input,
            placement,
        })
    }

    /// The card the model was loaded with.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The feature maps of a picture that has exactly the model's input size, in the order of the card.
    ///
    /// # Errors
    /// See [`FeatureError`].
    pub fn extract(&mut self, picture: &RgbImage) -> Result<Vec<FeatureMap>, FeatureError> {
        let failed = |error: RunError| match error {
            RunError::Output(mismatch) => FeatureError::Output(mismatch),
            RunError::Runtime(message) => FeatureError::Run { message },
        };
        let wanted_px = self.placement.size_model_px;
        let found_px = [picture.width(), picture.height()];
        if found_px != wanted_px {
            return Err(FeatureError::PictureSize { found_px, wanted_px });
        }
        self.input
            .resize(picture, &self.placement)
            .map_err(|message| FeatureError::Run { message })?;
        self.input.fill(&self.placement);
        let outputs = self.model.run(&self.input.tensor).map_err(failed)?;
        let named = &self.card.outputs;
        let mut maps = Vec::new();
        for (name, &stride_px) in named.features.iter().zip(&named.strides) {
            let (shape, values) = outputs.tensor(name).map_err(failed)?;
            if values.iter().any(|value| !value.is_finite()) {
                return Err(FeatureError::NotFinite { name: name.clone() });
            }
            let size = |axis: usize| {
                shape
                    .get(axis)
                    .map_or(0, |&size| usize::try_from(size).unwrap_or(0))
            };
            maps.push(FeatureMap {
                name: name.clone(),
                stride_px,
                channels: size(1),
                height: size(2),
                width: size(3),
                values: values.to_vec(),
            });
        }
        Ok(maps)
    }
}
