//! Rows and originals: what FlyOnce knows, on SQLite in the data folder or on PostgreSQL, and the photo files.
//!
//! Follow the files in the order of the flow: [`open`] lays out the folder and the schema, [`blobs`] keeps the
//! photo files, [`photos`] commits their rows (their [`ground`] included) and queues [`jobs`], [`poses`] takes what
//! checking a sortie's poses came to, [`choices`] fixes which [`tiles`] a model looks at, [`looks`] takes what it saw,
//! [`shadow`] what models saw that are only compared, [`sites`] takes what the association made of it, [`leads`] takes
//! what people decided, [`coverage`] gives rows to the coverage ledger, [`withdrawals`] names sorties that count for
//! nothing, [`flights`] holds what was flown and what became of every photo of it, and [`events`] is the
//! chain that ties it together. One SQL text serves both engines.
//!
//! Every function that writes is one transaction, takes `now` as an argument, and is safe against a second
//! program doing the same at the same time.

pub mod blobs;
pub mod choices;
mod conditions;
mod connect;
pub mod coverage;
pub mod dock_orders;
pub mod error;
pub mod events;
pub mod flights;
pub mod ground;
pub mod jobs;
pub mod leads;
pub mod looks;
pub mod open;
pub mod overrides;
mod part_file;
pub mod photos;
pub mod poses;
pub mod rows;
pub mod shadow;
pub mod sites;
pub mod tiles;
pub mod withdrawals;

pub use connect::Engine;
pub use error::{Result, StoreError};
pub use open::{Location, Store};
