//! Airspace: what may be flown, how high, and what is kept clear of.
//!
//! | part | question it answers |
//! |---|---|
//! | [`FlyableArea`] | where may be flown: (free by law ∪ approved) ∩ free of obstacles, and which of these is not known |
//! | [`NoFlyZone`] | what is not flown over, its margin included |
//! | [`HeightZone`] | how high may be flown at a place, above the ground or above sea level |
//! | [`Runway`], [`Annex14`], [`SteppedCaps`], [`ClearZone`] | the surfaces round an airport, from its runways |

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::area::Polygon;
use crate::geodesy::{AltitudeAglM, OrthometricHeightM, Wgs84};
use crate::grid::GridError;
use crate::layers::properties::PropertyError;
use crate::layers::{LayerKind, LayerRef};
use crate::time::UtcMicros;

mod airport;
mod caps;
mod fan;
mod flyable;
mod heights;
mod no_fly;
mod runways;

pub use airport::{Annex14, Surface, SurfaceHeight};
pub use caps::{ClearZone, SteppedCaps};
pub use fan::Fan;
pub use flyable::flyable;
pub use heights::{Ceiling, GreatestHeight, HeightMap, height_zones};
pub use no_fly::no_fly_zones;
pub use runways::{runway_hull, runways_of};

/// Why a layer cannot be used as airspace.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AirspaceError {
    /// A property is missing or cannot be meant.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// A place outside the working area.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Where may be flown on a day, and what this rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlyableArea {
    /// The ground, parts that do not overlap.
    pub polygons: Vec<Polygon>,
    /// Every layer and version it was made of.
    pub rests_on: Vec<LayerRef>,
    /// Parts for which there is no layer, so that they could not be taken into account: said with every figure.
    pub missing: Vec<LayerKind>,
    /// True area, m².
    pub area_m2: f64,
}

/// Ground that is not flown over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoFlyZone {
    /// The object's name, or empty.
    pub name: String,
    /// The ground, margin included.
    pub polygons: Vec<Polygon>,
    /// The margin that was added, m.
    pub margin_m: f64,
    /// When it holds: `None` while its layer is valid.
    pub closed: Option<ClosedTime>,
    /// The layer it stands in.
    pub layer: LayerRef,
}

/// A time during which ground is closed; an open end has not been stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedTime {
    /// First instant.
    pub from: Option<UtcMicros>,
    /// First instant at which it is open again.
    pub until: Option<UtcMicros>,
}

/// A greatest height and what it counts from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeightLimit {
    /// No flight at all.
    Closed,
    /// Above the ground straight below.
    AboveGround(AltitudeAglM),
    /// Above sea level.
    AboveSea(OrthometricHeightM),
}

/// Ground above which a height is not to be passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeightZone {
    /// Its name, such as `ZSPD 16L approach, first section`.
    pub name: String,
    /// The ground.
    pub polygons: Vec<Polygon>,
    /// The limit everywhere on it, the lowest of a sloped surface's step.
    pub limit: HeightLimit,
    /// The layer it stands in.
    pub layer: LayerRef,
}

/// A runway by its two ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runway {
    /// Code of the airport, such as `ZSPD`.
    pub airport: String,
    /// Both directions, such as `16L/34R`.
    pub name: String,
    /// The middle of each end, in the order of the name.
    pub ends: [Wgs84; 2],
}

#[cfg(test)]
mod tests;
