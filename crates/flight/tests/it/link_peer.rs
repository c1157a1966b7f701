//! A vehicle played by a test: a UDP socket that sends heartbeats and answers as its script says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flight::link::{Link, LinkOptions};
use flight::vehicle::Vehicle;
use mavlink::dialects::ardupilotmega::{
    COMMAND_ACK_DATA, COMMAND_LONG_DATA, HEARTBEAT_DATA, MavAutopilot, MavCmd, MavMessage, MavModeFlag,
    MavResult, MavSeverity, MavType, STATUSTEXT_DATA, SYSTEM_TIME_DATA,
};
use mavlink::{MAVLinkV2MessageRaw, MavHeader, MavlinkVersion, Message};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub const ARDUPILOT: MavAutopilot = MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA;
pub const PX4: MavAutopilot = MavAutopilot::MAV_AUTOPILOT_PX4;

/// An open link on a free port, closed when dropped.
pub struct TestLink {
    pub link: Link,
    stop: CancellationToken,
}

impl TestLink {
    pub async fn open() -> Self {
        Self::open_at("udpin:127.0.0.1:0").await
    }

    pub async fn open_at(address: &str) -> Self {
        let stop = CancellationToken::new();
        let address = address.parse().unwrap();
        let link = Link::open(
            &address,
            LinkOptions::default(),
            &TaskTracker::new(),
            stop.clone(),
        )
        .await
        .unwrap();
        Self { link, stop }
    }

    pub fn address(&self) -> SocketAddr {
        self.link.local_address().unwrap()
    }

    /// The vehicle, once its first heartbeat came.
    pub async fn heard(&self, system_id: u8) -> Vehicle {
        let vehicle = self.link.vehicle(system_id);
        until("a heartbeat", || vehicle.telemetry().heard).await;
        vehicle
    }
}

impl Drop for TestLink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a peer is like.
#[derive(Clone, Copy)]
pub struct Character {
    pub system_id: u8,
    pub autopilot: MavAutopilot,
    /// How much faster than ours its clock runs.
    pub speed: u32,
}

/// The playing vehicle, silent once dropped.
pub struct Peer {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<(MavHeader, MavMessage)>>>,
    task: JoinHandle<()>,
}

impl Peer {
    /// `script` is given every message that is not a heartbeat and gives the answers.
    pub async fn start(
        to: SocketAddr,
        character: Character,
        script: impl FnMut(&MavMessage) -> Vec<MavMessage> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(play(socket, to, character, script, Arc::clone(&heard)));
        Self { address, heard, task }
    }

    pub async fn copter(
        to: SocketAddr,
        script: impl FnMut(&MavMessage) -> Vec<MavMessage> + Send + 'static,
    ) -> Self {
        Self::start(
            to,
            Character {
                system_id: 7,
                autopilot: ARDUPILOT,
                speed: 1,
            },
            script,
        )
        .await
    }

    /// Everything it was sent so far.
    pub fn heard(&self) -> Vec<(MavHeader, MavMessage)> {
        self.heard.lock().unwrap().clone()
    }

    /// The commands of one kind that it was sent so far.
    pub fn commands(&self, command: MavCmd) -> Vec<COMMAND_LONG_DATA> {
        let one = |(_, message): (MavHeader, MavMessage)| match message {
            MavMessage::COMMAND_LONG(data) if data.command == command => Some(data),
            _ => None,
        };
        self.heard().into_iter().filter_map(one).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(
    socket: UdpSocket,
    to: SocketAddr,
    character: Character,
    mut script: impl FnMut(&MavMessage) -> Vec<MavMessage>,
    heard: Arc<Mutex<Vec<(MavHeader, MavMessage)>>>,
) {
    let start = std::time::Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let mut buffer = [0; 2048];
    let mut sequence = 0;
    loop {
        let answers = tokio::select! {
            _tick = ticks.tick() => {
                let boot_ms = 60_000 + start.elapsed().as_millis() as u32 * character.speed;
                vec![heartbeat(character.autopilot), clock(boot_ms)]
            }
            received = socket.recv_from(&mut buffer) => {
                let (length, _from) = received.unwrap();
                let (header, message) = decode(&buffer[..length]);
                heard.lock().unwrap().push((header, message.clone()));
                if matches!(message, MavMessage::HEARTBEAT(_)) { Vec::new() } else { script(&message) }
            }
        };
        for answer in answers {
            let raw = frame(character.system_id, 1, sequence, &answer);
            sequence = sequence.wrapping_add(1);
            socket.send_to(&raw, to).await.unwrap();
        }
    }
}

pub fn frame(system_id: u8, component_id: u8, sequence: u8, message: &MavMessage) -> Vec<u8> {
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message(
        MavHeader {
            system_id: u32::from(system_id),
            component_id,
            sequence,
        },
        message,
    );
    raw.raw_bytes().to_vec()
}

/// The one unsigned version 2 frame in `bytes`.
pub fn decode(bytes: &[u8]) -> (MavHeader, MavMessage) {
    assert_eq!(bytes[0], mavlink::MAV_STX_V2);
    let header = MavHeader {
        sequence: bytes[4],
        system_id: u32::from(bytes[5]),
        component_id: bytes[6],
    };
    let id = u32::from_le_bytes([bytes[7], bytes[8], bytes[9], 0]);
    let payload = &bytes[10..10 + usize::from(bytes[1])];
    (
        header,
        MavMessage::parse(MavlinkVersion::V2, id, payload).unwrap(),
    )
}

pub fn heartbeat(autopilot: MavAutopilot) -> MavMessage {
    MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        custom_mode: 3,
        mavtype: MavType::MAV_TYPE_QUADROTOR,
        autopilot,
        base_mode: MavModeFlag::empty(),
        ..Default::default()
    })
}

pub fn clock(time_boot_ms: u32) -> MavMessage {
    MavMessage::SYSTEM_TIME(SYSTEM_TIME_DATA {
        time_unix_usec: 0,
        time_boot_ms,
    })
}

pub fn ack(command: MavCmd, result: MavResult) -> MavMessage {
    let to = (255, 190);
    MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
        command,
        result,
        target_system: to.0,
        target_component: to.1,
        ..Default::default()
    })
}

pub fn says(text: &str) -> MavMessage {
    MavMessage::STATUSTEXT(STATUSTEXT_DATA {
        severity: MavSeverity::MAV_SEVERITY_CRITICAL,
        text: text.into(),
        ..Default::default()
    })
}

/// Waits until something holds, 10 seconds at most.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited 10 s for {what}");
}
