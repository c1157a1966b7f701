//! A configuration and its opened data folder: what every command but `check` and `setup` works on.

use std::sync::Arc;

use anyhow::{Context, Result};
use store::{Location, Store};
use survey::geodesy::Wgs84;
use survey::grid::{GridDefinition, WorkingGrid};
use survey::terrain::Terrain;
use survey::time::CityZone;

use crate::clock;
use crate::config::{Config, heights};
use crate::stage::relief::Ground;

/// Configuration, rows and originals, and the city's zone.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// Settings and catalogue.
    pub config: Config,
    /// Rows and originals.
    pub store: Store,
    /// Zone of the city's civil day.
    pub zone: CityZone,
    /// Height model of the settings.
    pub terrain: Option<Arc<Terrain>>,
    /// Surface model of the settings: heights with buildings.
    pub surface: Option<Arc<Terrain>>,
}

/// The grid's origin is rounded to this, so that it does not depend on the very photo that came first.
const GRID_ORIGIN_STEP_DEG: f64 = 0.1;

impl Workplace {
    /// Opens the data folder, creating it if need be.
    ///
    /// # Errors
    /// A folder or database that cannot be used, in words.
    pub async fn open(config: Config) -> Result<Self> {
        let location = Location {
            folder: config.settings.data_folder.clone(),
            database_url: config.settings.database_url.clone(),
        };
        let store = Store::open(&location, clock::now()).await?;
        let zone = CityZone::named(&config.settings.time_zone)?;
        let terrain = heights::load(config.settings.heights.as_ref())?.map(Arc::new);
        let surface = heights::load(config.settings.surface.as_ref())?.map(Arc::new);
        Ok(Self {
            config,
            store,
            zone,
            terrain,
            surface,
        })
    }

    /// What pixels are placed on.
    pub fn ground(&self) -> Ground<'_> {
        Ground {
            terrain: self.terrain.as_deref(),
            surface: self.surface.as_deref(),
        }
    }

    /// The working grid of this data folder, once there is one.
    ///
    /// # Errors
    /// A definition that this program cannot read.
    pub async fn working_grid(&self) -> Result<Option<WorkingGrid>> {
        match self.store.working_grid().await? {
            Some(text) => Ok(Some(read_grid(&text)?)),
            None => Ok(None),
        }
    }

    /// The working grid, made around `first_position` if there is none yet; whoever is first fixes it for good.
    ///
    /// # Errors
    /// A definition that this program cannot read or write.
    pub async fn working_grid_around(&self, first_position: Wgs84) -> Result<WorkingGrid> {
        let rounded = |degrees: f64| (degrees / GRID_ORIGIN_STEP_DEG).round() * GRID_ORIGIN_STEP_DEG;
        let origin = Wgs84::new(
            rounded(first_position.latitude_deg),
            rounded(first_position.longitude_deg),
        )?;
        let definition = WorkingGrid::centred(origin)?.definition();
        let stored = self
            .store
            .fix_working_grid(&serde_json::to_string(&definition)?)
            .await?;
        read_grid(&stored)
    }
}

fn read_grid(text: &str) -> Result<WorkingGrid> {
    let definition: GridDefinition =
        serde_json::from_str(text).context("the working grid of the data folder cannot be read")?;
    Ok(WorkingGrid::from_definition(&definition)?)
}
