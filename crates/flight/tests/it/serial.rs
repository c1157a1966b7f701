//! A link over a serial port: two ends of a pseudo-terminal, of which one is ours. Unplugged and plugged in again.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::link_peer::{ARDUPILOT, TestLink, clock, frame, heartbeat, until};

/// The vehicle's end of a cable whose other end is called `name`.
fn plug_in(name: &Path) -> File {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let mut raw = tcgetattr(&ours).unwrap();
    raw.make_raw();
    tcsetattr(&ours, OptionalActions::Now, &raw).unwrap();
    let flags = fcntl_getfl(&ours).unwrap();
    fcntl_setfl(&ours, flags | OFlags::NONBLOCK).unwrap();
    let device = ptsname(&ours, Vec::new()).unwrap();
    let _old = std::fs::remove_file(name);
    symlink(device.to_str().unwrap(), name).unwrap();
    File::from(ours)
}

/// Says something until the other end is open and heard it, and hears what comes back.
async fn until_heard(cable: &mut File, link: &TestLink, openings: u64) -> Vec<u8> {
    let mut came = Vec::new();
    let mut sequence = 0;
    until("a vehicle over the cable", || {
        sequence += 1;
        let statistics = link.link.statistics();
        if statistics.connections < openings {
            return false;
        }
        let raw = frame(7, 1, sequence, &heartbeat(ARDUPILOT));
        // Bytes may come in any piece.
        let (head, tail) = raw.split_at(usize::from(sequence) % raw.len());
        let _full = cable.write_all(head).and_then(|()| cable.write_all(tail));
        let mut buffer = [0; 4096];
        while let Ok(length) = cable.read(&mut buffer) {
            if length == 0 {
                break;
            }
            came.extend(&buffer[..length]);
        }
        let fresh = link.link.vehicle(7).telemetry().last_heard_age.as_millis() < 200;
        fresh && came.len() > 40
    })
    .await;
    came
}

#[tokio::test]
async fn a_cable_is_opened_spoken_over_and_opened_again_after_it_was_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("ttyUSB0");
    let link = TestLink::open_at(&format!("serial:{}:57600", name.display())).await;
    until("the missing port", || {
        link.link.statistics().errors.contains_key("absent")
    })
    .await;
    let mut cable = plug_in(&name);
    let came = until_heard(&mut cable, &link, 1).await;
    let ours = came
        .windows(7)
        .filter(|bytes| bytes[0] == mavlink::MAV_STX_V2 && bytes[5..] == [255, 190]);
    assert!(ours.count() > 0, "no frame of ours in {came:?}");
    let vehicle = link.link.vehicle(7);
    vehicle.send(&clock(1)).await.unwrap();

    drop(cable);
    std::fs::remove_file(&name).unwrap();
    until("the pulled plug", || {
        link.link
            .statistics()
            .errors
            .get("absent")
            .is_some_and(|count| *count > 1)
    })
    .await;
    assert!(vehicle.send(&clock(2)).await.is_err());
    let mut cable = plug_in(&name);
    until_heard(&mut cable, &link, 2).await;
    vehicle.send(&clock(3)).await.unwrap();
    assert_eq!(link.link.seen()[0].moves, 0);
}
