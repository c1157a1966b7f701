//! FlyOnce (飞一次): fly once, check everything. The program: configuration, stages, command line, HTTP API
//! and page. `crates/README.md` is the map of the whole.

mod answers;
mod api;
mod broker;
mod change_model;
mod cli;
mod clock;
mod config;
mod coverage;
mod feedback;
mod fleet;
mod fleet_plan;
mod flight_log;
mod lang;
mod layers;
mod map_picture;
mod model;
mod model_check;
mod model_compare;
mod model_eval;
mod picture;
mod report;
mod review;
mod running;
mod runtime_setup;
mod siting;
mod stage;
mod whole_file;
mod workplace;

use std::process::ExitCode;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    // One level for everything: off, error, warn, info, debug or trace.
    let level = std::env::var("FLYONCE_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    // The embedded broker calls every lost connection an error; what a lost dock means is said by who misses it.
    let targets = Targets::new()
        .with_default(level)
        .with_target("rumqttd", LevelFilter::OFF);
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_filter(targets),
        )
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
