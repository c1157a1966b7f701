//! Links and commands over real sockets, against a vehicle that misbehaves as each test says.

use std::time::Duration;

use flight::command::{CommandError, CommandRequest};
use mavlink::dialects::ardupilotmega::{MavCmd, MavMessage, MavResult, MavType, TIMESYNC_DATA};
use mavlink::{MAVLinkV1MessageRaw, MavHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::link_peer::{ARDUPILOT, Character, Peer, TestLink, ack, clock, frame, heartbeat, says, until};

const LAND: MavCmd = MavCmd::MAV_CMD_NAV_LAND;
const ARM: MavCmd = MavCmd::MAV_CMD_COMPONENT_ARM_DISARM;

fn quick(command: MavCmd, params: [f32; 7]) -> CommandRequest {
    CommandRequest {
        timeout: Duration::from_millis(200),
        ..CommandRequest::new(command, params)
    }
}

fn is_command(message: &MavMessage, command: MavCmd) -> bool {
    matches!(message, MavMessage::COMMAND_LONG(data) if data.command == command)
}

#[tokio::test]
async fn both_versions_are_read_and_damage_is_counted() {
    let link = TestLink::open().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut v1 = MAVLinkV1MessageRaw::new();
    v1.serialize_message(
        MavHeader {
            system_id: 9,
            component_id: 1,
            sequence: 0,
        },
        &heartbeat(ARDUPILOT),
    );
    let mut damaged = frame(9, 1, 1, &heartbeat(ARDUPILOT));
    damaged[12] ^= 0xff;
    for datagram in [&[][..], b"no mavlink", &damaged, v1.raw_bytes()] {
        socket.send_to(datagram, link.address()).await.unwrap();
    }
    let vehicle = link.heard(9).await;
    assert_eq!(vehicle.telemetry().mode_name, "AUTO");
    let statistics = link.link.statistics();
    assert_eq!(
        (statistics.empty_datagrams, statistics.read.wrong_checksum),
        (1, 1)
    );
    assert!(statistics.read.stray_bytes >= 10);
    let seen = link.link.seen();
    assert_eq!(
        (seen[0].system_id, seen[0].component_id, seen[0].address),
        (9, 1, socket.local_addr().unwrap())
    );
}

#[tokio::test]
async fn two_vehicles_on_one_port_each_get_their_own_commands() {
    let link = TestLink::open().await;
    let mut peers = Vec::new();
    for system_id in [1, 2] {
        let character = Character {
            system_id,
            autopilot: ARDUPILOT,
            speed: 1,
        };
        let agrees = |message: &MavMessage| {
            if is_command(message, LAND) {
                vec![ack(LAND, MavResult::MAV_RESULT_ACCEPTED)]
            } else {
                Vec::new()
            }
        };
        peers.push(Peer::start(link.address(), character, agrees).await);
    }
    for (system_id, peer) in [(1, &peers[0]), (2, &peers[1])] {
        let vehicle = link.heard(system_id).await;
        vehicle.command(quick(LAND, [0.0; 7])).await.unwrap();
        assert!(
            peer.commands(LAND)
                .iter()
                .all(|command| command.target_system == system_id)
        );
    }
    assert_eq!(
        (peers[0].commands(LAND).len(), peers[1].commands(LAND).len()),
        (1, 1)
    );
}

#[tokio::test]
async fn two_vehicles_with_one_number_get_no_command() {
    let link = TestLink::open().await;
    let first = Peer::copter(link.address(), |_| Vec::new()).await;
    let second = Peer::copter(link.address(), |_| Vec::new()).await;
    let vehicle = link.heard(7).await;
    until("the conflict", || vehicle.conflict()).await;
    let error = vehicle.command(quick(LAND, [0.0; 7])).await.unwrap_err();
    let CommandError::TwoVehicles { addresses, .. } = &error else {
        panic!("{error}")
    };
    assert!(addresses.contains(&first.address) && addresses.contains(&second.address));
    assert!(error.to_string().contains(&first.address.to_string()));
    assert!(first.commands(LAND).is_empty() && second.commands(LAND).is_empty());
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_counted_and_not_used() {
    let link = TestLink::open().await;
    // The answer to another command comes before the one that was asked for.
    let confused = |message: &MavMessage| {
        if is_command(message, LAND) {
            let other = ack(MavCmd::MAV_CMD_NAV_TAKEOFF, MavResult::MAV_RESULT_DENIED);
            vec![other, ack(LAND, MavResult::MAV_RESULT_ACCEPTED)]
        } else {
            Vec::new()
        }
    };
    let _peer = Peer::copter(link.address(), confused).await;
    let vehicle = link.heard(7).await;
    let answer = vehicle.command(quick(LAND, [0.0; 7])).await.unwrap();
    assert_eq!(answer, MavResult::MAV_RESULT_ACCEPTED);
    until("the count", || link.link.statistics().unasked_answers == 1).await;
}

#[tokio::test]
async fn a_vehicle_never_heard_is_not_commanded() {
    let link = TestLink::open().await;
    let error = link
        .link
        .vehicle(3)
        .command(quick(LAND, [0.0; 7]))
        .await
        .unwrap_err();
    assert!(matches!(error, CommandError::NotSent(_)), "{error}");
}

#[tokio::test]
async fn heartbeats_of_the_ground_station_follow_the_vehicles_clock() {
    let link = TestLink::open().await;
    let character = Character {
        system_id: 7,
        autopilot: ARDUPILOT,
        speed: 12,
    };
    let peer = Peer::start(link.address(), character, |_| Vec::new()).await;
    let vehicle = link.heard(7).await;
    until("the speed", || vehicle.telemetry().speed_measured).await;
    assert!(
        (vehicle.telemetry().speed_factor - 12.0).abs() < 2.0,
        "{}",
        vehicle.telemetry().speed_factor
    );
    let count = || {
        peer.heard()
            .iter()
            .filter(|(_, message)| matches!(message, MavMessage::HEARTBEAT(_)))
            .count()
    };
    let before = count();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let per_second = (count() - before) / 2;
    assert!((7..=20).contains(&per_second), "{per_second} per second");
    let (header, message) = peer
        .heard()
        .into_iter()
        .find(|(_, m)| matches!(m, MavMessage::HEARTBEAT(_)))
        .unwrap();
    assert_eq!((header.system_id, header.component_id), (255, 190));
    assert!(matches!(message, MavMessage::HEARTBEAT(data) if data.mavtype == MavType::MAV_TYPE_GCS));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_a_counter() {
    let link = TestLink::open().await;
    let mut times = 0;
    let deaf_at_first = move |message: &MavMessage| {
        times += u32::from(is_command(message, LAND));
        if is_command(message, LAND) && times > 1 {
            return vec![
                ack(ARM, MavResult::MAV_RESULT_FAILED),
                ack(LAND, MavResult::MAV_RESULT_ACCEPTED),
            ];
        }
        Vec::new()
    };
    let peer = Peer::copter(link.address(), deaf_at_first).await;
    let vehicle = link.heard(7).await;
    assert_eq!(
        vehicle.command(quick(LAND, [0.0; 7])).await.unwrap(),
        MavResult::MAV_RESULT_ACCEPTED
    );
    let sent: Vec<u8> = peer
        .commands(LAND)
        .iter()
        .map(|command| command.confirmation)
        .collect();
    assert_eq!(sent, [0, 1]);
}

#[tokio::test]
async fn arming_is_never_sent_twice() {
    let link = TestLink::open().await;
    let peer = Peer::copter(link.address(), |_| Vec::new()).await;
    let vehicle = link.heard(7).await;
    let error = vehicle
        .command(quick(ARM, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
        .await
        .unwrap_err();
    assert!(matches!(error, CommandError::NoAnswer { sent: 1, .. }), "{error}");
    assert_eq!(peer.commands(ARM).len(), 1);
}

#[tokio::test]
async fn a_refusal_carries_the_words_that_come_after_it() {
    let link = TestLink::open().await;
    let refuses = |message: &MavMessage| match is_command(message, ARM) {
        true => vec![
            ack(ARM, MavResult::MAV_RESULT_FAILED),
            says("Arm: Need Position Estimate"),
        ],
        false => Vec::new(),
    };
    let _peer = Peer::copter(link.address(), refuses).await;
    let vehicle = link.heard(7).await;
    let error = vehicle
        .command(quick(ARM, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
        .await
        .unwrap_err();
    let CommandError::Refused { result, reason, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*result, MavResult::MAV_RESULT_FAILED);
    assert_eq!(reason.as_deref(), Some("Arm: Need Position Estimate"));
}

#[tokio::test]
async fn progress_is_waited_for_and_answers_to_others_are_not_ours() {
    let link = TestLink::open().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = link.address();
    socket
        .send_to(&frame(7, 1, 0, &heartbeat(ARDUPILOT)), to)
        .await
        .unwrap();
    let vehicle = link.heard(7).await;
    let answers = tokio::spawn(async move {
        let other = match ack(LAND, MavResult::MAV_RESULT_DENIED) {
            MavMessage::COMMAND_ACK(mut data) => {
                data.target_system = 250;
                MavMessage::COMMAND_ACK(data)
            }
            message => message,
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        for (pause_ms, answer) in [
            (0, other),
            (20, ack(LAND, MavResult::MAV_RESULT_IN_PROGRESS)),
            (700, ack(LAND, MavResult::MAV_RESULT_IN_PROGRESS)),
            (700, ack(LAND, MavResult::MAV_RESULT_ACCEPTED)),
        ] {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            socket.send_to(&frame(7, 1, 1, &answer), to).await.unwrap();
        }
    });
    assert_eq!(
        vehicle.command(quick(LAND, [0.0; 7])).await.unwrap(),
        MavResult::MAV_RESULT_ACCEPTED
    );
    answers.await.unwrap();
}

#[tokio::test]
async fn the_clock_is_asked_for_and_known() {
    let link = TestLink::open().await;
    let answers = |message: &MavMessage| match message {
        MavMessage::TIMESYNC(data) if data.tc1 == 0 => {
            vec![MavMessage::TIMESYNC(TIMESYNC_DATA {
                tc1: 90_000_000_000,
                ts1: data.ts1,
                ..Default::default()
            })]
        }
        _ => Vec::new(),
    };
    let _peer = Peer::copter(link.address(), answers).await;
    let vehicle = link.heard(7).await;
    until("an answer", || vehicle.clock_offset().is_some()).await;
    let offset = vehicle.clock_offset().unwrap();
    assert_eq!(offset.utc_us, None);
    assert!(offset.boot_us.unwrap() < -1_000_000_000_000_000);
    assert!(offset.round_trip.unwrap() < Duration::from_secs(1));
}

#[tokio::test]
async fn what_does_not_come_by_itself_is_asked_for() {
    let link = TestLink::open().await;
    let peer = Peer::copter(link.address(), |_| Vec::new()).await;
    link.heard(7).await;
    let interval = MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL;
    until("EXTENDED_SYS_STATE asked for", || {
        peer.commands(interval).iter().any(|ask| ask.param1 == 245.0)
    })
    .await;
    assert!(
        peer.commands(interval).iter().all(|ask| ask.param1 != 2.0),
        "SYSTEM_TIME comes by itself"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_noise_is_skipped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = TestLink::open_at(&format!("tcpout:{}", listener.local_addr().unwrap())).await;
    let (first, _) = listener.accept().await.unwrap();
    drop(first);
    let (mut stream, _) = listener.accept().await.unwrap();
    let bytes = [
        b"\xfdnoise\xfe".to_vec(),
        frame(7, 1, 0, &heartbeat(ARDUPILOT)),
        frame(7, 1, 1, &clock(5)),
    ]
    .concat();
    for piece in bytes.chunks(5) {
        stream.write_all(piece).await.unwrap();
    }
    for sequence in 2..20 {
        stream
            .write_all(&frame(7, 1, sequence, &heartbeat(ARDUPILOT)))
            .await
            .unwrap();
    }
    let vehicle = link.heard(7).await;
    vehicle.send(&clock(1)).await.unwrap();
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[0], mavlink::MAV_STX_V2);
    assert!(link.link.statistics().connections >= 2);
}
