//! `flyonce model shadow CARD`: lets a model look in shadow at flights that are flown.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use store::rows::ModelRole;

use crate::answers::looks::said;
use crate::cli::ingest::{Bar, problems};
use crate::cli::model::flights_of;
use crate::cli::output::Output;
use crate::lang::Lang;
use crate::model::ModelInUse;
use crate::stage::shadow::{ShadowSummary, look_in_shadow};
use crate::workplace::Workplace;

/// `model shadow`.
#[derive(Debug, Args)]
pub struct ShadowArguments {
    /// Card of the model.
    pub card: PathBuf,
    /// Only this flight; may be given again. Left out, all flights.
    #[arg(long, value_name = "SORTIE")]
    pub flight: Vec<String>,
}

/// Looks with a progress bar, and says what it came to.
///
/// # Errors
/// A model that cannot be used or is an active one of a flight; the database. Run again, it goes on.
pub async fn run(output: Output, workplace: &Workplace, arguments: &ShadowArguments) -> Result<()> {
    let flights = flights_of(workplace, &arguments.flight).await?;
    let model = ModelInUse::with_card(&arguments.card, ModelRole::Shadow)?;
    let mut bar = Bar::new(output.lang);
    let summary = look_in_shadow(workplace, model, flights, &mut bar).await;
    bar.clear();
    let summary = summary?;
    output.show(&summary, |lang| text(&summary, lang))
}

fn text(summary: &ShadowSummary, lang: Lang) -> String {
    let ShadowSummary {
        model,
        flights,
        photos,
        photos_left_out,
        looked_at,
        tiles,
        detections,
        ..
    } = summary;
    let flights = flights.len();
    let mut lines = vec![match lang {
        Lang::Zh => format!(
            "影子模型 {model}:{flights} 个架次、{photos} 张照片,本次识别 {looked_at} 张、切片 {tiles} 个,检出 {detections} 处"
        ),
        Lang::En => format!(
            "{model} in shadow: {flights} flights, {photos} photos; looked into {looked_at} of them now, {tiles} tiles, {detections} found"
        ),
    }];
    if *photos_left_out > 0 {
        lines.push(match lang {
            Lang::Zh => format!("  ! {photos_left_out} 张尚待正式模型识别或无法使用,未看"),
            Lang::En => {
                format!("  ! {photos_left_out} photos wait for the active models or cannot be used; left out")
            }
        });
    }
    problems(&mut lines, &summary.not_looked_at, lang);
    let looks = summary.looks.iter().zip(said(&summary.looks, lang));
    lines.extend(looks.map(|(looks, said)| format!("  {} {said}", looks.sortie_id)));
    if let Some(ms) = summary.ms_per_tile {
        lines.push(match lang {
            Lang::Zh => format!("每切片 {ms:.0} 毫秒"),
            Lang::En => format!("{ms:.0} ms per tile"),
        });
    }
    lines.push(
        lang.pick("比对:flyonce model compare", "compare: flyonce model compare")
            .to_owned(),
    );
    lines.join("\n")
}
