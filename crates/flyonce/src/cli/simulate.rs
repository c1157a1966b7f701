//! `flyonce simulate`: the simulated docks, vehicles and cameras, as a process of its own.

use anyhow::Result;
use simulator::fleet::FleetArguments;
use tokio_util::sync::CancellationToken;

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// What could not be simulated.
pub async fn run(arguments: FleetArguments) -> Result<()> {
    simulator::fleet::run(arguments, CancellationToken::new()).await
}
