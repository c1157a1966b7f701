//! A lead's life: its states, who may move it where, and what a look at its past says.
//!
//! ```text
//!             confirm (joint)                     undo: back to the state before
//!   ┌──────────────────────────────► confirmed    the last decision that still stands
//!   │                                    ▲
//! candidate ── confirm (two step) ─► second_review (confirm by someone else)
//!   │  ▲                                 │
//!   │  └─ seen_again ─ fly_again ◄───────┤
//!   └──────► false_alarm · known_stock ◄─┘
//! ```
//!
//! The rules are in [`decide()`]; [`MOVES`] is the same table for database constraints.

mod decide;
mod history;
mod rank;
mod words;

pub use decide::{Move, MoveError, Sighting, decide, sighting};
pub use history::{HistoryError, LeadHistory, MOVES, PastMove};
pub use rank::{LeadFacts, lead_no, priority};
pub use words::{Decision, LeadState, MoveKind, ReviewPolicy, UnknownWord};
