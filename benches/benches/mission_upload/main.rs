//! Uploads of 200 mission items with reading back, at 0 to 30 % of all frames lost each way and 80 or 300 ms round trip,
//! through a lossy relay to the simulated autopilots: `flight` beside a sender with the fixed timers that ground stations
//! use. Many vehicles at a time, each with its own link, its own relay and its own die; both senders meet the same dice.
//! `cargo bench -p benches --bench mission_upload [-- TRIALS]`; 10 trials a row when not said.

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

mod fixed_timers;
mod relay;

use std::sync::Arc;
use std::time::Duration;

use flight::link::{Link, LinkOptions};
use flight::vehicle::Vehicle;
use schedule::mission::MissionItem;
use simulator::GeoPoint;
use simulator::vehicle::{DockSide, Profile, VehicleOptions, VehicleStatus};
use survey::geodesy::{LocalTangent, Wgs84};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use relay::Line;

const ITEMS: usize = 200;
const TRIALS: u64 = 10;
/// Uploads at a time: beyond that a small machine would be measured and not the line.
const AT_ONCE: usize = 100;
const SYSTEM: u8 = 7;
const HOME_AMSL_M: f64 = 18.0;
/// 2026-03-02T02:00:00Z.
const START_US: i64 = 1_772_416_800_000_000;

/// How one upload ended.
pub struct Upload {
    /// With reading back.
    pub duration: Duration,
    /// Our messages that went out more than once.
    pub retransmissions: u32,
}

#[derive(Clone, Copy)]
enum Sender {
    Flight,
    FixedTimers,
}

#[tokio::main]
async fn main() {
    let trials = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(TRIALS);
    println!("{ITEMS} items, {trials} uploads a row, reading back included, on success only:");
    println!(
        "vehicle     lost each way  round trip  sender        succeeded   median    p95       sent again (median)"
    );
    for profile in [Profile::ArduCopter, Profile::Px4] {
        for lost_percent in [0, 10, 20, 30] {
            for round_trip_ms in [80, 300] {
                for (sender, name) in [(Sender::Flight, "flight"), (Sender::FixedTimers, "fixed timers")] {
                    let runs = row(sender, profile, (lost_percent, round_trip_ms), trials).await;
                    print!(
                        "{:<10}  {lost_percent:>11} %  {round_trip_ms:>7} ms  {name:<12}  ",
                        format!("{profile:?}")
                    );
                    print_row(&runs);
                }
            }
        }
    }
}

async fn row(
    sender: Sender,
    profile: Profile,
    (lost_percent, round_trip_ms): (u32, u64),
    trials: u64,
) -> Vec<Result<Upload, String>> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut runs = JoinSet::new();
    for seed in 0..trials {
        let places = Arc::clone(&places);
        let line = Line {
            lost: f64::from(lost_percent) / 100.0,
            round_trip: Duration::from_millis(round_trip_ms),
            seed,
        };
        runs.spawn(async move {
            let _place = places.acquire().await.expect("never closed");
            upload(sender, profile, line).await
        });
    }
    runs.join_all().await
}

/// One upload to a vehicle of its own.
async fn upload(sender: Sender, profile: Profile, line: Line) -> Result<Upload, String> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let address = "udpin:127.0.0.1:0".parse().expect("a link address");
    let link = Link::open(&address, LinkOptions::default(), &tasks, stop.clone())
        .await
        .expect("a free port");
    let station = link.local_address().expect("a line that listens");
    let (exposures, _no_photos) = mpsc::channel(1);
    let (status, _status) = watch::channel(VehicleStatus::default());
    let (_dock, dock_side) = watch::channel(DockSide::default());
    let options = VehicleOptions {
        gcs: relay::open(line, station, &tasks, &stop).await,
        ..options(&link, profile, line.seed)
    };
    let vehicle_stop = stop.clone();
    tasks.spawn(async move {
        simulator::vehicle::run(options, exposures, status, dock_side, vehicle_stop)
            .await
            .expect("a vehicle");
    });
    let vehicle = link.vehicle(SYSTEM);
    while !vehicle.telemetry().heard {
        vehicle.changed().await;
    }
    let result = match sender {
        Sender::Flight => by_flight(&vehicle).await,
        Sender::FixedTimers => fixed_timers::upload(&vehicle, &mission()).await,
    };
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    result
}

async fn by_flight(vehicle: &Vehicle) -> Result<Upload, String> {
    let report = vehicle
        .upload_mission(&mission(), Some((home(), HOME_AMSL_M)))
        .await
        .map_err(|error| error.to_string())?;
    Ok(Upload {
        duration: report.duration,
        retransmissions: report.retransmissions,
    })
}

fn options(link: &Link, profile: Profile, seed: u64) -> VehicleOptions {
    VehicleOptions {
        system_id: SYSTEM,
        profile,
        home: GeoPoint {
            latitude_deg: home().latitude_deg,
            longitude_deg: home().longitude_deg,
        },
        home_amsl_m: HOME_AMSL_M,
        seed,
        gcs: link.local_address().expect("a line that listens"),
        speed: 1.0,
        start_unix_us: START_US,
        faults: Default::default(),
        battery_percent: 95.0,
    }
}

fn home() -> Wgs84 {
    Wgs84 {
        latitude_deg: 31.23,
        longitude_deg: 121.47,
    }
}

/// Take-off, lanes of waypoints 25 m apart, and home.
fn mission() -> Vec<MissionItem> {
    let tangent = LocalTangent::at(home());
    (0..ITEMS)
        .map(|index| {
            let (lane, step) = (index / 20, index % 20);
            let place = tangent.wgs84_from_enu(lane as f64 * 48.0, step as f64 * 25.0);
            let (command, frame) = match index {
                0 => (22, 3),
                last if last + 1 == ITEMS => (20, 2),
                _ => (16, 3),
            };
            let is_placed = frame == 3;
            let e7 = |degrees: f64| {
                if is_placed {
                    (degrees * 1e7).round() as i32
                } else {
                    0
                }
            };
            MissionItem {
                frame,
                command,
                params: [0.0; 4],
                x: e7(place.latitude_deg),
                y: e7(place.longitude_deg),
                z: if is_placed { 60.0 } else { 0.0 },
                auto_continue: true,
            }
        })
        .collect()
}

fn print_row(runs: &[Result<Upload, String>]) {
    let done: Vec<&Upload> = runs.iter().filter_map(|run| run.as_ref().ok()).collect();
    let mut seconds: Vec<f64> = done.iter().map(|upload| upload.duration.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    let mut again: Vec<u32> = done.iter().map(|upload| upload.retransmissions).collect();
    again.sort_unstable();
    let time = |part: f64| nearest_rank(&seconds, part).map_or("-".to_owned(), |s| format!("{s:.2} s"));
    println!(
        "{:>5} / {:<3}  {:<8}  {:<8}  {}",
        done.len(),
        runs.len(),
        time(0.5),
        time(0.95),
        nearest_rank(&again, 0.5).map_or("-".to_owned(), |count| count.to_string()),
    );
    let mut reasons: Vec<&String> = runs.iter().filter_map(|run| run.as_ref().err()).collect();
    reasons.sort();
    for same in reasons.chunk_by(|a, b| a == b) {
        println!("{:>15} {} x {}", "", same.len(), same[0]);
    }
}

/// The smallest value that at least this part of all values does not exceed.
fn nearest_rank<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}
