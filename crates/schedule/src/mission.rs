//! What a vehicle is told to fly: the raw items, whether they can be flown, and where they take photos.

mod item;

pub use item::{MissionItem, same_on_wire};
