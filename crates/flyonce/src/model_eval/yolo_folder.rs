//! Pictures under `images/` and YOLO labels under `labels/`, with or without a `data.yaml`, a manifest, lists of
//! splits, and `labels_ignore/` for regions to be ignored.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use formats::dataset::{
    ManifestRow, YoloBox, parse_class_names, parse_data_yaml, parse_manifest, parse_picture_list,
    parse_yolo_labels,
};

use crate::lang::Words;
use crate::model_eval::files::{ALL_SPLITS, name_of, pictures_below, read_text, size_px};
use crate::model_eval::labelled::{Dataset, Label, Sample};

/// Reads what a `data.yaml` names.
///
/// # Errors
/// A file that cannot be read, with its line; a split that the file does not name.
pub(super) fn read_data_yaml(file: &Path, split: &str) -> Result<Dataset> {
    let yaml = parse_data_yaml(&read_text(file)?).with_context(|| file.display().to_string())?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let root = yaml
        .path
        .as_ref()
        .map(|path| beside.join(path))
        .filter(|root| root.is_dir());
    let root = root.unwrap_or_else(|| beside.to_owned());
    let known = || {
        yaml.splits
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut pictures = Vec::new();
    for (_, paths) in yaml
        .splits
        .iter()
        .filter(|(name, _)| split == ALL_SPLITS || name == split)
    {
        for path in paths {
            // Exports of Roboflow write "../train/images" for a folder that lies beside the file.
            let shortened = path.trim_start_matches("../");
            let places = [root.join(path), beside.join(path), root.join(shortened)];
            let place = places.into_iter().find(|place| place.exists());
            let place = place.with_context(|| format!("{}: there is no {path}", file.display()))?;
            pictures.extend(listed_or_below(&place)?);
        }
    }
    if pictures.is_empty() {
        bail!(
            "{}: the split {split:?} has no pictures; there are: {}",
            file.display(),
            known()
        );
    }
    let folder = if root.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        root
    };
    Layout::of(
        &folder,
        yaml.names,
        Words::new("YOLO(data.yaml)", "YOLO (data.yaml)"),
    )?
    .read(pictures, Vec::new())
}

/// Reads a folder with `classes.txt` and either `SPLIT.txt`, `images/SPLIT/` or just `images/`.
///
/// # Errors
/// Missing class names or pictures; a file that cannot be read, with its line.
pub(super) fn read_plain_folder(folder: &Path, split: &str) -> Result<Dataset> {
    let classes_file = folder.join("classes.txt");
    if !classes_file.is_file() {
        bail!(
            "{}: no data set is recognised here: there is neither data.yaml, nor instances.json, nor classes.txt",
            folder.display()
        );
    }
    let classes =
        parse_class_names(&read_text(&classes_file)?).with_context(|| classes_file.display().to_string())?;
    let layout = Layout::of(folder, classes, Words::new("YOLO", "YOLO"))?;
    let list = folder.join(format!("{split}.txt"));
    let of_split = folder.join("images").join(split);
    let mut notes = Vec::new();
    let pictures = if list.is_file() {
        listed_or_below(&list)?
    } else if of_split.is_dir() {
        pictures_below(&of_split)?
    } else {
        if split != ALL_SPLITS {
            notes.push(Words::new(
                format!("没有 {split}.txt 与 images/{split}/,取全部图片"),
                format!("there is neither {split}.txt nor images/{split}/; all pictures are taken"),
            ));
        }
        pictures_below(folder)?
    };
    layout.read(pictures, notes)
}

/// The pictures of a list, relative to its folder, or those below a folder.
fn listed_or_below(place: &Path) -> Result<Vec<PathBuf>> {
    if place.is_dir() {
        return pictures_below(place);
    }
    let beside = place.parent().unwrap_or(Path::new(""));
    Ok(parse_picture_list(&read_text(place)?)
        .into_iter()
        .map(|file| beside.join(file))
        .collect())
}

struct Layout {
    folder: PathBuf,
    name: String,
    words: Words,
    classes: Vec<String>,
    manifest: Vec<ManifestRow>,
}

