//! `flyonce model eval DATASET`: COCO metrics per class and set as a table, JSON, or one HTML page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::{Output, table};
use crate::config::Config;
use crate::config::settings::Settings;
use crate::lang::Lang;
use crate::model::ModelInUse;
use crate::model_eval::dataset::{Choice, read_dataset};
use crate::model_eval::evaluate::{Request, evaluate};
use crate::model_eval::figures::{ClassFigures, EvaluationAnswer};
use crate::model_eval::ground_scale::ScaleRule;
use crate::whole_file::write_whole;

/// `model eval`.
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// A folder with data.yaml, instances.json, or classes.txt, images/ and labels/; or a data.yaml or COCO .json.
    pub dataset: PathBuf,
    /// Card of the model (default: the configured one, else the built-in one).
    #[arg(long, value_name = "CARD")]
    pub model: Option<PathBuf>,
    /// Card of another model, judged on the same pictures and shown beside it.
    #[arg(long, value_name = "CARD")]
    pub compare: Option<PathBuf>,
    /// Which pictures: train, val, test, or all.
    #[arg(long, default_value = "val")]
    pub split: String,
    /// Only this set of the data set; may be given again.
    #[arg(long, value_name = "NAME")]
    pub set: Vec<String>,
    /// Page to write: one HTML file with curves, confusion and the worst cases.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// At most so many pictures, spread over the data set.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Ground per pixel in cm, for all pictures or one set: 12.5, raven=33, or from things of known size (m):
    /// streets=vehicle:4.5x1.8; may be given again.
    #[arg(long, value_name = "[SET=]CM")]
    pub gsd_cm: Vec<ScaleRule>,
    /// A class of the data set that the model knows under another name; may be given again.
    #[arg(long, value_name = "DATASET=MODEL", value_parser = renaming)]
    pub map: Vec<(String, String)>,
    /// IoU from which a find of a class counts for precision, recall and F1, where it is not 0.5; extents of waste,
    /// heaps and bare soil are a matter of taste.
    #[arg(long, value_name = "CLASS=IOU", value_parser = overlap,
        default_values = ["waste=0.3", "heap=0.3", "bare_soil=0.3"])]
    pub iou: Vec<(String, f64)>,
}

fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err(format!("{text:?} is not DATASET=MODEL")),
    }
}

fn overlap(text: &str) -> Result<(String, f64), String> {
    let (class, value) = text.split_once('=').unwrap_or((text, ""));
    match value.parse::<f64>() {
        Ok(iou) if (0.05..=0.95).contains(&iou) => Ok((class.to_owned(), iou)),
        _ => Err(format!("{text:?} is not CLASS=IOU with an IoU of 0.05 to 0.95")),
    }
}

/// Evaluates, writes the page, prints the figures.
///
/// # Errors
/// A data set or model that cannot be used, with file and line; a page that cannot be written.
pub fn run(output: Output, config: &Config, arguments: &EvalArguments) -> Result<()> {
    let dataset = read_dataset(
        &arguments.dataset,
        &Choice {
            split: arguments.split.clone(),
            sets: arguments.set.clone(),
            limit: arguments.limit,
        },
    )?;
    let models = models(&config.settings, arguments)?;
    let runtime = ModelInUse::runtime(&config.settings)?;
    let renamed: BTreeMap<String, String> = arguments.map.iter().cloned().collect();
    let overlaps: BTreeMap<String, f64> = arguments.iou.iter().cloned().collect();
    let bar = bar(output.lang, dataset.samples.len() * models.len());
    let evaluated = evaluate(
        Request {
            dataset: &dataset,
            split: &arguments.split,
            models: &models,
            runtime: &runtime,
            settings: &config.settings,
            scale_rules: &arguments.gsd_cm,
            renamed: &renamed,
            overlaps: &overlaps,
        },
        &|| bar.inc(1),
    );
    bar.finish_and_clear();
    let evaluated = evaluated?;
    if let Some(file) = &arguments.out {
        write_whole(file, evaluated.page(output.lang)?.as_bytes())?;
    }
    output.show(&evaluated.answer, |lang| {
        text(&evaluated.answer, arguments.out.as_deref(), lang)
    })
}

