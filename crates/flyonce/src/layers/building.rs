//! From a file and what people say of it to a layer. What the file says of its coordinates and what people say must
//! not contradict each other, and one of them must say it: half a kilometre lies between WGS-84 and GCJ-02.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use formats::features::{Declared, FeatureFile, FileFeature, FileGeometry, Ignored, ProjectionText};
use survey::airspace::{height_zones, no_fly_zones, runways_of};
use survey::area::RawPolygon;
use survey::geodesy::{Datum, Wgs84};
use survey::grid::WorkingGrid;
use survey::layers::{
    FeatureLayer, FeatureRepair, LayerKind, LayerRecord, RawFeature, RawShape, Shape, Validity, properties,
};
use survey::reference::{Reference, TransverseMercator};
use survey::targets::targets_of;

use crate::layers::reading::ReadFile;

/// What people say of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What its features are.
    pub kind: LayerKind,
    /// Name; else the file's own.
    pub name: Option<String>,
    /// Version printed beside figures.
    pub version: String,
    /// What the coordinates are in, if they say so.
    pub reference: Option<Reference>,
    /// Days it counts on.
    pub validity: Validity,
    /// Who made it, and under which licence.
    pub source: String,
    /// Number of the document that put it in force.
    pub document: Option<String>,
    /// Margin of features that state none, m.
    pub margin_m: Option<f64>,
}

/// A layer and what was done to get it.
#[derive(Debug, Clone)]
pub struct Built {
    /// The layer, WGS-84.
    pub layer: FeatureLayer,
    /// What was mended, feature by feature.
    pub repairs: Vec<FeatureRepair>,
    /// What had to be decided while reading, in words.
    pub notes: Vec<String>,
    /// What gave no feature.
    pub ignored: Vec<Ignored>,
}

/// Builds a layer; `shown` names the file in messages.
///
/// # Errors
/// Coordinates whose system is not stated or stated twice differently, shapes that cannot be repaired, properties that
/// the kind of layer needs.
pub fn build(file: ReadFile, statement: &Statement, shown: &str) -> Result<Built> {
    let in_layer = || format!("layer {shown}");
    let reference = reference(&file, statement.reference, shown)?;
    let FeatureFile {
        name,
        features,
        ignored,
        notes,
        ..
    } = file.content;
    let record = LayerRecord {
        kind: statement.kind,
        name: statement.name.clone().or(name).unwrap_or(file.stem),
        version: statement.version.clone(),
        validity: statement.validity,
        source: statement.source.clone(),
        document: statement.document.clone(),
        reference,
    };
    if let (Some(from), Some(to)) = (record.validity.from, record.validity.to)
        && to < from
    {
        bail!("layer {shown}: it ends ({to}) before it begins ({from})");
    }
    let converter = reference.converter().with_context(in_layer)?;
    let raw = features
        .into_iter()
        .map(|feature| raw_feature(feature, statement.margin_m));
    let (layer, repairs) = FeatureLayer::build(record, &converter, raw.collect()).with_context(in_layer)?;
    check(&layer).with_context(in_layer)?;
    let converted =
        (reference.datum() == Datum::Gcj02).then(|| "every place was converted from GCJ-02".to_owned());
    Ok(Built {
        layer,
        repairs,
        notes: notes.into_iter().chain(converted).collect(),
        ignored,
    })
}

fn reference(file: &ReadFile, stated: Option<Reference>, shown: &str) -> Result<Reference> {
    let in_layer = || format!("layer {shown}");
    let declared = match &file.content.declared {
        Some(Declared::Named(name)) => Some(name.parse::<Reference>().with_context(in_layer)?),
        Some(Declared::TransverseMercator(text)) => Some(projection(text).with_context(in_layer)?),
        None => None,
    };
    match (stated, declared) {
        (Some(stated), Some(declared)) if !stated.agrees_with(&declared) => bail!(
            "layer {shown}: the file says it is on {declared}, it was stated to be on {stated}; one of them is wrong \
             (坐标系前后矛盾)"
        ),
        (Some(reference), _) | (None, Some(reference)) => Ok(reference),
        (None, None) => {
            let why = if file.is_kml {
                "; the KML standard means WGS-84, but many files drawn on Chinese web maps are GCJ-02, so say which"
            } else {
                ""
            };
            bail!(
                "layer {shown}: its datum is not stated (图层未注明坐标系); say WGS-84, CGCS2000, GCJ-02 or an EPSG code \
                 with --datum, `datum` in the [[layer]] of the configuration, or in the file{why}"
            )
        }
    }
}

fn projection(text: &ProjectionText) -> Result<Reference> {
    Ok(Reference::Projected(TransverseMercator {
        central_meridian_deg: text.central_meridian_deg,
        origin_latitude_deg: text.origin_latitude_deg,
        scale: text.scale,
        false_easting_m: text.false_easting_m,
        false_northing_m: text.false_northing_m,
        datum: text.datum.parse()?,
        epsg: None,
    }))
}

fn raw_feature(feature: FileFeature, margin_m: Option<f64>) -> RawFeature {
    let FileFeature {
        path,
        geometry,
        mut properties,
    } = feature;
    if let Some(margin_m) = margin_m {
        put_margin(&mut properties, margin_m);
    }
    let shape = match geometry {
        FileGeometry::Points(points) => RawShape::Points(points),
        FileGeometry::Lines(lines) => RawShape::Lines(lines),
        FileGeometry::Areas(areas) => {
            let polygon = |area: formats::features::FileArea| RawPolygon {
                exterior: area.exterior,
                holes: area.holes,
            };
            RawShape::Areas(areas.into_iter().map(polygon).collect())
        }
    };
    RawFeature {
        path,
        shape,
        properties,
    }
}

/// Gives a margin to a feature that states none.
fn put_margin(properties: &mut BTreeMap<String, String>, margin_m: f64) {
    let names = properties::MARGIN_M.0;
    if !names.iter().any(|name| properties.contains_key(*name)) {
        properties.insert(properties::MARGIN_M.name().to_owned(), margin_m.to_string());
    }
}

/// Whether the features say what the kind of layer needs; and whether all of it lies in one city.
fn check(layer: &FeatureLayer) -> Result<()> {
    let grid = grid_around(layer)?;
    match layer.record.kind {
        LayerKind::NoFly | LayerKind::Temporary => {
            no_fly_zones(layer, &grid)?;
        }
        LayerKind::HeightLimit => {
            height_zones(layer)?;
        }
        LayerKind::Runway => {
            runways_of(layer)?;
        }
        kind if kind.is_target() => {
            targets_of(layer)?;
        }
        _ => {}
    }
    layer.area_m2(&grid)?;
    Ok(())
}

/// A grid round a layer, for areas while the data folder has none.
///
/// # Errors
/// A layer at a pole.
pub fn grid_around(layer: &FeatureLayer) -> Result<WorkingGrid> {
    let first = first_place(layer).context("the layer has no place")?;
    Ok(WorkingGrid::centred(first)?)
}

/// The first place of a layer.
pub fn first_place(layer: &FeatureLayer) -> Option<Wgs84> {
    match &layer.features.first()?.shape {
        Shape::Points(points) => points.first().copied(),
        Shape::Lines(lines) => lines.first()?.first().copied(),
        Shape::Areas(polygons) => polygons.first()?.exterior.first().copied(),
    }
}
