//! What a flight finds on a vehicle, and which parameters it has to set because of it.

use super::laid::ParameterLaid;
use crate::parameters::bulk::ParameterValue;

/// A list on the vehicle as it was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found<T> {
    /// The vehicle has no such lists.
    NotSupported,
    /// This.
    List(T),
    /// It could not be read, for this reason.
    Unreadable(String),
}

impl<T: Clone> Found<T> {
    pub fn list(&self) -> Option<T> {
        match self {
            Self::List(list) => Some(list.clone()),
            Self::NotSupported | Self::Unreadable(_) => None,
        }
    }
}

/// Parameters that are to be set, and what is written down of them.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// What is to be put back later.
    pub laid: Vec<ParameterLaid>,
    /// What has to be set now: as read, with the value it is to have.
    pub set: Vec<(ParameterValue, f64)>,
}
