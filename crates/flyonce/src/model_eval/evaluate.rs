//! One evaluation from the data set to figures and page.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::Result;
use evaluation::picture::Picture;
use survey::tiles::{LARGEST_SCALE, SMALLEST_SCALE};
use vision::Runtime;

use crate::config::settings::Settings;
use crate::lang::{Lang, Words};
use crate::model::ModelInUse;
use crate::model_eval::dataset::Dataset;
use crate::model_eval::figures::{EvaluationAnswer, Judging, MAX_FOUND, ModelFigures, ScaleAnswer};
use crate::model_eval::ground_scale::{GroundScale, ScaleRule, ScaleSource, ground_scales};
use crate::model_eval::report::sheet::{ClassToShow, sheets};
use crate::model_eval::report::{Shown, curve_of, page};
use crate::model_eval::run::{ClassMap, Looked, Run, SCORE_FLOOR, decode};

/// What is evaluated, and how.
pub struct Request<'r> {
    /// The pictures.
    pub dataset: &'r Dataset,
    /// Name of the split.
    pub split: &'r str,
    /// The model, then one to compare it with.
    pub models: &'r [ModelInUse],
    /// ONNX Runtime.
    pub runtime: &'r Runtime,
    /// Workers, limits, assumed uncertainties.
    pub settings: &'r Settings,
    /// Scales told on the command line.
    pub scale_rules: &'r [ScaleRule],
    /// Classes of the data set with another name in the model.
    pub renamed: &'r BTreeMap<String, String>,
    /// Overlap from which a find of a class counts.
    pub overlaps: &'r BTreeMap<String, f64>,
}

/// One model's view of all pictures.
struct Seen<'r> {
    model: &'r ModelInUse,
    classes: ClassMap,
    scales: Vec<GroundScale>,
    looked: Vec<Looked>,
    pictures: Vec<Picture>,
}

/// An evaluation with everything its page needs.
pub struct Evaluated<'r> {
    /// The figures.
    pub answer: EvaluationAnswer,
    request: Request<'r>,
    seen: Vec<Seen<'r>>,
}

/// Looks at all pictures with all models. `done` hears of every picture and model.
///
/// # Errors
/// Classes or scales that cannot be told, a model that does not load or run.
pub fn evaluate<'r>(request: Request<'r>, done: &(dyn Fn() + Sync)) -> Result<Evaluated<'r>> {
    let start = Instant::now();
    let mut seen = Vec::new();
    for model in request.models {
        seen.push(look(&request, model, done)?);
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut notes = request.dataset.notes.clone();
    notes.extend(partly_labelled(request.dataset));
    let (mut pictures, mut scales) = (0, Vec::new());
    if let Some(first) = seen.first() {
        notes.extend(first.looked.iter().filter_map(|looked| looked.refused.clone()));
        notes.extend(held_back(first));
        pictures = first
            .looked
            .iter()
            .filter(|looked| looked.refused.is_none())
            .count();
        scales = scale_answers(request.dataset, &first.scales, &first.looked);
    }
    notes.extend(seen.iter().flat_map(|seen| not_judged(request.dataset, seen)));
    let mut models: Vec<ModelFigures> = seen.iter().map(|seen| figures(&request, seen)).collect();
    tell_apart(&mut models);
    let answer = EvaluationAnswer {
        dataset: request.dataset.name.clone(),
        layout: request.dataset.layout.clone(),
        split: request.split.to_owned(),
        pictures,
        scales,
        score_floor: f64::from(SCORE_FLOOR),
        max_found: MAX_FOUND,
        models,
        notes,
        seconds,
    };
    Ok(Evaluated {
        answer,
        request,
        seen,
    })
}

fn look<'r>(request: &Request<'r>, model: &'r ModelInUse, done: &(dyn Fn() + Sync)) -> Result<Seen<'r>> {
    let dataset = request.dataset;
    let classes = ClassMap::of(dataset, &model.card, request.renamed)?;
    let scales = ground_scales(
        dataset,
        request.scale_rules,
        &model.card,
        &request.settings.geolocation,
    )?;
    let run = Run {
        model,
        runtime: request.runtime,
        dataset,
        scales: &scales,
        classes: &classes,
        workers: request.settings.worker_count(),
        max_pixels: u64::from(request.settings.max_megapixels) * 1_000_000,
    };
    let looked = run.look(done)?;
    let pictures = looked.iter().map(|looked| looked.picture.clone()).collect();
    Ok(Seen {
        model,
        classes,
        scales,
        looked,
        pictures,
    })
}

impl Evaluated<'_> {
    /// The page.
    ///
    /// # Errors
    /// A picture that cannot be read again.
    pub fn page(&self, lang: Lang) -> Result<String> {
        let mut curves = Vec::new();
        for seen in &self.seen {
            let judging = judging(&self.request, seen.model);
            let curve = |class: usize| {
                curve_of(
                    &seen.model.card.classes[class].id,
                    &judging.outcomes(&seen.pictures, class),
                )
            };
            curves.push((0..seen.model.card.classes.len()).map(curve).collect());
        }
        let sheets = match self.seen.first() {
            Some(seen) => sheets(&seen.pictures, &self.classes_to_show(seen), &|index| {
                let sample = &self.request.dataset.samples[index];
                let max_pixels = u64::from(self.request.settings.max_megapixels) * 1_000_000;
                Ok((decode(sample, max_pixels)?, sample.name.clone()))
            })?,
            None => Vec::new(),
        };
        Ok(page(&Shown {
            answer: &self.answer,
            curves: &curves,
            sheets: &sheets,
            lang,
        }))
    }

    fn classes_to_show(&self, seen: &Seen<'_>) -> Vec<ClassToShow> {
        let judging = judging(&self.request, seen.model);
        let classes = seen.model.card.classes.iter().enumerate();
        classes
            .map(|(class, card)| ClassToShow {
                class,
                id: card.id.clone(),
                threshold: f64::from(card.threshold),
                outcomes: judging.outcomes(&seen.pictures, class),
            })
            .collect()
    }
}

