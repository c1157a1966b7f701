//! COCO instances: `images`, `annotations`, `categories`. Only boxes are read; of outlines, their area.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::DatasetError;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CocoSet {
    /// Class names, in the order of the categories in the file.
    pub classes: Vec<String>,
    /// The pictures, in the order of the file.
    pub pictures: Vec<CocoPicture>,
}

/// One picture with its boxes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CocoPicture {
    /// `file_name`.
    pub file: String,
    /// Width, px.
    pub width_px: u32,
    /// Height, px.
    pub height_px: u32,
    /// Its boxes.
    pub boxes: Vec<CocoBox>,
    /// Indices of the classes it was labelled for; `None`: all. From `flyonce.labelled_classes` (names), or from
    /// `neg_category_ids` and `not_exhaustive_category_ids` as LVIS has them: the classes that occur or are known
    /// to be absent, without those not labelled to the end.
    pub labelled_classes: Option<Vec<usize>>,
    /// `flyonce.set`: where it comes from.
    pub set: Option<String>,
    /// `flyonce.split`: `train` or `val`.
    pub split: Option<String>,
    /// `flyonce.group`: pictures of one scene.
    pub group: Option<String>,
    /// `flyonce.cm_per_px`: ground per pixel, cm.
    pub cm_per_px: Option<f64>,
}

/// One box.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoBox {
    /// Index of the class in [`CocoSet::classes`].
    pub class: usize,
    /// Left, top, width, height, px.
    pub xywh_px: [f64; 4],
    /// `area`, or that of the box where it is missing, px².
    pub area_px2: f64,
    /// `iscrowd`: a region to be ignored.
    pub crowd: bool,
}

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
    neg_category_ids: Option<Vec<u64>>,
    #[serde(default)]
    not_exhaustive_category_ids: Vec<u64>,
    #[serde(default)]
    flyonce: Extra,
}

/// What this program adds to a picture.
#[derive(Deserialize, Default)]
struct Extra {
    labelled_classes: Option<Vec<String>>,
    set: Option<String>,
    split: Option<String>,
    group: Option<String>,
    cm_per_px: Option<f64>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    id: u64,
    image_id: u64,
    category_id: u64,
    bbox: [f64; 4],
    area: Option<f64>,
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

/// Reads a file of instances.
///
/// # Errors
/// What is not JSON or not built like this, with line and column; an annotation of a picture or category that is not
/// there, or with a box without area; ids or names that occur twice.
pub fn parse_coco(text: &str) -> Result<CocoSet, DatasetError> {
    let file: File = serde_json::from_str(text).map_err(|error| DatasetError {
        place: format!("line {}, column {}", error.line(), error.column()),
        problem: error.to_string(),
    })?;
    let classes = classes_by_id(&file.categories)?;
    let mut pictures = Vec::with_capacity(file.images.len());
    let mut picture_by_id = BTreeMap::new();
    for image in file.images {
        if picture_by_id.insert(image.id, pictures.len()).is_some() {
            return Err(DatasetError::of_entry("image", image.id, "the id occurs twice"));
        }
        pictures.push((picture_of(&image)?, image));
    }
    for annotation in &file.annotations {
        let wrong = |problem: String| DatasetError::of_entry("annotation", annotation.id, problem);
        let picture = picture_by_id.get(&annotation.image_id);
        let picture = picture.ok_or_else(|| wrong(format!("there is no image {}", annotation.image_id)))?;
        let class = classes.get(&annotation.category_id);
        let class =
            *class.ok_or_else(|| wrong(format!("there is no category {}", annotation.category_id)))?;
        pictures[*picture]
            .0
            .boxes
            .push(box_of(annotation, class).map_err(wrong)?);
    }
    let names: Vec<String> = file
        .categories
        .into_iter()
        .map(|category| category.name)
        .collect();
    let pictures = pictures.into_iter().map(|(mut picture, image)| {
        picture.labelled_classes = labelled(&picture, image, &names, &classes)?;
        Ok(picture)
    });
    Ok(CocoSet {
        pictures: pictures.collect::<Result<_, DatasetError>>()?,
        classes: names,
    })
}

fn classes_by_id(categories: &[Category]) -> Result<BTreeMap<u64, usize>, DatasetError> {
    let mut classes = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (index, category) in categories.iter().enumerate() {
        if classes.insert(category.id, index).is_some() || !names.insert(&category.name) {
            let problem = format!("the id or the name {:?} occurs twice", category.name);
            return Err(DatasetError::of_entry("category", category.id, problem));
        }
    }
    Ok(classes)
}

fn picture_of(image: &Image) -> Result<CocoPicture, DatasetError> {
    let wrong = |problem: String| DatasetError::of_entry("image", image.id, problem);
    if image.width == 0 || image.height == 0 {
        return Err(wrong(format!(
            "a picture of {} × {} px",
            image.width, image.height
        )));
    }
    if image
        .flyonce
        .cm_per_px
        .is_some_and(|scale| !(scale.is_finite() && scale > 0.0))
    {
        return Err(wrong("flyonce.cm_per_px must be a positive number".to_owned()));
    }
    Ok(CocoPicture {
        file: image.file_name.clone(),
        width_px: image.width,
        height_px: image.height,
        set: image.flyonce.set.clone(),
        split: image.flyonce.split.clone(),
        group: image.flyonce.group.clone(),
        cm_per_px: image.flyonce.cm_per_px,
        ..CocoPicture::default()
    })
}

fn box_of(annotation: &Annotation, class: usize) -> Result<CocoBox, String> {
    let [_, _, width, height] = annotation.bbox;
    if annotation.bbox.iter().any(|value| !value.is_finite()) || width <= 0.0 || height <= 0.0 {
        return Err(format!("bbox {:?} has no area", annotation.bbox));
    }
    Ok(CocoBox {
        class,
        xywh_px: annotation.bbox,
        area_px2: annotation.area.unwrap_or(width * height),
        crowd: annotation.iscrowd != 0,
    })
}

fn labelled(
    picture: &CocoPicture,
    image: Image,
    names: &[String],
    classes: &BTreeMap<u64, usize>,
) -> Result<Option<Vec<usize>>, DatasetError> {
    let wrong = |problem: String| DatasetError::of_entry("image", image.id, problem);
    if let Some(labelled) = &image.flyonce.labelled_classes {
        let index = |name: &String| {
            let found = names.iter().position(|known| known == name);
            found.ok_or_else(|| {
                wrong(format!(
                    "flyonce.labelled_classes names {name:?}, which is no category"
                ))
            })
        };
        return Ok(Some(labelled.iter().map(index).collect::<Result<_, _>>()?));
    }
    let Some(absent) = &image.neg_category_ids else {
        return Ok(None);
    };
    let index = |id: &u64| {
        classes
            .get(id)
            .copied()
            .ok_or_else(|| wrong(format!("there is no category {id}")))
    };
    let mut known: BTreeSet<usize> = absent.iter().map(index).collect::<Result<_, _>>()?;
    known.extend(picture.boxes.iter().map(|labelled| labelled.class));
    for id in &image.not_exhaustive_category_ids {
        known.remove(&index(id)?);
    }
    Ok(Some(known.into_iter().collect()))
}
