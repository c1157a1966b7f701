//! How much ground a pixel of each picture shows: told on the command line, by the data set, by the photo's own
//! pose, or by things of known size in it, in its group or in its set.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Context, Result};
use survey::sharpness::Sharpness;
use vision::Card;

use crate::config::settings::GeolocationSettings;
use crate::lang::Words;
use crate::model_eval::labelled::{Dataset, Label, Sample};
use crate::stage::placing::place;

/// Fewer things than this in a picture, and those of its whole group are measured.
const LEAST_THINGS: usize = 3;

/// Sets that are known by name and whose manifest has no scale, as `--gsd-cm` would say it.
const KNOWN_SETS: &[&str] = &["banepa=13", "raven=33", "jekhor_vehicles=vehicle:4.5x1.8"];

/// One `--gsd-cm`: `[SET=]CM` or `[SET=]CLASS:LENGTHxWIDTH`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleRule {
    set: Option<String>,
    by: ScaleBy,
}

#[derive(Debug, Clone, PartialEq)]
enum ScaleBy {
    CmPerPx(f64),
    /// Upright boxes around things of this length and width, metres.
    Things {
        class: String,
        size_m: [f64; 2],
    },
}

impl FromStr for ScaleRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (set, value) = match text.split_once('=') {
            Some((set, value)) => (Some(set.to_owned()), value),
            None => (None, text),
        };
        let positive = |text: &str| match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
            _ => Err(format!(
                "{text:?} is not a positive number; write [SET=]CM or [SET=]CLASS:LENGTHxWIDTH"
            )),
        };
        let by = match value.split_once(':') {
            None => ScaleBy::CmPerPx(positive(value)?),
            Some((class, size)) => {
                let (length, width) = size.split_once('x').unwrap_or((size, ""));
                let size_m = [positive(length)?, positive(width)?];
                ScaleBy::Things {
                    class: class.to_owned(),
                    size_m,
                }
            }
        };
        Ok(Self { set, by })
    }
}

/// Where a scale comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSource {
    /// `--gsd-cm`.
    Given,
    /// The data set says so.
    Dataset,
    /// The photo's own pose.
    Pose,
    /// A set known by its name.
    KnownSet,
    /// Nothing is known: pixels are taken as the model's.
    AsIs,
}

impl ScaleSource {
    /// In words.
    pub fn words(self) -> Words {
        let (zh, en) = match self {
            Self::Given => ("由 --gsd-cm 给出", "given with --gsd-cm"),
            Self::Dataset => ("数据集注明", "stated by the data set"),
            Self::Pose => ("照片位姿", "from the photo's pose"),
            Self::KnownSet => ("已知数据集", "known for this set"),
            Self::AsIs => ("未知,按模型比例 1:1", "unknown, pixels taken as the model's, 1:1"),
        };
        Words::new(zh, en)
    }
}

/// The scale of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundScale {
    /// cm per pixel.
    pub cm_per_px: f64,
    /// Where it comes from.
    pub source: ScaleSource,
}

/// The scale of every picture, in the order of the data set.
///
/// # Errors
/// A rule that names a class that the data set does not have, or pictures without any thing to measure.
pub fn ground_scales(
    dataset: &Dataset,
    rules: &[ScaleRule],
    card: &Card,
    settings: &GeolocationSettings,
) -> Result<Vec<GroundScale>> {
    let known: Vec<ScaleRule> = KNOWN_SETS.iter().filter_map(|text| text.parse().ok()).collect();
    let groups = by_group(dataset);
    let scale = |sample: &Sample| {
        if let Some(rule) = rule_for(rules, sample) {
            return Ok(GroundScale {
                cm_per_px: by_rule(rule, sample, dataset, &groups)?,
                source: ScaleSource::Given,
            });
        }
        if let Some(cm_per_px) = sample.cm_per_px {
            return Ok(GroundScale {
                cm_per_px,
                source: ScaleSource::Dataset,
            });
        }
        if let Some(rule) = rule_for(&known, sample) {
            return Ok(GroundScale {
                cm_per_px: by_rule(rule, sample, dataset, &groups)?,
                source: ScaleSource::KnownSet,
            });
        }
        let as_is = GroundScale {
            cm_per_px: card.scale.ground_scale_cm_per_px,
            source: ScaleSource::AsIs,
        };
        let posed = of_pose(sample, card, settings)?;
        Ok(posed.map_or(as_is, |cm_per_px| GroundScale {
            cm_per_px,
            source: ScaleSource::Pose,
        }))
    };
    dataset.samples.iter().map(scale).collect()
}

/// The rule of the picture's set, else the one for all.
fn rule_for<'r>(rules: &'r [ScaleRule], sample: &Sample) -> Option<&'r ScaleRule> {
    let of_set = rules.iter().find(|rule| rule.set.as_ref() == Some(&sample.set));
    of_set.or_else(|| rules.iter().find(|rule| rule.set.is_none()))
}

