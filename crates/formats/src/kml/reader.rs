//! Reads the placemarks of KML and KMZ: points, lines, polygons and collections of them, with names and data.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use encoding_rs::{Encoding, UTF_8};
use thiserror::Error;
use zip::ZipArchive;

use crate::features::{FeatureFile, FileArea, FileFeature, FileGeometry, Ignored};
use crate::xml::{Element, XmlLimits};

/// Deeper than folders in folders of people, and more than the placemarks of a city.
const LIMITS: XmlLimits = XmlLimits {
    deepest: 64,
    most_elements: 4_000_000,
};
/// Largest text that is unpacked; a zip bomb does not stay below it.
const LARGEST_TEXT_BYTES: u64 = 256 * 1024 * 1024;

/// What is wrong with a KML or KMZ file. Placemarks count from 1 in file order.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum KmlReadError {
    /// The zip around it cannot be used.
    #[error("zip: {0}")]
    Archive(String),
    /// The bytes are no text in the encoding they say.
    #[error("the text is not in {0}, as its first line says")]
    NoText(String),
    /// No XML.
    #[error("XML: {0}")]
    Xml(String),
    /// A placemark that breaks the format.
    #[error("{path}: {problem}")]
    BadPlacemark {
        /// Which, with its name.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Readable, but without any geometry.
    #[error("the file holds no placemark with a point, line or polygon")]
    NoFeature,
}

/// Reads a KMZ: the first `.kml` in the zip, as the standard asks.
///
/// # Errors
/// [`KmlReadError`].
pub fn read_kmz(bytes: &[u8]) -> Result<FeatureFile, KmlReadError> {
    let failed = |error: &dyn std::fmt::Display| KmlReadError::Archive(error.to_string());
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    let is_kml = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        name.ends_with(".kml") && !name.starts_with("__macosx")
    };
    let Some(index) = zip.file_names_raw().position(is_kml) else {
        return Err(KmlReadError::Archive("there is no .kml in it".to_owned()));
    };
    let file = zip.by_index(index).map_err(|error| failed(&error))?;
    let mut text = Vec::new();
    file.take(LARGEST_TEXT_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|error| failed(&error))?;
    if text.len() as u64 > LARGEST_TEXT_BYTES {
        return Err(KmlReadError::Archive(format!(
            "the .kml is larger than {LARGEST_TEXT_BYTES} bytes"
        )));
    }
    read_kml(&text)
}

/// Reads a KML text in the encoding that its XML declaration names, else UTF-8.
///
/// # Errors
/// [`KmlReadError`].
pub fn read_kml(bytes: &[u8]) -> Result<FeatureFile, KmlReadError> {
    let encoding = declared_encoding(bytes)?;
    let (text, _, broken) = encoding.decode(bytes);
    if broken {
        return Err(KmlReadError::NoText(encoding.name().to_owned()));
    }
    let root = Element::parse(&text, LIMITS).map_err(KmlReadError::Xml)?;
    let mut reader = Reader::default();
    reader.folder(&root)?;
    if reader.file.features.is_empty() {
        return Err(KmlReadError::NoFeature);
    }
    let document = root.at(&["kml", "Document"]);
    let name = document.and_then(|document| document.text_of("name"));
    Ok(FeatureFile {
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        ..reader.file
    })
}

fn declared_encoding(bytes: &[u8]) -> Result<&'static Encoding, KmlReadError> {
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
    let declaration = head.split("?>").next().unwrap_or_default();
    let after = declaration
        .split_once("encoding")
        .map(|(_, rest)| rest.trim_start_matches([' ', '=']));
    let label = after.and_then(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    });
    let Some(label) = label.filter(|_| declaration.contains("<?xml")) else {
        return Ok(UTF_8);
    };
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| KmlReadError::NoText(label.chars().take(40).collect()))
}

#[derive(Default)]
struct Reader {
    file: FeatureFile,
    placemarks: usize,
}

/// The geometries of one placemark by kind.
#[derive(Default)]
struct Found {
    points: Vec<[f64; 2]>,
    lines: Vec<Vec<[f64; 2]>>,
    areas: Vec<FileArea>,
    others: Vec<String>,
}

impl Reader {
    /// Depth is bounded by [`LIMITS`].
    fn folder(&mut self, element: &Element) -> Result<(), KmlReadError> {
        for child in &element.children {
            if child.name == "Placemark" {
                self.placemark(child)?;
            } else {
                self.folder(child)?;
            }
        }
        Ok(())
    }

