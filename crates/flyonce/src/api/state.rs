//! What every request can reach.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::FromRef;
use store::rows::ModelRole;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vision::Card;

use crate::config::layers::{LoadedLayer, load_all};
use crate::coverage::desk::Desk;
use crate::fleet::city_clock::CityClock;
use crate::fleet::service::{Fleet, Lives};
use crate::layers::LayerDesk;
use crate::model::ModelInUse;
use crate::stage::incoming::Incoming;
use crate::workplace::Workplace;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// Configuration, rows and originals.
    pub workplace: Workplace,
    /// What does not change while serving.
    pub fixed: Arc<Fixed>,
    /// The fleet, if the roster names any dock.
    pub fleet: Option<Fleet>,
}

/// Fixed for the life of the service.
pub struct Fixed {
    /// Layers of the configuration.
    pub layers: Vec<LoadedLayer>,
    /// Layers of the configuration and of the data folder, as they are now.
    pub layer_desk: LayerDesk,
    /// Answers questions of coverage.
    pub coverage: Desk,
    /// Where the service listens.
    pub address: SocketAddr,
    /// Card of the model in use; `None` when it cannot be read.
    pub card: Option<Card>,
    /// Cards of the models that look beside it.
    pub further_models: Vec<(Card, ModelRole)>,
    /// Whether ONNX Runtime is on this machine.
    pub runtime_found: bool,
    /// Pictures decoded at the same time: each takes 3 bytes per pixel.
    pub decoding: Arc<Semaphore>,
    /// Photo files on their way in.
    pub incoming: Incoming,
    /// Ends the streams when the service stops.
    pub stop: CancellationToken,
    /// Everything that runs beside the requests.
    pub tasks: TaskTracker,
}

/// Two pictures of the largest size stay below 1 GiB.
const PICTURES_AT_ONCE: usize = 2;

impl ApiState {
    /// Reads the layers and the model card.
    ///
    /// # Errors
    /// A layer that cannot be read. A model that cannot be used is told by `/health`: reviewing needs none.
    pub fn new(
        workplace: Workplace,
        address: SocketAddr,
        (fleet, lives): (Option<Fleet>, &Lives),
    ) -> Result<Self> {
        let settings = &workplace.config.settings;
        let card = ModelInUse::choose(settings).map(|model| model.card);
        if let Err(error) = &card {
            tracing::warn!(%error, "no usable model");
        }
        let cards = ModelInUse::cards(settings);
        if let Err(error) = &cards {
            tracing::warn!(%error, "no usable models");
        }
        let clock = fleet.as_ref().map_or(CityClock::Wall, |fleet| *fleet.clock());
        let fixed = Fixed {
            coverage: Desk::new(workplace.clone(), clock),
            layers: load_all(settings)?,
            layer_desk: LayerDesk::new(settings),
            address,
            card: card.ok(),
            further_models: cards.unwrap_or_default().into_iter().skip(1).collect(),
            runtime_found: ModelInUse::runtime_path(settings).is_ok(),
            decoding: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
            incoming: Incoming::of(workplace.store.folder()),
            stop: lives.stop.clone(),
            tasks: lives.tasks.clone(),
        };
        Ok(Self {
            workplace,
            fixed: Arc::new(fixed),
            fleet,
        })
    }
}

impl FromRef<ApiState> for Workplace {
    fn from_ref(state: &ApiState) -> Self {
        state.workplace.clone()
    }
}

impl FromRef<ApiState> for Arc<Fixed> {
    fn from_ref(state: &ApiState) -> Self {
        Arc::clone(&state.fixed)
    }
}
