//! One station of the fleet: a dock, its vehicle, the desk for its photos and their courier, wired together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cloud_dock;
use crate::dock::{
    self, AlternateLanding, Assignment, BrokerAddress, CityClock, DockLinks, DockOptions, Encryption,
    Position, Say, VehicleSeen, WeatherStation,
};
use crate::fleet::faults::FaultSet;
use crate::fleet::news::News;
use crate::fleet::photos::{DarkroomEnd, Desk, Parcel, RenderQueue};
use crate::fleet::truth_log::TruthLog;
use crate::fleet::upload::Courier;
use crate::frame::LocalFrame;
use crate::neighbourhood::Neighbourhood;
use crate::random::Dice;
use crate::vehicle::{self, DockSide, Profile, VehicleOptions, VehicleStatus};

/// Charge of the vehicles at the start, percent.
const BATTERY_AT_START: f64 = 96.0;
/// Height over the dock at which the way to the alternate landing place is clear, metres: above roofs and trees.
const SAFE_HEIGHT_M: f64 = 50.0;
/// Exposures that may wait for the desk, which never waits itself.
const EXPOSURES: usize = 1024;
/// How often the vehicle is looked at for news.
const LOOK: Duration = Duration::from_millis(200);

/// What all stations share.
pub(crate) struct Shared {
    pub(crate) broker: BrokerAddress,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) city: CityClock,
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    pub(crate) world: PathBuf,
    pub(crate) queue: Arc<RenderQueue>,
    pub(crate) truth: Arc<TruthLog>,
    pub(crate) stored: Arc<AtomicU32>,
    pub(crate) news: News,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// A station before it is opened.
pub(crate) struct Station<'a> {
    /// Its number, from 0.
    pub(crate) number: usize,
    /// Where it stands.
    pub(crate) place: &'a Neighbourhood,
    /// What is wrong with it.
    pub(crate) faults: FaultSet,
    /// Where its vehicle speaks to.
    pub(crate) ground: SocketAddr,
    /// Manners of its vehicle.
    pub(crate) profile: Profile,
    /// Whether it is a dock of DJI's Cloud API.
    pub(crate) speaks_cloud_api: bool,
}

/// An open station.
pub(crate) struct OpenStation {
    /// What the darkroom needs of it.
    pub(crate) darkroom_end: DarkroomEnd,
    /// Whether its dock is on the line.
    pub(crate) online: watch::Receiver<bool>,
}

/// What a dock of either kind is connected to.
struct StationEnds {
    exposures: mpsc::Sender<vehicle::Exposure>,
    parcels: mpsc::UnboundedReceiver<Parcel>,
    assignment: watch::Sender<Option<Assignment>>,
    media_waiting: Arc<AtomicU32>,
    online: watch::Sender<bool>,
    say: Say,
}

