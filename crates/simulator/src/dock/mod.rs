//! Simulated drone docks: one MQTT 5 client each, with a lid that takes its time, a charger, a weather mast, and
//! faults by name. What a dock decides is in `machine`, what it says on the wire in `message`, and how it stays
//! on the line in `line`.

mod city_clock;
mod faults;
mod lid;
mod line;
mod machine;
mod memory;
mod message;
mod run;
mod status;
mod tls;
mod weather;

pub use city_clock::{CityClock, wall_ms};
pub use faults::{DOCK_FAULTS, DockFaults, FaultProblem, number_above, whole_above};
pub use lid::{LID_TRAVEL_S, Lid, LidMoment, LidWord};
pub use line::{BrokerAddress, BrokerAddressProblem};
pub use machine::{Assignment, Dock, Moment, VehicleSeen};
pub use message::{
    Command, Method, Outgoing, Progress, ProgressStatus, Reply, ReplyResult, Unreadable, is_name,
};
pub use run::{DockLinks, DockOptions, Say, run};
pub use status::{AlternateLanding, Charge, ChargeState, Mode, Position, Status, Telemetry, WeatherReport};
pub use tls::Encryption;
pub use weather::{Weather, WeatherStation};
