//! The process: builds the city, writes its files, opens all stations and keeps them open until told to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dock::{CityClock, Encryption};
use crate::fleet::arguments::FleetArguments;
use crate::fleet::faults::{FaultSet, fault_list, faults_of_docks};
use crate::fleet::news::News;
use crate::fleet::photos::{Darkroom, DarkroomEnd, Photographer, Picture, RenderQueue};
use crate::fleet::signals::stop_with_parent;
use crate::fleet::station::{Shared, Station};
use crate::fleet::truth_log::TruthLog;
use crate::fleet_camera::photograph_of_size;
use crate::neighbourhood::{Neighbourhood, neighbourhoods};
use crate::vehicle::Exposure;
use crate::wave::{WorldOptions, write_world};

/// Photos that the spool holds before no further pictures are made; about 1 GB.
const SPOOL_ROOM: usize = 2000;
/// How long tasks and threads may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the simulated fleet until `stop`.
///
/// # Errors
/// When the arguments contradict the fleet, or a file, a thread or the ground station's address cannot be had.
pub async fn run(arguments: FleetArguments, stop: CancellationToken) -> anyhow::Result<()> {
    if arguments.list_faults {
        print!("{}", fault_list());
        return Ok(());
    }
    if arguments.exit_with_parent {
        stop_with_parent(&stop);
    }
    let world = arguments.world.clone().context("--world DIR is missing")?;
    let places = build_city(&arguments).await?;
    let dock_ids: Vec<&str> = places.iter().map(|place| place.dock_id.as_str()).collect();
    let faults = faults_of_docks(&arguments.faults, &dock_ids)?;
    let cloud_docks = arguments.cloud_docks(&dock_ids)?;
    prepare(&world, &places, (&arguments, &cloud_docks))?;
    let ground = ground_of(&arguments).await?;
    let city = CityClock::starting_now(arguments.start.0, arguments.speed);
    let shared = Shared {
        broker: arguments.mqtt.clone(),
        encryption: Encryption::of_arguments(
            arguments.mqtt.tls,
            arguments.mqtt_ca.as_deref(),
            (arguments.mqtt_certificate.as_ref(), arguments.mqtt_key.as_ref()),
        )?,
        city,
        seed: arguments.seed,
        speed: arguments.speed,
        truth: Arc::new(TruthLog::open(&world.join("truth"))?),
        world,
        queue: Arc::new(RenderQueue::new(SPOOL_ROOM)),
        stored: Arc::new(AtomicU32::new(0)),
        news: News::new(city, arguments.json),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
    };
    tell_plan(&shared, &arguments);
    let ends = open_stations(&shared, &places, (&faults, &cloud_docks), (&arguments, ground));
    let threads = open_darkroom(&shared, &arguments, places, ends)?;
    stop.cancelled().await;
    close(&shared, threads).await;
    Ok(())
}

async fn build_city(arguments: &FleetArguments) -> anyhow::Result<Arc<Vec<Neighbourhood>>> {
    let (seed, docks) = (arguments.seed, usize::from(arguments.docks));
    let places = tokio::task::spawn_blocking(move || neighbourhoods(seed, docks)).await;
    Ok(Arc::new(places.context("the city could not be built")?))
}

/// Writes the world's files and empties the spool.
fn prepare(
    world: &Path,
    places: &[Neighbourhood],
    (arguments, cloud_docks): (&FleetArguments, &[String]),
) -> anyhow::Result<()> {
    let options = WorldOptions {
        seed: arguments.seed,
        mavlink_host: arguments.mavlink_host.clone(),
        mavlink_base_port: arguments.mavlink_base_port,
        start_unix_us: arguments.start.0,
        photo_size_px: arguments.photo_size_px(),
        cloud_docks: cloud_docks.to_vec(),
    };
    std::fs::create_dir_all(world).with_context(|| format!("cannot make the folder {}", world.display()))?;
    write_world(world, places, &options)?;
    let spool = world.join("spool");
    match std::fs::remove_dir_all(&spool) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot empty {}", spool.display()))
        }
        _ => Ok(()),
    }
}

/// The ground station's address, port 0.
async fn ground_of(arguments: &FleetArguments) -> anyhow::Result<SocketAddr> {
    let host = arguments.mavlink_host.as_str();
    let found = tokio::net::lookup_host((host, 0)).await;
    found
        .with_context(|| format!("--mavlink-host {host} cannot be found"))?
        .next()
        .with_context(|| format!("--mavlink-host {host} has no address"))
}

