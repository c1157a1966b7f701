//! FlyOnce (飞一次): fly once, check everything. The program: configuration, stages, command line, HTTP API
//! and page. `crates/README.md` is the map of the whole.

mod answers;
mod api;
mod broker;
mod cli;
mod clock;
mod config;
mod fleet;
mod fleet_plan;
mod flight_log;
mod lang;
mod model;
mod picture;
mod review;
mod running;
mod runtime_setup;
mod stage;
mod workplace;

use std::process::ExitCode;

use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // One level for everything: off, error, warn, info, debug or trace.
    let level = std::env::var("FLYONCE_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .init();
    match cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flyonce: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line; a cause that its effect already quotes is not said twice.
fn in_words(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |said, cause| match said.as_str() {
            "" => cause,
            _ if said.contains(&cause) => said,
            _ => format!("{said}: {cause}"),
        })
}
