//! A simulated vehicle, a link to it, and a flight with somebody who answers and watches.
#![expect(
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, with words"
)]

use std::net::SocketAddr;
use std::time::Duration;

use flight::address::LinkAddress;
use flight::capture::CaptureReport;
use flight::link::{Link, LinkOptions};
use flight::policy::PolicyReport;
use flight::sortie::{
    Bounds, FlightEvent, FlightOrder, FlightReport, Gate, GateAnswer, Instruction, Laid, SortieLine, Step,
    TrackPoint, fly, resume,
};
use flight::vehicle::Vehicle;
use schedule::mission::MissionItem;
use simulator::GeoPoint;
use simulator::vehicle::{DockSide, Exposure, Profile, VehicleOptions, VehicleStatus};
use survey::geodesy::{LocalTangent, Wgs84};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub const SYSTEM: u8 = 7;
/// 2026-03-02T02:00:00Z.
pub const START_US: i64 = 1_772_416_800_000_000;
const HOME: [f64; 2] = [31.23, 121.47];
const HOME_AMSL_M: f64 = 18.0;
/// Longest wall time for one wait of a test; only a hang gets there.
const PATIENCE: Duration = Duration::from_secs(110);

/// One vehicle that flies, and our end of the line.
pub struct World {
    pub vehicle: Vehicle,
    pub status: watch::Receiver<VehicleStatus>,
    pub exposures: mpsc::Receiver<Exposure>,
    pub link_address: SocketAddr,
    link_stop: CancellationToken,
    tasks: TaskTracker,
    stop: CancellationToken,
    _dock: watch::Sender<DockSide>,
}

impl World {
    /// A vehicle with faults (`drop=0.2,late_gps=40`) in time-lapse.
    pub async fn new(profile: Profile, speed: f64, faults: &str) -> Self {
        let tasks = TaskTracker::new();
        let (stop, link_stop) = (CancellationToken::new(), CancellationToken::new());
        let link = open("udpin:127.0.0.1:0", &tasks, &link_stop).await;
        let gcs = link.local_address().unwrap();
        let (status, exposures, dock) = spawn(options(profile, speed, faults, gcs), &tasks, &stop);
        Self {
            vehicle: link.vehicle(SYSTEM),
            status,
            exposures,
            link_address: gcs,
            link_stop,
            tasks,
            stop,
            _dock: dock,
        }
    }

    /// Keeps a slow test machine from looking like a lost ground station.
    pub async fn calm(self) -> Self {
        heard(&self.vehicle).await;
        let name = match self.vehicle.telemetry().autopilot {
            flight::telemetry::Autopilot::ArduPilot => "FS_GCS_ENABLE",
            _px4 => "NAV_DLL_ACT",
        };
        self.vehicle.set_parameter(name, 0.0).await.unwrap();
        self
    }

    /// Closes our end as a program that stops does, and opens it anew.
    pub async fn restart_ground_station(&mut self) {
        self.link_stop.cancel();
        self.link_stop = CancellationToken::new();
        let address: LinkAddress = format!("udpin:{}", self.link_address).parse().unwrap();
        // The old socket is closed when nothing holds the old vehicle any more.
        let meanwhile = open("udpin:127.0.0.1:0", &self.tasks, &self.link_stop).await;
        self.vehicle = meanwhile.vehicle(SYSTEM);
        let link = loop {
            let stop = self.link_stop.clone();
            match Link::open(&address, LinkOptions::default(), &self.tasks, stop).await {
                Ok(link) => break link,
                Err(_still_bound) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.vehicle = link.vehicle(SYSTEM);
    }

    /// Another vehicle under the same number, on the same port.
    pub fn add_twin(&self, speed: f64) {
        let twin = options(Profile::ArduCopter, speed, "", self.link_address);
        let (_status, exposures, dock) = spawn(twin, &self.tasks, &self.stop);
        // The vehicle needs both ends for as long as it lives.
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.cancelled().await;
            drop((exposures, dock));
        });
    }

    /// A place so many metres from the dock.
    pub fn place(&self, east_m: f64, north_m: f64) -> Wgs84 {
        LocalTangent::at(home()).wgs84_from_enu(east_m, north_m)
    }

    /// Where the vehicle really is: metres from the dock.
    pub fn off_home_m(&self) -> f64 {
        self.off_m(home())
    }

