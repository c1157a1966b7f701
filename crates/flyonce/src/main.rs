//! FlyOnce (飞一次): fly once, check everything. The program: configuration, stages, command line, HTTP API
//! and page. `crates/README.md` is the map of the whole.

mod answers;
mod api;
mod cli;
mod clock;
mod config;
mod lang;
mod model;
mod picture;
mod review;
mod runtime_setup;
mod stage;
mod workplace;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("FLYONCE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flyonce: {error:#}");
            ExitCode::FAILURE
        }
    }
}
