//! The strongest things that only one side found, cut out of their photos.

use std::collections::BTreeMap;

use anyhow::Result;
use image::RgbImage;

use crate::model_compare::figures::Missed;
use crate::model_compare::gather::SeenPhoto;
use crate::report::crops::Crop;
use crate::report::text::{both, escaped};

/// Pictures of each kind.
pub const PER_SHEET: usize = 24;

/// What one shadow model and the active ones did not agree on.
#[derive(Debug, Clone, Default)]
pub struct Sheets {
    /// Found by the shadow model only; markup of the figures, the surest first.
    pub only_shadow: String,
    /// Found by active models only.
    pub only_shipped: String,
}

/// Cuts them out. `pixels` decodes a photo; each photo is decoded once.
///
/// # Errors
/// A picture that cannot be encoded. A photo that cannot be read is left out.
pub fn sheets(
    missed: &[Missed<'_>],
    model_sha256: &str,
    pixels: &dyn Fn(&SeenPhoto) -> Result<RgbImage>,
) -> Result<Sheets> {
    let strongest = |by_shadow: bool| {
        let mut chosen: Vec<&Missed<'_>> = missed.iter().filter(|one| one.by_shadow == by_shadow).collect();
        chosen.sort_by(|a, b| b.thing.score.total_cmp(&a.thing.score));
        chosen.truncate(PER_SHEET);
        chosen.into_iter().enumerate()
    };
    let mut by_photo: BTreeMap<&str, Vec<(usize, &Missed<'_>)>> = BTreeMap::new();
    for (rank, one) in strongest(true).chain(strongest(false)) {
        by_photo.entry(&one.photo.photo_id).or_default().push((rank, one));
    }
    let mut figures: [Vec<(usize, String)>; 2] = Default::default();
    for of_photo in by_photo.into_values() {
        let Some((_, first)) = of_photo.first() else {
            continue;
        };
        let photo = match pixels(first.photo) {
            Ok(photo) => photo,
            Err(error) => {
                tracing::warn!(photo.id = %first.photo.photo_id, %error, "photo could not be shown");
                continue;
            }
        };
        for (rank, one) in of_photo {
            figures[usize::from(one.by_shadow)].push((rank, figure(&photo, one, model_sha256)?));
        }
    }
    for sheet in &mut figures {
        sheet.sort_by_key(|(rank, _)| *rank);
    }
    let [only_shipped, only_shadow] =
        figures.map(|sheet| sheet.into_iter().map(|(_, figure)| figure).collect::<String>());
    Ok(Sheets {
        only_shadow,
        only_shipped,
    })
}

/// The thing itself drawn strongly, and what both sides found around it.
fn figure(photo: &RgbImage, one: &Missed<'_>, model_sha256: &str) -> Result<String> {
    let shadow = one
        .photo
        .views
        .get(model_sha256)
        .into_iter()
        .flat_map(|view| &view.things);
    let shipped = one.photo.active().flat_map(|view| &view.things);
    let shown = if one.by_shadow {
        "shadow shown"
    } else {
        "shipped shown"
    };
    let mut boxes: Vec<([f64; 4], &str)> = shadow.map(|thing| (thing.box_px, "shadow")).collect();
    boxes.extend(shipped.map(|thing| (thing.box_px, "shipped")));
    boxes.push((one.thing.box_px, shown));
    let caption = format!(
        "{} {:.2}<br>{}",
        escaped(&one.thing.class),
        one.thing.score,
        escaped(&one.photo.photo_id)
    );
    Ok(Crop::cut(photo, one.thing.box_px)?.figure(&boxes, &caption))
}

/// The two sheets of a model as markup.
pub fn section(sheets: &Sheets) -> String {
    let key = [
        ("#ff3b3b", both("影子模型", "shadow model")),
        ("#38bdf8", both("正式模型", "active models")),
    ];
    let key: String = key
        .iter()
        .map(|(colour, words)| format!("<i style=\"border-color:{colour}\"></i>{words}"))
        .collect();
    let kinds = [
        (
            &sheets.only_shadow,
            both("仅影子模型检出", "Found by the shadow model only"),
        ),
        (
            &sheets.only_shipped,
            both("仅正式模型检出", "Found by active models only"),
        ),
    ];
    let shown = kinds.iter().filter(|(figures, _)| !figures.is_empty());
    let sheets: String = shown
        .map(|(figures, title)| format!("<h3>{title}</h3><div class=\"crops\">{figures}</div>"))
        .collect();
    format!(
        "<p class=\"note key\">{}{key}</p>{sheets}",
        both(
            &format!("每类至多 {PER_SHEET} 张,置信度最高者在前;仅限双方都看过之处。"),
            &format!("At most {PER_SHEET} of each kind, the surest first; only where both looked.")
        )
    )
}
