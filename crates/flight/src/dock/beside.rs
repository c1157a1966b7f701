//! Docks that speak another protocol on the same broker, behind the same door.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::command_error::DockCommandError;
use super::messages::DockMethod;
use super::state::DockState;

/// A command on its way.
pub(crate) type ByHand<'a> = Pin<Box<dyn Future<Output = Result<(), DockCommandError>> + Send + 'a>>;

/// What the line needs of docks of another kind.
pub(crate) trait Beside: Send + Sync {
    /// What to subscribe to.
    fn filters(&self) -> Vec<&'static str>;
    /// Takes a message in, without waiting; false when its topic is none of theirs.
    fn take(&self, topic: &[u8], payload: &[u8], retained: bool) -> bool;
    /// One dock as known now; `None` when it is not one of these.
    fn dock(&self, dock_id: &str) -> Option<DockState>;
    /// All of them as known now.
    fn docks(&self) -> Vec<DockState>;
    /// Has a dock do something and waits until it is done.
    fn command<'a>(&'a self, dock_id: &'a str, method: DockMethod, deadline: Duration) -> ByHand<'a>;
}
