//! The imaged number of any window of days, layer and cell size: how much ground photos show, its share of a flyable
//! layer, and what the figure rests on.

use anyhow::{Context, Result};
use survey::reference::Reference;
use survey::time::CivilDay;

use crate::answers::coverage::{CoverageAnswer, CoverageRequest, coverage};
use crate::cli::arguments::CoverageQuestion;
use crate::cli::output::Output;
use crate::config::layers::{self, LoadedLayer};
use crate::lang::{Lang, Words};
use crate::workplace::Workplace;

/// The figure.
///
/// # Errors
/// A layer or day that cannot be read.
pub async fn figure(
    output: Output,
    workplace: &Workplace,
    arguments: &CoverageQuestion,
) -> Result<CoverageAnswer> {
    let settings = &workplace.config.settings;
    let layer = chosen_layer(workplace, arguments)?;
    if let Some(loaded) = layer.as_ref().filter(|loaded| !loaded.repairs.is_empty()) {
        let n = loaded.repairs.len();
        output.say(&Words::new(
            format!("图层已自动修正 {n} 处"),
            format!("{n} repair(s) were made to the layer"),
        ));
    }
    let request = CoverageRequest {
        since: arguments.since.as_deref().map(day).transpose()?,
        until: arguments.until.as_deref().map(day).transpose()?,
        max_gsd_cm: arguments.max_gsd_cm.unwrap_or(settings.max_gsd_cm),
        cell_m: arguments.cell_m.unwrap_or(settings.cell_m),
    };
    coverage(workplace, &request, layer.as_ref().map(|loaded| &loaded.layer)).await
}

fn chosen_layer(workplace: &Workplace, arguments: &CoverageQuestion) -> Result<Option<LoadedLayer>> {
    let Some(file) = &arguments.layer else {
        return layers::load_flyable(&workplace.config.settings);
    };
    let reference: Option<Reference> = arguments.datum.as_deref().map(str::parse).transpose()?;
    layers::load(file, None, arguments.layer_version.as_deref(), reference, "").map(Some)
}

/// A day as typed.
///
/// # Errors
/// Anything else.
pub fn day(text: &str) -> Result<CivilDay> {
    text.parse()
        .with_context(|| format!("{text:?} is not a day; an example is 2026-11-23"))
}

/// In words.
pub fn text(answer: &CoverageAnswer, lang: Lang) -> String {
    let parameters = &answer.parameters;
    let window = match (&parameters.since, &parameters.until) {
        (None, None) => lang.pick("全部日期", "all days").to_owned(),
        (since, until) => {
            format!(
                "{} … {}",
                since.as_deref().unwrap_or(""),
                until.as_deref().unwrap_or("")
            )
        }
    };
    let headline = match (&answer.layer, answer.percent) {
        (Some(layer), Some(percent)) => match lang {
            Lang::Zh => format!(
                "实拍覆盖 {:.4} km²,占图层“{}”(版本 {},{},{:.4} km²)的 {percent:.2} %",
                answer.imaged_km2, layer.name, layer.version, layer.datum, layer.area_km2
            ),
            Lang::En => format!(
                "imaged {:.4} km², {percent:.2} % of layer \"{}\" (version {}, {}, {:.4} km²)",
                answer.imaged_km2, layer.name, layer.version, layer.datum, layer.area_km2
            ),
        },
        _ => match lang {
            Lang::Zh => format!("实拍覆盖 {:.4} km²(未给出适飞图层,无百分比)", answer.imaged_km2),
            Lang::En => format!(
                "imaged {:.4} km² (no flyable layer given, so no percentage)",
                answer.imaged_km2
            ),
        },
    };
    let basis = match lang {
        Lang::Zh => format!(
            "依据:{window}({}),地面分辨率 ≤ {} cm,{} 张照片计入,{} 张未计入,格网 {} m;图层内外合计 {:.4} km²",
            parameters.time_zone,
            parameters.max_gsd_cm,
            answer.photos_counted,
            answer.photos_without_pose,
            answer.cell_m,
            answer.imaged_total_km2
        ),
        Lang::En => format!(
            "from: {window} ({}), GSD ≤ {} cm, {} photos counted, {} cannot count, cells of {} m; {:.4} km² inside and outside the layer",
            parameters.time_zone,
            parameters.max_gsd_cm,
            answer.photos_counted,
            answer.photos_without_pose,
            answer.cell_m,
            answer.imaged_total_km2
        ),
    };
    format!("{headline}\n{basis}")
}
