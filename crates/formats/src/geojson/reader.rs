//! Reads the features of a GeoJSON file: every geometry of RFC 7946, with its properties.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, GB18030, UTF_8};
use serde_json::{Map, Value};

use super::datum::{DeclaredDatum, member};
use super::error::GeoJsonError;
use crate::features::{
    Declared, FeatureFile, FileArea, FileFeature, FileGeometry, Ignored, IgnoredKind, Note, Noticed,
};

/// Separates the objects of a GeoJSON text sequence (RFC 8142).
const RECORD_SEPARATOR: char = '\u{1e}';

/// Reads the bytes of a GeoJSON file: UTF-8 as the standard asks, UTF-16 with its mark, else GB18030, which is told.
///
/// # Errors
/// [`GeoJsonError::NoText`], and as [`read_features`].
pub fn read_bytes(bytes: &[u8]) -> Result<FeatureFile, GeoJsonError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        return read_features(&text.ok_or(GeoJsonError::NoText)?);
    }
    for encoding in [UTF_8, GB18030] {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        if let Some(text) = text {
            let mut file = read_features(&text)?;
            if encoding != UTF_8 {
                file.notes.push(Note::GuessedEncoding(encoding.name()));
            }
            return Ok(file);
        }
    }
    Err(GeoJsonError::NoText)
}

/// Reads every geometry of a GeoJSON text; of a text with one object a line (RFC 8142 too), those of every line.
/// Coordinates are not looked at: whether they are degrees is for whoever knows what they are in.
///
/// Winding and duplicate vertices are left as they are (the survey crate repairs and reports them).
///
/// # Errors
/// [`GeoJsonError::Syntax`] with line and column when the text is not JSON; otherwise an error with the
/// path of the fault. Empty geometries are no error: they are listed in `ignored`.
pub fn read_features(text: &str) -> Result<FeatureFile, GeoJsonError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::default();
    let mut name = None;
    match serde_json::from_str::<Value>(text) {
        Ok(root) => {
            let root = object(&root, "")?;
            reader.read_object(root, "", &BTreeMap::new())?;
            name = root.get("name").and_then(Value::as_str).map(str::to_owned);
        }
        Err(_) if is_line_delimited(text) => reader.read_lines(text)?,
        Err(error) => return Err(syntax(&error, error.line(), text)),
    }
    if reader.features.is_empty() {
        return Err(GeoJsonError::NoFeature);
    }
    let mut notes = reader.notes;
    notes.extend(reader.noticed.notes());
    Ok(FeatureFile {
        name,
        declared: reader.datum.0.map(Declared::Named),
        features: reader.features,
        ignored: reader.ignored,
        notes,
    })
}

/// Whether the first line that holds anything is an object of its own, with more behind it.
fn is_line_delimited(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !content(line).is_empty());
    let first = lines
        .next()
        .map(|line| serde_json::from_str::<Value>(content(line)));
    lines.next().is_some() && first.is_some_and(|first| first.is_ok_and(|first| first.is_object()))
}

fn content(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == RECORD_SEPARATOR)
}

fn syntax(error: &serde_json::Error, line: usize, text: &str) -> GeoJsonError {
    let near = text
        .lines()
        .nth(line.saturating_sub(1))
        .and_then(|line| line.as_bytes().get(error.column().saturating_sub(9)..))
        .map(|rest| String::from_utf8_lossy(&rest[..rest.len().min(18)]).into_owned())
        .unwrap_or_default();
    let reason = if error.is_eof() {
        "the text breaks off; was the file copied whole?".to_owned()
    } else if near.contains("NaN") || near.contains("Infinity") {
        "NaN and Infinity are no numbers in JSON; the position has to be corrected or left out".to_owned()
    } else {
        reason_without_place(error)
    };
    GeoJsonError::Syntax {
        line,
        column: error.column(),
        reason,
    }
}

type Properties = BTreeMap<String, String>;

#[derive(Default)]
struct Reader {
    datum: DeclaredDatum,
    features: Vec<FileFeature>,
    ignored: Vec<Ignored>,
    notes: Vec<Note>,
    noticed: Noticed,
}

