//! Labelled pictures, whatever layout they came in.

use std::path::PathBuf;

use crate::lang::Words;

/// A data set, read and checked.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name of its folder or file.
    pub name: String,
    /// Its layout, in words.
    pub layout: Words,
    /// Class names, in its own order.
    pub classes: Vec<String>,
    /// Its pictures.
    pub samples: Vec<Sample>,
    /// What a reader of the figures should know.
    pub notes: Vec<Words>,
}

/// One labelled picture.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The picture file.
    pub file: PathBuf,
    /// Its path inside the data set.
    pub name: String,
    /// The set it belongs to: of the manifest, or the data set's name.
    pub set: String,
    /// Pictures of one scene, where known.
    pub group: Option<String>,
    /// Width and height, px.
    pub size_px: [u32; 2],
    /// Indices of the classes it was labelled for; `None`: all.
    pub labelled_classes: Option<Vec<usize>>,
    /// Ground per pixel where the data set says so, cm.
    pub cm_per_px: Option<f64>,
    /// Its boxes.
    pub labels: Vec<Label>,
}

/// One box.
#[derive(Debug, Clone)]
pub struct Label {
    /// Index of the class in the data set.
    pub class: usize,
    /// Left, top, width, height, px.
    pub xywh_px: [f64; 4],
    /// Area of the outline, or of the box, px².
    pub area_px2: f64,
    /// A region to be ignored.
    pub ignore: bool,
}