    /// Where the vehicle really is: metres from a place.
    pub fn off_m(&self, place: Wgs84) -> f64 {
        let status = *self.status.borrow();
        let at = Wgs84::new(status.latitude_deg, status.longitude_deg).unwrap();
        survey::geodesy::geodesic_distance_m(at, place)
    }

    /// All pictures that were really taken, by their number.
    pub fn taken(&mut self) -> Vec<u32> {
        let mut taken = Vec::new();
        while let Ok(exposure) = self.exposures.try_recv() {
            taken.push(exposure.image_index);
        }
        taken
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
        self.link_stop.cancel();
    }
}

pub fn home() -> Wgs84 {
    Wgs84::new(HOME[0], HOME[1]).unwrap()
}

/// Waits for a vehicle's first heartbeat.
pub async fn heard(vehicle: &Vehicle) {
    let first = async {
        while !vehicle.telemetry().heard {
            vehicle.changed().await;
        }
    };
    timeout(PATIENCE, first).await.expect("no heartbeat");
}

async fn open(address: &str, tasks: &TaskTracker, stop: &CancellationToken) -> Link {
    let address: LinkAddress = address.parse().unwrap();
    Link::open(&address, LinkOptions::default(), tasks, stop.clone())
        .await
        .unwrap()
}

pub fn options(profile: Profile, speed: f64, faults: &str, gcs: SocketAddr) -> VehicleOptions {
    VehicleOptions {
        system_id: SYSTEM,
        profile,
        home: GeoPoint {
            latitude_deg: HOME[0],
            longitude_deg: HOME[1],
        },
        home_amsl_m: HOME_AMSL_M,
        seed: 5,
        gcs,
        speed,
        start_unix_us: START_US,
        faults: faults.parse().unwrap(),
        battery_percent: 95.0,
    }
}

pub type Outside = (
    watch::Receiver<VehicleStatus>,
    mpsc::Receiver<Exposure>,
    watch::Sender<DockSide>,
);

pub fn spawn(options: VehicleOptions, tasks: &TaskTracker, stop: &CancellationToken) -> Outside {
    let (exposure_tx, exposures) = mpsc::channel(1000);
    let (status_tx, status) = watch::channel(VehicleStatus::default());
    let (dock, dock_rx) = watch::channel(DockSide::default());
    let stop = stop.clone();
    tasks.spawn(async move {
        simulator::vehicle::run(options, exposure_tx, status_tx, dock_rx, stop)
            .await
            .unwrap();
    });
    (status, exposures, dock)
}

/// Up to 20 m, one lane north with photos each 8 m, and home.
pub fn order() -> FlightOrder {
    let at = |east_m: f64, north_m: f64| LocalTangent::at(home()).wgs84_from_enu(east_m, north_m);
    let item = |command: u16, first: f32, third: f32, place: Option<Wgs84>| MissionItem {
        frame: if place.is_some() { 3 } else { 2 },
        command,
        params: [first, 0.0, third, 0.0],
        x: place.map_or(0, |place| (place.latitude_deg * 1e7).round() as i32),
        y: place.map_or(0, |place| (place.longitude_deg * 1e7).round() as i32),
        z: if place.is_some() { 20.0 } else { 0.0 },
        auto_continue: true,
    };
    let items = vec![
        item(22, 0.0, 0.0, Some(home())),
        item(16, 0.0, 0.0, Some(at(0.0, 20.0))),
        item(206, 8.0, 1.0, None),
        item(16, 0.0, 0.0, Some(at(0.0, 80.0))),
        item(206, 0.0, 0.0, None),
        item(20, 0.0, 0.0, None),
    ];
    let mut order = FlightOrder::new("S-20260302-D07-1".parse().unwrap(), items);
    order.home_expected = Some((home(), 25.0));
    order.min_battery_percent = Some(30.0);
    order
}

/// What a flight told.
#[derive(Debug, Default)]
pub struct Told {
    pub steps: Vec<(Step, String)>,
    pub captures: Vec<CaptureReport>,
    pub track: Vec<TrackPoint>,
    pub texts: Vec<String>,
    pub gates: Vec<Gate>,
    pub policies: Vec<PolicyReport>,
    pub bounds: Vec<Bounds>,
    /// What lay on the vehicle for the flight, whenever that changed.
    pub laid: Vec<Laid>,
}