impl Reader {
    fn read_lines(&mut self, text: &str) -> Result<(), GeoJsonError> {
        let mut objects = 0;
        for (index, line) in text.lines().enumerate() {
            let content = content(line);
            if content.is_empty() {
                continue;
            }
            let root: Value =
                serde_json::from_str(content).map_err(|error| syntax(&error, index + 1, text))?;
            let path = format!("line {}", index + 1);
            self.read_object(object(&root, &path)?, &path, &BTreeMap::new())?;
            objects += 1;
        }
        self.notes.push(Note::LineDelimited { objects });
        Ok(())
    }

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
                let geometry = geometry(kind, object, path, &mut self.noticed)?;
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
                kind: IgnoredKind::Empty(kind.to_owned()),
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
        let mut properties: Properties = match feature.get("properties") {
            Some(Value::Object(properties)) => properties.iter().filter_map(property).collect(),
            _ => Properties::new(),
        };
        let id = feature.get("id").and_then(|id| property((&"id".to_owned(), id)));
        if let Some((name, id)) = id {
            properties.entry(name).or_insert(id);
        }
        match feature.get("geometry") {
            None | Some(Value::Null) => {
                self.ignored.push(Ignored {
                    path: geometry_path,
                    kind: IgnoredKind::NoGeometry,
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
    noticed: &mut Noticed,
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
        "Point" => Some(FileGeometry::Points(vec![read_position(
            value,
            || path.clone(),
            noticed,
        )?])),
        "MultiPoint" => Some(FileGeometry::Points(positions(value, &path, noticed)?)),
        "LineString" => Some(FileGeometry::Lines(vec![line(value, &path, noticed)?])),
        "MultiLineString" => Some(FileGeometry::Lines(each(value, &path, |value, path| {
            line(value, path, noticed)
        })?)),
        "Polygon" => area(value, &path, noticed)?.map(|area| FileGeometry::Areas(vec![area])),
        _ => {
            let parts = each(value, &path, |value, path| area(value, path, noticed))?;
            let parts: Vec<FileArea> = parts.into_iter().flatten().collect();
            (!parts.is_empty()).then_some(FileGeometry::Areas(parts))
        }
    })
}

fn each<T>(
    value: &Value,
    path: &str,
    mut read: impl FnMut(&Value, &str) -> Result<T, GeoJsonError>,
) -> Result<Vec<T>, GeoJsonError> {
    let items = array(value, path)?.iter().enumerate();
    items
        .map(|(i, item)| read(item, &format!("{path}[{i}]")))
        .collect()
}

fn positions(value: &Value, path: &str, noticed: &mut Noticed) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let items = array(value, path)?.iter().enumerate();
    items
        .map(|(i, position)| read_position(position, || format!("{path}[{i}]"), noticed))
        .collect()
}

fn line(value: &Value, path: &str, noticed: &mut Noticed) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let positions = positions(value, path, noticed)?;
    if positions.len() < 2 {
        return Err(GeoJsonError::LineTooShort {
            path: path.to_owned(),
            found: positions.len(),
        });
    }
    Ok(positions)
}

/// `None` of a polygon without a ring.
fn area(value: &Value, path: &str, noticed: &mut Noticed) -> Result<Option<FileArea>, GeoJsonError> {
    let mut rings = each(value, path, |value, path| ring(value, path, noticed))?.into_iter();
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

fn ring(value: &Value, path: &str, noticed: &mut Noticed) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let mut positions = positions(value, path, noticed)?;
    let found = positions.len();
    noticed.open_ring(&mut positions, || path.to_owned());
    if positions.len() < 3 {
        return Err(GeoJsonError::RingTooShort {
            path: path.to_owned(),
            found,
        });
    }
    Ok(positions)
}

fn read_position(
    position: &Value,
    path: impl Fn() -> String,
    noticed: &mut Noticed,
) -> Result<[f64; 2], GeoJsonError> {
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
    if let Some(height_m) = position.get(2).and_then(Value::as_f64) {
        noticed.height(height_m);
    }
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
