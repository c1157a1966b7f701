//! Telemetry logs of a real link, read as other programs read them.

use std::time::Duration;

use flight::command::CommandRequest;
use flight::tlog::TlogWriter;
use mavlink::dialects::ardupilotmega::{MavCmd, MavMessage, MavResult};
use survey::time::UtcMicros;

use super::link_peer::{ARDUPILOT, Peer, TestLink, ack, decode, frame, heartbeat};

/// (UTC µs, sender's system, message) of each record.
fn records(bytes: &[u8]) -> Vec<(i64, u32, MavMessage)> {
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let stamp = i64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        let end = at + 8 + 12 + usize::from(bytes[at + 9]);
        let (header, message) = decode(&bytes[at + 8..end]);
        found.push((stamp, header.system_id, message));
        at = end;
    }
    found
}

#[tokio::test]
async fn both_directions_are_in_the_log_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flight.tlog");
    let link = TestLink::open().await;
    let land = MavCmd::MAV_CMD_NAV_LAND;
    let agrees = move |message: &MavMessage| match message {
        MavMessage::COMMAND_LONG(data) if data.command == land => {
            vec![ack(land, MavResult::MAV_RESULT_ACCEPTED)]
        }
        _ => Vec::new(),
    };
    let _peer = Peer::copter(link.address(), agrees).await;
    let vehicle = link.heard(7).await;
    let log = TlogWriter::open(&path).unwrap();
    vehicle.record(Some(log.clone()));
    vehicle
        .command(CommandRequest::new(land, [0.0; 7]))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    vehicle.record(None);
    tokio::task::spawn_blocking(move || log.settle()).await.unwrap();
    let records = records(&std::fs::read(&path).unwrap());
    let sent = records
        .iter()
        .position(|(_, system, m)| *system == 255 && matches!(m, MavMessage::COMMAND_LONG(_)));
    let answered = records
        .iter()
        .position(|(_, system, m)| *system == 7 && matches!(m, MavMessage::COMMAND_ACK(_)));
    assert!(sent.unwrap() < answered.unwrap());
    assert!(records.is_sorted_by_key(|(stamp, ..)| *stamp));
    assert!(records[0].0 > 1_577_836_800_000_000);
}

#[test]
fn a_log_goes_on_after_a_crash_without_the_half_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flight.tlog");
    let raw = frame(7, 1, 0, &heartbeat(ARDUPILOT));
    let write = |at| {
        let log = TlogWriter::open(&path).unwrap();
        log.frame(UtcMicros(at), &raw);
        log.settle();
        assert_eq!(log.lost(), 0);
    };
    write(1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(&bytes.clone()[..15]);
    std::fs::write(&path, &bytes).unwrap();
    write(2);
    let records = records(&std::fs::read(&path).unwrap());
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let error = TlogWriter::open(std::path::Path::new("/nowhere/flight.tlog")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/flight.tlog"));
}
