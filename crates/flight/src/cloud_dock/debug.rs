//! Lid, charger and aircraft at the hand of people. The dock lets nobody move its parts outside its debug mode, so that is
//! switched on before and off after; during a flight task it is the dock's own business and refused here.

use std::time::Duration;

use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::desk::{CloudDesk, News};
use super::envelope::new_uuid;
use super::progress::TaskStatus;
use super::service::ServiceError;
use super::words::{CodeKind, result_words};
use crate::dock::{DockCommandError, DockMethod, DockMode};

/// One answer of the dock.
const REPLY_WITHIN: Duration = Duration::from_secs(20);
/// The dock is not in its debug mode.
const NOT_DEBUGGED: i64 = 514_153;

/// What people can have a dock do. Its parts move in its debug mode only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandCommand {
    /// Open the lid.
    OpenLid,
    /// Close it.
    CloseLid,
    /// Charge the aircraft.
    StartCharging,
    /// Stop that.
    StopCharging,
    /// Switch the aircraft in the dock on.
    AircraftOn,
    /// And off.
    AircraftOff,
    /// Switch the debug mode on and leave it on: no task begins until it is off.
    DebugOn,
    /// Switch it off.
    DebugOff,
}

impl HandCommand {
    /// DJI's name of it.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::OpenLid => "cover_open",
            Self::CloseLid => "cover_close",
            Self::StartCharging => "charge_open",
            Self::StopCharging => "charge_close",
            Self::AircraftOn => "drone_open",
            Self::AircraftOff => "drone_close",
            Self::DebugOn => "debug_mode_open",
            Self::DebugOff => "debug_mode_close",
        }
    }

    fn of(method: DockMethod) -> Option<Self> {
        Some(match method {
            DockMethod::OpenLid => Self::OpenLid,
            DockMethod::CloseLid => Self::CloseLid,
            DockMethod::StartCharging => Self::StartCharging,
            DockMethod::StopCharging => Self::StopCharging,
            DockMethod::AssignSortie | DockMethod::ReleaseSortie | DockMethod::Abort => return None,
        })
    }
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandProgress {
    /// 0 to 100.
    pub percent: Option<i64>,
    /// The dock's own word for what it does, such as `open_cover`.
    pub step: Option<String>,
}

/// Who hears how far a command is.
pub type HandListener<'l> = &'l (dyn Fn(HandProgress) + Send + Sync);

impl CloudDesk {
    /// As [`Self::by_hand`], for the methods that all docks know.
    pub(super) async fn by_method(
        &self,
        dock_id: &str,
        method: DockMethod,
        deadline: Duration,
    ) -> Result<(), DockCommandError> {
        let Some(command) = HandCommand::of(method) else {
            return Err(DockCommandError::Refused {
                code: "not_supported".to_owned(),
                text: format!("docks of the Cloud API know no {}", method.as_str()),
            });
        };
        let done = self.by_hand(dock_id, command, deadline, &|_progress| {}).await;
        done.map_err(|error| error.of_dock(dock_id))
    }

    /// Has a dock do something by hand and waits until it is done, at most `deadline`; `told` hears how far it is.
    ///
    /// # Errors
    /// The dock's code, or why there is none.
    pub async fn by_hand(
        &self,
        dock_id: &str,
        command: HandCommand,
        deadline: Duration,
        told: HandListener<'_>,
    ) -> Result<(), HandError> {
        let snapshot = self.snapshot(dock_id);
        if snapshot
            .as_ref()
            .is_some_and(|known| known.state.mode == DockMode::Busy)
        {
            return Err(HandError::Busy);
        }
        if matches!(command, HandCommand::DebugOn | HandCommand::DebugOff) {
            return self.ask(dock_id, command.method()).await;
        }
        let mut was_open = snapshot.is_some_and(|known| known.is_remote_debugging);
        if !was_open {
            self.ask(dock_id, HandCommand::DebugOn.method()).await?;
        }
        let mut done = self.until_done(dock_id, command.method(), (deadline, told)).await;
        // Docks say every two seconds what they do: it may be out of its debug mode again and not have said so yet.
        if was_open && done == Err(HandError::Code(NOT_DEBUGGED)) {
            was_open = false;
            self.ask(dock_id, HandCommand::DebugOn.method()).await?;
            done = self.until_done(dock_id, command.method(), (deadline, told)).await;
        }
        if !was_open && let Err(error) = self.ask(dock_id, HandCommand::DebugOff.method()).await {
            tracing::warn!(dock.id = dock_id, %error, "the dock stays in debug mode");
        }
        done
    }

