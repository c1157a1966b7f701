//! What a vehicle is told to fly: the raw items, whether they can be flown, and where they take photos.

mod check;
mod duration;
mod fence;
mod fence_area;
mod item;
#[cfg(test)]
mod made;
mod remainder;
mod returns;
mod shots;
mod standing;

pub use check::{MissionProblem, MissionProblemCode, MissionRules, Severity, check};
pub use duration::estimated_duration_s;
pub use fence::{Fence, FenceArea, FenceShape, RallyPoint, check_fence};
pub use item::{MissionItem, same_on_wire};
pub use remainder::{NoRemainder, Remainder, remainder};
pub use returns::{check_rally, check_returns, takes_return};
pub use shots::{PlannedShot, planned_shots};
pub use standing::{Triggering, standing, triggering};
