//! The service as a whole: the fleet at work, the threads that look at photos, the API and the page, started
//! together and stopped together.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api;
use crate::fleet::city_clock::CityClock;
use crate::fleet::cloud::calls::answer_calls;
use crate::fleet::dispatch::dispatch;
use crate::fleet::recover::recover;
use crate::fleet::resume::fly_on_by_itself;
use crate::fleet::service::{Fleet, Lives};
use crate::fleet::view::keep_view;
use crate::stage::lookers::look_on;
use crate::stage::worker::Looked;
use crate::workplace::Workplace;

/// What takes longer to stop than this is reported.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A service that runs.
pub struct Running {
    /// The fleet, if the roster names any dock.
    pub fleet: Option<Fleet>,
    lives: Lives,
    served: JoinHandle<Result<()>>,
}

/// Hears of every photo that was looked at.
pub type OnLooked = Box<dyn Fn(&Looked) + Send + Sync>;

impl Running {
    /// Starts everything on `listener`. Sorties of an earlier run are taken up again before the calendar goes on.
    ///
    /// # Errors
    /// Mistakes in roster, calendar or layers; a broker or link that cannot be opened.
    pub async fn start(
        workplace: &Workplace,
        listener: TcpListener,
        clock: CityClock,
        on_looked: OnLooked,
    ) -> Result<Self> {
        let lives = Lives {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let door = format!("http://{}/api/v1/photo-door", listener.local_addr()?);
        let fleet = Fleet::start(workplace, clock, door, lives.clone()).await?;
        if let Some(fleet) = &fleet {
            lives.tasks.spawn(answer_calls(fleet.clone()));
            recover(fleet).await?;
            lives.tasks.spawn(dispatch(fleet.clone()));
            lives.tasks.spawn(fly_on_by_itself(fleet.clone()));
            lives.tasks.spawn(keep_view(fleet.clone()));
        }
        let (looking, stop) = (workplace.clone(), lives.stop.clone());
        lives.tasks.spawn(async move {
            if let Err(error) = look_on(&looking, &stop, &*on_looked).await {
                tracing::warn!(error = %format!("{error:#}"), "photos are kept but not looked at");
            }
        });
        let serving = api::serve(listener, workplace.clone(), fleet.clone(), lives.clone());
        let served = lives.tasks.spawn(serving);
        Ok(Self { fleet, lives, served })
    }

    /// Serves until the process is asked to stop, then stops everything.
    ///
    /// # Errors
    /// A listener that failed.
    pub async fn until_asked_to_stop(mut self) -> Result<()> {
        tokio::select! {
            () = stop_requested() => {}
            served = &mut self.served => return served.context("the HTTP service died")?,
        }
        self.stop().await
    }

    /// Stops everything; vehicles in the air fly on.
    ///
    /// # Errors
    /// A listener that failed.
    pub async fn stop(self) -> Result<()> {
        self.lives.stop.cancel();
        self.lives.tasks.close();
        if tokio::time::timeout(STOP_WITHIN, self.lives.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                tasks.alive = self.lives.tasks.len(),
                "stopped while tasks were still alive"
            );
            self.served.abort();
            return Ok(());
        }
        self.served.await.context("the HTTP service died")?
    }
}

/// Returns once this process is asked to end: SIGINT or SIGTERM.
pub async fn stop_requested() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM; only Ctrl-C stops the service");
            // If Ctrl-C cannot be listened for either, the process is stopped from outside.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