    async fn ask(&self, dock_id: &str, method: &str) -> Result<(), HandError> {
        let asked = self
            .service(dock_id, (method, &new_uuid()), &json!({}), REPLY_WITHIN)
            .await?;
        match asked.result {
            0 => Ok(()),
            code => Err(HandError::Code(code)),
        }
    }

    /// Done when an event says so. Short commands are done with their answer.
    async fn until_done(
        &self,
        dock_id: &str,
        method: &str,
        (deadline, told): (Duration, HandListener<'_>),
    ) -> Result<(), HandError> {
        let until = Instant::now() + deadline;
        let mut news = self.news(dock_id).ok_or(HandError::UnknownDock)?;
        self.ask(dock_id, method).await?;
        loop {
            let heard = tokio::time::timeout_at(until, news.recv()).await;
            match heard {
                Ok(Ok(News::Debug {
                    method: named,
                    status,
                    result,
                    progress,
                })) if named == method => match TaskStatus::of(&status) {
                    TaskStatus::Ok => return Ok(()),
                    ended if ended.is_final() && result != 0 => return Err(HandError::Code(result)),
                    ended if ended.is_final() => return Err(HandError::Ended(ended.as_str().to_owned())),
                    _ => told(progress),
                },
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) => return Err(HandError::BrokerGone),
                Err(_elapsed) => return Err(HandError::TimedOut),
            }
        }
    }
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandError {
    /// The dock refuses, or failed, with this result code ([`result_words`]).
    #[error("the dock answers with code {0}")]
    Code(i64),
    /// It ended so, without a code.
    #[error("the dock says: {0}")]
    Ended(String),
    /// It is at work on a flight task.
    #[error("the dock is at work on a flight task; its parts are its own business now")]
    Busy,
    /// No such dock.
    #[error("no such dock of the Cloud API")]
    UnknownDock,
    /// There is no connection to the broker.
    #[error("no connection to the docks' broker")]
    BrokerGone,
    /// The time was up. What the dock did is not known.
    #[error("the dock did not finish in time")]
    TimedOut,
}

impl From<ServiceError> for HandError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::UnknownDock => Self::UnknownDock,
            ServiceError::BrokerGone => Self::BrokerGone,
            ServiceError::TimedOut(_) => Self::TimedOut,
        }
    }
}

impl HandError {
    /// As for docks of the other kind.
    fn of_dock(self, dock_id: &str) -> DockCommandError {
        match self {
            Self::Code(code) => refused(code),
            Self::Ended(step) => DockCommandError::Failed { step },
            Self::Busy => DockCommandError::Refused {
                code: "busy".to_owned(),
                text: self.to_string(),
            },
            Self::UnknownDock => DockCommandError::BadName {
                found: dock_id.to_owned(),
            },
            Self::BrokerGone => DockCommandError::BrokerGone,
            Self::TimedOut => DockCommandError::TimedOut,
        }
    }
}

/// A result code as a refusal.
fn refused(code: i64) -> DockCommandError {
    let words = result_words(code);
    let remedy = words.map_or(CodeKind::Unknown, |words| words.kind).remedy()[1];
    let text = words.map_or_else(
        || format!("code {code}"),
        |words| format!("{} (DJI {code})", words.en),
    );
    DockCommandError::Refused {
        code: words
            .map_or("dock_refused", |words| words.kind.refusal().as_str())
            .to_owned(),
        text: format!("{text}; {remedy}"),
    }
}
