//! Targets: places that people want to have looked at, with a class, a weight and a wished interval.

use serde::{Deserialize, Serialize};

use crate::area::Polygon;
use crate::geodesy::{Wgs84, geodesic_distance_m};
use crate::grid::{GridError, WorkingGrid};
use crate::layers::properties::{CLASS, INTERVAL_DAYS, PropertyError, REACH_M, WEIGHT};
use crate::layers::{FeatureLayer, LayerFeature, LayerKind, LayerRef, Shape};

/// Weight of a target that states none.
pub const DEFAULT_WEIGHT: f64 = 1.0;
/// Class of a target that states none.
pub const DEFAULT_CLASS: &str = "一般";

/// Widest reach that is believed, m.
const WIDEST_REACH_M: f64 = 5_000.0;

/// A place to be looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name, or kind and number where the file gives none.
    pub name: String,
    /// Code of the file, if any.
    pub code: Option<String>,
    /// Point, corridor, area or site.
    pub kind: LayerKind,
    /// Class, such as 重点 or 一般.
    pub class: String,
    /// How much a gap here counts against others; 1 is usual.
    pub weight: f64,
    /// Days between two looks that people wish for; `None` where nobody said.
    pub wished_interval_days: Option<f64>,
    /// Ground to each side of a line or around a point that has to be seen, m.
    pub reach_m: f64,
    /// Where it is. A corridor has lines, an area polygons, the others either.
    pub shape: Shape,
    /// The layer it stands in.
    pub layer: LayerRef,
}

/// The targets of a layer of one of the target kinds. Class, weight and `reach_m` that are not stated are
/// [`DEFAULT_CLASS`], [`DEFAULT_WEIGHT`] and 0 m; a site given as a point has to state its radius.
///
/// # Errors
/// [`PropertyError`]: a number that cannot be meant, a corridor without a line, a site without ground.
pub fn targets_of(layer: &FeatureLayer) -> Result<Vec<Target>, PropertyError> {
    let features = layer.features.iter().enumerate();
    features.map(|at| target(layer, at)).collect()
}

fn target(layer: &FeatureLayer, at: (usize, &LayerFeature)) -> Result<Target, PropertyError> {
    let kind = layer.record.kind;
    let (index, feature) = at;
    let reach_m = REACH_M.number(at, 0.0..=WIDEST_REACH_M)?.unwrap_or(0.0);
    check_shape(kind, at, reach_m)?;
    let numbered = || format!("{} {}", layer.record.name, index + 1);
    Ok(Target {
        name: feature.name.clone().unwrap_or_else(numbered),
        code: feature.code.clone(),
        kind,
        class: CLASS.of(feature).unwrap_or(DEFAULT_CLASS).to_owned(),
        weight: WEIGHT.number(at, 0.0..=1e6)?.unwrap_or(DEFAULT_WEIGHT),
        wished_interval_days: INTERVAL_DAYS.number(at, 0.01..=3660.0)?,
        reach_m,
        shape: feature.shape.clone(),
        layer: layer.layer_ref(),
    })
}

fn check_shape(kind: LayerKind, at: (usize, &LayerFeature), reach_m: f64) -> Result<(), PropertyError> {
    let problem = match (kind, &at.1.shape) {
        (LayerKind::TargetCorridor, Shape::Points(_)) => "a corridor needs a line or an area, not a point",
        (LayerKind::TargetPoint, Shape::Lines(_) | Shape::Areas(_)) => "a target point needs a point",
        (LayerKind::TargetArea, Shape::Points(_) | Shape::Lines(_)) => "a target area needs an area",
        (LayerKind::TargetSite, Shape::Points(_) | Shape::Lines(_)) if reach_m <= 0.0 => {
            "a site that is no area has to state its radius in metres"
        }
        _ => return Ok(()),
    };
    Err(REACH_M.error(at, problem))
}

impl Target {
    /// Length of its lines on the ellipsoid, m; 0 of a target without lines.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        let Shape::Lines(lines) = &self.shape else {
            return 0.0;
        };
        let of_line = |line: &Vec<Wgs84>| {
            line.windows(2)
                .map(|leg| geodesic_distance_m(leg[0], leg[1]))
                .sum::<f64>()
        };
        lines.iter().map(of_line).sum()
    }

    /// The ground that has to be seen: its areas, or lines and points made wider by [`Target::reach_m`]. Empty for a
    /// line or point without a reach, which are seen where the ground under them is.
    ///
    /// # Errors
    /// [`GridError`] when it reaches beyond the working area.
    pub fn ground(&self, grid: &WorkingGrid) -> Result<Vec<Polygon>, GridError> {
        if self.reach_m <= 0.0 {
            return Ok(self.shape.polygons().to_vec());
        }
        self.shape.grown(self.reach_m, grid)
    }

    /// Its lines cut into pieces of at most `step_m`, each with its middle and its length in m: the share of a
    /// corridor that was seen is the length of the pieces whose middles were.
    #[must_use]
    pub fn pieces(&self, step_m: f64) -> Vec<(Wgs84, f64)> {
        let Shape::Lines(lines) = &self.shape else {
            return Vec::new();
        };
        let legs = lines.iter().flat_map(|line| line.windows(2));
        legs.flat_map(|leg| pieces_of_leg(leg[0], leg[1], step_m))
            .collect()
    }
}

/// Interpolated in degrees, which differs from the geodesic by centimetres on legs of some kilometres.
fn pieces_of_leg(from: Wgs84, to: Wgs84, step_m: f64) -> Vec<(Wgs84, f64)> {
    let length_m = geodesic_distance_m(from, to);
    let count = (length_m / step_m.max(0.1)).ceil().max(1.0);
    let middle = |piece: f64| {
        let share = (piece + 0.5) / count;
        Wgs84 {
            latitude_deg: from.latitude_deg + (to.latitude_deg - from.latitude_deg) * share,
            longitude_deg: from.longitude_deg + (to.longitude_deg - from.longitude_deg) * share,
        }
    };
    (0..count as u32)
        .map(|piece| (middle(f64::from(piece)), length_m / count))
        .collect()
}

#[cfg(test)]
mod tests;
