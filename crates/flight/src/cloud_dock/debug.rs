//! Lid and charger at the hand of people. The dock lets nobody move its parts outside its debug mode, so that is
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

impl CloudDesk {
    /// Has a dock do something by hand and waits until it is done, at most `deadline`.
    ///
    /// # Errors
    /// As for other docks; the dock's own code is in the text.
    pub(super) async fn by_hand(
        &self,
        dock_id: &str,
        method: DockMethod,
        deadline: Duration,
    ) -> Result<(), DockCommandError> {
        let word = match method {
            DockMethod::OpenLid => "cover_open",
            DockMethod::CloseLid => "cover_close",
            DockMethod::StartCharging => "charge_open",
            DockMethod::StopCharging => "charge_close",
            DockMethod::AssignSortie | DockMethod::ReleaseSortie | DockMethod::Abort => {
                return Err(DockCommandError::Refused {
                    code: "not_supported".to_owned(),
                    text: format!("docks of the Cloud API know no {}", method.as_str()),
                });
            }
        };
        let snapshot = self.snapshot(dock_id);
        if snapshot
            .as_ref()
            .is_some_and(|known| known.state.mode == DockMode::Busy)
        {
            return Err(DockCommandError::Refused {
                code: "busy".to_owned(),
                text: "the dock is at work on a flight task; its parts are its own business now".to_owned(),
            });
        }
        let was_open = snapshot.is_some_and(|known| known.is_remote_debugging);
        if !was_open {
            self.ask(dock_id, "debug_mode_open").await?;
        }
        let done = self.until_done(dock_id, word, deadline).await;
        if !was_open && let Err(error) = self.ask(dock_id, "debug_mode_close").await {
            tracing::warn!(dock.id = dock_id, %error, "the dock stays in debug mode");
        }
        done
    }

    async fn ask(&self, dock_id: &str, method: &str) -> Result<(), DockCommandError> {
        let asked = self
            .service(dock_id, (method, &new_uuid()), &json!({}), REPLY_WITHIN)
            .await
            .map_err(|error| no_answer(&error, dock_id))?;
        match asked.result {
            0 => Ok(()),
            code => Err(refused(code)),
        }
    }

    /// Done when an event says so. Short commands are done with their answer.
    async fn until_done(
        &self,
        dock_id: &str,
        method: &str,
        deadline: Duration,
    ) -> Result<(), DockCommandError> {
        let until = Instant::now() + deadline;
        let Some(mut news) = self.news(dock_id) else {
            return Err(DockCommandError::BadName {
                found: dock_id.to_owned(),
            });
        };
        self.ask(dock_id, method).await?;
        loop {
            let heard = tokio::time::timeout_at(until, news.recv()).await;
            match heard {
                Ok(Ok(News::Debug {
                    method: told,
                    status,
                    result,
                })) if told == method => match TaskStatus::of(&status) {
                    TaskStatus::Ok => return Ok(()),
                    ended if ended.is_final() && result != 0 => return Err(refused(result)),
                    ended if ended.is_final() => {
                        return Err(DockCommandError::Failed {
                            step: ended.as_str().to_owned(),
                        });
                    }
                    _ => {}
                },
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) => return Err(DockCommandError::BrokerGone),
                Err(_elapsed) => return Err(DockCommandError::TimedOut),
            }
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

fn no_answer(error: &ServiceError, dock_id: &str) -> DockCommandError {
    match error {
        ServiceError::UnknownDock => DockCommandError::BadName {
            found: dock_id.to_owned(),
        },
        ServiceError::BrokerGone => DockCommandError::BrokerGone,
        ServiceError::TimedOut(_) => DockCommandError::TimedOut,
    }
}
