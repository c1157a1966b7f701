//! A flight as a task of a dock (`flighttask_*`): handed over, started, followed and brought home, with the events and
//! the report of any other flight. `machine` decides and is pure; `run` speaks with the dock.

mod end;
mod machine;
mod order;
mod run;
mod sight;

#[cfg(test)]
#[path = "task/machine_properties.rs"]
mod machine_properties;
#[cfg(test)]
#[path = "task/machine_tests.rs"]
mod machine_tests;
#[cfg(test)]
#[path = "task/order_tests.rs"]
mod order_tests;

pub use order::{TaskDeadlines, TaskOrder, flight_id};
pub use run::{TaskReport, fly_task, resume_task};
