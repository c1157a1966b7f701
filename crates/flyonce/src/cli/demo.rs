//! `flyonce demo`: the main job in one command, on photos that the simulator renders.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde_json::json;
use simulator::{DemoOptions, DemoSummary, render_demo};

use crate::answers::coverage::{CoverageRequest, coverage};
use crate::cli::arguments::DemoArguments;
use crate::cli::ingest;
use crate::cli::output::Output;
use crate::cli::serve;
use crate::config::Config;
use crate::lang::{Lang, Words};
use crate::runtime_setup::set_up;
use crate::stage::pipeline::IngestSummary;
use crate::workplace::Workplace;

/// Set-up, photos, ingest, summary, page.
///
/// # Errors
/// What could not be done.
pub async fn run(output: Output, config: Config, arguments: DemoArguments) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        set_up(&mut |what| output.say(&Words::new(format!("下载 {what}"), format!("fetching {what}"))))
    })
    .await??;
    let folder = config
        .settings
        .data_folder
        .join(format!("demo-photos-{}", arguments.seed));
    let rendered = render(output, folder, &arguments).await?;
    let workplace = Workplace::open(config).await?;
    let summary = ingest::with_bar(output.lang, &workplace, &rendered.photos).await?;
    show(output, &workplace, &summary, &rendered).await?;
    if let Some(why) = summary.model_missing {
        bail!("{why}");
    }
    if arguments.no_serve {
        return Ok(());
    }
    serve::run(output, workplace, arguments.listen).await
}

async fn render(output: Output, folder: PathBuf, arguments: &DemoArguments) -> Result<DemoSummary> {
    let options = DemoOptions {
        seed: arguments.seed,
        photos: arguments.photos,
        ..DemoOptions::default()
    };
    let shown = folder.display();
    output.say(&Words::new(
        format!(
            "渲染 {} 张模拟照片(种子 {})到 {shown}",
            options.photos, options.seed
        ),
        format!(
            "rendering {} simulated photos (seed {}) into {shown}",
            options.photos, options.seed
        ),
    ));
    let bar = ProgressBar::new(u64::from(options.photos));
    let rendered = tokio::task::spawn_blocking(move || {
        let rendered = render_demo(&folder, &options, &mut |done, _total| {
            bar.set_position(u64::from(done))
        });
        bar.finish_and_clear();
        rendered
    });
    rendered.await?.context("the photos could not be rendered")
}

async fn show(
    output: Output,
    workplace: &Workplace,
    summary: &IngestSummary,
    rendered: &DemoSummary,
) -> Result<()> {
    let settings = &workplace.config.settings;
    let (max_gsd_cm, cell_m) = (settings.max_gsd_cm, settings.cell_m);
    let request = CoverageRequest {
        since: None,
        until: None,
        max_gsd_cm,
        cell_m,
    };
    let imaged = coverage(workplace, &request, None).await?;
    let leads = workplace.store.counts().await?.leads;
    let answer =
        json!({ "ingest": summary, "coverage": imaged, "leads": leads, "planted": rendered.planted });
    output.show(&answer, |lang| {
        let (planted, km2) = (rendered.planted, imaged.imaged_km2);
        let said = match lang {
            Lang::Zh => format!("【模拟数据】共 {leads} 条线索;场景中布设 {planted} 个物体(含普通建筑与车辆);实拍 {km2:.4} km²"),
            Lang::En => format!("[SIMULATED] {leads} leads; {planted} things planted in the scene, ordinary buildings and vehicles among them; {km2:.4} km² imaged"),
        };
        format!("{}\n{said}", ingest::text(summary, lang))
    })
}
