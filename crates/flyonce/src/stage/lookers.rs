//! Everything needed to look at photos: the models, their runtime, and the threads that own a detector of each. An
//! ingest runs them until nothing waits; the service keeps them and joins detections into leads as sorties end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::model::ModelInUse;
use crate::stage::associate::associate_all;
use crate::stage::eyes::Eye;
use crate::stage::worker::{Leaves, Looked, Shared, dead_workers, process_name, shared, work};
use crate::workplace::Workplace;

/// Results in flight between the workers and whoever counts them; a full queue makes the workers wait.
pub const RESULTS_IN_FLIGHT: usize = 16;

/// How often the service looks for sorties whose photos are all looked at.
const ASSOCIATE_EVERY: Duration = Duration::from_millis(500);

/// Models, runtime and what the workers share.
pub struct Lookers {
    models: Vec<ModelInUse>,
    runtime: vision::Runtime,
    /// Shared by all workers of this process.
    pub shared: Arc<Shared>,
    /// Workers to run side by side.
    pub count: usize,
}

impl Lookers {
    /// Loads every model once before any job is claimed: one that does not fit its card must not use up attempts.
    ///
    /// # Errors
    /// A model or runtime that cannot be used.
    pub async fn start(workplace: &Workplace) -> Result<Self> {
        let models = ModelInUse::choose_all(&workplace.config.settings)?;
        Self::with_models(workplace, models, true).await
    }

    /// As [`Self::start`], with models of one's own. `queue`: photos that get further tiles are queued as look jobs.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn with_models(workplace: &Workplace, models: Vec<ModelInUse>, queue: bool) -> Result<Self> {
        let settings = &workplace.config.settings;
        let runtime = ModelInUse::runtime(settings)?;
        for model in &models {
            model.detector(&runtime).with_context(|| model_words(model))?;
            workplace.store.register_model(&model.row(), clock::now()).await?;
        }
        Ok(Self {
            models,
            runtime,
            shared: shared(workplace, queue),
            count: settings.worker_count(),
        })
    }

    /// A detector of every model, for one thread.
    ///
    /// # Errors
    /// A detector that does not load.
    pub fn eyes(&self) -> Result<Vec<Eye>> {
        let eye = |model: &ModelInUse| {
            let detector = model
                .detector(&self.runtime)
                .with_context(|| model_words(model))?;
            let role = model.role;
            Ok(Eye { detector, role })
        };
        self.models.iter().map(eye).collect()
    }

    /// One more thread that looks at photos and tells of each.
    ///
    /// # Errors
    /// A detector that does not load, or a thread that cannot be made.
    pub fn spawn_worker(
        &self,
        number: usize,
        leaves: Leaves,
        tell: mpsc::Sender<Looked>,
    ) -> Result<JoinHandle<Result<()>>> {
        let mut eyes = self.eyes()?;
        let shared = Arc::clone(&self.shared);
        let name = format!("{}:{number}", process_name());
        let runtime = Handle::current();
        let run = move || {
            // The receiver outlives the workers; if it is gone the program is ending and nobody counts any more.
            work(&shared, (&name, leaves), &mut eyes, &runtime, &|looked| {
                drop(tell.blocking_send(looked))
            })
        };
        Ok(std::thread::Builder::new()
            .name(format!("look-{number}"))
            .spawn(run)?)
    }
}

/// Hears of every photo until all threads are done; Ctrl-C lets each finish the photo at hand.
///
/// # Errors
/// What stopped a thread; that it was interrupted.
pub async fn hear_out<T>(
    shared: &Shared,
    mut results: mpsc::Receiver<T>,
    threads: Vec<JoinHandle<Result<()>>>,
    mut each: impl FnMut(T),
) -> Result<()> {
    let mut interrupted = false;
    loop {
        tokio::select! {
            result = results.recv() => match result {
                Some(result) => each(result),
                None => break,
            },
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                shared.stop.store(true, Ordering::Relaxed);
            }
        }
    }
    for thread in threads {
        let done = tokio::task::spawn_blocking(move || thread.join()).await?;
        done.ok()
            .context("a worker thread died; run the command again to go on")??;
    }
    if interrupted {
        bail!("interrupted; nothing is lost, run the command again to go on");
    }
    Ok(())
}

fn model_words(model: &ModelInUse) -> String {
    let (name, role) = (&model.card.name, model.role.as_str());
    format!("the {role} model {name} cannot be used")
}

/// Jobs claimed by programs of this machine that are no longer there are free again.
///
/// # Errors
/// The database.
pub async fn free_jobs_of_the_dead(workplace: &Workplace) -> Result<()> {
    let dead = dead_workers(workplace.store.running_workers().await?);
    workplace.store.release_jobs(&dead).await?;
    Ok(())
}

/// Looks at every photo as it comes and makes leads of every sortie that is over, until `stop`. `told` hears of
/// every photo looked at.
///
/// # Errors
/// A model that cannot be used, or a worker that died.
pub async fn look_on(
    workplace: &Workplace,
    stop: &CancellationToken,
    told: &(dyn Fn(&Looked) + Send + Sync),
) -> Result<()> {
    let lookers = Lookers::start(workplace).await?;
    free_jobs_of_the_dead(workplace).await?;
    let (tell, mut results) = mpsc::channel(RESULTS_IN_FLIGHT);
    let mut threads = Vec::new();
    for number in 0..lookers.count {
        threads.push(lookers.spawn_worker(number, Leaves::WhenStopped, tell.clone())?);
    }
    drop(tell);
    let mut associate = tokio::time::interval(ASSOCIATE_EVERY);
    let worker = format!("{}:associate", process_name());
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            looked = results.recv() => match looked {
                Some(looked) => told(&looked),
                None => break,
            },
            _ = associate.tick() => {
                if let Err(error) = associate_all(workplace, &worker).await {
                    tracing::error!(error = %format!("{error:#}"), "leads could not be made");
                }
            }
        }
    }
    lookers.shared.stop.store(true, Ordering::Relaxed);
    drop(results);
    for thread in threads {
        let done = tokio::task::spawn_blocking(move || thread.join()).await?;
        done.ok().context("a thread that looks at photos died")??;
    }
    Ok(())
}
