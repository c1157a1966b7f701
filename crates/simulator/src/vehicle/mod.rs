//! A simulated camera drone that speaks MAVLink like ArduCopter 4.5 (or PX4): one task per vehicle on a UDP socket of
//! its own. Flight is a function of options and of when it is commanded in vehicle time, so that a sortie can be repeated.

#![expect(
    deprecated,
    reason = "ArduCopter 4.5 and the ground stations it talks to still use the older mission messages"
)]

mod actions;
mod areas;
mod authorise;
mod autopilot;
mod battery;
mod body;
mod camera;
mod clock;
mod commands;
mod failsafe;
mod faults;
mod fence;
mod fence_lines;
#[cfg(test)]
mod fence_tests;
#[cfg(test)]
mod flight_tests;
#[cfg(test)]
mod ground;
mod guidance;
mod inbox;
mod local;
mod mischief;
mod mission;
mod mission_run;
mod modes;
mod options;
mod parameters;
mod power;
mod profile;
mod radio;
mod rally;
mod signing;
mod step;
mod strangers;
mod streams;
mod telemetry;
mod transfer;
#[cfg(test)]
mod transfer_tests;
mod way;
mod wind;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavResult;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

pub use faults::{
    CAMERA_FAULTS, CameraFaults, FLIGHT_FAULTS, FaultError, FlightFaults, LINE_FAULTS, LineFaults,
    PROTOCOL_FAULTS, ProtocolFaults, VehicleFaults,
};
pub(crate) use faults::{GUST_MS, GUST_S};
pub use options::{DockSide, Exposure, Profile, VehicleError, VehicleOptions, VehicleStatus};

use autopilot::Autopilot;
use body::STEP_S;
use radio::{Heard, Radio};
pub use strangers::{FOREIGN_STATION, FOREIGN_VEHICLE};

/// How often the vehicle catches up with the wall clock.
const TICK: Duration = Duration::from_millis(20);
/// A machine too busy for this much of the wall clock loses it: the vehicle then runs slower than asked, but never
/// in bursts.
const MOST_CATCH_UP: Duration = Duration::from_millis(500);

/// Runs one vehicle until `stop`.
///
/// Pictures go to `exposures` in order and none is lost: they wait on a task of their own while the receiver is busy,
/// and the flight never waits for them. `status` is updated whenever the vehicle has moved on.
///
/// # Errors
/// Options that make no sense, or no UDP socket.
pub async fn run(
    options: VehicleOptions,
    exposures: mpsc::Sender<Exposure>,
    status: watch::Sender<VehicleStatus>,
    dock: watch::Receiver<DockSide>,
    stop: CancellationToken,
) -> Result<(), VehicleError> {
    check(&options)?;
    let system_id = options.system_id;
    let any: IpAddr = match options.gcs.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))
        .await
        .map_err(|source| VehicleError::Socket { system_id, source })?;
    let (pictures, queue) = mpsc::unbounded_channel();
    let forwarding = tokio::spawn(forward(queue, exposures));
    let spoken = options.faults.same_system_id.unwrap_or(system_id);
    let radio = Radio::new(socket, options.gcs, spoken, &options.faults, options.seed);
    fly(
        Autopilot::new(options),
        radio,
        Outside {
            pictures,
            status,
            dock,
        },
        stop,
    )
    .await;
    // A forwarder that was stopped from outside has nothing more to hand over.
    let _ended = forwarding.await;
    Ok(())
}

/// Everything but the radio.
struct Outside {
    pictures: mpsc::UnboundedSender<Exposure>,
    status: watch::Sender<VehicleStatus>,
    dock: watch::Receiver<DockSide>,
}

fn check(options: &VehicleOptions) -> Result<(), VehicleError> {
    let problem = if options.system_id == 0 {
        "system id 0 means everybody"
    } else if !(options.speed > 0.0 && options.speed <= 100.0) {
        "speed must be above 0 and at most 100"
    } else if options.home.latitude_deg.abs() > 89.0 || options.home.longitude_deg.abs() > 180.0 {
        "home is not a place a drone can fly at"
    } else {
        return Ok(());
    };
    Err(VehicleError::Options {
        system_id: options.system_id,
        problem,
    })
}

async fn forward(mut queue: mpsc::UnboundedReceiver<Exposure>, exposures: mpsc::Sender<Exposure>) {
    while let Some(exposure) = queue.recv().await {
        if exposures.send(exposure).await.is_err() {
            return;
        }
    }
}

async fn fly(mut autopilot: Autopilot, mut radio: Radio, outside: Outside, stop: CancellationToken) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut buffer = vec![0; 2048];
    let mut last = Instant::now();
    let mut owed_s = 0.0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            received = radio.receive(&mut buffer) => {
                if let Some((length, from)) = received
                    && autopilot.is_audible()
                {
                    radio.read(&buffer[..length], from);
                }
            }
            () = radio.something_arrives() => {}
            _ = tick.tick() => {
                let now = Instant::now();
                owed_s += (now - last).min(MOST_CATCH_UP).as_secs_f64() * autopilot.options.speed;
                last = now;
                autopilot.dock = *outside.dock.borrow();
                while owed_s >= STEP_S {
                    owed_s -= STEP_S;
                    autopilot.step();
                }
                outside.status.send_replace(autopilot.status());
            }
        }
        hear(&mut autopilot, &mut radio);
        for exposure in autopilot.exposures.drain(..) {
            // Nobody wants pictures any more: the flight goes on.
            let _unwanted = outside.pictures.send(exposure);
        }
        speak(&mut autopilot, &mut radio).await;
    }
}

fn hear(autopilot: &mut Autopilot, radio: &mut Radio) {
    while let Some(heard) = radio.arrived() {
        if !autopilot.is_audible() {
            continue;
        }
        match heard {
            Heard::Message(peer, message) => {
                if let Some(setup) = autopilot.new_key(&message) {
                    radio.signing.set_up(setup);
                } else {
                    autopilot.hear(peer, &message);
                }
            }
            Heard::UnknownCommand(peer, number) => {
                autopilot.acknowledge_number(peer, number, MavResult::MAV_RESULT_UNSUPPORTED);
            }
            Heard::UnknownItem(peer) => autopilot.refuse_item(peer),
        }
    }
}

async fn speak(autopilot: &mut Autopilot, radio: &mut Radio) {
    let audible = autopilot.is_audible();
    for outgoing in autopilot.outbox.drain(..) {
        if audible {
            radio.send(&outgoing);
        }
    }
    radio.transmit().await;
}
