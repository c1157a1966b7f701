//! The fleet as one thing: roster, calendar, links, docks, the sorties under way, and the ground stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use flight::address::LinkAddress;
use flight::dock::{BrokerAddress, BrokerTls, DockLine};
use flight::sortie::Instruction;
use schedule::calendar::Entry;
use survey::time::UtcMicros;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broker::EmbeddedBroker;
use crate::config::calendar;
use crate::config::fleet::{BrokerSetting, FleetSettings};
use crate::config::roster::Roster;
use crate::fleet::city_clock::CityClock;
use crate::fleet::cloud::side::CloudSide;
use crate::fleet::ground_stop::GroundStop;
use crate::fleet::hands::Hands;
use crate::fleet::links::{Links, link_options};
use crate::fleet::shown::FleetView;
use crate::workplace::Workplace;

/// Shared by the calendar, the sorties and the API; cheap to clone.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    workplace: Workplace,
    clock: CityClock,
    roster: Roster,
    calendar: Vec<Entry>,
    docks: DockLine,
    cloud: Option<CloudSide>,
    _broker: Option<EmbeddedBroker>,
    links: Links,
    under_way: Mutex<BTreeMap<String, UnderWay>>,
    ground_stop: GroundStop,
    hands: Hands,
    photo_door_url: String,
    started_at: UtcMicros,
    view: watch::Sender<Option<FleetView>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A sortie that a task of this program follows.
#[derive(Debug, Clone)]
pub struct UnderWay {
    /// Its dock.
    pub dock_id: String,
    /// The link of its vehicle; `None` for docks of the Cloud API.
    pub link: Option<LinkAddress>,
    /// Its vehicle's number on that link; other links may have a vehicle of the same number.
    pub system_id: u8,
    /// Where instructions go.
    pub instructions: mpsc::Sender<Instruction>,
    /// Whether it holds in the air now because a person paused it.
    pub paused: Arc<AtomicBool>,
}

impl UnderWay {
    fn has_vehicle_of(&self, other: &Self) -> bool {
        self.link.is_some() && (&self.link, self.system_id) == (&other.link, other.system_id)
    }
}

