//! Lets a model look in shadow at photos that were looked at long ago: the same way as with a look job, but without
//! jobs, and with nothing written but rows of that model. What is done is told from these rows, so that a repeat goes
//! on where the last one stopped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};
use schedule::photo_ledger::PhotoState;
use serde::Serialize;
use store::rows::{ModelRole, PhotoRow};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::answers::looks::{SortieLooks, sortie_looks};
use crate::model::ModelInUse;
use crate::stage::choose::Chooser;
use crate::stage::eyes::{Eye, Plan};
use crate::stage::look::{LookTimes, micros};
use crate::stage::lookers::{Lookers, RESULTS_IN_FLIGHT, hear_out};
use crate::stage::pipeline::Progress;
use crate::stage::worker::{Seen, Shared, see};
use crate::workplace::Workplace;

/// What it came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShadowSummary {
    /// Name on the model's card.
    pub model: String,
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// Flights.
    pub flights: Vec<String>,
    /// Their photos that active models have looked at and could use.
    pub photos: usize,
    /// Photos that wait for the active models yet, or cannot be used; left out.
    pub photos_left_out: usize,
    /// Photos looked into now.
    pub looked_at: usize,
    /// Tiles looked at now.
    pub tiles: u64,
    /// Things found now.
    pub detections: usize,
    /// Photos that gave nothing now, by code of why.
    pub not_looked_at: BTreeMap<String, Vec<String>>,
    /// Wall clock of the model per tile, milliseconds, where it looked at any.
    pub ms_per_tile: Option<f64>,
    /// How the ground of every flight is looked at by this model.
    pub looks: Vec<SortieLooks>,
    /// Wall time of everything, milliseconds.
    pub total_ms: u64,
}

/// One photo done.
struct Done {
    photo_id: String,
    outcome: Result<usize, String>,
    times: LookTimes,
}

/// Looks at the photos of `flights` with `model`, as a shadow.
///
/// # Errors
/// A model that cannot be used, or is an active one of these flights; the database.
pub async fn look_in_shadow(
    workplace: &Workplace,
    model: ModelInUse,
    flights: Vec<String>,
    progress: &mut dyn Progress,
) -> Result<ShadowSummary> {
    let started = Instant::now();
    refuse_active(workplace, &model, &flights).await?;
    let (name, sha256) = (model.card.name.clone(), model.card.sha256.clone());
    let lookers = Lookers::with_models(workplace, vec![model.clone()], false).await?;
    let mut summary = ShadowSummary {
        model: name,
        model_sha256: sha256,
        flights,
        ..ShadowSummary::default()
    };
    let mut times = LookTimes::default();
    let mut given_up = BTreeSet::new();
    // A photo that cannot be used gives its ground to others: there may be more to do after all is done.
    loop {
        let waiting = waiting(workplace, &model, &given_up, &mut summary).await?;
        if waiting.is_empty() {
            break;
        }
        progress.waiting(waiting.len() as u64);
        for done in look_at_all(&lookers, waiting, progress).await? {
            times.add(&done.times);
            match done.outcome {
                Ok(detections) => {
                    summary.looked_at += 1;
                    summary.detections += detections;
                }
                Err(code) => {
                    given_up.insert(done.photo_id.clone());
                    summary.not_looked_at.entry(code).or_default().push(done.photo_id);
                }
            }
        }
    }
    summary.tiles = times.shadow_tiles;
    let ms = times.shadow_us as f64 / 1000.0;
    summary.ms_per_tile = (times.shadow_tiles > 0).then(|| ms / times.shadow_tiles as f64);
    for flight in &summary.flights {
        let looks = sortie_looks(workplace, flight).await?;
        let own = looks
            .into_iter()
            .filter(|looks| looks.model_sha256 == summary.model_sha256);
        summary.looks.extend(own);
    }
    summary.total_ms = micros(started.elapsed()) / 1000;
    Ok(summary)
}

async fn refuse_active(workplace: &Workplace, model: &ModelInUse, flights: &[String]) -> Result<()> {
    for flight in flights {
        let looks = workplace.store.photo_looks(flight).await?;
        if looks
            .iter()
            .any(|look| look.model_sha256 == model.card.sha256 && look.role == ModelRole::Active)
        {
            let name = &model.card.name;
            bail!("{name} is an active model of {flight} already / {name} 已是 {flight} 的正式模型");
        }
    }
    Ok(())
}

/// Photos that active models are done with and this one is not.
async fn waiting(
    workplace: &Workplace,
    model: &ModelInUse,
    given_up: &BTreeSet<String>,
    summary: &mut ShadowSummary,
) -> Result<VecDeque<PhotoRow>> {
    let chooser = Chooser {
        workplace,
        card: &model.card,
        role: ModelRole::Shadow,
        looks: workplace.config.settings.looks,
        queue: false,
    };
    let mut waiting = VecDeque::new();
    (summary.photos, summary.photos_left_out) = (0, 0);
    for flight in &summary.flights {
        for photo in workplace.store.photos_of_sortie(flight).await? {
            let is_done = matches!(photo.state, PhotoState::LookedAt | PhotoState::Reviewed);
            if !is_done || workplace.store.unusable_photo(&photo.photo_id).await?.is_some() {
                summary.photos_left_out += 1;
                continue;
            }
            summary.photos += 1;
            let plan = Plan::of(&chooser.tiles_of(&photo).await?);
            if !plan.pending.is_empty() && !given_up.contains(&photo.photo_id) {
                waiting.push_back(photo);
            }
        }
    }
    Ok(waiting)
}

async fn look_at_all(
    lookers: &Lookers,
    waiting: VecDeque<PhotoRow>,
    progress: &mut dyn Progress,
) -> Result<Vec<Done>> {
    let workers = lookers.count.min(waiting.len());
    let waiting = std::sync::Arc::new(Mutex::new(waiting));
    let (tell, results) = mpsc::channel(RESULTS_IN_FLIGHT);
    let mut threads = Vec::new();
    for number in 0..workers {
        let (mut eyes, shared) = (lookers.eyes()?, lookers.shared.clone());
        let (waiting, tell, runtime) = (waiting.clone(), tell.clone(), Handle::current());
        let run = move || -> Result<()> {
            while !shared.stop.load(Ordering::Relaxed) {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(photo) = next else { break };
                let done = look_at(&shared, &photo, &mut eyes, &runtime)?;
                // The receiver outlives the threads; if it is gone the program is ending.
                drop(tell.blocking_send(done));
            }
            Ok(())
        };
        let name = format!("shadow-{number}");
        threads.push(std::thread::Builder::new().name(name).spawn(run)?);
    }
    drop(tell);
    let mut all = Vec::new();
    hear_out(&lookers.shared, results, threads, |done: Done| {
        progress.looked(&done.photo_id);
        all.push(done);
    })
    .await?;
    Ok(all)
}

fn look_at(shared: &Shared, photo: &PhotoRow, eyes: &mut [Eye], runtime: &Handle) -> Result<Done> {
    let mut times = LookTimes::default();
    let outcome = match see(shared, photo, eyes, runtime, &mut times)? {
        Seen::Unusable(problem) => Err(problem.code),
        Seen::Models(looks) => {
            let mut outcome = Ok(0);
            for look in looks {
                runtime.block_on(shared.workplace.store.save_shadow_look(&photo.photo_id, &look))?;
                outcome = match look.problem {
                    Some(problem) => Err(problem.code),
                    None => Ok(look.detections.len()),
                };
            }
            outcome
        }
    };
    Ok(Done {
        photo_id: photo.photo_id.clone(),
        outcome,
        times,
    })
}
