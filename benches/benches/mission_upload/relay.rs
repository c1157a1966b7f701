//! A line between a vehicle and a ground station that loses and delays: datagrams of one frame each, dropped by a seeded
//! die and passed on in their order after half the round trip.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the line does to every frame.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Part of all frames that is lost, each way.
    pub lost: f64,
    /// From one end to the other and back.
    pub round_trip: Duration,
    /// Of the dice.
    pub seed: u64,
}

/// Opens a line to `ground_station`; the address that the vehicle sends to.
pub async fn open(
    line: Line,
    ground_station: SocketAddr,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> SocketAddr {
    let to_vehicle = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let to_station = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    to_station
        .connect(ground_station)
        .await
        .expect("a loopback address");
    let address = to_vehicle.local_addr().expect("an open port");
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = carry(line, &to_vehicle, &to_station) => {}
        }
    });
    address
}

async fn carry(line: Line, to_vehicle: &UdpSocket, to_station: &UdpSocket) {
    let (up, mut up_out) = mpsc::unbounded_channel();
    let (down, mut down_out) = mpsc::unbounded_channel();
    let (found, mut vehicle) = mpsc::unbounded_channel();
    let (mut up_die, mut down_die) = (Die(line.seed), Die(!line.seed));
    let from_vehicle = async {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = to_vehicle.recv_from(&mut buffer).await {
            let _known = found.send(from);
            if !up_die.falls(line.lost) {
                let _open = up.send((Instant::now() + line.round_trip / 2, buffer[..length].to_vec()));
            }
        }
    };
    let from_station = async {
        let mut buffer = [0; 2048];
        while let Ok(length) = to_station.recv(&mut buffer).await {
            if !down_die.falls(line.lost) {
                let _open = down.send((Instant::now() + line.round_trip / 2, buffer[..length].to_vec()));
            }
        }
    };
    let upwards = async {
        while let Some((due, frame)) = up_out.recv().await {
            sleep_until(due).await;
            let _sent = to_station.send(&frame).await;
        }
    };
    let downwards = async {
        let mut address = None;
        let mut waiting: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        while let Some(frame) = down_out.recv().await {
            waiting.push_back(frame);
            while let Ok(from) = vehicle.try_recv() {
                address = Some(from);
            }
            while let (Some(address), Some((due, frame))) = (address, waiting.pop_front()) {
                sleep_until(due).await;
                let _sent = to_vehicle.send_to(&frame, address).await;
            }
        }
    };
    tokio::join!(from_vehicle, from_station, upwards, downwards);
}

/// SplitMix64.
struct Die(u64);

impl Die {
    fn falls(&mut self, part: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 <= part && part > 0.0
    }
}
