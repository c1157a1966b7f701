//! What the program keeps for docks of the Cloud API: the desk, waylines on their shelf, keys for photos.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use flight::cloud_dock::{CloudCall, CloudDesk, CloudDevice, CloudSetup};
use flight::dock::DockLine;
use tokio::sync::mpsc;

use crate::config::cloud::CloudSettings;
use crate::config::roster::Roster;
use crate::config::settings::Settings;
use crate::fleet::city_clock::CityClock;
use crate::fleet::cloud::objects::Objects;
use crate::fleet::cloud::shelf::Shelf;

/// Questions of docks that wait to be answered; more are asked again.
const CALLS_WAITING: usize = 256;

/// Everything for docks of the Cloud API.
pub struct CloudSide {
    /// Messages in and out.
    pub desk: CloudDesk,
    /// Waylines to download.
    pub shelf: Shelf,
    /// Photos to bring.
    pub objects: Objects,
    /// `http://host:port` as docks reach the program.
    pub base_url: String,
    calls: Mutex<Option<mpsc::Receiver<CloudCall>>>,
    sorties: Mutex<HashMap<String, String>>,
}

impl CloudSide {
    /// Begins to serve the docks of the roster that are of this kind; `None` when there are none.
    ///
    /// # Errors
    /// A machine without a source of randomness.
    pub fn begin(
        line: &DockLine,
        roster: &Roster,
        settings: &Settings,
        (clock, photo_door_url): (CityClock, &str),
    ) -> Result<Option<Self>> {
        let devices: Vec<CloudDevice> = roster
            .docks
            .iter()
            .filter_map(|dock| {
                let cloud = dock.cloud.as_ref()?;
                Some(CloudDevice {
                    dock_id: dock.dock_id.clone(),
                    gateway_sn: cloud.gateway_sn.clone(),
                    aircraft_sn: cloud.aircraft_sn.clone(),
                })
            })
            .collect();
        if devices.is_empty() {
            return Ok(None);
        }
        let cloud = &settings.fleet.cloud;
        let (base_url, endpoint) = addresses(cloud, photo_door_url);
        let (sender, calls) = mpsc::channel(CALLS_WAITING);
        let setup = CloudSetup {
            devices,
            organisation: cloud.organisation.clone(),
            calls: sender,
            now_ms: Box::new(move || clock.now().0 / 1000),
        };
        Ok(Some(Self {
            desk: CloudDesk::serve(line, setup),
            shelf: Shelf::default(),
            objects: Objects::new(endpoint, &settings.data_folder)?,
            base_url,
            calls: Mutex::new(Some(calls)),
            sorties: Mutex::default(),
        }))
    }

    /// The docks' questions, once.
    pub fn take_calls(&self) -> Option<mpsc::Receiver<CloudCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes which sortie a task is.
    pub fn remember(&self, flight_id: &str, sortie_id: &str) {
        let mut sorties = self.sorties.lock().unwrap_or_else(PoisonError::into_inner);
        sorties.insert(flight_id.to_owned(), sortie_id.to_owned());
    }

    /// The sortie of a task, if this run of the program knows it.
    pub fn sortie_of(&self, flight_id: &str) -> Option<String> {
        let sorties = self.sorties.lock().unwrap_or_else(PoisonError::into_inner);
        sorties.get(flight_id).cloned()
    }
}

/// Where docks reach the program, and what they put bucket and key behind. A door of their own has the bucket at its
/// root, as storage services have; at the page's door it is under `/objects`.
fn addresses(cloud: &CloudSettings, photo_door_url: &str) -> (String, String) {
    let page_door = photo_door_url.trim_end_matches("/api/v1/photo-door").to_owned();
    let own_door = cloud.listen.map(|listen| format!("http://{listen}"));
    let has_own_door = own_door.is_some();
    let base_url = cloud.public_url.clone().or(own_door).unwrap_or(page_door);
    let endpoint = match has_own_door {
        true => base_url.clone(),
        false => format!("{base_url}/objects"),
    };
    (base_url, endpoint)
}
