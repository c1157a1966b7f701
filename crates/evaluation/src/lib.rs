//! How good a detector is, by the rules of the COCO benchmark.
//!
//! Boxes that are there and boxes that were found go in ([`picture`]), figures come out: [`coco`] has average
//! precision and recall, equal to those of pycocotools on the same boxes; [`curve`] has precision and recall at a
//! score, the best score and the calibration; [`confusion`] says what was taken for what. Pure: no pictures, no
//! models, no files.

pub mod coco;
pub mod confusion;
pub mod curve;
pub mod picture;

mod matching;
