//! `flyonce coverage`: the three numbers and what is made of them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::answers::coverage::CoverageAnswer;
use crate::cli::arguments::{CoverageArguments, CoverageCommand, CoverageQuestion};
use crate::cli::coverage::window::day;
use crate::cli::output::Output;
use crate::coverage::answer::{
    Audit, CoverageFigures, CoverageTable, Explanation, ForecastAnswer, GapList, History, RowKind,
};
use crate::coverage::desk::{Asked, Desk};
use crate::coverage::figures::Figures;
use crate::coverage::gap_plans::{WrittenPlans, write_plans};
use crate::coverage::{age_map, audit, explain, files, gap_list, monthly};
use crate::fleet::city_clock::CityClock;
use crate::lang::{Lang, Words};
use crate::whole_file::write_whole;
use crate::workplace::Workplace;

mod explain_text;
mod gap_text;
mod text;
mod window;

/// Everything that was asked for.
#[derive(Debug, Serialize)]
struct CoverageShown {
    /// Imaged ground of all days, or of the days asked for, by the exact limit of sharpness. Not of what was known on a
    /// day: it is computed from today's rows.
    #[serde(flatten)]
    window: Option<CoverageAnswer>,
    figures: Option<CoverageFigures>,
    table: Option<CoverageTable>,
    explanation: Option<Explanation>,
    audit: Option<Audit>,
    history: Option<History>,
    forecast: Option<ForecastAnswer>,
    gaps: Option<GapList>,
    gap_plans: Option<WrittenPlans>,
    files: Vec<String>,
}

/// Prints what was asked for, and writes files.
///
/// # Errors
/// Layers, days or files that cannot be used.
pub async fn run(output: Output, workplace: &Workplace, arguments: &CoverageArguments) -> Result<()> {
    if let Some(CoverageCommand::Report { month, out, town }) = &arguments.command {
        return report(output, workplace, (month, out, town.as_deref())).await;
    }
    let question = &arguments.asked;
    let window = match question.as_of {
        Some(_) => None,
        None => Some(window::figure(output, workplace, question).await?),
    };
    let mut shown = CoverageShown {
        window,
        figures: None,
        table: None,
        explanation: None,
        audit: None,
        history: None,
        forecast: None,
        gaps: None,
        gap_plans: None,
        files: Vec::new(),
    };
    // With a layer or cells of one's own there is only the imaged number: reach and plans belong to the settings' layers.
    if question.layer.is_none() && question.cell_m.is_none() {
        fill(output, workplace, question, &mut shown).await?;
    } else if wants_more(question) {
        bail!(output.lang.pick(
            "--layer 和 --cell-m 只用于实拍面积,不能与其他问题同用;请在配置中登记图层",
            "--layer and --cell-m only go with the imaged number; name the layer in the configuration for the rest"
        ));
    }
    output.show(&shown, |lang| text::all(&shown, question, lang))
}

fn wants_more(question: &CoverageQuestion) -> bool {
    let files = [
        &question.gaps,
        &question.gap_plans,
        &question.png,
        &question.geotiff,
        &question.flatgeobuf,
    ];
    question.explain
        || question.audit
        || question.forecast
        || question.history.is_some()
        || question.as_of.is_some()
        || question.by.is_some()
        || files.iter().any(|file| file.is_some())
}

async fn fill(
    output: Output,
    workplace: &Workplace,
    question: &CoverageQuestion,
    shown: &mut CoverageShown,
) -> Result<()> {
    let desk = Desk::new(workplace.clone(), CityClock::Wall);
    let asked = asked(question)?;
    let bar = Bar::new(output.lang);
    let on_entered = |entered, all| bar.set(entered, all);
    let answer = desk
        .ask(asked, &on_entered, |figures, _| first_answers(figures, question))
        .await?;
    let Some((figures, table)) = answer else {
        bar.clear();
        return if wants_more(question) {
            Err(nowhere(output.lang))
        } else {
            Ok(())
        };
    };
    if asked == Asked::default() {
        desk.state(&figures).await?;
    }
    shown.figures = Some(figures);
    shown.table = table;
    if question.explain {
        shown.explanation = explain::explain(&desk, asked, &on_entered).await?;
    }
    if let Some(days) = question.history {
        shown.history = explain::history(&desk, asked, days, &on_entered).await?;
    }
    if question.forecast {
        shown.forecast = explain::foresee(&desk, asked, &on_entered).await?;
    }
    if question.audit {
        shown.audit = audit::audit(&desk, asked, &on_entered).await?;
    }
    write_files(&desk, (asked, output.lang), question, shown).await?;
    bar.clear();
    Ok(())
}

