//! Layers as people and programs see them: who each is, from where, when it counts, and how large it is.

use anyhow::Result;
use serde::Serialize;
use survey::airspace::FlyableArea;
use survey::layers::{FeatureLayer, LayerKind, LayerRef};
use survey::time::CivilDay;
use utoipa::ToSchema;

use crate::answers::place::rounded;
use crate::layers::LayerBook;
use crate::layers::building::Measured;
use crate::layers::words::Refused;

/// Names listed of a layer with many features.
const MOST_NAMES: usize = 200;

/// One layer and version.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LayerEntry {
    /// Id of an imported layer; absent for layers of the configuration.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// `flyable` or `shown`: what a map does with it.
    pub role: String,
    /// What its features are, such as `legal-free`.
    pub kind: String,
    /// First day it counts on, yyyy-mm-dd.
    pub valid_from: Option<String>,
    /// Last day it counts on, yyyy-mm-dd.
    pub valid_to: Option<String>,
    /// Whether it counts on the day asked about.
    pub counts: bool,
    /// Who made it.
    pub source: String,
    /// Number of the document that put it in force.
    pub document: Option<String>,
    /// What its file's coordinates are in; what is served is WGS-84.
    pub datum: String,
    /// Number of its features.
    pub features: usize,
    /// Names of its features, at most 200.
    pub feature_names: Vec<String>,
    /// True area, km²; absent where there are no areas.
    pub area_km2: Option<f64>,
    /// The layers it was made of: only of the flyable area of a day, which is no file.
    #[schema(value_type = Vec<Object>)]
    pub rests_on: Vec<LayerRef>,
    /// Kinds of layers that are not there, so that it could not take them into account.
    #[schema(value_type = Vec<String>)]
    pub missing: Vec<LayerKind>,
}

/// Every layer of the book; with the flyable area of the day, where that is made of parts.
///
/// # Errors
/// A layer that cannot be measured.
pub fn entries(book: &LayerBook, on: CivilDay) -> Result<Vec<LayerEntry>> {
    let valid: Vec<LayerRef> = book.valid(on).into_iter().map(FeatureLayer::layer_ref).collect();
    let mut entries = Vec::new();
    if let Some(area) = computed_flyable(book, on)? {
        entries.push(flyable_entry(&area));
    }
    for (layer, id) in book.with_ids() {
        let measured = book.measured(layer)?;
        entries.push(entry(layer, id, valid.contains(&layer.layer_ref()), &measured));
    }
    Ok(entries)
}

/// The flyable area of a day where no layer states it as a whole.
///
/// # Errors
/// Layers that are not of one city.
pub fn computed_flyable(book: &LayerBook, on: CivilDay) -> Result<Option<FlyableArea>> {
    let valid = book.valid(on);
    let any_of = |kinds: &[LayerKind]| valid.iter().any(|layer| kinds.contains(&layer.record.kind));
    if !any_of(&[LayerKind::LegalFree, LayerKind::Approved]) || any_of(&[LayerKind::Flyable]) {
        return Ok(None);
    }
    book.flyable_kept(on)
}

/// Name of the flyable area of a day in lists and addresses.
pub const FLYABLE: &str = "flyable";

fn flyable_entry(area: &FlyableArea) -> LayerEntry {
    let versions: Vec<String> = area.rests_on.iter().map(LayerRef::to_string).collect();
    LayerEntry {
        id: None,
        name: FLYABLE.to_owned(),
        version: versions.join(" + "),
        role: FLYABLE.to_owned(),
        kind: LayerKind::Flyable.name().to_owned(),
        valid_from: None,
        valid_to: None,
        counts: true,
        source: "(legal-free ∪ approved) ∩ obstacle-free".to_owned(),
        document: None,
        datum: "WGS-84".to_owned(),
        features: area.polygons.len(),
        feature_names: Vec::new(),
        area_km2: Some(rounded(area.area_m2 / 1e6, 6)),
        rests_on: area.rests_on.clone(),
        missing: area.missing.clone(),
    }
}

fn entry(layer: &FeatureLayer, id: Option<&str>, counts: bool, measured: &Measured) -> LayerEntry {
    let record = &layer.record;
    let day = |day: Option<CivilDay>| day.map(|day| day.to_string());
    let role = match record.kind {
        LayerKind::Flyable => FLYABLE,
        _ => "shown",
    };
    let names = layer.features.iter().filter_map(|feature| feature.name.clone());
    LayerEntry {
        id: id.map(str::to_owned),
        name: record.name.clone(),
        version: record.version.clone(),
        role: role.to_owned(),
        kind: record.kind.name().to_owned(),
        valid_from: day(record.validity.from),
        valid_to: day(record.validity.to),
        counts,
        source: record.source.clone(),
        document: record.document.clone(),
        datum: record.reference.to_string(),
        features: layer.features.len(),
        feature_names: names.take(MOST_NAMES).collect(),
        area_km2: measured.area_m2.map(|area_m2| rounded(area_m2 / 1e6, 6)),
        rests_on: Vec::new(),
        missing: Vec::new(),
    }
}

/// The layer that `text` means: an id, `name@version`, or a name, of which the version that counts on the day is taken,
/// else the last one brought in.
///
/// # Errors
/// A text that means none, or a name that several kinds share.
pub fn find<'a>(
    book: &'a LayerBook,
    text: &str,
    on: CivilDay,
) -> Result<(&'a FeatureLayer, Option<&'a str>)> {
    let by =
        |is_it: &dyn Fn(&FeatureLayer, Option<&str>) -> bool| -> Vec<(&'a FeatureLayer, Option<&'a str>)> {
            book.with_ids().filter(|(layer, id)| is_it(layer, *id)).collect()
        };
    if let [one] = by(&|_, id| id == Some(text))[..] {
        return Ok(one);
    }
    if let Some((name, version)) = text.rsplit_once('@') {
        match by(&|layer, _| layer.record.name == name && layer.record.version == version)[..] {
            [one] => return Ok(one),
            [] => {}
            _ => return Err(several(text)),
        }
    }
    let named = by(&|layer, _| layer.record.name == text);
    let kinds: std::collections::BTreeSet<LayerKind> =
        named.iter().map(|(layer, _)| layer.record.kind).collect();
    if kinds.len() > 1 {
        return Err(several(text));
    }
    let valid: Vec<LayerRef> = book.valid(on).into_iter().map(FeatureLayer::layer_ref).collect();
    let counting = named.iter().find(|(layer, _)| valid.contains(&layer.layer_ref()));
    match counting.or(named.last()) {
        Some(found) => Ok(*found),
        None => {
            let mut names: Vec<&str> = book
                .layers()
                .iter()
                .map(|layer| layer.record.name.as_str())
                .collect();
            names.dedup();
            Err(Refused::error(
                format!("没有图层 {text};现有:{}", names.join("、")),
                format!(
                    "there is no layer {text} (没有此图层); there are: {}",
                    names.join(", ")
                ),
            ))
        }
    }
}

fn several(text: &str) -> anyhow::Error {
    Refused::error(
        format!("有多类图层叫 {text},请用编号指定"),
        format!("several kinds of layers are called {text}; name one by its id (重名,请用编号)"),
    )
}
