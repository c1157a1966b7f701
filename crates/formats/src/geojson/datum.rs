//! Which datum a GeoJSON file says it is on: the foreign member `datum`, or the `crs` member of GeoJSON 2008.

use serde_json::{Map, Value};

use super::error::GeoJsonError;

/// Collects the declarations of one file and refuses contradictions.
#[derive(Default)]
pub(super) struct DeclaredDatum(pub(super) Option<String>);

impl DeclaredDatum {
    /// Looks at one object's `datum` and `crs` members.
    pub(super) fn read(&mut self, object: &Map<String, Value>, path: &str) -> Result<(), GeoJsonError> {
        if let Some(value) = object.get("datum") {
            self.declare(text(value, &member(path, "datum"))?, member(path, "datum"))?;
        }
        match object.get("crs") {
            None | Some(Value::Null) => Ok(()),
            Some(crs) => {
                let path = member(path, "crs");
                self.declare(crs_name(crs, &path)?, path)
            }
        }
    }

    fn declare(&mut self, name: &str, path: String) -> Result<(), GeoJsonError> {
        let Some(datum) = canonical(name) else {
            return Err(GeoJsonError::UnknownDatum {
                path,
                name: name.chars().take(80).collect(),
            });
        };
        match &self.0 {
            Some(first) if *first != datum => Err(GeoJsonError::DatumsDisagree {
                path,
                first: first.clone(),
                second: datum,
            }),
            _ => {
                self.0 = Some(datum);
                Ok(())
            }
        }
    }
}

/// Joins a path and a member name; the root has the empty path.
pub(super) fn member(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// `crs` has the form {"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}.
fn crs_name<'a>(crs: &'a Value, path: &str) -> Result<&'a str, GeoJsonError> {
    let name = crs
        .get("properties")
        .and_then(|properties| properties.get("name"));
    text(name.unwrap_or(crs), &format!("{path}.properties.name"))
}

fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, GeoJsonError> {
    value.as_str().ok_or_else(|| GeoJsonError::Unexpected {
        path: path.to_owned(),
        expected: "the name of a datum as text",
        found: super::reader::kind_of(value).to_owned(),
    })
}

/// The datums by all the names that files give them, other systems by their EPSG code. EPSG:4326 in GeoJSON is
/// longitude first, as every writer of the 2008 form does it.
fn canonical(name: &str) -> Option<String> {
    let folded: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let code = folded.strip_prefix("URNOGCDEFCRS").unwrap_or(&folded);
    let known = match code {
        "WGS84" | "EPSG4326" | "CRS84" | "OGC13CRS84" | "OGCCRS84" => "WGS-84",
        "CGCS2000" | "EPSG4490" => "CGCS2000",
        "GCJ02" => "GCJ-02",
        _ => {
            let number: u32 = code.strip_prefix("EPSG")?.parse().ok()?;
            return Some(format!("EPSG:{number}"));
        }
    };
    Some(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn every_usual_name_is_known() {
        for (name, datum) in [
            ("WGS-84", "WGS-84"),
            ("wgs84", "WGS-84"),
            ("EPSG:4326", "WGS-84"),
            ("urn:ogc:def:crs:EPSG::4326", "WGS-84"),
            ("OGC:CRS84", "WGS-84"),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", "WGS-84"),
            ("EPSG:4490", "CGCS2000"),
            ("urn:ogc:def:crs:EPSG::4490", "CGCS2000"),
            ("GCJ-02", "GCJ-02"),
            ("urn:ogc:def:crs:EPSG::4549", "EPSG:4549"),
        ] {
            assert_eq!(canonical(name).as_deref(), Some(datum), "{name}");
        }
        for name in ["", "EPSG:", "BD-09", "Beijing 1954", "上海平面坐标系"] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }
}
