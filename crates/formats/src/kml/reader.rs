//! Reads the placemarks of KML and KMZ: points, lines, polygons and collections of them, with names and data.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use encoding_rs::{Encoding, GB18030, UTF_8};
use thiserror::Error;
use zip::ZipArchive;

use crate::features::{
    FeatureFile, FileArea, FileFeature, FileGeometry, Ignored, IgnoredKind, Note, Noticed,
};
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

/// Reads a KMZ: every `.kml` in the zip, the one that the standard calls the main file (the first) before the others.
/// Viewers show the others where the main file links to them; what people zip together they mean together.
///
/// # Errors
/// [`KmlReadError`]; the archive as a whole is bounded, not only each file.
pub fn read_kmz(bytes: &[u8]) -> Result<FeatureFile, KmlReadError> {
    let failed = |error: &dyn std::fmt::Display| KmlReadError::Archive(error.to_string());
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    let names: Vec<(usize, String)> = zip
        .file_names_raw()
        .enumerate()
        .map(|(index, name)| (index, file_name(name)))
        .filter(|(_, name)| {
            let name = name.to_ascii_lowercase();
            name.ends_with(".kml") && !name.starts_with("__macosx")
        })
        .collect();
    let mut reader = Reader::default();
    let mut name = None;
    let mut left_bytes = LARGEST_TEXT_BYTES;
    for (index, path) in &names {
        let file = zip.by_index(*index).map_err(|error| failed(&error))?;
        let mut text = Vec::new();
        file.take(left_bytes + 1)
            .read_to_end(&mut text)
            .map_err(|error| failed(&error))?;
        let Some(left) = left_bytes.checked_sub(text.len() as u64) else {
            return Err(KmlReadError::Archive(format!(
                "the .kml is larger than {LARGEST_TEXT_BYTES} bytes"
            )));
        };
        left_bytes = left;
        reader.inside = (names.len() > 1).then(|| path.clone());
        let own_name = reader.read(&text)?;
        name = name.or(own_name);
    }
    if names.is_empty() {
        return Err(KmlReadError::Archive("there is no .kml in it".to_owned()));
    }
    if names.len() > 1 {
        let names = names.into_iter().map(|(_, name)| name).collect();
        reader.file.notes.push(Note::SeveralFiles(names));
    }
    reader.finished(name)
}

/// Names in archives made on a Chinese Windows are in GBK.
fn file_name(raw: &[u8]) -> String {
    let (text, broken) = UTF_8.decode_without_bom_handling(raw);
    if broken {
        GB18030.decode_without_bom_handling(raw).0.into_owned()
    } else {
        text.into_owned()
    }
}

