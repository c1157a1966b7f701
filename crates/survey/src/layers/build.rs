//! From the raw features of a file to a layer: places in WGS-84, areas repaired, and everything that was changed told
//! with the feature it was in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::properties::{CODE, NAME};
use super::{FeatureLayer, LayerFeature, LayerKind, LayerRecord, Shape};
use crate::area::{AreaError, RawPolygon, Repair, repaired};
use crate::geodesy::Wgs84;
use crate::reference::{Converter, ReferenceError};

/// A shape as a file has it: `[x, y]` in the file's own coordinates.
#[derive(Debug, Clone, PartialEq)]
pub enum RawShape {
    /// Points.
    Points(Vec<[f64; 2]>),
    /// Lines.
    Lines(Vec<Vec<[f64; 2]>>),
    /// Areas.
    Areas(Vec<RawPolygon>),
}

/// A feature as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawFeature {
    /// Where it stands in the file, for messages.
    pub path: String,
    /// Where it is.
    pub shape: RawShape,
    /// What the file says of it.
    pub properties: BTreeMap<String, String>,
}

/// A repair and the feature it was made in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureRepair {
    /// Where the feature stands in the file.
    pub path: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What was changed; polygons count within the feature.
    pub repair: Repair,
}

/// Why features cannot be a layer.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BuildError {
    /// There is no feature.
    #[error("the layer has no feature")]
    Empty,
    /// An area that cannot be repaired.
    #[error("{path}: {problem}")]
    Area {
        /// Which feature.
        path: String,
        /// What is wrong, with polygon, ring and vertex.
        problem: AreaError,
    },
    /// A place that is none.
    #[error("{path}, position {position}: {problem}")]
    Place {
        /// Which feature.
        path: String,
        /// From 1, through all its points or lines.
        position: usize,
        /// What is wrong.
        problem: ReferenceError,
    },
    /// A line whose points are all the same.
    #[error("{path}: line {line} has no length")]
    NoLength {
        /// Which feature.
        path: String,
        /// From 1.
        line: usize,
    },
    /// A shape that the kind of layer has no use for.
    #[error("{path}: a layer of kind {kind} needs areas, this is {found}")]
    WrongShape {
        /// Which feature.
        path: String,
        /// The kind of layer.
        kind: LayerKind,
        /// What it is.
        found: &'static str,
    },
    /// A town without a name.
    #[error(
        "{path}: a town needs a name, as its property name, 名称 or XZQMC; its properties are {properties}"
    )]
    NoName {
        /// Which feature.
        path: String,
        /// Names of what properties it has.
        properties: String,
    },
}

impl FeatureLayer {
    /// Builds a layer of raw features.
    ///
    /// # Errors
    /// The first [`BuildError`] found.
    pub fn build(
        record: LayerRecord,
        converter: &Converter,
        raw: Vec<RawFeature>,
    ) -> Result<(Self, Vec<FeatureRepair>), BuildError> {
        if raw.is_empty() {
            return Err(BuildError::Empty);
        }
        let mut repairs = Vec::new();
        let mut features = Vec::with_capacity(raw.len());
        for feature in raw {
            features.push(feature.read(record.kind, converter, &mut repairs)?);
        }
        Ok((Self { record, features }, repairs))
    }
}

impl RawFeature {
    fn read(
        self,
        kind: LayerKind,
        converter: &Converter,
        repairs: &mut Vec<FeatureRepair>,
    ) -> Result<LayerFeature, BuildError> {
        let Self {
            path,
            shape,
            properties,
        } = self;
        let (shape, found) = shape.read(&path, converter)?;
        let mut feature = LayerFeature {
            name: None,
            code: None,
            shape,
            properties,
        };
        feature.name = NAME.of(&feature).map(str::to_owned);
        feature.code = CODE.of(&feature).map(str::to_owned);
        let no_area = match &feature.shape {
            Shape::Areas(_) => None,
            Shape::Points(_) => Some("a point"),
            Shape::Lines(_) => Some("a line"),
        };
        if let Some(found) = no_area.filter(|_| kind.needs_areas()) {
            return Err(BuildError::WrongShape { path, kind, found });
        }
        if kind == LayerKind::Town && feature.name.is_none() {
            let names: Vec<&str> = feature.properties.keys().map(String::as_str).collect();
            return Err(BuildError::NoName {
                path,
                properties: names.join(", "),
            });
        }
        repairs.extend(found.into_iter().map(|repair| FeatureRepair {
            path: path.clone(),
            name: feature.name.clone(),
            repair,
        }));
        Ok(feature)
    }
}

impl RawShape {
    fn read(self, path: &str, converter: &Converter) -> Result<(Shape, Vec<Repair>), BuildError> {
        match self {
            Self::Points(points) => Ok((Shape::Points(places(&points, 0, path, converter)?), Vec::new())),
            Self::Lines(lines) => {
                let mut read = Vec::with_capacity(lines.len());
                let mut before = 0;
                for (index, line) in lines.iter().enumerate() {
                    let mut places = places(line, before, path, converter)?;
                    before += line.len();
                    places.dedup();
                    if places.len() < 2 {
                        return Err(BuildError::NoLength {
                            path: path.to_owned(),
                            line: index + 1,
                        });
                    }
                    read.push(places);
                }
                Ok((Shape::Lines(read), Vec::new()))
            }
            Self::Areas(polygons) => {
                let area = |problem| BuildError::Area {
                    path: path.to_owned(),
                    problem,
                };
                let (polygons, repairs) = repaired(&polygons, converter).map_err(area)?;
                Ok((Shape::Areas(polygons), repairs))
            }
        }
    }
}

fn places(
    raw: &[[f64; 2]],
    before: usize,
    path: &str,
    converter: &Converter,
) -> Result<Vec<Wgs84>, BuildError> {
    let place = |(index, at): (usize, &[f64; 2])| {
        converter.wgs84(*at).map_err(|problem| BuildError::Place {
            path: path.to_owned(),
            position: before + index + 1,
            problem,
        })
    };
    raw.iter().enumerate().map(place).collect()
}