fn nowhere(lang: Lang) -> anyhow::Error {
    anyhow::anyhow!(lang.pick(
        "尚无定位照片、图层或机场,不知道城市在哪里",
        "there is no placed photo, no layer and no dock yet: nothing says where this city is"
    ))
}

fn asked(question: &CoverageQuestion) -> Result<Asked> {
    let last = question.as_of.as_deref().or(question.until.as_deref());
    Ok(Asked {
        as_of: last.map(day).transpose()?,
        as_known_then: question.as_of.is_some(),
        since: question.since.as_deref().map(day).transpose()?,
        max_gsd_cm: question.max_gsd_cm,
    })
}

fn first_answers(
    figures: &Figures<'_>,
    question: &CoverageQuestion,
) -> Result<(CoverageFigures, Option<CoverageTable>)> {
    let towns = !figures.scene.basis.towns.is_empty();
    let kind = question.by.or(towns.then_some(RowKind::Town));
    let table = kind.map(|kind| figures.table(kind)).transpose()?;
    Ok((figures.figures()?, table))
}

async fn write_files(
    desk: &Desk,
    (asked, lang): (Asked, Lang),
    question: &CoverageQuestion,
    shown: &mut CoverageShown,
) -> Result<()> {
    let wanted = [
        &question.gaps,
        &question.gap_plans,
        &question.png,
        &question.geotiff,
        &question.flatgeobuf,
    ];
    if wanted.iter().all(|file| file.is_none()) {
        return Ok(());
    }
    let settings = &desk.workplace().config.settings;
    let quiet = |_, _| {};
    let written = desk
        .ask_gaps(asked, &quiet, |figures, found| {
            let list = gap_list::gap_list(figures, found, settings, question.most_gaps);
            let mut files = Vec::new();
            let mut write = |file: &Path, content: &[u8]| {
                files.push(file.display().to_string());
                write_whole(file, content)
            };
            if let Some(file) = &question.gaps {
                let json = serde_json::to_string_pretty(&gap_list::geojson(&list, found)?)?;
                write(file, json.as_bytes())?;
            }
            if let Some(file) = &question.png {
                write(file, &age_map::map_png(figures, found, lang)?)?;
            }
            if let Some(file) = &question.geotiff {
                write(file, &files::geotiff(figures)?)?;
            }
            if let Some(file) = &question.flatgeobuf {
                write(file, &files::flatgeobuf(figures, found)?)?;
            }
            let plans = question
                .gap_plans
                .as_ref()
                .map(|folder| write_plans(figures, found, settings, (folder, question.most_gaps)));
            Ok((list, plans.transpose()?, files))
        })
        .await?;
    if let Some((list, plans, files)) = written {
        shown.gaps = Some(list);
        shown.gap_plans = plans;
        shown.files = files;
    }
    Ok(())
}

async fn report(
    output: Output,
    workplace: &Workplace,
    (month, out, town): (&str, &Path, Option<&str>),
) -> Result<()> {
    let desk = Desk::new(workplace.clone(), CityClock::Wall);
    let bar = Bar::new(output.lang);
    let written = monthly::write(&desk, output.lang, (month, out, town), &|entered, all| {
        bar.set(entered, all)
    })
    .await;
    bar.clear();
    let files = written?.with_context(|| format!("{:#}", nowhere(output.lang)))?;
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    output.show(&serde_json::json!({ "files": names }), |lang| {
        let head = Words::new(
            format!("已写 {} 个月报:", names.len()),
            format!("{} pages written:", names.len()),
        );
        format!("{}\n{}", head.pick(lang), names.join("\n"))
    })
}

/// A bar on the error stream while the ledger is built.
struct Bar {
    bar: ProgressBar,
    lang: Lang,
}

impl Bar {
    fn new(lang: Lang) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            lang,
        }
    }

    fn set(&self, entered: u64, all: u64) {
        if self.bar.length().is_none() {
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            let words = self.lang.pick("建立覆盖台账", "building the coverage ledger");
            if let Ok(style) = ProgressStyle::with_template(&format!("{words} {{bar:30}} {{pos}}/{{len}}")) {
                self.bar.set_style(style);
            }
        }
        self.bar.set_length(all);
        self.bar.set_position(entered);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
