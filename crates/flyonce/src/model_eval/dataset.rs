//! Finds out how a data set is laid out and reads it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use crate::lang::Words;
use crate::model_eval::coco_file::read_coco_file;
use crate::model_eval::files::extension;
use crate::model_eval::yolo_folder::{read_data_yaml, read_plain_folder};

pub use crate::model_eval::labelled::{Dataset, Sample};

/// Names under which COCO instances lie in a folder; `SPLIT` stands for the split.
const COCO_NAMES: &[&str] = &[
    "instances.json",
    "instances_SPLIT.json",
    "annotations/instances_SPLIT.json",
    "annotations/instances_SPLIT2017.json",
    "SPLIT/_annotations.coco.json",
    "_annotations.coco.json",
];

/// Which pictures of a data set.
#[derive(Debug, Clone)]
pub struct Choice {
    /// `train`, `val`… or [`ALL_SPLITS`](crate::model_eval::files::ALL_SPLITS).
    pub split: String,
    /// Only these sets; empty for all.
    pub sets: Vec<String>,
    /// At most so many, spread evenly over all; `None` for all.
    pub limit: Option<usize>,
}

/// Reads a data set: a `data.yaml`, a COCO file, or a folder with either, or with pictures under `images/` and YOLO
/// labels beside them under `labels/`.
///
/// # Errors
/// What is not there or cannot be read, with file and line; no picture left.
pub fn read_dataset(path: &Path, choice: &Choice) -> Result<Dataset> {
    let mut dataset = read_any(path, &choice.split)?;
    let known: BTreeSet<&str> = dataset.samples.iter().map(|sample| sample.set.as_str()).collect();
    if let Some(unknown) = choice.sets.iter().find(|set| !known.contains(set.as_str())) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        bail!(
            "{}: there is no set {unknown:?} in the split {}; there are: {known}",
            path.display(),
            choice.split
        );
    }
    if !choice.sets.is_empty() {
        dataset.samples.retain(|sample| choice.sets.contains(&sample.set));
    }
    if dataset.samples.is_empty() {
        bail!(
            "{}: there are no pictures in the split {:?}",
            path.display(),
            choice.split
        );
    }
    let total = dataset.samples.len();
    if let Some(limit) = choice.limit.filter(|limit| *limit < total) {
        let limit = limit.max(1);
        let chosen: BTreeSet<usize> = (0..limit).map(|index| index * total / limit).collect();
        let mut index = 0;
        dataset.samples.retain(|_| {
            index += 1;
            chosen.contains(&(index - 1))
        });
        dataset.notes.push(Words::new(
            format!("只取 {total} 张中的 {limit} 张(--limit)"),
            format!("only {limit} of {total} pictures (--limit)"),
        ));
    }
    Ok(dataset)
}

fn read_any(path: &Path, split: &str) -> Result<Dataset> {
    if path.is_file() {
        return match extension(path).as_str() {
            "json" => read_coco_file(path, split),
            "yaml" | "yml" => read_data_yaml(path, split),
            other => bail!(
                "{}: a data set is a folder, a COCO .json or a data.yaml, not .{other}",
                path.display()
            ),
        };
    }
    if !path.is_dir() {
        bail!("{}: there is no such file or folder", path.display());
    }
    if let Some(yaml) = ["data.yaml", "data.yml", "dataset.yaml"]
        .iter()
        .map(|name| path.join(name))
        .find(|it| it.is_file())
    {
        return read_data_yaml(&yaml, split);
    }
    let names = COCO_NAMES
        .iter()
        .map(|name| path.join(name.replace("SPLIT", split)));
    match names.into_iter().find(|file| file.is_file()) {
        Some(file) => read_coco_file(&file, split),
        None => read_plain_folder(path, split),
    }
}
