//! From an exposure to a file in the spool: [`desk`] says which sortie a photo belongs to, [`queue`] keeps the order
//! of exposure, [`darkroom`] makes the pictures, [`fate`] says what goes wrong with them.

mod darkroom;
mod desk;
mod fate;
mod queue;

pub(crate) use darkroom::{Darkroom, DarkroomEnd, Parcel, Photographer, Picture};
pub(crate) use desk::Desk;
pub use fate::{PHOTO_FAULTS, PhotoFate, PhotoFaults};
pub(crate) use queue::{RenderQueue, Shot};
