//! The fleet at work: docks and vehicles of the roster, the calendar that launches them, one task per sortie,
//! and everything that people see of it.

pub mod words;
