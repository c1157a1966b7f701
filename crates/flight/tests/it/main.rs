//! Vehicles and docks over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panicking, their helpers too"
)]

#[cfg(test)]
mod cloud_dock;
#[cfg(test)]
mod dock;
mod fault_table;
mod link;
mod link_peer;
mod link_routes;
#[cfg(unix)]
mod serial;
mod signing;
mod sortie;
mod tlog;
mod transfer;
