//! Things with a place and values, as the writers of FlatGeobuf and vector tiles take them.

use std::collections::BTreeMap;

/// A value of a feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Whole number.
    Whole(i64),
    /// Floating number.
    Number(f64),
    /// Yes or no.
    Truth(bool),
    /// Text.
    Text(String),
}

/// Where a feature is: `[longitude_deg, latitude_deg]` on WGS-84. Rings may wind either way and may or may not repeat
/// their first position.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One position.
    Point([f64; 2]),
    /// At least two positions.
    Line(Vec<[f64; 2]>),
    /// Polygons, each with its outer ring first and then its holes.
    Polygons(Vec<Vec<Vec<[f64; 2]>>>),
}

/// A place with its values by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Where it is.
    pub shape: Shape,
    /// Values.
    pub values: BTreeMap<String, Value>,
}

impl Shape {
    /// All its runs of positions: the point, the line, or every ring.
    pub fn runs(&self) -> Vec<&[[f64; 2]]> {
        match self {
            Self::Point(position) => vec![std::slice::from_ref(position)],
            Self::Line(line) => vec![line],
            Self::Polygons(polygons) => polygons.iter().flatten().map(Vec::as_slice).collect(),
        }
    }

    /// Whether it has what its kind needs: two positions in a line, three different ones in a ring, a ring in every
    /// polygon.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Point(_) => true,
            Self::Line(line) => line.len() >= 2,
            Self::Polygons(polygons) => {
                !polygons.is_empty()
                    && polygons.iter().all(|rings| !rings.is_empty())
                    && polygons.iter().flatten().all(|ring| open_ring(ring).len() >= 3)
            }
        }
    }

    /// The first position that is no longitude and latitude, if there is one.
    pub fn bad_position(&self) -> Option<[f64; 2]> {
        // Not-a-number fails the comparison.
        let is_place = |at: &[f64; 2]| at[0].abs() <= 180.0 && at[1].abs() <= 90.0;
        self.runs()
            .into_iter()
            .flatten()
            .copied()
            .find(|at| !is_place(at))
    }
}

/// A ring without its repeated last position.
pub fn open_ring<T: PartialEq>(ring: &[T]) -> &[T] {
    match ring {
        [first, .., last] if first == last => &ring[..ring.len() - 1],
        _ => ring,
    }
}
