//! What changed between two pictures of one place: laid on each other, compared by what a network sees in
//! them, and drawn as polygons.
//!
//! The way through: [`mod@register`] finds how the second picture lies on the first, [`resample`] lays it there,
//! [`compare`] scores every cell of four pixels, [`regions`] draws the outlines, [`measure`] tells how good a
//! result is where the truth is known. Everything is in pixels; what a pixel is on the ground is the caller's.

pub mod affine;
pub mod compare;
pub mod measure;
pub mod plane;
pub mod regions;
pub mod register;
pub mod resample;

mod gradients;

pub use affine::Affine;
pub use compare::{ChangeMap, ChangeSettings, CueWeights, DateMaps, compare_dates};
pub use plane::Plane;
pub use regions::{Change, ChangeKind, changes_of};
pub use register::{RegisterError, RegisterOptions, Registration, register};
pub use resample::{Lattice, through_affine, through_lattice};
