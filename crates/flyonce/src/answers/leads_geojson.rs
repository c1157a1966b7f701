//! Leads as GeoJSON (RFC 7946, WGS-84): one point per lead, a null geometry where the place is unknown.

use anyhow::Result;
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde_json::{Map, Value, json};

use crate::answers::leads::LeadSummary;

/// The collection of `leads`.
///
/// # Errors
/// A place that is none on earth.
pub fn leads_geojson(leads: &[LeadSummary]) -> Result<Value> {
    let features = leads.iter().map(feature).collect::<Result<Vec<_>>>()?;
    let mut members = Map::new();
    members.insert("name".to_owned(), json!("FlyOnce leads"));
    members.insert("datum".to_owned(), json!("WGS-84"));
    Ok(FeatureCollection { features, members }.to_json()?)
}

fn feature(lead: &LeadSummary) -> Result<Feature> {
    let Value::Object(mut properties) = serde_json::to_value(lead)? else {
        anyhow::bail!("a lead is not written as an object");
    };
    // Flat properties: desktop GIS show no nested ones.
    let place = properties.remove("place");
    if let Some(ellipse) = place.as_ref().and_then(|place| place.get("ellipse")) {
        for (name, key) in [
            ("semi_major_m", "ellipse_semi_major_m"),
            ("semi_minor_m", "ellipse_semi_minor_m"),
            ("azimuth_deg", "ellipse_azimuth_deg"),
            ("confidence", "ellipse_confidence"),
        ] {
            properties.insert(key.to_owned(), ellipse[name].clone());
        }
    }
    properties.insert("place_known".to_owned(), json!(lead.place.is_some()));
    let geometry = lead
        .place
        .as_ref()
        .map(|place| Geometry::Point([place.longitude_deg, place.latitude_deg]));
    Ok(Feature {
        id: Some(lead.lead_id.clone()),
        geometry,
        properties,
    })
}
