//! The photo ledger: every photo has a name and stands in exactly one state, from the plan to the review or
//! to a named loss, so that no photo goes missing unnoticed.
//!
//! ```text
//! planned ─► triggered ─► captured ─► stored ─► looked_at ─► reviewed
//!    │           │            │          │
//!    ▼           ▼            ▼          ▼
//! not_flown   misfire   never_arrived  unreadable      (lost, named; a file that turns up late is stored)
//! ```
//!
//! A photo of an imported folder was never planned here: it begins as `stored`.

pub mod matching;
mod name;
mod state;

pub use name::{NameError, PhotoId, SortieId, import_sortie_id};
pub use state::{IllegalMove, LossReason, MOVES, PhotoState, UnknownState, advance};
