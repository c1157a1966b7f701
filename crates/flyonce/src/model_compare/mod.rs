//! Compares shadow models with the active ones on the same photos, from what both left in the store: `gather` reads a
//! flight, `figures` counts who found what, `sheet` cuts out what only one of them found, `page` shows it.

pub mod figures;
pub mod gather;
pub mod page;
pub mod sheet;
