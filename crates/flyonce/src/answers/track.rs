//! Where a flight went, for maps and desktop GIS: GeoJSON (RFC 7946) and KML, with the plan and the photos.

use anyhow::{Context, Result, bail};
use formats::geojson::{Feature, FeatureCollection, Geometry};
use formats::kml::{HeightFrom, KmlDocument, KmlGeometry, KmlPlacemark, KmlPosition};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::flights::{FlightRow, ShotRow, TrackRow};
use survey::time::UtcMicros;

use crate::answers::flights::{PlanPoint, ShotAnswer, plan_points};
use crate::answers::place::rounded;

/// Points of one line on the map of all flights; a screen shows no more.
const POINTS_OF_AN_OVERVIEW: usize = 300;

/// A flight and everything that has a place.
#[derive(Debug, Clone)]
pub struct FlownTrack {
    /// The flight.
    pub flight: FlightRow,
    /// Where the vehicle was.
    pub track: Vec<TrackRow>,
    /// Its photos.
    pub shots: Vec<ShotRow>,
}

impl FlownTrack {
    /// The track as a line with times and heights, the plan as a line, the photos as points; `kind` tells them
    /// apart.
    ///
    /// # Errors
    /// A stored mission or place that cannot be read.
    pub fn geojson(&self) -> Result<Value> {
        let mut features = vec![self.track_feature()?];
        if let Some(geometry) = line(&self.plan()?) {
            features.push(feature(Some(geometry), json!({ "kind": "plan" }))?);
        }
        for shot in self.shots.iter().map(ShotAnswer::of) {
            let place = shot.longitude_deg.zip(shot.latitude_deg);
            let mut properties = serde_json::to_value(&shot)?;
            properties["kind"] = json!("shot");
            let geometry = place.map(|(longitude, latitude)| Geometry::Point([longitude, latitude]));
            features.push(feature(geometry, properties)?);
        }
        let members = Map::from_iter([
            ("name".to_owned(), json!(self.flight.sortie_id)),
            ("datum".to_owned(), json!("WGS-84")),
        ]);
        Ok(FeatureCollection { features, members }.to_json()?)
    }

    fn track_feature(&self) -> Result<Feature> {
        let times: Vec<String> = self.track.iter().map(|point| point.at.to_string()).collect();
        let heights = |of: fn(&TrackRow) -> f64| -> Vec<f64> {
            self.track.iter().map(|point| rounded(of(point), 2)).collect()
        };
        let places: Vec<[f64; 2]> = self.track.iter().map(place).collect();
        let mut properties = flight_properties(&self.flight);
        properties["kind"] = json!("track");
        properties["coordTimes"] = json!(times);
        properties["height_above_home_m"] = json!(heights(|point| point.height_above_home_m));
        properties["altitude_amsl_m"] = json!(heights(|point| point.altitude_amsl_m));
        feature(line(&places), properties)
    }

    fn plan(&self) -> Result<Vec<[f64; 2]>> {
        let place = |point: &PlanPoint| [point.longitude_deg, point.latitude_deg];
        Ok(plan_points(&self.flight)?.iter().map(place).collect())
    }

    /// The track with a time for every point, heights above the sea; the plan and the photos on the ground.
    ///
    /// # Errors
    /// A stored mission, place or time that cannot be read.
    pub fn kml(&self) -> Result<String> {
        let mut placemarks = Vec::new();
        if !self.track.is_empty() {
            let points = self.track.iter().map(track_point).collect::<Result<Vec<_>>>()?;
            let state = self.flight.state.to_string();
            placemarks.push(KmlPlacemark {
                data: vec![
                    ("mission".to_owned(), self.flight.mission_name.clone()),
                    ("state".to_owned(), state),
                ],
                height_from: HeightFrom::SeaLevel,
                ..on_the_ground(&self.flight.sortie_id, KmlGeometry::Track(points))
            });
        }
        let plan = self.plan()?;
        if plan.len() > 1 {
            let positions = plan.iter().map(|place| ground(*place)).collect();
            placemarks.push(on_the_ground("plan", KmlGeometry::LineString(positions)));
        }
        for shot in &self.shots {
            placemarks.extend(shot_placemark(shot)?);
        }
        let document = KmlDocument {
            name: format!("FlyOnce {}", self.flight.sortie_id),
            description: None,
            placemarks,
        };
        Ok(document.to_kml()?)
    }
}

