//! The command line: reads arguments, calls the stages or answers, prints text for people or JSON.

mod arguments;
mod check;
mod coverage;
mod demo;
mod export;
mod geotag;
mod ingest;
mod leads;
mod output;
mod photos;
mod serve;
mod setup;

use anyhow::Result;
use clap::Parser;

use crate::cli::arguments::{Arguments, Command};
use crate::cli::output::Output;
use crate::config::Config;
use crate::lang::Lang;
use crate::workplace::Workplace;

/// Reads the command line and does what it says.
///
/// # Errors
/// Why it could not be done, in words.
pub async fn run() -> Result<()> {
    let arguments = Arguments::parse();
    let lang = arguments
        .lang
        .unwrap_or_else(|| Lang::of_locale(|name| std::env::var(name).ok()));
    let output = Output {
        lang,
        json: arguments.json,
    };
    match arguments.command {
        Command::Check { file } => check::run(output, &file),
        Command::Setup => setup::run(output).await,
        Command::Geotag(geotag) if std::path::Path::new(&geotag.photo).is_file() => geotag::of_file(
            output,
            &config(arguments.config.as_deref(), arguments.data)?,
            &geotag,
        ),
        Command::Demo(demo) => {
            demo::run(output, config(arguments.config.as_deref(), arguments.data)?, demo).await
        }
        command => {
            let config = config(arguments.config.as_deref(), arguments.data)?;
            let workplace = Workplace::open(config).await?;
            on_workplace(output, &workplace, command).await
        }
    }
}

async fn on_workplace(output: Output, workplace: &Workplace, command: Command) -> Result<()> {
    match command {
        Command::Ingest(ingest) => ingest::run(output, workplace, &ingest.sources).await,
        Command::Leads(command) => leads::run(output, workplace, command).await,
        Command::Photos(photos) => photos::run(output, workplace, &photos).await,
        Command::Coverage(coverage) => coverage::run(output, workplace, &coverage).await,
        Command::Export(export) => export::run(output, workplace, &export).await,
        Command::Geotag(geotag) => geotag::of_stored(output, workplace, &geotag).await,
        Command::Serve(serve) => serve::run(output, workplace.clone(), serve.listen).await,
        Command::Check { .. } | Command::Setup | Command::Demo(_) => Ok(()),
    }
}

fn config(file: Option<&std::path::Path>, data: Option<std::path::PathBuf>) -> Result<Config> {
    let mut config = Config::load(file)?;
    if let Some(folder) = data {
        config.settings.data_folder = folder;
    }
    Ok(config)
}
