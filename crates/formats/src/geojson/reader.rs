//! Reads the features of a GeoJSON file: every geometry of RFC 7946, with its properties.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::datum::{DeclaredDatum, member};
use super::error::GeoJsonError;
use crate::features::{Declared, FeatureFile, FileArea, FileFeature, FileGeometry, Ignored};

/// Reads every geometry of a GeoJSON text. Coordinates are not looked at: whether they are degrees is for whoever
/// knows what they are in.
///
/// Winding and duplicate vertices are left as they are (the survey crate repairs and reports them).
///
/// # Errors
/// [`GeoJsonError::Syntax`] with line and column when the text is not JSON; otherwise an error with the
/// path of the fault. Empty geometries are no error: they are listed in `ignored`.
pub fn read_features(text: &str) -> Result<FeatureFile, GeoJsonError> {
    let text = text.trim_start_matches('\u{feff}');
    let root: Value = serde_json::from_str(text).map_err(|error| GeoJsonError::Syntax {
        line: error.line(),
        column: error.column(),
        reason: reason_without_place(&error),
    })?;
    let mut reader = Reader::default();
    let root = object(&root, "")?;
    reader.read_object(root, "", &BTreeMap::new())?;
    if reader.features.is_empty() {
        return Err(GeoJsonError::NoFeature);
    }
    Ok(FeatureFile {
        name: root.get("name").and_then(Value::as_str).map(str::to_owned),
        declared: reader.datum.0.map(Declared::Named),
        features: reader.features,
        ignored: reader.ignored,
        notes: Vec::new(),
    })
}

type Properties = BTreeMap<String, String>;

#[derive(Default)]
struct Reader {
    datum: DeclaredDatum,
    features: Vec<FileFeature>,
    ignored: Vec<Ignored>,
}

impl Reader {
    /// Reads any GeoJSON object. Depth is bounded by the JSON reader, which refuses more than 128 levels.
    fn read_object(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        properties: &Properties,
    ) -> Result<(), GeoJsonError> {
        self.datum.read(object, path)?;
        let kind = object.get("type").unwrap_or(&Value::Null);
        match kind.as_str() {
            Some("FeatureCollection") => self.read_each(object, "features", path, properties),
            Some("GeometryCollection") => self.read_each(object, "geometries", path, properties),
            Some("Feature") => self.read_feature(object, path),
            Some(kind) => {
                let geometry = geometry(kind, object, path)?;
                self.keep(path, kind, geometry, properties);
                Ok(())
            }
            None => Err(unexpected(&member(path, "type"), "a GeoJSON type", kind)),
        }
    }

    fn keep(&mut self, path: &str, kind: &str, geometry: Option<FileGeometry>, properties: &Properties) {
        match geometry {
            Some(geometry) => self.features.push(FileFeature {
                path: path.to_owned(),
                geometry,
                properties: properties.clone(),
            }),
            None => self.ignored.push(Ignored {
                path: path.to_owned(),
                kind: format!("empty {kind}"),
            }),
        }
    }

    fn read_each(
        &mut self,
        holder: &Map<String, Value>,
        list: &str,
        path: &str,
        properties: &Properties,
    ) -> Result<(), GeoJsonError> {
        let list_path = member(path, list);
        let items = array(holder.get(list).unwrap_or(&Value::Null), &list_path)?;
        for (i, item) in items.iter().enumerate() {
            let item_path = format!("{list_path}[{i}]");
            self.read_object(object(item, &item_path)?, &item_path, properties)?;
        }
        Ok(())
    }

    fn read_feature(&mut self, feature: &Map<String, Value>, path: &str) -> Result<(), GeoJsonError> {
        let geometry_path = member(path, "geometry");
        let properties = match feature.get("properties") {
            Some(Value::Object(properties)) => properties.iter().filter_map(property).collect(),
            _ => Properties::new(),
        };
        match feature.get("geometry") {
            None | Some(Value::Null) => {
                self.ignored.push(Ignored {
                    path: geometry_path,
                    kind: "null".to_owned(),
                });
                Ok(())
            }
            Some(geometry) => {
                self.read_object(object(geometry, &geometry_path)?, &geometry_path, &properties)
            }
        }
    }
}

/// A property as text; `null` is no property.
fn property((name, value): (&String, &Value)) -> Option<(String, String)> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((name.clone(), text))
}

