//! ONNX: an image and tile rectangles go in, detections in pixels come out.
//!
//! Synchronous and without any knowledge of the ground. The way through the crate:
//! [`runtime`] finds and loads the ONNX Runtime library, [`card`] reads what a model is and promises,
//! [`decode`] turns JPEG bytes into pixels, [`detector`] holds one model in one thread and looks at tiles,
//! and the merge step makes one box of every object that several tiles saw. [`features`] holds a model that gives
//! feature maps, [`change`] compares two dates by them, and [`register`] lays two pictures of one ground over each
//! other. [`quality`] says beforehand whether a photo is worth looking at; [`inspect`] says what a file is that somebody
//! brings along.
//!
//! Memory of one worker, measured: the decoded photo (3 bytes a pixel: 36 MB at 12 MP, 324 MB at 108 MP; a
//! progressive JPEG takes as much again while it is decoded), one tile in 8 bits and in `f32` (15 bytes a model
//! pixel: 6 MB at 640²) and the session (at 640², for a detector of 3 M parameters: about 70 MB in int8, 130 MB in
//! fp32). Every tile is padded to the same size, so a session never grows after its first run, and nothing else grows
//! with the photo. `flyonce model check` prints the session's share for any model.

pub mod card;
pub mod change;
pub mod decode;
pub mod detector;
pub mod features;
pub mod inspect;
pub mod quality;
pub mod register;
pub mod runtime;
pub mod tile;

mod contract;
mod merge;
mod prepare;
mod session;

pub use card::{Card, CardError};
pub use contract::Mismatch;
pub use decode::{DecodeError, decode_jpeg};
pub use detector::{DetectError, DetectOutput, DetectTimings, Detection, Detector};
pub use features::{FeatureError, FeatureExtractor, FeatureMap};
pub use merge::intersection_over_union;
pub use quality::{Quality, QualityFault, QualityLimits};
pub use runtime::{Runtime, RuntimeError, SearchPlaces, default_cache_folder};
pub use session::ModelError;
pub use tile::{ScaledTile, TileRect};
