//! Sites as GeoJSON: places, the ground that each reaches, and the demand that nobody reaches.

use anyhow::Result;
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde_json::{Map, Value, json};
use survey::cells::CellSet;
use survey::gaps::{outline_of, parts};

use crate::answers::place::rounded;
use crate::siting::Sited;
use crate::siting::answer::SiteAnswer;

/// Outlines lie no farther from the edges of their cells than this, in cells.
const TOLERANCE_CELLS: f64 = 1.0;

/// All of it on WGS-84; `kind` tells sites, reach and uncovered ground apart.
///
/// # Errors
/// A place that is none on earth.
pub fn geojson(sited: &Sited) -> Result<Value> {
    let answer = &sited.answer;
    let mut features = Vec::new();
    for (number, site) in answer.sites.iter().enumerate() {
        features.push(site_feature(site, "site", number + 1)?);
    }
    let next = answer.next_sites().iter().enumerate();
    for (number, site) in next {
        features.push(site_feature(site, "next_site", answer.sites.len() + number + 1)?);
    }
    for (site, reached) in answer.sites.iter().zip(&sited.reached) {
        features.push(ground_feature(
            "reach",
            reached,
            json!(site.id),
            site.reaches_km2,
        )?);
    }
    let uncovered_km2 = rounded(sited.uncovered.area_m2() / 1e6, 3);
    features.push(ground_feature(
        "uncovered",
        &sited.uncovered,
        Value::Null,
        uncovered_km2,
    )?);
    let mut members = Map::new();
    members.insert("datum".to_owned(), json!("WGS-84"));
    let mut summary = serde_json::to_value(answer)?;
    if let Value::Object(summary) = &mut summary {
        summary.remove("sites");
    }
    members.insert("siting".to_owned(), summary);
    Ok(FeatureCollection { features, members }.to_json()?)
}

fn site_feature(site: &SiteAnswer, kind: &str, number: usize) -> Result<Feature> {
    let mut properties = Map::from_iter([
        ("kind".to_owned(), json!(kind)),
        ("number".to_owned(), json!(number)),
    ]);
    if let Value::Object(of_site) = serde_json::to_value(site)? {
        properties.extend(of_site);
    }
    Ok(Feature {
        id: Some(format!("{kind}-{}", site.id)),
        geometry: Some(Geometry::Point([site.longitude_deg, site.latitude_deg])),
        properties,
    })
}

fn ground_feature(kind: &str, cells: &CellSet, site: Value, area_km2: f64) -> Result<Feature> {
    let mut polygons = Vec::new();
    for part in parts(cells) {
        let mut rings = Vec::new();
        for ring in outline_of(&part, TOLERANCE_CELLS, cells.lattice()) {
            let positions = ring.iter().map(|point| {
                let place = cells.grid().wgs84_from_grid(*point)?;
                Ok([rounded(place.longitude_deg, 7), rounded(place.latitude_deg, 7)])
            });
            rings.push(positions.collect::<Result<Vec<_>>>()?);
        }
        polygons.push(rings);
    }
    let properties = Map::from_iter([
        ("kind".to_owned(), json!(kind)),
        ("site".to_owned(), site),
        ("area_km2".to_owned(), json!(area_km2)),
    ]);
    Ok(Feature {
        id: None,
        geometry: (!polygons.is_empty()).then_some(Geometry::MultiPolygon(polygons)),
        properties,
    })
}