fn tell_plan(shared: &Shared, arguments: &FleetArguments) {
    let text = format!(
        "{} docks on {}, vehicles to {} from port {}, {} times as fast as the clock, world in {}",
        arguments.docks,
        arguments.mqtt,
        arguments.mavlink_host,
        u32::from(arguments.mavlink_base_port) + 1,
        arguments.speed,
        shared.world.display(),
    );
    shared.news.tell("", "fleet_starting", &text);
}

fn open_stations(
    shared: &Shared,
    places: &[Neighbourhood],
    (faults, cloud_docks): (&[FaultSet], &[String]),
    (arguments, ground): (&FleetArguments, SocketAddr),
) -> Vec<DarkroomEnd> {
    let mut ends = Vec::with_capacity(places.len());
    let mut awaited = Vec::with_capacity(places.len());
    for ((number, place), faults) in places.iter().enumerate().zip(faults) {
        let port = arguments.mavlink_base_port + u16::from(place.system_id);
        let station = Station {
            number,
            place,
            faults: faults.clone(),
            ground: SocketAddr::new(ground.ip(), port),
            profile: arguments.profile_of(place.system_id),
            speaks_cloud_api: cloud_docks.contains(&place.dock_id),
        };
        let vehicle = match faults.dock.no_vehicle {
            true => "no vehicle".to_owned(),
            false if station.speaks_cloud_api => "aircraft of the Cloud API".to_owned(),
            false => format!(
                "vehicle {} ({:?}) to udp {}",
                place.system_id, station.profile, station.ground
            ),
        };
        let open = station.open(shared);
        ends.push(open.darkroom_end);
        awaited.push((place.dock_id.clone(), vehicle, open.online));
    }
    let (news, stop) = (shared.news, shared.stop.clone());
    shared.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tell_when_ready(awaited, news) => {}
        }
    });
    ends
}

/// A line for each dock that has come on the line, and one when all have.
async fn tell_when_ready(awaited: Vec<(String, String, watch::Receiver<bool>)>, news: News) {
    let count = awaited.len();
    let waits = awaited.into_iter().map(|(dock_id, vehicle, mut online)| {
        tokio::spawn(async move {
            if online.wait_for(|up| *up).await.is_ok() {
                news.tell(&dock_id, "ready", &format!("dock on the line, {vehicle}"));
            }
        })
    });
    for wait in waits.collect::<Vec<_>>() {
        // A dock that will never come on the line does not end this task; the stop does.
        if wait.await.is_err() {
            return;
        }
    }
    news.tell("", "fleet_ready", &format!("all {count} docks are on the line"));
}

fn open_darkroom(
    shared: &Shared,
    arguments: &FleetArguments,
    places: Arc<Vec<Neighbourhood>>,
    docks: Vec<DarkroomEnd>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let (seed, size_px) = (arguments.seed, arguments.photo_size_px());
    let photographer: Photographer = Arc::new(move |dock: usize, exposure: &Exposure| {
        let place = places.get(dock).context("no such dock")?;
        let photo = photograph_of_size(place, exposure, seed, size_px)?;
        Ok(Picture {
            truth: serde_json::to_value(&photo.truth)?,
            jpeg: photo.jpeg,
        })
    });
    let darkroom = Darkroom {
        queue: shared.queue.clone(),
        photographer,
        spool_dir: spool_dir(&shared.world),
        truth: shared.truth.clone(),
        docks,
    };
    darkroom.open(arguments.picture_threads())
}

fn spool_dir(world: &Path) -> PathBuf {
    world.join("spool")
}

async fn close(shared: &Shared, threads: Vec<JoinHandle<()>>) {
    shared.queue.close();
    shared.tasks.close();
    if timeout(PATIENCE, shared.tasks.wait()).await.is_err() {
        shared
            .news
            .tell("", "fleet_slow", "some tasks did not end in time");
    }
    let began = Instant::now();
    while threads.iter().any(|thread| !thread.is_finished()) && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20)).await;
    }
    let stored = shared.stored.load(Ordering::Relaxed);
    shared.news.tell(
        "",
        "fleet_ended",
        &format!("{stored} photos were stored by the service"),
    );
}
