//! Reads the files of features that the settings name. A layer whose datum is stated nowhere is refused: half a
//! kilometre lies between WGS-84 and GCJ-02.

use std::path::Path;

use anyhow::Result;
use survey::area::Layer;
use survey::layers::{FeatureLayer, FeatureRepair, LayerKind, Validity};
use survey::reference::Reference;

use crate::config::settings::{LayerRole, LayerSetting, Settings};
use crate::layers::building::{Statement, build};
use crate::layers::reading;

/// A layer read from its file.
#[derive(Debug, Clone)]
pub struct LoadedLayer {
    /// The polygons in WGS-84.
    pub layer: Layer,
    /// Everything that is in it.
    pub features: FeatureLayer,
    /// What it is for.
    pub role: LayerRole,
    /// What was mended while reading.
    pub repairs: Vec<FeatureRepair>,
}

/// Everything the settings name.
///
/// # Errors
/// The first file that cannot be used, by name.
pub fn load_all(settings: &Settings) -> Result<Vec<LoadedLayer>> {
    settings.layers.iter().map(load_configured).collect()
}

/// The flyable layer of the settings, if they name one.
///
/// # Errors
/// A file that cannot be used.
pub fn load_flyable(settings: &Settings) -> Result<Option<LoadedLayer>> {
    settings
        .layers
        .iter()
        .find(|layer| layer.role() == LayerRole::Flyable)
        .map(load_configured)
        .transpose()
}

fn load_configured(setting: &LayerSetting) -> Result<LoadedLayer> {
    let statement = Statement {
        kind: setting.kind,
        name: Some(setting.name.clone()),
        version: setting.version.clone(),
        reference: setting.reference,
        validity: setting.validity,
        source: setting.source.clone(),
        document: setting.document.clone(),
        margin_m: setting.margin_m,
    };
    read(&setting.file, &statement)
}

/// Reads one file as the flyable layer. Name and version default to the file's own.
///
/// # Errors
/// A file that cannot be read, a datum that is stated nowhere or twice differently, polygons that are none.
pub fn load(
    file: &Path,
    name: Option<&str>,
    version: Option<&str>,
    reference: Option<Reference>,
    source: &str,
) -> Result<LoadedLayer> {
    let statement = Statement {
        kind: LayerKind::Flyable,
        name: name.map(str::to_owned),
        version: version.unwrap_or("unversioned").to_owned(),
        reference,
        validity: Validity::default(),
        source: source.to_owned(),
        document: None,
        margin_m: None,
    };
    read(file, &statement)
}

fn read(file: &Path, statement: &Statement) -> Result<LoadedLayer> {
    let built = build(reading::read(file)?, statement, &file.display().to_string())?;
    Ok(LoadedLayer {
        layer: built.layer.as_ground(),
        role: LayerRole::of(statement.kind),
        features: built.layer,
        repairs: built.repairs,
    })
}
