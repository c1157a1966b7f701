//! Layers measured and held against each other: true areas, features that overlap, what one version gains and loses
//! against another.

use geo::{BooleanOps, BoundingRect, Intersects, MultiPolygon, Rect};
use serde::{Deserialize, Serialize};

use super::FeatureLayer;
use crate::area::{Polygon, planar};
use crate::grid::{GridError, WorkingGrid};

/// Overlaps below this are the rounding of coordinates along a shared border, m².
const SLIVER_M2: f64 = 1.0;

/// Two features of a layer that share ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Features, counted from 1.
    pub features: [usize; 2],
    /// Their names, or empty.
    pub names: [String; 2],
    /// Ground in both, m².
    pub area_m2: f64,
}

/// What ground a second layer has more and less than a first.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Only in the second.
    pub gained: Vec<Polygon>,
    /// Only in the first.
    pub lost: Vec<Polygon>,
    /// The figures.
    pub areas: DifferenceAreas,
}

/// Areas of a difference, m².
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DifferenceAreas {
    /// Ground of the first.
    pub first_m2: f64,
    /// Ground of the second.
    pub second_m2: f64,
    /// Only in the second.
    pub gained_m2: f64,
    /// Only in the first.
    pub lost_m2: f64,
}

impl FeatureLayer {
    /// True area of its ground, m²; what several features share counts once.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn area_m2(&self, grid: &WorkingGrid) -> Result<f64, GridError> {
        area_m2(&self.polygons(), grid)
    }

    /// Pairs of features that share more ground than rounding explains, in order.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn overlaps(&self, grid: &WorkingGrid) -> Result<Vec<Overlap>, GridError> {
        let mut grounds: Vec<(usize, MultiPolygon, Rect)> = Vec::new();
        for (index, feature) in self.features.iter().enumerate() {
            let ground = planar::union_on_grid(feature.shape.polygons(), grid)?;
            if let Some(bounds) = ground.bounding_rect() {
                grounds.push((index, ground, bounds));
            }
        }
        // Sweep from west to east: only features whose spans meet are compared.
        grounds.sort_by(|a, b| a.2.min().x.total_cmp(&b.2.min().x));
        let name = |index: usize| {
            let feature = self.features.get(index);
            feature
                .and_then(|feature| feature.name.clone())
                .unwrap_or_default()
        };
        let mut found = Vec::new();
        for (at, (first, ground, bounds)) in grounds.iter().enumerate() {
            let near = grounds[at + 1..]
                .iter()
                .take_while(|(_, _, other)| other.min().x <= bounds.max().x)
                .filter(|(_, _, other)| other.intersects(bounds));
            for (second, other, _) in near {
                let shared = ground.intersection(other);
                let area_m2 = planar::true_area_of_union_m2(&shared, grid.radius_m());
                if area_m2 > SLIVER_M2 {
                    let [a, b] = [*first.min(second), *first.max(second)];
                    found.push(Overlap {
                        features: [a + 1, b + 1],
                        names: [name(a), name(b)],
                        area_m2,
                    });
                }
            }
        }
        found.sort_by_key(|overlap| overlap.features);
        Ok(found)
    }
}

/// True area of the ground that any of the polygons covers, m².
///
/// # Errors
/// [`GridError`] when a polygon reaches beyond the working area.
pub fn area_m2(polygons: &[Polygon], grid: &WorkingGrid) -> Result<f64, GridError> {
    let ground = planar::union_on_grid(polygons, grid)?;
    Ok(planar::true_area_of_union_m2(&ground, grid.radius_m()))
}

/// Ground that both sets of polygons cover.
///
/// # Errors
/// [`GridError`] when a polygon reaches beyond the working area.
pub fn shared_ground(
    first: &[Polygon],
    second: &[Polygon],
    grid: &WorkingGrid,
) -> Result<Vec<Polygon>, GridError> {
    let (first, second) = (
        planar::union_on_grid(first, grid)?,
        planar::union_on_grid(second, grid)?,
    );
    planar::polygons_from_grid(&first.intersection(&second), grid)
}

/// Holds two sets of polygons against each other.
///
/// # Errors
/// [`GridError`] when a polygon reaches beyond the working area.
pub fn difference(
    first: &[Polygon],
    second: &[Polygon],
    grid: &WorkingGrid,
) -> Result<Difference, GridError> {
    let (first, second) = (
        planar::union_on_grid(first, grid)?,
        planar::union_on_grid(second, grid)?,
    );
    let (gained, lost) = (second.difference(&first), first.difference(&second));
    let area = |ground: &MultiPolygon| planar::true_area_of_union_m2(ground, grid.radius_m());
    Ok(Difference {
        areas: DifferenceAreas {
            first_m2: area(&first),
            second_m2: area(&second),
            gained_m2: area(&gained),
            lost_m2: area(&lost),
        },
        gained: planar::polygons_from_grid(&gained, grid)?,
        lost: planar::polygons_from_grid(&lost, grid)?,
    })
}
