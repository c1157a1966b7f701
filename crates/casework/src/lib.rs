//! Leads, pure: site association, the lead's life, the evidence chain.
//!
//! Nothing here reads a clock, a file or a random number: times, actors and ids are arguments.

pub mod association;
pub mod evidence;
pub mod lead;