impl Told {
    pub fn has(&self, step: Step) -> bool {
        self.steps.iter().any(|(told, _)| *told == step)
    }

    /// The first steps of each kind, in order.
    pub fn order_of(&self, wanted: &[Step]) -> Vec<Step> {
        let mut found: Vec<Step> = Vec::new();
        for (step, _) in &self.steps {
            if wanted.contains(step) && !found.contains(step) {
                found.push(*step);
            }
        }
        found
    }
}

/// A flight on its way.
pub struct Flight {
    pub instructions: mpsc::Sender<Instruction>,
    pub stop: CancellationToken,
    steps: watch::Receiver<Vec<Step>>,
    run: JoinHandle<FlightReport>,
    watch: JoinHandle<Told>,
}

impl Flight {
    /// Begins a flight; `dock` answers the question before landing.
    pub fn fly(world: &World, order: FlightOrder, dock: GateAnswer) -> Self {
        Self::begin(world, order, dock, false)
    }

    /// Picks a flight up again.
    pub fn resume(world: &World, order: FlightOrder, dock: GateAnswer) -> Self {
        Self::begin(world, order, dock, true)
    }

    fn begin(world: &World, order: FlightOrder, dock: GateAnswer, again: bool) -> Self {
        let (events_tx, events) = mpsc::channel(64);
        let (instructions, instructions_rx) = mpsc::channel(4);
        let stop = CancellationToken::new();
        let line = SortieLine {
            events: events_tx,
            instructions: instructions_rx,
            stop: stop.clone(),
        };
        let vehicle = world.vehicle.clone();
        let run = tokio::spawn(async move {
            match again {
                true => resume(&vehicle, &order, line).await,
                false => fly(&vehicle, &order, line).await,
            }
        });
        let (steps_tx, steps) = watch::channel(Vec::new());
        let watch = tokio::spawn(listen(events, steps_tx, dock));
        Self {
            instructions,
            stop,
            steps,
            run,
            watch,
        }
    }

    /// Waits until a step is told.
    pub async fn reaches(&mut self, step: Step) {
        let told = self
            .steps
            .wait_for(|steps| steps.contains(&step) || steps.contains(&Step::Done));
        let steps = timeout(PATIENCE, told)
            .await
            .expect("a step never came")
            .unwrap()
            .clone();
        assert!(steps.contains(&step), "ended without {step}: {steps:?}");
    }

    /// Stops watching, wherever the flight is.
    pub async fn abandon(self) -> (FlightReport, Told) {
        self.stop.cancel();
        self.ends().await
    }

    /// Waits for the end.
    pub async fn ends(self) -> (FlightReport, Told) {
        let report = timeout(PATIENCE, self.run)
            .await
            .expect("the flight never ended")
            .unwrap();
        let told = self.watch.await.unwrap();
        println!("{report:#?}");
        println!("{:?}", told.texts);
        (report, told)
    }
}

async fn listen(
    mut events: mpsc::Receiver<FlightEvent>,
    steps: watch::Sender<Vec<Step>>,
    dock: GateAnswer,
) -> Told {
    let mut told = Told::default();
    while let Some(event) = events.recv().await {
        match event {
            FlightEvent::Step { step, text } => {
                println!("{step}: {text}");
                steps.send_modify(|steps| steps.push(step));
                told.steps.push((step, text));
            }
            FlightEvent::Track(point) => told.track.push(point),
            FlightEvent::Policy(report) => told.policies.push(report),
            FlightEvent::Bounds(bounds) => told.bounds.push(bounds),
            FlightEvent::Laid { laid, written } => {
                told.laid.push(laid);
                // A flight that has ended does not listen any more.
                let _gone = written.send(());
            }
            FlightEvent::PutBack => told.laid.push(Laid::default()),
            FlightEvent::Capture(capture) => told.captures.push(capture),
            FlightEvent::StatusText { text, .. } => told.texts.push(text),
            FlightEvent::Gate { gate, answer } => {
                told.gates.push(gate);
                let reply = if gate == Gate::Landing {
                    dock.clone()
                } else {
                    GateAnswer::Go
                };
                // A flight that has ended does not listen any more.
                let _gone = answer.send(reply);
            }
        }
    }
    told
}
