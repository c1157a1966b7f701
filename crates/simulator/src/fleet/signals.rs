//! When to end: Ctrl-C, a request of the operating system, or the end of the process that started this one.

use std::io::Read as _;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels `stop` on Ctrl-C or SIGTERM.
///
/// # Errors
/// When the operating system lets nobody listen.
pub fn stop_on_signals(stop: &CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = stop.cancelled() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// Cancels `stop` when standard input closes. Reads on a thread of its own: nothing has to wait for it at the end.
pub fn stop_with_parent(stop: &CancellationToken) {
    let stop = stop.clone();
    std::thread::spawn(move || {
        let mut buffer = [0u8; 256];
        let mut input = std::io::stdin().lock();
        while matches!(input.read(&mut buffer), Ok(read) if read > 0) {}
        stop.cancel();
    });
}
