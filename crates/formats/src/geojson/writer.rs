//! Writes GeoJSON as RFC 7946 asks: longitude first, right-hand rule, closed rings, 7 decimals (1 cm), bbox.

use serde_json::{Map, Value, json};

use super::error::GeoJsonError;

/// Features to be written as one file or HTTP answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeatureCollection {
    /// The features in the order to be written.
    pub features: Vec<Feature>,
    /// Foreign members of the collection, e.g. `datum` or `name`. They never replace `type`, `bbox`
    /// and `features`.
    pub members: Map<String, Value>,
}

/// One thing with a place, or without one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feature {
    /// Identifier, written as text.
    pub id: Option<String>,
    /// Where it is; `None` is written as a null geometry: the place is not known.
    pub geometry: Option<Geometry>,
    /// Its properties.
    pub properties: Map<String, Value>,
}

/// Geometries that FlyOnce writes. Positions are `[longitude_deg, latitude_deg]` on WGS-84; rings may
/// wind either way and may or may not repeat their first position.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// One position.
    Point([f64; 2]),
    /// A line of at least 2 positions.
    LineString(Vec<[f64; 2]>),
    /// Rings: the outer one first, then the holes.
    Polygon(Vec<Vec<[f64; 2]>>),
    /// Several polygons.
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

impl FeatureCollection {
    /// The collection as a JSON value.
    ///
    /// # Errors
    /// A position that is no place on earth (NaN included), a ring of fewer than 3 different positions or
    /// a line of fewer than 2, with the path in the collection.
    pub fn to_json(&self) -> Result<Value, GeoJsonError> {
        let mut bounds = Bounds::default();
        let features = self
            .features
            .iter()
            .enumerate()
            .map(|(i, feature)| feature_json(feature, &format!("features[{i}]"), &mut bounds))
            .collect::<Result<Vec<_>, _>>()?;
        let mut collection = self.members.clone();
        collection.insert("type".to_owned(), json!("FeatureCollection"));
        collection.remove("bbox");
        if let Some(bbox) = bounds.0 {
            collection.insert("bbox".to_owned(), json!(bbox));
        }
        collection.insert("features".to_owned(), Value::Array(features));
        Ok(Value::Object(collection))
    }
}

/// West, south, east, north of everything written so far.
#[derive(Default)]
struct Bounds(Option<[f64; 4]>);

impl Bounds {
    fn enclose(&mut self, [longitude, latitude]: [f64; 2]) {
        let [west, south, east, north] = self.0.unwrap_or([longitude, latitude, longitude, latitude]);
        self.0 = Some([
            west.min(longitude),
            south.min(latitude),
            east.max(longitude),
            north.max(latitude),
        ]);
    }
}

fn feature_json(feature: &Feature, path: &str, bounds: &mut Bounds) -> Result<Value, GeoJsonError> {
    let path = format!("{path}.geometry.coordinates");
    let geometry = match &feature.geometry {
        Some(geometry) => geometry_json(geometry, &path, bounds)?,
        None => Value::Null,
    };
    let mut json = json!({ "type": "Feature", "geometry": geometry, "properties": feature.properties });
    if let Some(id) = &feature.id {
        json["id"] = json!(id);
    }
    Ok(json)
}

fn geometry_json(geometry: &Geometry, path: &str, bounds: &mut Bounds) -> Result<Value, GeoJsonError> {
    let (kind, coordinates) = match geometry {
        Geometry::Point(point) => ("Point", json!(position(*point, path, bounds)?)),
        Geometry::LineString(line) => ("LineString", json!(line_positions(line, path, bounds)?)),
        Geometry::Polygon(rings) => ("Polygon", json!(polygon_rings(rings, path, bounds)?)),
        Geometry::MultiPolygon(polygons) => {
            let parts = polygons
                .iter()
                .enumerate()
                .map(|(i, rings)| polygon_rings(rings, &format!("{path}[{i}]"), bounds))
                .collect::<Result<Vec<_>, _>>()?;
            ("MultiPolygon", json!(parts))
        }
    };
    Ok(json!({ "type": kind, "coordinates": coordinates }))
}

fn line_positions(line: &[[f64; 2]], path: &str, bounds: &mut Bounds) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    if line.len() < 2 {
        return Err(GeoJsonError::Unexpected {
            path: path.to_owned(),
            expected: "a line of at least 2 positions",
            found: line.len().to_string(),
        });
    }
    line.iter()
        .enumerate()
        .map(|(i, &at)| position(at, &format!("{path}[{i}]"), bounds))
        .collect()
}

fn polygon_rings(
    rings: &[Vec<[f64; 2]>],
    path: &str,
    bounds: &mut Bounds,
) -> Result<Vec<Vec<[f64; 2]>>, GeoJsonError> {
    rings
        .iter()
        .enumerate()
        .map(|(i, ring)| closed_ring(ring, i == 0, &format!("{path}[{i}]"), bounds))
        .collect()
}

/// Rounds, closes and turns a ring: outer rings counter-clockwise, holes clockwise (RFC 7946 section 3.1.6).
fn closed_ring(
    ring: &[[f64; 2]],
    counter_clockwise: bool,
    path: &str,
    bounds: &mut Bounds,
) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let mut positions = ring
        .iter()
        .enumerate()
        .map(|(i, &at)| position(at, &format!("{path}[{i}]"), bounds))
        .collect::<Result<Vec<_>, _>>()?;
    positions.dedup();
    if positions.len() > 1 && positions.first() == positions.last() {
        positions.pop();
    }
    if positions.len() < 3 {
        return Err(GeoJsonError::RingTooShort {
            path: path.to_owned(),
            found: positions.len(),
        });
    }
    if (doubled_area(&positions) > 0.0) != counter_clockwise {
        positions.reverse();
    }
    positions.push(positions[0]);
    Ok(positions)
}

/// Twice the signed area of an open ring in square degrees, positive when counter-clockwise (shoelace formula).
/// Coordinates are taken relative to the first position, so that small rings keep their sign.
fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    let [x0, y0] = ring[0];
    ring.iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|(a, b)| (a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0))
        .sum()
}

fn position(
    [longitude_deg, latitude_deg]: [f64; 2],
    path: &str,
    bounds: &mut Bounds,
) -> Result<[f64; 2], GeoJsonError> {
    // NaN fails the comparison and is refused like any other impossible place.
    if !(longitude_deg.abs() <= 180.0 && latitude_deg.abs() <= 90.0) {
        return Err(GeoJsonError::NoSuchPlace {
            path: path.to_owned(),
            longitude_deg,
            latitude_deg,
            hint: "",
        });
    }
    let rounded = [seven_decimals(longitude_deg), seven_decimals(latitude_deg)];
    bounds.enclose(rounded);
    Ok(rounded)
}

fn seven_decimals(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
