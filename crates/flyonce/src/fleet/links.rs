//! The MAVLink links of the fleet, one per address, opened once and shared by the vehicles behind it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use flight::address::LinkAddress;
use flight::link::{Link, LinkOptions};
use flight::signing::{Signing, SigningSettings};
use flight::vehicle::Vehicle;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::settings::Settings;
use crate::fleet::key_file::KeyFile;

/// File in the data folder with the signing timestamps in use.
const TIMESTAMPS: &str = "signing-timestamps.json";

/// Open links by address.
pub struct Links {
    open: Mutex<BTreeMap<String, Link>>,
    options: LinkOptions,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Links {
    /// None open yet.
    pub fn new(options: LinkOptions, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            open: Mutex::default(),
            options,
            tasks,
            stop,
        }
    }

    /// The vehicle of this system id behind `address`; opens the link if need be.
    ///
    /// # Errors
    /// An address that cannot be opened.
    pub async fn vehicle(&self, address: &LinkAddress, system_id: u8) -> Result<Vehicle> {
        Ok(self.link(address).await?.vehicle(system_id))
    }

    /// The link of this address; opens it if need be.
    ///
    /// # Errors
    /// An address that cannot be opened.
    pub async fn link(&self, address: &LinkAddress) -> Result<Link> {
        let mut open = self.open.lock().await;
        let name = address.to_string();
        if let Some(link) = open.get(&name) {
            return Ok(link.clone());
        }
        let link = Link::open(address, self.options.clone(), &self.tasks, self.stop.clone())
            .await
            .with_context(|| format!("the link {name} cannot be opened"))?;
        open.insert(name, link.clone());
        Ok(link)
    }

    /// All links that are open.
    pub async fn all(&self) -> Vec<Link> {
        self.open.lock().await.values().cloned().collect()
    }
}

/// Who we are on links, with the keys of vehicles.
///
/// # Errors
/// A key file that cannot be used, or timestamps that cannot be read.
pub fn link_options(settings: &Settings) -> Result<LinkOptions> {
    let mavlink = &settings.mavlink;
    let mut options = LinkOptions {
        system_id: mavlink.system_id,
        component_id: mavlink.component_id,
        signing: Signing::default(),
    };
    if let Some(path) = &mavlink.key_file {
        std::fs::create_dir_all(&settings.data_folder)
            .with_context(|| format!("cannot make {}", settings.data_folder.display()))?;
        options.signing = Signing::open(SigningSettings {
            vehicles: KeyFile::load(path)?.vehicles(),
            accept_unsigned: mavlink.accept_unsigned.clone(),
            timestamp_file: Some(settings.data_folder.join(TIMESTAMPS)),
        })?;
    }
    Ok(options)
}
