//! Docks that speak DJI's Cloud API over MQTT: what such a dock and its aircraft say becomes the same
//! [`crate::dock::DockState`] as that of any other dock, flights go to it as files of waylines and come back as the
//! same events and reports as flights over MAVLink ([`task`]).
//!
//! Topics, field names, enumerations and result codes: DJI Cloud API documentation (dock to cloud, MQTT). A field or
//! value that is not known here is kept and counted, never fatal: firmware is newer than any program.
//!
//! | module | question it answers |
//! |---|---|
//! | `topic` | which topic is whose |
//! | `envelope` | what every message carries, and how one is answered |
//! | `property` | a value out of JSON that may have any type |
//! | `dock_properties` | what the dock's properties mean |
//! | `aircraft` | what the aircraft's properties mean |
//! | `progress` | how far a flight task is |
//! | `alarm` | health alarms (HMS) |
//! | `words` | result codes, break reasons and alarms in words, with a remedy |
//! | `requests` | what the dock asks for when it comes on the line |
//! | `book` | what is known of each dock |
//! | `desk` | messages in, messages out |
//! | `service` | one command and its answer |
//! | `debug` | lid, charger and aircraft at the hand of people |

mod aircraft;
mod alarm;
mod book;
mod debug;
mod desk;
mod dock_properties;
mod envelope;
mod progress;
mod property;
mod requests;
mod service;
mod topic;
mod words;

pub mod task;

pub use aircraft::AircraftState;
pub use alarm::Alarm;
pub use book::{CloudDevice, CloudStatistics};
pub use debug::{HandCommand, HandError, HandListener, HandProgress};
pub use desk::{CloudCall, CloudDesk, CloudReply, CloudSetup};
pub use dock_properties::TaskStage;
pub use envelope::new_uuid;
pub use progress::{BreakPoint, Progress, TaskStatus};
pub use requests::{AppConfig, Organisation};
pub use service::{ServiceError, ServiceReply};
pub use words::{CodeKind, CodeWords, alarm_words, break_reason_words, result_words, step_words};
