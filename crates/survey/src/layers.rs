//! Layers of the map: features with a kind, a version, a validity and a source. What a layer says of a day, and who
//! it is beside every figure.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::area::{Layer, Polygon};
use crate::geodesy::Wgs84;
use crate::reference::Reference;
use crate::time::CivilDay;

mod build;
mod ground;
mod measure;
pub mod properties;

pub use build::{BuildError, FeatureRepair, RawFeature, RawShape};
pub use measure::{Difference, DifferenceAreas, Overlap, area_m2, difference, shared_ground};

/// What the features of a layer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// Outline of the district (行政区).
    District,
    /// Towns and subdistricts (街镇), a name and code each.
    Town,
    /// Airspace free by law (适飞空域).
    LegalFree,
    /// Areas with an approval to fly (经批准).
    Approved,
    /// Ground without obstacles that reach into the flying height (净空).
    ObstacleFree,
    /// The flyable area as one whole, as its source made it; stands for the three parts above.
    Flyable,
    /// Objects that are not flown over, with a margin each (禁飞目标).
    NoFly,
    /// Areas closed for a time (临时管制).
    Temporary,
    /// Runways: lines or outlines from which airport surfaces are built.
    Runway,
    /// Zones with a greatest height (限高区).
    HeightLimit,
    /// Points to be looked at.
    TargetPoint,
    /// Lines to be looked at, such as river reaches (河段) and sea wall (海塘).
    TargetCorridor,
    /// Areas to be looked at.
    TargetArea,
    /// Sites (工地、堆场): outlines, or points with a radius.
    TargetSite,
    /// Only shown on the map.
    Shown,
}

impl LayerKind {
    /// Every kind, in the order people list them.
    pub const ALL: [Self; 15] = [
        Self::District,
        Self::Town,
        Self::LegalFree,
        Self::Approved,
        Self::ObstacleFree,
        Self::Flyable,
        Self::NoFly,
        Self::Temporary,
        Self::Runway,
        Self::HeightLimit,
        Self::TargetPoint,
        Self::TargetCorridor,
        Self::TargetArea,
        Self::TargetSite,
        Self::Shown,
    ];

    /// The name in files, commands and addresses, such as `legal-free`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Town => "town",
            Self::LegalFree => "legal-free",
            Self::Approved => "approved",
            Self::ObstacleFree => "obstacle-free",
            Self::Flyable => "flyable",
            Self::NoFly => "no-fly",
            Self::Temporary => "temporary",
            Self::Runway => "runway",
            Self::HeightLimit => "height-limit",
            Self::TargetPoint => "target-point",
            Self::TargetCorridor => "target-corridor",
            Self::TargetArea => "target-area",
            Self::TargetSite => "target-site",
            Self::Shown => "shown",
        }
    }

    /// Whether the features are things to be looked at.
    #[must_use]
    pub fn is_target(self) -> bool {
        matches!(
            self,
            Self::TargetPoint | Self::TargetCorridor | Self::TargetArea | Self::TargetSite
        )
    }

    /// Whether only areas make sense as features of this kind.
    #[must_use]
    pub fn needs_areas(self) -> bool {
        matches!(
            self,
            Self::District
                | Self::Town
                | Self::LegalFree
                | Self::Approved
                | Self::ObstacleFree
                | Self::Flyable
                | Self::TargetArea
        )
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind of layer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is no kind of layer; the kinds are {}", kind_names())]
pub struct UnknownKind {
    /// As given.
    pub name: String,
}

fn kind_names() -> String {
    LayerKind::ALL.map(LayerKind::name).join(", ")
}

impl FromStr for LayerKind {
    type Err = UnknownKind;

    /// Reads a name with `-` or `_`, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let folded = name.trim().to_ascii_lowercase().replace('_', "-");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == folded);
        found.ok_or_else(|| UnknownKind {
            name: name.to_owned(),
        })
    }
}

/// Days a version counts on, both included. An open end is an end nobody has stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validity {
    /// First day; `None` counts since ever.
    pub from: Option<CivilDay>,
    /// Last day; `None` counts until a later version takes over.
    pub to: Option<CivilDay>,
}

impl Validity {
    /// Whether the day lies within.
    #[must_use]
    pub fn covers(&self, day: CivilDay) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: Option<CivilDay>| day.map_or_else(String::new, |day| day.to_string());
        write!(f, "{}..{}", day(self.from), day(self.to))
    }
}

/// Which layer a figure rests on: what is printed beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LayerRef {
    /// What it is.
    pub kind: LayerKind,
    /// Name.
    pub name: String,
    /// Version as its source gives it.
    pub version: String,
}

impl fmt::Display for LayerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.name, self.kind, self.version)
    }
}

