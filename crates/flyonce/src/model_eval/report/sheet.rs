//! Contact sheets: the false alarms with the highest scores and the largest boxes that were missed, per class.

use std::collections::BTreeMap;

use anyhow::Result;
use evaluation::curve::Outcomes;
use evaluation::picture::Picture;
use image::RgbImage;

use crate::report::crops::Crop as Cut;
use crate::report::text::{both, escaped};

/// Pictures of each kind and class.
const PER_SHEET: usize = 12;

/// What is wrong in a crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    FalseAlarm,
    Miss,
}

/// One thing to show.
#[derive(Debug, Clone)]
struct Wanted {
    class: usize,
    kind: Kind,
    /// Place in its sheet.
    rank: usize,
    picture: usize,
    box_px: [f64; 4],
    /// Of the false alarm, or of the best find on the missed box.
    score: Option<f64>,
}

/// One crop with its boxes.
#[derive(Debug, Clone)]
struct Crop {
    cut: Cut,
    wanted: Wanted,
    picture: String,
    truths: Vec<([f64; 4], bool)>,
    found: Vec<[f64; 4]>,
}

/// The two sheets of a class.
#[derive(Debug, Clone)]
pub struct ClassSheet {
    class: String,
    threshold: f64,
    false_alarms: Vec<Crop>,
    misses: Vec<Crop>,
}

/// A class to make sheets of.
pub struct ClassToShow {
    /// Index of the class.
    pub class: usize,
    /// Class id.
    pub id: String,
    /// The card's threshold.
    pub threshold: f64,
    /// Its finds and truths.
    pub outcomes: Outcomes,
}

/// Chooses the worst of each class and cuts them out; `pixels` decodes the picture with an index and names it. Each
/// picture is decoded once.
///
/// # Errors
/// A picture that cannot be decoded or encoded.
pub fn sheets(
    pictures: &[Picture],
    classes: &[ClassToShow],
    pixels: &dyn Fn(usize) -> Result<(RgbImage, String)>,
) -> Result<Vec<ClassSheet>> {
    let mut by_picture: BTreeMap<usize, Vec<(usize, Wanted)>> = BTreeMap::new();
    for (sheet, class) in classes.iter().enumerate() {
        for wanted in worst(pictures, class) {
            by_picture
                .entry(wanted.picture)
                .or_default()
                .push((sheet, wanted));
        }
    }
    let empty = |class: &ClassToShow| ClassSheet {
        class: class.id.clone(),
        threshold: class.threshold,
        false_alarms: Vec::new(),
        misses: Vec::new(),
    };
    let mut sheets: Vec<ClassSheet> = classes.iter().map(empty).collect();
    for (index, wanted) in by_picture {
        let (photo, name) = pixels(index)?;
        for (sheet, wanted) in wanted {
            let crop = cut(&photo, &name, &pictures[index], wanted, classes[sheet].threshold)?;
            match crop.wanted.kind {
                Kind::FalseAlarm => sheets[sheet].false_alarms.push(crop),
                Kind::Miss => sheets[sheet].misses.push(crop),
            }
        }
    }
    for sheet in &mut sheets {
        sheet.false_alarms.sort_by_key(|crop| crop.wanted.rank);
        sheet.misses.sort_by_key(|crop| crop.wanted.rank);
    }
    Ok(sheets)
}

fn worst(pictures: &[Picture], class: &ClassToShow) -> Vec<Wanted> {
    let outcomes = &class.outcomes;
    let alarms = outcomes.finds.iter().filter(|find| !find.hit).map(|find| {
        let found = &pictures[find.picture].found[find.found];
        (find.picture, found.xywh_px, Some(find.score))
    });
    let missed = outcomes
        .truth_scores
        .iter()
        .filter(|(_, _, score)| score.is_none_or(|score| score < class.threshold));
    let mut missed: Vec<(usize, [f64; 4], Option<f64>)> = missed
        .map(|(picture, truth, score)| (*picture, pictures[*picture].truths[*truth].xywh_px, *score))
        .collect();
    let area = |[_, _, width, height]: [f64; 4]| width * height;
    missed.sort_by(|a, b| area(b.1).total_cmp(&area(a.1)));
    let wanted = |kind: Kind| {
        move |(rank, (picture, box_px, score)): (usize, (usize, [f64; 4], Option<f64>))| Wanted {
            class: class.class,
            kind,
            rank,
            picture,
            box_px,
            score,
        }
    };
    let alarms = alarms.take(PER_SHEET).enumerate().map(wanted(Kind::FalseAlarm));
    alarms
        .chain(
            missed
                .into_iter()
                .take(PER_SHEET)
                .enumerate()
                .map(wanted(Kind::Miss)),
        )
        .collect()
}