/// The model asked for, then the one to compare it with.
fn models(settings: &Settings, arguments: &EvalArguments) -> Result<Vec<ModelInUse>> {
    let with_card = |card: &Option<PathBuf>| {
        let mut settings = settings.clone();
        settings.model_card = card.clone().or(settings.model_card);
        ModelInUse::choose(&settings)
    };
    let mut models = vec![with_card(&arguments.model)?];
    if arguments.compare.is_some() {
        models.push(with_card(&arguments.compare)?);
    }
    Ok(models)
}

fn bar(lang: Lang, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(lang.pick("识别", "looking"));
    match ProgressStyle::with_template("{msg} {bar:32} {pos}/{len}  {elapsed} (ETA {eta})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn text(answer: &EvaluationAnswer, page: Option<&Path>, lang: Lang) -> String {
    let mut lines = Vec::new();
    let (pictures, seconds) = (answer.pictures, answer.seconds);
    lines.push(
        lang.pick(
            &format!(
                "{}({}),{pictures} 张图片,用时 {seconds:.0} s",
                answer.dataset, answer.split
            ),
            &format!(
                "{} ({}): {pictures} pictures in {seconds:.0} s",
                answer.dataset, answer.split
            ),
        )
        .to_owned(),
    );
    lines.extend(answer.scales.iter().map(|scale| {
        let [least, most] = scale.cm_per_px;
        format!(
            "  {}: {least:.1}–{most:.1} cm/px, {}",
            scale.set,
            scale.source.words().pick(lang)
        )
    }));
    lines.extend(answer.notes.iter().map(|note| format!("  ! {}", note.pick(lang))));
    for model in &answer.models {
        lines.push(format!(
            "{} {} ({})",
            model.name,
            model.version,
            model.sha256.get(..12).unwrap_or_default()
        ));
        let mut rows = vec![titles(lang)];
        let all = lang.pick("全部", "all");
        rows.extend(model.classes.iter().map(|class| row(all, class)));
        for set in &model.sets {
            rows.extend(set.classes.iter().map(|class| row(&set.set, class)));
        }
        lines.push(table(&rows).trim_end().to_owned());
    }
    lines.push(match page {
        Some(page) => format!("{} {}", lang.pick("报告:", "page:"), page.display()),
        None => lang
            .pick(
                "用 --out 文件.html 可生成报告",
                "--out FILE.html writes a page with curves and pictures",
            )
            .to_owned(),
    });
    lines.join("\n")
}

fn titles(lang: Lang) -> Vec<String> {
    let titles = match lang {
        Lang::Zh => [
            "来源",
            "类别",
            "框",
            "AP30",
            "AP50",
            "AP50:95",
            "IoU",
            "阈值",
            "精确率",
            "召回率",
            "误报",
            "最佳阈值",
            "ECE",
        ],
        Lang::En => [
            "set",
            "class",
            "boxes",
            "AP30",
            "AP50",
            "AP50:95",
            "IoU",
            "threshold",
            "precision",
            "recall",
            "false",
            "best F1 at",
            "ECE",
        ],
    };
    titles.map(str::to_owned).to_vec()
}

fn row(set: &str, class: &ClassFigures) -> Vec<String> {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    vec![
        set.to_owned(),
        class.class.clone(),
        class.boxes.to_string(),
        share(class.ap30),
        share(class.ap50),
        share(class.ap50_95),
        format!("{:.1}", class.overlap),
        format!("{:.2}", class.threshold),
        share(class.at_threshold.and_then(|at| at.precision)),
        share(class.at_threshold.map(|at| at.recall)),
        class.false_alarms_at_threshold.to_string(),
        share(class.best_f1.map(|best| best.score)),
        share(class.expected_calibration_error),
    ]
}