fn by_rule(rule: &ScaleRule, sample: &Sample, dataset: &Dataset, groups: &Groups<'_>) -> Result<f64> {
    let (class, size_m) = match &rule.by {
        ScaleBy::CmPerPx(cm_per_px) => return Ok(*cm_per_px),
        ScaleBy::Things { class, size_m } => (class, *size_m),
    };
    let index = dataset.classes.iter().position(|known| known == class);
    let index =
        index.with_context(|| format!("the scale is to be taken from {class:?}, which is no class"))?;
    let sides = |samples: &[&Sample]| -> Vec<[f64; 2]> {
        let labels = samples.iter().flat_map(|sample| &sample.labels);
        labels
            .filter(|label| label.class == index && !label.ignore)
            .map(side_lengths)
            .collect()
    };
    let mut things = sides(&[sample]);
    if things.len() < LEAST_THINGS {
        things = groups
            .get(&group_of(sample))
            .map_or_else(Vec::new, |group| sides(group));
    }
    if things.is_empty() {
        let of_set = dataset.samples.iter().filter(|other| other.set == sample.set);
        things = sides(&of_set.collect::<Vec<_>>());
    }
    px_per_m(&things, size_m)
        .map(|px_per_m| 100.0 / px_per_m)
        .with_context(|| {
            format!(
                "{}: there is no {class} to take the scale from; give --gsd-cm",
                sample.name
            )
        })
}

fn side_lengths(label: &Label) -> [f64; 2] {
    [label.xywh_px[2], label.xywh_px[3]]
}

/// Pixels per metre from upright boxes of things of known size at any angle: sum and difference of the box's sides
/// give cosine plus sine and cosine less sine of the angle, whose squares add up to 2. The median of all.
fn px_per_m(sides_px: &[[f64; 2]], [length_m, width_m]: [f64; 2]) -> Option<f64> {
    let one = |[width, height]: &[f64; 2]| {
        let along = (width + height) / (length_m + width_m);
        let across = (width - height).abs() / (length_m - width_m).max(f64::EPSILON);
        ((along + across) / 2.0).hypot((along - across) / 2.0)
    };
    let mut all: Vec<f64> = sides_px.iter().map(one).collect();
    all.sort_by(f64::total_cmp);
    let n = all.len();
    (n > 0).then(|| (all[(n - 1) / 2] + all[n / 2]) / 2.0)
}

type Groups<'d> = BTreeMap<(String, Option<String>), Vec<&'d Sample>>;

fn group_of(sample: &Sample) -> (String, Option<String>) {
    (sample.set.clone(), sample.group.clone())
}

fn by_group(dataset: &Dataset) -> Groups<'_> {
    let mut groups = Groups::new();
    for sample in &dataset.samples {
        groups.entry(group_of(sample)).or_default().push(sample);
    }
    groups
}

/// From EXIF and XMP, as when the program looks at the photo; `None` for a picture without a usable pose.
fn of_pose(sample: &Sample, card: &Card, settings: &GeolocationSettings) -> Result<Option<f64>> {
    let bytes =
        std::fs::read(&sample.file).with_context(|| format!("cannot read {}", sample.file.display()))?;
    let Ok(metadata) = formats::photo::read_photo(&bytes) else {
        return Ok(None);
    };
    let Ok(placement) = place(&metadata, settings) else {
        return Ok(None);
    };
    let sharpness = Sharpness::of(&placement.pose, &placement.camera);
    Ok(sharpness.map(|it| it.typical_cm(it.usable_to_cm(card.scale.trained_to_cm_per_px))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_refused_readably() {
        let rule: ScaleRule = "raven=33".parse().unwrap();
        assert_eq!(
            rule,
            ScaleRule {
                set: Some("raven".to_owned()),
                by: ScaleBy::CmPerPx(33.0)
            }
        );
        let cars: ScaleRule = "vehicle:4.5x1.8".parse().unwrap();
        assert_eq!(
            cars.by,
            ScaleBy::Things {
                class: "vehicle".to_owned(),
                size_m: [4.5, 1.8]
            }
        );
        for wrong in ["", "0", "raven=", "vehicle:4.5", "x=-3"] {
            assert!(
                wrong
                    .parse::<ScaleRule>()
                    .unwrap_err()
                    .contains("not a positive number"),
                "{wrong}"
            );
        }
        assert!(KNOWN_SETS.iter().all(|text| text.parse::<ScaleRule>().is_ok()));
    }

    #[test]
    fn upright_boxes_of_turned_cars_give_the_scale() {
        for angle_deg in [0.0_f64, 17.0, 45.0, 80.0] {
            let (sin, cos) = angle_deg.to_radians().sin_cos();
            let px = 12.0;
            let sides = [px * (4.5 * cos + 1.8 * sin), px * (4.5 * sin + 1.8 * cos)];
            let found = px_per_m(&[sides], [4.5, 1.8]).unwrap();
            assert!((found - px).abs() < 1e-9, "{angle_deg}: {found}");
        }
        assert_eq!(px_per_m(&[], [4.5, 1.8]), None);
    }
}