fn judging<'r>(request: &Request<'r>, model: &'r ModelInUse) -> Judging<'r> {
    Judging {
        card: &model.card,
        overlaps: request.overlaps,
    }
}

fn figures(request: &Request<'_>, seen: &Seen<'_>) -> ModelFigures {
    let sets: Vec<&str> = request
        .dataset
        .samples
        .iter()
        .map(|sample| sample.set.as_str())
        .collect();
    let tiles = seen.looked.iter().map(|looked| looked.tiles).sum();
    judging(request, seen.model).figures(&seen.pictures, &sets, tiles)
}

/// Two models of one name are called by their hashes, too: fp32 and int8 of one training, say.
fn tell_apart(models: &mut [ModelFigures]) {
    let is_one_name = matches!(models, [first, second] if first.name == second.name);
    for model in models.iter_mut().filter(|_| is_one_name) {
        model.label = format!("{} {}", model.name, model.sha256.get(..8).unwrap_or_default());
    }
}

/// Classes that only one side has.
fn not_judged(dataset: &Dataset, seen: &Seen<'_>) -> Vec<Words> {
    let (card, classes) = (&seen.model.card, &seen.classes.model_class);
    let mut notes = Vec::new();
    let name = &card.name;
    let unknown = dataset
        .classes
        .iter()
        .zip(classes)
        .filter(|(_, known)| known.is_none());
    let unknown: Vec<&str> = unknown.map(|(name, _)| name.as_str()).collect();
    if !unknown.is_empty() {
        let list = unknown.join(", ");
        notes.push(Words::new(
            format!("模型 {name} 没有这些类别,未评:{list}"),
            format!("not judged, since the model {name} does not have them: {list}"),
        ));
    }
    let judged: BTreeSet<usize> = classes.iter().flatten().copied().collect();
    let unlabelled = card
        .classes
        .iter()
        .enumerate()
        .filter(|(class, _)| !judged.contains(class));
    let unlabelled: Vec<&str> = unlabelled.map(|(_, class)| class.id.as_str()).collect();
    if !unlabelled.is_empty() {
        let list = unlabelled.join(", ");
        notes.push(Words::new(
            format!("数据集没有模型 {name} 的这些类别,未评:{list}"),
            format!("not judged, since the data set does not have these classes of the model {name}: {list}"),
        ));
    }
    notes
}

fn partly_labelled(dataset: &Dataset) -> Option<Words> {
    let total = dataset.samples.len();
    let partly = dataset
        .samples
        .iter()
        .filter(|sample| sample.labelled_classes.is_some())
        .count();
    (partly > 0).then(|| {
        Words::new(
            format!("{total} 张中有 {partly} 张只标注了部分类别,每类只在标注过它的图片上评"),
            format!("{partly} of {total} pictures are labelled for some classes only; a class is judged on the pictures labelled for it"),
        )
    })
}

/// Pictures that the choice of tiles shows the model at another ground scale than its own.
fn held_back(seen: &Seen<'_>) -> Option<Words> {
    let model_cm = seen.model.card.scale.ground_scale_cm_per_px;
    let is_held = |(looked, scale): &(&Looked, &GroundScale)| {
        looked.refused.is_none() && (scale.cm_per_px / model_cm - looked.scale).abs() > 1e-6
    };
    let n = seen.looked.iter().zip(&seen.scales).filter(is_held).count();
    (n > 0).then(|| {
        Words::new(
            format!(
                "{n} 张图片放大或缩小到模型的地面分辨率会超出限度({SMALLEST_SCALE}–{LARGEST_SCALE} 倍),与巡查时一样按限度识别"
            ),
            format!(
                "{n} pictures would have to be scaled beyond {SMALLEST_SCALE} to {LARGEST_SCALE} times for the model's ground scale and were looked at with that limit, as photos of a flight are"
            ),
        )
    })
}

/// Per set and source.
fn scale_answers(dataset: &Dataset, scales: &[GroundScale], looked: &[Looked]) -> Vec<ScaleAnswer> {
    let mut answers: BTreeMap<(&str, ScaleSource), ScaleAnswer> = BTreeMap::new();
    for ((sample, scale), looked) in dataset.samples.iter().zip(scales).zip(looked) {
        if looked.refused.is_some() {
            continue;
        }
        let answer = answers
            .entry((&sample.set, scale.source))
            .or_insert_with(|| ScaleAnswer {
                set: sample.set.clone(),
                source: scale.source,
                pictures: 0,
                cm_per_px: [f64::INFINITY, 0.0],
                looked_at_scale: [f64::INFINITY, 0.0],
            });
        let widen = |[least, most]: [f64; 2], value: f64| [least.min(value), most.max(value)];
        answer.pictures += 1;
        answer.cm_per_px = widen(answer.cm_per_px, scale.cm_per_px);
        answer.looked_at_scale = widen(answer.looked_at_scale, looked.scale);
    }
    answers.into_values().collect()
}
