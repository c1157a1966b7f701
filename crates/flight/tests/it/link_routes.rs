//! Who is who on a link: vehicles that move, vehicles with one number on many links, components that are no vehicle,
//! and other ground stations.

use std::net::SocketAddr;
use std::time::Duration;

use flight::command::{CommandError, CommandRequest};
use mavlink::dialects::ardupilotmega::{
    HEARTBEAT_DATA, MavAutopilot, MavCmd, MavMessage, MavResult, MavType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::link_peer::{ARDUPILOT, Peer, TestLink, ack, decode, frame, heartbeat, until};

const LAND: MavCmd = MavCmd::MAV_CMD_NAV_LAND;

fn land() -> CommandRequest {
    CommandRequest {
        timeout: Duration::from_millis(300),
        retries: 1,
        ..CommandRequest::new(LAND, [0.0; 7])
    }
}

fn lands(message: &MavMessage) -> Vec<MavMessage> {
    match message {
        MavMessage::COMMAND_LONG(data) if data.command == LAND => {
            vec![ack(LAND, MavResult::MAV_RESULT_ACCEPTED)]
        }
        _ => Vec::new(),
    }
}

fn of_type(mavtype: MavType, autopilot: MavAutopilot) -> MavMessage {
    MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        mavtype,
        autopilot,
        ..Default::default()
    })
}

fn ground_station() -> MavMessage {
    of_type(MavType::MAV_TYPE_GCS, MavAutopilot::MAV_AUTOPILOT_INVALID)
}

#[tokio::test]
async fn a_vehicle_that_comes_back_from_another_port_is_followed() {
    let link = TestLink::open().await;
    let first = Peer::copter(link.address(), lands).await;
    let vehicle = link.heard(7).await;
    vehicle.command(land()).await.unwrap();
    let old = first.address;
    drop(first);
    let second = Peer::copter(link.address(), lands).await;
    until("the new address", || vehicle.address() == Some(second.address)).await;
    vehicle.command(land()).await.unwrap();
    assert_eq!(second.commands(LAND).len(), 1);
    assert!(!vehicle.conflict());
    let seen = link.link.seen();
    assert_eq!((seen[0].moves, seen[0].address), (1, second.address));
    assert_ne!(old, second.address);
}

/// As real autopilots in simulation come: every one is number 1, each on a port of its own.
#[tokio::test]
async fn sixteen_vehicles_of_one_number_on_sixteen_links() {
    let mut links = Vec::new();
    for port in 0..16_u32 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, port));
        links.push(TestLink::open_at(&format!("tcp:{address}")).await);
    }
    let mut commands = Vec::new();
    for (number, link) in links.iter().enumerate() {
        let vehicle = link.heard(1).await;
        commands.push(tokio::spawn(async move {
            (number, vehicle.command(land()).await, vehicle)
        }));
    }
    for command in commands {
        let (number, answer, vehicle) = command.await.unwrap();
        // Each answers with a result of its own, so that no answer can be another's.
        let wanted = number % 2 == 0;
        assert_eq!(answer.is_ok(), wanted, "{number}: {answer:?}");
        assert!(!vehicle.conflict());
    }
}

async fn serve(listener: TcpListener, number: u32) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let result = match number % 2 {
        0 => MavResult::MAV_RESULT_ACCEPTED,
        _ => MavResult::MAV_RESULT_DENIED,
    };
    let mut sequence = 0;
    let mut buffer = [0; 4096];
    loop {
        let mut answer = heartbeat(ARDUPILOT);
        if let Ok(Ok(length)) =
            tokio::time::timeout(Duration::from_millis(100), stream.read(&mut buffer)).await
        {
            // COMMAND_LONG of the command is not the only thing that comes, and may come in any piece.
            let bytes = &buffer[..length];
            let number = (LAND as u16).to_le_bytes();
            if length == 0 {
                return;
            }
            if bytes.windows(2).any(|pair| pair == number) {
                answer = ack(LAND, result);
            }
        }
        if stream.write_all(&frame(1, 1, sequence, &answer)).await.is_err() {
            return;
        }
        sequence = sequence.wrapping_add(1);
    }
}

