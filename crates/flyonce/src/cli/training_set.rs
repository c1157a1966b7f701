//! `flyonce leads training-set`: reviewed leads as a COCO data set for the training recipe.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use survey::time::CivilDay;

use crate::cli::output::Output;
use crate::feedback::export::{Exported, Request, export};
use crate::lang::Lang;
use crate::model::ModelInUse;
use crate::workplace::Workplace;

/// `leads training-set`.
#[derive(Debug, Args)]
pub struct TrainingSetArguments {
    /// New or empty folder; gets instances.json (COCO, with reasons and negatives) and images/.
    #[arg(long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Only leads decided on or after this day (yyyy-mm-dd).
    #[arg(long, value_name = "DAY")]
    pub since: Option<CivilDay>,
    /// Only leads decided on or before this day (yyyy-mm-dd).
    #[arg(long, value_name = "DAY")]
    pub until: Option<CivilDay>,
    /// Only this matter (code of the catalogue).
    #[arg(long)]
    pub matter: Option<String>,
    /// Whole photos instead of windows at the model's ground scale.
    #[arg(long)]
    pub whole_photos: bool,
    /// Simulated photos, too; they are left out otherwise.
    #[arg(long)]
    pub simulated: bool,
}

/// Exports and says what was written.
///
/// # Errors
/// An unknown matter, a folder that is not empty, nothing to export.
pub async fn run(output: Output, workplace: &Workplace, arguments: TrainingSetArguments) -> Result<()> {
    let catalogue = &workplace.config.catalogue;
    if let Some(code) = arguments
        .matter
        .as_ref()
        .filter(|code| catalogue.matter(code).is_none())
    {
        let known: Vec<&str> = catalogue
            .matters
            .iter()
            .map(|matter| matter.code.as_str())
            .collect();
        bail!("there is no matter {code:?}; there are: {}", known.join(", "));
    }
    let card = ModelInUse::choose(&workplace.config.settings)?.card;
    let request = Request {
        folder: arguments.output,
        since: arguments.since,
        until: arguments.until,
        matter_code: arguments.matter,
        whole_photos: arguments.whole_photos,
        simulated: arguments.simulated,
    };
    let exported = export(workplace, &card, &request).await?;
    output.show(&exported, |lang| text(&exported, lang))
}

fn text(exported: &Exported, lang: Lang) -> String {
    let Exported {
        folder,
        images,
        boxes,
        rejected,
        ignored,
        groups,
        train_val: [train, val],
        ..
    } = exported;
    let mut lines = vec![match lang {
        Lang::Zh => format!(
            "已写入 {folder}:{images} 张图片({train} 张训练、{val} 张验证,{groups} 组),目标框 {boxes} 个、误报 {rejected} 个、忽略区 {ignored} 个"
        ),
        Lang::En => format!(
            "{folder}: {images} pictures ({train} for training, {val} for validation, {groups} groups), {boxes} boxes, {rejected} rejected, {ignored} to be ignored"
        ),
    }];
    if exported.simulated_left_out > 0 {
        let n = exported.simulated_left_out;
        let said = lang
            .pick(
                "张模拟照片未导出(--simulated)",
                "simulated photos left out (--simulated)",
            )
            .to_owned();
        lines.push(format!("  ! {n} {said}"));
    }
    lines.extend(exported.unreadable.iter().map(|why| format!("  ! {why}")));
    lines.join("\n")
}