    fn placemark(&mut self, placemark: &Element) -> Result<(), KmlReadError> {
        self.placemarks += 1;
        let properties = properties(placemark);
        let path = match properties.get("name") {
            Some(name) => format!("Placemark {} ({name})", self.placemarks),
            None => format!("Placemark {}", self.placemarks),
        };
        let mut found = Found::default();
        found
            .collect(placemark)
            .map_err(|problem| KmlReadError::BadPlacemark {
                path: path.clone(),
                problem,
            })?;
        let Found {
            points,
            lines,
            areas,
            others,
        } = found;
        let shapes = [
            (!points.is_empty()).then_some(FileGeometry::Points(points)),
            (!lines.is_empty()).then_some(FileGeometry::Lines(lines)),
            (!areas.is_empty()).then_some(FileGeometry::Areas(areas)),
        ];
        let shapes: Vec<FileGeometry> = shapes.into_iter().flatten().collect();
        let left_out = if shapes.is_empty() && others.is_empty() {
            vec!["nothing to see".to_owned()]
        } else {
            others
        };
        for kind in left_out {
            self.file.ignored.push(Ignored {
                path: path.clone(),
                kind,
            });
        }
        for geometry in shapes {
            self.file.features.push(FileFeature {
                path: path.clone(),
                geometry,
                properties: properties.clone(),
            });
        }
        Ok(())
    }
}

impl Found {
    fn collect(&mut self, holder: &Element) -> Result<(), String> {
        for child in &holder.children {
            match child.name.as_str() {
                "Point" => self.points.extend(positions(child, 1)?),
                "LineString" | "LinearRing" => self.lines.push(positions(child, 2)?),
                "Polygon" => self.areas.push(area(child)?),
                "MultiGeometry" => self.collect(child)?,
                "Track" | "MultiTrack" | "Model" => self.others.push(child.name.clone()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn area(polygon: &Element) -> Result<FileArea, String> {
    let ring = |boundary: &Element| -> Result<Vec<[f64; 2]>, String> {
        let ring = boundary
            .child("LinearRing")
            .ok_or("a boundary has no LinearRing")?;
        let mut positions = positions(ring, 3)?;
        if positions.first() == positions.last() {
            positions.pop();
        }
        Ok(positions)
    };
    let outer = polygon
        .child("outerBoundaryIs")
        .ok_or("a Polygon has no outerBoundaryIs")?;
    // Files with several rings in one innerBoundaryIs are common, though the standard has one.
    let mut holes = Vec::new();
    for boundary in polygon.all("innerBoundaryIs") {
        for ring in boundary.all("LinearRing") {
            let mut positions = positions(ring, 3)?;
            if positions.first() == positions.last() {
                positions.pop();
            }
            holes.push(positions);
        }
    }
    Ok(FileArea {
        exterior: ring(outer)?,
        holes,
    })
}

/// `longitude,latitude[,height]` tuples apart by white space; heights are dropped.
fn positions(element: &Element, fewest: usize) -> Result<Vec<[f64; 2]>, String> {
    let text = element.text_of("coordinates").unwrap_or_default();
    let mut positions = Vec::new();
    for tuple in text.split_whitespace() {
        let mut numbers = tuple
            .split(',')
            .map(|number| number.parse::<f64>().ok().filter(|number| number.is_finite()));
        let (Some(Some(longitude)), Some(Some(latitude))) = (numbers.next(), numbers.next()) else {
            let shown: String = tuple.chars().take(60).collect();
            return Err(format!(
                "position {} is {shown:?}; longitude,latitude is expected",
                positions.len() + 1
            ));
        };
        positions.push([longitude, latitude]);
    }
    if positions.len() < fewest {
        return Err(format!(
            "a {} has {} positions, it needs {fewest}",
            element.name,
            positions.len()
        ));
    }
    Ok(positions)
}

/// Name, description and `ExtendedData` of a placemark.
fn properties(placemark: &Element) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            properties.insert(name.to_owned(), value.to_owned());
        }
    };
    if let Some(data) = placemark.child("ExtendedData") {
        for item in data.all("Data") {
            let name = item.name_attribute.as_deref().unwrap_or_default();
            put(name, item.text_of("value").unwrap_or_default());
        }
        for item in data.all("SchemaData").flat_map(|schema| schema.all("SimpleData")) {
            put(
                item.name_attribute.as_deref().unwrap_or_default(),
                item.text.trim(),
            );
        }
    }
    for name in ["name", "description"] {
        put(name, placemark.text_of(name).unwrap_or_default());
    }
    properties
}
