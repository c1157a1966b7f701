//! Labelled pictures as others keep them: YOLO label files with their lists and `data.yaml`, a manifest in CSV, and
//! COCO instances. Text in, values out; every refusal names the line or the entry.

mod coco;
mod csv;
mod data_yaml;
mod manifest;
mod yolo;

pub use coco::{CocoBox, CocoPicture, CocoSet, parse_coco};
pub use data_yaml::{DataYaml, parse_data_yaml};
pub use manifest::{ManifestRow, parse_manifest};
pub use yolo::{YoloBox, parse_class_names, parse_picture_list, parse_yolo_labels};

/// What is wrong in a file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct DatasetError {
    /// Line or entry, e.g. `line 3` or `annotation 17`.
    pub place: String,
    /// What is wrong, with the value found.
    pub problem: String,
}

impl DatasetError {
    fn at_line(line: usize, problem: impl Into<String>) -> Self {
        Self {
            place: format!("line {line}"),
            problem: problem.into(),
        }
    }

    fn of_entry(kind: &str, id: impl std::fmt::Display, problem: impl Into<String>) -> Self {
        Self {
            place: format!("{kind} {id}"),
            problem: problem.into(),
        }
    }
}
