//! The built-in model that compares two dates: its card, and one extractor of features.

use std::path::Path;

use anyhow::{Context, Result};
use vision::change::{ChangeSettings, CueWeights};
use vision::{Card, FeatureExtractor, Runtime};

const CARD: &str = include_str!("../../../models/change3.toml");
const ONNX: &[u8] = include_bytes!("../../../models/change3.onnx");

/// The card and what it says about scores, areas and scale.
#[derive(Debug, Clone)]
pub struct ChangeModel {
    /// The card, checked.
    pub card: Card,
    /// How scores are made and from which on a place counts as changed; areas in pixels of the model's scale.
    pub settings: ChangeSettings,
    /// The smallest change worth telling, m².
    pub smallest_m2: f64,
}

impl ChangeModel {
    /// The built-in one.
    ///
    /// # Errors
    /// A card without `[change.cues]`.
    pub fn built_in() -> Result<Self> {
        let card = Card::parse(CARD, Path::new("change3.toml"))?;
        let change = card.change.as_ref().context("the card has no [change]")?;
        let cues = change.cues.as_ref().context("the card has no [change.cues]")?;
        let [f4, f8, f16] = cues.features;
        let settings = ChangeSettings {
            threshold: change.threshold as f32,
            strong_threshold: change.strong_threshold.unwrap_or(change.threshold) as f32,
            smallest_px: change.smallest_px.unwrap_or(0.0),
            weights: CueWeights {
                bias: cues.bias,
                roof_alone: cues.roof_alone,
                roof_most: cues.roof_most,
                features: [f4, f8, f16],
                features_on_roof: cues.features_on_roof,
            },
        };
        Ok(Self {
            smallest_m2: change.smallest_m2.unwrap_or(0.0),
            settings,
            card,
        })
    }

    /// One extractor, to be owned by one thread.
    ///
    /// # Errors
    /// A folder that cannot be written, or a file that does not fit its card.
    pub fn extractor(&self, runtime: &Runtime) -> Result<FeatureExtractor> {
        // ONNX Runtime is given the bytes; the folder is only where the check of the card reads them.
        let folder = tempfile::tempdir().context("cannot make a temporary folder for the model")?;
        std::fs::write(folder.path().join(&self.card.file), ONNX)
            .context("cannot write the model into a temporary folder")?;
        Ok(FeatureExtractor::load(runtime, &self.card, folder.path())?)
    }

    /// Size of a model pixel on the ground, m.
    pub fn ground_scale_m(&self) -> f64 {
        self.card.scale.ground_scale_cm_per_px / 100.0
    }
}
