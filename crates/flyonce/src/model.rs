//! The model in use: the configured card, or the built-in one, laid into the data folder so that the file
//! that looked at the photos stays beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use vision::{Card, Detector, Runtime, SearchPlaces};

use crate::config::settings::Settings;

const BUILT_IN_CARD: &str = include_str!("../../../models/aerial8-int8.toml");
const BUILT_IN_ONNX: &[u8] = include_bytes!("../../../models/aerial8-int8.onnx");

/// A card, its text, and the folder of its ONNX file.
#[derive(Debug, Clone)]
pub struct ModelInUse {
    /// The card, checked.
    pub card: Card,
    /// The card as written, kept with the detections.
    pub card_text: String,
    folder: PathBuf,
}

impl ModelInUse {
    /// The configured model, or the built-in one.
    ///
    /// # Errors
    /// A card that cannot be read or has mistakes; a data folder that cannot be written.
    pub fn choose(settings: &Settings) -> Result<Self> {
        let path = match &settings.model_card {
            Some(path) => path.clone(),
            None => lay_out_built_in(&settings.data_folder)?,
        };
        let card = Card::read(&path)?;
        let card_text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the model card {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            card,
            card_text,
            folder,
        })
    }

    /// Where ONNX Runtime lies on this machine.
    ///
    /// # Errors
    /// A library that is not there, with the places searched and what to do.
    pub fn runtime_path(settings: &Settings) -> Result<PathBuf> {
        Ok(Runtime::locate(&SearchPlaces::of_this_process(
            settings.onnxruntime_library.clone(),
        ))?)
    }

    /// Loads ONNX Runtime; never downloads it.
    ///
    /// # Errors
    /// A library that is not there or does not load.
    pub fn runtime(settings: &Settings) -> Result<Runtime> {
        Ok(Runtime::load(&Self::runtime_path(settings)?)?)
    }

    /// One detector, to be owned by one thread.
    ///
    /// # Errors
    /// A file that does not fit its card.
    pub fn detector(&self, runtime: &Runtime) -> Result<Detector> {
        Ok(Detector::load(runtime, &self.card, &self.folder)?)
    }
}

/// Writes card and model once per model; a file is whole or not there.
fn lay_out_built_in(data_folder: &Path) -> Result<PathBuf> {
    let name = Card::parse(BUILT_IN_CARD, Path::new("aerial8-int8.toml")).map(|card| card.sha256)?;
    let folder = data_folder
        .join("models")
        .join(name.get(..12).unwrap_or("built-in"));
    let card_path = folder.join("aerial8-int8.toml");
    for (path, content) in [
        (folder.join("aerial8-int8.onnx"), BUILT_IN_ONNX),
        (card_path.clone(), BUILT_IN_CARD.as_bytes()),
    ] {
        let is_whole = fs::metadata(&path).is_ok_and(|found| found.len() == content.len() as u64);
        if !is_whole {
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            let mut part = tempfile::NamedTempFile::new_in(&folder)?;
            std::io::Write::write_all(&mut part, content)?;
            part.persist(&path)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(card_path)
}
