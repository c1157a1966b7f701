//! Why a command to a dock did not come to its end.

use super::messages::DockMethod;

/// Why a command did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockCommandError {
    /// The dock is offline; nothing was sent, or it was offline when the time was up.
    #[error("dock {dock_id} is offline")]
    Offline {
        /// The dock.
        dock_id: String,
    },
    /// The dock does not want to.
    #[error("the dock refuses: {text} ({code})")]
    Refused {
        /// For programs, such as `wrong_vehicle`.
        code: String,
        /// For people; the code where the dock gives no text.
        text: String,
    },
    /// The dock began and failed.
    #[error("the dock failed: {step}")]
    Failed {
        /// What it was doing, in its own words.
        step: String,
    },
    /// The command reached the dock after its deadline; the dock did nothing.
    #[error("the command reached the dock too late, nothing was moved")]
    Expired,
    /// The time was up without a word that it is done. What the dock did is not known.
    #[error("the dock did not finish in time")]
    TimedOut,
    /// The time was up with no connection to the broker. What the dock did is not known.
    #[error("no connection to the docks' broker")]
    BrokerGone,
    /// The same method of this dock is still open.
    #[error("the dock already has an open {method} command", method = method.as_str())]
    AlreadyOpen {
        /// The method.
        method: DockMethod,
    },
    /// No dock can have this name.
    #[error("{found:?} is not a dock's name")]
    BadName {
        /// What was found.
        found: String,
    },
}