fn cut(photo: &RgbImage, name: &str, picture: &Picture, wanted: Wanted, threshold: f64) -> Result<Crop> {
    let of_class = |class: usize| class == wanted.class;
    Ok(Crop {
        cut: Cut::cut(photo, corners(wanted.box_px))?,
        picture: name.to_owned(),
        truths: picture
            .truths
            .iter()
            .filter(|truth| of_class(truth.class))
            .map(|truth| (truth.xywh_px, truth.crowd))
            .collect(),
        found: picture
            .found
            .iter()
            .filter(|found| of_class(found.class) && found.score >= threshold)
            .map(|found| found.xywh_px)
            .collect(),
        wanted,
    })
}

/// All sheets.
pub(super) fn section(sheets: &[ClassSheet]) -> String {
    let key = [
        ("#ff3b3b", both("误报", "false alarm")),
        ("#38bdf8", both("漏检", "missed")),
        ("#35d07f", both("标注", "label")),
        ("#ffb020", both("达到阈值的检出", "find over the threshold")),
    ];
    let key: String = key
        .iter()
        .map(|(colour, words)| format!("<i style=\"border-color:{colour}\"></i>{words}"))
        .collect();
    let all: String = sheets.iter().map(of_class).collect();
    format!(
        "<h2>{}</h2><p class=\"note key\">{}{key}</p>{all}",
        both("最差样例", "Worst cases"),
        both(
            &format!("每类至多 {PER_SHEET} 张:置信度最高的误报、面积最大的漏检。"),
            &format!(
                "At most {PER_SHEET} of each kind and class: false alarms with the highest scores, the largest boxes missed."
            )
        )
    )
}

fn of_class(sheet: &ClassSheet) -> String {
    let kinds = [
        (&sheet.false_alarms, both("误报", "false alarms")),
        (&sheet.misses, both("漏检", "missed")),
    ];
    kinds
        .iter()
        .filter(|(crops, _)| !crops.is_empty())
        .map(|(crops, title)| {
            let figures: String = crops.iter().map(|crop| figure(crop, sheet.threshold)).collect();
            format!(
                "<h3>{} · {title}</h3><div class=\"crops\">{figures}</div>",
                escaped(&sheet.class)
            )
        })
        .collect()
}

fn figure(crop: &Crop, threshold: f64) -> String {
    let truths = crop
        .truths
        .iter()
        .map(|(box_px, crowd)| (corners(*box_px), if *crowd { "ignored" } else { "truth" }));
    let found = crop.found.iter().map(|box_px| (corners(*box_px), "found"));
    let kind = match crop.wanted.kind {
        Kind::FalseAlarm => "alarm",
        Kind::Miss => "miss",
    };
    let wanted = (corners(crop.wanted.box_px), kind);
    let boxes: Vec<([f64; 4], &str)> = truths.chain(found).chain([wanted]).collect();
    let said = match (crop.wanted.kind, crop.wanted.score) {
        (Kind::FalseAlarm, Some(score)) if score < threshold => {
            format!("{score:.2} {}", both("(低于阈值)", "(below the threshold)"))
        }
        (Kind::Miss, Some(score)) => both(
            &format!("检出置信度仅 {score:.2}"),
            &format!("found with {score:.2} only"),
        ),
        (Kind::Miss, None) => both("无检出", "not found at all"),
        (Kind::FalseAlarm, score) => score.map_or_else(String::new, |score| format!("{score:.2}")),
    };
    crop.cut
        .figure(&boxes, &format!("{said}<br>{}", escaped(&crop.picture)))
}

/// Left, top, right, bottom of a box with width and height.
fn corners([left, top, width, height]: [f64; 4]) -> [f64; 4] {
    [left, top, left + width, top + height]
}
