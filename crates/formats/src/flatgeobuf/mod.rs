//! Writes FlatGeobuf 3: features with a spatial index in one file that programs read in parts, without reading all of
//! it. Layout after <https://github.com/flatgeobuf/flatgeobuf>: magic, header and features as FlatBuffers with their
//! length in front, between them a packed Hilbert R-tree.

mod index;
mod tables;

use thiserror::Error;

use crate::placed::{Feature, Shape};
use index::Bounds;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// 64-bit whole numbers.
    Whole,
    /// 64-bit floating numbers.
    Number,
    /// Yes or no.
    Truth,
    /// UTF-8 text.
    Text,
}

/// All features of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Name that programs show.
    pub name: String,
    /// What is to be said of the whole, e.g. parameters and versions.
    pub description: String,
    /// Columns in their order.
    pub columns: Vec<(String, ColumnKind)>,
    /// The features; a column that one has no value for is null.
    pub features: Vec<Feature>,
}

/// Why a layer cannot be written.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FlatGeobufError {
    /// A coordinate that is no place on earth.
    #[error("feature {feature} lies at {position:?}, which is no longitude and latitude")]
    NoSuchPlace {
        /// Number of the feature, from 0.
        feature: usize,
        /// What was given.
        position: [f64; 2],
    },
    /// A shape without enough positions.
    #[error("feature {feature} has too few positions: a line needs 2, a ring 3")]
    TooShort {
        /// Number of the feature, from 0.
        feature: usize,
    },
    /// A value under a name that no column has, or of another kind than its column's.
    #[error("feature {feature} has a value for {column:?} that the layer's columns do not allow")]
    NoSuchColumn {
        /// Number of the feature, from 0.
        feature: usize,
        /// Name of the column.
        column: String,
    },
}

/// Begins every file: `fgb`, version 3, `fgb`, patch 0.
const MAGIC: [u8; 8] = [0x66, 0x67, 0x62, 0x03, 0x66, 0x67, 0x62, 0x00];

/// The bytes of a file. Features are written in the order of their places along a Hilbert curve; GDAL and QGIS number
/// them by it.
///
/// # Errors
/// [`FlatGeobufError`].
pub fn write(layer: &Layer) -> Result<Vec<u8>, FlatGeobufError> {
    let bounds = layer
        .features
        .iter()
        .enumerate()
        .map(|(number, feature)| bounds_of(number, &feature.shape))
        .collect::<Result<Vec<Bounds>, _>>()?;
    let order = index::along_the_curve(&bounds);
    let kind = tables::kind_of_all(&layer.features);
    let mut features = Vec::new();
    let mut places = Vec::with_capacity(order.len());
    for number in order {
        places.push((bounds[number], features.len() as u64));
        features.extend(tables::feature((layer, kind), number)?);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(tables::header((layer, kind), Bounds::around(&bounds)));
    bytes.extend(index::tree(&places));
    bytes.extend(features);
    Ok(bytes)
}

fn bounds_of(feature: usize, shape: &Shape) -> Result<Bounds, FlatGeobufError> {
    let too_short = FlatGeobufError::TooShort { feature };
    if !shape.is_whole() {
        return Err(too_short);
    }
    if let Some(position) = shape.bad_position() {
        return Err(FlatGeobufError::NoSuchPlace { feature, position });
    }
    let positions: Vec<Bounds> = shape
        .runs()
        .into_iter()
        .flatten()
        .map(|at| Bounds::at(*at))
        .collect();
    Bounds::around(&positions).ok_or(too_short)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::placed::Value;

    fn point(at: [f64; 2]) -> Feature {
        Feature {
            shape: Shape::Point(at),
            values: BTreeMap::from([("name".to_owned(), Value::Text("川沙".to_owned()))]),
        }
    }

    fn layer(features: Vec<Feature>) -> Layer {
        Layer {
            name: "gaps".to_owned(),
            description: String::new(),
            columns: vec![("name".to_owned(), ColumnKind::Text)],
            features,
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let lost = write(&layer(vec![point([121.5, 31.2]), point([f64::NAN, 31.2])]));
        assert!(matches!(
            lost,
            Err(FlatGeobufError::NoSuchPlace { feature: 1, .. })
        ));
        let mut odd = point([121.5, 31.2]);
        odd.values.insert("age".to_owned(), Value::Whole(3));
        let said = write(&layer(vec![odd])).unwrap_err().to_string();
        assert!(said.contains("age"), "{said}");
        let flat = Feature {
            shape: Shape::Polygons(vec![vec![vec![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]]),
            values: BTreeMap::new(),
        };
        assert_eq!(
            write(&layer(vec![flat])),
            Err(FlatGeobufError::TooShort { feature: 0 })
        );
    }

    #[test]
    fn a_layer_without_features_is_a_header() {
        let bytes = write(&layer(Vec::new())).unwrap();
        let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap());
        assert_eq!(bytes.len(), 12 + length as usize);
    }
}
