//! `flyonce model …`: what can be said about a model without flying it.

mod check;
mod compare;
mod eval;
mod shadow;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::cli::output::Output;
use crate::config::Config;
use crate::workplace::Workplace;

/// `model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Does a model of your own fit: file, card, outputs, speed / 检查自带模型
    Check(check::CheckArguments),
    /// Judge a model on labelled pictures / 用标注图片评估模型
    Eval(eval::EvalArguments),
    /// Let a model look in shadow at flights that are flown / 让模型以影子方式看已飞架次
    Shadow(shadow::ShadowArguments),
    /// Compare shadow models with the active ones / 影子模型与正式模型比对
    Compare(compare::CompareArguments),
}

/// Does what the subcommand says.
///
/// # Errors
/// What stopped it, in words.
pub async fn run(output: Output, config: Config, command: ModelCommand) -> Result<()> {
    match command {
        ModelCommand::Check(arguments) => {
            tokio::task::spawn_blocking(move || check::run(output, &config, &arguments)).await?
        }
        ModelCommand::Eval(arguments) => {
            tokio::task::spawn_blocking(move || eval::run(output, &config, &arguments)).await?
        }
        ModelCommand::Shadow(arguments) => {
            shadow::run(output, &Workplace::open(config).await?, &arguments).await
        }
        ModelCommand::Compare(arguments) => {
            compare::run(output, &Workplace::open(config).await?, &arguments).await
        }
    }
}

/// The flights asked for, or all that have photos.
async fn flights_of(workplace: &Workplace, wanted: &[String]) -> Result<Vec<String>> {
    let known = workplace.store.sorties_with_photos().await?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("there are no photos of a flight {unknown} / 没有架次 {unknown} 的照片");
    }
    Ok(if wanted.is_empty() { known } else { wanted.to_vec() })
}
