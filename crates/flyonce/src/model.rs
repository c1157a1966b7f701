//! The models in use: the configured card, or the built-in one, laid into the data folder so that the file
//! that looked at the photos stays beside them, and those that look beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use store::rows::{ModelRole, ModelRow};
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
    /// Whether leads are made of what it finds.
    pub role: ModelRole,
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
        Self::with_card(&path, ModelRole::Active)
    }

    /// The model of a card.
    ///
    /// # Errors
    /// A card that cannot be read or has mistakes.
    pub fn with_card(path: &Path, role: ModelRole) -> Result<Self> {
        let card = Card::read(path)?;
        let card_text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the model card {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            card,
            card_text,
            role,
            folder,
        })
    }

    /// The main model, then those of `[[model.also]]`.
    ///
    /// # Errors
    /// As [`Self::choose`]; a model that is named twice, be it by two cards.
    pub fn choose_all(settings: &Settings) -> Result<Vec<Self>> {
        let mut models = vec![Self::choose(settings)?];
        models.extend(Self::further(settings)?);
        refuse_twice(models.iter().map(|model| &model.card))?;
        Ok(models)
    }

    /// The cards of all models, the main one's first, without laying anything into the data folder.
    ///
    /// # Errors
    /// As [`Self::choose_all`].
    pub fn cards(settings: &Settings) -> Result<Vec<(Card, ModelRole)>> {
        let main = match &settings.model_card {
            Some(path) => Card::read(path)?,
            None => Card::parse(BUILT_IN_CARD, Path::new("aerial8-int8.toml"))?,
        };
        let mut cards = vec![(main, ModelRole::Active)];
        cards.extend(
            Self::further(settings)?
                .into_iter()
                .map(|model| (model.card, model.role)),
        );
        refuse_twice(cards.iter().map(|(card, _)| card))?;
        Ok(cards)
    }

    fn further(settings: &Settings) -> Result<Vec<Self>> {
        let further = settings.further_models.iter();
        further
            .map(|model| Self::with_card(&model.card, model.role))
            .collect()
    }

    /// Its row.
    pub fn row(&self) -> ModelRow {
        ModelRow {
            model_sha256: self.card.sha256.clone(),
            name: self.card.name.clone(),
            card_text: self.card_text.clone(),
        }
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

/// Rows are kept by the model's file: two cards of one file could not be told apart.
fn refuse_twice<'c>(cards: impl Iterator<Item = &'c Card>) -> Result<()> {
    let mut known: Vec<&Card> = Vec::new();
    for card in cards {
        if let Some(other) = known.iter().find(|other| other.sha256 == card.sha256) {
            bail!(
                "[[model.also]]: the models {} and {} are one and the same file ({}) / 两张模型卡指向同一个模型文件",
                other.name,
                card.name,
                card.file
            );
        }
        known.push(card);
    }
    Ok(())
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