/// Reads a KML text in the encoding that its XML declaration names, else UTF-8.
///
/// # Errors
/// [`KmlReadError`].
pub fn read_kml(bytes: &[u8]) -> Result<FeatureFile, KmlReadError> {
    let mut reader = Reader::default();
    let name = reader.read(bytes)?;
    reader.finished(name)
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
    /// Names of the folders that are open, from the outside.
    folders: Vec<String>,
    /// Which file of an archive with several is being read.
    inside: Option<String>,
    noticed: Noticed,
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
    /// Reads one text; gives the name of its document.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<String>, KmlReadError> {
        let encoding = declared_encoding(bytes)?;
        let (text, _, broken) = encoding.decode(bytes);
        if broken {
            return Err(KmlReadError::NoText(encoding.name().to_owned()));
        }
        let root = Element::parse(&text, LIMITS).map_err(KmlReadError::Xml)?;
        self.placemarks = 0;
        self.folder(&root)?;
        let document = root.at(&["kml", "Document"]);
        let name = document.and_then(|document| document.text_of("name"));
        Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
    }

    fn finished(mut self, name: Option<String>) -> Result<FeatureFile, KmlReadError> {
        if self.file.features.is_empty() {
            return Err(KmlReadError::NoFeature);
        }
        self.file.notes.extend(self.noticed.notes());
        Ok(FeatureFile { name, ..self.file })
    }

    /// Depth is bounded by [`LIMITS`].
    fn folder(&mut self, element: &Element) -> Result<(), KmlReadError> {
        for child in &element.children {
            match child.name.as_str() {
                "Placemark" => self.placemark(child)?,
                "Folder" => {
                    let name = child.text_of("name").filter(|name| !name.is_empty());
                    self.folders.extend(name.map(str::to_owned));
                    self.folder(child)?;
                    self.folders
                        .truncate(self.folders.len() - usize::from(name.is_some()));
                }
                "NetworkLink" | "GroundOverlay" | "PhotoOverlay" | "ScreenOverlay" | "Tour" => {
                    let name = child.text_of("name").unwrap_or_default();
                    self.file.ignored.push(Ignored {
                        path: self.path(&format!("{} {name}", child.name)),
                        kind: IgnoredKind::NoMapFeature(child.name.clone()),
                    });
                }
                _ => self.folder(child)?,
            }
        }
        Ok(())
    }

    fn path(&self, thing: &str) -> String {
        match &self.inside {
            Some(file) => format!("{file}, {}", thing.trim_end()),
            None => thing.trim_end().to_owned(),
        }
    }

    fn placemark(&mut self, placemark: &Element) -> Result<(), KmlReadError> {
        self.placemarks += 1;
        let mut properties = properties(placemark);
        if !self.folders.is_empty() {
            let folders = self.folders.join("/");
            properties.entry("folder".to_owned()).or_insert(folders);
        }
        let path = self.path(&match properties.get("name") {
            Some(name) => format!("Placemark {} ({name})", self.placemarks),
            None => format!("Placemark {}", self.placemarks),
        });
        let mut found = Found::default();
        found
            .collect(placemark, &path, &mut self.noticed)
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
            vec![IgnoredKind::NoGeometry]
        } else {
            others.into_iter().map(IgnoredKind::NoMapFeature).collect()
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
    fn collect(&mut self, holder: &Element, path: &str, noticed: &mut Noticed) -> Result<(), String> {
        for child in &holder.children {
            match child.name.as_str() {
                "Point" => self.points.extend(positions(child, 1, noticed)?),
                "LineString" | "LinearRing" => self.lines.push(positions(child, 2, noticed)?),
                "Polygon" => self.areas.push(area(child, path, noticed)?),
                "MultiGeometry" => self.collect(child, path, noticed)?,
                "Track" | "MultiTrack" | "Model" => self.others.push(child.name.clone()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn area(polygon: &Element, path: &str, noticed: &mut Noticed) -> Result<FileArea, String> {
    let mut ring = |ring: &Element| -> Result<Vec<[f64; 2]>, String> {
        let mut positions = positions(ring, 3, noticed)?;
        noticed.open_ring(&mut positions, || path.to_owned());
        Ok(positions)
    };
    let outer = polygon
        .child("outerBoundaryIs")
        .ok_or("a Polygon has no outerBoundaryIs")?;
    let exterior = ring(outer.child("LinearRing").ok_or("a boundary has no LinearRing")?)?;
    // Files with several rings in one innerBoundaryIs are common, though the standard has one.
    let mut holes = Vec::new();
    for boundary in polygon.all("innerBoundaryIs") {
        for hole in boundary.all("LinearRing") {
            holes.push(ring(hole)?);
        }
    }
    Ok(FileArea { exterior, holes })
}

/// `longitude,latitude[,height]` tuples apart by white space; spaces behind commas, which the standard forbids and
/// people write, are let pass.
fn positions(element: &Element, fewest: usize, noticed: &mut Noticed) -> Result<Vec<[f64; 2]>, String> {
    let text = element.text_of("coordinates").unwrap_or_default();
    let mut positions = Vec::new();
    let mut held = String::new();
    for part in text.split_whitespace() {
        let goes_on = part.ends_with(',') || part == ",";
        let joined;
        let tuple = if held.is_empty() && !goes_on && !part.starts_with(',') {
            part
        } else {
            held.push_str(part);
            // A tuple of three numbers may end with a comma before the next one.
            if goes_on && held.matches(',').count() < 3 {
                continue;
            }
            joined = std::mem::take(&mut held);
            joined.trim_end_matches(',')
        };
        positions.push(position(tuple, positions.len() + 1, noticed)?);
    }
    if !held.is_empty() {
        positions.push(position(
            held.trim_end_matches(','),
            positions.len() + 1,
            noticed,
        )?);
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

fn position(tuple: &str, number: usize, noticed: &mut Noticed) -> Result<[f64; 2], String> {
    let mut numbers = tuple
        .split(',')
        .map(|number| number.parse::<f64>().ok().filter(|number| number.is_finite()));
    // More than three numbers are several tuples that a misplaced comma holds together.
    let too_many = tuple.split(',').count() > 3;
    let (Some(Some(longitude)), Some(Some(latitude)), false) = (numbers.next(), numbers.next(), too_many)
    else {
        let shown: String = tuple.chars().take(60).collect();
        return Err(format!(
            "position {number} is {shown:?}; longitude,latitude is expected"
        ));
    };
    if let Some(Some(height_m)) = numbers.next() {
        noticed.height(height_m);
    }
    Ok([longitude, latitude])
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
    for (element, names) in [("TimeSpan", &["begin", "end"][..]), ("TimeStamp", &["when"][..])] {
        if let Some(time) = placemark.child(element) {
            names
                .iter()
                .for_each(|name| put(name, time.text_of(name).unwrap_or_default()));
        }
    }
    properties
}
