//! What a flight lays on a vehicle for its own time: fence, rally points, and parameters that make them count, each with
//! what was there before. It is written down before anything changes, so that it can be put back after the landing, by
//! the next flight if need be.

use schedule::interlock::ListFact;
use schedule::mission::{Fence, RallyPoint};
use serde::{Deserialize, Serialize};

/// Something of a vehicle that a flight put its own in place of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange<T> {
    /// What was there; none where it could not be read.
    pub before: Option<T>,
    /// What the flight put there.
    pub ours: T,
}

/// A parameter that a flight set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterLaid {
    /// Its name.
    pub name: String,
    /// Its value before.
    pub before: f64,
    /// What it was set to.
    pub ours: f64,
}

/// All that a flight lays on a vehicle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Laid {
    /// The fence.
    pub fence: Option<Exchange<Fence>>,
    /// The rally points.
    pub rally: Option<Exchange<Vec<RallyPoint>>>,
    /// Parameters.
    pub parameters: Vec<ParameterLaid>,
}

impl Laid {
    /// Whether nothing was laid.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fence.is_none() && self.rally.is_none() && self.parameters.is_empty()
    }
}

/// Fence and rally points on board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The fence.
    pub fence: ListFact,
    /// The rally points.
    pub rally: ListFact,
}
