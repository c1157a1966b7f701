//! A COCO file and the pictures beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use formats::dataset::{CocoPicture, parse_coco};

use crate::lang::Words;
use crate::model_eval::files::{ALL_SPLITS, name_of, read_text};
use crate::model_eval::labelled::{Dataset, Label, Sample};

/// Reads a COCO file. Where its pictures name splits, only those of `split` are taken.
///
/// # Errors
/// A file that cannot be read, with its line; a picture that is not there.
pub(super) fn read_coco_file(file: &Path, split: &str) -> Result<Dataset> {
    let set = parse_coco(&read_text(file)?).with_context(|| file.display().to_string())?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let name = name_of(folder);
    let mut notes = Vec::new();
    let has_splits = set.pictures.iter().any(|picture| picture.split.is_some());
    if !has_splits && split != ALL_SPLITS {
        notes.push(Words::new(
            "该文件未分训练与验证,取全部图片".to_owned(),
            "the file names no splits; all its pictures are taken".to_owned(),
        ));
    }
    let wanted = |picture: &&CocoPicture| {
        !has_splits || split == ALL_SPLITS || picture.split.as_deref() == Some(split)
    };
    let samples = set
        .pictures
        .iter()
        .filter(wanted)
        .map(|picture| sample(picture, folder, &name, split))
        .collect::<Result<_>>()?;
    Ok(Dataset {
        name,
        layout: Words::new("COCO", "COCO"),
        classes: set.classes,
        samples,
        notes,
    })
}

fn sample(picture: &CocoPicture, folder: &Path, name: &str, split: &str) -> Result<Sample> {
    Ok(Sample {
        file: picture_file(folder, &picture.file, split)?,
        name: picture.file.clone(),
        set: picture.set.clone().unwrap_or_else(|| name.to_owned()),
        group: picture.group.clone(),
        size_px: [picture.width_px, picture.height_px],
        labelled_classes: picture.labelled_classes.clone(),
        cm_per_px: picture.cm_per_px,
        labels: picture
            .boxes
            .iter()
            .map(|labelled| Label {
                class: labelled.class,
                xywh_px: labelled.xywh_px,
                area_px2: labelled.area_px2,
                ignore: labelled.crowd,
            })
            .collect(),
    })
}

/// Beside the file, under `images/`, or where the COCO download lays its pictures.
fn picture_file(folder: &Path, file: &str, split: &str) -> Result<PathBuf> {
    let up = folder.join("..");
    let places = [
        folder.join(file),
        folder.join("images").join(file),
        up.join("images").join(file),
        up.join(split).join(file),
        up.join(format!("{split}2017")).join(file),
    ];
    match places.into_iter().find(|place| place.is_file()) {
        Some(place) => Ok(place),
        None => bail!(
            "the picture {file} is neither in {} nor in its images/",
            folder.display()
        ),
    }
}
