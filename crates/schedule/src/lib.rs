//! Time, pure: what is flown when, whether it may start, where it stands, and what became of every photo.
//!
//! | module | question it answers |
//! |---|---|
//! | [`calendar`] | which sortie is due at which instant, and what if that instant was missed |
//! | [`mission`] | what the vehicle is told, whether that can be flown, where it takes photos |
//! | [`interlock`] | whether dock, weather and vehicle allow arming and landing |
//! | [`sortie`] | where a flight stands and where it may go from there |
//! | [`refusal`] | why a flight did not start, in one closed list of words |
//! | [`photo_ledger`] | where every photo of a flight stands, and which report belongs to it |
//!
//! No clock, no file, no log, no randomness: instants are arguments.

pub mod calendar;
pub mod interlock;
pub mod mission;
pub mod photo_ledger;
pub mod refusal;
pub mod sortie;