impl Station<'_> {
    /// Starts everything.
    pub(crate) fn open(self, shared: &Shared) -> OpenStation {
        let say = shared.news.of_dock(&self.place.dock_id);
        let media_waiting = Arc::new(AtomicU32::new(0));
        let (assignment, assigned) = watch::channel(None);
        let (online_sender, online) = watch::channel(false);
        let (exposure_sender, exposures) = mpsc::channel(EXPOSURES);
        let (parcel_sender, parcels) = mpsc::unbounded_channel();
        let desk = Desk {
            dock: self.number,
            dock_id: self.place.dock_id.clone(),
            exposures,
            assignment: assigned,
            faults: self.faults.photos,
            queue: shared.queue.clone(),
            truth: shared.truth.clone(),
            media_waiting: media_waiting.clone(),
            say: say.clone(),
        };
        shared.tasks.spawn(desk.attend(shared.stop.clone()));
        let ends = StationEnds {
            exposures: exposure_sender,
            parcels,
            assignment,
            media_waiting: media_waiting.clone(),
            online: online_sender,
            say: say.clone(),
        };
        match self.speaks_cloud_api {
            true => self.open_cloud_dock(shared, ends),
            false => self.open_dock(shared, ends),
        }
        OpenStation {
            darkroom_end: DarkroomEnd {
                dock_id: self.place.dock_id.clone(),
                parcels: parcel_sender,
                media_waiting,
                say,
            },
            online,
        }
    }

    /// Starts a dock of ours, its vehicle and its courier.
    fn open_dock(&self, shared: &Shared, ends: StationEnds) {
        let (charging, status) = self.open_vehicle(shared, ends.exposures, &ends.say);
        self.open_courier(shared, ends.parcels, (&ends.media_waiting, &ends.say));
        let links = DockLinks {
            see: self.eyes(status),
            charge: Box::new(move |on| {
                charging.send_if_modified(|side| std::mem::replace(&mut side.charging, on) != on);
            }),
            assignment: ends.assignment,
            media_waiting: ends.media_waiting,
            online: ends.online,
            say: ends.say,
        };
        shared
            .tasks
            .spawn(dock::run(self.dock_options(shared), links, shared.stop.clone()));
    }

    /// Starts a dock of the Cloud API; it flies by itself and brings its photos to the cloud's storage.
    fn open_cloud_dock(&self, shared: &Shared, ends: StationEnds) {
        let (place, number) = (self.place, self.place.system_id);
        let site = cloud_dock::Site {
            gateway_sn: cloud_dock::gateway_sn(shared.seed, number),
            aircraft_sn: cloud_dock::aircraft_sn(shared.seed, number),
            frame: LocalFrame {
                origin: place.dock,
                street_amsl_m: place.dock_amsl_m,
            },
            alternate_landing: self.alternate_landing(),
            seed: Dice::new(shared.seed, 900 + u64::from(number)).bits(),
            dock_faults: self.faults.dock.clone(),
            faults: self.faults.cloud.clone(),
            battery_percent: BATTERY_AT_START,
        };
        let address = cloud_dock::Address {
            broker: shared.broker.clone(),
            encryption: shared.encryption.clone(),
            gateway_sn: site.gateway_sn.clone(),
        };
        let (start_us, faults) = (shared.city.start_unix_us(), &self.faults.dock);
        let links = cloud_dock::CloudDockLinks {
            system_id: number,
            city: shared.city,
            mast: WeatherStation::new(shared.seed, u64::from(number), start_us, faults),
            exposures: ends.exposures,
            assignment: ends.assignment,
            parcels: ends.parcels,
            queue: shared.queue.clone(),
            media_waiting: ends.media_waiting,
            stored: shared.stored.clone(),
            online: ends.online,
            say: ends.say,
        };
        shared
            .tasks
            .spawn(cloud_dock::run(site, address, links, shared.stop.clone()));
    }

    fn alternate_landing(&self) -> AlternateLanding {
        AlternateLanding {
            longitude_deg: self.place.alternate_landing.longitude_deg,
            latitude_deg: self.place.alternate_landing.latitude_deg,
            safe_height_m: SAFE_HEIGHT_M,
        }
    }

    /// Starts the vehicle, if there is one; its state, and the switch of its charger.
    fn open_vehicle(
        &self,
        shared: &Shared,
        exposures: mpsc::Sender<vehicle::Exposure>,
        say: &Say,
    ) -> (watch::Sender<DockSide>, watch::Receiver<VehicleStatus>) {
        let (charging, dock_side) = watch::channel(DockSide::default());
        let (status_sender, status) = watch::channel(VehicleStatus {
            on_ground: true,
            at_home: !self.faults.dock.no_vehicle,
            battery_percent: BATTERY_AT_START,
            latitude_deg: self.place.dock.latitude_deg,
            longitude_deg: self.place.dock.longitude_deg,
            ..VehicleStatus::default()
        });
        if self.faults.dock.no_vehicle {
            return (charging, status);
        }
        let options = VehicleOptions {
            system_id: self.place.system_id,
            profile: self.profile,
            home: self.place.dock,
            home_amsl_m: self.place.dock_amsl_m,
            seed: Dice::new(shared.seed, 900 + u64::from(self.place.system_id)).bits(),
            gcs: self.ground,
            speed: shared.speed,
            start_unix_us: shared.city.start_unix_us(),
            faults: self.faults.vehicle.clone(),
            battery_percent: BATTERY_AT_START,
        };
        let (stop, told) = (shared.stop.clone(), say.clone());
        shared.tasks.spawn(async move {
            if let Err(error) = vehicle::run(options, exposures, status_sender, dock_side, stop).await {
                told("vehicle_error", error.to_string());
            }
        });
        shared
            .tasks
            .spawn(tell_of_vehicle(status.clone(), say.clone(), shared.stop.clone()));
        (charging, status)
    }

    fn open_courier(
        &self,
        shared: &Shared,
        parcels: mpsc::UnboundedReceiver<Parcel>,
        (media_waiting, say): (&Arc<AtomicU32>, &Say),
    ) {
        let courier = Courier {
            parcels,
            queue: shared.queue.clone(),
            media_waiting: media_waiting.clone(),
            stored: shared.stored.clone(),
            aside_dir: shared.world.join("spool-aside").join(&self.place.dock_id),
            slow: self.faults.photos.slow,
            say: say.clone(),
        };
        shared.tasks.spawn(courier.carry(shared.stop.clone()));
    }

    fn dock_options(&self, shared: &Shared) -> DockOptions {
        let place = self.place;
        DockOptions {
            dock_id: place.dock_id.clone(),
            system_id: place.system_id,
            position: Position {
                longitude_deg: place.dock.longitude_deg,
                latitude_deg: place.dock.latitude_deg,
                height_amsl_m: place.dock_amsl_m,
            },
            alternate_landing: self.alternate_landing(),
            broker: shared.broker.clone(),
            encryption: shared.encryption.clone(),
            city: shared.city,
            seed: shared.seed,
            faults: self.faults.dock.clone(),
        }
    }

    /// How the dock sees its vehicle.
    fn eyes(&self, status: watch::Receiver<VehicleStatus>) -> Box<dyn Fn() -> VehicleSeen + Send> {
        let frame = self.place.scene.frame;
        let home = frame.enu_from_wgs84(self.place.dock, 0.0);
        Box::new(move || {
            let status = *status.borrow();
            let place = crate::frame::GeoPoint {
                latitude_deg: status.latitude_deg,
                longitude_deg: status.longitude_deg,
            };
            let here = frame.enu_from_wgs84(place, status.height_above_home_m);
            let offset: f64 = here.iter().zip(&home).map(|(a, b)| (a - b).powi(2)).sum();
            VehicleSeen {
                present: status.on_ground && status.at_home,
                armed: status.armed,
                airborne: !status.on_ground,
                distance_m: offset.sqrt(),
                battery_percent: status.battery_percent,
            }
        })
    }
}

/// Tells when a vehicle arms, takes off, lands and disarms.
async fn tell_of_vehicle(status: watch::Receiver<VehicleStatus>, say: Say, stop: CancellationToken) {
    let mut look = interval(LOOK);
    let mut before = *status.borrow();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        let now = *status.borrow();
        if now.armed != before.armed {
            let word = if now.armed { "armed" } else { "disarmed" };
            say(word, format!("battery {:.0} %", now.battery_percent));
        }
        if now.on_ground != before.on_ground {
            let word = if now.on_ground { "landed" } else { "took_off" };
            let place = if now.at_home {
                "in the dock"
            } else {
                "away from the dock"
            };
            let text = match now.on_ground {
                true => format!("flight {}, {place}", now.flight_number),
                false => format!("flight {}", now.flight_number),
            };
            say(word, text);
        }
        before = now;
    }
}
