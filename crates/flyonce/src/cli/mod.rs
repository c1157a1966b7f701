//! The command line: reads arguments, calls the stages or answers, prints text for people or JSON.

mod arguments;
mod by_hand;
mod check;
mod checks_table;
mod compare;
mod coverage;
mod demo;
mod export;
mod fleet;
mod flight_story;
mod flights;
mod fly;
mod geotag;
mod ingest;
mod layers;
mod leads;
mod model;
mod orders;
mod output;
mod overrides;
mod photos;
mod serve;
mod service_door;
mod setup;
mod simulate;
mod siting;
mod soak;
mod training_set;
mod vehicle;
mod withdrawals;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser;

use crate::cli::arguments::{Arguments, Command, FleetCommand, FlightsCommand};
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
    let config = || config(arguments.config.as_deref(), arguments.data.clone());
    let workplace = async || Workplace::open(config()?).await;
    match arguments.command {
        Command::Check { file } => check::run(output, &file),
        Command::Setup => setup::run(output).await,
        Command::Demo(demo) => demo::run(output, config()?, &demo).await,
        Command::Ingest(ingest) => ingest::run(output, &workplace().await?, &ingest.sources).await,
        Command::Leads(command) => leads::run(output, &workplace().await?, command).await,
        Command::Photos(photos) => photos::run(output, &workplace().await?, &photos).await,
        Command::Compare(compare) => compare::run(output, config()?, &compare).await,
        Command::Coverage(coverage) => coverage::run(output, &workplace().await?, &coverage).await,
        Command::Layers(command) => layers::run(output, &config()?, command),
        Command::Siting(siting) => siting::run(output, &workplace().await?, &siting).await,
        Command::Export(export) => export::run(output, &workplace().await?, &export).await,
        Command::Geotag(geotag) if Path::new(&geotag.photo).is_file() => {
            geotag::of_file(output, &config()?, &geotag)
        }
        Command::Geotag(geotag) => geotag::of_stored(output, &workplace().await?, &geotag).await,
        Command::Flights(FlightsCommand::Resume(order)) => orders::resume(output, &config()?, &order).await,
        Command::Flights(command) => flights::run(output, &workplace().await?, command).await,
        Command::Serve(serve) => serve::run(output, workplace().await?, &serve).await,
        Command::Fly(fly) => fly::run(output, config()?, &fly).await,
        Command::Fleet(FleetCommand::Fly { wave }) => fly::run_wave(output, config()?, &wave).await,
        Command::Fleet(FleetCommand::Pause(order)) => orders::give(output, &config()?, "pause", &order).await,
        Command::Fleet(FleetCommand::Continue(order)) => {
            orders::give(output, &config()?, "continue", &order).await
        }
        Command::Fleet(FleetCommand::Land(order)) => orders::give(output, &config()?, "land", &order).await,
        Command::Fleet(FleetCommand::Divert(order)) => orders::divert(output, &config()?, &order).await,
        Command::Fleet(FleetCommand::Dock(order)) => by_hand::run(output, &config()?, &order).await,
        Command::Fleet(command) => fleet::run(output, &config()?, command).await,
        Command::Vehicle(command) => vehicle::run(output, &config()?, command).await,
        Command::Model(command) => model::run(output, config()?, command).await,
        Command::Simulate(simulate) => simulate::run(simulate).await,
        Command::Soak(soak) => soak::run(output, &soak).await,
    }
}

fn config(file: Option<&Path>, data: Option<PathBuf>) -> Result<Config> {
    let mut config = Config::load(file)?;
    if let Some(folder) = data {
        config.settings.data_folder = folder;
    }
    Ok(config)
}
