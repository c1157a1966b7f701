//! Reads the polygon files that the settings name. A layer whose datum is stated nowhere is refused: half a
//! kilometre lies between WGS-84 and GCJ-02.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use formats::geojson;
use survey::area::{Layer, LayerHeader, RawPolygon, Repair};
use survey::geodesy::Datum;

use crate::config::settings::{LayerRole, LayerSetting, Settings};

/// A layer read from its file.
#[derive(Debug, Clone)]
pub struct LoadedLayer {
    /// The polygons in WGS-84.
    pub layer: Layer,
    /// What it is for.
    pub role: LayerRole,
    /// What was mended while reading.
    pub repairs: Vec<Repair>,
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
        .find(|layer| layer.role == LayerRole::Flyable)
        .map(load_configured)
        .transpose()
}

fn load_configured(setting: &LayerSetting) -> Result<LoadedLayer> {
    load(
        &setting.file,
        Some(&setting.name),
        Some(&setting.version),
        setting.datum,
        &setting.source,
    )
    .map(|loaded| LoadedLayer {
        role: setting.role,
        ..loaded
    })
}

/// Reads one GeoJSON file as the flyable layer. Name and version default to the file's own.
///
/// # Errors
/// A file that cannot be read, a datum that is stated nowhere or twice differently, polygons that are none.
pub fn load(
    file: &Path,
    name: Option<&str>,
    version: Option<&str>,
    datum: Option<Datum>,
    source: &str,
) -> Result<LoadedLayer> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the layer {shown}"))?;
    let content = geojson::read_polygons(&text).with_context(|| format!("layer {shown}"))?;
    let declared: Option<Datum> = match &content.declared_datum {
        Some(text) => Some(text.parse().with_context(|| format!("layer {shown}"))?),
        None => None,
    };
    let datum = match (datum, declared) {
        (Some(given), Some(written)) if given != written => {
            bail!(
                "layer {shown}: the file says it is on {written}, the settings say {given}; one of them is wrong"
            )
        }
        (Some(datum), _) | (None, Some(datum)) => datum,
        (None, None) => bail!(
            "layer {shown}: its datum is not stated (图层未注明坐标系); say WGS-84, CGCS2000 or GCJ-02 with --datum, \
             `datum` in the [[layer]] of the configuration, or a \"datum\" member in the file"
        ),
    };
    let stem = || {
        file.file_stem()
            .map_or_else(|| "layer".to_owned(), |stem| stem.to_string_lossy().into_owned())
    };
    let header = LayerHeader {
        name: name.map(str::to_owned).or(content.name).unwrap_or_else(stem),
        version: version.unwrap_or("unversioned").to_owned(),
        datum,
        source: source.to_owned(),
    };
    let raw = |polygon: &geojson::FilePolygon| RawPolygon {
        exterior: polygon.exterior.clone(),
        holes: polygon.holes.clone(),
    };
    let polygons: Vec<RawPolygon> = content.polygons.iter().map(raw).collect();
    let (layer, repairs) = Layer::new(header, &polygons).with_context(|| format!("layer {shown}"))?;
    Ok(LoadedLayer {
        layer,
        role: LayerRole::Flyable,
        repairs,
    })
}
