//! Two layers held against each other: what the second gains and loses, in km² and percent and by town.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde::Serialize;
use serde_json::{Map, Value, json};
use survey::area::Polygon;
use survey::geodesy::Wgs84;
use survey::grid::WorkingGrid;
use survey::layers::{Difference, FeatureLayer, LayerRef, area_m2, difference, shared_ground};

use crate::answers::place::rounded;
use crate::layers::NamedArea;

/// What changed from one layer to another.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The earlier one.
    pub first: LayerRef,
    /// The later one.
    pub second: LayerRef,
    /// Area of the first, km².
    pub first_km2: f64,
    /// Area of the second, km².
    pub second_km2: f64,
    /// Ground only in the second, km².
    pub gained_km2: f64,
    /// Ground only in the first, km².
    pub lost_km2: f64,
    /// Gained ground in percent of the first.
    pub gained_percent: f64,
    /// Lost ground in percent of the first.
    pub lost_percent: f64,
    /// By town, those with a change; empty where no town layer is there.
    pub towns: Vec<TownChange>,
    /// The town layers used.
    pub town_layers: Vec<LayerRef>,
    /// What changed feature by feature.
    pub features: FeatureChanges,
}

/// Features that are new, gone or different, by name or else by code.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FeatureChanges {
    /// Only in the second.
    pub added: Vec<String>,
    /// Only in the first.
    pub removed: Vec<String>,
    /// In both, with another shape or other properties.
    pub changed: Vec<String>,
    /// Features without name and code that are only in the second.
    pub unnamed_added: usize,
    /// Features without name and code that are only in the first.
    pub unnamed_removed: usize,
}

impl FeatureChanges {
    fn between(first: &FeatureLayer, second: &FeatureLayer) -> Result<Self> {
        let (before, after) = (by_name(first)?, by_name(second)?);
        let mut changes = Self::default();
        for (name, features) in &after {
            match before.get(name) {
                None if name.is_empty() => changes.unnamed_added = features.len(),
                None => changes.added.push(name.clone()),
                Some(others) if name.is_empty() => {
                    changes.unnamed_added = features.difference(others).count();
                    changes.unnamed_removed = others.difference(features).count();
                }
                Some(others) if others != features => changes.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        for (name, features) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            if name.is_empty() {
                changes.unnamed_removed = features.len();
            } else {
                changes.removed.push(name.clone());
            }
        }
        Ok(changes)
    }
}

/// The features of each name (else code, else the empty name) as texts that are equal where they are.
fn by_name(layer: &FeatureLayer) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for feature in &layer.features {
        let name = feature.name.clone().or_else(|| feature.code.clone());
        let text = serde_json::to_string(feature)?;
        found.entry(name.unwrap_or_default()).or_default().insert(text);
    }
    Ok(found)
}

/// What changed in a town.
#[derive(Debug, Clone, Serialize)]
pub struct TownChange {
    /// Its name.
    pub town: String,
    /// Ground only in the second, km².
    pub gained_km2: f64,
    /// Ground only in the first, km².
    pub lost_km2: f64,
}

/// Compares the ground and the features of two layers.
///
/// # Errors
/// A layer beyond the working area.
pub fn compare(
    first: &FeatureLayer,
    second: &FeatureLayer,
    towns: &[NamedArea],
    grid: &WorkingGrid,
) -> Result<(Comparison, Difference)> {
    let (before, after) = (first.polygons(), second.polygons());
    let found = difference(&before, &after, grid)?;
    let mut changes = Vec::new();
    for town in towns {
        let share = |part: &[Polygon]| -> Result<f64> {
            Ok(km2(area_m2(&shared_ground(part, &town.polygons, grid)?, grid)?))
        };
        let change = TownChange {
            town: town.name.clone(),
            gained_km2: share(&found.gained)?,
            lost_km2: share(&found.lost)?,
        };
        if change.gained_km2 > 0.0 || change.lost_km2 > 0.0 {
            changes.push(change);
        }
    }
    let mut town_layers: Vec<LayerRef> = towns.iter().map(|town| town.layer.clone()).collect();
    town_layers.dedup();
    let areas = found.areas;
    let percent = |part_m2: f64| {
        if areas.first_m2 > 0.0 {
            rounded(100.0 * part_m2 / areas.first_m2, 4)
        } else {
            0.0
        }
    };
    let comparison = Comparison {
        first: first.layer_ref(),
        second: second.layer_ref(),
        first_km2: km2(areas.first_m2),
        second_km2: km2(areas.second_m2),
        gained_km2: km2(areas.gained_m2),
        lost_km2: km2(areas.lost_m2),
        gained_percent: percent(areas.gained_m2),
        lost_percent: percent(areas.lost_m2),
        towns: changes,
        town_layers,
        features: FeatureChanges::between(first, second)?,
    };
    Ok((comparison, found))
}

/// Square kilometres to the square metre; slivers of rounding below it are no ground.
fn km2(area_m2: f64) -> f64 {
    rounded(area_m2.max(0.0) / 1e6, 6)
}

/// The difference as GeoJSON: one feature of gained ground, one of lost ground.
///
/// # Errors
/// Ground that cannot be written.
pub fn geojson(comparison: &Comparison, found: &Difference) -> Result<Value> {
    let part = |change: &str, polygons: &[Polygon], km2: f64| {
        let properties = json!({ "change": change, "area_km2": km2 });
        Feature {
            id: None,
            geometry: Some(Geometry::MultiPolygon(polygons.iter().map(rings).collect())),
            properties: properties.as_object().cloned().unwrap_or_default(),
        }
    };
    let parts = [
        ("gained", &found.gained, comparison.gained_km2),
        ("lost", &found.lost, comparison.lost_km2),
    ];
    let features = parts
        .into_iter()
        .filter(|(_, polygons, _)| !polygons.is_empty())
        .map(|(change, polygons, km2)| part(change, polygons, km2))
        .collect();
    let members = Map::from_iter([
        ("datum".to_owned(), json!("WGS-84")),
        ("first".to_owned(), json!(comparison.first)),
        ("second".to_owned(), json!(comparison.second)),
    ]);
    Ok(FeatureCollection { features, members }.to_json()?)
}

/// Rings of a polygon as GeoJSON has them.
pub fn rings(polygon: &Polygon) -> Vec<Vec<[f64; 2]>> {
    let ring = |points: &Vec<Wgs84>| points.iter().map(place).collect();
    std::iter::once(&polygon.exterior)
        .chain(&polygon.holes)
        .map(ring)
        .collect()
}

/// A place as GeoJSON has it.
pub fn place(at: &Wgs84) -> [f64; 2] {
    [at.longitude_deg, at.latitude_deg]
}