/// The lines of several flights, thinned out for a map.
///
/// # Errors
/// A stored place that is none on earth.
pub fn tracks_geojson(tracks: &[(FlightRow, Vec<TrackRow>)]) -> Result<Value> {
    let mut features = Vec::new();
    for (flight, track) in tracks {
        let step = track.len().div_ceil(POINTS_OF_AN_OVERVIEW).max(1);
        let mut places: Vec<[f64; 2]> = track.iter().step_by(step).map(place).collect();
        // The last point is where the vehicle is.
        if let Some(last) = track.last().filter(|_| (track.len() - 1) % step != 0) {
            places.push(place(last));
        }
        if let Some(geometry) = line(&places) {
            let mut line = feature(Some(geometry), flight_properties(flight))?;
            line.id = Some(flight.sortie_id.clone());
            features.push(line);
        }
    }
    let members = Map::new();
    Ok(FeatureCollection { features, members }.to_json()?)
}

fn flight_properties(flight: &FlightRow) -> Value {
    json!({
        "sortie_id": flight.sortie_id,
        "dock_id": flight.dock_id,
        "mission": flight.mission_name,
        "state": flight.state.to_string(),
    })
}

fn place(point: &TrackRow) -> [f64; 2] {
    [point.longitude_deg, point.latitude_deg]
}

/// A line needs two points; of fewer there is none.
fn line(places: &[[f64; 2]]) -> Option<Geometry> {
    (places.len() > 1).then(|| Geometry::LineString(places.to_vec()))
}

fn feature(geometry: Option<Geometry>, properties: Value) -> Result<Feature> {
    let Value::Object(properties) = properties else {
        bail!("properties are not written as an object");
    };
    Ok(Feature {
        id: None,
        geometry,
        properties,
    })
}

fn track_point(point: &TrackRow) -> Result<(Timestamp, KmlPosition)> {
    let position = KmlPosition {
        longitude_deg: point.longitude_deg,
        latitude_deg: point.latitude_deg,
        height_m: point.altitude_amsl_m,
    };
    Ok((moment(point.at)?, position))
}

fn moment(at: UtcMicros) -> Result<Timestamp> {
    Timestamp::from_microsecond(at.0).with_context(|| format!("{} is no time", at.0))
}

fn ground([longitude_deg, latitude_deg]: [f64; 2]) -> KmlPosition {
    KmlPosition {
        longitude_deg,
        latitude_deg,
        height_m: 0.0,
    }
}

fn on_the_ground(name: &str, geometry: KmlGeometry) -> KmlPlacemark {
    KmlPlacemark {
        name: name.to_owned(),
        description: None,
        when: None,
        data: Vec::new(),
        height_from: HeightFrom::Ground,
        geometry,
    }
}

/// A photo with its state; none where nobody knows where it was to be taken.
fn shot_placemark(row: &ShotRow) -> Result<Option<KmlPlacemark>> {
    let shot = ShotAnswer::of(row);
    let Some((longitude, latitude)) = shot.longitude_deg.zip(shot.latitude_deg) else {
        return Ok(None);
    };
    let mut data = vec![("state".to_owned(), shot.state)];
    data.extend(shot.photo_id.map(|photo_id| ("photo_id".to_owned(), photo_id)));
    Ok(Some(KmlPlacemark {
        when: row.captured_at.map(moment).transpose()?,
        data,
        ..on_the_ground(
            &shot.index.to_string(),
            KmlGeometry::Point(ground([longitude, latitude])),
        )
    }))
}
