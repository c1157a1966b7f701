//! Vehicles over MAVLink and docks over MQTT: a sortie goes in, a track and capture events come out.

pub mod address;
pub mod capture;
pub mod clock_offset;
pub mod cloud_dock;
pub mod command;
pub mod dock;
pub mod fault;
pub mod link;
pub mod mission_transfer;
pub mod parameters;
pub mod policy;
pub mod profile;
pub mod signing;
pub mod sortie;
pub mod telemetry;
pub mod tlog;
pub mod vehicle;

mod identity;
mod port;
mod streams;
mod wire;
