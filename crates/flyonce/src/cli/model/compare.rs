//! `flyonce model compare`: what a shadow model found and missed beside the active ones, as tables, JSON, or one page.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use store::rows::ModelRow;

use crate::cli::model::flights_of;
use crate::cli::output::{Output, table};
use crate::lang::Lang;
use crate::model_compare::figures::{
    ClassCounts, CompareAnswer, Missed, ModelFigures, ShadowFigures, against_active, model_figures,
};
use crate::model_compare::gather::{SeenFlight, SeenPhoto, flight, verdicts};
use crate::model_compare::page::page;
use crate::model_compare::sheet::{Sheets, sheets};
use crate::whole_file::write_whole;
use crate::workplace::Workplace;

/// `model compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// Only this flight; may be given again.
    #[arg(long, value_name = "SORTIE")]
    pub flight: Vec<String>,
    /// Only the shadow model with this name or beginning of its SHA-256; may be given again.
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// Page to write: one HTML file with the tables and what only one side found.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Compares, writes the page, prints the figures.
///
/// # Errors
/// Flights that no shadow model looked at; a page that cannot be written; the database.
pub async fn run(output: Output, workplace: &Workplace, arguments: &CompareArguments) -> Result<()> {
    let names = flights_of(workplace, &arguments.flight).await?;
    let verdicts = verdicts(workplace).await?;
    let mut flights = Vec::new();
    for name in &names {
        flights.push(flight(workplace, name, &verdicts).await?);
    }
    let known = workplace.store.models().await?;
    let models = model_figures(&flights, &known);
    let compared: Vec<(ShadowFigures, Vec<Missed<'_>>)> = shadows(&models, &known, &arguments.model)?
        .into_iter()
        .map(|model| against_active(photos(&flights), model))
        .collect();
    let answer = CompareAnswer {
        flights: names,
        photos: photos(&flights).count(),
        models,
        shadows: compared.iter().map(|(figures, _)| figures.clone()).collect(),
    };
    if let Some(file) = &arguments.out {
        let cut = |(figures, missed): &(ShadowFigures, Vec<Missed<'_>>)| {
            sheets(missed, &figures.model_sha256, &|photo| pixels(workplace, photo))
        };
        let sheets: Vec<Sheets> = compared.iter().map(cut).collect::<Result<_>>()?;
        write_whole(file, page(&answer, &sheets, output.lang).as_bytes())?;
    }
    output.show(&answer, |lang| text(&answer, arguments.out.as_deref(), lang))
}

fn photos(flights: &[SeenFlight]) -> impl Iterator<Item = &SeenPhoto> {
    flights.iter().flat_map(|flight| &flight.photos)
}

fn pixels(workplace: &Workplace, photo: &SeenPhoto) -> Result<image::RgbImage> {
    let bytes = workplace.store.read_original_verified(&photo.sha256)?;
    let max_pixels = u64::from(workplace.config.settings.max_megapixels) * 1_000_000;
    Ok(vision::decode_jpeg(&bytes, max_pixels)?)
}

/// The shadow models that were asked for.
fn shadows<'k>(
    models: &[ModelFigures],
    known: &'k [ModelRow],
    wanted: &[String],
) -> Result<Vec<&'k ModelRow>> {
    let is_shadow = |row: &&ModelRow| {
        let mut figures = models.iter();
        figures.any(|model| model.role == "shadow" && model.model_sha256 == row.model_sha256)
    };
    let is_wanted = |row: &&ModelRow| {
        let fits = |word: &String| row.name == *word || row.model_sha256.starts_with(word.as_str());
        wanted.is_empty() || wanted.iter().any(fits)
    };
    let all: Vec<&ModelRow> = known.iter().filter(is_shadow).collect();
    if all.is_empty() {
        bail!(
            "no shadow model has looked at these photos; `flyonce model shadow CARD` lets one look / 没有影子模型看过这些照片,可用 flyonce model shadow"
        );
    }
    let chosen: Vec<&ModelRow> = all.iter().copied().filter(is_wanted).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|row| row.name.as_str()).collect();
        bail!("no such shadow model; there are: {}", names.join(", "));
    }
    Ok(chosen)
}

fn text(answer: &CompareAnswer, page: Option<&Path>, lang: Lang) -> String {
    let titles = match lang {
        Lang::Zh => [
            "模型",
            "角色",
            "打开照片",
            "切片",
            "检出",
            "检出/张",
            "检出/km²",
            "毫秒/切片",
        ],
        Lang::En => [
            "model",
            "role",
            "photos opened",
            "tiles",
            "finds",
            "finds/photo",
            "finds/km²",
            "ms/tile",
        ],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(answer.models.iter().map(|model| model_row(model, lang)));
    let mut lines = vec![table(&rows)];
    for shadow in &answer.shadows {
        lines.push(match lang {
            Lang::Zh => format!("{} 与正式模型比对", shadow.model),
            Lang::En => format!("{} against the active models", shadow.model),
        });
        let mut rows = vec![class_titles(lang)];
        let all = ClassCounts {
            class: lang.pick("合计", "all").to_owned(),
            ..shadow.total.clone()
        };
        rows.extend(shadow.classes.iter().chain([&all]).map(class_row));
        lines.push(table(&rows));
    }
    lines.push(match page {
        Some(page) => format!("{} {}", lang.pick("报告:", "page:"), page.display()),
        None => lang
            .pick(
                "用 --out 文件.html 可生成报告",
                "--out FILE.html writes a page with pictures",
            )
            .to_owned(),
    });
    lines.join("\n")
}

fn model_row(model: &ModelFigures, lang: Lang) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    let role = match model.role {
        "shadow" => lang.pick("影子", "shadow"),
        _ => lang.pick("正式", "active"),
    };
    vec![
        model.model.clone(),
        role.to_owned(),
        format!("{}/{}", model.photos_opened, model.photos),
        model.tiles.to_string(),
        model.detections.to_string(),
        number(model.detections_per_photo),
        number(model.detections_per_km2),
        number(model.ms_per_tile),
    ]
}

fn class_titles(lang: Lang) -> Vec<String> {
    let titles = match lang {
        Lang::Zh => [
            "类别",
            "双方",
            "仅正式",
            "仅影子",
            "正式(影子未看)",
            "影子(正式未看)",
            "属实",
            "误报",
            "精确率 正式/影子",
        ],
        Lang::En => [
            "class",
            "both",
            "only active",
            "only shadow",
            "active outside",
            "shadow outside",
            "real found",
            "false alarms found",
            "precision active/shadow",
        ],
    };
    titles.map(str::to_owned).to_vec()
}

fn class_row(counts: &ClassCounts) -> Vec<String> {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let precision = [counts.shipped_precision(), counts.shadow_precision()].map(share);
    [counts.class.clone()]
        .into_iter()
        .chain(counts.cells())
        .chain([precision.join(" ")])
        .collect()
}
