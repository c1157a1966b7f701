//! Files of layers: GeoJSON, KML, KMZ, and Shapefile (in a zip, or loose with its companions).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use formats::features::FeatureFile;
use formats::shapefile::{self, ShapefileParts};
use formats::{geojson, kml};

/// Files by name and content.
pub type Originals = Vec<(String, Vec<u8>)>;

/// A file and what it holds.
#[derive(Debug)]
pub struct ReadFile {
    /// Features as written.
    pub content: FeatureFile,
    /// The bytes as they came, one file or the parts of a shapefile: name and content.
    pub originals: Originals,
    /// Name for a layer that is given none.
    pub stem: String,
    /// Whether its format has no room for a datum, so that it has to be stated.
    pub is_kml: bool,
}

/// Reads a file by its ending.
///
/// # Errors
/// A file that cannot be read, in its own words with the place of the fault.
pub fn read(file: &Path) -> Result<ReadFile> {
    let shown = file.display();
    let ending = file
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let bytes = fs::read(file).with_context(|| format!("cannot read the layer {shown}"))?;
    let named = |path: &Path| {
        path.file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let mut originals = vec![(named(file), bytes)];
    let in_layer = || format!("layer {shown}");
    let mut is_kml = false;
    let content = match ending.as_deref() {
        Some("shp") => {
            let parts = loose(file, &mut originals)?;
            shapefile::read_shapefile(&parts).with_context(in_layer)?
        }
        Some("zip") => {
            let parts = shapefile::unpack(&originals[0].1).with_context(in_layer)?;
            shapefile::read_shapefile(&parts).with_context(in_layer)?
        }
        Some("kmz") => {
            is_kml = true;
            kml::read_kmz(&originals[0].1).with_context(in_layer)?
        }
        Some("kml") => {
            is_kml = true;
            kml::read_kml(&originals[0].1).with_context(in_layer)?
        }
        Some("geojson" | "json") => {
            let text = std::str::from_utf8(&originals[0].1).with_context(in_layer)?;
            geojson::read_features(text).with_context(in_layer)?
        }
        _ => bail!("layer {shown}: the name has to end in .geojson, .json, .kml, .kmz, .zip or .shp"),
    };
    let stem = file.file_stem();
    Ok(ReadFile {
        content,
        originals,
        stem: stem.map_or_else(|| "layer".to_owned(), |stem| stem.to_string_lossy().into_owned()),
        is_kml,
    })
}

/// The companions of a loose `.shp`, in whatever case their endings are.
fn loose(shp: &Path, originals: &mut Vec<(String, Vec<u8>)>) -> Result<ShapefileParts> {
    let mut parts = ShapefileParts {
        name: shp.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        shp: originals
            .first()
            .map(|(_, bytes)| bytes.clone())
            .unwrap_or_default(),
        ..ShapefileParts::default()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for ending in ["dbf", "prj", "cpg"] {
        let Some(path) = companion(shp, ending) else {
            continue;
        };
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match ending {
            "dbf" => parts.dbf = Some(bytes.clone()),
            "prj" => parts.prj = Some(text(&bytes)),
            _ => parts.cpg = Some(text(&bytes)),
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        originals.push((name.unwrap_or_default(), bytes));
    }
    Ok(parts)
}

fn companion(shp: &Path, ending: &str) -> Option<PathBuf> {
    [ending.to_owned(), ending.to_ascii_uppercase()]
        .into_iter()
        .map(|ending| shp.with_extension(ending))
        .find(|path| path.is_file())
}
