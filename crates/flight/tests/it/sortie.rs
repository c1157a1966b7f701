//! Whole flights with a simulated vehicle over UDP, in time-lapse: the good one, and each way in which it goes wrong.

mod air;
mod faults;
mod fencing;
mod ground;
mod held;
mod policy;
pub mod world;
