//! How good a model is on labelled pictures: reads a data set as others keep them, looks at it as the program looks
//! at photos but with every score, and hands boxes to the `evaluation` crate. Figures and a page come out.

pub mod dataset;
pub mod evaluate;
pub mod figures;
pub mod ground_scale;
pub mod report;
pub mod run;

mod coco_file;
mod files;
mod labelled;
mod yolo_folder;