/// One geometry; `None` of an empty one.
fn geometry(
    kind: &str,
    object: &Map<String, Value>,
    path: &str,
) -> Result<Option<FileGeometry>, GeoJsonError> {
    if !matches!(
        kind,
        "Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon"
    ) {
        return Err(unexpected_text(member(path, "type"), "a GeoJSON type", kind));
    }
    let (value, path) = coordinates(object, path)?;
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    if is_empty {
        return Ok(None);
    }
    Ok(match kind {
        "Point" => Some(FileGeometry::Points(vec![read_position(value, || path.clone())?])),
        "MultiPoint" => Some(FileGeometry::Points(positions(value, &path)?)),
        "LineString" => Some(FileGeometry::Lines(vec![line(value, &path)?])),
        "MultiLineString" => Some(FileGeometry::Lines(each(value, &path, line)?)),
        "Polygon" => area(value, &path)?.map(|area| FileGeometry::Areas(vec![area])),
        _ => {
            let parts: Vec<FileArea> = each(value, &path, area)?.into_iter().flatten().collect();
            (!parts.is_empty()).then_some(FileGeometry::Areas(parts))
        }
    })
}

fn each<T>(
    value: &Value,
    path: &str,
    read: impl Fn(&Value, &str) -> Result<T, GeoJsonError>,
) -> Result<Vec<T>, GeoJsonError> {
    let items = array(value, path)?.iter().enumerate();
    items
        .map(|(i, item)| read(item, &format!("{path}[{i}]")))
        .collect()
}

fn positions(value: &Value, path: &str) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let items = array(value, path)?.iter().enumerate();
    items
        .map(|(i, position)| read_position(position, || format!("{path}[{i}]")))
        .collect()
}

fn line(value: &Value, path: &str) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let positions = positions(value, path)?;
    if positions.len() < 2 {
        return Err(GeoJsonError::LineTooShort {
            path: path.to_owned(),
            found: positions.len(),
        });
    }
    Ok(positions)
}

/// `None` of a polygon without a ring.
fn area(value: &Value, path: &str) -> Result<Option<FileArea>, GeoJsonError> {
    let mut rings = each(value, path, ring)?.into_iter();
    Ok(rings.next().map(|exterior| FileArea {
        exterior,
        holes: rings.collect(),
    }))
}

/// The JSON type of a value, in the words of an error message.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn ring(value: &Value, path: &str) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let mut positions = positions(value, path)?;
    if positions.len() < 4 {
        return Err(GeoJsonError::RingTooShort {
            path: path.to_owned(),
            found: positions.len(),
        });
    }
    if positions.first() != positions.last() {
        return Err(GeoJsonError::RingNotClosed {
            path: path.to_owned(),
        });
    }
    positions.pop();
    Ok(positions)
}

fn read_position(position: &Value, path: impl Fn() -> String) -> Result<[f64; 2], GeoJsonError> {
    let numbers = position.as_array().map(|list| (list.first(), list.get(1)));
    let Some((Some(longitude), Some(latitude))) = numbers else {
        return Err(unexpected(&path(), "a position [longitude, latitude]", position));
    };
    let number = |value: &Value| {
        value
            .as_f64()
            .filter(|number| number.is_finite())
            .ok_or_else(|| unexpected(&path(), "a coordinate as a number", value))
    };
    Ok([number(longitude)?, number(latitude)?])
}

fn coordinates<'a>(
    geometry: &'a Map<String, Value>,
    path: &str,
) -> Result<(&'a Value, String), GeoJsonError> {
    let path = member(path, "coordinates");
    match geometry.get("coordinates") {
        Some(coordinates) => Ok((coordinates, path)),
        None => Err(unexpected(&path, "a list", &Value::Null)),
    }
}

fn array<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], GeoJsonError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| unexpected(path, "a list", value))
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, GeoJsonError> {
    value
        .as_object()
        .ok_or_else(|| unexpected(path, "an object", value))
}

fn unexpected(path: &str, expected: &'static str, found: &Value) -> GeoJsonError {
    unexpected_text(path.to_owned(), expected, kind_of(found))
}

fn unexpected_text(path: String, expected: &'static str, found: &str) -> GeoJsonError {
    let path = if path.is_empty() {
        "top level".to_owned()
    } else {
        path
    };
    GeoJsonError::Unexpected {
        path,
        expected,
        found: found.chars().take(80).collect(),
    }
}

/// serde_json appends " at line 3 column 7", which the error carries in fields of its own.
fn reason_without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
