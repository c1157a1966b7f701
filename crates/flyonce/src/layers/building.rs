//! From a file and what people say of it to a layer. What the file says of its coordinates and what people say must
//! not contradict each other, and one of them must say it: half a kilometre lies between WGS-84 and GCJ-02.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use formats::features::{Declared, FeatureFile, FileFeature, FileGeometry, ProjectionText};
use serde::{Deserialize, Serialize};
use survey::airspace::{height_zones, no_fly_zones, runways_of};
use survey::area::RawPolygon;
use survey::geodesy::{Datum, WGS84_SEMI_MAJOR_M, Wgs84};
use survey::grid::WorkingGrid;
use survey::layers::{
    FeatureLayer, FeatureRepair, LayerKind, LayerRecord, RawFeature, RawShape, Shape, Validity, properties,
};
use survey::reference::{Reference, TransverseMercator};
use survey::targets::targets_of;

use crate::lang::Words;
use crate::layers::reading::ReadFile;
use crate::layers::words::{self, Refused};

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
    pub notes: Vec<Words>,
    /// What gave no feature.
    pub ignored: Vec<Words>,
    /// How large it is and where.
    pub measured: Measured,
}

/// What is measured of a layer once, when it is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// True area, m²; `None` where there are no areas.
    pub area_m2: Option<f64>,
    /// West, south, east and north, degrees WGS-84.
    pub bounds_deg: [f64; 4],
}

impl Measured {
    /// Measures a layer.
    ///
    /// # Errors
    /// A layer without a place, or one that is larger than a city's surroundings.
    pub fn of(layer: &FeatureLayer) -> Result<Self> {
        let grid = grid_around(layer)?;
        let is_area = |shape: &Shape| !shape.polygons().is_empty();
        let has_areas = layer.features.iter().any(|feature| is_area(&feature.shape));
        let area_m2 = has_areas.then(|| layer.area_m2(&grid)).transpose();
        Ok(Self {
            area_m2: area_m2.map_err(|error| too_large(layer, &error.into()))?,
            bounds_deg: layer.bounds_deg().context("the layer has no place")?,
        })
    }
}

/// A layer beyond the working area, with what can be done.
fn too_large(layer: &FeatureLayer, error: &anyhow::Error) -> anyhow::Error {
    let [west, south, east, north] = layer.bounds_deg().unwrap_or_default();
    Refused::error(
        format!(
            "{};图层范围 {west:.3}–{east:.3}°E、{south:.3}–{north:.3}°N;图层应只含一个城市:请裁剪\
             (ogr2ogr -clipsrc),或核对坐标系",
            words::chinese(error)
        ),
        format!(
            "{error}; the layer reaches from {west:.3} to {east:.3}° E and {south:.3} to {north:.3}° N. Layers are of one \
             city: clip it (ogr2ogr -clipsrc), or look whether its datum is right"
        ),
    )
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
        return Err(Refused::error(
            format!("图层 {shown}:失效日({to})早于生效日({from})"),
            format!("layer {shown}: it ends ({to}) before it begins ({from})"),
        ));
    }
    let converter = reference.converter().with_context(in_layer)?;
    let raw = features
        .into_iter()
        .map(|feature| raw_feature(feature, statement.margin_m));
    let (layer, repairs) = FeatureLayer::build(record, &converter, raw.collect()).with_context(in_layer)?;
    let measured = Measured::of(&layer).with_context(in_layer)?;
    check(&layer).with_context(in_layer)?;
    let converted = (reference.datum() == Datum::Gcj02).then(|| {
        Words::new(
            "全部位置已由 GCJ-02 转换",
            "every place was converted from GCJ-02",
        )
    });
    Ok(Built {
        notes: notes
            .iter()
            .map(words::note)
            .chain(converted)
            .chain(odd_place(&measured))
            .collect(),
        ignored: ignored.iter().map(words::ignored).collect(),
        layer,
        repairs,
        measured,
    })
}