#[tokio::test]
async fn a_gimbals_answer_is_not_the_autopilots() {
    let link = TestLink::open().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = link.address();
    let say = async |component_id, message: &MavMessage| {
        let raw = frame(7, component_id, 0, message);
        socket.send_to(&raw, to).await.unwrap();
    };
    say(1, &heartbeat(ARDUPILOT)).await;
    let vehicle = link.heard(7).await;
    let command = tokio::spawn(async move { vehicle.command(land()).await });
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        say(154, &ack(LAND, MavResult::MAV_RESULT_ACCEPTED)).await;
    }
    let error = command.await.unwrap().unwrap_err();
    assert!(matches!(error, CommandError::NoAnswer { .. }), "{error}");
}

#[tokio::test]
async fn only_autopilots_become_vehicles() {
    let link = TestLink::open().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let no_autopilot = MavAutopilot::MAV_AUTOPILOT_INVALID;
    let others = [
        (30, 154, of_type(MavType::MAV_TYPE_GIMBAL, no_autopilot)),
        (31, 100, of_type(MavType::MAV_TYPE_CAMERA, no_autopilot)),
        (
            32,
            191,
            of_type(MavType::MAV_TYPE_ONBOARD_CONTROLLER, no_autopilot),
        ),
        (33, 156, of_type(MavType::MAV_TYPE_ADSB, no_autopilot)),
        (34, 1, of_type(MavType::MAV_TYPE_ADSB, no_autopilot)),
        (254, 190, ground_station()),
        (35, 1, of_type(MavType::MAV_TYPE_QUADROTOR, ARDUPILOT)),
    ];
    for (system_id, component_id, message) in &others {
        let raw = frame(*system_id, *component_id, 0, message);
        socket.send_to(&raw, link.address()).await.unwrap();
    }
    link.heard(35).await;
    assert_eq!(link.link.heard(), [35]);
    assert_eq!(link.link.seen().len(), others.len());
    for system_id in 30..35 {
        assert!(!link.link.vehicle(system_id).telemetry().heard, "{system_id}");
    }
}

#[tokio::test]
async fn another_ground_station_behind_the_vehicle_is_told_and_an_echo_is_none() {
    let link = TestLink::open().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to: SocketAddr = link.address();
    socket
        .send_to(&frame(7, 1, 0, &heartbeat(ARDUPILOT)), to)
        .await
        .unwrap();
    let vehicle = link.heard(7).await;
    let mut buffer = [0; 512];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    socket.send_to(&buffer[..length], to).await.unwrap();
    until("the echo", || link.link.statistics().echoes > 0).await;
    assert!(link.link.stations().is_empty());

    let twin = frame(255, 190, 77, &ground_station());
    for raw in [twin, frame(254, 190, 0, &ground_station())] {
        socket.send_to(&raw, to).await.unwrap();
    }
    until("both", || vehicle.other_stations().len() == 2).await;
    let stations = vehicle.other_stations();
    assert_eq!((stations[0].system_id, stations[0].has_our_number), (254, false));
    assert_eq!((stations[1].system_id, stations[1].has_our_number), (255, true));

    // Heard straight from its own address it does not reach the vehicle.
    let elsewhere = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    elsewhere
        .send_to(&frame(200, 190, 0, &ground_station()), to)
        .await
        .unwrap();
    until("the third", || link.link.stations().len() == 3).await;
    assert_eq!(vehicle.other_stations().len(), 2);
    let (_header, message) = decode(&buffer[..length]);
    assert!(matches!(message, MavMessage::HEARTBEAT(_)));
}

#[tokio::test]
async fn nobody_at_the_other_end_is_counted_and_harmless() {
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let link = TestLink::open_at(&format!("udpout:{address}")).await;
    until("a few heartbeats to nobody", || {
        let statistics = link.link.statistics();
        statistics.sent + statistics.not_sent > 3
    })
    .await;
    let back = UdpSocket::bind(address).await.unwrap();
    let mut buffer = [0; 512];
    let (_, from) = back.recv_from(&mut buffer).await.unwrap();
    back.send_to(&frame(7, 1, 0, &heartbeat(ARDUPILOT)), from)
        .await
        .unwrap();
    link.heard(7).await;

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let link = TestLink::open_at(&format!("tcp:{address}")).await;
    until("a refused connection", || {
        link.link.statistics().errors.contains_key("refused")
    })
    .await;
    assert_eq!(link.link.statistics().connections, 0);
}