impl Layout {
    fn of(folder: &Path, classes: Vec<String>, words: Words) -> Result<Self> {
        let file = folder.join("manifest.csv");
        let manifest = if file.is_file() {
            parse_manifest(&read_text(&file)?).with_context(|| file.display().to_string())?
        } else {
            Vec::new()
        };
        Ok(Self {
            folder: folder.to_owned(),
            name: name_of(folder),
            words,
            classes,
            manifest,
        })
    }

    fn read(self, pictures: Vec<PathBuf>, mut notes: Vec<Words>) -> Result<Dataset> {
        let mut samples = Vec::with_capacity(pictures.len());
        let mut without_labels = 0;
        for file in pictures {
            let labels = sibling(&file, "labels");
            without_labels += usize::from(!labels.is_file());
            samples.push(self.sample(file, &labels)?);
        }
        if without_labels > 0 {
            notes.push(Words::new(
                format!("{without_labels} 张图片没有标注文件,按无目标计"),
                format!("{without_labels} pictures have no label file and count as empty"),
            ));
        }
        Ok(Dataset {
            name: self.name,
            layout: self.words,
            classes: self.classes,
            samples,
            notes,
        })
    }

    fn sample(&self, file: PathBuf, labels: &Path) -> Result<Sample> {
        let size_px = size_px(&file)?;
        let name = file
            .strip_prefix(&self.folder)
            .unwrap_or(&file)
            .to_string_lossy()
            .replace('\\', "/");
        // The paths of a manifest may begin above the folder.
        let said = self
            .manifest
            .iter()
            .find(|row| row.file == name || row.file.ends_with(&format!("/{name}")));
        let mut boxes = self.labels(labels, size_px, false)?;
        boxes.extend(self.labels(&sibling(&file, "labels_ignore"), size_px, true)?);
        Ok(Sample {
            set: said
                .and_then(|row| row.set.clone())
                .unwrap_or_else(|| self.name.clone()),
            group: said.and_then(|row| row.group.clone()),
            labelled_classes: self.labelled_classes(said, &name)?,
            cm_per_px: said.and_then(|row| row.cm_per_px),
            size_px,
            labels: boxes,
            name,
            file,
        })
    }

    fn labelled_classes(&self, row: Option<&ManifestRow>, name: &str) -> Result<Option<Vec<usize>>> {
        let Some(names) = row.and_then(|row| row.labelled_classes.as_ref()) else {
            return Ok(None);
        };
        let index = |class: &String| {
            let known = self.classes.iter().position(|known| known == class);
            known
                .with_context(|| format!("manifest.csv: {name} is labelled for {class:?}, which is no class"))
        };
        Ok(Some(names.iter().map(index).collect::<Result<_>>()?))
    }

    /// The labels of a file; none where there is no file.
    fn labels(&self, file: &Path, [width_px, height_px]: [u32; 2], ignore: bool) -> Result<Vec<Label>> {
        if !file.is_file() {
            return Ok(Vec::new());
        }
        let boxes = parse_yolo_labels(&read_text(file)?, self.classes.len());
        let boxes = boxes.with_context(|| file.display().to_string())?;
        let (width, height) = (f64::from(width_px), f64::from(height_px));
        let label = |labelled: YoloBox| {
            let [x0, y0, x1, y1] = labelled.corners;
            Label {
                class: labelled.class,
                xywh_px: [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height],
                area_px2: labelled.area * width * height,
                ignore,
            }
        };
        Ok(boxes.into_iter().map(label).collect())
    }
}

/// The label file of a picture: the last folder `images` of its path becomes `kind`.
fn sibling(picture: &Path, kind: &str) -> PathBuf {
    let parts: Vec<_> = picture.iter().collect();
    let images = parts.iter().rposition(|part| *part == "images");
    let replaced = parts.iter().enumerate().map(|(index, part)| match images {
        Some(images) if images == index => std::ffi::OsStr::new(kind),
        _ => part,
    });
    replaced.collect::<PathBuf>().with_extension("txt")
}
