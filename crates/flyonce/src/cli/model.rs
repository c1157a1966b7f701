//! `flyonce model …`: what can be said about a model without flying it.

mod eval;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::output::Output;
use crate::config::Config;

/// `model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Judge a model on labelled pictures / 用标注图片评估模型
    Eval(eval::EvalArguments),
}

/// Does what the subcommand says.
///
/// # Errors
/// What stopped it, in words.
pub async fn run(output: Output, config: Config, command: ModelCommand) -> Result<()> {
    match command {
        ModelCommand::Eval(arguments) => {
            tokio::task::spawn_blocking(move || eval::run(output, &config, &arguments)).await?
        }
    }
}
