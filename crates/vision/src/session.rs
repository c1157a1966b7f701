//! From a card and a folder to a running ONNX Runtime session, and why that may fail.

use std::path::{Path, PathBuf};

use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;
use sha2::{Digest, Sha256};

use crate::card::{Card, Task};
use crate::contract::{Mismatch, Promised, mismatches, promised_outputs};
use crate::runtime::Runtime;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The card is of a model that does something else.
    #[error("the card of \"{name}\" says task = \"{}\"; here a model of task {wanted} is needed", found.word())]
    Task {
        /// Name of the model.
        name: String,
        /// Task on the card.
        found: Task,
        /// Tasks that fit, in words.
        wanted: &'static str,
    },
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
    #[error("model file {} does not run: {message}", path.display())]
    FirstRun {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
    },
}

/// Why a loaded model gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RunError {
    /// ONNX Runtime failed.
    #[error("{0}")]
    Runtime(String),
    /// An output has another shape than the card says.
    #[error("the model gave an output against its card: {0}")]
    Output(#[from] Mismatch),
}

/// A session with what its card promises of it.
pub(crate) struct Model {
    session: Session,
    input: String,
    input_shape: [usize; 4],
    outputs: Vec<Promised>,
}

impl Model {
    /// Reads, checks and opens the file of a card.
    pub(crate) fn open(runtime: &Runtime, card: &Card, model_dir: &Path) -> Result<Model, ModelError> {
        let path = model_dir.join(&card.file);
        let bytes = std::fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let file = hex::encode(Sha256::digest(&bytes));
        if file != card.sha256 {
            return Err(ModelError::Hash {
                path,
                card: card.sha256.clone(),
                file,
            });
        }
        let session = open_session(runtime, &bytes).map_err(|message| ModelError::Refused {
            path: path.clone(),
            message,
        })?;
        let mismatches = mismatches(&session, card);
        if !mismatches.is_empty() {
            return Err(ModelError::Mismatch { path, mismatches });
        }
        let input = &card.input;
        Ok(Model {
            session,
            input: input.name.clone(),
            input_shape: [1, 3, input.height_px as usize, input.width_px as usize],
            outputs: promised_outputs(card),
        })
    }

    /// Runs the model on a filled input tensor; the outputs are held against the card.
    pub(crate) fn run(&mut self, tensor: &[f32]) -> Result<Outputs<'_>, RunError> {
        let failed = |cause: ort::Error| RunError::Runtime(cause.to_string());
        let input = TensorRef::from_array_view((self.input_shape, tensor)).map_err(failed)?;
        let outputs = self
            .session
            .run(ort::inputs![self.input.as_str() => input])
            .map_err(failed)?;
        let outputs = Outputs(outputs);
        for promised in &self.outputs {
            let (shape, _) = outputs.tensor(&promised.name)?;
            promised.fits(shape)?;
        }
        Ok(outputs)
    }
}

/// What one run gave.
pub(crate) struct Outputs<'s>(SessionOutputs<'s>);

impl Outputs<'_> {
    /// Shape and values of one output.
    pub(crate) fn tensor(&self, name: &str) -> Result<(&[i64], &[f32]), RunError> {
        let failed = |message: String| RunError::Runtime(message);
        let value = self
            .0
            .get(name)
            .ok_or_else(|| failed(format!("no output \"{name}\"")))?;
        let (shape, values) = value
            .try_extract_tensor::<f32>()
            .map_err(|cause| failed(cause.to_string()))?;
        Ok((shape, values))
    }
}

/// The outcome of the first run as an error of loading.
pub(crate) fn first_run(card: &Card, model_dir: &Path, error: RunError) -> ModelError {
    let path = model_dir.join(&card.file);
    match error {
        RunError::Output(mismatch) => ModelError::Mismatch {
            path,
            mismatches: vec![mismatch],
        },
        RunError::Runtime(message) => ModelError::FirstRun { path, message },
    }
}

pub(crate) fn open_session(runtime: &Runtime, bytes: &[u8]) -> Result<Session, String> {
    // One thread per session: tiles are independent, so workers side by side beat threads inside one run, and
    // spinning threads would take the other workers' processor time.
    let said = |cause: ort::Error| cause.to_string();
    let refused = |cause: ort::Error<SessionBuilder>| cause.to_string();
    let builder = Session::builder(runtime.environment()).map_err(said)?;
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(refused)?;
    // The pattern of the first run keeps a second block beside the arena: a quarter more memory, and no faster.
    let builder = builder.with_memory_pattern(false).map_err(refused)?;
    let builder = builder.with_intra_threads(1).map_err(refused)?;
    let builder = builder.with_inter_threads(1).map_err(refused)?;
    let builder = builder.with_intra_op_spinning(false).map_err(refused)?;
    let mut builder = builder.with_inter_op_spinning(false).map_err(refused)?;
    builder.commit_from_memory(bytes).map_err(said)
}

fn joined(mismatches: &[Mismatch]) -> String {
    mismatches
        .iter()
        .map(Mismatch::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
