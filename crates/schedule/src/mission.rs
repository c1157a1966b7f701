//! What a vehicle is told to fly: the raw items, whether they can be flown, and where they take photos.

mod check;
mod duration;
mod fence;
mod item;
mod shots;

pub use check::{MissionProblem, MissionProblemCode, MissionRules, Severity, check};
pub use duration::estimated_duration_s;
pub use fence::{Fence, FenceArea, FenceShape, RallyPoint, check_fence};
pub use item::{MissionItem, same_on_wire};
pub use shots::{PlannedShot, planned_shots};
