//! Every test body runs on SQLite, and on PostgreSQL where `FLYONCE_TEST_POSTGRES_URL` names a server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod chain;
mod coverage;
mod dock_orders;
mod fleet;
mod fleet_load;
mod flights;
mod follow_ups;
mod harness;
mod jobs;
mod kill;
mod leads;
mod looks;
mod opening;
mod originals;
mod overrides;
mod photos;
mod schema;
mod shadow;
mod shots;
mod tiles;
mod upgrade;
mod withdrawals;