/// Where tasks live and how they end.
#[derive(Clone)]
pub struct Lives {
    /// Everything that runs.
    pub tasks: TaskTracker,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Fleet {
    /// Reads roster and calendar, starts or finds the broker, and opens every link, so that docks and vehicles are
    /// seen before they are needed. `None` when the roster names no dock. `photo_door_url` is told to the docks.
    ///
    /// # Errors
    /// Mistakes in roster or calendar, a broker that cannot be started, a link that cannot be opened.
    pub async fn start(
        workplace: &Workplace,
        clock: CityClock,
        photo_door_url: String,
        lives: Lives,
    ) -> Result<Option<Self>> {
        let settings = &workplace.config.settings;
        let roster = Roster::load(&settings.fleet.roster_path(&settings.data_folder))?;
        if roster.docks.is_empty() {
            return Ok(None);
        }
        let plans = settings.fleet.plans_path(&settings.data_folder);
        let calendar = calendar::load(&plans.join(calendar::FILE), &roster)?;
        let (docks, broker) = connect(&settings.fleet, &lives).await?;
        let cloud = CloudSide::begin(&docks, &roster, settings, (clock, &photo_door_url))?;
        let inner = Inner {
            workplace: workplace.clone(),
            clock,
            roster,
            calendar,
            docks,
            cloud,
            _broker: broker,
            links: Links::new(link_options(settings)?, lives.tasks.clone(), lives.stop.clone()),
            under_way: Mutex::default(),
            ground_stop: GroundStop::of(&settings.data_folder)?,
            hands: Hands::default(),
            photo_door_url,
            started_at: clock.now(),
            view: watch::Sender::new(None),
            tasks: lives.tasks,
            stop: lives.stop,
        };
        let fleet = Self(Arc::new(inner));
        for dock in &fleet.roster().docks {
            if let Some(link) = &dock.link {
                fleet.links().vehicle(link, dock.system_id).await?;
            }
        }
        Ok(Some(fleet))
    }

    /// Configuration, rows and originals.
    pub fn workplace(&self) -> &Workplace {
        &self.0.workplace
    }

    /// Settings of the fleet.
    pub fn settings(&self) -> &FleetSettings {
        &self.0.workplace.config.settings.fleet
    }

    /// The folder of plans.
    pub fn plans(&self) -> PathBuf {
        let settings = &self.0.workplace.config.settings;
        settings.fleet.plans_path(&settings.data_folder)
    }

    /// The city's clock.
    pub fn clock(&self) -> &CityClock {
        &self.0.clock
    }

    /// City time when the service started.
    pub fn started_at(&self) -> UtcMicros {
        self.0.started_at
    }

    /// The docks.
    pub fn roster(&self) -> &Roster {
        &self.0.roster
    }

    /// The calendar.
    pub fn calendar(&self) -> &[Entry] {
        &self.0.calendar
    }

    /// The docks' line.
    pub fn docks(&self) -> &DockLine {
        &self.0.docks
    }

    /// Docks of DJI's Cloud API, if the roster names any.
    pub fn cloud(&self) -> Option<&CloudSide> {
        self.0.cloud.as_ref()
    }

    /// The vehicles' links.
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Whether and why nothing may take off.
    pub fn ground_stop(&self) -> &GroundStop {
        &self.0.ground_stop
    }

    /// What people have docks do by hand.
    pub fn hands(&self) -> &Hands {
        &self.0.hands
    }

    /// Where docks bring photos.
    pub fn photo_door_url(&self) -> &str {
        &self.0.photo_door_url
    }

    /// Everything that runs for the fleet.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Ends the fleet's tasks; vehicles in the air fly on and are picked up at the next start.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// The newest view of the fleet, for everyone who shows it.
    pub fn view(&self) -> &watch::Sender<Option<FleetView>> {
        &self.0.view
    }

    /// Notes that a task follows `sortie`.
    ///
    /// # Errors
    /// The sortie that its dock or vehicle is busy with already.
    pub fn take_on(&self, sortie: &str, one: UnderWay) -> Result<(), String> {
        let mut under_way = self.under_way_now();
        let busy = under_way
            .iter()
            .find(|(_, other)| other.dock_id == one.dock_id || other.has_vehicle_of(&one));
        if let Some((other, _)) = busy {
            return Err(other.clone());
        }
        under_way.insert(sortie.to_owned(), one);
        Ok(())
    }

    /// The task that followed `sortie` is over.
    pub fn let_go(&self, sortie: &str) {
        self.under_way_now().remove(sortie);
    }

    /// Sorties that tasks follow now.
    pub fn under_way(&self) -> BTreeMap<String, UnderWay> {
        self.under_way_now().clone()
    }

    fn under_way_now(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, UnderWay>> {
        // Nothing panics while it is held; a poisoned map is still right.
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The docks' line and, where it is ours, the broker behind it, which ends when it is dropped.
async fn connect(settings: &FleetSettings, lives: &Lives) -> Result<(DockLine, Option<EmbeddedBroker>)> {
    let (mut embedded, mut encryption) = (None, None);
    let url = match &settings.broker {
        BrokerSetting::Embedded { listen } => {
            let listen = *listen;
            let broker = tokio::task::spawn_blocking(move || EmbeddedBroker::start(listen)).await?;
            let broker = broker.context("the embedded MQTT broker cannot be started")?;
            let url = format!("mqtt://{}", broker.address);
            embedded = Some(broker);
            url
        }
        BrokerSetting::External { url, tls } => {
            encryption = Some(BrokerTls::load(tls)?);
            url.clone()
        }
    };
    let address: BrokerAddress = url
        .parse()
        .with_context(|| format!("{url} is no address of an MQTT broker"))?;
    let tls = encryption.as_ref().filter(|_| address.tls);
    let client_id = format!("flyonce-{}", std::process::id());
    let line = DockLine::connect(&address, tls, &client_id, &lives.tasks, lives.stop.clone());
    Ok((line, embedded))
}
