//! A simulated dock that speaks DJI's Cloud API over MQTT instead of MAVLink: topology, properties, services, events,
//! flight tasks of WPML files, media upload. Written from the published protocol alone (dji-sdk/Cloud-API-Doc and
//! dji-sdk/DJI-Cloud-API-Demo), so that a wrong convention of the program under test cannot agree with itself. What the
//! dock decides is in `machine` and `task`, how it flies in `flight`, how it stays on the line in `line`, `run` and
//! `media`.

mod body;
mod camera;
mod codes;
mod envelope;
mod faults;
mod flight;
mod http;
mod jobs;
mod line;
mod machine;
#[cfg(test)]
mod machine_tests;
mod media;
mod order;
mod osd;
mod pending;
mod progress;
mod run;
mod serial;
mod sigv4;
mod state;
mod task;
mod tree;
mod wayline;
mod wpml;

pub use faults::{CLOUD_FAULTS, CloudFaults};
pub(crate) use line::Address;
pub(crate) use run::{CloudDockLinks, run};
pub use serial::{aircraft_sn, gateway_sn};
pub(crate) use state::Site;
