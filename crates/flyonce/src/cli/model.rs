//! `flyonce model …`: what can be said about a model without flying it.

mod check;
mod eval;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::output::Output;
use crate::config::Config;

/// `model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Does a model of your own fit: file, card, outputs, speed / 检查自带模型
    Check(check::CheckArguments),
    /// Judge a model on labelled pictures / 用标注图片评估模型
    Eval(eval::EvalArguments),
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
    }
}
