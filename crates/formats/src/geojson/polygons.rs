//! Reads the areas of a GeoJSON file: Polygon, MultiPolygon, GeometryCollection, Feature, FeatureCollection.

use serde_json::{Map, Value};

use super::datum::{DeclaredDatum, member};
use super::error::GeoJsonError;

/// The areas of one GeoJSON file.
#[derive(Debug, Clone, PartialEq)]
pub struct PolygonFile {
    /// The top-level `name` member.
    pub name: Option<String>,
    /// `WGS-84`, `CGCS2000` or `GCJ-02` when the file says so (member `datum`, or `crs` of the 2008 form);
    /// `None` when it is silent, in which case RFC 7946 means WGS-84 but many Chinese files do not.
    pub declared_datum: Option<String>,
    /// All areas in file order; a MultiPolygon gives one entry per part. Never empty.
    pub polygons: Vec<FilePolygon>,
    /// What else is in the file and was left out, so that the caller can say so.
    pub ignored: Vec<IgnoredGeometry>,
}

/// One polygon as written: longitude first, degrees on the file's datum, heights dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct FilePolygon {
    /// Where it stands in the file, e.g. `features[3].geometry`.
    pub path: String,
    /// The feature's `properties.name`.
    pub name: Option<String>,
    /// Outer ring `[longitude_deg, latitude_deg]`, at least 3 positions, the closing repeat removed.
    pub exterior: Vec<[f64; 2]>,
    /// Inner rings in the same form.
    pub holes: Vec<Vec<[f64; 2]>>,
}

/// A geometry that is no area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredGeometry {
    /// Where it stands.
    pub path: String,
    /// Its type, or `null`.
    pub kind: String,
}

/// Reads every Polygon and MultiPolygon of a GeoJSON text.
///
/// Winding and duplicate vertices are left as they are (the survey crate repairs and reports them).
///
/// # Errors
/// [`GeoJsonError::Syntax`] with line and column when the text is not JSON; otherwise an error with the
/// path of the fault. Points, lines and empty geometries are no error: they are listed in `ignored`.
pub fn read_polygons(text: &str) -> Result<PolygonFile, GeoJsonError> {
    let text = text.trim_start_matches('\u{feff}');
    let root: Value = serde_json::from_str(text).map_err(|error| GeoJsonError::Syntax {
        line: error.line(),
        column: error.column(),
        reason: reason_without_place(&error),
    })?;
    let mut reader = Reader::default();
    let root = object(&root, "")?;
    reader.read_object(root, "", None)?;
    if reader.polygons.is_empty() {
        return Err(GeoJsonError::NoPolygon);
    }
    Ok(PolygonFile {
        name: root.get("name").and_then(Value::as_str).map(str::to_owned),
        declared_datum: reader.datum.0,
        polygons: reader.polygons,
        ignored: reader.ignored,
    })
}

#[derive(Default)]
struct Reader {
    datum: DeclaredDatum,
    polygons: Vec<FilePolygon>,
    ignored: Vec<IgnoredGeometry>,
}

impl Reader {
    /// Reads any GeoJSON object. Depth is bounded by the JSON reader, which refuses more than 128 levels.
    fn read_object(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        name: Option<&str>,
    ) -> Result<(), GeoJsonError> {
        self.datum.read(object, path)?;
        let kind_path = member(path, "type");
        let kind = object.get("type").unwrap_or(&Value::Null);
        match kind.as_str() {
            Some("FeatureCollection") => self.read_each(object, "features", path, name),
            Some("GeometryCollection") => self.read_each(object, "geometries", path, name),
            Some("Feature") => self.read_feature(object, path),
            Some("Polygon") => self.read_polygon(coordinates(object, path)?, path, name),
            Some("MultiPolygon") => {
                let (parts, parts_path) = coordinates(object, path)?;
                let parts = array(parts, &parts_path)?;
                parts.iter().enumerate().try_for_each(|(i, part)| {
                    self.read_polygon((part, format!("{parts_path}[{i}]")), path, name)
                })
            }
            Some(kind @ ("Point" | "MultiPoint" | "LineString" | "MultiLineString")) => {
                self.ignored.push(IgnoredGeometry {
                    path: path.to_owned(),
                    kind: kind.to_owned(),
                });
                Ok(())
            }
            Some(other) => Err(unexpected_text(kind_path, "a GeoJSON type", other)),
            None => Err(unexpected(&kind_path, "a GeoJSON type", kind)),
        }
    }

    fn read_each(
        &mut self,
        holder: &Map<String, Value>,
        list: &str,
        path: &str,
        name: Option<&str>,
    ) -> Result<(), GeoJsonError> {
        let list_path = member(path, list);
        let items = array(holder.get(list).unwrap_or(&Value::Null), &list_path)?;
        for (i, item) in items.iter().enumerate() {
            let item_path = format!("{list_path}[{i}]");
            self.read_object(object(item, &item_path)?, &item_path, name)?;
        }
        Ok(())
    }

    fn read_feature(&mut self, feature: &Map<String, Value>, path: &str) -> Result<(), GeoJsonError> {
        let geometry_path = member(path, "geometry");
        let name = feature
            .get("properties")
            .and_then(|properties| properties.get("name"));
        match feature.get("geometry") {
            None | Some(Value::Null) => {
                self.ignored.push(IgnoredGeometry {
                    path: geometry_path,
                    kind: "null".to_owned(),
                });
                Ok(())
            }
            Some(geometry) => self.read_object(
                object(geometry, &geometry_path)?,
                &geometry_path,
                name.and_then(Value::as_str),
            ),
        }
    }

    fn read_polygon(
        &mut self,
        (rings, rings_path): (&Value, String),
        path: &str,
        name: Option<&str>,
    ) -> Result<(), GeoJsonError> {
        let mut rings = array(rings, &rings_path)?
            .iter()
            .enumerate()
            .map(|(i, ring)| read_ring(ring, &format!("{rings_path}[{i}]")));
        let Some(exterior) = rings.next() else {
            self.ignored.push(IgnoredGeometry {
                path: path.to_owned(),
                kind: "empty Polygon".to_owned(),
            });
            return Ok(());
        };
        self.polygons.push(FilePolygon {
            path: path.to_owned(),
            name: name.map(str::to_owned),
            exterior: exterior?,
            holes: rings.collect::<Result<_, _>>()?,
        });
        Ok(())
    }
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

fn read_ring(ring: &Value, path: &str) -> Result<Vec<[f64; 2]>, GeoJsonError> {
    let mut positions = array(ring, path)?
        .iter()
        .enumerate()
        .map(|(i, position)| read_position(position, || format!("{path}[{i}]")))
        .collect::<Result<Vec<_>, _>>()?;
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
    let degrees = |value: &Value| {
        value
            .as_f64()
            .ok_or_else(|| unexpected(&path(), "degrees as a number", value))
    };
    let (longitude_deg, latitude_deg) = (degrees(longitude)?, degrees(latitude)?);
    if longitude_deg.abs() <= 180.0 && latitude_deg.abs() <= 90.0 {
        return Ok([longitude_deg, latitude_deg]);
    }
    let hint = if longitude_deg.abs() <= 90.0 && latitude_deg.abs() <= 180.0 {
        ": latitude and longitude look swapped"
    } else if longitude_deg.abs() > 360.0 || latitude_deg.abs() > 360.0 {
        ": these look like metres of a projected system, degrees are needed"
    } else {
        ""
    };
    Err(GeoJsonError::NoSuchPlace {
        path: path(),
        longitude_deg,
        latitude_deg,
        hint,
    })
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