/// Who a layer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// What its features are.
    pub kind: LayerKind,
    /// Name; versions of one name and kind follow each other.
    pub name: String,
    /// Version as the source gives it.
    pub version: String,
    /// Days it counts on.
    pub validity: Validity,
    /// Who made it, and under which licence.
    pub source: String,
    /// Number of the document that put it in force, such as 沪府规〔2022〕15.
    pub document: Option<String>,
    /// What the coordinates of its file are in.
    pub reference: Reference,
}

impl LayerRecord {
    /// What is printed beside figures.
    #[must_use]
    pub fn layer_ref(&self) -> LayerRef {
        LayerRef {
            kind: self.kind,
            name: self.name.clone(),
            version: self.version.clone(),
        }
    }
}

/// Where a feature is, WGS-84.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Points, at least one.
    Points(Vec<Wgs84>),
    /// Lines of at least two points each.
    Lines(Vec<Vec<Wgs84>>),
    /// Polygons, at least one.
    Areas(Vec<Polygon>),
}

impl Shape {
    /// The polygons, or none of a shape that is no area.
    #[must_use]
    pub fn polygons(&self) -> &[Polygon] {
        match self {
            Self::Areas(polygons) => polygons,
            Self::Points(_) | Self::Lines(_) => &[],
        }
    }

    /// Every place of its points, lines and outlines; holes lie within.
    pub fn places(&self) -> impl Iterator<Item = &Wgs84> {
        let (points, lines, polygons) = match self {
            Self::Points(points) => (points.as_slice(), &[][..], &[][..]),
            Self::Lines(lines) => (&[][..], lines.as_slice(), &[][..]),
            Self::Areas(polygons) => (&[][..], &[][..], polygons.as_slice()),
        };
        let outlines = polygons.iter().flat_map(|polygon| &polygon.exterior);
        points.iter().chain(lines.iter().flatten()).chain(outlines)
    }

    /// West, south, east and north, degrees; `None` of a shape without a place.
    #[must_use]
    pub fn bounds_deg(&self) -> Option<[f64; 4]> {
        bounds_deg(self.places())
    }
}

fn bounds_deg<'a>(places: impl Iterator<Item = &'a Wgs84>) -> Option<[f64; 4]> {
    places.fold(None, |bounds, place| {
        let (x, y) = (place.longitude_deg, place.latitude_deg);
        let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
        Some([west.min(x), south.min(y), east.max(x), north.max(y)])
    })
}

/// One thing of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerFeature {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its code, such as the statistical code of a town.
    pub code: Option<String>,
    /// Where it is.
    pub shape: Shape,
    /// What else the file says of it, as text.
    pub properties: BTreeMap<String, String>,
}

/// A layer with its features: checked, repaired, WGS-84.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureLayer {
    /// Who it is.
    pub record: LayerRecord,
    /// What is in it.
    pub features: Vec<LayerFeature>,
}

impl FeatureLayer {
    /// The polygons of all features.
    #[must_use]
    pub fn polygons(&self) -> Vec<Polygon> {
        let of_feature = |feature: &LayerFeature| feature.shape.polygons().to_vec();
        self.features.iter().flat_map(of_feature).collect()
    }

    /// West, south, east and north of all features, degrees.
    #[must_use]
    pub fn bounds_deg(&self) -> Option<[f64; 4]> {
        bounds_deg(self.features.iter().flat_map(|feature| feature.shape.places()))
    }

    /// All its polygons as one layer of ground, for figures of the whole.
    #[must_use]
    pub fn as_ground(&self) -> Layer {
        Layer {
            name: self.record.name.clone(),
            version: self.record.version.clone(),
            datum: self.record.reference.datum(),
            polygons: self.polygons(),
            source: self.record.source.clone(),
        }
    }

    /// What is printed beside figures.
    #[must_use]
    pub fn layer_ref(&self) -> LayerRef {
        self.record.layer_ref()
    }
}

/// The versions that count on a day: of layers with the same kind and name the one that began last; of two that began
/// the same day, the one that stands later in the list (which is the order they were brought in).
#[must_use]
pub fn valid_on(layers: &[FeatureLayer], day: CivilDay) -> Vec<&FeatureLayer> {
    let mut chosen: BTreeMap<(LayerKind, &str), &FeatureLayer> = BTreeMap::new();
    for layer in layers.iter().filter(|layer| layer.record.validity.covers(day)) {
        let key = (layer.record.kind, layer.record.name.as_str());
        let later = |other: &FeatureLayer| layer.record.validity.from >= other.record.validity.from;
        if chosen.get(&key).is_none_or(|other| later(other)) {
            chosen.insert(key, layer);
        }
    }
    chosen.into_values().collect()
}

#[cfg(test)]
mod tests;
