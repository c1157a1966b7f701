//! The whole fleet as one process: docks over MQTT, vehicles over MAVLink, cameras whose photos go to the photo door
//! over HTTP, all of a seeded city, and all able to misbehave by name. It shares nothing with the program under test
//! but these three protocols and the files that it writes before it starts.

mod arguments;
mod faults;
mod news;
mod photos;
mod process;
mod signals;
mod station;
mod truth_log;
mod upload;

#[cfg(test)]
mod tests;

pub use arguments::{FleetArguments, ProfileChoice};
pub use faults::{
    FAULT_CATALOGUE, FaultGroup, FaultOrder, FaultSet, VEHICLE_FAULTS, fault_list, faults_of_docks,
};
pub use photos::{PHOTO_FAULTS, PhotoFate, PhotoFaults};
pub(crate) use photos::{Parcel, RenderQueue};
pub use process::run;
pub use signals::{stop_on_signals, stop_with_parent};
pub use upload::{Answer, CHUNK, Next, Transfer};
