//! Docks over MQTT 5: what a dock says becomes a [`DockState`], what a dock shall do is a [`DockLine::command`]
//! that ends in done or in a reason. The messages themselves are described in `schemas/README.md`.
//!
//! | module | question it answers |
//! |---|---|
//! | `address` | where the broker is |
//! | `tls` | whom we trust to be the broker, and what we show it |
//! | `messages` | what the JSON on each topic means |
//! | `state` | what is known about one dock, and how old that is |
//! | `book` | which messages count: right dock, right order, sane size |
//! | `answers` | which answer belongs to which command |
//! | `beside` | docks of another protocol on the same line |
//! | `line` | the connection that never gives up |
//! | `command_error` | why a command did not come to its end |
//! | `command` | one command from asking to done |

mod address;
mod answers;
mod beside;
mod book;
mod command;
mod command_error;
mod line;
mod messages;
mod state;
mod tls;

pub(crate) use beside::{Beside, ByHand};

pub use address::{BrokerAddress, BrokerAddressError};
pub use command::Bound;
pub use command_error::DockCommandError;
pub use line::{DockLine, DockLineStatistics};
pub use messages::DockMethod;
pub use state::{
    AlternateLanding, Charge, ChargeState, DockMode, DockPosition, DockState, HEARD_WITHIN, Lid, Weather,
};
pub use tls::{BrokerTls, TlsError, TlsFiles};
