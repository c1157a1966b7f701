//! The MAVLink links of the fleet, one per address, opened once and shared by the vehicles behind it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use flight::address::LinkAddress;
use flight::link::{Link, LinkOptions};
use flight::vehicle::Vehicle;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Open links by address.
pub struct Links {
    open: Mutex<BTreeMap<String, Link>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Links {
    /// None open yet.
    pub fn new(tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            open: Mutex::default(),
            tasks,
            stop,
        }
    }

    /// The vehicle of this system id behind `address`; opens the link if need be.
    ///
    /// # Errors
    /// An address that cannot be opened.
    pub async fn vehicle(&self, address: &LinkAddress, system_id: u8) -> Result<Vehicle> {
        let mut open = self.open.lock().await;
        let name = address.to_string();
        if let Some(link) = open.get(&name) {
            return Ok(link.vehicle(system_id));
        }
        let link = Link::open(address, LinkOptions::default(), &self.tasks, self.stop.clone())
            .await
            .with_context(|| format!("the link {name} cannot be opened"))?;
        let vehicle = link.vehicle(system_id);
        open.insert(name, link);
        Ok(vehicle)
    }
}