/// Latitude and longitude that were exchanged are noticed as impossible where the longitude is above 90°. West of that,
/// in Xinjiang and Tibet, they are places in the Arctic.
fn odd_place(measured: &Measured) -> Option<Words> {
    let [west, south, east, north] = measured.bounds_deg;
    let is_arctic = south > 72.0 && west > 3.0 && east < 54.0;
    is_arctic.then(|| {
        Words::new(
            format!("注意:图层位于北纬 {south:.2}–{north:.2}°,纬度和经度是否写反?(应先经度后纬度)"),
            format!(
                "mind: the layer lies at {south:.2} to {north:.2}° N; were latitude and longitude exchanged? (longitude \
                 comes first)"
            ),
        )
    })
}

/// Farther than a city reaches; a zone of 3° that was stated wrongly is 280 km off.
const FAR_KM: f64 = 150.0;

/// Whether a layer lies far from all others that are in use, with their bounds: a wrong zone, exchanged numbers, or
/// another city.
pub fn far_from_others(measured: &Measured, others: impl Iterator<Item = [f64; 4]>) -> Option<Words> {
    let [west, south, east, north] = measured.bounds_deg;
    let away_km = |other: [f64; 4]| {
        let gap = |low: f64, high: f64, other_low: f64, other_high: f64| {
            (other_low - high).max(low - other_high).max(0.0).to_radians()
        };
        let across = gap(west, east, other[0], other[2]) * south.midpoint(north).to_radians().cos();
        across.hypot(gap(south, north, other[1], other[3])) * WGS84_SEMI_MAJOR_M / 1e3
    };
    let nearest_km = others.map(away_km).reduce(f64::min)?;
    (nearest_km > FAR_KM).then(|| {
        Words::new(
            format!("注意:图层距离其他图层 {nearest_km:.0} km 以上;请核对坐标系、带号和经纬度顺序"),
            format!(
                "mind: the layer lies {nearest_km:.0} km or more from every other layer; look whether its datum, its zone \
                 and the order of its coordinates are right"
            ),
        )
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
        (Some(stated), Some(declared)) if !stated.agrees_with(&declared) => Err(Refused::error(
            format!("图层 {shown}:文件注明 {declared},而您说是 {stated},坐标系前后矛盾,其中一个有误"),
            format!(
                "layer {shown}: the file says it is on {declared}, it was stated to be on {stated}; one of them is wrong \
                 (坐标系前后矛盾)"
            ),
        )),
        (Some(reference), _) | (None, Some(reference)) => Ok(reference),
        (None, None) => {
            let why = if file.is_kml {
                Words::new(
                    ";KML 标准指 WGS-84,但许多在国内网络地图上绘制的文件是 GCJ-02,请说明是哪一个",
                    "; the KML standard means WGS-84, but many files drawn on Chinese web maps are GCJ-02, so say which",
                )
            } else {
                Words::new("", "")
            };
            Err(Refused::error(
                format!(
                    "图层 {shown}:图层未注明坐标系;请用 --datum、配置 [[layer]] 的 `datum` 或在文件里注明 WGS-84、CGCS2000、\
                     GCJ-02 或 EPSG 代码{}",
                    why.zh
                ),
                format!(
                    "layer {shown}: its datum is not stated (图层未注明坐标系); say WGS-84, CGCS2000, GCJ-02 or an EPSG \
                     code with --datum, `datum` in the [[layer]] of the configuration, or in the file{}",
                    why.en
                ),
            ))
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

/// Whether the features say what the kind of layer needs.
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
    Ok(())
}

/// A grid round the middle of a layer, for areas while the data folder has none.
///
/// # Errors
/// A layer at a pole.
pub fn grid_around(layer: &FeatureLayer) -> Result<WorkingGrid> {
    let [west, south, east, north] = layer.bounds_deg().context("the layer has no place")?;
    let middle = Wgs84::new(south.midpoint(north), west.midpoint(east))?;
    Ok(WorkingGrid::centred(middle)?)
}

/// The first place of a layer.
pub fn first_place(layer: &FeatureLayer) -> Option<Wgs84> {
    match &layer.features.first()?.shape {
        Shape::Points(points) => points.first().copied(),
        Shape::Lines(lines) => lines.first()?.first().copied(),
        Shape::Areas(polygons) => polygons.first()?.exterior.first().copied(),
    }
}
