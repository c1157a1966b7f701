//! A vehicle on a real UDP socket, flown by a scripted ground station many times faster than real time.

#![expect(
    deprecated,
    reason = "ArduCopter 4.5 still asks with the older MISSION_REQUEST"
)]

use std::net::SocketAddr;
use std::time::Duration;

use mavlink::dialects::ardupilotmega::{
    COMMAND_LONG_DATA, HEARTBEAT_DATA, MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MavCmd, MavFrame,
    MavMessage, MavMissionResult, MavModeFlag, MavResult, MavType,
};
use mavlink::{MAVLinkV2MessageRaw, MavHeader, MavlinkReader};
use simulator::GeoPoint;
use simulator::vehicle::{DockSide, Exposure, Profile, VehicleOptions, VehicleStatus, run};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const SYSTEM: u8 = 9;

struct Station {
    socket: UdpSocket,
    vehicle: SocketAddr,
    heard: Vec<MavMessage>,
    exposures: mpsc::Receiver<Exposure>,
    status: watch::Receiver<VehicleStatus>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Station {
    async fn with_vehicle(speed: f64, faults: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let options = VehicleOptions {
            system_id: SYSTEM,
            profile: Profile::ArduCopter,
            home: GeoPoint {
                latitude_deg: 31.2,
                longitude_deg: 121.6,
            },
            home_amsl_m: 20.0,
            seed: 5,
            gcs: socket.local_addr().unwrap(),
            speed,
            start_unix_us: 1_772_416_800_000_000,
            faults: faults.parse().unwrap(),
            battery_percent: 95.0,
        };
        // One picture fits: the flight must not wait for whoever takes them.
        let (pictures, exposures) = mpsc::channel(1);
        let (status_in, status) = watch::channel(VehicleStatus::default());
        let stop = CancellationToken::new();
        let token = stop.clone();
        let running = tokio::spawn(async move {
            let (_charger, dock) = watch::channel(DockSide::default());
            run(options, pictures, status_in, dock, token).await.unwrap();
        });
        let mut buffer = [0; 2048];
        let (_, vehicle) = timeout(Duration::from_secs(5), socket.recv_from(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        Self {
            socket,
            vehicle,
            heard: Vec::new(),
            exposures,
            status,
            stop,
            running,
        }
    }

    async fn send(&self, message: &MavMessage) {
        let mut raw = MAVLinkV2MessageRaw::new();
        let header = MavHeader {
            system_id: 255,
            component_id: 190,
            sequence: 0,
        };
        raw.serialize_message(header, message);
        self.socket.send_to(raw.raw_bytes(), self.vehicle).await.unwrap();
    }

    async fn beat(&self) {
        let beat = HEARTBEAT_DATA {
            mavtype: MavType::MAV_TYPE_GCS,
            ..HEARTBEAT_DATA::default()
        };
        self.send(&MavMessage::HEARTBEAT(beat)).await;
    }

    /// The next message that is wanted; heartbeats go out while waiting.
    async fn wait<T>(&mut self, what: &str, mut wanted: impl FnMut(&MavMessage) -> Option<T>) -> T {
        let mut buffer = [0; 2048];
        for _ in 0..6000 {
            self.beat().await;
            let Ok(received) = timeout(Duration::from_millis(20), self.socket.recv_from(&mut buffer)).await
            else {
                continue;
            };
            let mut reader = MavlinkReader::new(&buffer[..received.unwrap().0]);
            while let Ok((header, message)) = reader.read_any_message::<MavMessage>() {
                assert_eq!(header.system_id, u32::from(SYSTEM));
                let found = wanted(&message);
                self.heard.push(message);
                if let Some(found) = found {
                    return found;
                }
            }
        }
        panic!("never heard {what}");
    }

    async fn command(&mut self, command: MavCmd, p: [f32; 2]) -> MavResult {
        let order = COMMAND_LONG_DATA {
            command,
            param1: p[0],
            param2: p[1],
            target_system: SYSTEM,
            target_component: 1,
            ..COMMAND_LONG_DATA::default()
        };
        self.send(&MavMessage::COMMAND_LONG(order)).await;
        self.wait("an acknowledgement", |message| match message {
            MavMessage::COMMAND_ACK(ack) if ack.command == command => Some(ack.result),
            _ => None,
        })
        .await
    }

    async fn upload(&mut self, items: &[MISSION_ITEM_INT_DATA]) -> MavMissionResult {
        let count = MISSION_COUNT_DATA {
            count: items.len() as u16,
            target_system: SYSTEM,
            target_component: 1,
            ..MISSION_COUNT_DATA::default()
        };
        self.send(&MavMessage::MISSION_COUNT(count)).await;
        loop {
            let next = self
                .wait("a request", |message| match message {
                    MavMessage::MISSION_REQUEST(request) => Some(Ok(request.seq)),
                    MavMessage::MISSION_ACK(ack) => Some(Err(ack.mavtype)),
                    _ => None,
                })
                .await;
            match next {
                Ok(seq) => {
                    let item = MISSION_ITEM_INT_DATA {
                        seq,
                        ..items[usize::from(seq)].clone()
                    };
                    self.send(&MavMessage::MISSION_ITEM_INT(item)).await;
                }
                Err(result) => return result,
            }
        }
    }

    async fn ready(&mut self) {
        self.wait("a position", |message| match message {
            MavMessage::EKF_STATUS_REPORT(report) => (report.flags.bits() & 16 != 0).then_some(()),
            _ => None,
        })
        .await;
    }

    async fn end(self) {
        self.stop.cancel();
        drop(self.exposures);
        timeout(Duration::from_secs(2), self.running)
            .await
            .unwrap()
            .unwrap();
    }
}

fn item(command: MavCmd, params: [f32; 4], place: [i32; 2], z: f32) -> MISSION_ITEM_INT_DATA {
    MISSION_ITEM_INT_DATA {
        param1: params[0],
        param2: params[1],
        param3: params[2],
        param4: params[3],
        x: place[0],
        y: place[1],
        z,
        command,
        frame: MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT_INT,
        target_system: SYSTEM,
        target_component: 1,
        autocontinue: 1,
        ..MISSION_ITEM_INT_DATA::default()
    }
}

fn short_survey() -> Vec<MISSION_ITEM_INT_DATA> {
    vec![
        item(
            MavCmd::MAV_CMD_NAV_WAYPOINT,
            [0.0; 4],
            [312_000_000, 1_216_000_000],
            0.0,
        ),
        item(MavCmd::MAV_CMD_NAV_TAKEOFF, [0.0; 4], [0, 0], 20.0),
        item(
            MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST,
            [10.0, 0.0, 1.0, 0.0],
            [0, 0],
            0.0,
        ),
        item(
            MavCmd::MAV_CMD_NAV_WAYPOINT,
            [0.0; 4],
            [312_006_000, 1_216_000_000],
            20.0,
        ),
        item(MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST, [0.0; 4], [0, 0], 0.0),
        item(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, [0.0; 4], [0, 0], 0.0),
    ]
}

#[tokio::test]
async fn a_mission_is_uploaded_flown_and_photographed_over_udp() {
    let mut station = Station::with_vehicle(30.0, "").await;
    station.ready().await;
    assert_eq!(
        station.upload(&short_survey()).await,
        MavMissionResult::MAV_MISSION_ACCEPTED
    );
    assert_eq!(
        station.command(MavCmd::MAV_CMD_DO_SET_MODE, [1.0, 4.0]).await,
        MavResult::MAV_RESULT_ACCEPTED
    );
    let armed = station
        .command(MavCmd::MAV_CMD_COMPONENT_ARM_DISARM, [1.0, 0.0])
        .await;
    assert_eq!(armed, MavResult::MAV_RESULT_ACCEPTED);
    let started = station.command(MavCmd::MAV_CMD_MISSION_START, [0.0; 2]).await;
    assert_eq!(started, MavResult::MAV_RESULT_ACCEPTED);
    let mut flew = false;
    station
        .wait("a landing", |message| match message {
            MavMessage::HEARTBEAT(beat) => {
                let armed = beat.base_mode.contains(MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED);
                flew |= armed;
                (flew && !armed).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(station.status.borrow().at_home);
    let fed = |message: &&MavMessage| matches!(message, MavMessage::CAMERA_FEEDBACK(_));
    let fed = station.heard.iter().filter(fed).count();
    assert!((6..=8).contains(&fed), "{fed}");
    // Nobody took a picture during the flight; all of them are still there, in order.
    for index in 1..=fed as u32 {
        let exposure = timeout(Duration::from_secs(2), station.exposures.recv())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(exposure.image_index, index);
    }
    station.end().await;
}

#[tokio::test]
async fn an_upload_survives_losses_both_ways() {
    let mut station = Station::with_vehicle(10.0, "drop=0.15").await;
    station.ready().await;
    let items = short_survey();
    for _ in 0..10 {
        let count = MISSION_COUNT_DATA {
            count: items.len() as u16,
            target_system: SYSTEM,
            target_component: 1,
            ..MISSION_COUNT_DATA::default()
        };
        station.send(&MavMessage::MISSION_COUNT(count)).await;
    }
    let result = loop {
        let next = station
            .wait("a request", |message| match message {
                MavMessage::MISSION_REQUEST(request) => Some(Ok(request.seq)),
                MavMessage::MISSION_ACK(ack)
                    if ack.mavtype != MavMissionResult::MAV_MISSION_INVALID_SEQUENCE =>
                {
                    Some(Err(ack.mavtype))
                }
                // The last acknowledgement may be lost as well.
                MavMessage::MISSION_CURRENT(current) if usize::from(current.total) + 1 == items.len() => {
                    Some(Err(MavMissionResult::MAV_MISSION_ACCEPTED))
                }
                _ => None,
            })
            .await;
        match next {
            Ok(seq) => {
                let item = MISSION_ITEM_INT_DATA {
                    seq,
                    ..items[usize::from(seq)].clone()
                };
                station.send(&MavMessage::MISSION_ITEM_INT(item)).await;
            }
            Err(result) => break result,
        }
    };
    assert_eq!(result, MavMissionResult::MAV_MISSION_ACCEPTED);
    station.end().await;
}

#[tokio::test]
async fn numbers_outside_the_dialect_are_refused_not_ignored() {
    let station = Station::with_vehicle(1.0, "").await;
    let mut raw = MAVLinkV2MessageRaw::new();
    let order = COMMAND_LONG_DATA {
        target_system: SYSTEM,
        target_component: 1,
        ..COMMAND_LONG_DATA::default()
    };
    let header = MavHeader {
        system_id: 255,
        component_id: 190,
        sequence: 0,
    };
    raw.serialize_message(header, &MavMessage::COMMAND_LONG(order));
    let mut frame = raw.raw_bytes().to_vec();
    let end = frame.len() - 2;
    // The command lies behind seven four-byte parameters and ten bytes of header; 152 is COMMAND_LONG's CRC extra.
    frame[38..40].copy_from_slice(&60_001u16.to_le_bytes());
    let crc = mavlink::calculate_crc(&frame[1..end], 152);
    frame[end..].copy_from_slice(&crc.to_le_bytes());
    station.socket.send_to(&frame, station.vehicle).await.unwrap();
    // The answer's command is outside the dialect too, so it is looked for in the bytes.
    let mut buffer = [0; 2048];
    let refused = async {
        loop {
            let (length, _) = station.socket.recv_from(&mut buffer).await.unwrap();
            let frame = &buffer[..length];
            if frame[7] == 77 {
                return (u16::from_le_bytes([frame[10], frame[11]]), frame[12]);
            }
        }
    };
    assert_eq!(
        timeout(Duration::from_secs(5), refused).await.unwrap(),
        (60_001, 3)
    );
    station.end().await;
}
